/* SPDX-License-Identifier: Apache-2.0 */
/* A line from a terminal that does not show it. */
#ifndef DEVSEC_CLI_TERMINAL_H
#define DEVSEC_CLI_TERMINAL_H

#include "base/error.h"

#include <stddef.h>
#include <stdio.h>

/*
 * Writes `prompt` to `out` and reads one line from the terminal `fd` while it does not echo, into `to` (`room` octets),
 * with a NUL in the place of the newline. DEVSEC_ERR_WRONG_LENGTH if it is longer than that; DEVSEC_ERR_IO, also for a
 * line that ends without a newline. `to` may hold a part of the line on failure.
 *
 * SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP wait until the terminal echoes again. When the process goes on after
 * one of them, the prompt is written anew.
 */
enum devsec_err terminal_read_hidden(int fd, FILE *out, const char *prompt, char *to, size_t room,
                                     struct devsec_error *error);

#endif
