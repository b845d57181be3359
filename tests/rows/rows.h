/* SPDX-License-Identifier: Apache-2.0 */
/* Generated rows of devsecTlsSuiteTable: everybody who serves or expects them works them out from the same seed. */
#ifndef DEVSEC_TESTS_ROWS_H
#define DEVSEC_TESTS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The environment variable that says which rows: see rows_parse. */
#define ROWS_VARIABLE "DEVSEC_ROWS"

#define ROWS_INDEX_MAX 65535u /* of devsecTlsSuiteIndex */
#define ROWS_TEXT_MAX  255u   /* of SnmpAdminString */
#define ROWS_VERSIONS  5u     /* bits of devsecTlsSuiteVersions */

struct rows {
    uint64_t seed;
    uint32_t count;    /* 0..65535 */
    uint32_t text_max; /* longest text, 0..255 octets; lengths are spread from 0 to it */
    uint32_t step;     /* one row in each stretch of so many indexes, anywhere in it: 1 leaves no gap */
};

/* A column's place below devsecTlsSuiteEntry. */
enum rows_column {
    ROWS_COLUMN_NAME = 2,
    ROWS_COLUMN_IANA_NAME = 3,
    ROWS_COLUMN_VERSIONS = 4,
};

/*
 * Reads "SEED:COUNT:TEXT[:STEP]", for example "7:500:32:1". Without STEP the seed chooses one that COUNT rows have room
 * for. False, and *rows untouched, if it is anything else or does not fit into the indexes.
 */
bool rows_parse(struct rows *rows, const char *text);

/* The rows that the environment asks for, the same at each call; ends the process with a sentence if it asks wrongly.
 */
const struct rows *rows_of_environment(void);

/* The index of a row (0..count-1); ascending. */
uint32_t rows_index(const struct rows *rows, uint32_t row);

/* The first row whose index is above `index`; the count if there is none. */
uint32_t rows_behind(const struct rows *rows, uint32_t index);

/* The octets of a row's text column, printable ASCII, NUL behind them; returns how many. */
size_t rows_text(const struct rows *rows, uint32_t row, enum rows_column column, char to[ROWS_TEXT_MAX + 1]);

/* The row's devsecTlsSuiteVersions; bit n (1u << n) is BITS position n. */
uint32_t rows_versions(const struct rows *rows, uint32_t row);

/* The octets of any of the columns as they travel; returns how many. */
size_t rows_octets(const struct rows *rows, uint32_t row, enum rows_column column, char to[ROWS_TEXT_MAX + 1]);

#endif
