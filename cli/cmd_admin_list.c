/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl admin list: who there is. Of a password only whether there is one; of a key not even that it fits. */
#include "admin/account.h"
#include "admin_options.h"
#include "columns.h"
#include "commands.h"
#include "devsec_mib.h"
#include "panel.h"
#include "show.h"

#include <string.h>
#include <strings.h>

enum list_column { LIST_NAME, LIST_ROLE, LIST_PASSWORD, LIST_AUTH, LIST_PRIV, LIST_ENGINE, LIST_COLUMNS };

static const char *const headings[LIST_COLUMNS] = {"NAME", "ROLE", "PASSWORD", "AUTH", "PRIV", "ENGINE ID"};

/* As the row has them, whether they make sense together or not. */
static void fill_cells(const struct value *row, const char *cells[LIST_COLUMNS])
{
    const char *role = mib_label_name(&mib_objects[MIB_devsecAdminRole], row[ADMINISTRATOR_ROLE].number);
    const bool set = !value_is_empty(&row[ADMINISTRATOR_KEYS]);
    const bool localized = !value_is_empty(&row[ADMINISTRATOR_ENGINE]);

    cells[LIST_NAME] = value_text(&row[ADMINISTRATOR_NAME]);
    cells[LIST_ROLE] = role ? role : "?";
    cells[LIST_PASSWORD] = set ? "set" : "not set";
    cells[LIST_AUTH] = set ? value_text(&row[ADMINISTRATOR_AUTH]) : "-";
    cells[LIST_PRIV] = set ? value_text(&row[ADMINISTRATOR_PRIV]) : "-";
    cells[LIST_ENGINE] = localized ? value_text(&row[ADMINISTRATOR_ENGINE]) : set ? "any" : "-";
}

static void fill_row(const void *context, size_t row, struct columns_row *to)
{
    const struct table *table = context;
    const char *cells[LIST_COLUMNS];

    fill_cells(table->rows[row], cells);
    for (size_t i = 0; i < LIST_COLUMNS; i++)
        columns_put(to, i, cells[i]);
}

static void list_as_text(const struct cli *cli, const struct table *table)
{
    const struct columns columns = {headings, LIST_COLUMNS, fill_row, table};

    columns_print(cli, &columns, table->count);
}

static enum cli_exit list_as_tree(const struct cli *cli, const struct table *table)
{
    struct tree tree = {0};
    struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_SEQUENCE);
    enum cli_exit result;

    for (size_t row = 0; row < table->count; row++) {
        const struct value *values = table->rows[row];
        struct yaml_node *entry = tree_add(&tree, root, NULL, YAML_MAPPING);
        const char *cells[LIST_COLUMNS];

        fill_cells(values, cells);
        tree_text(&tree, entry, "name", cells[LIST_NAME]);
        tree_text(&tree, entry, "role", cells[LIST_ROLE]);
        tree_bool(&tree, entry, "password", !value_is_empty(&values[ADMINISTRATOR_KEYS]));
        tree_text(&tree, entry, "auth", value_text(&values[ADMINISTRATOR_AUTH]));
        tree_text(&tree, entry, "priv", value_text(&values[ADMINISTRATOR_PRIV]));
        tree_text(&tree, entry, "engine-id", value_text(&values[ADMINISTRATOR_ENGINE]));
    }
    result = show_tree(cli, &tree, root);
    tree_free(&tree);
    return result;
}

/* Keys for another snmpd, or for this one before it had this engine ID, let nobody in. */
static void warn_engines(const struct cli *cli, const struct panel *panel, const struct table *table)
{
    struct devsec_error why = {DEVSEC_OK, ""}; /* a snmpd that is not there is no news */
    struct usm_engine engine = {.length = 0};
    char hex[2 * USM_ENGINE_MAX + 1];

    if (!admin_ask_guard(panel->config.guard_socket, &engine, &why))
        return;
    usm_hex(hex, engine.octets, engine.length);
    for (size_t i = 0; i < table->count; i++) {
        const struct value *row = table->rows[i];

        if (!value_is_empty(&row[ADMINISTRATOR_ENGINE]) && strcasecmp(value_text(&row[ADMINISTRATOR_ENGINE]), hex) != 0)
            cli_warning(cli,
                        "%s gets no access: the keys are for another engine ID, and snmpd's is %s; 'devsecctl admin "
                        "set-password %s' makes new ones",
                        value_text(&row[ADMINISTRATOR_NAME]), hex, value_text(&row[ADMINISTRATOR_NAME]));
    }
}

enum cli_exit command_admin_list(const struct cli *cli, int argc, char **argv)
{
    struct panel panel = {0};
    const struct table *table;
    enum cli_exit result = panel_open(&panel, cli, PANEL_LOOK);

    (void)argc;
    (void)argv;
    if (result)
        goto out;
    panel_warn_store(&panel, cli);
    table = &store_current(panel.store)->tables[TABLE_ADMINISTRATORS];
    if (cli->format == CLI_TEXT)
        list_as_text(cli, table);
    else
        result = list_as_tree(cli, table);
    fflush(cli->out); /* the list comes before what is to be said about it */
    warn_engines(cli, &panel, table);
out:
    panel_close(&panel);
    return result;
}
