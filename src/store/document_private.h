/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts that read and write a settings document share. */
#ifndef DEVSEC_STORE_DOCUMENT_PRIVATE_H
#define DEVSEC_STORE_DOCUMENT_PRIVATE_H

#include "store/document.h"
#include "store/typed.h"
#include "store/yaml.h"

#include <stdbool.h>
#include <stddef.h>

/* The line that a document ends in when it is whole (YAML 1.2, 9.1.4). */
#define DOCUMENT_END_MARK "..."

/* What a document begins with that has no head of its own. */
extern const char document_standard_head[];

/* Steps over a byte order mark. */
void document_skip_mark(const char **text, size_t *length);

/* How many octets at the beginning are whole comment and blank lines. */
size_t document_head_length(const char *text, size_t length);

/* Whether the text ends with a line's end; a comment without one would swallow what follows. */
bool document_closes_line(const char *text, size_t length);

/* Whether the last line that is not blank or a comment is the end mark. `*lines` becomes the number of lines. */
bool document_is_ended(const char *text, size_t length, size_t *lines);

/* ---- Reading: every function fills reading->error ---- */

#define DOCUMENT_SHOWN_ROOM 96
#define DOCUMENT_FOUND_ROOM (DOCUMENT_SHOWN_ROOM + 16)

struct text_nearest;

/* A document that is being read. */
struct document_reading {
    const char *name; /* of the file, for messages */
    struct document *document;
    struct devsec_error *error;
};

/* Puts "NAME:LINE:COLUMN: " before the sentence. Trouble that is not the file's keeps its code. */
enum devsec_err document_fail_at(const struct document_reading *reading, size_t line, size_t column,
                                 const struct devsec_error *why);

/* YAML's null (1.2, 10.2.1.1), which an unquoted nothing is, too. */
bool document_node_is_null(const struct yaml_node *node);

/* What stands there, as a phrase for "found ..."; `room` is DOCUMENT_FOUND_ROOM. */
void document_found(const struct yaml_node *node, char *found, size_t room);

/* Refuses a key that is unknown in `group` (NULL: at the top), with the nearest known one. */
enum devsec_err document_refuse_key(const struct document_reading *reading, const struct yaml_node *node,
                                    const char *group, const struct text_nearest *nearest);

/* Reads a value, in the form that a document has it in; `to` is cleared first, and untouched on failure. */
enum devsec_err document_read_value(const struct document_reading *reading, const struct typed *typed,
                                    const struct yaml_node *node, struct value *to);

/* Reads all rows of a table. */
enum devsec_err document_read_table(const struct document_reading *reading, enum table_id id,
                                    const struct yaml_node *list);

#endif
