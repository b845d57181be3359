/* SPDX-License-Identifier: Apache-2.0 */
/* The list of jobs, kept in step with the rows of the document; see jobs.h. */
#include "jobs_private.h"

#include "base/log.h"
#include "devsec_mib.h"
#include "dispatch.h"
#include "uploads.h"

#include <stdlib.h>
#include <string.h>

static const struct table *rows_of(const struct jobs *jobs)
{
    return &store_current(jobs->agent->store)->tables[TABLE_JOBS];
}

struct jobs_clock jobs_clock_now(void)
{
    struct timespec monotonic;

    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    return (struct jobs_clock){.wall = time(NULL), .monotonic = monotonic.tv_sec};
}

/* ---- the list ---- */

bool jobs_is_started(const struct value *row)
{
    return row[JOB_STARTED].number != 0;
}

static bool is_finished(const struct value *row)
{
    return row[JOB_FINISHED].number != 0;
}

struct job *jobs_find(const struct jobs *jobs, const struct value *row)
{
    for (struct job *job = jobs->first; job; job = job->next) {
        if (job->row && !job->gone && row_equal(TABLE_JOBS, job->row, row))
            return job;
    }
    return NULL;
}

static void append(struct jobs *jobs, struct job *job)
{
    struct job **end = &jobs->first;

    while (*end)
        end = &(*end)->next;
    *end = job;
}

static void free_job(struct job *job)
{
    if (!job)
        return;
    pki_task_free(job->task);
    row_free(TABLE_JOBS, job->row);
    row_free(TABLE_JOBS, job->outcome);
    free(job);
}

void jobs_remove(struct jobs *jobs, struct job *job)
{
    struct job **at = &jobs->first;

    while (*at && *at != job)
        at = &(*at)->next;
    if (*at)
        *at = job->next;
    free_job(job);
}

struct job *jobs_add(struct jobs *jobs, const struct value *row, struct devsec_error *error)
{
    struct job *job = calloc(1, sizeof(*job));

    if (!job)
        goto no_memory;
    job->jobs = jobs;
    job->stage = JOB_ENDED;
    job->fault.cause = PKI_NONE;
    if (row)
        job->row = row_copy(TABLE_JOBS, row);
    if (row && !job->row)
        goto no_memory;
    append(jobs, job);
    return job;
no_memory:
    free_job(job);
    devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    return NULL;
}

/* ---- opened and closed ---- */

/* The predecessor's work ended with it, and what it put was never committed. */
static enum devsec_err interrupt_all(struct jobs *jobs, struct devsec_error *error)
{
    const struct table *rows = rows_of(jobs);

    for (size_t i = 0; i < rows->count; i++) {
        struct job *job;

        if (!jobs_is_started(rows->rows[i]) || is_finished(rows->rows[i]))
            continue;
        job = jobs_add(jobs, rows->rows[i], error);
        if (!job)
            return DEVSEC_ERR_MEMORY;
        job->failed = true;
        pki_fail(&job->fault, PKI_INTERRUPTED, DEVSEC_ERR_BUSY,
                 "the agent was restarted before the job was done; nothing of it took effect, start it again");
    }
    return DEVSEC_OK;
}

enum devsec_err jobs_new(struct jobs **out, struct agent *agent, struct devsec_error *error)
{
    struct jobs *jobs = calloc(1, sizeof(*jobs));
    enum devsec_err err;

    if (!jobs)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    jobs->agent = agent;
    jobs->collect_due = true;
    jobs_check_all(jobs);
    err = interrupt_all(jobs, error);
    if (err) {
        jobs_free(jobs);
        return err;
    }
    *out = jobs;
    return DEVSEC_OK;
}

void jobs_free(struct jobs *jobs)
{
    struct job *next;
    bool left_behind = false;

    if (!jobs)
        return;
    for (struct job *job = jobs->first; job; job = next) {
        next = job->next;
        if (job->stage == JOB_UNDER_WAY)
            left_behind = true; /* by workers_free: the thread may come back to it */
        else
            free_job(job);
    }
    if (!left_behind && !jobs->check)
        free(jobs);
}

/* ---- in step with the document ---- */

const struct value *jobs_row_of(const struct jobs *jobs, const struct job *job)
{
    const struct table *rows = rows_of(jobs);
    const long at = table_find(TABLE_JOBS, rows, &job->row[JOB_INDEX]);

    return at >= 0 && row_equal(TABLE_JOBS, rows->rows[at], job->row) ? rows->rows[at] : NULL;
}

static void drop_gone(struct jobs *jobs)
{
    struct job *next;

    for (struct job *job = jobs->first; job; job = next) {
        next = job->next;
        if (job->row && !job->gone && !jobs_row_of(jobs, job)) {
            job->gone = true;
            if (job->stage == JOB_UNDER_WAY) {
                log_info("jobs", "job %u is given up", (unsigned)job->row[JOB_INDEX].number);
                workers_give_up(jobs->agent->workers, &job->work);
            }
        }
        if (job->gone && job->stage != JOB_UNDER_WAY) {
            jobs->collect_due = jobs->collect_due || (job->row && jobs_is_started(job->row)); /* else no file */
            jobs_remove(jobs, job);
        }
    }
}

/* A row that is not started is remembered, too: one that its manager changes is another row, and begins anew. */
static void take_up(struct jobs *jobs, const struct jobs_clock *now)
{
    const struct table *rows = rows_of(jobs);
    struct devsec_error error = {DEVSEC_OK, ""};

    for (size_t i = 0; i < rows->count; i++) {
        const struct value *row = rows->rows[i];
        struct job *job;

        if (jobs_find(jobs, row))
            continue;
        job = jobs_add(jobs, row, &error);
        if (!job) {
            log_error("jobs", "job %u is not taken up: %s", (unsigned)row[JOB_INDEX].number, error.text);
        } else if (jobs_is_started(row) && !is_finished(row)) {
            job_start(job);
        } else {
            job->stage = JOB_KEPT;
            job->due = is_finished(row) ? job_due(row[JOB_FINISHED].number, now) : now->monotonic + JOBS_KEEP;
        }
    }
}

/* One commit each, so that a result that cannot be does not stand in the way of another. */
static bool commit_ended(struct jobs *jobs, const struct jobs_clock *now)
{
    struct job *next;
    bool committed = false;

    for (struct job *job = jobs->first; job && !jobs->stalled; job = next) {
        next = job->next;
        if (job->stage != JOB_ENDED)
            continue;
        committed = job_commit(job, now) || committed;
        if (!job->row && job->stage != JOB_ENDED) {
            jobs_reserved_ended(jobs, job, now);
            jobs_remove(jobs, job);
        }
    }
    return committed;
}

bool jobs_follow(struct jobs *jobs)
{
    const struct jobs_clock now = jobs_clock_now();
    bool committed;

    if (!dispatch_is_idle(jobs->agent->dispatch))
        return false;
    drop_gone(jobs);
    take_up(jobs, &now);
    committed = commit_ended(jobs, &now);
    if (!committed) { /* otherwise the inventory is yet to follow */
        jobs_start_reserved(jobs, &now);
        jobs_start_check(jobs, &now);
    }
    return committed;
}

void jobs_inventory_changed(struct jobs *jobs)
{
    jobs->collect_due = true;
    jobs_check_all(jobs);
    jobs_reserved_changed(jobs);
}

/* ---- every second ---- */

static bool is_job(void *context, uint32_t index)
{
    const struct value key = {.number = index};

    return table_find(TABLE_JOBS, rows_of(context), &key) >= 0;
}

bool jobs_watch_at(struct jobs *jobs, const struct jobs_clock *now)
{
    bool due = jobs->stalled;

    if (!dispatch_is_idle(jobs->agent->dispatch))
        return false;
    jobs->stalled = false;
    uploads_age(jobs->agent->uploads, JOBS_KEEP, is_job, jobs);
    due = jobs_commit_age(jobs, now) || due;
    if (!due && jobs->collect_due)
        jobs_collect_material(jobs);
    if (now->monotonic >= jobs->check_at)
        jobs_check_all(jobs);
    return due || (jobs->checks_left > 0 && !jobs->check) || now->monotonic >= jobs->reserved_at;
}

bool jobs_watch(struct jobs *jobs)
{
    const struct jobs_clock now = jobs_clock_now();

    return jobs_watch_at(jobs, &now);
}

/* ---- for the row's binding ---- */

/* What an operation's slot is one of. */
static bool is_about_trusted(const struct value *row)
{
    return row[JOB_OPERATION].number == PKI_INSTALL_TRUSTED || row[JOB_OPERATION].number == PKI_REMOVE_TRUSTED;
}

static bool is_working(const struct job *job)
{
    return job->stage == JOB_UNDER_WAY || (job->stage == JOB_ENDED && !job->failed);
}

static enum devsec_err check_slot(const struct jobs *jobs, const struct value *row, struct devsec_error *error)
{
    const int64_t slot = row[JOB_SLOT].number;

    if (slot == 0 || row[JOB_OPERATION].number == PKI_INSTALL_TRUSTED)
        return DEVSEC_OK;
    for (const struct job *job = jobs->first; job; job = job->next) {
        const bool trusted = job->row && is_about_trusted(job->row);
        int64_t works_on = job->slot;

        if (job->gone || trusted != is_about_trusted(row) || !is_working(job))
            continue;
        if (works_on == 0 && job->row)
            works_on = job->row[JOB_SLOT].number;
        if (works_on != slot)
            continue;
        if (!job->row)
            return devsec_fail(error, DEVSEC_ERR_INCONSISTENT,
                               "slot %u is being made by the device itself; choose another or wait", (unsigned)slot);
        return devsec_fail(
            error, DEVSEC_ERR_INCONSISTENT, "job %u works on %s %u; wait until it is done, or destroy it",
            (unsigned)job->row[JOB_INDEX].number, trusted ? "trusted certificate" : "slot", (unsigned)slot);
    }
    return DEVSEC_OK;
}

enum devsec_err jobs_may_start(const struct jobs *jobs, const struct value *row, struct devsec_error *error)
{
    size_t waiting = 0;

    for (const struct job *job = jobs->first; job; job = job->next) {
        if (job->row && !job->gone && job->stage == JOB_UNDER_WAY && !job->work.running)
            waiting++;
    }
    if (waiting >= JOBS_QUEUE)
        return devsec_fail(error, DEVSEC_ERR_UNAVAILABLE,
                           "%zu jobs wait for their turn already; wait until one of them is done", waiting);
    return check_slot(jobs, row, error);
}

const struct value *jobs_shown(const struct jobs *jobs, const struct value *row)
{
    const struct job *job = jobs_is_started(row) && !is_finished(row) ? jobs_find(jobs, row) : NULL;

    return job && job->stage == JOB_ENDED && job->failed && job->outcome ? job->outcome : row;
}

int jobs_status(const struct jobs *jobs, const struct value *row)
{
    const struct value *shown = jobs_shown(jobs, row);
    const struct job *job;

    if (!jobs_is_started(shown) || is_finished(shown))
        return (int)shown[JOB_STATUS].number;
    job = jobs_find(jobs, row);
    return job && (job->stage == JOB_ENDED || job->work.running) ? MIB_devsecJobStatus_running
                                                                 : MIB_devsecJobStatus_pending;
}
