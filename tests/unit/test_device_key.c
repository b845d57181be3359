/* SPDX-License-Identifier: Apache-2.0 */
/* The device key: made once, whole and private; anything else in its place is refused. */
#include "seal_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void a_key_is_made_once(void **state)
{
    struct place *place = *state;
    struct device_key *again = NULL;
    struct devsec_error error = {0};
    struct stat status;
    char *text;
    const mode_t before = umask(0777); /* must not have a say */

    assert_int_equal(device_key_open(&place->key, place->path, &error), DEVSEC_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "there is no device key /tmp/test_seal."));
    assert_null(place->key);
    error = (struct devsec_error){0};
    assert_int_equal(device_key_create(&place->key, place->path, &error), DEVSEC_OK);
    assert_string_equal(error.text, "");
    umask(before);
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, 32);
    assert_int_equal(status.st_nlink, 1);
    text = sealed_text(place, CONTEXT, "secret", 6);
    assert_int_equal(device_key_create(&again, place->path, NULL), DEVSEC_OK);
    assert_open(again, CONTEXT, text, DEVSEC_OK);
    device_key_free(again);
    device_key_free(NULL);
    secret_free(NULL, 7);
    free(text);
}

static const struct {
    size_t length;
    mode_t mode;
    enum devsec_err code;
    const char *says;
} files[] = {
    {32, 0600, DEVSEC_OK, NULL},
    {32, 0400, DEVSEC_OK, NULL},
    {32, 0640, DEVSEC_ERR_UNSAFE, "has mode 0640; expected 0600"},
    {32, 0620, DEVSEC_ERR_UNSAFE, "has mode 0620; expected 0600"},
    {32, 0610, DEVSEC_ERR_UNSAFE, "has mode 0610; expected 0600"},
    {32, 0604, DEVSEC_ERR_UNSAFE, "has mode 0604; expected 0600"},
    {32, 0602, DEVSEC_ERR_UNSAFE, "has mode 0602; expected 0600"},
    {32, 0601, DEVSEC_ERR_UNSAFE, "has mode 0601; expected 0600"},
    {32, 0700, DEVSEC_ERR_UNSAFE, "has mode 0700; expected 0600"},
    {32, 04600, DEVSEC_ERR_UNSAFE, "has mode 4600; expected 0600"},
    {0, 0600, DEVSEC_ERR_SYNTAX, "holds 0 octets; expected 32"},
    {1, 0600, DEVSEC_ERR_SYNTAX, "holds 1 octet; expected 32"},
    {31, 0600, DEVSEC_ERR_SYNTAX, "holds 31 octets; expected 32"},
    {33, 0600, DEVSEC_ERR_SYNTAX, "holds 33 octets; expected 32"},
};

/* Opened or created, it is refused the same way, and stays as it is. */
static void assert_key_refused(const char *path, enum devsec_err code, const char *says)
{
    struct devsec_error error = {0};
    struct device_key *key = NULL;

    assert_int_equal(device_key_open(&key, path, &error), code);
    assert_null(key);
    if (!strstr(error.text, says) || !strstr(error.text, path))
        fail_msg("\"%s\" does not say \"%s\" of %s", error.text, says, path);
    assert_int_equal(device_key_create(&key, path, &error), code);
    assert_null(key);
    if (!strstr(error.text, says))
        fail_msg("\"%s\" does not say \"%s\"", error.text, says);
}

static void a_key_that_is_not_private_or_whole_is_refused(void **state)
{
    struct place *place = *state;
    unsigned char octets[33];

    memset(octets, 0x5a, sizeof(octets));
    for (size_t i = 0; i < COUNT(files); i++) {
        put_file(place->path, octets, files[i].length, files[i].mode);
        if (files[i].code) {
            assert_key_refused(place->path, files[i].code, files[i].says);
        } else {
            assert_int_equal(device_key_create(&place->key, place->path, NULL), DEVSEC_OK);
            device_key_free(place->key);
            place->key = NULL;
        }
        unlink(place->path);
    }
    memset(octets, 0, sizeof(octets));
    put_file(place->path, octets, 32, 0600);
    assert_key_refused(place->path, DEVSEC_ERR_SYNTAX, "holds nothing but zeros");
}

static void a_key_of_somebody_else_is_refused(void **state)
{
    const struct place *place = *state;
    unsigned char octets[32];

    if (geteuid() != 0)
        skip(); /* nobody else could give a file away */
    memset(octets, 0x5a, sizeof(octets));
    put_file(place->path, octets, sizeof(octets), 0600);
    assert_int_equal(chown(place->path, 65534, 65534), 0);
    assert_key_refused(place->path, DEVSEC_ERR_UNSAFE, "belongs to user 65534; expected root or user 0");
}

static void what_is_no_file_is_no_key(void **state)
{
    const struct place *place = *state;
    char target[80];
    unsigned char octets[32];

    memset(octets, 0x5a, sizeof(octets));
    snprintf(target, sizeof(target), "%s/target", place->folder);
    assert_int_equal(symlink(target, place->path), 0);
    assert_key_refused(place->path, DEVSEC_ERR_UNSAFE, "is a symbolic link; expected a regular file"); /* to nothing */
    put_file(target, octets, sizeof(octets), 0600);
    assert_key_refused(place->path, DEVSEC_ERR_UNSAFE, "is a symbolic link; expected a regular file");
    assert_int_equal(unlink(target), 0);
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_key_refused(place->path, DEVSEC_ERR_UNSAFE, "is not a regular file");
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(mkdir(place->path, 0700), 0);
    assert_key_refused(place->path, DEVSEC_ERR_UNSAFE, "is not a regular file");
}

static void a_key_that_cannot_be_made_leaves_nothing(void **state)
{
    struct place *place = *state;
    struct device_key *key = NULL;
    struct devsec_error error = {0};
    struct rlimit before;
    struct rlimit small;
    char path[6000];

    assert_int_equal(device_key_create(&key, "/nonexistent/device.key", &error), DEVSEC_ERR_IO);
    assert_string_equal(error.text,
                        "cannot open the directory of the device key /nonexistent/device.key: No such file or "
                        "directory");
    snprintf(path, sizeof(path), "%s/%0*d", place->folder, 250, 0);
    assert_int_equal(device_key_create(&key, path, &error), DEVSEC_ERR_IO);
    assert_non_null(strstr(error.text, ": File name too long"));
    snprintf(path, sizeof(path), "%s/%0*d/key", place->folder, 5000, 0);
    assert_int_equal(device_key_create(&key, path, &error), DEVSEC_ERR_IO); /* the sentence is cut before its reason */

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 16; /* half a key goes onto this disk */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(device_key_create(&key, place->path, &error), DEVSEC_ERR_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_non_null(strstr(error.text, "cannot write the device key "));
    assert_null(key);
    assert_int_equal(device_key_open(&key, place->path, NULL), DEVSEC_ERR_NOT_FOUND);
}

#define MAKERS 4
#define ROUNDS 25

/* Waits for the start, makes the key and tells what it sealed. */
static void make_and_seal(const struct place *place, int start, int report)
{
    struct device_key *key = NULL;
    char *text = NULL;
    char unused;
    bool good = read(start, &unused, 1) == 0 && device_key_create(&key, place->path, NULL) == DEVSEC_OK &&
                seal(key, CONTEXT, "secret", 6, &text, NULL) == DEVSEC_OK &&
                write(report, text, SEAL_TEXT_LENGTH(6)) == (ssize_t)SEAL_TEXT_LENGTH(6);

    _exit(good ? 0 : 1);
}

static void makers_at_once_agree_on_one_key(void **state)
{
    struct place *place = *state;

    for (int round = 0; round < ROUNDS; round++) {
        char text[SEAL_TEXT_LENGTH(6) + 1] = "";
        pid_t makers[MAKERS];
        int start[2];
        int report[2];

        assert_int_equal(pipe(start), 0);
        assert_int_equal(pipe(report), 0);
        for (int i = 0; i < MAKERS; i++) {
            makers[i] = fork();
            assert_true(makers[i] >= 0);
            if (makers[i] == 0) {
                close(start[1]);
                make_and_seal(place, start[0], report[1]);
            }
        }
        close(start[0]);
        close(start[1]); /* all of them, now */
        close(report[1]);
        for (int i = 0; i < MAKERS; i++) {
            int status = 0;

            assert_int_equal(waitpid(makers[i], &status, 0), makers[i]);
            assert_int_equal(status, 0);
        }
        assert_int_equal(device_key_open(&place->key, place->path, NULL), DEVSEC_OK);
        for (int i = 0; i < MAKERS; i++) {
            assert_int_equal(read(report[0], text, sizeof(text) - 1), sizeof(text) - 1);
            assert_open(place->key, CONTEXT, text, DEVSEC_OK);
        }
        close(report[0]);
        device_key_free(place->key);
        place->key = NULL;
        if (round + 1 < ROUNDS)
            assert_int_equal(unlink(place->path), 0);
    }
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_key_is_made_once),
        IN_PLACE(a_key_that_is_not_private_or_whole_is_refused),
        IN_PLACE(a_key_of_somebody_else_is_refused),
        IN_PLACE(what_is_no_file_is_no_key),
        IN_PLACE(a_key_that_cannot_be_made_leaves_nothing),
        IN_PLACE(makers_at_once_agree_on_one_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
