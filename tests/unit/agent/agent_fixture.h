/* SPDX-License-Identifier: Apache-2.0 */
/* A whole agent in a private folder, without snmpd: what the dispatcher's tests share. */
#ifndef DEVSEC_TESTS_AGENT_FIXTURE_H
#define DEVSEC_TESTS_AGENT_FIXTURE_H

#include "agent.h"
#include "dispatch.h"
#include "guard/agentx.h"

struct fixture {
    struct agent agent;
    char directory[64];
    long transid;
};

/* cmocka set-up and tear-down: *state is a struct fixture. */
int fixture_open(void **state);
int fixture_close(void **state);
int fixture_leave(void **state); /* a tear-down that only removes the folder: the agent was closed with threads left */

/* Appends to a request; `below` is relative to the module's root. */
netsnmp_variable_list *fixture_add(netsnmp_pdu *request, int object, oid instance, u_char type, const void *value,
                                   size_t length);

/* The same with an index of several sub-identifiers. */
netsnmp_variable_list *fixture_add_row(netsnmp_pdu *request, int object, const oid *index, size_t index_len,
                                       u_char type, const void *value, size_t length);

/* A request of this command under the fixture's session and transaction number. */
netsnmp_pdu *fixture_request(struct fixture *fixture, int command);

/* Answers and frees the request; the caller frees the response. */
netsnmp_pdu *fixture_answer(struct fixture *fixture, netsnmp_pdu *request);

/* TestSet and, as the master would go on, CommitSet and CleanupSet. Takes the TestSet request; returns the error status
 * of the first phase that refused, its index in *index. */
int fixture_set(struct fixture *fixture, netsnmp_pdu *request, long *index);

/* The settings document's bytes; the caller frees. */
char *fixture_document(const struct fixture *fixture);

#endif
