/* SPDX-License-Identifier: Apache-2.0 */
/* devsecd's end of the guard's announcement: connect, prove who speaks, read the counters. */
#ifndef DEVSEC_SUBAGENT_GUARD_LINK_H
#define DEVSEC_SUBAGENT_GUARD_LINK_H

#include "announce.h"
#include "base/error.h"

#include <sys/types.h>

struct guard_link;

/*
 * Connects to the guard at `path` and checks that it is the process `master_pid` (the peer of the AgentX socket) and
 * that it guards mib_root. DEVSEC_ERR_NOT_FOUND: nobody listens there (the module is not loaded); DEVSEC_ERR_UNSAFE:
 * somebody else does, or it guards another subtree; DEVSEC_ERR_IO. Waits 500 ms at most.
 */
enum devsec_err guard_link_open(struct guard_link **out, const char *path, pid_t master_pid,
                                struct devsec_error *error);

void guard_link_close(struct guard_link *link); /* NULL is legal */

/* Becomes readable when the guard goes away. */
int guard_link_fd(const struct guard_link *link);

/* Whether the guard is still there; does not wait. */
bool guard_link_alive(const struct guard_link *link);

/* A counter of the guard; 0 for a NULL link. */
uint32_t guard_link_denied(const struct guard_link *link, enum announce_denied kind);

/* The pid that the kernel recorded for the other end of a connected unix socket (SO_PEERCRED). */
enum devsec_err guard_peer_pid(int fd, pid_t *pid, struct devsec_error *error);

#endif
