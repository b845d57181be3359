/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any octets as a PKCS#12 file give a key with its certificate, or a clear error. No private key lies
 * in the corpus: files to start from are made when the program starts, with a key that ends with it.
 */
#include "pki/bundle.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD "fuzz"
#define ROUNDS   2

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's own */

/* How the files are encrypted: -1 for not at all. None has a MAC, behind which no change would get. */
static const struct {
    int cipher;
    int key_cipher;
} forms[] = {
    {-1, -1},
    {NID_aes_128_cbc, -1},
    {-1, NID_aes_128_cbc},
    {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And3_Key_TripleDES_CBC},
};

#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

static struct {
    unsigned char *octets;
    size_t length;
} starts[N_FORMS + 1];

static void put_start(size_t i, PKCS12 *file)
{
    const int length = i2d_PKCS12(file, &starts[i].octets);

    if (length <= 0)
        abort();
    starts[i].length = (size_t)length;
    PKCS12_free(file);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *certificate = X509_new();

    (void)argc;
    (void)argv;
    if (!key || !certificate || !X509_gmtime_adj(X509_getm_notBefore(certificate), 0) ||
        !X509_gmtime_adj(X509_getm_notAfter(certificate), 1) || !X509_set_pubkey(certificate, key) ||
        X509_sign(certificate, key, EVP_sha256()) <= 0)
        abort();
    for (size_t i = 0; i < N_FORMS; i++)
        put_start(i, PKCS12_create(PASSWORD, NULL, key, certificate, NULL, forms[i].key_cipher, forms[i].cipher, ROUNDS,
                                   -1, 0));
    put_start(N_FORMS, PKCS12_create(PASSWORD, NULL, key, certificate, NULL, -1, -1, ROUNDS, ROUNDS, 0));
    EVP_PKEY_free(key);
    X509_free(certificate);
    return 0;
}

/* What is no structure at all gets nowhere: such an input begins anew as one of the files. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    const size_t i = seed % (N_FORMS + 1);

    if ((size < 2 || data[0] != 0x30 || seed % 64 == 0) && starts[i].length <= max_size) {
        memcpy(data, starts[i].octets, starts[i].length);
        size = starts[i].length;
    }
    return LLVMFuzzerMutate(data, size, max_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pki_fault fault = {0};
    EVP_PKEY *key = NULL;
    X509 *leaf = NULL;
    STACK_OF(X509) *chain = NULL;
    const enum devsec_err err = pki_pkcs12_read(&key, &leaf, &chain, data, size, PASSWORD, &fault);

    if (err) {
        if (key || leaf || chain || fault.error.code != err || !fault.error.text[0])
            abort();
    } else if (!key || !leaf || !chain || X509_check_private_key(leaf, key) != 1) {
        abort();
    }
    EVP_PKEY_free(key);
    X509_free(leaf);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return 0;
}
