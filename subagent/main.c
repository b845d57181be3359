/* SPDX-License-Identifier: Apache-2.0 */
/* devsecd: the command line and the main loop. */
#include "agent.h"
#include "jobs.h"
#include "link.h"
#include "restart.h"
#include "workers.h"

#include "base/log.h"
#include "secret/openssl_memory.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/library/fd_event_manager.h>

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum exit_status {
    EXIT_USAGE = 2,
};

/* Of malloc: one a thread. With fewer a worker that has lost its processor inside malloc would hold up the main thread.
 */
#define ARENAS (1 + JOBS_THREADS)

static const char usage[] = "Usage: devsecd [-f] [-d] [-c FILE]\n"
                            "\n"
                            "Publishes DEVICE-SECURITY-MIB through the AgentX master on this device.\n"
                            "\n"
                            "  -c, --config FILE  configuration (default " CONFIG_DEFAULT_PATH ")\n"
                            "  -f, --foreground   stay in the foreground and log to standard error\n"
                            "  -d, --debug        log more\n"
                            "  -h, --help         this text\n"
                            "  -V, --version      the version\n";

struct options {
    const char *config;
    bool foreground;
    bool debug;
};

/* Returns false when the process is to end with *status. */
static bool parse(int argc, char **argv, struct options *options, int *status)
{
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'}, {"foreground", no_argument, NULL, 'f'},
        {"debug", no_argument, NULL, 'd'},        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
    };
    int option;

    *status = 0;
    while ((option = getopt_long(argc, argv, "c:fdhV", known, NULL)) != -1) {
        if (option == 'c') {
            options->config = optarg;
        } else if (option == 'f') {
            options->foreground = true;
        } else if (option == 'd') {
            options->debug = true;
        } else if (option == 'h') {
            fputs(usage, stdout);
            return false;
        } else if (option == 'V') {
            puts("devsecd " DEVSEC_VERSION);
            return false;
        } else {
            *status = EXIT_USAGE;
            return false;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "devsecd: unexpected argument \"%s\"; see devsecd --help\n", argv[optind]);
        *status = EXIT_USAGE;
        return false;
    }
    return true;
}

static void on_store(int fd, void *argument)
{
    (void)fd;
    agent_refresh(argument);
}

static void on_workers(int fd, void *argument)
{
    (void)fd;
    agent_collect(argument);
}

static void on_signal(int fd, void *argument)
{
    struct agent *agent = argument;
    struct signalfd_siginfo info;

    while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            restart_reap(agent->restart);
            agent_follow(agent); /* a restart that failed is a matter of health */
        } else if (info.ssi_signo == SIGHUP) {
            agent_refresh(agent);
        } else {
            agent->stop = true;
        }
    }
}

/* Signals become events of the main loop; nothing runs in a handler. */
static int open_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* ignored, as whoever started us may have it, no exit status would be kept */
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
        return -1;
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int run(struct agent *agent)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    const int signals = open_signals();
    const int notice = store_notice_fd(agent->store);

    if (signals < 0) {
        log_error("main", "signalfd: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    agent_follow(agent);
    if (link_start(&agent->link, agent, &error)) {
        log_error("main", "%s", error.text);
        close(signals);
        return EXIT_FAILURE;
    }
    register_readfd(signals, on_signal, agent);
    register_readfd(workers_fd(agent->workers), on_workers, agent);
    if (notice >= 0)
        register_readfd(notice, on_store, agent);
    else
        log_warning("store", "no inotify: changes by others are seen within a second, not at once");
    while (!agent->stop)
        agent_check_and_process(1);
    if (notice >= 0)
        unregister_readfd(notice);
    unregister_readfd(workers_fd(agent->workers));
    unregister_readfd(signals);
    link_stop(agent->link);
    agent->link = NULL;
    close(signals);
    return agent->exit_status;
}

int main(int argc, char **argv)
{
    struct options options = {.config = CONFIG_DEFAULT_PATH};
    struct devsec_error error = {DEVSEC_OK, ""};
    struct agent agent;
    int status;

    if (!parse(argc, argv, &options, &status))
        return status;
    (void)openssl_memory_cleanse(); /* nothing has used OpenSSL yet, so it cannot fail */
    mallopt(M_ARENA_MAX, ARENAS);
    log_open("devsecd", true, options.debug); /* whoever starts it sees why it does not start */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);       /* no core file: the memory may hold secrets */
    if (agent_open(&agent, options.config, &error)) {
        log_error("main", "%s", error.text);
        return EXIT_FAILURE;
    }
    if (!options.foreground && daemon(0, 0) != 0) {
        log_error("main", "cannot go to the background: %s", strerror(errno));
        agent_close(&agent);
        return EXIT_FAILURE;
    }
    log_open("devsecd", options.foreground, options.debug);
    log_info("main", "devsecd %s started", DEVSEC_VERSION);
    status = run(&agent);
    log_info("main", "devsecd ended");
    if (!agent_close(&agent))
        _exit(status); /* a thread still runs: nothing that it uses may be cleaned up */
    return status;
}
