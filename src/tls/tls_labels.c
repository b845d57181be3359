/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of versions and ciphers; see tls_labels.h. */
#include "tls/tls_labels.h"

#include "devsec_mib.h"

#include <stdio.h>

void tls_labels(char *to, size_t room, int object, uint32_t mask, const char *joint)
{
    size_t used = 0;

    snprintf(to, room, "none");
    for (uint32_t bit = 0; mask && bit < 32; bit++) {
        const char *name = mib_label_name(&mib_objects[object], bit);

        if (!(mask & (1u << bit)))
            continue;
        mask &= ~(1u << bit);
        if (used && !mask)
            used += (size_t)snprintf(to + used, room - used, " %s ", joint);
        else if (used)
            used += (size_t)snprintf(to + used, room - used, ", ");
        used += (size_t)snprintf(to + used, room - used, "%s", name ? name : "?");
        if (used >= room)
            return;
    }
}

/* By enum tls_certificate. */
static const struct {
    const char *words;
    enum tls_certificate other;
} keys[] = {
    {"no key", TLS_CERTIFICATE_NONE},
    {"an RSA key", TLS_CERTIFICATE_ECDSA},
    {"an ECDSA key", TLS_CERTIFICATE_RSA},
};

const char *tls_key_words(enum tls_certificate certificate)
{
    return keys[certificate].words;
}

enum tls_certificate tls_other_key(enum tls_certificate certificate)
{
    return keys[certificate].other;
}

uint32_t tls_offered_ciphers(const struct tls_effective *effective)
{
    uint32_t ciphers = 0;

    for (size_t i = 0; i < effective->n_suites; i++)
        ciphers |= tls_suites[effective->suites[i]].cipher;
    return ciphers;
}
