/* SPDX-License-Identifier: Apache-2.0 */
/* What joins two certificates; see chain.h for the contract. */
#include "pki/chain.h"

#include "base/text.h"
#include "pki/subject.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool pki_openssl_lacked_memory(void)
{
    bool lacked = false;

    for (unsigned long reason = ERR_get_error(); reason; reason = ERR_get_error())
        lacked = lacked || ERR_GET_REASON(reason) == ERR_R_MALLOC_FAILURE;
    return lacked;
}

enum pki_link pki_link_between(X509 *subject, X509 *issuer)
{
    enum pki_link link = PKI_LINK_NONE;
    EVP_PKEY *key = NULL;

    ERR_clear_error();
    switch (X509_check_issued(issuer, subject)) {
    case X509_V_OK:
        key = X509_get0_pubkey(issuer);
        link = key && X509_verify(subject, key) == 1 ? PKI_LINK_SIGNED : PKI_LINK_FORGED;
        break;
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
        link = PKI_LINK_FORBIDDEN;
        break;
    default:
        break;
    }
    return pki_openssl_lacked_memory() && link != PKI_LINK_SIGNED ? PKI_LINK_UNKNOWN : link;
}

bool pki_is_self_signed(X509 *certificate)
{
    const bool is = X509_self_signed(certificate, 1) == 1;

    ERR_clear_error();
    return is;
}

bool pki_is_same(X509 *a, X509 *b)
{
    return a == b || X509_cmp(a, b) == 0;
}

void pki_name_words(const X509_NAME *name, char to[PKI_NAME_WORDS_MAX])
{
    static const char dots[] = "...";
    char *text = pki_name_text(name);
    const size_t length = text ? strlen(text) : 0;
    size_t used = 0;
    size_t size = 0;
    uint32_t code = 0;

    if (length < PKI_NAME_WORDS_MAX) {
        snprintf(to, PKI_NAME_WORDS_MAX, "%s", length ? text : "(no name)");
    } else {
        while (used + (size = text_decode(text + used, length - used, &code)) + sizeof(dots) <= PKI_NAME_WORDS_MAX &&
               size)
            used += size;
        snprintf(to, PKI_NAME_WORDS_MAX, "%.*s%s", (int)used, text, dots);
    }
    free(text);
}
