/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl store status, generations and restore. */
#include "base/text.h"
#include "commands.h"
#include "devsec_mib.h"
#include "panel.h"
#include "pki/pki.h"
#include "show.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DATE_ROOM 32

/* Defaults that were never committed have no date. */
static const char *show_date(time_t when, char *room)
{
    room[0] = '\0';
    if (when)
        text_date(room, DATE_ROOM, when);
    return room;
}

static const char *status_label(enum store_status status)
{
    const char *label = mib_label_name(&mib_objects[MIB_devsecStoreStatus], (int64_t)status);

    return label ? label : "?";
}

static enum cli_exit status_as_tree(const struct cli *cli, const struct panel *panel, const char *date)
{
    struct tree tree = {0};
    struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
    enum cli_exit result;

    tree_text(&tree, root, "status", status_label(store_status(panel->store)));
    tree_text(&tree, root, "detail", store_status_text(panel->store));
    tree_number(&tree, root, "generation", store_current(panel->store)->generation);
    tree_text(&tree, root, "changed", date);
    tree_text(&tree, root, "directory", panel->config.store);
    result = show_tree(cli, &tree, root);
    tree_free(&tree);
    return result;
}

static void status_as_text(const struct cli *cli, const struct panel *panel, const char *date)
{
    const enum store_status status = store_status(panel->store);
    const char *detail = store_status_text(panel->store);

    fprintf(cli->out, "status      %s%s%s\n", cli_paint(cli->paint_out, status == STORE_OK ? CLI_GREEN : CLI_RED),
            status_label(status), cli_paint(cli->paint_out, CLI_PLAIN));
    if (*detail)
        fprintf(cli->out, "detail      %s\n", detail);
    fprintf(cli->out, "generation  %" PRIu32 "\nchanged     %s\ndirectory   %s\n",
            store_current(panel->store)->generation, *date ? date : "never", panel->config.store);
}

enum cli_exit command_store_status(const struct cli *cli, int argc, char **argv)
{
    struct panel panel = {0};
    char room[DATE_ROOM];
    const char *date;
    enum cli_exit result = panel_open(&panel, cli, PANEL_LOOK);

    (void)argc;
    (void)argv;
    if (result)
        goto out;
    date = show_date(store_current(panel.store)->changed, room);
    if (cli->format == CLI_TEXT)
        status_as_text(cli, &panel, date);
    else
        result = status_as_tree(cli, &panel, date);
out:
    panel_close(&panel);
    return result;
}

static void generations_as_text(const struct cli *cli, const struct store_generation *list, size_t count)
{
    char date[DATE_ROOM];

    fprintf(cli->out, "%s%10s  %-20s  %s%s\n", cli_paint(cli->paint_out, CLI_BOLD), "GENERATION", "CHANGED", "STATE",
            cli_paint(cli->paint_out, CLI_PLAIN));
    for (size_t i = 0; i < count; i++) {
        const enum cli_paint paint = !list[i].good ? CLI_RED : list[i].current ? CLI_GREEN : CLI_PLAIN;

        fprintf(cli->out, "%10" PRIu32 "  %-20s  %s%s%s%s\n", list[i].number, show_date(list[i].changed, date),
                cli_paint(cli->paint_out, paint), list[i].good ? "good" : "damaged", list[i].current ? ", current" : "",
                cli_paint(cli->paint_out, CLI_PLAIN));
    }
}

static enum cli_exit generations_as_tree(const struct cli *cli, const struct store_generation *list, size_t count)
{
    struct tree tree = {0};
    struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_SEQUENCE);
    char date[DATE_ROOM];
    enum cli_exit result;

    for (size_t i = 0; i < count; i++) {
        struct yaml_node *entry = tree_add(&tree, root, NULL, YAML_MAPPING);

        tree_number(&tree, entry, "generation", list[i].number);
        tree_text(&tree, entry, "changed", show_date(list[i].changed, date));
        tree_bool(&tree, entry, "good", list[i].good);
        tree_bool(&tree, entry, "current", list[i].current);
    }
    result = show_tree(cli, &tree, root);
    tree_free(&tree);
    return result;
}

enum cli_exit command_store_generations(const struct cli *cli, int argc, char **argv)
{
    struct panel panel = {0};
    struct devsec_error error = {0};
    struct store_generation *list = NULL;
    size_t count = 0;
    enum cli_exit result = panel_open(&panel, cli, PANEL_LOOK);

    (void)argc;
    (void)argv;
    if (result)
        goto out;
    panel_warn_store(&panel, cli);
    /* Two more than configured: the store drops the oldest only after the newest is in place. */
    count = (size_t)panel.config.generations + 2;
    list = calloc(count, sizeof(*list));
    if (!list) {
        result = cli_no_memory(cli);
        goto out;
    }
    if (store_generations(panel.store, list, &count, &error))
        result = cli_fail(cli, &error);
    else if (cli->format == CLI_TEXT)
        generations_as_text(cli, list, count);
    else
        result = generations_as_tree(cli, list, count);
out:
    free(list);
    panel_close(&panel);
    return result;
}

static bool read_generation(const char *word, uint32_t *number)
{
    char *end = NULL;
    unsigned long long parsed;

    errno = 0;
    parsed = strtoull(word, &end, 10);
    if (!isdigit((unsigned char)word[0]) || *end != '\0' || errno || parsed < 1 || parsed > UINT32_MAX)
        return false;
    *number = (uint32_t)parsed;
    return true;
}

/* Who has access again by what was restored: easily overlooked, and perhaps the reason why he was removed. */
static void warn_returned(const struct cli *cli, const struct admin_diff *diff, uint32_t generation)
{
    if (!diff->after || !admin_diff_keys(diff)) {
        if (!diff->before)
            cli_warning(cli, "administrator %s is back, without a password", diff->name);
        return;
    }
    if (value_is_empty(&diff->after[ADMINISTRATOR_KEYS]))
        cli_warning(cli, "administrator %s has no password any more", diff->name);
    else if (!diff->before)
        cli_warning(cli,
                    "administrator %s is back, with the passwords of generation %" PRIu32
                    "; 'devsecctl admin remove %s' takes the access away",
                    diff->name, generation, diff->name);
    else
        cli_warning(cli,
                    "administrator %s has the passwords of generation %" PRIu32
                    " again; 'devsecctl admin set-password %s' gives new ones",
                    diff->name, generation, diff->name);
}

/* Keys that were deleted since do not come back with their rows. */
static void warn_damaged(const struct cli *cli, const struct panel *panel)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct pki pki = {.inventory = NULL};

    if (pki_open(&pki, &panel->device, panel->store, panel->config.store, true, &error)) {
        cli_warning(cli, "%s", error.text);
        return;
    }
    for (size_t i = 0; i < inventory_slots(pki.inventory); i++) {
        const struct pki_slot *slot = inventory_slot(pki.inventory, i);

        if (slot->status == PKI_STATUS_DAMAGED)
            cli_warning(cli, "slot %u (\"%s\") is damaged: %s", slot->slot, value_text(&slot->row[KEY_NAME]),
                        slot->trouble);
    }
    pki_close(&pki);
}

/* Brings the files to what was restored, reports, and warns. `after` is a copy: applying may bring a newer document. */
static enum cli_exit follow_restore(const struct cli *cli, struct panel *panel, const struct document *before,
                                    const struct document *after, uint32_t generation)
{
    const struct table *was = &before->tables[TABLE_ADMINISTRATORS];
    const struct table *is = &after->tables[TABLE_ADMINISTRATORS];
    struct admin_files files = {false, false};
    struct admin_diff diff;
    enum cli_exit result;
    bool reload;

    for (size_t i = 0; i < admin_diff_places(was, is); i++) {
        if (admin_diff_at(was, is, i, &diff))
            admin_diff_add_files(&diff, &files);
    }
    panel_apply(panel);
    reload = panel_is_ready_for_snmpd(panel, &files);
    result = show_changes(cli, before, after, &reload);
    panel_warn_applied(panel, cli);
    for (size_t i = 0; i < admin_diff_places(was, is); i++) {
        if (admin_diff_at(was, is, i, &diff))
            warn_returned(cli, &diff, generation);
    }
    warn_damaged(cli, panel);
    panel_warn(panel, cli);
    return result;
}

enum cli_exit command_store_restore(const struct cli *cli, int argc, char **argv)
{
    struct panel panel = {0};
    struct document *before = NULL;
    struct document *after = NULL;
    struct devsec_error error = {0};
    uint32_t number = 0;
    enum cli_exit result;

    (void)argc;
    if (!read_generation(argv[0], &number))
        return cli_usage(cli, "store restore", "'%s' is not the number of a generation", cli_quote(argv[0]).text);
    result = panel_open(&panel, cli, PANEL_CHANGE);
    if (result)
        goto out;
    panel_warn_store(&panel, cli);
    if (document_copy(&before, store_current(panel.store), &error) || store_restore(panel.store, number, &error) ||
        document_copy(&after, store_current(panel.store), &error)) {
        result = cli_fail(cli, &error);
        goto out;
    }
    /* What the store itself went by is nearer to the truth than the copy, when somebody else wrote meanwhile. */
    result = follow_restore(cli, &panel, panel.before ? panel.before : before, after, number);
out:
    document_free(before);
    document_free(after);
    panel_close(&panel);
    return result;
}
