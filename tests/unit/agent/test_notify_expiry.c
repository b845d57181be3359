/* SPDX-License-Identifier: Apache-2.0 */
/* devsecCertExpiring and devsecCertExpired: each stage once across restarts, one a certificate, none lost. */
#include "devsec_mib.h"
#include "key_fixture.h"
#include "notify_private.h"

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
#include <sys/stat.h>
#include <unistd.h>

#define EXPIRING MIB_NOTIFICATION_devsecCertExpiring
#define EXPIRED  MIB_NOTIFICATION_devsecCertExpired
#define CHANGED  MIB_NOTIFICATION_devsecSettingsChanged

#define ROOM 64

/* What went out: the kinds, and of those about certificates the slots. */
struct sent {
    size_t count;
    struct {
        int kind;
        oid slot;
    } list[ROOM];
    int changed;
};

static struct sent sent; /* since the last forget() */

static void forget(void)
{
    memset(&sent, 0, sizeof(sent));
}

static int on_trap(int major, int minor, void *server, void *client)
{
    const netsnmp_pdu *pdu = server;
    const netsnmp_variable_list *trap_oid = pdu->variables->next_variable;

    (void)major;
    (void)minor;
    (void)client;
    for (int id = 0; id < MIB_NOTIFICATION_COUNT; id++) {
        oid name[MAX_OID_LEN];
        const size_t length = dispatch_oid(mib_notifications[id].oid, mib_notifications[id].oid_len, name);
        const netsnmp_variable_list *var = trap_oid->next_variable;

        if (snmp_oid_compare(trap_oid->val.objid, trap_oid->val_len / sizeof(oid), name, length) != 0)
            continue;
        if (id == CHANGED)
            sent.changed++;
        if (id != EXPIRING && id != EXPIRED)
            continue;
        assert_true(sent.count < ROOM);
        sent.list[sent.count].kind = id;
        sent.list[sent.count++].slot = var->name[var->name_length - 1];
        for (size_t i = 0; i < mib_notifications[id].n_objects; i++, var = var->next_variable) {
            const size_t column = dispatch_oid(mib_objects[mib_notifications[id].objects[i]].oid,
                                               mib_objects[mib_notifications[id].objects[i]].oid_len, name);

            assert_non_null(var);
            assert_int_equal(snmp_oid_compare(var->name, var->name_length - 1, name, column), 0);
            assert_int_equal(var->name[var->name_length - 1], sent.list[sent.count - 1].slot);
        }
        assert_null(var);
    }
    return 0;
}

static void look(struct fixture *fixture)
{
    notify_expiry(fixture->agent.notifier);
}

static void set_number(struct fixture *fixture, int object, u_char type, long number)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
    long index = 0;

    fixture_add(request, object, 0, type, &number, sizeof(number));
    assert_int_equal(fixture_set(fixture, request, &index), SNMP_ERR_NOERROR);
}

static void set_interval(struct fixture *fixture, long seconds)
{
    set_number(fixture, MIB_devsecNotifyMinInterval, ASN_UNSIGNED, seconds);
}

/* Registered, without an interval. */
static int setup(void **state)
{
    fixture_open(state);
    ((struct fixture *)*state)->agent.registered = true;
    set_interval(*state, 0);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_SEND_TRAP2, on_trap, NULL);
    forget();
    return 0;
}

static int teardown(void **state)
{
    snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_SEND_TRAP2, on_trap, NULL, 0);
    return fixture_close(state);
}

static uint32_t generation(const struct fixture *fixture)
{
    return store_current(fixture->agent.store)->generation;
}

static void assert_sent(size_t at, int kind, oid slot)
{
    assert_true(at < sent.count);
    assert_int_equal(sent.list[at].kind, kind);
    assert_int_equal(sent.list[at].slot, slot);
}

static void test_each_stage_once(void **state)
{
    static const struct {
        time_t left;
        const char *before;
        int kind; /* -1: nothing is told */
        const char *after;
    } cases[] = {
        {100 * CA_DAY, NULL, -1, ""},
        {20 * CA_DAY, NULL, EXPIRING, "warning"},
        {20 * CA_DAY, "warning", -1, "warning"},
        {6 * CA_DAY, "warning", EXPIRING, "week"},
        {6 * CA_DAY, NULL, EXPIRING, "week"}, /* of two that have passed the last */
        {3600, "week", EXPIRING, "day"},
        {-60, "day", EXPIRED, "expired"},
        {-60, NULL, EXPIRED, "expired"},
        {-100 * CA_DAY, "expired", -1, "expired"},
        /* The clock was set back: forgotten, and told again when it comes again. */
        {20 * CA_DAY, "expired", -1, "warning"},
        {100 * CA_DAY, "day", -1, ""},
        {3600, "expired", -1, "expired"}, /* by less than a day */
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t before;

        key_fixture_put_ending(fixture, 3, cases[i].left, cases[i].before);
        before = generation(fixture);
        forget();
        look(fixture);
        if (sent.count != (size_t)(cases[i].kind >= 0))
            fail_msg("case %zu: %zu notifications", i, sent.count);
        if (cases[i].kind >= 0)
            assert_sent(0, cases[i].kind, 3);
        assert_string_equal(key_fixture_told(fixture, 3), cases[i].after);
        assert_int_equal(generation(fixture),
                         before + (strcmp(cases[i].before ? cases[i].before : "", cases[i].after) != 0));
        /* Neither again, nor after a restart; and it is no change of settings. */
        look(fixture);
        key_fixture_restart(fixture);
        look(fixture);
        assert_int_equal(sent.count, cases[i].kind >= 0);
        assert_int_equal(sent.changed, 0);
    }
}

/* A key without a certificate has no end. */
static void test_no_certificate(void **state)
{
    const struct key_spec specs[] = {{.slot = 1}, {.slot = 2, .request = "wanted.example"}};
    struct fixture *fixture = *state;

    key_fixture_put(fixture, specs, 2);
    forget();
    look(fixture);
    assert_int_equal(sent.count, 0);
}

/* Those that end first before the others, each kind with a clock of its own; each waits, and is counted once. */
static void test_several_are_spaced(void **state)
{
    static const time_t left[] = {20 * CA_DAY, 3 * CA_DAY, -60, 10 * CA_DAY, -120};
    struct fixture *fixture = *state;
    uint32_t suppressed;

    for (unsigned i = 0; i < 5; i++)
        key_fixture_put_ending(fixture, i + 1, left[i], NULL);
    set_interval(fixture, 3600);
    suppressed = notify_suppressed(fixture->agent.notifier);
    forget();
    look(fixture);
    assert_int_equal(sent.count, 2);
    assert_sent(0, EXPIRING, 2);
    assert_sent(1, EXPIRED, 5);
    assert_int_equal(notify_suppressed(fixture->agent.notifier), suppressed + 3);
    look(fixture);
    look(fixture);
    assert_int_equal(sent.count, 2);
    assert_int_equal(notify_suppressed(fixture->agent.notifier), suppressed + 3);
    assert_string_equal(key_fixture_told(fixture, 1), "");
    set_interval(fixture, 0);
    look(fixture);
    assert_int_equal(sent.count, 5);
    assert_sent(2, EXPIRING, 4);
    assert_sent(3, EXPIRING, 1);
    assert_sent(4, EXPIRED, 3);
    look(fixture);
    assert_int_equal(sent.count, 5);
}

/* The interval passes by itself. */
static void test_the_next_one_follows(void **state)
{
    struct fixture *fixture = *state;

    key_fixture_put_ending(fixture, 1, 3600, NULL);
    key_fixture_put_ending(fixture, 2, 7200, NULL);
    set_interval(fixture, 1);
    forget();
    look(fixture);
    assert_int_equal(sent.count, 1);
    for (int tries = 0; sent.count < 2 && tries < 200; tries++) {
        usleep(50000);
        look(fixture);
    }
    assert_sent(1, EXPIRING, 2);
}

/* Without an interval many are told in several looks, so that others get their turn, and are not held back for that. */
static void test_many_at_once(void **state)
{
    const unsigned count = 30;
    struct fixture *fixture = *state;
    const uint32_t suppressed = notify_suppressed(fixture->agent.notifier);
    struct key_spec specs[30] = {{0}};
    X509 *certificate = key_fixture_certificate("many.example", -CA_DAY);

    for (unsigned i = 0; i < count; i++)
        specs[i] = (struct key_spec){.slot = i + 1, .certificate = certificate};
    key_fixture_put(fixture, specs, count);
    forget();
    for (unsigned looks = 0; looks < count; looks++)
        look(fixture);
    assert_int_equal(sent.count, count);
    for (unsigned i = 0; i < count; i++) {
        bool found = false;

        for (unsigned j = 0; j < count; j++)
            found = found || sent.list[j].slot == i + 1;
        assert_true(found);
        assert_string_equal(key_fixture_told(fixture, i + 1), "expired");
    }
    assert_int_equal(notify_suppressed(fixture->agent.notifier), suppressed);
    X509_free(certificate);
}

/* Off counts as not told; on again, the last stage that is due is told. */
static void test_switched_off(void **state)
{
    struct fixture *fixture = *state;

    set_number(fixture, MIB_devsecNotifyCertExpiring, ASN_INTEGER, 2);
    set_number(fixture, MIB_devsecNotifyCertExpired, ASN_INTEGER, 2);
    key_fixture_put_ending(fixture, 1, 6 * CA_DAY, "warning");
    key_fixture_put_ending(fixture, 2, -60, "week");
    forget();
    look(fixture);
    assert_int_equal(sent.count, 0);
    assert_string_equal(key_fixture_told(fixture, 1), "warning");
    assert_string_equal(key_fixture_told(fixture, 2), "week");
    assert_int_equal(notify_suppressed(fixture->agent.notifier), 0);
    set_number(fixture, MIB_devsecNotifyCertExpired, ASN_INTEGER, 1);
    look(fixture);
    assert_int_equal(sent.count, 1);
    assert_sent(0, EXPIRED, 2);
    set_number(fixture, MIB_devsecNotifyCertExpiring, ASN_INTEGER, 1);
    look(fixture);
    assert_int_equal(sent.count, 2);
    assert_sent(1, EXPIRING, 1);
}

static void test_waits_for_the_master(void **state)
{
    struct fixture *fixture = *state;

    key_fixture_put_ending(fixture, 1, 6 * CA_DAY, NULL);
    fixture->agent.registered = false;
    forget();
    look(fixture);
    assert_int_equal(sent.count, 0);
    assert_string_equal(key_fixture_told(fixture, 1), "");
    fixture->agent.registered = true;
    look(fixture);
    assert_int_equal(sent.count, 1);
}

/* No commit comes between the phases of a SET. */
static void test_waits_for_a_set_to_end(void **state)
{
    static const int phases[] = {AGENTX_TEST_SET, AGENTX_COMMIT_SET, AGENTX_UNDO_SET};
    struct fixture *fixture = *state;
    const long port = 2600;

    key_fixture_put_ending(fixture, 1, 6 * CA_DAY, NULL);
    forget();
    for (size_t i = 0; i < 3; i++) {
        netsnmp_pdu *request = fixture_request(fixture, phases[i]);
        netsnmp_pdu *response;
        uint32_t before;

        if (i == 0)
            fixture_add(request, MIB_devsecSmtpPort, 0, ASN_UNSIGNED, &port, sizeof(port));
        response = fixture_answer(fixture, request);
        assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
        snmp_free_pdu(response);
        before = generation(fixture);
        look(fixture);
        assert_int_equal(sent.count, 0);
        assert_int_equal(generation(fixture), before);
    }
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    look(fixture);
    assert_int_equal(sent.count, 1);
    assert_string_equal(key_fixture_told(fixture, 1), "week");
}

/* Told once all the same, and not again while this process remembers. */
static void test_a_store_that_cannot_be_written(void **state)
{
    struct fixture *fixture = *state;
    char path[128];

    key_fixture_put_ending(fixture, 1, 6 * CA_DAY, NULL);
    key_fixture_put_ending(fixture, 2, -60, "day");
    snprintf(path, sizeof(path), "%s/store/settings.yaml.tmp", fixture->directory);
    assert_int_equal(mkdir(path, 0700), 0);
    forget();
    for (int i = 0; i < 5; i++)
        look(fixture);
    assert_int_equal(sent.count, 2);
    assert_sent(0, EXPIRING, 1);
    assert_sent(1, EXPIRED, 2);
    assert_int_equal(store_status(fixture->agent.store), STORE_FAILED);
    assert_int_equal(fixture->agent.health.state, MIB_devsecHealth_critical);
    assert_string_equal(key_fixture_told(fixture, 1), "");
    /* Another certificate in the slot is another matter. */
    assert_int_equal(rmdir(path), 0);
    key_fixture_put_ending(fixture, 1, 5 * CA_DAY, NULL);
    look(fixture);
    assert_int_equal(sent.count, 3);
    assert_sent(2, EXPIRING, 1);
    /* The next attempt to write puts down what was told, and nothing is told again. */
    fixture->agent.notifier->write_again = 0;
    look(fixture);
    assert_string_equal(key_fixture_told(fixture, 1), "week");
    assert_string_equal(key_fixture_told(fixture, 2), "expired");
    key_fixture_restart(fixture);
    look(fixture);
    assert_int_equal(sent.count, 3);
}

/* What somebody else changes of a row is news, also together with what was told; what was told alone is none. */
static void test_other_changes_of_the_row_are_news(void **state)
{
    struct fixture *fixture = *state;

    key_fixture_put_ending(fixture, 2, 6 * CA_DAY, NULL);
    forget();
    look(fixture);
    assert_int_equal(sent.count, 1);
    assert_int_equal(sent.changed, 0);
    key_fixture_put(fixture, &(struct key_spec){.slot = 2, .name = "Another name", .told = "day"}, 1);
    assert_int_equal(sent.changed, 1);
    key_fixture_put(fixture, &(struct key_spec){.slot = 3}, 1);
    assert_int_equal(sent.changed, 2);
}

static int end(void **state)
{
    (void)state;
    key_fixture_end();
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_stage_once),
        TEST(test_no_certificate),
        TEST(test_several_are_spaced),
        TEST(test_the_next_one_follows),
        TEST(test_many_at_once),
        TEST(test_switched_off),
        TEST(test_waits_for_the_master),
        TEST(test_waits_for_a_set_to_end),
        TEST(test_a_store_that_cannot_be_written),
        TEST(test_other_changes_of_the_row_are_news),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
