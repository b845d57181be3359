/* SPDX-License-Identifier: Apache-2.0 */
/* Changing settings: a candidate, its checks, and its way to disk and back; see store.h for the contract. */
#include "store_private.h"

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct transaction {
    struct store *store;
    struct value wanted[SETTING_COUNT];
    bool given[SETTING_COUNT];

    struct document *candidate; /* NULL until it is made, and once it is committed */
    unsigned long epoch;        /* of the store when the candidate was made */

    bool committed;
    bool changed;
    bool touched[SETTING_COUNT]; /* what the commit really changed, adjustments included */
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
    while (fault->n_involved < STORE_FAULT_MAX && involved && involved[fault->n_involved] != SETTING_COUNT) {
        fault->involved[fault->n_involved] = involved[fault->n_involved];
        fault->n_involved++;
    }
    return code;
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
    free(txn);
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
    document_free(txn->candidate);
    txn->candidate = NULL;
    return DEVSEC_OK;
}

/* The document in force with the transaction's settings on top, adjusted and checked. */
static enum devsec_err make_candidate(struct transaction *txn, struct store_fault *fault)
{
    const struct store *store = txn->store;
    const struct store_rules *rules = store->rules;
    struct document *candidate = NULL;
    enum devsec_err err = document_copy(&candidate, store->current, &fault->error);

    for (int id = 0; !err && id < SETTING_COUNT; id++) {
        if (txn->given[id])
            err = value_copy(&candidate->values[id], &txn->wanted[id], &fault->error);
    }
    if (!err && rules && rules->adjust)
        rules->adjust(rules->context, candidate, store->current, txn->given);
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
    if (!err)
        err = commit_locked(reverse, error);
    if (!err && reverse->changed)
        generations_keep(txn->store, txn->store->current->generation, &txn->store->text);
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

void transaction_finish(struct transaction *txn)
{
    struct devsec_error error = {0};
    struct store *store = txn->store;
    int lock = -1;

    /* If another commit came on top, that one's copy is the one that counts. */
    if (!txn->changed || store->current->generation != txn->generation)
        return;
    if (store_lock(store, store->lock_timeout_ms, &lock, &error) == DEVSEC_OK)
        generations_keep(store, txn->generation, &store->text);
    else
        log_warning("store", "generation %u is not kept yet: %s", txn->generation, error.text);
    store_unlock(lock);
}
