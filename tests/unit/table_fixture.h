/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of administrators for the tests of tables. */
#ifndef DEVSEC_TESTS_UNIT_TABLE_FIXTURE_H
#define DEVSEC_TESTS_UNIT_TABLE_FIXTURE_H

#include "devsec_mib.h"
#include "store/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Of the form of sealed texts, that is all: no key ever opened them. */
#define KEYS_A "sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEYS_B "sealed1:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define ENGINE "80001f8804aabbccdd"

struct row_texts {
    const char *name;
    int64_t role;
    const char *auth;
    const char *priv;
    const char *engine;
    const char *keys;
};

/* The caller frees it. */
static inline struct value *row_of(const struct row_texts *from)
{
    struct value *row = row_new(TABLE_ADMINISTRATORS);

    assert_non_null(row);
    row[ADMINISTRATOR_ROLE].number = from->role;
    assert_int_equal(value_set_text(&row[ADMINISTRATOR_NAME], from->name, NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[ADMINISTRATOR_AUTH], from->auth ? from->auth : "", NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[ADMINISTRATOR_PRIV], from->priv ? from->priv : "", NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[ADMINISTRATOR_ENGINE], from->engine ? from->engine : "", NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[ADMINISTRATOR_KEYS], from->keys ? from->keys : "", NULL), DEVSEC_OK);
    return row;
}

/* A network administrator with a password. */
static inline struct value *row_named(const char *name, const char *keys)
{
    const struct row_texts texts = {name, MIB_devsecAdminRole_networkAdministrator, "SHA-256", "AES-128", NULL, keys};

    return row_of(&texts);
}

static inline const char *cell_text(const struct table *table, size_t row, enum administrator_column column)
{
    return value_text(&table->rows[row][column]);
}

#endif
