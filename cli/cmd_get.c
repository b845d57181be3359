/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl get: settings in force. */
#include "commands.h"
#include "panel.h"
#include "select.h"
#include "show.h"

#include <stdlib.h>
#include <string.h>

/* `bare`: one single setting was named, so that its value alone is the answer. */
static enum cli_exit get_as_text(const struct cli *cli, const struct document *document,
                                 const struct selection *selection, bool bare)
{
    size_t width = 0;

    for (size_t i = 0; i < selection->count; i++) {
        const size_t length = strlen(settings[selection->ids[i]].path);

        width = length > width ? length : width;
    }
    for (size_t i = 0; i < selection->count; i++) {
        const enum setting_id id = selection->ids[i];
        char *shown = show_value(id, settings[id].secret, &document->values[id], bare ? SHOW_BARE : SHOW_LISTED);

        if (!shown)
            return cli_no_memory(cli);
        if (bare)
            fprintf(cli->out, "%s\n", shown);
        else
            fprintf(cli->out, "%-*s  %s\n", (int)width, settings[id].path, shown);
        free(shown);
    }
    return CLI_OK;
}

static enum cli_exit get_as_tree(const struct cli *cli, const struct document *document,
                                 const struct selection *selection)
{
    struct tree tree = {0};
    struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
    enum cli_exit result;

    for (size_t i = 0; i < selection->count; i++)
        show_in_group(&tree, root, selection->ids[i], &document->values[selection->ids[i]]);
    result = show_tree(cli, &tree, root);
    tree_free(&tree);
    return result;
}

enum cli_exit command_get(const struct cli *cli, int argc, char **argv)
{
    struct selection selection = {.count = 0};
    struct panel panel = {0};
    enum cli_exit result = CLI_OK;

    for (int i = 0; i < argc; i++) {
        if (select_name(cli, argv[i], true, &selection))
            result = CLI_REFUSED;
    }
    if (result)
        return result;
    for (enum setting_id id = 0; argc == 0 && id < SETTING_COUNT; id++)
        select_setting(&selection, id);
    result = panel_open(&panel, cli, PANEL_LOOK);
    if (result)
        goto out;
    panel_warn_store(&panel, cli);
    if (cli->format == CLI_TEXT)
        result = get_as_text(cli, store_current(panel.store), &selection, argc == 1 && setting_find(argv[0]) >= 0);
    else
        result = get_as_tree(cli, store_current(panel.store), &selection);
out:
    panel_close(&panel);
    return result;
}
