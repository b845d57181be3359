/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: any octets as a settings document give one, valid and the same after printing, or a clear error. */
#include "store/document.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const struct document *document)
{
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        if (value_check(id, &document->values[id], NULL))
            abort();
    }
    for (enum table_id id = 0; id < TABLE_COUNT; id++) {
        const struct table *table = &document->tables[id];

        for (size_t i = 0; i < table->count; i++) {
            if (row_check(id, table->rows[i], NULL) || table_find(id, table, &table->rows[i][0]) != (long)i)
                abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct devsec_error error = {0};
    struct document *first = NULL;
    struct document *second = NULL;
    char *once = NULL;
    char *twice = NULL;
    size_t once_length = 0;
    size_t twice_length = 0;

    if (document_parse(&first, "f", (const char *)data, size, &error)) {
        if (first || strncmp(error.text, "f:", 2) != 0)
            abort();
        return 0;
    }
    check_values(first);
    if (document_print(first, &once, &once_length, &error))
        abort();
    if (document_parse(&second, "f", once, once_length, &error) || !document_same_settings(first, second) ||
        first->generation != second->generation || first->changed != second->changed)
        abort();
    /* Printing is a fixed point, the head included. */
    if (document_print(second, &twice, &twice_length, &error) || once_length != twice_length ||
        memcmp(once, twice, once_length) != 0)
        abort();
    free(once);
    free(twice);
    document_free(first);
    document_free(second);
    return 0;
}
