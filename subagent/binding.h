/* SPDX-License-Identifier: Apache-2.0 */
/* Bindings: how each object that is not simply a setting is read and written. One const table a MIB group. */
#ifndef DEVSEC_SUBAGENT_BINDING_H
#define DEVSEC_SUBAGENT_BINDING_H

#include "agent.h"
#include "devsec_mib.h"
#include "syntax.h"

#include <stddef.h>

/*
 * A scalar or a column. Objects that are settings (setting_of_object) need none: their values come from the store's
 * current document and go into its transactions.
 *
 *   get     puts the value into `var`, whose name is already right; `row` is 0 for scalars and below the table's count
 *           otherwise. False: there is no value although there should be one, which answers genErr.
 *   test    for writable objects whose table has no test_row: may refuse a value that has the right syntax (RFC 3416,
 *           4.2.5, (10)).
 *   commit  makes it so, in CommitSet; cannot fail, because `test` has seen to it.
 *   undo    takes `commit` back.
 *   finish  what starts only once nothing can be undone any more (CleanupSet); may be NULL.
 *   lacks   for columns: whether the row has no instance of it as yet (RFC 2579, RowStatus: a column of a notReady row
 *           that was not set); may be NULL.
 */
struct binding {
    int object; /* enum mib_id */
    bool (*get)(const struct agent *agent, size_t row, netsnmp_variable_list *var);
    enum devsec_err (*test)(const struct agent *agent, int64_t value, struct devsec_error *error);
    void (*commit)(struct agent *agent, int64_t value);
    void (*undo)(struct agent *agent, int64_t value);
    void (*finish)(struct agent *agent, int64_t value);
    bool (*lacks)(const struct agent *agent, size_t row);
};

/* One column of a row that a SET names, its value already of the right syntax. */
struct row_cell {
    int object;            /* enum mib_id */
    long index;            /* of its varbind in the PDU, from 1 */
    struct value value;    /* numbers, texts, dates (seconds since 1970, UTC; 0 for zero length or all zero) */
    unsigned char *octets; /* of an OCTET STRING that is no text (syntax_is_octets), n_octets of them; else NULL */
    size_t n_octets;
};

#define BINDING_INDEX_MAX 64

/*
 * All that one SET asks of one row of a table whose rows can be written. A cell stands for each column that it names,
 * in the order of their varbinds; the request lives until the SET is over, and the row may be gone or another by then.
 */
struct row_request {
    const struct table_binding *table;
    oid index[BINDING_INDEX_MAX]; /* as many as the MIB's INDEX has objects, and in their ranges */
    size_t index_len;
    bool exists;
    size_t row; /* of the table, if it exists; good during TestSet alone */
    struct row_cell *cells;
    size_t n_cells; /* 1 at least */
    size_t guilty;  /* set by test_row when it fails: which cell is to blame; the first one otherwise */
    void *data;     /* the table's own, from test_row until free_row */
};

/* The cell of a column, NULL if the SET does not name it. */
const struct row_cell *row_request_cell(const struct row_request *request, int object);

/* A table: how many rows there are and the index of each, ascending. Rows do not change while one PDU is answered. */
struct table_binding {
    int entry; /* enum mib_id */
    size_t (*count)(const struct agent *agent);
    /* Writes the sub-identifiers of the row's index to `index` (room for BINDING_INDEX_MAX) and returns how many. */
    size_t (*index)(const struct agent *agent, size_t row, oid *index);
    /*
     * For tables with writable columns, which then need no test, commit and undo of their own in struct binding. Rows
     * come in the order of tables and indexes, not in that of the PDU, and back to front for undo_row.
     *   test_row    TestSet: judges the row as the SET would leave it and puts what is to be kept into `txn`, which is
     *               committed, undone and finished with the SET; may keep something in request->data. Called once a row
     *               and PDU, after all settings were put. DEVSEC_ERR_INCONSISTENT_NAME for a row that cannot be made
     *               now, DEVSEC_ERR_NO_CREATION for one that never can (of columns that are read-write rather than
     *               read-create the dispatcher sees to that).
     *   commit_row, undo_row, finish_row   as in struct binding, for what is not in the store; each may be NULL.
     *   free_row    frees request->data, whatever became of the SET; may be NULL. Called once for each request, also
     *               where test_row failed or was never called (data is NULL then).
     */
    enum devsec_err (*test_row)(struct agent *agent, struct transaction *txn, struct row_request *request,
                                struct devsec_error *error);
    void (*commit_row)(struct agent *agent, struct row_request *request);
    void (*undo_row)(struct agent *agent, struct row_request *request);
    void (*finish_row)(struct agent *agent, struct row_request *request);
    void (*free_row)(struct row_request *request);
    /* Enum table_id + 1 of the table of the settings document that test_row puts its rows into, which is also what a
     * store_fault's involved_tables means; 0 for rows that are not in the store: a SET of such rows alone writes none.
     */
    int store_table;
    /* Writes the key that the row has there (room for STORE_FAULT_KEY_MAX), to tell it from others of the request where
     * a store_fault names rows; NULL: it is not told. */
    void (*store_key)(const struct row_request *request, char *to);
};

struct binding_group {
    const struct binding *bindings;
    size_t n_bindings;
    const struct table_binding *tables;
    size_t n_tables;
};

/* One a file, group_*.c. */
extern const struct binding_group group_system;
extern const struct binding_group group_snmp;
extern const struct binding_group group_tls;
extern const struct binding_group group_pki_cert;
extern const struct binding_group group_pki_trust;
extern const struct binding_group group_pki_pem;
extern const struct binding_group group_notify;
extern const struct binding_group group_pki_job;
extern const struct binding_group group_pki_upload;
extern const struct binding_group group_pki_usage;

/* All of them. */
extern const struct binding_group *const binding_groups[];
extern const size_t binding_group_count;

#endif
