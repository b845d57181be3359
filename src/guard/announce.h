/* SPDX-License-Identifier: Apache-2.0 */
/* What devsec_master.so, inside snmpd, tells devsecd over its unix socket: that it is there, for which subtree, what it
 * enforces, and where its counters are. */
#ifndef DEVSEC_GUARD_ANNOUNCE_H
#define DEVSEC_GUARD_ANNOUNCE_H

#include <stdint.h>

/*
 * The module listens on a unix stream socket (snmpd.conf: devsecGuardSocket PATH). To each client it sends one struct
 * announce_hello with one descriptor beside it (SCM_RIGHTS): a sealed memory file of one struct announce_page, which
 * the client maps read-only. Then nothing more is said; the connection's end means that the guard is gone. The client
 * proves who speaks by SO_PEERCRED: the pid of this socket's peer must be that of the AgentX socket's peer, which the
 * kernel recorded when snmpd called listen(2) on each (unix(7)).
 */
#define ANNOUNCE_DEFAULT_SOCKET "/run/devsec/guard"
#define ANNOUNCE_MAGIC          0x64767367u /* "dvsg" */
#define ANNOUNCE_VERSION        3u
#define ANNOUNCE_ROOT_MAX       32
#define ANNOUNCE_ENGINE_ID_MAX  32 /* RFC 3411, 5, SnmpEngineID */

struct announce_hello {
    uint32_t magic;
    uint32_t version;
    uint32_t root_len;                         /* the subtree that is guarded, so that a module built for another */
    uint32_t root[ANNOUNCE_ROOT_MAX];          /* enterprise number does not pass for ours */
    uint32_t engine_id_len;                    /* snmpd's snmpEngineID when the client connected, which keys of */
    uint8_t engine_id[ANNOUNCE_ENGINE_ID_MAX]; /* its users are localized to (RFC 3414, 2.6); 0 octets: not known */
};

/* Requests denied, one a PDU, by what they came as. */
enum announce_denied {
    ANNOUNCE_DENIED_V1V2C,
    ANNOUNCE_DENIED_NO_AUTH,
    ANNOUNCE_DENIED_AUTH_NO_PRIV,
    ANNOUNCE_DENIED_KINDS
};

/*
 * Written by snmpd alone, read by anyone who maps it. What is enforced is as of the module's last look at the policy
 * file (policy_file.h), which it takes when a client connects and when a request comes in; `unread` is as of the last
 * time that snmpd read its configuration.
 */
struct announce_page {
    uint32_t magic;
    uint32_t version;
    _Atomic uint32_t denied[ANNOUNCE_DENIED_KINDS]; /* Counter32: wraps */
    _Atomic uint32_t v3;                            /* a value of devsecSnmpV3Permit */
    _Atomic uint32_t v1v2c;                         /* a value of devsecSnmpV1V2Permit */
    _Atomic uint32_t generation;                    /* of the settings that brought this policy */
    _Atomic uint32_t trusted; /* 1: from a trusted file; 0: there is none, so the strictest policy is enforced */
    _Atomic uint32_t unread;  /* how many devsecInclude files are there and were not taken */
};

#endif
