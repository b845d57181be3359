/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the command that was asked for, and help. */
#include "commands.h"

#include "base/text.h"
#include "device/config.h"

#include <stdint.h>
#include <string.h>

static const char exit_text[] = "Exit status: 0 done; 1 refused or not valid; 2 the command line is wrong; 3 trouble\n"
                                "outside the request (missing file, store locked, no permission, disk full).\n";

static void help_command(const struct cli *cli, const struct command *command)
{
    fprintf(cli->out, "Usage: devsecctl %s%s%s [OPTION...]\n\n%c%s.\n", command->name, *command->arguments ? " " : "",
            command->arguments, command->summary[0] - 'a' + 'A', command->summary + 1);
    fprintf(cli->out, "%s", command->details);
}

/* Those of every command, and those in the mask. */
static void help_options(const struct cli *cli, unsigned mask)
{
    fprintf(cli->out, "\nOptions, anywhere on the line; -- ends them:\n");
    for (size_t i = 0; i < command_option_count; i++) {
        const struct option_text *option = &command_options[i];
        char letter[8] = "    ";
        char left[40];

        if (!option_fits(option, mask))
            continue;
        if (option->letter < OPTION_LONG)
            snprintf(letter, sizeof(letter), "-%c, ", option->letter);
        snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name, option->argument ? "=" : "",
                 option->argument ? option->argument : "");
        fprintf(cli->out, "  %-32s %s\n", left, option->text);
    }
}

static void help_all(const struct cli *cli)
{
    fprintf(cli->out, "Usage: devsecctl COMMAND [ARGUMENT...] [OPTION...]\n\n"
                      "The device's operation panel: shows and changes its security settings locally, with\n"
                      "devsecd running or stopped.\n\nCommands:\n");
    for (size_t i = 0; i < command_count; i++) {
        char left[48];

        snprintf(left, sizeof(left), "%s%s%s", commands[i].name, *commands[i].arguments ? " " : "",
                 commands[i].arguments);
        fprintf(cli->out, "  %-32s %s\n", left, commands[i].summary);
    }
    help_options(cli, 0);
    fprintf(cli->out, "\nThe configuration is --config, else $DEVSEC_CONFIG, else %s.\n%s", CONFIG_DEFAULT_PATH,
            exit_text);
}

/* How many words of argv the name of the command is; 0 if it does not begin so. */
static int name_matches(const struct command *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    const size_t first = space ? (size_t)(space - command->name) : strlen(command->name);

    if (argc < 1 || strncmp(argv[0], command->name, first) != 0 || argv[0][first] != '\0')
        return 0;
    if (!space)
        return 1;
    return argc > 1 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

static const struct command *command_find(int argc, char **argv, int *used)
{
    for (size_t i = 0; i < command_count; i++) {
        *used = name_matches(&commands[i], argc, argv);
        if (*used > 0)
            return &commands[i];
    }
    return NULL;
}

/* Whether two-word commands begin with this word. */
static bool is_family(const struct command *command, const char *word)
{
    const size_t length = strlen(word);

    return strncmp(command->name, word, length) == 0 && command->name[length] == ' ';
}

static enum cli_exit unknown_command(const struct cli *cli, int argc, char **argv)
{
    char typed[TEXT_NAME_MAX];
    struct text_nearest nearest = {.word = typed};
    struct text family = {0};
    enum cli_exit result;

    for (size_t i = 0; i < command_count; i++) {
        if (is_family(&commands[i], argv[0]))
            text_printf(&family, "%s%s", family.length ? ", " : "", commands[i].name);
    }
    snprintf(typed, sizeof(typed), "%s%s%s", argv[0], family.length && argc > 1 ? " " : "",
             family.length && argc > 1 ? argv[1] : "");
    for (size_t i = 0; i < command_count; i++)
        text_nearest_offer(&nearest, commands[i].name);
    if (nearest.name[0] != '\0')
        result = cli_usage(cli, NULL, "unknown command '%s'; did you mean '%s'?", cli_quote(typed).text, nearest.name);
    else if (family.length)
        result = cli_usage(cli, argv[0], "'%s' is not a command; there are: %s", cli_quote(typed).text, family.data);
    else
        result = cli_usage(cli, NULL, "unknown command '%s'", cli_quote(typed).text);
    text_free(&family);
    return result;
}

enum cli_exit command_help(const struct cli *cli, int argc, char **argv)
{
    int used = 0;
    const struct command *command = command_find(argc, argv, &used);
    unsigned options = 0;
    bool first = true;

    if (argc == 0) {
        help_all(cli);
        return CLI_OK;
    }
    if (command) {
        help_command(cli, command);
        help_options(cli, command->options);
        return CLI_OK;
    }
    for (size_t i = 0; argc == 1 && i < command_count; i++) {
        if (!is_family(&commands[i], argv[0]))
            continue;
        fprintf(cli->out, "%s", first ? "" : "\n");
        help_command(cli, &commands[i]);
        options |= commands[i].options;
        first = false;
    }
    if (first)
        return unknown_command(cli, argc, argv);
    help_options(cli, options);
    return CLI_OK;
}

/* What the command line has in options that this command does not take is a mistake. */
static enum cli_exit check_options(const struct cli *cli, const struct command *command)
{
    for (size_t i = 0; i < command_option_count; i++) {
        const struct option_text *option = &command_options[i];

        if (!option_fits(option, command->options) && cli->options[option->letter - OPTION_LONG])
            return cli_usage(cli, command->name, "%s does not take the option --%s", command->name, option->name);
    }
    return CLI_OK;
}

enum cli_exit command_dispatch(const struct cli *cli, int argc, char **argv)
{
    int used = 0;
    const struct command *command;

    if (argc == 0)
        return cli_usage(cli, NULL, "a command is missing");
    command = command_find(argc, argv, &used);
    if (!command)
        return unknown_command(cli, argc, argv);
    argc -= used;
    argv += used;
    if (argc < command->min)
        return cli_usage(cli, command->name, "%s needs %s", command->name, command->arguments);
    if (command->max >= 0 && argc > command->max)
        return cli_usage(cli, command->name, "%s: '%s' is one argument too many", command->name,
                         cli_quote(argv[command->max]).text);
    if (check_options(cli, command))
        return CLI_USAGE;
    return command->run(cli, argc, argv);
}
