/* SPDX-License-Identifier: Apache-2.0 */
/* A lock between processes; see lock.h. */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS     1000000L /* the first wait; it doubles up to the longest */
#define PAUSE_MAX_NS 16000000L

static int64_t milliseconds(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Somebody may have removed the file that was waited for: a lock on it would keep nobody out. */
static bool is_current(int dirfd, const char *name, int fd)
{
    struct stat ours;
    struct stat named;

    return fstat(fd, &ours) == 0 && fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static int take(int dirfd, const char *name, mode_t mode, int operation, unsigned timeout_ms)
{
    const int64_t deadline = milliseconds() + timeout_ms;
    struct timespec pause = {.tv_nsec = PAUSE_NS};
    int fd = -1;

    for (;;) {
        if (fd < 0)
            fd = openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0)
            return -1;
        if (flock(fd, operation | LOCK_NB) == 0) {
            if (is_current(dirfd, name, fd))
                return fd;
            close(fd);
            fd = -1;
            continue;
        }
        if ((errno != EWOULDBLOCK && errno != EINTR) || milliseconds() >= deadline)
            break;
        nanosleep(&pause, NULL);
        pause.tv_nsec = pause.tv_nsec * 2 > PAUSE_MAX_NS ? PAUSE_MAX_NS : pause.tv_nsec * 2;
    }
    if (errno == EINTR)
        errno = EWOULDBLOCK;
    lock_release(fd);
    return -1;
}

int lock_take(int dirfd, const char *name, mode_t mode, unsigned timeout_ms)
{
    return take(dirfd, name, mode, LOCK_EX, timeout_ms);
}

int lock_share(int dirfd, const char *name, mode_t mode, unsigned timeout_ms)
{
    return take(dirfd, name, mode, LOCK_SH, timeout_ms);
}

void lock_release(int fd)
{
    const int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
}
