/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a change of settings, and when: not before the change stands, and again when somebody undoes it. */
#include "agent_fixture.h"
#include "devsec_mib.h"

#include "guard/policy_file.h"
#include "workers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* What snmpd would enforce of SNMPv1 and v2c now. */
static uint32_t enforced(const struct fixture *fixture)
{
    char why[POLICY_FILE_WHY_MAX];
    struct policy_file policy = {0};
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/" POLICY_FILE_NAME, fixture->agent.config.applied);
    if (!policy_file_read(&policy, path, why, sizeof(why)))
        fail_msg("%s", why);
    return policy.v1v2c;
}

static int phase(struct fixture *fixture, int command)
{
    netsnmp_pdu *response = fixture_answer(fixture, fixture_request(fixture, command));
    int status;

    assert_non_null(response);
    status = (int)response->errstat;
    snmp_free_pdu(response);
    return status;
}

/* A SET of devsecSnmpV1V2Permit as far as CommitSet. */
static void commit(struct fixture *fixture, long value)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
    netsnmp_pdu *response;

    fixture_add(request, MIB_devsecSnmpV1V2Permit, 0, ASN_INTEGER, &value, sizeof(value));
    response = fixture_answer(fixture, request);
    assert_non_null(response);
    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    snmp_free_pdu(response);
    assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_NOERROR);
    assert_int_equal(store_current(fixture->agent.store)->values[SETTING_SNMP_V1V2_PERMIT].number, value);
}

static void test_nothing_follows_before_a_commit_stands(void **state)
{
    struct fixture *fixture = *state;

    agent_follow(&fixture->agent);
    assert_int_equal(enforced(fixture), MIB_devsecSnmpV1V2Permit_disabled);
    commit(fixture, MIB_devsecSnmpV1V2Permit_enabled);
    agent_watch(&fixture->agent);
    agent_follow(&fixture->agent);
    assert_int_equal(enforced(fixture), MIB_devsecSnmpV1V2Permit_disabled);
    assert_int_equal(phase(fixture, AGENTX_UNDO_SET), SNMP_ERR_NOERROR);
    agent_watch(&fixture->agent);
    assert_int_equal(enforced(fixture), MIB_devsecSnmpV1V2Permit_disabled);
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    assert_int_equal(enforced(fixture), MIB_devsecSnmpV1V2Permit_disabled);
    fixture->transid++;
    commit(fixture, MIB_devsecSnmpV1V2Permit_enabled);
    assert_int_equal(enforced(fixture), MIB_devsecSnmpV1V2Permit_disabled);
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    assert_int_equal(enforced(fixture), MIB_devsecSnmpV1V2Permit_enabled);
}

/* The master that would have ended it is gone: what is committed stands. */
static void test_an_abandoned_commit_is_followed(void **state)
{
    struct fixture *fixture = *state;

    agent_follow(&fixture->agent);
    commit(fixture, MIB_devsecSnmpV1V2Permit_readOnly);
    dispatch_abandon(fixture->agent.dispatch);
    assert_int_equal(enforced(fixture), MIB_devsecSnmpV1V2Permit_readOnly);
}

static void test_the_watch_puts_back_what_is_gone(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_MAX];

    agent_follow(&fixture->agent);
    snprintf(path, sizeof(path), "%s/" POLICY_FILE_NAME, fixture->agent.config.applied);
    assert_int_equal(unlink(path), 0);
    agent_watch(&fixture->agent);
    assert_int_equal(enforced(fixture), MIB_devsecSnmpV1V2Permit_disabled);
    assert_int_equal(fixture->agent.health.state, MIB_devsecHealth_ok);
}

/* A thread that does not give up, and uses what its task has borrowed from the agent. */
struct stubborn {
    struct work work;
    const struct agent *agent;
    atomic_bool begun;
    atomic_bool go;
    atomic_bool over;
    const struct device *seen;
};

static void be_stubborn(struct work *work)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    struct stubborn *stubborn = (struct stubborn *)work;

    stubborn->begun = true;
    while (!stubborn->go)
        nanosleep(&moment, NULL);
    stubborn->seen = stubborn->agent->pki.device;
    stubborn->over = true;
}

static void never_done(struct work *work)
{
    (void)work;
    fail();
}

/* What is left behind must outlive the test, and be found by who looks for leaks: the compiler drops what nobody reads.
 */
static struct fixture *left_behind;
static struct workers *volatile left_workers;
static struct stubborn stubborn = {.work = {.run = be_stubborn, .done = never_done}};

static void wait_for(const atomic_bool *flag)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    while (!*flag)
        nanosleep(&moment, NULL);
}

static void test_what_a_thread_may_use_is_left_as_it_is(void **state)
{
    left_behind = *state;
    left_workers = left_behind->agent.workers;
    stubborn.agent = &left_behind->agent;
    assert_int_equal(workers_submit(left_workers, &stubborn.work, NULL), DEVSEC_OK);
    wait_for(&stubborn.begun);
    assert_false(agent_close(&left_behind->agent));
    stubborn.go = true;
    wait_for(&stubborn.over);
    assert_ptr_equal(stubborn.seen, &left_behind->agent.device);
    assert_non_null(left_behind->agent.pki.material);
    assert_non_null(left_behind->agent.pki.device_key);
    assert_non_null(left_behind->agent.device.profile.model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_follows_before_a_commit_stands, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_an_abandoned_commit_is_followed, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_the_watch_puts_back_what_is_gone, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_what_a_thread_may_use_is_left_as_it_is, fixture_open, fixture_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
