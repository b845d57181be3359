/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing and opening texts with AES-256-GCM; see seal.h for the contract. */
#include "secret/seal.h"

#include "device_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define OVERHEAD     (SEAL_NONCE_SIZE + SEAL_TAG_SIZE)
#define PREFIX_SIZE  (sizeof(SEAL_PREFIX) - 1)
#define BASE64_QUAD  4
#define BASE64_BYTES 3
#define LENGTH_SIZE  8

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Which digits may stand before so many '=': those whose bits behind the last octet are 0 (RFC 4648, 3.5). */
static const char *const last_digits[] = {base64_digits, "AEIMQUYcgkosw048", "AQgw"};

static void context_free(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}

/* ---- The text's form ---- */

/* How many octets a text seals, without nonce and tag; false if it is not a sealed text in its one spelling. */
static bool sealed_length(const char *text, size_t *length)
{
    const char *payload = NULL;
    size_t digits;
    size_t pads;
    size_t octets;

    if (strncmp(text, SEAL_PREFIX, PREFIX_SIZE) != 0)
        return false;
    payload = text + PREFIX_SIZE;
    digits = strspn(payload, base64_digits);
    pads = strspn(payload + digits, "=");
    if (payload[digits + pads] != '\0' || pads > 2 || digits == 0 || (digits + pads) % BASE64_QUAD != 0 ||
        !strchr(last_digits[pads], payload[digits - 1]))
        return false;
    octets = (digits + pads) / BASE64_QUAD * BASE64_BYTES - pads;
    if (octets < OVERHEAD || octets > OVERHEAD + SEAL_PLAIN_MAX)
        return false;
    *length = octets - OVERHEAD;
    return true;
}

int seal_is_sealed(const char *text)
{
    size_t length = 0;

    return sealed_length(text, &length);
}

/* ---- The cipher ---- */

/* An attacker's octets are never the reason here, and libcrypto does not always tell which of the two it is. */
static enum devsec_err fail_cipher(struct devsec_error *error)
{
    ERR_clear_error();
    return devsec_fail(error, DEVSEC_ERR_MEMORY,
                       "AES-256-GCM does not work here: out of memory, or OpenSSL's configuration is without it");
}

/* The length of the context before it: with the version, what is authenticated can be read in one way only. */
static bool authenticate(EVP_CIPHER_CTX *cipher, const char *context)
{
    const size_t length = strlen(context);
    unsigned char octets[LENGTH_SIZE];
    int unused = 0;

    for (size_t i = 0; i < LENGTH_SIZE; i++)
        octets[i] = (unsigned char)((uint64_t)length >> (8 * (LENGTH_SIZE - 1 - i)));
    return length <= INT32_MAX &&
           EVP_CipherUpdate(cipher, NULL, &unused, (const unsigned char *)SEAL_PREFIX, (int)PREFIX_SIZE) == 1 &&
           EVP_CipherUpdate(cipher, NULL, &unused, octets, LENGTH_SIZE) == 1 &&
           (!length || EVP_CipherUpdate(cipher, NULL, &unused, (const unsigned char *)context, (int)length) == 1);
}

/* Ready for the text itself: key and nonce set, context authenticated. NULL: fail_cipher. */
static EVP_CIPHER_CTX *cipher_new(const struct device_key *key, const unsigned char *nonce, const char *context,
                                  int sealing)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();

    if (cipher && EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->octets, nonce, sealing) == 1 &&
        authenticate(cipher, context))
        return cipher;
    EVP_CIPHER_CTX_free(cipher);
    return NULL;
}

/* Seals into `octets`: nonce, cipher text, tag. */
static enum devsec_err seal_octets(const struct device_key *key, const char *context, const void *plain, size_t length,
                                   unsigned char *octets, struct devsec_error *error)
{
    __attribute__((cleanup(context_free))) EVP_CIPHER_CTX *cipher = NULL;
    unsigned char *text = octets + SEAL_NONCE_SIZE;
    int put = 0;

    if (!secret_random(octets, SEAL_NONCE_SIZE))
        return devsec_fail_errno(error, "cannot get random numbers for a secret");
    cipher = cipher_new(key, octets, context, 1);
    if (!cipher || (length && EVP_CipherUpdate(cipher, text, &put, plain, (int)length) != 1) ||
        EVP_CipherFinal_ex(cipher, text + put, &put) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_SIZE, text + length) != 1)
        return fail_cipher(error);
    return DEVSEC_OK;
}

/* The reverse, of `length` octets of cipher text; what was made of it is not to be used on failure. */
static enum devsec_err unseal_octets(const struct device_key *key, const char *context, unsigned char *octets,
                                     size_t length, unsigned char *plain, struct devsec_error *error)
{
    __attribute__((cleanup(context_free))) EVP_CIPHER_CTX *cipher = NULL;
    unsigned char *text = octets + SEAL_NONCE_SIZE;
    int put = 0;

    cipher = cipher_new(key, octets, context, 0);
    if (!cipher || (length && EVP_CipherUpdate(cipher, plain, &put, text, (int)length) != 1) ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_SIZE, text + length) != 1)
        return fail_cipher(error);
    if (EVP_CipherFinal_ex(cipher, plain + put, &put) == 1)
        return DEVSEC_OK;
    ERR_clear_error();
    return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                       "a sealed secret does not open: it was sealed with another device key, for another place, or "
                       "changed since; set it anew");
}

/* ---- Texts ---- */

enum devsec_err seal(const struct device_key *key, const char *context, const void *plain, size_t length, char **sealed,
                     struct devsec_error *error)
{
    unsigned char *octets = NULL;
    char *text = NULL;
    enum devsec_err err;

    if (length > SEAL_PLAIN_MAX)
        return devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH,
                           "a secret of %zu octets cannot be sealed; expected %d at most", length, SEAL_PLAIN_MAX);
    octets = malloc(OVERHEAD + length);
    text = malloc(SEAL_TEXT_LENGTH(length) + 1);
    if (!octets || !text) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for a secret");
        goto out;
    }
    err = seal_octets(key, context, plain, length, octets, error);
    if (err)
        goto out;
    memcpy(text, SEAL_PREFIX, PREFIX_SIZE);
    EVP_EncodeBlock((unsigned char *)text + PREFIX_SIZE, octets, (int)(OVERHEAD + length));
    *sealed = text;
    text = NULL;
out:
    free(octets);
    free(text);
    return err;
}

enum devsec_err unseal(const struct device_key *key, const char *context, const char *sealed, unsigned char **plain,
                       size_t *length, struct devsec_error *error)
{
    unsigned char *octets = NULL;
    unsigned char *opened = NULL;
    size_t expected = 0;
    enum devsec_err err;

    if (!sealed_length(sealed, &expected))
        return devsec_fail(error, DEVSEC_ERR_SYNTAX,
                           "a sealed secret is not of the form \"" SEAL_PREFIX "...\"; set it "
                           "anew");
    octets = malloc(OVERHEAD + expected + BASE64_BYTES); /* the padding decodes to octets, too */
    opened = malloc(expected + 1);
    if (!octets || !opened) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for a secret");
        goto out;
    }
    EVP_DecodeBlock(octets, (const unsigned char *)sealed + PREFIX_SIZE, (int)strlen(sealed + PREFIX_SIZE));
    err = unseal_octets(key, context, octets, expected, opened, error);
    if (err)
        goto out;
    opened[expected] = '\0';
    *plain = opened;
    *length = expected;
    opened = NULL;
out:
    free(octets);
    secret_free(opened, expected + 1);
    return err;
}
