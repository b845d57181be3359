/* SPDX-License-Identifier: Apache-2.0 */
/* When notifications go out: at once, held back by the minimum interval, or later because nobody could be told. */
#include "agent_fixture.h"
#include "devsec_mib.h"
#include "notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/agent/agent_callbacks.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SNMP_BIT   (1u << MIB_devsecNotifyChangedGroups_snmp)
#define TLS_BIT    (1u << MIB_devsecNotifyChangedGroups_tls)
#define NOTIFY_BIT (1u << MIB_devsecNotifyChangedGroups_notify)

/* What went out, by kind, and the groups that the last devsecSettingsChanged named. */
struct sent {
    int count[MIB_NOTIFICATION_COUNT];
    uint32_t groups;
};

static int on_trap(int major, int minor, void *server, void *client)
{
    const netsnmp_pdu *pdu = server;
    const netsnmp_variable_list *trap_oid = pdu->variables->next_variable;
    struct sent *sent = client;

    (void)major;
    (void)minor;
    for (int id = 0; id < MIB_NOTIFICATION_COUNT; id++) {
        oid name[MAX_OID_LEN];
        size_t length = dispatch_oid(mib_notifications[id].oid, mib_notifications[id].oid_len, name);
        const netsnmp_variable_list *var = trap_oid->next_variable;

        if (snmp_oid_compare(trap_oid->val.objid, trap_oid->val_len / sizeof(oid), name, length) != 0)
            continue;
        sent->count[id]++;
        for (size_t i = 0; i < mib_notifications[id].n_objects; i++, var = var->next_variable)
            assert_non_null(var);
        assert_null(var);
        if (id == MIB_NOTIFICATION_devsecSettingsChanged) {
            const u_char *octets = trap_oid->next_variable->next_variable->val.string;

            sent->groups = 0;
            for (uint32_t bit = 0; bit < 16; bit++) {
                if (octets[bit / 8] & (0x80u >> (bit % 8)))
                    sent->groups |= 1u << bit;
            }
        }
    }
    return 0;
}

static int setup(void **state)
{
    fixture_open(state);
    ((struct fixture *)*state)->agent.registered = true;
    return 0;
}

static void listen_to(struct sent *sent)
{
    memset(sent, 0, sizeof(*sent));
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_SEND_TRAP2, on_trap, sent);
}

static void listen_no_more(struct sent *sent)
{
    snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_SEND_TRAP2, on_trap, sent, 1);
}

static void set_number(struct fixture *fixture, int object, u_char type, long number)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
    long index = 0;

    fixture_add(request, object, 0, type, &number, sizeof(number));
    assert_int_equal(fixture_set(fixture, request, &index), SNMP_ERR_NOERROR);
}

static void set_port(struct fixture *fixture, long port)
{
    set_number(fixture, MIB_devsecSmtpPort, ASN_UNSIGNED, port);
}

static void set_interval(struct fixture *fixture, long seconds)
{
    set_number(fixture, MIB_devsecNotifyMinInterval, ASN_UNSIGNED, seconds);
}

/* A person's edit that is refused: the store is degraded. With the right text again, it is not. */
static void edit_document(struct fixture *fixture, const char *text)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/store/settings.yaml", fixture->directory);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    agent_refresh(&fixture->agent);
}

#define settings_changed count[MIB_NOTIFICATION_devsecSettingsChanged]
#define store_degraded   count[MIB_NOTIFICATION_devsecStoreDegraded]

static void test_no_interval_no_limit(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    set_interval(fixture, 0);
    listen_to(&sent);
    for (int i = 0; i < 5; i++) {
        set_port(fixture, 2500 + i);
        assert_int_equal(sent.settings_changed, i + 1);
        assert_int_equal(sent.groups, TLS_BIT);
    }
    set_port(fixture, 2504); /* the same again changes nothing */
    notify_look(fixture->agent.notifier);
    assert_int_equal(sent.settings_changed, 5);
    assert_int_equal(notify_suppressed(fixture->agent.notifier), 0);
    listen_no_more(&sent);
}

static void test_held_back_and_summed_up(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    listen_to(&sent);
    set_interval(fixture, 3600);
    assert_int_equal(sent.settings_changed, 1);
    set_port(fixture, 2500);
    set_port(fixture, 2501);
    notify_look(fixture->agent.notifier);
    assert_int_equal(sent.settings_changed, 1);
    assert_int_equal(notify_suppressed(fixture->agent.notifier), 2);
    set_interval(fixture, 1);
    usleep(1100000);
    notify_look(fixture->agent.notifier);
    assert_int_equal(sent.settings_changed, 2);
    assert_int_equal(sent.groups, TLS_BIT | NOTIFY_BIT);
    notify_look(fixture->agent.notifier);
    assert_int_equal(sent.settings_changed, 2);
    listen_no_more(&sent);
}

/* What was held for an hour stayed held for that hour, and held everything behind it, after the interval was lifted. */
static void test_lowered_interval_frees_what_is_held(void **state)
{
    struct fixture *fixture = *state;
    char *good;
    struct sent sent;

    listen_to(&sent);
    set_interval(fixture, 3600);
    good = fixture_document(fixture);
    edit_document(fixture, "smtp: [");
    assert_int_equal(sent.store_degraded, 1);
    edit_document(fixture, good);
    edit_document(fixture, "smtp: [[");
    assert_int_equal(sent.store_degraded, 1);
    edit_document(fixture, good);
    free(good);
    set_port(fixture, 2500);
    assert_int_equal(sent.settings_changed, 1);
    set_interval(fixture, 0);
    assert_int_equal(sent.settings_changed, 2);
    assert_int_equal(sent.groups, TLS_BIT | NOTIFY_BIT);
    assert_int_equal(sent.store_degraded, 2);
    set_port(fixture, 2501);
    assert_int_equal(sent.settings_changed, 3);
    assert_int_equal(sent.groups, TLS_BIT);
    listen_no_more(&sent);
}

static void test_switched_off_while_held(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    listen_to(&sent);
    set_interval(fixture, 3600);
    set_port(fixture, 2500);
    assert_int_equal(notify_suppressed(fixture->agent.notifier), 1);
    set_number(fixture, MIB_devsecNotifySettingsChanged, ASN_INTEGER, 2);
    set_interval(fixture, 0);
    set_port(fixture, 2501);
    assert_int_equal(sent.settings_changed, 1);
    assert_int_equal(notify_suppressed(fixture->agent.notifier), 1); /* those of a kind that is off do not count */
    set_number(fixture, MIB_devsecNotifySettingsChanged, ASN_INTEGER, 1);
    assert_int_equal(sent.settings_changed, 2);
    assert_int_equal(sent.groups, TLS_BIT | NOTIFY_BIT); /* since the last one that went out */
    listen_no_more(&sent);
}

/* A store that was degraded from the start, and what changed while snmpd was away, was told to nobody, and never again.
 */
static void test_waits_for_the_master(void **state)
{
    struct fixture *fixture = *state;
    struct sent sent;

    fixture->agent.registered = false;
    listen_to(&sent);
    set_port(fixture, 2500);
    set_port(fixture, 2501);
    edit_document(fixture, "smtp: [");
    assert_int_equal(sent.settings_changed, 0);
    assert_int_equal(sent.store_degraded, 0);
    fixture->agent.registered = true;
    agent_follow(&fixture->agent);
    assert_int_equal(sent.settings_changed, 1);
    assert_int_equal(sent.groups, TLS_BIT);
    assert_int_equal(sent.store_degraded, 1);
    agent_follow(&fixture->agent);
    assert_int_equal(sent.settings_changed, 1);
    assert_int_equal(sent.store_degraded, 1);
    listen_no_more(&sent);
}

/* A row of a table belongs to the group of its entry, and a change inside of a row is one. */
static void test_a_row_is_a_change_of_its_group(void **state)
{
    struct fixture *fixture = *state;
    char *good;
    char *with_row = NULL;
    char *with_other = NULL;
    struct sent sent;

    set_interval(fixture, 0);
    good = fixture_document(fixture);
    assert_true(asprintf(&with_row, "%.*sadministrators:\n- name: alice\n  role: networkAdministrator\n...\n",
                         (int)(strlen(good) - 4), good) > 0);
    assert_true(asprintf(&with_other, "%.*sadministrators:\n- name: alice\n  role: fileAdministrator\n...\n",
                         (int)(strlen(good) - 4), good) > 0);
    listen_to(&sent);
    edit_document(fixture, with_row);
    assert_int_equal(sent.settings_changed, 1);
    assert_int_equal(sent.groups, SNMP_BIT);
    edit_document(fixture, with_other);
    assert_int_equal(sent.settings_changed, 2);
    assert_int_equal(sent.groups, SNMP_BIT);
    notify_look(fixture->agent.notifier);
    assert_int_equal(sent.settings_changed, 2);
    edit_document(fixture, good);
    assert_int_equal(sent.settings_changed, 3);
    assert_int_equal(sent.groups, SNMP_BIT);
    assert_int_equal(sent.store_degraded, 0);
    listen_no_more(&sent);
    free(with_row);
    free(with_other);
    free(good);
}

static void test_none(void **state)
{
    (void)state;
    assert_int_equal(notify_suppressed(NULL), 0);
    notify_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_interval_no_limit, setup, fixture_close),
        cmocka_unit_test_setup_teardown(test_held_back_and_summed_up, setup, fixture_close),
        cmocka_unit_test_setup_teardown(test_lowered_interval_frees_what_is_held, setup, fixture_close),
        cmocka_unit_test_setup_teardown(test_switched_off_while_held, setup, fixture_close),
        cmocka_unit_test_setup_teardown(test_waits_for_the_master, setup, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_row_is_a_change_of_its_group, setup, fixture_close),
        cmocka_unit_test(test_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
