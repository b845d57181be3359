/* SPDX-License-Identifier: Apache-2.0 */
/* A settings document as YAML that an administrator can read and edit; see document.h for the contract. */
#include "base/text.h"
#include "store/document_private.h"
#include "store/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_ROOM 24
#define DATE_ROOM   21
#define GROUP_ROOM  32

/* Document keys, a group and a setting for each setting at most. */
#define FIXED_NODES (1 + 3 + 2 * (size_t)SETTING_COUNT)

/* The tree to be printed. Its strings are the MIB's and the table's, and those in here. */
struct writing {
    struct yaml_node *nodes;
    size_t used;
    char format[NUMBER_ROOM];
    char generation[NUMBER_ROOM];
    char changed[DATE_ROOM];
    char groups[SETTING_COUNT][GROUP_ROOM];
    char *values[SETTING_COUNT];
};

static void writing_free(struct writing *writing)
{
    for (enum setting_id id = 0; writing && id < SETTING_COUNT; id++) {
        if (writing->values[id])
            explicit_bzero(writing->values[id], strlen(writing->values[id]));
        free(writing->values[id]);
    }
    if (writing)
        free(writing->nodes);
    free(writing);
}

/* Room for all nodes is counted beforehand, so that building the tree cannot fail half-way. */
static struct writing *writing_new(void)
{
    struct writing *writing = calloc(1, sizeof(*writing));
    size_t count = FIXED_NODES;

    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        count += setting_object(id)->n_labels;
    if (writing)
        writing->nodes = calloc(count, sizeof(*writing->nodes));
    if (writing && writing->nodes)
        return writing;
    writing_free(writing);
    return NULL;
}

/* A new last child, linked at `*tail`, which moves behind it. */
static struct yaml_node *add(struct writing *writing, struct yaml_node ***tail, const char *key, const char *scalar,
                             bool is_text)
{
    struct yaml_node *node = &writing->nodes[writing->used++];

    node->kind = scalar ? YAML_SCALAR : YAML_MAPPING;
    node->key = key;
    node->scalar = scalar;
    node->quoted = is_text;
    **tail = node;
    *tail = &node->next;
    return node;
}

static void add_labels(struct writing *writing, struct yaml_node *list, enum setting_id id, int64_t mask)
{
    const struct mib_object *object = setting_object(id);
    struct yaml_node **tail = &list->children;

    list->kind = YAML_SEQUENCE;
    for (size_t i = 0; i < object->n_labels; i++) {
        if (mask >> object->labels[i].value & 1)
            add(writing, &tail, NULL, object->labels[i].name, false);
    }
}

/* Settings of one group stand together in the table (a test walks it). */
static bool add_settings(struct writing *writing, struct yaml_node **tail, const struct document *document)
{
    struct yaml_node **group_tail = NULL;
    const char *group = "";

    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        const struct value *value = &document->values[id];
        const char *path = settings[id].path;
        const size_t length = strcspn(path, ".");

        if (!group_tail || strlen(group) != length || strncmp(group, path, length) != 0) {
            snprintf(writing->groups[id], GROUP_ROOM, "%.*s", (int)length, path);
            group = writing->groups[id];
            group_tail = &add(writing, &tail, group, NULL, false)->children;
        }
        if (setting_object(id)->meaning == MIB_MEANING_BITS) {
            add_labels(writing, add(writing, &group_tail, path + length + 1, NULL, false), id, value->number);
            continue;
        }
        writing->values[id] = value_format(id, value);
        if (!writing->values[id])
            return false;
        add(writing, &group_tail, path + length + 1, writing->values[id], setting_is_text(id));
    }
    return true;
}

static const struct yaml_node *build(struct writing *writing, const struct document *document)
{
    struct yaml_node *root = &writing->nodes[writing->used++];
    struct yaml_node **tail = &root->children;

    root->kind = YAML_MAPPING;
    snprintf(writing->format, sizeof(writing->format), "%d", DOCUMENT_FORMAT);
    snprintf(writing->generation, sizeof(writing->generation), "%lu", (unsigned long)document->generation);
    text_date(writing->changed, sizeof(writing->changed), document->changed);
    /* The format behind the generation: cut before it a document lacks its format, cut behind it its end mark, so
     * that no beginning of a document passes for a whole one. */
    add(writing, &tail, "generation", writing->generation, false);
    add(writing, &tail, "changed", writing->changed, true);
    add(writing, &tail, "format", writing->format, false);
    return add_settings(writing, tail, document) ? root : NULL;
}

enum devsec_err document_print(const struct document *document, char **text, size_t *length, struct devsec_error *error)
{
    const char *head = document->head ? document->head : document_standard_head;
    const size_t head_length = strlen(head);
    struct writing *writing = writing_new();
    const struct yaml_node *root = writing ? build(writing, document) : NULL;
    struct text whole = {0};
    char *body = NULL;
    size_t body_length = 0;
    enum devsec_err err;

    if (!root) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while writing the settings");
        goto out;
    }
    if (document_head_length(head, head_length) != head_length) {
        err = devsec_fail(error, DEVSEC_ERR_INTERNAL, "the head of the settings holds more than comments");
        goto out;
    }
    err = yaml_print(root, &body, &body_length, error);
    if (err)
        goto out;
    text_append_n(&whole, head, head_length);
    if (head_length && !document_closes_line(head, head_length))
        text_append(&whole, "\n");
    text_append_n(&whole, body, body_length);
    text_append(&whole, DOCUMENT_END_MARK "\n");
    body_length = whole.length;
    free(body);
    body = text_take(&whole);
    if (!body) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while writing the settings");
        goto out;
    }
    *text = body;
    *length = body_length;
    body = NULL;
out:
    free(body);
    text_free(&whole);
    writing_free(writing);
    return err;
}
