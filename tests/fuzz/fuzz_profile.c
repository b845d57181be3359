/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: any octets as a device profile give a profile or a clear error, never a crash or a leak. */
#include "device/profile.h"
#include "pki/pki.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct devsec_error error = {0};
    struct profile profile = {0};
    const enum devsec_err err = profile_parse(&profile, "profile", (const char *)data, size, &error);

    if (err == DEVSEC_OK) {
        /* What is accepted keeps the promises of profile.h. */
        if (!profile.model[0] || strlen(profile.model) > 255 || !profile.firmware[0] || strlen(profile.firmware) > 255)
            abort();
        if (profile.restart_command && (!profile.restart_command[0] || profile.restart_command[0][0] != '/'))
            abort();
        if (profile.has_tls_stack && (!profile.tls_versions || !profile.tls_ciphers))
            abort();
        if (profile.key_limit < 4 || profile.key_limit > 10000 || profile.reserved_keys >= 1u << PKI_RESERVED_COUNT ||
            pki_key_spec_check(&profile.reserved_key, PKI_HASH_SHA256, NULL) != DEVSEC_OK)
            abort();
    } else if (error.code != err || !error.text[0] || profile.model) {
        abort();
    }
    profile_clear(&profile);
    return 0;
}
