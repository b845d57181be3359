/* SPDX-License-Identifier: Apache-2.0 */
/* GetBulk: a page of a table in one AgentX round trip (RFC 2741, 6.2.7 and 7.2.3.3) instead of one a row. */
#ifndef DEVSEC_MASTER_BULK_H
#define DEVSEC_MASTER_BULK_H

#include "netsnmp.h"

#include <stdbool.h>

/* The pages that are asked for and not answered: see bulk.c. */
struct bulk {
    struct bulk_call *calls;
};

/*
 * Has the GETBULK requests for a region go to its subagent as AgentX GetBulk. Only for a subagent that is known to
 * answer it as RFC 2741 says: many do not, net-snmp's own among them. Once for each registration; a second call finds
 * the first. Goes below all other handlers, so that the guard stays above.
 */
void bulk_cover_region(netsnmp_subtree *region);

/*
 * A region was unregistered, and freed or about to be. snmpd 5.9.3 would go on in it with the answer to a page that is
 * asked for there; so the SNMP request ends with genErr, as it does when the subagent's session ends.
 */
void bulk_on_unregister(void);

#endif
