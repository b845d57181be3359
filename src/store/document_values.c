/* SPDX-License-Identifier: Apache-2.0 */
/* Values of settings and columns from YAML, and how every complaint about a document gets its place. */
#include "base/text.h"
#include "store/document_private.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_ROOM DOCUMENT_SHOWN_ROOM

/* Puts "NAME:LINE:COLUMN: " before the sentence. Trouble that is not the file's keeps its code. */
enum devsec_err document_fail_at(const struct document_reading *reading, size_t line, size_t column,
                                 const struct devsec_error *why)
{
    const bool of_file = why->code != DEVSEC_ERR_MEMORY && why->code != DEVSEC_ERR_INTERNAL;
    const enum devsec_err code = of_file && why->code != DEVSEC_ERR_NEWER_FORMAT ? DEVSEC_ERR_SYNTAX : why->code;

    return devsec_fail(reading->error, code, "%s:%zu:%zu: %s", reading->name, line, column, why->text);
}

bool document_node_is_null(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && !node->quoted &&
           (node->scalar[0] == '\0' || strcmp(node->scalar, "~") == 0 || strcmp(node->scalar, "null") == 0);
}

void document_found(const struct yaml_node *node, char *found, size_t room)
{
    static const char *const kinds[] = {[YAML_SEQUENCE] = "a list", [YAML_MAPPING] = "a mapping"};
    char shown[SHOWN_ROOM];

    if (node->kind != YAML_SCALAR) {
        snprintf(found, room, "%s", kinds[node->kind]);
    } else if (document_node_is_null(node)) {
        snprintf(found, room, "nothing");
    } else {
        text_show(shown, sizeof(shown), node->scalar, strlen(node->scalar));
        snprintf(found, room, "\"%s\"%s", shown, node->quoted ? " in quotes" : "");
    }
}

enum devsec_err document_refuse_key(const struct document_reading *reading, const struct yaml_node *node,
                                    const char *group, const struct text_nearest *nearest)
{
    struct devsec_error why = {0};
    char shown[SHOWN_ROOM];
    char place[SHOWN_ROOM] = "";

    text_show(shown, sizeof(shown), node->key, strlen(node->key));
    if (group)
        snprintf(place, sizeof(place), " in %s", group);
    if (nearest->name[0] != '\0')
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "unknown key \"%s\"%s; did you mean \"%s\"?", shown, place, nearest->name);
    else
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "unknown key \"%s\"%s", shown, place);
    return document_fail_at(reading, node->key_line, node->key_column, &why);
}

/* Refuses a node whose kind is wrong, or whose content is, for reasons that only YAML has. */
static enum devsec_err refuse_node(const struct typed *typed, const struct yaml_node *node, struct devsec_error *error)
{
    const bool guess = node->kind == YAML_SCALAR && !node->quoted;
    char found[DOCUMENT_FOUND_ROOM];

    document_found(node, found, sizeof(found));
    return typed_refuse(typed, DEVSEC_ERR_SYNTAX, found, guess ? node->scalar : NULL, error);
}

/* A list of labels. `*guilty` becomes the item that is wrong. */
static enum devsec_err read_bits(const struct typed *typed, const struct yaml_node *node, struct value *value,
                                 const struct yaml_node **guilty, struct devsec_error *error)
{
    uint32_t bit = 0;

    if (node->kind != YAML_SEQUENCE)
        return refuse_node(typed, node, error);
    for (const struct yaml_node *item = node->children; item; item = item->next) {
        *guilty = item;
        if (item->kind != YAML_SCALAR || !mib_label_value(typed->object, item->scalar, &bit))
            return refuse_node(typed, item, error);
        value->number |= (int64_t)1 << bit;
    }
    *guilty = node;
    return typed_check(typed, value, error);
}

/* A label; numbers are for the command line. */
static enum devsec_err read_enum(const struct typed *typed, const struct yaml_node *node, struct value *value,
                                 const struct yaml_node **guilty, struct devsec_error *error)
{
    uint32_t number = 0;

    (void)guilty;
    if (node->kind != YAML_SCALAR || !mib_label_value(typed->object, node->scalar, &number))
        return refuse_node(typed, node, error);
    value->number = number;
    return typed_check(typed, value, error);
}

/* Numbers, true and false: what stands in quotes is a text, and no number. */
static enum devsec_err read_plain(const struct typed *typed, const struct yaml_node *node, struct value *value,
                                  const struct yaml_node **guilty, struct devsec_error *error)
{
    (void)guilty;
    if (node->kind != YAML_SCALAR || node->quoted || document_node_is_null(node))
        return refuse_node(typed, node, error);
    return typed_parse(typed, node->scalar, value, error);
}

static enum devsec_err read_text(const struct typed *typed, const struct yaml_node *node, struct value *value,
                                 const struct yaml_node **guilty, struct devsec_error *error)
{
    (void)guilty;
    if (node->kind != YAML_SCALAR || document_node_is_null(node))
        return refuse_node(typed, node, error);
    return typed_parse(typed, node->scalar, value, error);
}

/* How each meaning reads; whatever is not here is plain, and what is a text is read as one. */
static enum devsec_err (*const readers[])(const struct typed *typed, const struct yaml_node *node, struct value *value,
                                          const struct yaml_node **guilty, struct devsec_error *error) = {
    [MIB_MEANING_PLAIN] = read_plain,
    [MIB_MEANING_ENUM] = read_enum,
    [MIB_MEANING_BITS] = read_bits,
    [MIB_MEANING_DATE] = read_text,
};

enum devsec_err document_read_value(const struct document_reading *reading, const struct typed *typed,
                                    const struct yaml_node *node, struct value *to)
{
    const size_t meaning = typed->object ? (size_t)typed->object->meaning : MIB_MEANING_TEXT;
    const bool listed = meaning < sizeof(readers) / sizeof(readers[0]) && readers[meaning];
    const struct yaml_node *guilty = node;
    struct devsec_error why = {0};
    struct value value = {0};
    enum devsec_err err;

    if (typed_is_text(typed))
        err = read_text(typed, node, &value, &guilty, &why);
    else
        err = readers[listed ? meaning : MIB_MEANING_PLAIN](typed, node, &value, &guilty, &why);
    if (err) {
        value_clear(&value);
        return document_fail_at(reading, guilty->line, guilty->column, &why);
    }
    value_clear(to);
    *to = value;
    return DEVSEC_OK;
}
