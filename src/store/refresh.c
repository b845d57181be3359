/* SPDX-License-Identifier: Apache-2.0 */
/* Following what others write to settings.yaml: other processes' commits and people's edits. */
#include "store_private.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the events say is looked up in the directory itself, so their content does not matter. */
static void drain(int fd)
{
    char events[4096];
    ssize_t got;

    if (fd < 0)
        return;
    do {
        got = read(fd, events, sizeof(events));
    } while (got > 0 || (got < 0 && errno == EINTR));
}

/* Keeps what is in force. The file is left for its editor. */
static void refuse(struct store *store, const struct store_view *view)
{
    store->seen = view->identity;
    store->refusal = view->error.code;
    store_condition_set(store, &store->reading, STORE_RECOVERED, "%s; generation %u stays in force", view->error.text,
                        store->current->generation);
}

/* A person's edit becomes a commit of its own, so that its number says that the settings are others. */
static enum devsec_err adopt(struct store *store, struct store_view *view, struct devsec_error *error)
{
    const uint32_t edited = view->document->generation;
    enum devsec_err err;

    store->floor = edited > store->floor ? edited : store->floor;
    store->refusal = DEVSEC_OK; /* what was refused before is not what lies there now: nothing is to be set aside */
    err = store_write(store, view->document, NULL, error);
    if (err)
        return err;
    view->document = NULL;
    store->unannounced = true;
    generations_keep(store, store->current->generation, 0, &store->text);
    log_info("store", "%s was edited; the edit is in force as generation %u", store->path, store->current->generation);
    return DEVSEC_OK;
}

/* Somebody removed the file; what is in force must survive a restart all the same. */
static enum devsec_err put_back(struct store *store, struct devsec_error *error)
{
    const bool never_written = !store->text.data;
    struct document *same = NULL;
    struct store_bytes text = {0};
    enum devsec_err err = document_copy(&same, store->current, error);

    store->refusal = DEVSEC_OK; /* what was refused is gone: there is nothing to set aside */
    if (!err && never_written)
        err = store_write(store, same, NULL, error);
    else if (!err)
        err = document_print(same, &text.data, &text.length, error);
    if (!err && !never_written)
        err = store_write_text(store, same, &text, NULL, error);
    if (!err) {
        same = NULL;
        store->unannounced = store->unannounced || never_written;
        log_warning("store", "%s was gone; what is in force was put back as generation %u", store->path,
                    store->current->generation);
    }
    document_free(same);
    store_bytes_free(&text);
    return err;
}

/* A usable document that is not the one in force. */
static enum devsec_err follow_document(struct store *store, struct store_view *view, bool locked, bool *needs_lock,
                                       struct devsec_error *error)
{
    const uint32_t ours = store->current->generation;
    const uint32_t theirs = view->document->generation;
    const bool same = document_same_settings(store->current, view->document);

    if (theirs > ours || (theirs == ours && same) || store->read_only) {
        store_take(store, view);
        if (theirs > ours)
            log_info("store", "generation %u, written by another process, is in force", theirs);
        return DEVSEC_OK;
    }
    if (locked)
        return adopt(store, view, error);
    *needs_lock = true;
    return DEVSEC_OK;
}

static enum devsec_err follow_missing(struct store *store, const struct store_view *view, bool locked, bool *needs_lock,
                                      struct devsec_error *error)
{
    if (store->read_only) {
        refuse(store, view);
        return DEVSEC_OK;
    }
    if (locked)
        return put_back(store, error);
    *needs_lock = true;
    return DEVSEC_OK;
}

enum devsec_err store_follow(struct store *store, bool locked, bool *needs_lock, struct devsec_error *error)
{
    struct store_view view = {0};
    enum devsec_err err;

    store_look(store, &view);
    err = view.error.code;
    if (view.unchanged) {
        err = DEVSEC_OK;
    } else if (!err) {
        err = follow_document(store, &view, locked, needs_lock, error);
    } else if (err == DEVSEC_ERR_NOT_FOUND) {
        err = follow_missing(store, &view, locked, needs_lock, error);
    } else if (store_is_damage(err) || err == DEVSEC_ERR_UNSAFE || err == DEVSEC_ERR_NEWER_FORMAT) {
        refuse(store, &view);
        err = DEVSEC_OK;
    } else {
        refuse(store, &view);
        store->seen.settled = false; /* to be read again, even if it stays the same */
        devsec_fail(error, err, "%s", view.error.text);
    }
    store_view_free(&view);
    return err;
}

/* The first look went without the lock; whatever it found is looked at again with it. */
static enum devsec_err follow_locked(struct store *store, struct devsec_error *error)
{
    bool unused = false;
    int lock = -1;
    enum devsec_err err = store_lock_to_write(store, &lock, error);

    if (err)
        return err;
    err = store_follow(store, true, &unused, error);
    store_unlock(lock);
    return err;
}

enum devsec_err store_refresh(struct store *store, bool *changed, struct devsec_error *error)
{
    bool needs_lock = false;
    enum devsec_err err;

    drain(store->notice_fd);
    err = store_follow(store, false, &needs_lock, error);
    if (!err && needs_lock)
        err = follow_locked(store, error);
    *changed = store->unannounced;
    store->unannounced = false;
    return err;
}
