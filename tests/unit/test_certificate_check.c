/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificates will do as the device's own, and which as a trusted CA's. */
#include "pki/bundle.h"

#include "ca_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static EVP_PKEY *key;

static int make(void **state)
{
    (void)state;
    key = ca_key("P-256");
    return 0;
}

static int drop(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

typedef enum devsec_err check_function(X509 *certificate, time_t now, struct pki_fault *fault);

/* Takes the certificate. A NULL text: no fault. */
static void assert_checked(check_function *check, X509 *certificate, enum pki_cause cause, const char *text)
{
    struct pki_fault fault = {0};
    const enum devsec_err err = check(certificate, CA_NOW, &fault);

    if (!text) {
        if (err)
            fail_msg("%s", fault.error.text);
        assert_int_equal(fault.error.code, 0);
    } else if (!err || fault.cause != cause || strcmp(fault.error.text, text) != 0) {
        fail_msg("expected %d, \"%s\"; got %d, \"%s\"", cause, text, fault.cause, fault.error.text);
    }
    assert_int_equal(check(certificate, CA_NOW, NULL), err);
    assert_int_equal(ERR_peek_error(), 0);
    X509_free(certificate);
}

/* ---- The device's own ---- */

static const struct {
    struct ca_spec spec;
    enum pki_cause cause;
    const char *text;
} own[] = {
    {{.common_name = "a"}, PKI_NONE, NULL},
    {{.common_name = "a", .version1 = true}, PKI_NONE, NULL},
    {{.organization = "no common name", .alt_names = "DNS:a.example,IP:192.0.2.1"}, PKI_NONE, NULL},
    {{.common_name = "Geräte", .basic_constraints = "critical,CA:FALSE", .hash = "SHA1"}, PKI_NONE, NULL},
    {{.common_name = "a", .not_after = CA_NOW}, PKI_NONE, NULL},  /* its last second */
    {{.common_name = "a", .not_before = CA_NOW}, PKI_NONE, NULL}, /* its first */
    {{.common_name = "a", .not_after = CA_NOW - 1},
     PKI_CERTIFICATE_EXPIRED,
     "the certificate of 'CN=a' expired on 2027-01-15T07:59:59Z; the device's clock says 2027-01-15T08:00:00Z"},
    {{.common_name = "a", .not_before = CA_NOW + 1},
     PKI_CERTIFICATE_NOT_YET_VALID,
     "the certificate of 'CN=a' is valid from 2027-01-15T08:00:01Z; the device's clock says 2027-01-15T08:00:00Z"},
    {{.common_name = "a", .basic_constraints = "CA:TRUE"},
     PKI_CERTIFICATE_UNUSABLE,
     "the certificate of 'CN=a' is that of a CA (basicConstraints CA:TRUE); expected the device's own"},
};

static void own_certificates_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(own); i++)
        assert_checked(pki_certificate_check, ca_certify(&own[i].spec, key, NULL), own[i].cause, own[i].text);
}

/* A common name of any type and octets; NULL where OpenSSL itself does not take it. */
static X509 *with_common_name(int type, const char *octets, int length)
{
    const struct ca_spec spec = {.organization = "o"};
    X509 *certificate = ca_certify(&spec, key, NULL);
    X509_NAME *name = X509_NAME_dup(X509_get_subject_name(certificate));

    if (X509_NAME_add_entry_by_NID(name, NID_commonName, type, (const unsigned char *)octets, length, -1, 0) &&
        X509_set_subject_name(certificate, name)) {
        ca_sign_again(certificate, key);
    } else {
        X509_free(certificate);
        certificate = NULL;
        ERR_clear_error();
    }
    X509_NAME_free(name);
    return certificate;
}

#define BAD_CN "the common name in the certificate's subject has a NUL in it or is malformed text"

static const struct {
    int type;
    const char *octets;
    int length;
    bool fine;
} common_names[] = {
    {V_ASN1_UTF8STRING, "a.example\0.evil", 15, false},
    {V_ASN1_PRINTABLESTRING, "a\0b", 3, false},
    {V_ASN1_UTF8STRING, "a\xff", 2, false},
    {V_ASN1_UTF8STRING, "\xed\xa0\x80", 3, false}, /* a surrogate */
    {V_ASN1_BMPSTRING, "\0a\0b", 4, true},
    {V_ASN1_BMPSTRING, "\0a\0\0", 4, false},
    {V_ASN1_BMPSTRING, "\0a\0", 3, false}, /* half a character */
    {V_ASN1_UNIVERSALSTRING, "\0\0\0a", 4, true},
    {V_ASN1_UNIVERSALSTRING, "\x7f\xff\xff\xff", 4, false},
    {V_ASN1_T61STRING, "\xe4", 1, true}, /* as Latin-1, which is what it is in practice */
    {V_ASN1_IA5STRING, "a.example", 9, true},
    {V_ASN1_OCTET_STRING, "a.example", 9, false},
};

static void common_names_are_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(common_names); i++) {
        X509 *certificate = with_common_name(common_names[i].type, common_names[i].octets, common_names[i].length);

        assert_true(certificate || !common_names[i].fine);
        if (certificate)
            assert_checked(pki_certificate_check, certificate, PKI_CERTIFICATE_UNUSABLE,
                           common_names[i].fine ? NULL : BAD_CN);
    }
}

#define BAD_DNS "a DNS name in the certificate's subjectAltName has a NUL in it or is not ASCII"

/* subjectAltName as DER: a SEQUENCE of [2] or other names. */
static const struct {
    const char *value;
    const char *text;
} alt_names[] = {
    {"DER:30098208612e6578616d70", "the certificate's subjectAltName is malformed"}, /* longer than what is there */
    {"DER:3009820700612e6578616d", BAD_DNS},
    {"DER:30038201e4", BAD_DNS},
    {"DER:300382012a", NULL},
    {"DER:3003810100", NULL}, /* of e-mail addresses nothing is asked */
    {"DER:0500", "the certificate's subjectAltName is malformed"},
};

static void dns_names_are_ascii(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(alt_names); i++) {
        const struct ca_extension extensions[] = {{"2.5.29.17", alt_names[i].value}, {NULL, NULL}};
        const struct ca_spec spec = {.common_name = "a", .extensions = extensions};

        assert_checked(pki_certificate_check, ca_certify(&spec, key, NULL), PKI_CERTIFICATE_UNUSABLE,
                       alt_names[i].text);
    }
}

static void unknown_algorithms_are_refused(void **state)
{
    const struct ca_spec spec = {.common_name = "a"};
    EVP_PKEY *edwards = ca_key("ED25519");
    X509 *certificate = ca_certify(&spec, edwards, NULL);
    struct pki_fault fault = {0};

    (void)state;
    assert_int_equal(pki_certificate_check(certificate, CA_NOW, &fault), DEVSEC_ERR_WRONG_VALUE);
    assert_int_equal(fault.cause, PKI_UNSUPPORTED_ALGORITHM);
    X509_free(certificate);
    EVP_PKEY_free(edwards);

    /* A signature algorithm that has no name, and one whose hash is not there any more. */
    certificate = ca_certify(&spec, key, NULL);
    assert_true(X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)X509_get0_tbs_sigalg(certificate), OBJ_txt2obj("1.2.3.4", 1),
                                V_ASN1_UNDEF, NULL));
    {
        const X509_ALGOR *outer = NULL;

        X509_get0_signature(NULL, &outer, certificate);
        assert_true(X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)outer, OBJ_txt2obj("1.2.3.4", 1), V_ASN1_UNDEF, NULL));
    }
    assert_checked(pki_certificate_check, certificate, PKI_UNSUPPORTED_ALGORITHM,
                   "the certificate of 'CN=a' is signed with an algorithm that OpenSSL does not know");
}

static void dates_that_are_none_are_refused(void **state)
{
    static const char *const dates[] = {"", "garbage", "991332000000Z", "270115080000", "20270115080000+2500"};

    (void)state;
    for (size_t i = 0; i < COUNT(dates); i++) {
        const struct ca_spec spec = {.common_name = "a"};
        X509 *certificate = ca_certify(&spec, key, NULL);

        assert_true(ASN1_STRING_set(X509_getm_notAfter(certificate), dates[i], -1));
        ca_sign_again(certificate, key);
        assert_checked(pki_certificate_check, certificate, PKI_CERTIFICATE_UNUSABLE,
                       "the certificate's dates are not times of RFC 5280, section 4.1.2.5");
    }
}

/* ---- Trusted CAs ---- */

#define NOT_A_CA                                                                                                       \
    "the certificate of 'CN=a' is not that of a CA; expected basicConstraints with CA:TRUE, and keyCertSign where "    \
    "there is a keyUsage"

static const struct {
    struct ca_spec spec;
    enum pki_cause cause;
    const char *text;
} authorities[] = {
    {{.common_name = "a", .basic_constraints = "critical,CA:TRUE"}, PKI_NONE, NULL},
    {{.common_name = "a", .basic_constraints = "CA:TRUE,pathlen:0", .key_usage = "keyCertSign"}, PKI_NONE, NULL},
    {{.common_name = "a", .version1 = true}, PKI_NONE, NULL},
    {{.common_name = "a", .basic_constraints = "CA:TRUE", .not_before = CA_NOW + CA_DAY}, PKI_NONE, NULL},
    {{.common_name = "a"}, PKI_NOT_A_CA, NOT_A_CA},
    {{.common_name = "a", .basic_constraints = "critical,CA:FALSE"}, PKI_NOT_A_CA, NOT_A_CA},
    {{.common_name = "a", .key_usage = "keyCertSign"}, PKI_NOT_A_CA, NOT_A_CA},
    {{.common_name = "a", .basic_constraints = "CA:TRUE", .key_usage = "digitalSignature"}, PKI_NOT_A_CA, NOT_A_CA},
    {{.common_name = "a", .basic_constraints = "CA:TRUE", .not_after = CA_NOW - 1},
     PKI_CERTIFICATE_EXPIRED,
     "the certificate of 'CN=a' expired on 2027-01-15T07:59:59Z; the device's clock says 2027-01-15T08:00:00Z"},
};

static void authorities_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(authorities); i++)
        assert_checked(pki_ca_check, ca_certify(&authorities[i].spec, key, NULL), authorities[i].cause,
                       authorities[i].text);
}

static void version_1_must_be_self_issued(void **state)
{
    const struct ca_spec spec = {.common_name = "a", .version1 = true};
    struct ca issuer = ca_root("Root");

    (void)state;
    assert_checked(pki_ca_check, ca_certify(&spec, key, &issuer), PKI_NOT_A_CA, NOT_A_CA);
    ca_free(&issuer);
}

/* Keys that the inventory cannot show: what it would make of the certificate is an empty row. */
static const struct {
    const char *kind;
    const char *text;
} kinds[] = {
    {"RSA-1024", NULL},
    {"P-521", NULL},
    {"secp256k1", NULL},
    {"ED25519", "the certificate of 'CN=a': a key of type ED25519 cannot be used: RSA and ECDSA are supported"},
    {"RSA-PSS", "the certificate of 'CN=a': a key of type RSA-PSS cannot be used: RSA and ECDSA are supported"},
    {"explicit", "the certificate of 'CN=a': an ECDSA key cannot be used unless it names its curve (RFC 5480)"},
};

static const struct ca_spec authority = {.common_name = "a", .basic_constraints = "critical,CA:TRUE"};

static void authorities_have_keys_that_can_be_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        EVP_PKEY *other = ca_key(kinds[i].kind);

        assert_checked(pki_ca_check, ca_certify(&authority, other, NULL), PKI_UNSUPPORTED_ALGORITHM, kinds[i].text);
        EVP_PKEY_free(other);
    }
}

/* The certificate with another octet where its validity begins: the last digit of notBefore's year. */
static X509 *dated_otherwise(X509 *certificate)
{
    size_t length = 0;
    unsigned char *der = ca_der(certificate, &length);
    const ASN1_TIME *date = X509_get0_notBefore(certificate);
    unsigned char *at = memmem(der, length, ASN1_STRING_get0_data(date), (size_t)ASN1_STRING_length(date));
    const unsigned char *read = der;
    X509 *changed;

    assert_non_null(at);
    at[1] = at[1] == '0' ? '1' : '0';
    changed = d2i_X509(NULL, &read, (long)length);
    assert_non_null(changed);
    X509_free(certificate);
    free(der);
    return changed;
}

#define CHANGED                                                                                                        \
    "the certificate of 'CN=a' is signed by its own key, and its signature is wrong: the file was changed; get it "    \
    "anew from the CA"

static void roots_must_not_be_changed(void **state)
{
    static const char *const hashes[] = {"SHA1", "SHA256", "SHA512"};
    const struct ca_spec version1 = {.common_name = "a", .version1 = true};
    const struct ca_spec bare = {.common_name = "a", .basic_constraints = "CA:TRUE", .no_key_ids = true};

    (void)state;
    for (size_t i = 0; i < COUNT(hashes); i++) {
        const struct ca_spec spec = {.common_name = "a", .basic_constraints = "CA:TRUE", .hash = hashes[i]};

        assert_checked(pki_ca_check, ca_certify(&spec, key, NULL), PKI_NONE, NULL);
        assert_checked(pki_ca_check, dated_otherwise(ca_certify(&spec, key, NULL)), PKI_UPLOAD_MALFORMED, CHANGED);
    }
    assert_checked(pki_ca_check, dated_otherwise(ca_certify(&version1, key, NULL)), PKI_UPLOAD_MALFORMED, CHANGED);
    assert_checked(pki_ca_check, dated_otherwise(ca_certify(&bare, key, NULL)), PKI_UPLOAD_MALFORMED, CHANGED);
}

/* Signed by another key: by another CA's, or by the one that the CA of this name had before. */
static void authorities_may_be_signed_by_others(void **state)
{
    struct ca other = ca_root("Other Root");
    struct ca before = ca_root("a");

    (void)state;
    assert_checked(pki_ca_check, ca_certify(&authority, key, &other), PKI_NONE, NULL);
    assert_checked(pki_ca_check, ca_certify(&authority, key, &before), PKI_NONE, NULL);
    assert_checked(pki_ca_check, dated_otherwise(ca_certify(&authority, key, &other)), PKI_NONE, NULL);
    ca_free(&before);
    ca_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_certificates_are_judged),
        cmocka_unit_test(common_names_are_text),
        cmocka_unit_test(dns_names_are_ascii),
        cmocka_unit_test(unknown_algorithms_are_refused),
        cmocka_unit_test(dates_that_are_none_are_refused),
        cmocka_unit_test(authorities_are_judged),
        cmocka_unit_test(version_1_must_be_self_issued),
        cmocka_unit_test(authorities_have_keys_that_can_be_used),
        cmocka_unit_test(roots_must_not_be_changed),
        cmocka_unit_test(authorities_may_be_signed_by_others),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
