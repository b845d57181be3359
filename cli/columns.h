/* SPDX-License-Identifier: Apache-2.0 */
/* A table as a person reads it: a heading, rows below, columns as wide as what is in them. */
#ifndef DEVSEC_CLI_COLUMNS_H
#define DEVSEC_CLI_COLUMNS_H

#include "cli.h"

#include <stddef.h>

#define COLUMNS_MAX  10
#define COLUMNS_CELL 160 /* octets in one cell, its NUL included */

/* One row; cells are UTF-8, painted where `paint` is not CLI_PLAIN and the stream is. */
struct columns_row {
    char cells[COLUMNS_MAX][COLUMNS_CELL];
    enum cli_paint paint[COLUMNS_MAX];
};

/* Puts a text into a cell: cut with "..." when it is too long, "-" for an empty one, what would act on a terminal, and
 * malformed UTF-8, as \xNN. */
void columns_put(struct columns_row *row, size_t column, const char *text);

/* Writes the heading and `rows` rows; `fill` is called twice for each, with a row of empty cells. */
struct columns {
    const char *const *headings;
    size_t count;
    void (*fill)(const void *context, size_t row, struct columns_row *to);
    const void *context;
};
void columns_print(const struct cli *cli, const struct columns *columns, size_t rows);

#endif
