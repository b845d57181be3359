/* SPDX-License-Identifier: Apache-2.0 */
/* Words, trees and colours of keys and certificates; see cert_view.h. */
#include "cert_view.h"

#include "base/text.h"
#include "devsec_mib.h"

#include <ctype.h>
#include <string.h>

#define DAY       86400
#define DATE_ROOM 32

/* ---- Words ---- */

struct cert_view cert_view_of(const struct cert_panel *cert)
{
    const struct document *document = store_current(cert->panel.store);

    return (struct cert_view){
        .inventory = cert->pki.inventory,
        .document = document,
        .now = time(NULL),
        .warning_days = (unsigned)document->values[SETTING_CERT_EXPIRY_WARNING].number,
    };
}

const char *cert_label(int object, int64_t value)
{
    const char *name = mib_label_name(&mib_objects[object], value);

    return name ? name : "?";
}

static void date_text(char to[DATE_ROOM], time_t when)
{
    to[0] = '\0';
    if (when)
        text_date(to, DATE_ROOM, when);
}

void cert_view_day(char to[CERT_DAY_ROOM], time_t when)
{
    text_date(to, CERT_DAY_ROOM, when);
    to[strcspn(to, "T")] = '\0';
}

void cert_view_uses(char to[CERT_USES_ROOM], const struct document *document, unsigned slot)
{
    char name[PKI_USE_NAME_MAX];
    size_t used = 0;

    to[0] = '\0';
    for (size_t i = 0; i < pki_use_count && used < CERT_USES_ROOM; i++) {
        if (pki_use_slot(document, &pki_uses[i]) != slot)
            continue;
        pki_use_name(&pki_uses[i], name);
        used += (size_t)snprintf(to + used, CERT_USES_ROOM - used, "%s%s", used ? ", " : "", name);
    }
}

enum pki_validity cert_view_validity(const struct cert_view *view, const struct pki_summary *summary)
{
    return pki_validity(summary->not_before, summary->not_after, view->now, view->warning_days);
}

int64_t cert_view_days_left(const struct cert_view *view, const struct pki_summary *summary)
{
    const int64_t left = (int64_t)(summary->not_after - view->now);

    return left > 0 ? (left + DAY - 1) / DAY : left / DAY;
}

void cert_view_ends(char to[CERT_ENDS_ROOM], const struct cert_view *view, const struct pki_summary *summary)
{
    const enum pki_validity validity = cert_view_validity(view, summary);
    char day[CERT_DAY_ROOM];

    to[0] = '\0';
    if (validity == PKI_NO_CERTIFICATE)
        return;
    cert_view_day(day, validity == PKI_NOT_YET_VALID ? summary->not_before : summary->not_after);
    snprintf(to, CERT_ENDS_ROOM, "%s%s",
             validity == PKI_EXPIRED         ? "expired "
             : validity == PKI_NOT_YET_VALID ? "from "
                                             : "",
             day);
}

/* ---- The common name within a subject ---- */

/* Where a part of pki_name_text ends: at a separator that is not escaped (RFC 4514, 2.4). */
static const char *end_of_part(const char *at)
{
    while (*at && *at != ',' && *at != '+')
        at += at[0] == '\\' && at[1] ? 2 : 1;
    return at;
}

/* "\," is a comma; "\0A" stays visible, written as everywhere else here. */
static void append_unescaped(struct text *to, const char *at, const char *end)
{
    while (at < end) {
        if (*at == '\\' && end - at > 2 && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])) {
            text_printf(to, "\\x%c%c", tolower((unsigned char)at[1]), tolower((unsigned char)at[2]));
            at += 3;
            continue;
        }
        at += *at == '\\' && end - at > 1;
        text_append_n(to, at++, 1);
    }
}

void cert_view_common_name(char *to, size_t room, const char *subject)
{
    static const char type[] = "CN=";
    struct text name = {0};
    const char *at = subject;

    while (*at && !name.length) {
        const char *end = end_of_part(at);

        if (strncmp(at, type, strlen(type)) == 0)
            append_unescaped(&name, at + strlen(type), end);
        at = *end ? end + 1 : end;
        at += *at == ' ';
    }
    snprintf(to, room, "%s", name.length ? name.data : subject);
    text_free(&name);
}

/* ---- Colours ---- */

static const enum cli_paint validity_paints[] = {
    [PKI_VALID] = CLI_PLAIN,       [PKI_EXPIRING] = CLI_YELLOW,      [PKI_EXPIRED] = CLI_RED,
    [PKI_NOT_YET_VALID] = CLI_RED, [PKI_NO_CERTIFICATE] = CLI_PLAIN,
};

static const enum cli_paint status_paints[] = {
    [PKI_REQUESTING] = CLI_YELLOW,
    [PKI_INSTALLED] = CLI_PLAIN,
    [PKI_STATUS_DAMAGED] = CLI_RED,
    [PKI_KEY_ALONE] = CLI_YELLOW,
};

static const enum cli_paint verdict_paints[] = {
    [PKI_NOT_CHECKED] = CLI_PLAIN,     [PKI_VERIFIED] = CLI_GREEN,           [PKI_SELF_SIGNED] = CLI_PLAIN,
    [PKI_ISSUER_UNKNOWN] = CLI_YELLOW, [PKI_CHAIN_INCOMPLETE] = CLI_YELLOW,  [PKI_BAD_SIGNATURE] = CLI_RED,
    [PKI_CHAIN_EXPIRED] = CLI_RED,     [PKI_VERDICT_KEY_MISMATCH] = CLI_RED,
};

#define PAINTS(array) array, sizeof(array) / sizeof((array)[0])

static const struct {
    const char *key;
    int object;
    const enum cli_paint *paints; /* by the object's value */
    size_t count;
} painted[] = {
    {"status", MIB_devsecCertStatus, PAINTS(status_paints)},
    {"validity", MIB_devsecCertValidity, PAINTS(validity_paints)},
    {"verify", MIB_devsecCertVerify, PAINTS(verdict_paints)},
};

enum cli_paint cert_view_paint(const char *key, const char *value)
{
    if (strcmp(key, "trouble") == 0)
        return CLI_RED;
    for (size_t i = 0; i < sizeof(painted) / sizeof(painted[0]); i++) {
        if (strcmp(painted[i].key, key) != 0)
            continue;
        for (size_t at = 0; at < painted[i].count; at++) {
            if (strcmp(cert_label(painted[i].object, (int64_t)at), value) == 0)
                return painted[i].paints[at];
        }
    }
    return CLI_PLAIN;
}

/* ---- Trees ---- */

static void add_date(struct tree *tree, struct yaml_node *node, const char *key, time_t when)
{
    char text[DATE_ROOM];

    date_text(text, when);
    tree_text(tree, node, key, text);
}

/* What is not known yet is not said to be strong. */
static void add_key(struct tree *tree, struct yaml_node *node, const struct pki_summary *summary)
{
    const struct mib_object *object = &mib_objects[MIB_devsecCertWeakness];
    struct yaml_node *list;
    char text[PKI_KEY_WORDS_MAX] = "";

    if (summary->key.bits)
        pki_key_words(&summary->key, text);
    tree_text(tree, node, "key", text);
    if (!summary->key.bits && !summary->subject)
        return;
    list = tree_add(tree, node, "weakness", YAML_SEQUENCE);
    for (size_t i = 0; i < object->n_labels; i++) {
        if (summary->weakness & (1u << object->labels[i].value))
            tree_text(tree, list, NULL, object->labels[i].name);
    }
}

static void add_dates(struct tree *tree, struct yaml_node *node, const struct cert_view *view,
                      const struct pki_summary *summary)
{
    tree_text(tree, node, "issuer", summary->issuer);
    tree_text(tree, node, "serial-number", summary->serial_number);
    add_date(tree, node, "not-before", summary->not_before);
    add_date(tree, node, "not-after", summary->not_after);
    tree_number(tree, node, "days-left", cert_view_days_left(view, summary));
    tree_text(tree, node, "validity", cert_label(MIB_devsecCertValidity, cert_view_validity(view, summary)));
}

static void add_fingerprint(struct tree *tree, struct yaml_node *node, const struct pki_summary *summary)
{
    char text[3 * PKI_FINGERPRINT_SIZE + 1] = "";

    for (size_t i = 0; i < PKI_FINGERPRINT_SIZE; i++)
        snprintf(text + 3 * i, 4, "%02X%s", summary->fingerprint[i], i + 1 < PKI_FINGERPRINT_SIZE ? ":" : "");
    tree_text(tree, node, "fingerprint-sha256", text);
}

void cert_view_slot(struct tree *tree, struct yaml_node *node, const struct cert_view *view,
                    const struct pki_slot *slot)
{
    const struct pki_summary *summary = &slot->summary;
    const struct value *row = slot->row;
    char sentence[DEVSEC_ERROR_TEXT_MAX];
    char uses[CERT_USES_ROOM];

    tree_number(tree, node, "slot", slot->slot);
    tree_text(tree, node, "name", value_text(&row[KEY_NAME]));
    tree_text(tree, node, "status", cert_label(MIB_devsecCertStatus, slot->status));
    tree_text(tree, node, "origin", cert_label(MIB_devsecCertOrigin, row[KEY_ORIGIN].number));
    tree_bool(tree, node, "reserved", !value_is_empty(&row[KEY_RESERVED]));
    add_key(tree, node, summary);
    add_date(tree, node, "created", (time_t)row[KEY_CREATED].number);
    tree_text(tree, node, "generated-by", value_text(&row[KEY_FIRMWARE]));
    cert_view_uses(uses, view->document, slot->slot);
    tree_text(tree, node, "used-by", uses);
    if (slot->trouble)
        tree_text(tree, node, "trouble", slot->trouble);
    if (summary->subject) {
        tree_text(tree, node, "subject", summary->subject);
        tree_text(tree, node, "alternative-names", summary->alt_names);
        tree_text(tree, node, "signature-algorithm", summary->signature_algorithm);
    }
    if (!summary->not_after)
        return;
    add_dates(tree, node, view, summary);
    tree_number(tree, node, "intermediates", slot->intermediates);
    tree_text(tree, node, "verify", cert_label(MIB_devsecCertVerify, inventory_verdict(slot, view->now)));
    inventory_text(slot, view->now, sentence, sizeof(sentence));
    tree_text(tree, node, "verify-text", sentence);
    add_fingerprint(tree, node, summary);
}

void cert_view_trusted(struct tree *tree, struct yaml_node *node, const struct cert_view *view,
                       const struct pki_trusted *trusted)
{
    const struct pki_summary *summary = &trusted->summary;

    tree_number(tree, node, "number", trusted->index);
    if (trusted->trouble) {
        tree_text(tree, node, "trouble", trusted->trouble);
        return;
    }
    tree_text(tree, node, "subject", summary->subject);
    add_dates(tree, node, view, summary);
    add_key(tree, node, summary);
    tree_text(tree, node, "signature-algorithm", summary->signature_algorithm);
    add_fingerprint(tree, node, summary);
}
