/* SPDX-License-Identifier: Apache-2.0 */
/* The device: its profile, its TLS stack, and the rules that hold across settings. */
#ifndef DEVSEC_DEVICE_H
#define DEVSEC_DEVICE_H

#include "base/error.h"
#include "device/config.h"
#include "device/profile.h"
#include "store/store.h"
#include "tls/tls_policy.h"

struct device {
    struct profile profile;
    struct tls_stack stack;
    const char *key_file;        /* the configuration's device-key; borrowed, set by whoever has the configuration */
    const char *store_directory; /* likewise its store, below which keys and certificates lie */
    struct store_rules rules;    /* context points back to this structure: do not copy it */
};

/* Loads the profile, settles the TLS stack (the profile's word, else the library's) and sets up the rules. */
enum devsec_err device_open(struct device *device, const char *profile_path, struct devsec_error *error);
void device_close(struct device *device); /* legal on a zeroed structure */

/* The TLS settings of a document, and the kind of key that it assigns to the use tls(1). */
void device_tls_policy(const struct document *document, struct tls_policy *policy);

/* Everything worth a look about the settings in force (tls_policy_warnings and the like); returns how many. */
size_t device_warnings(const struct device *device, const struct document *document,
                       void (*say)(void *context, const char *sentence), void *context);

#endif
