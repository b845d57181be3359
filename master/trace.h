/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces: one line in snmpd's log for each request that is denied and for each SET into our subtree, never with a value
 * or a community in it.
 *
 *     devsec_master: denied: operation=GET version=SNMPv3 user="bob" level=authNoPriv from=udp:192.0.2.1:40123
 *         objects=.1.3.6.1.2.1.1.1.0 reason="..."
 *     devsec_master: SET: outcome=wrongValue index=2 version=SNMPv3 user="admin" level=authPriv from=...
 *         objects=.1.3...,.1.3... more=1
 *
 * each in one line. Both are warnings, because snmpd.service of Debian 12 (snmpd -LOw) logs nothing below that.
 *
 * Only so many lines are written a minute (trace_kinds in trace.c). What is held back beyond that is counted, and the
 * count is logged TRACE_SUMMARY_SECONDS after the first of it, or when snmpd ends. What anybody can send has a limit
 * of its own, so that a flood of it hides neither what authenticated users do nor SETs.
 */
#ifndef DEVSEC_MASTER_TRACE_H
#define DEVSEC_MASTER_TRACE_H

#include "netsnmp.h"
#include "rate.h"

#define TRACE_SUMMARY_SECONDS 10

/* As the status of a SET: it is dropped, and its sender gets no answer. */
#define TRACE_UNANSWERED (-1)

enum trace_kind {
    TRACE_UNAUTHENTICATED, /* denied, and nobody knows whose: v1, v2c, noAuthNoPriv */
    TRACE_DENIED,          /* denied to an authenticated user */
    TRACE_REFUSED_SET,     /* a SET of an authenticated user that snmpd's access control refuses */
    TRACE_SET,             /* a SET that went to devsecd */
    TRACE_KINDS
};

struct trace_set;

/* All zero: nothing was traced yet. */
struct trace {
    struct rate rates[TRACE_KINDS];
    struct trace_set *followed; /* SETs that are not answered yet; snmpd works on one at a time */
    unsigned alarm;             /* net-snmp alarm that tells what is held back; 0: none */
};

/* Has snmpd tell us when it ends; false if it refuses. Once, of the trace of the module's context. */
bool trace_install(void);

/* One line for a request that the guard denies, once a PDU; `why` names the rule, static. */
void trace_denied(struct trace *trace, const netsnmp_pdu *pdu, const char *why);

/*
 * One line for a SET into our subtree that snmpd's access control refuses as soon as it comes in, with the error status
 * that its sender gets or TRACE_UNANSWERED.
 */
void trace_refused_set(struct trace *trace, const netsnmp_pdu *pdu, int status);

/*
 * snmpd's access control has looked at a name of a SET into our subtree, and refuses it or not. To be called for the
 * first name and for a refusal: one line when the request ends, however it does, with the error status that its sender
 * gets.
 */
void trace_checked_set(struct trace *trace, const netsnmp_pdu *pdu, bool refused);

/*
 * A SET into our subtree goes to devsecd, in MODE_SET_RESERVE1: followed likewise if access control was not asked, as
 * it is not when snmpd itself makes the request.
 */
void trace_follow_set(struct trace *trace, netsnmp_agent_request_info *info);

#endif
