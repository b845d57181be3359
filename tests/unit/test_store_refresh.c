/* SPDX-License-Identifier: Apache-2.0 */
/* Following what others write while the store is open: commits, edits, nonsense, removal. */
#include "store_fixture.h"

#include <poll.h>

static bool noticed(const struct fixture *f)
{
    struct pollfd waiting = {.fd = store_notice_fd(f->store), .events = POLLIN};

    return poll(&waiting, 1, 0) == 1;
}

static void remove_document(const struct fixture *f)
{
    char *path = path_of(f, "settings.yaml");

    assert_int_equal(unlink(path), 0);
    free(path);
}

/* A second store on the same directory, as another process has it. */
static struct store *open_other(struct fixture *f)
{
    struct store *other = NULL;

    assert_int_equal(store_open(&other, &f->options, &f->error), DEVSEC_OK);
    return other;
}

static void test_nothing_new_changes_nothing(void **state)
{
    struct fixture *f = *state;
    const struct document *before = store_current(f->store);

    assert_true(store_notice_fd(f->store) >= 0);
    assert_false(refresh(f));
    assert_false(noticed(f));
    assert_false(refresh(f));
    assert_ptr_equal(store_current(f->store), before);
}

static void test_own_commit_is_noticed_and_no_news(void **state)
{
    struct fixture *f = *state;
    const struct document *current;

    refresh(f);
    commit_port(f, 2525);
    current = store_current(f->store);
    assert_true(noticed(f));
    assert_false(refresh(f));
    assert_false(noticed(f));
    assert_ptr_equal(store_current(f->store), current);
}

static void test_commit_of_another_is_taken_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct store *other = open_other(f);
    char *text;

    refresh(f);
    assert_int_equal(commit_number(other, SETTING_SMTP_PORT, 2525, &f->error), DEVSEC_OK);
    assert_int_equal(commit_number(other, SETTING_SMTP_PORT, 2626, &f->error), DEVSEC_OK);
    text = file_get(f, "settings.yaml", NULL);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 25);
    assert_true(noticed(f));
    assert_true(refresh(f));
    assert_int_equal(generation_of(f->store), 3);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2626);
    file_assert(f, "settings.yaml", text);
    assert_false(refresh(f));
    free(text);
    store_close(other);
}

static void test_edit_becomes_a_commit_of_its_own(void **state)
{
    struct fixture *f = *state;

    refresh(f);
    file_edit(f, "settings.yaml", "port: 25", "port: 26"); /* as long as before, and perhaps in the same tick */
    assert_true(noticed(f));
    assert_true(refresh(f));
    assert_int_equal(generation_of(f->store), 2);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 26);
    status_assert(f->store, STORE_OK, "");
    names_assert(f, "generations", "0000000001.yaml 0000000002.yaml ");
    assert_false(refresh(f));
    fixture_open(f);
    assert_int_equal(generation_of(f->store), 2);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 26);
}

/* However fast after a commit, an edit in place that keeps the size must not be taken for the commit itself. */
static void test_edit_right_after_a_commit_is_seen(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 50; i++) {
        const uint32_t before = generation_of(f->store);

        commit_port(f, 2001);
        assert_false(refresh(f));
        file_edit(f, "settings.yaml", "port: 2001", "port: 2002");
        assert_true(refresh(f));
        assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2002);
        assert_int_equal(generation_of(f->store), before + 2);
    }
}

static void test_edit_of_comments_only_makes_no_generation(void **state)
{
    struct fixture *f = *state;
    char *text;

    file_edit(f, "settings.yaml", "# The settings", "# Ask Ann before changing anything here.\n# The settings");
    text = file_get(f, "settings.yaml", NULL);
    assert_false(refresh(f));
    assert_int_equal(generation_of(f->store), 1);
    file_assert(f, "settings.yaml", text);
    free(text);
    /* ... and they survive the next commits, and the next edit. */
    commit_port(f, 2525);
    file_edit(f, "settings.yaml", "port: 2525", "port: 2626");
    assert_true(refresh(f));
    fixture_open(f);
    commit_port(f, 2727);
    text = file_get(f, "settings.yaml", NULL);
    assert_non_null(strstr(text, "# Ask Ann before changing anything here.\n# The settings"));
    free(text);
}

static void test_invalid_edit_is_refused_until_it_is_fixed(void **state)
{
    struct fixture *f = *state;
    char *wrong;

    commit_port(f, 2525);
    file_edit(f, "settings.yaml", "port: 2525", "port: 99999");
    wrong = file_get(f, "settings.yaml", NULL);
    for (int i = 0; i < 3; i++) {
        assert_false(refresh(f));
        status_assert(f->store, STORE_RECOVERED, "smtp.port: ");
        status_assert(f->store, STORE_RECOVERED, "generation 2 stays in force");
        assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2525);
        file_assert(f, "settings.yaml", wrong);
    }
    names_assert(f, ".", "generations lock settings.yaml ");
    file_edit(f, "settings.yaml", "port: 99999", "port: 2626");
    assert_true(refresh(f));
    status_assert(f->store, STORE_OK, "");
    assert_int_equal(generation_of(f->store), 3);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2626);
    names_assert(f, ".", "generations lock settings.yaml "); /* a fixed file is nothing to be set aside */
    free(wrong);
}

static void test_invalid_edit_taken_back_is_well_again(void **state)
{
    struct fixture *f = *state;

    file_edit(f, "settings.yaml", "port: 25", "prot: 25");
    assert_false(refresh(f));
    status_assert(f->store, STORE_RECOVERED, "unknown key \"prot\"");
    file_edit(f, "settings.yaml", "prot: 25", "port: 25");
    assert_false(refresh(f));
    status_assert(f->store, STORE_OK, "");
    assert_int_equal(generation_of(f->store), 1);
}

static void test_edit_that_fails_a_cross_check_is_refused(void **state)
{
    struct fixture *f = *state;

    file_edit(f, "settings.yaml", "secure: false", "secure: true");
    assert_false(refresh(f));
    status_assert(f->store, STORE_RECOVERED, "smtp.secure is true, so smtp.port must be 465; found 25");
    assert_int_equal(number_in(f->store, SETTING_SMTP_SECURE), 0);
    file_edit(f, "settings.yaml", "port: 25", "port: 465");
    assert_true(refresh(f));
    status_assert(f->store, STORE_OK, "");
    assert_int_equal(number_in(f->store, SETTING_SMTP_SECURE), 1);
}

static void test_half_saved_file_resolves_itself(void **state)
{
    struct fixture *f = *state;
    char *text = file_get(f, "settings.yaml", NULL);

    file_put(f, "settings.yaml", "");
    assert_false(refresh(f));
    assert_int_equal(store_status(f->store), STORE_RECOVERED);
    file_put(f, "settings.yaml", text);
    assert_false(refresh(f));
    status_assert(f->store, STORE_OK, "");
    file_assert(f, "settings.yaml", text);
    free(text);
}

static void test_commit_sets_a_refused_edit_aside(void **state)
{
    struct fixture *f = *state;
    char *wrong;

    file_edit(f, "settings.yaml", "port: 25", "port: many");
    wrong = file_get(f, "settings.yaml", NULL);
    assert_false(refresh(f));
    commit_port(f, 2525);
    status_assert(f->store, STORE_OK, "");
    assert_int_equal(generation_of(f->store), 2);
    file_assert(f, "settings.yaml.damaged-1", wrong);
    assert_false(refresh(f));
    fixture_open(f);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2525);
    free(wrong);
}

static void test_commit_sets_an_edit_aside_that_was_not_even_seen(void **state)
{
    struct fixture *f = *state;

    file_put(f, "settings.yaml", "nonsense");
    commit_port(f, 2525);
    file_assert(f, "settings.yaml.damaged-1", "nonsense");
    status_assert(f->store, STORE_OK, "");
}

static void test_commit_comes_on_top_of_an_edit_that_was_not_seen(void **state)
{
    struct fixture *f = *state;

    file_edit(f, "settings.yaml", "min-interval: 5", "min-interval: 77");
    commit_port(f, 2525);
    assert_int_equal(generation_of(f->store), 3); /* 2 is the edit */
    assert_int_equal(number_in(f->store, SETTING_NOTIFY_MIN_INTERVAL), 77);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2525);
    assert_true(refresh(f)); /* says that more changed than the transaction */
    assert_false(refresh(f));
}

static void test_removed_document_is_put_back(void **state)
{
    struct fixture *f = *state;
    char *text;

    commit_port(f, 2525);
    text = file_get(f, "settings.yaml", NULL);
    remove_document(f);
    assert_false(refresh(f));
    file_assert(f, "settings.yaml", text);
    assert_int_equal(generation_of(f->store), 2);
    status_assert(f->store, STORE_OK, "");
    remove_document(f);
    commit_port(f, 2626);
    assert_int_equal(generation_of(f->store), 3);
    names_assert(f, ".", "generations lock settings.yaml ");
    free(text);
}

static void test_removed_after_a_refusal_is_put_back(void **state)
{
    struct fixture *f = *state;

    file_put(f, "settings.yaml", "nonsense");
    assert_false(refresh(f));
    remove_document(f);
    assert_false(refresh(f));
    status_assert(f->store, STORE_OK, "");
    names_assert(f, ".", "generations lock settings.yaml ");
}

static void test_older_generation_put_there_by_hand_is_an_edit(void **state)
{
    struct fixture *f = *state;
    char *first = file_get(f, "settings.yaml", NULL);

    commit_port(f, 2525);
    commit_port(f, 2626);
    file_put(f, "settings.yaml", first);
    assert_true(refresh(f));
    assert_int_equal(generation_of(f->store), 4);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 25);
    free(first);
}

/* What a newer version or somebody unknown put there is neither followed nor written over. */
static void test_commit_refuses_to_replace_what_it_must_not_touch(void **state)
{
    struct fixture *f = *state;
    char *path = path_of(f, "settings.yaml");

    file_put(f, "settings.yaml", "format: 99\n");
    assert_false(refresh(f));
    status_assert(f->store, STORE_RECOVERED, "format: found");
    assert_int_equal(commit_number(f->store, SETTING_SMTP_PORT, 26, &f->error), DEVSEC_ERR_NEWER_FORMAT);
    text_assert(&f->error, DEVSEC_ERR_NEWER_FORMAT, "format: found");
    status_assert(f->store, STORE_FAILED, "format: found");
    file_assert(f, "settings.yaml", "format: 99\n");

    remove_document(f);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_false(refresh(f));
    assert_int_equal(commit_number(f->store, SETTING_SMTP_PORT, 26, &f->error), DEVSEC_ERR_UNSAFE);
    text_assert(&f->error, DEVSEC_ERR_UNSAFE, "is a symbolic link; expected a regular file");
    /* One reason, said once, although it stops reading and writing alike. */
    assert_non_null(strstr(store_status_text(f->store), "is a symbolic link"));
    assert_null(strstr(strstr(store_status_text(f->store), "is a symbolic link") + 1, "is a symbolic link"));
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 25);
    assert_int_equal(generation_of(f->store), 1);

    remove_document(f);
    assert_false(refresh(f));
    commit_port(f, 26);
    status_assert(f->store, STORE_OK, "");
    free(path);
}

static void test_reader_follows_without_writing(void **state)
{
    struct fixture *f = *state;
    struct store *writer = open_other(f);

    f->options.read_only = true;
    fixture_open(f);
    assert_int_equal(commit_number(writer, SETTING_SMTP_PORT, 2525, &f->error), DEVSEC_OK);
    assert_true(refresh(f));
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2525);
    file_edit(f, "settings.yaml", "port: 2525", "port: 2626");
    assert_true(refresh(f));
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2626);
    assert_int_equal(generation_of(f->store), 2);
    remove_document(f);
    assert_false(refresh(f));
    status_assert(f->store, STORE_RECOVERED, "there is no ");
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2626);
    assert_false(file_there(f, "settings.yaml"));
    store_close(writer);
}

static void test_lost_lock_file_is_made_anew(void **state)
{
    struct fixture *f = *state;
    char *path = path_of(f, "lock");

    assert_int_equal(unlink(path), 0);
    commit_port(f, 2525);
    assert_true(file_there(f, "lock"));
    free(path);
}

int main(void)
{
#define IN_OPEN_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_make_open, fixture_drop)
    const struct CMUnitTest tests[] = {
        IN_OPEN_STORE(test_nothing_new_changes_nothing),
        IN_OPEN_STORE(test_own_commit_is_noticed_and_no_news),
        IN_OPEN_STORE(test_commit_of_another_is_taken_as_it_is),
        IN_OPEN_STORE(test_edit_becomes_a_commit_of_its_own),
        IN_OPEN_STORE(test_edit_right_after_a_commit_is_seen),
        IN_OPEN_STORE(test_edit_of_comments_only_makes_no_generation),
        IN_OPEN_STORE(test_invalid_edit_is_refused_until_it_is_fixed),
        IN_OPEN_STORE(test_invalid_edit_taken_back_is_well_again),
        IN_OPEN_STORE(test_edit_that_fails_a_cross_check_is_refused),
        IN_OPEN_STORE(test_half_saved_file_resolves_itself),
        IN_OPEN_STORE(test_commit_sets_a_refused_edit_aside),
        IN_OPEN_STORE(test_commit_sets_an_edit_aside_that_was_not_even_seen),
        IN_OPEN_STORE(test_commit_comes_on_top_of_an_edit_that_was_not_seen),
        IN_OPEN_STORE(test_removed_document_is_put_back),
        IN_OPEN_STORE(test_removed_after_a_refusal_is_put_back),
        IN_OPEN_STORE(test_older_generation_put_there_by_hand_is_an_edit),
        IN_OPEN_STORE(test_commit_refuses_to_replace_what_it_must_not_touch),
        IN_OPEN_STORE(test_reader_follows_without_writing),
        IN_OPEN_STORE(test_lost_lock_file_is_made_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
