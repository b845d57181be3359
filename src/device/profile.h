/* SPDX-License-Identifier: Apache-2.0 */
/* The device profile: what the maker of the device states about it, in YAML. */
#ifndef DEVSEC_DEVICE_PROFILE_H
#define DEVSEC_DEVICE_PROFILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * model: MP C5504           (required, 1..255 octets)
 * firmware: "1.20"          (required)
 * restart:                  (optional) the restart action: program and arguments, no shell
 *   command: [/sbin/reboot]
 * tls:                      (optional) the device's own TLS stack, where it is not the linked OpenSSL
 *   versions: [tls10, tls11, tls12]      labels of devsecTlsVersions
 *   ciphers: [aes128, aes256]            labels of devsecTlsCiphers
 */
struct profile {
    char *model;
    char *firmware;
    char **restart_command; /* ends in NULL; NULL if the profile has none */
    bool has_tls_stack;
    uint32_t tls_versions;
    uint32_t tls_ciphers;
};

/*
 * Errors as yaml_load, and DEVSEC_ERR_SYNTAX with FILE:LINE:COLUMN for a wrong, unknown or missing key. `*profile` need
 * not be initialised and is untouched on failure; the caller clears it.
 */
enum devsec_err profile_load(struct profile *profile, const char *path, struct devsec_error *error);

/* The same from memory; `name` is for messages, and `text` need not end in NUL. */
enum devsec_err profile_parse(struct profile *profile, const char *name, const char *text, size_t length,
                              struct devsec_error *error);

void profile_clear(struct profile *profile); /* frees what it owns and zeroes it */

#endif
