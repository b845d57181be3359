/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys as files: made, opened, probed; what was damaged, exchanged or sealed with another device key. */
#include "pki/key_file.h"

#include "seal_fixture.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define BEGIN_LINE "-----BEGIN PUBLIC KEY-----\n"
#define END_LINE   "-----END PUBLIC KEY-----\n"
#define DAMAGED    "the key's file is damaged: "
#define WRONG_KEY                                                                                                      \
    "the private key does not open with this device key: it was sealed with another one, or changed since; bring the " \
    "right device key back, or delete this key"
#define NO_KEY                                                                                                         \
    "the private key is sealed, and the device key that opens it is not there; bring that file back, or delete this "  \
    "key"

/* Which keys are tried; they are generated once. */
enum { P256, OTHER_P256, P384, P521, RSA1024, RSA3072, KEYS };

static EVP_PKEY *keys[KEYS];

static int generate_keys(void **state)
{
    (void)state;
    keys[P256] = EVP_EC_gen("P-256");
    keys[OTHER_P256] = EVP_EC_gen("P-256");
    keys[P384] = EVP_EC_gen("P-384");
    keys[P521] = EVP_EC_gen("P-521");
    keys[RSA1024] = EVP_RSA_gen(1024);
    keys[RSA3072] = EVP_RSA_gen(3072);
    for (size_t i = 0; i < KEYS; i++)
        if (!keys[i])
            return -1;
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++)
        EVP_PKEY_free(keys[i]);
    return 0;
}

static char *make_text(const struct place *place, const EVP_PKEY *key, size_t *length)
{
    struct pki_fault fault = {.cause = PKI_NONE};
    char *text = NULL;

    if (key_file_make(&text, length, key, place->key, &fault) != DEVSEC_OK)
        fail_msg("key_file_make: %s", fault.error.text);
    assert_int_equal(fault.cause, PKI_NONE);
    assert_int_equal(strlen(text), *length);
    return text;
}

/* Neither opened nor probed, unless the trouble is one that probing does not look for; nothing comes out. */
static void assert_refused(const char *text, size_t length, const struct device_key *device_key, enum pki_cause cause,
                           enum devsec_err code, const char *says, bool probes)
{
    struct pki_fault fault = {.cause = PKI_NONE};
    EVP_PKEY *key = NULL;

    assert_int_equal(key_file_open(&key, text, length, device_key, &fault), code);
    assert_null(key);
    assert_int_equal(fault.cause, cause);
    assert_int_equal(fault.error.code, code);
    assert_string_equal(fault.error.text, says);
    fault = (struct pki_fault){.cause = PKI_NONE};
    assert_int_equal(key_file_probe(text, length, device_key, &fault), probes ? DEVSEC_OK : code);
    assert_int_equal(fault.cause, probes ? PKI_NONE : cause);
    if (!probes)
        assert_string_equal(fault.error.text, says);
    assert_int_equal(key_file_open(&key, text, length, device_key, NULL), code);
}

/* ---- There and back ---- */

static void assert_signs(EVP_PKEY *with, EVP_PKEY *checked_by)
{
    static const unsigned char words[] = "words";
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[512];
    size_t length = sizeof(signature);

    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, with), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &length, words, sizeof(words)), 1);
    EVP_MD_CTX_reset(context);
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, checked_by), 1);
    assert_int_equal(EVP_DigestVerify(context, signature, length, words, sizeof(words)), 1);
    EVP_MD_CTX_free(context);
}

static void every_key_comes_back(void **state)
{
    const struct place *place = *state;

    for (size_t i = 0; i < KEYS; i++) {
        struct pki_fault fault = {.cause = PKI_NONE};
        EVP_PKEY *public = NULL;
        EVP_PKEY *private = NULL;
        size_t length = 0;
        char *text = make_text(place, keys[i], &length);
        char *again = make_text(place, keys[i], &length);

        assert_string_not_equal(text, again); /* another nonce */
        assert_int_equal(key_file_probe(text, length, place->key, &fault), DEVSEC_OK);
        assert_int_equal(key_file_public(&public, text, length, &fault), DEVSEC_OK);
        assert_int_equal(EVP_PKEY_eq(public, keys[i]), 1);
        assert_int_equal(key_file_open(&private, text, length, place->key, &fault), DEVSEC_OK);
        assert_int_equal(EVP_PKEY_eq(private, keys[i]), 1);
        assert_signs(private, keys[i]);
        assert_signs(keys[i], public);
        assert_int_equal(fault.cause, PKI_NONE);
        EVP_PKEY_free(private);
        EVP_PKEY_free(public);
        free(again);
        free(text);
    }
}

/* What anybody's tools read of the public half is the key; of the private half nothing stands there. */
static void the_text_shows_the_public_half_alone(void **state)
{
    const struct place *place = *state;
    unsigned char *private = NULL;
    unsigned char *public = NULL;
    const int length = i2d_PrivateKey(keys[P256], &private);
    const int public_length = i2d_PUBKEY(keys[P256], &public);
    char base64[256] = "";
    size_t text_length = 0;
    char *text = make_text(place, keys[P256], &text_length);
    const char *sealed = strstr(text, END_LINE);

    assert_true(length > 0 && public_length > 0);
    assert_memory_equal(text, BEGIN_LINE, strlen(BEGIN_LINE));
    EVP_EncodeBlock((unsigned char *)base64, public, 48); /* the first line of PEM */
    assert_memory_equal(text + strlen(BEGIN_LINE), base64, 64);
    assert_non_null(sealed);
    sealed += strlen(END_LINE);
    assert_memory_equal(sealed, SEAL_PREFIX, PREFIX_SIZE);
    assert_ptr_equal(strchr(sealed, '\n'), text + text_length - 1);
    EVP_EncodeBlock((unsigned char *)base64, private + 6, 30); /* from the octets of the private number */
    assert_null(strstr(text, base64));
    assert_null(memmem(text, text_length, private + 7, 30));
    OPENSSL_clear_free(private, (size_t)length);
    OPENSSL_free(public);
    free(text);
}

static void a_public_key_alone_makes_no_file(void **state)
{
    const struct place *place = *state;
    struct pki_fault fault = {.cause = PKI_NONE};
    unsigned char *der = NULL;
    const int length = i2d_PUBKEY(keys[P256], &der);
    const unsigned char *at = der;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &at, length);
    size_t text_length = 4711;
    char *text = NULL;

    assert_non_null(public);
    assert_int_not_equal(key_file_make(&text, &text_length, public, place->key, &fault), DEVSEC_OK);
    assert_null(text);
    assert_int_equal(text_length, 4711);
    assert_int_equal(fault.cause, PKI_INTERNAL_ERROR);
    assert_non_null(strstr(fault.error.text, "the private key cannot be encoded: "));
    EVP_PKEY_free(public);
    OPENSSL_free(der);
}

/* ---- Other device keys, other keys ---- */

static void another_device_key_opens_nothing(void **state)
{
    const struct place *place = *state;
    struct pki_fault fault = {.cause = PKI_NONE};
    struct device_key *other = NULL;
    EVP_PKEY *public = NULL;
    char path[80];
    size_t length = 0;
    char *text = make_text(place, keys[P256], &length);

    snprintf(path, sizeof(path), "%s/other.key", place->folder);
    assert_int_equal(device_key_create(&other, path, NULL), DEVSEC_OK);
    assert_int_equal(unlink(path), 0);
    assert_refused(text, length, other, PKI_DEVICE_KEY_UNAVAILABLE, DEVSEC_ERR_UNSAFE, WRONG_KEY, false);
    assert_refused(text, length, NULL, PKI_DEVICE_KEY_UNAVAILABLE, DEVSEC_ERR_UNSAFE, NO_KEY, false);
    assert_int_equal(key_file_public(&public, text, length, &fault), DEVSEC_OK); /* needs none */
    EVP_PKEY_free(public);
    device_key_free(other);
    free(text);
}

/* The public half of one text, with the sealed line of another. */
static char *exchange(const char *public, const char *sealed)
{
    const size_t kept = (size_t)(strstr(public, END_LINE) - public) + strlen(END_LINE);
    char *text = NULL;

    assert_true(asprintf(&text, "%.*s%s", (int)kept, public, sealed) > 0);
    return text;
}

static void a_sealed_key_does_not_open_for_another_one(void **state)
{
    const struct place *place = *state;
    size_t length = 0;
    char *one = make_text(place, keys[P256], &length);
    char *other = make_text(place, keys[OTHER_P256], &length);
    char *text = exchange(one, strstr(other, SEAL_PREFIX));

    assert_refused(text, strlen(text), place->key, PKI_DEVICE_KEY_UNAVAILABLE, DEVSEC_ERR_UNSAFE, WRONG_KEY, false);
    free(text);
    free(other);
    free(one);
}

/* Seals for the key of `public_text` what is no private key of it, or none at all. */
static char *forge(const struct place *place, const char *public_text, const EVP_PKEY *of, const void *plain,
                   size_t length)
{
    unsigned char *der = NULL;
    const int der_length = i2d_PUBKEY(of, &der);
    unsigned char digest[32];
    char context[128] = "private-key/";
    char *sealed = NULL;
    char *line = NULL;
    char *text = NULL;

    assert_int_equal(EVP_Digest(der, (size_t)der_length, digest, NULL, EVP_sha256(), NULL), 1);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(context + strlen(context), 3, "%02x", digest[i]);
    sealed = sealed_text(place, context, plain, length);
    assert_true(asprintf(&line, "%s\n", sealed) > 0);
    text = exchange(public_text, line);
    OPENSSL_free(der);
    free(sealed);
    free(line);
    return text;
}

/* Only who has the device key could make such a file; what it holds is looked at all the same. */
static void what_was_sealed_is_looked_at(void **state)
{
    const struct place *place = *state;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(keys[OTHER_P256]);
    unsigned char *der = NULL;
    const int der_length = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    unsigned char longer[512] = {0};
    size_t length = 0;
    char *text = make_text(place, keys[P256], &length);
    char *forged = forge(place, text, keys[P256], der, (size_t)der_length);

    assert_true(der_length > 0 && der_length < (int)sizeof(longer));
    assert_refused(forged, strlen(forged), place->key, PKI_DAMAGED, DEVSEC_ERR_SYNTAX,
                   DAMAGED "its two halves do not belong together", true);
    free(forged);
    forged = forge(place, text, keys[P256], "abc", 3);
    assert_refused(forged, strlen(forged), place->key, PKI_DAMAGED, DEVSEC_ERR_SYNTAX,
                   DAMAGED "its private half is no key", true);
    free(forged);
    memcpy(longer, der, (size_t)der_length);
    forged = forge(place, text, keys[P256], longer, (size_t)der_length + 1);
    assert_refused(forged, strlen(forged), place->key, PKI_DAMAGED, DEVSEC_ERR_SYNTAX,
                   DAMAGED "its private half is no key", true);
    free(forged);
    free(text);
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(info);
}

/* ---- Damage ---- */

static void assert_damaged(const char *text, size_t length, const struct device_key *key, const char *what)
{
    char says[160];

    snprintf(says, sizeof(says), DAMAGED "%s", what);
    assert_refused(text, length, key, PKI_DAMAGED, DEVSEC_ERR_SYNTAX, says, false);
}

static void a_file_of_another_form_is_damaged(void **state)
{
    static const char no_block[] = "its public half is no PEM block";
    static const char no_line[] = "its private half is not one line";
    static const char not_sealed[] = "its private half is not sealed";
    const struct place *place = *state;
    size_t length = 0;
    char *text = make_text(place, keys[P256], &length);
    char *sealed = strstr(text, SEAL_PREFIX);
    char *other = NULL;

    assert_damaged("", 0, place->key, no_block);
    assert_damaged(END_LINE, strlen(END_LINE), place->key, no_block);
    assert_damaged("BEGIN\n" END_LINE, strlen("BEGIN\n" END_LINE), place->key, no_block);
    assert_damaged(BEGIN_LINE END_LINE, strlen(BEGIN_LINE END_LINE), place->key, no_block);
    assert_damaged(sealed, strlen(sealed), place->key, no_block);
    assert_true(asprintf(&other, "\n%s", text) > 0);
    assert_damaged(other, strlen(other), place->key, no_block);
    free(other);
    assert_true(asprintf(&other, BEGIN_LINE "Proc-Type: 4,ENCRYPTED\n\n%s", text + strlen(BEGIN_LINE)) > 0);
    assert_damaged(other, strlen(other), place->key, no_block);
    free(other);

    assert_damaged(text, (size_t)(sealed - text), place->key, no_line);
    assert_damaged(text, length - 1, place->key, no_line);
    other = exchange(text, SEAL_PREFIX "AAAA\n");
    assert_damaged(other, strlen(other), place->key, not_sealed);
    assert_damaged(other, strlen(other) + 1, place->key, no_line); /* with the NUL */
    free(other);
    other = strdup(text);
    other[length - 2] = '\0'; /* a sealed text that seems to end before the line does */
    assert_damaged(other, length, place->key, no_line);
    free(other);
    assert_true(asprintf(&other, "%s\n", text) > 0);
    assert_damaged(other, strlen(other), place->key, not_sealed);
    free(other);
    assert_true(asprintf(&other, "%s%s", text, sealed) > 0);
    assert_damaged(other, strlen(other), place->key, not_sealed);
    free(other);
    other = exchange(text, "-----BEGIN PRIVATE KEY-----\n");
    assert_damaged(other, strlen(other), place->key, not_sealed);
    free(other);
    free(text);
}

static void a_block_that_is_no_key_is_damaged(void **state)
{
    static const char text[] = BEGIN_LINE "AAAA\n" END_LINE;
    const struct place *place = *state;
    struct pki_fault fault = {.cause = PKI_NONE};
    EVP_PKEY *key = NULL;
    size_t length = 0;
    char *good = make_text(place, keys[P256], &length);
    char *bad = exchange(text, strstr(good, SEAL_PREFIX));

    assert_int_equal(key_file_public(&key, bad, strlen(bad), &fault), DEVSEC_ERR_SYNTAX);
    assert_null(key);
    assert_int_equal(fault.cause, PKI_DAMAGED);
    assert_string_equal(fault.error.text, DAMAGED "its public half is no key");
    free(bad);
    free(good);
}

/* Cut anywhere, or with any octet changed, it is refused, or it is the same key all the same (a line break in PEM). */
static void no_damage_makes_another_key(void **state)
{
    const struct place *place = *state;
    size_t length = 0;
    char *text = make_text(place, keys[P256], &length);
    size_t same = 0;

    for (size_t i = 0; i < length; i++) {
        struct pki_fault fault = {.cause = PKI_NONE};
        char *cut = malloc(i ? i : 1); /* of its own size, so that reading behind it is noticed */
        EVP_PKEY *key = NULL;

        memcpy(cut, text, i);
        assert_int_not_equal(key_file_open(&key, cut, i, place->key, &fault), DEVSEC_OK);
        assert_int_equal(fault.cause, PKI_DAMAGED);
        assert_null(key);
        free(cut);

        text[i] ^= 1;
        if (key_file_open(&key, text, length, place->key, &fault) == DEVSEC_OK) {
            assert_int_equal(EVP_PKEY_eq(key, keys[P256]), 1);
            same++;
        }
        EVP_PKEY_free(key);
        text[i] ^= 1;
    }
    assert_true(same <= 3);
    free(text);
}

int main(void)
{
#define WITH_KEY(test) cmocka_unit_test_setup_teardown(test, make_place_with_key, drop_place)
    const struct CMUnitTest tests[] = {
        WITH_KEY(every_key_comes_back),
        WITH_KEY(the_text_shows_the_public_half_alone),
        WITH_KEY(a_public_key_alone_makes_no_file),
        WITH_KEY(another_device_key_opens_nothing),
        WITH_KEY(a_sealed_key_does_not_open_for_another_one),
        WITH_KEY(what_was_sealed_is_looked_at),
        WITH_KEY(a_file_of_another_form_is_damaged),
        WITH_KEY(a_block_that_is_no_key_is_damaged),
        WITH_KEY(no_damage_makes_another_key),
    };

    return cmocka_run_group_tests(tests, generate_keys, free_keys);
}
