/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files whole and replacing them durably; see file.h for the contract. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_FIRST_ROOM 4096
#define FILE_TMP        ".tmp"

/* Closes without disturbing errno, for the way out. */
static void close_quietly(int fd)
{
    const int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
}

/* read(2), repeated when a signal came between. */
static ssize_t read_some(int fd, char *data, size_t room)
{
    ssize_t got;

    do {
        got = read(fd, data, room);
    } while (got < 0 && errno == EINTR);
    return got;
}

bool file_is_safe(const struct stat *status)
{
    return (status->st_uid == 0 || status->st_uid == geteuid()) && (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Opens `name` and makes sure that it is a regular file, and a safe one where that is asked for. */
static enum devsec_err open_regular(int dirfd, const char *name, bool safe, int *out, struct devsec_error *error)
{
    struct stat status;
    int fd;

    /* O_NONBLOCK, so that a FIFO that somebody put there cannot hold us up. */
    fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "there is no file %s", name);
    if (fd < 0 && errno == ELOOP)
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "%s is a symbolic link; expected a regular file", name);
    if (fd < 0 && errno == ENXIO)
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "%s is not a regular file", name);
    if (fd < 0)
        return devsec_fail_errno(error, "cannot open %s", name);
    if (fstat(fd, &status) != 0) {
        devsec_fail_errno(error, "cannot look at %s", name);
        close_quietly(fd);
        return DEVSEC_ERR_IO;
    }
    if (!S_ISREG(status.st_mode)) {
        close_quietly(fd);
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "%s is not a regular file", name);
    }
    if (safe && !file_is_safe(&status)) {
        close_quietly(fd);
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "%s belongs to user %u with mode %04o; expected root or user %u, and nobody else able to "
                           "write to it",
                           name, (unsigned)status.st_uid, (unsigned)status.st_mode & 07777, (unsigned)geteuid());
    }
    *out = fd;
    return DEVSEC_OK;
}

static enum devsec_err read_whole(int dirfd, const char *name, bool safe, size_t max, char **data, size_t *length,
                                  struct devsec_error *error)
{
    enum devsec_err err;
    char *buffer = NULL;
    size_t room = FILE_FIRST_ROOM;
    size_t used = 0;
    ssize_t got = 1;
    int fd = -1;

    err = open_regular(dirfd, name, safe, &fd, error);
    if (err)
        return err;
    while (got > 0) {
        char *more = NULL;

        room = used ? room * 2 : room;
        more = realloc(buffer, room + 1);
        if (!more) {
            err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while reading %s", name);
            goto out;
        }
        buffer = more;
        while (used < room && (got = read_some(fd, buffer + used, room - used)) > 0)
            used += (size_t)got;
        if (got < 0) {
            err = devsec_fail_errno(error, "cannot read %s", name);
            goto out;
        }
        if (used > max) {
            err = devsec_fail(error, DEVSEC_ERR_SYNTAX, "%s is longer than %zu octets", name, max);
            goto out;
        }
    }
    buffer[used] = '\0';
    *data = buffer;
    *length = used;
    buffer = NULL;
out:
    free(buffer);
    close_quietly(fd);
    return err;
}

enum devsec_err file_read(int dirfd, const char *name, size_t max, char **data, size_t *length,
                          struct devsec_error *error)
{
    return read_whole(dirfd, name, false, max, data, length, error);
}

enum devsec_err file_read_safe(int dirfd, const char *name, size_t max, char **data, size_t *length,
                               struct devsec_error *error)
{
    return read_whole(dirfd, name, true, max, data, length, error);
}

/* Where a replacement takes place: everything below happens in this one opened directory. */
struct place {
    int directory;
    const char *name; /* last part of the path, in the caller's string */
    char tmp[NAME_MAX + 1];
};

/* `tmp` may be NULL: the name with FILE_TMP behind it. */
static enum devsec_err place_open(struct place *place, int dirfd, const char *path, const char *tmp,
                                  struct devsec_error *error)
{
    const char *slash = strrchr(path, '/');
    char parent[PATH_MAX] = ".";

    place->name = slash ? slash + 1 : path;
    if ((tmp ? strlen(tmp) : strlen(place->name) + strlen(FILE_TMP)) > NAME_MAX ||
        (slash && (size_t)(slash - path) + 1 >= sizeof(parent))) {
        errno = ENAMETOOLONG;
        return devsec_fail_errno(error, "cannot write %s", path);
    }
    if (slash)
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path) + 1, path);
    snprintf(place->tmp, sizeof(place->tmp), "%s%s", tmp ? tmp : place->name, tmp ? "" : FILE_TMP);
    place->directory = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->directory < 0)
        return devsec_fail_errno(error, "cannot open the directory of %s", path);
    return DEVSEC_OK;
}

bool file_write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        const ssize_t put = write(fd, data, length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        if (put == 0) {
            errno = EIO;
            return false;
        }
        data += put;
        length -= (size_t)put;
    }
    return true;
}

bool file_sync(int fd)
{
    int result;

    do {
        result = fsync(fd);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

/* Makes the .tmp anew, with content and mode, on disk. What lay there (a left-over, a link) is never written through.
 */
static enum devsec_err write_tmp(const struct place *place, mode_t mode, const char *data, size_t length,
                                 struct devsec_error *error)
{
    enum devsec_err err = DEVSEC_OK;
    int fd;

    if (unlinkat(place->directory, place->tmp, 0) != 0 && errno != ENOENT)
        return devsec_fail_errno(error, "cannot remove what lies at %s", place->tmp);
    fd = openat(place->directory, place->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return devsec_fail_errno(error, "cannot create %s", place->tmp);
    if (fchmod(fd, mode) != 0) /* the umask must not have a say */
        err = devsec_fail_errno(error, "cannot set the mode of %s", place->tmp);
    else if (!file_write_all(fd, data, length))
        err = devsec_fail_errno(error, "cannot write %s", place->tmp);
    else if (!file_sync(fd))
        err = devsec_fail_errno(error, "cannot sync %s to disk", place->tmp);
    if (err) {
        close_quietly(fd);
        return err;
    }
    /* Only a network file system still has something to say here; the descriptor is gone either way (close(2)). */
    if (close(fd) != 0 && errno != EINTR)
        return devsec_fail_errno(error, "cannot close %s", place->tmp);
    return DEVSEC_OK;
}

enum devsec_err file_replace_by(int dirfd, const char *name, const char *tmp, mode_t mode, const char *data,
                                size_t length, bool *renamed, struct devsec_error *error)
{
    struct place place = {.directory = -1};
    enum devsec_err err;
    bool visible = false;
    int saved;

    /* The directory is opened before anything is written: after the rename nothing but its sync can fail. */
    err = place_open(&place, dirfd, name, tmp, error);
    if (err)
        goto out;
    err = write_tmp(&place, mode, data, length, error);
    if (err)
        goto remove;
    if (renameat(place.directory, place.tmp, place.directory, place.name) != 0) {
        /* The caller's name has the final one in it: both, when they are long, leave no room for the reason. */
        err = tmp ? devsec_fail_errno(error, "cannot give %s its final name", place.tmp)
                  : devsec_fail_errno(error, "cannot rename %s to %s", place.tmp, place.name);
        goto remove;
    }
    visible = true;
    if (!file_sync(place.directory))
        err = devsec_fail_errno(error, "cannot sync the directory of %s to disk", place.name);
    goto out;
remove:
    saved = errno;
    unlinkat(place.directory, place.tmp, 0);
    errno = saved;
out:
    close_quietly(place.directory);
    if (renamed)
        *renamed = visible;
    return err;
}

enum devsec_err file_replace(int dirfd, const char *name, mode_t mode, const char *data, size_t length, bool *renamed,
                             struct devsec_error *error)
{
    return file_replace_by(dirfd, name, NULL, mode, data, length, renamed, error);
}
