/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a store that is not as it was left: a damaged or missing document, a missing copy, an edit nobody saw. */
#include "store_private.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An editor that saves in place leaves an empty or half a file for a moment. Waiting for it costs nothing where the
 * damage is real, as that is older than the time to start a process. */
#define SAVING_RECENT_S 2
#define SAVING_PAUSE_NS 20000000L
#define SAVING_PAUSES   15

static void await_editor(struct store *store, struct store_view *view)
{
    const struct timespec pause = {.tv_nsec = SAVING_PAUSE_NS};
    const time_t age = time(NULL) - view->identity.modified.tv_sec;

    if (!store_is_damage(view->error.code) || age < 0 || age > SAVING_RECENT_S)
        return;
    for (int i = 0; i < SAVING_PAUSES && store_is_damage(view->error.code); i++) {
        nanosleep(&pause, NULL);
        store_view_free(view);
        store_look(store, view);
    }
}

/* What stands in for the document: the newest good generation, or the defaults. */
struct stand_in {
    struct document *document;
    bool any_kept; /* there are copies, good or not */
    bool is_defaults;
    uint32_t highest; /* among the copies */
};

/* A copy that is damaged is passed over; one that cannot be read for another reason might be the newest good one. */
static bool may_pass_over(enum devsec_err code, int error_number)
{
    return store_is_damage(code) || code == DEVSEC_ERR_UNSAFE || code == DEVSEC_ERR_NOT_FOUND ||
           (code == DEVSEC_ERR_IO && error_number == EIO);
}

static enum devsec_err find_stand_in(const struct store *store, struct stand_in *found, struct devsec_error *error)
{
    struct devsec_error trouble = {0};
    uint32_t *numbers = NULL;
    size_t count = 0;
    enum devsec_err err = generations_list(store, &numbers, &count, error);

    if (err)
        return err;
    found->any_kept = count > 0;
    found->highest = count > 0 ? numbers[0] : 0;
    for (size_t i = 0; i < count && !err && !found->document; i++) {
        err = generations_load(store, numbers[i], &found->document, &trouble);
        if (err && may_pass_over(err, errno)) {
            log_warning("store", "%s", trouble.text);
            err = DEVSEC_OK;
        }
    }
    free(numbers);
    if (err)
        return devsec_fail(error, err, "%s", trouble.text);
    found->is_defaults = !found->document;
    return found->document ? DEVSEC_OK : document_new(&found->document, error);
}

/* The sentence about it goes into the status after the write, which clears what was there. */
static void tell(struct store *store, const struct stand_in *found, uint32_t source, const char *reason, bool written)
{
    char what[64];

    if (found->is_defaults)
        snprintf(what, sizeof(what), "no good generation is kept, so the defaults");
    else
        snprintf(what, sizeof(what), "the settings of generation %u", source);
    if (written)
        store_condition_set(store, &store->reading, STORE_RECOVERED, "%s; %s are in force as generation %u", reason,
                            what, store->current->generation);
    else
        store_condition_set(store, &store->reading, STORE_RECOVERED, "%s; %s are in force, in memory only", reason,
                            what);
}

/* Puts the stand-in in force: on disk where that is possible (`locked`), in memory in any case. */
static enum devsec_err put_in_force(struct store *store, struct stand_in *found, const struct store_view *view,
                                    bool locked)
{
    const bool missing = view->error.code == DEVSEC_ERR_NOT_FOUND;
    const bool fresh = missing && !found->any_kept && !store_has_damaged(store);
    const uint32_t source = found->document->generation;
    const time_t changed = found->document->changed;
    bool written = false;

    store->floor = found->highest;
    store->seen = view->identity;
    store->refusal = missing ? DEVSEC_OK : view->error.code;
    if (locked)
        written = store_write(store, found->document, NULL, NULL) == DEVSEC_OK;
    if (written) {
        generations_keep(store, store->current->generation, 0, &store->text);
    } else {
        struct store_bytes nothing = {0};

        found->document->generation = source;
        found->document->changed = changed;
        store_put(store, found->document, &nothing, NULL);
    }
    found->document = NULL;
    if (!fresh)
        tell(store, found, source, view->error.text, written);
    return DEVSEC_OK;
}

static enum devsec_err recover_locked(struct store *store, struct store_view *view, bool locked,
                                      struct devsec_error *error)
{
    struct stand_in found = {.document = NULL};
    enum devsec_err err;

    if (locked) { /* another process may have been faster */
        store_view_free(view);
        store_look(store, view);
        if (view->error.code == DEVSEC_OK) {
            store_take(store, view);
            return DEVSEC_OK;
        }
    }
    if (view->error.code != DEVSEC_ERR_NOT_FOUND && !store_is_damage(view->error.code))
        return devsec_fail(error, view->error.code, "%s", view->error.text);
    err = find_stand_in(store, &found, error);
    if (!err)
        err = put_in_force(store, &found, view, locked);
    document_free(found.document);
    return err;
}

enum devsec_err store_recover(struct store *store, struct store_view *view, struct devsec_error *error)
{
    enum devsec_err err;
    int lock = -1;

    await_editor(store, view);
    if (view->error.code == DEVSEC_OK) {
        store_take(store, view);
        return DEVSEC_OK;
    }
    if (store_may_write(store))
        (void)store_lock_to_write(store, &lock, NULL); /* without it the stand-in is in force in memory only */
    err = recover_locked(store, view, lock >= 0, error);
    store_unlock(lock);
    return err;
}

/* ---- A good document that the generations do not agree with ---- */

enum lack {
    LACK_NOTHING,
    LACK_COPY, /* the process that committed it did not come to keeping the copy */
    LACK_EDIT, /* other settings under a number that was used already: somebody edited the document */
};

static enum lack what_lacks(struct store *store)
{
    struct document *kept = NULL;
    uint32_t *numbers = NULL;
    size_t count = 0;
    enum lack lack = LACK_COPY;

    if (generations_list(store, &numbers, &count, NULL) != DEVSEC_OK)
        return LACK_NOTHING;
    store->floor = count > 0 ? numbers[0] : 0;
    free(numbers);
    if (store->current->generation == 0 || store->current->generation < store->floor)
        return LACK_EDIT;
    if (store->current->generation == store->floor && generations_load(store, store->floor, &kept, NULL) == DEVSEC_OK)
        lack = document_same_settings(kept, store->current) ? LACK_NOTHING : LACK_EDIT;
    document_free(kept);
    return lack;
}

static enum devsec_err commit_edit(struct store *store)
{
    struct document *same = NULL;
    struct devsec_error error = {0};
    enum devsec_err err = document_copy(&same, store->current, &error);

    if (!err)
        err = store_write(store, same, NULL, &error);
    if (err) {
        document_free(same);
        return err;
    }
    log_info("store", "%s was edited; the edit is in force as generation %u", store->path, store->current->generation);
    return DEVSEC_OK;
}

void store_catch_up(struct store *store)
{
    struct devsec_error error = {0};
    struct store_view view = {0};
    enum lack lack = what_lacks(store);
    int lock = -1;

    if (lack == LACK_NOTHING)
        return;
    /* Whoever holds the lock is about to keep a copy himself; only an edit is worth waiting for. */
    if (store_lock(store, lack == LACK_EDIT ? store->lock_timeout_ms : 0, &lock, &error) != DEVSEC_OK) {
        if (lack == LACK_EDIT)
            store_write_failed(store, errno, &error);
        return;
    }
    store_look(store, &view);
    if (!view.unchanged && view.error.code == DEVSEC_OK)
        store_take(store, &view);
    lack = what_lacks(store);
    if (lack == LACK_EDIT && commit_edit(store) == DEVSEC_OK)
        lack = LACK_COPY;
    if (lack == LACK_COPY)
        generations_keep(store, store->current->generation, 0, &store->text);
    store_view_free(&view);
    store_unlock(lock);
}
