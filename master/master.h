/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of devsec_master.so, the module that snmpd loads, share. */
#ifndef DEVSEC_MASTER_MASTER_H
#define DEVSEC_MASTER_MASTER_H

#include "bulk.h"
#include "include.h"
#include "netsnmp.h"
#include "policy.h"
#include "trace.h"

#include "guard/announce.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

/* How many PDUs the guard remembers as counted: more than are ever half done at a time. */
#define GUARD_SEEN_MAX 16

/* Connections to the announcement that are served at a time. */
#define ANNOUNCER_CLIENTS_MAX 8

/* The guard: see guard.c. */
struct guard {
    struct announce_page *page; /* where denials are counted; borrowed */
    long seen[GUARD_SEEN_MAX];  /* transids of the PDUs counted last, a ring */
    unsigned next_seen;
};

/* The announcement (announce.h): see announcer.c. */
struct announcer {
    int listener; /* -1: not announced */
    int page_fd;  /* sealed memory file behind `page`; -1 until there is one */
    struct announce_page *page;
    int clients[ANNOUNCER_CLIENTS_MAX]; /* -1: free */
    bool told_full;                     /* the log says that all are taken */
    unsigned retry_alarm;               /* net-snmp alarm that listens again; 0: none */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    dev_t device; /* the socket file as bound, so that only ours is removed */
    ino_t inode;
};

/*
 * The module's one context. It is static in devsec_master.c because nothing that snmpd calls can carry a pointer to it:
 * init functions and configuration handlers have no argument, snmpd frees the arguments of callbacks when it ends, and
 * clears those of handlers when a subagent goes away.
 */
struct master {
    struct guard guard;
    struct policy policy;
    struct include include;
    struct bulk bulk;
    struct trace trace;
    struct announcer announcer;
    char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* as configured; "" for the default */
    bool guarding;      /* callbacks and configuration tokens are in place; never goes back */
    bool loaded;        /* between init_devsec_master and deinit_devsec_master */
    bool reconfiguring; /* snmpd reads its configuration anew: an unload now may be followed by a load */
};

struct master *master_state(void);

/* CLOCK_MONOTONIC in milliseconds. */
int64_t master_now_ms(void);

/* Puts the denial in place; false (and a log line) if snmpd does not let it. */
bool guard_install(void);

/* Whether a request may pass: SNMPv3 with authPriv, and nothing else. NULL does not. */
bool guard_admits(const netsnmp_pdu *pdu);

/* Fills the structure; nothing is announced yet, and denials are counted in `page`, which is borrowed. */
void announcer_init(struct announcer *announcer, struct announce_page *page);

/*
 * Announces the guard at `path`: makes the page a sealed memory file, binds and listens. Logs why when it cannot; the
 * guard does not depend on it. Already announced there: nothing happens; elsewhere: that stays, and the log says so.
 */
void announcer_open(struct announcer *announcer, const char *path);

/* Whether the process at the other end of a connected unix socket is one that is connected to the announcement, too. */
bool announcer_knows_peer(const struct announcer *announcer, int fd);

/* Withdraws the announcement: closes every connection, removes the socket file. The page stays for the counters. */
void announcer_close(struct announcer *announcer);

#endif
