/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces of denied requests and of SETs; see trace.h.
 *
 * How a SET ends is known when snmpd frees what it keeps about the request: that comes behind the answer, whichever way
 * the request went (devsecd has answered, was too late, or has died), and the status there is the one that was sent.
 * Only an end of snmpd itself comes without it.
 */
#include "trace.h"

#include "master.h"
#include "trace_line.h"

#include <inttypes.h>

#define TRACE_DATA_NAME "devsec_trace"

/*
 * The SET that snmpd works on, or NULL. No header has it, but nothing else leads from access control to the session of
 * the request. Where snmpd has it no more, a SET is followed from the moment that it goes to devsecd.
 */
extern netsnmp_agent_session *netsnmp_processing_set __attribute__((weak));

/* What may be logged at once and in the long run, and what those are called that may not. */
static const struct {
    struct rate_limit limit;
    const char *noun;
} trace_kinds[TRACE_KINDS] = {
    [TRACE_UNAUTHENTICATED] = {{.burst = 20, .per_minute = 30}, "denied requests without authentication"},
    [TRACE_DENIED] = {{.burst = 20, .per_minute = 30}, "denied requests of authenticated users"},
    [TRACE_REFUSED_SET] = {{.burst = 20, .per_minute = 30}, "SETs refused by access control"},
    [TRACE_SET] = {{.burst = 200, .per_minute = 600}, "SETs"},
};

/* Why a SET ended as it did, where that is not devsecd's doing. */
static const char trace_why_refused[] = "snmpd's access control";
static const char trace_why_absent[] = "devsecd is not registered";
static const char trace_why_end[] = "snmpd ends";

/* A SET that is followed: what its line says behind the outcome. Hangs on the request, whose end frees it. */
struct trace_set {
    struct trace *trace; /* NULL: its line is written */
    struct trace_set *next;
    const netsnmp_agent_session *asp; /* borrowed; outlives this */
    enum trace_kind kind;
    bool refused; /* by access control, one of its names */
    bool reached; /* the handlers of our subtree */
    struct trace_line line;
};

static void trace_tell_held(struct trace *trace)
{
    for (size_t i = 0; i < TRACE_KINDS; i++) {
        int64_t passed = 0;
        const uint64_t held = rate_settle(&trace->rates[i], master_now_ms(), &passed);

        if (held > 0)
            snmp_log(LOG_WARNING, MASTER_LOG_PREFIX "%" PRIu64 " more %s were not logged in the last %" PRId64 " s\n",
                     held, trace_kinds[i].noun, (passed + 999) / 1000);
    }
}

static void trace_on_alarm(unsigned alarm, void *data)
{
    struct trace *trace = data;

    (void)alarm;
    trace->alarm = 0;
    trace_tell_held(trace);
}

/* Whether a line of this kind may be written now. Where there is no alarm to be had, the next one held tries again. */
static bool trace_may_log(struct trace *trace, enum trace_kind kind)
{
    if (rate_admit(&trace->rates[kind], &trace_kinds[kind].limit, master_now_ms()))
        return true;
    if (trace->alarm == 0)
        trace->alarm = snmp_alarm_register(TRACE_SUMMARY_SECONDS, 0, trace_on_alarm, trace);
    return false;
}

/* USM and TSM have then made sure whose it is. */
static bool trace_is_authenticated(const netsnmp_pdu *pdu)
{
    return pdu->version == SNMP_VERSION_3 && pdu->securityLevel >= SNMP_SEC_LEVEL_AUTHNOPRIV;
}

static void trace_put_request(struct trace_line *line, const netsnmp_pdu *pdu)
{
    trace_line_put_sender(line, pdu);
    trace_line_put(line, " ");
    trace_line_put_objects(line, pdu->variables);
}

void trace_denied(struct trace *trace, const netsnmp_pdu *pdu, const char *why)
{
    struct trace_line line = {.used = 0};

    if (!trace_may_log(trace, trace_is_authenticated(pdu) ? TRACE_DENIED : TRACE_UNAUTHENTICATED))
        return;
    trace_put_request(&line, pdu);
    snmp_log(LOG_WARNING, MASTER_LOG_PREFIX "denied: operation=%s %s reason=\"%s\"\n", trace_line_operation(pdu),
             line.text, why);
}

static enum trace_kind trace_refused_kind(const netsnmp_pdu *pdu)
{
    return trace_is_authenticated(pdu) ? TRACE_REFUSED_SET : TRACE_UNAUTHENTICATED;
}

/* Writes the line of a SET, `who` being its part behind the outcome. */
static void trace_log_set(const char *outcome, long index, const char *who, const char *reason)
{
    char place[sizeof(" index=-9223372036854775808")] = "";

    if (index > 0)
        snprintf(place, sizeof(place), " index=%ld", index);
    snmp_log(LOG_WARNING, MASTER_LOG_PREFIX "SET: outcome=%s%s %s%s%s%s\n", outcome, place, who,
             reason ? " reason=\"" : "", reason ? reason : "", reason ? "\"" : "");
}

void trace_refused_set(struct trace *trace, const netsnmp_pdu *pdu, int status)
{
    struct trace_line line = {.used = 0};

    if (!trace_may_log(trace, trace_refused_kind(pdu)))
        return;
    trace_put_request(&line, pdu);
    trace_log_set(status == TRACE_UNANSWERED ? "unanswered" : trace_line_status(status), 0, line.text,
                  trace_why_refused);
}

/* Writes the line of a SET that has ended, unless it is written, and follows it no more. */
static void trace_end_set(struct trace_set *set, const char *outcome, long index, const char *reason)
{
    struct trace *trace = set->trace;
    struct trace_set **link;

    if (!trace)
        return;
    for (link = &trace->followed; *link && *link != set; link = &(*link)->next)
        ;
    if (*link)
        *link = set->next;
    set->trace = NULL;
    if (trace_may_log(trace, set->kind))
        trace_log_set(outcome, index, set->line.text, reason);
}

/*
 * snmpd frees a request's data, and with that a SET that was followed. The session keeps the pointer to its PDU only
 * while that is not sent: whoever frees it without an answer leaves it there (and what it points to is freed by now).
 */
static void trace_free_set(void *data)
{
    struct trace_set *set = data;
    const netsnmp_agent_session *asp = set->asp;
    const char *reason = set->refused ? trace_why_refused : set->reached ? NULL : trace_why_absent;

    if (asp->pdu)
        trace_end_set(set, "unanswered", 0, reason);
    else
        trace_end_set(set, trace_line_status(asp->status), asp->index, reason);
    free(set);
}

/* The SET of this session as it is followed, from now on if it is not yet; NULL if there is no memory. */
static struct trace_set *trace_follow(struct trace *trace, netsnmp_agent_session *asp)
{
    struct trace_set *set = netsnmp_agent_get_list_data(asp->reqinfo, TRACE_DATA_NAME);
    netsnmp_data_list *data = NULL;

    if (set)
        return set;
    set = calloc(1, sizeof(*set));
    if (set)
        data = netsnmp_create_data_list(TRACE_DATA_NAME, set, trace_free_set);
    if (!data) {
        free(set);
        snmp_log(LOG_ERR, MASTER_LOG_PREFIX "out of memory: a SET is not logged\n");
        return NULL;
    }
    set->trace = trace;
    set->asp = asp;
    set->kind = TRACE_SET;
    set->next = trace->followed;
    trace->followed = set;
    trace_put_request(&set->line, asp->pdu);
    netsnmp_agent_add_list_data(asp->reqinfo, data);
    return set;
}

void trace_checked_set(struct trace *trace, const netsnmp_pdu *pdu, bool refused)
{
    netsnmp_agent_session *asp = &netsnmp_processing_set ? netsnmp_processing_set : NULL;
    struct trace_set *set;

    if (!asp || asp->pdu != pdu) {
        if (refused)
            trace_refused_set(trace, pdu, SNMP_ERR_NOACCESS);
        return;
    }
    set = trace_follow(trace, asp);
    if (set && refused) {
        set->refused = true;
        set->kind = trace_refused_kind(pdu);
    }
}

void trace_follow_set(struct trace *trace, netsnmp_agent_request_info *info)
{
    struct trace_set *set;

    /* What a master sends when snmpd is a subagent itself comes in pieces, each with a session of its own. */
    if (!info->asp || !info->asp->pdu || info->asp->pdu->command != SNMP_MSG_SET)
        return;
    set = trace_follow(trace, info->asp);
    if (set)
        set->reached = true;
}

/* SNMP_CALLBACK_SHUTDOWN: snmpd ends, and can still log. What is under way will not be answered, nor freed. */
static int trace_on_shutdown(int major, int minor, void *server_arg, void *client_arg)
{
    struct trace *trace = &master_state()->trace;

    (void)major;
    (void)minor;
    (void)server_arg;
    (void)client_arg;
    while (trace->followed)
        trace_end_set(trace->followed, "unanswered", 0, trace_why_end);
    trace_tell_held(trace);
    return SNMPERR_SUCCESS;
}

bool trace_install(void)
{
    return snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_SHUTDOWN, trace_on_shutdown, NULL) ==
           SNMPERR_SUCCESS;
}
