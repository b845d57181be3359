/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's context: opened from its configuration, kept up to date with the store. */
#include "agent.h"

#include "base/log.h"
#include "devsec_mib.h"
#include "dispatch.h"
#include "guard/guard_link.h"
#include "jobs.h"
#include "notify.h"
#include "restart.h"
#include "uploads.h"
#include "workers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* How long the threads have to give up. A key that is being generated asks several times a second. */
#define WORKERS_PATIENCE_MS 3000

static enum devsec_err open_parts(struct agent *agent, struct devsec_error *error)
{
    const struct store_options options = {
        .directory = agent->config.store,
        .generations = agent->config.generations,
        .lock_timeout_ms = agent->config.lock_timeout_ms,
        .rules = &agent->device.rules,
    };
    enum devsec_err err = device_open(&agent->device, agent->config.profile, error);

    agent->device.key_file = agent->config.device_key;
    agent->device.store_directory = agent->config.store;
    if (!err)
        err = store_open(&agent->store, &options, error);
    if (!err)
        err = pki_open(&agent->pki, &agent->device, agent->store, agent->config.store, false, error);
    if (!err)
        err = uploads_new(&agent->uploads, error);
    if (!err)
        err = workers_new(&agent->workers, JOBS_THREADS, JOBS_WORKS, error);
    if (!err)
        err = apply_new(&agent->apply, agent->config.applied, &agent->device, error);
    if (!err)
        err = restart_new(&agent->restart, agent->device.profile.restart_command, error);
    if (!err)
        err = dispatch_new(&agent->dispatch, agent, error);
    if (!err)
        err = jobs_new(&agent->jobs, agent, error);
    if (!err)
        err = notify_new(&agent->notifier, agent, error);
    return err;
}

enum devsec_err agent_open(struct agent *agent, const char *config_path, struct devsec_error *error)
{
    enum devsec_err err;
    uint32_t random = 0;

    memset(agent, 0, sizeof(*agent));
    err = config_load(&agent->config, config_path, error);
    if (!err)
        err = open_parts(agent, error);
    if (err) {
        agent_close(agent);
        return err;
    }
    /* TestAndIncr that does not survive a restart starts at random, so that an old value is not taken for the new. */
    if (getrandom(&random, sizeof(random), 0) == (ssize_t)sizeof(random))
        agent->set_serial = (int32_t)(random & INT32_MAX);
    return DEVSEC_OK;
}

bool agent_close(struct agent *agent)
{
    const bool all_ended = workers_free(agent->workers, WORKERS_PATIENCE_MS);

    agent->workers = NULL;
    jobs_free(agent->jobs);
    notify_free(agent->notifier);
    agent->jobs = NULL; /* ending a SET in progress looks at both */
    agent->notifier = NULL;
    dispatch_free(agent->dispatch);
    restart_free(agent->restart);
    apply_free(agent->apply);
    uploads_free(agent->uploads);
    if (!all_ended)
        return false; /* the thread's task goes on using what is left, keys and files of `agent->pki` first of all */
    pki_close(&agent->pki);
    store_close(agent->store);
    device_close(&agent->device);
    config_clear(&agent->config);
    memset(agent, 0, sizeof(*agent));
    return true;
}

/* Nothing follows from a commit before it stands: until then UndoSet may take it back. */
static void follow_with_files(struct agent *agent)
{
    struct devsec_error error = {DEVSEC_OK, ""};

    if (agent->dispatch && dispatch_holds_commit(agent->dispatch))
        return;
    if (apply_follow(agent->apply, agent->store, &error) && strcmp(agent->apply_error, error.text) != 0)
        log_error("apply", "%s; trying again every second", error.text);
    memcpy(agent->apply_error, error.text, sizeof(agent->apply_error));
}

/* By the guard's own word; it logs why. True if what is amiss there is not what it was. */
static bool look_at_guard(struct agent *agent)
{
    const bool missed = agent->policy_missed;
    const uint32_t unread = agent->include_unread;
    struct guard_enforced enforced;

    guard_link_enforced(agent->guard, &enforced);
    agent->policy_missed = agent->guard && !enforced.trusted;
    agent->include_unread = enforced.unread;
    return agent->policy_missed != missed || agent->include_unread != unread;
}

void agent_follow_document(struct agent *agent)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    bool changed = false;

    if (inventory_follow(agent->pki.inventory, store_current(agent->store), &changed, &error))
        log_error("pki", "%s", error.text);
    if (changed && agent->jobs)
        jobs_inventory_changed(agent->jobs);
}

bool agent_retry_files(struct agent *agent, unsigned slot)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    bool changed = false;

    if (inventory_retry(agent->pki.inventory, slot, &changed, &error))
        log_error("pki", "%s", error.text);
    if (changed && agent->jobs)
        jobs_inventory_changed(agent->jobs);
    return changed;
}

void agent_follow(struct agent *agent)
{
    struct tls_policy policy;

    do {
        follow_with_files(agent); /* first: it may find a newer document */
        agent_follow_document(agent);
    } while (agent->jobs && jobs_follow(agent->jobs)); /* what it commits is to be followed, too */
    device_tls_policy(store_current(agent->store), &policy);
    tls_effective_get(&agent->effective, &policy, &agent->device.stack);
    look_at_guard(agent);
    health_get(&agent->health, agent);
    if (agent->notifier)
        notify_look(agent->notifier);
}

/* Our own commits are noticed, too, between CommitSet and CleanupSet: nothing follows from them before they stand. */
void agent_refresh(struct agent *agent)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    char before[ADMIN_STRING_MAX];
    char after[ADMIN_STRING_MAX];
    bool changed = false;

    admin_string(before, store_status_text(agent->store));
    if (store_refresh(agent->store, &changed, &error) && strcmp(agent->refresh_error, error.text) != 0)
        log_error("store", "%s", error.text);
    memcpy(agent->refresh_error, error.text, sizeof(agent->refresh_error));
    admin_string(after, store_status_text(agent->store));
    /* Also what says nothing new, such as a person's comment, is another document. */
    if (inventory_document(agent->pki.inventory) != store_current(agent->store))
        agent_follow_document(agent);
    if (changed || strcmp(before, after) != 0)
        agent_follow(agent);
}

void agent_watch(struct agent *agent)
{
    bool due;

    agent_refresh(agent);
    due = look_at_guard(agent);
    due = agent_retry_files(agent, 0) || due;
    due = apply_is_due(agent->apply, store_current(agent->store)) || due;
    due = jobs_watch(agent->jobs) || due;
    if (due) {
        agent_follow(agent);
    } else {
        health_get(&agent->health, agent); /* certificates come to their end by themselves */
        notify_look(agent->notifier);
    }
    notify_expiry(agent->notifier);
}

void agent_collect(struct agent *agent)
{
    workers_collect(agent->workers);
    agent_follow(agent);
}

void agent_set_refused(struct agent *agent, const char *sentence)
{
    admin_string(agent->last_set_error, sentence);
}
