/* SPDX-License-Identifier: Apache-2.0 */
/* A settings document from YAML, with every complaint at its line and column; see document.h for the contract. */
#include "base/text.h"
#include "store/document_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_ROOM DOCUMENT_FOUND_ROOM

static enum devsec_err read_setting(const struct document_reading *reading, enum setting_id id,
                                    const struct yaml_node *node)
{
    const struct typed typed = setting_typed(id);

    return document_read_value(reading, &typed, node, &reading->document->values[id]);
}

/* The part of a path before its dot, as length. */
static size_t group_length(enum setting_id id)
{
    return strcspn(settings[id].path, ".");
}

static bool in_group(enum setting_id id, const char *group)
{
    return strlen(group) == group_length(id) && strncmp(settings[id].path, group, group_length(id)) == 0;
}

static const char *key_in_group(enum setting_id id)
{
    return settings[id].path + group_length(id) + 1;
}

static enum devsec_err read_group(const struct document_reading *reading, const struct yaml_node *group)
{
    enum devsec_err err = DEVSEC_OK;
    struct devsec_error why = {0};
    char found[FOUND_ROOM];

    if (group->kind != YAML_MAPPING && !document_node_is_null(group)) {
        document_found(group, found, sizeof(found));
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "%s: found %s, expected settings below it, each on a line of its own",
                    group->key, found);
        return document_fail_at(reading, group->line, group->column, &why);
    }
    for (const struct yaml_node *node = group->children; node && !err; node = node->next) {
        struct text_nearest nearest = {.word = node->key};
        enum setting_id known = SETTING_COUNT;

        for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
            if (!in_group(id, group->key))
                continue;
            text_nearest_offer(&nearest, key_in_group(id));
            if (strcmp(key_in_group(id), node->key) == 0)
                known = id;
        }
        err = known == SETTING_COUNT ? document_refuse_key(reading, node, group->key, &nearest)
                                     : read_setting(reading, known, node);
    }
    return err;
}

/* The keys beside the groups. */

static enum devsec_err refuse_document_key(const struct document_reading *reading, const struct yaml_node *node,
                                           enum devsec_err code, const char *expected)
{
    struct devsec_error why = {0};
    char found[FOUND_ROOM];

    document_found(node, found, sizeof(found));
    devsec_fail(&why, code, "%s: found %s, expected %s", node->key, found, expected);
    return document_fail_at(reading, node->line, node->column, &why);
}

static bool node_number(const struct yaml_node *node, int64_t *number)
{
    return node->kind == YAML_SCALAR && !node->quoted && text_parse_number(node->scalar, number);
}

static enum devsec_err read_format(const struct document_reading *reading, const struct yaml_node *node)
{
    char expected[FOUND_ROOM];
    int64_t format = 0;

    if (node_number(node, &format) && format >= DOCUMENT_FORMAT_FIRST && format <= DOCUMENT_FORMAT)
        return DEVSEC_OK;
    if (format > DOCUMENT_FORMAT) {
        snprintf(expected, sizeof(expected), "%d at most: a newer version wrote this file", DOCUMENT_FORMAT);
        return refuse_document_key(reading, node, DEVSEC_ERR_NEWER_FORMAT, expected);
    }
    snprintf(expected, sizeof(expected), "a number from %d to %d", DOCUMENT_FORMAT_FIRST, DOCUMENT_FORMAT);
    return refuse_document_key(reading, node, DEVSEC_ERR_SYNTAX, expected);
}

static enum devsec_err read_generation(const struct document_reading *reading, const struct yaml_node *node)
{
    int64_t generation = 0;

    if (!node_number(node, &generation) || generation < 0 || generation > UINT32_MAX)
        return refuse_document_key(reading, node, DEVSEC_ERR_SYNTAX, "a number from 0 to 4294967295");
    reading->document->generation = (uint32_t)generation;
    return DEVSEC_OK;
}

static enum devsec_err read_changed(const struct document_reading *reading, const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR && text_parse_date(node->scalar, &reading->document->changed))
        return DEVSEC_OK;
    return refuse_document_key(reading, node, DEVSEC_ERR_SYNTAX, "a time such as \"2026-11-21T23:12:26Z\"");
}

static const struct {
    const char *name;
    enum devsec_err (*read)(const struct document_reading *reading, const struct yaml_node *node);
} document_keys[] = {{"format", read_format}, {"generation", read_generation}, {"changed", read_changed}};

#define DOCUMENT_KEYS (sizeof(document_keys) / sizeof(document_keys[0]))

static enum devsec_err read_top_key(const struct document_reading *reading, const struct yaml_node *node)
{
    struct text_nearest nearest = {.word = node->key};
    char group[TEXT_NAME_MAX];

    for (size_t i = 0; i < DOCUMENT_KEYS; i++) {
        text_nearest_offer(&nearest, document_keys[i].name);
        if (strcmp(document_keys[i].name, node->key) == 0)
            return document_keys[i].read(reading, node);
    }
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        snprintf(group, sizeof(group), "%.*s", (int)group_length(id), settings[id].path);
        text_nearest_offer(&nearest, group);
        if (in_group(id, node->key))
            return read_group(reading, node);
    }
    for (enum table_id id = 0; id < TABLE_COUNT; id++) {
        text_nearest_offer(&nearest, table_schemas[id].path);
        if (strcmp(table_schemas[id].path, node->key) == 0)
            return document_read_table(reading, id, node);
    }
    return document_refuse_key(reading, node, NULL, &nearest);
}

/*
 * What must be there for a document to count as whole. Both are missed behind its last line, where nothing else stands.
 */
static enum devsec_err check_whole(const struct document_reading *reading, const struct yaml_node *root,
                                   const char *text, size_t length)
{
    struct devsec_error why = {0};
    size_t lines = 0;
    const bool ended = document_is_ended(text, length, &lines);

    if (yaml_get(root, "format") && (ended || !yaml_get(root, "generation")))
        return DEVSEC_OK;
    if (!yaml_get(root, "format"))
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "format: found nothing, expected the line \"format: %d\" in the document",
                    DOCUMENT_FORMAT);
    else
        devsec_fail(&why, DEVSEC_ERR_SYNTAX,
                    "the document has a generation but no line \"%s\" at its end, so that it may be cut short; if it "
                    "is whole, add that line",
                    DOCUMENT_END_MARK);
    return document_fail_at(reading, lines + 1, 1, &why);
}

/* Everything but the head. The format comes first: a document of a newer one may hold keys that are unknown here. */
static enum devsec_err read_root(const struct document_reading *reading, const struct yaml_node *root)
{
    const struct yaml_node *format = yaml_get(root, "format");
    struct devsec_error why = {0};
    char found[FOUND_ROOM];
    enum devsec_err err;

    if (root->kind != YAML_MAPPING) {
        document_found(root, found, sizeof(found));
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "found %s, expected the keys of a settings document", found);
        return document_fail_at(reading, root->line, root->column, &why);
    }
    err = format ? read_format(reading, format) : DEVSEC_OK;
    for (const struct yaml_node *node = root->children; node && !err; node = node->next)
        err = read_top_key(reading, node);
    return err;
}

/* Keeps the comment block, as it is; the standard one is not kept, so that a newer version may have a better one. */
static enum devsec_err read_head(const struct document_reading *reading, const char *text, size_t length)
{
    const size_t head = document_head_length(text, length);
    struct devsec_error why = {0};

    if (head == strlen(document_standard_head) && memcmp(text, document_standard_head, head) == 0)
        return DEVSEC_OK;
    if (head > DOCUMENT_HEAD_MAX) {
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "the comment that the document begins with is longer than %d octets",
                    DOCUMENT_HEAD_MAX);
        return document_fail_at(reading, 1, 1, &why);
    }
    reading->document->head = malloc(head + 1);
    if (!reading->document->head)
        return devsec_fail(reading->error, DEVSEC_ERR_MEMORY, "out of memory while reading %s", reading->name);
    memcpy(reading->document->head, text, head);
    reading->document->head[head] = '\0';
    return DEVSEC_OK;
}

enum devsec_err document_parse(struct document **out, const char *name, const char *text, size_t length,
                               struct devsec_error *error)
{
    struct document_reading reading = {.name = name, .error = error};
    struct yaml_node *root = NULL;
    enum devsec_err err;

    document_skip_mark(&text, &length);
    err = yaml_parse(&root, name, text, length, error);
    if (err)
        goto out;
    err = document_new(&reading.document, error);
    if (err)
        goto out;
    err = read_root(&reading, root);
    if (!err)
        err = check_whole(&reading, root, text, length);
    if (!err)
        err = read_head(&reading, text, length);
    if (err)
        goto out;
    *out = reading.document;
    reading.document = NULL;
out:
    document_free(reading.document);
    yaml_free(root);
    return err;
}
