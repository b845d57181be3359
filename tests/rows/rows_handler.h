/* SPDX-License-Identifier: Apache-2.0 */
/* The generated rows served by a plain net-snmp handler, in snmpd itself or in a stock subagent. */
#ifndef DEVSEC_TESTS_ROWS_HANDLER_H
#define DEVSEC_TESTS_ROWS_HANDLER_H

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdbool.h>

/* Registers the rows of the environment under `entry`, the OID of a table's entry. False if net-snmp refuses. */
bool rows_handler_register(const oid *entry, size_t length);

#endif
