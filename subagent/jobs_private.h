/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the jobs share: the list of those under way, and what the agent works on of its own accord. */
#ifndef DEVSEC_SUBAGENT_JOBS_PRIVATE_H
#define DEVSEC_SUBAGENT_JOBS_PRIVATE_H

#include "agent.h"
#include "jobs.h"
#include "workers.h"

#include "pki/task.h"

enum job_stage {
    JOB_UNDER_WAY, /* the pool has it */
    JOB_ENDED,     /* what came of it is to be committed */
    JOB_KEPT,      /* it is committed, or was never started: the row grows old */
};

/*
 * One row, or one job without. While it is under way, task, failed and fault are the worker thread's.
 */
struct job {
    struct work work; /* first: `done` makes a job of it again */
    struct jobs *jobs;
    struct job *next;
    enum job_stage stage;
    struct value *row;          /* as the document has it, which also tells it from others; NULL: a reserved key's */
    enum pki_reserved reserved; /* of a job without a row */
    struct value *outcome;      /* the row as it is to be, once that is known */
    struct pki_task *task;      /* NULL if it never came to be, and once its outcome stands */
    unsigned slot;              /* that it works on, 0 while that is not known */
    bool failed;
    struct pki_fault fault;
    bool gone;  /* its row is: nothing of it may take effect */
    time_t due; /* monotonic, of JOB_KEPT: when the row goes */
};

/* A key of the device's own that is not there yet, and how often it has gone wrong. */
struct reserved_key {
    time_t at;          /* monotonic: not before */
    time_t delay;       /* before it is tried again after the next failure, 0 for the shortest */
    unsigned conflicts; /* in a row: others were there first */
    enum pki_cause cause;
    char trouble[DEVSEC_ERROR_TEXT_MAX]; /* why it was not made the last time, "" before that */
};

/* A verification in the background. */
struct check {
    struct work work; /* first */
    struct jobs *jobs;
    struct inventory_check *check;
};

struct jobs {
    struct agent *agent;
    struct job *first;                /* in the order in which they were found or started */
    bool stalled;                     /* a commit failed: not again before the next second */
    char said[DEVSEC_ERROR_TEXT_MAX]; /* about that, so that it is logged once */

    struct check *check; /* under way, NULL if none is */
    size_t checks_left;  /* that may be due */
    time_t check_at;     /* monotonic: when all are looked at again */
    bool collect_due;
    char collect_said[DEVSEC_ERROR_TEXT_MAX];
    struct reserved_key reserved[PKI_RESERVED_COUNT];
    time_t reserved_at; /* monotonic: no key is due before */
};

#define JOBS_NEVER ((time_t)INT64_MAX)

struct jobs_clock jobs_clock_now(void);

/* ---- jobs.c ---- */

/* The job of a row, NULL if none is known; gone ones are nobody's. */
struct job *jobs_find(const struct jobs *jobs, const struct value *row);

/* The row that a job is about, in the document; NULL if it is gone or another. */
const struct value *jobs_row_of(const struct jobs *jobs, const struct job *job);

/* A new job behind the others, with a copy of its row (NULL for none); NULL when out of memory. */
struct job *jobs_add(struct jobs *jobs, const struct value *row, struct devsec_error *error);
void jobs_remove(struct jobs *jobs, struct job *job); /* out of the list, and freed */

/* ---- jobs_start.c: from a row to a task ---- */

/* Starts a job that is new in the list; one that cannot be started has ended. */
void job_start(struct job *job);

/* The same for one without a row. */
void job_begin(struct job *job, const struct pki_parameters *parameters);

/* What a row asks for, its challenge and its upload excepted; borrows from the row. */
struct pki_parameters job_parameters(const struct value *row, time_t now);

/* ---- jobs_commit.c: from a task to the document ---- */

/* Nothing will come of it: with this fault (NULL: its own). */
void job_fail(struct job *job, const struct pki_fault *fault);

/* Commits what came of a job that has ended. True if the document is another; on failure it has still ended. */
bool job_commit(struct job *job, const struct jobs_clock *now);

/* Removes the rows that are due and still the same, with what was uploaded for them, in one commit. True if the
 * document is another. */
bool jobs_commit_age(struct jobs *jobs, const struct jobs_clock *now);

/* When a row that ended at `finished` by the wall clock goes, by the monotonic one. */
time_t job_due(time_t finished, const struct jobs_clock *now);

/* ---- jobs_upkeep.c: what the agent does of its own accord ---- */

void jobs_check_all(struct jobs *jobs); /* what is due is to be verified */
void jobs_start_check(struct jobs *jobs, const struct jobs_clock *now);
void jobs_collect_material(struct jobs *jobs);

void check_free(struct check *check); /* NULL is legal */

/* ---- jobs_reserved.c: the device's own keys ---- */

void jobs_start_reserved(struct jobs *jobs, const struct jobs_clock *now);

/* After the task for one; settles when it is tried again if that failed. */
void jobs_reserved_ended(struct jobs *jobs, const struct job *job, const struct jobs_clock *now);

/* The document is another: keys may be gone, or what stood in the way. */
void jobs_reserved_changed(struct jobs *jobs);

/* The slot where one is being made, 0 for none. */
unsigned jobs_reserved_slot(const struct jobs *jobs);

#endif
