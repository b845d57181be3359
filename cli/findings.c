/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting and showing findings. */
#include "findings.h"

#include "show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void findings_add(struct findings *findings, bool warning, const char *file, size_t line, size_t column,
                  const char *text)
{
    struct finding *list = reallocarray(findings->list, findings->count + 1, sizeof(*list));
    struct finding *finding;

    if (!list) {
        findings->failed = true;
        return;
    }
    findings->list = list;
    finding = &list[findings->count];
    *finding = (struct finding){.warning = warning, .line = line, .column = column};
    finding->file = strdup(file);
    finding->text = strdup(text);
    if (!finding->file || !finding->text) {
        findings->failed = true;
        free(finding->file);
        free(finding->text);
        return;
    }
    findings->count++;
    findings->errors += !warning;
}

/* "12:" at *text; moves behind the colon. */
static bool read_count(const char **text, size_t *count)
{
    char *end = NULL;
    unsigned long number;

    if (**text < '1' || **text > '9')
        return false;
    errno = 0;
    number = strtoul(*text, &end, 10);
    if (errno || *end != ':')
        return false;
    *text = end + 1;
    *count = number;
    return true;
}

void findings_add_error(struct findings *findings, const char *file, const struct devsec_error *error)
{
    const size_t name = strlen(file);
    const bool named = strncmp(error->text, file, name) == 0 && error->text[name] == ':';
    const char *rest = named ? error->text + name + 1 : "";
    size_t line = 0;
    size_t column = 0;

    if (!read_count(&rest, &line) || !read_count(&rest, &column)) {
        findings_add(findings, false, file, 0, 0, error->text);
        return;
    }
    while (*rest == ' ')
        rest++;
    findings_add(findings, false, file, line, column, rest);
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->list[i].file);
        free(findings->list[i].text);
    }
    free(findings->list);
    *findings = (struct findings){0};
}

static void as_text(const struct cli *cli, const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];

        if (finding->warning && cli->quiet)
            continue;
        cli_print_safely(cli->out, finding->file);
        fputc(':', cli->out);
        if (finding->line)
            fprintf(cli->out, "%zu:%zu:", finding->line, finding->column);
        fprintf(cli->out, " %s%s:%s ", cli_paint(cli->paint_out, finding->warning ? CLI_YELLOW : CLI_RED),
                finding->warning ? "warning" : "error", cli_paint(cli->paint_out, CLI_PLAIN));
        cli_print_safely(cli->out, finding->text);
        fputc('\n', cli->out);
    }
    if (cli->quiet)
        return;
    if (findings->errors)
        fprintf(cli->out, "not valid: %zu error%s, %zu warning%s\n", findings->errors, findings->errors == 1 ? "" : "s",
                findings->count - findings->errors, findings->count - findings->errors == 1 ? "" : "s");
    else
        fprintf(cli->out, "valid, %zu warning%s\n", findings->count, findings->count == 1 ? "" : "s");
}

static enum cli_exit as_tree(const struct cli *cli, const struct findings *findings)
{
    struct tree tree = {0};
    struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
    struct yaml_node *list;
    enum cli_exit result;

    tree_bool(&tree, root, "valid", findings->errors == 0);
    list = tree_add(&tree, root, "findings", YAML_SEQUENCE);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        struct yaml_node *entry = tree_add(&tree, list, NULL, YAML_MAPPING);

        tree_text(&tree, entry, "severity", finding->warning ? "warning" : "error");
        tree_text(&tree, entry, "file", finding->file);
        if (finding->line) {
            tree_number(&tree, entry, "line", (int64_t)finding->line);
            tree_number(&tree, entry, "column", (int64_t)finding->column);
        }
        tree_text(&tree, entry, "text", finding->text);
    }
    result = show_tree(cli, &tree, root);
    tree_free(&tree);
    return result;
}

enum cli_exit findings_show(const struct cli *cli, const struct findings *findings)
{
    enum cli_exit result = CLI_OK;

    if (findings->failed)
        return cli_no_memory(cli);
    if (cli->format == CLI_TEXT)
        as_text(cli, findings);
    else
        result = as_tree(cli, findings);
    if (result == CLI_OK && findings->errors)
        result = CLI_REFUSED;
    return result;
}
