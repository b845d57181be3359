/* SPDX-License-Identifier: Apache-2.0 */
/* Who a certificate is for: the distinguished name and the alternative names, as administrators write them. */
#ifndef DEVSEC_PKI_SUBJECT_H
#define DEVSEC_PKI_SUBJECT_H

#include "pki/fault.h"

#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

/*
 * UTF-8 texts; NULL and "" are the same: not there. Lengths are those of RFC 5280, appendix A.1, in characters.
 * `alt_names` is a list with commas, blanks around each allowed: host names (ASCII, also with a leading "*." label),
 * IPv4 and IPv6 addresses, each with or without "DNS:" or "IP:".
 */
struct pki_subject {
    char *country; /* two letters */
    char *state;
    char *locality;
    char *organization;
    char *organizational_unit;
    char *common_name;
    char *alt_names;
};

void pki_subject_clear(struct pki_subject *subject); /* frees the texts */
enum devsec_err pki_subject_copy(struct pki_subject *to, const struct pki_subject *from, struct pki_fault *fault);

/* A common name is required; every text is valid UTF-8 without control characters and not too long; the country is two
 * letters; the alternative names are names or addresses. PKI_INVALID_PARAMETER, with the part's name and what was
 * expected: "common name: ...". */
enum devsec_err pki_subject_check(const struct pki_subject *subject, struct pki_fault *fault);

/* The distinguished name (C, ST, L, O, OU, CN in this order; UTF8String, the country PrintableString); the caller
 * frees. The subject has been checked. */
enum devsec_err pki_subject_name(X509_NAME **out, const struct pki_subject *subject, struct pki_fault *fault);

/* The alternative names: those given, then the common name where it is a host name or an address and not among them;
 * no name twice. `*out` is NULL if there is none; the caller frees (GENERAL_NAMES_free). */
enum devsec_err pki_subject_alt_names(GENERAL_NAMES **out, const struct pki_subject *subject, struct pki_fault *fault);

/* Texts for people, newly allocated, NULL when out of memory: UTF-8, with controls, NUL and malformed octets made
 * visible as RFC 4514 escapes. pki_name_text: "CN=..., O=..." (RFC 4514 order, ", " between). pki_alt_names_text:
 * "DNS:a, IP:192.0.2.1, IP:2001:db8::1, email:..., URI:...", kinds that have no text form as "other". "" for none. */
char *pki_name_text(const X509_NAME *name);
char *pki_alt_names_text(const GENERAL_NAMES *names);

#endif
