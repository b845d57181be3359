/* SPDX-License-Identifier: Apache-2.0 */
/* The protocols' table, and keys by OpenSSL's hash functions; see usm.h for the contract. */
#include "admin/usm.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define EXPANDED_OCTETS 1048576 /* RFC 3414, A.2: the password is repeated to this many octets */

const struct usm_auth usm_auths[] = {
    {"SHA-256", "SHA256", 32, false}, {"SHA-384", "SHA384", 48, false}, {"SHA-512", "SHA512", 64, false},
    {"SHA-224", "SHA224", 28, false}, {"SHA-1", "SHA1", 20, false},     {"MD5", "MD5", 16, true},
};
const size_t usm_auth_count = sizeof(usm_auths) / sizeof(usm_auths[0]);

/* The second half of a DES key is the pre-IV (RFC 3414, 8.2.1). */
const struct usm_priv usm_privs[] = {
    {"AES-128", "AES", 16, false},
    {"AES-192", "AES-192", 24, false},
    {"AES-256", "AES-256", 32, false},
    {"DES", "DES", 16, true},
};
const size_t usm_priv_count = sizeof(usm_privs) / sizeof(usm_privs[0]);

/* As net-snmp's tools write what has another name here. */
static const struct {
    const char *spelling;
    const char *name;
} spellings[] = {
    {"SHA", "SHA-1"},      {"SHA1", "SHA-1"},  {"SHA224", "SHA-224"}, {"SHA256", "SHA-256"}, {"SHA384", "SHA-384"},
    {"SHA512", "SHA-512"}, {"AES", "AES-128"}, {"AES128", "AES-128"}, {"AES192", "AES-192"}, {"AES256", "AES-256"},
};

static const char *name_of(const char *word)
{
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        if (strcasecmp(spellings[i].spelling, word) == 0)
            return spellings[i].name;
    }
    return word;
}

const struct usm_auth *usm_auth_find(const char *name)
{
    name = name_of(name);
    for (size_t i = 0; i < usm_auth_count; i++) {
        if (strcasecmp(usm_auths[i].name, name) == 0)
            return &usm_auths[i];
    }
    return NULL;
}

const struct usm_priv *usm_priv_find(const char *name)
{
    name = name_of(name);
    for (size_t i = 0; i < usm_priv_count; i++) {
        if (strcasecmp(usm_privs[i].name, name) == 0)
            return &usm_privs[i];
    }
    return NULL;
}

enum devsec_err usm_pair_check(const struct usm_auth *auth, const struct usm_priv *priv, struct devsec_error *error)
{
    if (priv->length <= auth->length)
        return DEVSEC_OK;
    return devsec_fail(error, DEVSEC_ERR_INCONSISTENT,
                       "%s needs a key of %zu octets and %s yields %zu; implementations stretch it in different ways "
                       "and do not understand each other; take %s with SHA-256 or longer, or AES-128",
                       priv->name, priv->length, auth->name, auth->length, priv->name);
}

static void free_md(EVP_MD **md)
{
    EVP_MD_free(*md);
}

static void free_md_ctx(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx); /* cleanses its state */
}

static enum devsec_err hash_failed(const struct usm_auth *auth, struct devsec_error *error)
{
    return devsec_fail(error, DEVSEC_ERR_INTERNAL,
                       "cannot make a key: OpenSSL does not offer %s here; choose another authentication protocol",
                       auth->name);
}

/* Whole copies of the password go through the hash function, and the beginning of one at the end. */
static bool hash_expanded(EVP_MD_CTX *ctx, const char *password, size_t length)
{
    size_t left = EXPANDED_OCTETS;

    while (left > 0) {
        const size_t n = length < left ? length : left;

        if (EVP_DigestUpdate(ctx, password, n) != 1)
            return false;
        left -= n;
    }
    return true;
}

enum devsec_err usm_master_key(const struct usm_auth *auth, const char *password, size_t length,
                               unsigned char key[USM_KEY_MAX], struct devsec_error *error)
{
    __attribute__((cleanup(free_md))) EVP_MD *md = EVP_MD_fetch(NULL, auth->digest, NULL);
    __attribute__((cleanup(free_md_ctx))) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (length == 0)
        return devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH, "a key cannot be made of an empty password");
    if (!ctx)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    if (!md || EVP_DigestInit_ex2(ctx, md, NULL) != 1 || !hash_expanded(ctx, password, length) ||
        EVP_DigestFinal_ex(ctx, key, NULL) != 1)
        return hash_failed(auth, error);
    return DEVSEC_OK;
}

enum devsec_err usm_localize_key(const struct usm_auth *auth, const unsigned char master[USM_KEY_MAX],
                                 const unsigned char *engine, size_t engine_length,
                                 unsigned char localized[USM_KEY_MAX], struct devsec_error *error)
{
    __attribute__((cleanup(free_md))) EVP_MD *md = EVP_MD_fetch(NULL, auth->digest, NULL);
    __attribute__((cleanup(free_md_ctx))) EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (!ctx)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    if (!md || EVP_DigestInit_ex2(ctx, md, NULL) != 1 || EVP_DigestUpdate(ctx, master, auth->length) != 1 ||
        EVP_DigestUpdate(ctx, engine, engine_length) != 1 || EVP_DigestUpdate(ctx, master, auth->length) != 1 ||
        EVP_DigestFinal_ex(ctx, localized, NULL) != 1)
        return hash_failed(auth, error);
    return DEVSEC_OK;
}

void usm_hex(char *to, const unsigned char *octets, size_t length)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < length; i++) {
        *to++ = digits[octets[i] >> 4];
        *to++ = digits[octets[i] & 0xf];
    }
    *to = '\0';
}

static int digit_value(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = digit ? strchr(digits, digit | 0x20) : NULL;

    /* 0x20 turns letters into small ones, and some that are no digits into digits. */
    if (!at || (at - digits < 10 && *at != digit))
        return -1;
    return (int)(at - digits);
}

bool usm_unhex(const char *text, unsigned char *octets, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const int high = digit_value(text[2 * i]);
        const int low = high < 0 ? -1 : digit_value(text[2 * i + 1]);

        if (low < 0)
            return false;
        octets[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool all_are(const struct usm_engine *engine, unsigned char octet)
{
    for (size_t i = 0; i < engine->length; i++) {
        if (engine->octets[i] != octet)
            return false;
    }
    return true;
}

enum devsec_err usm_engine_parse(const char *text, struct usm_engine *engine, struct devsec_error *error)
{
    struct usm_engine read = {.length = 0};
    const char *digits = strncasecmp(text, "0x", 2) == 0 ? text + 2 : text;
    const size_t count = strlen(digits);

    read.length = count / 2;
    if (count % 2 != 0 || read.length < USM_ENGINE_MIN || read.length > USM_ENGINE_MAX ||
        !usm_unhex(digits, read.octets, read.length))
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE,
                           "expected an engine ID of %d to %d octets in hexadecimal, such as 80001f8804aabbccdd",
                           USM_ENGINE_MIN, USM_ENGINE_MAX);
    if (all_are(&read, 0x00) || all_are(&read, 0xff))
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE,
                           "an engine ID of nothing but zeros or ones is not allowed (RFC 3411, SnmpEngineID)");
    *engine = read;
    return DEVSEC_OK;
}
