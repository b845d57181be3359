/* SPDX-License-Identifier: Apache-2.0 */
/* The output tree: its memory is a list of blocks that are freed together, so that a node needs no owner. */
#include "tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tree_block {
    struct tree_block *next;
    max_align_t data[];
};

static void *tree_alloc(struct tree *tree, size_t size)
{
    struct tree_block *block = calloc(1, sizeof(*block) + size);

    if (!block) {
        tree->failed = true;
        return NULL;
    }
    block->next = tree->blocks;
    tree->blocks = block;
    return block->data;
}

static const char *tree_string(struct tree *tree, const char *from)
{
    static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */
    size_t left = strlen(from);
    char *copy = tree_alloc(tree, left * (sizeof(replacement) - 1) + 1);
    char *to = copy;

    if (!copy)
        return "";
    while (left > 0) {
        uint32_t code = 0;
        size_t n = text_decode(from, left, &code);

        if (n > 0) {
            memcpy(to, from, n);
            to += n;
        } else {
            memcpy(to, replacement, sizeof(replacement) - 1);
            to += sizeof(replacement) - 1;
            n = 1;
        }
        from += n;
        left -= n;
    }
    *to = '\0';
    return copy;
}

struct yaml_node *tree_add(struct tree *tree, struct yaml_node *parent, const char *key, enum yaml_kind kind)
{
    struct yaml_node *node = tree_alloc(tree, sizeof(*node));
    struct yaml_node **link;

    if (!node) {
        tree->spare = (struct yaml_node){.kind = kind};
        return &tree->spare;
    }
    node->kind = kind;
    node->key = key ? tree_string(tree, key) : NULL;
    if (parent && parent != &tree->spare) {
        for (link = &parent->children; *link; link = &(*link)->next)
            continue;
        *link = node;
    }
    return node;
}

static void add_scalar(struct tree *tree, struct yaml_node *parent, const char *key, const char *text, bool quoted)
{
    struct yaml_node *node = tree_add(tree, parent, key, YAML_SCALAR);

    node->scalar = tree_string(tree, text);
    node->quoted = quoted;
}

void tree_text(struct tree *tree, struct yaml_node *parent, const char *key, const char *text)
{
    add_scalar(tree, parent, key, text, true);
}

void tree_number(struct tree *tree, struct yaml_node *parent, const char *key, int64_t number)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRId64, number);
    add_scalar(tree, parent, key, digits, false);
}

void tree_bool(struct tree *tree, struct yaml_node *parent, const char *key, bool yes)
{
    add_scalar(tree, parent, key, yes ? "true" : "false", false);
}

struct yaml_node *tree_group(struct tree *tree, struct yaml_node *parent, const char *key)
{
    for (struct yaml_node *child = parent->children; child; child = child->next) {
        if (strcmp(child->key, key) == 0)
            return child;
    }
    return tree_add(tree, parent, key, YAML_MAPPING);
}

static void json_string(const char *string, struct text *out)
{
    text_append(out, "\"");
    for (const char *c = string; *c; c++) {
        if (*c == '"' || *c == '\\')
            text_printf(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            text_printf(out, "\\u%04x", (unsigned)*c);
        else
            text_append_n(out, c, 1);
    }
    text_append(out, "\"");
}

static bool is_flat(const struct yaml_node *node)
{
    for (const struct yaml_node *child = node->children; child; child = child->next) {
        if (child->kind != YAML_SCALAR)
            return false;
    }
    return node->kind == YAML_SEQUENCE || !node->children;
}

static void json_value(const struct yaml_node *node, int depth, struct text *out);

static void json_children(const struct yaml_node *node, int depth, struct text *out)
{
    const bool flat = is_flat(node);

    for (const struct yaml_node *child = node->children; child; child = child->next) {
        if (!flat)
            text_printf(out, "\n%*s", 2 * (depth + 1), "");
        if (node->kind == YAML_MAPPING) {
            json_string(child->key, out);
            text_append(out, ": ");
        }
        json_value(child, depth + 1, out);
        if (child->next)
            text_append(out, flat ? ", " : ",");
    }
    if (!flat)
        text_printf(out, "\n%*s", 2 * depth, "");
}

/* The recursion is as deep as the tree, which this program builds itself. */
static void json_value(const struct yaml_node *node, int depth, struct text *out)
{
    if (node->kind == YAML_SCALAR) {
        if (node->quoted)
            json_string(node->scalar, out);
        else
            text_append(out, node->scalar);
        return;
    }
    text_append(out, node->kind == YAML_MAPPING ? "{" : "[");
    json_children(node, depth, out);
    text_append(out, node->kind == YAML_MAPPING ? "}" : "]");
}

void tree_json(const struct yaml_node *root, struct text *out)
{
    json_value(root, 0, out);
    text_append(out, "\n");
}

enum devsec_err tree_print(const struct tree *tree, const struct yaml_node *root, bool json, char **text,
                           size_t *length, struct devsec_error *error)
{
    struct text out = {0};

    if (tree->failed)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    if (!json)
        return yaml_print(root, text, length, error);
    tree_json(root, &out);
    *length = out.length;
    *text = text_take(&out);
    return *text ? DEVSEC_OK : devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
}

void tree_free(struct tree *tree)
{
    while (tree->blocks) {
        struct tree_block *next = tree->blocks->next;

        free(tree->blocks);
        tree->blocks = next;
    }
    *tree = (struct tree){0};
}
