/* SPDX-License-Identifier: Apache-2.0 */
/* Values on the wire: every meaning in both directions, widths and signs, DateAndTime against known dates. */
#include "syntax.h"

#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
        } else if (setting_of_object(test->object) >= 0 &&
                   setting_is_text((enum setting_id)setting_of_object(test->object))) {
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
        cmocka_unit_test(test_from_the_wire), cmocka_unit_test(test_round), cmocka_unit_test(test_to_the_wire),
        cmocka_unit_test(test_dates),         cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
