/* SPDX-License-Identifier: Apache-2.0 */
/* The settings store on disk: open with recovery, follow what others write, change by transaction. */
#ifndef DEVSEC_STORE_STORE_H
#define DEVSEC_STORE_STORE_H

#include "base/error.h"
#include "store/document.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Files in the store's directory (architecture.md, decisions 8 and 9):
 *   settings.yaml                 the document; replaced by rename only
 *   settings.yaml.tmp             a commit in progress, or what one left behind; overwritten by the next
 *   lock                          the writers' flock(2)
 *   generations/NNNNNNNNNN.yaml   copies of the last committed documents, the current one included
 *   settings.yaml.damaged-N       a document that could not be read, set aside whole
 */

/* The values are those of devsecStoreStatus. */
enum store_status {
    STORE_OK = 1,
    STORE_RECOVERED = 2, /* settings.yaml was damaged, or its last edit is refused; the newest good values are used */
    STORE_READ_ONLY = 3, /* the last attempt to write met EROFS, EACCES or EPERM */
    STORE_FAILED = 4,    /* the last attempt to write failed otherwise (ENOSPC, EIO, ...) */
};

/* The settings and rows that a refusal is about; the dispatcher answers at the first of them that its PDU holds. */
#define STORE_FAULT_MAX      8
#define STORE_FAULT_ROWS_MAX 2
#define STORE_FAULT_KEY_MAX  64
struct store_fault {
    struct devsec_error error;
    enum setting_id involved[STORE_FAULT_MAX];
    size_t n_involved;
    uint32_t involved_tables;                                      /* a mask, 1u << enum table_id */
    char involved_rows[STORE_FAULT_ROWS_MAX][STORE_FAULT_KEY_MAX]; /* of these tables, by their keys as texts */
    size_t n_involved_rows;                                        /* 0: it may be any of their rows */
};

/* Fills a fault that no table is involved in; `involved` is a list that ends in SETTING_COUNT, or NULL. Returns
 * `code`. */
enum devsec_err store_fault_set(struct store_fault *fault, enum devsec_err code, const enum setting_id *involved,
                                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Says afterwards which tables are involved, as a mask (1u << enum table_id). Returns `code`; NULL is a legal fault. */
enum devsec_err store_fault_set_tables(struct store_fault *fault, uint32_t tables, enum devsec_err code);

/* And which rows of them, one a call; more than STORE_FAULT_ROWS_MAX are left out. NULL is a legal fault. */
void store_fault_add_row(struct store_fault *fault, const char *key);

/*
 * What the store asks of those who know what settings mean. Both see the candidate as a whole.
 *   adjust  settles what follows from a change ("secure true moves the port"); `given[id]` says which settings the
 *           transaction sets itself. Run once, before `check`. For a document that comes from disk it is not run.
 *   check   every cross-check; DEVSEC_ERR_INCONSISTENT with the settings involved when the candidate must not be.
 *           Also run on documents that come from disk.
 */
struct store_rules {
    void *context;
    void (*adjust)(void *context, struct document *candidate, const struct document *before, const bool *given);
    enum devsec_err (*check)(void *context, const struct document *candidate, struct store_fault *fault);
};

struct store_options {
    const char *directory;           /* must exist; others must not be able to write to it */
    unsigned generations;            /* how many to keep, the current one included; 2 at least */
    unsigned lock_timeout_ms;        /* how long a writer waits for another before DEVSEC_ERR_BUSY */
    const struct store_rules *rules; /* borrowed for the life of the store */
    bool read_only;                  /* never write, whatever is found: recover in memory only; commits are refused */
};

struct store;

/*
 * Opens the store and loads the newest good document; an empty directory gives the defaults, which are committed as
 * generation 1. A damaged document is set aside and the newest good generation put in its place (status
 * STORE_RECOVERED); where this process may not write, that is only done in memory. An I/O error on reading, an unsafe
 * directory (DEVSEC_ERR_UNSAFE) or a document of a newer format (DEVSEC_ERR_NEWER_FORMAT) fail, and nothing is touched.
 */
enum devsec_err store_open(struct store **out, const struct store_options *options, struct devsec_error *error);

void store_close(struct store *store); /* NULL is legal */

/* The document in force; borrowed, valid until the next call that may change it (refresh, commit, undo, restore). */
const struct document *store_current(const struct store *store);

enum store_status store_status(const struct store *store);
const char *store_status_text(const struct store *store); /* a sentence; "" when STORE_OK */

/*
 * A descriptor that becomes readable when somebody changed the directory (inotify); -1 if none could be had. The
 * caller then calls store_refresh, which drains it.
 */
int store_notice_fd(const struct store *store);

/*
 * Takes over what others wrote: another process's commit as it is; a person's valid edit as a commit of its own (the
 * generation goes up by one). An invalid document is refused: the values in force stay, STORE_RECOVERED says why, the
 * file is left for its editor and set aside before the next commit. `*changed` says whether the current document is
 * another one now.
 */
enum devsec_err store_refresh(struct store *store, bool *changed, struct devsec_error *error);

/* Kept generations, newest first. `*count` is in: room in `list`, out: how many were written. */
struct store_generation {
    uint32_t number;
    time_t changed;
    bool good; /* parses and passes every check */
    bool current;
};
enum devsec_err store_generations(struct store *store, struct store_generation *list, size_t *count,
                                  struct devsec_error *error);

/*
 * Calls `visit` with the text of settings.yaml as it lies there, or with that of each kept generation, whether or not
 * it is good; a text ends in NUL. Under the writers' lock, so that no commit is under way, but without waiting for it:
 * DEVSEC_ERR_BUSY while another process writes. DEVSEC_ERR_IO, _UNSAFE, _MEMORY; a file that is not there is not
 * visited.
 */
enum store_texts { STORE_TEXT_CURRENT, STORE_TEXTS_KEPT };
enum devsec_err store_visit_texts(const struct store *store, enum store_texts which,
                                  void (*visit)(void *context, const char *text, size_t length), void *context,
                                  struct devsec_error *error);

/* Makes a kept generation's settings and tables current again, whole, as a new commit with a new number: rows that it
 * does not have go, and rows (and passwords) that were removed since come back. Tables of state (jobs) stay as they
 * are: what was done since was done. DEVSEC_ERR_NOT_FOUND, and all errors of transaction_commit. */
enum devsec_err store_restore(struct store *store, uint32_t generation, struct devsec_error *error);

/*
 * A transaction (RFC 2741, 7.2.4): begin, set ..., check, commit, [undo], free. It never touches the store's current
 * document before commit. One commit makes one generation; a transaction that changes nothing commits nothing.
 */
struct transaction;

enum devsec_err transaction_begin(struct transaction **out, struct store *store, struct devsec_error *error);
void transaction_free(struct transaction *txn); /* NULL is legal; after commit the commit stands */

/* Puts a value (copied) into the candidate after value_check. The same setting twice: the later value counts. */
enum devsec_err transaction_set(struct transaction *txn, enum setting_id id, const struct value *value,
                                struct devsec_error *error);

/*
 * Adds a row, or replaces the one with the same key (column 0); `row` has one value a column and is copied. Errors as
 * value_check, and DEVSEC_ERR_UNAVAILABLE when the table is full (also of the commit, when others filled it meanwhile).
 * Of several operations on one key the last counts; on failure the ones before stand.
 */
enum devsec_err transaction_put_row(struct transaction *txn, enum table_id table, const struct value *row,
                                    struct devsec_error *error);

/* Removes the row with this key; DEVSEC_ERR_NOT_FOUND if the candidate has none. One that another process removes
 * before the commit is as it should be. */
enum devsec_err transaction_remove_row(struct transaction *txn, enum table_id table, const struct value *key,
                                       struct devsec_error *error);

/*
 * Makes the commit depend on a row being what it was: `row` as it stood in store_current when the caller looked, or
 * NULL for no row with this key (column 0 of `key`). Where it is not, transaction_check and transaction_commit fail
 * with DEVSEC_ERR_BUSY: somebody else changed it meanwhile. Both are copied; of several for one key the last counts.
 */
enum devsec_err transaction_require_row(struct transaction *txn, enum table_id table, const struct value *key,
                                        const struct value *row, struct devsec_error *error);

/* Adjusts, then makes every cross-check on the state the whole transaction would lead to. */
enum devsec_err transaction_check(struct transaction *txn, struct store_fault *fault);

/*
 * Takes the writers' lock, takes over what others committed meanwhile (and checks again on top of it), writes, syncs,
 * renames, syncs the directory. On DEVSEC_OK the store's current document is the new one and it is on disk. On failure
 * (DEVSEC_ERR_IO, _BUSY, _INCONSISTENT, _UNAVAILABLE, _MEMORY) current document and file are what they were; after all
 * but _BUSY the store's status says so.
 */
enum devsec_err transaction_commit(struct transaction *txn, struct devsec_error *error);

/* After a commit: brings back the document of before, as durably, generation number included. */
enum devsec_err transaction_undo(struct transaction *txn, struct devsec_error *error);

/* After a commit that stands: keeps the copy in generations/ and drops the oldest. A commit that changed tables of
 * state alone has its copy in place of that of the generation before, which says the same of all settings: a few jobs
 * must not push out all that can be restored. Cannot fail; trouble is logged. */
void transaction_finish(struct transaction *txn);

/* Whether commit changed anything (false before commit). */
bool transaction_changed(const struct transaction *txn);

#endif
