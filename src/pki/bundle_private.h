/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of uploads share. */
#ifndef DEVSEC_PKI_BUNDLE_PRIVATE_H
#define DEVSEC_PKI_BUNDLE_PRIVATE_H

#include "pki/bundle.h"

#include <stdbool.h>

/*
 * Adds what one DER structure holds to the stack, each certificate once. `where` begins the sentence of every fault:
 * "certificate 2 of the PEM text". Errors as pki_bundle_read.
 */
enum devsec_err bundle_add_certificate(STACK_OF(X509) *to, const unsigned char *octets, size_t length,
                                       const char *where, struct pki_fault *fault);
enum devsec_err bundle_add_trusted(
    STACK_OF(X509) *to, const unsigned char *octets, size_t length, const char *where,
    struct pki_fault *fault); /* OpenSSL's "TRUSTED CERTIFICATE"; its extras are dropped */
enum devsec_err bundle_add_signed_data(STACK_OF(X509) *to, const unsigned char *octets, size_t length,
                                       const char *where, struct pki_fault *fault);

/* Adds the certificate unless it is there; counts a reference. Errors: too many, no memory. */
enum devsec_err bundle_add(STACK_OF(X509) *to, X509 *certificate, struct pki_fault *fault);

/* Whether octets begin as a DER structure with a private key does, whole or cut; nothing is copied. */
bool bundle_der_is_key(const unsigned char *octets, size_t length);

/* Whether a text has the first or last line of a private key's block. */
bool bundle_text_has_key(const unsigned char *octets, size_t length);

/* The refusal of both. */
enum devsec_err bundle_fail_key(struct pki_fault *fault);

/* Adds the certificates of a PEM text. */
enum devsec_err bundle_add_pem(STACK_OF(X509) *to, const unsigned char *octets, size_t length, struct pki_fault *fault);

#endif
