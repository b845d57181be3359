/* SPDX-License-Identifier: Apache-2.0 */
/* The restart action with real commands: how they end, what they inherit, and that none stays behind as a zombie. */
#include "restart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char directory[64];
    char out[96]; /* what commands write to, $0 for them */
    char program[32];
    char option[4];
    char script[128];
    char *command[5];
    struct restart *restart;
};

static int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    strcpy(fixture->directory, "/tmp/test_restart.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->out, sizeof(fixture->out), "%s/out", fixture->directory);
    strcpy(fixture->program, "/bin/sh");
    strcpy(fixture->option, "-c");
    fixture->command[0] = fixture->program;
    fixture->command[1] = fixture->option;
    fixture->command[2] = fixture->script;
    fixture->command[3] = fixture->out;
    assert_int_equal(restart_new(&fixture->restart, fixture->command, NULL), DEVSEC_OK);
    *state = fixture;
    return 0;
}

static int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    restart_free(fixture->restart);
    unlink(fixture->out);
    assert_int_equal(rmdir(fixture->directory), 0);
    free(fixture);
    return 0;
}

static void start(struct fixture *fixture, const char *script)
{
    strcpy(fixture->script, script);
    restart_start(fixture->restart);
}

/* Waits until the command has ended, as SIGCHLD would tell, and has it reaped; nothing is left to wait for then. */
static void reap(struct fixture *fixture)
{
    siginfo_t info;

    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    restart_reap(fixture->restart);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static size_t read_out(const struct fixture *fixture, char *to, size_t room)
{
    FILE *file = fopen(fixture->out, "r");
    size_t length;

    assert_non_null(file);
    length = fread(to, 1, room - 1, file);
    to[length] = '\0';
    fclose(file);
    return length;
}

static void test_how_it_ends(void **state)
{
    static const struct {
        const char *script;
        const char *reason;
    } cases[] = {
        {"exit 0", ""},
        {"exit 7", "restart was asked for, but /bin/sh failed (exit status 7)"},
        {"kill -KILL $$", "restart was asked for, but /bin/sh failed (signal 9)"},
        {"exit 0", ""}, /* a success takes an earlier failure back */
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start(fixture, cases[i].script);
        assert_string_equal(restart_reason(fixture->restart), "");
        reap(fixture);
        assert_string_equal(restart_reason(fixture->restart), cases[i].reason);
    }
}

static void test_not_there(void **state)
{
    struct fixture *fixture = *state;

    strcpy(fixture->program, "/nonexistent/reboot");
    start(fixture, "");
    assert_string_equal(restart_reason(fixture->restart),
                        "restart was asked for, but /nonexistent/reboot did not start: No such file or directory");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    strcpy(fixture->program, "/bin/sh");
    start(fixture, "exit 0");
    assert_string_equal(restart_reason(fixture->restart), "");
    reap(fixture);
}

static void test_not_twice_at_once(void **state)
{
    struct fixture *fixture = *state;
    char out[64];

    /* The command waits at the FIFO, so that it is still running when the second start comes. */
    assert_int_equal(mkfifo(fixture->out, 0600), 0);
    start(fixture, "echo once > $0");
    restart_start(fixture->restart);
    restart_reap(fixture->restart); /* too early: nothing happens */
    read_out(fixture, out, sizeof(out));
    assert_string_equal(out, "once\n");
    reap(fixture);
}

/* The AgentX session stayed open in the command, and with it the registration in snmpd, after devsecd's own end. */
static void test_inherits_no_descriptor(void **state)
{
    struct fixture *fixture = *state;
    const int leak = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC, as net-snmp opens its own */
    char out[512];

    assert_true(leak > 2);
    start(fixture, "ls -l /proc/$$/fd > $0; exit 0");
    reap(fixture);
    close(leak);
    read_out(fixture, out, sizeof(out));
    assert_non_null(strstr(out, " 0 -> /dev/null"));
    assert_non_null(strstr(out, " 2 -> /dev/null"));
    assert_null(strstr(out, "/dev/zero"));
}

/* devsecd ignores SIGPIPE and blocks what its signalfd reads; a program expects neither. */
static void test_inherits_no_signal_disposition(void **state)
{
    struct fixture *fixture = *state;
    char out[256];
    sigset_t blocked;
    sigset_t before;
    unsigned long long ignored = 1;
    unsigned long long mask = 1;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGCHLD);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
    signal(SIGPIPE, SIG_IGN);
    start(fixture, "grep -E '^Sig(Blk|Ign):' /proc/$$/status | tr -d '\\n' > $0");
    reap(fixture);
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    read_out(fixture, out, sizeof(out));
    assert_int_equal(sscanf(out, "SigBlk: %llx SigIgn: %llx", &mask, &ignored), 2);
    assert_int_equal(mask & (1ull << (SIGTERM - 1) | 1ull << (SIGCHLD - 1)), 0);
    assert_int_equal(ignored & (1ull << (SIGPIPE - 1)), 0);
}

static void test_none(void **state)
{
    (void)state;
    assert_string_equal(restart_reason(NULL), "");
    restart_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_how_it_ends, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_not_there, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_not_twice_at_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_inherits_no_descriptor, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_inherits_no_signal_disposition, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
