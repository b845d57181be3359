/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: what may be generated, what comes out, giving up, and telling what a key is that somebody else made. */
#include "pki/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define BITS  "key length: an RSA key has 1024 to 8192 bits, a multiple of 8, not "
#define CURVE "curve: an ECDSA key is generated on P-256, P-384 or P-521"
#define HASH  "hash: expected SHA-1, SHA-256, SHA-384 or SHA-512"

static const struct {
    struct pki_key_spec spec;
    int hash;
    const char *says; /* NULL: allowed */
} specs[] = {
    {{.type = PKI_KEY_RSA, .bits = 1024}, PKI_HASH_SHA1, NULL},
    {{.type = PKI_KEY_RSA, .bits = 1024}, PKI_HASH_SHA512, NULL},
    {{.type = PKI_KEY_RSA, .bits = 1032}, PKI_HASH_SHA256, NULL},
    {{.type = PKI_KEY_RSA, .bits = 2048, .curve = PKI_CURVE_OTHER}, PKI_HASH_SHA384, NULL},
    {{.type = PKI_KEY_RSA, .bits = 8192}, PKI_HASH_SHA512, NULL},
    {{.type = PKI_KEY_RSA, .bits = 1016}, PKI_HASH_SHA256, BITS "1016"},
    {{.type = PKI_KEY_RSA, .bits = 1025}, PKI_HASH_SHA256, BITS "1025"},
    {{.type = PKI_KEY_RSA, .bits = 8191}, PKI_HASH_SHA256, BITS "8191"},
    {{.type = PKI_KEY_RSA, .bits = 8200}, PKI_HASH_SHA256, BITS "8200"},
    {{.type = PKI_KEY_RSA, .bits = 0}, PKI_HASH_SHA256, BITS "0"},
    {{.type = PKI_KEY_RSA, .bits = -2048}, PKI_HASH_SHA256, BITS "-2048"},
    {{.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P256}, PKI_HASH_SHA1, NULL},
    {{.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P384, .bits = 3}, PKI_HASH_SHA512, NULL},
    {{.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P521}, PKI_HASH_SHA384, NULL},
    {{.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_OTHER}, PKI_HASH_SHA256, CURVE},
    {{.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_NONE}, PKI_HASH_SHA256, CURVE},
    {{.type = PKI_KEY_ECDSA, .curve = (enum pki_curve)0}, PKI_HASH_SHA256, CURVE},
    {{.type = (enum pki_key_type)0, .bits = 2048}, PKI_HASH_SHA256, "key type: expected RSA or ECDSA"},
    {{.type = (enum pki_key_type)3, .bits = 2048}, PKI_HASH_SHA256, "key type: expected RSA or ECDSA"},
    {{.type = PKI_KEY_RSA, .bits = 2048}, 0, HASH},
    {{.type = PKI_KEY_RSA, .bits = 2048}, 5, HASH},
    {{.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P256}, 5, HASH},
};

static void test_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(specs); i++) {
        struct pki_fault fault = {.cause = PKI_NONE, .error.text = "untouched"};
        const enum devsec_err err = pki_key_spec_check(&specs[i].spec, (enum pki_hash)specs[i].hash, &fault);

        assert_string_equal(fault.error.text, specs[i].says ? specs[i].says : "untouched");
        assert_int_equal(err, specs[i].says ? DEVSEC_ERR_INCONSISTENT : DEVSEC_OK);
        assert_int_equal(fault.cause, specs[i].says ? PKI_INVALID_PARAMETER : PKI_NONE);
    }
}

/* A key that was not generated here can be shorter than that. */
static void test_long_hash_needs_a_long_key(void **state)
{
    const struct pki_key_info short_rsa = {.type = PKI_KEY_RSA, .bits = 1023};
    const struct pki_key_info ecdsa = {.type = PKI_KEY_ECDSA, .bits = 160, .curve = PKI_CURVE_OTHER};
    struct pki_fault fault = {0};

    (void)state;
    assert_int_equal(pki_hash_check(&short_rsa, PKI_HASH_SHA256, &fault), DEVSEC_OK);
    assert_int_equal(pki_hash_check(&short_rsa, PKI_HASH_SHA384, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_int_equal(fault.cause, PKI_INVALID_PARAMETER);
    assert_string_equal(fault.error.text,
                        "hash: SHA-384 and SHA-512 need an RSA key of 1024 bits at least, this one has 1023");
    assert_int_equal(pki_hash_check(&ecdsa, PKI_HASH_SHA512, &fault), DEVSEC_OK);
}

static void test_hashes(void **state)
{
    static const char *const names[] = {"SHA1", "SHA256", "SHA384", "SHA512"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_true(EVP_MD_is_a(pki_hash_md((enum pki_hash)(i + 1)), names[i]));
}

static const struct {
    struct pki_key_spec spec;
    int bits;
    const char *group;
    const char *words;
} generated[] = {
    {{.type = PKI_KEY_RSA, .bits = 1024}, 1024, NULL, "RSA 1024"},
    {{.type = PKI_KEY_RSA, .bits = 1048}, 1048, NULL, "RSA 1048"},
    {{.type = PKI_KEY_RSA, .bits = 2048}, 2048, NULL, "RSA 2048"},
    {{.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P256}, 256, "prime256v1", "ECDSA P-256"},
    {{.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P384}, 384, "secp384r1", "ECDSA P-384"},
    {{.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P521}, 521, "secp521r1", "ECDSA P-521"},
};

static void assert_exponent(const EVP_PKEY *key)
{
    BIGNUM *exponent = NULL;

    assert_true(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent));
    assert_true(BN_is_word(exponent, 65537));
    BN_free(exponent);
}

static void test_generated_key_is_what_was_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(generated); i++) {
        struct pki_fault fault = {0};
        struct pki_key_info info = {0};
        char words[PKI_KEY_WORDS_MAX];
        EVP_PKEY_CTX *context = NULL;
        EVP_PKEY *key = NULL;
        char group[32] = "";

        print_message("%s\n", generated[i].words);
        if (pki_key_generate(&key, &generated[i].spec, NULL, &fault))
            fail_msg("%s", fault.error.text);
        assert_int_equal(pki_key_describe(&info, key, &fault), DEVSEC_OK);
        assert_int_equal(info.type, generated[i].spec.type);
        assert_int_equal(info.bits, generated[i].bits);
        assert_int_equal(info.curve, generated[i].group ? generated[i].spec.curve : PKI_CURVE_NONE);
        pki_key_words(&info, words);
        assert_string_equal(words, generated[i].words);
        if (generated[i].group) {
            assert_true(EVP_PKEY_get_group_name(key, group, sizeof(group), NULL));
            assert_string_equal(group, generated[i].group);
        } else {
            assert_exponent(key);
        }
        context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        assert_int_equal(EVP_PKEY_check(context), 1);
        EVP_PKEY_CTX_free(context);
        EVP_PKEY_free(key);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

static void test_bad_specification_generates_nothing(void **state)
{
    const struct pki_key_spec spec = {.type = PKI_KEY_RSA, .bits = 1000};
    struct pki_fault fault = {0};
    EVP_PKEY *key = NULL;

    (void)state;
    assert_int_equal(pki_key_generate(&key, &spec, NULL, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_int_equal(fault.cause, PKI_INVALID_PARAMETER);
    assert_null(key);
}

/* Counts the steps, and gives up at one of them. */
struct counted {
    unsigned next;
    unsigned last;
};

static bool count(void *context, unsigned step)
{
    struct counted *counted = context;

    assert_int_equal(step, counted->next);
    counted->next++;
    return step < counted->last;
}

static void test_progress_is_told(void **state)
{
    const struct pki_key_spec spec = {.type = PKI_KEY_RSA, .bits = 1024};
    struct counted counted = {.last = UINT32_MAX};
    const struct pki_progress progress = {.step = count, .context = &counted};
    struct pki_fault fault = {0};
    EVP_PKEY *key = NULL;

    (void)state;
    assert_int_equal(pki_key_generate(&key, &spec, &progress, &fault), DEVSEC_OK);
    assert_true(counted.next > 2);
    EVP_PKEY_free(key);
}

/* At the first step, before anything was done, and later on: never a key, and no trace in OpenSSL's error queue. */
static void test_giving_up(void **state)
{
    static const struct {
        struct pki_key_spec spec;
        unsigned last;
    } cases[] = {
        {{.type = PKI_KEY_RSA, .bits = 8192}, 0}, {{.type = PKI_KEY_RSA, .bits = 8192}, 1},
        {{.type = PKI_KEY_RSA, .bits = 8192}, 5}, {{.type = PKI_KEY_RSA, .bits = 1024}, 2},
        {{.type = PKI_KEY_RSA, .bits = 2048}, 3}, {{.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P256}, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct counted counted = {.last = cases[i].last};
        const struct pki_progress progress = {.step = count, .context = &counted};
        struct pki_fault fault = {0};
        EVP_PKEY *key = NULL;

        assert_int_equal(pki_key_generate(&key, &cases[i].spec, &progress, &fault), DEVSEC_ERR_BUSY);
        assert_null(key);
        assert_int_equal(counted.next, cases[i].last + 1); /* nobody is asked again */
        assert_int_equal(fault.cause, PKI_CANCELLED);
        assert_string_equal(fault.error.text, "the generation of the key was given up");
        assert_int_equal(ERR_peek_error(), 0);
    }
}

/* ---- keys of others ---- */

static EVP_PKEY *ec_key(const char *group, const char *encoding)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;

    assert_true(EVP_PKEY_keygen_init(context) > 0);
    assert_true(EVP_PKEY_CTX_set_group_name(context, group) > 0);
    assert_true(EVP_PKEY_generate(context, &key) > 0);
    EVP_PKEY_CTX_free(context);
    assert_true(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, encoding));
    return key;
}

/* The key as a certificate brings it: its public half, through its encoding. */
static EVP_PKEY *through_der(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    const int length = i2d_PUBKEY(key, &der);
    const unsigned char *at = der;
    EVP_PKEY *read = NULL;

    assert_true(length > 0);
    read = d2i_PUBKEY(NULL, &at, length);
    assert_non_null(read);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    return read;
}

static void test_other_curves_are_named(void **state)
{
    static const struct {
        const char *group;
        int bits;
        const char *words;
    } cases[] = {
        {"secp224r1", 224, "ECDSA secp224r1"},
        {"secp256k1", 256, "ECDSA secp256k1"},
        {"brainpoolP384r1", 384, "ECDSA brainpoolP384r1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        EVP_PKEY *key = through_der(ec_key(cases[i].group, "named_curve"));
        struct pki_key_info info = {0};
        char words[PKI_KEY_WORDS_MAX];

        assert_int_equal(pki_key_describe(&info, key, NULL), DEVSEC_OK);
        assert_int_equal(info.type, PKI_KEY_ECDSA);
        assert_int_equal(info.curve, PKI_CURVE_OTHER);
        assert_int_equal(info.bits, cases[i].bits);
        pki_key_words(&info, words);
        assert_string_equal(words, cases[i].words);
        EVP_PKEY_free(key);
    }
}

static void assert_unsupported(EVP_PKEY *key, const char *says)
{
    const struct pki_key_info before = {.type = PKI_KEY_RSA, .bits = 4711};
    struct pki_key_info info = before;
    struct pki_fault fault = {0};

    assert_non_null(key);
    assert_int_equal(pki_key_describe(&info, key, &fault), DEVSEC_ERR_WRONG_VALUE);
    assert_int_equal(fault.cause, PKI_UNSUPPORTED_ALGORITHM);
    assert_string_equal(fault.error.text, says);
    assert_int_equal(info.bits, before.bits);
    assert_int_equal(ERR_peek_error(), 0);
    EVP_PKEY_free(key);
}

/* A public RSA key with a modulus of so many bits, which is all that is looked at. */
static EVP_PKEY *rsa_key(int bits)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *modulus = BN_new();
    EVP_PKEY *key = NULL;
    unsigned char octets[2100];
    unsigned exponent = 65537;
    OSSL_PARAM parameters[3];

    assert_true(BN_set_bit(modulus, bits - 1) && BN_set_bit(modulus, 0));
    assert_true(BN_bn2nativepad(modulus, octets, sizeof(octets)) > 0);
    parameters[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, octets, sizeof(octets));
    parameters[1] = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent);
    parameters[2] = OSSL_PARAM_construct_end();
    assert_true(EVP_PKEY_fromdata_init(context) > 0);
    assert_true(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) > 0);
    EVP_PKEY_CTX_free(context);
    BN_free(modulus);
    return key;
}

static void test_unsupported_keys(void **state)
{
    (void)state;
    assert_unsupported(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
                       "a key of type ED25519 cannot be used: RSA and ECDSA are supported");
    assert_unsupported(EVP_PKEY_Q_keygen(NULL, NULL, "X448"),
                       "a key of type X448 cannot be used: RSA and ECDSA are supported");
    assert_unsupported(through_der(ec_key("prime256v1", "explicit")),
                       "an ECDSA key cannot be used unless it names its curve (RFC 5480)");
    assert_unsupported(rsa_key(511), "an RSA key of 511 bits cannot be used: 512 to 16384 are supported");
    assert_unsupported(rsa_key(16385), "an RSA key of 16385 bits cannot be used: 512 to 16384 are supported");
}

static void test_ends_of_what_is_supported(void **state)
{
    static const int bits[] = {512, 16384};

    (void)state;
    for (size_t i = 0; i < COUNT(bits); i++) {
        EVP_PKEY *key = rsa_key(bits[i]);
        struct pki_key_info info = {0};

        assert_int_equal(pki_key_describe(&info, key, NULL), DEVSEC_OK);
        assert_int_equal(info.type, PKI_KEY_RSA);
        assert_int_equal(info.bits, bits[i]);
        assert_int_equal(info.curve, PKI_CURVE_NONE);
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specification),
        cmocka_unit_test(test_long_hash_needs_a_long_key),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_generated_key_is_what_was_asked_for),
        cmocka_unit_test(test_bad_specification_generates_nothing),
        cmocka_unit_test(test_progress_is_told),
        cmocka_unit_test(test_giving_up),
        cmocka_unit_test(test_other_curves_are_named),
        cmocka_unit_test(test_unsupported_keys),
        cmocka_unit_test(test_ends_of_what_is_supported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
