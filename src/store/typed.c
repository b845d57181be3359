/* SPDX-License-Identifier: Apache-2.0 */
/* Check, parse, format and compare values, all by what the MIB object says; see typed.h for the contract. */
#include "store/typed.h"

#include "base/text.h"
#include "secret/seal.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_ROOM  96
#define FOUND_ROOM  (SHOWN_ROOM + 16)
#define NUMBER_ROOM 24
#define EMPTY_SET   "none"
#define BITS_LABELS 32 /* a mask has this many bits */
#define SEPARATORS  ", \t"
#define OCTETS_MOST 65535 /* RFC 2578, 7.1.2 */

/* How one kind of value works. `check` sees only the value, `parse` may leave limits to `check`. */
struct form {
    void (*expected)(const struct typed *typed, char *to, size_t room);
    enum devsec_err (*check)(const struct typed *typed, const struct value *value, struct devsec_error *error);
    enum devsec_err (*parse)(const struct typed *typed, const char *text, struct value *value,
                             struct devsec_error *error);
    void (*format)(const struct typed *typed, const struct value *value, struct text *text);
};

static const struct form *typed_form(const struct typed *typed);

static void add(char *to, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Appends to a string in a buffer, cut at its end. */
static void add(char *to, size_t room, const char *format, ...)
{
    const size_t used = strlen(to);
    va_list args;

    va_start(args, format);
    vsnprintf(to + used, room - used, format, args);
    va_end(args);
}

/* The labels, or the words, one by one; NULL behind the last. */
static const char *typed_label(const struct typed *typed, size_t i)
{
    if (typed->object)
        return i < typed->object->n_labels ? typed->object->labels[i].name : NULL;
    return typed->words ? typed->words[i] : NULL;
}

void typed_expected(const struct typed *typed, char *to, size_t room)
{
    to[0] = '\0';
    typed_form(typed)->expected(typed, to, room);
}

enum devsec_err typed_refuse(const struct typed *typed, enum devsec_err code, const char *found, const char *word,
                             struct devsec_error *error)
{
    struct text_nearest nearest = {.word = word};
    char expected[SETTING_EXPECTED_MAX];

    typed_expected(typed, expected, sizeof(expected));
    if (typed->secret)
        return devsec_fail(error, code, "%s: this value is not allowed, expected %s", typed->name, expected);
    for (size_t i = 0; word && typed_label(typed, i); i++)
        text_nearest_offer(&nearest, typed_label(typed, i));
    if (nearest.name[0] == '\0')
        return devsec_fail(error, code, "%s: found %s, expected %s", typed->name, found, expected);
    return devsec_fail(error, code, "%s: found %s, expected %s; did you mean \"%s\"?", typed->name, found, expected,
                       nearest.name);
}

static enum devsec_err refuse_text(const struct typed *typed, enum devsec_err code, const char *text, size_t length,
                                   struct devsec_error *error)
{
    char found[FOUND_ROOM];
    char shown[SHOWN_ROOM];
    char word[SHOWN_ROOM];

    text_show(shown, sizeof(shown), text, length);
    snprintf(found, sizeof(found), "\"%s\"", shown);
    snprintf(word, sizeof(word), "%.*s", length < sizeof(word) ? (int)length : 0, text);
    return typed_refuse(typed, code, found, word, error);
}

static enum devsec_err refuse_number(const struct typed *typed, int64_t number, struct devsec_error *error)
{
    char found[NUMBER_ROOM];

    snprintf(found, sizeof(found), "%lld", (long long)number);
    return typed_refuse(typed, DEVSEC_ERR_WRONG_VALUE, found, NULL, error);
}

/* "FIRST a, b, c" */
static void add_labels(const struct typed *typed, const char *first, char *to, size_t room)
{
    add(to, room, "%s", first);
    for (size_t i = 0; typed_label(typed, i); i++)
        add(to, room, "%s%s", i ? ", " : " ", typed_label(typed, i));
}

/* Numbers. */

/* What a number without ranges of its own can be (RFC 2578, 7.1). */
static const struct mib_range base_ranges[] = {
    [MIB_BASE_INTEGER] = {INT32_MIN, INT32_MAX},
    [MIB_BASE_UNSIGNED] = {0, UINT32_MAX},
    [MIB_BASE_COUNTER32] = {0, UINT32_MAX},
};

static void number_expected(const struct typed *typed, char *to, size_t room)
{
    const struct mib_object *object = typed->object;
    const struct mib_range *ranges = object->n_ranges ? object->ranges : &base_ranges[object->base];
    const size_t count = object->n_ranges ? object->n_ranges : 1;

    add(to, room, "a number");
    for (size_t i = 0; i < count; i++)
        add(to, room, "%s from %lld to %lld", i ? " or" : "", (long long)ranges[i].low, (long long)ranges[i].high);
}

static enum devsec_err number_check(const struct typed *typed, const struct value *value, struct devsec_error *error)
{
    return mib_in_range(typed->object, value->number) ? DEVSEC_OK : refuse_number(typed, value->number, error);
}

static enum devsec_err number_parse(const struct typed *typed, const char *text, struct value *value,
                                    struct devsec_error *error)
{
    int64_t number = 0;

    if (!text_parse_number(text, &number))
        return refuse_text(typed, DEVSEC_ERR_WRONG_TYPE, text, strlen(text), error);
    if (number == INT64_MAX || number == INT64_MIN) /* past counting: shown as it was typed */
        return refuse_text(typed, DEVSEC_ERR_WRONG_VALUE, text, strlen(text), error);
    value->number = number;
    return DEVSEC_OK;
}

static void number_format(const struct typed *typed, const struct value *value, struct text *text)
{
    (void)typed;
    text_printf(text, "%lld", (long long)value->number);
}

/* Enumerations. */

static void enum_expected(const struct typed *typed, char *to, size_t room)
{
    add_labels(typed, "one of", to, room);
}

static enum devsec_err enum_check(const struct typed *typed, const struct value *value, struct devsec_error *error)
{
    if (mib_label_name(typed->object, value->number))
        return DEVSEC_OK;
    return refuse_number(typed, value->number, error);
}

static enum devsec_err enum_parse(const struct typed *typed, const char *text, struct value *value,
                                  struct devsec_error *error)
{
    uint32_t number = 0;

    if (mib_label_value(typed->object, text, &number)) {
        value->number = number;
        return DEVSEC_OK;
    }
    if (text_parse_number(text, &value->number) && mib_label_name(typed->object, value->number))
        return DEVSEC_OK;
    return refuse_text(typed, DEVSEC_ERR_WRONG_VALUE, text, strlen(text), error);
}

static void enum_format(const struct typed *typed, const struct value *value, struct text *text)
{
    const char *name = mib_label_name(typed->object, value->number);

    if (name)
        text_append(text, name);
    else
        number_format(typed, value, text); /* never a checked value */
}

/* TruthValue. */

static void truth_expected(const struct typed *typed, char *to, size_t room)
{
    (void)typed;
    add(to, room, "true or false");
}

static enum devsec_err truth_check(const struct typed *typed, const struct value *value, struct devsec_error *error)
{
    return value->number == 0 || value->number == 1 ? DEVSEC_OK : refuse_number(typed, value->number, error);
}

static enum devsec_err truth_parse(const struct typed *typed, const char *text, struct value *value,
                                   struct devsec_error *error)
{
    value->number = strcmp(text, "true") == 0;
    if (value->number || strcmp(text, "false") == 0)
        return DEVSEC_OK;
    return refuse_text(typed, DEVSEC_ERR_WRONG_TYPE, text, strlen(text), error);
}

static void truth_format(const struct typed *typed, const struct value *value, struct text *text)
{
    (void)typed;
    text_append(text, value->number ? "true" : "false");
}

/* BITS. */

static void bits_expected(const struct typed *typed, char *to, size_t room)
{
    add_labels(typed, "a list of", to, room);
}

static enum devsec_err bits_check(const struct typed *typed, const struct value *value, struct devsec_error *error)
{
    const struct mib_object *object = typed->object;
    int64_t known = 0;

    for (size_t i = 0; i < object->n_labels; i++) {
        if (object->labels[i].value < BITS_LABELS)
            known |= (int64_t)1 << object->labels[i].value;
    }
    if ((value->number & ~known) == 0)
        return DEVSEC_OK;
    return typed_refuse(typed, DEVSEC_ERR_WRONG_VALUE, "a bit that has no name", NULL, error);
}

static enum devsec_err bits_parse(const struct typed *typed, const char *text, struct value *value,
                                  struct devsec_error *error)
{
    const char *at = text;
    char label[SHOWN_ROOM];
    uint32_t bit = 0;

    if (strcmp(text, EMPTY_SET) == 0)
        return DEVSEC_OK;
    for (size_t length = 0; *at; at += length) {
        at += strspn(at, SEPARATORS);
        length = strcspn(at, SEPARATORS);
        if (!length)
            break;
        snprintf(label, sizeof(label), "%.*s", length < sizeof(label) ? (int)length : 0, at);
        if (!mib_label_value(typed->object, label, &bit) || bit >= BITS_LABELS)
            return refuse_text(typed, DEVSEC_ERR_WRONG_VALUE, at, length, error);
        value->number |= (int64_t)1 << bit;
    }
    if (!value->number && strchr(text, ','))
        return refuse_text(typed, DEVSEC_ERR_WRONG_VALUE, text, strlen(text), error);
    return DEVSEC_OK;
}

static void bits_format(const struct typed *typed, const struct value *value, struct text *text)
{
    const char *separator = "";

    for (uint32_t bit = 0; bit < BITS_LABELS; bit++) {
        const char *name = value->number >> bit & 1 ? mib_label_name(typed->object, bit) : NULL;

        if (!name)
            continue;
        text_append(text, separator);
        text_append(text, name);
        separator = ",";
    }
    if (!text->length)
        text_append(text, EMPTY_SET);
}

/* Texts. */

/* The ranges that count: the object's, or the one up to what a text without an object may have. */
static size_t text_ranges(const struct typed *typed, const struct mib_range *own, const struct mib_range **ranges)
{
    *ranges = typed->object ? typed->object->ranges : own;
    return typed->object ? typed->object->n_ranges : 1;
}

static void text_expected(const struct typed *typed, char *to, size_t room)
{
    const struct mib_range own = {0, (int64_t)typed->text_max};
    const struct mib_range *ranges = NULL;
    const size_t count = text_ranges(typed, &own, &ranges);

    add(to, room, "a text");
    if (!count)
        add(to, room, " of at most %d octets", OCTETS_MOST);
    for (size_t i = 0; i < count; i++) {
        const long long low = (long long)ranges[i].low;
        const long long high = (long long)ranges[i].high;

        add(to, room, i ? " or of" : " of");
        if (low == high)
            add(to, room, " %lld octets", low);
        else if (low == 0)
            add(to, room, " at most %lld octets", high);
        else
            add(to, room, " %lld to %lld octets", low, high);
    }
}

static bool text_fits(const struct typed *typed, size_t length)
{
    return typed->object ? mib_in_range(typed->object, (int64_t)length) : length <= typed->text_max;
}

static enum devsec_err text_check(const struct typed *typed, const struct value *value, struct devsec_error *error)
{
    const char *text = value_text(value);
    const size_t length = strlen(text);
    char found[FOUND_ROOM];

    if (!text_fits(typed, length)) {
        snprintf(found, sizeof(found), "a text of %zu octet%s", length, length == 1 ? "" : "s");
        return typed_refuse(typed, DEVSEC_ERR_WRONG_LENGTH, found, NULL, error);
    }
    if (!text_is_utf8(text, length))
        return typed_refuse(typed, DEVSEC_ERR_WRONG_VALUE, "octets that are not UTF-8", NULL, error);
    return DEVSEC_OK;
}

static enum devsec_err text_parse(const struct typed *typed, const char *text, struct value *value,
                                  struct devsec_error *error)
{
    (void)typed;
    return value_set_text(value, text, error);
}

static void text_format(const struct typed *typed, const struct value *value, struct text *text)
{
    (void)typed;
    text_append(text, value_text(value));
}

/* Texts of which only some are allowed. */

static void word_expected(const struct typed *typed, char *to, size_t room)
{
    add_labels(typed, "one of", to, room);
}

static enum devsec_err word_check(const struct typed *typed, const struct value *value, struct devsec_error *error)
{
    const char *text = value_text(value);

    for (size_t i = 0; typed->words[i]; i++) {
        if (strcmp(typed->words[i], text) == 0)
            return DEVSEC_OK;
    }
    return refuse_text(typed, DEVSEC_ERR_WRONG_VALUE, text, strlen(text), error);
}

/* Secrets that seal() has made. */

static void sealed_expected(const struct typed *typed, char *to, size_t room)
{
    add(to, room, "a secret of at most %zu octets as devsecctl seals it", typed->text_max);
}

static enum devsec_err sealed_check(const struct typed *typed, const struct value *value, struct devsec_error *error)
{
    const char *text = value_text(value);

    if (!text_fits(typed, strlen(text)))
        return typed_refuse(typed, DEVSEC_ERR_WRONG_LENGTH, "", NULL, error);
    return seal_is_sealed(text) ? DEVSEC_OK : typed_refuse(typed, DEVSEC_ERR_WRONG_VALUE, "", NULL, error);
}

/* Moments, in seconds since 1970 in UTC; 0 is none. In the document, and for people, as text_date writes them. */

#define DATE_ROOM 21
#define DATE_LAST 253402300799 /* the end of the year 9999: RFC 3339 has four digits for it */

static void date_expected(const struct typed *typed, char *to, size_t room)
{
    (void)typed;
    add(to, room, "a time in UTC after 1970-01-01T00:00:00Z, such as \"2026-11-22T05:37:50Z\"");
}

static enum devsec_err date_check(const struct typed *typed, const struct value *value, struct devsec_error *error)
{
    return value->number > 0 && value->number <= DATE_LAST ? DEVSEC_OK : refuse_number(typed, value->number, error);
}

static enum devsec_err date_parse(const struct typed *typed, const char *text, struct value *value,
                                  struct devsec_error *error)
{
    time_t when = 0;

    if (text[0] == '\0') /* as format writes none; whether none is allowed is not for here */
        return DEVSEC_OK;
    if (!text_parse_date(text, &when) || when <= 0)
        return refuse_text(typed, DEVSEC_ERR_WRONG_VALUE, text, strlen(text), error);
    value->number = when;
    return DEVSEC_OK;
}

static void date_format(const struct typed *typed, const struct value *value, struct text *text)
{
    char date[DATE_ROOM] = "";

    (void)typed;
    if (value->number)
        text_date(date, sizeof(date), value->number);
    text_append(text, date);
}

/* Which form a meaning has; whatever is not here is a number, and octets that are neither BITS nor a date a text. */
static const struct form forms[] = {
    [MIB_MEANING_PLAIN] = {number_expected, number_check, number_parse, number_format},
    [MIB_MEANING_ENUM] = {enum_expected, enum_check, enum_parse, enum_format},
    [MIB_MEANING_BITS] = {bits_expected, bits_check, bits_parse, bits_format},
    [MIB_MEANING_TRUTH] = {truth_expected, truth_check, truth_parse, truth_format},
    [MIB_MEANING_TEXT] = {text_expected, text_check, text_parse, text_format},
    [MIB_MEANING_DATE] = {date_expected, date_check, date_parse, date_format},
};

/* Those of texts without an object. */
static const struct form word_form = {word_expected, word_check, text_parse, text_format};
static const struct form sealed_form = {sealed_expected, sealed_check, text_parse, text_format};

static const struct form *typed_form(const struct typed *typed)
{
    const size_t meaning = typed->object ? (size_t)typed->object->meaning : MIB_MEANING_TEXT;

    if (!typed->object && typed->words)
        return &word_form;
    if (!typed->object && typed->sealed)
        return &sealed_form;
    if (typed_is_text(typed))
        return &forms[MIB_MEANING_TEXT];
    return &forms[meaning < sizeof(forms) / sizeof(forms[0]) ? meaning : MIB_MEANING_PLAIN];
}

/* What is common to all. */

bool typed_is_text(const struct typed *typed)
{
    return !typed->object || (typed->object->base == MIB_BASE_OCTETS && typed->object->meaning != MIB_MEANING_BITS &&
                              typed->object->meaning != MIB_MEANING_DATE);
}

bool typed_equal(const struct typed *typed, const struct value *a, const struct value *b)
{
    if (typed_is_text(typed))
        return strcmp(value_text(a), value_text(b)) == 0;
    return a->number == b->number;
}

enum devsec_err typed_check(const struct typed *typed, const struct value *value, struct devsec_error *error)
{
    struct devsec_error own = {0};
    enum devsec_err err;

    if (typed->optional && value_is_empty(value))
        return DEVSEC_OK;
    err = typed_form(typed)->check(typed, value, error);
    if (err || !typed->check)
        return err;
    err = typed->check(value, &own);
    return err ? devsec_fail(error, err, "%s: %s", typed->name, own.text) : DEVSEC_OK;
}

enum devsec_err typed_parse(const struct typed *typed, const char *text, struct value *value,
                            struct devsec_error *error)
{
    struct value parsed = {0};
    enum devsec_err err;

    err = typed_form(typed)->parse(typed, text, &parsed, error);
    if (!err)
        err = typed_check(typed, &parsed, error);
    if (err) {
        value_clear(&parsed);
        return err;
    }
    value_clear(value);
    *value = parsed;
    return DEVSEC_OK;
}

char *typed_format(const struct typed *typed, const struct value *value)
{
    struct text text = {0};

    typed_form(typed)->format(typed, value, &text);
    return text_take(&text);
}
