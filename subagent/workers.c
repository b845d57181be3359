/* SPDX-License-Identifier: Apache-2.0 */
/* Worker threads; see workers.h. */
#include "workers.h"

#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* OpenSSL's largest frames are those of its modular exponentiation, some ten kilobytes; the rest is room. */
#define STACK_SIZE 524288L
#define NICE       19

/* Works in the order in which they came. */
struct list {
    struct work *first;
    struct work *last;
    size_t count;
};

/* Everything from `mutex` on is looked at and changed under it, by any thread. */
struct workers {
    unsigned threads_max;
    size_t queue_max;
    int event;
    pthread_t threads[WORKERS_THREADS_MAX];
    unsigned n_threads; /* started; the main thread's own, as the above */

    pthread_mutex_t mutex;
    pthread_cond_t wanted; /* there is work, or `stop` */
    pthread_cond_t ended;  /* a thread came to its end */
    struct list waiting;
    struct list finished;
    struct work *running[WORKERS_THREADS_MAX]; /* by thread; NULL while it waits */
    unsigned n_running;
    unsigned alive;
    bool stop;
};

/* What one thread is given. It frees it. */
struct place {
    struct workers *workers;
    unsigned thread;
};

static void append(struct list *list, struct work *work)
{
    work->next = NULL;
    if (list->last)
        list->last->next = work;
    else
        list->first = work;
    list->last = work;
    list->count++;
}

static struct work *take_first(struct list *list)
{
    struct work *work = list->first;

    list->first = work->next;
    if (!list->first)
        list->last = NULL;
    list->count--;
    return work;
}

/* ---- in a worker thread ---- */

/* Neither may fail in a way that matters: the work is done all the same, only less politely. */
static void step_back(void)
{
    const struct sched_param none = {.sched_priority = 0};

    if (sched_setscheduler(0, SCHED_IDLE, &none) != 0 || setpriority(PRIO_PROCESS, (id_t)gettid(), NICE) != 0)
        log_debug("workers", "a worker thread runs at ordinary priority: %s", strerror(errno));
}

/* An eventfd only refuses to count at 2^64 - 2, and then it is readable anyway. */
static void ring(const struct workers *workers)
{
    const uint64_t one = 1;

    while (write(workers->event, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

/* Under the mutex, which is let go while the work runs. */
static void work_on(struct workers *workers, unsigned thread, struct work *work)
{
    workers->running[thread] = work;
    workers->n_running++;
    work->running = true;
    pthread_mutex_unlock(&workers->mutex);
    if (!work->give_up) {
        work->ran = true;
        work->run(work);
    }
    pthread_mutex_lock(&workers->mutex);
    workers->running[thread] = NULL;
    workers->n_running--;
    append(&workers->finished, work);
    ring(workers);
}

static void *thread_main(void *argument)
{
    struct place place = *(struct place *)argument;
    struct workers *workers = place.workers;

    free(argument);
    step_back();
    pthread_mutex_lock(&workers->mutex);
    while (!workers->stop) {
        if (workers->waiting.first)
            work_on(workers, place.thread, take_first(&workers->waiting));
        else
            pthread_cond_wait(&workers->wanted, &workers->mutex);
    }
    workers->alive--;
    pthread_cond_signal(&workers->ended);
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

/* ---- in the main thread ---- */

static enum devsec_err open_locks(struct workers *workers, struct devsec_error *error)
{
    pthread_condattr_t monotonic;
    int err = pthread_mutex_init(&workers->mutex, NULL);

    if (!err)
        err = pthread_cond_init(&workers->wanted, NULL);
    if (!err)
        err = pthread_condattr_init(&monotonic);
    if (err)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "worker threads: %s", strerror(err));
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    err = pthread_cond_init(&workers->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return err ? devsec_fail(error, DEVSEC_ERR_MEMORY, "worker threads: %s", strerror(err)) : DEVSEC_OK;
}

enum devsec_err workers_new(struct workers **out, unsigned threads, size_t queue_max, struct devsec_error *error)
{
    struct workers *workers = calloc(1, sizeof(*workers));
    enum devsec_err err;

    if (!workers)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    workers->threads_max = threads < WORKERS_THREADS_MAX ? threads : WORKERS_THREADS_MAX;
    workers->queue_max = queue_max;
    workers->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (workers->event < 0) {
        err = devsec_fail_errno(error, "eventfd for worker threads");
        free(workers);
        return err;
    }
    err = open_locks(workers, error);
    if (err) {
        close(workers->event);
        free(workers);
        return err;
    }
    *out = workers;
    return DEVSEC_OK;
}

static size_t stack_size(void)
{
    const long least = sysconf(_SC_THREAD_STACK_MIN);

    return (size_t)(least > STACK_SIZE ? least : STACK_SIZE);
}

/* A thread inherits the mask of the one that starts it: signals are for the main loop's signalfd alone. */
static int create_blocked(pthread_t *thread, struct place *place)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    int err = pthread_attr_init(&attributes);

    if (err)
        return err;
    pthread_attr_setstacksize(&attributes, stack_size());
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(thread, &attributes, thread_main, place);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return err;
}

static int start_thread(struct workers *workers)
{
    struct place *place = malloc(sizeof(*place));
    int err = place ? 0 : ENOMEM;

    if (!err) {
        *place = (struct place){workers, workers->n_threads};
        err = create_blocked(&workers->threads[workers->n_threads], place);
    }
    if (err) {
        free(place);
        return err;
    }
    workers->n_threads++;
    return 0;
}

/* One more thread while all that there are have something to do. */
static enum devsec_err have_thread(struct workers *workers, struct devsec_error *error)
{
    bool busy;
    int err;

    pthread_mutex_lock(&workers->mutex);
    busy = workers->n_running + workers->waiting.count >= workers->alive;
    if (busy && workers->n_threads < workers->threads_max)
        workers->alive++; /* before it can end */
    else
        busy = false;
    pthread_mutex_unlock(&workers->mutex);
    if (!busy)
        return DEVSEC_OK;
    err = start_thread(workers);
    if (!err)
        return DEVSEC_OK;
    pthread_mutex_lock(&workers->mutex);
    workers->alive--;
    pthread_mutex_unlock(&workers->mutex);
    log_warning("workers", "no further worker thread: %s", strerror(err));
    if (workers->n_threads > 0)
        return DEVSEC_OK; /* it takes longer */
    return devsec_fail(error, DEVSEC_ERR_UNAVAILABLE, "no worker thread can be started now: %s; try again later",
                       strerror(err));
}

enum devsec_err workers_submit(struct workers *workers, struct work *work, struct devsec_error *error)
{
    enum devsec_err err;

    if (workers_room(workers) == 0)
        return devsec_fail(error, DEVSEC_ERR_UNAVAILABLE, "%zu pieces of work wait already; try again later",
                           workers->queue_max);
    err = have_thread(workers, error);
    if (err)
        return err;
    work->running = false;
    work->ran = false;
    pthread_mutex_lock(&workers->mutex);
    append(&workers->waiting, work);
    pthread_cond_signal(&workers->wanted);
    pthread_mutex_unlock(&workers->mutex);
    return DEVSEC_OK;
}

/* False if it is not in the list. */
static bool take_out(struct list *list, const struct work *work)
{
    struct work *before = NULL;

    for (struct work *at = list->first; at; before = at, at = at->next) {
        if (at != work)
            continue;
        if (before)
            before->next = at->next;
        else
            list->first = at->next;
        if (list->last == at)
            list->last = before;
        list->count--;
        return true;
    }
    return false;
}

void workers_give_up(struct workers *workers, struct work *work)
{
    work->give_up = true;
    pthread_mutex_lock(&workers->mutex);
    if (take_out(&workers->waiting, work)) {
        append(&workers->finished, work);
        ring(workers);
    }
    pthread_mutex_unlock(&workers->mutex);
}

size_t workers_room(struct workers *workers)
{
    size_t waiting;

    pthread_mutex_lock(&workers->mutex);
    waiting = workers->waiting.count;
    pthread_mutex_unlock(&workers->mutex);
    return waiting < workers->queue_max ? workers->queue_max - waiting : 0;
}

int workers_fd(const struct workers *workers)
{
    return workers->event;
}

/* `done` may free the work and submit more. */
static size_t deliver(struct workers *workers)
{
    struct list finished;
    size_t count;

    pthread_mutex_lock(&workers->mutex);
    finished = workers->finished;
    workers->finished = (struct list){NULL, NULL, 0};
    pthread_mutex_unlock(&workers->mutex);
    count = finished.count;
    while (finished.first) {
        struct work *work = take_first(&finished);

        work->done(work);
    }
    return count;
}

bool workers_busy(struct workers *workers)
{
    bool busy;

    pthread_mutex_lock(&workers->mutex);
    busy = workers->n_running > 0 || workers->waiting.count > 0 || workers->finished.count > 0;
    pthread_mutex_unlock(&workers->mutex);
    return busy;
}

void workers_collect(struct workers *workers)
{
    uint64_t rings;

    while (read(workers->event, &rings, sizeof(rings)) < 0 && errno == EINTR)
        continue;
    if (deliver(workers) > 0 && !workers_busy(workers))
        malloc_trim(0);
}

/* ---- the end ---- */

static void give_up_all(struct workers *workers)
{
    pthread_mutex_lock(&workers->mutex);
    workers->stop = true;
    for (unsigned i = 0; i < workers->n_threads; i++) {
        if (workers->running[i])
            workers->running[i]->give_up = true;
    }
    while (workers->waiting.first) {
        struct work *work = take_first(&workers->waiting);

        work->give_up = true;
        append(&workers->finished, work);
    }
    pthread_cond_broadcast(&workers->wanted);
    pthread_mutex_unlock(&workers->mutex);
}

static bool wait_for_threads(struct workers *workers, unsigned patience_ms)
{
    struct timespec until;
    int err = 0;
    bool gone;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += patience_ms / 1000;
    until.tv_nsec += (long)(patience_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&workers->mutex);
    while (workers->alive > 0 && err == 0)
        err = pthread_cond_timedwait(&workers->ended, &workers->mutex, &until);
    gone = workers->alive == 0;
    pthread_mutex_unlock(&workers->mutex);
    return gone;
}

bool workers_free(struct workers *workers, unsigned patience_ms)
{
    if (!workers)
        return true;
    give_up_all(workers);
    if (!wait_for_threads(workers, patience_ms)) {
        log_error("workers", "a worker thread does not end; it is left behind");
        deliver(workers);
        return false;
    }
    for (unsigned i = 0; i < workers->n_threads; i++)
        pthread_join(workers->threads[i], NULL);
    deliver(workers);
    pthread_cond_destroy(&workers->ended);
    pthread_cond_destroy(&workers->wanted);
    pthread_mutex_destroy(&workers->mutex);
    close(workers->event);
    free(workers);
    return true;
}
