/* SPDX-License-Identifier: Apache-2.0 */
/* Tables in transactions and generations: all or none, on top of what others did, and back again. */
#include "alloc_faults.h"
#include "store_fixture.h"
#include "table_fixture.h"

static enum devsec_err put(struct transaction *txn, const char *name, const char *keys, struct devsec_error *error)
{
    struct value *row = row_named(name, keys);
    const enum devsec_err err = transaction_put_row(txn, TABLE_ADMINISTRATORS, row, error);

    row_free(TABLE_ADMINISTRATORS, row);
    return err;
}

static enum devsec_err drop(struct transaction *txn, const char *name, struct devsec_error *error)
{
    struct value key = {0};
    enum devsec_err err;

    assert_int_equal(value_set_text(&key, name, NULL), DEVSEC_OK);
    err = transaction_remove_row(txn, TABLE_ADMINISTRATORS, &key, error);
    value_clear(&key);
    return err;
}

/* One transaction with one row put (or, without keys, removed), all the way. */
static void commit_row(struct store *store, const char *name, const char *keys)
{
    struct transaction *txn = NULL;
    struct devsec_error error = {0};

    assert_int_equal(transaction_begin(&txn, store, &error), DEVSEC_OK);
    if ((keys ? put(txn, name, keys, &error) : drop(txn, name, &error)) || transaction_commit(txn, &error))
        fail_msg("%s: %s", name, error.text);
    transaction_finish(txn);
    transaction_free(txn);
}

/* "alice:A bob:B carol:- ": each row with the first letter of its keys. */
static void rows_assert(const struct store *store, const char *expected)
{
    const struct table *table = &store_current(store)->tables[TABLE_ADMINISTRATORS];
    char found[1024] = "";

    for (size_t i = 0; i < table->count; i++) {
        const char *keys = cell_text(table, i, ADMINISTRATOR_KEYS);

        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s:%c ",
                 cell_text(table, i, ADMINISTRATOR_NAME), *keys ? keys[strlen("sealed1:")] : '-');
    }
    assert_string_equal(found, expected);
}

static struct store *open_other(struct fixture *f)
{
    struct store *other = NULL;

    assert_int_equal(store_open(&other, &f->options, &f->error), DEVSEC_OK);
    return other;
}

static void test_rows_and_settings_make_one_generation(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);

    assert_int_equal(put(txn, "bob", KEYS_A, &f->error), DEVSEC_OK);
    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 587), DEVSEC_OK);
    assert_int_equal(put(txn, "alice", KEYS_B, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
    rows_assert(f->store, "");
    commit(f, txn);
    assert_true(transaction_changed(txn));
    transaction_finish(txn);
    transaction_free(txn);
    assert_int_equal(generation_of(f->store), 2);
    rows_assert(f->store, "alice:B bob:A ");
    fixture_open(f);
    assert_int_equal(generation_of(f->store), 2);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 587);
    rows_assert(f->store, "alice:B bob:A ");
}

static void test_later_operations_on_a_key_count(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn;

    commit_row(f->store, "alice", KEYS_A);
    txn = begin(f);
    assert_int_equal(drop(txn, "alice", &f->error), DEVSEC_OK);
    assert_int_equal(drop(txn, "alice", &f->error), DEVSEC_ERR_NOT_FOUND); /* gone from the candidate */
    assert_int_equal(put(txn, "alice", KEYS_B, &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "bob", KEYS_A, &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "bob", KEYS_B, &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "carol", KEYS_B, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
    assert_int_equal(drop(txn, "carol", &f->error), DEVSEC_OK);
    commit(f, txn);
    transaction_free(txn);
    rows_assert(f->store, "alice:B bob:B ");
}

static void test_what_changes_nothing_commits_nothing(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn;

    commit_row(f->store, "alice", KEYS_A);
    txn = begin(f);
    assert_int_equal(put(txn, "alice", KEYS_B, &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "alice", KEYS_A, &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "bob", KEYS_A, &f->error), DEVSEC_OK);
    assert_int_equal(drop(txn, "bob", &f->error), DEVSEC_OK);
    commit(f, txn);
    assert_false(transaction_changed(txn));
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_OK);
    transaction_free(txn);
    assert_int_equal(generation_of(f->store), 2);
    rows_assert(f->store, "alice:A ");
}

static void test_bad_rows_are_refused_and_the_transaction_goes_on(void **state)
{
    const struct row_texts no_priv = {"alice", 1, "SHA-256", NULL, NULL, KEYS_A};
    struct value *row = row_of(&no_priv);
    struct fixture *f = *state;
    struct transaction *txn = begin(f);
    char name[33];

    assert_int_equal(put(txn, "al ice", KEYS_A, &f->error), DEVSEC_ERR_WRONG_VALUE);
    text_assert(&f->error, DEVSEC_ERR_WRONG_VALUE, "administrators.name: found \"al ice\", expected printable");
    assert_int_equal(put(txn, "alice", "hunter2", &f->error), DEVSEC_ERR_WRONG_VALUE);
    text_assert(&f->error, DEVSEC_ERR_WRONG_VALUE, "administrators.keys: this value is not allowed");
    assert_int_equal(transaction_put_row(txn, TABLE_ADMINISTRATORS, row, &f->error), DEVSEC_ERR_INCONSISTENT);
    text_assert(&f->error, DEVSEC_ERR_INCONSISTENT, "administrators: auth, priv and keys belong together");
    assert_int_equal(drop(txn, "bo\"b", &f->error), DEVSEC_ERR_NOT_FOUND);
    assert_string_equal(f->error.text, "administrators: there is no row with the name \"bo\\x22b\"");
    row_free(TABLE_ADMINISTRATORS, row);
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof(name), "a%02d", i);
        assert_int_equal(put(txn, name, KEYS_A, &f->error), DEVSEC_OK);
    }
    assert_int_equal(put(txn, "b", KEYS_A, &f->error), DEVSEC_ERR_UNAVAILABLE);
    text_assert(&f->error, DEVSEC_ERR_UNAVAILABLE, "administrators: the table is full, 32 rows");
    assert_int_equal(drop(txn, "a07", &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "b", KEYS_A, &f->error), DEVSEC_OK);
    commit(f, txn);
    transaction_free(txn);
    assert_int_equal(store_current(f->store)->tables[TABLE_ADMINISTRATORS].count, 32);
    assert_int_equal(generation_of(f->store), 2);
    /* As one: what is removed makes room for what is put, in whatever order the changes are kept. */
    txn = begin(f);
    assert_int_equal(drop(txn, "b", &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "c", KEYS_A, &f->error), DEVSEC_OK);
    assert_int_equal(drop(txn, "a00", &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "b", KEYS_B, &f->error), DEVSEC_OK);
    commit(f, txn);
    transaction_free(txn);
    assert_int_equal(store_current(f->store)->tables[TABLE_ADMINISTRATORS].count, 32);
}

/* ---- Rules ---- */

/* Nobody may be called mallory. */
static enum devsec_err no_mallory(void *context, const struct document *candidate, struct store_fault *fault)
{
    const struct value name = {.text = context};

    if (table_find(TABLE_ADMINISTRATORS, &candidate->tables[TABLE_ADMINISTRATORS], &name) < 0)
        return DEVSEC_OK;
    return store_fault_set(fault, DEVSEC_ERR_INCONSISTENT, NULL, "not %s", (const char *)context);
}

static void test_rules_see_the_rows(void **state)
{
    static char mallory[] = "mallory";
    const struct store_rules rules = {.context = mallory, .check = no_mallory};
    struct fixture *f = *state;
    struct store_fault fault = {.n_involved = 0};
    struct transaction *txn;

    f->options.rules = &rules;
    fixture_open(f);
    txn = begin(f);
    assert_int_equal(put(txn, "mallory", KEYS_A, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_check(txn, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_string_equal(fault.error.text, "not mallory");
    assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_ERR_INCONSISTENT);
    assert_int_equal(generation_of(f->store), 1);
    rows_assert(f->store, "");
    assert_int_equal(drop(txn, "mallory", &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "alice", KEYS_A, &f->error), DEVSEC_OK);
    commit(f, txn);
    transaction_free(txn);
    rows_assert(f->store, "alice:A ");
}

/* ---- On top of others ---- */

static void test_rows_go_on_top_of_anothers(void **state)
{
    struct fixture *f = *state;
    struct store *other;
    struct transaction *txn;

    commit_row(f->store, "alice", KEYS_A);
    commit_row(f->store, "bob", KEYS_A);
    commit_row(f->store, "carol", KEYS_A);
    other = open_other(f);
    txn = begin(f);
    assert_int_equal(put(txn, "alice", KEYS_B, &f->error), DEVSEC_OK);
    assert_int_equal(drop(txn, "bob", &f->error), DEVSEC_OK);
    assert_int_equal(drop(txn, "carol", &f->error), DEVSEC_OK);
    assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
    commit_row(other, "dave", KEYS_A);
    commit_row(other, "alice", NULL); /* ours is the later one */
    commit_row(other, "bob", KEYS_B); /* removed all the same */
    commit_row(other, "carol", NULL); /* as it should be */
    commit(f, txn);
    transaction_free(txn);
    rows_assert(f->store, "alice:B dave:A ");
    assert_int_equal(generation_of(f->store), 9);
    store_close(other);
    fixture_open(f);
    rows_assert(f->store, "alice:B dave:A ");
}

static void test_commit_is_refused_where_others_filled_the_table(void **state)
{
    struct fixture *f = *state;
    struct store *other = open_other(f);
    struct transaction *txn = begin(f);
    char name[33];

    assert_int_equal(put(txn, "z", KEYS_A, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof(name), "a%02d", i);
        commit_row(other, name, KEYS_A);
    }
    assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_ERR_UNAVAILABLE);
    text_assert(&f->error, DEVSEC_ERR_UNAVAILABLE, "administrators: the table is full, 32 rows");
    assert_int_equal(generation_of(f->store), 33);
    status_assert(f->store, STORE_OK, "");
    commit_row(other, "a00", NULL);
    commit(f, txn); /* a failed commit may be tried again */
    transaction_free(txn);
    assert_int_equal(store_current(f->store)->tables[TABLE_ADMINISTRATORS].count, 32);
    store_close(other);
}

/* ---- Undo ---- */

static void test_undo_brings_back_every_row(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn;
    char *before;

    commit_row(f->store, "alice", KEYS_A);
    commit_row(f->store, "bob", KEYS_A);
    before = file_get(f, "settings.yaml", NULL);
    txn = begin(f);
    assert_int_equal(put(txn, "alice", KEYS_B, &f->error), DEVSEC_OK);
    assert_int_equal(drop(txn, "bob", &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "carol", KEYS_B, &f->error), DEVSEC_OK);
    commit(f, txn);
    rows_assert(f->store, "alice:B carol:B ");
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_OK);
    transaction_free(txn);
    rows_assert(f->store, "alice:A bob:A ");
    file_assert(f, "settings.yaml", before);
    free(before);
}

/* Only what the commit itself changed goes back; rows that others touched in between stay. */
static void test_undo_leaves_what_came_on_top(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn;
    struct store *other;

    commit_row(f->store, "alice", KEYS_A);
    commit_row(f->store, "bob", KEYS_A);
    commit_row(f->store, "carol", KEYS_A);
    txn = begin(f);
    assert_int_equal(put(txn, "alice", KEYS_B, &f->error), DEVSEC_OK);
    assert_int_equal(drop(txn, "bob", &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "carol", KEYS_A, &f->error), DEVSEC_OK); /* as it is: no change */
    assert_int_equal(put(txn, "dave", KEYS_B, &f->error), DEVSEC_OK);
    assert_int_equal(put(txn, "erin", KEYS_B, &f->error), DEVSEC_OK);
    commit(f, txn);
    other = open_other(f);
    commit_row(other, "carol", KEYS_B);
    commit_row(other, "erin", NULL); /* what was to be removed is gone */
    commit_row(other, "frank", KEYS_B);
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_OK);
    transaction_free(txn);
    rows_assert(f->store, "alice:A bob:A carol:B frank:B ");
    assert_int_equal(generation_of(f->store), 9);
    store_close(other);
    fixture_open(f);
    rows_assert(f->store, "alice:A bob:A carol:B frank:B ");
}

/* The master repeats an UndoSet that failed: the second try must know the rows, too. */
static void test_undo_on_top_may_be_tried_again(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn;
    struct store *other;
    char *tmp = path_of(f, "settings.yaml.tmp");

    commit_row(f->store, "alice", KEYS_A);
    txn = begin(f);
    assert_int_equal(put(txn, "alice", KEYS_B, &f->error), DEVSEC_OK);
    commit(f, txn);
    other = open_other(f);
    commit_row(other, "frank", KEYS_B);
    assert_int_equal(mkdir(tmp, 0700), 0); /* in the way of any write */
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_ERR_IO);
    assert_int_equal(rmdir(tmp), 0);
    rows_assert(f->store, "alice:B frank:B ");
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_OK);
    transaction_free(txn);
    rows_assert(f->store, "alice:A frank:B ");
    store_close(other);
    free(tmp);
}

/* ---- Generations, edits, damage ---- */

static void test_restore_brings_back_the_rows_of_a_generation(void **state)
{
    struct fixture *f = *state;
    struct store *other = open_other(f);

    commit_row(f->store, "alice", KEYS_A); /* 2 */
    commit_row(f->store, "bob", KEYS_A);   /* 3 */
    commit_row(f->store, "alice", KEYS_B);
    commit_row(f->store, "bob", NULL);
    commit_row(other, "carol", KEYS_A); /* that nobody has told the restoring one of */
    assert_int_equal(store_restore(f->store, 3, &f->error), DEVSEC_OK);
    assert_int_equal(generation_of(f->store), 7);
    rows_assert(f->store, "alice:A bob:A ");
    store_close(other);
    fixture_open(f);
    rows_assert(f->store, "alice:A bob:A ");
    assert_int_equal(store_restore(f->store, 7, &f->error), DEVSEC_OK); /* nothing to do */
    assert_int_equal(generation_of(f->store), 7);
}

static void test_edits_of_rows_are_taken_over_or_refused(void **state)
{
    struct fixture *f = *state;

    commit_row(f->store, "alice", KEYS_A);
    file_edit(f, "settings.yaml", "networkAdministrator", "fileAdministrator");
    assert_true(refresh(f));
    assert_int_equal(generation_of(f->store), 3);
    assert_int_equal(store_current(f->store)->tables[TABLE_ADMINISTRATORS].rows[0][ADMINISTRATOR_ROLE].number,
                     MIB_devsecAdminRole_fileAdministrator);
    file_edit(f, "settings.yaml", "name: alice", "name: al ice");
    assert_false(refresh(f));
    status_assert(f->store, STORE_RECOVERED, "administrators[1].name: found \"al ice\", expected printable");
    rows_assert(f->store, "alice:A ");
    file_edit(f, "settings.yaml", "name: al ice", "name: bob");
    assert_true(refresh(f));
    status_assert(f->store, STORE_OK, "");
    rows_assert(f->store, "bob:A ");
    file_edit(f, "settings.yaml", KEYS_A, "hunter2");
    assert_false(refresh(f));
    status_assert(f->store, STORE_RECOVERED, "administrators[1].keys: this value is not allowed");
    assert_null(strstr(store_status_text(f->store), "hunter2"));
    rows_assert(f->store, "bob:A ");
}

static void test_a_damaged_row_brings_back_the_newest_good_generation(void **state)
{
    struct fixture *f = *state;

    commit_row(f->store, "alice", KEYS_A);
    commit_row(f->store, "bob", KEYS_A);
    fixture_close(f);
    file_put_old(f, "settings.yaml", "format: 1\nadministrators:\n- name: mallory\n", 42);
    fixture_open(f);
    status_assert(f->store, STORE_RECOVERED, "administrators[1]: role is missing");
    rows_assert(f->store, "alice:A bob:A ");
    assert_true(file_there(f, "settings.yaml.damaged-1"));
}

/* ---- Memory ---- */

enum phase { PHASE_PUT, PHASE_REMOVE, PHASE_CHECK, PHASE_COMMIT, PHASE_UNDO, PHASE_COUNT };

static enum devsec_err put_carol(struct transaction *txn, struct devsec_error *error)
{
    struct value texts[ADMINISTRATOR_COLUMNS] = {
        [ADMINISTRATOR_NAME] = {.text = (char[]){"carol"}},
        [ADMINISTRATOR_ROLE] = {.number = MIB_devsecAdminRole_networkAdministrator},
    };

    return transaction_put_row(txn, TABLE_ADMINISTRATORS, texts, error);
}

static enum devsec_err remove_alice(struct transaction *txn, struct devsec_error *error)
{
    const struct value key = {.text = (char[]){"alice"}};

    return transaction_remove_row(txn, TABLE_ADMINISTRATORS, &key, error);
}

static enum devsec_err check(struct transaction *txn, struct devsec_error *error)
{
    (void)error;
    return transaction_check(txn, NULL);
}

static enum devsec_err (*const phases[PHASE_COUNT])(struct transaction *txn, struct devsec_error *error) = {
    [PHASE_PUT] = put_carol,         [PHASE_REMOVE] = remove_alice,
    [PHASE_CHECK] = check,           [PHASE_COMMIT] = transaction_commit,
    [PHASE_UNDO] = transaction_undo,
};

/* Each allocation of each phase fails once, and the phase is then run again: an error and nothing lost, then all well.
 */
static void test_lack_of_memory_loses_nothing(void **state)
{
    struct fixture *f = *state;

    commit_row(f->store, "alice", KEYS_A);
    commit_row(f->store, "bob", KEYS_A);
    for (enum phase faulty = PHASE_PUT; faulty < PHASE_COUNT; faulty++) {
        bool failed = true;

        for (size_t n = 0; failed; n++) {
            struct transaction *txn = begin(f);

            for (enum phase phase = PHASE_PUT; phase < PHASE_COUNT; phase++) {
                enum devsec_err err;

                if (phase == faulty)
                    alloc_faults_arm(n);
                err = phases[phase](txn, &f->error);
                if (phase == faulty)
                    failed = alloc_faults_disarm();
                if (err && (phase != faulty || !failed || err != DEVSEC_ERR_MEMORY))
                    fail_msg("phase %d, allocation %zu: %s", (int)phase, n, f->error.text);
                if (err) {
                    rows_assert(f->store, phase == PHASE_UNDO ? "bob:A carol:- " : "alice:A bob:A ");
                    assert_int_equal(phases[phase](txn, &f->error), DEVSEC_OK);
                }
                rows_assert(f->store, phase == PHASE_COMMIT ? "bob:A carol:- " : "alice:A bob:A ");
            }
            transaction_free(txn);
            status_assert(f->store, STORE_OK, "");
        }
    }
}

int main(void)
{
#define IN_OPEN_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_make_open, fixture_drop)
    const struct CMUnitTest tests[] = {
        IN_OPEN_STORE(test_rows_and_settings_make_one_generation),
        IN_OPEN_STORE(test_later_operations_on_a_key_count),
        IN_OPEN_STORE(test_what_changes_nothing_commits_nothing),
        IN_OPEN_STORE(test_bad_rows_are_refused_and_the_transaction_goes_on),
        IN_OPEN_STORE(test_rules_see_the_rows),
        IN_OPEN_STORE(test_rows_go_on_top_of_anothers),
        IN_OPEN_STORE(test_commit_is_refused_where_others_filled_the_table),
        IN_OPEN_STORE(test_undo_brings_back_every_row),
        IN_OPEN_STORE(test_undo_leaves_what_came_on_top),
        IN_OPEN_STORE(test_undo_on_top_may_be_tried_again),
        IN_OPEN_STORE(test_restore_brings_back_the_rows_of_a_generation),
        IN_OPEN_STORE(test_edits_of_rows_are_taken_over_or_refused),
        IN_OPEN_STORE(test_a_damaged_row_brings_back_the_newest_good_generation),
        IN_OPEN_STORE(test_lack_of_memory_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
