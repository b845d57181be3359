/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl cert show and trust show: everything about one key or trusted certificate. */
#include "cert_options.h"
#include "cert_view.h"
#include "commands.h"
#include "show.h"

/* "shortKey, weakHash" */
static void show_labels(const struct cli *cli, const struct yaml_node *list)
{
    if (!list->children) {
        fprintf(cli->out, "none\n");
        return;
    }
    fputs(cli_paint(cli->paint_out, CLI_YELLOW), cli->out);
    for (const struct yaml_node *child = list->children; child; child = child->next)
        fprintf(cli->out, "%s%s", child->scalar, child->next ? ", " : "");
    fprintf(cli->out, "%s\n", cli_paint(cli->paint_out, CLI_PLAIN));
}

static void show_scalar(const struct cli *cli, const struct yaml_node *node)
{
    const enum cli_paint paint = cert_view_paint(node->key, node->scalar);
    const bool painted = cli->paint_out && paint != CLI_PLAIN;

    fputs(cli_paint(painted, paint), cli->out);
    cli_print_safely(cli->out, node->scalar[0] ? node->scalar : "-");
    fprintf(cli->out, "%s\n", cli_paint(painted, CLI_PLAIN));
}

/* Writes a flat tree as lines, or as YAML or JSON, and frees it. */
static enum cli_exit show_one(const struct cli *cli, struct tree *tree, const struct yaml_node *root)
{
    enum cli_exit result = CLI_OK;

    if (cli->format != CLI_TEXT || tree->failed) {
        result = show_tree(cli, tree, root);
        tree_free(tree);
        return result;
    }
    for (const struct yaml_node *child = root->children; child; child = child->next) {
        fprintf(cli->out, "%s%-20s%s ", cli_paint(cli->paint_out, CLI_BOLD), child->key,
                cli_paint(cli->paint_out, CLI_PLAIN));
        if (child->kind == YAML_SEQUENCE)
            show_labels(cli, child);
        else
            show_scalar(cli, child);
    }
    tree_free(tree);
    return result;
}

enum cli_exit command_cert_show(const struct cli *cli, int argc, char **argv)
{
    struct cert_panel cert;
    struct cert_view view;
    struct tree tree = {0};
    struct yaml_node *root;
    unsigned slot = 0;
    enum cli_exit result = cert_open(&cert, cli, PANEL_LOOK);

    (void)argc;
    if (!result)
        result = cert_read_slot(cli, cert.pki.inventory, argv[0], &slot);
    if (!result) {
        view = cert_view_of(&cert);
        root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
        cert_view_slot(&tree, root, &view, inventory_find(view.inventory, slot));
        result = show_one(cli, &tree, root);
    }
    cert_close(&cert);
    return result;
}

static const struct pki_trusted *find_trusted(const struct inventory *inventory, int64_t number)
{
    for (size_t i = 0; i < inventory_trusted_count(inventory); i++) {
        const struct pki_trusted *trusted = inventory_trusted(inventory, i);

        if (trusted->index == number)
            return trusted;
    }
    return NULL;
}

enum cli_exit command_trust_show(const struct cli *cli, int argc, char **argv)
{
    const struct pki_trusted *trusted = NULL;
    struct cert_panel cert = {.cli = cli};
    struct cert_view view;
    struct tree tree = {0};
    struct yaml_node *root;
    int64_t number = 0;
    enum cli_exit result = cert_read_trusted_number(cli, argv[0], &number);

    (void)argc;
    if (!result)
        result = cert_open(&cert, cli, PANEL_LOOK);
    if (!result)
        trusted = find_trusted(cert.pki.inventory, number);
    if (!result && !trusted) {
        cli_error(cli, "there is no trusted certificate number %lld; 'devsecctl trust list' lists all of them",
                  (long long)number);
        result = CLI_REFUSED;
    }
    if (!result) {
        view = cert_view_of(&cert);
        root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
        cert_view_trusted(&tree, root, &view, trusted);
        result = show_one(cli, &tree, root);
    }
    cert_close(&cert);
    return result;
}
