/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and tables in memory: checks, copies, order by key; see table.h for the contract. */
#include "store/table.h"

#include "store/typed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ROOM 64

static enum devsec_err fail_memory(enum table_id id, struct devsec_error *error)
{
    return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for %s", table_schemas[id].path);
}

/* ---- Columns ---- */

const struct mib_object *column_object(enum table_id id, size_t column)
{
    const int object = table_schemas[id].columns[column].object;

    return object < 0 ? NULL : &mib_objects[object];
}

struct typed column_typed(enum table_id id, size_t column, const char *name)
{
    const struct column *schema = &table_schemas[id].columns[column];

    return (struct typed){
        .name = name,
        .object = column_object(id, column),
        .text_max = schema->text_max,
        .words = schema->words,
        .sealed = schema->sealed,
        .secret = schema->sealed,
        .optional = !schema->required,
        .check = schema->check,
    };
}

/* As column_typed, named "administrators.role"; the name is written into `name`, of NAME_ROOM. */
static struct typed column_named(enum table_id id, size_t column, char *name)
{
    snprintf(name, NAME_ROOM, "%s.%s", table_schemas[id].path, table_schemas[id].columns[column].name);
    return column_typed(id, column, name);
}

long column_find(enum table_id id, const char *name)
{
    for (size_t i = 0; i < table_schemas[id].n_columns; i++) {
        if (strcmp(table_schemas[id].columns[i].name, name) == 0)
            return (long)i;
    }
    return -1;
}

void column_expected(enum table_id id, size_t column, char *to, size_t room)
{
    const struct typed typed = column_typed(id, column, NULL);

    typed_expected(&typed, to, room);
}

enum devsec_err column_check(enum table_id id, size_t column, const struct value *value, struct devsec_error *error)
{
    char name[NAME_ROOM];
    const struct typed typed = column_named(id, column, name);

    return typed_check(&typed, value, error);
}

enum devsec_err column_parse(enum table_id id, size_t column, const char *text, struct value *value,
                             struct devsec_error *error)
{
    char name[NAME_ROOM];
    const struct typed typed = column_named(id, column, name);

    return typed_parse(&typed, text, value, error);
}

char *column_format(enum table_id id, size_t column, const struct value *value)
{
    const struct typed typed = column_typed(id, column, NULL);

    return typed_format(&typed, value);
}

/* ---- Rows ---- */

struct value *row_new(enum table_id id)
{
    return calloc(table_schemas[id].n_columns, sizeof(struct value));
}

void row_free(enum table_id id, struct value *row)
{
    for (size_t i = 0; row && i < table_schemas[id].n_columns; i++)
        value_clear(&row[i]);
    free(row);
}

struct value *row_copy(enum table_id id, const struct value *from)
{
    struct value *copy = row_new(id);

    for (size_t i = 0; copy && i < table_schemas[id].n_columns; i++) {
        if (value_copy(&copy[i], &from[i], NULL)) {
            row_free(id, copy);
            return NULL;
        }
    }
    return copy;
}

enum devsec_err row_check(enum table_id id, const struct value *row, struct devsec_error *error)
{
    const struct table_schema *schema = &table_schemas[id];
    struct devsec_error own = {0};
    enum devsec_err err = DEVSEC_OK;

    for (size_t i = 0; i < schema->n_columns && !err; i++)
        err = column_check(id, i, &row[i], error);
    if (err || !schema->check)
        return err;
    err = schema->check(row, &own);
    return err ? devsec_fail(error, err, "%s: %s", schema->path, own.text) : DEVSEC_OK;
}

bool row_equal(enum table_id id, const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < table_schemas[id].n_columns; i++) {
        const struct typed typed = column_typed(id, i, NULL);

        if (!typed_equal(&typed, &a[i], &b[i]))
            return false;
    }
    return true;
}

/* ---- Tables ---- */

/* Where a word stands in its list; one that is not there comes last. */
static size_t word_place(const struct typed *typed, const char *word)
{
    size_t i = 0;

    while (typed->words[i] && strcmp(typed->words[i], word) != 0)
        i++;
    return i;
}

/* As strcmp: numbers by size, texts by their octets, words as they are listed. */
static int compare_keys(const struct typed *typed, const struct value *a, const struct value *b)
{
    const size_t place = typed->words ? word_place(typed, value_text(a)) : 0;
    const size_t other = typed->words ? word_place(typed, value_text(b)) : 0;

    if (place != other)
        return place < other ? -1 : 1;
    if (typed_is_text(typed))
        return strcmp(value_text(a), value_text(b));
    return a->number == b->number ? 0 : a->number < b->number ? -1 : 1;
}

int row_order(enum table_id id, const struct value *a, const struct value *b)
{
    const struct typed typed = column_typed(id, 0, NULL);

    return compare_keys(&typed, &a[0], &b[0]);
}

/* Where a row with this key is (`*found`), or belongs. */
static size_t table_place(enum table_id id, const struct table *table, const struct value *key, bool *found)
{
    const struct typed typed = column_typed(id, 0, NULL);
    size_t low = 0;
    size_t high = table->count;

    *found = false;
    while (low < high && !*found) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_keys(&typed, key, &table->rows[middle][0]);

        if (order > 0)
            low = middle + 1;
        else
            high = middle;
        *found = order == 0;
    }
    return *found ? high : low;
}

long table_find(enum table_id id, const struct table *table, const struct value *key)
{
    bool found = false;
    const size_t place = table_place(id, table, key, &found);

    return found ? (long)place : -1;
}

enum devsec_err table_has_room(enum table_id id, size_t count, struct devsec_error *error)
{
    const struct table_schema *schema = &table_schemas[id];

    if (count < schema->rows_max)
        return DEVSEC_OK;
    return devsec_fail(error, DEVSEC_ERR_UNAVAILABLE, "%s: the table is full, %zu rows are the most that it holds",
                       schema->path, schema->rows_max);
}

enum devsec_err table_put(enum table_id id, struct table *table, const struct value *row, struct devsec_error *error)
{
    bool found = false;
    const size_t place = table_place(id, table, &row[0], &found);
    struct value **rows = NULL;
    struct value *copy;

    if (!found && table_has_room(id, table->count, error))
        return DEVSEC_ERR_UNAVAILABLE;
    copy = row_copy(id, row);
    if (!copy)
        return fail_memory(id, error);
    if (found) {
        row_free(id, table->rows[place]);
        table->rows[place] = copy;
        return DEVSEC_OK;
    }
    rows = realloc(table->rows, (table->count + 1) * sizeof(struct value *));
    if (!rows) {
        row_free(id, copy);
        return fail_memory(id, error);
    }
    memmove(rows + place + 1, rows + place, (table->count - place) * sizeof(struct value *));
    rows[place] = copy;
    table->rows = rows;
    table->count++;
    return DEVSEC_OK;
}

void table_remove(enum table_id id, struct table *table, size_t index)
{
    row_free(id, table->rows[index]);
    table->count--;
    memmove(table->rows + index, table->rows + index + 1, (table->count - index) * sizeof(struct value *));
}

enum devsec_err table_copy(enum table_id id, struct table *to, const struct table *from, struct devsec_error *error)
{
    struct table copy = {0};
    bool good = true;

    if (from->count) {
        copy.rows = calloc(from->count, sizeof(struct value *));
        good = copy.rows != NULL;
    }
    while (good && copy.count < from->count) {
        copy.rows[copy.count] = row_copy(id, from->rows[copy.count]);
        good = copy.rows[copy.count] != NULL;
        copy.count += good;
    }
    if (!good) {
        table_clear(id, &copy);
        return fail_memory(id, error);
    }
    table_clear(id, to);
    *to = copy;
    return DEVSEC_OK;
}

void table_clear(enum table_id id, struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        row_free(id, table->rows[i]);
    free(table->rows);
    *table = (struct table){0};
}

bool table_equal(enum table_id id, const struct table *a, const struct table *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!row_equal(id, a->rows[i], b->rows[i]))
            return false;
    }
    return true;
}
