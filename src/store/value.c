/* SPDX-License-Identifier: Apache-2.0 */
/* Values, and what settings make of them; see schema.h for the contract and typed.h for what does the work. */
#include "store/schema.h"

#include "store/typed.h"

#include <stdlib.h>
#include <string.h>

/* ---- Values ---- */

const char *value_text(const struct value *value)
{
    return value->text ? value->text : "";
}

bool value_is_empty(const struct value *value)
{
    return value->number == 0 && value_text(value)[0] == '\0';
}

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

enum devsec_err value_set_text(struct value *to, const char *text, struct devsec_error *error)
{
    const size_t size = strlen(text) + 1;
    char *copy = NULL;

    if (size > 1) {
        copy = malloc(size);
        if (!copy)
            return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the value of a setting");
        memcpy(copy, text, size);
    }
    value_clear(to);
    to->text = copy;
    return DEVSEC_OK;
}

enum devsec_err value_copy(struct value *to, const struct value *from, struct devsec_error *error)
{
    const int64_t number = from->number;
    enum devsec_err err = value_set_text(to, value_text(from), error);

    if (!err)
        to->number = number;
    return err;
}

/* ---- Settings ---- */

struct typed setting_typed(enum setting_id id)
{
    return (struct typed){
        .name = settings[id].path,
        .object = setting_object(id),
        .secret = settings[id].secret,
        .check = settings[id].check,
    };
}

bool setting_is_text(enum setting_id id)
{
    const struct typed typed = setting_typed(id);

    return typed_is_text(&typed);
}

void setting_expected(enum setting_id id, char *to, size_t room)
{
    const struct typed typed = setting_typed(id);

    typed_expected(&typed, to, room);
}

enum devsec_err setting_refuse(enum setting_id id, enum devsec_err code, const char *found, const char *word,
                               struct devsec_error *error)
{
    const struct typed typed = setting_typed(id);

    return typed_refuse(&typed, code, found, word, error);
}

bool value_equal(enum setting_id id, const struct value *a, const struct value *b)
{
    const struct typed typed = setting_typed(id);

    return typed_equal(&typed, a, b);
}

enum devsec_err value_check(enum setting_id id, const struct value *value, struct devsec_error *error)
{
    const struct typed typed = setting_typed(id);

    return typed_check(&typed, value, error);
}

enum devsec_err value_parse(enum setting_id id, const char *text, struct value *value, struct devsec_error *error)
{
    const struct typed typed = setting_typed(id);

    return typed_parse(&typed, text, value, error);
}

char *value_format(enum setting_id id, const struct value *value)
{
    const struct typed typed = setting_typed(id);

    return typed_format(&typed, value);
}

enum devsec_err value_default(enum setting_id id, struct value *value, struct devsec_error *error)
{
    const struct mib_object *object = setting_object(id);

    if (!object->defval)
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s has no DEFVAL in the MIB", object->name);
    return value_parse(id, object->defval, value, error);
}
