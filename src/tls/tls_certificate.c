/* SPDX-License-Identifier: Apache-2.0 */
/* Key and certificate for TLS services, rendered and checked; see tls_certificate.h for the contract. */
#include "tls/tls_certificate.h"

#include "pki/key_file.h"
#include "pki/material.h"
#include "pki/uses.h"
#include "secret/seal.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "# Key and certificates for TLS, rendered by devsecd: changes made here are overwritten.\n"
#define NONE "# No key is assigned to TLS: create or install a certificate, and assign its key to the use tls.\n"

static unsigned tls_slot(const struct document *document)
{
    const struct pki_use tls = {PKI_USE_TLS, 1};

    return pki_use_slot(document, &tls);
}

/* The row of the key that serves TLS, NULL where there is none or it has no certificate. */
static const struct value *tls_key_row(const struct document *document)
{
    const struct value *row = pki_key_row(document, tls_slot(document));

    return row && !value_is_empty(&row[KEY_CERTIFICATE]) ? row : NULL;
}

/* Files are named by their digests, so that other content always has another name. */
void tls_certificate_inputs(const struct document *document, char *to)
{
    const struct value *row = tls_key_row(document);

    snprintf(to, TLS_CERTIFICATE_INPUTS_MAX, "%u %s %s", tls_slot(document), row ? value_text(&row[KEY_FILE]) : "",
             row ? value_text(&row[KEY_CERTIFICATE]) : "");
}

/* ---- rendering ---- */

/* Opens the private key of a row, which the caller frees. */
static enum devsec_err open_key(EVP_PKEY **key, const struct material *material, const struct value *row,
                                const char *device_key_file, struct devsec_error *error)
{
    struct device_key *device_key = NULL;
    struct pki_fault fault = {0};
    size_t length = 0;
    char *sealed = NULL;
    struct devsec_error why = {DEVSEC_OK, ""};
    enum devsec_err err = device_key_open(&device_key, device_key_file, &why);

    if (err)
        err = devsec_fail(error, err, "it cannot be opened: %s; bring the device key back, or assign another key",
                          why.text);
    else
        err = material_get(material, MATERIAL_KEY, value_text(&row[KEY_FILE]), &sealed, &length, error);
    if (!err && key_file_open(key, sealed, length, device_key, &fault))
        err = devsec_fail(error, fault.error.code, "%s%s", fault.error.text,
                          fault.cause == PKI_DAMAGED ? "; bring it back from a backup, or assign another key" : "");
    free(sealed);
    device_key_free(device_key);
    return err;
}

/* A memory BIO cleanses what it held when it grows and when it is freed; only what is returned holds the key. */
static enum devsec_err write_text(char **text, const EVP_PKEY *key, const char *chain, size_t chain_length,
                                  struct devsec_error *error)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum devsec_err err = DEVSEC_OK;
    char *data = NULL;
    long length;

    if (!bio || BIO_puts(bio, HEAD) <= 0 || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) ||
        BIO_write(bio, chain, (int)chain_length) != (int)chain_length) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while writing the private key");
        goto out;
    }
    length = BIO_get_mem_data(bio, &data);
    *text = strndup(data, (size_t)length);
    if (!*text)
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
out:
    BIO_free(bio);
    ERR_clear_error();
    return err;
}

static enum devsec_err render_key(const struct value *row, const char *store_directory, const char *key_file,
                                  char **text, struct devsec_error *error)
{
    struct material *material = NULL;
    EVP_PKEY *key = NULL;
    size_t length = 0;
    char *chain = NULL;
    enum devsec_err err = material_open(&material, store_directory, true, error);

    if (!err)
        err = material_get(material, MATERIAL_CERTIFICATES, value_text(&row[KEY_CERTIFICATE]), &chain, &length, error);
    if (!err)
        err = open_key(&key, material, row, key_file, error);
    if (!err)
        err = write_text(text, key, chain, length, error);
    EVP_PKEY_free(key);
    free(chain);
    material_close(material);
    return err;
}

enum devsec_err tls_certificate_render(const struct document *document, const char *store_directory,
                                       const char *key_file, char **text, struct devsec_error *error)
{
    const unsigned slot = tls_slot(document);
    const struct value *row = tls_key_row(document);
    struct devsec_error why = {DEVSEC_OK, ""};

    if (slot == 0) {
        char *none = strdup(HEAD NONE);

        if (!none)
            return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
        *text = none;
        return DEVSEC_OK;
    }
    if (!row)
        return devsec_fail(error, DEVSEC_ERR_INCONSISTENT, "slot %u, which serves TLS, has no certificate", slot);
    if (render_key(row, store_directory, key_file, text, &why))
        return devsec_fail(error, why.code, "the key in slot %u, which serves TLS: %s", slot, why.text);
    return DEVSEC_OK;
}

/* ---- checking ---- */

/* For OpenSSL, which would ask at the terminal for the password of an encrypted key: there is none. */
static int no_password(char *to, int room, int writing, void *context)
{
    (void)to;
    (void)room;
    (void)writing;
    (void)context;
    return -1;
}

static enum devsec_err refused(struct devsec_error *error, enum devsec_err code, const char *what)
{
    /* The oldest entry is the reason; what follows is who passed it on. */
    const unsigned long first = ERR_peek_error();
    const char *reason = first ? ERR_reason_error_string(first) : NULL;

    return devsec_fail(error, code, "OpenSSL refuses %s: %s; assign another key, or install its certificate again",
                       what, reason ? reason : "it gives no reason");
}

/* A server context as the policy's services have it, in a library context of its own. */
static SSL_CTX *context_new(OSSL_LIB_CTX *library, const struct tls_effective *effective)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(library, NULL, TLS_server_method());
    char list[TLS_STRING_MAX] = "";
    char suites[TLS_STRING_MAX];
    bool set = true;

    if (ctx && !effective) {
        SSL_CTX_set_security_level(ctx, 0);
    } else if (ctx) {
        tls_effective_openssl(effective, list, suites);
        set = !list[0] || SSL_CTX_set_cipher_list(ctx, list);
    }
    if (set)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

/* The key, or NULL. */
static EVP_PKEY *read_key(const char *text, OSSL_LIB_CTX *library)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey_ex(bio, NULL, no_password, NULL, library, NULL) : NULL;

    BIO_free(bio);
    return key;
}

/* Reads the next certificate into a new object; NULL when there is none. */
static X509 *read_certificate(BIO *bio, OSSL_LIB_CTX *library)
{
    X509 *certificate = X509_new_ex(library, NULL);

    if (certificate && PEM_read_bio_X509(bio, &certificate, no_password, NULL))
        return certificate;
    X509_free(certificate);
    return NULL;
}

/* The first certificate is the server's own, those behind it are sent with it: how services read such a file. */
static enum devsec_err use_certificates(SSL_CTX *ctx, OSSL_LIB_CTX *library, const char *text,
                                        struct devsec_error *error)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    X509 *certificate = bio ? read_certificate(bio, library) : NULL;
    enum devsec_err err = DEVSEC_OK;

    if (!certificate)
        err = refused(error, DEVSEC_ERR_SYNTAX, "the certificate");
    else if (SSL_CTX_use_certificate(ctx, certificate) != 1)
        err = refused(error, DEVSEC_ERR_INCONSISTENT, "the certificate");
    X509_free(certificate);
    while (!err && (certificate = read_certificate(bio, library))) {
        if (SSL_CTX_add1_chain_cert(ctx, certificate) != 1)
            err = refused(error, DEVSEC_ERR_INCONSISTENT, "an intermediate certificate");
        X509_free(certificate);
    }
    if (!err && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        err = refused(error, DEVSEC_ERR_SYNTAX, "an intermediate certificate");
    BIO_free(bio);
    return err;
}

static enum devsec_err use_key(SSL_CTX *ctx, OSSL_LIB_CTX *library, const char *text, struct devsec_error *error)
{
    EVP_PKEY *key = read_key(text, library);
    enum devsec_err err = DEVSEC_OK;

    if (!key)
        err = refused(error, DEVSEC_ERR_SYNTAX, "the private key");
    else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        err = refused(error, DEVSEC_ERR_INCONSISTENT, "the private key with this certificate");
    EVP_PKEY_free(key);
    return err;
}

enum devsec_err tls_certificate_check(const struct document *document, const struct tls_effective *effective,
                                      const char *text, struct devsec_error *error)
{
    const unsigned slot = tls_slot(document);
    struct devsec_error why = {DEVSEC_OK, ""};
    OSSL_LIB_CTX *library = NULL;
    SSL_CTX *ctx = NULL;
    enum devsec_err err;

    if (slot == 0)
        return strcmp(text, HEAD NONE) == 0
                   ? DEVSEC_OK
                   : devsec_fail(error, DEVSEC_ERR_INCONSISTENT, "there is a key for TLS, and none is assigned");
    ERR_clear_error();
    library = OSSL_LIB_CTX_new();
    ctx = library ? context_new(library, effective) : NULL;
    if (!ctx)
        err = devsec_fail(&why, DEVSEC_ERR_MEMORY, "OpenSSL gives no context to check it in");
    else
        err = use_certificates(ctx, library, text, &why);
    ERR_clear_error();
    if (!err)
        err = use_key(ctx, library, text, &why);
    SSL_CTX_free(ctx);
    OSSL_LIB_CTX_free(library);
    ERR_clear_error();
    if (err)
        return devsec_fail(error, err, "the key in slot %u, which serves TLS: %s", slot, why.text);
    return DEVSEC_OK;
}
