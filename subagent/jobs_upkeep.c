/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent works on of its own accord: verifications, files that nothing refers to (keys: jobs_reserved.c). */
#include "jobs_private.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define CHECK_SECONDS 3600 /* between two looks at all chains, whatever happens */

/* ---- verification ---- */

static void run_check(struct work *work)
{
    struct check *check = (struct check *)work;

    inventory_check_run(check->check, time(NULL), &work->give_up);
}

void check_free(struct check *check)
{
    if (!check)
        return;
    inventory_check_free(check->check);
    free(check);
}

static void check_done(struct work *work)
{
    struct check *check = (struct check *)work;
    struct jobs *jobs = check->jobs;

    if (work->ran) {
        inventory_check_apply(jobs->agent->pki.inventory, check->check);
        check->check = NULL;
    }
    jobs->check = NULL;
    check_free(check);
}

void jobs_check_all(struct jobs *jobs)
{
    jobs->checks_left = 1 + inventory_slots(jobs->agent->pki.inventory) / INVENTORY_CHECK_MAX;
}

/* One at a time, so that jobs always have a thread left. */
void jobs_start_check(struct jobs *jobs, const struct jobs_clock *now)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct check *check;

    if (jobs->checks_left == 0 || jobs->check)
        return;
    jobs->check_at = now->monotonic + CHECK_SECONDS;
    if (!inventory_check_is_due(jobs->agent->pki.inventory)) {
        jobs->checks_left = 0;
        return;
    }
    jobs->checks_left--; /* so that what cannot be checked is not tried for ever */
    check = calloc(1, sizeof(*check));
    if (!check)
        return;
    check->jobs = jobs;
    check->work.run = run_check;
    check->work.done = check_done;
    check->check = inventory_check_new(jobs->agent->pki.inventory, 0);
    if (!check->check || workers_submit(jobs->agent->workers, &check->work, &error)) {
        if (check->check)
            log_warning("jobs", "certificates are not verified now: %s", error.text);
        check_free(check);
        return;
    }
    jobs->check = check;
}

/* ---- files ---- */

/* While tasks are under way their files are wanted, so it would be put off anyway. */
static bool is_working(const struct jobs *jobs)
{
    for (const struct job *job = jobs->first; job; job = job->next) {
        if (job->task)
            return true;
    }
    return false;
}

void jobs_collect_material(struct jobs *jobs)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    bool put_off = false;

    if (is_working(jobs))
        return;
    if (pki_collect(&jobs->agent->pki, jobs->agent->store, &put_off, &error)) {
        put_off = true;
        if (strcmp(jobs->collect_said, error.text) != 0)
            log_error("jobs", "%s; trying again every second", error.text);
    }
    memcpy(jobs->collect_said, error.text, sizeof(jobs->collect_said));
    jobs->collect_due = put_off;
}
