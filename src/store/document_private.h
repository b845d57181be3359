/* SPDX-License-Identifier: Apache-2.0 */
/* What reading and writing a settings document share: the lines around its YAML. */
#ifndef DEVSEC_STORE_DOCUMENT_PRIVATE_H
#define DEVSEC_STORE_DOCUMENT_PRIVATE_H

#include "store/document.h"

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

#endif
