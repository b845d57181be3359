/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's one context: everything devsecd knows, passed down to all parts; there is no other mutable state. */
#ifndef DEVSEC_SUBAGENT_AGENT_H
#define DEVSEC_SUBAGENT_AGENT_H

#include "apply/apply.h"
#include "base/error.h"
#include "device/config.h"
#include "device/device.h"
#include "health.h"
#include "pki/pki.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct dispatch;
struct link;
struct notifier;
struct restart;
struct guard_link;
struct jobs;
struct uploads;
struct workers;

struct agent {
    struct config config;
    struct device device;
    struct store *store;
    struct pki pki;          /* keys and certificates; its inventory follows the store's document */
    struct uploads *uploads; /* what managers upload for jobs */
    struct workers *workers; /* threads for what takes long */
    struct jobs *jobs;       /* what they work on; NULL before the agent runs and while it closes */
    struct apply *apply;
    struct dispatch *dispatch;
    struct link *link;              /* to the master, NULL before it is started */
    struct notifier *notifier;      /* NULL before the agent runs */
    struct restart *restart;        /* the restart action, NULL before the agent runs */
    const struct guard_link *guard; /* borrowed from the link; NULL while no guard is there */
    bool registered;                /* with the master: requests come and notifications go out */

    char last_set_error[ADMIN_STRING_MAX];     /* devsecLastSetError */
    char refresh_error[DEVSEC_ERROR_TEXT_MAX]; /* of the last look at the store, so that it is logged once */
    char apply_error[DEVSEC_ERROR_TEXT_MAX];   /* of the last run of the appliers, likewise */
    int32_t set_serial; /* devsecSetSerialNo, TestAndIncr: volatile, starts at random (RFC 2579) */

    /* What follows from the settings in force; kept by agent_follow. */
    struct tls_effective effective;
    bool policy_missed;      /* the guard has no policy that it trusts */
    uint32_t include_unread; /* how many devsecInclude files the guard could not take */
    struct health health;

    bool stop;       /* leave the main loop */
    int exit_status; /* of the process, once stopped */
};

/* Reads the configuration, the profile and the store and makes the object table. `*agent` need not be initialised;
 * on failure nothing is left to close. */
enum devsec_err agent_open(struct agent *agent, const char *config_path, struct devsec_error *error);

/*
 * Gives up the work under way and ends everything. False if a worker thread did not end: then what it may still use is
 * left as it is, and the process has to end by _exit.
 */
bool agent_close(struct agent *agent);

/* To be called whenever the store's current document or status may be another: brings what follows from it up to date,
 * starts and ends jobs, and raises the notifications that are due. */
void agent_follow(struct agent *agent);

/* The part of agent_follow that must not wait, not even for the end of a SET: the inventory borrows the document. To be
 * called after each attempt to commit or to undo. */
void agent_follow_document(struct agent *agent);

/* Reads files of keys and certificates again that were damaged: of one slot, or all of them (0). True if anything is
 * another: agent_follow is due. */
bool agent_retry_files(struct agent *agent, unsigned slot);

/* To be called when workers_fd is readable: takes over what worker threads have done. */
void agent_collect(struct agent *agent);

/* Looks at the store's directory for what others wrote; agent_follow if that changed anything. */
void agent_refresh(struct agent *agent);

/* To be called every second: looks for what nobody reports (a certificate that comes to its end, the guard's counters,
 * a notification whose interval is over, an edit that another writer kept us from taking over, an applied file that is
 * gone or changed, a damaged file of a key that was put right), and tries failed appliers again. */
void agent_watch(struct agent *agent);

/* Remembers why a SET was refused, for devsecLastSetError; cut at 255 octets between characters. */
void agent_set_refused(struct agent *agent, const char *sentence);

#endif
