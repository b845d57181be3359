/* SPDX-License-Identifier: Apache-2.0 */
/* The link to the master: session, guard, registration, and coming back after each of them went away. */
#ifndef DEVSEC_SUBAGENT_LINK_H
#define DEVSEC_SUBAGENT_LINK_H

#include "base/error.h"

struct agent;
struct link;

/*
 * Starts net-snmp as a subagent for the configured AgentX socket and keeps the link up from then on: connected, the
 * guard proved to be in the process at the other end, registered. While any of these is missing nothing is served, the
 * log says once why, and it is tried again several times a second. There is one link in a process, as there is one
 * net-snmp. `agent` is borrowed; agent->guard is kept up to date.
 */
enum devsec_err link_start(struct link **out, struct agent *agent, struct devsec_error *error);

/* Closes the session with the master and ends net-snmp; NULL is legal. */
void link_stop(struct link *link);

#endif
