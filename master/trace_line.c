/* SPDX-License-Identifier: Apache-2.0 */
/* The log's lines about requests; see trace_line.h. */
#include "trace_line.h"

#include <net-snmp/library/snmpTCPDomain.h>
#include <net-snmp/library/snmpTCPIPv6Domain.h>
#include <net-snmp/library/snmpUDPIPv6Domain.h>
#include <net-snmp/library/snmpUnixDomain.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/un.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct trace_label {
    long number;
    const char *label;
};

static const struct trace_label trace_versions[] = {
    {SNMP_VERSION_1, "SNMPv1"},
    {SNMP_VERSION_2c, "SNMPv2c"},
    {SNMP_VERSION_3, "SNMPv3"},
};

static const struct trace_label trace_levels[] = {
    {SNMP_SEC_LEVEL_NOAUTH, "noAuthNoPriv"},
    {SNMP_SEC_LEVEL_AUTHNOPRIV, "authNoPriv"},
    {SNMP_SEC_LEVEL_AUTHPRIV, "authPriv"},
};

static const struct trace_label trace_operations[] = {
    {SNMP_MSG_GET, "GET"},
    {SNMP_MSG_GETNEXT, "GETNEXT"},
    {SNMP_MSG_GETBULK, "GETBULK"},
    {SNMP_MSG_SET, "SET"},
};

/* RFC 3416, 3 */
static const struct trace_label trace_statuses[] = {
    {SNMP_ERR_NOERROR, "noError"},
    {SNMP_ERR_TOOBIG, "tooBig"},
    {SNMP_ERR_NOSUCHNAME, "noSuchName"},
    {SNMP_ERR_BADVALUE, "badValue"},
    {SNMP_ERR_READONLY, "readOnly"},
    {SNMP_ERR_GENERR, "genErr"},
    {SNMP_ERR_NOACCESS, "noAccess"},
    {SNMP_ERR_WRONGTYPE, "wrongType"},
    {SNMP_ERR_WRONGLENGTH, "wrongLength"},
    {SNMP_ERR_WRONGENCODING, "wrongEncoding"},
    {SNMP_ERR_WRONGVALUE, "wrongValue"},
    {SNMP_ERR_NOCREATION, "noCreation"},
    {SNMP_ERR_INCONSISTENTVALUE, "inconsistentValue"},
    {SNMP_ERR_RESOURCEUNAVAILABLE, "resourceUnavailable"},
    {SNMP_ERR_COMMITFAILED, "commitFailed"},
    {SNMP_ERR_UNDOFAILED, "undoFailed"},
    {SNMP_ERR_AUTHORIZATIONERROR, "authorizationError"},
    {SNMP_ERR_NOTWRITABLE, "notWritable"},
    {SNMP_ERR_INCONSISTENTNAME, "inconsistentName"},
};

/* The transports that say where a PDU comes from: net-snmp compares the addresses of these, too. */
static const struct {
    const oid *domain;
    const char *label;
} trace_domains[] = {
    {netsnmpUDPDomain, "udp"},       {netsnmp_UDPIPv6Domain, "udp6"}, {netsnmp_snmpTCPDomain, "tcp"},
    {netsnmp_TCPIPv6Domain, "tcp6"}, {netsnmp_UnixDomain, "unix"},
};

static const char *trace_find_label(const struct trace_label *labels, size_t count, long number)
{
    for (size_t i = 0; i < count; i++) {
        if (labels[i].number == number)
            return labels[i].label;
    }
    return "other";
}

void trace_line_put(struct trace_line *line, const char *format, ...)
{
    const size_t room = sizeof(line->text) - line->used;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line->text + line->used, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        line->used += (size_t)length < room ? (size_t)length : room - 1;
}

void trace_line_put_quoted(struct trace_line *line, const char *octets, size_t length)
{
    trace_line_put(line, "\"");
    for (size_t i = 0; i < length && i < TRACE_LINE_NAME_MAX; i++) {
        const unsigned char octet = (unsigned char)octets[i];
        const bool plain = octet >= ' ' && octet <= '~' && octet != '"' && octet != '\\';

        trace_line_put(line, plain ? "%c" : "\\x%02x", octet);
    }
    trace_line_put(line, "%s\"", length > TRACE_LINE_NAME_MAX ? "..." : "");
}

/* sockaddr_in and sockaddr_in6; an IPv6 address that is local to a link comes with the number of the interface. */
static void trace_line_put_ip(struct trace_line *line, const netsnmp_sockaddr_storage *address)
{
    char text[INET6_ADDRSTRLEN] = "?";

    if (address->sa.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->sin.sin_addr, text, sizeof(text));
        trace_line_put(line, ":%s:%u", text, ntohs(address->sin.sin_port));
    } else if (address->sa.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->sin6.sin6_addr, text, sizeof(text));
        trace_line_put(line, ":[%s", text);
        if (address->sin6.sin6_scope_id != 0)
            trace_line_put(line, "%%%u", (unsigned)address->sin6.sin6_scope_id);
        trace_line_put(line, "]:%u", ntohs(address->sin6.sin6_port));
    }
}

/* What is at hand is not the sender, who has no name, but the socket in snmpd that it came by. */
static void trace_line_put_unix(struct trace_line *line, const void *data, size_t length)
{
    struct sockaddr_un address = {0};

    memcpy(&address, data, length < sizeof(address) ? length : sizeof(address));
    if (address.sun_family != AF_UNIX || address.sun_path[0] == '\0')
        return;
    trace_line_put(line, ":");
    trace_line_put_quoted(line, address.sun_path, strnlen(address.sun_path, sizeof(address.sun_path)));
}

/*
 * Where it comes from, as numbers: no name is looked up. net-snmp keeps a sockaddr_in6 for TCP over IPv6, and for the
 * other internet transports a pair of addresses that begins with the sender's.
 */
static void trace_line_put_address(struct trace_line *line, const netsnmp_pdu *pdu)
{
    netsnmp_sockaddr_storage address = {.sa = {0}};
    const size_t length = pdu->transport_data_length > 0 ? (size_t)pdu->transport_data_length : 0;
    size_t i = 0;

    while (i < COUNT(trace_domains) && trace_domains[i].domain != pdu->tDomain)
        i++;
    if (!pdu->transport_data || i == COUNT(trace_domains)) {
        trace_line_put(line, pdu->transport_data && pdu->tDomain ? "other" : "internal");
        return;
    }
    trace_line_put(line, "%s", trace_domains[i].label);
    memcpy(&address, pdu->transport_data, length < sizeof(address) ? length : sizeof(address));
    if (pdu->tDomain == netsnmp_UnixDomain)
        trace_line_put_unix(line, pdu->transport_data, length);
    else
        trace_line_put_ip(line, &address);
}

void trace_line_put_sender(struct trace_line *line, const netsnmp_pdu *pdu)
{
    trace_line_put(line, "version=%s user=", trace_find_label(trace_versions, COUNT(trace_versions), pdu->version));
    if (pdu->version == SNMP_VERSION_3 && pdu->securityName)
        trace_line_put_quoted(line, pdu->securityName, pdu->securityNameLen);
    else
        trace_line_put(line, "-");
    trace_line_put(line, " level=%s from=", trace_find_label(trace_levels, COUNT(trace_levels), pdu->securityLevel));
    trace_line_put_address(line, pdu);
}

/* ".1.3.6.1", cut at an arc where it gets too long. */
static void trace_line_put_oid(struct trace_line *line, const oid *name, size_t length)
{
    const size_t end = line->used + TRACE_LINE_OID_MAX - sizeof(".18446744073709551615...");
    size_t i = 0;

    for (; i < length && line->used < end; i++)
        trace_line_put(line, ".%lu", (unsigned long)name[i]);
    if (i < length)
        trace_line_put(line, "...");
}

void trace_line_put_objects(struct trace_line *line, const netsnmp_variable_list *vars)
{
    size_t count = 0;

    trace_line_put(line, "objects=");
    for (; vars; vars = vars->next_variable) {
        /* A place that snmpd has made for what a GETBULK finds. */
        if (vars->name_length == 0)
            continue;
        if (count < TRACE_LINE_OBJECTS) {
            trace_line_put(line, "%s", count == 0 ? "" : ",");
            trace_line_put_oid(line, vars->name, vars->name_length);
        }
        count++;
    }
    if (count == 0)
        trace_line_put(line, "-");
    if (count > TRACE_LINE_OBJECTS)
        trace_line_put(line, " more=%zu", count - TRACE_LINE_OBJECTS);
}

const char *trace_line_operation(const netsnmp_pdu *pdu)
{
    return trace_find_label(trace_operations, COUNT(trace_operations), pdu->command);
}

const char *trace_line_status(long status)
{
    return trace_find_label(trace_statuses, COUNT(trace_statuses), status);
}
