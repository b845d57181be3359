/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file that only its owner can have written; see trusted_file.h. Stands on libc alone, for snmpd's sake. */
#include "guard/trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Leaves the sentence in `why`; false, so that a failing function can end with it. */
#define fail(why, room, ...) ((void)snprintf(why, room, __VA_ARGS__), false)

static bool fail_errno(char *why, size_t room, const char *what, const char *path)
{
    const int number = errno;

    return fail(why, room, "%s %s: %s", what, path, strerror(number));
}

/* Cuts a path before its last part; "/" stays. False at the root. */
static bool cut_last(char *path)
{
    char *slash = strrchr(path, '/');

    if (!slash || strcmp(path, "/") == 0)
        return false;
    slash[slash == path ? 1 : 0] = '\0';
    return true;
}

/* The folders above the one at `folder`, which ends as "/". Whoever can write to one could put another in its place. */
static bool check_above(char *folder, uid_t owner, char *why, size_t room)
{
    struct stat status = {0};

    while (cut_last(folder)) {
        if (lstat(folder, &status) != 0)
            return fail_errno(why, room, "cannot look at", folder);
        if (status.st_uid != 0 && status.st_uid != owner)
            return fail(why, room, "%s belongs to user %lu; expected root or user %lu, the owner of the file's folder",
                        folder, (unsigned long)status.st_uid, (unsigned long)owner);
        if ((status.st_mode & (S_IWGRP | S_IWOTH)) && !(status.st_mode & S_ISVTX))
            return fail(why, room, "%s is writable by others than its owner (mode %04o)", folder,
                        (unsigned)(status.st_mode & 07777));
    }
    return true;
}

/* The file's own folder, by its real path. */
static bool check_folder(const char *folder, uid_t *owner, char *why, size_t room)
{
    struct stat status = {0};

    if (lstat(folder, &status) != 0)
        return fail_errno(why, room, "cannot look at", folder);
    if (!S_ISDIR(status.st_mode))
        return fail(why, room, "%s is not a folder", folder);
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return fail(why, room, "%s is writable by others than its owner (mode %04o)", folder,
                    (unsigned)(status.st_mode & 07777));
    *owner = status.st_uid;
    return true;
}

static bool check_file(int fd, const char *path, uid_t owner, char *why, size_t room)
{
    struct stat status = {0};

    if (fstat(fd, &status) != 0)
        return fail_errno(why, room, "cannot look at", path);
    if (!S_ISREG(status.st_mode))
        return fail(why, room, "%s is not a regular file", path);
    if (status.st_uid != 0 && status.st_uid != owner)
        return fail(why, room, "%s belongs to user %lu; expected root or user %lu, the owner of its folder", path,
                    (unsigned long)status.st_uid, (unsigned long)owner);
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return fail(why, room, "%s is writable by others than its owner (mode %04o)", path,
                    (unsigned)(status.st_mode & 07777));
    return true;
}

/* `text` has room for one octet more than `max`. */
static bool read_text(int fd, const char *path, char *text, size_t max, size_t *length, char *why, size_t room)
{
    ssize_t got;

    *length = 0;
    do {
        got = read(fd, text + *length, max + 1 - *length);
        if (got > 0)
            *length += (size_t)got;
    } while ((got > 0 && *length <= max) || (got < 0 && errno == EINTR));
    if (got < 0)
        return fail_errno(why, room, "cannot read", path);
    if (*length > max)
        return fail(why, room, "%s is longer than %zu octets", path, max);
    text[*length] = '\0';
    return true;
}

/* Opens the file in a folder that is known to be safe: nobody but its owner can change what is seen in between. */
static bool open_in(const char *folder, const char *name, uid_t owner, int *fd, char *why, size_t room)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof(path), "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);

    if (length < 0 || (size_t)length >= sizeof(path))
        return fail(why, room, "the path is longer than %d octets", PATH_MAX - 1);
    *fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 && errno == ELOOP)
        return fail(why, room, "%s is a symbolic link; expected a regular file", path);
    if (*fd < 0)
        return fail_errno(why, room, "cannot open", path);
    return check_file(*fd, path, owner, why, room);
}

bool trusted_file_read(const char *path, char *text, size_t max, size_t *length, char *why, size_t room)
{
    const char *name = strrchr(path, '/');
    char folder[PATH_MAX];
    char *real = NULL;
    uid_t owner = 0;
    bool good = false;
    int fd = -1;

    if (path[0] != '/' || strlen(path) >= sizeof(folder) || !name || !name[1])
        return fail(why, room, "\"%s\" is not the absolute path of a file", path);
    snprintf(folder, sizeof(folder), "%.*s", (int)(name == path ? 1 : name - path), path);
    real = realpath(folder, NULL);
    if (!real) {
        fail_errno(why, room, "cannot find the folder", folder);
        goto out;
    }
    good = check_folder(real, &owner, why, room) && open_in(real, name + 1, owner, &fd, why, room) &&
           check_above(real, owner, why, room) && read_text(fd, path, text, max, length, why, room);
out:
    if (fd >= 0)
        close(fd);
    free(real);
    return good;
}
