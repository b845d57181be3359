/* SPDX-License-Identifier: Apache-2.0 */
/* net-snmp's headers in the order that they need, and how the module's log lines begin. */
#ifndef DEVSEC_MASTER_NETSNMP_H
#define DEVSEC_MASTER_NETSNMP_H

/* net-snmp wants its configuration header before all its others. */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#define MASTER_LOG_PREFIX "devsec_master: "

#endif
