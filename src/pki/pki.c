/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates of one device, opened beside the store; see pki.h for the contract. */
#include "pki/pki.h"

#include "base/log.h"
#include "pki/digest_set.h"
#include "pki/key_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const pki_reserved_names[PKI_RESERVED_COUNT] = {
    [PKI_RESERVED_DEFAULT] = "Default Key",
    [PKI_RESERVED_AMS] = "AMS",
    [PKI_RESERVED_DEVICE_SIGNATURE] = "Device Signature Key",
};

/* ---- The device key ---- */

/* Whether a document has anything that the device key was needed for. */
static bool has_sealed(const struct document *document)
{
    if (document->tables[TABLE_KEYS].count > 0)
        return true;
    for (enum table_id id = 0; id < TABLE_COUNT; id++) {
        const struct table_schema *schema = &table_schemas[id];

        for (size_t column = 0; column < schema->n_columns; column++)
            for (size_t i = 0; schema->columns[column].sealed && i < document->tables[id].count; i++)
                if (!value_is_empty(&document->tables[id].rows[i][column]))
                    return true;
    }
    return false;
}

/* Makes the key that is not there, unless something was sealed with the one that was. */
static enum devsec_err make_device_key(struct pki *pki, const struct document *document, bool read_only,
                                       struct devsec_error *error)
{
    struct devsec_error trouble = {0};
    bool sealed = has_sealed(document);
    enum devsec_err err = DEVSEC_OK;

    if (!sealed)
        err = material_has(pki->material, MATERIAL_KEY, &sealed, error);
    if (err)
        return err;
    if (sealed) {
        snprintf(pki->device_key_error, sizeof(pki->device_key_error),
                 "there is no device key %s, and private keys or passwords are sealed with it: bring that file back "
                 "from a backup and start devsecd again; if it is lost, delete the keys, or go on with another one by "
                 "'devsecctl admin set-password NAME --new-device-key'",
                 pki->device->key_file);
        return DEVSEC_OK;
    }
    if (!read_only && device_key_create(&pki->device_key, pki->device->key_file, &trouble) != DEVSEC_OK)
        snprintf(pki->device_key_error, sizeof(pki->device_key_error), "%s; nothing can be sealed until it is there",
                 trouble.text);
    return DEVSEC_OK;
}

static enum devsec_err open_device_key(struct pki *pki, const struct document *document, bool read_only,
                                       struct devsec_error *error)
{
    struct devsec_error trouble = {0};
    const enum devsec_err err = device_key_open(&pki->device_key, pki->device->key_file, &trouble);

    if (err == DEVSEC_ERR_NOT_FOUND)
        return make_device_key(pki, document, read_only, error);
    if (err == DEVSEC_ERR_MEMORY)
        return devsec_fail(error, err, "%s", trouble.text);
    if (err)
        snprintf(pki->device_key_error, sizeof(pki->device_key_error),
                 "%s; private keys cannot be used until that is put right and devsecd is started again", trouble.text);
    return DEVSEC_OK;
}

/* Whether a row's key opens. Trouble with its file is the row's own, and says nothing of the device key. */
static bool opens(const struct pki *pki, const struct value *row, bool *refused)
{
    struct pki_fault fault = {.cause = PKI_NONE};
    char *text = NULL;
    size_t length = 0;
    bool good = false;

    if (material_get(pki->material, MATERIAL_KEY, value_text(&row[KEY_FILE]), &text, &length, NULL))
        return false;
    good = key_file_probe(text, length, pki->device_key, &fault) == DEVSEC_OK;
    *refused = *refused || fault.cause == PKI_DEVICE_KEY_UNAVAILABLE;
    free(text);
    return good;
}

/* One key that opens is enough, and normally it is the first; those that another device key sealed are damaged, each
 * by itself. */
static void check_device_key(struct pki *pki, const struct document *document)
{
    const struct table *keys = &document->tables[TABLE_KEYS];
    bool refused = false;

    if (!pki->device_key)
        return;
    for (size_t i = 0; i < keys->count; i++)
        if (opens(pki, keys->rows[i], &refused))
            return;
    if (refused)
        snprintf(pki->device_key_error, sizeof(pki->device_key_error),
                 "the device key %s opens none of the private keys: they were sealed with another one; bring that file "
                 "back from a backup and start devsecd again, or delete the keys and make new ones",
                 pki->device->key_file);
}

/* ---- Opening and closing ---- */

enum devsec_err pki_open(struct pki *pki, const struct device *device, const struct store *store,
                         const char *store_directory, bool read_only, struct devsec_error *error)
{
    const struct document *document = store_current(store);
    bool changed = false;
    enum devsec_err err;

    *pki = (struct pki){.device = device};
    err = material_open(&pki->material, store_directory, read_only, error);
    if (!err)
        err = open_device_key(pki, document, read_only, error);
    if (!err) {
        check_device_key(pki, document);
        err = inventory_new(&pki->inventory, pki->material, pki->device_key, error);
    }
    if (!err)
        err = inventory_follow(pki->inventory, document, &changed, error);
    if (err)
        pki_close(pki);
    return err;
}

void pki_close(struct pki *pki)
{
    inventory_free(pki->inventory);
    device_key_free(pki->device_key);
    material_close(pki->material);
    *pki = (struct pki){0};
}

/* ---- Collecting ---- */

/* What is referred to, found out when it is first asked for: that is, under the lock on the material, so that nothing
 * that anybody put can be missing. */
struct wanted {
    const struct store *store;
    struct digest_set current;
    struct digest_set kept;
    bool current_known;
    bool kept_known;
    enum devsec_err err; /* why it is not known: then everything is wanted */
    struct devsec_error *error;
};

static void add_text(void *context, const char *text, size_t length)
{
    digest_set_add_text(context, text, length);
}

static void add_column(struct digest_set *set, const struct table *table, size_t column)
{
    for (size_t i = 0; i < table->count; i++)
        if (!value_is_empty(&table->rows[i][column]))
            digest_set_add(set, value_text(&table->rows[i][column]));
}

/* The document in force, which is not always the one on disk: a person may be editing that. */
static void add_document(struct digest_set *set, const struct document *document)
{
    add_column(set, &document->tables[TABLE_KEYS], KEY_FILE);
    add_column(set, &document->tables[TABLE_KEYS], KEY_REQUEST);
    add_column(set, &document->tables[TABLE_KEYS], KEY_CERTIFICATE);
    add_column(set, &document->tables[TABLE_TRUSTED], TRUSTED_CERTIFICATE);
}

static bool learn(struct wanted *wanted, struct digest_set *set, enum store_texts which, bool *known)
{
    if (!*known && !wanted->err) {
        wanted->err = store_visit_texts(wanted->store, which, add_text, set, wanted->error);
        if (!wanted->err && which == STORE_TEXT_CURRENT)
            add_document(set, store_current(wanted->store));
        if (!wanted->err && set->failed)
            wanted->err = devsec_fail(wanted->error, DEVSEC_ERR_MEMORY, "out of memory for the names of files");
        *known = !wanted->err;
    }
    return *known;
}

/* Keys first of all: of one that was deleted nothing stays. Old generations are only looked at where they count. */
static bool is_wanted(void *context, enum material_kind kind, const char *name)
{
    struct wanted *wanted = context;

    if (!learn(wanted, &wanted->current, STORE_TEXT_CURRENT, &wanted->current_known))
        return true;
    if (digest_set_has(&wanted->current, name))
        return true;
    if (kind == MATERIAL_KEY)
        return false;
    return !learn(wanted, &wanted->kept, STORE_TEXTS_KEPT, &wanted->kept_known) || digest_set_has(&wanted->kept, name);
}

enum devsec_err pki_collect(struct pki *pki, struct store *store, bool *put_off, struct devsec_error *error)
{
    struct devsec_error trouble = {0};
    struct wanted wanted = {.store = store, .error = &trouble};
    size_t removed = 0;
    enum devsec_err err;

    /* What the settings refer to is not certain while older ones stand in for damaged ones. */
    *put_off = store_status(store) == STORE_RECOVERED;
    if (*put_off)
        return DEVSEC_OK;
    err = material_collect(pki->material, is_wanted, &wanted, &removed, put_off, error);
    if (!err && wanted.err == DEVSEC_ERR_BUSY)
        *put_off = true;
    else if (!err && wanted.err)
        err = devsec_fail(error, wanted.err, "keys and certificates cannot be collected: %s", trouble.text);
    if (removed > 0)
        log_info("pki", "%zu file%s of keys and certificates that nothing refers to any more removed", removed,
                 removed == 1 ? "" : "s");
    digest_set_clear(&wanted.current);
    digest_set_clear(&wanted.kept);
    return err;
}
