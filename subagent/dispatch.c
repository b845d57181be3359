/* SPDX-License-Identifier: Apache-2.0 */
/* The reading half of the dispatcher: the table of leaves, Get, GetNext, GetBulk (RFC 2741, 7.2.3). */
#include "agentx.h"
#include "dispatch_private.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* A GetBulk answer stops growing past this many octets of names and values, so that a page stays quick to make. */
#define BULK_OCTETS_MAX 60000

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

static enum devsec_err leaf_init(struct leaf *leaf, int id, struct devsec_error *error)
{
    const struct mib_object *object = &mib_objects[id];

    leaf->object = object;
    leaf->id = id;
    leaf->setting = setting_of_object(id);
    leaf->binding = leaf->setting < 0 ? find_binding(id) : NULL;
    leaf->name_len = dispatch_oid(object->oid, object->oid_len, leaf->name);
    if (leaf->setting < 0 && (!leaf->binding || !leaf->binding->get))
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s has no binding to read it", object->name);
    if (leaf->setting < 0 && object->access >= MIB_ACCESS_READ_WRITE &&
        (!leaf->binding->test || !leaf->binding->commit || !leaf->binding->undo))
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s is writable and has no binding to write it", object->name);
    if (object->kind == MIB_KIND_COLUMN) {
        leaf->table = find_table(object->entry);
        if (!leaf->table)
            return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s stands in a table that has no binding", object->name);
    }
    return DEVSEC_OK;
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

/* Writes the whole name of an instance; returns its length. */
static size_t instance_name(const struct dispatch *dispatch, const struct instance *instance, oid *name)
{
    const struct leaf *leaf = instance->leaf;

    memcpy(name, leaf->name, leaf->name_len * sizeof(oid));
    if (leaf->table)
        return leaf->name_len + leaf->table->index(dispatch->agent, instance->row, name + leaf->name_len);
    name[leaf->name_len] = 0;
    return leaf->name_len + 1;
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
        size_t have_len = instance_name(dispatch, &middle, have);
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
    have_len = instance_name(dispatch, instance, have);
    return snmp_oid_compare(have, have_len, name, length) == 0 ? LOOKUP_FOUND : LOOKUP_NO_INSTANCE;
}

/* "No end": the null OID (RFC 2741, 5.4), which net-snmp hands over as 0.0. */
static bool is_open_end(const oid *end, size_t length)
{
    return length == 0 || (length == 2 && end[0] == 0 && end[1] == 0);
}

/* The first instance behind `name` (or at it, if `include`) and before `end`, its name in *found. */
static bool find_next(const struct dispatch *dispatch, const oid *name, size_t length, bool include, const oid *end,
                      size_t end_len, struct instance *instance, oid *found, size_t *found_len)
{
    for (size_t i = first_leaf(dispatch, name, length); i < dispatch->n_leaves; i++) {
        instance->leaf = &dispatch->leaves[i];
        instance->row = first_row(dispatch, instance->leaf, name, length, include);
        if (instance->row == leaf_rows(dispatch, instance->leaf))
            continue;
        *found_len = instance_name(dispatch, instance, found);
        return is_open_end(end, end_len) || snmp_oid_compare(found, *found_len, end, end_len) < 0;
    }
    return false;
}

static bool read_instance(const struct dispatch *dispatch, const struct instance *instance, netsnmp_variable_list *var)
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
    if (!instance.leaf || row >= leaf_rows(dispatch, instance.leaf))
        return false;
    return snmp_set_var_objid(var, name, instance_name(dispatch, &instance, name)) == 0 &&
           read_instance(dispatch, &instance, var);
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

static int answer_get(const struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index)
{
    static const u_char exceptions[] = {
        [LOOKUP_NO_OBJECT] = SNMP_NOSUCHOBJECT,
        [LOOKUP_NO_INSTANCE] = SNMP_NOSUCHINSTANCE,
    };

    *index = 0;
    for (const netsnmp_variable_list *var = request->variables; var; var = var->next_variable) {
        struct instance instance;
        enum lookup lookup = dispatch_find(dispatch, var->name, var->name_length, &instance);
        netsnmp_variable_list *to =
            snmp_pdu_add_variable(response, var->name, var->name_length, exceptions[lookup], NULL, 0);

        ++*index;
        if (!to || (lookup == LOOKUP_FOUND && !read_instance(dispatch, &instance, to)))
            return SNMP_ERR_GENERR;
    }
    return SNMP_ERR_NOERROR;
}

/* One step of GetNext or GetBulk. `from` names the start; the range's end is in the request's varbind `range`. Appends
 * the found instance, or endOfMibView under the start's name (RFC 2741, 7.2.3.2). */
static netsnmp_variable_list *append_next(const struct dispatch *dispatch, netsnmp_pdu *response,
                                          const netsnmp_variable_list *from, bool include,
                                          const netsnmp_variable_list *range)
{
    struct instance instance;
    oid found[MAX_OID_LEN];
    size_t found_len;
    netsnmp_variable_list *to;

    if (!find_next(dispatch, from->name, from->name_length, include, range->val.objid, range->val_len / sizeof(oid),
                   &instance, found, &found_len))
        return snmp_pdu_add_variable(response, from->name, from->name_length, SNMP_ENDOFMIBVIEW, NULL, 0);
    to = snmp_pdu_add_variable(response, found, found_len, ASN_NULL, NULL, 0);
    return to && read_instance(dispatch, &instance, to) ? to : NULL;
}

static int answer_next(const struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index)
{
    *index = 0;
    for (const netsnmp_variable_list *var = request->variables; var; var = var->next_variable) {
        ++*index;
        if (!append_next(dispatch, response, var, var->type == ASN_PRIV_INCL_RANGE, var))
            return SNMP_ERR_GENERR;
    }
    return SNMP_ERR_NOERROR;
}

static size_t weight(const netsnmp_variable_list *var)
{
    return var->name_length * 4 + var->val_len + 24;
}

/* The repeaters of GetBulk: row by row, each going on where its last one ended, until the repetitions are used up,
 * every one is at its end, or the page is large enough (RFC 2741, 7.2.3.3). */
static int repeat(const struct dispatch *dispatch, const netsnmp_variable_list *ranges, long repetitions,
                  netsnmp_pdu *response)
{
    const netsnmp_variable_list *last = NULL; /* the previous repetition's first answer */
    size_t octets = 0;

    for (long n = 0; n < repetitions && octets < BULK_OCTETS_MAX; n++) {
        const netsnmp_variable_list *from = last;
        bool going = false;

        last = NULL;
        for (const netsnmp_variable_list *range = ranges; range; range = range->next_variable) {
            const netsnmp_variable_list *start = from ? from : range;
            bool include = !from && range->type == ASN_PRIV_INCL_RANGE;
            const netsnmp_variable_list *to = append_next(dispatch, response, start, include, range);

            if (!to)
                return SNMP_ERR_GENERR;
            if (!last)
                last = to;
            if (from)
                from = from->next_variable;
            going = going || to->type != SNMP_ENDOFMIBVIEW;
            octets += weight(to);
        }
        if (!going)
            break;
    }
    return SNMP_ERR_NOERROR;
}

static int answer_bulk(const struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index)
{
    const netsnmp_variable_list *var = request->variables;

    *index = 0;
    for (long n = 0; n < request->non_repeaters && var; n++, var = var->next_variable) {
        ++*index;
        if (!append_next(dispatch, response, var, var->type == ASN_PRIV_INCL_RANGE, var))
            return SNMP_ERR_GENERR;
    }
    ++*index;
    return var ? repeat(dispatch, var, request->max_repetitions, response) : SNMP_ERR_NOERROR;
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
    {AGENTX_GET, answer_get, NULL},           {AGENTX_GET_NEXT, answer_next, NULL},
    {AGENTX_GET_BULK, answer_bulk, NULL},     {AGENTX_TEST_SET, NULL, answer_test},
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
