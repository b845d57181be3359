/* SPDX-License-Identifier: Apache-2.0 */
/* devsecHealth: the whole state in one look. */
#ifndef DEVSEC_SUBAGENT_HEALTH_H
#define DEVSEC_SUBAGENT_HEALTH_H

#include "pki/inventory.h"

/* An SnmpAdminString (RFC 3411) and its NUL. */
#define ADMIN_STRING_MAX 256

struct health {
    int state; /* a value of devsecHealth */
    char text[ADMIN_STRING_MAX];
    struct inventory_counts certificates; /* devsecCertTotal and its like */
};

struct agent;

/* Looks at the store's status, the appliers, the restart state, the device's warnings, and at the keys and certificates
 * by the clock: what it finds can be another every second. */
void health_get(struct health *health, const struct agent *agent);

/* Copies UTF-8 text into a buffer of ADMIN_STRING_MAX, cut between characters. */
void admin_string(char *to, const char *from);

#endif
