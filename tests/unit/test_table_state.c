/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of state in the store, and commits that depend on rows being what they were. */
#include "alloc_faults.h"
#include "pki_rows.h"
#include "store_fixture.h"

static struct store *open_other(struct fixture *f)
{
    struct store *other = NULL;

    assert_int_equal(store_open(&other, &f->options, &f->error), DEVSEC_OK);
    return other;
}

/* One transaction with one row (taken) put, all the way. */
static void commit_row(struct store *store, enum table_id id, struct value *row)
{
    struct transaction *txn = NULL;
    struct devsec_error error = {0};

    assert_int_equal(transaction_begin(&txn, store, &error), DEVSEC_OK);
    if (transaction_put_row(txn, id, row, &error) || transaction_commit(txn, &error))
        fail_msg("%s", error.text);
    assert_true(transaction_changed(txn));
    transaction_finish(txn);
    transaction_free(txn);
    row_free(id, row);
}

static void commit_job(struct store *store, unsigned index, int64_t status)
{
    struct value *job = pki_job(index);

    job[JOB_STATUS].number = status;
    commit_row(store, TABLE_JOBS, job);
}

static const struct table *rows_in(const struct store *store, enum table_id id)
{
    return &store_current(store)->tables[id];
}

/* ---- State ---- */

static void test_a_commit_of_state_alone_is_written(void **state)
{
    struct fixture *f = *state;

    commit_job(f->store, 5, MIB_devsecJobStatus_pending);
    commit_job(f->store, 5, MIB_devsecJobStatus_succeeded);
    assert_int_equal(generation_of(f->store), 3);
    fixture_open(f);
    assert_int_equal(generation_of(f->store), 3);
    assert_int_equal(rows_in(f->store, TABLE_JOBS)->rows[0][JOB_STATUS].number, MIB_devsecJobStatus_succeeded);
}

/* Otherwise a handful of jobs would push out every generation that there is to restore. */
static void test_state_takes_the_place_of_the_copy_before(void **state)
{
    struct fixture *f = *state;

    commit_port(f, 2002);
    for (unsigned i = 0; i < 2 * FIXTURE_GENERATIONS; i++)
        commit_job(f->store, 5, i % 2 ? MIB_devsecJobStatus_pending : MIB_devsecJobStatus_succeeded);
    assert_int_equal(generation_of(f->store), 12);
    names_assert(f, "generations", "0000000001.yaml 0000000012.yaml ");
    commit_port(f, 2013);
    names_assert(f, "generations", "0000000001.yaml 0000000012.yaml 0000000013.yaml ");
    assert_int_equal(store_restore(f->store, 12, &f->error), DEVSEC_OK);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2002);
    fixture_open(f);
    status_assert(f->store, STORE_OK, "");
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2002);
}

/* A job and what it brought are one commit, which is one of settings. */
static void test_state_with_settings_has_a_copy_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);
    struct value *job = pki_job(5);
    struct value *key = pki_key(1, "Web");

    assert_int_equal(transaction_put_row(txn, TABLE_JOBS, job, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_put_row(txn, TABLE_KEYS, key, &f->error), DEVSEC_OK);
    commit(f, txn);
    transaction_finish(txn);
    transaction_free(txn);
    row_free(TABLE_JOBS, job);
    row_free(TABLE_KEYS, key);
    txn = begin(f);
    job = pki_job(6);
    assert_int_equal(transaction_put_row(txn, TABLE_JOBS, job, &f->error), DEVSEC_OK);
    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 587), DEVSEC_OK);
    commit(f, txn);
    transaction_finish(txn);
    transaction_free(txn);
    row_free(TABLE_JOBS, job);
    names_assert(f, "generations", "0000000001.yaml 0000000002.yaml 0000000003.yaml ");
}

static void test_restore_leaves_state_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct store *other = open_other(f);

    commit_row(f->store, TABLE_KEYS, pki_key(1, "Web"));  /* 2 */
    commit_job(f->store, 5, MIB_devsecJobStatus_pending); /* 3, in place of 2 */
    commit_row(f->store, TABLE_KEYS, pki_key(2, "Mail")); /* 4 */
    commit_job(f->store, 5, MIB_devsecJobStatus_failed);
    commit_job(other, 6, MIB_devsecJobStatus_succeeded); /* that the restoring one has not been told of */
    assert_int_equal(store_restore(f->store, 3, &f->error), DEVSEC_OK);
    store_close(other);
    fixture_open(f);
    assert_int_equal(rows_in(f->store, TABLE_KEYS)->count, 1);
    assert_int_equal(rows_in(f->store, TABLE_JOBS)->count, 2);
    assert_int_equal(rows_in(f->store, TABLE_JOBS)->rows[0][JOB_STATUS].number, MIB_devsecJobStatus_failed);
    assert_int_equal(rows_in(f->store, TABLE_JOBS)->rows[1][JOB_INDEX].number, 6);
}

static void test_undo_brings_state_back_too(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn;
    struct value *job = pki_job(5);

    commit_row(f->store, TABLE_JOBS, row_copy(TABLE_JOBS, job));
    txn = begin(f);
    job[JOB_STATUS].number = MIB_devsecJobStatus_failed;
    assert_int_equal(transaction_put_row(txn, TABLE_JOBS, job, &f->error), DEVSEC_OK);
    commit(f, txn);
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_OK);
    transaction_free(txn);
    row_free(TABLE_JOBS, job);
    assert_int_equal(rows_in(f->store, TABLE_JOBS)->rows[0][JOB_STATUS].number, MIB_devsecJobStatus_pending);
    assert_int_equal(generation_of(f->store), 2);
}

static void test_jobs_are_as_many_as_there_may_be(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);
    const struct value first = {.number = 1};
    struct value *job = pki_job(1);

    for (job[JOB_INDEX].number = 1; job[JOB_INDEX].number <= 32; job[JOB_INDEX].number++)
        assert_int_equal(transaction_put_row(txn, TABLE_JOBS, job, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_put_row(txn, TABLE_JOBS, job, &f->error), DEVSEC_ERR_UNAVAILABLE);
    text_assert(&f->error, DEVSEC_ERR_UNAVAILABLE, "jobs: the table is full, 32 rows are the most that it holds");
    commit(f, txn);
    transaction_free(txn);
    assert_int_equal(rows_in(f->store, TABLE_JOBS)->count, 32);
    txn = begin(f);
    assert_int_equal(transaction_put_row(txn, TABLE_JOBS, job, &f->error), DEVSEC_ERR_UNAVAILABLE);
    assert_int_equal(transaction_remove_row(txn, TABLE_JOBS, &first, &f->error), DEVSEC_OK); /* makes room */
    assert_int_equal(transaction_put_row(txn, TABLE_JOBS, job, &f->error), DEVSEC_OK);
    job[JOB_INDEX].number = 1;
    assert_int_equal(transaction_put_row(txn, TABLE_JOBS, job, &f->error), DEVSEC_ERR_UNAVAILABLE);
    commit(f, txn);
    transaction_free(txn);
    row_free(TABLE_JOBS, job);
    assert_int_equal(rows_in(f->store, TABLE_JOBS)->count, 32);
    assert_int_equal(rows_in(f->store, TABLE_JOBS)->rows[31][JOB_INDEX].number, 33);
}

/* In an order that is none: 7 and 29 are prime to each other, so that each of 29 comes once. */
static void test_many_changes_of_one_transaction_count_each(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);
    struct value *job = pki_job(1);
    struct value *key = pki_key(1, "Web");
    const struct table *jobs;

    for (int i = 0; i < 2 * 29; i++) {
        job[JOB_INDEX].number = i * 7 % 29 + 1;
        job[JOB_SLOT].number = i < 29 ? 0 : job[JOB_INDEX].number;
        assert_int_equal(transaction_put_row(txn, TABLE_JOBS, job, &f->error), DEVSEC_OK);
        key[KEY_SLOT].number = job[JOB_INDEX].number;
        key[KEY_CREATED].number = i + 1;
        assert_int_equal(transaction_put_row(txn, TABLE_KEYS, key, &f->error), DEVSEC_OK);
    }
    for (int i = 0; i < 29; i += 2) {
        job[JOB_INDEX].number = i * 7 % 29 + 1;
        assert_int_equal(transaction_remove_row(txn, TABLE_JOBS, &job[JOB_INDEX], &f->error), DEVSEC_OK);
        assert_int_equal(transaction_remove_row(txn, TABLE_JOBS, &job[JOB_INDEX], &f->error), DEVSEC_ERR_NOT_FOUND);
    }
    commit(f, txn);
    transaction_free(txn);
    jobs = rows_in(f->store, TABLE_JOBS);
    assert_int_equal(jobs->count, 14);
    for (int i = 1; i < 29; i += 2) {
        long index;

        job[JOB_INDEX].number = i * 7 % 29 + 1;
        index = table_find(TABLE_JOBS, jobs, &job[JOB_INDEX]);
        assert_true(index >= 0);
        assert_int_equal(jobs->rows[index][JOB_SLOT].number, job[JOB_INDEX].number);
    }
    assert_int_equal(rows_in(f->store, TABLE_KEYS)->count, 29);
    for (size_t i = 0; i < 29; i++)
        assert_true(rows_in(f->store, TABLE_KEYS)->rows[i][KEY_CREATED].number > 29);
    row_free(TABLE_JOBS, job);
    row_free(TABLE_KEYS, key);
}

/* ---- Rows that must be what they were ---- */

#define CHANGED_MEANWHILE                                                                                              \
    "keys: the row with the slot \"%u\" is no longer what it was: somebody else changed it meanwhile; look at it and " \
    "try again"

enum meanwhile { NOTHING, SAME_ROW, OTHER_ROW, ROW_GONE, ROW_CAME };

static void do_meanwhile(struct store *store, enum meanwhile what)
{
    static const unsigned slots[] = {[SAME_ROW] = 1, [OTHER_ROW] = 2, [ROW_CAME] = 9};
    const struct value first = {.number = 1};
    struct transaction *txn = NULL;
    struct devsec_error error = {0};

    if (what == NOTHING)
        return;
    if (what != ROW_GONE) {
        commit_row(store, TABLE_KEYS, pki_key(slots[what], "Meanwhile"));
        return;
    }
    assert_int_equal(transaction_begin(&txn, store, &error), DEVSEC_OK);
    assert_int_equal(transaction_remove_row(txn, TABLE_KEYS, &first, &error), DEVSEC_OK);
    assert_int_equal(transaction_commit(txn, &error), DEVSEC_OK);
    transaction_finish(txn);
    transaction_free(txn);
}

static const struct {
    enum meanwhile what;
    unsigned guilty; /* the slot that is complained about, 0 for none */
} meanwhiles[] = {{NOTHING, 0}, {OTHER_ROW, 0}, {SAME_ROW, 1}, {ROW_GONE, 1}, {ROW_CAME, 9}};

/* A transaction that sets a port and requires key 1 to be as it is, and none to be in slot 9. */
static struct transaction *begin_requiring(struct fixture *f)
{
    const struct value ninth = {.number = 9};
    const struct value *row = rows_in(f->store, TABLE_KEYS)->rows[0];
    struct transaction *txn = begin(f);

    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 587), DEVSEC_OK);
    assert_int_equal(transaction_require_row(txn, TABLE_KEYS, &row[KEY_SLOT], row, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_require_row(txn, TABLE_KEYS, &ninth, NULL, &f->error), DEVSEC_OK);
    return txn;
}

static void test_check_tells_that_a_required_row_is_another(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(meanwhiles) / sizeof(meanwhiles[0]); i++) {
        struct store_fault fault = {.n_involved = 3};
        char sentence[256];
        char slot[16];
        struct transaction *txn;

        fixture_close(f);
        fixture_empty(f);
        fixture_open(f);
        commit_row(f->store, TABLE_KEYS, pki_key(1, "Web"));
        txn = begin_requiring(f);
        do_meanwhile(f->store, meanwhiles[i].what);
        snprintf(sentence, sizeof(sentence), CHANGED_MEANWHILE, meanwhiles[i].guilty);
        snprintf(slot, sizeof(slot), "%u", meanwhiles[i].guilty);
        assert_int_equal(transaction_check(txn, &fault), meanwhiles[i].guilty ? DEVSEC_ERR_BUSY : DEVSEC_OK);
        if (meanwhiles[i].guilty) {
            text_assert(&fault.error, DEVSEC_ERR_BUSY, sentence);
            assert_int_equal(fault.n_involved, 0);
            assert_int_equal(fault.involved_tables, 1u << TABLE_KEYS);
            assert_int_equal(fault.n_involved_rows, 1);
            assert_string_equal(fault.involved_rows[0], slot);
            assert_int_equal(transaction_check(txn, NULL), DEVSEC_ERR_BUSY);
        }
        transaction_free(txn);
    }
}

/* The check passed, and another process was quicker. */
static void test_commit_is_refused_where_a_required_row_is_another(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(meanwhiles) / sizeof(meanwhiles[0]); i++) {
        struct transaction *txn;
        struct store *other;
        char sentence[256];
        uint32_t generation;

        fixture_close(f);
        fixture_empty(f);
        fixture_open(f);
        commit_row(f->store, TABLE_KEYS, pki_key(1, "Web"));
        other = open_other(f);
        txn = begin_requiring(f);
        assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
        do_meanwhile(other, meanwhiles[i].what);
        generation = generation_of(other);
        snprintf(sentence, sizeof(sentence), CHANGED_MEANWHILE, meanwhiles[i].guilty);
        assert_int_equal(transaction_commit(txn, &f->error), meanwhiles[i].guilty ? DEVSEC_ERR_BUSY : DEVSEC_OK);
        if (meanwhiles[i].guilty)
            text_assert(&f->error, DEVSEC_ERR_BUSY, sentence);
        assert_int_equal(generation_of(f->store), meanwhiles[i].guilty ? generation : generation + 1);
        assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), meanwhiles[i].guilty ? 25 : 587);
        status_assert(f->store, STORE_OK, "");
        transaction_free(txn);
        store_close(other);
    }
}

/* What the transaction itself does to the row is no reason. */
static void test_a_required_row_may_be_changed_by_its_transaction(void **state)
{
    struct fixture *f = *state;
    struct value *row = pki_key(1, "Web");
    struct transaction *txn;

    commit_row(f->store, TABLE_KEYS, row_copy(TABLE_KEYS, row));
    txn = begin(f);
    assert_int_equal(transaction_require_row(txn, TABLE_KEYS, &row[KEY_SLOT], row, &f->error), DEVSEC_OK);
    pki_row_set(TABLE_KEYS, row, KEY_CERTIFICATE, DIGEST_B);
    assert_int_equal(transaction_put_row(txn, TABLE_KEYS, row, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
    commit(f, txn);
    transaction_free(txn);
    row_free(TABLE_KEYS, row);
    assert_string_equal(value_text(&rows_in(f->store, TABLE_KEYS)->rows[0][KEY_CERTIFICATE]), DIGEST_B);
}

/* A requirement that comes after the check counts for the commit. */
static void test_a_requirement_after_the_check_counts(void **state)
{
    struct fixture *f = *state;
    const struct value ninth = {.number = 9};
    struct value *row = pki_key(9, "Web");
    struct transaction *txn = begin(f);

    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 587), DEVSEC_OK);
    assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
    assert_int_equal(transaction_require_row(txn, TABLE_KEYS, &ninth, row, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_ERR_BUSY);
    assert_int_equal(generation_of(f->store), 1);
    transaction_free(txn);
    row_free(TABLE_KEYS, row);
}

static void test_lack_of_memory_forgets_no_requirement(void **state)
{
    struct fixture *f = *state;
    struct value *row = pki_key(9, "Web");
    bool failed = true;

    for (size_t n = 0; failed; n++) {
        struct transaction *txn = begin(f);
        enum devsec_err err;

        alloc_faults_arm(n);
        err = transaction_require_row(txn, TABLE_KEYS, &row[KEY_SLOT], row, &f->error);
        failed = alloc_faults_disarm();
        assert_int_equal(err, failed ? DEVSEC_ERR_MEMORY : DEVSEC_OK);
        assert_int_equal(transaction_check(txn, NULL), failed ? DEVSEC_OK : DEVSEC_ERR_BUSY);
        transaction_free(txn);
    }
    row_free(TABLE_KEYS, row);
}

/* ---- Faults ---- */

static void test_a_fault_is_filled_anew_each_time(void **state)
{
    static const enum setting_id port[] = {SETTING_SMTP_PORT, SETTING_COUNT};
    struct store_fault fault = {.n_involved = 0};

    (void)state;
    assert_int_equal(store_fault_set(&fault, DEVSEC_ERR_INCONSISTENT, port, "no"), DEVSEC_ERR_INCONSISTENT);
    assert_int_equal(store_fault_set_tables(&fault, 6, DEVSEC_ERR_BUSY), DEVSEC_ERR_BUSY);
    for (int i = 0; i < STORE_FAULT_ROWS_MAX + 1; i++)
        store_fault_add_row(&fault, i ? "second" : "first");
    assert_int_equal(fault.involved_tables, 6);
    assert_int_equal(fault.n_involved_rows, STORE_FAULT_ROWS_MAX);
    assert_string_equal(fault.involved_rows[0], "first");
    assert_int_equal(store_fault_set(&fault, DEVSEC_ERR_MEMORY, NULL, "again"), DEVSEC_ERR_MEMORY);
    assert_int_equal(fault.n_involved, 0);
    assert_int_equal(fault.involved_tables, 0);
    assert_int_equal(fault.n_involved_rows, 0);
    assert_int_equal(store_fault_set_tables(NULL, 6, DEVSEC_ERR_BUSY), DEVSEC_ERR_BUSY);
    store_fault_add_row(NULL, "x");
}

int main(void)
{
#define IN_OPEN_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_make_open, fixture_drop)
    const struct CMUnitTest tests[] = {
        IN_OPEN_STORE(test_a_commit_of_state_alone_is_written),
        IN_OPEN_STORE(test_state_takes_the_place_of_the_copy_before),
        IN_OPEN_STORE(test_state_with_settings_has_a_copy_of_its_own),
        IN_OPEN_STORE(test_restore_leaves_state_as_it_is),
        IN_OPEN_STORE(test_undo_brings_state_back_too),
        IN_OPEN_STORE(test_jobs_are_as_many_as_there_may_be),
        IN_OPEN_STORE(test_many_changes_of_one_transaction_count_each),
        IN_OPEN_STORE(test_check_tells_that_a_required_row_is_another),
        IN_OPEN_STORE(test_commit_is_refused_where_a_required_row_is_another),
        IN_OPEN_STORE(test_a_required_row_may_be_changed_by_its_transaction),
        IN_OPEN_STORE(test_a_requirement_after_the_check_counts),
        IN_OPEN_STORE(test_lack_of_memory_forgets_no_requirement),
        cmocka_unit_test(test_a_fault_is_filled_anew_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
