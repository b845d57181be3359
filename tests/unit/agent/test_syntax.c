/* SPDX-License-Identifier: Apache-2.0 */
/* Values on the wire: every meaning in both directions, widths and signs, DateAndTime against known dates. */
#include "syntax.h"

#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct wire_case {
    int object;
    u_char type;
    long number;       /* as net-snmp has it: sign-extended or not */
    const char *bytes; /* of octet strings, else NULL */
    size_t length;
    enum devsec_err expected;
    int64_t got; /* on success, for all but texts */
    const char *text;
};

#define NUMBER(object, type, number) MIB_##object, type, number, NULL, 0
#define OCTETS(object, bytes)        MIB_##object, ASN_OCTET_STR, 0, bytes, sizeof(bytes) - 1

#define LETTERS16 "abcdefghijklmnop"
#define LETTERS64 LETTERS16 LETTERS16 LETTERS16 LETTERS16

static const struct wire_case wire_cases[] = {
    {NUMBER(devsecSmtpPort, ASN_UNSIGNED, 1), DEVSEC_OK, 1, NULL},
    {NUMBER(devsecSmtpPort, ASN_UNSIGNED, 65535), DEVSEC_OK, 65535, NULL},
    {NUMBER(devsecSmtpPort, ASN_UNSIGNED, 65536), DEVSEC_ERR_WRONG_VALUE, 0, "expected 1 to 65535, got 65536"},
    {NUMBER(devsecSmtpPort, ASN_UNSIGNED, -1), DEVSEC_ERR_WRONG_VALUE, 0, "got 4294967295"},
    {NUMBER(devsecSmtpPort, ASN_UNSIGNED, 4294967295), DEVSEC_ERR_WRONG_VALUE, 0, "got 4294967295"},
    {NUMBER(devsecSmtpPort, ASN_INTEGER, 25), DEVSEC_ERR_WRONG_TYPE, 0, "expected Unsigned32"},
    {NUMBER(devsecSmtpPort, ASN_COUNTER, 25), DEVSEC_ERR_WRONG_TYPE, 0, "expected Unsigned32"},
    {NUMBER(devsecSetSerialNo, ASN_INTEGER, INT32_MAX), DEVSEC_OK, INT32_MAX, NULL},
    {NUMBER(devsecSetSerialNo, ASN_INTEGER, -1), DEVSEC_ERR_WRONG_VALUE, 0, "got -1"},
    {NUMBER(devsecSetSerialNo, ASN_INTEGER, 4294967295), DEVSEC_ERR_WRONG_VALUE, 0, "got -1"},
    {NUMBER(devsecSetSerialNo, ASN_INTEGER, 2147483648), DEVSEC_ERR_WRONG_VALUE, 0, "got -2147483648"},
    {NUMBER(devsecTlsPermitMode, ASN_INTEGER, 3), DEVSEC_OK, 3, NULL},
    {NUMBER(devsecTlsPermitMode, ASN_INTEGER, 0), DEVSEC_ERR_WRONG_VALUE, 0, "0 is none of the values"},
    {NUMBER(devsecTlsPermitMode, ASN_INTEGER, -1), DEVSEC_ERR_WRONG_VALUE, 0, "-1 is none of the values"},
    {NUMBER(devsecTlsPermitMode, ASN_INTEGER, 4), DEVSEC_ERR_WRONG_VALUE, 0, "4 is none of the values"},
    {NUMBER(devsecTlsIpv4Enabled, ASN_INTEGER, 1), DEVSEC_OK, 1, NULL},
    {NUMBER(devsecTlsIpv4Enabled, ASN_INTEGER, 2), DEVSEC_OK, 0, NULL},
    {NUMBER(devsecTlsIpv4Enabled, ASN_INTEGER, 0), DEVSEC_ERR_WRONG_VALUE, 0, "0 is none of the values"},
    {NUMBER(devsecTlsIpv4Enabled, ASN_INTEGER, 3), DEVSEC_ERR_WRONG_VALUE, 0, "3 is none of the values"},
    {OCTETS(devsecTlsIpv4Enabled, "\1"), DEVSEC_ERR_WRONG_TYPE, 0, "expected INTEGER"},
    {OCTETS(devsecTlsVersions, ""), DEVSEC_OK, 0, NULL},
    {OCTETS(devsecTlsVersions, "\x18"), DEVSEC_OK, 0x18, NULL}, /* bits 3 and 4, either way round */
    {OCTETS(devsecTlsVersions, "\x80"), DEVSEC_OK, 0x01, NULL},
    {OCTETS(devsecTlsVersions, "\x80\0\0\0"), DEVSEC_OK, 0x01, NULL},
    {OCTETS(devsecTlsVersions, "\x04"), DEVSEC_ERR_WRONG_VALUE, 0, "bit 5 is none of the bits"},
    {OCTETS(devsecTlsVersions, "\x80\0\0\1"), DEVSEC_ERR_WRONG_VALUE, 0, "bit 31 is none of the bits"},
    {OCTETS(devsecTlsVersions, "\x80\0\0\0\0"), DEVSEC_ERR_WRONG_LENGTH, 0, "at most 4 octets, got 5"},
    {NUMBER(devsecTlsVersions, ASN_INTEGER, 1), DEVSEC_ERR_WRONG_TYPE, 0, "expected OCTET STRING"},
    {OCTETS(devsecSmtpHost, ""), DEVSEC_OK, 0, NULL},
    {OCTETS(devsecSmtpHost, "mail.example"), DEVSEC_OK, 0, NULL},
    {OCTETS(devsecSmtpHost, "b\xc3\xbc"), DEVSEC_OK, 0, NULL},
    {OCTETS(devsecSmtpHost, "b\xc3"), DEVSEC_ERR_WRONG_VALUE, 0, "expected UTF-8"},
    {OCTETS(devsecSmtpHost, "a\0b"), DEVSEC_ERR_WRONG_VALUE, 0, "without NUL"},
    {NUMBER(devsecSmtpHost, ASN_UNSIGNED, 1), DEVSEC_ERR_WRONG_TYPE, 0, "expected OCTET STRING"},
    {OCTETS(devsecJobCountry, "D"), DEVSEC_ERR_WRONG_LENGTH, 0, "expected 0 or 2 octets, got 1"},
    {OCTETS(devsecJobCountry, "DEU"), DEVSEC_ERR_WRONG_LENGTH, 0, "expected 0 or 2 octets, got 3"},
    {OCTETS(devsecJobKeyName, LETTERS64), DEVSEC_OK, 0, NULL},
    {OCTETS(devsecJobKeyName, LETTERS64 "x"), DEVSEC_ERR_WRONG_LENGTH, 0, "expected 0 to 64 octets, got 65"},
    {NUMBER(devsecJobRowStatus, ASN_INTEGER, 1), DEVSEC_OK, 1, NULL},
    {NUMBER(devsecJobRowStatus, ASN_INTEGER, 6), DEVSEC_OK, 6, NULL},
    {NUMBER(devsecJobRowStatus, ASN_INTEGER, 0), DEVSEC_ERR_WRONG_VALUE, 0, "0 is none of the values"},
    {NUMBER(devsecJobRowStatus, ASN_INTEGER, 7), DEVSEC_ERR_WRONG_VALUE, 0, "7 is none of the values"},
    {NUMBER(devsecJobRowStatus, ASN_UNSIGNED, 1), DEVSEC_ERR_WRONG_TYPE, 0, "expected INTEGER"},

    /* No date, in all its forms. */
    {OCTETS(devsecJobNotAfter, ""), DEVSEC_OK, 0, NULL},
    {OCTETS(devsecJobNotAfter, "\0\0\0\0\0\0\0\0"), DEVSEC_OK, 0, NULL},
    {OCTETS(devsecJobNotAfter, "\0\0\0\0\0\0\0\0+\0\0"), DEVSEC_OK, 0, NULL},
    {OCTETS(devsecJobNotAfter, "\0\0\0\0\0\0\0\0\0\0\0"), DEVSEC_OK, 0, NULL},
    {OCTETS(devsecJobNotAfter, "\0\0\0\0\0\0\0\0+\1\0"), DEVSEC_ERR_WRONG_VALUE, 0, "expected the month from 1 to 12"},

    /* The first and the last second, leap days, leap seconds, tenths, and offsets that move all of it. */
    {OCTETS(devsecJobNotAfter, "\x07\xb2\1\1\0\0\1\0"), DEVSEC_OK, 1, NULL},
    {OCTETS(devsecJobNotAfter, "\x07\xb2\1\1\0\0\0\0+\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "after the beginning of 1970"},
    {OCTETS(devsecJobNotAfter, "\x07\xb2\1\1\1\0\0\0+\1\0"), DEVSEC_ERR_WRONG_VALUE, 0, "after the beginning of 1970"},
    {OCTETS(devsecJobNotAfter, "\x07\xb1\x0c\x1f\x17\0\0\0-\2\0"), DEVSEC_OK, 3600, NULL},
    {OCTETS(devsecJobNotAfter, "\x07\xd0\2\x1d\0\0\0\0+\0\0"), DEVSEC_OK, 951782400, NULL},
    {OCTETS(devsecJobNotAfter, "\x07\xd0\2\x1d\x0d\x2d\0\0+\x0d\x2d"), DEVSEC_OK, 951782400, NULL},
    {OCTETS(devsecJobNotAfter, "\x07\xd0\2\x1c\x0a\x0f\0\0-\x0d\x2d"), DEVSEC_OK, 951782400, NULL},
    {OCTETS(devsecJobNotAfter, "\x07\xd0\2\x1d\0\0\0\x09+\0\0"), DEVSEC_OK, 951782400, NULL},
    {OCTETS(devsecJobNotAfter, "\x07\xe0\x0c\x1f\x17\x3b\x3c\0+\0\0"), DEVSEC_OK, 1483228800, NULL},
    {OCTETS(devsecJobNotAfter, "\x27\x0f\x0c\x1f\x17\x3b\x3b\x09+\0\0"), DEVSEC_OK, 253402300799, NULL},
    {OCTETS(devsecJobNotAfter, "\x27\x0f\x0c\x1f\x17\x3b\x3b\0-\0\1"), DEVSEC_ERR_WRONG_VALUE, 0,
     "before the end of 9999"},
    {OCTETS(devsecJobNotAfter, "\xff\xff\x0c\x1f\x17\x3b\x3b\0+\0\0"), DEVSEC_ERR_WRONG_VALUE, 0,
     "before the end of 9999"},
    {OCTETS(devsecJobNotAfter, "\0\0\1\1\0\0\0\0+\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "after the beginning of 1970"},

    /* Each field one below and one above its range. */
    {OCTETS(devsecJobNotAfter, "\x07\xea\0\1\0\0\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "the month from 1 to 12, got 0"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\x0d\1\0\0\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "the month from 1 to 12, got 13"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\0\0\0\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "the day from 1 to 31, got 0"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\x20\0\0\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "the day from 1 to 31, got 32"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\2\x1d\0\0\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "month 2 of 2026 has no day 29"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\4\x1f\0\0\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "month 4 of 2026 has no day 31"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\1\x18\0\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "the hour from 0 to 23, got 24"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\1\0\x3c\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "the minute from 0 to 59, got 60"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\1\0\0\x3d\0"), DEVSEC_ERR_WRONG_VALUE, 0, "the second from 0 to 60, got 61"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\1\0\0\0\x0a"), DEVSEC_ERR_WRONG_VALUE, 0,
     "tenth of a second from 0 to 9, got 10"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\1\0\0\0\0*\0\0"), DEVSEC_ERR_WRONG_VALUE, 0, "'+' or '-', got octet 42"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\1\0\0\0\0+\x0e\0"), DEVSEC_ERR_WRONG_VALUE, 0,
     "hours from UTC from 0 to 13, got 14"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\1\0\0\0\0+\0\x3c"), DEVSEC_ERR_WRONG_VALUE, 0,
     "minutes from UTC from 0 to 59, got 60"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\1\0\0\0"), DEVSEC_ERR_WRONG_LENGTH, 0,
     "8 or 11 octets, or none for no date, got 7"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\1\0\0\0\0+\0"), DEVSEC_ERR_WRONG_LENGTH, 0, "got 10"},
    {OCTETS(devsecJobNotAfter, "\x07\xea\1\1\0\0\0\0+\0\0\0"), DEVSEC_ERR_WRONG_LENGTH, 0, "got 12"},
    {NUMBER(devsecJobNotAfter, ASN_TIMETICKS, 1), DEVSEC_ERR_WRONG_TYPE, 0, "expected OCTET STRING"},
};

static void put_case(const struct wire_case *test, netsnmp_variable_list *var)
{
    memset(var, 0, sizeof(*var));
    assert_int_equal(test->bytes ? snmp_set_var_typed_value(var, test->type, test->bytes, test->length)
                                 : snmp_set_var_typed_integer(var, ASN_INTEGER, test->number),
                     0);
    if (!test->bytes) {
        var->type = test->type;
        *var->val.integer = test->number;
    }
}

static void test_from_the_wire(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wire_cases); i++) {
        const struct wire_case *test = &wire_cases[i];
        struct devsec_error error = {DEVSEC_OK, ""};
        struct value value = {-77, NULL};
        netsnmp_variable_list var;
        enum devsec_err err;

        put_case(test, &var);
        err = syntax_from_varbind(&mib_objects[test->object], &var, &value, &error);
        if (err != test->expected || (err && !strstr(error.text, test->text)))
            fail_msg("case %zu: %d, expected %d: %s", i, (int)err, (int)test->expected, error.text);
        if (err) {
            assert_int_equal(value.number, -77);
            assert_null(value.text);
        } else if (mib_objects[test->object].meaning == MIB_MEANING_TEXT) {
            assert_memory_equal(value.text, test->bytes, test->length + 1);
        } else {
            assert_int_equal(value.number, test->got);
        }
        value_clear(&value);
        snmp_reset_var_buffers(&var);
    }
}

/* What goes out comes in again as the same value, for every setting's default and every single label. */
static void goes_round(const struct mib_object *object, enum setting_id id, const struct value *value)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    netsnmp_variable_list var = {0};
    struct value back;

    value_init(&back);
    assert_true(syntax_to_varbind(object, value, &var));
    if (syntax_from_varbind(object, &var, &back, &error))
        fail_msg("%s: %s", object->name, error.text);
    assert_true(value_equal(id, value, &back));
    value_clear(&back);
    snmp_reset_var_buffers(&var);
}

static void test_round(void **state)
{
    (void)state;
    for (int id = 0; id < SETTING_COUNT; id++) {
        const struct mib_object *object = setting_object((enum setting_id)id);
        struct value value;

        value_init(&value);
        assert_int_equal(value_default((enum setting_id)id, &value, NULL), DEVSEC_OK);
        goes_round(object, (enum setting_id)id, &value);
        for (size_t i = 0; i < object->n_labels; i++) {
            value.number = object->labels[i].value;
            if (object->meaning == MIB_MEANING_BITS)
                value.number = (int64_t)1 << value.number;
            else if (object->meaning == MIB_MEANING_TRUTH)
                value.number = value.number == 1;
            goes_round(object, (enum setting_id)id, &value);
        }
        value_clear(&value);
    }
}

static void test_to_the_wire(void **state)
{
    static const struct {
        int object;
        int64_t number;
        u_char type;
        long travels;
    } numbers[] = {
        {MIB_devsecStoreGeneration, 4294967295, ASN_UNSIGNED, 4294967295},
        {MIB_devsecStoreGeneration, 2147483648, ASN_UNSIGNED, 2147483648},
        {MIB_devsecSnmpDeniedV1V2c, 4294967295, ASN_COUNTER, 4294967295},
        {MIB_devsecSetSerialNo, INT32_MAX, ASN_INTEGER, INT32_MAX},
        {MIB_devsecRestartRequired, 0, ASN_INTEGER, 2},
        {MIB_devsecRestartRequired, 1, ASN_INTEGER, 1},
    };
    static const struct {
        int object;
        uint32_t mask;
        const char *octets;
        size_t length;
    } bits[] = {
        {MIB_devsecTlsVersions, 0, "\0", 1},
        {MIB_devsecTlsVersions, 0x18, "\x18", 1},
        {MIB_devsecTlsVersions, 0x01, "\x80", 1},
        {MIB_devsecNotifyChangedGroups, 0x200, "\0\x40", 2}, /* bit 9 */
        {MIB_devsecNotifyChangedGroups, 0x3ff, "\xff\xc0", 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        netsnmp_variable_list var = {0};

        assert_true(syntax_put_number(&mib_objects[numbers[i].object], numbers[i].number, &var));
        assert_int_equal(var.type, numbers[i].type);
        assert_int_equal(*var.val.integer, numbers[i].travels);
        snmp_reset_var_buffers(&var);
    }
    for (size_t i = 0; i < COUNT(bits); i++) {
        netsnmp_variable_list var = {0};

        assert_true(syntax_put_number(&mib_objects[bits[i].object], bits[i].mask, &var));
        assert_int_equal(var.type, ASN_OCTET_STR);
        assert_int_equal(var.val_len, bits[i].length);
        assert_memory_equal(var.val.string, bits[i].octets, bits[i].length);
        snmp_reset_var_buffers(&var);
    }
}

/* RFC 2579: year in network order, month, day, hour, minute, second, deciseconds, direction, hours, minutes. */
static void test_dates(void **state)
{
    static const struct {
        time_t when;
        const char *octets;
    } dates[] = {
        {0, "\0\0\0\0\0\0\0\0+\0\0"}, /* no date */
        {1, "\x07\xb2\1\1\0\0\1\0+\0\0"},
        {951782399, "\x07\xd0\2\x1c\x17\x3b\x3b\0+\0\0"},      /* 2000-02-28 23:59:59 */
        {951782400, "\x07\xd0\2\x1d\0\0\0\0+\0\0"},            /* 2000-02-29, a leap day */
        {2147483647, "\x07\xf6\1\x13\3\x0e\7\0+\0\0"},         /* 2038-01-19 03:14:07 */
        {2147483648, "\x07\xf6\1\x13\3\x0e\x08\0+\0\0"},       /* one second later */
        {253402300799, "\x27\x0f\x0c\x1f\x17\x3b\x3b\0+\0\0"}, /* 9999-12-31 23:59:59 */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(dates); i++) {
        netsnmp_variable_list var = {0};

        assert_true(syntax_put_date(dates[i].when, &var));
        assert_int_equal(var.type, ASN_OCTET_STR);
        assert_int_equal(var.val_len, 11);
        assert_memory_equal(var.val.string, dates[i].octets, 11);
        snmp_reset_var_buffers(&var);
    }
}

/* What syntax_put_date writes comes in again as the same second. */
static void test_dates_go_round(void **state)
{
    static const time_t dates[] = {0, 1, 951782399, 951782400, 1483228800, 2147483648, 253402300799};

    (void)state;
    for (size_t i = 0; i < COUNT(dates); i++) {
        const struct value value = {.number = dates[i]};
        struct value back = {-77, NULL};
        netsnmp_variable_list var = {0};

        assert_true(syntax_to_varbind(&mib_objects[MIB_devsecJobNotAfter], &value, &var));
        assert_int_equal(var.val_len, 11);
        assert_int_equal(syntax_from_varbind(&mib_objects[MIB_devsecJobNotAfter], &var, &back, NULL), DEVSEC_OK);
        assert_int_equal(back.number, dates[i]);
        snmp_reset_var_buffers(&var);
    }
}

/* Octets that are no text: anything goes, up to the limit, and comes out as it went in. */
static void test_octets(void **state)
{
    static const size_t lengths[] = {0, 1, 40, 41, 1023, 1024};
    const struct mib_object *object = &mib_objects[MIB_devsecUploadData];
    unsigned char sent[1025];

    (void)state;
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (unsigned char)(i * 37);
    assert_true(syntax_is_octets(object));
    assert_true(syntax_is_octets(&mib_objects[MIB_devsecCertFingerprint]));
    assert_false(syntax_is_octets(&mib_objects[MIB_devsecJobKeyName]));
    assert_false(syntax_is_octets(&mib_objects[MIB_devsecJobNotAfter]));
    assert_false(syntax_is_octets(&mib_objects[MIB_devsecCertWeakness]));
    assert_false(syntax_is_octets(&mib_objects[MIB_devsecUploadRowStatus]));
    for (size_t i = 0; i < COUNT(lengths); i++) {
        netsnmp_variable_list var = {0};
        unsigned char *octets = NULL;
        size_t length = 99;

        assert_true(syntax_put_octets(lengths[i] ? sent : NULL, lengths[i], &var));
        assert_int_equal(var.type, ASN_OCTET_STR);
        assert_int_equal(var.val_len, lengths[i]);
        assert_int_equal(syntax_octets_from_varbind(object, &var, &octets, &length, NULL), DEVSEC_OK);
        assert_int_equal(length, lengths[i]);
        assert_non_null(octets);
        assert_memory_equal(octets, sent, length);
        free(octets);
        snmp_reset_var_buffers(&var);
    }
}

static void test_octets_refused(void **state)
{
    const struct mib_object *object = &mib_objects[MIB_devsecUploadData];
    struct devsec_error error = {DEVSEC_OK, ""};
    unsigned char sent[1025] = {0};
    unsigned char *octets = NULL;
    netsnmp_variable_list var = {0};
    size_t length = 99;

    (void)state;
    assert_true(syntax_put_octets(sent, sizeof(sent), &var));
    assert_int_equal(syntax_octets_from_varbind(object, &var, &octets, &length, &error), DEVSEC_ERR_WRONG_LENGTH);
    assert_string_equal(error.text, "expected 0 to 1024 octets, got 1025");
    var.type = ASN_OPAQUE;
    assert_int_equal(syntax_octets_from_varbind(object, &var, &octets, &length, &error), DEVSEC_ERR_WRONG_TYPE);
    assert_string_equal(error.text, "expected OCTET STRING");
    assert_null(octets);
    assert_int_equal(length, 99);
    snmp_reset_var_buffers(&var);
}

static void test_texts(void **state)
{
    netsnmp_variable_list var = {0};

    (void)state;
    assert_true(syntax_put_text(NULL, &var));
    assert_int_equal(var.val_len, 0);
    assert_true(syntax_put_text("b\xc3\xbc", &var));
    assert_int_equal(var.val_len, 3);
    assert_memory_equal(var.val.string, "b\xc3\xbc", 3);
    snmp_reset_var_buffers(&var);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_the_wire), cmocka_unit_test(test_round),
        cmocka_unit_test(test_to_the_wire),   cmocka_unit_test(test_dates),
        cmocka_unit_test(test_texts),         cmocka_unit_test(test_dates_go_round),
        cmocka_unit_test(test_octets),        cmocka_unit_test(test_octets_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
