/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed secrets: they open where they were sealed, as they were, and nowhere else. */
#include "alloc_faults.h"
#include "seal_fixture.h"

#include <openssl/evp.h>

static void every_length_comes_back(void **state)
{
    static const size_t lengths[] = {0, 1, 2, 3, 31, 32, 33, 64, 128, 4095, SEAL_PLAIN_MAX};
    const struct place *place = *state;
    unsigned char *secret = malloc(SEAL_PLAIN_MAX);

    for (size_t i = 0; i < SEAL_PLAIN_MAX; i++)
        secret[i] = (unsigned char)(i * 7);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char *text = sealed_text(place, CONTEXT, secret, lengths[i]);
        char *again = sealed_text(place, CONTEXT, secret, lengths[i]);
        unsigned char *plain = NULL;
        size_t length = 0;

        assert_int_equal(strlen(text), SEAL_TEXT_LENGTH(lengths[i]));
        assert_string_not_equal(text, again); /* a nonce of its own */
        assert_true(seal_is_sealed(text));
        for (size_t at = 0; text[at]; at++)
            assert_true(text[at] > ' ' && text[at] <= '~');
        assert_int_equal(unseal(place->key, CONTEXT, text, &plain, &length, NULL), DEVSEC_OK);
        assert_int_equal(length, lengths[i]);
        assert_memory_equal(plain, secret, length);
        assert_int_equal(plain[length], '\0');
        secret_free(plain, length);
        free(text);
        free(again);
    }
    free(secret);
}

static void too_long_a_secret_is_refused(void **state)
{
    const struct place *place = *state;
    struct devsec_error error = {0};
    char *secret = calloc(1, SEAL_PLAIN_MAX + 1);
    char *text = NULL;

    assert_int_equal(seal(place->key, CONTEXT, secret, SEAL_PLAIN_MAX + 1, &text, &error), DEVSEC_ERR_WRONG_LENGTH);
    assert_string_equal(error.text, "a secret of 8193 octets cannot be sealed; expected 8192 at most");
    assert_null(text);
    free(secret);
}

/* Made by another implementation, octet by octet as seal.h says: what was sealed once opens for good. */
static void the_format_is_what_it_was(void **state)
{
    static const struct {
        const char *context;
        const char *text;
        const char *secret;
    } known[] = {
        {CONTEXT, "sealed1:ZGVmZ2hpamtsbW5vJ2u7CFmaM+1fDzpFs9OphF4Qcv4X/cOxi+c7", "open sesame"},
        {"", "sealed1:MjM0NTY3ODk6Ozw90MtOTia2B4R7J9uBJidAtA==", ""},
    };
    struct place *place = *state;
    unsigned char octets[32];

    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (unsigned char)i;
    put_file(place->path, octets, sizeof(octets), 0600);
    assert_int_equal(device_key_open(&place->key, place->path, NULL), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(known); i++) {
        unsigned char *plain = NULL;
        size_t length = 0;

        assert_int_equal(unseal(place->key, known[i].context, known[i].text, &plain, &length, NULL), DEVSEC_OK);
        assert_int_equal(length, strlen(known[i].secret));
        assert_string_equal((const char *)plain, known[i].secret);
        secret_free(plain, length);
    }
}

static bool is_digit_of_base64(char c)
{
    return c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c);
}

/* What a text with one octet changed must come to: the code follows from whether it still has the form. */
static enum devsec_err code_of_change(const char *text, size_t at)
{
    const size_t last_quad = strlen(text) >= 4 ? strlen(text) - 4 : 0;

    if (at < PREFIX_SIZE)
        return DEVSEC_ERR_SYNTAX;
    if (at < last_quad)
        return is_digit_of_base64(text[at]) ? DEVSEC_ERR_UNSAFE : DEVSEC_ERR_SYNTAX;
    return seal_is_sealed(text) ? DEVSEC_ERR_UNSAFE : DEVSEC_ERR_SYNTAX; /* where '=' has a meaning, too */
}

static void no_bit_of_the_text_can_be_changed(void **state)
{
    const struct place *place = *state;

    for (size_t length = 30; length <= 32; length++) { /* two, one and no '=' at the end */
        char *text = sealed_text(place, CONTEXT, "0123456789abcdef0123456789ABCDEF", length);
        const size_t size = strlen(text);

        assert_open(place->key, CONTEXT, text, DEVSEC_OK);
        for (size_t bit = 0; bit < size * 8; bit++) {
            text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
            assert_open(place->key, CONTEXT, text, code_of_change(text, bit / 8));
            text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        }
        assert_open(place->key, CONTEXT, text, DEVSEC_OK);
        free(text);
    }
}

/* Of nonce, cipher text and tag: the text around them stays in form, so that only the tag can tell. */
static void no_bit_of_what_is_sealed_can_be_changed(void **state)
{
    const struct place *place = *state;
    char *text = sealed_text(place, CONTEXT, "0123456789abcdef0123456789ABCDEF", 32);
    unsigned char octets[SEAL_NONCE_SIZE + 32 + SEAL_TAG_SIZE];

    assert_int_equal(EVP_DecodeBlock(octets, (unsigned char *)text + PREFIX_SIZE, (int)strlen(text + PREFIX_SIZE)),
                     sizeof(octets));
    for (size_t bit = 0; bit < sizeof(octets) * 8; bit++) {
        octets[bit / 8] ^= (unsigned char)(1u << bit % 8);
        EVP_EncodeBlock((unsigned char *)text + PREFIX_SIZE, octets, sizeof(octets));
        assert_true(seal_is_sealed(text));
        assert_open(place->key, CONTEXT, text, DEVSEC_ERR_UNSAFE);
        octets[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    free(text);
}

static void a_text_cut_or_grown_anywhere_does_not_open(void **state)
{
    const struct place *place = *state;
    char *text = sealed_text(place, CONTEXT, "secret", 6);
    const size_t size = strlen(text);
    char longer[128];

    for (size_t length = 0; length < size; length++) {
        snprintf(longer, sizeof(longer), "%.*s", (int)length, text);
        assert_open(place->key, CONTEXT, longer, seal_is_sealed(longer) ? DEVSEC_ERR_UNSAFE : DEVSEC_ERR_SYNTAX);
        snprintf(longer, sizeof(longer), "%s", text + size - length);
        assert_open(place->key, CONTEXT, longer, DEVSEC_ERR_SYNTAX);
    }
    snprintf(longer, sizeof(longer), "%sAAAA", text);
    assert_open(place->key, CONTEXT, longer, seal_is_sealed(longer) ? DEVSEC_ERR_UNSAFE : DEVSEC_ERR_SYNTAX);
    snprintf(longer, sizeof(longer), "%s\n", text);
    assert_open(place->key, CONTEXT, longer, DEVSEC_ERR_SYNTAX);
    snprintf(longer, sizeof(longer), " %s", text);
    assert_open(place->key, CONTEXT, longer, DEVSEC_ERR_SYNTAX);
    free(text);
}

static const struct {
    const char *text;
    bool sealed;
} forms[] = {
    {"", false},
    {"sealed1:", false},
    {"open sesame", false},
    {"sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", true},  /* 28 octets: a secret of none */
    {"sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},     /* 27 */
    {"sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", true},  /* 29 */
    {"sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", true},  /* 30 */
    {"sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB==", false}, /* bits behind the end that are not 0 */
    {"sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", false},
    {"sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA===", false},
    {"sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false}, /* no padding */
    {"sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
    {"sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", false},
    {"sealed1:AAAA AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
    {"sealed1:AAAA=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
    {"sealed1:AAAA-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false}, /* base64url */
    {"sealed2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
    {"Sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
    {"sealed1", false},
};

static void forms_are_told_apart(void **state)
{
    const struct place *place = *state;
    char *longest = malloc(SEAL_TEXT_LENGTH(SEAL_PLAIN_MAX + 2) + 1);

    for (size_t i = 0; i < COUNT(forms); i++) {
        if (seal_is_sealed(forms[i].text) != forms[i].sealed)
            fail_msg("\"%s\"", forms[i].text);
        assert_open(place->key, CONTEXT, forms[i].text, forms[i].sealed ? DEVSEC_ERR_UNSAFE : DEVSEC_ERR_SYNTAX);
    }
    assert_int_equal(SEAL_TEXT_LENGTH(SEAL_PLAIN_MAX), SEAL_TEXT_LENGTH(SEAL_PLAIN_MAX - 2));
    memset(longest, 'A', SEAL_TEXT_LENGTH(SEAL_PLAIN_MAX + 1));
    memcpy(longest, SEAL_PREFIX, PREFIX_SIZE);
    longest[SEAL_TEXT_LENGTH(SEAL_PLAIN_MAX)] = '\0';
    assert_true(seal_is_sealed(longest));
    longest[SEAL_TEXT_LENGTH(SEAL_PLAIN_MAX)] = 'A';
    longest[SEAL_TEXT_LENGTH(SEAL_PLAIN_MAX + 1)] = '\0';
    assert_false(seal_is_sealed(longest));
    free(longest);
}

static void it_opens_in_its_own_context_only(void **state)
{
    static const char *const others[] = {"", "administrators/bob/keys", "administrators/alice/key",
                                         "administrators/alice/keys/", "Administrators/alice/keys"};
    const struct place *place = *state;
    char *text = sealed_text(place, CONTEXT, "secret", 6);
    char *nowhere = sealed_text(place, "", "secret", 6);

    for (size_t i = 0; i < COUNT(others); i++)
        assert_open(place->key, others[i], text, DEVSEC_ERR_UNSAFE);
    assert_open(place->key, CONTEXT, text, DEVSEC_OK);
    assert_open(place->key, "", nowhere, DEVSEC_OK);
    assert_open(place->key, CONTEXT, nowhere, DEVSEC_ERR_UNSAFE);
    free(text);
    free(nowhere);
}

static void it_opens_with_its_own_key_only(void **state)
{
    struct place *place = *state;
    char *text = sealed_text(place, CONTEXT, "secret", 6);
    struct device_key *other = NULL;
    struct device_key *same = NULL;

    assert_int_equal(device_key_open(&same, place->path, NULL), DEVSEC_OK);
    assert_open(same, CONTEXT, text, DEVSEC_OK);
    device_key_free(same);
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(device_key_create(&other, place->path, NULL), DEVSEC_OK);
    assert_open(other, CONTEXT, text, DEVSEC_ERR_UNSAFE);
    assert_open(place->key, CONTEXT, text, DEVSEC_OK);
    device_key_free(other);
    free(text);
}

/* ---- Memory ---- */

static void secrets_are_cleansed(void **state)
{
    const struct place *place = *state;
    char *text = sealed_text(place, CONTEXT, "0123456789abcdef", 16);
    struct device_key *key = NULL;
    unsigned char *plain = NULL;
    size_t length = 0;

    assert_int_equal(unseal(place->key, CONTEXT, text, &plain, &length, NULL), DEVSEC_OK);
    alloc_faults_watch((const char *)plain, length);
    secret_free(plain, length);
    assert_null(alloc_faults.watched);
    assert_true(alloc_faults.cleansed);
    assert_int_equal(device_key_open(&key, place->path, NULL), DEVSEC_OK);
    alloc_faults_watch((const char *)key, 32);
    device_key_free(key);
    assert_null(alloc_faults.watched);
    assert_true(alloc_faults.cleansed);
    free(text);
}

/* Opens the key, seals and opens, while the n-th allocation fails. */
static enum devsec_err work(const struct place *place, struct device_key **key, char **text, unsigned char **plain)
{
    struct devsec_error error = {0};
    size_t length = 0;
    enum devsec_err err = device_key_create(key, place->path, &error);

    if (!err)
        err = seal(*key, CONTEXT, "secret", 6, text, &error);
    if (!err)
        err = unseal(*key, CONTEXT, *text, plain, &length, &error);
    assert_int_equal(error.code, err);
    return err;
}

static void lack_of_memory_loses_nothing(void **state)
{
    const struct place *place = *state;
    bool failed = true;

    free(sealed_text(place, CONTEXT, "secret", 6)); /* libcrypto has set itself up */
    for (size_t n = 0; failed; n++) {
        struct device_key *key = NULL;
        unsigned char *plain = NULL;
        char *text = NULL;
        enum devsec_err err;

        alloc_faults_arm(n);
        err = work(place, &key, &text, &plain);
        failed = alloc_faults_disarm();
        if (err && err != DEVSEC_ERR_MEMORY)
            fail_msg("allocation %zu: %d", n, err);
        assert_true(failed || !err); /* libcrypto can do without some */
        assert_false(plain && err);
        device_key_free(key);
        secret_free(plain, plain ? 6 : 0);
        free(text);
    }
}

int main(void)
{
#define WITH_KEY(test) cmocka_unit_test_setup_teardown(test, make_place_with_key, drop_place)
#define WITHOUT(test)  cmocka_unit_test_setup_teardown(test, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        WITH_KEY(every_length_comes_back),
        WITH_KEY(too_long_a_secret_is_refused),
        WITHOUT(the_format_is_what_it_was),
        WITH_KEY(no_bit_of_the_text_can_be_changed),
        WITH_KEY(no_bit_of_what_is_sealed_can_be_changed),
        WITH_KEY(a_text_cut_or_grown_anywhere_does_not_open),
        WITH_KEY(forms_are_told_apart),
        WITH_KEY(it_opens_in_its_own_context_only),
        WITH_KEY(it_opens_with_its_own_key_only),
        WITH_KEY(secrets_are_cleansed),
        WITH_KEY(lack_of_memory_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
