/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing what the commands work on, with the rights that fit. */
#include "panel.h"

#include "apply/applier.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs on every base that a transaction is judged on, the one below the lock included: the last one is what it changed.
 */
static void watch_adjust(void *context, struct document *candidate, const struct document *before, const bool *given)
{
    struct panel *panel = context;
    const struct store_rules *rules = &panel->device.rules;

    document_free(panel->before);
    panel->before = NULL;
    panel->watch_failed = document_copy(&panel->before, before, NULL) != DEVSEC_OK;
    if (rules->adjust)
        rules->adjust(rules->context, candidate, before, given);
}

static enum devsec_err watch_check(void *context, const struct document *candidate, struct store_fault *fault)
{
    const struct panel *panel = context;
    const struct store_rules *rules = &panel->device.rules;

    return rules->check ? rules->check(rules->context, candidate, fault) : DEVSEC_OK;
}

/* For good: group list and group first, while there is the right to change them. */
static enum devsec_err become(uid_t user, gid_t group, struct devsec_error *error)
{
    const struct passwd *entry = getpwuid(user);
    const gid_t primary = entry ? entry->pw_gid : group;
    const int listed = entry ? initgroups(entry->pw_name, primary) : setgroups(0, NULL);

    if (listed < 0 || setgid(primary) < 0 || setuid(user) < 0)
        return devsec_fail_errno(error, "cannot become user %lu, the owner of the store", (unsigned long)user);
    if (setuid(0) == 0)
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "root's rights are still there after giving them up");
    return DEVSEC_OK;
}

/* A directory that cannot be looked at is store_open's to complain about. */
enum devsec_err panel_become_owner(const char *directory, struct devsec_error *error)
{
    struct stat st;

    if (geteuid() != 0 || stat(directory, &st) < 0 || st.st_uid == 0)
        return DEVSEC_OK;
    return become(st.st_uid, st.st_gid, error);
}

/* Whatever goes wrong before the store is open is not the request's fault: the exit status is always CLI_TROUBLE. */
enum cli_exit panel_open(struct panel *panel, const struct cli *cli, enum panel_use use)
{
    struct devsec_error error = {0};
    struct store_options options = {.rules = &panel->rules, .read_only = use == PANEL_LOOK};
    enum devsec_err err;

    *panel = (struct panel){0};
    err = config_load(&panel->config, cli->config_path, &error);
    if (err)
        goto out;
    err = device_open(&panel->device, panel->config.profile, &error);
    if (err)
        goto out;
    panel->device.key_file = panel->config.device_key;
    panel->device.store_directory = panel->config.store;
    err = panel_become_owner(panel->config.store, &error);
    if (err)
        goto out;
    panel->rules = (struct store_rules){.context = panel, .adjust = watch_adjust, .check = watch_check};
    options.directory = panel->config.store;
    options.generations = panel->config.generations;
    options.lock_timeout_ms = panel->config.lock_timeout_ms;
    err = store_open(&panel->store, &options, &error);
out:
    if (err)
        cli_error(cli, "%s", error.text);
    return err ? CLI_TROUBLE : CLI_OK;
}

void panel_warn_store(const struct panel *panel, const struct cli *cli)
{
    if (store_status(panel->store) != STORE_OK)
        cli_warning(cli, "%s", store_status_text(panel->store));
}

void panel_close(struct panel *panel)
{
    apply_free(panel->apply);
    store_close(panel->store);
    document_free(panel->before);
    device_close(&panel->device);
    config_clear(&panel->config);
    *panel = (struct panel){0};
}

void panel_apply(struct panel *panel)
{
    if (apply_new(&panel->apply, panel->config.applied, &panel->device, &panel->apply_error) == DEVSEC_OK)
        (void)apply_follow(panel->apply, panel->store, &panel->apply_error);
}

void panel_warn_applied(const struct panel *panel, const struct cli *cli)
{
    fflush(cli->out); /* what was done comes before what is to be said about it */
    if (panel->apply_error.code)
        cli_warning(cli, "the change is stored; it is applied when devsecd runs: %s", panel->apply_error.text);
    for (size_t i = 0; !panel->apply_error.code && i < apply_count(panel->apply); i++) {
        const struct applier_state *state = apply_state(panel->apply, i);

        if (state->status == APPLY_FAILED)
            cli_warning(cli, "the change is stored; devsecd tries again to apply %s: %s", state->name, state->error);
    }
}

static bool is_applied(const struct panel *panel, const char *name)
{
    for (size_t i = 0; !panel->apply_error.code && i < apply_count(panel->apply); i++) {
        const struct applier_state *state = apply_state(panel->apply, i);

        if (strcmp(state->name, name) == 0)
            return state->status == APPLY_APPLIED;
    }
    return false;
}

bool panel_is_ready_for_snmpd(const struct panel *panel, const struct admin_files *files)
{
    return (files->users || files->access) && (!files->users || is_applied(panel, applier_snmpd_users.name)) &&
           (!files->access || is_applied(panel, applier_snmpd_access.name));
}

void panel_warn(const struct panel *panel, const struct cli *cli)
{
    /* device_warnings has one context pointer for what it is called with; cli_say_warning only reads it. */
    struct cli copy = *cli;

    fflush(cli->out); /* what was done comes before what is to be said about it */
    device_warnings(&panel->device, store_current(panel->store), cli_say_warning, &copy);
}
