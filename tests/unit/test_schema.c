/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the settings table against the MIB, and of values: parse, check, format, compare, find. */
#include "alloc_faults.h"
#include "base/text.h"
#include "devsec_mib.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Writable scalars that are no settings: a lock for managers, and an action. */
static bool is_no_setting(int object)
{
    return object == MIB_devsecSetSerialNo || object == MIB_devsecRestart;
}

static void every_writable_scalar_is_one_setting_and_the_reverse(void **state)
{
    (void)state;
    for (int object = 0; object < MIB_OBJECT_COUNT; object++) {
        const struct mib_object *mib = &mib_objects[object];
        const bool wanted =
            mib->kind == MIB_KIND_SCALAR && mib->access == MIB_ACCESS_READ_WRITE && !is_no_setting(object);
        int found = 0;

        for (int id = 0; id < SETTING_COUNT; id++)
            found += settings[id].object == object;
        if (found != (wanted ? 1 : 0))
            fail_msg("%s has %d settings", mib->name, found);
        if (wanted)
            assert_int_equal(settings[setting_of_object(object)].object, object);
        else
            assert_int_equal(setting_of_object(object), -1);
    }
}

static void every_path_is_one_key_in_one_group(void **state)
{
    (void)state;
    for (int id = 0; id < SETTING_COUNT; id++) {
        const char *path = settings[id].path;
        const size_t group = strcspn(path, ".");
        bool ended = false;

        assert_true(group > 0 && path[group] == '.' && path[group + 1] != '\0');
        assert_null(strchr(path + group + 1, '.'));
        assert_int_equal(strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789-."), strlen(path));
        for (int other = id + 1; other < SETTING_COUNT; other++) {
            const bool same_group = strncmp(settings[other].path, path, group + 1) == 0;

            assert_string_not_equal(settings[other].path, path);
            assert_false(ended && same_group); /* a group's settings stand together */
            ended = ended || !same_group;
        }
    }
}

static void every_default_is_valid_and_comes_back(void **state)
{
    (void)state;
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        struct value value = {0};
        struct value again = {0};
        struct devsec_error error = {0};
        char expected[SETTING_EXPECTED_MAX];
        char *text;

        if (value_default(id, &value, &error))
            fail_msg("%s: %s", settings[id].path, error.text);
        assert_int_equal(value_check(id, &value, &error), DEVSEC_OK);
        text = value_format(id, &value);
        assert_int_equal(value_parse(id, text, &again, &error), DEVSEC_OK);
        assert_true(value_equal(id, &value, &again));
        setting_expected(id, expected, sizeof(expected));
        assert_true(strlen(expected) + 1 < sizeof(expected)); /* none is cut */
        free(text);
        value_clear(&value);
        value_clear(&again);
    }
}

static void every_label_fits_its_value(void **state)
{
    (void)state;
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const struct mib_object *object = setting_object(id);

        for (size_t i = 0; i < object->n_labels; i++) {
            struct value value = {0};
            char *text;

            assert_int_equal(value_parse(id, object->labels[i].name, &value, NULL), DEVSEC_OK);
            text = value_format(id, &value);
            assert_string_equal(text, object->labels[i].name);
            if (object->meaning == MIB_MEANING_BITS) {
                assert_true(object->labels[i].value < 32);
                assert_int_equal(value.number, 1u << object->labels[i].value);
            }
            free(text);
            value_clear(&value);
        }
    }
}

static const struct {
    enum setting_id id;
    const char *text;
    int64_t number;
    const char *formatted;
} good[] = {
    {SETTING_TLS_PERMIT_MODE, "ciphertextOnly", MIB_devsecTlsPermitMode_ciphertextOnly, "ciphertextOnly"},
    {SETTING_TLS_PERMIT_MODE, "3", MIB_devsecTlsPermitMode_ciphertextOnly, "ciphertextOnly"},
    {SETTING_TLS_IPV4, "true", 1, "true"},
    {SETTING_TLS_IPV4, "false", 0, "false"},
    {SETTING_TLS_VERSIONS, "tls12,tls13", 0x18, "tls12,tls13"},
    {SETTING_TLS_VERSIONS, " tls13 , tls12\ttls12", 0x18, "tls12,tls13"},
    {SETTING_TLS_VERSIONS, "", 0, "none"},
    {SETTING_TLS_VERSIONS, "none", 0, "none"},
    {SETTING_SMTP_PORT, "1", 1, "1"},
    {SETTING_SMTP_PORT, "65535", 65535, "65535"},
    {SETTING_NOTIFY_MIN_INTERVAL, "0", 0, "0"},
};

static void good_texts_become_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct value value = {0};
        char *text;

        assert_int_equal(value_parse(good[i].id, good[i].text, &value, NULL), DEVSEC_OK);
        assert_int_equal(value.number, good[i].number);
        assert_null(value.text);
        text = value_format(good[i].id, &value);
        assert_string_equal(text, good[i].formatted);
        free(text);
    }
}

#define VERSIONS  "expected a list of ssl30, tls10, tls11, tls12, tls13"
#define MODES     "expected one of ciphertextPriority, ciphertextCleartext, ciphertextOnly"
#define HOST_SAID "expected a host name (letters, digits and hyphens between dots), an IPv4 or IPv6 address, or nothing"

static const struct {
    enum setting_id id;
    const char *text;
    enum devsec_err code;
    const char *sentence;
} bad[] = {
    {SETTING_TLS_VERSIONS, "tls14", DEVSEC_ERR_WRONG_VALUE, "tls.versions: found \"tls14\", " VERSIONS},
    {SETTING_TLS_VERSIONS, "tls12,tsl13", DEVSEC_ERR_WRONG_VALUE,
     "tls.versions: found \"tsl13\", " VERSIONS "; did you mean \"tls13\"?"},
    {SETTING_TLS_VERSIONS, ",", DEVSEC_ERR_WRONG_VALUE, "tls.versions: found \",\", " VERSIONS},
    {SETTING_TLS_VERSIONS, "3", DEVSEC_ERR_WRONG_VALUE, "tls.versions: found \"3\", " VERSIONS},
    {SETTING_TLS_PERMIT_MODE, "CiphertextOnly", DEVSEC_ERR_WRONG_VALUE,
     "tls.permit-mode: found \"CiphertextOnly\", " MODES "; did you mean \"ciphertextOnly\"?"},
    {SETTING_TLS_PERMIT_MODE, "4", DEVSEC_ERR_WRONG_VALUE, "tls.permit-mode: found \"4\", " MODES},
    {SETTING_TLS_PERMIT_MODE, "", DEVSEC_ERR_WRONG_VALUE, "tls.permit-mode: found \"\", " MODES},
    {SETTING_TLS_PERMIT_MODE, "a\x1b[2J\"", DEVSEC_ERR_WRONG_VALUE,
     "tls.permit-mode: found \"a\\x1b[2J\\x22\", " MODES},
    {SETTING_TLS_IPV4, "1", DEVSEC_ERR_WRONG_TYPE, "tls.ipv4: found \"1\", expected true or false"},
    {SETTING_TLS_IPV4, "ture", DEVSEC_ERR_WRONG_TYPE,
     "tls.ipv4: found \"ture\", expected true or false; did you mean \"true\"?"},
    {SETTING_SMTP_PORT, "0", DEVSEC_ERR_WRONG_VALUE, "smtp.port: found 0, expected a number from 1 to 65535"},
    {SETTING_SMTP_PORT, "65536", DEVSEC_ERR_WRONG_VALUE, "smtp.port: found 65536, expected a number from 1 to 65535"},
    {SETTING_SMTP_PORT, "-25", DEVSEC_ERR_WRONG_VALUE, "smtp.port: found -25, expected a number from 1 to 65535"},
    {SETTING_SMTP_PORT, "smtp", DEVSEC_ERR_WRONG_TYPE, "smtp.port: found \"smtp\", expected a number from 1 to 65535"},
    {SETTING_SMTP_PORT, "025", DEVSEC_ERR_WRONG_TYPE, "smtp.port: found \"025\", expected a number from 1 to 65535"},
    {SETTING_SMTP_PORT, "", DEVSEC_ERR_WRONG_TYPE, "smtp.port: found \"\", expected a number from 1 to 65535"},
    {SETTING_SMTP_HOST, "mail host", DEVSEC_ERR_WRONG_VALUE, "smtp.host: found \"mail host\", " HOST_SAID},
    {SETTING_SMTP_HOST, "\xff", DEVSEC_ERR_WRONG_VALUE,
     "smtp.host: found octets that are not UTF-8, expected a text of at most 255 octets"},
};

static void bad_texts_are_refused_and_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct value value = {.number = 4711};
        struct devsec_error error = {0};

        assert_int_equal(value_parse(bad[i].id, bad[i].text, &value, &error), bad[i].code);
        assert_string_equal(error.text, bad[i].sentence);
        assert_int_equal(value.number, 4711);
        assert_null(value.text);
        assert_int_equal(value_parse(bad[i].id, bad[i].text, &value, NULL), bad[i].code);
    }
}

static const struct {
    const char *host;
    bool good;
} hosts[] = {
    {"", true},
    {"mail", true},
    {"mail.example.org", true},
    {"3com.example", true},
    {"xn--bcher-kva.example", true},
    {"192.0.2.25", true},
    {"2001:db8::25", true},
    {"::ffff:192.0.2.1", true},
    {"a-b.c-d", true},
    {"192.0.2.256", false},
    {"192.0.2", false},
    {"1", false},
    {"mail.example.org.", false},
    {".example", false},
    {"a..b", false},
    {"-a.example", false},
    {"a-.example", false},
    {"a_b.example", false},
    {"b\xc3\xbc"
     "cher.example",
     false},
    {"[2001:db8::25]", false},
    {"fe80::1%eth0", false},
    {"mail:25", false},
    {" mail", false},
    {"mail\n", false},
    {"a/b", false},
};

static void hosts_are_names_or_addresses(void **state)
{
    char name[300];
    struct value value = {.text = name};

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        snprintf(name, sizeof(name), "%s", hosts[i].host);
        if ((value_check(SETTING_SMTP_HOST, &value, NULL) == DEVSEC_OK) != hosts[i].good)
            fail_msg("%s", hosts[i].host);
    }
    memset(name, 'a', 64); /* a label of 64, then one of 63 */
    name[64] = '\0';
    assert_int_equal(value_check(SETTING_SMTP_HOST, &value, NULL), DEVSEC_ERR_WRONG_VALUE);
    name[63] = '\0';
    assert_int_equal(value_check(SETTING_SMTP_HOST, &value, NULL), DEVSEC_OK);
    for (size_t i = 0; i < 254; i++)
        name[i] = i % 2 ? '.' : 'a';
    name[253] = '\0';
    assert_int_equal(value_check(SETTING_SMTP_HOST, &value, NULL), DEVSEC_OK);
    name[253] = 'a';
    name[254] = '\0';
    assert_int_equal(value_check(SETTING_SMTP_HOST, &value, NULL), DEVSEC_ERR_WRONG_VALUE);
}

static void texts_have_their_length_checked_first(void **state)
{
    char name[257];
    struct value value = {.text = name};
    struct devsec_error error = {0};

    (void)state;
    memset(name, 'a', 256);
    name[256] = '\0';
    assert_int_equal(value_check(SETTING_SMTP_HOST, &value, &error), DEVSEC_ERR_WRONG_LENGTH);
    assert_string_equal(error.text, "smtp.host: found a text of 256 octets, expected a text of at most 255 octets");
}

static const struct {
    enum setting_id id;
    int64_t number;
    const char *sentence;
} bad_numbers[] = {
    {SETTING_TLS_VERSIONS, 0x20, "tls.versions: found a bit that has no name, " VERSIONS},
    {SETTING_TLS_VERSIONS, -1, "tls.versions: found a bit that has no name, " VERSIONS},
    {SETTING_TLS_PERMIT_MODE, 0, "tls.permit-mode: found 0, " MODES},
    {SETTING_TLS_PERMIT_MODE, INT64_MAX, "tls.permit-mode: found 9223372036854775807, " MODES},
    {SETTING_TLS_IPV4, 2, "tls.ipv4: found 2, expected true or false"},
    {SETTING_SMTP_PORT, INT64_MIN, "smtp.port: found -9223372036854775808, expected a number from 1 to 65535"},
    {SETTING_NOTIFY_MIN_INTERVAL, 3601, "notify.min-interval: found 3601, expected a number from 0 to 3600"},
};

static void numbers_outside_the_limits_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_numbers); i++) {
        const struct value value = {.number = bad_numbers[i].number};
        struct devsec_error error = {0};

        assert_int_equal(value_check(bad_numbers[i].id, &value, &error), DEVSEC_ERR_WRONG_VALUE);
        assert_string_equal(error.text, bad_numbers[i].sentence);
    }
}

static void values_are_copied_and_compared(void **state)
{
    struct value a = {0};
    struct value b = {0};

    (void)state;
    assert_int_equal(value_parse(SETTING_SMTP_HOST, "mail.example", &a, NULL), DEVSEC_OK);
    assert_false(value_equal(SETTING_SMTP_HOST, &a, &b));
    assert_int_equal(value_copy(&b, &a, NULL), DEVSEC_OK);
    assert_true(value_equal(SETTING_SMTP_HOST, &a, &b));
    assert_ptr_not_equal(a.text, b.text);
    assert_int_equal(value_copy(&b, &b, NULL), DEVSEC_OK);
    assert_string_equal(b.text, "mail.example");
    value_clear(&a);
    value_clear(&a);
    assert_null(a.text);
    a.text = calloc(1, 1);
    value_clear(&b);
    assert_true(value_equal(SETTING_SMTP_HOST, &a, &b)); /* "" and NULL */
    value_clear(&a);
    a.number = 1;
    assert_false(value_equal(SETTING_TLS_IPV4, &a, &b));
}

static void a_text_is_cleansed_before_its_memory_goes_back(void **state)
{
    struct value value = {0};

    (void)state;
    assert_int_equal(value_parse(SETTING_SMTP_HOST, "mail.example", &value, NULL), DEVSEC_OK);
    alloc_faults_watch(value.text, strlen(value.text));
    value_clear(&value);
    assert_null(alloc_faults.watched);
    assert_true(alloc_faults.cleansed);
}

static const struct {
    const char *name;
    int id;
} names[] = {
    {"tls.permit-mode", SETTING_TLS_PERMIT_MODE},
    {"devsecTlsPermitMode", SETTING_TLS_PERMIT_MODE},
    {"devsecTlsPermitMode.0", SETTING_TLS_PERMIT_MODE},
    {"devsecTlsPermitMode.1", -1},
    {"devsecTlsPermitModex", -1},
    {"tls.permit-mode.0", -1},
    {"devsecSetSerialNo", -1},
    {"permit-mode", -1},
    {"", -1},
};

static const struct {
    const char *name;
    const char *nearest;
} nearest[] = {
    {"tls.permit-mod", "tls.permit-mode"},
    {"tsl.versions", "tls.versions"},
    {"permit-mode", "tls.permit-mode"},
    {"min-intervall", "notify.min-interval"},
    {"devsectlspermitmode", "tls.permit-mode"},
    {"devsecSmtpHots", "smtp.host"},
    {"something.else", NULL},
    {"", NULL},
};

static void settings_are_found_by_name_and_guessed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        if (setting_find(names[i].name) != names[i].id)
            fail_msg("%s", names[i].name);
    }
    for (size_t i = 0; i < COUNT(nearest); i++) {
        const char *found = setting_nearest(nearest[i].name);

        if (!nearest[i].nearest && found)
            fail_msg("%s: %s", nearest[i].name, found);
        if (nearest[i].nearest)
            assert_string_equal(found ? found : "nothing", nearest[i].nearest);
    }
}

static void lack_of_memory_loses_nothing(void **state)
{
    struct value value = {0};
    struct value from = {0};
    struct devsec_error error = {0};
    char *text;

    (void)state;
    assert_int_equal(value_parse(SETTING_SMTP_HOST, "old.example", &value, NULL), DEVSEC_OK);
    assert_int_equal(value_parse(SETTING_SMTP_HOST, "new.example", &from, NULL), DEVSEC_OK);
    alloc_faults_arm(0);
    assert_int_equal(value_parse(SETTING_SMTP_HOST, "new.example", &value, &error), DEVSEC_ERR_MEMORY);
    assert_true(alloc_faults_disarm());
    alloc_faults_arm(0);
    assert_int_equal(value_copy(&value, &from, &error), DEVSEC_ERR_MEMORY);
    assert_true(alloc_faults_disarm());
    alloc_faults_arm(0);
    text = value_format(SETTING_SMTP_HOST, &value);
    assert_true(alloc_faults_disarm());
    assert_null(text);
    assert_string_equal(value.text, "old.example");
    assert_string_equal(error.text, "out of memory for the value of a setting");
    value_clear(&value);
    value_clear(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_writable_scalar_is_one_setting_and_the_reverse),
        cmocka_unit_test(every_path_is_one_key_in_one_group),
        cmocka_unit_test(every_default_is_valid_and_comes_back),
        cmocka_unit_test(every_label_fits_its_value),
        cmocka_unit_test(good_texts_become_values),
        cmocka_unit_test(bad_texts_are_refused_and_change_nothing),
        cmocka_unit_test(hosts_are_names_or_addresses),
        cmocka_unit_test(texts_have_their_length_checked_first),
        cmocka_unit_test(numbers_outside_the_limits_are_refused),
        cmocka_unit_test(values_are_copied_and_compared),
        cmocka_unit_test(a_text_is_cleansed_before_its_memory_goes_back),
        cmocka_unit_test(settings_are_found_by_name_and_guessed),
        cmocka_unit_test(lack_of_memory_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
