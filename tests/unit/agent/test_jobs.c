/* SPDX-License-Identifier: Apache-2.0 */
/* The life of jobs: started by a SET, worked on elsewhere, committed when no SET is in the way, given up. */
#include "jobs_fixture.h"

#include "pki/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CREATE_AND_GO   4
#define CREATE_AND_WAIT 5
#define DESTROY         6

#define END                                                                                                            \
    {                                                                                                                  \
        0, 0, NULL                                                                                                     \
    }

static const struct cell self_signed[] = {SELF_SIGNED(CREATE_AND_GO), END};
static const struct cell endless[] = {SELF_SIGNED(CREATE_AND_GO), ENDLESS, END};
static const struct cell endless_in_5[] = {SELF_SIGNED(CREATE_AND_GO), ENDLESS, {MIB_devsecJobSlot, 5, NULL}, END};

static void destroy(struct fixture *fixture, oid job)
{
    assert_int_equal(jobs_set_one(fixture, job, MIB_devsecJobRowStatus, DESTROY), SNMP_ERR_NOERROR);
}

/* ---- results ---- */

static void test_a_result_and_its_row_are_one_commit(void **state)
{
    struct fixture *fixture = *state;
    const time_t before = time(NULL);
    const struct value *row;
    char text[JOBS_TEXT_MAX];
    uint32_t generation;

    jobs_create(fixture, 7, self_signed);
    generation = store_current(fixture->agent.store)->generation;
    assert_int_equal(jobs_number(fixture, 7, MIB_devsecJobRowStatus), 1);
    jobs_wait(fixture, 7, MIB_devsecJobStatus_succeeded);
    assert_int_equal(store_current(fixture->agent.store)->generation, generation + 1);
    assert_int_equal(jobs_keys(fixture)->count, 1);
    assert_int_equal(jobs_keys(fixture)->rows[0][KEY_SLOT].number, 1);
    assert_int_equal(jobs_number(fixture, 7, MIB_devsecJobCause), MIB_devsecJobCause_none);
    assert_int_equal(jobs_number(fixture, 7, MIB_devsecJobSlot), 1);
    assert_non_null(strstr(jobs_text(fixture, 7, MIB_devsecJobMessage, text), "slot 1"));
    row = jobs_row(fixture, 7);
    assert_true(row[JOB_STARTED].number >= before && row[JOB_FINISHED].number >= row[JOB_STARTED].number);
    assert_int_equal(jobs_files(fixture, ".key"), 1);
    jobs_settle(fixture);
    assert_int_equal(jobs_number(fixture, 1, MIB_devsecCertVerify), MIB_devsecCertVerify_selfSigned);
}

static void test_a_failure_has_a_cause_and_a_sentence(void **state)
{
    struct fixture *fixture = *state;
    const struct cell install[] = {{MIB_devsecJobOperation, MIB_devsecJobOperation_installCertificate, NULL},
                                   {MIB_devsecJobRowStatus, CREATE_AND_GO, NULL},
                                   END};
    const struct cell remove[] = {{MIB_devsecJobOperation, MIB_devsecJobOperation_removeTrusted, NULL},
                                  {MIB_devsecJobSlot, 12, NULL},
                                  {MIB_devsecJobRowStatus, CREATE_AND_GO, NULL},
                                  END};
    const struct cell delete[] = {{MIB_devsecJobOperation, MIB_devsecJobOperation_deleteKey, NULL},
                                  {MIB_devsecJobSlot, 12, NULL},
                                  {MIB_devsecJobRowStatus, CREATE_AND_GO, NULL},
                                  END};

    jobs_create(fixture, 1, install);
    jobs_create(fixture, 2, remove);
    jobs_create(fixture, 3, delete);
    jobs_expect_failure(fixture, 1, PKI_UPLOAD_MISSING, "nothing was uploaded for job 1");
    jobs_expect_failure(fixture, 2, PKI_NO_SUCH_SLOT, "12");
    jobs_expect_failure(fixture, 3, PKI_NO_SUCH_SLOT, "12");
    assert_int_equal(jobs_number(fixture, 3, MIB_devsecJobSlot), 12);
}

static void test_jobs_under_way_share_no_slot(void **state)
{
    struct fixture *fixture = *state;
    char *before;
    char *after;
    long index = 0;

    jobs_create(fixture, 1, endless_in_5);
    before = fixture_document(fixture);
    assert_int_equal(jobs_set(fixture, 2, endless_in_5, &index), SNMP_ERR_INCONSISTENTVALUE);
    assert_int_equal(index, 6); /* devsecJobSlot */
    assert_string_equal(fixture->agent.last_set_error,
                        "devsecJobSlot.2: job 1 works on slot 5; wait until it is done, or destroy it");
    after = fixture_document(fixture);
    assert_string_equal(after, before);
    free(before);
    free(after);
    jobs_create(fixture, 3, endless); /* chooses: 1 */
    jobs_create(fixture, 4, endless); /* 2 */
    destroy(fixture, 1);
    jobs_create(fixture, 2, endless_in_5); /* nothing of the first one will take effect, so the slot is free at once */
    for (oid job = 2; job <= 4; job++)
        destroy(fixture, job);
    jobs_settle(fixture);
}

/* Neither of them is there when the other one is judged. */
static void test_two_jobs_on_one_slot_in_one_request(void **state)
{
    struct fixture *fixture = *state;
    const struct cell cells[] = {SELF_SIGNED(CREATE_AND_GO), {MIB_devsecJobSlot, 5, NULL}, END};
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
    long index = 0;

    jobs_add_cells(request, 2, cells);
    jobs_add_cells(request, 1, cells);
    assert_int_equal(fixture_set(fixture, request, &index), SNMP_ERR_NOERROR);
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    jobs_expect_failure(fixture, 2, PKI_SLOT_BUSY, "slot 5");
    assert_int_equal(jobs_keys(fixture)->count, 1);
}

static void test_slots_chosen_by_jobs_differ(void **state)
{
    struct fixture *fixture = *state;

    for (oid job = 1; job <= 6; job++)
        jobs_create(fixture, job, self_signed);
    for (oid job = 1; job <= 6; job++) {
        jobs_wait(fixture, job, MIB_devsecJobStatus_succeeded);
        assert_int_equal(jobs_number(fixture, job, MIB_devsecJobSlot), job);
    }
    assert_int_equal(jobs_keys(fixture)->count, 6);
    assert_int_equal(jobs_files(fixture, ".key"), 6);
}

static void test_a_full_queue_is_refused(void **state)
{
    struct fixture *fixture = *state;
    oid job = 0;
    long index = 0;

    while (job < JOBS_THREADS)
        jobs_create(fixture, ++job, endless);
    for (oid running = 1; running <= JOBS_THREADS; running++)
        jobs_wait(fixture, running, MIB_devsecJobStatus_running);
    while (job < JOBS_THREADS + JOBS_QUEUE)
        jobs_create(fixture, ++job, endless);
    assert_int_equal(jobs_number(fixture, job, MIB_devsecJobStatus), MIB_devsecJobStatus_pending);
    assert_int_equal(jobs_set(fixture, job + 1, endless, &index), SNMP_ERR_RESOURCEUNAVAILABLE);
    assert_string_equal(fixture->agent.last_set_error, "devsecJobRowStatus.19: 16 jobs wait for their turn already; "
                                                       "wait until one of them is done");
    assert_false(jobs_exists(fixture, job + 1));
    destroy(fixture, job);
    jobs_create(fixture, job + 1, endless); /* what was destroyed waits no longer */
    for (oid i = 1; i <= job + 1; i++)
        destroy(fixture, i);
    jobs_settle(fixture);
    assert_int_equal(jobs_keys(fixture)->count, 0);
    assert_int_equal(jobs_files(fixture, ".key"), 0);
}

static void test_a_destroyed_job_takes_no_effect(void **state)
{
    struct fixture *fixture = *state;
    uint32_t generation;

    jobs_create(fixture, 1, endless);
    jobs_wait(fixture, 1, MIB_devsecJobStatus_running);
    destroy(fixture, 1);
    generation = store_current(fixture->agent.store)->generation;
    jobs_create(fixture, 1, self_signed); /* another job with its number */
    jobs_settle(fixture);
    assert_int_equal(jobs_number(fixture, 1, MIB_devsecJobStatus), MIB_devsecJobStatus_succeeded);
    assert_int_equal(store_current(fixture->agent.store)->generation, generation + 2);
    assert_int_equal(jobs_keys(fixture)->count, 1);
    assert_int_equal(jobs_keys(fixture)->rows[0][KEY_TYPE].number, MIB_devsecCertKeyType_ecdsa);
}

/* A person's comment makes another document of it, although no setting is another. */
static void test_the_inventory_follows_an_edit_that_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    char text[JOBS_TEXT_MAX];
    char *document;
    char path[128];
    FILE *file;

    jobs_create(fixture, 1, self_signed);
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    jobs_settle(fixture);
    document = fixture_document(fixture);
    snprintf(path, sizeof(path), "%s/store/settings.yaml", fixture->directory);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "# Seen by Ada.\n%s", document) > 0);
    assert_int_equal(fclose(file), 0);
    free(document);
    agent_refresh(&fixture->agent);
    assert_string_equal(jobs_text(fixture, 1, MIB_devsecCertName, text), "Key 1");
}

/* ---- in step with SETs ---- */

static int phase(struct fixture *fixture, int command)
{
    netsnmp_pdu *response = fixture_answer(fixture, fixture_request(fixture, command));
    int status;

    assert_non_null(response);
    status = (int)response->errstat;
    snmp_free_pdu(response);
    return status;
}

static void test_set(struct fixture *fixture, oid job, const struct cell *cells)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
    netsnmp_pdu *response;

    jobs_add_cells(request, job, cells);
    response = fixture_answer(fixture, request);
    assert_non_null(response);
    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    snmp_free_pdu(response);
}

static void test_an_undone_row_is_never_started(void **state)
{
    struct fixture *fixture = *state;

    test_set(fixture, 1, self_signed);
    assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_NOERROR);
    agent_follow(&fixture->agent);
    agent_watch(&fixture->agent);
    assert_int_equal(jobs_number(fixture, 1, MIB_devsecJobStatus), MIB_devsecJobStatus_pending);
    assert_int_equal(phase(fixture, AGENTX_UNDO_SET), SNMP_ERR_NOERROR);
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    assert_null(jobs_row(fixture, 1));
    jobs_settle(fixture);
    assert_int_equal(jobs_keys(fixture)->count, 0);
    assert_int_equal(jobs_files(fixture, ".key"), 0);
}

/* The worker ends in the midst of a SET; the SET may end in either way. */
static void test_a_result_waits_for_the_end_of_a_set(void **state)
{
    struct fixture *fixture = *state;
    const struct cell wait[] = {{MIB_devsecJobRowStatus, CREATE_AND_WAIT, NULL}, END};

    jobs_create(fixture, 1, self_signed);
    test_set(fixture, 2, wait);
    jobs_settle(fixture);
    assert_int_equal(jobs_number(fixture, 1, MIB_devsecJobStatus), MIB_devsecJobStatus_running);
    assert_int_equal(jobs_keys(fixture)->count, 0);
    assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_NOERROR);
    agent_follow(&fixture->agent);
    assert_int_equal(jobs_keys(fixture)->count, 0);
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    assert_int_equal(jobs_number(fixture, 1, MIB_devsecJobStatus), MIB_devsecJobStatus_succeeded);
    assert_true(jobs_exists(fixture, 2));
    fixture->transid++;
    jobs_create(fixture, 3, self_signed);
    test_set(fixture, 4, wait);
    jobs_settle(fixture);
    assert_int_equal(jobs_number(fixture, 3, MIB_devsecJobStatus), MIB_devsecJobStatus_running);
    dispatch_abandon(fixture->agent.dispatch); /* its master is gone */
    assert_int_equal(jobs_number(fixture, 3, MIB_devsecJobStatus), MIB_devsecJobStatus_succeeded);
    assert_false(jobs_exists(fixture, 4));
}

/* ---- restarts ---- */

static void test_a_restart_ends_what_was_not_done(void **state)
{
    struct fixture *fixture = *state;
    uint32_t generation;

    jobs_create(fixture, 1, endless);
    jobs_create(fixture, 2, endless);
    jobs_create(fixture, 3, endless); /* only waits */
    jobs_create(fixture, 4, (const struct cell[]){SELF_SIGNED(CREATE_AND_WAIT), END});
    jobs_wait(fixture, 1, MIB_devsecJobStatus_running);
    generation = store_current(fixture->agent.store)->generation;
    jobs_reopen(fixture);
    for (oid job = 1; job <= 3; job++)
        jobs_expect_failure(fixture, job, PKI_INTERRUPTED, "the agent was restarted");
    assert_int_equal(store_current(fixture->agent.store)->generation, generation + 3);
    assert_int_equal(jobs_number(fixture, 4, MIB_devsecJobStatus), MIB_devsecJobStatus_pending);
    assert_int_equal(jobs_number(fixture, 4, MIB_devsecJobRowStatus), 2);
    agent_watch(&fixture->agent);
    assert_int_equal(jobs_files(fixture, ".key"), 0);
    destroy(fixture, 1);
    jobs_create(fixture, 1, self_signed);
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    generation = store_current(fixture->agent.store)->generation;
    jobs_reopen(fixture); /* what is done stays as it is */
    assert_int_equal(store_current(fixture->agent.store)->generation, generation);
    assert_int_equal(jobs_number(fixture, 1, MIB_devsecJobStatus), MIB_devsecJobStatus_succeeded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_result_and_its_row_are_one_commit, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_failure_has_a_cause_and_a_sentence, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_jobs_under_way_share_no_slot, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_two_jobs_on_one_slot_in_one_request, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_slots_chosen_by_jobs_differ, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_full_queue_is_refused, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_destroyed_job_takes_no_effect, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_the_inventory_follows_an_edit_that_changes_nothing, fixture_open,
                                        fixture_close),
        cmocka_unit_test_setup_teardown(test_an_undone_row_is_never_started, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_result_waits_for_the_end_of_a_set, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_restart_ends_what_was_not_done, fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
