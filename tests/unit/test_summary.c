/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries of certificates and requests: texts, dates at the ends of time, weaknesses. */
#include "pki/summary.h"

#include "ca_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static EVP_PKEY *p256;
static EVP_PKEY *rsa1024;
static EVP_PKEY *rsa2048;

static int make(void **state)
{
    (void)state;
    p256 = ca_key("P-256");
    rsa1024 = ca_key("RSA-1024");
    rsa2048 = ca_key("RSA-2048");
    return 0;
}

static int drop(void **state)
{
    (void)state;
    EVP_PKEY_free(p256);
    EVP_PKEY_free(rsa1024);
    EVP_PKEY_free(rsa2048);
    return 0;
}

static void summarize(struct pki_summary *to, X509 *certificate)
{
    struct pki_fault fault = {0};

    if (pki_summary_of_certificate(to, certificate, &fault))
        fail_msg("%s", fault.error.text);
    assert_int_equal(ERR_peek_error(), 0);
}

/* Takes the certificate; expects the text of a fault, and a summary that is left alone. */
static void assert_refused(X509 *certificate, enum pki_cause cause, const char *text)
{
    struct pki_summary summary = {.weakness = 4711};
    struct pki_fault fault = {0};

    assert_int_not_equal(pki_summary_of_certificate(&summary, certificate, &fault), DEVSEC_OK);
    if (fault.cause != cause || !strstr(fault.error.text, text))
        fail_msg("expected %d, \"%s\"; got %d, \"%s\"", cause, text, fault.cause, fault.error.text);
    assert_int_equal(summary.weakness, 4711);
    assert_null(summary.subject);
    assert_int_equal(ERR_peek_error(), 0);
    X509_free(certificate);
}

/* ---- All of it ---- */

static void a_certificate_is_summarized(void **state)
{
    const struct ca_spec spec = {.common_name = "mfp-17.example",
                                 .organization = "Example",
                                 .alt_names = "DNS:mfp-17.example,IP:192.0.2.17,IP:2001:db8::17",
                                 .serial = 0x4fa210};
    struct ca root = ca_root("Root");
    X509 *certificate = ca_certify(&spec, rsa2048, &root);
    struct pki_summary summary = {0};
    unsigned char expected[PKI_FINGERPRINT_SIZE];
    size_t length = 0;
    unsigned char *der = ca_der(certificate, &length);

    (void)state;
    summarize(&summary, certificate);
    assert_int_equal(summary.key.type, PKI_KEY_RSA);
    assert_int_equal(summary.key.bits, 2048);
    assert_int_equal(summary.key.curve, PKI_CURVE_NONE);
    assert_string_equal(summary.signature_algorithm, "ecdsa-with-SHA256");
    assert_string_equal(summary.subject, "CN=mfp-17.example, O=Example");
    assert_string_equal(summary.alt_names, "DNS:mfp-17.example, IP:192.0.2.17, IP:2001:db8::17");
    assert_string_equal(summary.issuer, "CN=Root");
    assert_string_equal(summary.serial_number, "4F:A2:10");
    assert_int_equal(summary.not_before, CA_NOW - CA_DAY);
    assert_int_equal(summary.not_after, CA_NOW + 365 * CA_DAY);
    SHA256(der, length, expected);
    assert_memory_equal(summary.fingerprint, expected, sizeof(expected));
    assert_int_equal(summary.weakness, 0);
    pki_summary_clear(&summary);
    assert_null(summary.subject);
    pki_summary_clear(&summary);
    free(der);
    X509_free(certificate);
    ca_free(&root);
}

static void an_empty_certificate_has_empty_texts(void **state)
{
    const struct ca_spec spec = {.no_key_ids = true};
    X509 *certificate = ca_certify(&spec, p256, NULL);
    struct pki_summary summary = {0};

    (void)state;
    summarize(&summary, certificate);
    assert_string_equal(summary.subject, "");
    assert_string_equal(summary.alt_names, "");
    assert_string_equal(summary.issuer, "");
    assert_int_equal(summary.key.curve, PKI_CURVE_P256);
    pki_summary_clear(&summary);
    X509_free(certificate);
}

static void a_request_is_summarized(void **state)
{
    X509_REQ *request = X509_REQ_new();
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    X509_EXTENSION *names = X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, "DNS:a.example");
    const unsigned char zeros[PKI_FINGERPRINT_SIZE] = {0};
    struct pki_summary summary = {0};

    (void)state;
    assert_true(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8,
                                           (const unsigned char *)"a", -1, -1, 0));
    assert_true(X509v3_add_ext(&extensions, names, -1) && X509_REQ_add_extensions(request, extensions));
    assert_true(X509_REQ_set_pubkey(request, rsa1024) && X509_REQ_sign(request, rsa1024, EVP_sha1()) > 0);
    assert_int_equal(pki_summary_of_request(&summary, request, NULL), DEVSEC_OK);
    assert_int_equal(summary.key.bits, 1024);
    assert_string_equal(summary.signature_algorithm, "sha1WithRSAEncryption");
    assert_string_equal(summary.subject, "CN=a");
    assert_string_equal(summary.alt_names, "DNS:a.example");
    assert_string_equal(summary.issuer, "");
    assert_string_equal(summary.serial_number, "");
    assert_int_equal(summary.not_before, 0);
    assert_int_equal(summary.not_after, 0);
    assert_memory_equal(summary.fingerprint, zeros, sizeof(zeros));
    assert_int_equal(summary.weakness, PKI_WEAK_SHORT_KEY | PKI_WEAK_HASH);
    pki_summary_clear(&summary);
    X509_EXTENSION_free(names);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(request);
}

/* ---- Numbers and names ---- */

static const struct {
    const char *hex;
    const char *text;
} serials[] = {
    {"00", "00"},
    {"01", "01"},
    {"7F", "7F"},
    {"FF", "FF"},
    {"0100", "01:00"},
    {"-4F", "-4F"},
    {"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF:FF"},
};

static void serial_numbers_are_written_by_octets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(serials); i++) {
        const struct ca_spec spec = {.common_name = "a"};
        X509 *certificate = ca_certify(&spec, p256, NULL);
        struct pki_summary summary = {0};
        BIGNUM *serial = NULL;

        assert_true(BN_hex2bn(&serial, serials[i].hex));
        assert_non_null(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)));
        summarize(&summary, certificate);
        assert_string_equal(summary.serial_number, serials[i].text);
        pki_summary_clear(&summary);
        BN_free(serial);
        X509_free(certificate);
    }
}

/* What would harm a terminal or end a string is visible in the summary, whatever the type it came in. */
static const struct {
    int type;
    const char *octets;
    int length;
    const char *hidden; /* must not be there as it is */
} names[] = {
    {V_ASN1_UTF8STRING, "a\0b", 3, NULL},
    {V_ASN1_UTF8STRING, "a\x1b[2Jb", 6, "\x1b"},
    {V_ASN1_UTF8STRING, "a\nb", 3, "\n"},
    {V_ASN1_UTF8STRING,
     "a\xff\xfe"
     "b",
     4, "\xff"},
    {V_ASN1_PRINTABLESTRING,
     "a\x9b"
     "b",
     3, "\x9b"},
    {V_ASN1_T61STRING,
     "a\x9b"
     "b",
     3, "\x9b"},
    {V_ASN1_BMPSTRING, "\0a\xd8\0\0b", 6, "\xed"},
    {V_ASN1_BMPSTRING, "\0a\0b\0", 5, NULL},
    {V_ASN1_UTF8STRING,
     "a\xe2\x80\xae"
     "b",
     5, "\xe2\x80\xae"},
};

static void harmful_names_are_made_visible(void **state)
{
    size_t shown = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct ca_spec spec = {.organization = "Example"};
        X509 *certificate = ca_certify(&spec, p256, NULL);
        X509_NAME *name = X509_NAME_dup(X509_get_subject_name(certificate));
        struct pki_summary summary = {0};

        /* Some, OpenSSL itself does not take. */
        if (X509_NAME_add_entry_by_NID(name, NID_commonName, names[i].type, (const unsigned char *)names[i].octets,
                                       names[i].length, -1, 0) &&
            X509_set_subject_name(certificate, name)) {
            summarize(&summary, certificate);
            /* Behind whatever it is, the rest is still there. */
            assert_non_null(strstr(summary.subject, "CN="));
            assert_non_null(strstr(summary.subject, "O=Example"));
            if (names[i].hidden)
                assert_null(strstr(summary.subject, names[i].hidden));
            pki_summary_clear(&summary);
            shown++;
        }
        ERR_clear_error();
        X509_NAME_free(name);
        X509_free(certificate);
    }
    assert_true(shown >= 6);
}

static void a_malformed_alternative_name_is_refused(void **state)
{
    const struct ca_extension extensions[] = {{"2.5.29.17", "DER:0500"}, {NULL, NULL}};
    const struct ca_spec spec = {.common_name = "a", .extensions = extensions};

    (void)state;
    assert_refused(ca_certify(&spec, p256, NULL), PKI_CERTIFICATE_UNUSABLE, "the subjectAltName is malformed");
}

static void an_unknown_key_is_refused(void **state)
{
    const struct ca_spec spec = {.common_name = "a"};
    EVP_PKEY *key = ca_key("ED25519");

    (void)state;
    assert_refused(ca_certify(&spec, key, NULL), PKI_UNSUPPORTED_ALGORITHM, "");
    EVP_PKEY_free(key);
}

/* ---- Dates ---- */

static const struct {
    int type;
    const char *text;
    long long seconds; /* INT64_MIN: no time */
} dates[] = {
    {V_ASN1_UTCTIME, "700101000001Z", 1},
    {V_ASN1_UTCTIME, "700101000000Z", -1}, /* moved from 0, which means none */
    {V_ASN1_UTCTIME, "691231235959Z", -1},
    {V_ASN1_UTCTIME, "500101000000Z", -631152000},
    {V_ASN1_UTCTIME, "491231235959Z", 2524607999},
    {V_ASN1_UTCTIME, "380119031408Z", 2147483648},
    {V_ASN1_GENERALIZEDTIME, "20500101000000Z", 2524608000},
    {V_ASN1_GENERALIZEDTIME, "99991231235959Z", 253402300799},
    {V_ASN1_GENERALIZEDTIME, "19010101000000Z", -2177452800},
    {V_ASN1_GENERALIZEDTIME, "00000101000000Z", -62167219200},
    {V_ASN1_UTCTIME, "270115080000+0100", 1799996400},
    {V_ASN1_UTCTIME, "270115080060Z", INT64_MIN},
    {V_ASN1_UTCTIME, "270230080000Z", INT64_MIN},
    {V_ASN1_UTCTIME, "27011508", INT64_MIN},
    {V_ASN1_UTCTIME, "", INT64_MIN},
    {V_ASN1_UTCTIME, "garbage", INT64_MIN},
    {V_ASN1_GENERALIZEDTIME, "270115080000Z", INT64_MIN},
    {V_ASN1_OCTET_STRING, "270115080000Z", INT64_MIN},
};

static void dates_reach_over_all_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(dates); i++) {
        const struct ca_spec spec = {.common_name = "a"};
        X509 *certificate = ca_certify(&spec, p256, NULL);
        ASN1_TIME *end = X509_getm_notAfter(certificate);
        struct pki_summary summary = {0};

        assert_true(ASN1_STRING_set(end, dates[i].text, -1));
        end->type = dates[i].type;
        if (dates[i].seconds == INT64_MIN) {
            assert_refused(certificate, PKI_CERTIFICATE_UNUSABLE, "the certificate's dates are not times");
            continue;
        }
        summarize(&summary, certificate);
        if (summary.not_after != dates[i].seconds)
            fail_msg("%s: %lld", dates[i].text, (long long)summary.not_after);
        pki_summary_clear(&summary);
        X509_free(certificate);
    }
}

static const struct {
    time_t not_before;
    time_t not_after;
    time_t now;
    unsigned warning_days;
    enum pki_validity validity;
} validities[] = {
    {100, 200, 99, 0, PKI_NOT_YET_VALID},  {100, 200, 100, 0, PKI_VALID},
    {100, 200, 199, 0, PKI_VALID},         {100, 200, 200, 0, PKI_EXPIRING},
    {100, 200, 201, 0, PKI_EXPIRED},       {100, 100 + 86400, 100, 1, PKI_EXPIRING},
    {100, 101 + 86400, 100, 1, PKI_VALID}, {100, 101 + 86400, 99, 3650, PKI_NOT_YET_VALID},
    {-200, -100, -150, 0, PKI_VALID},      {-200, -1, 0, 0, PKI_EXPIRED},
    {0, 0, 0, 30, PKI_NO_CERTIFICATE},     {100, 253402300799, 100, UINT32_MAX, PKI_EXPIRING},
    {200, 100, 150, 0, PKI_EXPIRED},
};

static void validity_goes_by_the_second(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(validities); i++)
        assert_int_equal(pki_validity(validities[i].not_before, validities[i].not_after, validities[i].now,
                                      validities[i].warning_days),
                         validities[i].validity);
}

/* ---- Weakness ---- */

static uint32_t weakness_of(const char *kind, EVP_PKEY *key, const char *hash)
{
    const struct ca_spec spec = {.common_name = "a", .hash = hash};
    EVP_PKEY *made = kind ? ca_key(kind) : NULL;
    X509 *certificate = ca_certify(&spec, made ? made : key, NULL);
    struct pki_summary summary = {0};
    uint32_t weakness;

    summarize(&summary, certificate);
    weakness = summary.weakness;
    pki_summary_clear(&summary);
    X509_free(certificate);
    EVP_PKEY_free(made);
    return weakness;
}

static void weaknesses_are_told(void **state)
{
    (void)state;
    assert_int_equal(weakness_of(NULL, rsa2048, "SHA256"), 0);
    assert_int_equal(weakness_of(NULL, rsa2048, "SHA384"), 0);
    assert_int_equal(weakness_of(NULL, rsa2048, "SHA1"), PKI_WEAK_HASH);
    assert_int_equal(weakness_of(NULL, rsa2048, "MD5"), PKI_WEAK_HASH);
    assert_int_equal(weakness_of(NULL, rsa1024, "SHA256"), PKI_WEAK_SHORT_KEY);
    assert_int_equal(weakness_of(NULL, p256, "SHA1"), PKI_WEAK_HASH);
    assert_int_equal(weakness_of("P-192", NULL, "SHA256"), PKI_WEAK_SHORT_KEY);
    assert_int_equal(weakness_of("P-224", NULL, "SHA256"), 0);
}

/* The hash of RSASSA-PSS is in the parameters of the signature. */
static void pss_tells_its_hash(void **state)
{
    static const struct {
        const char *hash;
        uint32_t weakness;
    } hashes[] = {{"SHA1", PKI_WEAK_HASH}, {"SHA256", 0}, {"SHA512", 0}};

    (void)state;
    for (size_t i = 0; i < COUNT(hashes); i++) {
        const struct ca_spec spec = {.common_name = "a"};
        X509 *certificate = ca_certify(&spec, rsa2048, NULL);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *signing = NULL;
        struct pki_summary summary = {0};

        assert_true(EVP_DigestSignInit(context, &signing, EVP_get_digestbyname(hashes[i].hash), NULL, rsa2048));
        assert_true(EVP_PKEY_CTX_set_rsa_padding(signing, RSA_PKCS1_PSS_PADDING));
        assert_true(X509_sign_ctx(certificate, context) > 0);
        summarize(&summary, certificate);
        assert_string_equal(summary.signature_algorithm, "rsassaPss");
        assert_int_equal(summary.weakness, hashes[i].weakness);
        pki_summary_clear(&summary);
        EVP_MD_CTX_free(context);
        X509_free(certificate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_summarized),
        cmocka_unit_test(an_empty_certificate_has_empty_texts),
        cmocka_unit_test(a_request_is_summarized),
        cmocka_unit_test(serial_numbers_are_written_by_octets),
        cmocka_unit_test(harmful_names_are_made_visible),
        cmocka_unit_test(a_malformed_alternative_name_is_refused),
        cmocka_unit_test(an_unknown_key_is_refused),
        cmocka_unit_test(dates_reach_over_all_time),
        cmocka_unit_test(validity_goes_by_the_second),
        cmocka_unit_test(weaknesses_are_told),
        cmocka_unit_test(pss_tells_its_hash),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
