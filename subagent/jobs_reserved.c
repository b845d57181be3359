/* SPDX-License-Identifier: Apache-2.0 */
/* Making the device's own keys, and trying again until they are there. */
#include "jobs_private.h"

#include "base/log.h"
#include "pki/uses.h"

#include <stdio.h>

#define CONFLICTS_AT_ONCE 6    /* so many are answered by another attempt right away */
#define SHORTEST_DELAY    60   /* seconds before another attempt otherwise */
#define LONGEST_DELAY     3600 /* what the delay doubles to */

static bool is_missing(const struct jobs *jobs, enum pki_reserved which)
{
    return jobs->agent->device.profile.reserved_keys & 1u << which &&
           !pki_reserved_row(store_current(jobs->agent->store), which);
}

static const struct job *job_of_reserved(const struct jobs *jobs)
{
    for (const struct job *job = jobs->first; job; job = job->next) {
        if (!job->row)
            return job;
    }
    return NULL;
}

unsigned jobs_reserved_slot(const struct jobs *jobs)
{
    const struct job *job = job_of_reserved(jobs);

    return job ? job->slot : 0;
}

const char *jobs_reserved_trouble(const struct jobs *jobs, enum pki_reserved which)
{
    if (!jobs || !jobs->reserved[which].trouble[0] || !is_missing(jobs, which))
        return NULL;
    return jobs->reserved[which].trouble;
}

/* ---- starting ---- */

/*
 * Each attempt leaves twice as many free slots to others as the one before: whoever makes keys without a pause takes
 * the lowest free slot each time, and with small ones is faster than the device with a large one.
 */
static unsigned slots_to_pass_over(unsigned conflicts)
{
    return conflicts ? 1u << (conflicts < CONFLICTS_AT_ONCE ? conflicts - 1 : CONFLICTS_AT_ONCE - 1) : 0;
}

static void put_off(struct reserved_key *key, const struct pki_fault *fault, const struct jobs_clock *now)
{
    time_t delay = key->delay ? key->delay : SHORTEST_DELAY;

    key->cause = fault->cause;
    snprintf(key->trouble, sizeof(key->trouble), "%s", fault->error.text);
    if (fault->cause == PKI_SLOT_BUSY || fault->cause == PKI_SLOT_OCCUPIED || fault->cause == PKI_NAME_TAKEN) {
        delay = ++key->conflicts <= CONFLICTS_AT_ONCE ? 0 : SHORTEST_DELAY;
        key->delay = 0;
    } else {
        key->conflicts = 0;
        key->delay = delay < LONGEST_DELAY / 2 ? 2 * delay : LONGEST_DELAY;
    }
    key->at = now->monotonic + delay;
}

static void make(struct jobs *jobs, enum pki_reserved which, const struct jobs_clock *now)
{
    struct reserved_key *key = &jobs->reserved[which];
    const struct pki_parameters parameters = {
        .operation = PKI_MAKE_RESERVED,
        .key = jobs->agent->device.profile.reserved_key,
        .hash = PKI_HASH_SHA256,
        .use = {PKI_USE_NONE, 1},
        .reserved = which,
        .pass_over = slots_to_pass_over(key->conflicts),
        .now = now->wall,
    };
    struct pki_fault fault = {.cause = PKI_NONE};
    struct job *job = jobs_add(jobs, NULL, &fault.error);

    if (!job) {
        fault.cause = PKI_OUT_OF_MEMORY;
        put_off(key, &fault, now);
        return;
    }
    job->reserved = which;
    log_info("jobs", "the device's own key \"%s\" is being made", pki_reserved_names[which]);
    job_begin(job, &parameters);
}

/* One after another, so that jobs always have a thread left. */
void jobs_start_reserved(struct jobs *jobs, const struct jobs_clock *now)
{
    time_t next = JOBS_NEVER; /* none is missing, or none can be made before another start */

    if (now->monotonic < jobs->reserved_at || job_of_reserved(jobs))
        return;
    for (enum pki_reserved i = 0; i < PKI_RESERVED_COUNT; i++) {
        if (!is_missing(jobs, i))
            continue;
        if (!jobs->agent->pki.device_key) {
            log_error("jobs", "the device's own key \"%s\" is missing and cannot be made: %s", pki_reserved_names[i],
                      jobs->agent->pki.device_key_error);
            next = JOBS_NEVER;
            break;
        }
        if (now->monotonic >= jobs->reserved[i].at) {
            make(jobs, i, now);
            return;
        }
        if (jobs->reserved[i].at < next)
            next = jobs->reserved[i].at;
    }
    jobs->reserved_at = next;
}

/* ---- when it ended ---- */

static void say_failure(const struct job *job, const struct reserved_key *key, const struct jobs_clock *now)
{
    const long seconds = (long)(key->at - now->monotonic);
    const char *name = pki_reserved_names[job->reserved];

    if (seconds == 0)
        log_warning("jobs", "the device's own key \"%s\" was not made: %s; trying again at once", name, key->trouble);
    else
        log_error("jobs", "the device's own key \"%s\" was not made: %s; trying again in %ld seconds", name,
                  key->trouble, seconds);
}

void jobs_reserved_ended(struct jobs *jobs, const struct job *job, const struct jobs_clock *now)
{
    struct reserved_key *key = &jobs->reserved[job->reserved];

    jobs->reserved_at = 0; /* which of them is next is to be found out */
    if (!job->failed) {
        *key = (struct reserved_key){.at = 0};
        return;
    }
    put_off(key, &job->fault, now);
    say_failure(job, key, now);
}

void jobs_reserved_changed(struct jobs *jobs)
{
    for (enum pki_reserved i = 0; i < PKI_RESERVED_COUNT; i++) {
        if (jobs->reserved[i].cause == PKI_LIMIT_REACHED)
            jobs->reserved[i].at = 0; /* there may be room by now */
    }
    if (jobs->agent->pki.device_key)
        jobs->reserved_at = 0; /* an older generation that was restored may be without them */
}
