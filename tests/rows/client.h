/* SPDX-License-Identifier: Apache-2.0 */
/* An SNMPv3 authPriv manager on libsnmp, for the programs that compare and measure. */
#ifndef DEVSEC_TESTS_CLIENT_H
#define DEVSEC_TESTS_CLIENT_H

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

struct mib_object;

/*
 * A session with SHA-256 and AES-128, without retries. Pass phrases come from snmp.conf under SNMPCONFPATH
 * (defAuthPassphrase, defPrivPassphrase); init_snmp must have been called. Ends the process with a sentence if nobody
 * answers.
 */
netsnmp_session *client_open(const char *target, const char *user, long timeout_us);

/* The absolute OID of an object of the MIB; returns its length. `to` has room for MAX_OID_LEN. */
size_t client_name(const struct mib_object *object, oid *to);

/* Sends `pdu` (taken) and waits. The answer is the caller's; NULL, and the reason on standard error, if none came. */
netsnmp_pdu *client_ask(netsnmp_session *session, netsnmp_pdu *pdu);

/* CLOCK_MONOTONIC in microseconds. */
double client_now_us(void);

/* Sorts samples (microseconds) and prints "NAME median_us N p99_us N max_us N" without a newline. */
void client_print_samples(const char *name, double *samples, size_t count);

#endif
