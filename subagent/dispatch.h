/* SPDX-License-Identifier: Apache-2.0 */
/* The dispatcher: answers AgentX requests (RFC 2741, 7.2.3 and 7.2.4) from one OID-sorted table of objects. */
#ifndef DEVSEC_SUBAGENT_DISPATCH_H
#define DEVSEC_SUBAGENT_DISPATCH_H

#include "agent.h"
#include "syntax.h"

struct dispatch;

/*
 * Joins the MIB's objects, the settings and the bindings into the table. DEVSEC_ERR_INTERNAL names the first object
 * that nothing is bound to, so that an object can never be in the MIB and missing here. `agent` is borrowed.
 */
enum devsec_err dispatch_new(struct dispatch **out, struct agent *agent, struct devsec_error *error);
void dispatch_free(struct dispatch *dispatch); /* abandons a SET in progress; NULL is legal */

/* Whether a PDU of this command is the dispatcher's to answer: Get, GetNext, GetBulk and the four of SET. */
bool dispatch_takes(int command);

/*
 * Answers `request` (borrowed). Returns the Response PDU, which the caller sends or frees, or NULL where RFC 2741 wants
 * none (CleanupSet, 7.2.4.4) and when memory ran out. Never blocks on anything but the store's own disk writes.
 */
netsnmp_pdu *dispatch_answer(struct dispatch *dispatch, const netsnmp_pdu *request);

/* Reads one object's instance (row 0 for scalars) into `var`, name included; false if there is none. For notifications.
 */
bool dispatch_read(const struct dispatch *dispatch, int object, size_t row, netsnmp_variable_list *var);

/* Whether a SET is committed and not ended yet: it may still be undone. */
bool dispatch_holds_commit(const struct dispatch *dispatch);

/* Whether no SET is between its TestSet and its end: nobody else may commit meanwhile. */
bool dispatch_is_idle(const struct dispatch *dispatch);

/* Drops a SET in progress: the master that would have ended it is gone. What is committed stays. */
void dispatch_abandon(struct dispatch *dispatch);

/* The absolute OID of a path below the module's root; returns its length. `to` has room for MAX_OID_LEN. */
size_t dispatch_oid(const uint32_t *below, size_t count, oid *to);

#endif
