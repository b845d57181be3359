/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a settings document from YAML: lists of rows, each a mapping; see document.h for the contract. */
#include "base/text.h"
#include "store/document_private.h"

#include <stdio.h>
#include <string.h>

/* "administrators[2].engine-id", with room for any table that there may be */
#define PATH_ROOM 96

/* A row, and where it stands. */
struct reading_row {
    enum table_id table;
    size_t number; /* from 1 */
    const struct yaml_node *node;
    struct value *values;
    char path[PATH_ROOM]; /* "administrators[2]" */
};

static enum devsec_err refuse(const struct document_reading *reading, const struct yaml_node *node, const char *path,
                              const char *expected)
{
    struct devsec_error why = {0};
    char found[DOCUMENT_FOUND_ROOM];

    document_found(node, found, sizeof(found));
    devsec_fail(&why, DEVSEC_ERR_SYNTAX, "%s: found %s, expected %s", path, found, expected);
    return document_fail_at(reading, node->line, node->column, &why);
}

static enum devsec_err read_column(const struct document_reading *reading, const struct reading_row *row,
                                   const struct yaml_node *node)
{
    const struct table_schema *schema = &table_schemas[row->table];
    struct text_nearest nearest = {.word = node->key};
    const long column = column_find(row->table, node->key);
    char path[PATH_ROOM];
    struct typed typed;

    for (size_t i = 0; column < 0 && i < schema->n_columns; i++)
        text_nearest_offer(&nearest, schema->columns[i].name);
    if (column < 0)
        return document_refuse_key(reading, node, row->path, &nearest);
    snprintf(path, sizeof(path), "%.*s.%s", (int)(sizeof(path) / 2), row->path, schema->columns[column].name);
    typed = column_typed(row->table, (size_t)column, path);
    return document_read_value(reading, &typed, node, &row->values[column]);
}

/* What is required and was not given, and the rule about the row as a whole: both are missed at its beginning. */
static enum devsec_err check_row(const struct document_reading *reading, const struct reading_row *row)
{
    const struct table_schema *schema = &table_schemas[row->table];
    char expected[SETTING_EXPECTED_MAX];
    struct devsec_error why = {0};
    struct devsec_error own = {0};

    for (size_t i = 0; i < schema->n_columns && !why.code; i++) {
        if (!schema->columns[i].required || yaml_get(row->node, schema->columns[i].name))
            continue;
        column_expected(row->table, i, expected, sizeof(expected));
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "%s: %s is missing, expected %s", row->path, schema->columns[i].name,
                    expected);
    }
    if (!why.code && schema->check && schema->check(row->values, &own))
        devsec_fail(&why, own.code, "%s: %s", row->path, own.text);
    return why.code ? document_fail_at(reading, row->node->line, row->node->column, &why) : DEVSEC_OK;
}

/* The same key is the same scalar: texts are taken as they are, numbers and labels have one spelling. */
static enum devsec_err refuse_second(const struct document_reading *reading, const struct reading_row *row,
                                     const struct yaml_node *list)
{
    const char *name = table_schemas[row->table].columns[0].name;
    const struct yaml_node *key = yaml_get(row->node, name);
    const struct yaml_node *first = list->children;
    char shown[DOCUMENT_SHOWN_ROOM];
    struct devsec_error why = {0};

    while (strcmp(yaml_get(first, name)->scalar, key->scalar) != 0)
        first = first->next;
    text_show(shown, sizeof(shown), key->scalar, strlen(key->scalar));
    devsec_fail(&why, DEVSEC_ERR_SYNTAX, "%s.%s: \"%s\" stands here a second time (first in line %zu)", row->path, name,
                shown, yaml_get(first, name)->line);
    return document_fail_at(reading, key->line, key->column, &why);
}

static enum devsec_err read_row(const struct document_reading *reading, const struct reading_row *row,
                                const struct yaml_node *list)
{
    struct table *table = &reading->document->tables[row->table];
    struct devsec_error why = {0};
    enum devsec_err err = DEVSEC_OK;

    if (row->node->kind != YAML_MAPPING)
        return refuse(reading, row->node, row->path, "its columns, each on a line of its own");
    for (const struct yaml_node *node = row->node->children; node && !err; node = node->next)
        err = read_column(reading, row, node);
    if (!err)
        err = check_row(reading, row);
    if (!err && table_find(row->table, table, &row->values[0]) >= 0)
        err = refuse_second(reading, row, list);
    if (!err && table_put(row->table, table, row->values, &why))
        err = document_fail_at(reading, row->node->line, row->node->column, &why);
    return err;
}

enum devsec_err document_read_table(const struct document_reading *reading, enum table_id id,
                                    const struct yaml_node *list)
{
    struct reading_row row = {.table = id};
    enum devsec_err err = DEVSEC_OK;

    if (list->kind != YAML_SEQUENCE && !document_node_is_null(list))
        return refuse(reading, list, table_schemas[id].path, "a list of rows, each behind a \"-\"");
    for (const struct yaml_node *node = list->children; node && !err; node = node->next) {
        row.node = node;
        row.number++;
        snprintf(row.path, sizeof(row.path), "%s[%zu]", table_schemas[id].path, row.number);
        row.values = row_new(id);
        if (!row.values)
            return devsec_fail(reading->error, DEVSEC_ERR_MEMORY, "out of memory while reading %s", reading->name);
        err = read_row(reading, &row, list);
        row_free(id, row.values);
    }
    return err;
}
