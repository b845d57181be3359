/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl cert list, cert uses and trust list: what there is, in colours that say what needs somebody's care. */
#include "cert_view.h"
#include "columns.h"
#include "commands.h"
#include "devsec_mib.h"
#include "show.h"

#include <string.h>

/* ---- cert list ---- */

enum cert_list_column {
    CERT_SLOT,
    CERT_NAME,
    CERT_STATUS,
    CERT_KEY,
    CERT_SUBJECT,
    CERT_USED_BY,
    CERT_EXPIRES,
    CERT_VERIFY,
    CERT_LIST_COLUMNS
};

static const char *const cert_headings[CERT_LIST_COLUMNS] = {"SLOT",    "NAME",    "STATUS",  "KEY",
                                                             "SUBJECT", "USED BY", "EXPIRES", "VERIFY"};

/* "RSA 1024 (weak)": also where nothing is painted. */
static void put_key(struct columns_row *to, size_t column, const struct pki_summary *summary)
{
    char key[PKI_KEY_WORDS_MAX] = "";
    char text[PKI_KEY_WORDS_MAX + 16];

    if (summary->key.bits)
        pki_key_words(&summary->key, key);
    snprintf(text, sizeof(text), "%s%s", key,
             summary->weakness & ~(uint32_t)PKI_WEAK_HASH ? " (weak)"
             : summary->weakness                          ? " (weak hash)"
                                                          : "");
    columns_put(to, column, text);
    to->paint[column] = summary->weakness ? CLI_YELLOW : CLI_PLAIN;
}

/* A verdict that dates have made says of a certificate that is not valid yet that it has expired; not so here. */
static void put_verdict(struct columns_row *to, size_t column, const struct cert_view *view,
                        const struct pki_slot *slot)
{
    const enum pki_verdict verdict = inventory_verdict(slot, view->now);
    const enum pki_validity validity = cert_view_validity(view, &slot->summary);
    const char *word = cert_label(MIB_devsecCertVerify, verdict);

    to->paint[column] = cert_view_paint("verify", word);
    if (verdict == PKI_CHAIN_EXPIRED && validity == PKI_NOT_YET_VALID)
        word = cert_label(MIB_devsecCertValidity, validity);
    columns_put(to, column, validity == PKI_NO_CERTIFICATE ? "" : word);
}

static void put_ends(struct columns_row *to, size_t column, const struct cert_view *view,
                     const struct pki_summary *summary)
{
    char text[CERT_ENDS_ROOM];

    cert_view_ends(text, view, summary);
    columns_put(to, column, text);
    to->paint[column] =
        cert_view_paint("validity", cert_label(MIB_devsecCertValidity, cert_view_validity(view, summary)));
}

static void fill_cert(const void *context, size_t at, struct columns_row *to)
{
    const struct cert_view *view = context;
    const struct pki_slot *slot = inventory_slot(view->inventory, at);
    const struct pki_summary *summary = &slot->summary;
    const char *status = cert_label(MIB_devsecCertStatus, slot->status);
    char text[COLUMNS_CELL];

    snprintf(to->cells[CERT_SLOT], COLUMNS_CELL, "%u", slot->slot);
    columns_put(to, CERT_NAME, value_text(&slot->row[KEY_NAME]));
    columns_put(to, CERT_STATUS, status);
    to->paint[CERT_STATUS] = cert_view_paint("status", status);
    put_key(to, CERT_KEY, summary);
    cert_view_common_name(text, sizeof(text), summary->subject ? summary->subject : "");
    columns_put(to, CERT_SUBJECT, text);
    cert_view_uses(text, view->document, slot->slot);
    columns_put(to, CERT_USED_BY, text);
    put_ends(to, CERT_EXPIRES, view, summary);
    put_verdict(to, CERT_VERIFY, view, slot);
}

/* ---- Lists, all alike ---- */

struct list_kind {
    struct columns columns;
    size_t (*count)(const struct cert_view *view);
    void (*add)(struct tree *tree, struct yaml_node *node, const struct cert_view *view, size_t at);
    const char *nothing; /* what to say of an empty list */
};

static enum cli_exit show_list(const struct cli *cli, const struct list_kind *kind)
{
    struct cert_panel cert;
    struct tree tree = {0};
    struct columns columns = kind->columns;
    struct yaml_node *root;
    struct cert_view view;
    enum cli_exit result = cert_open(&cert, cli, PANEL_LOOK);

    if (result)
        goto out;
    view = cert_view_of(&cert);
    columns.context = &view;
    if (cli->format == CLI_TEXT) {
        if (kind->count(&view) || cli->quiet)
            columns_print(cli, &columns, kind->count(&view));
        else
            fprintf(cli->out, "%s\n", kind->nothing);
        goto out;
    }
    root = tree_add(&tree, NULL, NULL, YAML_SEQUENCE);
    for (size_t i = 0; i < kind->count(&view); i++)
        kind->add(&tree, tree_add(&tree, root, NULL, YAML_MAPPING), &view, i);
    result = show_tree(cli, &tree, root);
    tree_free(&tree);
out:
    cert_close(&cert);
    return result;
}

static size_t count_certs(const struct cert_view *view)
{
    return inventory_slots(view->inventory);
}

static void add_cert(struct tree *tree, struct yaml_node *node, const struct cert_view *view, size_t at)
{
    cert_view_slot(tree, node, view, inventory_slot(view->inventory, at));
}

enum cli_exit command_cert_list(const struct cli *cli, int argc, char **argv)
{
    static const struct list_kind kind = {
        {cert_headings, CERT_LIST_COLUMNS, fill_cert, NULL},
        count_certs,
        add_cert,
        "no keys; 'devsecctl cert create' and 'devsecctl cert request' make some",
    };

    (void)argc;
    (void)argv;
    return show_list(cli, &kind);
}

/* ---- cert uses ---- */

static const char *const use_headings[] = {"USE", "SLOT", "KEY", "ENABLED", "KEY USED"};

static const char *use_key_name(const struct cert_view *view, const struct pki_use *use)
{
    const struct value *row = pki_key_row(view->document, pki_use_slot(view->document, use));

    return row ? value_text(&row[KEY_NAME]) : "";
}

static void fill_use(const void *context, size_t at, struct columns_row *to)
{
    const struct cert_view *view = context;
    const struct pki_use *use = &pki_uses[at];
    const unsigned slot = pki_use_slot(view->document, use);

    pki_use_name(use, to->cells[0]);
    snprintf(to->cells[1], COLUMNS_CELL, slot ? "%u" : "-", slot);
    columns_put(to, 2, use_key_name(view, use));
    columns_put(to, 3, pki_use_enabled(view->document, use) ? "yes" : "no");
    columns_put(to, 4, pki_use_key_used(view->document, use) ? "yes" : "no");
}

static size_t count_uses(const struct cert_view *view)
{
    (void)view;
    return pki_use_count;
}

static void add_use(struct tree *tree, struct yaml_node *node, const struct cert_view *view, size_t at)
{
    const struct pki_use *use = &pki_uses[at];
    char name[PKI_USE_NAME_MAX];

    pki_use_name(use, name);
    tree_text(tree, node, "use", name);
    tree_number(tree, node, "slot", pki_use_slot(view->document, use));
    tree_text(tree, node, "key", use_key_name(view, use));
    tree_bool(tree, node, "enabled", pki_use_enabled(view->document, use));
    tree_bool(tree, node, "key-used", pki_use_key_used(view->document, use));
}

enum cli_exit command_cert_uses(const struct cli *cli, int argc, char **argv)
{
    static const struct list_kind kind = {
        {use_headings, sizeof(use_headings) / sizeof(use_headings[0]), fill_use, NULL}, count_uses, add_use, ""};

    (void)argc;
    (void)argv;
    return show_list(cli, &kind);
}

/* ---- trust list ---- */

static const char *const trust_headings[] = {"NUMBER", "SUBJECT", "ISSUER", "EXPIRES"};

static void fill_trusted(const void *context, size_t at, struct columns_row *to)
{
    const struct cert_view *view = context;
    const struct pki_trusted *trusted = inventory_trusted(view->inventory, at);
    const struct pki_summary *summary = &trusted->summary;

    snprintf(to->cells[0], COLUMNS_CELL, "%u", trusted->index);
    columns_put(to, 1, trusted->trouble ? trusted->trouble : summary->subject);
    columns_put(to, 2, summary->issuer ? summary->issuer : "");
    put_ends(to, 3, view, summary);
    to->paint[1] = trusted->trouble ? CLI_RED : CLI_PLAIN;
}

static size_t count_trusted(const struct cert_view *view)
{
    return inventory_trusted_count(view->inventory);
}

static void add_trusted(struct tree *tree, struct yaml_node *node, const struct cert_view *view, size_t at)
{
    cert_view_trusted(tree, node, view, inventory_trusted(view->inventory, at));
}

enum cli_exit command_trust_list(const struct cli *cli, int argc, char **argv)
{
    static const struct list_kind kind = {
        {trust_headings, sizeof(trust_headings) / sizeof(trust_headings[0]), fill_trusted, NULL},
        count_trusted,
        add_trusted,
        "no trusted certificates; 'devsecctl trust add FILE' adds some",
    };

    (void)argc;
    (void)argv;
    return show_list(cli, &kind);
}
