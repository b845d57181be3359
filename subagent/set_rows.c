/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that a SET names: its varbinds on columns brought together row by row. */
#include "dispatch_private.h"

#include <stdlib.h>
#include <string.h>

void row_cell_clear(struct row_cell *cell)
{
    value_clear(&cell->value);
    if (cell->octets)
        explicit_bzero(cell->octets, cell->n_octets); /* may be a private key that somebody sends by mistake */
    free(cell->octets);
    memset(cell, 0, sizeof(*cell));
}

static void request_free(struct row_request *request)
{
    if (!request)
        return;
    if (request->table->free_row)
        request->table->free_row(request);
    for (size_t i = 0; i < request->n_cells; i++)
        row_cell_clear(&request->cells[i]);
    free(request->cells);
    free(request);
}

void row_set_clear(struct row_set *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        request_free(rows->list[i]);
    free(rows->list);
    memset(rows, 0, sizeof(*rows));
}

const struct row_cell *row_request_cell(const struct row_request *request, int object)
{
    for (size_t i = 0; i < request->n_cells; i++) {
        if (request->cells[i].object == object)
            return &request->cells[i];
    }
    return NULL;
}

/* An index that is not in the ranges of its objects belongs to no row, now or ever (RFC 3416, 4.2.5, (7)). */
static enum devsec_err check_index(const struct leaf *leaf, const oid *index, size_t length, struct devsec_error *error)
{
    const struct mib_object *entry = &mib_objects[leaf->object->entry];

    if (length != entry->n_index)
        return devsec_fail(error, DEVSEC_ERR_NO_CREATION,
                           "expected an index of %zu sub-identifiers behind the column's name, got %zu", entry->n_index,
                           length);
    for (size_t i = 0; i < entry->n_index; i++) {
        const struct mib_object *object = &mib_objects[entry->index[i]];
        const bool in_range = object->n_labels ? mib_label_name(object, (int64_t)index[i]) != NULL
                                               : mib_in_range(object, (int64_t)index[i]);

        if (!in_range)
            return devsec_fail(error, DEVSEC_ERR_NO_CREATION, "no row can have %lu as its %s", (unsigned long)index[i],
                               object->name);
    }
    return DEVSEC_OK;
}

/* The order of the rows: that of their tables in the MIB, then that of their indexes. */
static int compare(const struct row_request *request, const struct table_binding *table, const oid *index,
                   size_t length)
{
    if (request->table != table)
        return request->table->entry < table->entry ? -1 : 1;
    return snmp_oid_compare(request->index, request->index_len, index, length);
}

/* The place of the first request that does not come before this row. */
static size_t place_of(const struct row_set *rows, const struct table_binding *table, const oid *index, size_t length)
{
    size_t low = 0;
    size_t high = rows->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (compare(rows->list[middle], table, index, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct row_request *request_at(struct row_set *rows, size_t place)
{
    if (rows->count == rows->room) {
        const size_t room = rows->room ? 2 * rows->room : 8;
        struct row_request **list = realloc(rows->list, room * sizeof(struct row_request *));

        if (!list)
            return NULL;
        rows->list = list;
        rows->room = room;
    }
    memmove(&rows->list[place + 1], &rows->list[place], (rows->count - place) * sizeof(struct row_request *));
    rows->list[place] = calloc(1, sizeof(struct row_request));
    if (!rows->list[place]) {
        memmove(&rows->list[place], &rows->list[place + 1], (rows->count - place) * sizeof(struct row_request *));
        return NULL;
    }
    rows->count++;
    return rows->list[place];
}

/* The request for the row, made if there is none yet; NULL when out of memory. */
static struct row_request *request_for(struct row_set *rows, const struct leaf *leaf, const oid *index, size_t length,
                                       const struct instance *exists)
{
    const size_t place = place_of(rows, leaf->table, index, length);
    struct row_request *request;

    if (place < rows->count && compare(rows->list[place], leaf->table, index, length) == 0)
        return rows->list[place];
    request = request_at(rows, place);
    if (!request)
        return NULL;
    request->table = leaf->table;
    memcpy(request->index, index, length * sizeof(*index));
    request->index_len = length;
    request->exists = exists != NULL;
    request->row = exists ? exists->row : 0;
    return request;
}

static bool same_value(const struct row_cell *a, const struct row_cell *b)
{
    return a->value.number == b->value.number && strcmp(value_text(&a->value), value_text(&b->value)) == 0 &&
           a->n_octets == b->n_octets && (a->n_octets == 0 || memcmp(a->octets, b->octets, a->n_octets) == 0);
}

enum devsec_err row_set_add(struct row_set *rows, const struct leaf *leaf, const netsnmp_variable_list *var,
                            const struct instance *exists, struct row_cell *cell, struct devsec_error *error)
{
    const oid *index = var->name + leaf->name_len;
    const size_t length = var->name_length - leaf->name_len;
    enum devsec_err err = check_index(leaf, index, length, error);
    const struct row_cell *before;
    struct row_request *request;
    struct row_cell *cells;

    if (err)
        return err;
    if (!exists && leaf->object->access != MIB_ACCESS_READ_CREATE)
        return devsec_fail(error, DEVSEC_ERR_NO_CREATION, "there is no such row, and none can be made");
    request = request_for(rows, leaf, index, length, exists);
    if (!request)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    before = row_request_cell(request, leaf->id);
    if (before && !same_value(before, cell))
        return devsec_fail(error, DEVSEC_ERR_INCONSISTENT, "given twice in one request, with different values");
    if (before)
        return DEVSEC_OK;
    cells = realloc(request->cells, (request->n_cells + 1) * sizeof(*cells));
    if (!cells)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    request->cells = cells;
    cells[request->n_cells++] = *cell;
    memset(cell, 0, sizeof(*cell));
    return DEVSEC_OK;
}
