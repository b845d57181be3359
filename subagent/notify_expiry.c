/* SPDX-License-Identifier: Apache-2.0 */
/* devsecCertExpiring and devsecCertExpired: whose end is to be told now, and that each is told once; see notify.h. */
#include "notify_private.h"

#include "dispatch.h"

#include "base/log.h"
#include "pki/uses.h"

#include <stdlib.h>
#include <string.h>

#define AT_ONCE     8  /* notifications of a kind, and rows written, in one look: others want their turn */
#define WRITE_AGAIN 60 /* seconds until the next attempt to write the document */

static const int kinds[] = {MIB_NOTIFICATION_devsecCertExpiring, MIB_NOTIFICATION_devsecCertExpired};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A certificate whose end is to be told. */
struct due {
    size_t row; /* of the inventory */
    const struct pki_slot *slot;
    enum pki_stage stage;
    netsnmp_variable_list *list; /* what is sent */
};

/* One kind's, those that end first before the others. */
struct due_list {
    struct due list[AT_ONCE];
    size_t count;
    size_t room;
    bool spaced; /* what has no room waits on account of the minimum interval */
};

/* ---- notes ---- */

/* The index of the first note of this slot or behind it. */
static size_t note_place(const struct expiry_notes *notes, unsigned slot)
{
    size_t low = 0;
    size_t high = notes->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (notes->list[middle].slot < slot)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct expiry_note *find_note(const struct expiry_notes *notes, unsigned slot)
{
    const size_t at = note_place(notes, slot);

    return at < notes->count && notes->list[at].slot == slot ? &notes->list[at] : NULL;
}

static enum pki_stage told_in_document(const struct pki_slot *slot)
{
    return pki_stage_of_word(value_text(&slot->row[KEY_TOLD]));
}

/* What is told of a slot's certificate: by the note where the document could not be written, else by the document. */
static enum pki_stage told_of(const struct notifier *notifier, const struct pki_slot *slot)
{
    const struct expiry_note *note = find_note(&notifier->notes, slot->slot);

    return note && note->unwritten ? note->told : told_in_document(slot);
}

/* The note of a slot, a new one if it has none; NULL when out of memory. */
static struct expiry_note *note_of(struct notifier *notifier, const struct pki_slot *slot)
{
    struct expiry_notes *notes = &notifier->notes;
    const size_t at = note_place(notes, slot->slot);
    struct expiry_note *list;

    if (at < notes->count && notes->list[at].slot == slot->slot)
        return &notes->list[at];
    if (notes->count == notes->room) {
        const size_t room = notes->room ? 2 * notes->room : AT_ONCE;

        list = realloc(notes->list, room * sizeof(*list));
        if (!list)
            return NULL;
        notes->list = list;
        notes->room = room;
    }
    list = &notes->list[at];
    memmove(list + 1, list, (notes->count - at) * sizeof(*list));
    notes->count++;
    *list = (struct expiry_note){.slot = slot->slot, .told = told_in_document(slot)};
    memcpy(list->fingerprint, slot->summary.fingerprint, sizeof(list->fingerprint));
    return list;
}

/* Drops what is settled, and what was about another certificate than the slot has now. */
static void drop_notes(struct notifier *notifier)
{
    struct expiry_notes *notes = &notifier->notes;
    size_t kept = 0;

    for (size_t i = 0; i < notes->count; i++) {
        const struct expiry_note *note = &notes->list[i];
        const struct pki_slot *slot = inventory_find(notifier->agent->pki.inventory, note->slot);

        if (slot && memcmp(slot->summary.fingerprint, note->fingerprint, sizeof(note->fingerprint)) == 0 &&
            (note->unwritten || note->counted > told_in_document(slot)))
            notes->list[kept++] = *note;
    }
    notes->count = kept;
    if (!kept) {
        free(notes->list);
        *notes = (struct expiry_notes){NULL, 0, 0};
    }
}

/* To be put down in the document. Out of memory, a stage is told again. */
static void put_told(struct notifier *notifier, const struct pki_slot *slot, enum pki_stage stage)
{
    struct expiry_note *note = note_of(notifier, slot);

    if (!note) {
        log_error("notify", "out of memory, the end of the certificate in slot %u will be notified again", slot->slot);
        return;
    }
    note->told = stage;
    note->unwritten = true;
    if (note->counted > stage)
        note->counted = stage; /* the clock was set back */
}

/* ---- what is due ---- */

static void count_waiting(struct notifier *notifier, const struct due_list *due, const struct due *waiting)
{
    struct expiry_note *note = due->spaced ? note_of(notifier, waiting->slot) : NULL;

    if (!note || note->counted >= waiting->stage)
        return;
    note->counted = waiting->stage;
    notifier->suppressed++;
}

/* Puts one where it belongs; who has no room any more waits. */
static void offer(struct notifier *notifier, struct due_list *due, const struct due *one)
{
    size_t at = due->count;

    while (at > 0 && due->list[at - 1].slot->summary.not_after > one->slot->summary.not_after)
        at--;
    if (at == due->room) {
        count_waiting(notifier, due, one);
        return;
    }
    if (due->count == due->room)
        count_waiting(notifier, due, &due->list[--due->count]);
    memmove(&due->list[at + 1], &due->list[at], (due->count - at) * sizeof(*one));
    due->list[at] = *one;
    due->count++;
}

static size_t kind_of(enum pki_stage stage)
{
    return stage == PKI_STAGE_EXPIRED ? 1 : 0;
}

static void judge(struct notifier *notifier, struct due_list due[KINDS], size_t row, time_t now, unsigned warning_days)
{
    const struct pki_slot *slot = inventory_slot(notifier->agent->pki.inventory, row);
    const enum pki_stage told = told_of(notifier, slot);
    const struct pki_expiry expiry =
        pki_expiry_judge(slot->summary.not_before, slot->summary.not_after, now, warning_days, told);
    const size_t kind = kind_of(expiry.told);

    if (!expiry.tell && expiry.told != told)
        put_told(notifier, slot, expiry.told);
    else if (expiry.tell && notify_is_on(notifier, kinds[kind]))
        offer(notifier, &due[kind], &(struct due){row, slot, expiry.told, NULL});
}

static void find_due(struct notifier *notifier, struct due_list due[KINDS])
{
    const struct value *values = store_current(notifier->agent->store)->values;
    const bool spaced = values[SETTING_NOTIFY_MIN_INTERVAL].number != 0;
    const time_t now = time(NULL);

    for (size_t k = 0; k < KINDS; k++) {
        due[k] = (struct due_list){.count = 0, .room = spaced ? 1 : AT_ONCE, .spaced = spaced};
        if (notify_too_soon(notifier, kinds[k]))
            due[k].room = 0;
    }
    for (size_t i = 0; i < inventory_slots(notifier->agent->pki.inventory); i++)
        judge(notifier, due, i, now, (unsigned)values[SETTING_CERT_EXPIRY_WARNING].number);
}

/* ---- putting it down ---- */

static enum devsec_err put_row(const struct notifier *notifier, struct transaction *txn, const struct expiry_note *note,
                               struct devsec_error *error)
{
    const struct value *have = pki_key_row(store_current(notifier->agent->store), note->slot);
    struct value row[KEY_COLUMNS];
    char word[16];
    enum devsec_err err;

    if (!have)
        return DEVSEC_OK; /* the key is gone, the note goes with the next look */
    memcpy(row, have, sizeof(row));
    snprintf(word, sizeof(word), "%s", pki_stage_word(note->told));
    row[KEY_TOLD] = (struct value){.text = word}; /* the rest is borrowed, too */
    err = transaction_require_row(txn, TABLE_KEYS, have, have, error);
    return err ? err : transaction_put_row(txn, TABLE_KEYS, row, error);
}

/* Up to AT_ONCE notes, those from *at on; *at is behind them then. */
static enum devsec_err write_some(struct notifier *notifier, size_t *at, struct devsec_error *error)
{
    struct transaction *txn = NULL;
    enum devsec_err err = transaction_begin(&txn, notifier->agent->store, error);
    size_t rows = 0;

    for (; !err && *at < notifier->notes.count && rows < AT_ONCE; ++*at) {
        if (!notifier->notes.list[*at].unwritten)
            continue;
        err = put_row(notifier, txn, &notifier->notes.list[*at], error);
        rows++;
    }
    if (!err)
        err = transaction_commit(txn, error);
    if (!err)
        transaction_finish(txn);
    transaction_free(txn);
    return err;
}

/* True if a commit was tried. */
static bool write_notes(struct notifier *notifier)
{
    struct expiry_notes *notes = &notifier->notes;
    struct devsec_error error = {DEVSEC_OK, ""};
    struct timespec now;
    size_t first = 0;
    size_t end;

    while (first < notes->count && !notes->list[first].unwritten)
        first++;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (first == notes->count || now.tv_sec < notifier->write_again)
        return false;
    end = first;
    if (write_some(notifier, &end, &error)) {
        log_warning("notify",
                    "that the end of a certificate is notified cannot be put down, so it may be notified again after "
                    "a restart: %s",
                    error.text);
        notifier->write_again = now.tv_sec + WRITE_AGAIN;
        return true;
    }
    notifier->write_again = 0;
    for (size_t i = first; i < end; i++)
        notes->list[i].unwritten = false;
    return true;
}

/*
 * The order: the values are read while the inventory still goes by the document in force, the document is written, and
 * only then anything is sent. A crash in between tells nobody of a stage, which the next stage makes good; the other
 * way around it would be told after each restart.
 */
void notify_expiry(struct notifier *notifier)
{
    struct due_list due[KINDS];
    bool committed;

    if (!notifier->agent->registered || !dispatch_is_idle(notifier->agent->dispatch))
        return;
    drop_notes(notifier);
    find_due(notifier, due);
    for (size_t k = 0; k < KINDS; k++) {
        for (size_t i = 0; i < due[k].count; i++) {
            due[k].list[i].list = notify_make(notifier, kinds[k], due[k].list[i].row);
            put_told(notifier, due[k].list[i].slot, due[k].list[i].stage);
        }
    }
    committed = write_notes(notifier);
    for (size_t k = 0; k < KINDS; k++) {
        for (size_t i = 0; i < due[k].count; i++)
            notify_send(notifier, kinds[k], due[k].list[i].list);
    }
    if (committed)
        agent_follow(notifier->agent);
}
