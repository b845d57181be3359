/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting keys and certificates that the settings do not refer to any more. */
#include "base/lock.h"
#include "pki_fixture.h"

static void collect(struct bench *b, bool off)
{
    bool put_off = !off;

    if (pki_collect(&b->pki, b->f->store, &put_off, &b->f->error) != DEVSEC_OK)
        fail_msg("pki_collect: %s", b->f->error.text);
    assert_int_equal(put_off, off);
}

/* So many more commits that push old generations out. */
static void commit_others(struct bench *b, unsigned count)
{
    static const int64_t first = 2000;

    for (unsigned i = 0; i < count; i++)
        commit_port(b->f, first + generation_of(b->f->store));
}

/* A deleted key is gone at once; what is no secret stays for as long as it can be restored. */
static void what_nothing_refers_to_goes(void **state)
{
    struct bench *b = *state;
    struct files kept, deleted, lost;

    open_pki(b, false);
    put_files(b, "kept", &kept);
    put_files(b, "deleted", &deleted);
    put_files(b, "lost", &lost);
    commit_key(b, 1, &kept);
    commit_key(b, 2, &deleted); /* generation 3 */
    collect(b, false);
    assert_there(b, &kept, true, true);
    assert_there(b, &deleted, true, true);
    assert_there(b, &lost, false, false);

    commit_removal(b, TABLE_KEYS, 2);
    collect(b, false);
    assert_there(b, &kept, true, true);
    assert_there(b, &deleted, false, true);

    commit_others(b, FIXTURE_GENERATIONS - 2); /* generation 3 is the oldest */
    collect(b, false);
    assert_there(b, &deleted, false, true);
    commit_others(b, 1);
    collect(b, false);
    assert_there(b, &deleted, false, false);
    assert_there(b, &kept, true, true);
    names_assert(b->f, "generations",
                 "0000000004.yaml 0000000005.yaml 0000000006.yaml 0000000007.yaml 0000000008.yaml ");
}

static void replaced_files_go_and_restored_ones_stay(void **state)
{
    struct bench *b = *state;
    struct files first, second;

    open_pki(b, false);
    put_files(b, "first", &first);
    put_files(b, "second", &second);
    memcpy(second.key, first.key, sizeof(first.key)); /* a renewed certificate for the same key */
    commit_key(b, 1, &first);
    commit_key(b, 1, &second);
    collect(b, false);
    assert_there(b, &first, true, true);
    assert_there(b, &second, true, true);
    assert_int_equal(store_restore(b->f->store, 2, &b->f->error), DEVSEC_OK);
    commit_others(b, FIXTURE_GENERATIONS);
    collect(b, false);
    assert_there(b, &first, true, true);
    assert_there(b, &second, true, false);
}

static void trusted_certificates_are_referred_to(void **state)
{
    struct bench *b = *state;
    struct value *row = row_new(TABLE_TRUSTED);
    struct transaction *txn = begin(b->f);
    char name[MATERIAL_NAME_SIZE];

    open_pki(b, false);
    put_text(b->f, b->pki.material, MATERIAL_CERTIFICATES, "trusted", name);
    row[TRUSTED_INDEX].number = 4;
    assert_int_equal(value_set_text(&row[TRUSTED_CERTIFICATE], name, NULL), DEVSEC_OK);
    assert_int_equal(transaction_put_row(txn, TABLE_TRUSTED, row, &b->f->error), DEVSEC_OK);
    finish(b, txn);
    row_free(TABLE_TRUSTED, row);
    commit_others(b, FIXTURE_GENERATIONS);
    collect(b, false);
    assert_true(lies_there(b, name, ".pem"));
    commit_removal(b, TABLE_TRUSTED, 4);
    collect(b, false);
    assert_true(lies_there(b, name, ".pem"));
    commit_others(b, FIXTURE_GENERATIONS);
    collect(b, false);
    assert_false(lies_there(b, name, ".pem"));
}

/* Another process put and committed what this one has not heard of yet. */
static void what_others_committed_meanwhile_is_kept(void **state)
{
    struct bench *b = *state;
    struct store *mine = b->f->store;
    struct files files;
    uint32_t before;

    open_pki(b, false);
    before = generation_of(mine);
    put_files(b, "theirs", &files);
    b->f->store = NULL;
    fixture_open(b->f);
    commit_key(b, 9, &files);
    fixture_close(b->f);
    b->f->store = mine;
    assert_int_equal(generation_of(mine), before);
    collect(b, false);
    assert_there(b, &files, true, true);
}

/* The values in force count as much as what somebody is writing to the file just then. */
static void what_is_in_force_is_kept_whatever_the_file_says(void **state)
{
    struct bench *b = *state;
    struct files files, edited;
    char *text = NULL;

    open_pki(b, false);
    put_files(b, "in force", &files);
    put_files(b, "edited", &edited);
    commit_key(b, 1, &files);
    assert_true(asprintf(&text, "format: 1\nkeys: {{{ %s", edited.key) > 0);
    file_put(b->f, "settings.yaml", text);
    collect(b, false);
    assert_there(b, &files, true, true);
    assert_true(lies_there(b, edited.key, ".key"));
    assert_false(lies_there(b, edited.certificate, ".pem"));

    refresh(b->f); /* refuses it: what is in force is older than what is there, so nothing is certain */
    assert_int_equal(store_status(b->f->store), STORE_RECOVERED);
    put_files(b, "more", &edited);
    collect(b, true);
    assert_there(b, &edited, true, true);
    free(text);
}

static void a_session_of_another_process_puts_it_off(void **state)
{
    struct bench *b = *state;
    struct files files;
    pid_t holder;

    open_pki(b, false);
    put_files(b, "lost", &files);
    holder = start_holder(hold_session, b->f->directory);
    collect(b, true);
    assert_there(b, &files, true, true);
    stop_holder(holder);
    collect(b, false);
    assert_there(b, &files, false, false);
}

static void a_writer_puts_it_off(void **state)
{
    struct bench *b = *state;
    const int folder = open(b->f->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct files files;
    int lock;

    open_pki(b, false);
    put_files(b, "lost", &files);
    lock = lock_take(folder, "lock", 0600, 0);
    assert_true(lock >= 0);
    collect(b, true);
    assert_there(b, &files, true, true);
    lock_release(lock);
    collect(b, false);
    assert_there(b, &files, false, false);
    close(folder);
}

/* A generation that cannot be read may refer to anything. */
static void what_cannot_be_read_keeps_everything(void **state)
{
    struct bench *b = *state;
    struct files files;
    char *path = path_of(b->f, "generations/0000000001.yaml");
    bool put_off = true;

    open_pki(b, false);
    put_files(b, "lost", &files);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(pki_collect(&b->pki, b->f->store, &put_off, &b->f->error), DEVSEC_ERR_UNSAFE);
    text_assert(&b->f->error, DEVSEC_ERR_UNSAFE,
                "keys and certificates cannot be collected: 0000000001.yaml is not a regular file");
    assert_false(put_off);
    assert_int_equal(lies_there(b, files.certificate, ".pem"), true);
    assert_int_equal(lies_there(b, files.request, ".csr"), true);
    assert_int_equal(rmdir(path), 0);
    free(path);
    collect(b, false);
    assert_there(b, &files, false, false);
}

static void a_reader_collects_nothing(void **state)
{
    struct bench *b = *state;
    struct files files;

    open_pki(b, false);
    put_files(b, "lost", &files);
    open_pki(b, true);
    collect(b, false);
    assert_there(b, &files, true, true);
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, make_bench, drop_bench)
    const struct CMUnitTest tests[] = {
        ON_BENCH(what_nothing_refers_to_goes),
        ON_BENCH(replaced_files_go_and_restored_ones_stay),
        ON_BENCH(trusted_certificates_are_referred_to),
        ON_BENCH(what_others_committed_meanwhile_is_kept),
        ON_BENCH(what_is_in_force_is_kept_whatever_the_file_says),
        ON_BENCH(a_session_of_another_process_puts_it_off),
        ON_BENCH(a_writer_puts_it_off),
        ON_BENCH(what_cannot_be_read_keeps_everything),
        ON_BENCH(a_reader_collects_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
