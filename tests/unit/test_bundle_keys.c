/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys in uploads: refused in every form, whole and cut, wherever they are. */
#include "bundle_fixture.h"

#include <openssl/bio.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#define SENTENCE "a private key was given, and nothing of it was read"

/* First lines, and last ones, of what holds a key. */
static const char *const lines[] = {
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN EC PRIVATE KEY-----",
    "-----BEGIN DSA PRIVATE KEY-----",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "-----BEGIN ANY PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    "-----BEGIN PKCS12-----",
    "-----BEGIN RSA PRIVATE KEY",
    "  -----BEGIN PRIVATE KEY-----",
    "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
    "-----END RSA PRIVATE KEY-----",
    "-----END PRIVATE KEY",
    "PuTTY-User-Key-File-2: ssh-rsa",
};

/* Where in the upload. */
static const char *const places[] = {"#",           "#\n",     "#\nMIIE\n",         "@1#\nMIIE\n",
                                     "#\n@1",       "@1\n@2#", "@1#\r\nMIIE\r\n@2", "comment\r#\rMIIE\r",
                                     "garbage\n#\n"};

static void a_line_is_enough(void **state)
{
    char *layout = malloc(TEXT_MAX);
    char *text = malloc(TEXT_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        for (size_t j = 0; j < COUNT(places); j++) {
            const size_t before = strcspn(places[j], "#");

            snprintf(layout, TEXT_MAX, "%.*s%s%s", (int)before, places[j], lines[i], places[j] + before + 1);
            fill(text, layout);
            assert_text_refused(text, PKI_PRIVATE_KEY_IN_UPLOAD, SENTENCE);
        }
    }
    free(layout);
    free(text);
}

static void talk_of_private_keys_is_none(void **state)
{
    X509 *const expected[] = {leaf.certificate, middle.certificate};
    char *text = malloc(TEXT_MAX);

    (void)state;
    fill(text, "friendlyName: MY PRIVATE KEY\n@1the private key stays on the device\nPKCS12\n@2");
    assert_reads(text, strlen(text), expected, 2);
    free(text);
}

/* ---- DER ---- */

/* What keys are written as: structure and cipher as OpenSSL names them. */
static const struct {
    const char *key;
    const char *structure;
    const char *cipher;
} encodings[] = {
    {"P-256", "PrivateKeyInfo", NULL},
    {"P-256", "type-specific", NULL},
    {"P-256", "EncryptedPrivateKeyInfo", "AES-256-CBC"},
    {"P-521", "PrivateKeyInfo", NULL},
    {"P-521", "type-specific", NULL},
    {"RSA-1024", "PrivateKeyInfo", NULL},
    {"RSA-1024", "type-specific", NULL},
    {"RSA-1024", "EncryptedPrivateKeyInfo", "AES-128-CBC"},
    {"ED25519", "PrivateKeyInfo", NULL},
};

static unsigned char *encode(size_t i, size_t *length)
{
    EVP_PKEY *key = ca_key(encodings[i].key);
    OSSL_ENCODER_CTX *encoder =
        OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_KEYPAIR, "DER", encodings[i].structure, NULL);
    unsigned char *octets = NULL;

    *length = 0;
    if (encodings[i].cipher) {
        assert_true(OSSL_ENCODER_CTX_set_cipher(encoder, encodings[i].cipher, NULL));
        assert_true(OSSL_ENCODER_CTX_set_passphrase(encoder, (const unsigned char *)"pass", 4));
    }
    assert_true(OSSL_ENCODER_to_data(encoder, &octets, length));
    OSSL_ENCODER_CTX_free(encoder);
    EVP_PKEY_free(key);
    return octets;
}

/* From how many octets on a structure shows what it is. */
#define SHOWN 32

static void der_of_every_kind_is_a_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(encodings); i++) {
        size_t length = 0;
        unsigned char *octets = encode(i, &length);
        char *text = ca_pem_block("CERTIFICATE", octets, length);
        unsigned char *longer = calloc(1, length + 1);

        memcpy(longer, octets, length);
        assert_refused(octets, length, PKI_PRIVATE_KEY_IN_UPLOAD, SENTENCE);
        assert_refused(longer, length + 1, PKI_PRIVATE_KEY_IN_UPLOAD, SENTENCE);
        /* Under a wrong label, and cut. */
        assert_text_refused(text, PKI_PRIVATE_KEY_IN_UPLOAD, SENTENCE);
        for (size_t cut = length / 2 + SHOWN; cut < length; cut += 7)
            assert_refused(octets, cut, PKI_PRIVATE_KEY_IN_UPLOAD, SENTENCE);
        OPENSSL_clear_free(octets, length);
        free(longer);
        free(text);
    }
}

static void pkcs12_is_a_key(void **state)
{
    PKCS12 *file = PKCS12_create("pass", NULL, leaf.key, leaf.certificate, NULL, 0, 0, 1, 1, 0);
    unsigned char *octets = NULL;
    const int length = i2d_PKCS12(file, &octets);
    char *text;

    (void)state;
    assert_true(length > 0);
    text = ca_pem_block("CERTIFICATE", octets, (size_t)length);
    assert_refused(octets, (size_t)length, PKI_PRIVATE_KEY_IN_UPLOAD, SENTENCE);
    assert_refused(octets, (size_t)length / 2, PKI_PRIVATE_KEY_IN_UPLOAD, SENTENCE);
    assert_text_refused(text, PKI_PRIVATE_KEY_IN_UPLOAD, SENTENCE);
    free(text);
    OPENSSL_free(octets);
    PKCS12_free(file);
}

/* Even where the upload would be too large for anything else. */
static void a_key_counts_before_the_size(void **state)
{
    char *text = malloc(2 * PKI_BUNDLE_OCTETS_MAX);

    (void)state;
    memset(text, '\n', 2 * PKI_BUNDLE_OCTETS_MAX);
    memcpy(text + 2 * PKI_BUNDLE_OCTETS_MAX - strlen(lines[0]), lines[0], strlen(lines[0]));
    assert_refused(text, 2 * PKI_BUNDLE_OCTETS_MAX, PKI_PRIVATE_KEY_IN_UPLOAD, SENTENCE);
    free(text);
}

/* Nothing of the key is told. */
static void the_refusal_is_the_same_for_every_key(void **state)
{
    struct pki_fault first = {0};
    struct pki_fault second = {0};
    STACK_OF(X509) *got = NULL;
    size_t length = 0;
    unsigned char *octets = encode(0, &length);

    (void)state;
    assert_int_equal(pki_bundle_read(&got, octets, length, &first), DEVSEC_ERR_UNSAFE);
    assert_int_equal(pki_bundle_read(&got, (const unsigned char *)lines[1], strlen(lines[1]), &second),
                     DEVSEC_ERR_UNSAFE);
    assert_memory_equal(&first, &second, sizeof(first));
    assert_null(got);
    OPENSSL_clear_free(octets, length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_enough),
        cmocka_unit_test(talk_of_private_keys_is_none),
        cmocka_unit_test(der_of_every_kind_is_a_key),
        cmocka_unit_test(pkcs12_is_a_key),
        cmocka_unit_test(a_key_counts_before_the_size),
        cmocka_unit_test(the_refusal_is_the_same_for_every_key),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
