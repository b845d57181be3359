/* SPDX-License-Identifier: Apache-2.0 */
/* How rows of devsecJobTable grow old, finished or never started, and what goes with them; and that an agent with
 * nothing to do does nothing. */
#include "jobs_fixture.h"

#include "jobs_private.h"
#include "row_status.h"
#include "uploads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define END                                                                                                            \
    {                                                                                                                  \
        0, 0, NULL                                                                                                     \
    }

static const struct cell self_signed[] = {SELF_SIGNED(ROW_STATUS_CREATE_AND_GO), END};
static const struct cell waiting[] = {SELF_SIGNED(ROW_STATUS_CREATE_AND_WAIT), END};
static const struct cell bare[] = {{MIB_devsecJobRowStatus, ROW_STATUS_CREATE_AND_WAIT, NULL}, END};

/* The clocks so many seconds from now. */
static struct jobs_clock later(time_t wall, time_t monotonic)
{
    struct jobs_clock clock = jobs_clock_now();

    clock.wall += wall;
    clock.monotonic += monotonic;
    return clock;
}

static void watch(struct fixture *fixture, time_t wall, time_t monotonic)
{
    const struct jobs_clock now = later(wall, monotonic);

    if (jobs_watch_at(fixture->agent.jobs, &now))
        agent_follow(&fixture->agent);
}

static void make(struct fixture *fixture, oid job)
{
    jobs_create(fixture, job, self_signed);
    jobs_wait(fixture, job, MIB_devsecJobStatus_succeeded);
    jobs_settle(fixture);
}

static uint32_t generation_of(const struct fixture *fixture)
{
    return store_current(fixture->agent.store)->generation;
}

/* ---- finished ---- */

static void test_rows_grow_old_whatever_the_clock_says(void **state)
{
    struct fixture *fixture = *state;
    const time_t year = 365 * 86400L;

    make(fixture, 1);
    watch(fixture, JOBS_KEEP - 10, JOBS_KEEP - 10);
    assert_true(jobs_exists(fixture, 1));
    watch(fixture, year, JOBS_KEEP - 10);
    assert_true(jobs_exists(fixture, 1));
    watch(fixture, -year, JOBS_KEEP + 10);
    assert_false(jobs_exists(fixture, 1));
    assert_int_equal(jobs_keys(fixture)->count, 1);
}

/* Writes a row as somebody else would: the agent has yet to find it. */
static void put_row(struct store *store, const struct value *row)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct transaction *txn = NULL;

    if (transaction_begin(&txn, store, &error) || transaction_put_row(txn, TABLE_JOBS, row, &error) ||
        transaction_commit(txn, &error))
        fail_msg("%s", error.text);
    transaction_finish(txn);
    transaction_free(txn);
}

/* A row that ended at a date by the wall clock, as a restarted agent finds it. */
static void leave_finished(struct fixture *fixture, oid job, time_t finished)
{
    struct value *row = row_copy(TABLE_JOBS, jobs_row(fixture, (int64_t)job));

    assert_non_null(row);
    row[JOB_FINISHED].number = finished;
    put_row(fixture->agent.store, row);
    row_free(TABLE_JOBS, row);
    jobs_reopen(fixture);
}

static void test_a_restart_goes_by_the_date_of_the_end(void **state)
{
    struct fixture *fixture = *state;

    make(fixture, 1);
    leave_finished(fixture, 1, time(NULL) - JOBS_KEEP / 2);
    watch(fixture, 0, JOBS_KEEP / 2 - 10);
    assert_true(jobs_exists(fixture, 1));
    leave_finished(fixture, 1, time(NULL) + 86400); /* the clock was set back: it has only just ended */
    watch(fixture, 0, JOBS_KEEP - 10);
    assert_true(jobs_exists(fixture, 1));
    watch(fixture, 0, JOBS_KEEP + 10);
    assert_false(jobs_exists(fixture, 1));
    make(fixture, 1);
    leave_finished(fixture, 1, time(NULL) - 2L * JOBS_KEEP);
    watch(fixture, 0, 1);
    assert_false(jobs_exists(fixture, 1));
}

/* Somebody else has put another row in its place, of which this process does not know yet. */
static void test_only_the_row_that_is_old_goes(void **state)
{
    struct fixture *fixture = *state;
    const struct store_options options = {.directory = fixture->agent.config.store,
                                          .generations = fixture->agent.config.generations,
                                          .lock_timeout_ms = fixture->agent.config.lock_timeout_ms,
                                          .rules = &fixture->agent.device.rules};
    struct devsec_error error = {DEVSEC_OK, ""};
    struct jobs_clock now;
    struct store *other = NULL;
    struct value *row;

    make(fixture, 1);
    row = row_copy(TABLE_JOBS, jobs_row(fixture, 1));
    assert_non_null(row);
    if (store_open(&other, &options, &error))
        fail_msg("%s", error.text);
    assert_int_equal(value_set_text(&row[JOB_MESSAGE], "theirs", NULL), DEVSEC_OK);
    put_row(other, row);
    store_close(other);
    now = later(JOBS_KEEP + 10, JOBS_KEEP + 10);
    for (int i = 0; i < 3; i++) /* at first a conflict; then the document is known, and the jobs are yet to follow */
        jobs_watch_at(fixture->agent.jobs, &now);
    agent_follow(&fixture->agent);
    assert_non_null(jobs_row(fixture, 1));
    assert_string_equal(value_text(&jobs_row(fixture, 1)[JOB_MESSAGE]), "theirs");
    watch(fixture, 2L * JOBS_KEEP, 2L * JOBS_KEEP); /* in its own time it goes, too */
    assert_false(jobs_exists(fixture, 1));
    row_free(TABLE_JOBS, row);
}

/* ---- never started ---- */

static void test_rows_that_are_never_started_grow_old(void **state)
{
    struct fixture *fixture = *state;
    const time_t year = 365 * 86400L;
    uint32_t generation;
    long index = 0;

    jobs_create(fixture, 1, waiting);
    for (oid job = 2; job <= JOBS_MAX; job++)
        jobs_create(fixture, job, bare);
    assert_int_equal(jobs_set(fixture, JOBS_MAX + 1, bare, &index), SNMP_ERR_RESOURCEUNAVAILABLE);
    generation = generation_of(fixture);
    watch(fixture, year, JOBS_KEEP - 10);
    assert_int_equal(generation_of(fixture), generation);
    watch(fixture, -year, JOBS_KEEP + 10);
    for (oid job = 1; job <= JOBS_MAX; job++)
        assert_false(jobs_exists(fixture, job));
    assert_int_equal(generation_of(fixture), generation + 1);
    jobs_create(fixture, JOBS_MAX + 1, bare);
    assert_int_equal(jobs_keys(fixture)->count, 0);
}

/* Moves the time at which a row goes nearer, as if it had been there for so long. */
static void age(struct fixture *fixture, oid job, time_t seconds)
{
    struct job *found = jobs_find(fixture->agent.jobs, jobs_row(fixture, (int64_t)job));

    assert_non_null(found);
    found->due -= seconds;
}

static void test_a_change_and_a_restart_begin_anew(void **state)
{
    struct fixture *fixture = *state;

    for (oid job = 1; job <= 3; job++)
        jobs_create(fixture, job, waiting);
    for (oid job = 1; job <= 3; job++)
        age(fixture, job, JOBS_KEEP / 2);
    assert_int_equal(jobs_set_one(fixture, 1, MIB_devsecJobHash, MIB_devsecJobHash_sha384), SNMP_ERR_NOERROR);
    assert_int_equal(jobs_set_one(fixture, 2, MIB_devsecJobHash, MIB_devsecJobHash_sha256), SNMP_ERR_NOERROR); /* is */
    watch(fixture, 0, JOBS_KEEP / 2 + 10);
    assert_true(jobs_exists(fixture, 1));
    assert_false(jobs_exists(fixture, 2));
    assert_false(jobs_exists(fixture, 3));
    age(fixture, 1, JOBS_KEEP / 2);
    jobs_reopen(fixture);
    watch(fixture, 0, JOBS_KEEP - 10);
    assert_true(jobs_exists(fixture, 1));
    watch(fixture, 0, JOBS_KEEP + 10);
    assert_false(jobs_exists(fixture, 1));
}

static void test_a_row_that_waited_is_kept_for_its_own_time_once_it_is_done(void **state)
{
    struct fixture *fixture = *state;

    jobs_create(fixture, 1, waiting);
    age(fixture, 1, JOBS_KEEP - 10);
    assert_int_equal(jobs_set_one(fixture, 1, MIB_devsecJobRowStatus, ROW_STATUS_ACTIVE), SNMP_ERR_NOERROR);
    watch(fixture, 0, JOBS_KEEP + 10); /* done or not, it does not wait any more */
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    jobs_settle(fixture);
    watch(fixture, 0, JOBS_KEEP - 10);
    assert_true(jobs_exists(fixture, 1));
}

static void test_uploads_go_with_their_row(void **state)
{
    struct fixture *fixture = *state;
    struct upload_segment segment = {
        .job = 1, .segment = 1, .status = ROW_STATUS_ACTIVE, .when = jobs_clock_now().monotonic, .length = 5};

    jobs_create(fixture, 1, bare);
    assert_int_equal(uploads_put(fixture->agent.uploads, &segment, NULL), DEVSEC_OK);
    segment.job = 2; /* whose row is yet to come */
    assert_int_equal(uploads_put(fixture->agent.uploads, &segment, NULL), DEVSEC_OK);
    watch(fixture, 0, JOBS_KEEP + 10);
    assert_false(jobs_exists(fixture, 1));
    assert_int_equal(uploads_count(fixture->agent.uploads), 1);
    assert_non_null(uploads_find(fixture->agent.uploads, 2, 1));
}

/* ---- nothing to do ---- */

/* A look at thousands of certificates is thought of as many; when none is due, that is told at once. */
static void test_nothing_to_verify_is_told_at_once(void **state)
{
    struct fixture *fixture = *state;
    const struct jobs_clock now = jobs_clock_now();
    struct jobs *jobs = fixture->agent.jobs;

    make(fixture, 1);
    jobs->checks_left = 20;
    agent_follow(&fixture->agent);
    assert_int_equal(jobs->checks_left, 0);
    assert_null(jobs->check);
    jobs_watch_at(jobs, &now); /* collects files */
    assert_false(jobs_watch_at(jobs, &now));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rows_grow_old_whatever_the_clock_says),
        TEST(test_a_restart_goes_by_the_date_of_the_end),
        TEST(test_only_the_row_that_is_old_goes),
        TEST(test_rows_that_are_never_started_grow_old),
        TEST(test_a_change_and_a_restart_begin_anew),
        TEST(test_a_row_that_waited_is_kept_for_its_own_time_once_it_is_done),
        TEST(test_uploads_go_with_their_row),
        TEST(test_nothing_to_verify_is_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
