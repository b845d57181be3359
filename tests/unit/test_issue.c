/* SPDX-License-Identifier: Apache-2.0 */
/* Self-signed certificates and requests: read back by OpenSSL's own functions, for every kind of key and every hash. */
#include "pki/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NOW ((time_t)1800000000) /* 2027-01-15T08:00:00Z */
#define DAY ((time_t)86400)

/* Texts of literals, which nobody changes. */
#define TEXT(literal) ((char *)(uintptr_t)(literal))

/* One key of each kind, made once for all tests. */
static const struct pki_key_spec kinds[] = {
    {.type = PKI_KEY_RSA, .bits = 1024},
    {.type = PKI_KEY_RSA, .bits = 2048},
    {.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P256},
    {.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P384},
    {.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P521},
};

enum { RSA_1024, RSA_2048, P256, P384, P521 };

static const struct pki_subject subject = {.country = TEXT("DE"),
                                           .organization = TEXT("Beispiel GmbH"),
                                           .common_name = TEXT("mfp.example.com"),
                                           .alt_names = TEXT("mfp, 192.0.2.17")};
static const struct pki_dates no_dates;

static int make_keys(void **state)
{
    EVP_PKEY **keys = calloc(COUNT(kinds), sizeof(EVP_PKEY *));

    assert_non_null(keys);
    for (size_t i = 0; i < COUNT(kinds); i++)
        assert_int_equal(pki_key_generate(&keys[i], &kinds[i], NULL, NULL), DEVSEC_OK);
    *state = keys;
    return 0;
}

static int free_keys(void **state)
{
    EVP_PKEY **keys = *state;

    for (size_t i = 0; i < COUNT(kinds); i++)
        EVP_PKEY_free(keys[i]);
    free(keys);
    return 0;
}

static X509 *self_sign(EVP_PKEY *key, const struct pki_dates *dates, enum pki_hash hash)
{
    struct pki_fault fault = {0};
    X509 *certificate = NULL;

    if (pki_self_sign(&certificate, key, &subject, dates, NOW, hash, &fault))
        fail_msg("%s", fault.error.text);
    return certificate;
}

static bool is_rsa(size_t kind)
{
    return kinds[kind].type == PKI_KEY_RSA;
}

static const int hash_nids[] = {NID_sha1, NID_sha256, NID_sha384, NID_sha512};

static void assert_extension(const X509 *certificate, int nid, bool critical)
{
    const int at = X509_get_ext_by_NID(certificate, nid, -1);

    assert_true(at >= 0);
    assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(certificate, at)), critical);
    assert_int_equal(X509_get_ext_by_NID(certificate, nid, at), -1); /* once */
}

static void assert_alt_names(GENERAL_NAMES *names)
{
    char *text = pki_alt_names_text(names);

    assert_string_equal(text, "DNS:mfp, IP:192.0.2.17, DNS:mfp.example.com");
    free(text);
    GENERAL_NAMES_free(names);
}

static void assert_extensions(X509 *certificate, bool rsa)
{
    assert_int_equal(X509_get_ext_count(certificate), 5);
    assert_extension(certificate, NID_basic_constraints, true);
    assert_extension(certificate, NID_key_usage, true);
    assert_extension(certificate, NID_ext_key_usage, false);
    assert_extension(certificate, NID_subject_key_identifier, false);
    assert_extension(certificate, NID_subject_alt_name, false);
    assert_int_equal(X509_check_ca(certificate), 0);
    assert_int_equal(X509_get_key_usage(certificate), KU_DIGITAL_SIGNATURE | (rsa ? KU_KEY_ENCIPHERMENT : 0));
    assert_int_equal(X509_get_extended_key_usage(certificate), XKU_SSL_SERVER | XKU_SSL_CLIENT);
    assert_int_equal(ASN1_STRING_length(X509_get0_subject_key_id(certificate)), 20);
    assert_alt_names(X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL));
}

/* As a client does that has the certificate among those it trusts, at a moment, for a purpose. */
static int verify(X509 *certificate, time_t when, int purpose, const char *host)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *parameters;
    int result;

    assert_true(X509_STORE_add_cert(store, certificate));
    assert_true(X509_STORE_CTX_init(context, store, certificate, NULL));
    parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, when);
    X509_VERIFY_PARAM_set_auth_level(parameters, 0);
    assert_true(X509_VERIFY_PARAM_set_purpose(parameters, purpose));
    assert_true(X509_VERIFY_PARAM_set1_host(parameters, host, 0));
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    result = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return result;
}

static void test_every_key_signs_with_every_hash(void **state)
{
    EVP_PKEY **keys = *state;

    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        for (size_t hash = 0; hash < COUNT(hash_nids); hash++) {
            X509 *certificate = self_sign(keys[kind], &no_dates, (enum pki_hash)(hash + 1));
            int nid = 0;
            char *text;

            assert_int_equal(X509_get_version(certificate), X509_VERSION_3);
            assert_true(X509_get_signature_info(certificate, &nid, NULL, NULL, NULL));
            assert_int_equal(nid, hash_nids[hash]);
            assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(certificate), keys[kind]), 1);
            text = pki_name_text(X509_get_subject_name(certificate));
            assert_string_equal(text, "CN=mfp.example.com, O=Beispiel GmbH, C=DE");
            free(text);
            assert_int_equal(X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)), 0);
            assert_extensions(certificate, is_rsa(kind));
            assert_int_equal(verify(certificate, NOW, X509_PURPOSE_SSL_SERVER, "mfp.example.com"), X509_V_OK);
            assert_int_equal(verify(certificate, NOW, X509_PURPOSE_SSL_CLIENT, "mfp"), X509_V_OK);
            assert_int_equal(verify(certificate, NOW, X509_PURPOSE_SSL_SERVER, "other.example.com"),
                             X509_V_ERR_HOSTNAME_MISMATCH);
            assert_int_equal(ERR_peek_error(), 0);
            X509_free(certificate);
        }
    }
}

static void test_no_names_no_extension(void **state)
{
    EVP_PKEY **keys = *state;
    const struct pki_subject lobby = {.common_name = TEXT("Lobby printer")};
    X509 *certificate = NULL;

    assert_int_equal(pki_self_sign(&certificate, keys[P256], &lobby, &no_dates, NOW, PKI_HASH_SHA256, NULL), DEVSEC_OK);
    assert_int_equal(X509_get_ext_count(certificate), 4);
    assert_int_equal(X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1), -1);
    X509_free(certificate);
}

/* 16 octets each, positive, and never the same. */
static void test_serial_numbers(void **state)
{
    EVP_PKEY **keys = *state;
    unsigned char seen[1000][16];

    for (size_t i = 0; i < COUNT(seen); i++) { /* one in 128 that is not forced to its length is shorter */
        X509 *certificate = self_sign(keys[P256], &no_dates, PKI_HASH_SHA256);
        const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);

        assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER);
        assert_int_equal(ASN1_STRING_length(serial), 16);
        assert_int_equal(i2d_ASN1_INTEGER(serial, NULL), 2 + 16);
        memcpy(seen[i], ASN1_STRING_get0_data(serial), 16);
        for (size_t other = 0; other < i; other++)
            assert_memory_not_equal(seen[i], seen[other], 16);
        X509_free(certificate);
    }
}

/* ---- dates ---- */

static time_t seconds(const ASN1_TIME *date)
{
    struct tm broken = {0};

    assert_true(ASN1_TIME_to_tm(date, &broken));
    return timegm(&broken);
}

#define END (NOW + PKI_SELF_SIGNED_DAYS * DAY)

static const struct {
    const char *what;
    struct pki_dates dates;
    time_t not_before;
    time_t not_after;
} valid[] = {
    {"the defaults", {0}, NOW, END},
    {"a beginning", {.not_before = NOW + DAY}, NOW + DAY, END + DAY},
    {"an end", {.not_after = NOW + 1}, NOW, NOW + 1},
    {"both", {NOW - DAY, NOW + DAY}, NOW - DAY, NOW + DAY},
    {"1950, which is its own kind of date", {-631152000, -631152000 + 1}, -631152000, -631152000 + 1},
    {"2049 and 2050, which differ in kind", {2524607999, 2524608000}, 2524607999, 2524608000},
    {"the last second", {.not_after = 253402300799}, NOW, 253402300799},
    {"long ago", {NOW - 20 * DAY, NOW - 10 * DAY}, NOW - 20 * DAY, NOW - 10 * DAY},
};

static void test_dates(void **state)
{
    EVP_PKEY **keys = *state;

    for (size_t i = 0; i < COUNT(valid); i++) {
        X509 *certificate = NULL;

        print_message("%s\n", valid[i].what);
        assert_int_equal(pki_dates_check(&valid[i].dates, NOW, NULL), DEVSEC_OK);
        certificate = self_sign(keys[P256], &valid[i].dates, PKI_HASH_SHA256);
        assert_true(seconds(X509_get0_notBefore(certificate)) == valid[i].not_before);
        assert_true(seconds(X509_get0_notAfter(certificate)) == valid[i].not_after);
        /* RFC 5280, 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on. */
        assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(certificate)),
                         valid[i].not_after < 2524608000 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME);
        X509_free(certificate);
    }
}

#define YEARS "validity: a certificate begins in the year 1950 or later and ends before the year 10000"

static const struct {
    struct pki_dates dates;
    const char *says;
} invalid[] = {
    {{NOW, NOW}, "validity: the end, 2027-01-15T08:00:00Z, has to be later than the beginning, 2027-01-15T08:00:00Z"},
    {{NOW, NOW - 1},
     "validity: the end, 2027-01-15T07:59:59Z, has to be later than the beginning, 2027-01-15T08:00:00Z"},
    {{.not_after = NOW},
     "validity: the end, 2027-01-15T08:00:00Z, has to be later than the beginning, 2027-01-15T08:00:00Z"},
    {{.not_before = -631152001}, YEARS},
    {{.not_after = 253402300800}, YEARS},
    {{.not_before = 253402300799 - DAY}, YEARS}, /* its end by default is too late */
};

static void test_bad_dates(void **state)
{
    EVP_PKEY **keys = *state;

    for (size_t i = 0; i < COUNT(invalid); i++) {
        struct pki_fault fault = {0};
        X509 *certificate = NULL;

        assert_int_equal(pki_dates_check(&invalid[i].dates, NOW, &fault), DEVSEC_ERR_INCONSISTENT);
        assert_int_equal(fault.cause, PKI_INVALID_PARAMETER);
        assert_string_equal(fault.error.text, invalid[i].says);
        memset(&fault, 0, sizeof(fault));
        assert_int_equal(
            pki_self_sign(&certificate, keys[P256], &subject, &invalid[i].dates, NOW, PKI_HASH_SHA256, &fault),
            DEVSEC_ERR_INCONSISTENT);
        assert_string_equal(fault.error.text, invalid[i].says);
        assert_null(certificate);
    }
}

/* ---- requests ---- */

/* The one value of an attribute, NULL if there is none. */
static const ASN1_TYPE *attribute(const X509_REQ *request, int nid)
{
    const int at = X509_REQ_get_attr_by_NID(request, nid, -1);
    X509_ATTRIBUTE *found = at < 0 ? NULL : X509_REQ_get_attr(request, at);

    if (!found)
        return NULL;
    assert_int_equal(X509_ATTRIBUTE_count(found), 1);
    return X509_ATTRIBUTE_get0_type(found, 0);
}

static void assert_request(X509_REQ *request, EVP_PKEY *key, bool rsa)
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    ASN1_BIT_STRING *usage = X509V3_get_d2i(extensions, NID_key_usage, NULL, NULL);
    char *text = pki_name_text(X509_REQ_get_subject_name(request));

    assert_int_equal(X509_REQ_get_version(request), X509_REQ_VERSION_1);
    assert_int_equal(X509_REQ_verify(request, key), 1);
    assert_int_equal(EVP_PKEY_eq(X509_REQ_get0_pubkey(request), key), 1);
    assert_string_equal(text, "CN=mfp.example.com, O=Beispiel GmbH, C=DE");
    assert_int_equal(sk_X509_EXTENSION_num(extensions), 2);
    assert_non_null(usage);
    assert_int_equal(ASN1_BIT_STRING_get_bit(usage, 0), 1);
    assert_int_equal(ASN1_BIT_STRING_get_bit(usage, 2), rsa);
    assert_alt_names(X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL));
    ASN1_BIT_STRING_free(usage);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    free(text);
}

static void test_request_of_every_key_and_hash(void **state)
{
    EVP_PKEY **keys = *state;

    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        for (size_t hash = 0; hash < COUNT(hash_nids); hash++) {
            struct pki_fault fault = {0};
            X509_REQ *request = NULL;
            int digest = 0;

            if (pki_request(&request, keys[kind], &subject, NULL, (enum pki_hash)(hash + 1), &fault))
                fail_msg("%s", fault.error.text);
            assert_request(request, keys[kind], is_rsa(kind));
            assert_true(OBJ_find_sigid_algs(X509_REQ_get_signature_nid(request), &digest, NULL));
            assert_int_equal(digest, hash_nids[hash]);
            assert_null(attribute(request, NID_pkcs9_challengePassword));
            assert_int_equal(ERR_peek_error(), 0);
            X509_REQ_free(request);
        }
    }
}

static void test_challenge(void **state)
{
    static const struct {
        const char *challenge;
        int type; /* -1: no attribute */
    } cases[] = {
        {"", -1},
        {"Secret 123", V_ASN1_PRINTABLESTRING},
        {"se*cret", V_ASN1_UTF8STRING}, /* no character of a PrintableString */
        {"geheim-ü", V_ASN1_UTF8STRING},
    };
    EVP_PKEY **keys = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        X509_REQ *request = NULL;
        const ASN1_TYPE *value;

        assert_int_equal(pki_request(&request, keys[P256], &subject, cases[i].challenge, PKI_HASH_SHA256, NULL),
                         DEVSEC_OK);
        assert_request(request, keys[P256], false);
        value = attribute(request, NID_pkcs9_challengePassword);
        if (cases[i].type < 0) {
            assert_null(value);
        } else {
            assert_int_equal(ASN1_TYPE_get(value), cases[i].type);
            assert_int_equal(ASN1_STRING_length(value->value.asn1_string), strlen(cases[i].challenge));
            assert_memory_equal(ASN1_STRING_get0_data(value->value.asn1_string), cases[i].challenge,
                                strlen(cases[i].challenge));
        }
        X509_REQ_free(request);
    }
}

/* A challenge is a secret: what is wrong with it is said, and not what it is. */
static void test_bad_challenge_is_not_quoted(void **state)
{
    EVP_PKEY **keys = *state;
    struct pki_fault fault = {0};
    X509_REQ *request = NULL;

    assert_int_equal(pki_request(&request, keys[P256], &subject, "geheim\xff", PKI_HASH_SHA256, &fault),
                     DEVSEC_ERR_INCONSISTENT);
    assert_null(request);
    assert_int_equal(fault.cause, PKI_INVALID_PARAMETER);
    assert_string_equal(fault.error.text, "challenge password: it is not valid UTF-8");
}

/* ---- what is refused ---- */

static void assert_neither(EVP_PKEY *key, const struct pki_subject *of, enum pki_hash hash, enum pki_cause cause,
                           const char *says)
{
    struct pki_fault fault = {0};
    X509_REQ *request = NULL;
    X509 *certificate = NULL;

    assert_int_not_equal(pki_self_sign(&certificate, key, of, &no_dates, NOW, hash, &fault), DEVSEC_OK);
    assert_null(certificate);
    assert_int_equal(fault.cause, cause);
    assert_memory_equal(fault.error.text, says, strlen(says));
    memset(&fault, 0, sizeof(fault));
    assert_int_not_equal(pki_request(&request, key, of, NULL, hash, &fault), DEVSEC_OK);
    assert_null(request);
    assert_int_equal(fault.cause, cause);
    assert_memory_equal(fault.error.text, says, strlen(says));
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_refusals(void **state)
{
    EVP_PKEY **keys = *state;
    const struct pki_subject nobody = {.organization = TEXT("x")};
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    assert_neither(keys[P256], &nobody, PKI_HASH_SHA256, PKI_INVALID_PARAMETER, "common name: ");
    assert_neither(keys[P256], &subject, (enum pki_hash)5, PKI_INVALID_PARAMETER, "hash: ");
    assert_neither(other, &subject, PKI_HASH_SHA256, PKI_UNSUPPORTED_ALGORITHM, "a key of type ED25519");
    EVP_PKEY_free(other);
}

/* A key that has no private half signs nothing; what OpenSSL says of it comes through. */
static void test_public_key_signs_nothing(void **state)
{
    EVP_PKEY **keys = *state;
    X509 *with_key = self_sign(keys[P256], &no_dates, PKI_HASH_SHA256);
    unsigned char *der = NULL;
    const int length = i2d_PUBKEY(keys[P256], &der);
    const unsigned char *at = der;
    EVP_PKEY *public_key = d2i_PUBKEY(NULL, &at, length);

    assert_neither(public_key, &subject, PKI_HASH_SHA256, PKI_INTERNAL_ERROR, "making a ");
    EVP_PKEY_free(public_key);
    OPENSSL_free(der);
    X509_free(with_key);
}

/* ---- PEM ---- */

static void test_texts_are_read_back(void **state)
{
    EVP_PKEY **keys = *state;
    X509 *leaf = self_sign(keys[P256], &no_dates, PKI_HASH_SHA256);
    X509 *other = self_sign(keys[RSA_2048], &no_dates, PKI_HASH_SHA256);
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509_REQ *request = NULL;
    X509_REQ *request_read;
    size_t length = 0;
    char *text = NULL;
    BIO *bio;

    assert_true(sk_X509_push(chain, other) && sk_X509_push(chain, leaf));
    for (int with_chain = 0; with_chain < 2; with_chain++) {
        assert_int_equal(pki_chain_pem(&text, &length, leaf, with_chain ? chain : NULL, NULL), DEVSEC_OK);
        assert_int_equal(strlen(text), length);
        assert_memory_equal(text, "-----BEGIN CERTIFICATE-----\n", 28);
        bio = BIO_new_mem_buf(text, (int)length);
        for (int i = 0; i < (with_chain ? 3 : 1); i++) {
            X509 *read = PEM_read_bio_X509(bio, NULL, NULL, NULL);

            assert_int_equal(X509_cmp(read, i == 1 ? other : leaf), 0);
            X509_free(read);
        }
        assert_true(BIO_eof(bio));
        BIO_free(bio);
        free(text);
    }
    assert_int_equal(pki_request(&request, keys[P256], &subject, "x", PKI_HASH_SHA256, NULL), DEVSEC_OK);
    assert_int_equal(pki_request_pem(&text, &length, request, NULL), DEVSEC_OK);
    assert_int_equal(strlen(text), length);
    assert_memory_equal(text, "-----BEGIN CERTIFICATE REQUEST-----\n", 36);
    bio = BIO_new_mem_buf(text, (int)length);
    request_read = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    assert_request(request_read, keys[P256], false);
    assert_true(BIO_eof(bio));
    BIO_free(bio);
    free(text);
    X509_REQ_free(request);
    X509_REQ_free(request_read);
    sk_X509_free(chain);
    X509_free(leaf);
    X509_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_signs_with_every_hash),
        cmocka_unit_test(test_no_names_no_extension),
        cmocka_unit_test(test_serial_numbers),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_bad_dates),
        cmocka_unit_test(test_request_of_every_key_and_hash),
        cmocka_unit_test(test_challenge),
        cmocka_unit_test(test_bad_challenge_is_not_quoted),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_public_key_signs_nothing),
        cmocka_unit_test(test_texts_are_read_back),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
