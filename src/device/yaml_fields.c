/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a YAML mapping by a table of its keys; see yaml_fields.h. */
#include "device/yaml_fields.h"

#include "base/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_MAX    64  /* of a foreign key or value in a message */
#define EXPECTED_MAX 256 /* of what was expected instead */
#define NEAR_LIMIT   3   /* edits between a mistyped name and the one it was meant to be */
#define NEAR_LENGTH  128 /* as far as text_distance looks */

/* The file being read, and the keys on the way to the mapping in hand ("tls." for the keys below tls, "" at the top).
 */
struct reader {
    unsigned char *target;
    const char *name;
    const char *prefix;
    struct devsec_error *error;
};

/* The member of the structure that a field goes to, as a pointer to `type`. */
#define MEMBER(target, field, type) ((type *)(void *)((target) + (field)->offset))

/* "NAME:LINE:COLUMN: KEY: found ..., expected ...", for a node that is not what its field asks for. */
static enum devsec_err fail_found(const struct reader *reader, const struct yaml_field *field,
                                  const struct yaml_node *node, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static enum devsec_err fail_found(const struct reader *reader, const struct yaml_field *field,
                                  const struct yaml_node *node, const char *format, ...)
{
    static const char *const kinds[] = {[YAML_SEQUENCE] = "a list", [YAML_MAPPING] = "a mapping"};
    char expected[EXPECTED_MAX], shown[SHOWN_MAX];
    const bool scalar = node->kind == YAML_SCALAR;
    va_list args;

    va_start(args, format);
    vsnprintf(expected, sizeof(expected), format, args);
    va_end(args);
    text_show(shown, sizeof(shown), scalar ? node->scalar : "", scalar ? strlen(node->scalar) : 0);
    return devsec_fail(reader->error, DEVSEC_ERR_SYNTAX, "%s:%zu:%zu: %s%s: found %s%s%s, expected %s", reader->name,
                       node->line, node->column, reader->prefix, field->key, scalar ? "\"" : "",
                       scalar ? shown : kinds[node->kind], scalar ? "\"" : "", expected);
}

static enum devsec_err fail_memory(const struct reader *reader)
{
    return devsec_fail(reader->error, DEVSEC_ERR_MEMORY, "%s: out of memory", reader->name);
}

/* A scalar with a value: the core schema reads some plain scalars as "no value" (YAML 1.2.2, 10.2.1.1 and 10.3.2). */
static bool has_text(const struct yaml_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

    if (node->kind != YAML_SCALAR)
        return false;
    for (size_t i = 0; !node->quoted && i < sizeof(nulls) / sizeof(nulls[0]); i++)
        if (strcmp(node->scalar, nulls[i]) == 0)
            return false;
    return true;
}

static enum devsec_err read_text(const struct reader *reader, const struct yaml_field *field,
                                 const struct yaml_node *node)
{
    const size_t length = has_text(node) ? strlen(node->scalar) : 0;
    char *copy;

    if (!has_text(node) || length < field->low || length > field->high)
        return fail_found(reader, field, node, "a text of %u to %u octets", field->low, field->high);
    copy = strdup(node->scalar);
    if (!copy)
        return fail_memory(reader);
    *MEMBER(reader->target, field, char *) = copy;
    return DEVSEC_OK;
}

/* The folder of the file, absolute and with its closing slash, then `path`. */
static enum devsec_err resolve_path(const struct reader *reader, const char *path, char **out)
{
    const char *slash = strrchr(reader->name, '/');
    const size_t folder = slash ? (size_t)(slash - reader->name) + 1 : 0;
    struct text text = {0};
    char here[PATH_MAX];

    if (path[0] != '/' && reader->name[0] != '/') {
        if (!getcwd(here, sizeof(here)))
            return devsec_fail_errno(reader->error, "%s: cannot find out the folder that \"%s\" is relative to",
                                     reader->name, path);
        text_printf(&text, "%s/", strcmp(here, "/") == 0 ? "" : here);
    }
    if (path[0] != '/')
        text_append_n(&text, reader->name, folder);
    text_append(&text, path);
    *out = text_take(&text);
    return *out ? DEVSEC_OK : fail_memory(reader);
}

static enum devsec_err read_path(const struct reader *reader, const struct yaml_field *field,
                                 const struct yaml_node *node)
{
    enum devsec_err err;
    char *path = NULL;

    if (!has_text(node) || !node->scalar[0])
        return fail_found(reader, field, node, "a path");
    err = resolve_path(reader, node->scalar, &path);
    if (!err && strlen(path) > field->high)
        err = fail_found(reader, field, node, "a path of at most %u octets, its folder included (that makes %zu)",
                         field->high, strlen(path));
    if (err) {
        free(path);
        return err;
    }
    *MEMBER(reader->target, field, char *) = path;
    return DEVSEC_OK;
}

static enum devsec_err fail_number(const struct reader *reader, const struct yaml_field *field,
                                   const struct yaml_node *node)
{
    if (field->step > 1)
        return fail_found(reader, field, node, "a decimal number from %u to %u, a multiple of %u", field->low,
                          field->high, field->step);
    return fail_found(reader, field, node, "a decimal number from %u to %u", field->low, field->high);
}

static enum devsec_err read_unsigned(const struct reader *reader, const struct yaml_field *field,
                                     const struct yaml_node *node)
{
    const char *digits = has_text(node) && !node->quoted ? node->scalar : "";
    const size_t count = strspn(digits, "0123456789");
    unsigned long number;

    /* A leading zero is refused, because readers of YAML 1.1 take it for octal. */
    if (count == 0 || count > 9 || digits[count] != '\0' || (digits[0] == '0' && count > 1))
        return fail_number(reader, field, node);
    number = strtoul(digits, NULL, 10);
    if (number < field->low || number > field->high || (field->step > 1 && number % field->step != 0))
        return fail_number(reader, field, node);
    *MEMBER(reader->target, field, unsigned) = (unsigned)number;
    return DEVSEC_OK;
}

static size_t count_children(const struct yaml_node *node)
{
    size_t count = 0;

    for (const struct yaml_node *child = node->children; child; child = child->next)
        count++;
    return count;
}

static enum devsec_err read_command(const struct reader *reader, const struct yaml_field *field,
                                    const struct yaml_node *node)
{
    const size_t count = count_children(node);
    size_t filled = 0;
    char **command;

    if (node->kind != YAML_SEQUENCE || count < field->low || count > field->high)
        return fail_found(reader, field, node,
                          "a list of %u to %u texts: a program's absolute path, then its arguments", field->low,
                          field->high);
    command = calloc(count + 1, sizeof(*command));
    if (!command)
        return fail_memory(reader);
    *MEMBER(reader->target, field, char **) = command;
    for (const struct yaml_node *child = node->children; child; child = child->next) {
        /* No PATH is searched: what a restart runs must not depend on the environment. */
        if (filled == 0 && (!has_text(child) || child->scalar[0] != '/'))
            return fail_found(reader, field, child, "the absolute path of a program");
        if (!has_text(child))
            return fail_found(reader, field, child, "an argument (an empty one is written as \"\")");
        command[filled] = strdup(child->scalar);
        if (!command[filled])
            return fail_memory(reader);
        filled++;
    }
    return DEVSEC_OK;
}

/* The i-th name that a label or word may be; NULL behind the last one. */
static const char *known_name(const struct yaml_field *field, size_t i)
{
    if (field->words)
        return field->words[i];
    return i < field->labels->n_labels ? field->labels->labels[i].name : NULL;
}

/* "a, b, c": all of them. */
static void list_names(const struct yaml_field *field, char *to, size_t room)
{
    size_t used = 0;

    to[0] = '\0';
    for (size_t i = 0; known_name(field, i) && used < room; i++)
        used += (size_t)snprintf(to + used, room - used, "%s%s", used ? ", " : "", known_name(field, i));
}

/* The value of a label, the place of a word in its list; false for another name. */
static bool find_name(const struct yaml_field *field, const struct yaml_node *node, uint32_t *value)
{
    if (!has_text(node))
        return false;
    for (size_t i = 0; known_name(field, i); i++) {
        if (strcmp(known_name(field, i), node->scalar) == 0) {
            *value = field->words ? (uint32_t)i : field->labels->labels[i].value;
            return true;
        }
    }
    return false;
}

static enum devsec_err read_label(const struct reader *reader, const struct yaml_field *field,
                                  const struct yaml_node *node)
{
    char known[EXPECTED_MAX / 2];
    uint32_t value = 0;

    list_names(field, known, sizeof(known));
    if (!find_name(field, node, &value))
        return fail_found(reader, field, node, "one of %s", known);
    *MEMBER(reader->target, field, int) = (int)value;
    return DEVSEC_OK;
}

/* Labels or words. */
static enum devsec_err read_names(const struct reader *reader, const struct yaml_field *field,
                                  const struct yaml_node *node)
{
    char known[EXPECTED_MAX / 2];
    uint32_t mask = 0;
    uint32_t bit = 0;

    list_names(field, known, sizeof(known));
    if (node->kind != YAML_SEQUENCE || count_children(node) < field->low)
        return fail_found(reader, field, node, "a list with %s of %s", field->low ? "one or more" : "any", known);
    for (const struct yaml_node *child = node->children; child; child = child->next) {
        if (!find_name(field, child, &bit))
            return fail_found(reader, field, child, "one of %s", known);
        if (mask & (1u << bit))
            return fail_found(reader, field, child, "each name once");
        mask |= 1u << bit;
    }
    *MEMBER(reader->target, field, uint32_t) = mask;
    return DEVSEC_OK;
}

static const struct yaml_field *find_field(const struct yaml_field *fields, size_t n_fields, const char *key)
{
    for (size_t i = 0; i < n_fields; i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

/* The known key that `key` was most likely meant to be, or NULL. */
static const char *nearest_key(const struct yaml_field *fields, size_t n_fields, const char *key)
{
    const char *nearest = NULL;
    size_t best = NEAR_LIMIT + 1;

    for (size_t i = 0; strlen(key) <= NEAR_LENGTH && i < n_fields; i++) {
        const size_t distance = text_distance(key, fields[i].key, NEAR_LIMIT);

        /* So many edits that nothing of a short name is left are not a typing error. */
        if (distance < best && distance < strlen(fields[i].key)) {
            nearest = fields[i].key;
            best = distance;
        }
    }
    return nearest;
}

static enum devsec_err fail_unknown(const struct reader *reader, const struct yaml_field *fields, size_t n_fields,
                                    const struct yaml_node *node)
{
    const char *nearest = nearest_key(fields, n_fields, node->key);
    char shown[SHOWN_MAX], known[EXPECTED_MAX];
    size_t used = 0;

    text_show(shown, sizeof(shown), node->key, strlen(node->key));
    if (nearest)
        return devsec_fail(reader->error, DEVSEC_ERR_SYNTAX, "%s:%zu:%zu: %s%s: unknown key, did you mean %s%s?",
                           reader->name, node->key_line, node->key_column, reader->prefix, shown, reader->prefix,
                           nearest);
    known[0] = '\0';
    for (size_t i = 0; i < n_fields && used < sizeof(known); i++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", fields[i].key);
    return devsec_fail(reader->error, DEVSEC_ERR_SYNTAX, "%s:%zu:%zu: %s%s: unknown key, expected one of %s",
                       reader->name, node->key_line, node->key_column, reader->prefix, shown, known);
}

static enum devsec_err read_mapping(const struct reader *reader, const struct yaml_field *fields, size_t n_fields,
                                    const struct yaml_node *node);

static enum devsec_err read_group(const struct reader *reader, const struct yaml_field *field,
                                  const struct yaml_node *node)
{
    struct reader below = *reader;
    char prefix[SHOWN_MAX];

    if (node->kind != YAML_MAPPING)
        return fail_found(reader, field, node, "a mapping");
    snprintf(prefix, sizeof(prefix), "%s%s.", reader->prefix, field->key);
    below.prefix = prefix;
    return read_mapping(&below, field->fields, field->n_fields, node);
}

static enum devsec_err read_node(const struct reader *reader, const struct yaml_field *field,
                                 const struct yaml_node *node)
{
    static enum devsec_err (*const readers[])(const struct reader *, const struct yaml_field *,
                                              const struct yaml_node *) = {
        [YAML_FIELD_TEXT] = read_text,       [YAML_FIELD_PATH] = read_path,   [YAML_FIELD_UNSIGNED] = read_unsigned,
        [YAML_FIELD_COMMAND] = read_command, [YAML_FIELD_LABEL] = read_label, [YAML_FIELD_LABELS] = read_names,
        [YAML_FIELD_WORDS] = read_names,     [YAML_FIELD_GROUP] = read_group,
    };

    return readers[field->kind](reader, field, node);
}

static bool asks_for_something(const struct yaml_field *group)
{
    for (size_t i = 0; i < group->n_fields; i++)
        if (group->fields[i].required)
            return true;
    return false;
}

/* A key that is not there: its fallback is read as if it stood in the file, at the mapping's own position. */
static enum devsec_err read_absent(const struct reader *reader, const struct yaml_field *field,
                                   const struct yaml_node *mapping)
{
    const bool group = field->kind == YAML_FIELD_GROUP && !asks_for_something(field);
    const struct yaml_node node = {.kind = group ? YAML_MAPPING : YAML_SCALAR,
                                   .line = mapping->line,
                                   .column = mapping->column,
                                   .scalar = field->fallback};

    if (field->required)
        return devsec_fail(reader->error, DEVSEC_ERR_SYNTAX, "%s:%zu:%zu: %s%s: this key is required and missing",
                           reader->name, mapping->line, mapping->column, reader->prefix, field->key);
    return group || field->fallback ? read_node(reader, field, &node) : DEVSEC_OK;
}

static enum devsec_err read_mapping(const struct reader *reader, const struct yaml_field *fields, size_t n_fields,
                                    const struct yaml_node *node)
{
    enum devsec_err err = DEVSEC_OK;

    for (const struct yaml_node *child = node->children; !err && child; child = child->next) {
        const struct yaml_field *field = find_field(fields, n_fields, child->key);

        err = field ? read_node(reader, field, child) : fail_unknown(reader, fields, n_fields, child);
    }
    for (size_t i = 0; !err && i < n_fields; i++)
        if (!yaml_get(node, fields[i].key))
            err = read_absent(reader, &fields[i], node);
    return err;
}

enum devsec_err yaml_fields_read(void *target, const struct yaml_field *fields, size_t n_fields,
                                 const struct yaml_node *root, const char *name, struct devsec_error *error)
{
    const struct reader reader = {.target = target, .name = name, .prefix = "", .error = error};

    if (root->kind != YAML_MAPPING)
        return devsec_fail(error, DEVSEC_ERR_SYNTAX, "%s:%zu:%zu: expected a mapping (\"key: value\" lines)", name,
                           root->line, root->column);
    return read_mapping(&reader, fields, n_fields, root);
}

void yaml_fields_clear(void *target, const struct yaml_field *fields, size_t n_fields)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (fields[i].kind == YAML_FIELD_TEXT || fields[i].kind == YAML_FIELD_PATH) {
            char **text = MEMBER((unsigned char *)target, &fields[i], char *);

            free(*text);
            *text = NULL;
        } else if (fields[i].kind == YAML_FIELD_COMMAND) {
            char ***command = MEMBER((unsigned char *)target, &fields[i], char **);

            for (size_t n = 0; *command && (*command)[n]; n++)
                free((*command)[n]);
            free(*command);
            *command = NULL;
        }
        yaml_fields_clear(target, fields[i].fields, fields[i].n_fields);
    }
}
