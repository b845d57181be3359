/* SPDX-License-Identifier: Apache-2.0 */
/* Between a varbind and a value; see syntax.h. */
#include "syntax.h"

#include "health.h"

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
#define RANGES_ROOM     96

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

/* "0 to 64", "8 or 11": what a number, or a count of octets, may be. */
static void write_ranges(const struct mib_object *object, char *to, size_t room)
{
    size_t used = 0;

    to[0] = '\0';
    for (size_t i = 0; i < object->n_ranges && used < room; i++) {
        const struct mib_range *range = &object->ranges[i];

        used += (size_t)snprintf(to + used, room - used, "%s%lld", i ? " or " : "", (long long)range->low);
        if (range->high != range->low && used < room)
            used += (size_t)snprintf(to + used, room - used, " to %lld", (long long)range->high);
    }
}

static enum devsec_err check_length(const struct mib_object *object, const netsnmp_variable_list *var,
                                    struct devsec_error *error)
{
    char ranges[RANGES_ROOM];

    if (mib_in_range(object, (int64_t)var->val_len))
        return DEVSEC_OK;
    write_ranges(object, ranges, sizeof(ranges));
    return devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH, "expected %s octets, got %zu", ranges, var->val_len);
}

/* A copy of the varbind's octets with a NUL behind them; NULL when out of memory. */
static char *copy_octets(const netsnmp_variable_list *var)
{
    char *copy = malloc(var->val_len + 1);

    if (!copy)
        return NULL;
    if (var->val_len)
        memcpy(copy, var->val.string, var->val_len);
    copy[var->val_len] = '\0';
    return copy;
}

static enum devsec_err take_text(const struct mib_object *object, const netsnmp_variable_list *var, char **text,
                                 struct devsec_error *error)
{
    enum devsec_err err = check_length(object, var, error);

    if (err)
        return err;
    if (!text_is_utf8((const char *)var->val.string, var->val_len))
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "expected UTF-8 text without NUL");
    *text = copy_octets(var);
    return *text ? DEVSEC_OK : devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
}

/* ---- DateAndTime (RFC 2579) ---- */

#define DATE_OCTETS_LOCAL 8  /* without the offset from UTC: taken as UTC */
#define DATE_OCTETS       11 /* with it */
#define DATE_LAST_YEAR    9999
#define DATE_FIRST        1            /* seconds since 1970; 0 is no date */
#define DATE_LAST         253402300799 /* 9999-12-31 23:59:59 */

/* The octets behind the year, which is two of them. */
static const struct {
    size_t at;
    int low;
    int high;
    const char *name;
} date_fields[] = {
    {2, 1, 12, "the month"},
    {3, 1, 31, "the day"},
    {4, 0, 23, "the hour"},
    {5, 0, 59, "the minute"},
    {6, 0, 60, "the second"}, /* a leap second */
    {7, 0, 9, "the tenth of a second"},
    {9, 0, 13, "the hours from UTC"},
    {10, 0, 59, "the minutes from UTC"},
};

/* "No date", as syntax_put_date writes it; with or without its offset from UTC. */
static bool is_no_date(const u_char *octets, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (octets[i] && (i != 8 || (octets[i] != '+' && octets[i] != '-')))
            return false;
    }
    return true;
}

static enum devsec_err check_date_fields(const u_char *octets, size_t length, struct devsec_error *error)
{
    for (size_t i = 0; i < sizeof(date_fields) / sizeof(date_fields[0]) && date_fields[i].at < length; i++) {
        const int got = octets[date_fields[i].at];

        if (got < date_fields[i].low || got > date_fields[i].high)
            return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "expected %s from %d to %d, got %d", date_fields[i].name,
                               date_fields[i].low, date_fields[i].high, got);
    }
    if (length == DATE_OCTETS && octets[8] != '+' && octets[8] != '-')
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "expected the direction from UTC as '+' or '-', got octet %d",
                           octets[8]);
    return DEVSEC_OK;
}

/* From fields that are in their ranges; the tenths of a second are dropped. */
static enum devsec_err read_date(const u_char *octets, size_t length, int64_t *when, struct devsec_error *error)
{
    const int year = octets[0] << 8 | octets[1];
    struct tm tm = {.tm_year = year - 1900, .tm_mon = octets[2] - 1, .tm_mday = octets[3]};
    int64_t seconds = (int64_t)timegm(&tm); /* turns February 30 into March 2, and says so in `tm` */

    if (tm.tm_mday != octets[3])
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "month %d of %d has no day %d", octets[2], year, octets[3]);
    seconds += octets[4] * 3600 + octets[5] * 60 + octets[6];
    if (length == DATE_OCTETS) {
        const int64_t offset = octets[9] * 3600 + octets[10] * 60;

        seconds -= octets[8] == '-' ? -offset : offset;
    }
    if (seconds < DATE_FIRST || seconds > DATE_LAST)
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE,
                           "expected a date after the beginning of 1970 and before the end of %d, UTC", DATE_LAST_YEAR);
    *when = seconds;
    return DEVSEC_OK;
}

static enum devsec_err take_date(const netsnmp_variable_list *var, int64_t *when, struct devsec_error *error)
{
    const u_char *octets = var->val.string;
    enum devsec_err err;

    if (var->val_len != 0 && var->val_len != DATE_OCTETS_LOCAL && var->val_len != DATE_OCTETS)
        return devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH,
                           "expected a date in %d or %d octets, or none for no date, got %zu", DATE_OCTETS_LOCAL,
                           DATE_OCTETS, var->val_len);
    if (is_no_date(octets, var->val_len)) {
        *when = 0;
        return DEVSEC_OK;
    }
    err = check_date_fields(octets, var->val_len, error);
    return err ? err : read_date(octets, var->val_len, when, error);
}

static enum devsec_err take_number(const struct mib_object *object, const netsnmp_variable_list *var, int64_t *number,
                                   struct devsec_error *error)
{
    /* Unsigned values arrive in a signed long that may have been sign-extended. */
    const long travelled = *var->val.integer;
    const int64_t got = object->base == MIB_BASE_INTEGER ? (int64_t)(int32_t)travelled : (int64_t)(uint32_t)travelled;
    char ranges[RANGES_ROOM];

    if (object->n_labels && (got < 0 || !mib_label_name(object, got)))
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "%lld is none of the values that are defined",
                           (long long)got);
    if (!mib_in_range(object, got)) {
        write_ranges(object, ranges, sizeof(ranges));
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "expected %s, got %lld", ranges, (long long)got);
    }
    *number = object->meaning == MIB_MEANING_TRUTH ? got == 1 : got;
    return DEVSEC_OK;
}

static enum devsec_err check_type(const struct mib_object *object, const netsnmp_variable_list *var,
                                  struct devsec_error *error)
{
    if (var->type == wire[object->base].type)
        return DEVSEC_OK;
    return devsec_fail(error, DEVSEC_ERR_WRONG_TYPE, "expected %s", wire[object->base].name);
}

enum devsec_err syntax_from_varbind(const struct mib_object *object, const netsnmp_variable_list *var,
                                    struct value *value, struct devsec_error *error)
{
    struct value taken = {0, NULL};
    enum devsec_err err = check_type(object, var, error);
    uint32_t mask = 0;

    if (err)
        return err;
    if (object->meaning == MIB_MEANING_BITS) {
        err = take_bits(object, var, &mask, error);
        taken.number = mask;
    } else if (object->meaning == MIB_MEANING_DATE) {
        err = take_date(var, &taken.number, error);
    } else if (object->base == MIB_BASE_OCTETS) {
        err = take_text(object, var, &taken.text, error);
    } else {
        err = take_number(object, var, &taken.number, error);
    }
    if (!err)
        *value = taken;
    return err;
}

bool syntax_is_octets(const struct mib_object *object)
{
    return object->base == MIB_BASE_OCTETS && object->meaning == MIB_MEANING_PLAIN;
}

enum devsec_err syntax_octets_from_varbind(const struct mib_object *object, const netsnmp_variable_list *var,
                                           unsigned char **octets, size_t *length, struct devsec_error *error)
{
    enum devsec_err err = check_type(object, var, error);
    char *copy;

    if (!err)
        err = check_length(object, var, error);
    if (err)
        return err;
    copy = copy_octets(var);
    if (!copy)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    *octets = (unsigned char *)copy;
    *length = var->val_len;
    return DEVSEC_OK;
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

bool syntax_put_octets(const void *octets, size_t length, netsnmp_variable_list *var)
{
    return snmp_set_var_typed_value(var, ASN_OCTET_STR, length ? octets : "", length) == 0;
}

bool syntax_put_sentence(const char *text, netsnmp_variable_list *var)
{
    char cut[ADMIN_STRING_MAX];

    admin_string(cut, text ? text : "");
    return syntax_put_text(cut, var);
}

bool syntax_put_date(time_t when, netsnmp_variable_list *var)
{
    u_char octets[DATE_OCTETS] = {0};
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
    if (object->meaning == MIB_MEANING_DATE)
        return syntax_put_date((time_t)value->number, var);
    if (object->base == MIB_BASE_OCTETS && object->meaning != MIB_MEANING_BITS)
        return syntax_put_text(value->text, var);
    return syntax_put_number(object, value->number, var);
}
