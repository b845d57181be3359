/* SPDX-License-Identifier: Apache-2.0 */
/* All findings in a settings document, although document_parse stops at the first. */
#include "findings.h"

#include "store/yaml.h"

#include <stdlib.h>
#include <string.h>

/* Where in a document a node stands and where the next one begins, in octets. */
struct span {
    size_t begin;
    size_t end;
};

/* The octet at a line's column (both from 1), which counts characters. */
static size_t offset_of(const char *text, size_t length, size_t line, size_t column)
{
    size_t at = 0;

    for (; line > 1 && at < length; at++)
        line -= text[at] == '\n';
    for (; column > 1 && at < length && text[at] != '\n'; column--) {
        do {
            at++;
        } while (at < length && ((unsigned char)text[at] & 0xc0) == 0x80);
    }
    return at;
}

static bool stands_at(const struct yaml_node *node, size_t line, size_t column)
{
    return (node->line == line && node->column == column) ||
           (node->key && node->key_line == line && node->key_column == column);
}

/* Whether the node, or anything in it, stands at this place. */
static bool covers(const struct yaml_node *node, size_t line, size_t column)
{
    if (stands_at(node, line, column))
        return true;
    for (const struct yaml_node *child = node->children; child; child = child->next) {
        if (covers(child, line, column))
            return true;
    }
    return false;
}

/*
 * The setting, or else the top-level entry, that stands at this place; `*next_line` becomes the line of what follows
 * it, 0 if nothing does.
 */
static const struct yaml_node *entry_at(const struct yaml_node *root, size_t line, size_t column, size_t *next_line)
{
    for (const struct yaml_node *group = root->children; group; group = group->next) {
        const size_t behind = group->next ? group->next->key_line : 0;

        for (const struct yaml_node *entry = group->children; entry; entry = entry->next) {
            if (!entry->key || !covers(entry, line, column))
                continue;
            *next_line = entry->next ? entry->next->key_line : behind;
            return entry;
        }
        *next_line = behind;
        if (covers(group, line, column))
            return group;
    }
    return NULL;
}

/*
 * Finds the entry that an error is about; false when there is none that could be left out by whole lines. The format
 * cannot be left out, since a document without one is another error.
 */
static bool find_entry(const char *text, size_t length, const struct finding *finding, struct span *span)
{
    struct yaml_node *root = NULL;
    const struct yaml_node *entry = NULL;
    size_t next_line = 0;

    *span = (struct span){0};
    if (finding->line == 0 || yaml_parse(&root, "", text, length, NULL))
        return false;
    entry = entry_at(root, finding->line, finding->column, &next_line);
    if (entry && strcmp(entry->key, "format") != 0) {
        span->begin = offset_of(text, length, entry->key_line, entry->key_column);
        span->end = next_line ? offset_of(text, length, next_line, 1) : length;
    }
    yaml_free(root);
    return span->begin < span->end;
}

static void blank(char *text, const struct span *span)
{
    for (size_t at = span->begin; at < span->end; at++) {
        if ((at == 0 || text[at - 1] == '\n') && strncmp(text + at, "...", 3) == 0)
            break; /* the end mark is no part of the last entry */
        if (text[at] != '\n')
            text[at] = ' ';
    }
}

/*
 * The entry that document_parse stopped at is blanked out, which leaves every other one at its line and column, and
 * what remains is parsed again, until nothing is wrong or nothing more can be left out. So one place decides what is
 * valid.
 */
static enum devsec_err find_all(struct findings *findings, const char *file, char *text, size_t length,
                                struct document **document, struct devsec_error *error)
{
    const size_t before = findings->errors;
    struct document *parsed = NULL;
    struct devsec_error found = {0};
    struct span span = {0};
    struct yaml_node *root = NULL;
    bool more = true;

    while (more && document_parse(&parsed, file, text, length, &found)) {
        if (found.code == DEVSEC_ERR_MEMORY || found.code == DEVSEC_ERR_INTERNAL)
            return devsec_fail(error, found.code, "%s", found.text);
        findings_add_error(findings, file, &found);
        more = found.code != DEVSEC_ERR_NEWER_FORMAT && !findings->failed &&
               find_entry(text, length, &findings->list[findings->count - 1], &span);
        if (more) {
            blank(text, &span);
            more = yaml_parse(&root, "", text, length, NULL) == DEVSEC_OK && root->children;
            yaml_free(root);
            root = NULL;
        }
    }
    if (findings->errors == before)
        *document = parsed;
    else
        document_free(parsed);
    return DEVSEC_OK;
}

/* The key of a setting, or of its group; NULL when the document has it not. */
static const struct yaml_node *key_of(const struct yaml_node *root, enum setting_id id, bool of_group)
{
    const char *path = settings[id].path;
    const size_t length = strcspn(path, ".");

    for (const struct yaml_node *group = root->children; group; group = group->next) {
        if (strlen(group->key) == length && strncmp(group->key, path, length) == 0)
            return of_group ? group : yaml_get(group, path + length + 1);
    }
    return NULL;
}

/* Placed at the first of the settings involved that stands there; the others have their defaults. */
static void add_fault(struct findings *findings, const char *file, const char *text, size_t length,
                      const struct store_fault *fault)
{
    struct yaml_node *root = NULL;
    const struct yaml_node *place = NULL;

    if (yaml_parse(&root, file, text, length, NULL) == DEVSEC_OK) {
        for (size_t i = 0; !place && i < fault->n_involved; i++)
            place = key_of(root, fault->involved[i], false);
        for (size_t i = 0; !place && i < fault->n_involved; i++)
            place = key_of(root, fault->involved[i], true);
    }
    findings_add(findings, false, file, place ? place->key_line : 0, place ? place->key_column : 0, fault->error.text);
    yaml_free(root);
}

enum devsec_err findings_of_document(struct findings *findings, const char *file, const char *text, size_t length,
                                     const struct store_rules *rules, struct document **document,
                                     struct devsec_error *error)
{
    struct store_fault fault = {0};
    char *copy = malloc(length + 1);
    enum devsec_err err;

    *document = NULL;
    if (!copy)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    memcpy(copy, text, length);
    copy[length] = '\0';
    err = find_all(findings, file, copy, length, document, error);
    free(copy);
    if (err || !*document || !rules->check)
        return err;
    if (rules->check(rules->context, *document, &fault)) {
        add_fault(findings, file, text, length, &fault);
        document_free(*document);
        *document = NULL;
    }
    return DEVSEC_OK;
}
