/* SPDX-License-Identifier: Apache-2.0 */
/* A certification authority for tests: keys, roots, intermediates and leaves of any dates and extensions. */
#ifndef DEVSEC_TESTS_UNIT_CA_FIXTURE_H
#define DEVSEC_TESTS_UNIT_CA_FIXTURE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* The moment around which the tests' certificates are made: 2027-01-15T08:00:00Z. */
#define CA_NOW ((time_t)1800000000)
#define CA_DAY ((time_t)86400)

/* Extensions as OpenSSL's configuration writes them; a table ends with a NULL name. */
struct ca_extension {
    const char *name;  /* "basicConstraints", an OID in digits */
    const char *value; /* "critical,CA:TRUE,pathlen:0", "DER:0500" */
};

/* What a certificate says; what is left zero has the default in parentheses. */
struct ca_spec {
    const char *common_name;               /* (no subject at all) */
    const char *organization;              /* (none) */
    time_t not_before;                     /* (CA_NOW - CA_DAY) */
    time_t not_after;                      /* (CA_NOW + 365 * CA_DAY) */
    const char *alt_names;                 /* "DNS:a.example,IP:192.0.2.1" (none) */
    const char *basic_constraints;         /* (no such extension) */
    const char *key_usage;                 /* (no such extension) */
    bool no_key_ids;                       /* neither subjectKeyIdentifier nor authorityKeyIdentifier (both) */
    bool version1;                         /* version 1, without extensions (version 3) */
    const char *hash;                      /* "SHA1" (SHA256) */
    long serial;                           /* (a random one of 16 octets) */
    const struct ca_extension *extensions; /* further ones (none) */
};

/* A key with its certificate; freed by ca_free. */
struct ca {
    EVP_PKEY *key;
    X509 *certificate;
};

/* Everything below fails the running test when OpenSSL refuses. What is returned is the caller's. */

/* "P-256", "P-384", "P-521", "P-192", "secp256k1", "RSA-1024", "RSA-2048", ..., "ED25519", "RSA-PSS", and "explicit":
 * P-256 with its curve spelt out. */
EVP_PKEY *ca_key(const char *kind);

/* The same key without its private half. */
EVP_PKEY *ca_public_key(EVP_PKEY *key);

/* A certificate for `key` (only the public half counts) signed by `issuer`; NULL: by the key itself. */
X509 *ca_certify(const struct ca_spec *spec, EVP_PKEY *key, const struct ca *issuer);

/* The same for the key, the subject and the alternative names of a request, valid around CA_NOW or from `not_before`
 * to `not_after` where these are not 0. */
X509 *ca_certify_request(X509_REQ *request, const struct ca *issuer, time_t not_before, time_t not_after);

/* Signs a certificate again that a test has changed by hand. */
void ca_sign_again(X509 *certificate, EVP_PKEY *issuer_key);

/* The usual three, with P-256 keys of their own: a root, a CA below another, and a certificate for a TLS server with
 * the DNS name `common_name`. */
struct ca ca_root(const char *common_name);
struct ca ca_intermediate(const char *common_name, const struct ca *issuer);
struct ca ca_leaf(const char *common_name, const struct ca *issuer);
void ca_free(struct ca *ca); /* legal on a zeroed structure */

/* All of them in one chain, "Root", "Upper CA", "Lower CA" and "mfp-17.example", for a program whose tests share it:
 * cmocka's group set-up and tear-down. */
struct ca_four {
    struct ca root;
    struct ca upper;
    struct ca lower;
    struct ca leaf;
};
extern struct ca_four four;
int ca_four_make(void **state);
int ca_four_drop(void **state);

/* A stack with a reference to each of the certificates, which end with NULL; freed by ca_stack_free. */
STACK_OF(X509) *ca_stack(X509 *first, ...) __attribute__((sentinel));
void ca_stack_free(STACK_OF(X509) *stack);

/* Encodings; the caller frees with free. A text has a NUL behind `*length` octets; `length` may be NULL. */
char *ca_pem(X509 *certificate, size_t *length);
char *ca_pem_stack(STACK_OF(X509) *stack, size_t *length);
unsigned char *ca_der(X509 *certificate, size_t *length);
unsigned char *ca_pkcs7(STACK_OF(X509) *stack, size_t *length); /* SignedData without signers, DER */

/* An empty list of revoked certificates, DER, and a request by `key`, DER. */
unsigned char *ca_crl(const struct ca *issuer, size_t *length);
unsigned char *ca_request(EVP_PKEY *key, const char *common_name, size_t *length);

/* A PEM block of any label around any octets. */
char *ca_pem_block(const char *label, const unsigned char *octets, size_t length);

#endif
