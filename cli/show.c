/* SPDX-License-Identifier: Apache-2.0 */
/* Values, and what a commit did to them, as text, YAML or JSON. */
#include "show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *secret_word(enum setting_id id, const struct value *value)
{
    const bool set = setting_is_text(id) ? value->text && *value->text : value->number != 0;

    return set ? "(set)" : "(not set)";
}

/* text_show writes four octets for one at the most. */
static char *show_safely(const char *text)
{
    const size_t length = strlen(text);
    const size_t room = 4 * length + 1;
    char *shown = malloc(room);

    if (shown)
        text_show(shown, room, text, length);
    return shown;
}

char *show_value(enum setting_id id, bool secret, const struct value *value, enum show_style style)
{
    char *plain;
    char *shown;

    if (secret)
        return strdup(secret_word(id, value));
    plain = value_format(id, value);
    if (!plain || style == SHOW_BARE)
        return plain;
    if (!*plain)
        shown = strdup(setting_is_text(id) ? "\"\"" : "none");
    else
        shown = show_safely(plain);
    free(plain);
    return shown;
}

static void show_bits(struct tree *tree, struct yaml_node *parent, const char *key, const struct mib_object *object,
                      int64_t mask)
{
    struct yaml_node *sequence = tree_add(tree, parent, key, YAML_SEQUENCE);

    for (size_t i = 0; i < object->n_labels; i++) {
        if (mask & (INT64_C(1) << object->labels[i].value))
            tree_text(tree, sequence, NULL, object->labels[i].name);
    }
}

void show_node(struct tree *tree, struct yaml_node *parent, const char *key, enum setting_id id, bool secret,
               const struct value *value)
{
    const struct mib_object *object = setting_object(id);
    const char *label;

    if (secret) {
        tree_text(tree, parent, key, secret_word(id, value));
    } else if (setting_is_text(id)) {
        tree_text(tree, parent, key, value->text ? value->text : "");
    } else if (object->meaning == MIB_MEANING_BITS) {
        show_bits(tree, parent, key, object, value->number);
    } else if (object->meaning == MIB_MEANING_TRUTH) {
        tree_bool(tree, parent, key, value->number != 0);
    } else {
        label = mib_label_name(object, value->number);
        if (label)
            tree_text(tree, parent, key, label);
        else
            tree_number(tree, parent, key, value->number);
    }
}

void show_in_group(struct tree *tree, struct yaml_node *root, enum setting_id id, const struct value *value)
{
    const char *path = settings[id].path;
    const char *dot = strchr(path, '.');
    char *group;

    if (!dot) {
        show_node(tree, root, path, id, settings[id].secret, value);
        return;
    }
    group = strndup(path, (size_t)(dot - path));
    if (!group) {
        tree->failed = true;
        return;
    }
    show_node(tree, tree_group(tree, root, group), dot + 1, id, settings[id].secret, value);
    free(group);
}

enum cli_exit show_tree(const struct cli *cli, const struct tree *tree, const struct yaml_node *root)
{
    struct devsec_error error = {0};
    char *text = NULL;
    size_t length = 0;

    if (tree_print(tree, root, cli->format == CLI_JSON, &text, &length, &error))
        return cli_fail(cli, &error);
    fwrite(text, 1, length, cli->out);
    free(text);
    return CLI_OK;
}

static enum cli_exit changes_as_text(const struct cli *cli, const struct document *before, const struct document *after,
                                     const enum setting_id *changed, size_t n)
{
    size_t width = 0;

    if (cli->quiet)
        return CLI_OK;
    if (n == 0)
        fprintf(cli->out, "nothing changed\n");
    for (size_t i = 0; i < n; i++) {
        const size_t length = strlen(settings[changed[i]].path);

        width = length > width ? length : width;
    }
    for (size_t i = 0; i < n; i++) {
        const struct setting *setting = &settings[changed[i]];
        char *from = show_value(changed[i], setting->secret, &before->values[changed[i]], SHOW_LISTED);
        char *to = show_value(changed[i], setting->secret, &after->values[changed[i]], SHOW_LISTED);
        const bool good = from && to;

        if (good)
            fprintf(cli->out, "%-*s  %s -> %s%s%s\n", (int)width, setting->path, from,
                    cli_paint(cli->paint_out, CLI_BOLD), to, cli_paint(cli->paint_out, CLI_PLAIN));
        free(from);
        free(to);
        if (!good)
            return cli_no_memory(cli);
    }
    fprintf(cli->out, "generation %" PRIu32 "\n", after->generation);
    return CLI_OK;
}

static enum cli_exit changes_as_tree(const struct cli *cli, const struct document *before, const struct document *after,
                                     const enum setting_id *changed, size_t n)
{
    struct tree tree = {0};
    struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
    struct yaml_node *list;
    enum cli_exit result;

    tree_number(&tree, root, "generation", after->generation);
    list = tree_add(&tree, root, "changes", YAML_SEQUENCE);
    for (size_t i = 0; i < n; i++) {
        const struct setting *setting = &settings[changed[i]];
        struct yaml_node *change = tree_add(&tree, list, NULL, YAML_MAPPING);

        tree_text(&tree, change, "path", setting->path);
        show_node(&tree, change, "old", changed[i], setting->secret, &before->values[changed[i]]);
        show_node(&tree, change, "new", changed[i], setting->secret, &after->values[changed[i]]);
    }
    result = show_tree(cli, &tree, root);
    tree_free(&tree);
    return result;
}

enum cli_exit show_changes(const struct cli *cli, const struct document *before, const struct document *after)
{
    enum setting_id changed[SETTING_COUNT];
    size_t n = 0;

    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        if (!value_equal(id, &before->values[id], &after->values[id]))
            changed[n++] = id;
    }
    if (cli->format == CLI_TEXT)
        return changes_as_text(cli, before, after, changed, n);
    return changes_as_tree(cli, before, after, changed, n);
}
