/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GetBulk to devsecd. snmpd asks a subagent for each repetition of a GETBULK by itself, one AgentX GetNext and one
 * round trip a row. The handler here sits right above snmpd's AgentX handler and sends the whole page as one AgentX
 * GetBulk. What it does not understand it leaves to the handler below.
 *
 * How snmpd 5.9.3 wants a page filled in (snmp_agent.c, bulk_to_next.c): each request has a chain of empty varbinds,
 * requestvb is the one to be filled next, and `repeat` says how many are behind it. Whoever fills one moves requestvb
 * on and lowers `repeat`. What is left is a varbind of type ASN_PRIV_RETRY, upon which snmpd asks the same region again
 * from the name in it on, or of type ASN_NULL, upon which it goes on with the next region.
 *
 * snmpd checks only the first values of what a handler fills in by itself against the views of access control
 * (check_acm counts from what is left, not from what was filled), so each value is checked here, and one that is not in
 * view is stepped over, as a walk by GETNEXT does. That goes for the last repetition too, and so for every GETBULK:
 * where snmpd itself finds that one not in view it counts one repetition too many, and the next value ends up in
 * another column.
 */
#include "bulk.h"

#include "master.h"

#include "guard/agentx.h"

#include <stdlib.h>

#define BULK_HANDLER_NAME "devsec_bulk"

/* max_repetitions has 16 bits (RFC 2741, 6.2.7). */
#define BULK_REPETITIONS_MAX 65535

/* About the least that a varbind of a table takes in a message: more of them than fit are not worth asking for. */
#define BULK_VARBIND_OCTETS 32

/*
 * snmpd's own, exported by libnetsnmpmibs and declared in headers that it does not install: the handler of every
 * subagent's registration, and what it does when an answer, or none, arrives. Weak, so that an snmpd without them still
 * loads the guard; GETBULK then goes the long way.
 */
int agentx_master_handler(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                          netsnmp_agent_request_info *info, netsnmp_request_info *requests) __attribute__((weak));
int agentx_got_response(int operation, netsnmp_session *session, int reqid, netsnmp_pdu *pdu, void *magic)
    __attribute__((weak));

/* One request's part in a page: a search range of the AgentX PDU, and a column of its answer. */
struct bulk_column {
    netsnmp_request_info *request;
    bool ended;                        /* the range holds nothing more */
    bool full;                         /* no varbind is left to fill */
    unsigned placed;                   /* values filled in */
    const netsnmp_variable_list *last; /* received last, in view or not; NULL for none */
};

/*
 * A page that is asked for. It belongs to the SNMP request and is freed with it, by snmpd; what comes afterwards finds
 * no call under its number. Non-repeaters stand first among the columns, as in the AgentX PDU.
 */
struct bulk_call {
    struct bulk_call *next;
    uint32_t id;                               /* h.packetID (RFC 2741, 6.1), snmpd's reqid */
    char name[sizeof(BULK_HANDLER_NAME) + 11]; /* among the request's data; with the id, as names there are unique */
    bool ended;                                /* answered, given up, or not yet sent */
    netsnmp_agent_request_info *info;
    netsnmp_request_info *requests;
    netsnmp_session *session; /* of the subagent's connection */
    size_t n_columns;
    size_t n_single; /* non-repeaters */
    struct bulk_column columns[];
};

/* ---- calls ---- */

/* Called by snmpd when the SNMP request that the call belongs to is freed. */
static void bulk_call_free(void *data)
{
    struct bulk_call *call = data;
    struct bulk_call **place = &master_state()->bulk.calls;

    while (*place && *place != call)
        place = &(*place)->next;
    if (*place)
        *place = call->next;
    free(call);
}

static struct bulk_call *bulk_call_find(uint32_t id)
{
    struct bulk_call *call = master_state()->bulk.calls;

    while (call && call->id != id)
        call = call->next;
    return call && !call->ended ? call : NULL;
}

static void bulk_call_add_columns(struct bulk_call *call, bool repeating)
{
    for (netsnmp_request_info *request = call->requests; request; request = request->next) {
        if ((request->repeat > 0) == repeating)
            call->columns[call->n_columns++].request = request;
    }
}

/* Frees the call before the request ends. */
static void bulk_call_end(const struct bulk_call *call)
{
    netsnmp_remove_list_node(&call->info->agent_data, call->name);
}

/* A request that takes many pages keeps the last one only: as long as there is one, bulk_on_unregister knows of it. */
static void bulk_call_end_answered(const netsnmp_agent_request_info *info)
{
    struct bulk_call *next;

    for (struct bulk_call *call = master_state()->bulk.calls; call; call = next) {
        next = call->next;
        if (call->info == info && call->ended)
            bulk_call_end(call);
    }
}

/* NULL when out of memory. */
static struct bulk_call *bulk_call_new(netsnmp_agent_request_info *info, netsnmp_request_info *requests,
                                       netsnmp_session *session)
{
    struct bulk *bulk = &master_state()->bulk;
    struct bulk_call *call;
    netsnmp_data_list *node;
    size_t count = 0;

    bulk_call_end_answered(info);
    for (const netsnmp_request_info *request = requests; request; request = request->next)
        count++;
    call = calloc(1, sizeof(*call) + count * sizeof(call->columns[0]));
    if (!call)
        return NULL;
    call->id = (uint32_t)snmp_get_next_transid();
    snprintf(call->name, sizeof(call->name), BULK_HANDLER_NAME "%u", (unsigned)call->id);
    node = netsnmp_create_data_list(call->name, call, bulk_call_free);
    if (!node) {
        free(call);
        return NULL;
    }
    call->info = info;
    call->requests = requests;
    call->session = session;
    bulk_call_add_columns(call, false);
    call->n_single = call->n_columns;
    bulk_call_add_columns(call, true);
    call->next = bulk->calls;
    bulk->calls = call;
    netsnmp_agent_add_list_data(info, node);
    return call;
}

static void bulk_mark(const struct bulk_call *call, int delegated)
{
    for (size_t i = 0; i < call->n_columns; i++)
        call->columns[i].request->delegated = delegated;
}

/* ---- the question ---- */

/* How many rows to ask for: what the request that wants most wants, and not many more than its message holds. */
static long bulk_repetitions(const struct bulk_call *call)
{
    const size_t row = (call->n_columns - call->n_single) * BULK_VARBIND_OCTETS;
    const long fit = row > 0 ? (long)((size_t)call->info->asp->pdu->msgMaxSize / row) + 1 : 0;
    long wanted = 0;

    for (size_t i = call->n_single; i < call->n_columns; i++) {
        if (call->columns[i].request->repeat >= wanted)
            wanted = call->columns[i].request->repeat + 1;
    }
    if (wanted > fit)
        wanted = fit;
    return wanted < BULK_REPETITIONS_MAX ? wanted : BULK_REPETITIONS_MAX;
}

/* The search range of one request (RFC 2741, 5.2). A start before the region means the region's first name. */
static bool bulk_add_range(netsnmp_pdu *pdu, netsnmp_request_info *request)
{
    const netsnmp_variable_list *var = request->requestvb;
    const netsnmp_subtree *region = request->subtree;
    const bool before = snmp_oid_compare(var->name, var->name_length, region->start_a, region->start_len) < 0;
    const bool include = before || request->inclusive;

    request->inclusive = include;
    return snmp_pdu_add_variable(pdu, before ? region->start_a : var->name,
                                 before ? region->start_len : var->name_length,
                                 include ? ASN_PRIV_INCL_RANGE : ASN_PRIV_EXCL_RANGE, request->range_end,
                                 request->range_end_len * sizeof(oid)) != NULL;
}

/* NULL when out of memory. */
static netsnmp_pdu *bulk_pdu(const struct bulk_call *call, const netsnmp_handler_registration *registration)
{
    const netsnmp_session *subagent = call->requests->subtree->session;
    netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_GET_BULK);

    if (!pdu)
        return NULL;
    pdu->version = AGENTX_VERSION;
    pdu->reqid = (long)call->id;
    pdu->transid = call->info->asp->pdu->transid;
    pdu->sessid = subagent->sessid;
    pdu->non_repeaters = (long)call->n_single;
    pdu->max_repetitions = bulk_repetitions(call);
    pdu->flags |= subagent->flags & (u_long)AGENTX_FLAG_NETWORK_BYTE_ORDER;
    if (registration->contextName) {
        pdu->community = (u_char *)strdup(registration->contextName);
        if (!pdu->community)
            goto out;
        pdu->community_len = strlen(registration->contextName);
        pdu->flags |= (u_long)AGENTX_FLAG_NON_DEFAULT_CONTEXT;
    }
    for (size_t i = 0; i < call->n_columns; i++) {
        if (!bulk_add_range(pdu, call->columns[i].request))
            goto out;
    }
    return pdu;
out:
    snmp_free_pdu(pdu);
    return NULL;
}

/* ---- the answer ---- */

/* A value that the subagent may have given: behind what came before it, and before the end of the range. */
static bool bulk_in_order(const struct bulk_column *column, const netsnmp_variable_list *var)
{
    const netsnmp_request_info *request = column->request;
    const netsnmp_variable_list *before = column->last ? column->last : request->requestvb;
    const int order = snmp_oid_compare(var->name, var->name_length, before->name, before->name_length);

    return (order > 0 || (order == 0 && !column->last && request->inclusive)) &&
           snmp_oid_compare(var->name, var->name_length, request->range_end, request->range_end_len) < 0;
}

/* Moves on to the request's next varbind; false if there is none. */
static bool bulk_advance(netsnmp_request_info *request)
{
    if (request->repeat <= 0 || !request->requestvb->next_variable)
        return false;
    request->repeat--;
    request->requestvb = request->requestvb->next_variable;
    return true;
}

static bool bulk_place(struct bulk_column *column, const netsnmp_variable_list *var)
{
    netsnmp_request_info *request = column->request;

    if (column->placed > 0 && !bulk_advance(request)) {
        column->full = true;
        return true;
    }
    column->placed++;
    return snmp_set_var_typed_value(request->requestvb, var->type, var->val.string, var->val_len) == 0 &&
           snmp_set_var_objid(request->requestvb, var->name, var->name_length) == 0;
}

/* Takes one value of the answer; false if it cannot be, or memory ran out. */
static bool bulk_take(const struct bulk_call *call, struct bulk_column *column, netsnmp_variable_list *var)
{
    if (column->full || column->ended)
        return true;
    if (var->type == SNMP_ENDOFMIBVIEW) {
        column->ended = true;
        return true;
    }
    if (!bulk_in_order(column, var))
        return false;
    column->last = var;
    if (in_a_view(var->name, &var->name_length, call->info->asp->pdu, var->type) != VACM_SUCCESS)
        return true;
    return bulk_place(column, var);
}

/* Leaves the request as snmpd wants it: where to go on, and whether in this region. */
static bool bulk_settle(struct bulk_column *column)
{
    netsnmp_request_info *request = column->request;
    const netsnmp_variable_list *last = column->last;

    request->inclusive = 0;
    if (column->full || (column->placed > 0 && !bulk_advance(request)))
        return true;
    snmp_set_var_typed_value(request->requestvb, column->ended ? ASN_NULL : ASN_PRIV_RETRY, NULL, 0);
    return !last || snmp_set_var_objid(request->requestvb, last->name, last->name_length) == 0;
}

/* The answer's varbinds: one for each non-repeater, then whole rows of one for each repeater, at least one row. */
static bool bulk_fill(struct bulk_call *call, netsnmp_variable_list *var)
{
    size_t rows = 0;
    size_t i = 0;

    for (; i < call->n_single && var; i++, var = var->next_variable) {
        if (!bulk_take(call, &call->columns[i], var))
            return false;
    }
    for (; var && i == call->n_single && i < call->n_columns; rows++) {
        for (size_t c = call->n_single; c < call->n_columns; c++, var = var->next_variable) {
            if (!var || !bulk_take(call, &call->columns[c], var))
                return false;
        }
    }
    if (i < call->n_single || (rows == 0 && call->n_single < call->n_columns))
        return false;
    for (size_t c = 0; c < call->n_columns; c++) {
        if (!bulk_settle(&call->columns[c]))
            return false;
    }
    return true;
}

/* Fails the request at the varbind that the subagent names, or else at the first (RFC 2741, 7.2.5.2). */
static void bulk_fail(const struct bulk_call *call, const netsnmp_pdu *pdu)
{
    const long status = pdu->errstat > 0 && pdu->errstat <= SNMP_ERR_INCONSISTENTNAME ? pdu->errstat : SNMP_ERR_GENERR;
    const bool named = pdu->errindex > 0 && (size_t)pdu->errindex <= call->n_columns;

    netsnmp_set_request_error(call->info, call->columns[named ? (size_t)pdu->errindex - 1 : 0].request, (int)status);
}

/* A region that somebody has registered a part of since has another end, and its old one is freed. */
static void bulk_take_range_ends(const netsnmp_agent_session *asp)
{
    for (int i = 0; i < asp->vbcount; i++) {
        netsnmp_request_info *request = &asp->requests[i];

        if (!request->subtree)
            continue;
        request->range_end = request->subtree->end_a;
        request->range_end_len = request->subtree->end_len;
    }
}

static void bulk_receive(struct bulk_call *call, netsnmp_session *session, const netsnmp_pdu *pdu)
{
    call->ended = true;
    session->flags &= ~(u_long)(SNMP_FLAGS_STRIKE1 | SNMP_FLAGS_STRIKE2); /* it is alive */
    bulk_mark(call, REQUEST_IS_NOT_DELEGATED);
    bulk_take_range_ends(call->info->asp);
    if (pdu->errstat != SNMP_ERR_NOERROR) {
        bulk_fail(call, pdu);
    } else if (!bulk_fill(call, pdu->variables)) {
        snmp_log(LOG_ERR, MASTER_LOG_PREFIX "the answer to a GetBulk request is not one; its sender gets genErr\n");
        netsnmp_set_request_error(call->info, call->columns[0].request, SNMP_ERR_GENERR);
    }
}

/*
 * What snmpd does when a subagent does not answer: genErr, and the session is closed. Also when the question could not
 * be sent again: for that snmpd 5.9.3 closes the session first, which frees the requests, and then writes to them.
 */
static int bulk_give_up(struct bulk_call *call, netsnmp_session *session, int reqid, netsnmp_pdu *pdu)
{
    netsnmp_delegated_cache *cache =
        netsnmp_create_delegated_cache(NULL, NULL, call->info, call->requests, call->session);

    call->ended = true;
    return cache ? agentx_got_response(NETSNMP_CALLBACK_OP_TIMED_OUT, session, reqid, pdu, cache) : 0;
}

/* The callback of the AgentX request. Its call may be gone. */
static int bulk_on_response(int operation, netsnmp_session *session, int reqid, netsnmp_pdu *pdu, void *magic)
{
    struct bulk_call *call = bulk_call_find((uint32_t)reqid);

    (void)magic;
    if (!call)
        return 1;
    if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE) {
        bulk_receive(call, session, pdu);
        return 1;
    }
    return operation == NETSNMP_CALLBACK_OP_RESEND ? 0 : bulk_give_up(call, session, reqid, pdu);
}

/* ---- regions that go ---- */

/* `wanted` may be freed: only its address is looked at. */
static bool bulk_is_registered(const netsnmp_subtree *wanted, const char *context)
{
    for (const netsnmp_subtree *region = netsnmp_subtree_find_first(context); region; region = region->next) {
        for (const netsnmp_subtree *layer = region; layer; layer = layer->children) {
            if (layer == wanted)
                return true;
        }
    }
    return false;
}

/*
 * Whether a region is gone that a request is in, or was in when it was answered: the others may still be waited for.
 * What was in it fails, and points to a region that is there.
 */
static bool bulk_drop_regions(const netsnmp_agent_session *asp)
{
    const char *context = asp->pdu->contextName;
    bool dropped = false;

    for (int i = 0; i < asp->vbcount; i++) {
        netsnmp_request_info *request = &asp->requests[i];

        if (!request->subtree || bulk_is_registered(request->subtree, context))
            continue;
        request->subtree = netsnmp_subtree_find_first(context);
        netsnmp_set_request_error(asp->reqinfo, request, SNMP_ERR_GENERR);
        dropped = true;
    }
    return dropped;
}

void bulk_on_unregister(void)
{
    for (const struct bulk_call *call = master_state()->bulk.calls; call; call = call->next) {
        if (bulk_drop_regions(call->info->asp))
            call->info->asp->flags |= SNMP_AGENT_FLAGS_CANCEL_IN_PROGRESS;
    }
}

/* ---- the handler ---- */

static int bulk_handler(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                        netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    netsnmp_session *subagent = requests->subtree ? requests->subtree->session : NULL;
    struct bulk_call *call = NULL;
    netsnmp_pdu *pdu;

    if (info->mode == MODE_GETBULK && subagent && subagent->subsession)
        call = bulk_call_new(info, requests, subagent->subsession);
    pdu = call ? bulk_pdu(call, registration) : NULL;
    if (call && !pdu)
        bulk_call_end(call);
    if (!pdu)
        return netsnmp_call_next_handler(handler, registration, info, requests);

    bulk_mark(call, REQUEST_IS_DELEGATED);
    call->ended = true; /* a failure to send is told twice; we go by the result */
    if (snmp_async_send(call->session, pdu, bulk_on_response, NULL)) {
        call->ended = false;
        return SNMP_ERR_NOERROR;
    }
    snmp_free_pdu(pdu);
    bulk_mark(call, REQUEST_IS_NOT_DELEGATED);
    bulk_call_end(call);
    netsnmp_set_request_error(info, requests, SNMP_ERR_GENERR);
    return SNMP_ERR_NOERROR;
}

/*
 * Whether the subagent behind a session is devsecd: the process at its end of the AgentX connection is one that has
 * come to the guard. So the guard must be announced, and devsecd connects to it before it registers.
 */
static bool bulk_knows(const netsnmp_session *subagent)
{
    netsnmp_transport *transport =
        subagent->subsession ? snmp_sess_transport(snmp_sess_pointer(subagent->subsession)) : NULL;

    return transport && announcer_knows_peer(&master_state()->announcer, transport->sock);
}

void bulk_cover_region(netsnmp_subtree *region)
{
    netsnmp_mib_handler *bottom = NULL;
    netsnmp_mib_handler *bulk;

    if (!agentx_master_handler || !agentx_got_response || !region->session)
        return;
    for (netsnmp_mib_handler *handler = region->reginfo->handler; handler; handler = handler->next) {
        if (handler->access_method == bulk_handler)
            return;
        if (handler->access_method == agentx_master_handler)
            bottom = handler;
    }
    if (!bottom || !bulk_knows(region->session))
        return;
    bulk = netsnmp_create_handler(BULK_HANDLER_NAME, bulk_handler);
    if (bulk && netsnmp_inject_handler_before(region->reginfo, bulk, bottom->handler_name) == SNMPERR_SUCCESS)
        return;
    netsnmp_handler_free(bulk);
    snmp_log(LOG_WARNING, MASTER_LOG_PREFIX "cannot put GetBulk before \"%s\": tables are read a row at a time\n",
             bottom->handler_name);
}
