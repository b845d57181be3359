/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: all or nothing, in any order, on top of what others did, and back again. */
#include "store_fixture.h"

#include <sys/file.h>

/* What must not change when something is refused. */
struct snapshot {
    char *text;
    uint32_t generation;
    int64_t port;
};

static struct snapshot take_snapshot(const struct fixture *f)
{
    return (struct snapshot){.text = file_get(f, "settings.yaml", NULL),
                             .generation = generation_of(f->store),
                             .port = number_in(f->store, SETTING_SMTP_PORT)};
}

static void assert_same_and_drop(const struct fixture *f, struct snapshot *before)
{
    file_assert(f, "settings.yaml", before->text);
    assert_int_equal(generation_of(f->store), before->generation);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), before->port);
    assert_false(file_there(f, "settings.yaml.tmp"));
    free(before->text);
}

static void test_several_settings_make_one_generation(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);
    struct value host = {.text = NULL};

    assert_int_equal(value_parse(SETTING_SMTP_HOST, "mail.example", &host, &f->error), DEVSEC_OK);
    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 587), DEVSEC_OK);
    assert_int_equal(transaction_set(txn, SETTING_SMTP_HOST, &host, &f->error), DEVSEC_OK);
    value_clear(&host);
    assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 25);
    assert_false(transaction_changed(txn));
    commit(f, txn);
    assert_true(transaction_changed(txn));
    assert_int_equal(generation_of(f->store), 2);
    names_assert(f, "generations", "0000000001.yaml ");
    transaction_finish(txn);
    names_assert(f, "generations", "0000000001.yaml 0000000002.yaml ");
    transaction_free(txn);
    fixture_open(f);
    assert_int_equal(generation_of(f->store), 2);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 587);
    assert_string_equal(store_current(f->store)->values[SETTING_SMTP_HOST].text, "mail.example");
    assert_true(store_current(f->store)->changed > 1600000000);
}

static void test_same_values_again_commit_nothing(void **state)
{
    struct fixture *f = *state;
    struct snapshot before = take_snapshot(f);
    struct transaction *txn = begin(f);

    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 25), DEVSEC_OK);
    commit(f, txn);
    assert_false(transaction_changed(txn));
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_OK);
    transaction_finish(txn);
    transaction_free(txn);
    assert_same_and_drop(f, &before);
    txn = begin(f);
    commit(f, txn); /* not even a setting */
    assert_false(transaction_changed(txn));
    transaction_free(txn);
    assert_int_equal(generation_of(f->store), 1);
}

static void test_later_value_of_a_setting_counts(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);

    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 26), DEVSEC_OK);
    assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 27), DEVSEC_OK);
    commit(f, txn);
    transaction_free(txn);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 27);
}

static void test_bad_value_is_refused_and_the_transaction_goes_on(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);
    const struct value wrong = {.number = 70000};

    assert_int_equal(transaction_set(txn, SETTING_SMTP_PORT, &wrong, &f->error), DEVSEC_ERR_WRONG_VALUE);
    text_assert(&f->error, DEVSEC_ERR_WRONG_VALUE, "smtp.port");
    commit(f, txn);
    assert_false(transaction_changed(txn));
    transaction_free(txn);
}

/* ---- Cross-checks ---- */

static void test_pair_is_accepted_in_either_order_and_refused_apart(void **state)
{
    struct fixture *f = *state;
    struct store_fault fault = {.n_involved = 0};
    struct snapshot before;
    struct transaction *txn;

    for (int order = 0; order < 2; order++) {
        commit_port(f, 25);
        txn = begin(f);
        before = take_snapshot(f);
        assert_int_equal(set_number(txn, SETTING_SMTP_SECURE, 1), DEVSEC_OK);
        assert_int_equal(transaction_check(txn, &fault), DEVSEC_ERR_INCONSISTENT);
        text_assert(&fault.error, DEVSEC_ERR_INCONSISTENT, "smtp.port must be 465; found 25");
        assert_int_equal(fault.n_involved, 2);
        assert_int_equal(fault.involved[0], SETTING_SMTP_SECURE);
        assert_int_equal(fault.involved[1], SETTING_SMTP_PORT);
        assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_ERR_INCONSISTENT);
        text_assert(&f->error, DEVSEC_ERR_INCONSISTENT, "smtp.port must be 465; found 25");
        transaction_free(txn);
        status_assert(f->store, STORE_OK, "");
        assert_same_and_drop(f, &before);

        txn = begin(f);
        assert_int_equal(set_number(txn, order ? SETTING_SMTP_PORT : SETTING_SMTP_SECURE, order ? 465 : 1), DEVSEC_OK);
        assert_int_equal(set_number(txn, order ? SETTING_SMTP_SECURE : SETTING_SMTP_PORT, order ? 1 : 465), DEVSEC_OK);
        assert_int_equal(transaction_check(txn, &fault), DEVSEC_OK);
        commit(f, txn);
        transaction_free(txn);
        assert_int_equal(commit_number(f->store, SETTING_SMTP_PORT, 25, &f->error), DEVSEC_ERR_INCONSISTENT);
        assert_int_equal(commit_number(f->store, SETTING_SMTP_SECURE, 0, &f->error), DEVSEC_OK);
    }
}

static void test_adjustment_is_part_of_the_commit(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn;

    f->behaviour.moves_port = true;
    assert_int_equal(commit_number(f->store, SETTING_SMTP_SECURE, 1, &f->error), DEVSEC_OK);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 465);
    assert_int_equal(generation_of(f->store), 2);

    assert_int_equal(commit_number(f->store, SETTING_SMTP_SECURE, 0, &f->error), DEVSEC_OK);
    txn = begin(f);
    assert_int_equal(set_number(txn, SETTING_SMTP_SECURE, 1), DEVSEC_OK);
    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 26), DEVSEC_OK); /* given: not moved, so refused */
    assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_ERR_INCONSISTENT);
    transaction_free(txn);
}

/* ---- On top of others ---- */

static struct store *open_other(struct fixture *f)
{
    struct store *other = NULL;

    assert_int_equal(store_open(&other, &f->options, &f->error), DEVSEC_OK);
    return other;
}

static void test_commit_goes_on_top_of_anothers(void **state)
{
    struct fixture *f = *state;
    struct store *other = open_other(f);
    struct transaction *txn = begin(f);

    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 2525), DEVSEC_OK);
    assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
    assert_int_equal(commit_number(other, SETTING_NOTIFY_MIN_INTERVAL, 99, &f->error), DEVSEC_OK);
    commit(f, txn);
    transaction_free(txn);
    assert_int_equal(generation_of(f->store), 3);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2525);
    assert_int_equal(number_in(f->store, SETTING_NOTIFY_MIN_INTERVAL), 99);
    assert_true(refresh(f));
    store_close(other);
}

static void test_commit_is_refused_where_anothers_makes_it_inconsistent(void **state)
{
    struct fixture *f = *state;
    struct store *other = NULL;
    struct transaction *txn;
    struct snapshot before;

    commit_port(f, 465);
    other = open_other(f);
    txn = begin(f);
    assert_int_equal(set_number(txn, SETTING_SMTP_SECURE, 1), DEVSEC_OK);
    assert_int_equal(transaction_check(txn, NULL), DEVSEC_OK);
    assert_int_equal(commit_number(other, SETTING_SMTP_PORT, 25, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_ERR_INCONSISTENT);
    text_assert(&f->error, DEVSEC_ERR_INCONSISTENT, "smtp.port must be 465; found 25");
    transaction_free(txn);
    before = take_snapshot(f); /* the other's commit is in force, and nothing of ours */
    assert_int_equal(before.generation, 3);
    assert_int_equal(number_in(f->store, SETTING_SMTP_SECURE), 0);
    status_assert(f->store, STORE_OK, "");
    assert_true(refresh(f));
    assert_same_and_drop(f, &before);
    store_close(other);
}

static void test_busy_lock_fails_the_commit_and_the_next_one_works(void **state)
{
    struct fixture *f = *state;
    struct snapshot before = take_snapshot(f);
    char *path = path_of(f, "lock");
    const int held = open(path, O_RDWR | O_CLOEXEC);
    struct transaction *txn;

    f->options.lock_timeout_ms = 20;
    fixture_open(f);
    assert_int_equal(flock(held, LOCK_EX), 0);
    txn = begin(f);
    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 2525), DEVSEC_OK);
    assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_ERR_BUSY);
    text_assert(&f->error, DEVSEC_ERR_BUSY, "another process has been writing to ");
    status_assert(f->store, STORE_OK, ""); /* the store is well, only taken */
    assert_same_and_drop(f, &before);
    close(held);
    commit(f, txn); /* a failed commit may be tried again */
    transaction_free(txn);
    status_assert(f->store, STORE_OK, "");
    assert_int_equal(generation_of(f->store), 2);
    free(path);
}

static void test_committing_twice_is_refused(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);

    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 2525), DEVSEC_OK);
    commit(f, txn);
    assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_ERR_INTERNAL);
    text_assert(&f->error, DEVSEC_ERR_INTERNAL, "committed twice");
    assert_int_equal(generation_of(f->store), 2);
    transaction_free(txn);
}

/* ---- Undo ---- */

static void test_undo_brings_back_every_octet(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn;
    struct snapshot before;

    commit_port(f, 2525);
    file_edit(f, "settings.yaml", "# The settings", "# Mine.\n# The settings");
    refresh(f);
    before = take_snapshot(f);
    txn = begin(f);
    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 2626), DEVSEC_OK);
    commit(f, txn);
    assert_int_equal(generation_of(f->store), 3);
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_OK);
    assert_false(transaction_changed(txn));
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_OK); /* once is enough */
    transaction_finish(txn);
    transaction_free(txn);
    assert_same_and_drop(f, &before);
    names_assert(f, "generations", "0000000001.yaml 0000000002.yaml ");
    assert_false(refresh(f));
    commit_port(f, 2727);
    assert_int_equal(generation_of(f->store), 3);
    fixture_open(f);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2727);
}

static void test_undo_drops_the_copy_that_another_made(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);

    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 2626), DEVSEC_OK);
    commit(f, txn);
    store_close(open_other(f));
    names_assert(f, "generations", "0000000001.yaml 0000000002.yaml ");
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_OK);
    transaction_free(txn);
    names_assert(f, "generations", "0000000001.yaml ");
    assert_int_equal(generation_of(f->store), 1);
}

static void test_undo_leaves_what_came_on_top(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);
    struct store *other = NULL;

    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 2626), DEVSEC_OK);
    commit(f, txn);
    other = open_other(f);
    assert_int_equal(commit_number(other, SETTING_NOTIFY_MIN_INTERVAL, 99, &f->error), DEVSEC_OK);
    assert_int_equal(transaction_undo(txn, &f->error), DEVSEC_OK);
    transaction_finish(txn);
    transaction_free(txn);
    assert_int_equal(generation_of(f->store), 4);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 25);
    assert_int_equal(number_in(f->store, SETTING_NOTIFY_MIN_INTERVAL), 99);
    store_close(other);
    fixture_open(f);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 25);
}

/* ---- Generations ---- */

static void test_only_the_newest_generations_are_kept(void **state)
{
    struct fixture *f = *state;
    struct store_generation list[8];
    size_t count = 8;

    for (int i = 2; i <= 12; i++)
        commit_port(f, 2000 + i);
    names_assert(f, "generations", "0000000008.yaml 0000000009.yaml 0000000010.yaml 0000000011.yaml 0000000012.yaml ");
    file_put(f, "generations/0000000009.yaml", "format: 1\nsmtp: 5\n");
    assert_int_equal(store_generations(f->store, list, &count, &f->error), DEVSEC_OK);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].number, 12 - i);
        assert_int_equal(list[i].current, i == 0);
        assert_int_equal(list[i].good, i != 3);
        assert_int_equal(list[i].changed > 0, i != 3);
    }
    count = 2;
    assert_int_equal(store_generations(f->store, list, &count, &f->error), DEVSEC_OK);
    assert_int_equal(count, 2);
    assert_int_equal(list[1].number, 11);
}

static void test_current_generation_is_listed_without_its_copy(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = begin(f);
    struct store_generation list[8];
    size_t count = 8;

    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 2626), DEVSEC_OK);
    commit(f, txn);
    transaction_free(txn);
    assert_int_equal(store_generations(f->store, list, &count, &f->error), DEVSEC_OK);
    assert_int_equal(count, 2);
    assert_int_equal(list[0].number, 2);
    assert_true(list[0].good && list[0].current);
    assert_false(list[1].current);
}

static void test_restore_makes_a_new_generation_of_an_old_one(void **state)
{
    struct fixture *f = *state;
    struct snapshot before;

    f->behaviour.moves_port = true; /* must not touch what a kept generation says */
    commit_port(f, 465);
    assert_int_equal(commit_number(f->store, SETTING_SMTP_SECURE, 1, &f->error), DEVSEC_OK);
    assert_int_equal(commit_number(f->store, SETTING_SMTP_SECURE, 0, &f->error), DEVSEC_OK);
    commit_port(f, 26);
    assert_int_equal(store_restore(f->store, 3, &f->error), DEVSEC_OK);
    assert_int_equal(generation_of(f->store), 6);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 465);
    assert_int_equal(number_in(f->store, SETTING_SMTP_SECURE), 1);
    names_assert(f, "generations", "0000000002.yaml 0000000003.yaml 0000000004.yaml 0000000005.yaml 0000000006.yaml ");

    before = take_snapshot(f);
    assert_int_equal(store_restore(f->store, 6, &f->error), DEVSEC_OK); /* nothing to do */
    assert_int_equal(store_restore(f->store, 1, &f->error), DEVSEC_ERR_NOT_FOUND);
    text_assert(&f->error, DEVSEC_ERR_NOT_FOUND, "generation 1 is not kept in ");
    file_put(f, "generations/0000000004.yaml", "format: 1\nsmtp: 5\n");
    assert_int_equal(store_restore(f->store, 4, &f->error), DEVSEC_ERR_SYNTAX);
    text_assert(&f->error, DEVSEC_ERR_SYNTAX, "generations/0000000004.yaml:2:7: smtp: found");
    assert_same_and_drop(f, &before);
}

static void test_fault_lists_no_more_settings_than_it_has_room_for(void **state)
{
    enum setting_id many[STORE_FAULT_MAX + 3];
    struct store_fault fault = {.n_involved = 0};

    (void)state;
    for (size_t i = 0; i < STORE_FAULT_MAX + 2; i++)
        many[i] = SETTING_TLS_IPV4;
    many[STORE_FAULT_MAX + 2] = SETTING_COUNT;
    assert_int_equal(store_fault_set(&fault, DEVSEC_ERR_INCONSISTENT, many, "%d", 7), DEVSEC_ERR_INCONSISTENT);
    assert_int_equal(fault.n_involved, STORE_FAULT_MAX);
    text_assert(&fault.error, DEVSEC_ERR_INCONSISTENT, "7");
    assert_int_equal(store_fault_set(NULL, DEVSEC_ERR_MEMORY, NULL, "unseen"), DEVSEC_ERR_MEMORY);
    assert_int_equal(store_fault_set(&fault, DEVSEC_ERR_MEMORY, NULL, "seen"), DEVSEC_ERR_MEMORY);
    assert_int_equal(fault.n_involved, 0);
}

int main(void)
{
#define IN_OPEN_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_make_open, fixture_drop)
    const struct CMUnitTest tests[] = {
        IN_OPEN_STORE(test_several_settings_make_one_generation),
        IN_OPEN_STORE(test_same_values_again_commit_nothing),
        IN_OPEN_STORE(test_later_value_of_a_setting_counts),
        IN_OPEN_STORE(test_bad_value_is_refused_and_the_transaction_goes_on),
        IN_OPEN_STORE(test_pair_is_accepted_in_either_order_and_refused_apart),
        IN_OPEN_STORE(test_adjustment_is_part_of_the_commit),
        IN_OPEN_STORE(test_commit_goes_on_top_of_anothers),
        IN_OPEN_STORE(test_commit_is_refused_where_anothers_makes_it_inconsistent),
        IN_OPEN_STORE(test_busy_lock_fails_the_commit_and_the_next_one_works),
        IN_OPEN_STORE(test_committing_twice_is_refused),
        IN_OPEN_STORE(test_undo_brings_back_every_octet),
        IN_OPEN_STORE(test_undo_drops_the_copy_that_another_made),
        IN_OPEN_STORE(test_undo_leaves_what_came_on_top),
        IN_OPEN_STORE(test_only_the_newest_generations_are_kept),
        IN_OPEN_STORE(test_current_generation_is_listed_without_its_copy),
        IN_OPEN_STORE(test_restore_makes_a_new_generation_of_an_old_one),
        cmocka_unit_test(test_fault_lists_no_more_settings_than_it_has_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
