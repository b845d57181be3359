/* SPDX-License-Identifier: Apache-2.0 */
/* A value and what it has to be like, wherever it stands: what settings and the columns of tables have in common. */
#ifndef DEVSEC_STORE_TYPED_H
#define DEVSEC_STORE_TYPED_H

#include "base/error.h"
#include "store/schema.h"
#include "store/table.h"

#include <stdbool.h>
#include <stddef.h>

/* What a value has to be like. All pointers are borrowed. */
struct typed {
    const char *name;                /* begins every sentence: "tls.versions", "administrators[2].role" */
    const struct mib_object *object; /* type, limits and labels; NULL for a text of `text_max` octets at most */
    size_t text_max;                 /* without an object */
    const char *const *words;        /* without an object: the texts that are allowed, NULL behind them; NULL: any */
    bool sealed;                     /* without an object: only what seal() made */
    bool secret;                     /* never shown in a sentence */
    bool optional;                   /* the empty text, and the number 0, need not be what the rest asks for */
    /* A rule about the value alone, after type and range passed; NULL if none. */
    enum devsec_err (*check)(const struct value *value, struct devsec_error *error);
};

/* What a setting has to be like. */
struct typed setting_typed(enum setting_id id);

/* What a column has to be like, in sentences that begin with `name` (borrowed). */
struct typed column_typed(enum table_id id, size_t column, const char *name);

/* Whether the value is in `text`. */
bool typed_is_text(const struct typed *typed);

/* As setting_expected, setting_refuse, value_check, value_parse, value_format and value_equal. */
void typed_expected(const struct typed *typed, char *to, size_t room);
enum devsec_err typed_refuse(const struct typed *typed, enum devsec_err code, const char *found, const char *word,
                             struct devsec_error *error);
enum devsec_err typed_check(const struct typed *typed, const struct value *value, struct devsec_error *error);
enum devsec_err typed_parse(const struct typed *typed, const char *text, struct value *value,
                            struct devsec_error *error);
char *typed_format(const struct typed *typed, const struct value *value);
bool typed_equal(const struct typed *typed, const struct value *a, const struct value *b);

#endif
