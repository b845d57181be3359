/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a value from a stream without leaving copies of it behind. */
#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Past the stream's own buffer, where a copy of a secret would stay behind: read(2) until the end or `room` octets. */
static enum devsec_err read_all(int fd, char *buffer, size_t room, size_t *length, struct devsec_error *error)
{
    *length = 0;
    while (*length < room) {
        const ssize_t got = TEMP_FAILURE_RETRY(read(fd, buffer + *length, room - *length));

        if (got < 0)
            return devsec_fail_errno(error, "cannot read standard input");
        if (got == 0)
            break;
        *length += (size_t)got;
    }
    return DEVSEC_OK;
}

enum devsec_err input_read(FILE *in, const char *name, bool secret, char **value, struct devsec_error *error)
{
    char *buffer = NULL;
    size_t length = 0;
    enum devsec_err err;

    if (secret && isatty(fileno(in)))
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE,
                           "%s: standard input is a terminal, which would show the secret; use a pipe or a file", name);
    buffer = calloc(1, INPUT_MAX + 2);
    if (!buffer)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    err = read_all(fileno(in), buffer, INPUT_MAX + 1, &length, error);
    if (err)
        goto out;
    if (length > 0 && buffer[length - 1] == '\n')
        buffer[--length] = '\0';
    if (length >= INPUT_MAX)
        err = devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH, "%s: standard input holds more than any setting takes", name);
    else if (memchr(buffer, '\0', length))
        err = devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "%s: standard input holds a NUL octet", name);
out:
    if (err) {
        explicit_bzero(buffer, INPUT_MAX + 2);
        free(buffer);
    } else {
        *value = buffer;
    }
    return err;
}

void input_free(char *value)
{
    if (!value)
        return;
    explicit_bzero(value, strlen(value));
    free(value);
}
