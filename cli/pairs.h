/* SPDX-License-Identifier: Apache-2.0 */
/* PATH VALUE pairs of a command line, judged each by itself. */
#ifndef DEVSEC_CLI_PAIRS_H
#define DEVSEC_CLI_PAIRS_H

#include "cli.h"
#include "select.h"

struct pairs {
    struct selection selection;
    struct value values[SETTING_COUNT]; /* indexed by setting */
};

/* For every setting, whether it is a secret: the `secret` members of the schema, or a test's own idea. */
typedef bool pairs_secret(enum setting_id id);
bool pairs_schema_secret(enum setting_id id);

/*
 * Reads the pairs; every bad one is reported, not only the first. A value "-" is read from cli->in (once in a command
 * line at most); a secret is taken from there only. CLI_OK, CLI_REFUSED, CLI_USAGE, CLI_TROUBLE; pairs_clear is due
 * after each. `pairs` is zeroed before.
 */
enum cli_exit pairs_read(const struct cli *cli, int argc, char **argv, pairs_secret *secret, struct pairs *pairs);

void pairs_clear(struct pairs *pairs);

#endif
