/* SPDX-License-Identifier: Apache-2.0 */
/* What joins two certificates, for putting chains together and for judging them. */
#ifndef DEVSEC_PKI_CHAIN_H
#define DEVSEC_PKI_CHAIN_H

#include "pki/fault.h"

#include <openssl/types.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether lack of memory is among the reasons in OpenSSL's error queue, which is emptied. */
bool pki_openssl_lacked_memory(void);

/* What one certificate has to do with another that may be its issuer's. */
enum pki_link {
    PKI_LINK_UNKNOWN,   /* memory was short */
    PKI_LINK_NONE,      /* nothing: another name, another key identifier, another kind of key */
    PKI_LINK_FORGED,    /* it could be by name and identifier, and its key has not made the signature */
    PKI_LINK_FORBIDDEN, /* it could be by name and identifier, and its keyUsage is without keyCertSign */
    PKI_LINK_SIGNED,    /* its key has made the signature; whether it may is another question (basicConstraints) */
};

enum pki_link pki_link_between(X509 *subject, X509 *issuer);

/* Signed by its own key. */
bool pki_is_self_signed(X509 *certificate);

/* The same certificate, octet by octet. */
bool pki_is_same(X509 *a, X509 *b);

/* A name for a sentence: pki_name_text, cut with "..." between characters; "(no name)" for an empty one. */
#define PKI_NAME_WORDS_MAX 72
void pki_name_words(const X509_NAME *name, char to[PKI_NAME_WORDS_MAX]);

#endif
