/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of base/file: reading only what may be read, and replacing so that old or new is there, whole, at any fault. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OLD          "old content\n"
#define NEW          "new content, and longer than the old one\n"

/* The system calls of a replacement, taken over by this program so that each can be made to fail. */
enum call {
    CALL_UNLINK,
    CALL_OPEN_DIRECTORY,
    CALL_OPEN,
    CALL_CHMOD,
    CALL_WRITE,
    CALL_SYNC,
    CALL_CLOSE,
    CALL_RENAME,
    CALLS
};

static struct {
    bool armed;
    enum call call;
    size_t left;  /* calls of this kind that still succeed */
    int error;    /* then this, once; 0: half a write */
    char log[64]; /* a letter for each call, in order */
} fault;

static bool strikes(enum call call)
{
    static const char letters[] = "UDOMWSCR";
    const size_t used = strlen(fault.log);

    if (!fault.armed)
        return false;
    if (used + 1 < sizeof(fault.log))
        fault.log[used] = letters[call];
    if (call != fault.call || fault.left--)
        return false;
    fault.call = CALLS;
    errno = fault.error;
    return true;
}

static void arm(enum call call, size_t left, int error)
{
    memset(&fault, 0, sizeof(fault));
    fault.call = call;
    fault.left = left;
    fault.error = error;
    fault.armed = true;
}

int unlinkat(int dirfd, const char *path, int flags)
{
    return strikes(CALL_UNLINK) ? -1 : (int)syscall(SYS_unlinkat, dirfd, path, flags);
}

int openat(int dirfd, const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, mode_t);
    va_end(args);
    if (strikes((flags & O_DIRECTORY) == O_DIRECTORY ? CALL_OPEN_DIRECTORY : CALL_OPEN))
        return -1;
    return (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

int fchmod(int fd, mode_t mode)
{
    return strikes(CALL_CHMOD) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

ssize_t write(int fd, const void *data, size_t length)
{
    if (!strikes(CALL_WRITE))
        return (ssize_t)syscall(SYS_write, fd, data, length);
    return fault.error ? -1 : (ssize_t)syscall(SYS_write, fd, data, length / 2);
}

int fsync(int fd)
{
    return strikes(CALL_SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int close(int fd)
{
    const bool struck = strikes(CALL_CLOSE);
    const int error = errno;
    const int result = (int)syscall(SYS_close, fd);

    if (struck)
        errno = error;
    return struck ? -1 : result;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return strikes(CALL_RENAME) ? -1 : (int)syscall(SYS_renameat, from_fd, from, to_fd, to);
}

/* A private directory for each test, with "file" holding OLD. */
struct bench {
    char path[64];
    int fd;
};

static void put(int dirfd, const char *name, const char *content)
{
    const int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    snprintf(bench->path, sizeof(bench->path), "/tmp/devsec-test-file-XXXXXX");
    if (!mkdtemp(bench->path))
        return -1;
    bench->fd = open(bench->path, O_RDONLY | O_DIRECTORY);
    put(bench->fd, "file", OLD);
    *state = bench;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *bench = *state;
    static const char *const names[] = {"file", "file.tmp", "target", "link", "fifo", "big"};

    fault.armed = false;
    for (size_t i = 0; i < COUNT(names); i++) {
        unlinkat(bench->fd, names[i], 0);
        unlinkat(bench->fd, names[i], AT_REMOVEDIR);
    }
    close(bench->fd);
    rmdir(bench->path);
    free(bench);
    return 0;
}

static void assert_content(const struct bench *bench, const char *name, const char *content)
{
    struct devsec_error error = {0};
    char *data = NULL;
    size_t length = 0;

    assert_int_equal(file_read(bench->fd, name, 1000000, &data, &length, &error), DEVSEC_OK);
    assert_int_equal(length, strlen(content));
    assert_string_equal(data, content);
    free(data);
}

static bool exists(const struct bench *bench, const char *name)
{
    struct stat status;

    return fstatat(bench->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Reads what cannot be read and checks the sentence. */
static void assert_unreadable(const struct bench *bench, const char *name, enum devsec_err code, const char *text)
{
    struct devsec_error error = {0};
    char *data = NULL;
    size_t length = 77;

    assert_int_equal(file_read(bench->fd, name, 16, &data, &length, &error), code);
    assert_int_equal(error.code, code);
    assert_string_equal(error.text, text);
    assert_null(data);
    assert_int_equal(length, 77);
}

static void only_regular_files_are_read(void **state)
{
    const struct bench *bench = *state;

    assert_int_equal(symlinkat("file", bench->fd, "link"), 0);
    assert_int_equal(mkfifoat(bench->fd, "fifo", 0600), 0);
    assert_int_equal(mkdirat(bench->fd, "target", 0700), 0);
    assert_unreadable(bench, "link", DEVSEC_ERR_UNSAFE, "link is a symbolic link; expected a regular file");
    assert_unreadable(bench, "fifo", DEVSEC_ERR_UNSAFE, "fifo is not a regular file");
    assert_unreadable(bench, "target", DEVSEC_ERR_UNSAFE, "target is not a regular file");
    assert_unreadable(bench, "/dev/full", DEVSEC_ERR_UNSAFE, "/dev/full is not a regular file");
    assert_unreadable(bench, "missing", DEVSEC_ERR_NOT_FOUND, "there is no file missing");
    assert_unreadable(bench, "file/x", DEVSEC_ERR_NOT_FOUND, "there is no file file/x");
}

static void files_are_read_up_to_their_limit(void **state)
{
    const struct bench *bench = *state;
    char *data = NULL;
    size_t length = 0;

    put(bench->fd, "big", "0123456789abcdef");
    assert_int_equal(file_read(bench->fd, "big", 16, &data, &length, NULL), DEVSEC_OK);
    assert_int_equal(length, 16);
    assert_string_equal(data, "0123456789abcdef");
    free(data);
    data = NULL;
    put(bench->fd, "big", "0123456789abcdefg");
    assert_unreadable(bench, "big", DEVSEC_ERR_SYNTAX, "big is longer than 16 octets");
    put(bench->fd, "big", "");
    assert_int_equal(file_read(bench->fd, "big", 16, &data, &length, NULL), DEVSEC_OK);
    assert_int_equal(length, 0);
    assert_string_equal(data, "");
    free(data);
}

static void long_files_and_files_without_a_size_are_read_whole(void **state)
{
    const struct bench *bench = *state;
    const size_t size = 1000003;
    char *content = malloc(size + 1);
    char *data = NULL;
    size_t length = 0;

    for (size_t i = 0; i < size; i++)
        content[i] = (char)('a' + i % 23);
    content[size] = '\0';
    put(bench->fd, "big", content);
    assert_int_equal(file_read(bench->fd, "big", size, &data, &length, NULL), DEVSEC_OK);
    assert_int_equal(length, size);
    assert_memory_equal(data, content, size + 1);
    free(data);
    free(content);
    data = NULL;
    assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", size, &data, &length, NULL), DEVSEC_OK);
    assert_true(length > 0);
    free(data);
}

static void replacing_goes_in_the_documented_order(void **state)
{
    const struct bench *bench = *state;
    struct devsec_error error = {0};
    struct stat status;
    bool renamed = false;
    const mode_t mask = umask(077);

    arm(CALLS, 0, 0);
    assert_int_equal(file_replace(bench->fd, "file", 0640, NEW, strlen(NEW), &renamed, &error), DEVSEC_OK);
    fault.armed = false;
    umask(mask);
    /* directory opened; .tmp removed, created, its mode, written, synced, closed; renamed; directory synced, closed */
    assert_string_equal(fault.log, "DUOMWSCRSC");
    assert_true(renamed);
    assert_content(bench, "file", NEW);
    assert_false(exists(bench, "file.tmp"));
    assert_int_equal(fstatat(bench->fd, "file", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(error.code, DEVSEC_OK);
}

static const struct {
    enum call call;
    size_t left;
    int error;
    bool renamed;
    const char *text;
} faults[] = {
    {CALL_OPEN_DIRECTORY, 0, EMFILE, false, "cannot open the directory of file: Too many open files"},
    {CALL_UNLINK, 0, EROFS, false, "cannot remove what lies at file.tmp: Read-only file system"},
    {CALL_OPEN, 0, EROFS, false, "cannot create file.tmp: Read-only file system"},
    {CALL_OPEN, 0, ENOSPC, false, "cannot create file.tmp: No space left on device"},
    {CALL_CHMOD, 0, EPERM, false, "cannot set the mode of file.tmp: Operation not permitted"},
    {CALL_WRITE, 0, ENOSPC, false, "cannot write file.tmp: No space left on device"},
    {CALL_WRITE, 0, EIO, false, "cannot write file.tmp: Input/output error"},
    {CALL_SYNC, 0, EIO, false, "cannot sync file.tmp to disk: Input/output error"},
    {CALL_CLOSE, 0, EDQUOT, false, "cannot close file.tmp: Disk quota exceeded"},
    {CALL_RENAME, 0, EIO, false, "cannot rename file.tmp to file: Input/output error"},
    {CALL_SYNC, 1, EIO, true, "cannot sync the directory of file to disk: Input/output error"},
};

static void every_failing_call_is_reported_and_leaves_old_or_new(void **state)
{
    const struct bench *bench = *state;

    for (size_t i = 0; i < COUNT(faults); i++) {
        struct devsec_error error = {0};
        bool renamed = !faults[i].renamed;
        enum devsec_err err;
        int number;

        put(bench->fd, "file", OLD);
        arm(faults[i].call, faults[i].left, faults[i].error);
        errno = 0;
        err = file_replace(bench->fd, "file", 0600, NEW, strlen(NEW), &renamed, &error);
        number = errno;
        fault.armed = false;
        assert_int_equal(err, DEVSEC_ERR_IO);
        assert_int_equal(number, faults[i].error);
        assert_string_equal(error.text, faults[i].text);
        assert_int_equal(renamed, faults[i].renamed);
        assert_content(bench, "file", faults[i].renamed ? NEW : OLD);
        assert_false(exists(bench, "file.tmp"));
        /* and the next one works */
        assert_int_equal(file_replace(bench->fd, "file", 0600, NEW, strlen(NEW), NULL, &error), DEVSEC_OK);
        assert_content(bench, "file", NEW);
    }
}

static const struct {
    enum call call;
    size_t left;
    int error;
    const char *log;
} bumps[] = {
    {CALL_WRITE, 0, 0, "DUOMWWSCRSC"}, /* a short write goes on */
    {CALL_WRITE, 0, EINTR, "DUOMWWSCRSC"}, {CALL_SYNC, 0, EINTR, "DUOMWSSCRSC"}, {CALL_SYNC, 1, EINTR, "DUOMWSCRSSC"},
    {CALL_CLOSE, 0, EINTR, "DUOMWSCRSC"}, /* never repeated: the descriptor is gone */
};

static void short_writes_and_signals_are_no_failure(void **state)
{
    const struct bench *bench = *state;

    for (size_t i = 0; i < COUNT(bumps); i++) {
        struct devsec_error error = {0};
        enum devsec_err err;

        put(bench->fd, "file", OLD);
        put(bench->fd, "file.tmp", "a left-over of a power cut, longer than what is written over it this time\n");
        arm(bumps[i].call, bumps[i].left, bumps[i].error);
        err = file_replace(bench->fd, "file", 0600, NEW, strlen(NEW), NULL, &error);
        fault.armed = false;
        assert_int_equal(err, DEVSEC_OK);
        assert_string_equal(fault.log, bumps[i].log);
        assert_content(bench, "file", NEW);
    }
}

static void a_full_quota_leaves_the_old_file(void **state)
{
    const struct bench *bench = *state;
    const size_t size = 100000;
    char *content = calloc(1, size);
    struct rlimit limit;
    struct rlimit before;
    struct devsec_error error = {0};
    bool renamed = true;
    enum devsec_err err;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

    /* The kernel writes up to the limit (a short write), then says EFBIG. */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    err = file_replace(bench->fd, "file", 0600, content, size, &renamed, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    free(content);
    assert_int_equal(err, DEVSEC_ERR_IO);
    assert_string_equal(error.text, "cannot write file.tmp: File too large");
    assert_false(renamed);
    assert_content(bench, "file", OLD);
    assert_false(exists(bench, "file.tmp"));
}

static void running_out_of_descriptors_leaves_the_old_file(void **state)
{
    const struct bench *bench = *state;
    struct rlimit limit;
    struct rlimit before;
    struct devsec_error error = {0};
    const int next = dup(bench->fd);
    enum devsec_err err;

    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int extra = 0; extra < 2; extra++) {
        limit = (struct rlimit){.rlim_cur = (rlim_t)(next + extra), .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        err = file_replace(bench->fd, "file", 0600, NEW, strlen(NEW), NULL, &error);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(err, DEVSEC_ERR_IO);
        assert_string_equal(error.text, extra ? "cannot create file.tmp: Too many open files"
                                              : "cannot open the directory of file: Too many open files");
        assert_content(bench, "file", OLD);
        assert_false(exists(bench, "file.tmp"));
    }
}

static void a_directory_in_the_way_is_reported(void **state)
{
    const struct bench *bench = *state;
    struct devsec_error error = {0};

    assert_int_equal(mkdirat(bench->fd, "file.tmp", 0700), 0);
    assert_int_equal(file_replace(bench->fd, "file", 0600, NEW, strlen(NEW), NULL, &error), DEVSEC_ERR_IO);
    assert_string_equal(error.text, "cannot remove what lies at file.tmp: Is a directory");
    assert_content(bench, "file", OLD);
    assert_int_equal(mkdirat(bench->fd, "target", 0700), 0);
    assert_int_equal(file_replace(bench->fd, "target", 0600, NEW, strlen(NEW), NULL, &error), DEVSEC_ERR_IO);
    assert_string_equal(error.text, "cannot rename target.tmp to target: Is a directory");
    assert_false(exists(bench, "target.tmp"));
}

static void links_are_replaced_and_never_followed(void **state)
{
    const struct bench *bench = *state;
    struct devsec_error error = {0};
    struct stat status;

    put(bench->fd, "target", "precious\n");
    assert_int_equal(symlinkat("target", bench->fd, "link"), 0);
    assert_int_equal(symlinkat("target", bench->fd, "link.tmp"), 0);
    assert_int_equal(file_replace(bench->fd, "link", 0600, NEW, strlen(NEW), NULL, &error), DEVSEC_OK);
    assert_content(bench, "link", NEW);
    assert_int_equal(fstatat(bench->fd, "link", &status, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_content(bench, "target", "precious\n");
    assert_false(exists(bench, "link.tmp"));
}

static void names_that_leave_no_room_for_tmp_are_refused(void **state)
{
    const struct bench *bench = *state;
    struct devsec_error error = {0};
    char name[NAME_MAX + 1];

    memset(name, 'n', sizeof(name));
    name[NAME_MAX - 3] = '\0'; /* a good name, but not with ".tmp" behind it */
    assert_int_equal(file_replace(bench->fd, name, 0600, NEW, strlen(NEW), NULL, &error), DEVSEC_ERR_IO);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_non_null(strstr(error.text, ": File name too long"));
    name[NAME_MAX - 4] = '\0';
    assert_int_equal(file_replace(bench->fd, name, 0600, NEW, strlen(NEW), NULL, &error), DEVSEC_OK);
    unlinkat(bench->fd, name, 0);
}

static void paths_are_replaced_in_their_own_directory(void **state)
{
    const struct bench *bench = *state;
    struct devsec_error error = {0};
    char path[128];

    snprintf(path, sizeof(path), "%s/file", bench->path);
    assert_int_equal(file_replace(AT_FDCWD, path, 0600, NEW, strlen(NEW), NULL, &error), DEVSEC_OK);
    assert_content(bench, "file", NEW);
    snprintf(path, sizeof(path), "%s/missing/file", bench->path);
    assert_int_equal(file_replace(AT_FDCWD, path, 0600, NEW, strlen(NEW), NULL, &error), DEVSEC_ERR_IO);
    assert_non_null(strstr(error.text, "missing/file: No such file or directory"));
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(only_regular_files_are_read),
        BENCH_TEST(files_are_read_up_to_their_limit),
        BENCH_TEST(long_files_and_files_without_a_size_are_read_whole),
        BENCH_TEST(replacing_goes_in_the_documented_order),
        BENCH_TEST(every_failing_call_is_reported_and_leaves_old_or_new),
        BENCH_TEST(short_writes_and_signals_are_no_failure),
        BENCH_TEST(a_full_quota_leaves_the_old_file),
        BENCH_TEST(running_out_of_descriptors_leaves_the_old_file),
        BENCH_TEST(a_directory_in_the_way_is_reported),
        BENCH_TEST(links_are_replaced_and_never_followed),
        BENCH_TEST(names_that_leave_no_room_for_tmp_are_refused),
        BENCH_TEST(paths_are_replaced_in_their_own_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
