/* SPDX-License-Identifier: Apache-2.0 */
/* The look-ups in the MIB table: names, labels, ranges, and what is next to them. */
#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void other_names_are_not_found(void **state)
{
    static const char *const names[] = {
        "", "devsec", "devsecTlsVersion", "devsecTlsVersionss", "devsectlsversions", "devsecTlsVersions.0", "sysDescr",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_null(mib_object_find(names[i]));
}

static void labels_are_named(void **state)
{
    static const struct {
        int object;
        int64_t value;
        const char *name;
    } cases[] = {
        {MIB_devsecTlsPermitMode, MIB_devsecTlsPermitMode_ciphertextOnly, "ciphertextOnly"},
        {MIB_devsecTlsPermitMode, 1, "ciphertextPriority"},
        {MIB_devsecTlsPermitMode, 0, NULL},
        {MIB_devsecTlsPermitMode, 4, NULL},
        {MIB_devsecTlsPermitMode, -1, NULL},
        {MIB_devsecTlsPermitMode, INT64_C(0x100000001), NULL}, /* 1 in the lower half */
        {MIB_devsecTlsPermitMode, INT64_MAX, NULL},
        {MIB_devsecTlsPermitMode, INT64_MIN, NULL},
        {MIB_devsecTlsVersions, 0, "ssl30"},
        {MIB_devsecTlsVersions, MIB_devsecTlsVersions_tls13, "tls13"},
        {MIB_devsecTlsVersions, 5, NULL},
        {MIB_devsecTlsIpv4Enabled, 1, "true"},
        {MIB_devsecTlsIpv4Enabled, 2, "false"},
        {MIB_devsecTlsIpv4Enabled, 0, NULL},
        {MIB_devsecSmtpPort, 25, NULL}, /* no labels at all */
        {MIB_devsecApplyTable, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = mib_label_name(&mib_objects[cases[i].object], cases[i].value);

        if (cases[i].name == NULL)
            assert_null(name);
        else
            assert_string_equal(name, cases[i].name);
    }
}

static void labels_are_found(void **state)
{
    static const struct {
        int object;
        const char *name;
        uint32_t value; /* UINT32_MAX: not found, untouched */
    } cases[] = {
        {MIB_devsecTlsPermitMode, "ciphertextOnly", 3},
        {MIB_devsecTlsCiphers, "rc4", MIB_devsecTlsCiphers_rc4},
        {MIB_devsecTlsCiphers, "aes128", 0},
        {MIB_devsecTlsIpv6Enabled, "false", 2},
        {MIB_devsecTlsPermitMode, "", UINT32_MAX},
        {MIB_devsecTlsPermitMode, "ciphertext", UINT32_MAX},
        {MIB_devsecTlsPermitMode, "ciphertextOnly ", UINT32_MAX},
        {MIB_devsecTlsPermitMode, "CiphertextOnly", UINT32_MAX},
        {MIB_devsecTlsPermitMode, "3", UINT32_MAX},
        {MIB_devsecTlsVersions, "tls12,tls13", UINT32_MAX},
        {MIB_devsecSmtpPort, "smtp", UINT32_MAX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t value = UINT32_MAX;

        assert_int_equal(mib_label_value(&mib_objects[cases[i].object], cases[i].name, &value),
                         cases[i].value != UINT32_MAX);
        assert_int_equal(value, cases[i].value);
    }
}

static void numbers_are_held_against_ranges(void **state)
{
    static const struct mib_object integer = {.base = MIB_BASE_INTEGER};
    static const struct mib_object octets = {.base = MIB_BASE_OCTETS};
    static const struct {
        const struct mib_object *object;
        int64_t number;
        bool in;
    } cases[] = {
        {&mib_objects[MIB_devsecSmtpPort], 0, false},
        {&mib_objects[MIB_devsecSmtpPort], 1, true},
        {&mib_objects[MIB_devsecSmtpPort], 65535, true},
        {&mib_objects[MIB_devsecSmtpPort], 65536, false},
        {&mib_objects[MIB_devsecSmtpPort], -1, false},
        {&mib_objects[MIB_devsecSmtpPort], INT64_MIN, false},
        {&mib_objects[MIB_devsecNotifyMinInterval], 0, true},
        {&mib_objects[MIB_devsecSmtpHost], 0, true},
        {&mib_objects[MIB_devsecSmtpHost], 255, true},
        {&mib_objects[MIB_devsecSmtpHost], 256, false},
        {&mib_objects[MIB_devsecStoreLastChange], 7, false}, /* two ranges, and what is between them */
        {&mib_objects[MIB_devsecStoreLastChange], 8, true},
        {&mib_objects[MIB_devsecStoreLastChange], 9, false},
        {&mib_objects[MIB_devsecStoreLastChange], 11, true},
        {&mib_objects[MIB_devsecStoreLastChange], 12, false},
        {&mib_objects[MIB_devsecStoreGeneration], UINT32_MAX, true}, /* none of its own: the base type's */
        {&mib_objects[MIB_devsecStoreGeneration], (int64_t)UINT32_MAX + 1, false},
        {&mib_objects[MIB_devsecStoreGeneration], -1, false},
        {&mib_objects[MIB_devsecSnmpDeniedV1V2c], UINT32_MAX, true},
        {&integer, INT32_MIN, true},
        {&integer, (int64_t)INT32_MIN - 1, false},
        {&integer, INT32_MAX, true},
        {&integer, (int64_t)INT32_MAX + 1, false},
        {&octets, 65535, true},
        {&octets, 65536, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(mib_in_range(cases[i].object, cases[i].number), cases[i].in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_names_are_not_found),
        cmocka_unit_test(labels_are_named),
        cmocka_unit_test(labels_are_found),
        cmocka_unit_test(numbers_are_held_against_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
