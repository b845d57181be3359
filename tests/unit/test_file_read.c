/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of base/file: reading only what may be read, up to its limit, whole. */
#include "file_fixture.h"

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

/* Who may have written a file, and whether it is read where that counts. */
static void files_that_others_could_write_are_not_safe(void **state)
{
    static const struct {
        mode_t mode;
        bool safe;
    } modes[] = {{0600, true}, {0644, true}, {0755, true}, {0620, false}, {0602, false}, {0666, false}};
    const struct bench *bench = *state;

    for (size_t i = 0; i < COUNT(modes); i++) {
        struct devsec_error error = {0};
        struct stat status;
        char *data = NULL;
        size_t length = 0;

        assert_int_equal(fchmodat(bench->fd, "file", modes[i].mode, 0), 0);
        assert_int_equal(fstatat(bench->fd, "file", &status, 0), 0);
        assert_int_equal(file_is_safe(&status), modes[i].safe);
        assert_int_equal(file_read_safe(bench->fd, "file", 64, &data, &length, &error),
                         modes[i].safe ? DEVSEC_OK : DEVSEC_ERR_UNSAFE);
        assert_int_equal(data != NULL, modes[i].safe);
        if (!modes[i].safe)
            assert_non_null(strstr(error.text, ", and nobody else able to write to it"));
        free(data);
        data = NULL;
        assert_int_equal(file_read(bench->fd, "file", 64, &data, &length, NULL), DEVSEC_OK);
        free(data);
        status.st_uid = geteuid() + 1;
        assert_false(file_is_safe(&status));
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(only_regular_files_are_read),
        BENCH_TEST(files_are_read_up_to_their_limit),
        BENCH_TEST(files_that_others_could_write_are_not_safe),
        BENCH_TEST(long_files_and_files_without_a_size_are_read_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
