/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the store share: the open store, looking at the file, the lock, writing, generations. */
#ifndef DEVSEC_STORE_STORE_PRIVATE_H
#define DEVSEC_STORE_STORE_PRIVATE_H

#include "store/store.h"

#include <sys/stat.h>
#include <time.h>

#define STORE_DOCUMENT    "settings.yaml"
#define STORE_DAMAGED     STORE_DOCUMENT ".damaged-"
#define STORE_LOCK        "lock"
#define STORE_GENERATIONS "generations"
#define STORE_FILE_MODE   0600

/* The highest generation a document may have; beyond it lies room enough for counting on without ever wrapping. */
#define STORE_GENERATION_MAX 4000000000u

/* The octets of a document as it is, or was, on disk. */
struct store_bytes {
    char *data;
    size_t length;
};

/*
 * Which file settings.yaml was when it was looked at. `settled` is false while the file's last change is so fresh that
 * the next one might bear the same time: then only its octets tell whether it is still the same.
 */
struct store_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
    bool settled;
};

/* One half of the store's status: how reading went, or how writing went. */
struct store_condition {
    enum store_status status;
    char text[DEVSEC_ERROR_TEXT_MAX];
};

struct store {
    char *directory;
    char *path; /* of settings.yaml, for messages */
    int dirfd;
    int notice_fd;
    bool read_only;
    unsigned generations;
    unsigned lock_timeout_ms;
    const struct store_rules *rules; /* borrowed */

    struct document *current;
    struct store_bytes text; /* of `current`, as it is or was in settings.yaml; empty if it never was there */
    unsigned long epoch;     /* counts replacements of `current` */
    uint32_t floor;          /* the highest generation seen in file names; the next commit's is above it */
    bool unannounced;        /* `current` changed other than by a transaction since the last store_refresh */

    struct store_identity seen; /* what settings.yaml was at the last look */
    enum devsec_err refusal;    /* why what was seen there is not in force, DEVSEC_OK if it is */

    struct store_condition reading;
    struct store_condition writing;
    char status_text[DEVSEC_ERROR_TEXT_MAX + DEVSEC_ERROR_TEXT_MAX + sizeof("; ")];
};

/* What a look at settings.yaml found. `error.code` is DEVSEC_OK if the document is usable or unchanged. */
struct store_view {
    bool unchanged; /* what was seen at the last look, refused or not; nothing else below is filled */
    struct store_identity identity;
    struct store_bytes text;
    struct document *document;
    struct devsec_error error;
};

/* What a write replaced, for taking it back. */
struct store_past {
    struct document *document;
    struct store_bytes text;
};

/* Rows to be put or removed, at most one change a key, ascending by table and key. Zero-initialise. */
struct row_change {
    enum table_id table;
    bool remove;
    struct value *row; /* of a removal, the key alone */
};

struct row_changes {
    struct row_change *list;
    size_t count;
    size_t room;
};

/* store.c */

/* Whether this process may write to the store's directory at all. */
bool store_may_write(const struct store *store);

/* Notes a trouble in one half of the status; a new one is logged, the same again is not. */
void store_condition_set(struct store *store, struct store_condition *condition, enum store_status status,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The trouble is over. */
void store_condition_clear(struct store *store, struct store_condition *condition);

/* Whether a document failed for what is in it, so that it may be set aside; otherwise the world is in the way. */
bool store_is_damage(enum devsec_err code);

void store_bytes_free(struct store_bytes *bytes); /* cleanses, frees and zeroes */
void store_past_free(struct store_past *past);

/* store_disk.c */

/* The writers' lock, waited for up to `timeout_ms`; DEVSEC_ERR_BUSY, _IO (errno is kept). Closing `*fd` releases it. */
enum devsec_err store_lock(const struct store *store, unsigned timeout_ms, int *fd, struct devsec_error *error);
void store_unlock(int fd); /* -1 is legal */

/* The lock for a write that is wanted: waited for as the store's options say, its failure noted in the status. */
enum devsec_err store_lock_to_write(struct store *store, int *fd, struct devsec_error *error);

/* Looks at settings.yaml. Changes nothing but what is remembered of a file that turned out to be the same. */
void store_look(struct store *store, struct store_view *view);
void store_view_free(struct store_view *view);

/* Parses and cross-checks a document; `name` is for messages. */
enum devsec_err store_parse(const struct store *store, const char *name, const struct store_bytes *text,
                            struct document **out, struct devsec_error *error);

/* Puts a document (taken, with its text) in force in memory; what was in force goes to `past`, or is freed. */
void store_put(struct store *store, struct document *document, struct store_bytes *text, struct store_past *past);

/* Puts what a look found in force as it is: document, text and identity are taken out of the view. */
void store_take(struct store *store, struct store_view *view);

/*
 * Under the lock: makes `text` the content of settings.yaml, durably, and `document` the one in force. Takes both on
 * success only; `past` (may be NULL) receives what was in force. A refused file in the way is set aside first. On
 * failure file and memory are what they were; the writing half of the status is set either way.
 */
enum devsec_err store_write_text(struct store *store, struct document *document, struct store_bytes *text,
                                 struct store_past *past, struct devsec_error *error);

/* The same for a document that gets the next generation and the present date first. */
enum devsec_err store_write(struct store *store, struct document *document, struct store_past *past,
                            struct devsec_error *error);

/* Notes that writing failed, by what errno was. A lock that another process holds is no such failure. */
void store_write_failed(struct store *store, int error_number, const struct devsec_error *error);

/* Whether a file was ever set aside here: then a missing settings.yaml is no fresh start. */
bool store_has_damaged(const struct store *store);

/* transaction.c */

/* Puts all settings and tables of a document (borrowed until the transaction is freed) in place of whatever is in force
 * by the time of the commit. Nothing is adjusted. Tables of state (table_schema.state) stay as they are in force. */
void transaction_put_all(struct transaction *txn, const struct document *document);

/* row_changes.c */

void row_changes_free(struct row_changes *changes);

/* The change of the row with this key; NULL if there is none. */
const struct row_change *row_changes_find(const struct row_changes *changes, enum table_id id, const struct value *key);

/* Adds a change (`row` is copied; of a removal the key counts) in place of an earlier one of the same key. */
enum devsec_err row_changes_add(struct row_changes *changes, enum table_id id, const struct value *row, bool remove,
                                struct devsec_error *error);

/* Makes the changes in tables[TABLE_COUNT]; a row to be removed that is not there is none too few. DEVSEC_ERR_MEMORY,
 * and DEVSEC_ERR_UNAVAILABLE when a table is full; some changes are made then. */
enum devsec_err row_changes_apply(const struct row_changes *changes, struct table *tables, struct devsec_error *error);

/* Adds what makes the tables of `to` out of those of `from`. */
enum devsec_err row_changes_between(struct row_changes *changes, const struct document *from, const struct document *to,
                                    struct devsec_error *error);

/* refresh.c */

/*
 * Brings the store up to date with what lies in settings.yaml. Without the lock it does what needs no writing and sets
 * `*needs_lock` where something is to be written; with the lock it does everything.
 */
enum devsec_err store_follow(struct store *store, bool locked, bool *needs_lock, struct devsec_error *error);

/* recovery.c */

/* At open, when settings.yaml is missing or damaged (`view` says how): the newest good generation, or the defaults. */
enum devsec_err store_recover(struct store *store, struct store_view *view, struct devsec_error *error);

/* At open, when settings.yaml is good: makes the missing copy in generations/, and commits an edit that was made while
 * nobody was following. Trouble is logged. */
void store_catch_up(struct store *store);

/* generations.c */

/* The numbers in generations/, descending; the caller frees. No directory is no error: the list is empty. */
enum devsec_err generations_list(const struct store *store, uint32_t **numbers, size_t *count,
                                 struct devsec_error *error);

/* Reads one and checks it wholly; DEVSEC_ERR_NOT_FOUND if there is none with this number. */
enum devsec_err generations_load(const struct store *store, uint32_t number, struct document **out,
                                 struct devsec_error *error);

/* Under the lock: keeps a copy of a committed document, in place of the copy `replaced` (0: of none), and drops the
 * oldest. Cannot fail; trouble is logged. */
void generations_keep(struct store *store, uint32_t number, uint32_t replaced, const struct store_bytes *text);

/* Under the lock: removes a copy that must not exist, if it does. */
void generations_drop(const struct store *store, uint32_t number);

/* Under the lock: moves the kept copy of the document in force to settings.yaml, without writing any data. For when
 * nothing else can bring it back; false if there is no such copy. */
bool generations_put_back(const struct store *store);

#endif
