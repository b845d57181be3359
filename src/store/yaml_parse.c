/* SPDX-License-Identifier: Apache-2.0 */
/* YAML to tree, from libyaml's events, so that limits hold while parsing; see yaml.h for the contract. */
#include "base/file.h"
#include "base/text.h"
#include "store/yaml.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define BLOCK_ROOM  16384
#define SHOWN_ROOM  96
#define BOM         "\xef\xbb\xbf"
#define BOM_SIZE    3
#define CORE_PREFIX "tag:yaml.org,2002:"

/* All nodes and strings of a tree live in blocks that go away together. */
struct block {
    struct block *next;
    size_t room;
    size_t used;
    _Alignas(max_align_t) unsigned char data[];
};

/* What yaml_free gets: the root is the first member. */
struct tree {
    struct yaml_node root;
    struct block *blocks;
};

/* A collection that is still open. */
struct frame {
    struct yaml_node *node;
    struct yaml_node **tail; /* where its next child is linked */
    size_t count;
    const char *key; /* a mapping's key that waits for its value */
    size_t key_line;
    size_t key_column;
};

struct parse {
    yaml_parser_t parser;
    const char *name;
    const char *text; /* behind the byte order mark */
    struct tree *tree;
    struct frame frames[YAML_DEPTH_MAX];
    size_t depth;
    size_t nodes;
    struct devsec_error *error;
};

static enum devsec_err fail_memory(struct parse *parse)
{
    return devsec_fail(parse->error, DEVSEC_ERR_MEMORY, "out of memory while reading %s", parse->name);
}

static enum devsec_err fail_at(struct parse *parse, const yaml_mark_t *mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "NAME:LINE:COLUMN: what". libyaml counts lines and columns from 0. */
static enum devsec_err fail_at(struct parse *parse, const yaml_mark_t *mark, const char *format, ...)
{
    char what[DEVSEC_ERROR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return devsec_fail(parse->error, DEVSEC_ERR_SYNTAX, "%s:%zu:%zu: %s", parse->name, mark->line + 1, mark->column + 1,
                       what);
}

/* Zeroed memory that lives as long as the tree; NULL when there is none. */
static void *tree_allocate(struct tree *tree, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    struct block *block = tree->blocks;
    void *memory;

    size = (size + align - 1) / align * align;
    if (!block || block->room - block->used < size) {
        const size_t room = size > BLOCK_ROOM ? size : BLOCK_ROOM;

        block = calloc(1, sizeof(*block) + room);
        if (!block)
            return NULL;
        block->room = room;
        block->next = tree->blocks;
        tree->blocks = block;
    }
    memory = block->data + block->used;
    block->used += size;
    return memory;
}

static char *tree_string(struct tree *tree, const yaml_char_t *bytes, size_t length)
{
    char *string = tree_allocate(tree, length + 1);

    if (string)
        memcpy(string, bytes, length);
    return string;
}

void yaml_free(struct yaml_node *root)
{
    struct tree *tree = (struct tree *)root;
    struct block *next;

    if (!tree)
        return;
    for (struct block *block = tree->blocks; block; block = next) {
        next = block->next;
        explicit_bzero(block->data, block->room);
        free(block);
    }
    free(tree);
}

/* The core schema's tags (YAML 1.2, 10.3), and which kind of node each may stand at. */
static const struct {
    const char *name;
    enum yaml_kind kind;
    bool text; /* makes a plain scalar a text */
} core_tags[] = {
    {"str", YAML_SCALAR, true},    {"int", YAML_SCALAR, false},  {"bool", YAML_SCALAR, false},
    {"float", YAML_SCALAR, false}, {"null", YAML_SCALAR, false}, {"seq", YAML_SEQUENCE, false},
    {"map", YAML_MAPPING, false},
};

/* Refuses foreign tags; `*text` is set when the tag says that the scalar is a text. NULL is no tag. */
static enum devsec_err check_tag(struct parse *parse, const yaml_mark_t *mark, const yaml_char_t *tag,
                                 enum yaml_kind kind, bool *text)
{
    const char *name = (const char *)tag;

    if (!tag)
        return DEVSEC_OK;
    if (strncmp(name, CORE_PREFIX, strlen(CORE_PREFIX)) != 0)
        return fail_at(parse, mark, "tags have no place here; expected a plain value");
    for (size_t i = 0; i < sizeof(core_tags) / sizeof(core_tags[0]); i++) {
        if (strcmp(name + strlen(CORE_PREFIX), core_tags[i].name) == 0 && core_tags[i].kind == kind) {
            *text = *text || core_tags[i].text;
            return DEVSEC_OK;
        }
    }
    return fail_at(parse, mark, "this tag has no place here; expected a plain value");
}

static enum devsec_err take_key(struct parse *parse, const yaml_event_t *event)
{
    struct frame *frame = &parse->frames[parse->depth - 1];
    bool text = false;
    enum devsec_err err;

    if (event->type != YAML_SCALAR_EVENT)
        return fail_at(parse, &event->start_mark, "a list or a mapping cannot be a key; expected a name");
    err = check_tag(parse, &event->start_mark, event->data.scalar.tag, YAML_SCALAR, &text);
    if (err)
        return err;
    if (event->data.scalar.length > YAML_KEY_MAX)
        return fail_at(parse, &event->start_mark, "this key is longer than %d octets", YAML_KEY_MAX);
    frame->key = tree_string(parse->tree, event->data.scalar.value, event->data.scalar.length);
    frame->key_line = event->start_mark.line + 1;
    frame->key_column = event->start_mark.column + 1;
    return frame->key ? DEVSEC_OK : fail_memory(parse);
}

/* Makes the node for an event and links it into the collection that is open; the first one is the root. NULL: `*err`.
 */
static struct yaml_node *new_node(struct parse *parse, const yaml_mark_t *mark, enum yaml_kind kind,
                                  enum devsec_err *err)
{
    struct frame *frame = parse->depth ? &parse->frames[parse->depth - 1] : NULL;
    struct yaml_node *node = &parse->tree->root;

    if (++parse->nodes > YAML_NODES_MAX) {
        *err = fail_at(parse, mark, "too many values; %d is the most that a file may hold", YAML_NODES_MAX);
        return NULL;
    }
    if (frame) {
        node = tree_allocate(parse->tree, sizeof(*node));
        if (!node) {
            *err = fail_memory(parse);
            return NULL;
        }
        node->key = frame->key;
        node->key_line = frame->key_line;
        node->key_column = frame->key_column;
        *frame->tail = node;
        frame->tail = &node->next;
        frame->count++;
        frame->key = NULL;
        frame->key_line = 0;
        frame->key_column = 0;
    }
    node->kind = kind;
    node->line = mark->line + 1;
    node->column = mark->column + 1;
    return node;
}

static enum devsec_err take_scalar(struct parse *parse, const yaml_event_t *event)
{
    struct yaml_node *node;
    bool text = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    enum devsec_err err;

    err = check_tag(parse, &event->start_mark, event->data.scalar.tag, YAML_SCALAR, &text);
    if (err)
        return err;
    node = new_node(parse, &event->start_mark, YAML_SCALAR, &err);
    if (!node)
        return err;
    node->quoted = text;
    node->scalar = tree_string(parse->tree, event->data.scalar.value, event->data.scalar.length);
    return node->scalar ? DEVSEC_OK : fail_memory(parse);
}

static enum devsec_err open_collection(struct parse *parse, const yaml_event_t *event)
{
    const bool sequence = event->type == YAML_SEQUENCE_START_EVENT;
    const enum yaml_kind kind = sequence ? YAML_SEQUENCE : YAML_MAPPING;
    const yaml_char_t *tag = sequence ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    struct yaml_node *node;
    bool text = false;
    enum devsec_err err;

    err = check_tag(parse, &event->start_mark, tag, kind, &text);
    if (err)
        return err;
    if (parse->depth == YAML_DEPTH_MAX)
        return fail_at(parse, &event->start_mark, "nested too deep; %d levels are the most that a file may have",
                       YAML_DEPTH_MAX);
    node = new_node(parse, &event->start_mark, kind, &err);
    if (!node)
        return err;
    parse->frames[parse->depth++] = (struct frame){.node = node, .tail = &node->children};
    return DEVSEC_OK;
}

static int compare_keys(const void *a, const void *b)
{
    const struct yaml_node *one = *(struct yaml_node *const *)a;
    const struct yaml_node *other = *(struct yaml_node *const *)b;
    const int order = strcmp(one->key, other->key);

    if (order)
        return order;
    if (one->key_line != other->key_line)
        return one->key_line < other->key_line ? -1 : 1;
    return one->key_column < other->key_column ? -1 : 1;
}

/* Sorted, not compared each with each: a file of 100000 keys must not take minutes. */
static enum devsec_err check_repeated_keys(struct parse *parse, const struct frame *frame)
{
    struct yaml_node **sorted = NULL;
    size_t count = 0;
    enum devsec_err err = DEVSEC_OK;
    char shown[SHOWN_ROOM];

    if (frame->count < 2)
        return DEVSEC_OK;
    sorted = calloc(frame->count, sizeof(struct yaml_node *));
    if (!sorted)
        return fail_memory(parse);
    for (struct yaml_node *child = frame->node->children; child; child = child->next)
        sorted[count++] = child;
    qsort(sorted, count, sizeof(struct yaml_node *), compare_keys);
    for (size_t i = 1; i < count && !err; i++) {
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) != 0)
            continue;
        text_show(shown, sizeof(shown), sorted[i]->key, strlen(sorted[i]->key));
        err = devsec_fail(parse->error, DEVSEC_ERR_SYNTAX,
                          "%s:%zu:%zu: the key \"%s\" stands here a second time (first in line %zu)", parse->name,
                          sorted[i]->key_line, sorted[i]->key_column, shown, sorted[i - 1]->key_line);
    }
    free(sorted);
    return err;
}

static enum devsec_err close_collection(struct parse *parse, const yaml_event_t *event)
{
    const struct frame *frame = &parse->frames[--parse->depth];

    return event->type == YAML_MAPPING_END_EVENT ? check_repeated_keys(parse, frame) : DEVSEC_OK;
}

static enum devsec_err refuse_alias(struct parse *parse, const yaml_event_t *event)
{
    return fail_at(parse, &event->start_mark, "aliases (*name) have no place here; write the value itself");
}

/* What each event does; those that are not here (begin and end of stream and document) do nothing. */
static const struct {
    enum devsec_err (*take)(struct parse *parse, const yaml_event_t *event);
    bool begins_node;
} handlers[] = {
    [YAML_ALIAS_EVENT] = {refuse_alias, false},
    [YAML_SCALAR_EVENT] = {take_scalar, true},
    [YAML_SEQUENCE_START_EVENT] = {open_collection, true},
    [YAML_SEQUENCE_END_EVENT] = {close_collection, false},
    [YAML_MAPPING_START_EVENT] = {open_collection, true},
    [YAML_MAPPING_END_EVENT] = {close_collection, false},
};

static const yaml_char_t *event_anchor(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        return event->data.scalar.anchor;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return event->data.sequence_start.anchor;
    return event->type == YAML_MAPPING_START_EVENT ? event->data.mapping_start.anchor : NULL;
}

static enum devsec_err take_event(struct parse *parse, const yaml_event_t *event, size_t *documents)
{
    const struct frame *frame = parse->depth ? &parse->frames[parse->depth - 1] : NULL;

    if (event->type == YAML_DOCUMENT_START_EVENT && ++*documents > 1)
        return fail_at(parse, &event->start_mark, "a second document begins here; expected only one in the file");
    if ((size_t)event->type >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[event->type].take)
        return DEVSEC_OK;
    if (event_anchor(event))
        return fail_at(parse, &event->start_mark, "anchors (&name) have no place here; expected a plain value");
    if (event->type == YAML_SCALAR_EVENT && memchr(event->data.scalar.value, '\0', event->data.scalar.length))
        return fail_at(parse, &event->start_mark, "this text holds a NUL character, which no value may");
    if (frame && frame->node->kind == YAML_MAPPING && !frame->key && handlers[event->type].begins_node)
        return take_key(parse, event);
    return handlers[event->type].take(parse, event);
}

/* Where an octet of the text is, counted as libyaml does: characters, and CR, LF and CR LF as line ends. */
static yaml_mark_t mark_of_offset(const struct parse *parse, size_t offset)
{
    yaml_mark_t mark = {0, 0, 0};

    for (size_t i = 0; i < offset; i++) {
        const unsigned char octet = (unsigned char)parse->text[i];

        if (octet == '\n' || (octet == '\r' && (i + 1 == offset || parse->text[i + 1] != '\n'))) {
            mark.line++;
            mark.column = 0;
        } else if ((octet & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

/* libyaml's own complaint, with its position. */
static enum devsec_err fail_parser(struct parse *parse)
{
    const yaml_parser_t *parser = &parse->parser;
    const char *problem = parser->problem ? parser->problem : "not YAML";
    yaml_mark_t mark = parser->problem_mark;

    if (parser->error == YAML_MEMORY_ERROR)
        return fail_memory(parse);
    if (parser->error == YAML_READER_ERROR)
        mark = mark_of_offset(parse, parser->problem_offset);
    if (!parser->context)
        return fail_at(parse, &mark, "%s", problem);
    return fail_at(parse, &mark, "%s, %s that begins in line %zu", problem, parser->context,
                   parser->context_mark.line + 1);
}

static enum devsec_err run(struct parse *parse)
{
    enum devsec_err err = DEVSEC_OK;
    size_t documents = 0;
    bool ended = false;

    while (!err && !ended) {
        yaml_event_t event;

        if (!yaml_parser_parse(&parse->parser, &event))
            return fail_parser(parse);
        err = take_event(parse, &event, &documents);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return err;
}

enum devsec_err yaml_parse(struct yaml_node **out, const char *name, const char *text, size_t length,
                           struct devsec_error *error)
{
    struct parse parse = {.name = name, .text = length ? text : "", .error = error};
    struct yaml_node *root;
    enum devsec_err err;

    /* Taken off here because libyaml would count it as the first column. */
    if (length >= BOM_SIZE && memcmp(text, BOM, BOM_SIZE) == 0) {
        parse.text += BOM_SIZE;
        length -= BOM_SIZE;
    }
    if (!yaml_parser_initialize(&parse.parser))
        return fail_memory(&parse);
    parse.tree = calloc(1, sizeof(*parse.tree));
    if (!parse.tree) {
        err = fail_memory(&parse);
        goto out;
    }
    yaml_parser_set_encoding(&parse.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parse.parser, (const yaml_char_t *)parse.text, length);
    err = run(&parse);
    if (err)
        goto out;
    root = &parse.tree->root;
    /* Nothing at all, or a bare "---": a mapping without pairs. */
    if (!parse.nodes || (root->kind == YAML_SCALAR && !root->quoted && root->scalar[0] == '\0'))
        *root = (struct yaml_node){.kind = YAML_MAPPING, .line = 1, .column = 1};
    *out = root;
    parse.tree = NULL;
out:
    yaml_free(parse.tree ? &parse.tree->root : NULL);
    yaml_parser_delete(&parse.parser);
    return err;
}

enum devsec_err yaml_load(struct yaml_node **out, const char *path, struct devsec_error *error)
{
    char *text = NULL;
    size_t length = 0;
    enum devsec_err err;

    err = file_read(AT_FDCWD, path, YAML_FILE_MAX, &text, &length, error);
    if (!err)
        err = yaml_parse(out, path, text, length, error);
    free(text);
    return err;
}

const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key)
{
    if (!node || node->kind != YAML_MAPPING)
        return NULL;
    for (const struct yaml_node *child = node->children; child; child = child->next) {
        if (strcmp(child->key, key) == 0)
            return child;
    }
    return NULL;
}
