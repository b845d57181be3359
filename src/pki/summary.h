/* SPDX-License-Identifier: Apache-2.0 */
/* What is published about a certificate or a request, in texts and numbers, so that nobody has to keep it parsed. */
#ifndef DEVSEC_PKI_SUMMARY_H
#define DEVSEC_PKI_SUMMARY_H

#include "pki/key.h"

#include <openssl/x509.h>
#include <stdint.h>
#include <time.h>

#define PKI_FINGERPRINT_SIZE 32 /* SHA-256 */

/* Bits of devsecCertWeakness: 1u << bit position. */
enum pki_weakness {
    PKI_WEAK_SHORT_KEY = 1u << 6, /* RSA below 2048 bits, a curve below 224 (NIST SP 800-131A) */
    PKI_WEAK_HASH = 1u << 7,      /* signed with MD5, SHA-1 or a hash of their time */
};

/* Zero-initialise. Texts are never NULL after success and of any length; dates and fingerprint are 0 for a request. */
struct pki_summary {
    struct pki_key_info key;
    char *signature_algorithm; /* OpenSSL's long name: "ecdsa-with-SHA256" */
    char *subject;             /* pki_name_text */
    char *alt_names;           /* pki_alt_names_text */
    char *issuer;
    char *serial_number; /* "4F:A2:10" */
    time_t not_before;
    time_t not_after;
    unsigned char fingerprint[PKI_FINGERPRINT_SIZE]; /* of the DER encoding */
    uint32_t weakness;
};

/* PKI_UNSUPPORTED_ALGORITHM for a key that pki_key_describe does not know, PKI_CERTIFICATE_UNUSABLE for dates that are
 * none and a malformed subjectAltName. `to` is untouched on failure and freed by pki_summary_clear. */
enum devsec_err pki_summary_of_certificate(struct pki_summary *to, X509 *certificate, struct pki_fault *fault);
enum devsec_err pki_summary_of_request(struct pki_summary *to, X509_REQ *request, struct pki_fault *fault);
void pki_summary_clear(struct pki_summary *summary);

/* The bits of a key alone, without a signature. */
uint32_t pki_key_weakness(const struct pki_key_info *key);

/* A certificate's dates; PKI_CERTIFICATE_UNUSABLE if they are no times. An end at the very beginning of 1970 is moved
 * back by a second, since 0 stands for no certificate. */
enum devsec_err pki_certificate_dates(const X509 *certificate, time_t *not_before, time_t *not_after,
                                      struct pki_fault *fault);

/* The values are those of devsecCertValidity. */
enum pki_validity { PKI_VALID = 1, PKI_EXPIRING = 2, PKI_EXPIRED = 3, PKI_NOT_YET_VALID = 4, PKI_NO_CERTIFICATE = 5 };

/* The dates against a clock; `not_after` 0 is no certificate. A certificate is valid in its last second (RFC 5280,
 * 4.1.2.5), and expiring when `warning_days` days or less are left. */
enum pki_validity pki_validity(time_t not_before, time_t not_after, time_t now, unsigned warning_days);

#endif
