/* SPDX-License-Identifier: Apache-2.0 */
/* Several writers at once, writers that die, and file systems that do not let anybody write. */
#include "store_fixture.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define WRITERS       4
#define COMMITS       100
#define ALL_COMMITS   (WRITERS * COMMITS)
#define NOBODY        65534
#define TINY_TMPFS    "size=64k,mode=0700"
#define OCTETS_LET_BY 64

static void wait_for(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* One writer: every commit's generation goes into the pipe. 0 if all went well. */
static int write_many(struct fixture *f, unsigned writer, int pipe_end)
{
    struct store *store = NULL;

    if (store_open(&store, &f->options, &f->error) != DEVSEC_OK)
        return 1;
    for (unsigned i = 0; i < COMMITS; i++) {
        uint32_t generation;

        if (commit_number(store, SETTING_SMTP_PORT, 1 + writer * COMMITS + i, &f->error) != DEVSEC_OK) {
            fprintf(stderr, "writer %u: %s\n", writer, f->error.text);
            return 2;
        }
        generation = generation_of(store);
        if (write(pipe_end, &generation, sizeof(generation)) != sizeof(generation))
            return 3;
    }
    store_close(store);
    return 0;
}

/* Each commit counts notify.min-interval on from its base: a base that is not the newest would lose a count. */
static void test_writers_at_once_lose_nothing(void **state)
{
    struct fixture *f = *state;
    bool seen[ALL_COMMITS + 2] = {false};
    pid_t writers[WRITERS];
    uint32_t generation = 0;
    int64_t first;
    int ends[2];

    first = number_in(f->store, SETTING_NOTIFY_MIN_INTERVAL);
    f->behaviour.counts = true;
    assert_int_equal(pipe(ends), 0);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = fork();
        assert_true(writers[i] >= 0);
        if (writers[i] == 0)
            _exit(write_many(f, i, ends[1]));
    }
    close(ends[1]);
    for (int i = 0; i < ALL_COMMITS; i++) {
        assert_int_equal(read(ends[0], &generation, sizeof(generation)), sizeof(generation));
        assert_in_range(generation, 2, ALL_COMMITS + 1);
        assert_false(seen[generation]);
        seen[generation] = true;
    }
    close(ends[0]);
    for (unsigned i = 0; i < WRITERS; i++)
        wait_for(writers[i]);

    assert_true(refresh(f));
    assert_int_equal(generation_of(f->store), ALL_COMMITS + 1);
    assert_int_equal(number_in(f->store, SETTING_NOTIFY_MIN_INTERVAL), first + ALL_COMMITS);
    f->behaviour.counts = false;
    fixture_open(f);
    assert_int_equal(generation_of(f->store), ALL_COMMITS + 1);
    status_assert(f->store, STORE_OK, "");
    names_assert(f, "generations", "0000000397.yaml 0000000398.yaml 0000000399.yaml 0000000400.yaml 0000000401.yaml ");
    names_assert(f, ".", "generations lock settings.yaml ");
}

static void test_two_stores_in_one_process_keep_each_other_out(void **state)
{
    struct fixture *f = *state;
    struct store *other = NULL;

    assert_int_equal(store_open(&other, &f->options, &f->error), DEVSEC_OK);
    for (int i = 0; i < 20; i++) {
        commit_port(f, 2000 + i);
        assert_int_equal(commit_number(other, SETTING_NOTIFY_MIN_INTERVAL, 100 + i, &f->error), DEVSEC_OK);
    }
    assert_int_equal(generation_of(other), 41);
    assert_int_equal(number_in(other, SETTING_SMTP_PORT), 2019);
    assert_true(refresh(f));
    assert_int_equal(number_in(f->store, SETTING_NOTIFY_MIN_INTERVAL), 119);
    store_close(other);
}

/* The child takes the lock, says so, and is killed while it holds it. */
static void test_writer_that_dies_releases_the_lock(void **state)
{
    struct fixture *f = *state;
    char *path = path_of(f, "lock");
    char byte = 0;
    pid_t child;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const int fd = open(path, O_RDWR | O_CLOEXEC);

        if (fd < 0 || flock(fd, LOCK_EX) != 0 || write(ends[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    f->options.lock_timeout_ms = 10;
    fixture_open(f);
    assert_int_equal(commit_number(f->store, SETTING_SMTP_PORT, 26, &f->error), DEVSEC_ERR_BUSY);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    commit_port(f, 26);
    assert_int_equal(generation_of(f->store), 2);
    free(path);
}

/* ---- Where nobody can write ---- */

/* A commit that fails with `status`, and after `relief` one that works; nothing lost on the way. */
static void assert_fails_then_works(struct fixture *f, enum store_status status, const char *text,
                                    void (*relief)(const struct fixture *f))
{
    struct transaction *txn = NULL;
    char *before = file_get(f, "settings.yaml", NULL);
    const uint32_t generation = generation_of(f->store);
    const int64_t port = number_in(f->store, SETTING_SMTP_PORT);

    assert_int_equal(transaction_begin(&txn, f->store, &f->error), DEVSEC_OK);
    assert_int_equal(set_number(txn, SETTING_SMTP_PORT, port + 1), DEVSEC_OK);
    assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_ERR_IO);
    text_assert(&f->error, DEVSEC_ERR_IO, text);
    assert_false(transaction_changed(txn));
    status_assert(f->store, status, text);
    assert_int_equal(generation_of(f->store), generation);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), port);
    file_assert(f, "settings.yaml", before);
    assert_false(refresh(f));
    status_assert(f->store, status, text); /* reading well says nothing about writing */
    relief(f);
    assert_int_equal(transaction_commit(txn, &f->error), DEVSEC_OK);
    transaction_free(txn);
    status_assert(f->store, STORE_OK, "");
    assert_int_equal(generation_of(f->store), generation + 1);
    assert_false(file_there(f, "settings.yaml.tmp"));
    free(before);
}

static void limit_files(rlim_t octets)
{
    const struct rlimit limit = {.rlim_cur = octets, .rlim_max = RLIM_INFINITY};

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void lift_limit(const struct fixture *f)
{
    (void)f;
    limit_files(RLIM_INFINITY);
}

/* The write is cut short first, and the rest of it fails. */
static void test_short_write_fails_the_commit(void **state)
{
    struct fixture *f = *state;

    signal(SIGXFSZ, SIG_IGN);
    limit_files(OCTETS_LET_BY);
    assert_fails_then_works(f, STORE_FAILED, strerror(EFBIG), lift_limit);
}

static void make_room(const struct fixture *f)
{
    char *path = path_of(f, "ballast");

    assert_int_equal(unlink(path), 0);
    free(path);
}

static void fill_up(const struct fixture *f)
{
    static const char block[4096] = {1};
    char *path = path_of(f, "ballast");
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    while (write(fd, block, sizeof(block)) > 0)
        continue;
    assert_int_equal(errno, ENOSPC);
    close(fd);
    free(path);
}

static bool mount_tiny(struct fixture *f)
{
    fixture_close(f);
    if (mount("devsec-test", f->directory, "tmpfs", MS_NOSUID | MS_NODEV, TINY_TMPFS) == 0)
        return true;
    print_message("mounting a tmpfs: %s\n", strerror(errno));
    return false;
}

static int unmount_and_drop(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    umount2(f->directory, MNT_DETACH); /* not mounted where the test was skipped */
    return fixture_drop(state);
}

static void test_full_file_system_fails_the_commit(void **state)
{
    struct fixture *f = *state;

    if (!mount_tiny(f))
        skip();
    fixture_open(f);
    commit_port(f, 2525);
    fill_up(f);
    assert_fails_then_works(f, STORE_FAILED, strerror(ENOSPC), make_room);
}

/* A full file system must not make the first start fail, nor the settings disappear. */
static void test_recovery_on_a_full_file_system_is_in_memory(void **state)
{
    struct fixture *f = *state;

    if (!mount_tiny(f))
        skip();
    fixture_open(f);
    commit_port(f, 2525);
    fixture_close(f);
    file_put_old(f, "settings.yaml", "x", 1);
    fill_up(f);
    fixture_open(f);
    status_assert(f->store, STORE_FAILED, strerror(ENOSPC));
    status_assert(f->store, STORE_FAILED, "the settings of generation 2 are in force, in memory only");
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2525);
    file_assert(f, "settings.yaml", "x");
    assert_false(file_there(f, "settings.yaml.damaged-1"));
    make_room(f);
    commit_port(f, 2626);
    status_assert(f->store, STORE_OK, "");
    assert_int_equal(generation_of(f->store), 3);
    file_assert(f, "settings.yaml.damaged-1", "x");
}

static void remount(const struct fixture *f, unsigned long flags)
{
    assert_int_equal(mount("devsec-test", f->directory, "tmpfs", MS_REMOUNT | MS_NOSUID | MS_NODEV | flags, TINY_TMPFS),
                     0);
}

static void remount_writable(const struct fixture *f)
{
    remount(f, 0);
}

static void test_read_only_file_system_fails_the_commit(void **state)
{
    struct fixture *f = *state;

    if (!mount_tiny(f))
        skip();
    fixture_open(f);
    commit_port(f, 2525);
    remount(f, MS_RDONLY);
    assert_fails_then_works(f, STORE_READ_ONLY, strerror(EROFS), remount_writable);
    remount(f, MS_RDONLY);
    fixture_open(f);
    status_assert(f->store, STORE_OK, ""); /* reading alone needs no more */
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2526);
}

/* A user who may read and nothing else. Runs in a child, which cannot assert: its exit status says what failed. */
static int use_without_rights(struct fixture *f)
{
    struct store *store = NULL;

    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 1;
    if (store_open(&store, &f->options, &f->error) != DEVSEC_OK)
        return 2;
    if (store_status(store) != STORE_OK || number_in(store, SETTING_SMTP_PORT) != 2525)
        return 3;
    if (commit_number(store, SETTING_SMTP_PORT, 26, &f->error) != DEVSEC_ERR_IO)
        return 4;
    if (store_status(store) != STORE_READ_ONLY || !strstr(f->error.text, strerror(EACCES)))
        return 5;
    if (number_in(store, SETTING_SMTP_PORT) != 2525)
        return 6;
    store_close(store);
    return 0;
}

static void test_process_without_rights_can_read(void **state)
{
    struct fixture *f = *state;
    char *path = path_of(f, "settings.yaml");
    pid_t child;

    if (geteuid() != 0) {
        print_message("only root can give its rights up\n");
        skip();
    }
    commit_port(f, 2525);
    assert_int_equal(chmod(f->directory, 0755), 0);
    assert_int_equal(chmod(path, 0644), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(use_without_rights(f));
    wait_for(child);
    assert_int_equal(generation_of(f->store), 2);
    free(path);
}

int main(void)
{
#define IN_OPEN_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_make_open, fixture_drop)
#define MOUNTED(test)       cmocka_unit_test_setup_teardown(test, fixture_make_open, unmount_and_drop)
    const struct CMUnitTest tests[] = {
        IN_OPEN_STORE(test_writers_at_once_lose_nothing),
        IN_OPEN_STORE(test_two_stores_in_one_process_keep_each_other_out),
        IN_OPEN_STORE(test_writer_that_dies_releases_the_lock),
        IN_OPEN_STORE(test_short_write_fails_the_commit),
        MOUNTED(test_full_file_system_fails_the_commit),
        MOUNTED(test_recovery_on_a_full_file_system_is_in_memory),
        MOUNTED(test_read_only_file_system_fails_the_commit),
        IN_OPEN_STORE(test_process_without_rights_can_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
