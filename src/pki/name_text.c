/* SPDX-License-Identifier: Apache-2.0 */
/* Names of certificates as texts for people, whatever somebody put into them; see subject.h for the contract. */
#include "pki/subject.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define OID_TEXT_MAX 80

/* Whether a character has to be escaped for what it means in such a text (RFC 4514, 2.4). */
static bool is_special(uint32_t code, bool first, bool last)
{
    if (code == ' ')
        return first || last;
    return (code == '#' && first) || (code < 0x80 && code && strchr("\"+,;<>\\", (int)code) != NULL);
}

/* Writes octets as UTF-8: what is special behind a backslash, what cannot be shown as "\" and two digits an octet. */
static void append_escaped(struct text *to, const unsigned char *octets, size_t length)
{
    const char *bytes = (const char *)octets;
    size_t taken;

    for (size_t at = 0; at < length; at += taken) {
        uint32_t code = 0;

        taken = text_decode(bytes + at, length - at, &code);
        if (!taken || !text_is_safe(code)) {
            taken = taken ? taken : 1;
            for (size_t i = 0; i < taken; i++)
                text_printf(to, "\\%02X", octets[at + i]);
            continue;
        }
        if (is_special(code, at == 0, at + taken == length))
            text_append(to, "\\");
        text_append_n(to, bytes + at, taken);
    }
}

static void append_attribute_type(struct text *to, const ASN1_OBJECT *type)
{
    const int nid = OBJ_obj2nid(type);
    char oid[OID_TEXT_MAX] = "";

    if (nid == NID_undef)
        OBJ_obj2txt(oid, sizeof(oid), type, 1);
    text_append(to, nid == NID_undef ? oid : OBJ_nid2sn(nid));
}

/* Strings of all types as UTF-8; what is no good string of its type, or none at all, by its octets. */
static void append_value(struct text *to, const ASN1_STRING *value)
{
    unsigned char *utf8 = NULL;
    const int length = ASN1_STRING_to_UTF8(&utf8, value);

    if (length >= 0)
        append_escaped(to, utf8, (size_t)length);
    else
        append_escaped(to, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    OPENSSL_free(utf8);
}

char *pki_name_text(const X509_NAME *name)
{
    struct text text = {0};
    int set = -1;

    ERR_set_mark();
    for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);

        if (set >= 0)
            text_append(&text, X509_NAME_ENTRY_set(entry) == set ? "+" : ", ");
        set = X509_NAME_ENTRY_set(entry);
        append_attribute_type(&text, X509_NAME_ENTRY_get_object(entry));
        text_append(&text, "=");
        append_value(&text, X509_NAME_ENTRY_get_data(entry));
    }
    ERR_pop_to_mark();
    return text_take(&text);
}

static bool append_address(struct text *to, const ASN1_STRING *address)
{
    const int length = ASN1_STRING_length(address);
    char shown[INET6_ADDRSTRLEN];

    if (length != sizeof(struct in_addr) && length != sizeof(struct in6_addr))
        return false;
    if (!inet_ntop(length == sizeof(struct in_addr) ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), shown,
                   sizeof(shown)))
        return false;
    text_printf(to, "IP:%s", shown);
    return true;
}

/* The kinds whose value is a string that can be shown. */
static const struct {
    int type;
    const char *prefix;
} strings[] = {{GEN_DNS, "DNS:"}, {GEN_EMAIL, "email:"}, {GEN_URI, "URI:"}};

static bool append_string(struct text *to, int type, const ASN1_STRING *value)
{
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        if (strings[i].type != type)
            continue;
        text_append(to, strings[i].prefix);
        append_escaped(to, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
        return true;
    }
    return false;
}

char *pki_alt_names_text(const GENERAL_NAMES *names)
{
    struct text text = {0};

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type = -1;
        const void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

        if (i)
            text_append(&text, ", ");
        if (!(type == GEN_IPADD && append_address(&text, value)) && !append_string(&text, type, value))
            text_append(&text, "other");
    }
    return text_take(&text);
}
