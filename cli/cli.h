/* SPDX-License-Identifier: Apache-2.0 */
/* What every command of devsecctl shares: the options, the exit status, and how to speak to the person at the other
 * end. */
#ifndef DEVSEC_CLI_H
#define DEVSEC_CLI_H

#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>

enum cli_exit {
    CLI_OK = 0,
    CLI_REFUSED = 1, /* what was asked for is wrong, or does not go with the rest of the settings */
    CLI_USAGE = 2,   /* the command line itself makes no sense */
    CLI_TROUBLE = 3, /* the world said no: missing or unreadable file, lock held, no permission, disk full */
};

enum cli_format { CLI_TEXT, CLI_YAML, CLI_JSON, CLI_FORMATS };

/* The words that --output takes, indexed by enum cli_format. */
extern const char *const cli_format_names[CLI_FORMATS];

/* Options that only some commands take (struct command says which). */
enum cli_option {
    CLI_OPTION_ROLE,
    CLI_OPTION_AUTH,
    CLI_OPTION_PRIV,
    CLI_OPTION_ENGINE_ID,
    CLI_OPTION_MASTER_KEYS,
    CLI_OPTION_NO_PASSWORD,
    CLI_OPTION_NEW_DEVICE_KEY,
    CLI_OPTION_SLOT,
    CLI_OPTION_NAME,
    CLI_OPTION_KEY,
    CLI_OPTION_HASH,
    CLI_OPTION_ALT_NAMES,
    CLI_OPTION_ORGANIZATION,
    CLI_OPTION_UNIT,
    CLI_OPTION_LOCALITY,
    CLI_OPTION_STATE,
    CLI_OPTION_COUNTRY,
    CLI_OPTION_NOT_BEFORE,
    CLI_OPTION_NOT_AFTER,
    CLI_OPTION_DAYS,
    CLI_OPTION_USE,
    CLI_OPTION_CHALLENGE,
    CLI_OPTION_KIND,
    CLI_OPTIONS,
};

/* One run of devsecctl. All strings are borrowed. */
struct cli {
    FILE *in;
    FILE *out;
    FILE *err;
    const char *config_path;
    enum cli_format format;
    bool quiet; /* no reports of success, no warnings */
    bool help;
    bool version;
    const char *options[CLI_OPTIONS]; /* their arguments, "" for those that take none; NULL where not given */
    bool paint_out;                   /* colour on `out`, on `err` */
    bool paint_err;
};

/* Writes a text whose origin is not known: what would act on a terminal instead of being seen becomes '?'. */
void cli_print_safely(FILE *stream, const char *text);

/* "devsecctl: sentence" on the error stream. Written as by cli_print_safely. */
void cli_error(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "devsecctl: warning: sentence" on the error stream, unless quiet. */
void cli_warning(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same in the shape that device_warnings() wants; `context` is the struct cli. */
void cli_say_warning(void *context, const char *sentence);

/* As cli_error, then where to read on; returns CLI_USAGE. `command` may be NULL. */
enum cli_exit cli_usage(const struct cli *cli, const char *command, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says the error's sentence; returns the exit status that its code stands for. */
enum cli_exit cli_fail(const struct cli *cli, const struct devsec_error *error);

/* The exit status that a code stands for when the request itself led to it. */
enum cli_exit cli_exit_of(enum devsec_err code);

/* "out of memory"; returns CLI_TROUBLE. */
enum cli_exit cli_no_memory(const struct cli *cli);

/* A word that somebody typed, as messages quote it: cut when long, with controls and malformed UTF-8 made visible. */
struct cli_word {
    char text[64];
};
struct cli_word cli_quote(const char *word);

/* Terminal colours, "" when the stream is not painted. */
enum cli_paint {
    CLI_PLAIN,
    CLI_BOLD,
    CLI_RED,
    CLI_GREEN,
    CLI_YELLOW,
};
const char *cli_paint(bool on, enum cli_paint paint);

/* Whether to paint a stream: it is a terminal, NO_COLOR is unset or empty, TERM is not "dumb". */
bool cli_wants_paint(FILE *stream);

/* Runs a whole command line with these streams; returns the exit status. Reads the environment, never exits. */
enum cli_exit cli_run(FILE *in, FILE *out, FILE *err, int argc, char **argv);

#endif
