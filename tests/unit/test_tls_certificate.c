/* SPDX-License-Identifier: Apache-2.0 */
/* The text with TLS's key and certificate: no trace of the key is left behind, memory may end anywhere, nothing that is
 * not as it should be passes the check. */
#include "alloc_faults.h"
#include "tls_keys.h"
#include "tls_masks.h"

#include "base/text.h"
#include "secret/openssl_memory.h"
#include "tls/tls_certificate.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

static int setup(void **state)
{
    struct tls_keys *keys = calloc(1, sizeof(*keys));

    assert_non_null(keys);
    tls_keys_make(keys);
    *state = keys;
    return 0;
}

static int teardown(void **state)
{
    struct tls_keys *keys = *state;

    tls_keys_drop(keys);
    free(keys);
    return 0;
}

static char *render(const struct tls_keys *keys)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    char *text = NULL;

    if (tls_certificate_render(keys->document, keys->folder, keys->key_file, &text, &error))
        fail_msg("%s", error.text);
    return text;
}

/* As the appliers do. */
static void free_secret(char *text)
{
    secret_free(text, text ? strlen(text) : 0);
}

static void effective_of(struct tls_effective *effective)
{
    const struct tls_policy policy = {.versions = TLS12 | TLS13, .ciphers = AES};
    struct tls_stack stack;

    tls_stack_from_masks(&stack, ALL_V, ALL_C);
    tls_effective_get(effective, &policy, &stack);
}

/* ---- no trace ---- */

#define NEEDLE_MAX    128
#define BASE64_LENGTH 20

/* What the key looks like in memory: a big number as it is encoded and as it is computed with, and base64. */
struct needles {
    unsigned char encoded[NEEDLE_MAX];
    unsigned char native[NEEDLE_MAX];
    char base64[BASE64_LENGTH];
    int length;
};

/* Where to look: a private number, and a line of the PEM block, counted from 0, that begins with octets of such. */
static const struct kind {
    const char *kind;
    const char *number;
    int line;
} kinds[] = {
    {"P-256", OSSL_PKEY_PARAM_PRIV_KEY, 1},
    {"P-521", OSSL_PKEY_PARAM_PRIV_KEY, 1},
    {"RSA-2048", OSSL_PKEY_PARAM_RSA_FACTOR1, 16}, /* the modulus has the first lines */
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void look_for(struct needles *needles, const char *text, const struct kind *kind)
{
    const char begin[] = "-----BEGIN PRIVATE KEY-----\n";
    const char *line = strstr(text, begin) + strlen(begin);
    BIO *bio = BIO_new_mem_buf(text, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIGNUM *secret = NULL;

    assert_true(EVP_PKEY_get_bn_param(key, kind->number, &secret));
    needles->length = BN_num_bytes(secret);
    assert_true(needles->length <= NEEDLE_MAX);
    BN_bn2bin(secret, needles->encoded);
    BN_bn2lebinpad(secret, needles->native, needles->length);
    for (int i = 0; i < kind->line; i++)
        line = strchr(line, '\n') + 1;
    memcpy(needles->base64, line, BASE64_LENGTH);
    BN_clear_free(secret);
    EVP_PKEY_free(key);
    BIO_free(bio);
    alloc_faults.n_needles = 0;
    alloc_faults_needle(needles->encoded, (size_t)needles->length);
    alloc_faults_needle(needles->native, (size_t)needles->length);
    alloc_faults_needle(needles->base64, BASE64_LENGTH);
}

static void test_no_trace_of_the_key(void **state)
{
    struct tls_keys *keys = *state;
    struct tls_effective effective;

    effective_of(&effective);
    for (size_t i = 0; i < N_KINDS; i++) {
        struct devsec_error error = {DEVSEC_OK, ""};
        struct needles needles = {0};
        enum devsec_err err;
        char *copy;
        char *text;

        tls_keys_put_chain(keys, 3, kinds[i].kind);
        tls_keys_assign(keys, 3);
        text = render(keys);
        look_for(&needles, text, &kinds[i]);
        free_secret(text);
        alloc_faults.spilled = 0;
        alloc_faults_arm(SIZE_MAX);
        text = render(keys);
        assert_int_equal(alloc_faults.spilled, 0);
        err = tls_certificate_check(keys->document, &effective, text, &error);
        free_secret(text);
        alloc_faults_disarm();
        assert_int_equal(err, DEVSEC_OK);
        assert_int_equal(alloc_faults.spilled, 0);
        /* The search itself: what is freed with the key in it is found. */
        copy = malloc(NEEDLE_MAX);
        memcpy(copy, needles.encoded, (size_t)needles.length);
        __asm__ volatile("" : : "r"(copy) : "memory"); /* what is freed unread would never be written */
        alloc_faults_arm(SIZE_MAX);
        free(copy);
        alloc_faults_disarm();
        assert_int_equal(alloc_faults.spilled, 1);
    }
    alloc_faults.n_needles = 0;
}

/*
 * Memory ends at one allocation after the other: an error or the whole text, and no trace of the key. Most of them are
 * OpenSSL's, which takes thousands to read a key, so not each of them has its turn.
 */
#define STRIDE 17

static void test_memory_ends_anywhere(void **state)
{
    struct tls_keys *keys = *state;
    struct needles needles = {0};
    size_t failures = 0;
    bool failed = true;
    char *whole;

    tls_keys_put_chain(keys, 3, "P-256");
    tls_keys_assign(keys, 3);
    whole = render(keys);
    look_for(&needles, whole, &kinds[0]);
    alloc_faults.spilled = 0;
    for (size_t left = 0; failed; left += left < 2 * STRIDE ? 1 : STRIDE) {
        struct devsec_error error = {DEVSEC_OK, ""};
        enum devsec_err err;
        char *text = NULL;

        alloc_faults_arm(left);
        err = tls_certificate_render(keys->document, keys->folder, keys->key_file, &text, &error);
        failed = alloc_faults_disarm();
        assert_int_equal(alloc_faults.spilled, 0);
        if (err) {
            assert_null(text);
            assert_int_equal(error.code, err);
            assert_true(error.text[0] != '\0');
            failures++;
        } else {
            assert_string_equal(text, whole);
        }
        free_secret(text);
    }
    assert_true(failures > 20);
    alloc_faults.n_needles = 0;
    free_secret(whole);
}

/* ---- the check ---- */

/* `text` with the first `from` replaced. */
static char *tampered(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    struct text out = {0};

    assert_non_null(at);
    text_append_n(&out, text, (size_t)(at - text));
    text_append(&out, to);
    text_append(&out, at + strlen(from));
    return text_take(&out);
}

#define KEY_IS  "OpenSSL refuses the private key: "
#define LEAF_IS "OpenSSL refuses the certificate: "

static void test_damaged_text_is_refused(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        enum devsec_err expected;
        const char *says;
    } cases[] = {
        {"-----BEGIN PRIVATE KEY-----\nM", "-----BEGIN PRIVATE KEY-----\nA", DEVSEC_ERR_SYNTAX, KEY_IS},
        {"PRIVATE KEY-----\nM", "SECRET-----\nM", DEVSEC_ERR_SYNTAX, LEAF_IS "bad end line"},
        {"-----BEGIN CERTIFICATE-----\nM", "-----BEGIN CERTIFICATE-----\nA", DEVSEC_ERR_SYNTAX, LEAF_IS},
        {"-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nM",
         "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nA", DEVSEC_ERR_SYNTAX,
         "OpenSSL refuses an intermediate certificate: "},
    };
    struct tls_keys *keys = *state;
    struct tls_effective effective;
    char *good;

    tls_keys_put_chain(keys, 3, "P-256");
    tls_keys_assign(keys, 3);
    effective_of(&effective);
    good = render(keys);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct devsec_error error = {DEVSEC_OK, ""};
        char *bad = tampered(good, cases[i].from, cases[i].to);
        const enum devsec_err err = tls_certificate_check(keys->document, &effective, bad, &error);

        if (err != cases[i].expected || !strstr(error.text, cases[i].says))
            fail_msg("case %zu: %d, expected %d: %s", i, (int)err, (int)cases[i].expected, error.text);
        assert_memory_equal(error.text, "the key in slot 3, which serves TLS: ", 37);
        assert_int_equal(ERR_peek_error(), 0);
        free(bad);
    }
    assert_int_equal(tls_certificate_check(keys->document, &effective, good, NULL), DEVSEC_OK);
    assert_int_equal(tls_certificate_check(keys->document, NULL, good, NULL), DEVSEC_OK);
    free(good);
}

/* A key where none is assigned must not lie there; none where one is assigned is no certificate. */
static void test_text_of_another_document(void **state)
{
    struct tls_keys *keys = *state;
    struct devsec_error error = {DEVSEC_OK, ""};
    char *none = render(keys);
    char *some;

    assert_int_equal(tls_certificate_check(keys->document, NULL, none, NULL), DEVSEC_OK);
    tls_keys_put_chain(keys, 3, "P-256");
    tls_keys_assign(keys, 3);
    some = render(keys);
    assert_int_equal(tls_certificate_check(keys->document, NULL, none, &error), DEVSEC_ERR_SYNTAX);
    assert_non_null(strstr(error.text, LEAF_IS "no start line"));
    tls_keys_assign(keys, 0);
    assert_int_equal(tls_certificate_check(keys->document, NULL, some, &error), DEVSEC_ERR_INCONSISTENT);
    assert_string_equal(error.text, "there is a key for TLS, and none is assigned");
    free(none);
    free_secret(some);
}

/* ---- what the file is made of ---- */

static void test_inputs_tell_what_changed(void **state)
{
    struct tls_keys *keys = *state;
    char before[TLS_CERTIFICATE_INPUTS_MAX];
    char now[TLS_CERTIFICATE_INPUTS_MAX];

    tls_certificate_inputs(keys->document, before);
    tls_keys_put_chain(keys, 3, "P-256");
    tls_certificate_inputs(keys->document, now);
    assert_string_equal(now, before);
    tls_keys_assign(keys, 3);
    tls_certificate_inputs(keys->document, now);
    assert_string_not_equal(now, before);
    assert_true(strlen(now) == strlen("3") + 2 * (1 + (MATERIAL_NAME_SIZE - 1))); /* nothing is cut */
    tls_certificate_inputs(keys->document, before);
    keys->document->generation++;
    keys->document->values[SETTING_SMTP_PORT].number = 2525;
    tls_keys_put_chain(keys, 4, "P-256");
    tls_certificate_inputs(keys->document, now);
    assert_string_equal(now, before);
    tls_keys_put_chain(keys, 3, "P-256");
    tls_certificate_inputs(keys->document, now);
    assert_string_not_equal(now, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_trace_of_the_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_ends_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_text_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_of_another_document, setup, teardown),
        cmocka_unit_test_setup_teardown(test_inputs_tell_what_changed, setup, teardown),
    };

    if (!openssl_memory_cleanse()) /* as devsecd and devsecctl do */
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
