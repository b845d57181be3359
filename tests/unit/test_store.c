/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the store: fresh, unsafe, of a newer format, edited while nobody looked. */
#include "store_fixture.h"

#include <sys/file.h>
#include <sys/wait.h>

static mode_t mode_of(const struct fixture *f, const char *name)
{
    struct stat status;
    char *path = path_of(f, name);

    assert_int_equal(lstat(path, &status), 0);
    free(path);
    return status.st_mode & 07777;
}

static ino_t inode_of(const struct fixture *f, const char *name)
{
    struct stat status;
    char *path = path_of(f, name);

    assert_int_equal(lstat(path, &status), 0);
    free(path);
    return status.st_ino;
}

static void test_fresh_directory_gets_the_defaults_as_generation_1(void **state)
{
    struct fixture *f = *state;
    char *copy;

    fixture_open(f);
    assert_int_equal(generation_of(f->store), 1);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 25);
    status_assert(f->store, STORE_OK, "");
    names_assert(f, ".", "generations lock settings.yaml ");
    names_assert(f, "generations", "0000000001.yaml ");
    assert_int_equal(mode_of(f, "settings.yaml"), 0600);
    assert_int_equal(mode_of(f, "lock"), 0600);
    assert_int_equal(mode_of(f, "generations"), 0700);
    assert_int_equal(mode_of(f, "generations/0000000001.yaml"), 0600);
    assert_int_not_equal(inode_of(f, "settings.yaml"), inode_of(f, "generations/0000000001.yaml"));
    copy = file_get(f, "generations/0000000001.yaml", NULL);
    file_assert(f, "settings.yaml", copy);
    free(copy);
}

static void test_reopening_changes_nothing_and_needs_no_lock(void **state)
{
    struct fixture *f = *state;
    char *path = path_of(f, "lock");
    ino_t inode;
    int held;

    fixture_open(f);
    commit_port(f, 2525);
    fixture_close(f);
    inode = inode_of(f, "settings.yaml");
    held = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(held, LOCK_EX), 0);
    f->options.lock_timeout_ms = 0;
    fixture_open(f);
    assert_int_equal(generation_of(f->store), 2);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2525);
    status_assert(f->store, STORE_OK, "");
    assert_int_equal(inode_of(f, "settings.yaml"), inode);
    close(held);
    free(path);
}

/* ---- What is refused ---- */

static void refused(struct fixture *f, enum devsec_err code, const char *text)
{
    assert_int_equal(store_open(&f->store, &f->options, &f->error), code);
    text_assert(&f->error, code, text);
    assert_null(f->store);
}

static void test_unsafe_directory_is_refused(void **state)
{
    struct fixture *f = *state;
    char link[128];

    assert_int_equal(chmod(f->directory, 0770), 0);
    refused(f, DEVSEC_ERR_UNSAFE, "with mode 0770; expected root or user");
    assert_int_equal(chmod(f->directory, 0707), 0);
    refused(f, DEVSEC_ERR_UNSAFE, "nobody else able to write to it");
    assert_int_equal(chmod(f->directory, 0700), 0);
    names_assert(f, ".", "");

    snprintf(link, sizeof(link), "%s.link", f->directory);
    assert_int_equal(symlink(f->directory, link), 0);
    f->options.directory = link;
    refused(f, DEVSEC_ERR_UNSAFE, "is not a directory; expected the store's, not a link to it");
    strcat(link, "/");
    refused(f, DEVSEC_ERR_UNSAFE, "not a link to it");
    link[strlen(link) - 1] = '\0';
    assert_int_equal(unlink(link), 0);
    refused(f, DEVSEC_ERR_NOT_FOUND, "does not exist; create it");
    names_assert(f, ".", "");
}

static void test_somebody_elses_directory_is_refused(void **state)
{
    struct fixture *f = *state;

    if (geteuid() != 0) {
        print_message("only root can give files away\n");
        skip();
    }
    assert_int_equal(chown(f->directory, 65534, 65534), 0);
    refused(f, DEVSEC_ERR_UNSAFE, "belongs to user 65534, and this was started as root: run it as nobody");
    assert_int_equal(chown(f->directory, 65432, 65432), 0); /* nobody's number */
    refused(f, DEVSEC_ERR_UNSAFE, "belongs to user 65432, and this was started as root: run it as 65432");
    assert_int_equal(chown(f->directory, 0, 0), 0);
    fixture_open(f);
    fixture_close(f);
    assert_int_equal(fchownat(AT_FDCWD, f->directory, 0, 0, 0), 0);
}

static void make_link(const char *path)
{
    char target[256];

    snprintf(target, sizeof(target), "%s.target", path);
    assert_int_equal(rename(path, target), 0);
    assert_int_equal(symlink(target, path), 0);
}

static void make_fifo(const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void make_folder(const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void make_writable(const char *path)
{
    assert_int_equal(chmod(path, 0666), 0);
}

static const struct {
    void (*make)(const char *path);
    const char *text;
} unsafe_documents[] = {
    {make_link, "settings.yaml is a symbolic link; expected a regular file"},
    {make_fifo, "settings.yaml is not a regular file; expected a regular file"},
    {make_folder, "settings.yaml is not a regular file; expected a regular file"},
    {make_writable, "with mode 0666; expected root or user"},
};

static void test_unsafe_document_is_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(unsafe_documents) / sizeof(unsafe_documents[0]); i++) {
        char *path = path_of(f, "settings.yaml");
        struct stat before;
        struct stat after;

        fixture_empty(f);
        fixture_open(f);
        fixture_close(f);
        unsafe_documents[i].make(path);
        assert_int_equal(lstat(path, &before), 0);
        refused(f, DEVSEC_ERR_UNSAFE, unsafe_documents[i].text);
        assert_int_equal(lstat(path, &after), 0);
        assert_int_equal(before.st_ino, after.st_ino);
        assert_int_equal(before.st_mode, after.st_mode);
        free(path);
    }
}

static void test_newer_format_is_refused_and_nothing_touched(void **state)
{
    struct fixture *f = *state;
    static const char newer[] = "format: 99\nfuture: {what: ever}\n";

    file_put(f, "settings.yaml", newer);
    refused(f, DEVSEC_ERR_NEWER_FORMAT, "settings.yaml:1:9: format: found");
    file_assert(f, "settings.yaml", newer);
    names_assert(f, ".", "settings.yaml ");
}

static void test_newer_format_among_generations_stops_recovery(void **state)
{
    struct fixture *f = *state;
    static const char newer[] = "format: 99\n";

    fixture_open(f);
    fixture_close(f);
    file_put(f, "generations/0000000002.yaml", newer);
    file_put_old(f, "settings.yaml", "", 0);
    refused(f, DEVSEC_ERR_NEWER_FORMAT, "format: found");
    names_assert(f, ".", "generations lock settings.yaml ");
    file_assert(f, "settings.yaml", "");
    file_assert(f, "generations/0000000002.yaml", newer);
}

/* ---- What opening puts right ---- */

static void test_missing_copy_is_made(void **state)
{
    struct fixture *f = *state;
    struct transaction *txn = NULL;
    char *text;

    fixture_open(f);
    assert_int_equal(transaction_begin(&txn, f->store, &f->error), DEVSEC_OK);
    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, 2525), DEVSEC_OK);
    assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_OK);
    transaction_free(txn); /* never finished, like a process that was killed */
    names_assert(f, "generations", "0000000001.yaml ");
    text = file_get(f, "settings.yaml", NULL);
    fixture_open(f);
    names_assert(f, "generations", "0000000001.yaml 0000000002.yaml ");
    file_assert(f, "generations/0000000002.yaml", text);
    file_assert(f, "settings.yaml", text);
    free(text);
}

static void test_damaged_copy_of_the_current_generation_is_made_anew(void **state)
{
    struct fixture *f = *state;
    char *text;

    fixture_open(f);
    fixture_close(f);
    text = file_get(f, "settings.yaml", NULL);
    file_put(f, "generations/0000000001.yaml", "\x01");
    fixture_open(f);
    status_assert(f->store, STORE_OK, "");
    file_assert(f, "generations/0000000001.yaml", text);
    free(text);
}

static void test_edit_made_while_closed_gets_a_generation_of_its_own(void **state)
{
    struct fixture *f = *state;

    fixture_open(f);
    commit_port(f, 2525);
    fixture_close(f);
    file_edit(f, "settings.yaml", "port: 2525", "port: 2626");
    fixture_open(f);
    assert_int_equal(generation_of(f->store), 3);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2626);
    status_assert(f->store, STORE_OK, "");
    names_assert(f, "generations", "0000000001.yaml 0000000002.yaml 0000000003.yaml ");
    names_assert(f, ".", "generations lock settings.yaml ");
}

static void test_old_document_put_back_by_hand_comes_after_all_generations(void **state)
{
    struct fixture *f = *state;
    char *first;

    fixture_open(f);
    first = file_get(f, "settings.yaml", NULL);
    for (int i = 0; i < 8; i++)
        commit_port(f, 2000 + i);
    fixture_close(f);
    file_put(f, "settings.yaml", first);
    free(first);
    fixture_open(f);
    assert_int_equal(generation_of(f->store), 10);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 25);
    names_assert(f, "generations", "0000000006.yaml 0000000007.yaml 0000000008.yaml 0000000009.yaml 0000000010.yaml ");
}

static void test_document_written_by_hand_needs_no_generation(void **state)
{
    struct fixture *f = *state;

    file_put(f, "settings.yaml", "# mine\nformat: 1\nsmtp:\n  port: 587\n");
    fixture_open(f);
    assert_int_equal(generation_of(f->store), 1);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 587);
    names_assert(f, "generations", "0000000001.yaml ");
}

static void test_file_that_is_being_saved_is_waited_for(void **state)
{
    struct fixture *f = *state;
    const struct timespec moment = {.tv_nsec = 60000000};
    char *text;
    pid_t editor;
    int status = 0;

    fixture_open(f);
    fixture_close(f);
    text = file_get(f, "settings.yaml", NULL);
    file_put(f, "settings.yaml", "");
    editor = fork();
    if (editor == 0) {
        nanosleep(&moment, NULL);
        file_put(f, "settings.yaml", text);
        _exit(0);
    }
    fixture_open(f);
    assert_int_equal(waitpid(editor, &status, 0), editor);
    status_assert(f->store, STORE_OK, "");
    names_assert(f, ".", "generations lock settings.yaml ");
    file_assert(f, "settings.yaml", text);
    free(text);
}

static void test_foreign_names_among_the_generations_do_not_matter(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"4294967295.yaml", "9999999999.yaml",     "0000000000.yaml",
                                        "7.yaml",          "0000000009.yaml.bak", "00000000x9.yaml"};

    fixture_open(f);
    fixture_close(f);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char name[64];

        snprintf(name, sizeof(name), "generations/%s", names[i]);
        file_put(f, name, "format: 1\n");
    }
    fixture_open(f);
    commit_port(f, 2525);
    assert_int_equal(generation_of(f->store), 2);
    assert_true(file_there(f, "generations/0000000009.yaml.bak"));
}

static void test_generation_numbers_do_not_wrap(void **state)
{
    struct fixture *f = *state;

    file_put(f, "settings.yaml", "format: 1\ngeneration: 4000000000\n...\n");
    fixture_open(f);
    assert_int_equal(commit_number(f->store, SETTING_SMTP_PORT, 26, &f->error), DEVSEC_ERR_UNAVAILABLE);
    text_assert(&f->error, DEVSEC_ERR_UNAVAILABLE, "are used up");
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fresh_directory_gets_the_defaults_as_generation_1, fixture_make,
                                        fixture_drop),
        cmocka_unit_test_setup_teardown(test_reopening_changes_nothing_and_needs_no_lock, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_unsafe_directory_is_refused, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_somebody_elses_directory_is_refused, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_unsafe_document_is_refused_and_left_alone, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_newer_format_is_refused_and_nothing_touched, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_newer_format_among_generations_stops_recovery, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_missing_copy_is_made, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_damaged_copy_of_the_current_generation_is_made_anew, fixture_make,
                                        fixture_drop),
        cmocka_unit_test_setup_teardown(test_edit_made_while_closed_gets_a_generation_of_its_own, fixture_make,
                                        fixture_drop),
        cmocka_unit_test_setup_teardown(test_old_document_put_back_by_hand_comes_after_all_generations, fixture_make,
                                        fixture_drop),
        cmocka_unit_test_setup_teardown(test_document_written_by_hand_needs_no_generation, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_file_that_is_being_saved_is_waited_for, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_foreign_names_among_the_generations_do_not_matter, fixture_make,
                                        fixture_drop),
        cmocka_unit_test_setup_teardown(test_generation_numbers_do_not_wrap, fixture_make, fixture_drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
