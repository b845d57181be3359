/* SPDX-License-Identifier: Apache-2.0 */
/* The restart action [S8]: runs the profile's command without waiting for it. */
#ifndef DEVSEC_SUBAGENT_RESTART_H
#define DEVSEC_SUBAGENT_RESTART_H

#include "base/error.h"

struct restart;

/* `command` (argv, ends in NULL, or NULL for none) is borrowed for the life of the structure. */
enum devsec_err restart_new(struct restart **out, char *const *command, struct devsec_error *error);
void restart_free(struct restart *restart); /* leaves a running command alone; NULL is legal */

/* Starts the command, without a shell, with standard input and output on /dev/null. A command that is still running is
 * not started again. Trouble becomes the reason of restart_reason. */
void restart_start(struct restart *restart);

/* To be called after SIGCHLD: takes the command's exit status; a failure becomes the reason. */
void restart_reap(struct restart *restart);

/* Why a restart is (still) required; "" when none is. NULL gives "". */
const char *restart_reason(const struct restart *restart);

#endif
