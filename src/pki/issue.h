/* SPDX-License-Identifier: Apache-2.0 */
/* Making certificates and requests with a key of the device's own. */
#ifndef DEVSEC_PKI_ISSUE_H
#define DEVSEC_PKI_ISSUE_H

#include "pki/key.h"
#include "pki/subject.h"

#include <time.h>

/* How long a self-signed certificate is valid when nobody says, in days. */
#define PKI_SELF_SIGNED_DAYS 730

/* A certificate's dates, UTC; 0 for the default: the present, PKI_SELF_SIGNED_DAYS days after the beginning. */
struct pki_dates {
    time_t not_before;
    time_t not_after;
};

/* The end behind the beginning, both in the years 1950 to 9999 (RFC 5280, 4.1.2.5). PKI_INVALID_PARAMETER. `now` stands
 * in for a beginning that is not given. */
enum devsec_err pki_dates_check(const struct pki_dates *dates, time_t now, struct pki_fault *fault);

/*
 * A version 3 certificate of the key's own, signed by itself [C2]: a positive random serial number of 16 octets,
 * basicConstraints CA:FALSE (critical), keyUsage digitalSignature (critical; and keyEncipherment for RSA),
 * extendedKeyUsage serverAuth and clientAuth, subjectKeyIdentifier, subjectAltName where there are names. The caller
 * frees (X509_free). Errors: those of the subject, the dates and pki_key_spec_check's rules about the hash.
 */
enum devsec_err pki_self_sign(X509 **out, EVP_PKEY *key, const struct pki_subject *subject,
                              const struct pki_dates *dates, time_t now, enum pki_hash hash, struct pki_fault *fault);

/*
 * A PKCS#10 request (RFC 2986) for the key: subject, an extensionRequest with subjectAltName and keyUsage, and the
 * challengePassword attribute (RFC 2985, 5.4.1) where `challenge` is neither NULL nor "". The caller frees.
 */
enum devsec_err pki_request(X509_REQ **out, EVP_PKEY *key, const struct pki_subject *subject, const char *challenge,
                            enum pki_hash hash, struct pki_fault *fault);

/* PEM texts (RFC 7468), newly allocated, with *length octets before the closing NUL. `chain` may be NULL. */
enum devsec_err pki_request_pem(char **text, size_t *length, X509_REQ *request, struct pki_fault *fault);
enum devsec_err pki_chain_pem(char **text, size_t *length, X509 *leaf, const STACK_OF(X509) *chain,
                              struct pki_fault *fault);

#endif
