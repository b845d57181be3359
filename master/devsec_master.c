/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devsec_master.so, the module that snmpd loads: when it starts and stops guarding and announcing.
 *
 * In snmpd.conf, in this order (the other tokens are only known once the module is loaded):
 *
 *     dlmod devsec_master /usr/lib/devsec/devsec_master.so
 *     devsecGuardSocket /run/devsec/guard
 *     devsecPolicy /var/lib/devsec/applied/snmp-policy
 *
 * The announcement is opened once the configuration is read for the first time. snmpd still has its privileges then
 * and has not forked, as when it opens the AgentX socket, so the kernel records the same process on both (SO_PEERCRED).
 *
 * On SIGHUP snmpd unloads every module and loads it again while it reads its configuration. The announcement survives
 * that: it is withdrawn after the configuration is read, if then the module has not been loaded again.
 *
 * What is denied stays denied until snmpd ends, also after an unload by UCD-DLMOD-MIB, which any writer of that MIB
 * may ask for: handlers sit in registrations that outlive the module's handle, so the code must stay mapped in any
 * case (linked with -z nodelete). An unload withdraws the announcement, upon which devsecd leaves.
 */
#include "master.h"

#include <net-snmp/agent/agent_callbacks.h>

#include <time.h>

#define MASTER_EXPORT __attribute__((visibility("default")))

MASTER_EXPORT void init_devsec_master(void);
MASTER_EXPORT void deinit_devsec_master(void);

struct master *master_state(void)
{
    static struct announce_page private_page = {.magic = ANNOUNCE_MAGIC, .version = ANNOUNCE_VERSION};
    static struct master master;

    if (!master.guard.page) {
        master.guard.page = &private_page;
        announcer_init(&master.announcer, &private_page);
    }
    return &master;
}

int64_t master_now_ms(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void master_announce(struct master *master)
{
    announcer_open(&master->announcer, master->socket_path[0] ? master->socket_path : ANNOUNCE_DEFAULT_SOCKET);
    master->guard.page = master->announcer.page;
}

/* devsecGuardSocket PATH */
static void master_parse_socket(const char *token, char *line)
{
    struct master *master = master_state();
    char path[sizeof(master->socket_path) + 1];

    (void)token;
    copy_nword(line, path, sizeof(path));
    if (path[0] != '/' || strlen(path) >= sizeof(master->socket_path)) {
        config_perror("devsecGuardSocket wants the absolute path of a unix socket, up to 107 octets");
        return;
    }
    memcpy(master->socket_path, path, strlen(path) + 1);
}

static void master_forget_socket(void)
{
    master_state()->socket_path[0] = '\0';
}

/* SNMPD_CALLBACK_PRE_UPDATE_CONFIG: SIGHUP. */
static int master_on_reconfigure(int major, int minor, void *server_arg, void *client_arg)
{
    (void)major;
    (void)minor;
    (void)server_arg;
    (void)client_arg;
    master_state()->reconfiguring = true;
    return SNMPERR_SUCCESS;
}

/* SNMP_CALLBACK_POST_READ_CONFIG, at the start and after SIGHUP. */
static int master_on_configured(int major, int minor, void *server_arg, void *client_arg)
{
    struct master *master = master_state();

    (void)major;
    (void)minor;
    (void)server_arg;
    (void)client_arg;
    master->reconfiguring = false;
    if (master->loaded) {
        master_announce(master);
        return SNMPERR_SUCCESS;
    }
    announcer_close(&master->announcer);
    return SNMPERR_SUCCESS;
}

static bool master_install(void)
{
    if (snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG, master_on_configured, NULL) !=
            SNMPERR_SUCCESS ||
        snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_PRE_UPDATE_CONFIG, master_on_reconfigure,
                               NULL) != SNMPERR_SUCCESS ||
        !trace_install()) {
        snmp_log(LOG_ERR, MASTER_LOG_PREFIX "snmpd refuses the callbacks for its configuration and its end\n");
        return false;
    }
    snmpd_register_config_handler("devsecGuardSocket", master_parse_socket, master_forget_socket, "PATH");
    policy_configure();
    include_configure();
    return true;
}

/* Called by snmpd when it has loaded the module; again after an unload, then with the same variables. */
void init_devsec_master(void)
{
    struct master *master = master_state();
    const bool again = master->guarding;

    if (!again && (!guard_install() || !master_install()))
        return;
    master->guarding = true;
    master->loaded = true;
    if (again && !master->reconfiguring)
        master_announce(master);
}

/* Called by snmpd before it unloads the module: when it ends, on SIGHUP, and by UCD-DLMOD-MIB. */
void deinit_devsec_master(void)
{
    struct master *master = master_state();

    master->loaded = false;
    if (master->reconfiguring)
        return;
    snmp_log(LOG_INFO, MASTER_LOG_PREFIX "unloaded: announcement withdrawn; what is denied stays denied\n");
    announcer_close(&master->announcer);
}
