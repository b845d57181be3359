/* SPDX-License-Identifier: Apache-2.0 */
/* The rows behind a stock subagent: net-snmp's agent library and nothing else. */
#include "rows_handler.h"

#include <stdio.h>
#include <stdlib.h>

/* Dotted numbers; libsnmp's own parser wants MIB files. */
static bool parse_oid(const char *text, oid *to, size_t *length)
{
    char *end = NULL;

    for (*length = 0; *text == '.' && *length < MAX_OID_LEN - 2; text = end)
        to[(*length)++] = strtoul(text + 1, &end, 10);
    return *length > 1 && *text == '\0';
}

/* Usage: rows_stock AGENTX-SOCKET ENTRY-OID; runs until a signal ends it. */
int main(int argc, char **argv)
{
    oid entry[MAX_OID_LEN];
    size_t length = 0;

    if (argc != 3 || !parse_oid(argv[2], entry, &length)) {
        fputs("Usage: rows_stock AGENTX-SOCKET ENTRY-OID\n", stderr);
        return 2;
    }
    snmp_enable_stderrlog();
    netsnmp_enable_subagent();
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, argv[1]);
    if (init_agent("rows_stock") != 0 || !rows_handler_register(entry, length)) {
        fputs("rows_stock: net-snmp does not start or refuses the registration\n", stderr);
        return EXIT_FAILURE;
    }
    init_snmp("rows_stock");
    for (;;)
        agent_check_and_process(1);
}
