/* SPDX-License-Identifier: Apache-2.0 */
/* From a row of "jobs" to a task in the hands of a worker thread. */
#include "jobs_private.h"

#include "base/log.h"
#include "uploads.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What the parameters borrow besides the row. */
struct loans {
    unsigned char *challenge;
    size_t challenge_length;
    unsigned char *upload;
};

/* ---- in a worker thread ---- */

static bool go_on(void *context, unsigned step)
{
    const struct job *job = context;

    (void)step;
    return !job->work.give_up;
}

static void run(struct work *work)
{
    struct job *job = (struct job *)work;
    const struct pki_progress progress = {go_on, job};

    job->failed = pki_task_run(job->task, &progress, &job->fault) != DEVSEC_OK;
}

/* ---- in the main thread ---- */

static void done(struct work *work)
{
    struct job *job = (struct job *)work;

    job->stage = JOB_ENDED;
    if (!work->ran) {
        job->failed = true;
        pki_fail(&job->fault, PKI_CANCELLED, DEVSEC_ERR_BUSY, "given up before it was begun");
    }
    if (job->failed)
        job_fail(job, NULL);
}

static enum devsec_err take_challenge(const struct job *job, struct loans *loans, struct pki_fault *fault)
{
    const struct pki *pki = &job->jobs->agent->pki;
    const char *sealed = value_text(&job->row[JOB_CHALLENGE]);
    struct devsec_error error = {DEVSEC_OK, ""};
    char context[64];
    enum devsec_err err;

    if (!sealed[0])
        return DEVSEC_OK;
    if (!pki->device_key)
        return pki_fail(fault, PKI_DEVICE_KEY_UNAVAILABLE, DEVSEC_ERR_UNSAFE, "the challenge cannot be opened: %s",
                        pki->device_key_error);
    snprintf(context, sizeof(context), "jobs/%" PRId64 "/challenge", job->row[JOB_INDEX].number);
    err = unseal(pki->device_key, context, sealed, &loans->challenge, &loans->challenge_length, &error);
    if (!err)
        return DEVSEC_OK;
    devsec_error_prefix(&error, "the challenge cannot be opened");
    if (err == DEVSEC_ERR_MEMORY)
        return pki_fail_memory(fault);
    return pki_fail_as(fault, err == DEVSEC_ERR_UNSAFE ? PKI_DEVICE_KEY_UNAVAILABLE : PKI_DAMAGED, &error);
}

static enum devsec_err take_upload(const struct job *job, struct loans *loans, size_t *length, struct pki_fault *fault)
{
    const int64_t operation = job->row[JOB_OPERATION].number;
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err;

    if (operation != PKI_INSTALL_CERTIFICATE && operation != PKI_INSTALL_TRUSTED)
        return DEVSEC_OK;
    err = uploads_join(job->jobs->agent->uploads, (uint32_t)job->row[JOB_INDEX].number, &loans->upload, length, &error);
    if (err == DEVSEC_ERR_MEMORY)
        return pki_fail_memory(fault);
    return err ? pki_fail_as(fault, PKI_UPLOAD_MISSING, &error) : DEVSEC_OK;
}

static struct pki_subject subject_of(const struct value *row)
{
    return (struct pki_subject){
        .country = row[JOB_COUNTRY].text,
        .state = row[JOB_STATE].text,
        .locality = row[JOB_LOCALITY].text,
        .organization = row[JOB_ORGANIZATION].text,
        .organizational_unit = row[JOB_ORGANIZATIONAL_UNIT].text,
        .common_name = row[JOB_COMMON_NAME].text,
        .alt_names = row[JOB_ALT_NAMES].text,
    };
}

struct pki_parameters job_parameters(const struct value *row, time_t now)
{
    return (struct pki_parameters){
        .operation = (enum pki_operation)row[JOB_OPERATION].number,
        .slot = (unsigned)row[JOB_SLOT].number,
        .key_name = value_text(&row[JOB_KEY_NAME]),
        .key = {(enum pki_key_type)row[JOB_KEY_TYPE].number, (int)row[JOB_KEY_BITS].number,
                (enum pki_curve)row[JOB_KEY_CURVE].number},
        .hash = (enum pki_hash)row[JOB_HASH].number,
        .subject = subject_of(row),
        .dates = {row[JOB_NOT_BEFORE].number, row[JOB_NOT_AFTER].number},
        .use = {(enum pki_usage)row[JOB_USAGE].number, (unsigned)row[JOB_USAGE_INSTANCE].number},
        .now = now,
    };
}

/* The slots that tasks under way will use: neither free nor allowed for another. Returns how many. */
static size_t taken_slots(const struct jobs *jobs, unsigned taken[JOBS_WORKS])
{
    size_t count = 0;

    for (const struct job *job = jobs->first; job && count < JOBS_WORKS; job = job->next) {
        if (job->task && job->slot && !job->gone)
            taken[count++] = job->slot;
    }
    return count;
}

void job_begin(struct job *job, const struct pki_parameters *parameters)
{
    const struct agent *agent = job->jobs->agent;
    struct devsec_error error = {DEVSEC_OK, ""};
    unsigned taken[JOBS_WORKS];
    const size_t n_taken = taken_slots(job->jobs, taken);
    enum devsec_err err =
        pki_task_new(&job->task, &agent->pki, store_current(agent->store), parameters, taken, n_taken, &job->fault);

    if (!err) {
        job->slot = pki_task_slot(job->task);
        job->work.run = run;
        job->work.done = done;
        job->stage = JOB_UNDER_WAY;
        if (workers_submit(agent->workers, &job->work, &error))
            err = pki_fail_as(&job->fault, PKI_OUT_OF_MEMORY, &error);
    }
    if (err) {
        job->stage = JOB_ENDED;
        job_fail(job, NULL);
    }
}

void job_start(struct job *job)
{
    struct pki_parameters parameters = job_parameters(job->row, time(NULL));
    struct loans loans = {NULL, 0, NULL};
    enum devsec_err err = take_challenge(job, &loans, &job->fault);

    if (!err)
        err = take_upload(job, &loans, &parameters.upload_length, &job->fault);
    parameters.challenge = (const char *)loans.challenge;
    parameters.upload = loans.upload;
    parameters.reserved_slot = jobs_reserved_slot(job->jobs);
    if (!err)
        job_begin(job, &parameters);
    else
        job_fail(job, NULL);
    secret_free(loans.challenge, loans.challenge_length);
    secret_free(loans.upload, parameters.upload_length); /* may be a private key that somebody sends by mistake */
}
