/* SPDX-License-Identifier: Apache-2.0 */
/* Worker threads: what takes long runs there, and its outcome comes back to the main thread as a message. */
#ifndef DEVSEC_SUBAGENT_WORKERS_H
#define DEVSEC_SUBAGENT_WORKERS_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A piece of work, usually the first member of a larger structure. It belongs to the pool from workers_submit until
 * `done` is called; `give_up` alone may be written meanwhile.
 *   run   in a worker thread: touches nothing but what belongs to the work; looks at `give_up` now and then
 *   done  in the main thread, out of workers_collect or workers_free, exactly once for each work submitted, also when
 *         it was given up before it ran (then `run` was never called and `ran` is false)
 */
struct work {
    void (*run)(struct work *work);
    void (*done)(struct work *work);
    atomic_bool give_up; /* set by anybody: end as soon as possible */
    atomic_bool running; /* a thread has taken it up; the pool's to write */
    bool ran;            /* to be looked at in `done` */
    struct work *next;   /* the pool's own */
};

struct workers;

#define WORKERS_THREADS_MAX 16

/*
 * A pool of up to `threads` threads (1 to WORKERS_THREADS_MAX). `queue_max` bounds what waits, running ones not
 * counted. The threads are started with the work: a process may still fork, as daemon(3) does, before it submits any.
 * They have all signals blocked and the lowest priority there is (SCHED_IDLE): whoever else wakes up gets the processor
 * at once, the AgentX session too, which under SCHED_BATCH and nice 19 waits for the end of a time slice.
 * DEVSEC_ERR_IO, _MEMORY.
 */
enum devsec_err workers_new(struct workers **out, unsigned threads, size_t queue_max, struct devsec_error *error);

/*
 * Gives up everything that waits or runs, waits up to `patience_ms` for the threads, and calls `done` for all work that
 * has come to an end. False if a thread did not end: then it, its work and the pool are left behind, nothing that the
 * work uses may be freed, and the process has to end without cleaning up (_exit). NULL is legal.
 */
bool workers_free(struct workers *workers, unsigned patience_ms);

/* Takes a piece of work; DEVSEC_ERR_UNAVAILABLE when the queue is full or no thread can be had (the work stays the
 * caller's). Main thread. */
enum devsec_err workers_submit(struct workers *workers, struct work *work, struct devsec_error *error);

/* Gives up a piece of work that was submitted: what still waits ends at once, with the next workers_collect. */
void workers_give_up(struct workers *workers, struct work *work);

/* How much more could be submitted now. */
size_t workers_room(struct workers *workers);

/* Whether anything waits, runs or is to be collected. */
bool workers_busy(struct workers *workers);

/* Readable when workers_collect has something to do (an eventfd). */
int workers_fd(const struct workers *workers);

/* Main thread: calls `done` for all work that has ended; it may submit more. When nothing is left to do, what the work
 * needed of memory goes back to the system. */
void workers_collect(struct workers *workers);

#endif
