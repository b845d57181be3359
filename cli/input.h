/* SPDX-License-Identifier: Apache-2.0 */
/* A value from standard input, for those that must not stand in a command line. */
#ifndef DEVSEC_CLI_INPUT_H
#define DEVSEC_CLI_INPUT_H

#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>

/* More than any setting takes. */
#define INPUT_MAX 65536

/*
 * Reads up to the end of the stream; one newline at the end does not count. A secret is not read from a terminal, which
 * would show it. DEVSEC_ERR_WRONG_VALUE (a NUL, a terminal), _WRONG_LENGTH, _IO, _MEMORY; `name` is for messages.
 * The caller gives *value back to input_free.
 */
enum devsec_err input_read(FILE *in, const char *name, bool secret, char **value, struct devsec_error *error);

/* Cleanses and frees; NULL is legal. */
void input_free(char *value);

#endif
