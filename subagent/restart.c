/* SPDX-License-Identifier: Apache-2.0 */
/* The restart action; see restart.h. */
#include "restart.h"

#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct restart {
    char *const *command;
    pid_t pid; /* of the running command, 0 for none */
    char reason[DEVSEC_ERROR_TEXT_MAX];
};

enum devsec_err restart_new(struct restart **out, char *const *command, struct devsec_error *error)
{
    struct restart *restart = calloc(1, sizeof(*restart));

    if (!restart)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    restart->command = command;
    *out = restart;
    return DEVSEC_OK;
}

void restart_free(struct restart *restart)
{
    free(restart);
}

const char *restart_reason(const struct restart *restart)
{
    return restart ? restart->reason : "";
}

/* The child gets none of our signal mask (we block what signalfd reads), SIGPIPE as programs expect it, and none of our
 * descriptors: net-snmp opens its own without CLOEXEC, and a child that held the AgentX session would keep it, and with
 * it our registration, alive in snmpd after our end. */
static int spawn(pid_t *pid, char *const *command)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t defaults;
    int err = posix_spawn_file_actions_init(&files);

    if (err)
        return err;
    err = posix_spawnattr_init(&attributes);
    if (err) {
        posix_spawn_file_actions_destroy(&files);
        return err;
    }
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    err = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!err)
        err = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (!err)
        err = posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    if (!err)
        err = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    if (!err)
        err = posix_spawn(pid, command[0], &files, &attributes, command, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return err;
}

void restart_start(struct restart *restart)
{
    int err;

    if (restart->pid) {
        log_warning("restart", "the restart command is still running as process %ld", (long)restart->pid);
        return;
    }
    err = spawn(&restart->pid, restart->command);
    if (err) {
        restart->pid = 0;
        snprintf(restart->reason, sizeof(restart->reason), "restart was asked for, but %s did not start: %s",
                 restart->command[0], strerror(err));
        log_error("restart", "%s", restart->reason);
        return;
    }
    restart->reason[0] = '\0';
    log_info("restart", "started %s as process %ld", restart->command[0], (long)restart->pid);
}

void restart_reap(struct restart *restart)
{
    int status = 0;

    if (!restart->pid || waitpid(restart->pid, &status, WNOHANG) != restart->pid)
        return;
    restart->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    snprintf(restart->reason, sizeof(restart->reason), "restart was asked for, but %s failed (%s %d)",
             restart->command[0], WIFEXITED(status) ? "exit status" : "signal",
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    log_error("restart", "%s", restart->reason);
}
