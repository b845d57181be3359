/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs: what may be generated, generating, telling what a key is. */
#ifndef DEVSEC_PKI_KEY_H
#define DEVSEC_PKI_KEY_H

#include "pki/fault.h"

#include <openssl/types.h>
#include <stdbool.h>

/* The values are those of devsecCertKeyType, devsecCertKeyCurve and devsecJobHash. */
enum pki_key_type { PKI_KEY_RSA = 1, PKI_KEY_ECDSA = 2 };
enum pki_curve { PKI_CURVE_P256 = 1, PKI_CURVE_P384 = 2, PKI_CURVE_P521 = 3, PKI_CURVE_OTHER = 4, PKI_CURVE_NONE = 5 };
enum pki_hash { PKI_HASH_SHA1 = 1, PKI_HASH_SHA256 = 2, PKI_HASH_SHA384 = 3, PKI_HASH_SHA512 = 4 };

#define PKI_RSA_BITS_MIN 1024
#define PKI_RSA_BITS_MAX 8192

/* Which key: RSA by its bits, ECDSA by its curve. The other member counts for nothing. */
struct pki_key_spec {
    enum pki_key_type type;
    int bits;
    enum pki_curve curve;
};

/* What a key is. `bits` of an ECDSA key are those of its curve's order; `curve_nid` is OpenSSL's number of the curve, 0
 * for RSA. */
struct pki_key_info {
    enum pki_key_type type;
    int bits;
    enum pki_curve curve;
    int curve_nid;
};

/*
 * Called again and again while a key is generated, from the thread that does it. `step` counts candidates for primes;
 * it is 0 in the first call, before there is any. Returning false gives up.
 */
struct pki_progress {
    bool (*step)(void *context, unsigned step);
    void *context;
};

/* Whether a key can sign with a hash [C6]: SHA-384 and SHA-512 with RSA need 1024 bits at least. PKI_INVALID_PARAMETER,
 * DEVSEC_ERR_INCONSISTENT; also for a number that is none of the hashes. */
enum devsec_err pki_hash_check(const struct pki_key_info *info, enum pki_hash hash, struct pki_fault *fault);

/*
 * Whether such a key may be generated and sign with this hash [C6]: RSA of 1024 to 8192 bits, a multiple of 8; one of
 * the three curves; pki_hash_check. PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT.
 */
enum devsec_err pki_key_spec_check(const struct pki_key_spec *spec, enum pki_hash hash, struct pki_fault *fault);

/* Generates a key pair, which the caller frees (EVP_PKEY_free). Public exponent 65537; named curves. `progress` may be
 * NULL. PKI_CANCELLED (DEVSEC_ERR_BUSY) when given up, PKI_KEY_GENERATION_FAILED (DEVSEC_ERR_INTERNAL). Any thread. */
enum devsec_err pki_key_generate(EVP_PKEY **out, const struct pki_key_spec *spec, const struct pki_progress *progress,
                                 struct pki_fault *fault);

/* What a (public or private) key is; PKI_UNSUPPORTED_ALGORITHM (DEVSEC_ERR_WRONG_VALUE) for anything but RSA of 512 to
 * 16384 bits and ECDSA on a named curve. */
enum devsec_err pki_key_describe(struct pki_key_info *info, const EVP_PKEY *key, struct pki_fault *fault);

/* "RSA 2048", "ECDSA P-256"; "ECDSA" with the curve's short name for others. Room: PKI_KEY_WORDS_MAX. */
#define PKI_KEY_WORDS_MAX 64
void pki_key_words(const struct pki_key_info *info, char *to);

/* OpenSSL's digest for a hash; never NULL for a value of the enumeration. */
const EVP_MD *pki_hash_md(enum pki_hash hash);

#endif
