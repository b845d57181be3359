/* SPDX-License-Identifier: Apache-2.0 */
/* Reading uploads of certificates in PEM (RFC 7468); see bundle.h for the contract. */
#include "bundle_private.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define BEGIN     "-----BEGIN "
#define WHERE_MAX 48

/* ---- Private keys ---- */

/* What the first and the last line of a key's block have in common, whoever wrote it: "-----BEGIN RSA PRIVATE
 * KEY-----",
 * "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", "-----BEGIN PKCS12-----". */
static const char *const edges[] = {"BEGIN ", "END "};
static const char *const key_words[] = {"PRIVATE KEY", "PKCS12", "PKCS #12"};
#define PUTTY "PuTTY-User-Key-File" /* a format of its own, without such lines */

static bool has_word(const char *line, size_t length, const char *word)
{
    return memmem(line, length, word, strlen(word)) != NULL;
}

static bool is_edge_of_key(const char *line, size_t length)
{
    bool edge = false;

    if (has_word(line, length, PUTTY))
        return true;
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        edge = edge || has_word(line, length, edges[i]);
    for (size_t i = 0; edge && i < sizeof(key_words) / sizeof(key_words[0]); i++) {
        if (has_word(line, length, key_words[i]))
            return true;
    }
    return false;
}

bool bundle_text_has_key(const unsigned char *octets, size_t length)
{
    const char *text = (const char *)octets;

    for (size_t at = 0; at < length;) {
        size_t end = at;

        /* Old Macintoshes end their lines with CR. */
        while (end < length && text[end] != '\n' && text[end] != '\r')
            end++;
        if (is_edge_of_key(text + at, end - at))
            return true;
        at = end + 1;
    }
    return false;
}

/* ---- Blocks ---- */

static const struct {
    const char *label;
    enum devsec_err (*add)(STACK_OF(X509) *to, const unsigned char *octets, size_t length, const char *where,
                           struct pki_fault *fault);
} readers[] = {
    {PEM_STRING_X509, bundle_add_certificate},         {PEM_STRING_X509_OLD, bundle_add_certificate},
    {PEM_STRING_X509_TRUSTED, bundle_add_trusted},     {PEM_STRING_PKCS7, bundle_add_signed_data},
    {PEM_STRING_PKCS7_SIGNED, bundle_add_signed_data}, {PEM_STRING_CMS, bundle_add_signed_data},
};

/* Blocks that are brought by mistake, to say what they are. */
static const struct {
    const char *label;
    const char *words;
} others[] = {
    {PEM_STRING_X509_REQ, "a certificate request, not a certificate"},
    {PEM_STRING_X509_REQ_OLD, "a certificate request, not a certificate"},
    {PEM_STRING_X509_CRL, "a list of revoked certificates, not a certificate"},
    {PEM_STRING_PUBLIC, "a public key, not a certificate"},
};

static enum devsec_err add_block(STACK_OF(X509) *to, const char *label, const char *header, const unsigned char *octets,
                                 size_t length, const char *where, struct pki_fault *fault)
{
    /* RFC 1421, 4.6.1.1: "Proc-Type: 4,ENCRYPTED" */
    if (strstr(header, "ENCRYPTED"))
        return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX, "%s is encrypted", where);
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (strcmp(label, readers[i].label) == 0)
            return readers[i].add(to, octets, length, where, fault);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(label, others[i].label) == 0)
            return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX, "%s is %s", where, others[i].words);
    }
    return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                    "%s is a block with another label; expected CERTIFICATE or PKCS7", where);
}

/* Why PEM_read_bio gave nothing. */
static enum devsec_err fail_pem(const char *where, struct pki_fault *fault)
{
    switch (ERR_GET_REASON(ERR_peek_error())) {
    case PEM_R_BAD_END_LINE:
        return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                        "%s is cut: it has no END line that belongs to its BEGIN line", where);
    case PEM_R_BAD_BASE64_DECODE:
        return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                        "%s is damaged: there is something else than base64 in it", where);
    default:
        return pki_fail_openssl(fault, PKI_UPLOAD_MALFORMED, where);
    }
}

static size_t count_begins(const unsigned char *octets, size_t length)
{
    const unsigned char *at = octets;
    const unsigned char *end = octets + length;
    size_t count = 0;

    while ((at = memmem(at, (size_t)(end - at), BEGIN, sizeof(BEGIN) - 1))) {
        at += sizeof(BEGIN) - 1;
        count++;
    }
    return count;
}

/* Reads blocks until there is no other; `*count` says how many there were. */
static enum devsec_err add_blocks(STACK_OF(X509) *to, BIO *bio, size_t *count, struct pki_fault *fault)
{
    enum devsec_err err = DEVSEC_OK;

    while (!err) {
        char where[WHERE_MAX];
        unsigned char *octets = NULL;
        char *label = NULL;
        char *header = NULL;
        long length = 0;

        snprintf(where, sizeof(where), "certificate %zu of the PEM text", *count + 1);
        ERR_clear_error();
        if (!PEM_read_bio(bio, &label, &header, &octets, &length)) {
            if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
                break;
            err = fail_pem(where, fault);
            break;
        }
        err = add_block(to, label, header, octets, (size_t)length, where, fault);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(octets);
        ++*count;
    }
    ERR_clear_error();
    return err;
}

enum devsec_err bundle_add_pem(STACK_OF(X509) *to, const unsigned char *octets, size_t length, struct pki_fault *fault)
{
    static const unsigned char mark[] = {0xef, 0xbb, 0xbf}; /* as some editors begin a text in UTF-8 */
    const size_t skipped = length >= sizeof(mark) && memcmp(octets, mark, sizeof(mark)) == 0 ? sizeof(mark) : 0;
    const size_t begins = count_begins(octets, length);
    BIO *bio = BIO_new_mem_buf(octets + skipped, (int)(length - skipped));
    size_t count = 0;
    enum devsec_err err;

    if (!bio)
        return pki_fail_memory(fault);
    err = add_blocks(to, bio, &count, fault);
    /* PEM_read_bio goes over a BEGIN line that is not as it should be as if it were a comment. */
    if (!err && count < begins)
        err = pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                       "the PEM text has %zu BEGIN lines, and only %zu of them begin a block; expected \"-----BEGIN "
                       "CERTIFICATE-----\" with nothing else on its line",
                       begins, count);
    BIO_free(bio);
    return err;
}
