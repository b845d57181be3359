/* SPDX-License-Identifier: Apache-2.0 */
/* A private directory for the tests of files. */
#ifndef DEVSEC_TESTS_UNIT_FILE_FIXTURE_H
#define DEVSEC_TESTS_UNIT_FILE_FIXTURE_H

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAYBE_UNUSED __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OLD          "old content\n"
#define NEW          "new content, and longer than the old one\n"

/* A private directory for each test, with "file" holding OLD. */
struct bench {
    char path[64];
    int fd;
};

MAYBE_UNUSED static void put(int dirfd, const char *name, const char *content)
{
    const int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

MAYBE_UNUSED static int bench_open(void **state)
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

MAYBE_UNUSED static int bench_close(void **state)
{
    struct bench *bench = *state;
    static const char *const names[] = {"file", "file.tmp", "target", "link", "fifo", "big"};

    for (size_t i = 0; i < COUNT(names); i++) {
        unlinkat(bench->fd, names[i], 0);
        unlinkat(bench->fd, names[i], AT_REMOVEDIR);
    }
    close(bench->fd);
    rmdir(bench->path);
    free(bench);
    return 0;
}

MAYBE_UNUSED static void assert_content(const struct bench *bench, const char *name, const char *content)
{
    struct devsec_error error = {0};
    char *data = NULL;
    size_t length = 0;

    assert_int_equal(file_read(bench->fd, name, 1000000, &data, &length, &error), DEVSEC_OK);
    assert_int_equal(length, strlen(content));
    assert_string_equal(data, content);
    free(data);
}

MAYBE_UNUSED static bool exists(const struct bench *bench, const char *name)
{
    struct stat status;

    return fstatat(bench->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

#endif
