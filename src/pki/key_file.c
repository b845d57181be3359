/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed private keys as they lie on disk; see key_file.h for the contract. */
#include "pki/key_file.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL      "PUBLIC KEY"
#define BEGIN_LINE "-----BEGIN " LABEL "-----\n"
#define END_LINE   "-----END " LABEL "-----\n"
#define CONTEXT    "private-key/"

_Static_assert(KEY_FILE_DIGEST_SIZE == SHA256_DIGEST_LENGTH, "the digest of key_file_digest is SHA-256");

#define CONTEXT_ROOM (sizeof(CONTEXT) + 2 * (size_t)SHA256_DIGEST_LENGTH)

/* What a file's text consists of. */
struct parts {
    unsigned char *spki; /* SubjectPublicKeyInfo, DER; OPENSSL_free */
    long spki_length;
    char *sealed; /* free */
};

static void parts_clear(struct parts *parts)
{
    OPENSSL_free(parts->spki);
    free(parts->sealed);
    *parts = (struct parts){0};
}

static enum devsec_err fail_form(struct pki_fault *fault, const char *what)
{
    ERR_clear_error();
    return pki_fail(fault, PKI_DAMAGED, DEVSEC_ERR_SYNTAX, "the key's file is damaged: %s", what);
}

static enum devsec_err digest_of(unsigned char digest[SHA256_DIGEST_LENGTH], const unsigned char *spki, long length,
                                 struct pki_fault *fault)
{
    if (EVP_Digest(spki, (size_t)length, digest, NULL, EVP_sha256(), NULL) != 1)
        return pki_fail_openssl(fault, PKI_INTERNAL_ERROR, "SHA-256 does not work here");
    return DEVSEC_OK;
}

/* What the private key of this public one is sealed for. */
static enum devsec_err context_of(char context[CONTEXT_ROOM], const unsigned char *spki, long length,
                                  struct pki_fault *fault)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    size_t used = sizeof(CONTEXT) - 1;
    const enum devsec_err err = digest_of(digest, spki, length, fault);

    if (err)
        return err;
    memcpy(context, CONTEXT, sizeof(CONTEXT));
    for (size_t i = 0; i < sizeof(digest); i++, used += 2)
        snprintf(context + used, CONTEXT_ROOM - used, "%02x", digest[i]);
    return DEVSEC_OK;
}

/* ---- Making ---- */

/* The private key as PKCS#8 in DER, sealed. */
static enum devsec_err seal_key(char **sealed, const EVP_PKEY *key, const char *context,
                                const struct device_key *device_key, struct pki_fault *fault)
{
    OSSL_ENCODER_CTX *encoder =
        OSSL_ENCODER_CTX_new_for_pkey(key, OSSL_KEYMGMT_SELECT_ALL, "DER", "PrivateKeyInfo", NULL);
    struct devsec_error error = {0};
    unsigned char *der = NULL;
    size_t length = 0;
    enum devsec_err err = DEVSEC_OK;

    if (!encoder || OSSL_ENCODER_CTX_get_num_encoders(encoder) == 0 || !OSSL_ENCODER_to_data(encoder, &der, &length)) {
        err = pki_fail_openssl(fault, PKI_INTERNAL_ERROR, "the private key cannot be encoded");
        goto out;
    }
    if (length > SEAL_PLAIN_MAX) {
        err = pki_fail(fault, PKI_UNSUPPORTED_ALGORITHM, DEVSEC_ERR_WRONG_VALUE,
                       "the private key has %zu octets; expected %d at most", length, SEAL_PLAIN_MAX);
        goto out;
    }
    err = seal(device_key, context, der, length, sealed, &error);
    if (err)
        pki_fail_as(fault, err == DEVSEC_ERR_MEMORY ? PKI_OUT_OF_MEMORY : PKI_INTERNAL_ERROR, &error);
out:
    OPENSSL_clear_free(der, length);
    OSSL_ENCODER_CTX_free(encoder);
    return err;
}

/* The whole text: both halves behind each other. */
static enum devsec_err write_text(char **text, size_t *length, const unsigned char *spki, long spki_length,
                                  const char *sealed, struct pki_fault *fault)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum devsec_err err = DEVSEC_OK;
    char *data = NULL;
    long octets = 0;

    if (!bio || PEM_write_bio(bio, LABEL, "", spki, spki_length) <= 0 || BIO_printf(bio, "%s\n", sealed) <= 0) {
        err = pki_fail_openssl(fault, PKI_INTERNAL_ERROR, "the key's file cannot be written in memory");
        goto out;
    }
    octets = BIO_get_mem_data(bio, &data);
    *text = strndup(data, (size_t)octets);
    if (!*text)
        err = pki_fail_memory(fault);
    else
        *length = (size_t)octets;
out:
    BIO_free(bio);
    return err;
}

enum devsec_err key_file_make(char **text, size_t *length, const EVP_PKEY *key, const struct device_key *device_key,
                              struct pki_fault *fault)
{
    char context[CONTEXT_ROOM];
    unsigned char *spki = NULL;
    const long spki_length = i2d_PUBKEY(key, &spki);
    char *sealed = NULL;
    enum devsec_err err;

    if (spki_length <= 0) {
        err = pki_fail_openssl(fault, PKI_INTERNAL_ERROR, "the public key cannot be encoded");
        goto out;
    }
    err = context_of(context, spki, spki_length, fault);
    if (!err)
        err = seal_key(&sealed, key, context, device_key, fault);
    if (!err)
        err = write_text(text, length, spki, spki_length, sealed, fault);
out:
    free(sealed);
    OPENSSL_free(spki);
    return err;
}

/* ---- Reading ---- */

/* The octets in the PEM block; its first and last line have been looked at. */
static enum devsec_err read_block(struct parts *parts, const char *text, size_t length, struct pki_fault *fault)
{
    BIO *bio = BIO_new_mem_buf(text, (int)length);
    char *name = NULL;
    char *header = NULL;
    enum devsec_err err = DEVSEC_OK;

    if (!bio)
        err = pki_fail_memory(fault);
    else if (PEM_read_bio(bio, &name, &header, &parts->spki, &parts->spki_length) != 1 || header[0] != '\0')
        err = fail_form(fault, "its public half is no PEM block");
    OPENSSL_free(name);
    OPENSSL_free(header);
    BIO_free(bio);
    return err;
}

static enum devsec_err read_parts(struct parts *parts, const char *text, size_t length, struct pki_fault *fault)
{
    const char *end = memmem(text, length, END_LINE, strlen(END_LINE));
    const char *line = end ? end + strlen(END_LINE) : NULL;
    const size_t rest = end ? length - (size_t)(line - text) : 0;
    enum devsec_err err;

    *parts = (struct parts){0};
    if (!end || length < strlen(BEGIN_LINE) || length > INT_MAX || memcmp(text, BEGIN_LINE, strlen(BEGIN_LINE)) != 0)
        return fail_form(fault, "its public half is no PEM block");
    err = read_block(parts, text, length - rest, fault);
    if (err)
        goto out;
    if (rest == 0 || line[rest - 1] != '\n' || memchr(line, '\0', rest)) {
        err = fail_form(fault, "its private half is not one line");
        goto out;
    }
    parts->sealed = strndup(line, rest - 1);
    if (!parts->sealed)
        err = pki_fail_memory(fault);
    else if (!seal_is_sealed(parts->sealed))
        err = fail_form(fault, "its private half is not sealed");
out:
    if (err)
        parts_clear(parts);
    return err;
}

static enum devsec_err parse_public(EVP_PKEY **out, const struct parts *parts, struct pki_fault *fault)
{
    const unsigned char *at = parts->spki;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, parts->spki_length);

    if (!key || at != parts->spki + parts->spki_length) {
        EVP_PKEY_free(key);
        return fail_form(fault, "its public half is no key");
    }
    *out = key;
    return DEVSEC_OK;
}

/* The private key in DER; secret_free. */
static enum devsec_err open_sealed(unsigned char **der, size_t *length, const struct parts *parts,
                                   const struct device_key *device_key, struct pki_fault *fault)
{
    struct devsec_error error = {0};
    char context[CONTEXT_ROOM];
    enum devsec_err err;

    if (!device_key)
        return pki_fail(fault, PKI_DEVICE_KEY_UNAVAILABLE, DEVSEC_ERR_UNSAFE,
                        "the private key is sealed, and the device key that opens it is not there; bring that file "
                        "back, or delete this key");
    err = context_of(context, parts->spki, parts->spki_length, fault);
    if (err)
        return err;
    err = unseal(device_key, context, parts->sealed, der, length, &error);
    if (err == DEVSEC_ERR_UNSAFE)
        return pki_fail(
            fault, PKI_DEVICE_KEY_UNAVAILABLE, err,
            "the private key does not open with this device key: it was sealed with another one, or changed "
            "since; bring the right device key back, or delete this key");
    return err ? pki_fail_as(fault, PKI_OUT_OF_MEMORY, &error) : DEVSEC_OK;
}

static enum devsec_err parse_private(EVP_PKEY **out, const unsigned char *der, size_t length, struct pki_fault *fault)
{
    const unsigned char *at = der;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)length);
    EVP_PKEY *key = info && at == der + length ? EVP_PKCS82PKEY(info) : NULL;

    PKCS8_PRIV_KEY_INFO_free(info); /* cleanses */
    if (!key)
        return fail_form(fault, "its private half is no key");
    *out = key;
    return DEVSEC_OK;
}

enum devsec_err key_file_public(EVP_PKEY **out, const char *text, size_t length, struct pki_fault *fault)
{
    struct parts parts = {0};
    enum devsec_err err = read_parts(&parts, text, length, fault);

    if (!err)
        err = parse_public(out, &parts, fault);
    parts_clear(&parts);
    return err;
}

enum devsec_err key_file_digest(unsigned char to[KEY_FILE_DIGEST_SIZE], const char *text, size_t length,
                                struct pki_fault *fault)
{
    struct parts parts = {0};
    enum devsec_err err = read_parts(&parts, text, length, fault);

    if (!err)
        err = digest_of(to, parts.spki, parts.spki_length, fault);
    parts_clear(&parts);
    return err;
}

enum devsec_err key_file_open(EVP_PKEY **out, const char *text, size_t length, const struct device_key *device_key,
                              struct pki_fault *fault)
{
    struct parts parts = {0};
    EVP_PKEY *public = NULL;
    EVP_PKEY *private = NULL;
    unsigned char *der = NULL;
    size_t der_length = 0;
    enum devsec_err err = read_parts(&parts, text, length, fault);

    if (!err)
        err = parse_public(&public, &parts, fault);
    if (!err)
        err = open_sealed(&der, &der_length, &parts, device_key, fault);
    if (!err)
        err = parse_private(&private, der, der_length, fault);
    if (!err && EVP_PKEY_eq(public, private) != 1)
        err = fail_form(fault, "its two halves do not belong together");
    if (!err) {
        *out = private;
        private = NULL;
    }
    EVP_PKEY_free(private);
    EVP_PKEY_free(public);
    secret_free(der, der_length);
    parts_clear(&parts);
    return err;
}

enum devsec_err key_file_probe(const char *text, size_t length, const struct device_key *device_key,
                               struct pki_fault *fault)
{
    struct parts parts = {0};
    unsigned char *der = NULL;
    size_t der_length = 0;
    enum devsec_err err = read_parts(&parts, text, length, fault);

    if (!err)
        err = open_sealed(&der, &der_length, &parts, device_key, fault);
    secret_free(der, der_length);
    parts_clear(&parts);
    return err;
}
