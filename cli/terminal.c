/* SPDX-License-Identifier: Apache-2.0 */
/* Hidden input. Signals are kept pending, not handled: so there is no handler, and nothing global that one would need.
 */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* A line of a terminal in canonical mode (termios(3)), with its newline. */
#define TERMINAL_LINE_MAX 4096

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

/* What was before, so that it can be again. */
struct hidden {
    int fd;
    int signal_fd; /* readable while one of the signals is pending */
    struct termios terminal;
    sigset_t blocked;
};

static enum devsec_err hidden_begin(struct hidden *hidden, struct devsec_error *error)
{
    struct termios quiet;
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaddset(&set, signals[i]);
    hidden->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (hidden->signal_fd < 0)
        return devsec_fail_errno(error, "cannot watch for signals");
    if (tcgetattr(hidden->fd, &hidden->terminal) != 0) {
        close(hidden->signal_fd);
        return devsec_fail_errno(error, "cannot ask the terminal for its settings");
    }
    sigprocmask(SIG_BLOCK, &set, &hidden->blocked);
    quiet = hidden->terminal;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= (tcflag_t)(ECHONL | ICANON);
    if (tcsetattr(hidden->fd, TCSAFLUSH, &quiet) != 0) {
        devsec_fail_errno(error, "cannot keep the terminal from showing the password");
        sigprocmask(SIG_SETMASK, &hidden->blocked, NULL);
        close(hidden->signal_fd);
        return DEVSEC_ERR_IO;
    }
    return DEVSEC_OK;
}

/* The signals that came meanwhile act in here. */
static void hidden_end(const struct hidden *hidden)
{
    tcsetattr(hidden->fd, TCSAFLUSH, &hidden->terminal);
    close(hidden->signal_fd);
    sigprocmask(SIG_SETMASK, &hidden->blocked, NULL);
}

/* Waits for the line, or for a signal. */
static enum devsec_err hidden_wait(const struct hidden *hidden, bool *signalled, struct devsec_error *error)
{
    struct pollfd ready[] = {{.fd = hidden->fd, .events = POLLIN}, {.fd = hidden->signal_fd, .events = POLLIN}};

    if (TEMP_FAILURE_RETRY(poll(ready, 2, -1)) < 0)
        return devsec_fail_errno(error, "cannot wait for the terminal");
    *signalled = ready[1].revents != 0;
    return DEVSEC_OK;
}

static enum devsec_err take_line(int fd, char *line, char *to, size_t room, struct devsec_error *error)
{
    const ssize_t got = TEMP_FAILURE_RETRY(read(fd, line, TERMINAL_LINE_MAX));

    if (got < 0)
        return devsec_fail_errno(error, "cannot read from the terminal");
    if (got == 0 || line[got - 1] != '\n')
        return devsec_fail(error, DEVSEC_ERR_IO, "the input ended before the end of a line");
    if ((size_t)got > room)
        return devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH, "the line is longer than %zu octets", room - 1);
    memcpy(to, line, (size_t)got - 1);
    to[got - 1] = '\0';
    return DEVSEC_OK;
}

enum devsec_err terminal_read_hidden(int fd, FILE *out, const char *prompt, char *to, size_t room,
                                     struct devsec_error *error)
{
    struct hidden hidden = {.fd = fd};
    char line[TERMINAL_LINE_MAX];
    bool signalled = true;
    enum devsec_err err = DEVSEC_OK;

    while (!err && signalled) {
        err = hidden_begin(&hidden, error);
        if (err)
            break;
        fputs(prompt, out);
        fflush(out);
        err = hidden_wait(&hidden, &signalled, error);
        if (!err && !signalled)
            err = take_line(fd, line, to, room, error);
        hidden_end(&hidden);
    }
    explicit_bzero(line, sizeof(line));
    return err;
}
