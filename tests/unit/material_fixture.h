/* SPDX-License-Identifier: Apache-2.0 */
/* A private directory with material in it, and what the tests of that do to it. */
#ifndef DEVSEC_TESTS_UNIT_MATERIAL_FIXTURE_H
#define DEVSEC_TESTS_UNIT_MATERIAL_FIXTURE_H

#include "pki/material.h"

#include "store_fixture.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* SHA-256 of "abc" (FIPS 180-4, its example) and of nothing. */
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

MAYBE_UNUSED static struct material *open_material(struct fixture *f, bool read_only)
{
    struct material *material = NULL;

    if (material_open(&material, f->directory, read_only, &f->error) != DEVSEC_OK)
        fail_msg("material_open: %s", f->error.text);
    return material;
}

MAYBE_UNUSED static struct material_session *begin_session(struct fixture *f, struct material *material)
{
    struct material_session *session = NULL;

    if (material_begin(&session, material, &f->error) != DEVSEC_OK)
        fail_msg("material_begin: %s", f->error.text);
    return session;
}

MAYBE_UNUSED static void put_bytes(struct fixture *f, struct material *material, enum material_kind kind,
                                   const void *octets, size_t length, char *name)
{
    struct material_session *session = begin_session(f, material);

    if (material_put(session, kind, octets, length, name, &f->error) != DEVSEC_OK)
        fail_msg("material_put: %s", f->error.text);
    material_end(session);
}

MAYBE_UNUSED static void put_text(struct fixture *f, struct material *material, enum material_kind kind,
                                  const char *text, char *name)
{
    put_bytes(f, material, kind, text, strlen(text), name);
}

MAYBE_UNUSED static void assert_got(struct fixture *f, const struct material *material, enum material_kind kind,
                                    const char *name, const char *expected)
{
    char *octets = NULL;
    size_t length = 0;

    if (material_get(material, kind, name, &octets, &length, &f->error) != DEVSEC_OK)
        fail_msg("material_get: %s", f->error.text);
    assert_int_equal(length, strlen(expected));
    assert_string_equal(octets, expected);
    free(octets);
}

MAYBE_UNUSED static void assert_not_got(struct fixture *f, const struct material *material, const char *name,
                                        enum devsec_err code, const char *says)
{
    char *octets = NULL;
    size_t length = 4711;

    assert_int_equal(material_get(material, MATERIAL_KEY, name, &octets, &length, &f->error), code);
    text_assert(&f->error, code, says);
    assert_null(octets);
    assert_int_equal(length, 4711);
}

MAYBE_UNUSED static void assert_mode(const struct fixture *f, const char *name, mode_t mode)
{
    struct stat status;
    char *path = path_of(f, name);

    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
    free(path);
}

MAYBE_UNUSED static void change_mode(const struct fixture *f, const char *name, mode_t mode)
{
    char *path = path_of(f, name);

    assert_int_equal(chmod(path, mode), 0);
    free(path);
}

MAYBE_UNUSED static void remove_file(const struct fixture *f, const char *name)
{
    char *path = path_of(f, name);

    assert_int_equal(remove(path), 0);
    free(path);
}

MAYBE_UNUSED static void make_folder(const struct fixture *f, const char *name, mode_t mode)
{
    char *path = path_of(f, name);

    assert_int_equal(mkdir(path, mode), 0);
    free(path);
}

MAYBE_UNUSED static void make_link(const struct fixture *f, const char *name, const char *target)
{
    char *path = path_of(f, name);

    assert_int_equal(symlink(target, path), 0);
    free(path);
}

MAYBE_UNUSED static ino_t inode_of(const struct fixture *f, const char *name)
{
    struct stat status = {.st_ino = 0};
    char *path = path_of(f, name);

    assert_int_equal(lstat(path, &status), 0);
    free(path);
    return status.st_ino;
}

/* ---- Another process that holds something ---- */

/* Starts a process that calls `hold`, which returns when it holds it; the caller stops it. */
MAYBE_UNUSED static pid_t start_holder(bool (*hold)(const char *directory), const char *directory)
{
    int pipes[2];
    char byte = 0;
    pid_t child;

    assert_int_equal(pipe(pipes), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* It does not outlive a test that fails meanwhile. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || !hold(directory) || write(pipes[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    close(pipes[0]);
    close(pipes[1]);
    return child;
}

MAYBE_UNUSED static void stop_holder(pid_t holder)
{
    int status = 0;

    assert_int_equal(kill(holder, SIGKILL), 0);
    assert_int_equal(waitpid(holder, &status, 0), holder);
    assert_true(WIFSIGNALED(status));
}

/* Until the process ends. */
MAYBE_UNUSED static bool hold_session(const char *directory)
{
    struct material *material = NULL;
    struct material_session *session = NULL;

    return material_open(&material, directory, false, NULL) == DEVSEC_OK &&
           material_begin(&session, material, NULL) == DEVSEC_OK;
}

#endif
