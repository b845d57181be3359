/* SPDX-License-Identifier: Apache-2.0 */
/* Changing an administrator: commit, files for snmpd, report, and a word about what is dangerous. */
#include "admin_change.h"

#include "admin_diff.h"
#include "base/text.h"
#include "show.h"

#include <inttypes.h>
#include <string.h>

enum cli_exit admin_change_begin(struct admin_change *change)
{
    enum cli_exit result = panel_open(&change->panel, change->cli, PANEL_CHANGE);

    if (!result)
        panel_warn_store(&change->panel, change->cli);
    return result;
}

void admin_change_end(struct admin_change *change)
{
    panel_close(&change->panel);
}

const struct table *admin_change_table(const struct admin_change *change)
{
    return &store_current(change->panel.store)->tables[TABLE_ADMINISTRATORS];
}

static const struct value *find_row(const struct table *table, char *name)
{
    const struct value key = {.text = name};
    const long at = table_find(TABLE_ADMINISTRATORS, table, &key);

    return at < 0 ? NULL : table->rows[at];
}

enum cli_exit admin_change_find(const struct admin_change *change, const struct value **row)
{
    const struct table *table = admin_change_table(change);
    struct text_nearest nearest = {.word = change->name};

    *row = find_row(table, change->name);
    if (*row)
        return CLI_OK;
    for (size_t i = 0; i < table->count; i++)
        text_nearest_offer(&nearest, value_text(&table->rows[i][ADMINISTRATOR_NAME]));
    if (nearest.name[0] != '\0')
        cli_error(change->cli, "there is no administrator '%s'; did you mean '%s'?", cli_quote(change->name).text,
                  nearest.name);
    else
        cli_error(change->cli, "there is no administrator '%s'; 'devsecctl admin list' lists all of them",
                  cli_quote(change->name).text);
    return CLI_REFUSED;
}

/* `row` NULL: remove. */
static enum devsec_err commit(struct admin_change *change, const struct value *row, struct store_fault *fault)
{
    const struct value key = {.text = change->name};
    struct transaction *txn = NULL;
    enum devsec_err err = transaction_begin(&txn, change->panel.store, &fault->error);

    if (!err && row)
        err = transaction_put_row(txn, TABLE_ADMINISTRATORS, row, &fault->error);
    if (!err && !row)
        err = transaction_remove_row(txn, TABLE_ADMINISTRATORS, &key, &fault->error);
    if (!err)
        err = transaction_check(txn, fault);
    if (!err)
        err = transaction_commit(txn, &fault->error);
    if (!err)
        transaction_finish(txn);
    transaction_free(txn);
    return err;
}

/* How many can change settings by SNMP. */
static size_t count_writers(const struct table *table)
{
    size_t count = 0;

    for (size_t i = 0; i < table->count; i++) {
        struct account account = {.sealed = ""};

        if (account_read(&account, table->rows[i], NULL) == DEVSEC_OK && account_has_keys(&account) &&
            account_may_write(&account))
            count++;
    }
    return count;
}

/* What the report says; taken down before the files are applied, which may bring a newer document. */
struct outcome {
    uint32_t generation;
    bool changed;
    bool last;
    struct admin_files files;
};

static enum cli_exit report_as_tree(const struct admin_change *change, const struct outcome *outcome, bool reload)
{
    struct tree tree = {0};
    struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
    enum cli_exit result;

    tree_number(&tree, root, "generation", outcome->generation);
    tree_text(&tree, root, "administrator", change->name);
    tree_bool(&tree, root, "changed", outcome->changed);
    tree_bool(&tree, root, "reload", reload);
    result = show_tree(change->cli, &tree, root);
    tree_free(&tree);
    return result;
}

static void report_as_text(const struct admin_change *change, const struct outcome *outcome, bool reload)
{
    FILE *out = change->cli->out;

    if (change->cli->quiet)
        return;
    if (outcome->changed)
        fprintf(out, "administrator %s %s\n", change->name, change->done);
    else
        fprintf(out, "nothing changed\n");
    fprintf(out, "generation %" PRIu32 "\n", outcome->generation);
    if (reload)
        fprintf(out, ADMIN_RELOAD);
    if (change->connect)
        fprintf(out, "to connect: snmpget -v3 -u %s -l authPriv -a %s -x %s HOST OBJECT\n", change->name,
                change->connect->auth->name, change->connect->priv->word);
}

static struct outcome take_down(const struct admin_change *change, const struct table *before)
{
    const struct table *after = admin_change_table(change);
    struct outcome outcome = {
        .generation = store_current(change->panel.store)->generation,
        .changed = !table_equal(TABLE_ADMINISTRATORS, before, after),
        .last = count_writers(before) > 0 && count_writers(after) == 0,
    };
    const struct admin_diff diff = {change->name, find_row(before, change->name), find_row(after, change->name)};

    admin_diff_add_files(&diff, &outcome.files);
    return outcome;
}

/* After the commit: what it was made on top of is in panel.before. */
static enum cli_exit follow(struct admin_change *change)
{
    struct panel *panel = &change->panel;
    enum cli_exit result = CLI_OK;
    struct outcome outcome;
    bool reload;

    if (panel->watch_failed || !panel->before)
        return cli_no_memory(change->cli);
    outcome = take_down(change, &panel->before->tables[TABLE_ADMINISTRATORS]);
    panel_apply(panel);
    reload = panel_is_ready_for_snmpd(panel, &outcome.files);
    if (change->cli->format == CLI_TEXT)
        report_as_text(change, &outcome, reload);
    else
        result = report_as_tree(change, &outcome, reload);
    panel_warn_applied(panel, change->cli);
    if (outcome.last)
        cli_warning(change->cli,
                    "no network administrator with a password is left: nobody can change settings by SNMP, "
                    "until 'devsecctl admin add' or 'admin set-role' makes one");
    return result;
}

enum cli_exit admin_change_put(struct admin_change *change, const struct account *account)
{
    struct store_fault fault = {.n_involved = 0};
    struct value *row = row_new(TABLE_ADMINISTRATORS);
    enum devsec_err err;

    if (!row)
        return cli_no_memory(change->cli);
    err = account_write(account, row, &fault.error);
    if (!err)
        err = commit(change, row, &fault);
    row_free(TABLE_ADMINISTRATORS, row);
    return err ? cli_fail(change->cli, &fault.error) : follow(change);
}

enum cli_exit admin_change_remove(struct admin_change *change)
{
    struct store_fault fault = {.n_involved = 0};

    return commit(change, NULL, &fault) ? cli_fail(change->cli, &fault.error) : follow(change);
}
