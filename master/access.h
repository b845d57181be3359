/* SPDX-License-Identifier: Apache-2.0 */
/* What administrators may do by SNMP: two groups of our own in snmpd's access control (VACM, RFC 3415). */
#ifndef DEVSEC_MASTER_ACCESS_H
#define DEVSEC_MASTER_ACCESS_H

#include <stdbool.h>

/* Indexes the groups of access.c. */
enum access_group { ACCESS_READERS, ACCESS_WRITERS };

/*
 * Puts a user of the User-based Security Model into the group: with authPriv, in the default context, he reads
 * everything; a writer may change our subtree and the system group (RFC 3418) besides. `name` has 1 to 32 octets.
 * snmpd clears it all before it reads its configuration again (SIGHUP).
 *
 * Returns NULL, or as a sentence why the user was left out: he has access already, or memory is short.
 */
const char *access_admit(const char *name, enum access_group group);

/*
 * Whether snmpd's own configuration gives the user access. Then his keys are its business, too: whoever may write the
 * files of devsecInclude must not get at what a user of snmpd.conf may do. access_foreign is the sentence for that.
 */
bool access_is_foreign(const char *name);
extern const char access_foreign[];

#endif
