/* SPDX-License-Identifier: Apache-2.0 */
/* What the sentences of the policy name: labels of versions and ciphers; private to src/tls. */
#ifndef DEVSEC_TLS_LABELS_H
#define DEVSEC_TLS_LABELS_H

#include "tls/tls_policy.h"

#include <stddef.h>
#include <stdint.h>

/* Room for every label of devsecTlsVersions or devsecTlsCiphers in a sentence. */
#define TLS_LABELS_MAX 128

/*
 * Writes the labels of a mask's bits in bit order: "ssl30, tls10 and tls11" with `joint` "and"; "none" for an empty
 * mask, cut when `room` is too small. `object` is the enum mib_id whose labels they are.
 */
void tls_labels(char *to, size_t room, int object, uint32_t mask, const char *joint);

/* "an RSA key", "an ECDSA key"; "no key" for TLS_CERTIFICATE_NONE. Static. */
const char *tls_key_words(enum tls_certificate certificate);

/* The kind of key that a certificate does not have; of none, none. */
enum tls_certificate tls_other_key(enum tls_certificate certificate);

/* The ciphers of the suites that are offered. */
uint32_t tls_offered_ciphers(const struct tls_effective *effective);

#endif
