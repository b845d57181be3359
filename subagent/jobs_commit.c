/* SPDX-License-Identifier: Apache-2.0 */
/* From a task that has ended to the document: its result and its row in one commit, or its row alone. */
#include "jobs_private.h"

#include "base/log.h"
#include "devsec_mib.h"
#include "uploads.h"

#include <string.h>

time_t job_due(time_t finished, const struct jobs_clock *now)
{
    time_t age = now->wall - finished;

    if (age < 0) /* the clock was set back: it has only just ended, as far as anybody can tell */
        age = 0;
    return now->monotonic + (age < JOBS_KEEP ? JOBS_KEEP - age : 0);
}

/* A commit did not come about: said once, tried again with the next second. */
static void stall(struct jobs *jobs, const struct devsec_error *error)
{
    jobs->stalled = true;
    if (strcmp(jobs->said, error->text) == 0)
        return;
    log_error("jobs", "what became of jobs is not on disk: %s; trying again every second", error->text);
    memcpy(jobs->said, error->text, sizeof(jobs->said));
}

/* ---- the row ---- */

static enum devsec_err put_text(struct value *to, const char *text, struct devsec_error *error)
{
    char cut[ADMIN_STRING_MAX];

    admin_string(cut, text);
    return value_set_text(to, cut, error);
}

/* The row as it is to be from now on. The challenge has served its purpose. */
static enum devsec_err make_outcome(struct job *job, const struct jobs_clock *now, struct devsec_error *error)
{
    struct value *row;
    enum devsec_err err;

    if (!job->row)
        return DEVSEC_OK;
    row = row_copy(TABLE_JOBS, job->row);
    if (!row)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    value_clear(&row[JOB_CHALLENGE]);
    err = put_text(&row[JOB_MESSAGE], job->failed ? job->fault.error.text : pki_task_message(job->task), error);
    if (err) {
        row_free(TABLE_JOBS, row);
        return err;
    }
    row[JOB_STATUS].number = job->failed ? MIB_devsecJobStatus_failed : MIB_devsecJobStatus_succeeded;
    row[JOB_CAUSE].number = job->failed ? (int)job->fault.cause : PKI_NONE;
    row[JOB_FINISHED].number = now->wall;
    if (!job->failed && job->slot && row[JOB_OPERATION].number != PKI_REMOVE_TRUSTED)
        row[JOB_SLOT].number = job->slot;
    row_free(TABLE_JOBS, job->outcome);
    job->outcome = row;
    return DEVSEC_OK;
}

/* ---- the commit ---- */

/* Everything up to the check: what fails here will not do better the next time. */
static enum devsec_err prepare(struct job *job, struct transaction **txn, struct pki_fault *fault)
{
    struct store_fault refusal = {.n_involved = 0};
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err = transaction_begin(txn, job->jobs->agent->store, &error);

    if (!err && !job->failed) {
        err = pki_task_put(job->task, *txn, fault);
        if (err)
            return err;
    }
    if (!err && job->row)
        err = transaction_require_row(*txn, TABLE_JOBS, &job->row[JOB_INDEX], job->row, &error);
    if (!err && job->row)
        err = transaction_put_row(*txn, TABLE_JOBS, job->outcome, &error);
    if (err)
        return pki_fail_as(fault, err == DEVSEC_ERR_MEMORY ? PKI_OUT_OF_MEMORY : PKI_INTERNAL_ERROR, &error);
    err = transaction_check(*txn, &refusal);
    return err ? pki_fail_as(fault, pki_cause_of_commit(&refusal, err), &refusal.error) : DEVSEC_OK;
}

/* DEVSEC_ERR_BUSY with cause PKI_NONE: another writer is in the way, and nothing is lost by waiting for it. */
static enum devsec_err commit(struct job *job, struct pki_fault *fault)
{
    const struct store_fault none = {.n_involved = 0};
    struct devsec_error error = {DEVSEC_OK, ""};
    struct transaction *txn = NULL;
    enum devsec_err err = prepare(job, &txn, fault);

    if (err)
        goto out;
    err = transaction_commit(txn, &error);
    if (!err)
        transaction_finish(txn);
    else
        pki_fail_as(fault, err == DEVSEC_ERR_BUSY ? PKI_NONE : pki_cause_of_commit(&none, err), &error);
    agent_follow_document(job->jobs->agent); /* also a commit that fails may have found another document */
out:
    transaction_free(txn);
    return err;
}

static void say_result(const struct job *job)
{
    if (!job->row)
        return;
    if (job->failed)
        log_warning("jobs", "job %u failed: %s", (unsigned)job->row[JOB_INDEX].number, job->fault.error.text);
    else
        log_info("jobs", "job %u succeeded: %s", (unsigned)job->row[JOB_INDEX].number, pki_task_message(job->task));
}

/* The job is over. */
static void keep(struct job *job, const struct jobs_clock *now)
{
    struct jobs *jobs = job->jobs;

    say_result(job);
    job->stage = JOB_KEPT;
    jobs->said[0] = '\0';
    jobs->collect_due = true;
    pki_task_free(job->task);
    job->task = NULL;
    if (!job->failed && job->slot) /* the file of before may have been damaged, and the new one have its name */
        agent_retry_files(jobs->agent, job->slot);
    if (!job->row)
        return;
    uploads_remove_job(jobs->agent->uploads, (uint32_t)job->row[JOB_INDEX].number);
    row_free(TABLE_JOBS, job->row);
    job->row = job->outcome;
    job->outcome = NULL;
    job->due = job_due(job->row[JOB_FINISHED].number, now);
}

static enum devsec_err attempt(struct job *job, const struct jobs_clock *now, struct pki_fault *fault)
{
    struct devsec_error error = {DEVSEC_OK, ""};

    if (!job->outcome && make_outcome(job, now, &error))
        return pki_fail_as(fault, PKI_OUT_OF_MEMORY, &error);
    return commit(job, fault);
}

void job_fail(struct job *job, const struct pki_fault *fault)
{
    job->failed = true;
    if (fault)
        job->fault = *fault;
    pki_task_free(job->task);
    job->task = NULL;
    row_free(TABLE_JOBS, job->outcome);
    job->outcome = NULL;
}

bool job_commit(struct job *job, const struct jobs_clock *now)
{
    struct pki_fault fault = {.cause = PKI_NONE};
    enum devsec_err err = DEVSEC_OK;

    if (!job->failed) {
        job->slot = pki_task_slot(job->task);
        err = attempt(job, now, &fault);
        if (err && fault.cause != PKI_NONE)
            job_fail(job, &fault);
    }
    if (job->failed)
        err = job->row ? attempt(job, now, &fault) : DEVSEC_OK; /* without a row nobody but the log is told */
    if (err) {
        stall(job->jobs, &fault.error);
        return false;
    }
    keep(job, now);
    return job->row || !job->failed;
}

/* ---- growing old ---- */

static bool is_due(const struct jobs *jobs, const struct job *job, const struct jobs_clock *now)
{
    return job->stage == JOB_KEPT && now->monotonic >= job->due && jobs_row_of(jobs, job);
}

static enum devsec_err remove_row(struct transaction *txn, const struct value *row, struct devsec_error *error)
{
    const enum devsec_err err = transaction_require_row(txn, TABLE_JOBS, &row[JOB_INDEX], row, error);

    return err ? err : transaction_remove_row(txn, TABLE_JOBS, &row[JOB_INDEX], error);
}

/* What was uploaded for rows that are gone is of no use to others with their numbers. */
static void drop_uploads(const struct jobs *jobs, const struct jobs_clock *now)
{
    const struct table *rows = &store_current(jobs->agent->store)->tables[TABLE_JOBS];

    for (const struct job *job = jobs->first; job; job = job->next) {
        if (job->stage == JOB_KEPT && now->monotonic >= job->due &&
            table_find(TABLE_JOBS, rows, &job->row[JOB_INDEX]) < 0)
            uploads_remove_job(jobs->agent->uploads, (uint32_t)job->row[JOB_INDEX].number);
    }
}

bool jobs_commit_age(struct jobs *jobs, const struct jobs_clock *now)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct transaction *txn = NULL;
    size_t old = 0;
    enum devsec_err err = DEVSEC_OK;

    for (const struct job *job = jobs->first; job && !err; job = job->next) {
        if (!is_due(jobs, job, now))
            continue;
        if (!txn)
            err = transaction_begin(&txn, jobs->agent->store, &error);
        if (!err)
            err = remove_row(txn, job->row, &error);
        old++;
    }
    if (!old)
        return false;
    if (!err)
        err = transaction_commit(txn, &error);
    if (!err) {
        transaction_finish(txn);
        drop_uploads(jobs, now);
    } else {
        stall(jobs, &error);
    }
    transaction_free(txn);
    agent_follow_document(jobs->agent);
    return err == DEVSEC_OK;
}
