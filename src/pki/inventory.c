/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping the inventory beside the document, and finding things in it; see inventory.h for the contract. */
#include "pki/inventory_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum devsec_err inventory_new(struct inventory **out, const struct material *material,
                              const struct device_key *device_key, struct devsec_error *error)
{
    struct inventory *inventory = calloc(1, sizeof(*inventory));
    struct pem_cache *cache = calloc(1, sizeof(*cache));

    if (!inventory || !cache) {
        free(inventory);
        free(cache);
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the inventory of keys");
    }
    inventory->material = material;
    inventory->device_key = device_key;
    inventory->cache = cache;
    *out = inventory;
    return DEVSEC_OK;
}

static void clear_slots(struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->n_slots; i++)
        entry_free(inventory->slots[i]);
    free(inventory->slots);
    inventory->slots = NULL;
    inventory->n_slots = 0;
}

static void clear_trusted(struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->n_trusted; i++)
        trusted_entry_free(inventory->trusted[i]);
    free(inventory->trusted);
    inventory->trusted = NULL;
    inventory->n_trusted = 0;
}

void inventory_free(struct inventory *inventory)
{
    if (!inventory)
        return;
    clear_slots(inventory);
    clear_trusted(inventory);
    free(inventory->cache->octets);
    free(inventory->cache);
    free(inventory);
}

/* ---- Following ---- */

/* Whether an entry was read from the files that the row names. */
static bool is_same(const struct entry *entry, const struct value *row)
{
    unsigned char digest[DIGEST_SIZE];

    if (entry->slot.slot != (unsigned)row[KEY_SLOT].number)
        return false;
    for (size_t kind = 0; kind < MATERIAL_KINDS; kind++) {
        file_digest(digest, value_text(&row[KEY_FILE + kind]));
        if (memcmp(digest, entry->files[kind], sizeof(digest)) != 0)
            return false;
    }
    return true;
}

static bool is_same_trusted(const struct trusted_entry *entry, const struct value *row)
{
    unsigned char digest[DIGEST_SIZE];

    file_digest(digest, value_text(&row[TRUSTED_CERTIFICATE]));
    return entry->trusted.index == (unsigned)row[TRUSTED_INDEX].number &&
           memcmp(digest, entry->file, sizeof(digest)) == 0;
}

/* The old entry of a row, taken out of the inventory at `*at`, where the entries of lower keys have been passed. */
static struct entry *take_entry(struct inventory *inventory, size_t *at, const struct value *row)
{
    struct entry *entry;

    while (*at < inventory->n_slots && inventory->slots[*at]->slot.slot < (unsigned)row[KEY_SLOT].number)
        ++*at;
    if (*at == inventory->n_slots || !is_same(inventory->slots[*at], row))
        return NULL;
    entry = inventory->slots[*at];
    inventory->slots[(*at)++] = NULL;
    entry->slot.row = row;
    return entry;
}

static void count_segments(struct inventory *inventory)
{
    size_t before = 0;

    for (size_t i = 0; i < inventory->n_slots; i++) {
        struct pki_slot *slot = &inventory->slots[i]->slot;

        slot->pem_before = before;
        for (enum pki_pem kind = PKI_PEM_REQUEST; kind <= PKI_PEM_CHAIN; kind++)
            before += inventory_pem_segments(slot, kind);
    }
}

/* Reads a row (again: `*entry` is not NULL then), unless that comes to the same trouble as before. */
static enum devsec_err renew(struct entry **entry, struct inventory *inventory, const struct value *row, bool *changed,
                             struct devsec_error *error)
{
    struct entry *fresh = NULL;
    const enum devsec_err err = entry_read(&fresh, inventory, row, error);

    if (err)
        return err;
    if (*entry && fresh->slot.trouble && strcmp(fresh->slot.trouble, (*entry)->slot.trouble) == 0) {
        entry_free(fresh);
        return DEVSEC_OK;
    }
    entry_free(*entry);
    *entry = fresh;
    fresh->slot.reading = ++inventory->reading;
    *changed = true;
    return DEVSEC_OK;
}

static enum devsec_err renew_trusted(struct trusted_entry **entry, const struct inventory *inventory,
                                     const struct value *row, bool *changed, struct devsec_error *error)
{
    struct trusted_entry *fresh = NULL;
    const enum devsec_err err = trusted_entry_read(&fresh, inventory, row, error);

    if (err)
        return err;
    if (*entry && fresh->trusted.trouble && strcmp(fresh->trusted.trouble, (*entry)->trusted.trouble) == 0) {
        trusted_entry_free(fresh);
        return DEVSEC_OK;
    }
    trusted_entry_free(*entry);
    *entry = fresh;
    *changed = true;
    return DEVSEC_OK;
}

/* As many entries as the table has rows, old ones where they still hold. What was taken over is NULL in the old list,
 * what is left there is freed with it. */
static enum devsec_err follow_keys(struct inventory *inventory, const struct table *table, bool *changed,
                                   struct devsec_error *error)
{
    struct entry **list = table->count ? calloc(table->count, sizeof(struct entry *)) : NULL;
    enum devsec_err err = DEVSEC_OK;
    size_t at = 0;
    size_t n = 0;

    if (table->count && !list)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the inventory of keys");
    *changed = inventory->n_slots != table->count;
    for (; !err && n < table->count; n++) {
        list[n] = take_entry(inventory, &at, table->rows[n]);
        if (!list[n])
            err = renew(&list[n], inventory, table->rows[n], changed, error);
    }
    clear_slots(inventory);
    inventory->slots = list;
    inventory->n_slots = n;
    if (!err)
        count_segments(inventory);
    return err;
}

static struct trusted_entry *take_trusted(struct inventory *inventory, size_t *at, const struct value *row)
{
    struct trusted_entry *entry;

    while (*at < inventory->n_trusted && inventory->trusted[*at]->trusted.index < (unsigned)row[TRUSTED_INDEX].number)
        ++*at;
    if (*at == inventory->n_trusted || !is_same_trusted(inventory->trusted[*at], row))
        return NULL;
    entry = inventory->trusted[*at];
    inventory->trusted[(*at)++] = NULL;
    entry->trusted.row = row;
    return entry;
}

/* As follow_keys. */
static enum devsec_err follow_trusted(struct inventory *inventory, const struct table *table, bool *changed,
                                      struct devsec_error *error)
{
    struct trusted_entry **list = table->count ? calloc(table->count, sizeof(struct trusted_entry *)) : NULL;
    enum devsec_err err = DEVSEC_OK;
    size_t at = 0;
    size_t n = 0;

    if (table->count && !list)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the trusted certificates");
    *changed = inventory->n_trusted != table->count;
    for (; !err && n < table->count; n++) {
        list[n] = take_trusted(inventory, &at, table->rows[n]);
        if (!list[n])
            err = renew_trusted(&list[n], inventory, table->rows[n], changed, error);
    }
    clear_trusted(inventory);
    inventory->trusted = list;
    inventory->n_trusted = n;
    return err;
}

/* Other certificates are trusted: no verdict about a chain counts any more. */
static void forget_verdicts(struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->n_slots; i++) {
        struct entry *entry = inventory->slots[i];

        if (!entry->verifiable)
            continue;
        entry->slot.verification = (struct pki_verification){.verdict = PKI_NOT_CHECKED};
        entry->due = true;
    }
}

/* Takes over what reading came to: `err`, or that trusted certificates are others. */
static enum devsec_err conclude(struct inventory *inventory, enum devsec_err err, bool trusted)
{
    if (err) {
        clear_slots(inventory);
        clear_trusted(inventory);
        inventory->document = NULL;
        inventory->trusted_epoch++;
    } else if (trusted) {
        inventory->trusted_epoch++;
        forget_verdicts(inventory);
    }
    return err;
}

enum devsec_err inventory_follow(struct inventory *inventory, const struct document *document, bool *changed,
                                 struct devsec_error *error)
{
    bool keys = false;
    bool trusted = false;
    enum devsec_err err = follow_trusted(inventory, &document->tables[TABLE_TRUSTED], &trusted, error);

    if (!err)
        err = follow_keys(inventory, &document->tables[TABLE_KEYS], &keys, error);
    inventory->document = document;
    *changed = !err && (keys || trusted);
    return conclude(inventory, err, trusted);
}

enum devsec_err inventory_retry(struct inventory *inventory, unsigned only_slot, bool *changed,
                                struct devsec_error *error)
{
    bool keys = false;
    bool trusted = false;
    enum devsec_err err = DEVSEC_OK;

    for (size_t i = 0; !err && !only_slot && i < inventory->n_trusted; i++) {
        struct trusted_entry **entry = &inventory->trusted[i];

        if ((*entry)->trusted.trouble)
            err = renew_trusted(entry, inventory, (*entry)->trusted.row, &trusted, error);
    }
    for (size_t i = 0; !err && i < inventory->n_slots; i++) {
        struct entry **entry = &inventory->slots[i];

        if ((*entry)->retry && (!only_slot || (*entry)->slot.slot == only_slot))
            err = renew(entry, inventory, (*entry)->slot.row, &keys, error);
    }
    if (!err && keys)
        count_segments(inventory);
    *changed = !err && (keys || trusted);
    return conclude(inventory, err, trusted);
}

const struct document *inventory_document(const struct inventory *inventory)
{
    return inventory->document;
}

/* ---- Finding ---- */

size_t inventory_slots(const struct inventory *inventory)
{
    return inventory->n_slots;
}

const struct pki_slot *inventory_slot(const struct inventory *inventory, size_t i)
{
    return &inventory->slots[i]->slot;
}

struct entry *entry_find(const struct inventory *inventory, unsigned slot)
{
    size_t low = 0;
    size_t high = inventory->n_slots;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const unsigned found = inventory->slots[middle]->slot.slot;

        if (found == slot)
            return inventory->slots[middle];
        if (found < slot)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct pki_slot *inventory_find(const struct inventory *inventory, unsigned slot)
{
    const struct entry *entry = entry_find(inventory, slot);

    return entry ? &entry->slot : NULL;
}

bool inventory_is_shut(const struct inventory *inventory)
{
    bool shut = false;

    for (size_t i = 0; i < inventory->n_slots; i++) {
        if (inventory->slots[i]->opens)
            return false;
        shut = shut || inventory->slots[i]->shut;
    }
    return shut;
}

size_t inventory_trusted_count(const struct inventory *inventory)
{
    return inventory->n_trusted;
}

const struct pki_trusted *inventory_trusted(const struct inventory *inventory, size_t i)
{
    return &inventory->trusted[i]->trusted;
}

unsigned inventory_free_slot(const struct inventory *inventory, unsigned limit)
{
    unsigned free_slot = 1;

    if (inventory->n_slots >= limit)
        return 0;
    for (size_t i = 0; i < inventory->n_slots && inventory->slots[i]->slot.slot == free_slot; i++)
        free_slot++;
    return free_slot;
}

/* ---- What a slot means by now ---- */

enum pki_verdict inventory_verdict(const struct pki_slot *slot, time_t now)
{
    return pki_verdict_at(&slot->verification, now);
}

void inventory_text(const struct pki_slot *slot, time_t now, char *to, size_t room)
{
    if (slot->trouble)
        snprintf(to, room, "%s", slot->trouble);
    else
        pki_verdict_text(&slot->verification, now, to, room);
}

void inventory_count(const struct inventory *inventory, time_t now, unsigned warning_days,
                     struct inventory_counts *counts)
{
    *counts = (struct inventory_counts){.total = 0};
    for (size_t i = 0; i < inventory->n_slots; i++) {
        const struct pki_slot *slot = &inventory->slots[i]->slot;
        const enum pki_validity validity =
            pki_validity(slot->summary.not_before, slot->summary.not_after, now, warning_days);

        counts->total += validity != PKI_NO_CERTIFICATE;
        counts->expiring += validity == PKI_EXPIRING;
        counts->expired += validity == PKI_EXPIRED;
        counts->weak += slot->summary.weakness != 0;
        counts->damaged += slot->status == PKI_STATUS_DAMAGED;
    }
}
