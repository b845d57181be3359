/* SPDX-License-Identifier: Apache-2.0 */
/* Generated rows; see rows.h. Every cell is worked out directly from the seed, so that none costs more than another. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ROWS "1:100:32"

/* A number for each place, as if drawn at random: the finalizer of the splitmix64 generator. */
static uint64_t rows_draw(const struct rows *rows, uint32_t row, uint32_t what)
{
    uint64_t z = rows->seed * 0x9e3779b97f4a7c15u + ((uint64_t)what << 32 | row);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number up to `most` at *text, which moves behind it and the colon that follows, if any. */
static bool rows_parse_number(const char **text, unsigned long long most, uint64_t *to)
{
    char *end = NULL;

    if (**text < '0' || **text > '9')
        return false;
    *to = strtoull(*text, &end, 10);
    *text = *end == ':' && end[1] ? end + 1 : end;
    return *to <= most;
}

bool rows_parse(struct rows *rows, const char *text)
{
    uint64_t numbers[4] = {0, 0, 0, 0};
    const uint64_t most[] = {UINT64_MAX, ROWS_INDEX_MAX, ROWS_TEXT_MAX, ROWS_INDEX_MAX};
    struct rows read;
    size_t count = 0;

    while (count < 4 && *text) {
        if (!rows_parse_number(&text, most[count], &numbers[count]))
            return false;
        count++;
    }
    if (count < 3 || *text || (count == 4 && numbers[3] == 0))
        return false;
    read.seed = numbers[0];
    read.count = (uint32_t)numbers[1];
    read.text_max = (uint32_t)numbers[2];
    read.step = (uint32_t)numbers[3];
    if (read.step == 0)
        read.step = read.count ? 1 + (uint32_t)(rows_draw(&read, 0, 0) % (ROWS_INDEX_MAX / read.count)) : 1;
    if ((uint64_t)read.step * read.count > ROWS_INDEX_MAX)
        return false;
    *rows = read;
    return true;
}

/* Static because bindings and net-snmp's handlers are given nothing that could carry it. */
const struct rows *rows_of_environment(void)
{
    static struct rows rows;
    const char *text;

    if (rows.step != 0)
        return &rows;
    text = getenv(ROWS_VARIABLE);
    text = text ? text : DEFAULT_ROWS;
    if (!rows_parse(&rows, text)) {
        fprintf(stderr,
                "%s: expected SEED:COUNT:TEXT[:STEP] with COUNT * STEP up to %u and TEXT up to %u, got \"%s\"\n",
                ROWS_VARIABLE, ROWS_INDEX_MAX, ROWS_TEXT_MAX, text);
        exit(EXIT_FAILURE);
    }
    return &rows;
}

uint32_t rows_index(const struct rows *rows, uint32_t row)
{
    return 1 + row * rows->step + (uint32_t)(rows_draw(rows, row, 1) % rows->step);
}

uint32_t rows_behind(const struct rows *rows, uint32_t index)
{
    uint32_t row = index ? (index - 1) / rows->step : 0;

    if (row >= rows->count)
        return rows->count;
    return rows_index(rows, row) > index ? row : row + 1;
}

size_t rows_text(const struct rows *rows, uint32_t row, enum rows_column column, char to[ROWS_TEXT_MAX + 1])
{
    const uint64_t drawn = rows_draw(rows, row, column);
    const size_t length = (size_t)((drawn >> 32) % (rows->text_max + 1));
    uint64_t octets = drawn;

    for (size_t i = 0; i < length; i++) {
        if (i % 8 == 0)
            octets = octets * 0x9e3779b97f4a7c15u + 1;
        to[i] = (char)('0' + (octets >> (i % 8 * 8) & 0x3f));
    }
    to[length] = '\0';
    return length;
}

uint32_t rows_versions(const struct rows *rows, uint32_t row)
{
    return (uint32_t)(rows_draw(rows, row, ROWS_COLUMN_VERSIONS) & ((1u << ROWS_VERSIONS) - 1));
}

size_t rows_octets(const struct rows *rows, uint32_t row, enum rows_column column, char to[ROWS_TEXT_MAX + 1])
{
    uint32_t octet = 0;

    if (column != ROWS_COLUMN_VERSIONS)
        return rows_text(rows, row, column, to);
    for (uint32_t bit = 0; bit < ROWS_VERSIONS; bit++) {
        if (rows_versions(rows, row) & (1u << bit))
            octet |= 0x80u >> bit;
    }
    memcpy(to, &(char){(char)octet}, 1);
    return 1;
}
