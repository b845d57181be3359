/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a YAML mapping into a structure by a table of its keys; private to src/device. */
#ifndef DEVSEC_DEVICE_YAML_FIELDS_H
#define DEVSEC_DEVICE_YAML_FIELDS_H

#include "base/error.h"
#include "mib_object.h"
#include "store/yaml.h"

#include <stdbool.h>
#include <stddef.h>

/* What a key's value is, and the type of the structure's member that takes it. */
enum yaml_field_kind {
    YAML_FIELD_TEXT,     /* char *: UTF-8; low..high octets */
    YAML_FIELD_PATH,     /* char *: a path, made absolute with the file's folder; up to `high` octets then */
    YAML_FIELD_UNSIGNED, /* unsigned: a decimal number; low..high, a multiple of `step` */
    YAML_FIELD_COMMAND,  /* char **, ends in NULL: an absolute path and arguments; low..high items */
    YAML_FIELD_LABEL,    /* int: one label of the enumeration `labels` */
    YAML_FIELD_LABELS,   /* uint32_t: a list of labels of the BITS object `labels`; `low` of them at least */
    YAML_FIELD_WORDS,    /* uint32_t: a list of `words`, each of which is a bit; `low` of them at least */
    YAML_FIELD_GROUP,    /* no member of its own: a mapping with the keys of `fields` */
};

struct yaml_field {
    const char *key;
    enum yaml_field_kind kind;
    bool required;
    size_t offset; /* of the member in the outermost structure, also for the fields of a group */
    unsigned low;
    unsigned high;
    unsigned step;                   /* of a number; 0 is 1 */
    const char *fallback;            /* of an optional scalar: its value; NULL leaves the member zero */
    const struct mib_object *labels; /* YAML_FIELD_LABEL, YAML_FIELD_LABELS */
    const char *const *words;        /* YAML_FIELD_WORDS; NULL behind them */
    const struct yaml_field *fields; /* YAML_FIELD_GROUP */
    size_t n_fields;
};

/*
 * An optional group that is not there and has no required key is read as if it stood there empty.
 *
 * Reads the root of a parsed file into the zeroed structure `target`. `name` is the file's path: it stands in messages
 * ("NAME:LINE:COLUMN: KEY: what was found, what was expected"), and relative paths are relative to its folder.
 * DEVSEC_ERR_SYNTAX for an unknown key (with the nearest known one), a missing one and a wrong value; _MEMORY; _IO if
 * the working directory is needed and cannot be found out. On failure `target` holds what was read until then: the
 * caller clears it.
 */
enum devsec_err yaml_fields_read(void *target, const struct yaml_field *fields, size_t n_fields,
                                 const struct yaml_node *root, const char *name, struct devsec_error *error);

/* Frees what yaml_fields_read allocated; the members are NULL afterwards. */
void yaml_fields_clear(void *target, const struct yaml_field *fields, size_t n_fields);

#endif
