/* SPDX-License-Identifier: Apache-2.0 */
/* Tree to YAML, quoted so that every reader, of YAML 1.1 or 1.2, gets the same values back; see yaml.h. */
#include "base/text.h"
#include "store/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INDENT ((size_t)2)

static const char spaces[] = "                                ";

_Static_assert(sizeof(spaces) > YAML_DEPTH_MAX * INDENT, "the deepest line cannot be indented");

struct print {
    struct text text;
    struct devsec_error *error;
};

/* Plain words that some reader takes for something else than a text (YAML 1.1 booleans and nulls included). */
static const char *const special_words[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};

/* Whether these characters mean nothing to YAML, inside and outside of flow collections. */
static bool is_plain(const char *scalar)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+-";
    const size_t length = strlen(scalar);

    for (size_t i = 0; i < length; i++) {
        const bool inner_space = scalar[i] == ' ' && i > 0 && i + 1 < length;

        if (!strchr(safe, scalar[i]) && !inner_space)
            return false;
    }
    return length > 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_special(const char *scalar)
{
    for (size_t i = 0; i < sizeof(special_words) / sizeof(special_words[0]); i++) {
        if (strcasecmp(scalar, special_words[i]) == 0)
            return true;
    }
    return false;
}

static bool is_number(const char *scalar)
{
    const char *digits = scalar + (scalar[0] == '-');

    return digits[0] != '\0' && digits[strspn(digits, "0123456789")] == '\0';
}

/* A text is left plain if it begins like a word; anything else (numbers, booleans, names) whenever it can be. */
static bool goes_plain(const char *scalar, bool is_text)
{
    if (!is_text && is_number(scalar))
        return true;
    return is_plain(scalar) && (is_letter(scalar[0]) || scalar[0] == '/') && (!is_text || !is_special(scalar));
}

/* The escapes that have a name (YAML 1.2, 5.7); other unsafe characters go by number. */
static const struct {
    uint32_t code;
    const char *escape;
} named_escapes[] = {{'\t', "\\t"}, {'\n', "\\n"}, {'\r', "\\r"}, {'"', "\\\""}, {'\\', "\\\\"}};

static const char *named_escape(uint32_t code)
{
    for (size_t i = 0; i < sizeof(named_escapes) / sizeof(named_escapes[0]); i++) {
        if (named_escapes[i].code == code)
            return named_escapes[i].escape;
    }
    return NULL;
}

/* How many octets from here on stand for themselves between quotes, whatever comes before or after them. */
static size_t count_verbatim(const char *text)
{
    size_t count = 0;

    while (text[count] >= ' ' && text[count] <= '~' && text[count] != '"' && text[count] != '\\')
        count++;
    return count;
}

static enum devsec_err print_quoted(struct print *print, const char *scalar)
{
    const size_t length = strlen(scalar);
    uint32_t code = 0;
    size_t size;

    text_append(&print->text, "\"");
    for (size_t at = 0; at < length; at += size) {
        size = count_verbatim(scalar + at);
        if (size) {
            text_append_n(&print->text, scalar + at, size);
            continue;
        }
        size = text_decode(scalar + at, length - at, &code);
        if (!size)
            return devsec_fail(print->error, DEVSEC_ERR_WRONG_VALUE, "a text that is not UTF-8 cannot be YAML");
        if (named_escape(code))
            text_append(&print->text, named_escape(code));
        else if (text_is_safe(code))
            text_append_n(&print->text, scalar + at, size);
        else
            text_printf(&print->text, code <= 0xff ? "\\x%02X" : "\\u%04X", (unsigned)code);
    }
    text_append(&print->text, "\"");
    return DEVSEC_OK;
}

static enum devsec_err print_scalar(struct print *print, const char *scalar, bool is_text)
{
    if (!goes_plain(scalar, is_text))
        return print_quoted(print, scalar);
    text_append(&print->text, scalar);
    return DEVSEC_OK;
}

/* Fits on the line of its key: a scalar, a list of scalars, anything empty. */
static bool fits_line(const struct yaml_node *node)
{
    if (node->kind == YAML_MAPPING)
        return !node->children;
    for (const struct yaml_node *child = node->children; child; child = child->next) {
        if (child->kind != YAML_SCALAR)
            return false;
    }
    return true;
}

static enum devsec_err print_line(struct print *print, const struct yaml_node *node)
{
    enum devsec_err err = DEVSEC_OK;

    if (node->kind == YAML_SCALAR)
        return print_scalar(print, node->scalar, node->quoted);
    if (node->kind == YAML_MAPPING) {
        text_append(&print->text, "{}");
        return DEVSEC_OK;
    }
    text_append(&print->text, "[");
    for (const struct yaml_node *child = node->children; child && !err; child = child->next) {
        err = print_scalar(print, child->scalar, child->quoted);
        if (child->next)
            text_append(&print->text, ", ");
    }
    text_append(&print->text, "]");
    return err;
}

/* A collection on lines of its own, inside `depth` others; `started` says that its first line has begun already. */
static enum devsec_err print_block(struct print *print, const struct yaml_node *node, size_t depth, bool started)
{
    enum devsec_err err = DEVSEC_OK;

    for (const struct yaml_node *child = node->children; child && !err; child = child->next) {
        const bool on_line = fits_line(child);
        const bool item = node->kind == YAML_SEQUENCE;

        if (child->kind != YAML_SCALAR && depth + 1 >= YAML_DEPTH_MAX)
            return devsec_fail(print->error, DEVSEC_ERR_INTERNAL, "a tree deeper than %d levels is not written",
                               YAML_DEPTH_MAX);

        if (!depth && !on_line && !item && child != node->children)
            text_append(&print->text, "\n"); /* groups stand apart */
        if (!started)
            text_append_n(&print->text, spaces, depth * INDENT);
        started = false;
        if (item)
            text_append(&print->text, "-");
        else
            err = print_scalar(print, child->key, true);
        if (err)
            break;
        text_append(&print->text, item ? "" : ":");
        if (on_line || item)
            text_append(&print->text, " ");
        else
            text_append(&print->text, "\n");
        err = on_line ? print_line(print, child) : print_block(print, child, depth + 1, item);
        if (on_line)
            text_append(&print->text, "\n");
    }
    return err;
}

enum devsec_err yaml_print(const struct yaml_node *root, char **text, size_t *length, struct devsec_error *error)
{
    struct print print = {.error = error};
    enum devsec_err err;
    size_t printed;
    char *result;

    if (fits_line(root)) {
        err = print_line(&print, root);
        text_append(&print.text, "\n");
    } else {
        err = print_block(&print, root, 0, false);
    }
    if (err)
        goto out;
    printed = print.text.length;
    result = text_take(&print.text);
    if (!result) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while writing YAML");
        goto out;
    }
    *text = result;
    *length = printed;
out:
    text_free(&print.text);
    return err;
}
