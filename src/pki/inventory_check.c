/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying certificates beside the thread that owns the inventory; see inventory.h for the contract. */
#include "pki/inventory_private.h"

#include "pki/chain_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One slot to be verified. `reading` says of which files the outcome is. */
struct check_item {
    unsigned slot;
    unsigned long reading;
    char name[MATERIAL_NAME_SIZE];
    bool done;
    struct pki_verification verification;
};

struct inventory_check {
    const struct material *material;
    unsigned long trusted_epoch;
    struct trusted_files trusted;
    size_t n_items;
    struct check_item items[];
};

static bool is_wanted(const struct entry *entry, unsigned only_slot)
{
    return only_slot ? entry->slot.slot == only_slot && entry->verifiable : entry->due;
}

bool inventory_check_is_due(const struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->n_slots; i++) {
        if (inventory->slots[i]->due)
            return true;
    }
    return false;
}

struct inventory_check *inventory_check_new(const struct inventory *inventory, unsigned only_slot)
{
    struct inventory_check *check;
    size_t count = 0;

    for (size_t i = 0; i < inventory->n_slots && count < INVENTORY_CHECK_MAX; i++)
        count += is_wanted(inventory->slots[i], only_slot);
    if (!count)
        return NULL;
    check = calloc(1, sizeof(*check) + count * sizeof(check->items[0]));
    if (!check || trusted_files_list(&check->trusted, inventory, NULL)) {
        inventory_check_free(check);
        return NULL;
    }
    check->material = inventory->material;
    check->trusted_epoch = inventory->trusted_epoch;
    for (size_t i = 0; check->n_items < count; i++) {
        const struct entry *entry = inventory->slots[i];
        struct check_item *item = &check->items[check->n_items];

        if (!is_wanted(entry, only_slot))
            continue;
        item->slot = entry->slot.slot;
        item->reading = entry->slot.reading;
        snprintf(item->name, sizeof(item->name), "%s", value_text(&entry->slot.row[KEY_CERTIFICATE]));
        check->n_items++;
    }
    return check;
}

void inventory_check_free(struct inventory_check *check)
{
    if (!check)
        return;
    free(check->trusted.names);
    free(check);
}

/* ---- Any thread ---- */

static void run_item(const struct inventory_check *check, struct check_item *item, STACK_OF(X509) *trusted, time_t now)
{
    struct pki_fault fault = {.cause = PKI_NONE};
    const enum devsec_err err =
        chain_file_verify(&item->verification, check->material, item->name, NULL, trusted, now, &fault);

    if (err) {
        item->verification = (struct pki_verification){.verdict = PKI_NOT_CHECKED};
        snprintf(item->verification.text, sizeof(item->verification.text), "%s", fault.error.text);
    }
    item->done = fault.cause != PKI_OUT_OF_MEMORY;
}

void inventory_check_run(struct inventory_check *check, time_t now, const atomic_bool *give_up)
{
    STACK_OF(X509) *trusted = NULL;

    if (trusted_files_load(&trusted, &check->trusted, check->material, NULL))
        return;
    for (size_t i = 0; i < check->n_items && !(give_up && atomic_load(give_up)); i++)
        run_item(check, &check->items[i], trusted, now);
    sk_X509_pop_free(trusted, X509_free);
}

/* ---- The inventory's thread again ---- */

static bool apply_item(struct inventory *inventory, const struct check_item *item)
{
    struct entry *entry = entry_find(inventory, item->slot);
    const struct pki_verification *verification = &item->verification;
    struct pki_verification *kept;
    bool is_other;

    if (!item->done || !entry || entry->slot.reading != item->reading)
        return false;
    kept = &entry->slot.verification;
    is_other = kept->verdict != verification->verdict || strcmp(kept->text, verification->text) != 0 ||
               kept->valid_from != verification->valid_from || kept->valid_until != verification->valid_until;
    *kept = *verification;
    entry->due = false;
    return is_other;
}

bool inventory_check_apply(struct inventory *inventory, struct inventory_check *check)
{
    bool changed = false;

    for (size_t i = 0; i < check->n_items && check->trusted_epoch == inventory->trusted_epoch; i++)
        changed |= apply_item(inventory, &check->items[i]);
    inventory_check_free(check);
    return changed;
}
