/* SPDX-License-Identifier: Apache-2.0 */
/* Reading two passwords, and what a password has to be. */
#include "password.h"

#include "terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROMPT_ROOM 96
#define INPUT_ROOM  (2 * PASSWORD_ROOM + 2) /* two lines and an octet too many */

static enum devsec_err wrong_length(const char *what, size_t length, struct devsec_error *error)
{
    return devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH,
                       "the %s password has %zu octet%s, expected %d to %d (RFC 3414, 11.2)", what, length,
                       length == 1 ? "" : "s", USM_PASSWORD_MIN, USM_PASSWORD_MAX);
}

/* RFC 3414, 11.2, asks for 8 octets and for no password that is easily guessed. */
static enum devsec_err check_password(const char *what, const char *password, const char *name,
                                      struct devsec_error *error)
{
    const size_t length = strlen(password);

    if (length > 0 && password[length - 1] == '\r')
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE,
                           "the %s password ends in a carriage return, as lines of Windows do; expected a line feed "
                           "alone at the end of the line",
                           what);
    if (length < USM_PASSWORD_MIN || length > USM_PASSWORD_MAX)
        return wrong_length(what, length, error);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)password[i] < ' ' || password[i] == '\x7f')
            return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE,
                               "the %s password has a control character, such as a key without a letter makes", what);
    }
    if (strcmp(password, name) == 0)
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "the %s password is the administrator's name", what);
    return DEVSEC_OK;
}

static enum devsec_err ask_twice(const struct cli *cli, const char *what, const char *name,
                                 char password[PASSWORD_ROOM], struct devsec_error *error)
{
    char again[PASSWORD_ROOM] = "";
    char prompt[PROMPT_ROOM];
    const int fd = fileno(cli->in);
    enum devsec_err err;

    snprintf(prompt, sizeof(prompt), "New %s password for %s: ", what, name);
    err = terminal_read_hidden(fd, cli->err, prompt, password, PASSWORD_ROOM, error);
    if (!err)
        err = check_password(what, password, name, error);
    if (!err)
        err = terminal_read_hidden(fd, cli->err, "The same again: ", again, sizeof(again), error);
    if (!err && strcmp(password, again) != 0)
        err = devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "the two entries of the %s password are not the same", what);
    explicit_bzero(again, sizeof(again));
    return err;
}

/* Past the stream's own buffer, where a copy would stay behind. */
static enum devsec_err read_input(int fd, char input[INPUT_ROOM], size_t *length, struct devsec_error *error)
{
    *length = 0;
    while (*length < INPUT_ROOM) {
        const ssize_t got = TEMP_FAILURE_RETRY(read(fd, input + *length, INPUT_ROOM - *length));

        if (got < 0)
            return devsec_fail_errno(error, "cannot read standard input");
        if (got == 0)
            return DEVSEC_OK;
        *length += (size_t)got;
    }
    return DEVSEC_OK;
}

static enum devsec_err not_two_lines(const char *found, struct devsec_error *error)
{
    return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE,
                       "expected two lines on standard input, the authentication password and the encryption "
                       "password, of %d to %d octets each; found %s",
                       USM_PASSWORD_MIN, USM_PASSWORD_MAX, found);
}

/* Takes the line of the `what` password out of the `length` octets at *at. */
static enum devsec_err take_line(const char *what, const char **at, size_t *length, char password[PASSWORD_ROOM],
                                 struct devsec_error *error)
{
    const char *end = *length ? memchr(*at, '\n', *length) : NULL;
    const size_t size = end ? (size_t)(end - *at) : *length;
    const size_t used = size + (end ? 1 : 0);

    if (memchr(*at, '\0', size))
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE,
                           "the %s password holds a NUL octet; expected text, such as UTF-8", what);
    if (size >= PASSWORD_ROOM && end)
        return wrong_length(what, size, error);
    if (size >= PASSWORD_ROOM) /* how much longer is not known: no more was read */
        return devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH, "the %s password is longer than %d octets (RFC 3414, 11.2)",
                           what, USM_PASSWORD_MAX);
    memcpy(password, *at, size);
    password[size] = '\0';
    *at += used;
    *length -= used;
    return DEVSEC_OK;
}

static enum devsec_err read_lines(const struct cli *cli, struct passwords *passwords, struct devsec_error *error)
{
    char input[INPUT_ROOM];
    const char *at = input;
    size_t length = 0;
    enum devsec_err err = read_input(fileno(cli->in), input, &length, error);

    if (!err && length == 0)
        err = not_two_lines("nothing", error);
    if (!err)
        err = take_line("authentication", &at, &length, passwords->auth, error);
    if (!err && length == 0)
        err = not_two_lines("one line", error);
    if (!err)
        err = take_line("encryption", &at, &length, passwords->priv, error);
    if (!err && length > 0)
        err = not_two_lines("more than two lines", error);
    explicit_bzero(input, sizeof(input));
    return err;
}

enum devsec_err passwords_read(const struct cli *cli, const char *name, struct passwords *passwords,
                               struct devsec_error *error)
{
    enum devsec_err err;

    if (isatty(fileno(cli->in))) {
        err = ask_twice(cli, "authentication", name, passwords->auth, error);
        return err ? err : ask_twice(cli, "encryption", name, passwords->priv, error);
    }
    err = read_lines(cli, passwords, error);
    if (!err)
        err = check_password("authentication", passwords->auth, name, error);
    return err ? err : check_password("encryption", passwords->priv, name, error);
}

void passwords_clear(struct passwords *passwords)
{
    explicit_bzero(passwords, sizeof(*passwords));
}
