/* SPDX-License-Identifier: Apache-2.0 */
/* The store's one file: the writers' lock, looking at what lies there, and replacing it. */
#include "store_private.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "store/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The lock ---- */

enum devsec_err store_lock(const struct store *store, unsigned timeout_ms, int *fd, struct devsec_error *error)
{
    const int held = lock_take(store->dirfd, STORE_LOCK, STORE_FILE_MODE, timeout_ms);

    if (held < 0 && errno == EWOULDBLOCK)
        return devsec_fail(error, DEVSEC_ERR_BUSY, "another process has been writing to %s for over %u ms",
                           store->directory, timeout_ms);
    if (held < 0)
        return devsec_fail_errno(error, "cannot take the writers' lock %s/" STORE_LOCK, store->directory);
    *fd = held;
    return DEVSEC_OK;
}

void store_unlock(int fd)
{
    lock_release(fd);
}

/* ---- Looking ---- */

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same_identity(const struct store_identity *a, const struct store_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(&a->modified, &b->modified) && same_time(&a->changed, &b->changed);
}

/* The kernel stamps files with the coarse clock, so a change after this moment can bear the same time only if the
 * stamp is not older than the clock already. */
static enum devsec_err identify(const struct store *store, struct store_identity *identity, struct devsec_error *error)
{
    struct timespec now = {0};
    struct stat status;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (fstatat(store->dirfd, STORE_DOCUMENT, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "there is no %s", store->path)
                               : devsec_fail_errno(error, "cannot look at %s", store->path);
    *identity = (struct store_identity){
        .device = status.st_dev,
        .inode = status.st_ino,
        .size = status.st_size,
        .modified = status.st_mtim,
        .changed = status.st_ctim,
        .settled = status.st_ctim.tv_sec < now.tv_sec ||
                   (status.st_ctim.tv_sec == now.tv_sec && status.st_ctim.tv_nsec < now.tv_nsec),
    };
    if (!S_ISREG(status.st_mode))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "%s is %s; expected a regular file", store->path,
                           S_ISLNK(status.st_mode) ? "a symbolic link" : "not a regular file");
    if (!file_is_safe(&status))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "%s belongs to user %u with mode %04o; expected root or user %u, and nobody else able to "
                           "write to it",
                           store->path, (unsigned)status.st_uid, (unsigned)status.st_mode & 07777, (unsigned)geteuid());
    return DEVSEC_OK;
}

enum devsec_err store_parse(const struct store *store, const char *name, const struct store_bytes *text,
                            struct document **out, struct devsec_error *error)
{
    struct document *document = NULL;
    struct store_fault fault = {.n_involved = 0};
    enum devsec_err err = document_parse(&document, name, text->data, text->length, error);

    if (err)
        return err;
    if (document->generation > STORE_GENERATION_MAX)
        err = devsec_fail(error, DEVSEC_ERR_SYNTAX, "%s: generation: found %u, expected %u at most", name,
                          document->generation, STORE_GENERATION_MAX);
    if (!err && store->rules && store->rules->check) {
        err = store->rules->check(store->rules->context, document, &fault);
        if (err)
            devsec_fail(error, err, "%s: %s", name, fault.error.text);
    }
    if (err)
        document_free(document);
    else
        *out = document;
    return err;
}

/* What an editor run by root leaves is a file of root's: "Permission denied" would not say what to do. */
static void explain_root(const struct store *store, struct devsec_error *error)
{
    struct stat status = {0};

    if (geteuid() == 0 || faccessat(store->dirfd, STORE_DOCUMENT, R_OK, AT_EACCESS) == 0 || errno != EACCES ||
        fstatat(store->dirfd, STORE_DOCUMENT, &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_uid == geteuid())
        return;
    devsec_fail(error, DEVSEC_ERR_IO,
                "%s belongs to root with mode %04o, and user %u cannot read it; expected that user as the owner: "
                "give it back by chown",
                store->path, (unsigned)status.st_mode & 07777, (unsigned)geteuid());
}

void store_look(struct store *store, struct store_view *view)
{
    enum devsec_err err;

    *view = (struct store_view){.unchanged = false};
    err = identify(store, &view->identity, &view->error);
    if (err == DEVSEC_ERR_NOT_FOUND || err == DEVSEC_ERR_IO)
        return;
    if (store->current && store->seen.settled && same_identity(&store->seen, &view->identity)) {
        view->unchanged = true;
        view->error.code = DEVSEC_OK;
        return;
    }
    if (err)
        return;
    err = file_read(store->dirfd, STORE_DOCUMENT, YAML_FILE_MAX, &view->text.data, &view->text.length, &view->error);
    if (err) {
        devsec_error_prefix(&view->error, "%s", store->directory);
        explain_root(store, &view->error);
        return;
    }
    if (store->text.data && !store->refusal && view->text.length == store->text.length &&
        memcmp(view->text.data, store->text.data, view->text.length) == 0) {
        store->seen = view->identity;
        view->unchanged = true;
        return;
    }
    store_parse(store, store->path, &view->text, &view->document, &view->error);
}

void store_view_free(struct store_view *view)
{
    document_free(view->document);
    store_bytes_free(&view->text);
    *view = (struct store_view){.unchanged = false};
}

/* ---- In force in memory ---- */

void store_put(struct store *store, struct document *document, struct store_bytes *text, struct store_past *past)
{
    struct store_past old = {.document = store->current, .text = store->text};

    store->current = document;
    store->text = *text;
    *text = (struct store_bytes){0};
    store->epoch++;
    if (past)
        *past = old;
    else
        store_past_free(&old);
}

void store_take(struct store *store, struct store_view *view)
{
    const bool other = !store->current || store->current->generation != view->document->generation ||
                       !document_same_settings(store->current, view->document);

    store_put(store, view->document, &view->text, NULL);
    view->document = NULL;
    store->seen = view->identity;
    store->refusal = DEVSEC_OK;
    store->unannounced = store->unannounced || other;
    store_condition_clear(store, &store->reading);
}

/* ---- Writing ---- */

void store_write_failed(struct store *store, int error_number, const struct devsec_error *error)
{
    const bool forbidden = error_number == EROFS || error_number == EACCES || error_number == EPERM;

    if (error->code == DEVSEC_ERR_BUSY) /* another writer, not the disk: nothing is wrong with the store */
        return;
    store_condition_set(store, &store->writing, forbidden ? STORE_READ_ONLY : STORE_FAILED,
                        "the settings could not be written: %s", error->text);
}

enum devsec_err store_lock_to_write(struct store *store, int *fd, struct devsec_error *error)
{
    struct devsec_error trouble = {0};
    const enum devsec_err err = store_lock(store, store->lock_timeout_ms, fd, &trouble);

    if (!err)
        return DEVSEC_OK;
    store_write_failed(store, errno, &trouble);
    return devsec_fail(error, err, "%s", trouble.text);
}

/* The highest N of settings.yaml.damaged-N, 0 if there is none. */
static enum devsec_err damaged_highest(const struct store *store, unsigned long *highest, struct devsec_error *error)
{
    const size_t prefix = strlen(STORE_DAMAGED);
    const int fd = openat(store->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!directory) {
        devsec_fail_errno(error, "cannot list %s", store->directory);
        store_unlock(fd);
        return DEVSEC_ERR_IO;
    }
    *highest = 0;
    while ((entry = readdir(directory)) != NULL) {
        if (strncmp(entry->d_name, STORE_DAMAGED, prefix) == 0) {
            const unsigned long number = strtoul(entry->d_name + prefix, NULL, 10);

            if (number > *highest && number < ULONG_MAX)
                *highest = number;
        }
    }
    closedir(directory);
    return DEVSEC_OK;
}

bool store_has_damaged(const struct store *store)
{
    unsigned long highest = 0;

    return damaged_highest(store, &highest, NULL) == DEVSEC_OK && highest > 0;
}

/* Gives the refused file in settings.yaml's place a name of its own, so that nothing of it is lost. */
static enum devsec_err set_aside(const struct store *store, char *name, size_t room, struct devsec_error *error)
{
    unsigned long highest = 0;
    enum devsec_err err = damaged_highest(store, &highest, error);

    if (err)
        return err;
    snprintf(name, room, STORE_DAMAGED "%lu", highest + 1);
    if (renameat(store->dirfd, STORE_DOCUMENT, store->dirfd, name) == 0) {
        log_warning("store", "%s was set aside as %s", store->path, name);
        return DEVSEC_OK;
    }
    name[0] = '\0';
    /* Gone already: nothing is in the way. */
    return errno == ENOENT ? DEVSEC_OK : devsec_fail_errno(error, "cannot set %s aside", store->path);
}

/* After a failed write: settings.yaml must be what it was, whatever state the attempt left it in. */
static void take_back(struct store *store, const char *aside, bool renamed)
{
    struct devsec_error error = {0};
    bool visible = false;

    if (aside[0]) {
        if (renameat(store->dirfd, aside, store->dirfd, STORE_DOCUMENT) != 0)
            log_error("store", "%s cannot be given its name back: %s", aside, strerror(errno));
        return;
    }
    if (!renamed)
        return;
    if (!store->text.data) {
        unlinkat(store->dirfd, STORE_DOCUMENT, 0);
        return;
    }
    if (file_replace(store->dirfd, STORE_DOCUMENT, STORE_FILE_MODE, store->text.data, store->text.length, &visible,
                     &error) != DEVSEC_OK &&
        !visible && !generations_put_back(store))
        log_error("store", "%s holds settings that were refused and cannot be taken back: %s", store->path, error.text);
    /* Whatever lies there now is not news to be followed; it is written over by the next commit. */
    if (identify(store, &store->seen, NULL) == DEVSEC_OK)
        store->seen.settled = true;
}

enum devsec_err store_write_text(struct store *store, struct document *document, struct store_bytes *text,
                                 struct store_past *past, struct devsec_error *error)
{
    struct devsec_error trouble = {0};
    char aside[sizeof(STORE_DAMAGED) + 24] = "";
    bool renamed = false;
    enum devsec_err err = DEVSEC_OK;
    int saved;

    if (store_is_damage(store->refusal))
        err = set_aside(store, aside, sizeof(aside), &trouble);
    if (!err)
        err = file_replace(store->dirfd, STORE_DOCUMENT, STORE_FILE_MODE, text->data, text->length, &renamed, &trouble);
    if (err) {
        saved = errno;
        take_back(store, aside, renamed);
        store_write_failed(store, saved, &trouble);
        return devsec_fail(error, err, "%s: %s", store->directory, trouble.text);
    }
    store_put(store, document, text, past);
    /* Not settled, whatever the time is: somebody may have been here since the rename. */
    identify(store, &store->seen, NULL);
    store->seen.settled = false;
    store->refusal = DEVSEC_OK;
    store_condition_clear(store, &store->writing);
    store_condition_clear(store, &store->reading);
    return DEVSEC_OK;
}

enum devsec_err store_write(struct store *store, struct document *document, struct store_past *past,
                            struct devsec_error *error)
{
    const uint32_t newest = store->current ? store->current->generation : 0;
    const uint32_t above = newest > store->floor ? newest : store->floor;
    struct devsec_error trouble = {0};
    struct store_bytes text = {0};
    enum devsec_err err;

    if (above >= STORE_GENERATION_MAX)
        return devsec_fail(
            error, DEVSEC_ERR_UNAVAILABLE,
            "the generation numbers of %s are used up; set a lower one there and remove " STORE_GENERATIONS
            " while nothing has the store open",
            store->path);
    document->generation = above + 1;
    document->changed = time(NULL);
    err = document_print(document, &text.data, &text.length, &trouble);
    if (err) {
        store_write_failed(store, ENOMEM, &trouble);
        return devsec_fail(error, err, "%s", trouble.text);
    }
    err = store_write_text(store, document, &text, past, error);
    store_bytes_free(&text);
    return err;
}
