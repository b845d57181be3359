/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: the growing buffer, UTF-8, near names, safe showing and RFC 3339 dates; see text.h for the contract. */
#include "base/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_FIRST_ROOM    64
#define TEXT_DISTANCE_MAX  128
#define TEXT_SHOWN_OCTET   4 /* "\xNN" */
#define TEXT_DATE_SIZE     21
#define TEXT_DATE_FIRST    (-62167219200LL) /* 0000-01-01T00:00:00Z */
#define TEXT_DATE_LAST     253402300799LL   /* 9999-12-31T23:59:59Z */
#define TEXT_TM_FIRST_YEAR 1900

/* Makes room for `count` more octets and the NUL behind them. */
static bool text_reserve(struct text *text, size_t count)
{
    size_t room = text->room ? text->room : TEXT_FIRST_ROOM;
    char *data;

    if (text->failed)
        return false;
    if (count >= SIZE_MAX / 2 - text->length) {
        text->failed = true;
        return false;
    }
    while (room < text->length + count + 1)
        room *= 2;
    if (room == text->room)
        return true;
    data = realloc(text->data, room);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->room = room;
    return true;
}

void text_append_n(struct text *text, const char *bytes, size_t count)
{
    if (!text_reserve(text, count))
        return;
    if (count)
        memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

void text_append(struct text *text, const char *string)
{
    text_append_n(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        text->failed = true;
        return;
    }
    if (!text_reserve(text, (size_t)length))
        return;
    va_start(args, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, args);
    va_end(args);
    text->length += (size_t)length;
}

void text_free(struct text *text)
{
    free(text->data);
    memset(text, 0, sizeof(*text));
}

char *text_take(struct text *text)
{
    char *data = NULL;

    text_append_n(text, NULL, 0);
    if (!text->failed) {
        data = text->data;
        text->data = NULL;
    }
    text_free(text);
    return data;
}

/* The well-formed sequences of RFC 3629, section 4: after the second octet only 80..BF follow. */
static const struct {
    uint8_t lead_first;
    uint8_t lead_last;
    uint8_t size;
    uint8_t second_first;
    uint8_t second_last;
} utf8_forms[] = {
    {0x00, 0x7f, 1, 0x00, 0x00}, {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

size_t text_decode(const char *bytes, size_t count, uint32_t *code)
{
    const uint8_t *octets = (const uint8_t *)bytes;
    size_t form = 0;
    size_t size;

    if (!count)
        return 0;
    while (form < sizeof(utf8_forms) / sizeof(utf8_forms[0]) && octets[0] > utf8_forms[form].lead_last)
        form++;
    if (form == sizeof(utf8_forms) / sizeof(utf8_forms[0]) || octets[0] < utf8_forms[form].lead_first)
        return 0;
    size = utf8_forms[form].size;
    if (size > count)
        return 0;
    if (size == 1) {
        *code = octets[0];
        return 1;
    }
    if (octets[1] < utf8_forms[form].second_first || octets[1] > utf8_forms[form].second_last)
        return 0;
    *code = octets[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if (octets[i] < 0x80 || octets[i] > 0xbf)
            return 0;
        *code = *code << 6 | (octets[i] & 0x3fu);
    }
    return size;
}

bool text_is_utf8(const char *bytes, size_t count)
{
    uint32_t code = 0;
    size_t size;

    for (size_t at = 0; at < count; at += size) {
        size = text_decode(bytes + at, count - at, &code);
        if (!size || !code)
            return false;
    }
    return true;
}

/* Characters that act on a terminal or a text's layout instead of being seen (Unicode categories Cc, Zl, Zp, the
 * direction marks of UAX 9, the byte order mark and the non-characters beside it). */
static const struct {
    uint32_t first;
    uint32_t last;
} unsafe_ranges[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200e, 0x200f},
    {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}, {0xfffe, 0xffff},
};

bool text_is_safe(uint32_t code)
{
    for (size_t i = 0; i < sizeof(unsafe_ranges) / sizeof(unsafe_ranges[0]); i++) {
        if (code >= unsafe_ranges[i].first && code <= unsafe_ranges[i].last)
            return false;
    }
    return true;
}

/* One character of `from` as text_show shows it; returns how many octets of `from` it took. */
static size_t show_one(char *shown, const char *from, size_t count)
{
    uint32_t code = 0;
    size_t size = text_decode(from, count, &code);

    if (size && text_is_safe(code) && code != '"' && code != '\\') {
        memcpy(shown, from, size);
        shown[size] = '\0';
        return size;
    }
    if (!size)
        size = 1;
    for (size_t i = 0; i < size; i++)
        snprintf(shown + TEXT_SHOWN_OCTET * i, TEXT_SHOWN_OCTET + 1, "\\x%02x", (unsigned)(uint8_t)from[i]);
    return size;
}

void text_show(char *to, size_t room, const char *from, size_t count)
{
    static const char dots[] = "...";
    char shown[4 * TEXT_SHOWN_OCTET + 1] = ""; /* what did not fit, in the end */
    size_t used = 0;
    size_t cut = 0; /* the last place where the dots would still fit */
    size_t at = 0;

    if (!room)
        return;
    while (at < count) {
        at += show_one(shown, from + at, count - at);
        if (used + strlen(shown) >= room)
            break;
        memcpy(to + used, shown, strlen(shown));
        used += strlen(shown);
        if (used + sizeof(dots) <= room)
            cut = used;
        shown[0] = '\0';
    }
    to[used] = '\0';
    if (shown[0] != '\0')
        snprintf(to + cut, room - cut, "%s", dots);
}

bool text_parse_number(const char *text, int64_t *number)
{
    const bool negative = text[0] == '-';
    const char *digits = text + (negative ? 1 : 0);
    const size_t count = strspn(digits, "0123456789");
    int64_t result = 0;

    if (!count || digits[count] != '\0' || (digits[0] == '0' && (count > 1 || negative)))
        return false;
    for (size_t i = 0; i < count; i++) {
        const int digit = digits[i] - '0';

        if (result > (INT64_MAX - digit) / 10) {
            *number = negative ? INT64_MIN : INT64_MAX;
            return true;
        }
        result = result * 10 + digit;
    }
    *number = negative ? -result : result;
    return true;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * The unrestricted distance, where a transposed pair may be edited further: `row_of[c]` is the last row whose letter
 * is c, and `column_of_match` the last column in this row that matched. Row and column 0 hold an infinite border.
 */
size_t text_distance(const char *a, const char *b, size_t limit)
{
    uint16_t cost[TEXT_DISTANCE_MAX + 2][TEXT_DISTANCE_MAX + 2];
    uint8_t row_of[UCHAR_MAX + 1] = {0};
    const size_t length_a = strnlen(a, TEXT_DISTANCE_MAX + 1);
    const size_t length_b = strnlen(b, TEXT_DISTANCE_MAX + 1);
    const uint16_t infinite = 2 * TEXT_DISTANCE_MAX + 1;

    if (length_a > TEXT_DISTANCE_MAX || length_b > TEXT_DISTANCE_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i <= length_a; i++) {
        cost[i + 1][0] = infinite;
        cost[i + 1][1] = (uint16_t)i;
    }
    for (size_t j = 0; j <= length_b; j++) {
        cost[0][j + 1] = infinite;
        cost[1][j + 1] = (uint16_t)j;
    }
    cost[0][0] = infinite;
    for (size_t i = 1; i <= length_a; i++) {
        size_t column_of_match = 0;

        for (size_t j = 1; j <= length_b; j++) {
            const size_t row = row_of[(uint8_t)b[j - 1]];
            const size_t column = column_of_match;
            const bool same = a[i - 1] == b[j - 1];
            const size_t swapped = cost[row][column] + (i - row - 1) + 1 + (j - column - 1);
            const size_t edited = least(cost[i][j] + (same ? 0u : 1u), least(cost[i + 1][j], cost[i][j + 1]) + 1u);

            cost[i + 1][j + 1] = (uint16_t)least(swapped, edited);
            if (same)
                column_of_match = j;
        }
        row_of[(uint8_t)a[i - 1]] = (uint8_t)i;
    }
    return cost[length_a + 1][length_b + 1] <= limit ? cost[length_a + 1][length_b + 1] : SIZE_MAX;
}

/* How many slips a word of this length may hold and still be recognised. */
static size_t slips_allowed(size_t length)
{
    return length <= 4 ? 1 : length <= 8 ? 2 : 3;
}

void text_nearest_offer(struct text_nearest *nearest, const char *name)
{
    size_t distance = 0;

    if (strcasecmp(nearest->word, name) != 0)
        distance = text_distance(nearest->word, name, slips_allowed(strlen(nearest->word)));
    if (distance == SIZE_MAX || (nearest->distance && distance + 1 > nearest->distance) ||
        strcmp(nearest->name, name) == 0)
        return;
    if (distance + 1 == nearest->distance) {
        nearest->name[0] = '\0'; /* a second one as near: no guess */
        return;
    }
    nearest->distance = distance + 1;
    snprintf(nearest->name, sizeof(nearest->name), "%s", name);
}

void text_date(char *to, size_t room, time_t when)
{
    struct tm parts;

    if (when < (time_t)TEXT_DATE_FIRST)
        when = (time_t)TEXT_DATE_FIRST;
    if (when > (time_t)TEXT_DATE_LAST)
        when = (time_t)TEXT_DATE_LAST;
    gmtime_r(&when, &parts);
    snprintf(to, room, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + TEXT_TM_FIRST_YEAR, parts.tm_mon + 1,
             parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/* Reads `count` digits; the caller has checked that they are digits. */
static int read_digits(const char *digits, size_t count)
{
    int number = 0;

    for (size_t i = 0; i < count; i++)
        number = number * 10 + (digits[i] - '0');
    return number;
}

bool text_parse_date(const char *text, time_t *when)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    char again[TEXT_DATE_SIZE];
    struct tm parts = {0};
    time_t result;

    if (strlen(text) != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    }
    parts.tm_year = read_digits(text, 4) - TEXT_TM_FIRST_YEAR;
    parts.tm_mon = read_digits(text + 5, 2) - 1;
    parts.tm_mday = read_digits(text + 8, 2);
    parts.tm_hour = read_digits(text + 11, 2);
    parts.tm_min = read_digits(text + 14, 2);
    parts.tm_sec = read_digits(text + 17, 2);
    result = timegm(&parts);
    /* timegm turns February 30 into March 2: what does not come back as it went in is no date. */
    text_date(again, sizeof(again), result);
    if (strcmp(again, text) != 0)
        return false;
    *when = result;
    return true;
}
