/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl set: one transaction. */
#include "commands.h"
#include "pairs.h"
#include "panel.h"
#include "show.h"

static enum cli_exit commit(const struct cli *cli, struct panel *panel, const struct pairs *pairs)
{
    struct transaction *txn = NULL;
    struct store_fault fault = {0};
    enum devsec_err err = transaction_begin(&txn, panel->store, &fault.error);

    for (size_t i = 0; !err && i < pairs->selection.count; i++) {
        const enum setting_id id = pairs->selection.ids[i];

        err = transaction_set(txn, id, &pairs->values[id], &fault.error);
    }
    if (!err)
        err = transaction_check(txn, &fault);
    if (!err)
        err = transaction_commit(txn, &fault.error);
    if (!err)
        transaction_finish(txn);
    transaction_free(txn);
    return err ? cli_fail(cli, &fault.error) : CLI_OK;
}

enum cli_exit command_set(const struct cli *cli, int argc, char **argv)
{
    struct panel panel = {0};
    struct pairs pairs = {.selection = {.count = 0}};
    enum cli_exit result = pairs_read(cli, argc, argv, pairs_schema_secret, &pairs);

    if (result)
        goto out;
    result = panel_open(&panel, cli, PANEL_CHANGE);
    if (result)
        goto out;
    panel_warn_store(&panel, cli);
    result = commit(cli, &panel, &pairs);
    if (result)
        goto out;
    if (panel.watch_failed || !panel.before)
        result = cli_no_memory(cli);
    else
        result = show_changes(cli, panel.before, store_current(panel.store), NULL);
    panel_apply(&panel);
    panel_warn_applied(&panel, cli);
    panel_warn(&panel, cli);
out:
    panel_close(&panel);
    pairs_clear(&pairs);
    return result;
}
