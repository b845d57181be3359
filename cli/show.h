/* SPDX-License-Identifier: Apache-2.0 */
/* Settings as a person or a program reads them. A secret is only ever "(set)" or "(not set)". */
#ifndef DEVSEC_CLI_SHOW_H
#define DEVSEC_CLI_SHOW_H

#include "cli.h"
#include "store/document.h"
#include "tree.h"

/* How a text line shows a value. */
enum show_style {
    SHOW_BARE,   /* as it is, for scripts: an empty text is an empty line */
    SHOW_LISTED, /* beside others: "" for an empty text, "none" for an empty set, controls made visible */
};

/* A newly allocated string that the caller frees; NULL when out of memory. `secret` is the setting's, settings[id]. */
char *show_value(enum setting_id id, bool secret, const struct value *value, enum show_style style);

/* Adds a value under `key`: numbers and booleans as such, BITS as a sequence of labels, the rest as text. */
void show_node(struct tree *tree, struct yaml_node *parent, const char *key, enum setting_id id, bool secret,
               const struct value *value);

/* Adds a setting where the document has it: "tls.versions" goes under "tls". */
void show_in_group(struct tree *tree, struct yaml_node *root, enum setting_id id, const struct value *value);

/* Writes a tree in the format asked for (YAML or JSON); CLI_OK, or what cli_fail returns. */
enum cli_exit show_tree(const struct cli *cli, const struct tree *tree, const struct yaml_node *root);

/*
 * Reports a commit: each changed setting "path  old -> new", each administrator who is another, each key,
 * use and trusted certificate that is added, removed or changed, then the generation; "nothing changed" when so.
 * `reload` says whether snmpd has to read its configuration again; NULL: not to be said.
 */
enum cli_exit show_changes(const struct cli *cli, const struct document *before, const struct document *after,
                           const bool *reload);

#endif
