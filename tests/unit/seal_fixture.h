/* SPDX-License-Identifier: Apache-2.0 */
/* A private folder with a device key in it, and what the tests of sealing do with both. */
#ifndef DEVSEC_TESTS_UNIT_SEAL_FIXTURE_H
#define DEVSEC_TESTS_UNIT_SEAL_FIXTURE_H

#include "secret/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAYBE_UNUSED __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CONTEXT      "administrators/alice/keys"
#define PREFIX_SIZE  (sizeof(SEAL_PREFIX) - 1)
#define NOT_SEALED   "a sealed secret is not of the form \"sealed1:...\"; set it anew"
#define NOT_OPEN                                                                                                       \
    "a sealed secret does not open: it was sealed with another device key, for another place, or changed since; set "  \
    "it anew"

/* A private folder, and a key in it. */
struct place {
    char folder[40];
    char path[64];
    struct device_key *key;
};

MAYBE_UNUSED static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    strcpy(place->folder, "/tmp/test_seal.XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->path, sizeof(place->path), "%s/device.key", place->folder);
    *state = place;
    return 0;
}

MAYBE_UNUSED static int make_place_with_key(void **state)
{
    struct place *place;

    if (make_place(state) != 0)
        return -1;
    place = *state;
    return device_key_create(&place->key, place->path, NULL) == DEVSEC_OK ? 0 : -1;
}

MAYBE_UNUSED static int drop_place(void **state)
{
    struct place *place = *state;

    device_key_free(place->key);
    if (unlink(place->path) != 0)
        rmdir(place->path);
    assert_int_equal(rmdir(place->folder), 0); /* nothing else was left in it */
    free(place);
    return 0;
}

MAYBE_UNUSED static char *sealed_text(const struct place *place, const char *context, const void *plain, size_t length)
{
    struct devsec_error error = {0};
    char *text = NULL;

    if (seal(place->key, context, plain, length, &text, &error))
        fail_msg("seal: %s", error.text);
    return text;
}

/* Opens, expecting this code; nothing comes out of what does not open. */
MAYBE_UNUSED static void assert_open(const struct device_key *key, const char *context, const char *text,
                                     enum devsec_err code)
{
    struct devsec_error error = {0};
    unsigned char *plain = NULL;
    size_t length = 4711;

    assert_int_equal(unseal(key, context, text, &plain, &length, &error), code);
    if (code) {
        assert_null(plain);
        assert_int_equal(length, 4711);
        assert_int_equal(error.code, code);
        assert_string_equal(error.text, code == DEVSEC_ERR_SYNTAX ? NOT_SEALED : NOT_OPEN);
    } else {
        secret_free(plain, length);
    }
}

MAYBE_UNUSED static void put_file(const char *path, const void *octets, size_t length, mode_t mode)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, length), (ssize_t)length);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

#endif
