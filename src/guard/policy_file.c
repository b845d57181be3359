/* SPDX-License-Identifier: Apache-2.0 */
/* The policy for the whole agent as a file; see policy_file.h. Stands on libc alone: it is loaded into snmpd, too. */
#include "guard/policy_file.h"

#include "guard/trusted_file.h"

#include "devsec_mib.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define FORMAT_LINE "devsec-snmp-policy 1"
#define END_LINE    "end"
#define QUOTED_MAX  40 /* octets of a line that a message repeats */

/* A value of an object and its label, both out of the MIB's names. */
#define LABEL(object, label)                                                                                           \
    {                                                                                                                  \
        MIB_##object##_##label, #label                                                                                 \
    }

struct label {
    uint32_t value;
    const char *name;
};

static const struct label v3_labels[] = {
    LABEL(devsecSnmpV3Permit, encryptionOnly),
    LABEL(devsecSnmpV3Permit, encryptionCleartext),
    {0, NULL},
};

static const struct label v1v2c_labels[] = {
    LABEL(devsecSnmpV1V2Permit, disabled),
    LABEL(devsecSnmpV1V2Permit, readOnly),
    LABEL(devsecSnmpV1V2Permit, enabled),
    {0, NULL},
};

/* The lines that have a value, in their order. */
static const struct {
    const char *word;
    const struct label *labels; /* NULL: a number */
    size_t offset;
    const char *expected;
} fields[] = {
    {"generation", NULL, offsetof(struct policy_file, generation), "\"generation\" and a number"},
    {"v3", v3_labels, offsetof(struct policy_file, v3), "\"v3 encryptionOnly\" or \"v3 encryptionCleartext\""},
    {"v1v2c", v1v2c_labels, offsetof(struct policy_file, v1v2c),
     "\"v1v2c disabled\", \"v1v2c readOnly\" or \"v1v2c enabled\""},
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Leaves the sentence in `why`; false, so that a failing function can end with it. */
#define fail(why, room, ...) ((void)snprintf(why, room, __VA_ARGS__), false)

/* ---- the text ---- */

static uint32_t *member(struct policy_file *policy, size_t field)
{
    return (uint32_t *)(void *)((char *)policy + fields[field].offset);
}

static const char *label_of(const struct label *labels, uint32_t value)
{
    while (labels->name && labels->value != value)
        labels++;
    return labels->name;
}

size_t policy_file_render(const struct policy_file *policy, char *text, size_t room)
{
    const char *v3 = label_of(v3_labels, policy->v3);
    const char *v1v2c = label_of(v1v2c_labels, policy->v1v2c);
    int length;

    if (!v3 || !v1v2c)
        return 0;
    length =
        snprintf(text, room,
                 "# What devsec_master.so, inside snmpd, enforces. Written by devsecd and devsecctl from the\n"
                 "# settings snmp.v3-permit and snmp.v1v2c-permit, and overwritten by their next change.\n" FORMAT_LINE
                 "\ngeneration %u\nv3 %s\nv1v2c %s\n" END_LINE "\n",
                 (unsigned)policy->generation, v3, v1v2c);
    return length > 0 && (size_t)length < room ? (size_t)length : 0;
}

/* Where parsing has got to. `line` is the one taken last, without its newline. */
struct scan {
    const char *rest;
    size_t left;
    const char *line;
    size_t length;
    unsigned number;
    char *why;
    size_t room;
};

static bool scan_fail(const struct scan *scan, const char *expected)
{
    char found[QUOTED_MAX + 1];
    size_t length = scan->length < QUOTED_MAX ? scan->length : QUOTED_MAX;

    for (size_t i = 0; i < length; i++)
        found[i] = (char)(isprint((unsigned char)scan->line[i]) ? scan->line[i] : '?');
    found[length] = '\0';
    return fail(scan->why, scan->room, "line %u: expected %s, found \"%s\"%s", scan->number, expected, found,
                scan->length > QUOTED_MAX ? " and more" : "");
}

static bool scan_line(struct scan *scan, const char *expected)
{
    const char *newline = scan->left ? memchr(scan->rest, '\n', scan->left) : NULL;

    scan->number++;
    if (scan->left == 0)
        return fail(scan->why, scan->room, "line %u: expected %s, found the end of the file", scan->number, expected);
    if (!newline)
        return fail(scan->why, scan->room, "line %u: the file ends within the line", scan->number);
    scan->line = scan->rest;
    scan->length = (size_t)(newline - scan->rest);
    scan->rest = newline + 1;
    scan->left -= scan->length + 1;
    return true;
}

static bool scan_is(const struct scan *scan, const char *text)
{
    return scan->length == strlen(text) && memcmp(scan->line, text, scan->length) == 0;
}

/* A decimal number without sign or leading zeros, up to 32 bits. */
static bool read_number(const char *digits, size_t length, uint32_t *number)
{
    uint64_t value = 0;

    if (length == 0 || length > 10 || (length > 1 && digits[0] == '0'))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)digits[i]))
            return false;
        value = value * 10 + (uint64_t)(digits[i] - '0');
    }
    *number = (uint32_t)value;
    return value <= UINT32_MAX;
}

static bool read_label(const struct label *labels, const char *name, size_t length, uint32_t *value)
{
    for (; labels->name; labels++) {
        if (strlen(labels->name) == length && memcmp(labels->name, name, length) == 0) {
            *value = labels->value;
            return true;
        }
    }
    return false;
}

static bool scan_field(struct scan *scan, size_t field, uint32_t *value)
{
    const size_t word = strlen(fields[field].word);
    bool good;

    if (!scan_line(scan, fields[field].expected))
        return false;
    good = scan->length > word + 1 && memcmp(scan->line, fields[field].word, word) == 0 && scan->line[word] == ' ';
    if (good && fields[field].labels)
        good = read_label(fields[field].labels, scan->line + word + 1, scan->length - word - 1, value);
    else if (good)
        good = read_number(scan->line + word + 1, scan->length - word - 1, value);
    return good || scan_fail(scan, fields[field].expected);
}

bool policy_file_parse(struct policy_file *policy, const char *text, size_t length, char *why, size_t room)
{
    struct scan scan = {.rest = text, .left = length, .why = why, .room = room};
    struct policy_file found = {0};

    do {
        if (!scan_line(&scan, "\"" FORMAT_LINE "\""))
            return false;
    } while (scan.length > 0 && scan.line[0] == '#');
    if (!scan_is(&scan, FORMAT_LINE))
        return scan_fail(&scan, "\"" FORMAT_LINE "\"");
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (!scan_field(&scan, i, member(&found, i)))
            return false;
    }
    if (!scan_line(&scan, "\"" END_LINE "\""))
        return false;
    if (!scan_is(&scan, END_LINE))
        return scan_fail(&scan, "\"" END_LINE "\"");
    if (scan.left > 0)
        return fail(why, room, "line %u: expected nothing behind \"" END_LINE "\"", scan.number + 1);
    *policy = found;
    return true;
}

bool policy_file_read(struct policy_file *policy, const char *path, char *why, size_t room)
{
    char parsed[POLICY_FILE_WHY_MAX];
    char text[POLICY_FILE_MAX + 1];
    size_t length = 0;

    if (!trusted_file_read(path, text, POLICY_FILE_MAX, &length, why, room))
        return false;
    return policy_file_parse(policy, text, length, parsed, sizeof(parsed)) || fail(why, room, "%s: %s", path, parsed);
}
