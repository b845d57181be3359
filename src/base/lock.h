/* SPDX-License-Identifier: Apache-2.0 */
/* A lock between processes that ends with its holder: flock(2) on a file made for it. */
#ifndef DEVSEC_BASE_LOCK_H
#define DEVSEC_BASE_LOCK_H

#include <sys/types.h>

/*
 * Takes the lock that the file `name` (made with `mode` if it is not there) in the directory `dirfd` stands for.
 * Whoever may open the file may hold the lock, so `mode` says who can keep others waiting. Returns a descriptor whose
 * closing releases the lock, or -1 with errno: EWOULDBLOCK when another holder kept it for `timeout_ms`, or what
 * openat(2) or flock(2) says.
 */
int lock_take(int dirfd, const char *name, mode_t mode, unsigned timeout_ms);

/* The same for a lock that any number can share, and that keeps lock_take out. */
int lock_share(int dirfd, const char *name, mode_t mode, unsigned timeout_ms);

void lock_release(int fd); /* -1 is legal; errno is kept */

#endif
