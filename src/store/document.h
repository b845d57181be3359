/* SPDX-License-Identifier: Apache-2.0 */
/* The settings document: all values at one generation, and its YAML form. */
#ifndef DEVSEC_STORE_DOCUMENT_H
#define DEVSEC_STORE_DOCUMENT_H

#include "base/error.h"
#include "store/schema.h"
#include "store/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * The document's format, as it is written. One of a lower format, from 1 on, is read as well, and written anew with the
 * next commit; a document with a higher one is refused with DEVSEC_ERR_NEWER_FORMAT and left alone.
 *   1  settings and administrators
 *   2  keys, uses, trusted certificates and jobs besides
 */
#define DOCUMENT_FORMAT       2
#define DOCUMENT_FORMAT_FIRST 1

/* The longest comment block that a document may begin with, in octets. */
#define DOCUMENT_HEAD_MAX 65536

struct document {
    uint32_t generation;
    time_t changed; /* UTC, when this generation was committed */
    char *head; /* the comment block at the top of the file, with its newlines; "" for none, NULL for the standard */
    struct value values[SETTING_COUNT];
    struct table tables[TABLE_COUNT];
};

/* A document with every setting at its default and empty tables, generation 0. */
enum devsec_err document_new(struct document **out, struct devsec_error *error);

/* A deep copy. */
enum devsec_err document_copy(struct document **out, const struct document *from, struct devsec_error *error);

void document_free(struct document *document); /* cleanses secrets; NULL is legal */

/*
 * Reads YAML. Missing settings take their defaults; unknown or repeated keys, wrong types and values outside the MIB's
 * limits are errors: DEVSEC_ERR_SYNTAX (DEVSEC_ERR_NEWER_FORMAT for `format`) with "NAME:LINE:COLUMN: PATH: what was
 * found, what was expected", and for an unknown key the nearest known one. Cross-checks are not made here.
 *
 * A table is a list of mappings under its path, in any order; the PATH of a column is "administrators[2].role", rows
 * counted from 1 as they stand in the file. Two rows with the same key are an error at the second, which names the line
 * of the first. Values of sealed columns are never quoted.
 *
 * So that a document that was cut short is not taken for one with fewer settings: `format` must be there, and one that
 * carries a generation (that is, one that document_print wrote) must end in YAML's document end mark, a line "...".
 * `name` is only for messages. `text` need not end in NUL. `*out` is untouched on failure.
 */
enum devsec_err document_parse(struct document **out, const char *name, const char *text, size_t length,
                               struct devsec_error *error);

/* Writes YAML (tables behind the settings, rows by key, an empty table not at all) into a newly allocated buffer that
 * the caller frees; `*length` is without the closing NUL. DEVSEC_ERR_UNAVAILABLE for a document that is beyond the
 * limits of document_parse (yaml.h), DEVSEC_ERR_MEMORY. */
enum devsec_err document_print(const struct document *document, char **text, size_t *length,
                               struct devsec_error *error);

/* Whether all settings and tables are equal; generation, date and head do not count. */
bool document_same_settings(const struct document *a, const struct document *b);

#endif
