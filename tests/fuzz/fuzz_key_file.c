/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: any octets as a private key's file, in place of parts of one, or sealed in one, give the key that
 * was sealed or a clear error. */
#include "pki/key_file.h"
#include "secret/device_key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SIZE 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* No secret: whatever opens was sealed by this very program. */
static const struct device_key device_key = {{1, 2, 3, 4}};

/* Nor is this: PKCS#8 (RFC 5208) with an ECPrivateKey (RFC 5915) on P-256, the number 42. */
static const unsigned char pkcs8[] = {
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04,
    0x20, 0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    42,
};

static EVP_PKEY *key;
static char *good; /* its file */
static size_t good_length;
static char context[sizeof("private-key/") + (size_t)2 * DIGEST_SIZE];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const unsigned char *at = pkcs8;
    unsigned char *spki = NULL;
    unsigned char digest[DIGEST_SIZE];
    int length;

    (void)argc;
    (void)argv;
    key = d2i_AutoPrivateKey(NULL, &at, sizeof(pkcs8));
    if (!key || key_file_make(&good, &good_length, key, &device_key, NULL))
        abort();
    length = i2d_PUBKEY(key, &spki);
    if (length <= 0 || EVP_Digest(spki, (size_t)length, digest, NULL, EVP_sha256(), NULL) != 1)
        abort();
    OPENSSL_free(spki);
    memcpy(context, "private-key/", sizeof("private-key/"));
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        snprintf(context + strlen(context), 3, "%02x", digest[i]);
    return 0;
}

static void assert_said(enum devsec_err err, const struct pki_fault *fault)
{
    if (err ? fault->error.code != err || !fault->error.text[0] || fault->cause == PKI_NONE : fault->cause != PKI_NONE)
        abort();
}

static void open_text(const char *text, size_t length)
{
    struct pki_fault faults[3] = {{.cause = PKI_NONE}, {.cause = PKI_NONE}, {.cause = PKI_NONE}};
    EVP_PKEY *public = NULL;
    EVP_PKEY *private = NULL;
    const enum devsec_err shown = key_file_public(&public, text, length, &faults[0]);
    const enum devsec_err probed = key_file_probe(text, length, &device_key, &faults[1]);
    const enum devsec_err opened = key_file_open(&private, text, length, &device_key, &faults[2]);

    assert_said(shown, &faults[0]);
    assert_said(probed, &faults[1]);
    assert_said(opened, &faults[2]);
    if ((shown == DEVSEC_OK) != (public != NULL) || (opened == DEVSEC_OK) != (private != NULL))
        abort();
    /* What opens is what was sealed, and the other two had nothing against it. */
    if (private && (shown || probed || EVP_PKEY_eq(private, key) != 1))
        abort();
    EVP_PKEY_free(private);
    EVP_PKEY_free(public);
}

/* The good file with these octets in place of some of its own. */
static void open_patched(const uint8_t *data, size_t size)
{
    const size_t at = (size_t)(data[0] << 8 | data[1]) % good_length;
    const size_t count = size - 2 < good_length - at ? size - 2 : good_length - at;
    char *text = malloc(good_length);

    if (!text)
        abort();
    memcpy(text, good, good_length);
    memcpy(text + at, data + 2, count);
    open_text(text, good_length);
    free(text);
}

/* The good file with these octets sealed in it. */
static void open_sealed(const uint8_t *data, size_t size)
{
    const char *line = strstr(good, SEAL_PREFIX);
    char *sealed = NULL;
    char *text = NULL;
    int length;

    if (seal(&device_key, context, data, size, &sealed, NULL))
        abort();
    length = asprintf(&text, "%.*s%s\n", (int)(line - good), good, sealed);
    if (length < 0)
        abort();
    open_text(text, (size_t)length);
    free(text);
    free(sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    open_text((const char *)data, size);
    if (size > 2)
        open_patched(data, size);
    if (size <= SEAL_PLAIN_MAX)
        open_sealed(data, size);
    return 0;
}
