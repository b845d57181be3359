/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of rows, kept by key, so that they can be made again on top of what others did meanwhile. */
#include "store_private.h"

#include <stdlib.h>

void row_changes_free(struct row_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        row_free(changes->list[i].table, changes->list[i].row);
    free(changes->list);
    *changes = (struct row_changes){0};
}

/* The change of the row with this key; NULL if there is none. */
static struct row_change *find_change(const struct row_changes *changes, enum table_id id, const struct value *key)
{
    for (size_t i = 0; i < changes->count; i++) {
        struct row_change *change = &changes->list[i];
        const struct table one = {.rows = &change->row, .count = 1};

        if (change->table == id && table_find(id, &one, key) == 0)
            return change;
    }
    return NULL;
}

enum devsec_err row_changes_add(struct row_changes *changes, enum table_id id, const struct value *row, bool remove,
                                struct devsec_error *error)
{
    struct row_change *change = find_change(changes, id, &row[0]);
    struct value *copy = row_new(id);
    enum devsec_err err =
        copy ? DEVSEC_OK : devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for a change of rows");

    for (size_t i = 0; !err && i < (remove ? 1 : table_schemas[id].n_columns); i++)
        err = value_copy(&copy[i], &row[i], error);
    if (!err && !change) {
        struct row_change *list = realloc(changes->list, (changes->count + 1) * sizeof(*list));

        if (list) {
            changes->list = list;
            change = &list[changes->count++];
            *change = (struct row_change){.table = id};
        } else {
            err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for a change of rows");
        }
    }
    if (err) {
        row_free(id, copy);
        return err;
    }
    row_free(id, change->row);
    change->row = copy;
    change->remove = remove;
    return DEVSEC_OK;
}

enum devsec_err row_changes_apply(const struct row_changes *changes, struct table *tables, struct devsec_error *error)
{
    enum devsec_err err = DEVSEC_OK;

    /* Removals first, so that they make room. What is gone already is as it should be. */
    for (size_t i = 0; i < changes->count; i++) {
        const struct row_change *change = &changes->list[i];
        const long index = change->remove ? table_find(change->table, &tables[change->table], change->row) : -1;

        if (index >= 0)
            table_remove(change->table, &tables[change->table], (size_t)index);
    }
    for (size_t i = 0; !err && i < changes->count; i++) {
        const struct row_change *change = &changes->list[i];

        if (!change->remove)
            err = table_put(change->table, &tables[change->table], change->row, error);
    }
    return err;
}

/* The rows of `table` that `other` has not, or not so: the former go, the latter come back. */
static enum devsec_err add_differences(struct row_changes *changes, enum table_id id, const struct table *table,
                                       const struct table *other, bool remove, struct devsec_error *error)
{
    enum devsec_err err = DEVSEC_OK;

    for (size_t i = 0; !err && i < table->count; i++) {
        const long index = table_find(id, other, &table->rows[i][0]);
        const bool same = index >= 0 && (remove || row_equal(id, other->rows[index], table->rows[i]));

        if (!same)
            err = row_changes_add(changes, id, table->rows[i], remove, error);
    }
    return err;
}

enum devsec_err row_changes_between(struct row_changes *changes, const struct document *from, const struct document *to,
                                    struct devsec_error *error)
{
    enum devsec_err err = DEVSEC_OK;

    for (enum table_id id = 0; !err && id < TABLE_COUNT; id++) {
        err = add_differences(changes, id, &from->tables[id], &to->tables[id], true, error);
        if (!err)
            err = add_differences(changes, id, &to->tables[id], &from->tables[id], false, error);
    }
    return err;
}
