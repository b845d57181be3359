/* SPDX-License-Identifier: Apache-2.0 */
/* What a check found, with its places. */
#ifndef DEVSEC_CLI_FINDINGS_H
#define DEVSEC_CLI_FINDINGS_H

#include "cli.h"
#include "store/store.h"

#include <stddef.h>

struct finding {
    bool warning;
    char *file;
    size_t line; /* from 1; 0 when it is about the whole file */
    size_t column;
    char *text;
};

struct findings {
    struct finding *list;
    size_t count;
    size_t errors;
    bool failed; /* memory ran out; what was found before is still there */
};

void findings_add(struct findings *findings, bool warning, const char *file, size_t line, size_t column,
                  const char *text);

/* As findings_add with an error; "FILE:LINE:COLUMN: " at the head of its text becomes the finding's place. */
void findings_add_error(struct findings *findings, const char *file, const struct devsec_error *error);

void findings_free(struct findings *findings);

/*
 * Every finding in a settings document of this text: what document_parse refuses, one entry after the other, and, if
 * nothing, what the rules refuse (placed where the settings involved stand). `*document` is the parsed document, NULL
 * when it is not valid; the caller frees it. DEVSEC_ERR_MEMORY and _INTERNAL only.
 */
enum devsec_err findings_of_document(struct findings *findings, const char *file, const char *text, size_t length,
                                     const struct store_rules *rules, struct document **document,
                                     struct devsec_error *error);

/* Writes the findings in the format asked for; a last line says how many, unless quiet. */
enum cli_exit findings_show(const struct cli *cli, const struct findings *findings);

#endif
