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
 *   test    for writable objects: may refuse a value that has the right syntax (RFC 3416, 4.2.5, (10)).
 *   commit  makes it so, in CommitSet; cannot fail, because `test` has seen to it.
 *   undo    takes `commit` back.
 *   finish  what starts only once nothing can be undone any more (CleanupSet); may be NULL.
 */
struct binding {
    int object; /* enum mib_id */
    bool (*get)(const struct agent *agent, size_t row, netsnmp_variable_list *var);
    enum devsec_err (*test)(const struct agent *agent, int64_t value, struct devsec_error *error);
    void (*commit)(struct agent *agent, int64_t value);
    void (*undo)(struct agent *agent, int64_t value);
    void (*finish)(struct agent *agent, int64_t value);
};

/* A table: how many rows there are and the index of each, ascending. Rows do not change while one PDU is answered. */
struct table_binding {
    int entry; /* enum mib_id */
    size_t (*count)(const struct agent *agent);
    /* Writes the sub-identifiers of the row's index to `index` (room for BINDING_INDEX_MAX) and returns how many. */
    size_t (*index)(const struct agent *agent, size_t row, oid *index);
};

#define BINDING_INDEX_MAX 64

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
extern const struct binding_group group_notify;

/* All of them. */
extern const struct binding_group *const binding_groups[];
extern const size_t binding_group_count;

#endif
