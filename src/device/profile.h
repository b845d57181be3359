/* SPDX-License-Identifier: Apache-2.0 */
/* The device profile: what the maker of the device states about it, in YAML. */
#ifndef DEVSEC_DEVICE_PROFILE_H
#define DEVSEC_DEVICE_PROFILE_H

#include "base/error.h"
#include "pki/key.h"

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
 * keys:                     (optional)
 *   limit: 32                            how many keys the device can hold, 4..10000
 *   reserved: [default, ams, device-signature]   which keys of its own it makes at its first start; none
 *   reserved-key:                        what these are
 *     type: rsa                          a label of devsecJobKeyType
 *     bits: 2048                         of an RSA key, 1024..8192, a multiple of 8
 *     curve: p256                        of an ECDSA key, a label of devsecJobKeyCurve
 * Where a key below keys stands with one value, that is its default.
 */
struct profile {
    char *model;
    char *firmware;
    char **restart_command; /* ends in NULL; NULL if the profile has none */
    bool has_tls_stack;
    uint32_t tls_versions;
    uint32_t tls_ciphers;
    unsigned key_limit;
    uint32_t reserved_keys; /* a mask, 1u << enum pki_reserved (pki/pki.h) */
    struct pki_key_spec reserved_key;
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
