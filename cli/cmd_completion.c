/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl completion: the scripts, with the lists filled in from the tables of commands, options and settings. */
#include "admin/usm.h"
#include "base/text.h"
#include "cert_options.h"
#include "commands.h"
#include "completion.h"
#include "devsec_mib.h"
#include "select.h"

#include <stdlib.h>
#include <string.h>

const char *const command_shells[] = {"bash", "zsh", NULL};

static const char *const scripts[] = {completion_bash, completion_zsh};

static const char *const kinds[] = {
    [TAKES_NOTHING] = "nothing",
    [TAKES_PATHS] = "paths",
    [TAKES_PAIRS] = "pairs",
    [TAKES_FILE] = "file",
    [TAKES_SHELL] = "shell",
    [TAKES_COMMAND] = "command",
    [TAKES_GENERATION] = "generation",
    [TAKES_NAME] = "name",
    [TAKES_NAME_AND_ROLE] = "role",
    [TAKES_WORD] = "word",
    [TAKES_KEY] = "word",
    [TAKES_USE_AND_KEY] = "use",
};

static void add_word(struct text *out, const char *word, size_t length)
{
    if (out->length > 0)
        text_append(out, " ");
    text_append_n(out, word, length);
}

/* The first words of the commands, each once: those of a family stand together in the table. */
static void list_commands(struct text *out)
{
    const char *last = "";

    for (size_t i = 0; i < command_count; i++) {
        const size_t length = strcspn(commands[i].name, " ");

        if (strncmp(commands[i].name, last, length) != 0 || strcspn(last, " ") != length)
            add_word(out, commands[i].name, length);
        last = commands[i].name;
    }
}

static void list_kinds(struct text *out)
{
    for (size_t i = 0; i < command_count; i++)
        text_printf(out, "%s(\"%s\") echo %s ;;", i ? "\n        " : "", commands[i].name, kinds[commands[i].takes]);
}

/* One case a family: the second words of its commands. */
static void list_subcommands(struct text *out)
{
    const char *family = "";
    size_t length = 0;

    for (size_t i = 0; i < command_count; i++) {
        const char *space = strchr(commands[i].name, ' ');

        if (!space)
            continue;
        if (length != (size_t)(space - commands[i].name) || strncmp(family, commands[i].name, length) != 0) {
            text_append(out, length ? "\" ;;\n        " : "");
            family = commands[i].name;
            length = (size_t)(space - commands[i].name);
            text_printf(out, "(%.*s) echo \"%s", (int)length, family, space + 1);
        } else {
            text_append(out, space);
        }
    }
    text_append(out, length ? "\" ;;" : "");
}

static void list_settings(struct text *out)
{
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        add_word(out, settings[id].path, strlen(settings[id].path));
}

static void list_groups(struct text *out)
{
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const size_t length = strcspn(settings[id].path, ".");

        if (id == 0 || strncmp(settings[id].path, settings[id - 1].path, length + 1) != 0)
            add_word(out, settings[id].path, length);
    }
}

/* The labels of settings that have some; a TruthValue is written as true or false. */
static void list_values(struct text *out)
{
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const struct mib_object *object = setting_object(id);

        if (object->n_labels == 0)
            continue;
        text_printf(out, "%s(%s) echo \"", out->length ? "\n        " : "", settings[id].path);
        for (size_t i = 0; i < object->n_labels; i++)
            text_printf(out, "%s%s", i ? " " : "", object->labels[i].name);
        text_append(out, "\" ;;");
    }
}

/* Those of every command. */
static void list_options(struct text *out)
{
    for (size_t i = 0; i < command_option_count; i++) {
        if (command_options[i].letter < OPTION_LONG)
            text_printf(out, "%s-%c --%s", i ? " " : "", command_options[i].letter, command_options[i].name);
    }
}

/* One case a command that has options of its own. */
static void list_own_options(struct text *out)
{
    for (size_t i = 0; i < command_count; i++) {
        if (commands[i].options == 0)
            continue;
        text_printf(out, "%s(\"%s\") echo \"", out->length ? "\n        " : "", commands[i].name);
        for (size_t j = 0; j < command_option_count; j++) {
            if (command_options[j].letter >= OPTION_LONG && option_fits(&command_options[j], commands[i].options))
                text_printf(out, " --%s", command_options[j].name);
        }
        text_append(out, "\" ;;");
    }
}

static void list_roles(struct text *out)
{
    const struct mib_object *object = &mib_objects[MIB_devsecAdminRole];

    for (size_t i = 0; i < object->n_labels; i++)
        add_word(out, object->labels[i].name, strlen(object->labels[i].name));
}

static void list_auths(struct text *out)
{
    for (size_t i = 0; i < usm_auth_count; i++)
        add_word(out, usm_auths[i].name, strlen(usm_auths[i].name));
}

static void list_privs(struct text *out)
{
    for (size_t i = 0; i < usm_priv_count; i++)
        add_word(out, usm_privs[i].name, strlen(usm_privs[i].name));
}

static void list_formats(struct text *out)
{
    for (size_t i = 0; i < CLI_FORMATS; i++)
        add_word(out, cli_format_names[i], strlen(cli_format_names[i]));
}

static void list_shells(struct text *out)
{
    for (size_t i = 0; command_shells[i]; i++)
        add_word(out, command_shells[i], strlen(command_shells[i]));
}

static void list_words(struct text *out, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        add_word(out, words[i], strlen(words[i]));
}

static void list_key_kinds(struct text *out)
{
    list_words(out, cert_key_words);
}

static void list_hashes(struct text *out)
{
    list_words(out, cert_hash_words);
}

static void list_pem_kinds(struct text *out)
{
    list_words(out, cert_kind_words);
}

static void list_uses(struct text *out)
{
    char name[PKI_USE_NAME_MAX];

    for (size_t i = 0; i < pki_use_count; i++) {
        pki_use_name(&pki_uses[i], name);
        add_word(out, name, strlen(name));
    }
}

static void list_files(struct text *out)
{
    text_append(out, "@file"); /* the scripts take it for files */
}

/* What can stand behind an option; those that are not here take what nobody can guess. */
static const struct {
    const char *option;
    void (*list)(struct text *out);
} option_words[] = {
    {"config", list_files}, {"output", list_formats}, {"role", list_roles},
    {"auth", list_auths},   {"priv", list_privs},     {"key", list_key_kinds},
    {"hash", list_hashes},  {"use", list_uses},       {"kind", list_pem_kinds},
};

/* The options that take an argument, as the pattern of a case. */
static void list_takers(struct text *out)
{
    for (size_t i = 0; i < command_option_count; i++) {
        const struct option_text *option = &command_options[i];

        if (!option->argument)
            continue;
        if (option->letter < OPTION_LONG)
            text_printf(out, "%s-%c", out->length ? " | " : "", option->letter);
        text_printf(out, "%s--%s", out->length ? " | " : "", option->name);
    }
}

static void list_option_words(struct text *out)
{
    for (size_t i = 0; i < sizeof(option_words) / sizeof(option_words[0]); i++) {
        const char *separator = out->length ? "\n        " : "";
        const char *name = option_words[i].option;

        struct text words = {0};

        option_words[i].list(&words);
        text_printf(out, "%s(%s--%s) echo \"%s\" ;;", separator,
                    strcmp(name, "config") == 0   ? "-c | "
                    : strcmp(name, "output") == 0 ? "-o | "
                                                  : "",
                    name, words.data ? words.data : "");
        out->failed = out->failed || words.failed;
        text_free(&words);
    }
}

static const struct {
    const char *mark;
    void (*list)(struct text *out);
} lists[] = {
    {"@COMMANDS@", list_commands},
    {"# @KINDS@", list_kinds},
    {"# @SUBCOMMANDS@", list_subcommands},
    {"@SETTINGS@", list_settings},
    {"@GROUPS@", list_groups},
    {"# @VALUES@", list_values},
    {"@OPTIONS@", list_options},
    {"@SHELLS@", list_shells},
    {"# @OWNOPTIONS@", list_own_options},
    {"@ROLES@", list_roles},
    {"@USES@", list_uses},
    {"@TAKERS@", list_takers},
    {"# @OPTIONWORDS@", list_option_words},
};

/* Writes the list whose mark the text begins with; returns the mark's length, 0 if there is none. */
static size_t fill_mark(const char *at, struct text *out)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const size_t length = strlen(lists[i].mark);
        struct text list = {0};

        if (strncmp(at, lists[i].mark, length) != 0)
            continue;
        lists[i].list(&list);
        out->failed = out->failed || list.failed;
        if (list.data)
            text_append_n(out, list.data, list.length);
        text_free(&list);
        return length;
    }
    return 0;
}

enum cli_exit command_completion(const struct cli *cli, int argc, char **argv)
{
    struct text out = {0};
    size_t shell = 0;
    char *script;

    (void)argc;
    while (command_shells[shell] && strcmp(command_shells[shell], argv[0]) != 0)
        shell++;
    if (!command_shells[shell])
        return cli_usage(cli, "completion", "there is no completion for '%s', only for bash and zsh",
                         cli_quote(argv[0]).text);
    for (const char *at = scripts[shell]; *at;) {
        const size_t filled = fill_mark(at, &out);

        if (filled == 0)
            text_append_n(&out, at, 1);
        at += filled ? filled : 1;
    }
    script = text_take(&out);
    if (!script)
        return cli_no_memory(cli);
    fputs(script, cli->out);
    free(script);
    return CLI_OK;
}
