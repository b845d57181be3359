/* SPDX-License-Identifier: Apache-2.0 */
/* Administrators from files that devsecd writes: read as snmpd.conf is, but only lines that make users and let them in.
 */
#ifndef DEVSEC_MASTER_INCLUDE_H
#define DEVSEC_MASTER_INCLUDE_H

#include "netsnmp.h"

#include <limits.h>

/* How many devsecInclude lines are taken. */
#define INCLUDE_FILES_MAX 4

struct include {
    char paths[INCLUDE_FILES_MAX][PATH_MAX];
    size_t count;
};

/*
 * Makes snmpd know the token devsecInclude PATH. The files are read, in their order, when snmpd has read all of its own
 * configuration, so that a key here counts for more than one of the same user in snmpd's persistent file. What cannot
 * be taken is logged and left out; nothing of a line's content is logged.
 */
void include_configure(void);

#endif
