/* SPDX-License-Identifier: Apache-2.0 */
/* A private directory with a store in it, and what the store's tests do to it. */
#ifndef DEVSEC_TESTS_UNIT_STORE_FIXTURE_H
#define DEVSEC_TESTS_UNIT_STORE_FIXTURE_H

#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIXTURE_LOCK_MS     30000 /* long: a busy machine must not fail a test */
#define FIXTURE_GENERATIONS 5
#define MAYBE_UNUSED        __attribute__((unused))

/* The rules of these tests: smtp.secure asks for port 465. What adjust does is each test's choice. */
struct fixture_rules {
    bool moves_port; /* smtp.secure turning true moves the port, unless it is given */
    bool counts;     /* every candidate has notify.min-interval one above its base */
};

struct fixture {
    char directory[64];
    struct fixture_rules behaviour;
    struct store_rules rules;
    struct store_options options;
    struct store *store;
    struct devsec_error error;
};

static void fixture_adjust(void *context, struct document *candidate, const struct document *before, const bool *given)
{
    const struct fixture_rules *behaviour = context;

    if (behaviour->moves_port && candidate->values[SETTING_SMTP_SECURE].number &&
        !before->values[SETTING_SMTP_SECURE].number && !given[SETTING_SMTP_PORT])
        candidate->values[SETTING_SMTP_PORT].number = 465;
    if (behaviour->counts)
        candidate->values[SETTING_NOTIFY_MIN_INTERVAL].number = before->values[SETTING_NOTIFY_MIN_INTERVAL].number + 1;
}

static enum devsec_err fixture_check(void *context, const struct document *candidate, struct store_fault *fault)
{
    static const enum setting_id involved[] = {SETTING_SMTP_SECURE, SETTING_SMTP_PORT, SETTING_COUNT};

    (void)context;
    if (candidate->values[SETTING_SMTP_SECURE].number && candidate->values[SETTING_SMTP_PORT].number != 465)
        return store_fault_set(fault, DEVSEC_ERR_INCONSISTENT, involved,
                               "smtp.secure is true, so smtp.port must be 465; found %" PRId64,
                               candidate->values[SETTING_SMTP_PORT].number);
    return DEVSEC_OK;
}

/* In memory where there is such a place: these tests commit thousands of times, and power does not fail here. */
static const char *fixture_parent(void)
{
    const char *wanted = getenv("TMPDIR");

    if (wanted)
        return wanted;
    return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

static int fixture_make(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f)
        return -1;
    snprintf(f->directory, sizeof(f->directory), "%.30s/devsec-store-XXXXXX", fixture_parent());
    if (!mkdtemp(f->directory))
        return -1;
    f->rules = (struct store_rules){.context = &f->behaviour, .adjust = fixture_adjust, .check = fixture_check};
    f->options = (struct store_options){.directory = f->directory,
                                        .generations = FIXTURE_GENERATIONS,
                                        .lock_timeout_ms = FIXTURE_LOCK_MS,
                                        .rules = &f->rules};
    *state = f;
    return 0;
}

static int fixture_remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

MAYBE_UNUSED static void fixture_empty(const struct fixture *f)
{
    nftw(f->directory, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(mkdir(f->directory, 0700), 0);
}

MAYBE_UNUSED static int fixture_drop(void **state)
{
    struct fixture *f = *state;

    store_close(f->store);
    nftw(f->directory, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

/* Opens the fixture's store (again). */
MAYBE_UNUSED static void fixture_open(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    if (store_open(&f->store, &f->options, &f->error) != DEVSEC_OK)
        fail_msg("store_open: %s", f->error.text);
}

MAYBE_UNUSED static void fixture_close(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

/* A store with generation 1 in force. */
MAYBE_UNUSED static int fixture_make_open(void **state)
{
    if (fixture_make(state) != 0)
        return -1;
    fixture_open(*state);
    return 0;
}

/* ---- Files ---- */

MAYBE_UNUSED static char *path_of(const struct fixture *f, const char *name)
{
    char *path = NULL;

    assert_true(asprintf(&path, "%s/%s", f->directory, name) > 0);
    return path;
}

MAYBE_UNUSED static bool file_there(const struct fixture *f, const char *name)
{
    struct stat status;
    char *path = path_of(f, name);
    const bool there = lstat(path, &status) == 0;

    free(path);
    return there;
}

/* The whole file, as a string. */
MAYBE_UNUSED static char *file_get(const struct fixture *f, const char *name, size_t *length)
{
    char *path = path_of(f, name);
    FILE *file = fopen(path, "re");
    char *data = calloc(1, 65536);
    size_t got;

    assert_non_null(file);
    assert_non_null(data);
    got = fread(data, 1, 65535, file);
    fclose(file);
    free(path);
    if (length)
        *length = got;
    return data;
}

MAYBE_UNUSED static void file_put_bytes(const struct fixture *f, const char *name, const char *data, size_t length)
{
    char *path = path_of(f, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, length), (ssize_t)length);
    close(fd);
    free(path);
}

MAYBE_UNUSED static void file_put(const struct fixture *f, const char *name, const char *text)
{
    file_put_bytes(f, name, text, strlen(text));
}

/* As file_put, for a file that the store shall not take for one that is being saved right now. */
MAYBE_UNUSED static void file_put_old(const struct fixture *f, const char *name, const char *data, size_t length)
{
    const struct timespec past[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    char *path = path_of(f, name);

    file_put_bytes(f, name, data, length);
    assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
    free(path);
}

/* Puts `to` in place of the first `from` in a file, like an editor that saves in place. */
MAYBE_UNUSED static void file_edit(const struct fixture *f, const char *name, const char *from, const char *to)
{
    char *text = file_get(f, name, NULL);
    char *at = strstr(text, from);
    char *edited = NULL;

    assert_non_null(at);
    assert_true(asprintf(&edited, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    file_put(f, name, edited);
    free(edited);
    free(text);
}

MAYBE_UNUSED static void file_assert(const struct fixture *f, const char *name, const char *text)
{
    char *found = file_get(f, name, NULL);

    assert_string_equal(found, text);
    free(found);
}

/* The names in the directory below the fixture's ("." for itself), sorted, each with a blank behind. */
MAYBE_UNUSED static void names_assert(const struct fixture *f, const char *below, const char *expected)
{
    char *path = path_of(f, below);
    struct dirent **entries = NULL;
    const int n = scandir(path, &entries, NULL, alphasort);
    char names[1024] = "";

    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            strncat(names, entries[i]->d_name, sizeof(names) - strlen(names) - 2);
            strcat(names, " ");
        }
        free(entries[i]);
    }
    free(entries);
    free(path);
    assert_string_equal(names, expected);
}

/* ---- Settings ---- */

MAYBE_UNUSED static int64_t number_in(const struct store *store, enum setting_id id)
{
    return store_current(store)->values[id].number;
}

MAYBE_UNUSED static uint32_t generation_of(const struct store *store)
{
    return store_current(store)->generation;
}

MAYBE_UNUSED static enum devsec_err set_number(struct transaction *txn, enum setting_id id, int64_t number)
{
    const struct value value = {.number = number};
    struct devsec_error error = {0};

    return transaction_set(txn, id, &value, &error);
}

/* One transaction with one setting, all the way. */
MAYBE_UNUSED static enum devsec_err commit_number(struct store *store, enum setting_id id, int64_t number,
                                                  struct devsec_error *error)
{
    struct transaction *txn = NULL;
    enum devsec_err err = transaction_begin(&txn, store, error);

    if (!err)
        err = set_number(txn, id, number);
    if (!err)
        err = transaction_commit(txn, error);
    if (!err)
        transaction_finish(txn);
    transaction_free(txn);
    return err;
}

MAYBE_UNUSED static void commit_port(struct fixture *f, int64_t port)
{
    if (commit_number(f->store, SETTING_SMTP_PORT, port, &f->error) != DEVSEC_OK)
        fail_msg("commit: %s", f->error.text);
}

/* store_refresh that must succeed; returns whether the document in force is another. */
MAYBE_UNUSED static bool refresh(struct fixture *f)
{
    bool changed = false;

    if (store_refresh(f->store, &changed, &f->error) != DEVSEC_OK)
        fail_msg("store_refresh: %s", f->error.text);
    return changed;
}

MAYBE_UNUSED static void status_assert(const struct store *store, enum store_status status, const char *text)
{
    assert_int_equal(store_status(store), status);
    if (!strstr(store_status_text(store), text))
        fail_msg("status text \"%s\" does not have \"%s\"", store_status_text(store), text);
    if (status == STORE_OK)
        assert_string_equal(store_status_text(store), "");
}

MAYBE_UNUSED static void text_assert(const struct devsec_error *error, enum devsec_err code, const char *text)
{
    assert_int_equal(error->code, code);
    if (!strstr(error->text, text))
        fail_msg("error text \"%s\" does not have \"%s\"", error->text, text);
}

MAYBE_UNUSED static struct transaction *begin(struct fixture *f)
{
    struct transaction *txn = NULL;

    assert_int_equal(transaction_begin(&txn, f->store, &f->error), DEVSEC_OK);
    return txn;
}

MAYBE_UNUSED static void commit(struct fixture *f, struct transaction *txn)
{
    if (transaction_commit(txn, &f->error) != DEVSEC_OK)
        fail_msg("transaction_commit: %s", f->error.text);
}

#endif
