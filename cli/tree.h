/* SPDX-License-Identifier: Apache-2.0 */
/* Structured output: a tree that is built once and written as YAML or as JSON. */
#ifndef DEVSEC_CLI_TREE_H
#define DEVSEC_CLI_TREE_H

#include "base/error.h"
#include "base/text.h"
#include "store/yaml.h"

#include <stdint.h>

/*
 * The nodes are those of store/yaml.h: a scalar with `quoted` is a text, one without is a number or a boolean as it
 * is written. Functions that add never fail by themselves: when memory runs out, `failed` is set, what they return
 * may still be added to, and tree_print reports it.
 */
struct tree_block;
struct tree {
    struct tree_block *blocks; /* all memory of the nodes */
    struct yaml_node spare;    /* what is handed out when memory ran out */
    bool failed;
};

/* A mapping or a sequence; `parent` NULL makes a root, `key` is NULL in a sequence. The key is copied. */
struct yaml_node *tree_add(struct tree *tree, struct yaml_node *parent, const char *key, enum yaml_kind kind);

/* Scalars. A text is copied; malformed UTF-8 in it becomes U+FFFD. */
void tree_text(struct tree *tree, struct yaml_node *parent, const char *key, const char *text);
void tree_number(struct tree *tree, struct yaml_node *parent, const char *key, int64_t number);
void tree_bool(struct tree *tree, struct yaml_node *parent, const char *key, bool yes);

/* The child mapping with this key, made if there is none. */
struct yaml_node *tree_group(struct tree *tree, struct yaml_node *parent, const char *key);

/* Writes the tree below `root` as JSON (RFC 8259), two columns a level, arrays of scalars on one line. */
void tree_json(const struct yaml_node *root, struct text *out);

/* Writes the tree as YAML or JSON into a new buffer, which the caller frees. DEVSEC_ERR_MEMORY, and yaml_print's. */
enum devsec_err tree_print(const struct tree *tree, const struct yaml_node *root, bool json, char **text,
                           size_t *length, struct devsec_error *error);

void tree_free(struct tree *tree);

#endif
