/* SPDX-License-Identifier: Apache-2.0 */
/* The keys and certificates in devsecctl check: every file that the document refers to, read and opened. */
#include "check_files.h"
#include "pki/inventory.h"

#include <limits.h>
#include <stdio.h>

#define WHERE_ROOM 128

static void add_trouble(struct findings *findings, const char *folder, const char *where, const char *trouble)
{
    char text[DEVSEC_ERROR_TEXT_MAX + WHERE_ROOM];

    snprintf(text, sizeof(text), "%s: %s", where, trouble);
    findings_add(findings, false, folder, 0, 0, text);
}

static void add_troubles(struct findings *findings, const char *folder, const struct inventory *inventory)
{
    char where[WHERE_ROOM];

    for (size_t i = 0; i < inventory_slots(inventory); i++) {
        const struct pki_slot *slot = inventory_slot(inventory, i);

        snprintf(where, sizeof(where), "slot %u, \"%s\"", slot->slot, value_text(&slot->row[KEY_NAME]));
        if (slot->trouble)
            add_trouble(findings, folder, where, slot->trouble);
    }
    for (size_t i = 0; i < inventory_trusted_count(inventory); i++) {
        const struct pki_trusted *trusted = inventory_trusted(inventory, i);

        snprintf(where, sizeof(where), "trusted certificate %u", trusted->index);
        if (trusted->trouble)
            add_trouble(findings, folder, where, trusted->trouble);
    }
}

void check_keys(struct findings *findings, const struct config *config, const struct document *document)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct material *material = NULL;
    struct device_key *key = NULL;
    struct inventory *inventory = NULL;
    char folder[PATH_MAX];
    bool changed = false;
    enum devsec_err err;

    if (document->tables[TABLE_KEYS].count == 0 && document->tables[TABLE_TRUSTED].count == 0)
        return;
    snprintf(folder, sizeof(folder), "%s/material", config->store);
    (void)device_key_open(&key, config->device_key, NULL); /* check_device_key says why it does not open */
    err = material_open(&material, config->store, true, &error);
    if (!err)
        err = inventory_new(&inventory, material, key, &error);
    if (!err)
        err = inventory_follow(inventory, document, &changed, &error);
    if (err)
        findings_add(findings, false, folder, 0, 0, error.text);
    else
        add_troubles(findings, folder, inventory);
    inventory_free(inventory);
    material_close(material);
    device_key_free(key);
}
