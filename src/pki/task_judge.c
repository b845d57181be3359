/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said about a task before it works: slots, names, uses, the device key; see task_private.h. */
#include "pki/task_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_ROOM (4 * PKI_KEY_NAME_SIZE)

/* ---- Slots ---- */

static bool is_among(unsigned slot, const unsigned *slots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slots[i] == slot)
            return true;
    }
    return false;
}

static bool is_taken(const struct judgement *judgement, unsigned slot)
{
    return is_among(slot, judgement->taken, judgement->n_taken);
}

static bool is_free(const struct judgement *judgement, unsigned slot)
{
    return !is_taken(judgement, slot) && !pki_key_row(judgement->document, slot);
}

static enum devsec_err fail_taken(unsigned slot, struct pki_fault *fault)
{
    return pki_fail(fault, PKI_SLOT_BUSY, DEVSEC_ERR_BUSY,
                    "slot %u: other work on it is under way; start again when that has ended", slot);
}

/* The device's own keys that are yet to be made and have no slot so far; for them room is kept. */
static unsigned count_awaited(const struct pki_task *task, const struct judgement *judgement)
{
    const uint32_t wanted = task->pki->device->profile.reserved_keys;
    const unsigned being_made = task->given.reserved_slot;
    unsigned count = 0;

    if (task->given.operation == PKI_MAKE_RESERVED)
        return 0;
    for (unsigned i = 0; i < PKI_RESERVED_COUNT; i++)
        count += (wanted & 1u << i) && !pki_reserved_row(judgement->document, (enum pki_reserved)i);
    if (count && being_made && is_taken(judgement, being_made) && !pki_key_row(judgement->document, being_made))
        count--;
    return count;
}

/* Keys that others are making count as well. */
static enum devsec_err check_limit(const struct pki_task *task, const struct judgement *judgement,
                                   struct pki_fault *fault)
{
    const unsigned limit = task->pki->device->profile.key_limit;
    const unsigned awaited = count_awaited(task, judgement);
    size_t count = judgement->document->tables[TABLE_KEYS].count;

    for (size_t i = 0; i < judgement->n_taken; i++) {
        const unsigned slot = judgement->taken[i];

        count += slot && !is_among(slot, judgement->taken, i) && !pki_key_row(judgement->document, slot);
    }
    if (count + awaited < limit)
        return DEVSEC_OK;
    if (count < limit)
        return pki_fail(fault, PKI_LIMIT_REACHED, DEVSEC_ERR_UNAVAILABLE,
                        "the device can hold %u keys, and keeps room for %u of its own that it is yet to make; delete "
                        "one first",
                        limit, awaited);
    return pki_fail(fault, PKI_LIMIT_REACHED, DEVSEC_ERR_UNAVAILABLE,
                    "the device can hold %u keys, and as many are there; delete one first", limit);
}

enum devsec_err judge_free_slot(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    const unsigned limit = task->pki->device->profile.key_limit;
    unsigned slot = task->given.slot;
    enum devsec_err err = DEVSEC_OK;

    if (slot > limit)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "slot: found %u, expected 1 to %u, or none for the lowest free one", slot, limit);
    if (slot && is_taken(judgement, slot))
        return fail_taken(slot, fault);
    if (slot && pki_key_row(judgement->document, slot))
        return pki_fail(fault, PKI_SLOT_OCCUPIED, DEVSEC_ERR_INCONSISTENT,
                        "slot %u has a key already; choose a free slot, or none, and the lowest free one is taken",
                        slot);
    err = check_limit(task, judgement, fault);
    if (err)
        return err;
    for (unsigned i = 1, left = task->given.pass_over + 1; !task->given.slot && left && i <= limit; i++) {
        if (!is_free(judgement, i))
            continue;
        slot = i;
        left--;
    }
    atomic_store(&task->slot, slot);
    task->reading = 0;
    return DEVSEC_OK;
}

enum devsec_err judge_slot(struct pki_task *task, const struct judgement *judgement, const struct value **row,
                           struct pki_fault *fault)
{
    const unsigned slot = task->given.slot;
    const struct pki_slot *known = inventory_find(task->pki->inventory, slot);

    if (!slot)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "slot: found 0, expected the number of the slot to work on");
    *row = pki_key_row(judgement->document, slot);
    if (!*row || !known)
        return pki_fail(fault, PKI_NO_SUCH_SLOT, DEVSEC_ERR_NOT_FOUND, "slot %u has no key", slot);
    if (is_taken(judgement, slot))
        return fail_taken(slot, fault);
    atomic_store(&task->slot, slot);
    task->reading = known->reading;
    return DEVSEC_OK;
}

enum devsec_err remember_keys(struct pki_task *task, struct pki_fault *fault)
{
    const struct inventory *inventory = task->pki->inventory;
    const size_t count = inventory_slots(inventory);

    task->keys = calloc(count + 1, sizeof(*task->keys));
    if (!task->keys)
        return pki_fail_memory(fault);
    for (size_t i = 0; i < count; i++) {
        const struct pki_slot *slot = inventory_slot(inventory, i);
        struct known_key *key = &task->keys[task->n_keys++];

        key->slot = slot->slot;
        key->reading = slot->reading;
        key->is_reserved = !value_is_empty(&slot->row[KEY_RESERVED]);
        memcpy(key->public_key, slot->public_key, sizeof(key->public_key));
        snprintf(key->file, sizeof(key->file), "%s", value_text(&slot->row[KEY_FILE]));
    }
    return DEVSEC_OK;
}

/* ---- Names ---- */

/* People name a key by its slot or by its name, and have to know which of the two they are doing. */
static bool looks_like_slot(const char *name)
{
    return name[strspn(name, "0123456789")] == '\0';
}

static bool is_presentable(const char *name)
{
    const size_t length = strlen(name);
    size_t at = 0;

    while (at < length) {
        uint32_t code = 0;
        const size_t count = text_decode(name + at, length - at, &code);

        if (!count || !text_is_safe(code))
            return false;
        at += count;
    }
    return length > 0 && length < PKI_KEY_NAME_SIZE;
}

enum devsec_err check_name_free(const struct pki_task *task, const struct document *document, struct pki_fault *fault)
{
    const struct table *keys = &document->tables[TABLE_KEYS];

    for (size_t i = 0; i < keys->count; i++) {
        const struct value *row = keys->rows[i];
        const unsigned slot = (unsigned)row[KEY_SLOT].number;

        if (slot != pki_task_slot(task) && strcmp(value_text(&row[KEY_NAME]), task->name) == 0)
            return pki_fail(fault, PKI_NAME_TAKEN, DEVSEC_ERR_INCONSISTENT,
                            "key name: the key in slot %u is named \"%s\" already; give another name", slot,
                            task->name);
    }
    return DEVSEC_OK;
}

enum devsec_err judge_name(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    const char *name = task->given.key_name;
    char shown[SHOWN_ROOM];

    if (!*name) {
        snprintf(task->name, sizeof(task->name), "Key %u", pki_task_slot(task));
        return check_name_free(task, judgement->document, fault);
    }
    if (!is_presentable(name)) {
        text_show(shown, sizeof(shown), name, strlen(name));
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "key name: found \"%s\", expected 1 to %d octets of UTF-8 without control characters", shown,
                        PKI_KEY_NAME_SIZE - 1);
    }
    if (looks_like_slot(name))
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "key name: a name of digits alone would be taken for a slot; give another name");
    for (size_t i = 0; i < PKI_RESERVED_COUNT; i++) {
        if (strcmp(name, pki_reserved_names[i]) == 0)
            return pki_fail(fault, PKI_NAME_TAKEN, DEVSEC_ERR_INCONSISTENT,
                            "key name: \"%s\" is kept for a key of the device's own; give another name", name);
    }
    snprintf(task->name, sizeof(task->name), "%s", name);
    return check_name_free(task, judgement->document, fault);
}

/* ---- Uses ---- */

bool task_has_use(const struct pki_task *task)
{
    return task->given.use.usage != 0 && task->given.use.usage != PKI_USE_NONE;
}

enum devsec_err judge_no_use(const struct pki_task *task, const char *why, struct pki_fault *fault)
{
    return task_has_use(task) ? pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                                         "usage: found a use, expected none: %s", why)
                              : DEVSEC_OK;
}

static bool is_known_use(const struct pki_use *use)
{
    for (size_t i = 0; i < pki_use_count; i++) {
        if (pki_uses[i].usage == use->usage && pki_uses[i].instance == use->instance)
            return true;
    }
    return false;
}

/* The slot's row as it will be, as far as the rules ask: with a certificate, whichever. */
static enum devsec_err add_key(const struct pki_task *task, struct document *document, struct devsec_error *error)
{
    static const char any[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const unsigned slot = pki_task_slot(task);
    const struct value *now = pki_key_row(document, slot);
    struct value *row = now ? row_copy(TABLE_KEYS, now) : row_new(TABLE_KEYS);
    enum devsec_err err = row ? DEVSEC_OK : devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");

    if (!err) {
        row[KEY_SLOT].number = slot;
        err = value_set_text(&row[KEY_CERTIFICATE], any, error);
    }
    if (!err && !now)
        err = value_set_text(&row[KEY_NAME], task->name, error);
    if (!err && !now)
        err = value_set_text(&row[KEY_RESERVED], task->reserved_word, error);
    if (!err)
        err = table_put(TABLE_KEYS, &document->tables[TABLE_KEYS], row, error);
    row_free(TABLE_KEYS, row);
    return err;
}

static enum devsec_err add_use(const struct pki_task *task, struct document *document, struct devsec_error *error)
{
    const struct pki_use *use = &task->given.use;
    char name[PKI_USE_NAME_MAX];
    struct value row[USE_COLUMNS] = {
        [USE_NAME] = {.text = name},
        [USE_SLOT] = {.number = pki_task_slot(task)},
        [USE_ENABLED] = {.number = use->usage != PKI_USE_TLS && pki_use_enabled(document, use)},
    };

    pki_use_name(use, name);
    return table_put(TABLE_USES, &document->tables[TABLE_USES], row, error);
}

enum devsec_err judge_use(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    struct store_fault refusal = {.n_involved = 0};
    struct document *document = NULL;
    enum devsec_err err;

    if (!task_has_use(task))
        return DEVSEC_OK;
    if (!is_known_use(&task->given.use))
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "usage: found %d with instance %u, expected a use that the device has",
                        (int)task->given.use.usage, task->given.use.instance);
    task->use_slot = pki_use_slot(judgement->document, &task->given.use);
    if (!pki_task_slot(task))
        return DEVSEC_OK; /* an installation that has to find its key: the commit judges */
    err = document_copy(&document, judgement->document, &refusal.error);
    if (!err)
        err = add_key(task, document, &refusal.error);
    if (!err)
        err = add_use(task, document, &refusal.error);
    if (!err)
        err = pki_rules_check(document, &refusal);
    document_free(document);
    return err ? pki_fail_as(fault, err == DEVSEC_ERR_MEMORY ? PKI_OUT_OF_MEMORY : PKI_USAGE_REFUSED, &refusal.error)
               : DEVSEC_OK;
}

/* ---- The device key ---- */

enum devsec_err judge_device_key(const struct pki_task *task, struct pki_fault *fault)
{
    const struct pki *pki = task->pki;

    /* With another device key only keys that cannot be deleted are made anew: what it sealed would be lost when the
     * right one comes back. */
    if (pki->device_key && inventory_is_shut(pki->inventory) && !*task->reserved_word)
        return pki_fail(
            fault, PKI_DEVICE_KEY_UNAVAILABLE, DEVSEC_ERR_UNSAFE,
            "the device key %s opens none of the private keys, which were sealed with another one; bring that "
            "file back from a backup and start devsecd again, or delete the keys first",
            pki->device->key_file);
    if (pki->device_key)
        return DEVSEC_OK;
    return pki_fail(fault, PKI_DEVICE_KEY_UNAVAILABLE, DEVSEC_ERR_UNSAFE, "%s",
                    *pki->device_key_error ? pki->device_key_error
                                           : "there is no device key, and without it no private key can be kept");
}
