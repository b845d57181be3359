/* SPDX-License-Identifier: Apache-2.0 */
/* Which key serves what, and whether it may; see uses.h for the contract. */
#include "pki/uses.h"

#include "base/text.h"
#include "pki/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_ROOM (4 * 64 + 1) /* devsecCertName has 64 octets, each of which may be shown as \xNN */

#define KEYS_INVOLVED (1u << TABLE_KEYS)
#define USES_INVOLVED (1u << TABLE_USES)

/* The rows of devsecUsageTable, which are fixed. */
const struct pki_use pki_uses[] = {
    {PKI_USE_TLS, 1},   {PKI_USE_IEEE8021X, 1},
    {PKI_USE_IPSEC, 1}, {PKI_USE_IPSEC, 2},
    {PKI_USE_IPSEC, 3}, {PKI_USE_IPSEC, 4},
    {PKI_USE_IPSEC, 5}, {PKI_USE_IPSEC, 6},
    {PKI_USE_IPSEC, 7}, {PKI_USE_IPSEC, 8},
    {PKI_USE_IPSEC, 9}, {PKI_USE_IPSEC, PKI_IPSEC_POLICIES},
    {PKI_USE_SIP, 1},   {PKI_USE_DEVICE_SIGNATURE, 1},
    {PKI_USE_SMIME, 1}, {PKI_USE_SNMP, 1},
};
const size_t pki_use_count = sizeof(pki_uses) / sizeof(pki_uses[0]);

/* A use is named by its usage, and by its instance where there are several. */
static const struct {
    const char *name;
    bool several;
} usages[] = {
    [PKI_USE_TLS] = {"tls", false},
    [PKI_USE_IEEE8021X] = {"ieee8021x", false},
    [PKI_USE_IPSEC] = {"ipsec", true},
    [PKI_USE_SIP] = {"sip", false},
    [PKI_USE_DEVICE_SIGNATURE] = {"device-signature", false},
    [PKI_USE_SMIME] = {"smime", false},
    [PKI_USE_SNMP] = {"snmp", false},
    [PKI_USE_NONE] = {"none", false},
};

void pki_use_name(const struct pki_use *use, char *to)
{
    if (usages[use->usage].several)
        snprintf(to, PKI_USE_NAME_MAX, "%s-%u", usages[use->usage].name, use->instance);
    else
        snprintf(to, PKI_USE_NAME_MAX, "%s", usages[use->usage].name);
}

bool pki_use_find(const char *name, struct pki_use *use)
{
    char known[PKI_USE_NAME_MAX];

    for (size_t i = 0; i < pki_use_count; i++) {
        pki_use_name(&pki_uses[i], known);
        if (strcmp(known, name) == 0) {
            *use = pki_uses[i];
            return true;
        }
    }
    return false;
}

const struct value *pki_use_stored(const struct document *document, const struct pki_use *use)
{
    const struct table *table = &document->tables[TABLE_USES];
    char name[PKI_USE_NAME_MAX];
    const struct value key = {.text = name};
    long index;

    pki_use_name(use, name);
    index = table_find(TABLE_USES, table, &key);
    return index < 0 ? NULL : table->rows[index];
}

unsigned pki_use_slot(const struct document *document, const struct pki_use *use)
{
    const struct value *row = pki_use_stored(document, use);

    return row ? (unsigned)row[USE_SLOT].number : 0;
}

bool pki_use_enabled(const struct document *document, const struct pki_use *use)
{
    const struct value *row = NULL;

    if (use->usage == PKI_USE_TLS)
        return document->values[SETTING_TLS_IPV4].number || document->values[SETTING_TLS_IPV6].number;
    row = pki_use_stored(document, use);
    return row && row[USE_ENABLED].number;
}

bool pki_use_key_used(const struct document *document, const struct pki_use *use)
{
    return pki_use_slot(document, use) != 0 && (use->usage == PKI_USE_TLS || pki_use_enabled(document, use));
}

unsigned pki_slot_uses(const struct document *document, unsigned slot)
{
    const struct table *table = &document->tables[TABLE_USES];
    struct pki_use use = {.usage = PKI_USE_NONE};
    unsigned mask = 0;

    for (size_t i = 0; i < table->count; i++) {
        const struct value *row = table->rows[i];

        if (slot && row[USE_SLOT].number == slot && pki_use_find(value_text(&row[USE_NAME]), &use))
            mask |= 1u << (use.usage - 1);
    }
    return mask;
}

const struct value *pki_key_row(const struct document *document, unsigned slot)
{
    const struct table *table = &document->tables[TABLE_KEYS];
    const struct value key = {.number = slot};
    const long index = table_find(TABLE_KEYS, table, &key);

    return index < 0 ? NULL : table->rows[index];
}

/* ---- Keys among themselves ---- */

static const char *show_name(const struct value *key, char *shown)
{
    const char *name = value_text(&key[KEY_NAME]);

    text_show(shown, SHOWN_ROOM, name, strlen(name));
    return shown;
}

/* By name, and those of one name by slot, so that it is always the same ones that are complained about. */
static int compare_names(const void *a, const void *b)
{
    const struct value *one = *(struct value *const *)a;
    const struct value *other = *(struct value *const *)b;
    const int order = strcmp(value_text(&one[KEY_NAME]), value_text(&other[KEY_NAME]));

    if (order)
        return order;
    return one[KEY_SLOT].number < other[KEY_SLOT].number ? -1 : 1;
}

/* Sorted, not compared each with each: this runs with every change of settings, and there may be thousands of keys. */
static enum devsec_err check_names(const struct table *keys, struct store_fault *fault)
{
    struct value **sorted = NULL;
    enum devsec_err err = DEVSEC_OK;
    char shown[SHOWN_ROOM];

    if (keys->count < 2)
        return DEVSEC_OK;
    sorted = calloc(keys->count, sizeof(struct value *));
    if (!sorted)
        return store_fault_set(fault, DEVSEC_ERR_MEMORY, NULL, "out of memory while comparing the names of keys");
    memcpy(sorted, keys->rows, keys->count * sizeof(struct value *));
    qsort(sorted, keys->count, sizeof(struct value *), compare_names);
    for (size_t i = 1; !err && i < keys->count; i++) {
        const struct value *one = sorted[i - 1];
        const struct value *other = sorted[i];

        if (strcmp(value_text(&one[KEY_NAME]), value_text(&other[KEY_NAME])) == 0)
            err = store_fault_set(fault, DEVSEC_ERR_INCONSISTENT, NULL,
                                  "keys: the keys in slots %u and %u are both named \"%s\"; expected a name of its own "
                                  "for each",
                                  (unsigned)one[KEY_SLOT].number, (unsigned)other[KEY_SLOT].number,
                                  show_name(one, shown));
    }
    free(sorted);
    return err ? store_fault_set_tables(fault, KEYS_INVOLVED, err) : DEVSEC_OK;
}

static bool is_reserved(const struct value *key, enum pki_reserved reserved)
{
    return strcmp(value_text(&key[KEY_RESERVED]), key_reserved_words[reserved]) == 0;
}

const struct value *pki_reserved_row(const struct document *document, enum pki_reserved reserved)
{
    const struct table *keys = &document->tables[TABLE_KEYS];

    for (size_t i = 0; i < keys->count; i++) {
        if (is_reserved(keys->rows[i], reserved))
            return keys->rows[i];
    }
    return NULL;
}

/* The device has each of its own keys once. */
static enum devsec_err check_reserved(const struct table *keys, struct store_fault *fault)
{
    unsigned slots[PKI_RESERVED_COUNT] = {0};

    for (size_t i = 0; i < keys->count; i++) {
        const struct value *key = keys->rows[i];
        const unsigned slot = (unsigned)key[KEY_SLOT].number;

        for (enum pki_reserved kind = 0; !value_is_empty(&key[KEY_RESERVED]) && kind < PKI_RESERVED_COUNT; kind++) {
            if (!is_reserved(key, kind))
                continue;
            if (slots[kind]) {
                store_fault_set(fault, DEVSEC_ERR_INCONSISTENT, NULL,
                                "keys: the keys in slots %u and %u are both reserved as \"%s\"; expected one",
                                slots[kind], slot, key_reserved_words[kind]);
                return store_fault_set_tables(fault, KEYS_INVOLVED, DEVSEC_ERR_INCONSISTENT);
            }
            slots[kind] = slot;
        }
    }
    return DEVSEC_OK;
}

/* ---- Uses and their keys ---- */

/* A use whose key is being judged. */
struct judged_use {
    const struct document *document;
    const struct pki_use *use;
    char name[PKI_USE_NAME_MAX];
    unsigned slot;
    const struct value *key; /* NULL if there is none in the slot */
    char shown[SHOWN_ROOM];  /* its name */
};

static enum devsec_err check_there(const struct judged_use *judged, struct store_fault *fault)
{
    if (judged->key)
        return DEVSEC_OK;
    return store_fault_set(
        fault, DEVSEC_ERR_INCONSISTENT, NULL,
        "uses: slot %u serves %s, and there is no key in it; expected the key to be there for as long "
        "as %s has this slot: give %s another slot, or 0, first",
        judged->slot, judged->name, judged->name, judged->name);
}

static enum devsec_err check_certificate(const struct judged_use *judged, struct store_fault *fault)
{
    if (!value_is_empty(&judged->key[KEY_CERTIFICATE]))
        return DEVSEC_OK;
    return store_fault_set(fault, DEVSEC_ERR_INCONSISTENT, NULL,
                           "uses: the key \"%s\" in slot %u has no certificate yet and cannot serve %s; expected a key "
                           "with one",
                           judged->shown, judged->slot, judged->name);
}

/* [C7] */
static enum devsec_err check_own_keys(const struct judged_use *judged, struct store_fault *fault)
{
    const bool signature_key = is_reserved(judged->key, PKI_RESERVED_DEVICE_SIGNATURE);
    const bool signature_use = judged->use->usage == PKI_USE_DEVICE_SIGNATURE;

    if (is_reserved(judged->key, PKI_RESERVED_AMS))
        return store_fault_set(fault, DEVSEC_ERR_INCONSISTENT, NULL,
                               "uses: the key \"%s\" in slot %u is the device's own and serves no use, %s neither; "
                               "expected another key",
                               judged->shown, judged->slot, judged->name);
    if (signature_key && !signature_use)
        return store_fault_set(fault, DEVSEC_ERR_INCONSISTENT, NULL,
                               "uses: the key \"%s\" in slot %u serves %s alone, and not %s; expected another key",
                               judged->shown, judged->slot, usages[PKI_USE_DEVICE_SIGNATURE].name, judged->name);
    if (signature_use && !signature_key)
        return store_fault_set(fault, DEVSEC_ERR_INCONSISTENT, NULL,
                               "uses: the key \"%s\" in slot %u cannot serve %s, which takes the device's own key for "
                               "that alone",
                               judged->shown, judged->slot, judged->name);
    return DEVSEC_OK;
}

/* SIP shares its key with nothing [C7]; seen from sip, so that it is looked for once. */
static enum devsec_err check_sip(const struct judged_use *judged, struct store_fault *fault)
{
    const struct table *uses = &judged->document->tables[TABLE_USES];

    for (size_t i = 0; judged->use->usage == PKI_USE_SIP && i < uses->count; i++) {
        const struct value *row = uses->rows[i];

        if (row[USE_SLOT].number != judged->slot || strcmp(value_text(&row[USE_NAME]), judged->name) == 0)
            continue;
        store_fault_set(fault, DEVSEC_ERR_INCONSISTENT, NULL,
                        "uses: the key \"%s\" in slot %u cannot serve both %s and %s: %s shares its key with "
                        "no other use; expected another key for one of them",
                        judged->shown, judged->slot, judged->name, value_text(&row[USE_NAME]), judged->name);
        store_fault_add_row(fault, value_text(&row[USE_NAME]));
        return DEVSEC_ERR_INCONSISTENT;
    }
    return DEVSEC_OK;
}

/* In this order: each may rely on those before. */
static enum devsec_err (*const key_checks[])(const struct judged_use *judged, struct store_fault *fault) = {
    check_there,
    check_certificate,
    check_own_keys,
    check_sip,
};

/* TLS is switched on by its own settings, and what was set may have been any of them. */
static enum devsec_err fail_without_key(const struct pki_use *use, const char *name, struct store_fault *fault)
{
    static const enum setting_id tls[] = {SETTING_TLS_IPV4, SETTING_TLS_IPV6, SETTING_COUNT};
    const bool is_tls = use->usage == PKI_USE_TLS;

    store_fault_set(
        fault, DEVSEC_ERR_INCONSISTENT, is_tls ? tls : NULL,
        "uses: %s is switched on%s and has no key; expected the slot of a key with a certificate for it, or %s "
        "to be switched off",
        name, is_tls ? " (tls.ipv4 or tls.ipv6)" : "", name);
    store_fault_add_row(fault, name);
    return store_fault_set_tables(fault, USES_INVOLVED, DEVSEC_ERR_INCONSISTENT);
}

static enum devsec_err check_use(const struct document *document, const struct pki_use *use, struct store_fault *fault)
{
    struct judged_use judged = {.document = document, .use = use, .slot = pki_use_slot(document, use)};
    enum devsec_err err = DEVSEC_OK;

    pki_use_name(use, judged.name);
    if (!judged.slot)
        return pki_use_enabled(document, use) ? fail_without_key(use, judged.name, fault) : DEVSEC_OK;
    judged.key = pki_key_row(document, judged.slot);
    if (judged.key)
        show_name(judged.key, judged.shown);
    for (size_t i = 0; !err && i < sizeof(key_checks) / sizeof(key_checks[0]); i++)
        err = key_checks[i](&judged, fault);
    if (err)
        store_fault_add_row(fault, judged.name);
    return err ? store_fault_set_tables(fault, KEYS_INVOLVED | USES_INVOLVED, err) : DEVSEC_OK;
}

enum devsec_err pki_rules_check(const struct document *document, struct store_fault *fault)
{
    enum devsec_err err = check_names(&document->tables[TABLE_KEYS], fault);

    if (!err)
        err = check_reserved(&document->tables[TABLE_KEYS], fault);
    for (size_t i = 0; !err && i < pki_use_count; i++)
        err = check_use(document, &pki_uses[i], fault);
    return err;
}
