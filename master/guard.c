/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard: nothing below SNMPv3 authPriv gets at our subtree, whatever VACM says, and only what the policy admits
 * gets at the rest of the agent.
 *
 * The policy is asked when a request comes in, before any of its names are looked at: what it denies is dropped (SNMPv1
 * and v2c) or answered by authorizationError. SETs that come where reading is admitted are denied by name: noAccess.
 *
 * Our subtree has two layers, because neither is enough:
 * - Access control callbacks. snmpd asks them for the name of a GET or SET, and for each name that a GETNEXT or GETBULK
 *   has found. A denial becomes noSuchObject, noAccess, or a further search, one round trip to the subagent a row; and
 *   internal queries (UCD_MSG_FLAG_ALWAYS_IN_VIEW) are never put to them. A whole region cannot be denied there: the
 *   name that snmpd asks about is the common prefix of the region's first and last, which is the parent of our root.
 * - A handler on top of every registration concerned, which answers without asking the subagent: noSuchObject,
 *   noAccess, or nothing at all, upon which snmpd goes on in the next region.
 *
 * Both only ever add a denial.
 */
#include "master.h"

#include "devsec_mib.h"
#include "guard/agentx.h"

#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/agent/agent_registry.h>

#include <stdatomic.h>

#define GUARD_HANDLER_NAME "devsec_guard"

/* Why a request is denied, as the log has it. */
static const char guard_why_subtree[] = "this subtree wants SNMPv3 with authPriv";
static const char guard_why_policy[] = "the device's SNMP policy";
static const char guard_why_read_only[] = "the device's SNMP policy admits reading only";

static const oid guard_root[] = DEVSEC_MIB_ROOT;
#define GUARD_ROOT_LEN OID_LENGTH(guard_root)

/* What a request gets in each mode; in the others (GETNEXT, GETBULK, the end of a SET) it is left unanswered. */
static const struct {
    int mode;
    int error;
} guard_answers[] = {
    {MODE_GET, SNMP_NOSUCHOBJECT},
    {MODE_SET_RESERVE1, SNMP_ERR_NOACCESS},
    {MODE_SET_RESERVE2, SNMP_ERR_NOACCESS},
    {MODE_SET_ACTION, SNMP_ERR_NOACCESS},
};

bool guard_admits(const netsnmp_pdu *pdu)
{
    return pdu && pdu->version == SNMP_VERSION_3 && pdu->securityLevel == SNMP_SEC_LEVEL_AUTHPRIV;
}

static enum announce_denied guard_kind(const netsnmp_pdu *pdu)
{
    if (pdu->version == SNMP_VERSION_1 || pdu->version == SNMP_VERSION_2c)
        return ANNOUNCE_DENIED_V1V2C;
    if (pdu->version == SNMP_VERSION_3 && pdu->securityLevel == SNMP_SEC_LEVEL_AUTHNOPRIV)
        return ANNOUNCE_DENIED_AUTH_NO_PRIV;
    return ANNOUNCE_DENIED_NO_AUTH;
}

/* Counts and traces the PDU once, however many of its varbinds and however many layers deny it. */
static void guard_note(const netsnmp_pdu *pdu, const char *why)
{
    struct guard *guard = &master_state()->guard;

    if (!pdu)
        return;
    for (unsigned i = 0; i < GUARD_SEEN_MAX; i++) {
        if (pdu->transid != 0 && guard->seen[i] == pdu->transid)
            return;
    }
    guard->seen[guard->next_seen] = pdu->transid;
    guard->next_seen = (guard->next_seen + 1) % GUARD_SEEN_MAX;
    atomic_fetch_add_explicit(&guard->page->denied[guard_kind(pdu)], 1, memory_order_relaxed);
    trace_denied(&master_state()->trace, pdu, why);
}

static bool guard_name_in_root(const oid *name, size_t length)
{
    return name && length >= GUARD_ROOT_LEN &&
           snmp_oid_ncompare(name, length, guard_root, GUARD_ROOT_LEN, GUARD_ROOT_LEN) == 0;
}

/* Whether a name comes after everything in our subtree. */
static bool guard_name_behind_root(const oid *name, size_t length)
{
    return !guard_name_in_root(name, length) && snmp_oid_compare(name, length, guard_root, GUARD_ROOT_LEN) > 0;
}

static bool guard_region_overlaps_root(const netsnmp_subtree *region)
{
    return snmp_oid_compare(region->end_a, region->end_len, guard_root, GUARD_ROOT_LEN) > 0 &&
           !guard_name_behind_root(region->start_a, region->start_len);
}

/* A region's end is the first name that it does not hold. */
static bool guard_region_within_root(const netsnmp_subtree *region)
{
    oid behind[GUARD_ROOT_LEN];

    memcpy(behind, guard_root, sizeof(behind));
    behind[GUARD_ROOT_LEN - 1]++;
    return guard_name_in_root(region->start_a, region->start_len) &&
           snmp_oid_compare(region->end_a, region->end_len, behind, GUARD_ROOT_LEN) <= 0;
}

/*
 * Whether the handler has to deny this request. A search in a region that also holds foreign names is left to the
 * access control callbacks, which see each name found, unless they are not asked for this PDU.
 */
static bool guard_concerns(const netsnmp_pdu *pdu, int mode, const netsnmp_request_info *request)
{
    if (mode != MODE_GETNEXT && mode != MODE_GETBULK)
        return guard_name_in_root(request->requestvb->name, request->requestvb->name_length);
    if (!request->subtree || guard_region_within_root(request->subtree))
        return true;
    return guard_region_overlaps_root(request->subtree) && (!pdu || (pdu->flags & UCD_MSG_FLAG_ALWAYS_IN_VIEW));
}

/* A SET that goes to devsecd is traced, and only the part of it that is for our subtree makes it one. */
static void guard_follow_set(netsnmp_agent_request_info *info, const netsnmp_request_info *requests)
{
    for (; requests; requests = requests->next) {
        if (guard_name_in_root(requests->requestvb->name, requests->requestvb->name_length)) {
            trace_follow_set(&master_state()->trace, info);
            return;
        }
    }
}

/*
 * Whether the AgentX PDU that snmpd would make of the list can be more than its receiver takes: an estimate from above,
 * with room for a context. One that is too long costs the subagent its session.
 */
static bool guard_exceeds_agentx(int mode, const netsnmp_request_info *requests)
{
    size_t octets = 512;

    for (; requests; requests = requests->next) {
        const netsnmp_variable_list *var = requests->requestvb;
        const size_t start = requests->subtree ? requests->subtree->start_len : 0; /* in place of a name before it */

        octets += 16 + 4 * ((var->name_length > start ? var->name_length : start) + requests->range_end_len);
        octets += mode == MODE_SET_RESERVE1 ? var->val_len : 0;
    }
    return octets > AGENTX_PDU_MAX;
}

/* What the guard has nothing against. */
static int guard_pass(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                      netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    if (requests && requests->subtree && requests->subtree->session && guard_exceeds_agentx(info->mode, requests)) {
        netsnmp_set_request_error(info, requests, SNMP_ERR_TOOBIG);
        return SNMP_ERR_NOERROR;
    }
    return netsnmp_call_next_handler(handler, registration, info, requests);
}

/*
 * snmpd puts the requests for all regions of one subagent into one list and hands it to the handlers of the first, so
 * a list can be mixed. The list cannot be taken apart (its order and length are kept elsewhere, and asynchronous
 * answers walk it later): one request that is denied denies them all.
 */
static int guard_handler(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                         netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    const netsnmp_pdu *pdu = info->asp ? info->asp->pdu : NULL;
    bool concerned = false;

    if (guard_admits(pdu)) {
        if (info->mode == MODE_SET_RESERVE1)
            guard_follow_set(info, requests);
        return guard_pass(handler, registration, info, requests);
    }
    for (const netsnmp_request_info *request = requests; request && !concerned; request = request->next)
        concerned = guard_concerns(pdu, info->mode, request);
    if (!concerned)
        return guard_pass(handler, registration, info, requests);

    /* The names in asp->pdu may be those found so far. */
    guard_note(pdu && info->asp->orig_pdu ? info->asp->orig_pdu : pdu, guard_why_subtree);
    for (size_t i = 0; i < sizeof(guard_answers) / sizeof(guard_answers[0]); i++) {
        if (guard_answers[i].mode != info->mode)
            continue;
        for (netsnmp_request_info *request = requests; request; request = request->next)
            netsnmp_set_request_error(info, request, guard_answers[i].error);
    }
    return SNMP_ERR_NOERROR;
}

/* Puts the handler on top of a registration that does not have it yet. snmpd frees it with the registration. */
static void guard_cover_registration(netsnmp_handler_registration *registration)
{
    netsnmp_mib_handler *guard;

    for (const netsnmp_mib_handler *handler = registration->handler; handler; handler = handler->next) {
        if (handler->access_method == guard_handler)
            return;
    }
    guard = netsnmp_create_handler(GUARD_HANDLER_NAME, guard_handler);
    if (guard && netsnmp_inject_handler(registration, guard) == SNMPERR_SUCCESS)
        return;
    netsnmp_handler_free(guard);
    snmp_log(LOG_ERR,
             MASTER_LOG_PREFIX "cannot put the guard before \"%s\"; requests below authPriv are denied by access "
                               "control alone\n",
             registration->handlerName ? registration->handlerName : "?");
}

/*
 * Covers whatever is registered now, in every context: what overlaps our subtree, and everything of subagents, because
 * their requests come in one list (see guard_handler). All of it each time, since one registration may be cut into
 * pieces by its neighbours, each with a copy of the handlers made before we are told.
 */
static void guard_cover_all(void)
{
    for (const subtree_context_cache *context = get_top_context_cache(); context; context = context->next) {
        for (netsnmp_subtree *region = context->first_subtree; region; region = region->next) {
            for (netsnmp_subtree *layer = region; layer; layer = layer->children) {
                if (!layer->reginfo || !layer->reginfo->handler)
                    continue;
                /* In this order: the guard stands above. */
                if (layer->session && guard_region_within_root(layer))
                    bulk_cover_region(layer);
                if (layer->session || guard_region_overlaps_root(layer))
                    guard_cover_registration(layer->reginfo);
            }
        }
    }
}

/* SNMPD_CALLBACK_REGISTER_OID; `server_arg` is a struct register_parameters. */
static int guard_on_register(int major, int minor, void *server_arg, void *client_arg)
{
    (void)major;
    (void)minor;
    (void)server_arg;
    (void)client_arg;
    guard_cover_all();
    return SNMPERR_SUCCESS;
}

/* SNMPD_CALLBACK_UNREGISTER_OID */
static int guard_on_unregister(int major, int minor, void *server_arg, void *client_arg)
{
    (void)major;
    (void)minor;
    (void)server_arg;
    (void)client_arg;
    bulk_on_unregister();
    return SNMPERR_SUCCESS;
}

/* Whether a name is denied by what the PDU came as; if so, *why says which rule it is. */
static bool guard_denies_name(const netsnmp_pdu *pdu, const oid *name, size_t length, const char **why)
{
    *why = guard_why_subtree;
    if (guard_admits(pdu))
        return false;
    if (guard_name_in_root(name, length))
        return true;
    /* Also when it has become stricter since the SET came in and had to wait for another. */
    *why = guard_why_read_only;
    return pdu && pdu->command == SNMP_MSG_SET && policy_judge(&master_state()->policy, pdu) != POLICY_PASSES;
}

/* Whether a SET names anything in our subtree. */
static bool guard_is_our_set(const netsnmp_pdu *pdu)
{
    const netsnmp_variable_list *var = pdu->variables;

    while (var && !guard_name_in_root(var->name, var->name_length))
        var = var->next_variable;
    return pdu->command == SNMP_MSG_SET && var;
}

/* Whether access control refuses a SET into our subtree, or looks at the first name of one that the guard admits. */
static bool guard_checks_our_set(const struct view_parameters *view)
{
    const netsnmp_variable_list *first = view->pdu->variables;
    const bool begins = first && view->name == first->name && guard_admits(view->pdu);

    return (begins || view->errorcode != VACM_SUCCESS) && guard_is_our_set(view->pdu);
}

/* SNMPD_CALLBACK_ACM_CHECK and _SUBTREE; `server_arg` is a struct view_parameters. */
static int guard_on_access(int major, int minor, void *server_arg, void *client_arg)
{
    struct view_parameters *view = server_arg;
    const char *why = NULL;

    (void)major;
    (void)minor;
    (void)client_arg;
    if (!view)
        return SNMPERR_SUCCESS;
    if (guard_denies_name(view->pdu, view->name, view->namelen, &why)) {
        guard_note(view->pdu, why);
        if (view->errorcode == VACM_SUCCESS)
            view->errorcode = VACM_NOTINVIEW;
    } else if (view->pdu && guard_checks_our_set(view)) {
        trace_checked_set(&master_state()->trace, view->pdu, view->errorcode != VACM_SUCCESS);
    }
    return SNMPERR_SUCCESS;
}

/* SNMPD_CALLBACK_ACM_CHECK_INITIAL: a request has come in; `server_arg` is a struct view_parameters without a name. */
static int guard_on_request(int major, int minor, void *server_arg, void *client_arg)
{
    struct view_parameters *view = server_arg;
    struct policy *policy = &master_state()->policy;

    (void)major;
    (void)minor;
    (void)client_arg;
    if (!view || !view->pdu)
        return SNMPERR_SUCCESS;
    /* Whatever it came as: an authPriv request may be the one that asks devsecd what is enforced. */
    policy_look(policy, master_state()->guard.page);
    if (policy_judge(policy, view->pdu) == POLICY_DENIES) {
        guard_note(view->pdu, guard_why_policy);
        if (view->errorcode == VACM_SUCCESS)
            view->errorcode = VACM_NOACCESS;
    } else if (view->errorcode != VACM_SUCCESS && guard_is_our_set(view->pdu)) {
        /* RFC 3413, 3.2: nobody is told about a context that is not there; communities are not told anything. */
        const bool told = view->pdu->version == SNMP_VERSION_3 && view->errorcode != VACM_NOSUCHCONTEXT;

        trace_refused_set(&master_state()->trace, view->pdu, told ? SNMP_ERR_AUTHORIZATIONERROR : TRACE_UNANSWERED);
    }
    return SNMPERR_SUCCESS;
}

static void guard_log_root(void)
{
    char text[16 * GUARD_ROOT_LEN] = "";
    size_t used = 0;

    for (size_t i = 0; i < GUARD_ROOT_LEN && used < sizeof(text); i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, ".%lu", (unsigned long)guard_root[i]);
    snmp_log(LOG_INFO, MASTER_LOG_PREFIX "guarding %s: only SNMPv3 with authPriv gets at it\n", text);
}

bool guard_install(void)
{
    static const struct {
        int minor;
        SNMPCallback *callback;
    } callbacks[] = {
        {SNMPD_CALLBACK_ACM_CHECK_INITIAL, guard_on_request}, {SNMPD_CALLBACK_ACM_CHECK, guard_on_access},
        {SNMPD_CALLBACK_ACM_CHECK_SUBTREE, guard_on_access},  {SNMPD_CALLBACK_REGISTER_OID, guard_on_register},
        {SNMPD_CALLBACK_UNREGISTER_OID, guard_on_unregister},
    };

    /* Last in line: VACM assigns the result when it denies, and nobody after us is to turn it back. */
    for (size_t i = 0; i < sizeof(callbacks) / sizeof(callbacks[0]); i++) {
        if (netsnmp_register_callback(SNMP_CALLBACK_APPLICATION, callbacks[i].minor, callbacks[i].callback, NULL,
                                      NETSNMP_CALLBACK_LOWEST_PRIORITY) != SNMPERR_SUCCESS) {
            snmp_log(LOG_ERR, MASTER_LOG_PREFIX "snmpd refuses the callback %d: the subtree is not guarded\n",
                     callbacks[i].minor);
            return false;
        }
    }
    guard_cover_all();
    guard_log_root();
    return true;
}
