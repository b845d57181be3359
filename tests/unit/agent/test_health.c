/* SPDX-License-Identifier: Apache-2.0 */
/* devsecHealth's texts: SnmpAdminStrings that are cut between characters, never inside one. */
#include "agent_fixture.h"
#include "devsec_mib.h"
#include "restart.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_between_characters),
        cmocka_unit_test(test_short_texts_are_whole),
        cmocka_unit_test_setup_teardown(test_long_faults_stay_utf8, fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
