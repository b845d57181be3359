/* SPDX-License-Identifier: Apache-2.0 */
/* The settings document in memory: defaults, copies, comparison; see document.h for the contract. */
#include "store/document.h"

#include <stdlib.h>
#include <string.h>

enum devsec_err document_new(struct document **out, struct devsec_error *error)
{
    struct document *document = calloc(1, sizeof(*document));
    enum devsec_err err = DEVSEC_OK;

    if (!document)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the settings");
    for (enum setting_id id = 0; id < SETTING_COUNT && !err; id++)
        err = value_default(id, &document->values[id], error);
    if (err)
        document_free(document);
    else
        *out = document;
    return err;
}

enum devsec_err document_copy(struct document **out, const struct document *from, struct devsec_error *error)
{
    struct document *copy = calloc(1, sizeof(*copy));
    enum devsec_err err = DEVSEC_OK;

    if (!copy)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the settings");
    copy->generation = from->generation;
    copy->changed = from->changed;
    if (from->head) {
        copy->head = strdup(from->head);
        if (!copy->head)
            err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the settings");
    }
    for (enum setting_id id = 0; id < SETTING_COUNT && !err; id++)
        err = value_copy(&copy->values[id], &from->values[id], error);
    for (enum table_id id = 0; id < TABLE_COUNT && !err; id++)
        err = table_copy(id, &copy->tables[id], &from->tables[id], error);
    if (err)
        document_free(copy);
    else
        *out = copy;
    return err;
}

void document_free(struct document *document)
{
    if (!document)
        return;
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        value_clear(&document->values[id]);
    for (enum table_id id = 0; id < TABLE_COUNT; id++)
        table_clear(id, &document->tables[id]);
    free(document->head);
    free(document);
}

bool document_same_settings(const struct document *a, const struct document *b)
{
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        if (!value_equal(id, &a->values[id], &b->values[id]))
            return false;
    }
    for (enum table_id id = 0; id < TABLE_COUNT; id++) {
        if (!table_equal(id, &a->tables[id], &b->tables[id]))
            return false;
    }
    return true;
}
