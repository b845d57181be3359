/* SPDX-License-Identifier: Apache-2.0 */
/* A settings document as YAML that an administrator can read and edit; see document.h for the contract. */
#include "base/text.h"
#include "secret/seal.h"
#include "store/document_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_ROOM 24
#define DATE_ROOM   21
#define GROUP_ROOM  32

/* Document keys, a group and a setting for each setting at most, a list for each table. */
#define FIXED_NODES (1 + 3 + 2 * (size_t)SETTING_COUNT + TABLE_COUNT)

/* The tree to be printed. Its strings are the MIB's and the table's, and those in here. */
struct writing {
    struct yaml_node *nodes;
    size_t used;
    char format[NUMBER_ROOM];
    char generation[NUMBER_ROOM];
    char changed[DATE_ROOM];
    char groups[SETTING_COUNT][GROUP_ROOM];
    char **values;
    size_t n_values;
};

static void writing_free(struct writing *writing)
{
    if (!writing)
        return;
    for (size_t i = 0; i < writing->n_values; i++)
        secret_free(writing->values[i], strlen(writing->values[i]));
    free(writing->values);
    free(writing->nodes);
    free(writing);
}

/* How many labels a value may be printed as. */
static size_t count_labels(const struct mib_object *object)
{
    return object && object->meaning == MIB_MEANING_BITS ? object->n_labels : 0;
}

/* Room for all nodes is counted beforehand, so that building the tree can only fail for want of a value's text. */
static struct writing *writing_new(const struct document *document)
{
    struct writing *writing = calloc(1, sizeof(*writing));
    size_t n_nodes = FIXED_NODES;
    size_t n_values = SETTING_COUNT;

    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        n_nodes += count_labels(setting_object(id));
    for (enum table_id id = 0; id < TABLE_COUNT; id++) {
        const size_t rows = document->tables[id].count;

        n_nodes += rows; /* each row's mapping */
        n_values += rows * table_schemas[id].n_columns;
        for (size_t i = 0; i < table_schemas[id].n_columns; i++)
            n_nodes += rows * (1 + count_labels(column_object(id, i)));
    }
    if (writing) {
        writing->nodes = calloc(n_nodes, sizeof(*writing->nodes));
        writing->values = calloc(n_values, sizeof(*writing->values));
    }
    if (writing && writing->nodes && writing->values)
        return writing;
    writing_free(writing);
    return NULL;
}

/* A new last child, linked at `*tail`, which moves behind it. */
static struct yaml_node *add(struct writing *writing, struct yaml_node ***tail, const char *key, const char *scalar,
                             bool is_text)
{
    struct yaml_node *node = &writing->nodes[writing->used++];

    node->kind = scalar ? YAML_SCALAR : YAML_MAPPING;
    node->key = key;
    node->scalar = scalar;
    node->quoted = is_text;
    **tail = node;
    *tail = &node->next;
    return node;
}

static void add_labels(struct writing *writing, struct yaml_node *list, const struct mib_object *object, int64_t mask)
{
    struct yaml_node **tail = &list->children;

    list->kind = YAML_SEQUENCE;
    for (size_t i = 0; i < object->n_labels; i++) {
        if (mask >> object->labels[i].value & 1)
            add(writing, &tail, NULL, object->labels[i].name, false);
    }
}

/* A value under its key; false when out of memory. */
static bool add_value(struct writing *writing, struct yaml_node ***tail, const char *key, const struct typed *typed,
                      const struct value *value)
{
    char *text = NULL;

    if (count_labels(typed->object)) {
        add_labels(writing, add(writing, tail, key, NULL, false), typed->object, value->number);
        return true;
    }
    text = typed_format(typed, value);
    if (!text)
        return false;
    writing->values[writing->n_values++] = text;
    add(writing, tail, key, text, typed_is_text(typed));
    return true;
}

/* Settings of one group stand together in the table (a test walks it). */
static bool add_settings(struct writing *writing, struct yaml_node ***tail, const struct document *document)
{
    struct yaml_node **group_tail = NULL;
    const char *group = "";

    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const struct typed typed = setting_typed(id);
        const char *path = settings[id].path;
        const size_t length = strcspn(path, ".");

        if (!group_tail || strlen(group) != length || strncmp(group, path, length) != 0) {
            snprintf(writing->groups[id], GROUP_ROOM, "%.*s", (int)length, path);
            group = writing->groups[id];
            group_tail = &add(writing, tail, group, NULL, false)->children;
        }
        if (!add_value(writing, &group_tail, path + length + 1, &typed, &document->values[id]))
            return false;
    }
    return true;
}

/* What a row has nothing in, and need not have, is left out. */
static bool add_row(struct writing *writing, struct yaml_node **tail, enum table_id id, const struct value *row)
{
    for (size_t i = 0; i < table_schemas[id].n_columns; i++) {
        const struct column *column = &table_schemas[id].columns[i];
        const struct typed typed = column_typed(id, i, column->name);

        if (!column->required && value_is_empty(&row[i]))
            continue;
        if (!add_value(writing, &tail, column->name, &typed, &row[i]))
            return false;
    }
    return true;
}

static bool add_tables(struct writing *writing, struct yaml_node ***tail, const struct document *document)
{
    for (enum table_id id = 0; id < TABLE_COUNT; id++) {
        const struct table *table = &document->tables[id];
        struct yaml_node *list = NULL;
        struct yaml_node **rows = NULL;

        if (!table->count)
            continue;
        list = add(writing, tail, table_schemas[id].path, NULL, false);
        list->kind = YAML_SEQUENCE;
        rows = &list->children;
        for (size_t i = 0; i < table->count; i++) {
            if (!add_row(writing, &add(writing, &rows, NULL, NULL, false)->children, id, table->rows[i]))
                return false;
        }
    }
    return true;
}

static const struct yaml_node *build(struct writing *writing, const struct document *document)
{
    struct yaml_node *root = &writing->nodes[writing->used++];
    struct yaml_node **tail = &root->children;

    root->kind = YAML_MAPPING;
    snprintf(writing->format, sizeof(writing->format), "%d", DOCUMENT_FORMAT);
    snprintf(writing->generation, sizeof(writing->generation), "%lu", (unsigned long)document->generation);
    text_date(writing->changed, sizeof(writing->changed), document->changed);
    /* The format behind the generation: cut before it a document lacks its format, cut behind it its end mark, so
     * that no beginning of a document passes for a whole one. */
    add(writing, &tail, "generation", writing->generation, false);
    add(writing, &tail, "changed", writing->changed, true);
    add(writing, &tail, "format", writing->format, false);
    return add_settings(writing, &tail, document) && add_tables(writing, &tail, document) ? root : NULL;
}

/* What could not be read again must not be written. */
static enum devsec_err check_size(const struct writing *writing, size_t length, struct devsec_error *error)
{
    if (writing->used > YAML_NODES_MAX)
        return devsec_fail(
            error, DEVSEC_ERR_UNAVAILABLE,
            "the settings hold %zu values, and %d are the most that can be read again; remove rows of the "
            "largest table",
            writing->used, YAML_NODES_MAX);
    if (length > YAML_FILE_MAX)
        return devsec_fail(
            error, DEVSEC_ERR_UNAVAILABLE,
            "the settings are %zu octets long, and %u are the most that can be read again; remove rows of "
            "the largest table",
            length, YAML_FILE_MAX);
    return DEVSEC_OK;
}

enum devsec_err document_print(const struct document *document, char **text, size_t *length, struct devsec_error *error)
{
    const char *head = document->head ? document->head : document_standard_head;
    const size_t head_length = strlen(head);
    struct writing *writing = writing_new(document);
    const struct yaml_node *root = writing ? build(writing, document) : NULL;
    struct text whole = {0};
    char *body = NULL;
    size_t body_length = 0;
    enum devsec_err err;

    if (!root) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while writing the settings");
        goto out;
    }
    if (document_head_length(head, head_length) != head_length) {
        err = devsec_fail(error, DEVSEC_ERR_INTERNAL, "the head of the settings holds more than comments");
        goto out;
    }
    err = yaml_print(root, &body, &body_length, error);
    if (err)
        goto out;
    text_append_n(&whole, head, head_length);
    if (head_length && !document_closes_line(head, head_length))
        text_append(&whole, "\n");
    text_append_n(&whole, body, body_length);
    text_append(&whole, DOCUMENT_END_MARK "\n");
    body_length = whole.length;
    free(body);
    body = text_take(&whole);
    if (!body) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while writing the settings");
        goto out;
    }
    err = check_size(writing, body_length, error);
    if (err)
        goto out;
    *text = body;
    *length = body_length;
    body = NULL;
out:
    free(body);
    text_free(&whole);
    writing_free(writing);
    return err;
}
