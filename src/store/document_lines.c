/* SPDX-License-Identifier: Apache-2.0 */
/* The lines around a document's YAML: the comment block at its head and the mark at its end. */
#include "store/document_private.h"

#include <string.h>

#define BOM      "\xef\xbb\xbf"
#define BOM_SIZE 3

/* It tells an administrator who opens the file what matters. */
const char document_standard_head[] =
    "# The settings of this device, written by devsecd and devsecctl.\n"
    "#\n"
    "# Edit it with devsecd stopped or running: a running devsecd takes over a valid edit at once; it refuses an\n"
    "# invalid one, keeps the settings it had and says why. \"devsecctl check\" tells beforehand whether it is valid.\n"
    "# A setting that is left out has its default. \"generation\" and \"changed\" are kept by the programs, and the\n"
    "# \"...\" at the end shows that nothing is missing.\n"
    "# These comments are kept; those elsewhere in the file are lost with the next change.\n"
    "\n";

/* What libyaml takes for the end of a line: a comment that we thought longer than it does would hide a key. */
static const char *const line_ends[] = {"\r\n", "\n", "\r", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};

/* A line of the text, without its end. */
struct line {
    const char *start;
    size_t length;
};

/* Looked at for each octet of a document. */
static bool may_end_line(char octet)
{
    return octet == '\n' || octet == '\r' || octet == '\xc2' || octet == '\xe2';
}

static size_t line_end_size(const char *at, size_t left)
{
    if (!may_end_line(*at))
        return 0;
    for (size_t i = 0; i < sizeof(line_ends) / sizeof(line_ends[0]); i++) {
        const size_t size = strlen(line_ends[i]);

        if (size <= left && memcmp(at, line_ends[i], size) == 0)
            return size;
    }
    return 0;
}

/* The line that begins at `at`; returns where the next one does. */
static size_t read_line(const char *text, size_t length, size_t at, struct line *line)
{
    size_t end = 0;

    line->start = text + at;
    while (at < length && !(end = line_end_size(text + at, length - at)))
        at++;
    line->length = (size_t)(text + at - line->start);
    return at + end;
}

static bool is_blank_or_comment(const struct line *line)
{
    size_t at = 0;

    while (at < line->length && line->start[at] == ' ')
        at++;
    return at == line->length || line->start[at] == '#';
}

void document_skip_mark(const char **text, size_t *length)
{
    if (*length >= BOM_SIZE && memcmp(*text, BOM, BOM_SIZE) == 0) {
        *text += BOM_SIZE;
        *length -= BOM_SIZE;
    }
}

size_t document_head_length(const char *text, size_t length)
{
    struct line line;
    size_t head = 0;

    while (head < length) {
        const size_t next = read_line(text, length, head, &line);

        if (!is_blank_or_comment(&line))
            break;
        head = next;
    }
    return head;
}

bool document_closes_line(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof(line_ends) / sizeof(line_ends[0]); i++) {
        const size_t size = strlen(line_ends[i]);

        if (size <= length && memcmp(text + length - size, line_ends[i], size) == 0)
            return true;
    }
    return false;
}

bool document_is_ended(const char *text, size_t length, size_t *lines)
{
    const size_t size = strlen(DOCUMENT_END_MARK);
    struct line line;
    bool ended = false;

    *lines = 0;
    for (size_t at = 0; at < length; ++*lines) {
        at = read_line(text, length, at, &line);
        if (is_blank_or_comment(&line))
            continue;
        ended = line.length >= size && memcmp(line.start, DOCUMENT_END_MARK, size) == 0 &&
                (line.length == size || line.start[size] == ' ' || line.start[size] == '\t');
    }
    return ended;
}
