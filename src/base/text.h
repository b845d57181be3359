/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: a growing buffer, UTF-8, near names, and showing foreign text without letting it harm a terminal or log. */
#ifndef DEVSEC_BASE_TEXT_H
#define DEVSEC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* A growing string. Zero-initialise; `failed` is set once memory ran out, and then appends do nothing. */
struct text {
    char *data; /* ends in NUL once something was appended; NULL before */
    size_t length;
    size_t room;
    bool failed;
};

void text_append(struct text *text, const char *string);
void text_append_n(struct text *text, const char *bytes, size_t count);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *text); /* frees and zeroes the structure */

/* Hands the string over to the caller (who frees it) and zeroes the structure; "" if empty, NULL if memory ran out. */
char *text_take(struct text *text);

/* Well-formed UTF-8 (RFC 3629) without NUL. */
bool text_is_utf8(const char *bytes, size_t count);

/* Reads the first character; returns how many octets it takes, 0 if there is none or it is not well-formed UTF-8. */
size_t text_decode(const char *bytes, size_t count, uint32_t *code);

/* Whether a character can be shown as it is: no control, no line break, nothing that turns the writing direction. */
bool text_is_safe(uint32_t code);

/* Writes `from` into `to` with controls, quotes and malformed UTF-8 as \xNN, cut with "..." when it does not fit. */
void text_show(char *to, size_t room, const char *from, size_t count);

/* A decimal integer with nothing around it, no plus sign and no leading zeros; kept at the ends of int64_t. */
bool text_parse_number(const char *text, int64_t *number);

/* Damerau-Levenshtein distance, or SIZE_MAX when above `limit`. For suggesting names, on strings up to 128 octets. */
size_t text_distance(const char *a, const char *b, size_t limit);

/*
 * The one name that a mistyped `word` was most likely meant to be: set `word`, zero the rest, offer every known name,
 * then read `name`, which is "" when nothing is near or two names are equally near.
 */
#define TEXT_NAME_MAX 128
struct text_nearest {
    const char *word;
    char name[TEXT_NAME_MAX];
    size_t distance; /* of `name`, plus one; 0 while nothing was near */
};
void text_nearest_offer(struct text_nearest *nearest, const char *name);

/* "2026-11-21T23:12:26Z" (RFC 3339). `room` must be 21 at least. */
void text_date(char *to, size_t room, time_t when);

/* The reverse; false if it is not exactly of that form or no such time. */
bool text_parse_date(const char *text, time_t *when);

#endif
