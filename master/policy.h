/* SPDX-License-Identifier: Apache-2.0 */
/* The policy for the agent outside our subtree: devsecSnmpV3Permit and devsecSnmpV1V2Permit, as the guard knows them.
 */
#ifndef DEVSEC_MASTER_POLICY_H
#define DEVSEC_MASTER_POLICY_H

#include "netsnmp.h"

#include "guard/announce.h"
#include "guard/policy_file.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct policy {
    char path[PATH_MAX]; /* as configured; "" for the default */
    bool looked;         /* ever */
    bool fresh;          /* `looked_at`, CLOCK_MONOTONIC in ms, is that of a look at this path */
    int64_t looked_at;
    struct policy_file enforced;   /* the strictest there is while no file is trusted */
    bool trusted;                  /* `enforced` is what the file says */
    char why[POLICY_FILE_WHY_MAX]; /* why it is not; "" while it is */
};

enum policy_verdict {
    POLICY_PASSES,
    POLICY_PASSES_READING, /* GET, GETNEXT and GETBULK pass, SET does not */
    POLICY_DENIES,
};

/*
 * Looks at the policy file, unless the last look is less than 200 ms old, logs what that changes, and writes what is
 * enforced into the page. Never waits for a process.
 */
void policy_look(struct policy *policy, struct announce_page *page);

/* The same, however fresh the last look is. */
void policy_look_now(struct policy *policy, struct announce_page *page);

/* What the policy, as of the last look, says about requests that come as this one does. */
enum policy_verdict policy_judge(const struct policy *policy, const netsnmp_pdu *pdu);

/* Makes snmpd know the token devsecPolicy PATH. */
void policy_configure(void);

#endif
