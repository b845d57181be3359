/* SPDX-License-Identifier: Apache-2.0 */
/* The dispatcher: the table of leaves, how names are found in it, and who answers which request. */
#include "dispatch_private.h"
#include "guard/agentx.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

size_t dispatch_oid(const uint32_t *below, size_t count, oid *to)
{
    size_t length = 0;

    for (size_t i = 0; i < mib_root_len; i++)
        to[length++] = mib_root[i];
    for (size_t i = 0; i < count; i++)
        to[length++] = below[i];
    return length;
}

static const struct binding *find_binding(int object)
{
    for (size_t g = 0; g < binding_group_count; g++) {
        for (size_t i = 0; i < binding_groups[g]->n_bindings; i++) {
            if (binding_groups[g]->bindings[i].object == object)
                return &binding_groups[g]->bindings[i];
        }
    }
    return NULL;
}

static const struct table_binding *find_table(int entry)
{
    for (size_t g = 0; g < binding_group_count; g++) {
        for (size_t i = 0; i < binding_groups[g]->n_tables; i++) {
            if (binding_groups[g]->tables[i].entry == entry)
                return &binding_groups[g]->tables[i];
        }
    }
    return NULL;
}

static bool has_instances(const struct mib_object *object)
{
    return (object->kind == MIB_KIND_SCALAR || object->kind == MIB_KIND_COLUMN) && object->access != MIB_ACCESS_NONE &&
           object->access != MIB_ACCESS_FOR_NOTIFY;
}

/* A row that a SET may make is checked against its INDEX, each object of which has to be a number: one sub-identifier.
 */
static enum devsec_err check_index_objects(const struct mib_object *object, struct devsec_error *error)
{
    const struct mib_object *entry = &mib_objects[object->entry];

    for (size_t i = 0; i < entry->n_index; i++) {
        const struct mib_object *index = &mib_objects[entry->index[i]];

        if (index->base != MIB_BASE_INTEGER && index->base != MIB_BASE_UNSIGNED)
            return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s is writable and its row's index %s is no number",
                               object->name, index->name);
    }
    if (entry->n_index > BINDING_INDEX_MAX)
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s has an index of too many objects", entry->name);
    return DEVSEC_OK;
}

static enum devsec_err check_bindings(const struct leaf *leaf, struct devsec_error *error)
{
    const struct mib_object *object = leaf->object;
    const struct binding *binding = leaf->binding;
    const bool writable = object->access >= MIB_ACCESS_READ_WRITE;

    if (object->kind == MIB_KIND_COLUMN && !leaf->table)
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s stands in a table that has no binding", object->name);
    if (leaf->setting >= 0)
        return DEVSEC_OK;
    if (!binding || !binding->get)
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s has no binding to read it", object->name);
    if (writable && leaf->table && leaf->table->test_row)
        return check_index_objects(object, error);
    if (writable && (!binding->test || !binding->commit || !binding->undo))
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s is writable and has no binding to write it", object->name);
    return DEVSEC_OK;
}

static enum devsec_err leaf_init(struct leaf *leaf, int id, struct devsec_error *error)
{
    const struct mib_object *object = &mib_objects[id];

    leaf->object = object;
    leaf->id = id;
    leaf->setting = setting_of_object(id);
    leaf->binding = leaf->setting < 0 ? find_binding(id) : NULL;
    leaf->table = object->kind == MIB_KIND_COLUMN ? find_table(object->entry) : NULL;
    leaf->name_len = dispatch_oid(object->oid, object->oid_len, leaf->name);
    return check_bindings(leaf, error);
}

enum devsec_err dispatch_new(struct dispatch **out, struct agent *agent, struct devsec_error *error)
{
    struct dispatch *dispatch = calloc(1, sizeof(*dispatch));
    enum devsec_err err = DEVSEC_OK;

    if (!dispatch)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    dispatch->agent = agent;
    dispatch->leaves = calloc(mib_object_count, sizeof(*dispatch->leaves));
    if (!dispatch->leaves) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < mib_object_count && !err; i++) {
        if (has_instances(&mib_objects[i]))
            err = leaf_init(&dispatch->leaves[dispatch->n_leaves++], (int)i, error);
    }
out:
    if (err) {
        dispatch_free(dispatch);
        return err;
    }
    *out = dispatch;
    return DEVSEC_OK;
}

void dispatch_free(struct dispatch *dispatch)
{
    if (!dispatch)
        return;
    dispatch_abandon(dispatch);
    free(dispatch->leaves);
    free(dispatch);
}

/* ---- instances ---- */

static size_t leaf_rows(const struct dispatch *dispatch, const struct leaf *leaf)
{
    return leaf->table ? leaf->table->count(dispatch->agent) : 1;
}

size_t dispatch_instance_name(const struct dispatch *dispatch, const struct instance *instance, oid *name)
{
    const struct leaf *leaf = instance->leaf;

    memcpy(name, leaf->name, leaf->name_len * sizeof(oid));
    if (leaf->table)
        return leaf->name_len + leaf->table->index(dispatch->agent, instance->row, name + leaf->name_len);
    name[leaf->name_len] = 0;
    return leaf->name_len + 1;
}

/* Whether the row is there, and not this column of it. */
static bool is_lacking(const struct dispatch *dispatch, const struct instance *instance)
{
    const struct binding *binding = instance->leaf->binding;

    return binding && binding->lacks && binding->lacks(dispatch->agent, instance->row);
}

/* The first row of the leaf whose name is behind `name` (or is it, if `include`); the count of rows if there is none.
 */
static size_t first_row(const struct dispatch *dispatch, const struct leaf *leaf, const oid *name, size_t length,
                        bool include)
{
    size_t low = 0;
    size_t high = leaf_rows(dispatch, leaf);
    oid have[MAX_OID_LEN];

    while (low < high) {
        struct instance middle = {leaf, low + (high - low) / 2};
        size_t have_len = dispatch_instance_name(dispatch, &middle, have);
        int order = snmp_oid_compare(have, have_len, name, length);

        if (order > 0 || (order == 0 && include))
            high = middle.row;
        else
            low = middle.row + 1;
    }
    return low;
}

/* The index of the first leaf that can have an instance at or behind `name`. */
static size_t first_leaf(const struct dispatch *dispatch, const oid *name, size_t length)
{
    size_t low = 0;
    size_t high = dispatch->n_leaves;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct leaf *leaf = &dispatch->leaves[middle];

        /* A leaf before the name is still of interest while it is a prefix of it. */
        if (snmp_oid_ncompare(leaf->name, leaf->name_len, name, length, leaf->name_len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum lookup dispatch_find(const struct dispatch *dispatch, const oid *name, size_t length, struct instance *instance)
{
    size_t i = first_leaf(dispatch, name, length);
    oid have[MAX_OID_LEN];
    size_t have_len;

    if (i == dispatch->n_leaves || length < dispatch->leaves[i].name_len ||
        snmp_oid_ncompare(dispatch->leaves[i].name, dispatch->leaves[i].name_len, name, length,
                          dispatch->leaves[i].name_len) != 0)
        return LOOKUP_NO_OBJECT;
    instance->leaf = &dispatch->leaves[i];
    instance->row = first_row(dispatch, instance->leaf, name, length, true);
    if (instance->row == leaf_rows(dispatch, instance->leaf))
        return LOOKUP_NO_INSTANCE;
    have_len = dispatch_instance_name(dispatch, instance, have);
    if (snmp_oid_compare(have, have_len, name, length) != 0)
        return LOOKUP_NO_INSTANCE;
    return is_lacking(dispatch, instance) ? LOOKUP_LACKING : LOOKUP_FOUND;
}

/* The first row of the leaves from index `i` on. */
static bool first_of(const struct dispatch *dispatch, size_t i, struct instance *instance)
{
    while (i < dispatch->n_leaves && leaf_rows(dispatch, &dispatch->leaves[i]) == 0)
        i++;
    if (i == dispatch->n_leaves)
        return false;
    *instance = (struct instance){&dispatch->leaves[i], 0};
    return true;
}

bool dispatch_step(const struct dispatch *dispatch, struct instance *instance)
{
    do {
        if (instance->row + 1 < leaf_rows(dispatch, instance->leaf))
            instance->row++;
        else if (!first_of(dispatch, (size_t)(instance->leaf - dispatch->leaves) + 1, instance))
            return false;
    } while (is_lacking(dispatch, instance));
    return true;
}

bool dispatch_seek(const struct dispatch *dispatch, const oid *name, size_t length, bool include,
                   struct instance *instance)
{
    const size_t i = first_leaf(dispatch, name, length);

    if (i == dispatch->n_leaves)
        return false;
    instance->leaf = &dispatch->leaves[i];
    instance->row = first_row(dispatch, instance->leaf, name, length, include);
    if (instance->row == leaf_rows(dispatch, instance->leaf) && !first_of(dispatch, i + 1, instance))
        return false;
    return !is_lacking(dispatch, instance) || dispatch_step(dispatch, instance);
}

bool dispatch_value(const struct dispatch *dispatch, const struct instance *instance, netsnmp_variable_list *var)
{
    const struct leaf *leaf = instance->leaf;

    if (leaf->setting >= 0)
        return syntax_to_varbind(leaf->object, &store_current(dispatch->agent->store)->values[leaf->setting], var);
    return leaf->binding->get(dispatch->agent, instance->row, var);
}

bool dispatch_read(const struct dispatch *dispatch, int object, size_t row, netsnmp_variable_list *var)
{
    oid name[MAX_OID_LEN];
    struct instance instance = {NULL, row};

    for (size_t i = 0; i < dispatch->n_leaves && !instance.leaf; i++) {
        if (dispatch->leaves[i].id == object)
            instance.leaf = &dispatch->leaves[i];
    }
    if (!instance.leaf || row >= leaf_rows(dispatch, instance.leaf) || is_lacking(dispatch, &instance))
        return false;
    return snmp_set_var_objid(var, name, dispatch_instance_name(dispatch, &instance, name)) == 0 &&
           dispatch_value(dispatch, &instance, var);
}

/* ---- requests ---- */

static netsnmp_pdu *new_response(const netsnmp_pdu *request)
{
    netsnmp_pdu *response = snmp_pdu_create(AGENTX_RESPONSE);

    if (!response)
        return NULL;
    response->version = request->version;
    response->flags = request->flags & (u_long)AGENTX_FLAG_NETWORK_BYTE_ORDER;
    response->sessid = request->sessid;
    response->transid = request->transid;
    response->reqid = request->reqid;
    response->msgid = request->msgid;
    response->errstat = SNMP_ERR_NOERROR;
    response->errindex = 0;
    response->time = 0; /* res.sysUpTime: the master does not use it (RFC 2741, 7.2.5) */
    return response;
}

/* A SET's answers carry no varbinds back (RFC 2741, 7.2.4). */
static int answer_test(struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index)
{
    (void)response;
    return set_test(dispatch, request, index);
}

static int answer_commit(struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index)
{
    (void)response;
    return set_commit(dispatch, request, index);
}

static int answer_undo(struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index)
{
    (void)response;
    return set_undo(dispatch, request, index);
}

/* One row a request type: who reads, who writes. */
static const struct {
    int command;
    int (*read)(const struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index);
    int (*write)(struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index);
} answers[] = {
    {AGENTX_GET, get_answer, NULL},           {AGENTX_GET_NEXT, get_answer_next, NULL},
    {AGENTX_GET_BULK, get_answer_bulk, NULL}, {AGENTX_TEST_SET, NULL, answer_test},
    {AGENTX_COMMIT_SET, NULL, answer_commit}, {AGENTX_UNDO_SET, NULL, answer_undo},
};

bool dispatch_takes(int command)
{
    return command >= AGENTX_GET && command <= AGENTX_CLEANUP_SET;
}

netsnmp_pdu *dispatch_answer(struct dispatch *dispatch, const netsnmp_pdu *request)
{
    netsnmp_pdu *response;
    long index = 0;

    if (request->command == AGENTX_CLEANUP_SET) {
        set_cleanup(dispatch, request);
        return NULL;
    }
    response = new_response(request);
    if (!response) {
        log_error("agentx", "out of memory, a request stays without an answer");
        return NULL;
    }
    if (request->community_len) { /* net-snmp keeps AgentX's context there; we registered in the default one alone */
        response->errstat = AGENTX_ERROR_UNSUPPORTED_CONTEXT;
        return response;
    }
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (answers[i].command == request->command)
            response->errstat = answers[i].read ? answers[i].read(dispatch, request, response, &index)
                                                : answers[i].write(dispatch, request, response, &index);
    }
    if (response->errstat != SNMP_ERR_NOERROR) {
        response->errindex = index;
        snmp_free_varbind(response->variables); /* an error answers without values */
        response->variables = NULL;
    }
    return response;
}
