/* SPDX-License-Identifier: Apache-2.0 */
/* devsecHealth's texts: SnmpAdminStrings that are cut between characters, never inside one. */
#include "devsec_mib.h"
#include "key_fixture.h"
#include "restart.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A character of each width that ends before, at and behind the last octet that has room. */
static void test_cut_between_characters(void **state)
{
    static const char *const characters[] = {"x", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x94\x92"};

    (void)state;
    for (size_t c = 0; c < 4; c++) {
        const size_t width = strlen(characters[c]);

        for (size_t before = 240; before < 270; before++) {
            char from[300] = "";
            char to[ADMIN_STRING_MAX];
            size_t expected = before + width <= ADMIN_STRING_MAX - 1 ? before + width : before;

            memset(from, 'a', before);
            strcpy(from + before, characters[c]);
            admin_string(to, from);
            if (expected > ADMIN_STRING_MAX - 1)
                expected = ADMIN_STRING_MAX - 1;
            assert_int_equal(strlen(to), expected);
            assert_memory_equal(to, from, expected);
            assert_true(text_is_utf8(to, expected));
        }
    }
}

static void test_short_texts_are_whole(void **state)
{
    char to[ADMIN_STRING_MAX];

    (void)state;
    admin_string(to, "");
    assert_string_equal(to, "");
    admin_string(to, "b\xc3\xbc");
    assert_string_equal(to, "b\xc3\xbc");
}

/* A fault whose text does not fit must not leave half a character in any object that shows it. */
static void test_long_faults_stay_utf8(void **state)
{
    static const int objects[] = {MIB_devsecApplyError, MIB_devsecHealthText, MIB_devsecRestartReason};
    struct fixture *fixture = *state;
    char long_path[4 * ADMIN_STRING_MAX] = "/";

    for (size_t pad = 0; pad < 2; pad++) {
        char *command[] = {long_path, NULL};
        char path[128];

        memset(long_path + 1, 'a', pad);
        for (size_t i = 0; i < ADMIN_STRING_MAX; i++)
            strcpy(long_path + 1 + pad + 2 * i, "\xc3\xbc");
        restart_free(fixture->agent.restart);
        assert_int_equal(restart_new(&fixture->agent.restart, command, NULL), DEVSEC_OK);
        restart_start(fixture->agent.restart);
        snprintf(path, sizeof(path), "%s/applied/tls-policy.cnf.tmp", fixture->directory);
        mkdir(path, 0700);
        agent_follow(&fixture->agent);
        for (size_t i = 0; i < 3; i++) {
            netsnmp_variable_list var = {0};

            assert_true(dispatch_read(fixture->agent.dispatch, objects[i], 0, &var));
            assert_true(text_is_utf8((const char *)var.val.string, var.val_len));
            assert_true(var.val_len < ADMIN_STRING_MAX);
            snmp_reset_var_buffers(&var);
        }
        assert_int_equal(strlen(restart_reason(fixture->agent.restart)) > ADMIN_STRING_MAX, 1);
        restart_free(fixture->agent.restart);
        assert_int_equal(restart_new(&fixture->agent.restart, NULL, NULL), DEVSEC_OK);
    }
}

/* ---- keys and certificates ---- */

static void assert_health(const struct fixture *fixture, int state, const char *text)
{
    if (strcmp(fixture->agent.health.text, text) != 0)
        fail_msg("\"%s\", expected \"%s\"", fixture->agent.health.text, text);
    assert_int_equal(fixture->agent.health.state, state);
}

static void assert_says(const struct fixture *fixture, int state, const char *part)
{
    if (!strstr(fixture->agent.health.text, part))
        fail_msg("\"%s\" without \"%s\"", fixture->agent.health.text, part);
    assert_int_equal(fixture->agent.health.state, state);
}

static void write_day(char day[11], time_t left)
{
    const time_t when = time(NULL) + left;
    struct tm tm;

    gmtime_r(&when, &tm);
    assert_int_equal(strftime(day, 11, "%Y-%m-%d", &tm), 10);
}

/* Whether a certificate that ends matters depends on whether anybody uses it. */
static void test_ends(void **state)
{
    static const struct {
        time_t left;
        bool used;
        int state;
        const char *text; /* the day behind it */
    } cases[] = {
        {100 * CA_DAY, true, MIB_devsecHealth_ok, ""},
        {12 * CA_DAY - 3600, false, MIB_devsecHealth_ok, ""},
        {12 * CA_DAY - 3600, true, MIB_devsecHealth_warning,
         "the certificate of ieee8021x (slot 3, \"Key 3\") expires in 12 days, on "},
        {CA_DAY + 3600, true, MIB_devsecHealth_warning,
         "the certificate of ieee8021x (slot 3, \"Key 3\") expires in 2 days, on "},
        {7200, true, MIB_devsecHealth_warning,
         "the certificate of ieee8021x (slot 3, \"Key 3\") expires in less than a day, on "},
        {-7200, true, MIB_devsecHealth_critical, "the certificate of ieee8021x (slot 3, \"Key 3\") expired on "},
        {-7200, false, MIB_devsecHealth_warning, "the certificate in slot 3 (\"Key 3\") expired on "},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[ADMIN_STRING_MAX];
        char day[11];

        key_fixture_put_ending(fixture, 3, cases[i].left, NULL);
        key_fixture_use(fixture, "ieee8021x", cases[i].used ? 3 : 0);
        write_day(day, cases[i].left);
        snprintf(expected, sizeof(expected), "%s%s", cases[i].text, cases[i].text[0] ? day : "");
        assert_health(fixture, cases[i].state, expected);
    }
}
/* The worst first, and how many there are where not all have room. */
static void test_worst_first_and_how_many_more(void **state)
{
    struct fixture *fixture = *state;
    X509 *certificate = key_fixture_certificate("over.example", -CA_DAY);
    struct key_spec specs[40] = {{0}};
    char day[11];
    char expected[ADMIN_STRING_MAX];

    for (unsigned i = 0; i < 40; i++)
        specs[i] = (struct key_spec){.slot = i + 1, .certificate = certificate};
    key_fixture_put(fixture, specs, 40);
    key_fixture_use(fixture, "snmp", 40);
    write_day(day, -CA_DAY);
    snprintf(expected, sizeof(expected),
             "the certificate of snmp (slot 40, \"Key 40\") expired on %s; "
             "the certificate in slot 1 (\"Key 1\") expired on %s; "
             "the certificate in slot 2 (\"Key 2\") expired on %s; and 37 more",
             day, day, day);
    assert_health(fixture, MIB_devsecHealth_critical, expected);
    X509_free(certificate);
}

/* Whatever the lengths: the text ends with how many are not in it, and says of each of the others all of it. */
static void test_text_is_never_cut_inside_a_finding(void **state)
{
    static const char name[] = "0123456789012345678901234567890123456789012345678901234567890123";
    struct fixture *fixture = *state;
    X509 *certificate = key_fixture_certificate("over.example", -CA_DAY);

    for (unsigned count = 1; count <= 6; count++) {
        for (int length = 1; length <= 60; length += 7) {
            const char *text = fixture->agent.health.text;
            struct key_spec specs[6] = {{0}};
            char names[6][72];
            unsigned shown = 0;
            unsigned more = 0;

            for (unsigned i = 0; i < count; i++) {
                snprintf(names[i], sizeof(names[i]), "%u%.*s", i, length, name);
                specs[i] = (struct key_spec){.slot = i + 1, .name = names[i], .certificate = certificate};
            }
            key_fixture_put(fixture, specs, count);
            assert_true(strlen(text) < ADMIN_STRING_MAX);
            for (const char *at = text; (at = strstr(at, "expired on ")); at += 11)
                shown++;
            if (strstr(text, "; and "))
                assert_int_equal(sscanf(strstr(text, "; and "), "; and %u more", &more), 1);
            assert_int_equal(shown + more, count);
        }
    }
    X509_free(certificate);
}

static void test_damaged(void **state)
{
    struct fixture *fixture = *state;
    char command[160];

    key_fixture_put(fixture, &(struct key_spec){.slot = 5, .name = "A \"key\""}, 1);
    snprintf(command, sizeof(command), "truncate -s 10 %s/store/material/*.key", fixture->directory);
    assert_int_equal(system(command), 0);
    key_fixture_restart(fixture);
    assert_says(fixture, MIB_devsecHealth_critical, "slot 5 (\"A ");
    assert_says(fixture, MIB_devsecHealth_critical, "is damaged: private key");
    assert_int_equal(fixture->agent.health.certificates.damaged, 1);
}

/* One finding, and not one for each key that cannot be opened without it. */
static void test_device_key_is_gone(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    char away[160];

    key_fixture_put_ending(fixture, 1, 100 * CA_DAY, NULL);
    key_fixture_put_ending(fixture, 2, 100 * CA_DAY, NULL);
    snprintf(path, sizeof(path), "%s/device.key", fixture->directory);
    snprintf(away, sizeof(away), "%s.away", path);
    assert_int_equal(rename(path, away), 0);
    key_fixture_restart(fixture);
    assert_says(fixture, MIB_devsecHealth_critical, "device.key");
    assert_null(strstr(fixture->agent.health.text, "is damaged"));
    assert_null(strstr(fixture->agent.health.text, "more"));
    assert_int_equal(fixture->agent.health.certificates.damaged, 2);
}

static void test_weak(void **state)
{
    struct fixture *fixture = *state;
    const struct ca_spec old_hash = {.common_name = "sha1.example", .hash = "SHA1"};
    EVP_PKEY *key = ca_key("RSA-1024");
    const struct ca_spec says = {.common_name = "weak.example"};
    struct key_spec spec = {.slot = 1, .key = key, .certificate = ca_certify(&says, key, NULL)};

    key_fixture_put(fixture, &spec, 1);
    assert_health(fixture, MIB_devsecHealth_warning, "the key in slot 1 (\"Key 1\") is weak: RSA 1024");
    X509_free(spec.certificate);
    EVP_PKEY_free(key);
    spec = (struct key_spec){.slot = 1, .certificate = ca_certify(&old_hash, key_fixture_key(), NULL)};
    key_fixture_put(fixture, &spec, 1);
    assert_health(fixture, MIB_devsecHealth_warning,
                  "the certificate in slot 1 (\"Key 1\") is signed with a weak hash: ecdsa-with-SHA1");
    X509_free(spec.certificate);
}

/* A chain that clients cannot follow matters where the certificate is used. */
static void test_chain(void **state)
{
    struct fixture *fixture = *state;
    struct ca root = ca_root("Example Root");
    struct ca middle = ca_intermediate("Example CA", &root);
    const struct ca_spec says = {.common_name = "leaf.example"};
    const struct key_spec spec = {.slot = 2, .certificate = ca_certify(&says, key_fixture_key(), &middle)};
    struct inventory_check *check;

    key_fixture_trust(fixture, 1, root.certificate);
    key_fixture_put(fixture, &spec, 1);
    check = inventory_check_new(fixture->agent.pki.inventory, 2);
    assert_non_null(check);
    inventory_check_run(check, CA_NOW, NULL);
    assert_true(inventory_check_apply(fixture->agent.pki.inventory, check));
    agent_follow(&fixture->agent);
    assert_health(fixture, MIB_devsecHealth_ok, "");
    key_fixture_use(fixture, "ieee8021x", 2);
    assert_says(fixture, MIB_devsecHealth_warning,
                "the certificate of ieee8021x (slot 2, \"Key 2\") does not verify: ");
    assert_says(fixture, MIB_devsecHealth_warning, "Example CA");
    X509_free(spec.certificate);
    ca_free(&middle);
    ca_free(&root);
}

static void test_trusted_without_its_file(void **state)
{
    struct fixture *fixture = *state;
    struct ca root = ca_root("Example Root");
    char command[160];

    key_fixture_trust(fixture, 12, root.certificate);
    snprintf(command, sizeof(command), "rm %s/store/material/*.pem", fixture->directory);
    assert_int_equal(system(command), 0);
    key_fixture_restart(fixture);
    assert_says(fixture, MIB_devsecHealth_warning, "the trusted certificate 12 cannot be used: ");
    ca_free(&root);
}

static int end(void **state)
{
    (void)state;
    key_fixture_end();
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_between_characters),
        cmocka_unit_test(test_short_texts_are_whole),
        TEST(test_long_faults_stay_utf8),
        TEST(test_ends),
        TEST(test_worst_first_and_how_many_more),
        TEST(test_text_is_never_cut_inside_a_finding),
        TEST(test_damaged),
        TEST(test_device_key_is_gone),
        TEST(test_weak),
        TEST(test_chain),
        TEST(test_trusted_without_its_file),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
