/* SPDX-License-Identifier: Apache-2.0 */
/* Changing settings: a candidate, its checks, and its way to disk and back; see store.h for the contract. */
#include "store_private.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_ROOM 96

struct transaction {
    struct store *store;
    struct value wanted[SETTING_COUNT];
    bool given[SETTING_COUNT];
    struct row_changes rows;
    struct row_changes required;  /* rows that must be so in what is in force; of a removal: not be there */
    const struct document *whole; /* instead of what is in force, below the above; NULL: what is in force */

    struct document *candidate; /* NULL until it is made, and once it is committed */
    unsigned long epoch;        /* of the store when the candidate was made */

    bool committed;
    bool changed;
    bool touched[SETTING_COUNT]; /* what the commit really changed, adjustments included */
    struct row_changes reverse;  /* what takes back the rows that it changed */
    uint32_t generation;         /* of the commit */
    struct store_past past;      /* what the commit replaced */
};

enum devsec_err store_fault_set(struct store_fault *fault, enum devsec_err code, const enum setting_id *involved,
                                const char *format, ...)
{
    va_list args;

    if (!fault)
        return code;
    fault->error.code = code;
    va_start(args, format);
    vsnprintf(fault->error.text, sizeof(fault->error.text), format, args);
    va_end(args);
    fault->n_involved = 0;
    fault->involved_tables = 0;
    fault->n_involved_rows = 0;
    while (fault->n_involved < STORE_FAULT_MAX && involved && involved[fault->n_involved] != SETTING_COUNT) {
        fault->involved[fault->n_involved] = involved[fault->n_involved];
        fault->n_involved++;
    }
    return code;
}

enum devsec_err store_fault_set_tables(struct store_fault *fault, uint32_t tables, enum devsec_err code)
{
    if (fault)
        fault->involved_tables = tables;
    return code;
}

void store_fault_add_row(struct store_fault *fault, const char *key)
{
    if (fault && fault->n_involved_rows < STORE_FAULT_ROWS_MAX)
        snprintf(fault->involved_rows[fault->n_involved_rows++], STORE_FAULT_KEY_MAX, "%s", key);
}

enum devsec_err transaction_begin(struct transaction **out, struct store *store, struct devsec_error *error)
{
    struct transaction *txn = calloc(1, sizeof(*txn));

    if (!txn)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for a change of settings");
    txn->store = store;
    *out = txn;
    return DEVSEC_OK;
}

void transaction_free(struct transaction *txn)
{
    if (!txn)
        return;
    for (int id = 0; id < SETTING_COUNT; id++)
        value_clear(&txn->wanted[id]);
    document_free(txn->candidate);
    store_past_free(&txn->past);
    row_changes_free(&txn->rows);
    row_changes_free(&txn->required);
    row_changes_free(&txn->reverse);
    free(txn);
}

/* The candidate is made anew when it is needed. */
static void drop_candidate(struct transaction *txn)
{
    document_free(txn->candidate);
    txn->candidate = NULL;
}

enum devsec_err transaction_set(struct transaction *txn, enum setting_id id, const struct value *value,
                                struct devsec_error *error)
{
    enum devsec_err err = value_check(id, value, error);

    if (!err)
        err = value_copy(&txn->wanted[id], value, error);
    if (err)
        return err;
    txn->given[id] = true;
    drop_candidate(txn);
    return DEVSEC_OK;
}

void transaction_put_all(struct transaction *txn, const struct document *document)
{
    txn->whole = document;
    drop_candidate(txn);
}

/* The table that the transaction's own changes go on top of. */
static const struct table *ground(const struct transaction *txn, enum table_id id)
{
    const bool whole = txn->whole && !table_schemas[id].state;

    return whole ? &txn->whole->tables[id] : &txn->store->current->tables[id];
}

/* Whether the candidate has a row with this key. */
static bool has_row(const struct transaction *txn, enum table_id id, const struct value *key)
{
    const struct row_change *change = row_changes_find(&txn->rows, id, key);

    return change ? !change->remove : table_find(id, ground(txn, id), key) >= 0;
}

/* DEVSEC_ERR_UNAVAILABLE when the candidate's table takes no further row. It is only counted where that is near. */
static enum devsec_err check_room(const struct transaction *txn, enum table_id id, struct devsec_error *error)
{
    size_t count = ground(txn, id)->count;

    if (table_has_room(id, count + txn->rows.count, NULL) == DEVSEC_OK)
        return DEVSEC_OK;
    for (size_t i = 0; i < txn->rows.count; i++) {
        const struct row_change *change = &txn->rows.list[i];
        const bool there = change->table == id && table_find(id, ground(txn, id), change->row) >= 0;

        if (change->table == id)
            count = count + !change->remove - there;
    }
    return table_has_room(id, count, error);
}

enum devsec_err transaction_put_row(struct transaction *txn, enum table_id table, const struct value *row,
                                    struct devsec_error *error)
{
    enum devsec_err err = row_check(table, row, error);

    if (!err && !has_row(txn, table, &row[0]))
        err = check_room(txn, table, error);
    if (!err)
        err = row_changes_add(&txn->rows, table, row, false, error);
    if (!err)
        drop_candidate(txn);
    return err;
}

/* "administrators: there is no row with the name "alice"" */
static enum devsec_err fail_no_row(enum table_id table, const struct value *key, struct devsec_error *error)
{
    char *text = column_format(table, 0, key);
    char shown[SHOWN_ROOM] = "";
    enum devsec_err err;

    if (text)
        text_show(shown, sizeof(shown), text, strlen(text));
    err = devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "%s: there is no row with the %s \"%s\"", table_schemas[table].path,
                      table_schemas[table].columns[0].name, shown);
    free(text);
    return err;
}

enum devsec_err transaction_remove_row(struct transaction *txn, enum table_id table, const struct value *key,
                                       struct devsec_error *error)
{
    enum devsec_err err = has_row(txn, table, key) ? DEVSEC_OK : fail_no_row(table, key, error);

    if (!err)
        err = row_changes_add(&txn->rows, table, key, true, error);
    if (!err)
        drop_candidate(txn);
    return err;
}

enum devsec_err transaction_require_row(struct transaction *txn, enum table_id table, const struct value *key,
                                        const struct value *row, struct devsec_error *error)
{
    const enum devsec_err err = row_changes_add(&txn->required, table, row ? row : key, !row, error);

    if (!err)
        drop_candidate(txn);
    return err;
}

/* "keys: the row with the slot "3" is no longer what it was" */
static enum devsec_err fail_required(const struct row_change *required, struct store_fault *fault)
{
    char *text = column_format(required->table, 0, required->row);
    char shown[SHOWN_ROOM] = "";

    if (text)
        text_show(shown, sizeof(shown), text, strlen(text));
    store_fault_set(fault, DEVSEC_ERR_BUSY, NULL,
                    "%s: the row with the %s \"%s\" is no longer what it was: somebody else changed it meanwhile; look "
                    "at it and try again",
                    table_schemas[required->table].path, table_schemas[required->table].columns[0].name, shown);
    if (text)
        store_fault_add_row(fault, text);
    free(text);
    return store_fault_set_tables(fault, 1u << required->table, DEVSEC_ERR_BUSY);
}

static enum devsec_err check_required(const struct transaction *txn, struct store_fault *fault)
{
    for (size_t i = 0; i < txn->required.count; i++) {
        const struct row_change *required = &txn->required.list[i];
        const struct table *table = &txn->store->current->tables[required->table];
        const long index = table_find(required->table, table, required->row);
        const bool same =
            required->remove ? index < 0 : index >= 0 && row_equal(required->table, table->rows[index], required->row);

        if (!same)
            return fail_required(required, fault);
    }
    return DEVSEC_OK;
}

/* What a whole document says, in place of what is in force. */
static enum devsec_err take_whole(const struct transaction *txn, struct document *candidate, struct devsec_error *error)
{
    enum devsec_err err = DEVSEC_OK;

    for (int id = 0; !err && id < SETTING_COUNT; id++)
        err = value_copy(&candidate->values[id], &txn->whole->values[id], error);
    for (enum table_id id = 0; !err && id < TABLE_COUNT; id++)
        err = table_copy(id, &candidate->tables[id], ground(txn, id), error);
    return err;
}

/* The transaction's changes, on a copy of what is in force. What a whole document says is not adjusted. */
static enum devsec_err fill_candidate(const struct transaction *txn, struct document *candidate,
                                      struct devsec_error *error)
{
    const struct store_rules *rules = txn->store->rules;
    enum devsec_err err = txn->whole ? take_whole(txn, candidate, error) : DEVSEC_OK;

    for (int id = 0; !err && id < SETTING_COUNT; id++) {
        if (txn->given[id])
            err = value_copy(&candidate->values[id], &txn->wanted[id], error);
    }
    if (!err)
        err = row_changes_apply(&txn->rows, candidate->tables, error);
    if (!err && rules && rules->adjust && !txn->whole)
        rules->adjust(rules->context, candidate, txn->store->current, txn->given);
    return err;
}

/* The document in force with the transaction's changes on top, adjusted and checked. */
static enum devsec_err make_candidate(struct transaction *txn, struct store_fault *fault)
{
    const struct store *store = txn->store;
    const struct store_rules *rules = store->rules;
    struct document *candidate = NULL;
    enum devsec_err err = check_required(txn, fault);

    if (!err)
        err = document_copy(&candidate, store->current, &fault->error);
    if (!err)
        err = fill_candidate(txn, candidate, &fault->error);
    if (!err && rules && rules->check)
        err = rules->check(rules->context, candidate, fault);
    if (err) {
        document_free(candidate);
        return err;
    }
    document_free(txn->candidate);
    txn->candidate = candidate;
    txn->epoch = store->epoch;
    return DEVSEC_OK;
}

enum devsec_err transaction_check(struct transaction *txn, struct store_fault *fault)
{
    struct store_fault unused = {.n_involved = 0};

    return make_candidate(txn, fault ? fault : &unused);
}

/* Under the lock: what others did is taken over first, so that the commit goes on top of it. */
static enum devsec_err catch_up(struct store *store, struct devsec_error *error)
{
    struct devsec_error trouble = {0};
    bool unused = false;
    enum devsec_err err = store_follow(store, true, &unused, &trouble);

    if (!err && store->refusal && !store_is_damage(store->refusal))
        err = devsec_fail(&trouble, store->refusal, "%s", store->reading.text);
    if (!err)
        return DEVSEC_OK;
    if (store->writing.status == STORE_OK)
        store_write_failed(store, err == DEVSEC_ERR_IO ? errno : 0, &trouble);
    return devsec_fail(error, err, "%s", trouble.text);
}

static enum devsec_err rebase(struct transaction *txn, struct devsec_error *error)
{
    struct store_fault fault = {.n_involved = 0};
    enum devsec_err err;

    if (txn->candidate && txn->epoch == txn->store->epoch)
        return DEVSEC_OK;
    err = make_candidate(txn, &fault);
    return err ? devsec_fail(error, err, "%s", fault.error.text) : DEVSEC_OK;
}

static enum devsec_err commit_locked(struct transaction *txn, struct devsec_error *error)
{
    struct store *store = txn->store;
    enum devsec_err err = catch_up(store, error);

    if (!err)
        err = rebase(txn, error);
    if (err)
        return err;
    txn->changed = !document_same_settings(txn->candidate, store->current);
    if (!txn->changed)
        return DEVSEC_OK;
    row_changes_free(&txn->reverse); /* of an attempt that failed */
    err = row_changes_between(&txn->reverse, txn->candidate, store->current, error);
    if (!err)
        err = store_write(store, txn->candidate, &txn->past, error);
    if (err) {
        txn->changed = false;
        return err;
    }
    txn->candidate = NULL;
    txn->generation = store->current->generation;
    for (int id = 0; id < SETTING_COUNT; id++)
        txn->touched[id] =
            !value_equal((enum setting_id)id, &txn->past.document->values[id], &store->current->values[id]);
    return DEVSEC_OK;
}

enum devsec_err transaction_commit(struct transaction *txn, struct devsec_error *error)
{
    struct store *store = txn->store;
    int lock = -1;
    enum devsec_err err;

    if (txn->committed || store->read_only)
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "%s",
                           store->read_only ? "the store was opened for reading only" : "committed twice");
    err = store_lock_to_write(store, &lock, error);
    if (err)
        return err;
    err = commit_locked(txn, error);
    store_unlock(lock);
    txn->committed = err == DEVSEC_OK;
    return err;
}

bool transaction_changed(const struct transaction *txn)
{
    return txn->changed;
}

/* Somebody's edit came on top of the commit: only what the commit itself changed goes back, as a new generation. */
static enum devsec_err undo_on_top(struct transaction *txn, struct devsec_error *error)
{
    const struct document *before = txn->past.document;
    struct transaction *reverse = NULL;
    enum devsec_err err = transaction_begin(&reverse, txn->store, error);

    for (int id = 0; !err && id < SETTING_COUNT; id++) {
        if (txn->touched[id])
            err = transaction_set(reverse, (enum setting_id)id, &before->values[id], error);
    }
    if (!err) {
        reverse->rows = txn->reverse; /* lent: a failed undo may be tried again */
        err = commit_locked(reverse, error);
        reverse->rows = (struct row_changes){0};
    }
    if (!err && reverse->changed)
        generations_keep(txn->store, txn->store->current->generation, 0, &txn->store->text);
    transaction_free(reverse);
    return err;
}

/* The document of before as it was, to the octet. One that never was on disk is written for the first time. */
static enum devsec_err undo_exactly(struct transaction *txn, struct devsec_error *error)
{
    struct store_past *past = &txn->past;
    enum devsec_err err = DEVSEC_OK;

    if (!past->text.data)
        err = document_print(past->document, &past->text.data, &past->text.length, error);
    if (!err)
        err = store_write_text(txn->store, past->document, &past->text, NULL, error);
    if (err)
        return err;
    past->document = NULL;
    generations_drop(txn->store, txn->generation); /* a process that opened the store meanwhile may have made it */
    return DEVSEC_OK;
}

enum devsec_err transaction_undo(struct transaction *txn, struct devsec_error *error)
{
    struct store *store = txn->store;
    enum devsec_err err;
    int lock = -1;

    if (!txn->changed)
        return DEVSEC_OK;
    err = store_lock_to_write(store, &lock, error);
    if (err)
        return err;
    err = catch_up(store, error);
    if (!err)
        err = store->current->generation == txn->generation ? undo_exactly(txn, error) : undo_on_top(txn, error);
    store_unlock(lock);
    txn->changed = err != DEVSEC_OK;
    return err;
}

/* Whether the commit changed no settings, but how far something is. */
static bool only_state(const struct transaction *txn)
{
    for (int id = 0; id < SETTING_COUNT; id++) {
        if (txn->touched[id])
            return false;
    }
    for (size_t i = 0; i < txn->reverse.count; i++) {
        if (!table_schemas[txn->reverse.list[i].table].state)
            return false;
    }
    return true;
}

void transaction_finish(struct transaction *txn)
{
    struct devsec_error error = {0};
    struct store *store = txn->store;
    int lock = -1;

    /* If another commit came on top, that one's copy is the one that counts. */
    if (!txn->changed || store->current->generation != txn->generation)
        return;
    if (store_lock(store, store->lock_timeout_ms, &lock, &error) == DEVSEC_OK)
        generations_keep(store, txn->generation, only_state(txn) ? txn->past.document->generation : 0, &store->text);
    else
        log_warning("store", "generation %u is not kept yet: %s", txn->generation, error.text);
    store_unlock(lock);
}
