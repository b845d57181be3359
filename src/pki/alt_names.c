/* SPDX-License-Identifier: Apache-2.0 */
/* Alternative names: host names and addresses, told from each other by their form; see alt_names.h. */
#include "pki/alt_names.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define LABEL_MAX       63  /* RFC 1035, 2.3.4 */
#define HOST_OCTETS_MAX 253 /* likewise, without the root's label */
#define NAME_SHOWN      80  /* octets of a name that a sentence quotes */

#define IPV4_SIZE 4
#define IPV6_SIZE 16

/* A part of the list, without the blanks around it. */
struct piece {
    const char *text;
    size_t length;
};

/* One name, understood. */
struct alt_name {
    int type;          /* GEN_DNS or GEN_IPADD */
    struct piece host; /* of GEN_DNS */
    unsigned char address[IPV6_SIZE];
    int address_size;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Of ASCII, whatever the locale. */
static bool is_alphanumeric(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_label(const char *label, size_t length)
{
    if (length < 1 || length > LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_alphanumeric(label[i]) && label[i] != '-')
            return false;
    }
    return true;
}

static bool is_number(const char *label, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(label[i]))
            return false;
    }
    return true;
}

/*
 * Letters, digits and hyphens in labels (RFC 1123, 2.1), the last of them no number: what ends like an IPv4 address is
 * one or nothing. The first label may be "*" (RFC 6125, 6.4.3) if others follow.
 */
static bool is_host_name(const struct piece *name)
{
    const char *label = name->text;
    size_t left = name->length;

    if (left > HOST_OCTETS_MAX)
        return false;
    if (left > 2 && label[0] == '*' && label[1] == '.') {
        label += 2;
        left -= 2;
    }
    for (;;) {
        const char *dot = memchr(label, '.', left);
        const size_t length = dot ? (size_t)(dot - label) : left;

        if (!is_label(label, length))
            return false;
        if (!dot)
            return !is_number(label, length);
        label += length + 1;
        left -= length + 1;
    }
}

static bool is_address(const struct piece *text, struct alt_name *name)
{
    char string[INET6_ADDRSTRLEN];

    if (text->length >= sizeof(string))
        return false;
    memcpy(string, text->text, text->length);
    string[text->length] = '\0';
    name->type = GEN_IPADD;
    name->address_size = IPV4_SIZE;
    if (inet_pton(AF_INET, string, name->address) == 1)
        return true;
    name->address_size = IPV6_SIZE;
    return inet_pton(AF_INET6, string, name->address) == 1;
}

static bool is_host(const struct piece *text, struct alt_name *name)
{
    *name = (struct alt_name){.type = GEN_DNS, .host = *text};
    return is_host_name(text);
}

static bool is_either(const struct piece *text, struct alt_name *name)
{
    return is_address(text, name) || is_host(text, name);
}

/* What may stand before a name, what the name then has to be, and how that is said. The last one is for none. */
static const struct {
    const char *prefix;
    bool (*understand)(const struct piece *text, struct alt_name *name);
    const char *expected;
} forms[] = {
    {"DNS:", is_host, "a host name such as printer.example.com, of letters, digits, hyphens and dots"},
    {"IP:", is_address, "an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1"},
    {"", is_either,
     "a host name such as printer.example.com, of letters, digits, hyphens and dots, or an IPv4 or IPv6 address such "
     "as 192.0.2.1 or 2001:db8::1"},
};

static bool starts_with(const struct piece *text, const char *prefix)
{
    const size_t length = strlen(prefix);

    return text->length >= length && strncasecmp(text->text, prefix, length) == 0;
}

/* `place` counts from 1. */
static enum devsec_err understand(struct alt_name *name, const struct piece *text, size_t place,
                                  struct pki_fault *fault)
{
    char shown[NAME_SHOWN];
    struct piece rest = *text;
    size_t form = 0;

    if (text->length == 0)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "alternative names: name %zu is empty; they are separated by single commas", place);
    while (!starts_with(text, forms[form].prefix))
        form++;
    rest.text += strlen(forms[form].prefix);
    rest.length -= strlen(forms[form].prefix);
    if (forms[form].understand(&rest, name))
        return DEVSEC_OK;
    text_show(shown, sizeof(shown), text->text, text->length);
    return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                    "alternative names: name %zu, \"%s\", is not what is expected: %s", place, shown,
                    forms[form].expected);
}

static bool is_same(const GENERAL_NAME *there, const struct alt_name *name)
{
    int type = -1;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(there, &type);
    const unsigned char *octets;
    int length;

    if (type != name->type)
        return false;
    octets = ASN1_STRING_get0_data(value);
    length = ASN1_STRING_length(value);
    if (type == GEN_IPADD)
        return length == name->address_size && memcmp(octets, name->address, (size_t)length) == 0;
    return (size_t)length == name->host.length &&
           strncasecmp((const char *)octets, name->host.text, name->host.length) == 0;
}

static bool is_there(const GENERAL_NAMES *names, const struct alt_name *name)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (is_same(sk_GENERAL_NAME_value(names, i), name))
            return true;
    }
    return false;
}

static enum devsec_err add(GENERAL_NAMES *names, const struct alt_name *name, struct pki_fault *fault)
{
    const bool host = name->type == GEN_DNS;
    const void *octets = host ? (const void *)name->host.text : name->address;
    const int length = host ? (int)name->host.length : name->address_size;
    GENERAL_NAME *made;
    ASN1_STRING *value;

    if (is_there(names, name))
        return DEVSEC_OK;
    made = GENERAL_NAME_new();
    value = ASN1_STRING_type_new(host ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    if (!made || !value || !ASN1_STRING_set(value, octets, length)) {
        ASN1_STRING_free(value);
        GENERAL_NAME_free(made);
        return pki_fail_memory(fault);
    }
    GENERAL_NAME_set0_value(made, name->type, value); /* takes the value */
    if (!sk_GENERAL_NAME_push(names, made)) {
        GENERAL_NAME_free(made);
        return pki_fail_memory(fault);
    }
    return DEVSEC_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes the piece up to the next comma off the list; false when there is no comma, and nothing left. */
static bool next_piece(const char **list, struct piece *piece)
{
    const char *comma = strchr(*list, ',');

    piece->text = *list;
    piece->length = comma ? (size_t)(comma - *list) : strlen(*list);
    *list = comma ? comma + 1 : NULL;
    while (piece->length && is_blank(piece->text[0])) {
        piece->text++;
        piece->length--;
    }
    while (piece->length && is_blank(piece->text[piece->length - 1]))
        piece->length--;
    return *list != NULL;
}

enum devsec_err alt_names_add_list(GENERAL_NAMES *names, const char *list, struct pki_fault *fault)
{
    enum devsec_err err = DEVSEC_OK;
    bool more = list && list[0];

    for (size_t place = 1; more && !err; place++) {
        struct alt_name name = {0};
        struct piece piece;

        if (place > ALT_NAMES_MAX)
            return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                            "alternative names: there are more than %d", ALT_NAMES_MAX);
        more = next_piece(&list, &piece);
        err = understand(&name, &piece, place, fault);
        if (!err)
            err = add(names, &name, fault);
    }
    return err;
}

enum devsec_err alt_names_add_if_any(GENERAL_NAMES *names, const char *text, struct pki_fault *fault)
{
    const struct piece piece = {text, strlen(text)};
    struct alt_name name = {0};

    return is_either(&piece, &name) ? add(names, &name, fault) : DEVSEC_OK;
}
