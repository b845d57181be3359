/* SPDX-License-Identifier: Apache-2.0 */
/* Worker threads: work runs elsewhere and politely, comes back here and once, and can be given up at any moment. */
#include "workers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000 /* never waited for in full unless something is broken */

/* A piece of work that says what it saw. */
struct probe {
    struct work work;
    atomic_bool begun;
    atomic_bool go; /* what a `wait_for_go` waits for */
    pid_t thread;
    int priority;
    int policy;
    bool signals_blocked;
    unsigned turns;
    unsigned done; /* how often */
    struct workers *workers;
    struct work *follow_up;
};

static void nap(void)
{
    usleep(1000);
}

static void look_around(struct work *work)
{
    struct probe *probe = (struct probe *)work;
    sigset_t blocked;

    probe->thread = gettid();
    probe->priority = getpriority(PRIO_PROCESS, (id_t)gettid());
    probe->policy = sched_getscheduler(0);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    probe->signals_blocked = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP) == 1 &&
                             sigismember(&blocked, SIGCHLD) == 1 && sigismember(&blocked, SIGALRM) == 1;
}

static void wait_for_go(struct work *work)
{
    struct probe *probe = (struct probe *)work;

    probe->begun = true;
    while (!probe->go && !work->give_up)
        nap();
}

static void be_stubborn(struct work *work)
{
    struct probe *probe = (struct probe *)work;

    probe->begun = true;
    while (!probe->go)
        nap();
}

static void count_done(struct work *work)
{
    struct probe *probe = (struct probe *)work;

    probe->done++;
    if (probe->follow_up)
        assert_int_equal(workers_submit(probe->workers, probe->follow_up, NULL), DEVSEC_OK);
}

static struct probe probe_for(void (*run)(struct work *work))
{
    struct probe probe = {.thread = 0};

    probe.work.run = run;
    probe.work.done = count_done;
    return probe;
}

static struct workers *pool(unsigned threads, size_t queue)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct workers *workers = NULL;

    if (workers_new(&workers, threads, queue, &error))
        fail_msg("%s", error.text);
    return workers;
}

static void submit(struct workers *workers, struct probe *probe)
{
    struct devsec_error error = {DEVSEC_OK, ""};

    if (workers_submit(workers, &probe->work, &error))
        fail_msg("%s", error.text);
}

static void collect_next(struct workers *workers)
{
    struct pollfd ready = {.fd = workers_fd(workers), .events = POLLIN};

    assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
    workers_collect(workers);
}

static void wait_until_begun(const struct probe *probe)
{
    for (unsigned i = 0; i < PATIENCE_MS && !probe->begun; i++)
        nap();
    assert_true(probe->begun);
}

static bool is_readable(const struct workers *workers)
{
    struct pollfd ready = {.fd = workers_fd(workers), .events = POLLIN};

    return poll(&ready, 1, 0) == 1;
}

static void test_work_runs_elsewhere_and_politely(void **state)
{
    struct workers *workers = pool(1, 1);
    struct probe probe = probe_for(look_around);

    (void)state;
    assert_false(is_readable(workers));
    submit(workers, &probe);
    collect_next(workers);
    assert_int_equal(probe.done, 1);
    assert_true(probe.work.ran);
    assert_int_not_equal(probe.thread, gettid());
    assert_int_equal(probe.priority, 19);
    assert_int_equal(probe.policy, SCHED_IDLE);
    assert_true(probe.signals_blocked);
    assert_false(is_readable(workers));
    workers_collect(workers);
    assert_int_equal(probe.done, 1);
    assert_true(workers_free(workers, PATIENCE_MS));
    assert_int_equal(probe.done, 1);
}

#define MANY 500

static void test_each_of_many_comes_back_once(void **state)
{
    struct workers *workers = pool(4, MANY);
    struct probe *probes = calloc(MANY, sizeof(*probes));
    unsigned done = 0;

    (void)state;
    assert_non_null(probes);
    for (size_t i = 0; i < MANY; i++) {
        probes[i] = probe_for(look_around);
        submit(workers, &probes[i]);
    }
    while (done < MANY) {
        collect_next(workers);
        done = 0;
        for (size_t i = 0; i < MANY; i++) {
            assert_true(probes[i].done <= 1);
            done += probes[i].done;
        }
    }
    assert_int_equal(workers_room(workers), MANY);
    assert_true(workers_free(workers, PATIENCE_MS));
    for (size_t i = 0; i < MANY; i++)
        assert_true(probes[i].work.ran && probes[i].done == 1);
    free(probes);
}

static void test_a_full_queue_is_refused(void **state)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct workers *workers = pool(1, 2);
    struct probe running = probe_for(wait_for_go);
    struct probe waiting[2] = {probe_for(look_around), probe_for(look_around)};
    struct probe refused = probe_for(look_around);

    (void)state;
    submit(workers, &running);
    wait_until_begun(&running); /* the queue is only for what waits */
    assert_int_equal(workers_room(workers), 2);
    submit(workers, &waiting[0]);
    submit(workers, &waiting[1]);
    assert_int_equal(workers_room(workers), 0);
    assert_int_equal(workers_submit(workers, &refused.work, &error), DEVSEC_ERR_UNAVAILABLE);
    assert_string_equal(error.text, "2 pieces of work wait already; try again later");
    running.go = true;
    while (!waiting[1].done)
        collect_next(workers);
    assert_true(running.done == 1 && waiting[0].done == 1);
    assert_int_equal(refused.done, 0);
    submit(workers, &refused);
    collect_next(workers);
    assert_int_equal(refused.done, 1);
    assert_true(workers_free(workers, PATIENCE_MS));
}

static void test_what_runs_and_what_waits_can_be_given_up(void **state)
{
    struct workers *workers = pool(1, 3);
    struct probe running = probe_for(wait_for_go);
    struct probe waiting[3] = {probe_for(look_around), probe_for(look_around), probe_for(look_around)};

    (void)state;
    submit(workers, &running);
    wait_until_begun(&running);
    assert_true(running.work.running);
    for (size_t i = 0; i < 3; i++)
        submit(workers, &waiting[i]);
    workers_give_up(workers, &waiting[1].work);
    collect_next(workers); /* at once, although the one before it has not even begun */
    assert_true(waiting[1].done == 1 && !waiting[1].work.ran && !waiting[0].done && !running.done);
    workers_give_up(workers, &waiting[2].work); /* the last one: the list must still have an end */
    collect_next(workers);
    assert_true(waiting[2].done == 1 && !waiting[2].work.ran);
    submit(workers, &waiting[1]);
    workers_give_up(workers, &running.work);
    while (waiting[1].done < 2 || !waiting[0].done || !running.done)
        collect_next(workers);
    assert_true(running.work.ran && waiting[0].work.ran);
    assert_int_equal(waiting[1].done, 2);
    assert_true(workers_free(workers, PATIENCE_MS));
}

static void test_done_may_submit_more(void **state)
{
    struct workers *workers = pool(2, 1);
    struct probe second = probe_for(look_around);
    struct probe first = probe_for(look_around);

    (void)state;
    first.workers = workers;
    first.follow_up = &second.work;
    submit(workers, &first);
    while (!second.done)
        collect_next(workers);
    assert_true(second.work.ran);
    assert_true(workers_free(workers, PATIENCE_MS));
}

static void test_the_end_gives_up_everything(void **state)
{
    struct workers *workers = pool(2, 4);
    struct probe probes[6];

    (void)state;
    for (size_t i = 0; i < 6; i++)
        probes[i] = probe_for(wait_for_go);
    submit(workers, &probes[0]);
    submit(workers, &probes[1]);
    wait_until_begun(&probes[0]);
    wait_until_begun(&probes[1]);
    for (size_t i = 2; i < 6; i++)
        submit(workers, &probes[i]);
    assert_true(workers_free(workers, PATIENCE_MS));
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(probes[i].done, 1);
        assert_int_equal(probes[i].work.ran, i < 2);
        assert_true(probes[i].work.give_up);
    }
}

/* What a stubborn thread still uses must outlive the test. */
static struct probe stubborn;
static struct workers *left_behind;

static void test_a_thread_that_does_not_end_is_left_behind(void **state)
{
    struct probe waiting = probe_for(look_around);

    (void)state;
    stubborn = probe_for(be_stubborn);
    left_behind = pool(1, 1);
    submit(left_behind, &stubborn);
    wait_until_begun(&stubborn);
    submit(left_behind, &waiting);
    assert_false(workers_free(left_behind, 20));
    assert_int_equal(waiting.done, 1);
    assert_false(waiting.work.ran);
    assert_int_equal(stubborn.done, 0);
    stubborn.go = true;
}

static void test_no_thread_is_there_before_work_is(void **state)
{
    struct workers *workers = pool(2, 2);
    struct probe probe = probe_for(look_around);
    int status = -1;
    pid_t child;

    (void)state;
    child = fork(); /* as daemon(3) does behind agent_open */
    assert_true(child >= 0);
    if (child == 0) {
        submit(workers, &probe);
        collect_next(workers);
        _exit(probe.done == 1 && workers_free(workers, PATIENCE_MS) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(workers_free(workers, 0));
    assert_true(workers_free(NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_thread_is_there_before_work_is),
        cmocka_unit_test(test_work_runs_elsewhere_and_politely),
        cmocka_unit_test(test_each_of_many_comes_back_once),
        cmocka_unit_test(test_a_full_queue_is_refused),
        cmocka_unit_test(test_what_runs_and_what_waits_can_be_given_up),
        cmocka_unit_test(test_done_may_submit_more),
        cmocka_unit_test(test_the_end_gives_up_everything),
        cmocka_unit_test(test_a_thread_that_does_not_end_is_left_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
