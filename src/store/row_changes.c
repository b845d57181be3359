/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of rows, kept by key, so that they can be made again on top of what others did meanwhile. */
#include "store_private.h"

#include <stdlib.h>
#include <string.h>

#define CHANGES_FIRST 4

void row_changes_free(struct row_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        row_free(changes->list[i].table, changes->list[i].row);
    free(changes->list);
    *changes = (struct row_changes){0};
}

/* Where the change of this key is (`*found`), or belongs. */
static size_t change_place(const struct row_changes *changes, enum table_id id, const struct value *key, bool *found)
{
    size_t low = 0;
    size_t high = changes->count;

    *found = false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct row_change *change = &changes->list[middle];
        const int order = change->table == id ? row_order(id, key, change->row) : id < change->table ? -1 : 1;

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}

const struct row_change *row_changes_find(const struct row_changes *changes, enum table_id id, const struct value *key)
{
    bool found = false;
    const size_t place = change_place(changes, id, key, &found);

    return found ? &changes->list[place] : NULL;
}

/* A place for one more; NULL when out of memory. */
static struct row_change *insert_change(struct row_changes *changes, size_t place)
{
    if (changes->count == changes->room) {
        const size_t room = changes->room ? changes->room * 2 : CHANGES_FIRST;
        struct row_change *list = realloc(changes->list, room * sizeof(*list));

        if (!list)
            return NULL;
        changes->list = list;
        changes->room = room;
    }
    memmove(changes->list + place + 1, changes->list + place, (changes->count - place) * sizeof(*changes->list));
    changes->count++;
    changes->list[place] = (struct row_change){.row = NULL};
    return &changes->list[place];
}

enum devsec_err row_changes_add(struct row_changes *changes, enum table_id id, const struct value *row, bool remove,
                                struct devsec_error *error)
{
    bool found = false;
    const size_t place = change_place(changes, id, &row[0], &found);
    struct value *copy = row_new(id);
    struct row_change *change = NULL;
    enum devsec_err err =
        copy ? DEVSEC_OK : devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for a change of rows");

    for (size_t i = 0; !err && i < (remove ? 1 : table_schemas[id].n_columns); i++)
        err = value_copy(&copy[i], &row[i], error);
    if (!err) {
        change = found ? &changes->list[place] : insert_change(changes, place);
        if (!change)
            err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for a change of rows");
    }
    if (err) {
        row_free(id, copy);
        return err;
    }
    row_free(id, change->row);
    *change = (struct row_change){.table = id, .remove = remove, .row = copy};
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
