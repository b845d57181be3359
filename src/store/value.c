/* SPDX-License-Identifier: Apache-2.0 */
/* Values of settings: check, parse, format and compare, all by what the MIB object says; see schema.h. */
#include "store/schema.h"

#include "base/text.h"

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

/* How one kind of setting works. `check` sees only the value, `parse` may leave limits to `check`. */
struct form {
    void (*expected)(const struct mib_object *object, char *to, size_t room);
    enum devsec_err (*check)(enum setting_id id, const struct value *value, struct devsec_error *error);
    enum devsec_err (*parse)(enum setting_id id, const char *text, struct value *value, struct devsec_error *error);
    void (*format)(const struct mib_object *object, const struct value *value, struct text *text);
};

static const struct form *setting_form(enum setting_id id);

static const char *value_text(const struct value *value)
{
    return value->text ? value->text : "";
}

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

void setting_expected(enum setting_id id, char *to, size_t room)
{
    to[0] = '\0';
    setting_form(id)->expected(setting_object(id), to, room);
}

enum devsec_err setting_refuse(enum setting_id id, enum devsec_err code, const char *found, const char *word,
                               struct devsec_error *error)
{
    const struct mib_object *object = setting_object(id);
    struct text_nearest nearest = {.word = word};
    char expected[SETTING_EXPECTED_MAX];

    setting_expected(id, expected, sizeof(expected));
    if (settings[id].secret)
        return devsec_fail(error, code, "%s: this value is not allowed, expected %s", settings[id].path, expected);
    for (size_t i = 0; word && i < object->n_labels; i++)
        text_nearest_offer(&nearest, object->labels[i].name);
    if (nearest.name[0] == '\0')
        return devsec_fail(error, code, "%s: found %s, expected %s", settings[id].path, found, expected);
    return devsec_fail(error, code, "%s: found %s, expected %s; did you mean \"%s\"?", settings[id].path, found,
                       expected, nearest.name);
}

static enum devsec_err refuse_text(enum setting_id id, enum devsec_err code, const char *text, size_t length,
                                   struct devsec_error *error)
{
    char found[FOUND_ROOM];
    char shown[SHOWN_ROOM];
    char word[SHOWN_ROOM];

    text_show(shown, sizeof(shown), text, length);
    snprintf(found, sizeof(found), "\"%s\"", shown);
    snprintf(word, sizeof(word), "%.*s", length < sizeof(word) ? (int)length : 0, text);
    return setting_refuse(id, code, found, word, error);
}

static enum devsec_err refuse_number(enum setting_id id, int64_t number, struct devsec_error *error)
{
    char found[NUMBER_ROOM];

    snprintf(found, sizeof(found), "%lld", (long long)number);
    return setting_refuse(id, DEVSEC_ERR_WRONG_VALUE, found, NULL, error);
}

/* "FIRST a, b, c" */
static void add_labels(const struct mib_object *object, const char *first, char *to, size_t room)
{
    add(to, room, "%s", first);
    for (size_t i = 0; i < object->n_labels; i++)
        add(to, room, "%s%s", i ? ", " : " ", object->labels[i].name);
}

/* Numbers. */

/* What a number without ranges of its own can be (RFC 2578, 7.1). */
static const struct mib_range base_ranges[] = {
    [MIB_BASE_INTEGER] = {INT32_MIN, INT32_MAX},
    [MIB_BASE_UNSIGNED] = {0, UINT32_MAX},
    [MIB_BASE_COUNTER32] = {0, UINT32_MAX},
};

static void number_expected(const struct mib_object *object, char *to, size_t room)
{
    const struct mib_range *ranges = object->n_ranges ? object->ranges : &base_ranges[object->base];
    const size_t count = object->n_ranges ? object->n_ranges : 1;

    add(to, room, "a number");
    for (size_t i = 0; i < count; i++)
        add(to, room, "%s from %lld to %lld", i ? " or" : "", (long long)ranges[i].low, (long long)ranges[i].high);
}

static enum devsec_err number_check(enum setting_id id, const struct value *value, struct devsec_error *error)
{
    return mib_in_range(setting_object(id), value->number) ? DEVSEC_OK : refuse_number(id, value->number, error);
}

static enum devsec_err number_parse(enum setting_id id, const char *text, struct value *value,
                                    struct devsec_error *error)
{
    int64_t number = 0;

    if (!text_parse_number(text, &number))
        return refuse_text(id, DEVSEC_ERR_WRONG_TYPE, text, strlen(text), error);
    if (number == INT64_MAX || number == INT64_MIN) /* past counting: shown as it was typed */
        return refuse_text(id, DEVSEC_ERR_WRONG_VALUE, text, strlen(text), error);
    value->number = number;
    return DEVSEC_OK;
}

static void number_format(const struct mib_object *object, const struct value *value, struct text *text)
{
    (void)object;
    text_printf(text, "%lld", (long long)value->number);
}

/* Enumerations. */

static void enum_expected(const struct mib_object *object, char *to, size_t room)
{
    add_labels(object, "one of", to, room);
}

static enum devsec_err enum_check(enum setting_id id, const struct value *value, struct devsec_error *error)
{
    if (mib_label_name(setting_object(id), value->number))
        return DEVSEC_OK;
    return refuse_number(id, value->number, error);
}

static enum devsec_err enum_parse(enum setting_id id, const char *text, struct value *value, struct devsec_error *error)
{
    uint32_t number = 0;

    if (mib_label_value(setting_object(id), text, &number)) {
        value->number = number;
        return DEVSEC_OK;
    }
    if (text_parse_number(text, &value->number) && mib_label_name(setting_object(id), value->number))
        return DEVSEC_OK;
    return refuse_text(id, DEVSEC_ERR_WRONG_VALUE, text, strlen(text), error);
}

static void enum_format(const struct mib_object *object, const struct value *value, struct text *text)
{
    const char *name = mib_label_name(object, value->number);

    if (name)
        text_append(text, name);
    else
        number_format(object, value, text); /* never a checked value */
}

/* TruthValue. */

static void truth_expected(const struct mib_object *object, char *to, size_t room)
{
    (void)object;
    add(to, room, "true or false");
}

static enum devsec_err truth_check(enum setting_id id, const struct value *value, struct devsec_error *error)
{
    return value->number == 0 || value->number == 1 ? DEVSEC_OK : refuse_number(id, value->number, error);
}

static enum devsec_err truth_parse(enum setting_id id, const char *text, struct value *value,
                                   struct devsec_error *error)
{
    value->number = strcmp(text, "true") == 0;
    if (value->number || strcmp(text, "false") == 0)
        return DEVSEC_OK;
    return refuse_text(id, DEVSEC_ERR_WRONG_TYPE, text, strlen(text), error);
}

static void truth_format(const struct mib_object *object, const struct value *value, struct text *text)
{
    (void)object;
    text_append(text, value->number ? "true" : "false");
}

/* BITS. */

static void bits_expected(const struct mib_object *object, char *to, size_t room)
{
    add_labels(object, "a list of", to, room);
}

static enum devsec_err bits_check(enum setting_id id, const struct value *value, struct devsec_error *error)
{
    const struct mib_object *object = setting_object(id);
    int64_t known = 0;

    for (size_t i = 0; i < object->n_labels; i++) {
        if (object->labels[i].value < BITS_LABELS)
            known |= (int64_t)1 << object->labels[i].value;
    }
    if ((value->number & ~known) == 0)
        return DEVSEC_OK;
    return setting_refuse(id, DEVSEC_ERR_WRONG_VALUE, "a bit that has no name", NULL, error);
}

static enum devsec_err bits_parse(enum setting_id id, const char *text, struct value *value, struct devsec_error *error)
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
        if (!mib_label_value(setting_object(id), label, &bit) || bit >= BITS_LABELS)
            return refuse_text(id, DEVSEC_ERR_WRONG_VALUE, at, length, error);
        value->number |= (int64_t)1 << bit;
    }
    if (!value->number && strchr(text, ','))
        return refuse_text(id, DEVSEC_ERR_WRONG_VALUE, text, strlen(text), error);
    return DEVSEC_OK;
}

static void bits_format(const struct mib_object *object, const struct value *value, struct text *text)
{
    const char *separator = "";

    for (uint32_t bit = 0; bit < BITS_LABELS; bit++) {
        const char *name = value->number >> bit & 1 ? mib_label_name(object, bit) : NULL;

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

static void text_expected(const struct mib_object *object, char *to, size_t room)
{
    add(to, room, "a text");
    if (!object->n_ranges)
        add(to, room, " of at most %d octets", OCTETS_MOST);
    for (size_t i = 0; i < object->n_ranges; i++) {
        const long long low = (long long)object->ranges[i].low;
        const long long high = (long long)object->ranges[i].high;

        add(to, room, i ? " or of" : " of");
        if (low == high)
            add(to, room, " %lld octets", low);
        else if (low == 0)
            add(to, room, " at most %lld octets", high);
        else
            add(to, room, " %lld to %lld octets", low, high);
    }
}

static enum devsec_err text_check(enum setting_id id, const struct value *value, struct devsec_error *error)
{
    const char *text = value_text(value);
    const size_t length = strlen(text);
    char found[FOUND_ROOM];

    if (!mib_in_range(setting_object(id), (int64_t)length)) {
        snprintf(found, sizeof(found), "a text of %zu octets", length);
        return setting_refuse(id, DEVSEC_ERR_WRONG_LENGTH, found, NULL, error);
    }
    if (!text_is_utf8(text, length))
        return setting_refuse(id, DEVSEC_ERR_WRONG_VALUE, "octets that are not UTF-8", NULL, error);
    return DEVSEC_OK;
}

static char *copy_text(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

static enum devsec_err fail_memory(struct devsec_error *error)
{
    return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the value of a setting");
}

static enum devsec_err text_parse(enum setting_id id, const char *text, struct value *value, struct devsec_error *error)
{
    (void)id;
    if (text[0] == '\0')
        return DEVSEC_OK;
    value->text = copy_text(text);
    return value->text ? DEVSEC_OK : fail_memory(error);
}

static void text_format(const struct mib_object *object, const struct value *value, struct text *text)
{
    (void)object;
    text_append(text, value_text(value));
}

/* Which form a meaning has; whatever is not here is a number, and octets that are no BITS are a text. */
static const struct form forms[] = {
    [MIB_MEANING_PLAIN] = {number_expected, number_check, number_parse, number_format},
    [MIB_MEANING_ENUM] = {enum_expected, enum_check, enum_parse, enum_format},
    [MIB_MEANING_BITS] = {bits_expected, bits_check, bits_parse, bits_format},
    [MIB_MEANING_TRUTH] = {truth_expected, truth_check, truth_parse, truth_format},
    [MIB_MEANING_TEXT] = {text_expected, text_check, text_parse, text_format},
};

static const struct form *setting_form(enum setting_id id)
{
    const enum mib_meaning meaning = setting_object(id)->meaning;

    if (setting_is_text(id))
        return &forms[MIB_MEANING_TEXT];
    return &forms[(size_t)meaning < sizeof(forms) / sizeof(forms[0]) ? meaning : MIB_MEANING_PLAIN];
}

/* What is common to all. */

void value_init(struct value *value)
{
    *value = (struct value){0};
}

void value_clear(struct value *value)
{
    if (value->text)
        explicit_bzero(value->text, strlen(value->text));
    free(value->text);
    explicit_bzero(value, sizeof(*value));
}

enum devsec_err value_copy(struct value *to, const struct value *from, struct devsec_error *error)
{
    struct value copy = {.number = from->number};

    if (from->text && from->text[0] != '\0') {
        copy.text = copy_text(from->text);
        if (!copy.text)
            return fail_memory(error);
    }
    value_clear(to);
    *to = copy;
    return DEVSEC_OK;
}

bool value_equal(enum setting_id id, const struct value *a, const struct value *b)
{
    if (setting_is_text(id))
        return strcmp(value_text(a), value_text(b)) == 0;
    return a->number == b->number;
}

enum devsec_err value_check(enum setting_id id, const struct value *value, struct devsec_error *error)
{
    struct devsec_error own = {0};
    enum devsec_err err = setting_form(id)->check(id, value, error);

    if (err || !settings[id].check)
        return err;
    err = settings[id].check(value, &own);
    return err ? devsec_fail(error, err, "%s: %s", settings[id].path, own.text) : DEVSEC_OK;
}

enum devsec_err value_parse(enum setting_id id, const char *text, struct value *value, struct devsec_error *error)
{
    struct value parsed = {0};
    enum devsec_err err;

    err = setting_form(id)->parse(id, text, &parsed, error);
    if (!err)
        err = value_check(id, &parsed, error);
    if (err) {
        value_clear(&parsed);
        return err;
    }
    value_clear(value);
    *value = parsed;
    return DEVSEC_OK;
}

char *value_format(enum setting_id id, const struct value *value)
{
    struct text text = {0};

    setting_form(id)->format(setting_object(id), value, &text);
    return text_take(&text);
}

enum devsec_err value_default(enum setting_id id, struct value *value, struct devsec_error *error)
{
    const struct mib_object *object = setting_object(id);

    if (!object->defval)
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s has no DEFVAL in the MIB", object->name);
    return value_parse(id, object->defval, value, error);
}
