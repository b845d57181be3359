/* SPDX-License-Identifier: Apache-2.0 */
/* Values, and what a commit did to them, as text, YAML or JSON. */
#include "show.h"

#include "admin_diff.h"
#include "devsec_mib.h"

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

/* What a commit changed. */
struct changes {
    const struct document *before;
    const struct document *after;
    enum setting_id settings[SETTING_COUNT];
    size_t count;
    const bool *reload;
};

static bool setting_as_text(const struct cli *cli, const struct changes *changes, enum setting_id id, size_t width)
{
    const struct setting *setting = &settings[id];
    char *from = show_value(id, setting->secret, &changes->before->values[id], SHOW_LISTED);
    char *to = show_value(id, setting->secret, &changes->after->values[id], SHOW_LISTED);
    const bool good = from && to;

    if (good)
        fprintf(cli->out, "%-*s  %s -> %s%s%s\n", (int)width, setting->path, from, cli_paint(cli->paint_out, CLI_BOLD),
                to, cli_paint(cli->paint_out, CLI_PLAIN));
    free(from);
    free(to);
    return good;
}

static const char *role_name(const struct value *row)
{
    const char *name = mib_label_name(&mib_objects[MIB_devsecAdminRole], row[ADMINISTRATOR_ROLE].number);

    return name ? name : "?";
}

static void administrator_as_text(const struct cli *cli, const struct admin_diff *diff)
{
    fprintf(cli->out, "administrator %s ", diff->name);
    if (!diff->before)
        fprintf(cli->out, "added, %s\n", role_name(diff->after));
    else if (!diff->after)
        fprintf(cli->out, "removed\n");
    else if (admin_diff_role(diff))
        fprintf(cli->out, "changed: role %s -> %s%s\n", role_name(diff->before), role_name(diff->after),
                admin_diff_keys(diff) ? ", other passwords" : "");
    else
        fprintf(cli->out, "changed: other passwords\n");
}

static bool administrators_as_text(const struct cli *cli, const struct changes *changes)
{
    const struct table *before = &changes->before->tables[TABLE_ADMINISTRATORS];
    const struct table *after = &changes->after->tables[TABLE_ADMINISTRATORS];
    struct admin_diff diff;
    bool any = false;

    for (size_t i = 0; i < admin_diff_places(before, after); i++) {
        if (!admin_diff_at(before, after, i, &diff))
            continue;
        administrator_as_text(cli, &diff);
        any = true;
    }
    return any;
}

/* Tables whose rows are reported as added, removed or changed, and no more: 'cert list' shows what they are. */
static const struct {
    enum table_id table;
    const char *what;
} row_reports[] = {
    {TABLE_KEYS, "the key in slot"},
    {TABLE_USES, "the key of"},
    {TABLE_TRUSTED, "trusted certificate"},
};

#define ROW_REPORTS (sizeof(row_reports) / sizeof(row_reports[0]))

/* Calls `report` with what happened to each row of a table that is not the same; rows are named by their first column.
 */
static bool visit_rows(const struct changes *changes, size_t which,
                       void (*report)(const void *context, size_t which, const char *name, const char *happened),
                       const void *context)
{
    const enum table_id id = row_reports[which].table;
    const struct table *tables[] = {&changes->before->tables[id], &changes->after->tables[id]};
    bool any = false;

    for (size_t side = 0; side < 2; side++) {
        const struct table *other = tables[!side];

        for (size_t i = 0; i < tables[side]->count; i++) {
            const struct value *row = tables[side]->rows[i];
            const long at = table_find(id, other, &row[0]);
            char number[24];

            if (at >= 0 && (side == 0 || row_equal(id, row, other->rows[at])))
                continue;
            snprintf(number, sizeof(number), "%" PRId64, row[0].number);
            report(context, which, row[0].text ? row[0].text : number,
                   at >= 0     ? "changed"
                   : side == 0 ? "removed"
                               : "added");
            any = true;
        }
    }
    return any;
}

static void row_as_text(const void *context, size_t which, const char *name, const char *happened)
{
    const struct cli *cli = context;

    fprintf(cli->out, "%s %s %s\n", row_reports[which].what, name, happened);
}

static bool rows_as_text(const struct cli *cli, const struct changes *changes)
{
    bool any = false;

    for (size_t i = 0; i < ROW_REPORTS; i++)
        any = visit_rows(changes, i, row_as_text, cli) || any;
    return any;
}

static enum cli_exit changes_as_text(const struct cli *cli, const struct changes *changes)
{
    size_t width = 0;
    bool any;

    if (cli->quiet)
        return CLI_OK;
    for (size_t i = 0; i < changes->count; i++) {
        const size_t length = strlen(settings[changes->settings[i]].path);

        width = length > width ? length : width;
    }
    for (size_t i = 0; i < changes->count; i++) {
        if (!setting_as_text(cli, changes, changes->settings[i], width))
            return cli_no_memory(cli);
    }
    any = administrators_as_text(cli, changes) || changes->count > 0;
    if (!rows_as_text(cli, changes) && !any)
        fprintf(cli->out, "nothing changed\n");
    fprintf(cli->out, "generation %" PRIu32 "\n", changes->after->generation);
    if (changes->reload && *changes->reload)
        fprintf(cli->out, ADMIN_RELOAD);
    return CLI_OK;
}

/* As `admin list` has him; an empty mapping where there is none. */
static void administrator_node(struct tree *tree, struct yaml_node *parent, const char *key, const struct value *row)
{
    struct yaml_node *node = tree_add(tree, parent, key, YAML_MAPPING);

    if (!row)
        return;
    tree_text(tree, node, "role", role_name(row));
    tree_bool(tree, node, "password", !value_is_empty(&row[ADMINISTRATOR_KEYS]));
    tree_text(tree, node, "auth", value_text(&row[ADMINISTRATOR_AUTH]));
    tree_text(tree, node, "priv", value_text(&row[ADMINISTRATOR_PRIV]));
    tree_text(tree, node, "engine-id", value_text(&row[ADMINISTRATOR_ENGINE]));
}

static void administrators_as_tree(struct tree *tree, struct yaml_node *list, const struct changes *changes)
{
    const struct table *before = &changes->before->tables[TABLE_ADMINISTRATORS];
    const struct table *after = &changes->after->tables[TABLE_ADMINISTRATORS];
    struct admin_diff diff;

    for (size_t i = 0; i < admin_diff_places(before, after); i++) {
        struct yaml_node *change;

        if (!admin_diff_at(before, after, i, &diff))
            continue;
        change = tree_add(tree, list, NULL, YAML_MAPPING);
        tree_text(tree, change, "path", "administrators");
        tree_text(tree, change, "name", diff.name);
        administrator_node(tree, change, "old", diff.before);
        administrator_node(tree, change, "new", diff.after);
        tree_bool(tree, change, "other-keys", admin_diff_keys(&diff));
    }
}

struct row_list {
    struct tree *tree;
    struct yaml_node *list;
};

static void row_as_node(const void *context, size_t which, const char *name, const char *happened)
{
    const struct row_list *to = context;
    struct yaml_node *change = tree_add(to->tree, to->list, NULL, YAML_MAPPING);

    tree_text(to->tree, change, "path", table_schemas[row_reports[which].table].path);
    tree_text(to->tree, change, "name", name);
    tree_text(to->tree, change, "change", happened);
}

static enum cli_exit changes_as_tree(const struct cli *cli, const struct changes *changes)
{
    struct tree tree = {0};
    struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
    struct yaml_node *list;
    enum cli_exit result;

    tree_number(&tree, root, "generation", changes->after->generation);
    list = tree_add(&tree, root, "changes", YAML_SEQUENCE);
    for (size_t i = 0; i < changes->count; i++) {
        const enum setting_id id = changes->settings[i];
        struct yaml_node *change = tree_add(&tree, list, NULL, YAML_MAPPING);

        tree_text(&tree, change, "path", settings[id].path);
        show_node(&tree, change, "old", id, settings[id].secret, &changes->before->values[id]);
        show_node(&tree, change, "new", id, settings[id].secret, &changes->after->values[id]);
    }
    administrators_as_tree(&tree, list, changes);
    for (size_t i = 0; i < ROW_REPORTS; i++)
        visit_rows(changes, i, row_as_node, &(struct row_list){&tree, list});
    if (changes->reload)
        tree_bool(&tree, root, "reload", *changes->reload);
    result = show_tree(cli, &tree, root);
    tree_free(&tree);
    return result;
}

enum cli_exit show_changes(const struct cli *cli, const struct document *before, const struct document *after,
                           const bool *reload)
{
    struct changes changes = {.before = before, .after = after, .reload = reload};

    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        if (!value_equal(id, &before->values[id], &after->values[id]))
            changes.settings[changes.count++] = id;
    }
    return cli->format == CLI_TEXT ? changes_as_text(cli, &changes) : changes_as_tree(cli, &changes);
}
