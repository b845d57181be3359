/* SPDX-License-Identifier: Apache-2.0 */
/* A small YAML tree with positions, for every YAML file the project reads, and a writer for those it writes. */
#ifndef DEVSEC_STORE_YAML_H
#define DEVSEC_STORE_YAML_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum yaml_kind {
    YAML_SCALAR,
    YAML_SEQUENCE,
    YAML_MAPPING,
};

/*
 * A node. Mappings keep their pairs in file order; keys are scalars of YAML_KEY_MAX octets at most, and a key that
 * stands twice is an error of the parse. Aliases, anchors, tags other than the core schema's, more than one document,
 * deep nesting and more than YAML_NODES_MAX nodes are refused: a settings file has no use for them.
 */
#define YAML_DEPTH_MAX 16
#define YAML_NODES_MAX 250000
#define YAML_KEY_MAX   255
#define YAML_FILE_MAX  (12u << 20) /* octets */

struct yaml_node {
    enum yaml_kind kind;
    size_t line;        /* from 1 */
    size_t column;      /* from 1 */
    const char *scalar; /* UTF-8, no NUL inside; NULL unless YAML_SCALAR */
    bool quoted;        /* the scalar stood in quotes or as a block: it is a text, whatever it looks like */
    const char *key;    /* this node's key if its parent is a mapping, else NULL */
    size_t key_line;
    size_t key_column;
    struct yaml_node *children; /* of sequences and mappings, NULL if none */
    struct yaml_node *next;     /* sibling */
};

/* Parses `length` octets; `name` is for messages, "NAME:LINE:COLUMN: ...". An empty file gives an empty mapping. */
enum devsec_err yaml_parse(struct yaml_node **out, const char *name, const char *text, size_t length,
                           struct devsec_error *error);

/* The same from a file (regular, YAML_FILE_MAX octets at most). DEVSEC_ERR_NOT_FOUND, _IO, _UNSAFE, _SYNTAX. */
enum devsec_err yaml_load(struct yaml_node **out, const char *path, struct devsec_error *error);

/*
 * Takes the root of a parse; NULL is legal. Hidden whatever the compiler's flags say: libyaml.so exports a function of
 * this name for its own use, which this one must never stand in for.
 */
void yaml_free(struct yaml_node *root) __attribute__((visibility("hidden")));

/* The child of a mapping with this key; NULL if there is none or `node` is no mapping. */
const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);

/* Writes a tree as block-style YAML into a new buffer; sequences of scalars in flow style, quotes where a reader would
 * otherwise see another type. The caller frees. */
enum devsec_err yaml_print(const struct yaml_node *root, char **text, size_t *length, struct devsec_error *error);

#endif
