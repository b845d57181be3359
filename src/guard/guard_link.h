/* SPDX-License-Identifier: Apache-2.0 */
/* The client's end of the guard's announcement: connect, prove who speaks, read what the guard counts and enforces. */
#ifndef DEVSEC_GUARD_GUARD_LINK_H
#define DEVSEC_GUARD_GUARD_LINK_H

#include "base/error.h"
#include "guard/announce.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct guard_link;

/*
 * Connects to the guard at `path` and checks that it is the process `master_pid` (the peer of the AgentX socket) and
 * that it guards mib_root. DEVSEC_ERR_NOT_FOUND: nobody listens there (the module is not loaded); DEVSEC_ERR_UNSAFE:
 * somebody else does, or it guards another subtree; DEVSEC_ERR_IO. Waits 500 ms at most.
 *
 * `master_pid` 0 is for those who have no AgentX session to compare with: then the process that listens must have been
 * root's or of our own effective user when it began to (snmpd still is root's then, even where it gives its rights up
 * later), so that no other user's can pass for the guard.
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

/* What the guard goes by: outside our subtree as of its last look at the policy (announce.h), and administrators. */
struct guard_enforced {
    uint32_t v3;         /* a value of devsecSnmpV3Permit; 0: not known */
    uint32_t v1v2c;      /* a value of devsecSnmpV1V2Permit; 0: not known */
    uint32_t generation; /* of the settings that brought this policy; 0 if it is not trusted */
    bool trusted;        /* read from a trusted file; otherwise the strictest policy is enforced for want of one */
    uint32_t unread;     /* how many devsecInclude files snmpd found and did not take when it read its configuration */
};

/* All zeros for a NULL link. */
void guard_link_enforced(const struct guard_link *link, struct guard_enforced *enforced);

/* snmpd's snmpEngineID when the link was opened: up to 32 octets, borrowed from the link; *length 0 if not known. */
const uint8_t *guard_link_engine_id(const struct guard_link *link, size_t *length);

/* The pid that the kernel recorded for the other end of a connected unix socket (SO_PEERCRED). */
enum devsec_err guard_peer_pid(int fd, pid_t *pid, struct devsec_error *error);

#endif
