/* SPDX-License-Identifier: Apache-2.0 */
/* mibgen: the rules that the C side relies on and that a MIB parser does not know. */
#include "mibgen.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Values of BITS travel through the program as 32-bit masks. */
#define BIT_MAX 31

/* Names end up as parts of C identifiers. */
static bool is_identifier(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at)) {
            return false;
        }
    }
    return isalpha((unsigned char)name[0]) != 0;
}

static bool is_writable(const struct model_object *object)
{
    return object->access == MIB_ACCESS_READ_WRITE || object->access == MIB_ACCESS_READ_CREATE;
}

static bool in_ranges(const struct model_object *object, int64_t number)
{
    for (size_t i = 0; i < object->n_ranges; i++) {
        if (number >= object->ranges[i].low && number <= object->ranges[i].high) {
            return true;
        }
    }
    return object->n_ranges == 0;
}

static bool has_label(const struct model_object *object, const char *name, size_t length)
{
    for (size_t i = 0; i < object->n_labels; i++) {
        if (strlen(object->labels[i].name) == length && memcmp(object->labels[i].name, name, length) == 0) {
            return true;
        }
    }
    return false;
}

static void check_labels(struct model *model, const struct model_object *object)
{
    bool bits = object->meaning == MIB_MEANING_BITS;

    if (bits && object->n_labels == 0) {
        mibgen_complain(model, "%s: BITS without labels", object->name);
    }
    for (size_t i = 0; i < object->n_labels; i++) {
        const struct mib_label *label = &object->labels[i];

        if (!is_identifier(label->name)) {
            mibgen_complain(model, "%s: the label %s is no C identifier", object->name, label->name);
        }
        if (!bits && label->value == 0) {
            mibgen_complain(model, "%s: %s(0): enumerations start at 1 (RFC 4181, 4.6.1.1)", object->name, label->name);
        }
        if (bits && label->value > BIT_MAX) {
            mibgen_complain(model, "%s: %s(%u): bits go up to %d", object->name, label->name, label->value, BIT_MAX);
        }
        if (i > 0 && label->value == label[-1].value) {
            mibgen_complain(model, "%s: %s and %s have the same number", object->name, label[-1].name, label->name);
        }
    }
}

static void check_ranges(struct model *model, const struct model_object *object)
{
    for (size_t i = 0; i < object->n_ranges; i++) {
        if (object->ranges[i].low > object->ranges[i].high) {
            mibgen_complain(model, "%s: a range that ends before it starts", object->name);
        }
        if (i > 0 && object->ranges[i].low <= object->ranges[i - 1].high) {
            mibgen_complain(model, "%s: its ranges overlap", object->name);
        }
    }
}

/* A SET is judged by the limits in the MIB alone before anything else sees it, so there must be some. */
static void check_writable(struct model *model, const struct model_object *object)
{
    bool number = object->base == MIB_BASE_INTEGER || object->base == MIB_BASE_UNSIGNED;

    if (object->base == MIB_BASE_COUNTER32) {
        mibgen_complain(model, "%s: a counter cannot be writable (RFC 2578, 7.1.6)", object->name);
    } else if (number && object->n_labels == 0 && object->n_ranges == 0) {
        mibgen_complain(model, "%s: a writable number needs a range or labels", object->name);
    } else if (object->base == MIB_BASE_OCTETS && object->meaning != MIB_MEANING_BITS && object->n_ranges == 0) {
        mibgen_complain(model, "%s: a writable string needs a SIZE", object->name);
    }
}

static void check_number_default(struct model *model, const struct model_object *object)
{
    char *end = NULL;
    long long number = 0;

    errno = 0;
    number = strtoll(object->defval, &end, 10);
    if (end == object->defval || *end != '\0' || errno != 0) {
        mibgen_complain(model, "%s: DEFVAL { %s } is no number", object->name, object->defval);
    } else if (!in_ranges(object, number)) {
        mibgen_complain(model, "%s: DEFVAL { %s } is outside its range", object->name, object->defval);
    }
}

static void check_default(struct model *model, const struct model_object *object)
{
    const char *at = object->defval;

    if (object->base == MIB_BASE_OID || object->meaning == MIB_MEANING_DATE) {
        mibgen_complain(model, "%s: a DEFVAL of this type is not supported", object->name);
    } else if (object->n_labels > 0) {
        /* An empty set is the one case without any label. */
        while (*at != '\0' || object->meaning != MIB_MEANING_BITS) {
            size_t length = strcspn(at, object->meaning == MIB_MEANING_BITS ? "," : "");

            if (!has_label(object, at, length)) {
                mibgen_complain(model, "%s: DEFVAL { %s } is none of its labels", object->name, object->defval);
                return;
            }
            at += length;
            if (*at == '\0') {
                return;
            }
            at++;
        }
    } else if (object->base == MIB_BASE_OCTETS) {
        if (!in_ranges(object, (int64_t)strlen(object->defval))) {
            mibgen_complain(model, "%s: DEFVAL { \"%s\" } is outside its SIZE", object->name, object->defval);
        }
    } else {
        check_number_default(model, object);
    }
}

static void check_structure(struct model *model, const struct model_object *object)
{
    bool container = object->kind == MIB_KIND_TABLE || object->kind == MIB_KIND_ENTRY;

    if (container && object->access != MIB_ACCESS_NONE) {
        mibgen_complain(model, "%s: tables and entries are not-accessible (RFC 2578, 7.3)", object->name);
    }
    if (object->kind == MIB_KIND_SCALAR && object->access == MIB_ACCESS_NONE) {
        mibgen_complain(model, "%s: nobody can access this scalar", object->name);
    }
    if (object->kind == MIB_KIND_ENTRY && (object->entry < 0 || model->objects[object->entry].kind != MIB_KIND_TABLE)) {
        mibgen_complain(model, "%s: an entry outside a table", object->name);
    }
    for (size_t i = 0; i < object->index.count; i++) {
        const struct model_object *index = &model->objects[object->index.ids[i]];

        if (index->kind != MIB_KIND_COLUMN) {
            mibgen_complain(model, "%s: its index %s is no column", object->name, index->name);
        } else if (index->n_ranges == 0 && index->n_labels == 0) {
            mibgen_complain(model, "%s: its index %s needs a range or labels", object->name, index->name);
        }
    }
}

static void check_notifications(struct model *model)
{
    for (size_t i = 0; i < model->n_notifications; i++) {
        const struct model_notification *notification = &model->notifications[i];

        for (size_t n = 0; n < notification->objects.count; n++) {
            const struct model_object *object = &model->objects[notification->objects.ids[n]];

            if (object->access == MIB_ACCESS_NONE) {
                mibgen_complain(model, "%s: %s is not-accessible, so it cannot be sent", notification->name,
                                object->name);
            }
        }
    }
}

void mibgen_check(struct model *model)
{
    for (size_t i = 0; i < model->n_objects; i++) {
        const struct model_object *object = &model->objects[i];
        const struct model_object *next = object + 1;

        if (!is_identifier(object->name)) {
            mibgen_complain(model, "%s is no C identifier", object->name);
        }
        if (i + 1 < model->n_objects && object->oid_len == next->oid_len &&
            memcmp(object->oid, next->oid, object->oid_len * sizeof object->oid[0]) == 0) {
            mibgen_complain(model, "%s and %s have the same OID", object->name, next->name);
        }
        check_structure(model, object);
        check_labels(model, object);
        check_ranges(model, object);
        if (is_writable(object)) {
            check_writable(model, object);
        }
        if (object->has_defval) {
            check_default(model, object);
        }
    }
    check_notifications(model);
    if (model->n_objects == 0) {
        mibgen_complain(model, "defines no objects");
    }
}
