/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of base/file: replacing so that old or new is there, whole, at any fault. */
#include "file_fixture.h"

#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

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

/* By a name of the caller's own: what lies at the other one is somebody else's. */
static void replacing_goes_by_the_name_that_is_given(void **state)
{
    const struct bench *bench = *state;
    struct devsec_error error = {0};
    char longest[NAME_MAX + 2] = "";

    put(bench->fd, "file.tmp", "theirs");
    put(bench->fd, "own", "left over");
    assert_int_equal(file_replace_by(bench->fd, "file", "own", 0600, NEW, strlen(NEW), NULL, &error), DEVSEC_OK);
    assert_content(bench, "file", NEW);
    assert_content(bench, "file.tmp", "theirs");
    assert_false(exists(bench, "own"));
    arm(CALL_WRITE, 0, ENOSPC);
    assert_int_equal(file_replace_by(bench->fd, "file", "own", 0600, OLD, strlen(OLD), NULL, &error), DEVSEC_ERR_IO);
    fault.armed = false;
    assert_string_equal(error.text, "cannot write own: No space left on device");
    assert_content(bench, "file", NEW);
    assert_false(exists(bench, "own"));
    arm(CALL_RENAME, 0, EIO);
    assert_int_equal(file_replace_by(bench->fd, "file", "own", 0600, OLD, strlen(OLD), NULL, &error), DEVSEC_ERR_IO);
    fault.armed = false;
    assert_string_equal(error.text, "cannot give own its final name: Input/output error");
    memset(longest, 'x', NAME_MAX + 1);
    assert_int_equal(file_replace_by(bench->fd, "file", longest, 0600, OLD, strlen(OLD), NULL, &error), DEVSEC_ERR_IO);
    assert_string_equal(error.text, "cannot write file: File name too long");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(replacing_goes_by_the_name_that_is_given),
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
