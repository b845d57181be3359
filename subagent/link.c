/* SPDX-License-Identifier: Apache-2.0 */
/* The link to the master; see link.h. */
#include "link.h"

#include "agent.h"
#include "devsec_mib.h"
#include "dispatch.h"
#include "guard/agentx.h"

#include "base/log.h"
#include "guard/guard_link.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/library/fd_event_manager.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Exported by net-snmp's agent library, declared in a header that it does not install: connects and opens the AgentX
 * session once, 0 on success. net-snmp calls it by itself only together with its ping, which we must not use: while a
 * ping waits for its answer net-snmp reads the session with a callback of its own, and a request that arrives just then
 * is answered from net-snmp's own registry, where our objects are not: noSuchObject for an object that exists.
 */
int subagent_open_master_session(void);

/* Likewise: what init_snmp connects through, before we could see whether anybody would take the connection. */
int subagent_startup(int major, int minor, void *server, void *client);

#define RETRY_MS        200 /* between attempts to connect, to find the guard, to register */
#define DUPLICATE_TRIES 25  /* a master that has not yet noticed our predecessor's end needs a moment */
#define WATCH_SECONDS   1   /* how often the guard's counters are looked at */

enum link_phase {
    LINK_DOWN,        /* no session */
    LINK_UNGUARDED,   /* a session, and no proof of the guard */
    LINK_REGISTERING, /* asked, not answered */
    LINK_REGISTERED,
};

struct link {
    struct agent *agent;
    enum link_phase phase;
    netsnmp_session *session;   /* net-snmp's, valid from LINK_UNGUARDED on */
    netsnmp_callback inherited; /* net-snmp's own callback of the session */
    struct guard_link *guard;
    unsigned retry; /* alarm, 0 if none */
    unsigned watch; /* alarm */
    unsigned duplicates;
    char said[DEVSEC_ERROR_TEXT_MAX]; /* the last complaint, so that it is logged once */
};

static void complain(struct link *link, const char *sentence)
{
    if (strcmp(link->said, sentence) == 0)
        return;
    snprintf(link->said, sizeof(link->said), "%s", sentence);
    log_error("agentx", "%s", sentence);
}

static void enter(struct link *link, enum link_phase phase)
{
    link->phase = phase;
    link->agent->registered = phase == LINK_REGISTERED;
}

static void step(struct link *link);

static void on_retry(unsigned alarm, void *argument)
{
    struct link *link = argument;

    snmp_alarm_unregister(alarm);
    link->retry = 0;
    step(link);
}

static void retry_soon(struct link *link)
{
    const struct timeval wait = {.tv_usec = RETRY_MS * 1000L};

    if (!link->retry)
        link->retry = snmp_alarm_register_hr(wait, 0, on_retry, link);
}

/* ---- requests ---- */

static int on_packet(int operation, netsnmp_session *session, int reqid, netsnmp_pdu *pdu, void *magic)
{
    struct link *link = magic;
    netsnmp_pdu *response;

    if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE || !dispatch_takes(pdu->command))
        return link->inherited(operation, session, reqid, pdu, NULL);
    response = dispatch_answer(link->agent->dispatch, pdu);
    if (response && !snmp_send(session, response)) {
        log_error("agentx", "an answer could not be sent: %s", snmp_api_errstring(snmp_errno));
        snmp_free_pdu(response);
    }
    return 1;
}

/* ---- the guard ---- */

static void drop_guard(struct link *link)
{
    if (!link->guard)
        return;
    unregister_readfd(guard_link_fd(link->guard));
    guard_link_close(link->guard);
    link->guard = NULL;
    link->agent->guard = NULL;
}

/* A Register or Unregister of the module's root (RFC 2741, 6.2.3 and 6.2.4); NULL when out of memory. */
static netsnmp_pdu *root_pdu(const struct link *link, int command)
{
    static const oid root[] = DEVSEC_MIB_ROOT;
    netsnmp_pdu *pdu = snmp_pdu_create(command);

    if (!pdu)
        return NULL;
    pdu->sessid = link->session->sessid;
    pdu->priority = AGENTX_PRIORITY_DEFAULT;
    snmp_add_null_var(pdu, root, OID_LENGTH(root));
    return pdu;
}

/* Fail closed: without the guard, nothing is registered. The master gets no say in it, so no answer is awaited. */
static void unregister_root(struct link *link)
{
    netsnmp_pdu *pdu = root_pdu(link, AGENTX_UNREGISTER);

    if (pdu && !snmp_send(link->session, pdu))
        snmp_free_pdu(pdu);
}

static void on_guard(int fd, void *argument)
{
    struct link *link = argument;

    (void)fd;
    if (guard_link_alive(link->guard))
        return;
    drop_guard(link);
    complain(link, "the guard inside snmpd is gone; nothing is served until it is back");
    if (link->phase >= LINK_REGISTERING)
        unregister_root(link);
    enter(link, LINK_UNGUARDED);
    retry_soon(link);
}

/* The announcement must come from the very process at the other end of the AgentX session (decision 5). */
static bool find_guard(struct link *link)
{
    netsnmp_transport *transport = snmp_sess_transport(snmp_sess_pointer(link->session));
    struct devsec_error error = {DEVSEC_OK, ""};
    pid_t master = 0;
    enum devsec_err err = transport ? guard_peer_pid(transport->sock, &master, &error)
                                    : devsec_fail(&error, DEVSEC_ERR_INTERNAL, "the AgentX session has no transport");

    if (!err)
        err = guard_link_open(&link->guard, link->agent->config.guard_socket, master, &error);
    if (err) {
        devsec_error_prefix(&error, "not registering with snmpd");
        complain(link, error.text);
        return false;
    }
    register_readfd(guard_link_fd(link->guard), on_guard, link);
    link->agent->guard = link->guard;
    return true;
}

/* ---- registration (RFC 2741, 6.2.3) ---- */

static void registered(struct link *link)
{
    enter(link, LINK_REGISTERED);
    link->duplicates = 0;
    link->said[0] = '\0';
    log_info("agentx", "registered with snmpd");
    agent_follow(link->agent);
}

static void refused(struct link *link, const char *sentence)
{
    enter(link, LINK_UNGUARDED);
    drop_guard(link); /* proved anew before the next attempt */
    complain(link, sentence);
    retry_soon(link);
}

static void refused_as_duplicate(struct link *link)
{
    refused(link, "another subagent has registered this MIB with snmpd: is a second devsecd running?");
    if (++link->duplicates < DUPLICATE_TRIES)
        return;
    log_error("agentx", "the other subagent stays; ending");
    link->agent->exit_status = 1;
    link->agent->stop = true;
}

static int on_registered(int operation, netsnmp_session *session, int reqid, netsnmp_pdu *pdu, void *magic)
{
    struct link *link = magic;
    char sentence[128];

    (void)session;
    (void)reqid;
    if (link->phase != LINK_REGISTERING)
        return 1;
    if (operation == NETSNMP_CALLBACK_OP_TIMED_OUT) {
        unregister_root(link); /* it may still come to it, and then our next attempt would be the duplicate */
        refused(link, "snmpd does not answer the registration");
    } else if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE) {
        return 1;
    } else if (pdu->errstat == SNMP_ERR_NOERROR) {
        registered(link);
    } else if (pdu->errstat == AGENTX_ERROR_DUPLICATE_REGISTRATION) {
        refused_as_duplicate(link);
    } else {
        snprintf(sentence, sizeof(sentence), "snmpd refuses the registration (AgentX error %ld)", pdu->errstat);
        refused(link, sentence);
    }
    return 1;
}

static void register_root(struct link *link)
{
    netsnmp_pdu *pdu = root_pdu(link, AGENTX_REGISTER);

    enter(link, LINK_REGISTERING);
    if (pdu && snmp_async_send(link->session, pdu, on_registered, link))
        return;
    snmp_free_pdu(pdu);
    enter(link, LINK_UNGUARDED);
    drop_guard(link);
    retry_soon(link);
}

/*
 * Whether a connection would be taken at once. net-snmp connects with a socket that blocks: a master that hangs would
 * stop us for good, signals included, as soon as its listen(2) queue is full, which our own attempts see to.
 */
static bool master_listens(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool listens;

    if (fd < 0)
        return false;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    listens = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return listens;
}

/* One step up from wherever the link stands. */
static void step(struct link *link)
{
    if (link->phase == LINK_DOWN &&
        (!master_listens(link->agent->config.agentx_socket) || subagent_open_master_session() != 0)) {
        char sentence[256];

        snprintf(sentence, sizeof(sentence), "no AgentX master answers at %.200s; trying again until one does",
                 link->agent->config.agentx_socket);
        complain(link, sentence);
        retry_soon(link);
        return;
    }
    if (link->phase != LINK_UNGUARDED) /* on_session has moved it there */
        return;
    if (link->guard || find_guard(link))
        register_root(link);
    else
        retry_soon(link);
}

/* ---- the session comes and goes ---- */

/* SNMPD_CALLBACK_INDEX_START: net-snmp has opened a session; from here on its packets are ours first. */
static int on_session(int major, int minor, void *server, void *client)
{
    struct link *link = client;

    (void)major;
    (void)minor;
    link->session = server;
    link->inherited = link->session->callback;
    link->session->callback = on_packet;
    link->session->callback_magic = link;
    enter(link, LINK_UNGUARDED);
    log_info("agentx", "connected to the master at %s", link->agent->config.agentx_socket);
    return 0;
}

/* SNMPD_CALLBACK_INDEX_STOP: net-snmp is about to drop the session, which may never have got as far as on_session. */
static int on_session_end(int major, int minor, void *server, void *client)
{
    struct link *link = client;

    (void)major;
    (void)minor;
    (void)server;
    if (link->phase == LINK_DOWN)
        return 0;
    drop_guard(link);
    link->session = NULL;
    enter(link, LINK_DOWN);
    dispatch_abandon(link->agent->dispatch);
    complain(link, "the AgentX master went away; connecting again");
    retry_soon(link);
    return 0;
}

static int on_log(int major, int minor, void *server, void *client)
{
    const struct snmp_log_message *message = server;
    char line[512];
    size_t length;

    (void)major;
    (void)minor;
    (void)client;
    snprintf(line, sizeof(line), "%s", message->msg);
    length = strlen(line);
    if (length && line[length - 1] == '\n')
        line[length - 1] = '\0';
    if (message->priority <= LOG_WARNING)
        log_warning("net-snmp", "%s", line);
    else
        log_debug("net-snmp", "%s", line);
    return 0;
}

/* The guard's counters move without anybody telling us. */
static void on_watch(unsigned alarm, void *argument)
{
    struct link *link = argument;

    (void)alarm;
    agent_watch(link->agent);
}

/* What net-snmp calls back for; unregistered before its shutdown, which frees the arguments it still finds. */
static const struct {
    int major;
    int minor;
    SNMPCallback *function;
} callbacks[] = {
    {SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log},
    {SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_session},
    {SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_session_end},
};

#define N_CALLBACKS (sizeof(callbacks) / sizeof(callbacks[0]))

static void unregister_callbacks(struct link *link)
{
    for (size_t i = 0; i < N_CALLBACKS; i++)
        snmp_unregister_callback(callbacks[i].major, callbacks[i].minor, callbacks[i].function, link, 1);
}

/* net-snmp would read snmp.conf, load every MIB it finds and keep a state file: a subagent has no use for any of it. */
static void configure(const struct agent *agent)
{
    setenv("MIBS", "", 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, agent->config.agentx_socket);
}

enum devsec_err link_start(struct link **out, struct agent *agent, struct devsec_error *error)
{
    struct link *link = calloc(1, sizeof(*link));

    if (!link)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    link->agent = agent;
    snmp_disable_log();
    snmp_enable_calllog();
    for (size_t i = 0; i < N_CALLBACKS; i++)
        snmp_register_callback(callbacks[i].major, callbacks[i].minor, callbacks[i].function, link);
    netsnmp_enable_subagent();
    configure(agent);
    if (init_agent("devsecd") != 0) {
        unregister_callbacks(link);
        free(link);
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "net-snmp's agent library does not start");
    }
    /* No ping (see subagent_open_master_session above); init_agent has just set the default. */
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, 0);
    snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG, subagent_startup, NULL, 1);
    init_snmp("devsecd");
    /*
     * A stream loses nothing, and what is sent again is done again: a hung master would come back to six Opens and to
     * six of the same notification. net-snmp also waits for the answer to Open without looking at anything else.
     */
    netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_RETRIES, 0);
    link->watch = snmp_alarm_register(WATCH_SECONDS, SA_REPEAT, on_watch, link);
    step(link);
    *out = link;
    return DEVSEC_OK;
}

void link_stop(struct link *link)
{
    if (!link)
        return;
    unregister_callbacks(link);
    if (link->retry)
        snmp_alarm_unregister(link->retry);
    snmp_alarm_unregister(link->watch);
    drop_guard(link);
    dispatch_abandon(link->agent->dispatch);
    enter(link, LINK_DOWN);
    snmp_shutdown("devsecd"); /* closes the AgentX session */
    shutdown_agent();
    free(link);
}
