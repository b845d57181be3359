/* SPDX-License-Identifier: Apache-2.0 */
/* Subjects: what may stand in one, the names that come of it, and how names are shown, whatever is in them. */
#include "pki/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define X10  "xxxxxxxxxx"
#define X60  X10 X10 X10 X10 X10 X10
#define X64  X60 "xxxx"
#define X128 X64 X64
#define U10  "üüüüüüüüüü"
#define U64  U10 U10 U10 U10 U10 U10 "üüüü"

/* Texts of literals, which nobody changes. */
#define TEXT(literal) ((char *)(uintptr_t)(literal))

#define COUNTRY "country: expected two capital letters such as DE (ISO 3166-1)"
#define MOST(n) "it has " #n " characters, "

static const struct {
    const char *what;
    struct pki_subject subject;
    const char *says; /* how it begins; NULL: allowed */
} subjects[] = {
    {"a host name alone", {.common_name = TEXT("mfp-17.example.com")}, NULL},
    {"all of it",
     {TEXT("DE"), TEXT("Sachsen"), TEXT("Görlitz"), TEXT("Beispiel & Söhne, GmbH"), TEXT("\"IT\" + <Druck>"),
      TEXT("mfp.example.com"), TEXT("DNS:mfp, 192.0.2.1")},
     NULL},
    {"no host name, without alternative names", {.common_name = TEXT("Lobby printer")}, NULL},
    {"nothing", {0}, "common name: a certificate needs one"},
    {"an empty common name", {.common_name = TEXT(""), .organization = TEXT("x")}, "common name: a certificate needs"},
    {"one character", {.common_name = TEXT("ü")}, NULL},
    {"64 characters", {.common_name = TEXT(X64)}, NULL},
    {"64 characters of two octets", {.common_name = TEXT(U64)}, NULL},
    {"65 characters", {.common_name = TEXT(X64 "x")}, "common name: " MOST(65) "64 is the most"},
    {"65 characters of two octets", {.common_name = TEXT(U64 "x")}, "common name: " MOST(65) "64 is the most"},
    {"a country", {.common_name = TEXT("x"), .country = TEXT("US")}, NULL},
    {"an empty country", {.common_name = TEXT("x"), .country = TEXT("")}, NULL},
    {"a country in small letters", {.common_name = TEXT("x"), .country = TEXT("us")}, COUNTRY},
    {"one letter", {.common_name = TEXT("x"), .country = TEXT("U")}, COUNTRY},
    {"three letters", {.common_name = TEXT("x"), .country = TEXT("USA")}, COUNTRY},
    {"a digit", {.common_name = TEXT("x"), .country = TEXT("U1")}, COUNTRY},
    {"one character of two octets", {.common_name = TEXT("x"), .country = TEXT("Ü")}, COUNTRY},
    {"a long state", {.common_name = TEXT("x"), .state = TEXT(X128)}, NULL},
    {"a state too long", {.common_name = TEXT("x"), .state = TEXT(X128 "x")}, "state: " MOST(129) "128 is the most"},
    {"a long locality", {.common_name = TEXT("x"), .locality = TEXT(X128)}, NULL},
    {"a locality too long",
     {.common_name = TEXT("x"), .locality = TEXT(X128 "x")},
     "locality: " MOST(129) "128 is the most"},
    {"a long organization", {.common_name = TEXT("x"), .organization = TEXT(X64)}, NULL},
    {"an organization too long",
     {.common_name = TEXT("x"), .organization = TEXT(X64 "x")},
     "organization: " MOST(65) "64 is the most"},
    {"a unit too long",
     {.common_name = TEXT("x"), .organizational_unit = TEXT(X64 "x")},
     "organizational unit: " MOST(65) "64 is the most"},
    {"no UTF-8", {.common_name = TEXT("x"), .state = TEXT("a\xff")}, "state: it is not valid UTF-8"},
    {"Latin-1", {.common_name = TEXT("x"), .locality = TEXT("G\xf6rlitz")}, "locality: it is not valid UTF-8"},
    {"an overlong NUL", {.common_name = TEXT("x\xc0\x80")}, "common name: it is not valid UTF-8"},
    {"a surrogate", {.common_name = TEXT("x\xed\xa0\x80")}, "common name: it is not valid UTF-8"},
    {"cut within a character", {.common_name = TEXT("x\xc3")}, "common name: it is not valid UTF-8"},
    {"a line break", {.common_name = TEXT("x\ny")}, "common name: it holds a control character"},
    {"an escape", {.common_name = TEXT("x\033[1m")}, "common name: it holds a control character"},
    {"DEL", {.common_name = TEXT("x"), .organization = TEXT("\x7f")}, "organization: it holds a control character"},
    {"a control of the second page",
     {.common_name = TEXT("x"), .organizational_unit = TEXT("\xc2\x85")},
     "organizational unit: it holds a control character"},
    {"what turns the writing direction", {.common_name = TEXT("x\xe2\x80\xaey")}, "common name: it holds a control"},
    {"bad alternative names",
     {.common_name = TEXT("x"), .alt_names = TEXT("a..b")},
     "alternative names: name 1, \"a..b\", is not what is expected: a host name"},
};

static void test_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(subjects); i++) {
        struct pki_fault fault = {.cause = PKI_NONE, .error.text = "untouched"};
        const enum devsec_err err = pki_subject_check(&subjects[i].subject, &fault);
        const char *says = subjects[i].says ? subjects[i].says : "untouched";

        print_message("%s\n", subjects[i].what);
        assert_int_equal(err, subjects[i].says ? DEVSEC_ERR_INCONSISTENT : DEVSEC_OK);
        assert_int_equal(fault.cause, subjects[i].says ? PKI_INVALID_PARAMETER : PKI_NONE);
        if (strncmp(fault.error.text, says, strlen(says)) != 0)
            fail_msg("\"%s\", expected \"%s\"", fault.error.text, says);
    }
}

static void test_copy_is_its_own(void **state)
{
    char name[] = "x";
    const struct pki_subject from = {.common_name = name, .country = TEXT("DE"), .alt_names = TEXT("a, b")};
    struct pki_subject to = {0};

    (void)state;
    assert_int_equal(pki_subject_copy(&to, &from, NULL), DEVSEC_OK);
    name[0] = 'y';
    assert_string_equal(to.common_name, "x");
    assert_string_equal(to.country, "DE");
    assert_string_equal(to.alt_names, "a, b");
    assert_true(!to.state || !to.state[0]);
    pki_subject_clear(&to);
    assert_null(to.common_name);
    pki_subject_clear(&to);
}

/* ---- distinguished names ---- */

static void test_name_as_a_certificate_has_it(void **state)
{
    static const struct {
        int nid;
        int type;
        const char *text;
    } expected[] = {
        {NID_countryName, V_ASN1_PRINTABLESTRING, "DE"},      {NID_stateOrProvinceName, V_ASN1_UTF8STRING, "Sachsen"},
        {NID_localityName, V_ASN1_UTF8STRING, "Görlitz"},     {NID_organizationName, V_ASN1_UTF8STRING, "Beispiel"},
        {NID_organizationalUnitName, V_ASN1_UTF8STRING, U64}, {NID_commonName, V_ASN1_UTF8STRING, "mfp.example.com"},
    };
    const struct pki_subject subject = {
        TEXT("DE"), TEXT("Sachsen"), TEXT("Görlitz"), TEXT("Beispiel"), TEXT(U64), TEXT("mfp.example.com"), NULL};
    X509_NAME *name = NULL;

    (void)state;
    assert_int_equal(pki_subject_name(&name, &subject, NULL), DEVSEC_OK);
    assert_int_equal(X509_NAME_entry_count(name), COUNT(expected));
    for (int i = 0; i < (int)COUNT(expected); i++) {
        X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);

        assert_int_equal(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)), expected[i].nid);
        assert_int_equal(ASN1_STRING_type(value), expected[i].type);
        assert_int_equal(ASN1_STRING_length(value), strlen(expected[i].text));
        assert_memory_equal(ASN1_STRING_get0_data(value), expected[i].text, strlen(expected[i].text));
        assert_int_equal(X509_NAME_ENTRY_set(entry), i);
    }
    X509_NAME_free(name);
}

static void test_name_leaves_out_what_is_not_there(void **state)
{
    const struct pki_subject subject = {
        .common_name = TEXT("x"), .country = TEXT(""), .organization = TEXT("O, \"=\"")};
    X509_NAME *name = NULL;
    char *text;

    (void)state;
    assert_int_equal(pki_subject_name(&name, &subject, NULL), DEVSEC_OK);
    assert_int_equal(X509_NAME_entry_count(name), 2);
    text = pki_name_text(name);
    assert_string_equal(text, "CN=x, O=O\\, \\\"=\\\"");
    free(text);
    X509_NAME_free(name);
}

/* One attribute's value of any type, shown. */
static const struct {
    const char *what;
    int type;
    const char *octets;
    int length;
    const char *text;
} values[] = {
    {"plain", V_ASN1_UTF8STRING, "mfp", 3, "CN=mfp"},
    {"empty", V_ASN1_UTF8STRING, "", 0, "CN="},
    {"not of ASCII", V_ASN1_UTF8STRING, "Görlitz", 8, "CN=Görlitz"},
    {"blanks at the ends", V_ASN1_UTF8STRING, " a b ", 5, "CN=\\ a b\\ "},
    {"a blank alone", V_ASN1_UTF8STRING, " ", 1, "CN=\\ "},
    {"number sign first", V_ASN1_UTF8STRING, "#a#", 3, "CN=\\#a#"},
    {"special ones", V_ASN1_UTF8STRING, "a\"+,;<>\\=b", 10, "CN=a\\\"\\+\\,\\;\\<\\>\\\\=b"},
    {"a NUL within", V_ASN1_UTF8STRING, "good.example\0.evil.example", 26, "CN=good.example\\00.evil.example"},
    {"controls", V_ASN1_UTF8STRING, "\033[31m\n", 6, "CN=\\1B[31m\\0A"},
    {"a line separator", V_ASN1_UTF8STRING, "a\xe2\x80\xa8", 4, "CN=a\\E2\\80\\A8"},
    {"malformed", V_ASN1_UTF8STRING, "a\xff\xc3", 3, "CN=a\\FF\\C3"},
    {"UTF-16", V_ASN1_BMPSTRING, "\0G\0\xf6", 4, "CN=Gö"},
    {"UTF-16 with a surrogate", V_ASN1_BMPSTRING, "\xd8\0", 2, "CN=\\D8\\00"},
    {"Latin-1 in a T61String", V_ASN1_T61STRING, "G\xf6", 2, "CN=Gö"},
    {"Latin-1 in a PrintableString", V_ASN1_PRINTABLESTRING, "G\xf6", 2, "CN=Gö"},
    {"UTF-32", V_ASN1_UNIVERSALSTRING, "\0\1\xf6\0", 4, "CN=😀"},
    {"no string at all", V_ASN1_BIT_STRING, "\1ab", 3, "CN=\\01ab"},
};

static void test_names_of_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        X509_NAME *name = X509_NAME_new();
        char *text;

        print_message("%s\n", values[i].what);
        assert_true(X509_NAME_add_entry_by_NID(name, NID_commonName, values[i].type,
                                               (const unsigned char *)values[i].octets, values[i].length, -1, 0));
        text = pki_name_text(name);
        assert_string_equal(text, values[i].text);
        free(text);
        X509_NAME_free(name);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

/* From the end, as RFC 4514 has it; what stands together stays together; an unknown type is its number. */
static void test_order_of_a_name(void **state)
{
    const unsigned char *x = (const unsigned char *)"x";
    X509_NAME *name = X509_NAME_new();
    char *text = pki_name_text(name);

    (void)state;
    assert_string_equal(text, "");
    free(text);
    assert_true(X509_NAME_add_entry_by_txt(name, "DC", V_ASN1_IA5STRING, x, 1, -1, 0));
    assert_true(X509_NAME_add_entry_by_txt(name, "O", V_ASN1_UTF8STRING, x, 1, -1, 0));
    assert_true(X509_NAME_add_entry_by_txt(name, "OU", V_ASN1_UTF8STRING, x, 1, -1, -1));
    assert_true(X509_NAME_add_entry_by_txt(name, "1.3.6.1.4.1.32473.1", V_ASN1_UTF8STRING, x, 1, -1, 0));
    assert_true(X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_UTF8STRING, x, 1, -1, 0));
    text = pki_name_text(name);
    assert_string_equal(text, "CN=x, 1.3.6.1.4.1.32473.1=x, OU=x+O=x, DC=x");
    free(text);
    X509_NAME_free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_copy_is_its_own),
        cmocka_unit_test(test_name_as_a_certificate_has_it),
        cmocka_unit_test(test_name_leaves_out_what_is_not_there),
        cmocka_unit_test(test_names_of_others),
        cmocka_unit_test(test_order_of_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
