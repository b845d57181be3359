/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file that only its owner can have written, inside snmpd too: as sshd looks at authorized_keys. */
#ifndef DEVSEC_GUARD_TRUSTED_FILE_H
#define DEVSEC_GUARD_TRUSTED_FILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads the file if it can be trusted: a regular file, no symbolic link, of root's or of its folder's owner; file and
 * folder writable by that owner alone; and every folder above (as realpath(3) finds it) owned by root or that same
 * owner, and writable by nobody else, unless its sticky bit keeps others from replacing what is in it.
 *
 * `path` is absolute. `text` has room for `max` octets and a NUL; *length is without the NUL. False with a sentence in
 * `why` (`room` octets) that names the path and what is wrong with it; `text` is then not to be used. Does not wait,
 * whatever lies at `path`.
 */
bool trusted_file_read(const char *path, char *text, size_t max, size_t *length, char *why, size_t room);

#endif
