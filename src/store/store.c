/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing the store, and its status; see store.h for the contract. */
#include "store_private.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

bool store_may_write(const struct store *store)
{
    return !store->read_only && faccessat(store->dirfd, ".", W_OK | X_OK, AT_EACCESS) == 0;
}

bool store_is_damage(enum devsec_err code)
{
    return code == DEVSEC_ERR_SYNTAX || code == DEVSEC_ERR_INCONSISTENT || code == DEVSEC_ERR_WRONG_TYPE ||
           code == DEVSEC_ERR_WRONG_LENGTH || code == DEVSEC_ERR_WRONG_VALUE;
}

void store_bytes_free(struct store_bytes *bytes)
{
    if (bytes->data)
        explicit_bzero(bytes->data, bytes->length);
    free(bytes->data);
    *bytes = (struct store_bytes){0};
}

void store_past_free(struct store_past *past)
{
    document_free(past->document);
    store_bytes_free(&past->text);
    *past = (struct store_past){0};
}

/* Writing comes first: whoever waits for a SET to be possible again wants to know that. */
static void compose_status(struct store *store)
{
    const char *reading = store->reading.text;

    if (strstr(store->writing.text, reading)) /* writing failed for the very reason that reading did */
        reading = "";
    snprintf(store->status_text, sizeof(store->status_text), "%s%s%s", store->writing.text,
             store->writing.text[0] && reading[0] ? "; " : "", reading);
}

void store_condition_set(struct store *store, struct store_condition *condition, enum store_status status,
                         const char *format, ...)
{
    struct store_condition next = {.status = status};
    va_list args;

    va_start(args, format);
    vsnprintf(next.text, sizeof(next.text), format, args);
    va_end(args);
    if (next.status == condition->status && strcmp(next.text, condition->text) == 0)
        return;
    *condition = next;
    compose_status(store);
    log_warning("store", "%s", next.text);
}

void store_condition_clear(struct store *store, struct store_condition *condition)
{
    if (condition->status == STORE_OK)
        return;
    *condition = (struct store_condition){.status = STORE_OK};
    compose_status(store);
    if (store_status(store) == STORE_OK)
        log_info("store", "all is well again with %s", store->path);
}

enum store_status store_status(const struct store *store)
{
    return store->writing.status != STORE_OK ? store->writing.status : store->reading.status;
}

const char *store_status_text(const struct store *store)
{
    return store->status_text;
}

const struct document *store_current(const struct store *store)
{
    return store->current;
}

int store_notice_fd(const struct store *store)
{
    return store->notice_fd;
}

/* Slashes at the end would make O_NOFOLLOW follow. */
static char *directory_name(const char *directory)
{
    char *name = strdup(directory);
    size_t length = name ? strlen(name) : 0;

    while (length > 1 && name[length - 1] == '/')
        name[--length] = '\0';
    return name;
}

static enum devsec_err store_new(struct store **out, const struct store_options *options, struct devsec_error *error)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while opening the store");
    store->dirfd = -1;
    store->notice_fd = -1;
    store->read_only = options->read_only;
    store->generations = options->generations < 2 ? 2 : options->generations;
    store->lock_timeout_ms = options->lock_timeout_ms;
    store->rules = options->rules;
    store->reading.status = STORE_OK;
    store->writing.status = STORE_OK;
    store->directory = directory_name(options->directory);
    if (!store->directory || asprintf(&store->path, "%s/" STORE_DOCUMENT, store->directory) < 0) {
        store->path = NULL;
        store_close(store);
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while opening the store");
    }
    *out = store;
    return DEVSEC_OK;
}

/* What others could write to, they could fill with settings of theirs. */
/* root may do everything, and what it made in there would then keep the owner out. */
static enum devsec_err refuse_root(const char *directory, const struct stat *status, struct devsec_error *error)
{
    const struct passwd *owner = getpwuid(status->st_uid);
    char number[16];

    snprintf(number, sizeof(number), "%u", (unsigned)status->st_uid);
    return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                       "the store's directory %s belongs to user %s, and this was started as root: run it as %s",
                       directory, number, owner ? owner->pw_name : number);
}

static enum devsec_err open_directory(struct store *store, struct devsec_error *error)
{
    struct stat status;

    store->dirfd = open(store->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (store->dirfd < 0 && errno == ENOENT)
        return devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "the store's directory %s does not exist; create it, mode 0750",
                           store->directory);
    if (store->dirfd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "%s is not a directory; expected the store's, not a link to it",
                           store->directory);
    if (store->dirfd < 0)
        return devsec_fail_errno(error, "cannot open the store's directory %s", store->directory);
    if (fstat(store->dirfd, &status) != 0)
        return devsec_fail_errno(error, "cannot look at the store's directory %s", store->directory);
    if (geteuid() == 0 && status.st_uid != 0)
        return refuse_root(store->directory, &status, error);
    if (!file_is_safe(&status))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "the store's directory %s belongs to user %u with mode %04o; expected root or user %u, and "
                           "nobody else able to write to it",
                           store->directory, (unsigned)status.st_uid, (unsigned)status.st_mode & 07777,
                           (unsigned)geteuid());
    return DEVSEC_OK;
}

/* Before the first look, so that nothing slips in between unnoticed. The caller can do without. */
static void watch(struct store *store)
{
    const uint32_t events = IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR;

    store->notice_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (store->notice_fd >= 0 && inotify_add_watch(store->notice_fd, store->directory, events) >= 0)
        return;
    log_warning("store", "%s cannot be watched for changes by others: %s", store->directory, strerror(errno));
    if (store->notice_fd >= 0)
        close(store->notice_fd);
    store->notice_fd = -1;
}

static enum devsec_err load(struct store *store, struct devsec_error *error)
{
    struct store_view view = {0};
    enum devsec_err err;

    store_look(store, &view);
    err = view.error.code;
    if (!err) {
        store_take(store, &view);
        if (store_may_write(store))
            store_catch_up(store);
    } else if (err == DEVSEC_ERR_NOT_FOUND || store_is_damage(err)) {
        err = store_recover(store, &view, error);
    } else if (error) {
        *error = view.error;
    }
    store_view_free(&view);
    return err;
}

enum devsec_err store_open(struct store **out, const struct store_options *options, struct devsec_error *error)
{
    struct store *store = NULL;
    enum devsec_err err = store_new(&store, options, error);

    if (!err)
        err = open_directory(store, error);
    if (err)
        goto out;
    watch(store);
    err = load(store, error);
    if (err)
        goto out;
    store->unannounced = false; /* the caller is about to see the current document for the first time */
    *out = store;
    store = NULL;
out:
    store_close(store);
    return err;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->notice_fd >= 0)
        close(store->notice_fd);
    if (store->dirfd >= 0)
        close(store->dirfd);
    document_free(store->current);
    store_bytes_free(&store->text);
    free(store->directory);
    free(store->path);
    free(store);
}
