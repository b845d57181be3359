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

struct set_state {
    enum set_phase phase;
    long sessid;
    long transid;
    struct transaction *txn;
    bool has_settings; /* something for the store, and not actions alone */
    struct set_action *actions;
    size_t n_actions;
};

struct dispatch {
    struct agent *agent;
    struct leaf *leaves; /* in OID order */
    size_t n_leaves;
    struct set_state set;
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

#endif
