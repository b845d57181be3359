/* SPDX-License-Identifier: Apache-2.0 */
/* A settings document from YAML, with every complaint at its line and column; see document.h for the contract. */
#include "base/text.h"
#include "store/document_private.h"
#include "store/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_ROOM 96
#define FOUND_ROOM (SHOWN_ROOM + 16)

struct reading {
    const char *name;
    struct document *document;
    struct devsec_error *error;
};

/* Puts "NAME:LINE:COLUMN: " before the sentence. Trouble that is not the file's keeps its code. */
static enum devsec_err fail_at(const struct reading *reading, size_t line, size_t column,
                               const struct devsec_error *why)
{
    const bool of_file = why->code != DEVSEC_ERR_MEMORY && why->code != DEVSEC_ERR_INTERNAL;
    const enum devsec_err code = of_file && why->code != DEVSEC_ERR_NEWER_FORMAT ? DEVSEC_ERR_SYNTAX : why->code;

    return devsec_fail(reading->error, code, "%s:%zu:%zu: %s", reading->name, line, column, why->text);
}

/* YAML's null (1.2, 10.2.1.1), which an unquoted nothing is, too. */
static bool is_null(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && !node->quoted &&
           (node->scalar[0] == '\0' || strcmp(node->scalar, "~") == 0 || strcmp(node->scalar, "null") == 0);
}

/* What stands there, as a phrase for "found ...". */
static void found_phrase(const struct yaml_node *node, char *found, size_t room)
{
    static const char *const kinds[] = {[YAML_SEQUENCE] = "a list", [YAML_MAPPING] = "a mapping"};
    char shown[SHOWN_ROOM];

    if (node->kind != YAML_SCALAR) {
        snprintf(found, room, "%s", kinds[node->kind]);
    } else if (is_null(node)) {
        snprintf(found, room, "nothing");
    } else {
        text_show(shown, sizeof(shown), node->scalar, strlen(node->scalar));
        snprintf(found, room, "\"%s\"%s", shown, node->quoted ? " in quotes" : "");
    }
}

/* Refuses a node whose kind is wrong, or whose content is, for reasons that only YAML has. */
static enum devsec_err refuse_node(enum setting_id id, const struct yaml_node *node, struct devsec_error *error)
{
    const bool guess = node->kind == YAML_SCALAR && !node->quoted;
    char found[FOUND_ROOM];

    found_phrase(node, found, sizeof(found));
    return setting_refuse(id, DEVSEC_ERR_SYNTAX, found, guess ? node->scalar : NULL, error);
}

/* A list of labels. `*guilty` becomes the item that is wrong. */
static enum devsec_err read_bits(enum setting_id id, const struct yaml_node *node, struct value *value,
                                 const struct yaml_node **guilty, struct devsec_error *error)
{
    uint32_t bit = 0;

    if (node->kind != YAML_SEQUENCE)
        return refuse_node(id, node, error);
    for (const struct yaml_node *item = node->children; item; item = item->next) {
        *guilty = item;
        if (item->kind != YAML_SCALAR || !mib_label_value(setting_object(id), item->scalar, &bit))
            return refuse_node(id, item, error);
        value->number |= (int64_t)1 << bit;
    }
    *guilty = node;
    return value_check(id, value, error);
}

/* A label; numbers are for the command line. */
static enum devsec_err read_enum(enum setting_id id, const struct yaml_node *node, struct value *value,
                                 const struct yaml_node **guilty, struct devsec_error *error)
{
    uint32_t number = 0;

    (void)guilty;
    if (node->kind != YAML_SCALAR || !mib_label_value(setting_object(id), node->scalar, &number))
        return refuse_node(id, node, error);
    value->number = number;
    return value_check(id, value, error);
}

/* Numbers, true and false: what stands in quotes is a text, and no number. */
static enum devsec_err read_plain(enum setting_id id, const struct yaml_node *node, struct value *value,
                                  const struct yaml_node **guilty, struct devsec_error *error)
{
    (void)guilty;
    if (node->kind != YAML_SCALAR || node->quoted || is_null(node))
        return refuse_node(id, node, error);
    return value_parse(id, node->scalar, value, error);
}

static enum devsec_err read_text(enum setting_id id, const struct yaml_node *node, struct value *value,
                                 const struct yaml_node **guilty, struct devsec_error *error)
{
    (void)guilty;
    if (node->kind != YAML_SCALAR || is_null(node))
        return refuse_node(id, node, error);
    return value_parse(id, node->scalar, value, error);
}

static enum devsec_err read_setting(const struct reading *reading, enum setting_id id, const struct yaml_node *node)
{
    const enum mib_meaning meaning = setting_object(id)->meaning;
    const struct yaml_node *guilty = node;
    struct devsec_error why = {0};
    struct value value = {0};
    enum devsec_err err;

    if (setting_is_text(id))
        err = read_text(id, node, &value, &guilty, &why);
    else if (meaning == MIB_MEANING_BITS)
        err = read_bits(id, node, &value, &guilty, &why);
    else if (meaning == MIB_MEANING_ENUM)
        err = read_enum(id, node, &value, &guilty, &why);
    else
        err = read_plain(id, node, &value, &guilty, &why);
    if (err) {
        value_clear(&value);
        return fail_at(reading, guilty->line, guilty->column, &why);
    }
    value_clear(&reading->document->values[id]);
    reading->document->values[id] = value;
    return DEVSEC_OK;
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

static enum devsec_err refuse_key(const struct reading *reading, const struct yaml_node *node, const char *group,
                                  const struct text_nearest *nearest)
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
    return fail_at(reading, node->key_line, node->key_column, &why);
}

static enum devsec_err read_group(const struct reading *reading, const struct yaml_node *group)
{
    enum devsec_err err = DEVSEC_OK;
    struct devsec_error why = {0};
    char found[FOUND_ROOM];

    if (group->kind != YAML_MAPPING && !is_null(group)) {
        found_phrase(group, found, sizeof(found));
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "%s: found %s, expected settings below it, each on a line of its own",
                    group->key, found);
        return fail_at(reading, group->line, group->column, &why);
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
        err = known == SETTING_COUNT ? refuse_key(reading, node, group->key, &nearest)
                                     : read_setting(reading, known, node);
    }
    return err;
}

/* The keys beside the groups. */

static enum devsec_err refuse_document_key(const struct reading *reading, const struct yaml_node *node,
                                           enum devsec_err code, const char *expected)
{
    struct devsec_error why = {0};
    char found[FOUND_ROOM];

    found_phrase(node, found, sizeof(found));
    devsec_fail(&why, code, "%s: found %s, expected %s", node->key, found, expected);
    return fail_at(reading, node->line, node->column, &why);
}

static bool node_number(const struct yaml_node *node, int64_t *number)
{
    return node->kind == YAML_SCALAR && !node->quoted && text_parse_number(node->scalar, number);
}

static enum devsec_err read_format(const struct reading *reading, const struct yaml_node *node)
{
    char expected[FOUND_ROOM];
    int64_t format = 0;

    if (node_number(node, &format) && format == DOCUMENT_FORMAT)
        return DEVSEC_OK;
    if (format > DOCUMENT_FORMAT) {
        snprintf(expected, sizeof(expected), "%d at most: a newer version wrote this file", DOCUMENT_FORMAT);
        return refuse_document_key(reading, node, DEVSEC_ERR_NEWER_FORMAT, expected);
    }
    snprintf(expected, sizeof(expected), "%d", DOCUMENT_FORMAT);
    return refuse_document_key(reading, node, DEVSEC_ERR_SYNTAX, expected);
}

static enum devsec_err read_generation(const struct reading *reading, const struct yaml_node *node)
{
    int64_t generation = 0;

    if (!node_number(node, &generation) || generation < 0 || generation > UINT32_MAX)
        return refuse_document_key(reading, node, DEVSEC_ERR_SYNTAX, "a number from 0 to 4294967295");
    reading->document->generation = (uint32_t)generation;
    return DEVSEC_OK;
}

static enum devsec_err read_changed(const struct reading *reading, const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR && text_parse_date(node->scalar, &reading->document->changed))
        return DEVSEC_OK;
    return refuse_document_key(reading, node, DEVSEC_ERR_SYNTAX, "a time such as \"2026-11-21T23:12:26Z\"");
}

static const struct {
    const char *name;
    enum devsec_err (*read)(const struct reading *reading, const struct yaml_node *node);
} document_keys[] = {{"format", read_format}, {"generation", read_generation}, {"changed", read_changed}};

#define DOCUMENT_KEYS (sizeof(document_keys) / sizeof(document_keys[0]))

static enum devsec_err read_top_key(const struct reading *reading, const struct yaml_node *node)
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
    return refuse_key(reading, node, NULL, &nearest);
}

/*
 * What must be there for a document to count as whole. Both are missed behind its last line, where nothing else stands.
 */
static enum devsec_err check_whole(const struct reading *reading, const struct yaml_node *root, const char *text,
                                   size_t length)
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
    return fail_at(reading, lines + 1, 1, &why);
}

/* Everything but the head. The format comes first: a document of a newer one may hold keys that are unknown here. */
static enum devsec_err read_root(const struct reading *reading, const struct yaml_node *root)
{
    const struct yaml_node *format = yaml_get(root, "format");
    struct devsec_error why = {0};
    char found[FOUND_ROOM];
    enum devsec_err err;

    if (root->kind != YAML_MAPPING) {
        found_phrase(root, found, sizeof(found));
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "found %s, expected the keys of a settings document", found);
        return fail_at(reading, root->line, root->column, &why);
    }
    err = format ? read_format(reading, format) : DEVSEC_OK;
    for (const struct yaml_node *node = root->children; node && !err; node = node->next)
        err = read_top_key(reading, node);
    return err;
}

/* Keeps the comment block, as it is; the standard one is not kept, so that a newer version may have a better one. */
static enum devsec_err read_head(const struct reading *reading, const char *text, size_t length)
{
    const size_t head = document_head_length(text, length);
    struct devsec_error why = {0};

    if (head == strlen(document_standard_head) && memcmp(text, document_standard_head, head) == 0)
        return DEVSEC_OK;
    if (head > DOCUMENT_HEAD_MAX) {
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "the comment that the document begins with is longer than %d octets",
                    DOCUMENT_HEAD_MAX);
        return fail_at(reading, 1, 1, &why);
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
    struct reading reading = {.name = name, .error = error};
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
