/* SPDX-License-Identifier: Apache-2.0 */
/* Alternative names: which lists are taken, what becomes of them, and how those of others are shown. */
#include "pki/alt_names.h"
#include "pki/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/asn1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define L10 "abcdefghij"
#define L63 L10 L10 L10 L10 L10 L10 "abc"

/* 63 + 1 + 63 + 1 + 63 + 1 + 61: 253 octets. */
#define HOST253 L63 "." L63 "." L63 "." L10 L10 L10 L10 L10 L10 "a"

static const struct {
    const char *list;
    const char *common_name;
    const char *text; /* as pki_alt_names_text; NULL for no names at all */
} lists[] = {
    {NULL, "mfp.example.com", "DNS:mfp.example.com"},
    {"", "mfp", "DNS:mfp"},
    {NULL, "Lobby printer", NULL},
    {NULL, "", NULL},
    {NULL, "192.0.2.17", "IP:192.0.2.17"},
    {NULL, "2001:DB8:0::17", "IP:2001:db8::17"},
    {NULL, "*.example.com", "DNS:*.example.com"},
    /* What only looks like an address, and what is neither, is not repeated. */
    {NULL, "300.1.1.1", NULL},
    {NULL, "1.2.3", NULL},
    {NULL, "2027", NULL},
    {NULL, "DNS:mfp.example.com", NULL},
    {NULL, "mfp_17", NULL},
    {NULL, "mfp.example.com.", NULL},
    {NULL,
     "dr\xc3\xbc"
     "cker.example",
     NULL},
    {"a.example,b.example", "Lobby printer", "DNS:a.example, DNS:b.example"},
    {" a.example\t, b.example ,c.example", "a.example", "DNS:a.example, DNS:b.example, DNS:c.example"},
    {"DNS:a.example, IP:192.0.2.1, IP:2001:db8::1", "b.example",
     "DNS:a.example, IP:192.0.2.1, IP:2001:db8::1, DNS:b.example"},
    {"dns:a.example, ip:192.0.2.1", "x y", "DNS:a.example, IP:192.0.2.1"},
    {"192.0.2.1, 2001:db8::1, ::, ::ffff:192.0.2.1, 0.0.0.0, 255.255.255.255", "x y",
     "IP:192.0.2.1, IP:2001:db8::1, IP:::, IP:::ffff:192.0.2.1, IP:0.0.0.0, IP:255.255.255.255"},
    /* No name twice, and the case of letters does not make another one of it. */
    {"A.example, a.EXAMPLE, dns:a.example", "a.Example", "DNS:A.example"},
    {"192.0.2.1, IP:192.0.2.1", "192.0.2.1", "IP:192.0.2.1"},
    {"2001:db8::1, 2001:0DB8:0:0::1", "2001:db8::0.0.0.1", "IP:2001:db8::1"},
    {"0.0.0.1, ::1, ::0.0.0.1", "x y", "IP:0.0.0.1, IP:::1"},
    {"a, a.b, A", "a", "DNS:a, DNS:a.b"},
    /* Host names at their limits (RFC 1123, 2.1). */
    {"3com.example, a-b.example, a--b.example, xn--drcker-3ya.example, 1.2.3.a, *.a", "x y",
     "DNS:3com.example, DNS:a-b.example, DNS:a--b.example, DNS:xn--drcker-3ya.example, DNS:1.2.3.a, DNS:*.a"},
    {L63, "x y", "DNS:" L63},
    {HOST253, "x y", "DNS:" HOST253},
    {"a0, 0a, 1.0x1", "x y", "DNS:a0, DNS:0a, DNS:1.0x1"},
};

static struct pki_subject subject_of(const char *common_name, const char *list)
{
    return (struct pki_subject){.common_name = (char *)(uintptr_t)common_name, .alt_names = (char *)(uintptr_t)list};
}

static void test_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        const struct pki_subject subject = subject_of(lists[i].common_name, lists[i].list);
        struct pki_fault fault = {0};
        GENERAL_NAMES *names = NULL;
        char *text;

        print_message("%s; %s\n", lists[i].list ? lists[i].list : "-", lists[i].common_name);
        if (pki_subject_alt_names(&names, &subject, &fault))
            fail_msg("%s", fault.error.text);
        if (!lists[i].text) {
            assert_null(names);
            continue;
        }
        text = pki_alt_names_text(names);
        assert_string_equal(text, lists[i].text);
        free(text);
        GENERAL_NAMES_free(names);
    }
}

/* The octets behind the texts: addresses in binary, names as they were written. */
static void test_encoding(void **state)
{
    const struct pki_subject subject = subject_of("Mfp.Example", "192.0.2.1, 2001:db8::17");
    static const unsigned char v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x17};
    GENERAL_NAMES *names = NULL;
    const ASN1_STRING *value;
    int type = -1;

    (void)state;
    assert_int_equal(pki_subject_alt_names(&names, &subject, NULL), DEVSEC_OK);
    assert_int_equal(sk_GENERAL_NAME_num(names), 3);
    value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 0), &type);
    assert_int_equal(type, GEN_IPADD);
    assert_int_equal(ASN1_STRING_length(value), 4);
    assert_memory_equal(ASN1_STRING_get0_data(value), "\xc0\x00\x02\x01", 4);
    value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 1), &type);
    assert_int_equal(type, GEN_IPADD);
    assert_int_equal(ASN1_STRING_length(value), 16);
    assert_memory_equal(ASN1_STRING_get0_data(value), v6, 16);
    value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 2), &type);
    assert_int_equal(type, GEN_DNS);
    assert_int_equal(ASN1_STRING_type(value), V_ASN1_IA5STRING);
    assert_int_equal(ASN1_STRING_length(value), 11);
    assert_memory_equal(ASN1_STRING_get0_data(value), "Mfp.Example", 11);
    GENERAL_NAMES_free(names);
}

#define EITHER                                                                                                         \
    ", is not what is expected: a host name such as printer.example.com, of letters, digits, hyphens and dots, or "    \
    "an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1"
#define HOST                                                                                                           \
    ", is not what is expected: a host name such as printer.example.com, of letters, digits, hyphens and "             \
    "dots"
#define ADDRESS ", is not what is expected: an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1"
#define EMPTY   " is empty; they are separated by single commas"

/* Each with the whole sentence behind "alternative names: ". */
static const struct {
    const char *list;
    const char *says;
} refusals[] = {
    {"IP:300.1.1.1", "name 1, \"IP:300.1.1.1\"" ADDRESS},
    {"300.1.1.1", "name 1, \"300.1.1.1\"" EITHER},
    {"192.0.2", "name 1, \"192.0.2\"" EITHER},
    {"192.0.2.1.5", "name 1, \"192.0.2.1.5\"" EITHER},
    {"192.0.2.01", "name 1, \"192.0.2.01\"" EITHER},
    {"a, 17", "name 2, \"17\"" EITHER},
    {"DNS:192.0.2.1", "name 1, \"DNS:192.0.2.1\"" HOST},
    {"DNS:2001:db8::1", "name 1, \"DNS:2001:db8::1\"" HOST},
    {"IP:a.example", "name 1, \"IP:a.example\"" ADDRESS},
    {"IP: 192.0.2.1", "name 1, \"IP: 192.0.2.1\"" ADDRESS},
    {"IP:", "name 1, \"IP:\"" ADDRESS},
    {"DNS:", "name 1, \"DNS:\"" HOST},
    {"IP:192.0.2.0/24", "name 1, \"IP:192.0.2.0/24\"" ADDRESS},
    {"IP:fe80::1%eth0", "name 1, \"IP:fe80::1%eth0\"" ADDRESS},
    {"[2001:db8::1]", "name 1, \"[2001:db8::1]\"" EITHER},
    {"2001:db8::1::2", "name 1, \"2001:db8::1::2\"" EITHER},
    {"1:2:3:4:5:6:7:8:9", "name 1, \"1:2:3:4:5:6:7:8:9\"" EITHER},
    {"email:a@b.example", "name 1, \"email:a@b.example\"" EITHER},
    {"URI:http://a.example", "name 1, \"URI:http://a.example\"" EITHER},
    {"a.example:443", "name 1, \"a.example:443\"" EITHER},
    {"-a.example", "name 1, \"-a.example\"" EITHER},
    {"a-.example", "name 1, \"a-.example\"" EITHER},
    {"a_b.example", "name 1, \"a_b.example\"" EITHER},
    {"a..example", "name 1, \"a..example\"" EITHER},
    {".example", "name 1, \".example\"" EITHER},
    {"a.example.", "name 1, \"a.example.\"" EITHER},
    {"*", "name 1, \"*\"" EITHER},
    {"*.", "name 1, \"*.\"" EITHER},
    {"*.1", "name 1, \"*.1\"" EITHER},
    {"a.*.example", "name 1, \"a.*.example\"" EITHER},
    {"a*.example", "name 1, \"a*.example\"" EITHER},
    {"*.*.example", "name 1, \"*.*.example\"" EITHER},
    {"a b", "name 1, \"a b\"" EITHER},
    {"a;b", "name 1, \"a;b\"" EITHER},
    {"dr\xc3\xbc"
     "cker.example",
     "name 1, \"dr\xc3\xbc"
     "cker.example\"" EITHER},
    {"a\xff", "name 1, \"a\\xff\"" EITHER},
    {"a\n", "name 1, \"a\\x0a\"" EITHER},
    {"\"a\"", "name 1, \"\\x22a\\x22\"" EITHER},
    {L63 "a", "name 1, \"" L63 "a\"" EITHER},
    {"a,,b", "name 2" EMPTY},
    {",a", "name 1" EMPTY},
    {"a,", "name 2" EMPTY},
    {"a, ", "name 2" EMPTY},
    {" ", "name 1" EMPTY},
    {",", "name 1" EMPTY},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct pki_subject subject = subject_of("good.example", refusals[i].list);
        struct pki_fault fault = {0};
        GENERAL_NAMES *names = NULL;
        char says[DEVSEC_ERROR_TEXT_MAX];

        snprintf(says, sizeof(says), "alternative names: %s", refusals[i].says);
        assert_int_equal(pki_subject_alt_names(&names, &subject, &fault), DEVSEC_ERR_INCONSISTENT);
        assert_null(names);
        assert_int_equal(fault.cause, PKI_INVALID_PARAMETER);
        assert_string_equal(fault.error.text, says);
    }
}

/* One octet more than a host name may have; the sentence quotes its beginning. */
static void test_host_name_too_long(void **state)
{
    const struct pki_subject subject = subject_of("good.example", HOST253 "b");
    struct pki_fault fault = {0};
    GENERAL_NAMES *names = NULL;

    (void)state;
    assert_int_equal(pki_subject_alt_names(&names, &subject, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_non_null(strstr(fault.error.text, "...\", is not what is expected"));
    assert_null(names);
}

/* `count` names "hN", the one behind the other. */
static char *many(unsigned count)
{
    char *list = calloc(count, 8);
    size_t used = 0;

    assert_non_null(list);
    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(list + used, 8, "%sh%u", i ? "," : "", i);
    return list;
}

static void test_how_many(void **state)
{
    char *most = many(ALT_NAMES_MAX);
    char *more = many(ALT_NAMES_MAX + 1);
    struct pki_subject subject = subject_of("mfp.example", most);
    struct pki_fault fault = {0};
    GENERAL_NAMES *names = NULL;

    (void)state;
    assert_int_equal(pki_subject_alt_names(&names, &subject, NULL), DEVSEC_OK);
    assert_int_equal(sk_GENERAL_NAME_num(names), ALT_NAMES_MAX + 1); /* the common name besides */
    GENERAL_NAMES_free(names);
    names = NULL;
    subject.alt_names = more;
    assert_int_equal(pki_subject_alt_names(&names, &subject, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_string_equal(fault.error.text, "alternative names: there are more than 32");
    assert_null(names);
    free(most);
    free(more);
}

/* ---- the names of others ---- */

static void push(GENERAL_NAMES *names, int type, int string_type, const char *octets, int length)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = ASN1_STRING_type_new(string_type);

    assert_true(name && value && ASN1_STRING_set(value, octets, length));
    GENERAL_NAME_set0_value(name, type, value);
    assert_true(sk_GENERAL_NAME_push(names, name));
}

static void test_names_of_others(void **state)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *other = GENERAL_NAME_new();
    char *text = pki_alt_names_text(NULL);

    (void)state;
    assert_string_equal(text, "");
    free(text);
    push(names, GEN_DNS, V_ASN1_IA5STRING, "good.example\0.evil.example", 26);
    push(names, GEN_DNS, V_ASN1_IA5STRING, "a, IP:192.0.2.1\n", 16);
    push(names, GEN_EMAIL, V_ASN1_IA5STRING, "a@b.example", 11);
    push(names, GEN_URI, V_ASN1_IA5STRING, "http://a.example/?x=1", 21);
    push(names, GEN_IPADD, V_ASN1_OCTET_STRING, "\1\2\3", 3);
    push(names, GEN_IPADD, V_ASN1_OCTET_STRING, "", 0);
    push(names, GEN_IPADD, V_ASN1_OCTET_STRING, "\1\2\3\4", 4);
    GENERAL_NAME_set0_value(other, GEN_DIRNAME, X509_NAME_new());
    assert_true(sk_GENERAL_NAME_push(names, other));
    other = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(other, GEN_RID, OBJ_nid2obj(NID_commonName));
    assert_true(sk_GENERAL_NAME_push(names, other));
    text = pki_alt_names_text(names);
    assert_string_equal(text, "DNS:good.example\\00.evil.example, DNS:a\\, IP:192.0.2.1\\0A, email:a@b.example, "
                              "URI:http://a.example/?x=1, other, other, IP:1.2.3.4, other, other");
    free(text);
    GENERAL_NAMES_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),    cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_host_name_too_long),
        cmocka_unit_test(test_how_many), cmocka_unit_test(test_names_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
