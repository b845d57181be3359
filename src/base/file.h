/* SPDX-License-Identifier: Apache-2.0 */
/* Files read whole and replaced durably. */
#ifndef DEVSEC_BASE_FILE_H
#define DEVSEC_BASE_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Whether only root and this process's user can have written what `status` describes. */
bool file_is_safe(const struct stat *status);

/*
 * Reads a regular file below the directory `dirfd` (AT_FDCWD for a path of its own) without following a symbolic link
 * in its last part; a NUL is put behind. DEVSEC_ERR_NOT_FOUND, _UNSAFE (not a regular file), _SYNTAX (more than `max`
 * octets), _IO, _MEMORY. The caller frees *data.
 */
enum devsec_err file_read(int dirfd, const char *name, size_t max, char **data, size_t *length,
                          struct devsec_error *error);

/* As file_read, of a file that is safe (file_is_safe); DEVSEC_ERR_UNSAFE otherwise. */
enum devsec_err file_read_safe(int dirfd, const char *name, size_t max, char **data, size_t *length,
                               struct devsec_error *error);

/* Writes everything: a short write goes on where it stopped, EINTR is repeated. False with errno set on failure. */
bool file_write_all(int fd, const char *data, size_t length);

/*
 * Writes `name`.tmp (made anew with `mode`, whatever lay there), syncs it, renames it over `name` and syncs the
 * directory: afterwards either the old or the new content is there, whole, also after a power cut. A short write goes
 * on, EINTR is repeated. On failure the .tmp is removed if it can be and errno is that of the call that failed.
 * `*renamed` (may be NULL) says whether the new content is already visible, which after a failure means that only the
 * sync of the directory is missing.
 */
enum devsec_err file_replace(int dirfd, const char *name, mode_t mode, const char *data, size_t length, bool *renamed,
                             struct devsec_error *error);

/* The same by way of `tmp`, a name in the same directory: for names that several may write at once, each by its own.
 * NULL is name.tmp. */
enum devsec_err file_replace_by(int dirfd, const char *name, const char *tmp, mode_t mode, const char *data,
                                size_t length, bool *renamed, struct devsec_error *error);

/* fsync(2), repeated when a signal came between. False with errno set on failure. */
bool file_sync(int fd);

#endif
