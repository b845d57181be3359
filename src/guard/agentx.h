/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of AgentX (RFC 2741) that net-snmp keeps in a header it does not install. */
#ifndef DEVSEC_GUARD_AGENTX_H
#define DEVSEC_GUARD_AGENTX_H

/* h.type, RFC 2741, 6.1; net-snmp has it in netsnmp_pdu.command. */
enum agentx_command {
    AGENTX_REGISTER = 3,
    AGENTX_UNREGISTER = 4,
    AGENTX_GET = 5,
    AGENTX_GET_NEXT = 6,
    AGENTX_GET_BULK = 7,
    AGENTX_TEST_SET = 8,
    AGENTX_COMMIT_SET = 9,
    AGENTX_UNDO_SET = 10,
    AGENTX_CLEANUP_SET = 11,
    AGENTX_RESPONSE = 18,
};

/* res.error beyond SNMP's own, RFC 2741, 6.2.16. */
enum agentx_error {
    AGENTX_ERROR_UNSUPPORTED_CONTEXT = 262,
    AGENTX_ERROR_DUPLICATE_REGISTRATION = 263,
    AGENTX_ERROR_PARSE = 266,
    AGENTX_ERROR_PROCESSING = 268,
};

/* h.flags, RFC 2741, 6.1.1. */
#define AGENTX_FLAG_NON_DEFAULT_CONTEXT 0x08L
#define AGENTX_FLAG_NETWORK_BYTE_ORDER  0x10L

/* h.version, and the version that net-snmp gives a PDU or session of AgentX: it differs from those of SNMP. */
#define AGENTX_VERSION 0xC1

/*
 * Octets of a PDU, header included. net-snmp 5.9.3 takes a longer one for none at all (agentx_parse), so that whoever
 * sent the request waits for the answer in vain, and the session ends.
 */
#define AGENTX_PDU_MAX 65536

/* r.priority's default, RFC 2741, 6.2.3. */
#define AGENTX_PRIORITY_DEFAULT 127

#endif
