/* SPDX-License-Identifier: Apache-2.0 */
/* mibgen: one object's SYNTAX, MAX-ACCESS and DEFVAL, from libsnmp's terms into ours. */
#include "mibgen.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/mib_api.h>
#include <net-snmp/net-snmp-includes.h>

#include <stdlib.h>
#include <string.h>

struct syntax {
    int type;
    enum mib_base base;
};

/* Everything of RFC 2578, 7.1 that mib_object.h has a place for. */
static const struct syntax syntaxes[] = {
    {TYPE_INTEGER, MIB_BASE_INTEGER},   {TYPE_INTEGER32, MIB_BASE_INTEGER}, {TYPE_UNSIGNED32, MIB_BASE_UNSIGNED},
    {TYPE_UINTEGER, MIB_BASE_UNSIGNED}, {TYPE_GAUGE, MIB_BASE_UNSIGNED},    {TYPE_COUNTER, MIB_BASE_COUNTER32},
    {TYPE_OCTETSTR, MIB_BASE_OCTETS},   {TYPE_BITSTRING, MIB_BASE_OCTETS},  {TYPE_OBJID, MIB_BASE_OID},
};

struct convention {
    const char *name;
    enum mib_meaning meaning;
};

static const struct convention conventions[] = {
    {"TruthValue", MIB_MEANING_TRUTH},      {"SnmpAdminString", MIB_MEANING_TEXT}, {"DateAndTime", MIB_MEANING_DATE},
    {"TestAndIncr", MIB_MEANING_TEST_INCR}, {"RowStatus", MIB_MEANING_ROW_STATUS},
};

struct access {
    int from;
    enum mib_access to;
};

static const struct access accesses[] = {
    {MIB_ACCESS_NOACCESS, MIB_ACCESS_NONE},      {MIB_ACCESS_NOTIFY, MIB_ACCESS_FOR_NOTIFY},
    {MIB_ACCESS_READONLY, MIB_ACCESS_READ_ONLY}, {MIB_ACCESS_READWRITE, MIB_ACCESS_READ_WRITE},
    {MIB_ACCESS_CREATE, MIB_ACCESS_READ_CREATE},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_entry(const struct tree *node)
{
    return node->indexes != NULL || node->augments != NULL;
}

/* SEQUENCE OF and the entry's SEQUENCE both come as TYPE_OTHER; only the entry's INDEX tells them from a bad type. */
static enum mib_kind read_kind(const struct tree *node)
{
    if (is_entry(node)) {
        return MIB_KIND_ENTRY;
    }
    if (node->type == TYPE_OTHER && node->child_list != NULL && is_entry(node->child_list)) {
        return MIB_KIND_TABLE;
    }
    if (is_entry(node->parent)) {
        return MIB_KIND_COLUMN;
    }
    return node->access == MIB_ACCESS_NOTIFY ? MIB_KIND_NOTIFY_ONLY : MIB_KIND_SCALAR;
}

static void read_access(struct model *model, struct model_object *object)
{
    for (size_t i = 0; i < COUNT(accesses); i++) {
        if (accesses[i].from == object->node->access) {
            object->access = accesses[i].to;
            return;
        }
    }
    mibgen_complain(model, "%s: a MAX-ACCESS that SMIv2 does not have", object->name);
}

static bool read_base(struct model *model, struct model_object *object)
{
    for (size_t i = 0; i < COUNT(syntaxes); i++) {
        if (syntaxes[i].type == object->node->type) {
            object->base = syntaxes[i].base;
            return true;
        }
    }
    if (object->node->type == TYPE_OTHER) {
        mibgen_complain(model, "%s: its SYNTAX is unknown; is the type imported, or misspelt?", object->name);
    } else {
        mibgen_complain(model, "%s: its SYNTAX (libsnmp's type %d) has no place in mib_object.h", object->name,
                        object->node->type);
    }
    return false;
}

static void read_meaning(struct model_object *object)
{
    const char *convention = get_tc_descriptor(object->node->tc_index);

    object->meaning = MIB_MEANING_PLAIN;
    if (object->node->type == TYPE_BITSTRING) {
        object->meaning = MIB_MEANING_BITS;
    } else if (object->node->enums != NULL) {
        object->meaning = MIB_MEANING_ENUM;
    }
    for (size_t i = 0; convention != NULL && i < COUNT(conventions); i++) {
        if (strcmp(conventions[i].name, convention) == 0) {
            object->meaning = conventions[i].meaning;
        }
    }
}

static int compare_ranges(const void *a, const void *b)
{
    const struct mib_range *left = a;
    const struct mib_range *right = b;

    return (left->low > right->low) - (left->low < right->low);
}

/* libsnmp keeps both ends as int, so the upper half of Unsigned32 arrives as negative numbers. */
static int64_t range_end(const struct model_object *object, int value)
{
    return object->base == MIB_BASE_INTEGER ? (int64_t)value : (int64_t)(uint32_t)value;
}

static void read_ranges(struct model *model, struct model_object *object)
{
    for (const struct range_list *range = object->node->ranges; range != NULL; range = range->next) {
        if (object->n_ranges == MIBGEN_RANGES_MAX) {
            mibgen_complain(model, "%s: more than %d ranges", object->name, MIBGEN_RANGES_MAX);
            return;
        }
        object->ranges[object->n_ranges++] =
            (struct mib_range){.low = range_end(object, range->low), .high = range_end(object, range->high)};
    }
    qsort(object->ranges, object->n_ranges, sizeof object->ranges[0], compare_ranges);
}

static int compare_labels(const void *a, const void *b)
{
    const struct mib_label *left = a;
    const struct mib_label *right = b;

    return (left->value > right->value) - (left->value < right->value);
}

static void read_labels(struct model *model, struct model_object *object)
{
    for (const struct enum_list *label = object->node->enums; label != NULL; label = label->next) {
        if (object->n_labels == MIBGEN_LABELS_MAX) {
            mibgen_complain(model, "%s: more than %d labels", object->name, MIBGEN_LABELS_MAX);
            return;
        }
        if (label->value < 0) {
            mibgen_complain(model, "%s: %s(%d): labels must not be negative", object->name, label->label, label->value);
        }
        object->labels[object->n_labels++] = (struct mib_label){.name = label->label, .value = (uint32_t)label->value};
    }
    qsort(object->labels, object->n_labels, sizeof object->labels[0], compare_labels);
}

/* "{ tls12 , tls13 }", which is how libsnmp puts the tokens, to "tls12,tls13". */
static void read_bits_default(struct model_object *object, const char *text)
{
    size_t used = 0;

    for (; *text != '\0'; text++) {
        if (strchr("{} ", *text) == NULL && used + 1 < sizeof object->defval) {
            object->defval[used++] = *text;
        }
    }
    object->defval[used] = '\0';
}

/* libsnmp marks a quoted string by a backslash and a quote at both ends. */
static void read_default(struct model *model, struct model_object *object)
{
    static const char mark[] = "\\\"";
    const size_t mark_len = sizeof mark - 1;
    const char *text = object->node->defaultValue;
    size_t length = text == NULL ? 0 : strlen(text);

    if (text == NULL) {
        return;
    }
    object->has_defval = true;
    if (length >= sizeof object->defval) {
        mibgen_complain(model, "%s: its DEFVAL is longer than %d octets", object->name, MIBGEN_DEFVAL_MAX - 1);
    } else if (object->meaning == MIB_MEANING_BITS) {
        read_bits_default(object, text);
    } else if (object->base != MIB_BASE_OCTETS) {
        memcpy(object->defval, text, length + 1);
    } else if (length < 2 * mark_len || memcmp(text, mark, mark_len) != 0 ||
               memcmp(text + length - mark_len, mark, mark_len) != 0) {
        mibgen_complain(model, "%s: the DEFVAL of a string must be written in quotes, not as %s", object->name, text);
    } else {
        memcpy(object->defval, text + mark_len, length - 2 * mark_len);
        object->defval[length - 2 * mark_len] = '\0';
    }
}

void mibgen_read_syntax(struct model *model, struct model_object *object)
{
    object->kind = read_kind(object->node);
    read_access(model, object);
    if (object->kind == MIB_KIND_TABLE || object->kind == MIB_KIND_ENTRY || !read_base(model, object)) {
        return;
    }
    read_meaning(object);
    read_ranges(model, object);
    read_labels(model, object);
    read_default(model, object);
}
