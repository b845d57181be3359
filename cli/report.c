/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, warnings, colours and exit status: everything devsecctl says beside what was asked for. */
#include "base/text.h"
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const cli_format_names[CLI_FORMATS] = {
    [CLI_TEXT] = "text",
    [CLI_YAML] = "yaml",
    [CLI_JSON] = "json",
};

/* A code that is not listed is the world's doing. */
static const enum devsec_err refusals[] = {
    DEVSEC_ERR_WRONG_TYPE,   DEVSEC_ERR_WRONG_LENGTH, DEVSEC_ERR_WRONG_VALUE, DEVSEC_ERR_INCONSISTENT,
    DEVSEC_ERR_NOT_WRITABLE, DEVSEC_ERR_NO_CREATION,  DEVSEC_ERR_NOT_FOUND,   DEVSEC_ERR_SYNTAX,
};

static const char *const paints[] = {
    [CLI_PLAIN] = "\033[0m",  [CLI_BOLD] = "\033[1m",    [CLI_RED] = "\033[1;31m",
    [CLI_GREEN] = "\033[32m", [CLI_YELLOW] = "\033[33m",
};

void cli_print_safely(FILE *stream, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        uint32_t code = 0;
        const size_t size = text_decode(text, left, &code);

        if (size > 0 && text_is_safe(code))
            fwrite(text, 1, size, stream);
        else
            fputc('?', stream);
        text += size > 0 ? size : 1;
        left -= size > 0 ? size : 1;
    }
}

/* Sentences can quote what somebody typed or wrote into a file. */
__attribute__((format(printf, 4, 0))) static void say(const struct cli *cli, enum cli_paint paint, const char *kind,
                                                      const char *format, va_list args)
{
    char line[2 * DEVSEC_ERROR_TEXT_MAX];

    vsnprintf(line, sizeof(line), format, args);
    fprintf(cli->err, "devsecctl: %s%s%s", cli_paint(cli->paint_err, paint), kind,
            cli_paint(cli->paint_err, CLI_PLAIN));
    cli_print_safely(cli->err, line);
    fputc('\n', cli->err);
}

void cli_error(const struct cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(cli, CLI_PLAIN, "", format, args);
    va_end(args);
}

void cli_warning(const struct cli *cli, const char *format, ...)
{
    va_list args;

    if (cli->quiet)
        return;
    va_start(args, format);
    say(cli, CLI_YELLOW, "warning: ", format, args);
    va_end(args);
}

void cli_say_warning(void *context, const char *sentence)
{
    const struct cli *cli = context;

    cli_warning(cli, "%s", sentence);
}

enum cli_exit cli_usage(const struct cli *cli, const char *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(cli, CLI_PLAIN, "", format, args);
    va_end(args);
    fprintf(cli->err, "Try 'devsecctl %s%s--help'.\n", command ? command : "", command ? " " : "");
    return CLI_USAGE;
}

enum cli_exit cli_exit_of(enum devsec_err code)
{
    if (code == DEVSEC_OK)
        return CLI_OK;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (refusals[i] == code)
            return CLI_REFUSED;
    }
    return CLI_TROUBLE;
}

enum cli_exit cli_fail(const struct cli *cli, const struct devsec_error *error)
{
    cli_error(cli, "%s", error->text);
    return cli_exit_of(error->code);
}

enum cli_exit cli_no_memory(const struct cli *cli)
{
    cli_error(cli, "out of memory");
    return CLI_TROUBLE;
}

struct cli_word cli_quote(const char *word)
{
    struct cli_word quoted = {.text = ""};

    text_show(quoted.text, sizeof(quoted.text), word, strlen(word));
    return quoted;
}

const char *cli_paint(bool on, enum cli_paint paint)
{
    return on ? paints[paint] : "";
}

bool cli_wants_paint(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (no_color && *no_color)
        return false;
    return term && *term && strcmp(term, "dumb") != 0 && isatty(fileno(stream));
}
