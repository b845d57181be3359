/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of commands: dispatch, help and completion all come from it. */
#ifndef DEVSEC_CLI_COMMANDS_H
#define DEVSEC_CLI_COMMANDS_H

#include "cli.h"

#include <stddef.h>

/* What the arguments of a command are, for completion. */
enum command_takes {
    TAKES_NOTHING,
    TAKES_PATHS, /* settings and groups */
    TAKES_PAIRS, /* settings and their values in turn */
    TAKES_FILE,
    TAKES_SHELL,
    TAKES_COMMAND,
    TAKES_GENERATION,
    TAKES_NAME, /* of an administrator */
    TAKES_NAME_AND_ROLE,
    TAKES_WORD, /* nothing that could be completed */
    TAKES_KEY,  /* a slot or a key's name */
    TAKES_USE_AND_KEY,
};

/* The words of TAKES_SHELL, ended by NULL. */
extern const char *const command_shells[];

struct command {
    const char *name;      /* one word or two: "get", "store status" */
    const char *arguments; /* as the usage line shows them; "" for none */
    const char *summary;   /* one line */
    const char *details;   /* the rest of the help: lines with their newlines */
    enum command_takes takes;
    int min;          /* how many arguments */
    int max;          /* -1 for any number */
    unsigned options; /* a mask of 1u << enum cli_option */
    enum cli_exit (*run)(const struct cli *cli, int argc, char **argv);
};

extern const struct command commands[];
extern const size_t command_count;

/* An option, for everything that lists them. */
struct option_text {
    int letter; /* OPTION_LONG + enum cli_option for those that only some commands take; they have no letter */
    const char *name;
    const char *argument; /* NULL if it takes none */
    const char *text;
};

#define OPTION_LONG 256 /* above every letter */

extern const struct option_text command_options[];
extern const size_t command_option_count;

/* Whether a command with this mask of options takes the option. */
bool option_fits(const struct option_text *option, unsigned mask);

/* Reads the options into `cli` and collects the other words, in order, in `words` (room for argc). CLI_OK or CLI_USAGE.
 */
enum cli_exit options_read(struct cli *cli, int argc, char **argv, char **words, int *n_words);

/* Finds the command that `words` begin with and runs it, or its help. */
enum cli_exit command_dispatch(const struct cli *cli, int argc, char **argv);

/* The help page of the command, of all commands that begin with that word, or of devsecctl (argc 0). */
enum cli_exit command_help(const struct cli *cli, int argc, char **argv);

enum cli_exit command_get(const struct cli *cli, int argc, char **argv);
enum cli_exit command_set(const struct cli *cli, int argc, char **argv);
enum cli_exit command_store_status(const struct cli *cli, int argc, char **argv);
enum cli_exit command_store_generations(const struct cli *cli, int argc, char **argv);
enum cli_exit command_store_restore(const struct cli *cli, int argc, char **argv);
enum cli_exit command_check(const struct cli *cli, int argc, char **argv);
enum cli_exit command_admin_add(const struct cli *cli, int argc, char **argv);
enum cli_exit command_admin_set_password(const struct cli *cli, int argc, char **argv);
enum cli_exit command_admin_set_role(const struct cli *cli, int argc, char **argv);
enum cli_exit command_admin_remove(const struct cli *cli, int argc, char **argv);
enum cli_exit command_admin_list(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_list(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_show(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_create(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_request(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_install(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_import(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_export(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_verify(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_assign(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_delete(const struct cli *cli, int argc, char **argv);
enum cli_exit command_cert_uses(const struct cli *cli, int argc, char **argv);
enum cli_exit command_trust_list(const struct cli *cli, int argc, char **argv);
enum cli_exit command_trust_show(const struct cli *cli, int argc, char **argv);
enum cli_exit command_trust_add(const struct cli *cli, int argc, char **argv);
enum cli_exit command_trust_remove(const struct cli *cli, int argc, char **argv);
enum cli_exit command_completion(const struct cli *cli, int argc, char **argv);

#endif
