/* SPDX-License-Identifier: Apache-2.0 */
/* Between a varbind and a value; see syntax.h. */
#include "syntax.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* How each base syntax travels, and what a person calls it. */
static const struct {
    u_char type;
    const char *name;
} wire[] = {
    [MIB_BASE_INTEGER] = {ASN_INTEGER, "INTEGER"},         [MIB_BASE_UNSIGNED] = {ASN_UNSIGNED, "Unsigned32"},
    [MIB_BASE_COUNTER32] = {ASN_COUNTER, "Counter32"},     [MIB_BASE_OCTETS] = {ASN_OCTET_STR, "OCTET STRING"},
    [MIB_BASE_OID] = {ASN_OBJECT_ID, "OBJECT IDENTIFIER"},
};

#define BITS_OCTETS_MAX 4 /* of a value's mask; no object of the MIB has more bits */

static size_t bits_octets(const struct mib_object *object)
{
    uint32_t highest = 0;

    for (size_t i = 0; i < object->n_labels; i++) {
        if (object->labels[i].value > highest)
            highest = object->labels[i].value;
    }
    return highest / 8 + 1;
}

/* Bit 0 is the most significant bit of the first octet (RFC 2578, 7.1.4; RFC 3417, 8, (3)). */
static enum devsec_err take_bits(const struct mib_object *object, const netsnmp_variable_list *var, uint32_t *mask,
                                 struct devsec_error *error)
{
    uint32_t result = 0;

    if (var->val_len > BITS_OCTETS_MAX)
        return devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH, "expected BITS in at most %d octets, got %zu",
                           BITS_OCTETS_MAX, var->val_len);
    for (uint32_t bit = 0; bit < var->val_len * 8; bit++) {
        if (!(var->val.string[bit / 8] & (0x80u >> (bit % 8))))
            continue;
        if (!mib_label_name(object, bit))
            return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "bit %u is none of the bits that are defined", bit);
        result |= 1u << bit;
    }
    *mask = result;
    return DEVSEC_OK;
}

static enum devsec_err take_text(const struct mib_object *object, const netsnmp_variable_list *var, char **text,
                                 struct devsec_error *error)
{
    const char *octets = (const char *)var->val.string;

    if (!mib_in_range(object, (int64_t)var->val_len))
        return devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH, "expected %lld to %lld octets, got %zu",
                           (long long)object->ranges[0].low, (long long)object->ranges[object->n_ranges - 1].high,
                           var->val_len);
    if (!text_is_utf8(octets, var->val_len))
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "expected UTF-8 text without NUL");
    *text = strndup(var->val_len ? octets : "", var->val_len);
    if (!*text)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    return DEVSEC_OK;
}

static enum devsec_err take_number(const struct mib_object *object, const netsnmp_variable_list *var, int64_t *number,
                                   struct devsec_error *error)
{
    /* Unsigned values arrive in a signed long that may have been sign-extended. */
    const long travelled = *var->val.integer;
    const int64_t got = object->base == MIB_BASE_INTEGER ? (int64_t)(int32_t)travelled : (int64_t)(uint32_t)travelled;

    if (object->n_labels && (got < 0 || !mib_label_name(object, got)))
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "%lld is none of the values that are defined",
                           (long long)got);
    if (!mib_in_range(object, got))
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "expected %lld to %lld, got %lld",
                           (long long)object->ranges[0].low, (long long)object->ranges[object->n_ranges - 1].high,
                           (long long)got);
    *number = object->meaning == MIB_MEANING_TRUTH ? got == 1 : got;
    return DEVSEC_OK;
}

enum devsec_err syntax_from_varbind(const struct mib_object *object, const netsnmp_variable_list *var,
                                    struct value *value, struct devsec_error *error)
{
    struct value taken = {0, NULL};
    enum devsec_err err;
    uint32_t mask = 0;

    if (var->type != wire[object->base].type)
        return devsec_fail(error, DEVSEC_ERR_WRONG_TYPE, "expected %s", wire[object->base].name);
    if (object->meaning == MIB_MEANING_BITS) {
        err = take_bits(object, var, &mask, error);
        taken.number = mask;
    } else if (object->base == MIB_BASE_OCTETS) {
        err = take_text(object, var, &taken.text, error);
    } else {
        err = take_number(object, var, &taken.number, error);
    }
    if (!err)
        *value = taken;
    return err;
}

bool syntax_put_number(const struct mib_object *object, int64_t number, netsnmp_variable_list *var)
{
    u_char octets[BITS_OCTETS_MAX] = {0};
    long travels = (long)number;

    if (object->meaning == MIB_MEANING_BITS) {
        for (uint32_t bit = 0; bit < 8 * BITS_OCTETS_MAX; bit++) {
            if ((uint64_t)number & (1ull << bit))
                octets[bit / 8] = (u_char)(octets[bit / 8] | (0x80u >> (bit % 8)));
        }
        return snmp_set_var_typed_value(var, ASN_OCTET_STR, octets, bits_octets(object)) == 0;
    }
    if (object->meaning == MIB_MEANING_TRUTH)
        travels = number ? 1 : 2;
    return snmp_set_var_typed_value(var, wire[object->base].type, &travels, sizeof(travels)) == 0;
}

bool syntax_put_text(const char *text, netsnmp_variable_list *var)
{
    const char *octets = text ? text : "";

    return snmp_set_var_typed_value(var, ASN_OCTET_STR, octets, strlen(octets)) == 0;
}

bool syntax_put_date(time_t when, netsnmp_variable_list *var)
{
    u_char octets[11] = {0};
    struct tm tm;

    if (when && gmtime_r(&when, &tm)) {
        const int year = tm.tm_year + 1900;

        octets[0] = (u_char)(year >> 8);
        octets[1] = (u_char)(year & 0xff);
        octets[2] = (u_char)(tm.tm_mon + 1);
        octets[3] = (u_char)tm.tm_mday;
        octets[4] = (u_char)tm.tm_hour;
        octets[5] = (u_char)tm.tm_min;
        octets[6] = (u_char)tm.tm_sec;
    }
    octets[8] = '+';
    return snmp_set_var_typed_value(var, ASN_OCTET_STR, octets, sizeof(octets)) == 0;
}

bool syntax_to_varbind(const struct mib_object *object, const struct value *value, netsnmp_variable_list *var)
{
    if (object->base == MIB_BASE_OCTETS && object->meaning != MIB_MEANING_BITS)
        return syntax_put_text(value->text, var);
    return syntax_put_number(object, value->number, var);
}
