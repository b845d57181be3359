/* SPDX-License-Identifier: Apache-2.0 */
/* What the dispatcher's parts share: the table of leaves, reading, SET. */
#ifndef DEVSEC_SUBAGENT_DISPATCH_PRIVATE_H
#define DEVSEC_SUBAGENT_DISPATCH_PRIVATE_H

#include "binding.h"
#include "dispatch.h"

/* A scalar or a column: something that has instances. A scalar is a table of one row with the index 0. */
struct leaf {
    const struct mib_object *object;
    int id;                            /* enum mib_id */
    int setting;                       /* enum setting_id, or -1 */
    const struct binding *binding;     /* NULL for settings */
    const struct table_binding *table; /* NULL for scalars */
    oid name[MAX_OID_LEN];             /* absolute, without the instance */
    size_t name_len;
};

/* Where a SET stands (RFC 2741, 7.2.4.1; the states of its figure). */
enum set_phase {
    SET_IDLE,
    SET_TESTED,
    SET_COMMITTED,
    SET_UNDONE,
};

/* A write that is no setting: devsecSetSerialNo, devsecRestart. */
struct set_action {
    const struct leaf *leaf;
    int64_t value;
};

/* The rows that a SET names, one request each, by table and index. */
struct row_set {
    struct row_request **list;
    size_t count;
    size_t room;
};

/* What a SET comes to: all that TestSet makes and the later phases need. */
struct set_plan {
    struct transaction *txn;
    bool for_store; /* there is something for the store, and not actions or rows in memory alone */
    struct set_action *actions;
    size_t n_actions;
    struct row_set rows;
};

struct set_state {
    enum set_phase phase;
    long sessid;
    long transid;
    struct set_plan plan;
};

struct dispatch {
    struct agent *agent;
    struct leaf *leaves; /* in OID order */
    size_t n_leaves;
    struct set_state set;
};

/* Where a SET's fault lies. */
struct set_blame {
    const struct leaf *leaf; /* whose name goes before the reason; NULL: it is about no object */
    long index;              /* of the varbind, from 1 */
};

/* A place in the answer of one request: which leaf and which of its rows. */
struct instance {
    const struct leaf *leaf;
    size_t row;
};

/* How a name relates to the instances there are. */
enum lookup {
    LOOKUP_FOUND,
    LOOKUP_NO_OBJECT,   /* no leaf is a prefix of the name */
    LOOKUP_NO_INSTANCE, /* a leaf is, and has no such instance; instance->leaf says which */
    LOOKUP_LACKING,     /* the row is there, without this column (struct binding, `lacks`) */
};

enum lookup dispatch_find(const struct dispatch *dispatch, const oid *name, size_t length, struct instance *instance);

/* The first instance behind `name`, or at it if `include`; false if there is none. */
bool dispatch_seek(const struct dispatch *dispatch, const oid *name, size_t length, bool include,
                   struct instance *instance);

/* Moves on to the instance that comes next in OID order; false if there is none. */
bool dispatch_step(const struct dispatch *dispatch, struct instance *instance);

/* Writes the whole name of an instance (room for MAX_OID_LEN); returns its length. */
size_t dispatch_instance_name(const struct dispatch *dispatch, const struct instance *instance, oid *name);

/* Puts the instance's value into `var`, whose name is left alone; false if there is none, or no memory. */
bool dispatch_value(const struct dispatch *dispatch, const struct instance *instance, netsnmp_variable_list *var);

/* The answers to Get, GetNext and GetBulk: values into `response`; an SNMP error status, its index in *index. */
int get_answer(const struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index);
int get_answer_next(const struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index);
int get_answer_bulk(const struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index);

/* The answers to TestSet, CommitSet, UndoSet and CleanupSet: an SNMP error status, its index in *index. */
int set_test(struct dispatch *dispatch, const netsnmp_pdu *request, long *index);
int set_commit(struct dispatch *dispatch, const netsnmp_pdu *request, long *index);
int set_undo(struct dispatch *dispatch, const netsnmp_pdu *request, long *index);
void set_cleanup(struct dispatch *dispatch, const netsnmp_pdu *request);

/*
 * Judges a TestSet as a whole and fills `plan`, which must be zeroed and is the caller's to clear, also on failure;
 * `blame` is filled on failure. set_plan_clear leaves it zeroed and frees what the tables keep with their rows.
 */
enum devsec_err set_plan_make(struct set_plan *plan, struct dispatch *dispatch, const netsnmp_pdu *request,
                              struct set_blame *blame, struct devsec_error *error);
void set_plan_clear(struct set_plan *plan);

/*
 * Files a cell, whose values it takes (`*cell` is emptied), under the row that the varbind names: the row of `exists`,
 * or, if that is NULL, one that is not there. DEVSEC_ERR_NO_CREATION for an index that no row can ever have,
 * DEVSEC_ERR_INCONSISTENT for a column given twice with different values, DEVSEC_ERR_MEMORY.
 */
enum devsec_err row_set_add(struct row_set *rows, const struct leaf *leaf, const netsnmp_variable_list *var,
                            const struct instance *exists, struct row_cell *cell, struct devsec_error *error);
void row_set_clear(struct row_set *rows);
void row_cell_clear(struct row_cell *cell); /* cleanses; legal on a zeroed one, and again */

#endif
