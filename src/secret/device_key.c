/* SPDX-License-Identifier: Apache-2.0 */
/* The device key in a file: read only when it is safe, made once and for good; see seal.h for the contract. */
#include "device_key.h"

#include "secret/seal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MODE 0600

bool secret_random(void *to, size_t length)
{
    ssize_t got;

    do {
        got = getrandom(to, length, 0); /* up to 256 octets come whole (getrandom(2)) */
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)length;
}

void secret_free(void *secret, size_t length)
{
    if (secret)
        explicit_bzero(secret, length);
    free(secret);
}

void device_key_free(struct device_key *key)
{
    secret_free(key, sizeof(*key));
}

static enum devsec_err key_new(struct device_key **out, struct devsec_error *error)
{
    struct device_key *key = calloc(1, sizeof(*key));

    if (!key)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the device key");
    *out = key;
    return DEVSEC_OK;
}

/* ---- Reading ---- */

static enum devsec_err check_status(const char *path, int fd, struct devsec_error *error)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return devsec_fail_errno(error, "cannot look at the device key %s", path);
    if (!S_ISREG(status.st_mode))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "the device key %s is not a regular file", path);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "the device key %s belongs to user %u; expected root or user %u",
                           path, (unsigned)status.st_uid, (unsigned)geteuid());
    if ((status.st_mode & 07777 & ~(mode_t)KEY_MODE) != 0)
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "the device key %s has mode %04o; expected 0600, and others may "
                           "know it by now: replace it, and set the secrets anew",
                           path, (unsigned)status.st_mode & 07777);
    if (status.st_size != DEVICE_KEY_SIZE)
        return devsec_fail(error, DEVSEC_ERR_SYNTAX, "the device key %s holds %lld octet%s; expected %d", path,
                           (long long)status.st_size, status.st_size == 1 ? "" : "s", DEVICE_KEY_SIZE);
    return DEVSEC_OK;
}

static enum devsec_err read_key(const char *path, int fd, struct device_key *key, struct devsec_error *error)
{
    static const unsigned char zeros[DEVICE_KEY_SIZE] = {0};
    size_t used = 0;
    ssize_t got = 1;

    while (used < DEVICE_KEY_SIZE && got != 0) {
        got = read(fd, key->octets + used, DEVICE_KEY_SIZE - used);
        if (got < 0 && errno != EINTR)
            return devsec_fail_errno(error, "cannot read the device key %s", path);
        used += got > 0 ? (size_t)got : 0;
    }
    if (used < DEVICE_KEY_SIZE) /* cut since it was looked at */
        return devsec_fail(error, DEVSEC_ERR_SYNTAX, "the device key %s holds %zu octets; expected %d", path, used,
                           DEVICE_KEY_SIZE);
    if (memcmp(key->octets, zeros, DEVICE_KEY_SIZE) == 0) /* what some file systems leave after a power cut */
        return devsec_fail(error, DEVSEC_ERR_SYNTAX,
                           "the device key %s holds nothing but zeros; expected random octets", path);
    return DEVSEC_OK;
}

enum devsec_err device_key_open(struct device_key **out, const char *path, struct devsec_error *error)
{
    struct device_key *key = NULL;
    enum devsec_err err;
    int fd;

    /* O_NONBLOCK, so that a FIFO that somebody put there cannot hold us up. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "there is no device key %s", path);
    if (fd < 0 && errno == ELOOP)
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "the device key %s is a symbolic link; expected a regular file",
                           path);
    if (fd < 0)
        return devsec_fail_errno(error, "cannot open the device key %s", path);
    err = check_status(path, fd, error);
    if (!err)
        err = key_new(&key, error);
    if (!err)
        err = read_key(path, fd, key, error);
    close(fd);
    if (err)
        device_key_free(key);
    else
        *out = key;
    return err;
}

/* ---- Making ---- */

#define SUFFIX ".new-"

/* Where a key is made: everything happens in this one opened directory. */
struct place {
    int directory;
    const char *name; /* last part of the path, in the caller's string */
    char tmp[NAME_MAX + 1];
};

static enum devsec_err place_open(struct place *place, const char *path, struct devsec_error *error)
{
    const char *slash = strrchr(path, '/');
    char parent[PATH_MAX] = ".";
    uint32_t random = 0;
    int length;

    place->name = slash ? slash + 1 : path;
    if (!secret_random(&random, sizeof(random)))
        return devsec_fail_errno(error, "cannot get random numbers for the device key %s", path);
    length = snprintf(place->tmp, sizeof(place->tmp), "%s" SUFFIX "%08x", place->name, random);
    if ((size_t)length >= sizeof(place->tmp) || (slash && (size_t)(slash - path) + 1 >= sizeof(parent))) {
        errno = ENAMETOOLONG;
        return devsec_fail_errno(error, "cannot make the device key %s", path);
    }
    if (slash)
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path) + 1, path);
    place->directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->directory < 0)
        return devsec_fail_errno(error, "cannot open the directory of the device key %s", path);
    return DEVSEC_OK;
}

/* A key of its own in the temporary file, on disk. The file is there on failure, too. */
static enum devsec_err write_tmp(const struct place *place, const char *path, struct devsec_error *error)
{
    struct device_key fresh = {{0}};
    enum devsec_err err = DEVSEC_OK;
    int fd;

    fd = openat(place->directory, place->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, KEY_MODE);
    if (fd < 0)
        return devsec_fail_errno(error, "cannot make the device key %s", path);
    if (fchmod(fd, KEY_MODE) != 0) /* the umask must not have a say */
        err = devsec_fail_errno(error, "cannot set the mode of the device key %s", path);
    else if (!secret_random(fresh.octets, sizeof(fresh.octets)))
        err = devsec_fail_errno(error, "cannot get random numbers for the device key %s", path);
    else if (!file_write_all(fd, (const char *)fresh.octets, sizeof(fresh.octets)))
        err = devsec_fail_errno(error, "cannot write the device key %s", path);
    else if (fsync(fd) != 0)
        err = devsec_fail_errno(error, "cannot sync the device key %s to disk", path);
    explicit_bzero(&fresh, sizeof(fresh));
    if (close(fd) != 0 && errno != EINTR && !err)
        err = devsec_fail_errno(error, "cannot close the device key %s", path);
    return err;
}

/* Gives a new key the name, unless another process was faster. */
static enum devsec_err make_key(const struct place *place, const char *path, struct devsec_error *error)
{
    enum devsec_err err = write_tmp(place, path, error);

    if (!err && linkat(place->directory, place->tmp, place->directory, place->name, 0) != 0 && errno != EEXIST)
        err = devsec_fail_errno(error, "cannot give the device key %s its name", path);
    unlinkat(place->directory, place->tmp, 0);
    return err;
}

enum devsec_err device_key_create(struct device_key **out, const char *path, struct devsec_error *error)
{
    struct place place = {.directory = -1};
    struct devsec_error trouble = {0}; /* a key that is not there yet is none of the caller's */
    struct device_key *key = NULL;
    enum devsec_err err = place_open(&place, path, error);

    if (err)
        return err;
    err = device_key_open(&key, path, &trouble);
    if (err == DEVSEC_ERR_NOT_FOUND) {
        err = make_key(&place, path, &trouble);
        if (!err)
            err = device_key_open(&key, path, &trouble);
    }
    /* Also of a key that was there: whoever made it may not have come to that yet. */
    if (!err && fsync(place.directory) != 0)
        err = devsec_fail_errno(&trouble, "cannot sync the directory of the device key %s to disk", path);
    close(place.directory);
    if (err) {
        device_key_free(key);
        return devsec_fail(error, err, "%s", trouble.text);
    }
    *out = key;
    return DEVSEC_OK;
}
