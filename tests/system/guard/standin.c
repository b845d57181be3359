/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subagent that stands in for devsecd: serves made-up values and writes down each request that reaches it.
 *
 *     standin AGENTX-SOCKET LOG CONTEXT REGION...
 *
 * LOG grows by one line ("get", "getnext", "set") a request; CONTEXT "" is the default one. Each REGION is registered;
 * what is served does not depend on it. It runs until it gets a signal.
 */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "devsec_mib.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#define STANDIN_ROWS 5000
#define STANDIN_NAME "devsec-standin"

static const oid standin_root[] = DEVSEC_MIB_ROOT;
#define STANDIN_ROOT_LEN OID_LENGTH(standin_root)

struct standin_name {
    oid name[MAX_OID_LEN];
    size_t length;
};

struct standin {
    struct standin_name names[STANDIN_ROWS + 4];
    size_t count;
    FILE *log;
};

static volatile sig_atomic_t standin_ended;

static void standin_on_signal(int number)
{
    (void)number;
    standin_ended = 1;
}

/* A name below the root's parent, in ascending order of calls. */
static void standin_add(struct standin *standin, size_t length, const oid *below_parent)
{
    struct standin_name *name = &standin->names[standin->count++];

    memcpy(name->name, standin_root, (STANDIN_ROOT_LEN - 1) * sizeof(oid));
    memcpy(name->name + STANDIN_ROOT_LEN - 1, below_parent, length * sizeof(oid));
    name->length = STANDIN_ROOT_LEN - 1 + length;
}

/* In the subtree a writable scalar and a table; behind it two scalars, the second under the next enterprise but one. */
static void standin_fill(struct standin *standin)
{
    const oid scalar[] = {1, 1, 1, 0};
    oid row[] = {1, 1, 2, 1, 2, 0};
    const oid behind[] = {2, 1, 0};
    const oid tail[] = {1, 0};

    standin_add(standin, OID_LENGTH(scalar), scalar);
    for (row[5] = 1; row[5] <= STANDIN_ROWS; row[5]++)
        standin_add(standin, OID_LENGTH(row), row);
    standin_add(standin, OID_LENGTH(behind), behind);
    standin_add(standin, OID_LENGTH(tail), tail);
    standin->names[standin->count - 1].name[STANDIN_ROOT_LEN - 2] += 2;
}

static const struct standin_name *standin_find(const struct standin *standin, const netsnmp_variable_list *variable,
                                               int mode)
{
    for (size_t i = 0; i < standin->count; i++) {
        const struct standin_name *name = &standin->names[i];
        const int order = snmp_oid_compare(name->name, name->length, variable->name, variable->name_length);

        if (mode == MODE_GETNEXT ? order > 0 : order == 0)
            return name;
    }
    return NULL;
}

static int standin_handler(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                           netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    const struct standin *standin = handler->myvoid;
    const bool read = info->mode == MODE_GET || info->mode == MODE_GETNEXT;
    char text[64];

    (void)registration;
    fprintf(standin->log, "%s\n", info->mode == MODE_GET ? "get" : info->mode == MODE_GETNEXT ? "getnext" : "set");
    fflush(standin->log);
    for (netsnmp_request_info *request = requests; request && read; request = request->next) {
        const struct standin_name *name = standin_find(standin, request->requestvb, info->mode);

        if (!name)
            continue;
        snprintf(text, sizeof(text), STANDIN_NAME "-%lu", (unsigned long)name->name[name->length - 1]);
        snmp_set_var_objid(request->requestvb, name->name, name->length);
        snmp_set_var_typed_value(request->requestvb, ASN_OCTET_STR, text, strlen(text));
    }
    return SNMP_ERR_NOERROR;
}

static int standin_register(struct standin *standin, const char *context, const char *region)
{
    netsnmp_handler_registration *registration;
    size_t length = MAX_OID_LEN;
    oid name[MAX_OID_LEN];

    if (!read_objid(region, name, &length))
        return -1;
    registration = netsnmp_create_handler_registration(STANDIN_NAME, standin_handler, name, length, HANDLER_CAN_RWRITE);
    if (!registration)
        return -1;
    registration->handler->myvoid = standin;
    if (context[0])
        registration->contextName = strdup(context);
    return netsnmp_register_handler(registration) == MIB_REGISTERED_OK ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct standin *standin = calloc(1, sizeof(*standin));

    if (argc < 5 || !standin || !(standin->log = fopen(argv[2], "a")))
        return 2;
    signal(SIGTERM, standin_on_signal);
    signal(SIGPIPE, SIG_IGN);
    snmp_enable_stderrlog();
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, 1);
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, argv[1]);
    init_agent(STANDIN_NAME);
    standin_fill(standin);
    for (int i = 4; i < argc; i++) {
        if (standin_register(standin, argv[3], argv[i]) != 0)
            return 2;
    }
    init_snmp(STANDIN_NAME);
    while (!standin_ended)
        agent_check_and_process(1);
    snmp_shutdown(STANDIN_NAME);
    fclose(standin->log);
    free(standin);
    return 0;
}
