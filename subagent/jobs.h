/* SPDX-License-Identifier: Apache-2.0 */
/* devsecJobTable: rows of the settings document whose work is done by worker threads and committed by the main one. */
#ifndef DEVSEC_SUBAGENT_JOBS_H
#define DEVSEC_SUBAGENT_JOBS_H

#include "base/error.h"
#include "pki/pki.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct agent;
struct jobs;

#define JOBS_MAX     32 /* rows: devsecJobLimit */
#define JOBS_QUEUE   16 /* started and not running */
#define JOBS_THREADS 2
#define JOBS_WORKS   (JOBS_MAX + 4) /* room in the pool: rows, and what the agent does of its own accord */
#define JOBS_KEEP    3600           /* seconds: devsecJobKeep */

/*
 * `agent` is borrowed; its workers must be freed first. Jobs that a predecessor of this process left started and not
 * finished become failed, cause interrupted(27), with the first jobs_follow; reserved keys that the profile wants and
 * the store has not are made from then on.
 */
enum devsec_err jobs_new(struct jobs **out, struct agent *agent, struct devsec_error *error);
void jobs_free(struct jobs *jobs); /* leaves alone what a worker thread still has; NULL is legal */

/*
 * To be called when the document is another or work has ended: starts what is started in the document and not under
 * way, gives up what is gone from it, commits what is done, starts verifications and reserved keys that are due. Does
 * nothing in the midst of a SET. True if it committed: then the document is another, and it has to be called again.
 */
bool jobs_follow(struct jobs *jobs);

/* To be called when the inventory is another: verdicts may be due, and files no longer wanted. */
void jobs_inventory_changed(struct jobs *jobs);

/* Seconds of the two clocks. How old a result is goes by the wall clock's date of its end when it is first seen, and by
 * the monotonic one from then on: a clock that is set neither drops nor keeps anything. A row that is not started has
 * no date: its time begins when it is first seen and with each change, and so anew with each start of the process. */
struct jobs_clock {
    time_t wall;
    time_t monotonic;
};

/* Every second: drops rows, finished or never started, that are too old, segments without a job, material that nothing
 * refers to. True if jobs_follow is due. */
bool jobs_watch(struct jobs *jobs);
bool jobs_watch_at(struct jobs *jobs, const struct jobs_clock *now); /* the same with the clocks' time given */

/* For the row's binding, at activation: DEVSEC_ERR_UNAVAILABLE for a full queue, DEVSEC_ERR_INCONSISTENT when another
 * job works on the slot. */
enum devsec_err jobs_may_start(const struct jobs *jobs, const struct value *row, struct devsec_error *error);

/* The row of the document as it is to be shown: a result that cannot be written yet is known here alone. */
const struct value *jobs_shown(const struct jobs *jobs, const struct value *row);

/* A value of devsecJobStatus for a row of the document: what is running is known here alone. */
int jobs_status(const struct jobs *jobs, const struct value *row);

/* Why a key of its own that the device is to have is missing; NULL if it is there or not wanted, before it has gone
 * wrong for the first time, and without `jobs` (NULL: the agent is being closed). */
const char *jobs_reserved_trouble(const struct jobs *jobs, enum pki_reserved which);

/* Whether the job was started (and so can no longer be changed). */
bool jobs_is_started(const struct value *row);

#endif
