/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people; see columns.h. */
#include "columns.h"

#include "base/text.h"

#include <string.h>
#include <wchar.h>

#define SHOWN_ROOM 17 /* four octets as "\xNN", and a NUL */

/* One character as it is shown; returns how many octets of `from` it took. */
static size_t show_one(char shown[SHOWN_ROOM], const char *from, size_t count)
{
    uint32_t code = 0;
    size_t size = text_decode(from, count, &code);

    if (size && text_is_safe(code)) {
        snprintf(shown, SHOWN_ROOM, "%.*s", (int)size, from);
        return size;
    }
    size = size ? size : 1;
    for (size_t i = 0; i < size; i++)
        snprintf(shown + 4 * i, SHOWN_ROOM - 4 * i, "\\x%02x", (unsigned)(unsigned char)from[i]);
    return size;
}

void columns_put(struct columns_row *row, size_t column, const char *text)
{
    static const char dots[] = "...";
    char *to = row->cells[column];
    char shown[SHOWN_ROOM];
    size_t used = 0;
    size_t cut = 0; /* the last place where the dots would still fit */

    if (text[0] == '\0')
        text = "-";
    for (size_t left = strlen(text); left > 0;) {
        const size_t size = show_one(shown, text, left);
        const size_t length = strlen(shown);

        if (used + length >= COLUMNS_CELL) {
            memcpy(to + cut, dots, sizeof(dots));
            return;
        }
        memcpy(to + used, shown, length + 1);
        used += length;
        if (used + strlen(dots) < COLUMNS_CELL)
            cut = used;
        text += size;
        left -= size;
    }
}

/* How many places of a terminal a text takes, as far as the C library knows. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (size_t left = strlen(text); left > 0;) {
        uint32_t code = 0;
        const size_t size = text_decode(text, left, &code);
        const int places = size ? wcwidth((wchar_t)code) : 1;

        width += places < 0 ? 1 : (size_t)places;
        text += size ? size : 1;
        left -= size ? size : 1;
    }
    return width;
}

static void fill_row(const struct columns *columns, size_t row, struct columns_row *to)
{
    memset(to, 0, sizeof(*to));
    columns->fill(columns->context, row, to);
}

/* No blanks behind the last cell. */
static void print_cell(const struct cli *cli, const struct columns *columns, size_t column, const char *text,
                       enum cli_paint paint, size_t width)
{
    const bool painted = cli->paint_out && paint != CLI_PLAIN;

    fprintf(cli->out, "%s%s%s", cli_paint(painted, paint), text, cli_paint(painted, CLI_PLAIN));
    if (column + 1 < columns->count)
        fprintf(cli->out, "%*s", (int)(width - width_of(text) + 2), "");
}

void columns_print(const struct cli *cli, const struct columns *columns, size_t rows)
{
    size_t width[COLUMNS_MAX] = {0};
    struct columns_row row;

    for (size_t i = 0; i < columns->count; i++)
        width[i] = width_of(columns->headings[i]);
    for (size_t at = 0; at < rows; at++) {
        fill_row(columns, at, &row);
        for (size_t i = 0; i < columns->count; i++)
            width[i] = width_of(row.cells[i]) > width[i] ? width_of(row.cells[i]) : width[i];
    }
    for (size_t i = 0; i < columns->count; i++)
        print_cell(cli, columns, i, columns->headings[i], CLI_BOLD, width[i]);
    fputc('\n', cli->out);
    for (size_t at = 0; at < rows; at++) {
        fill_row(columns, at, &row);
        for (size_t i = 0; i < columns->count; i++)
            print_cell(cli, columns, i, row.cells[i], row.paint[i], width[i]);
        fputc('\n', cli->out);
    }
}
