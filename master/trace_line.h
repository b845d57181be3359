/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the log about a request, put together in a buffer of fixed size; nothing from outside can forge one. */
#ifndef DEVSEC_MASTER_TRACE_LINE_H
#define DEVSEC_MASTER_TRACE_LINE_H

#include "netsnmp.h"

/* Room for everything below at its longest. */
#define TRACE_LINE_MAX 2048

/* How many of a request's objects are named; of the others only the number is. */
#define TRACE_LINE_OBJECTS 8

/* How many octets of one object's OID, and of a name from outside before it is escaped. */
#define TRACE_LINE_OID_MAX  128
#define TRACE_LINE_NAME_MAX 64

struct trace_line {
    char text[TRACE_LINE_MAX]; /* always terminated; what does not fit is cut */
    size_t used;
};

void trace_line_put(struct trace_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In quotes: printable ASCII as it is but for the quote and the backslash, every other octet as \xHH, a long one cut.
 */
void trace_line_put_quoted(struct trace_line *line, const char *octets, size_t length);

/*
 * Who asks, without a space before or after:
 *
 *     version=SNMPv3 user="admin" level=authPriv from=udp:127.0.0.1:40123
 *
 * The user is - below SNMPv3, where a name would be made of the community, which is a password.
 */
void trace_line_put_sender(struct trace_line *line, const netsnmp_pdu *pdu);

/* What is asked for, names only: "objects=.1.3.6.1.2.1.1.1.0,.1.3.6.1.2.1.1.3.0", and " more=N" behind it. */
void trace_line_put_objects(struct trace_line *line, const netsnmp_variable_list *vars);

/* GET, GETNEXT, GETBULK, SET, or "other" for what only comes about inside snmpd. */
const char *trace_line_operation(const netsnmp_pdu *pdu);

/* An error status as RFC 3416 calls it; "other" for a number that is none. */
const char *trace_line_status(long status);

#endif
