/* SPDX-License-Identifier: Apache-2.0 */
/* The copies of the last committed documents: keeping, dropping, listing and restoring them. */
#include "store_private.h"

#include "base/file.h"
#include "base/log.h"
#include "store/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_DIGITS 10
#define NAME_SUFFIX ".yaml"
#define NAME_ROOM   (NAME_DIGITS + sizeof(NAME_SUFFIX))
#define TMP_NAME    "copy.tmp" /* one name is enough under the lock, and a left-over is simply written over */

static void name_of(char name[NAME_ROOM], uint32_t number)
{
    snprintf(name, NAME_ROOM, "%010" PRIu32 NAME_SUFFIX, number);
}

/* False for everything that is not a copy's name. */
static bool number_of(const char *name, uint32_t *number)
{
    char expected[NAME_ROOM];
    unsigned long long value;

    if (strlen(name) != NAME_ROOM - 1 || strspn(name, "0123456789") != NAME_DIGITS)
        return false;
    value = strtoull(name, NULL, 10);
    if (value == 0 || value > STORE_GENERATION_MAX)
        return false;
    *number = (uint32_t)value;
    name_of(expected, *number);
    return strcmp(name, expected) == 0;
}

static enum devsec_err open_generations(const struct store *store, int *fd, struct devsec_error *error)
{
    struct stat status;

    *fd = openat(store->dirfd, STORE_GENERATIONS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0 && errno == ENOENT)
        return devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "there is no %s/" STORE_GENERATIONS, store->directory);
    if (*fd < 0)
        return devsec_fail_errno(error, "cannot open %s/" STORE_GENERATIONS, store->directory);
    if (fstat(*fd, &status) == 0 && file_is_safe(&status))
        return DEVSEC_OK;
    close(*fd);
    *fd = -1;
    return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                       "%s/" STORE_GENERATIONS " must belong to root or user %u, and nobody else may write to it",
                       store->directory, (unsigned)geteuid());
}

static int descending(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;

    return (*x < *y) - (*x > *y);
}

/* Appends to a list that has room for a power of two of numbers. */
static bool append(uint32_t **numbers, size_t *count, uint32_t number)
{
    if ((*count & (*count - 1)) == 0) {
        uint32_t *more = realloc(*numbers, (*count ? *count * 2 : 1) * sizeof(**numbers));

        if (!more)
            return false;
        *numbers = more;
    }
    (*numbers)[(*count)++] = number;
    return true;
}

enum devsec_err generations_list(const struct store *store, uint32_t **numbers, size_t *count,
                                 struct devsec_error *error)
{
    DIR *directory = NULL;
    const struct dirent *entry;
    uint32_t *list = NULL;
    size_t used = 0;
    int fd = -1;
    enum devsec_err err = open_generations(store, &fd, error);

    if (err && err != DEVSEC_ERR_NOT_FOUND)
        return err;
    if (!err) {
        directory = fdopendir(fd);
        if (!directory) {
            err = devsec_fail_errno(error, "cannot list %s/" STORE_GENERATIONS, store->directory);
            close(fd);
            return err;
        }
    }
    err = DEVSEC_OK;
    while (!err && directory && (errno = 0, entry = readdir(directory)) != NULL) {
        uint32_t number = 0;

        if (number_of(entry->d_name, &number) && !append(&list, &used, number))
            err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while listing generations");
    }
    if (!err && directory && errno != 0)
        err = devsec_fail_errno(error, "cannot list %s/" STORE_GENERATIONS, store->directory);
    if (directory)
        closedir(directory);
    if (err) {
        free(list);
        return err;
    }
    if (used > 0)
        qsort(list, used, sizeof(*list), descending);
    *numbers = list;
    *count = used;
    return DEVSEC_OK;
}

/* A copy that others could have written proves nothing. */
static enum devsec_err read_copy(const struct store *store, int fd, const char *name, struct store_bytes *text,
                                 struct devsec_error *error)
{
    struct stat status;
    enum devsec_err err = file_read(fd, name, YAML_FILE_MAX, &text->data, &text->length, error);

    if (err)
        return err;
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !file_is_safe(&status))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "%s/" STORE_GENERATIONS
                           "/%s must belong to root or user %u, and nobody else may write to it",
                           store->directory, name, (unsigned)geteuid());
    return DEVSEC_OK;
}

enum devsec_err generations_load(const struct store *store, uint32_t number, struct document **out,
                                 struct devsec_error *error)
{
    struct store_bytes text = {0};
    struct document *document = NULL;
    char name[NAME_ROOM];
    char shown[sizeof(STORE_GENERATIONS) + NAME_ROOM];
    int fd = -1;
    enum devsec_err err = open_generations(store, &fd, error);

    name_of(name, number);
    snprintf(shown, sizeof(shown), STORE_GENERATIONS "/%s", name);
    if (!err)
        err = read_copy(store, fd, name, &text, error);
    if (err == DEVSEC_ERR_NOT_FOUND)
        devsec_fail(error, err, "generation %u is not kept in %s/" STORE_GENERATIONS, number, store->directory);
    if (!err)
        err = store_parse(store, shown, &text, &document, error);
    if (!err && document->generation != number)
        err = devsec_fail(error, DEVSEC_ERR_SYNTAX, "%s: generation: found %u, expected %u", shown,
                          document->generation, number);
    if (!err) {
        *out = document;
        document = NULL;
    }
    document_free(document);
    store_bytes_free(&text);
    store_unlock(fd);
    return err;
}

/* ---- Keeping and dropping ---- */

/* Not synced: the document itself is, and a copy that a power cut damaged shows it when it is parsed. */
static bool write_copy(int fd, const char *name, const struct store_bytes *text)
{
    bool whole;
    int saved;
    int file;

    unlinkat(fd, TMP_NAME, 0);
    file = openat(fd, TMP_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, STORE_FILE_MODE);
    if (file < 0)
        return false;
    whole = file_write_all(file, text->data, text->length);
    store_unlock(file);
    if (whole && renameat(fd, TMP_NAME, fd, name) == 0)
        return true;
    saved = errno;
    unlinkat(fd, TMP_NAME, 0);
    errno = saved;
    return false;
}

/* The oldest beyond the limit. */
static void drop_oldest(const struct store *store, int fd)
{
    uint32_t *numbers = NULL;
    size_t count = 0;

    if (generations_list(store, &numbers, &count, NULL) != DEVSEC_OK)
        return;
    for (size_t i = store->generations; i < count; i++) {
        char name[NAME_ROOM];

        name_of(name, numbers[i]);
        if (unlinkat(fd, name, 0) != 0)
            log_warning("store", "cannot remove %s/" STORE_GENERATIONS "/%s: %s", store->directory, name,
                        strerror(errno));
    }
    free(numbers);
}

/* Whatever takes the place of another copy must not make the oldest one go, too. */
static void drop_replaced(const struct store *store, int fd, uint32_t replaced)
{
    char name[NAME_ROOM];

    name_of(name, replaced);
    if (replaced && unlinkat(fd, name, 0) != 0 && errno != ENOENT)
        log_warning("store", "cannot remove %s/" STORE_GENERATIONS "/%s: %s", store->directory, name, strerror(errno));
}

void generations_keep(struct store *store, uint32_t number, uint32_t replaced, const struct store_bytes *text)
{
    struct devsec_error error = {0};
    char name[NAME_ROOM];
    int fd = -1;

    name_of(name, number);
    if (mkdirat(store->dirfd, STORE_GENERATIONS, 0700) != 0 && errno != EEXIST) {
        log_warning("store", "cannot make %s/" STORE_GENERATIONS ": %s", store->directory, strerror(errno));
        return;
    }
    if (open_generations(store, &fd, &error) != DEVSEC_OK) {
        log_warning("store", "generation %u is kept nowhere: %s", number, error.text);
        return;
    }
    if (write_copy(fd, name, text)) {
        drop_replaced(store, fd, replaced);
        drop_oldest(store, fd);
    } else {
        log_warning("store", "cannot keep generation %u in %s/" STORE_GENERATIONS ": %s", number, store->directory,
                    strerror(errno));
    }
    close(fd);
}

void generations_drop(const struct store *store, uint32_t number)
{
    char name[NAME_ROOM];
    int fd = -1;

    name_of(name, number);
    if (open_generations(store, &fd, NULL) != DEVSEC_OK)
        return;
    if (unlinkat(fd, name, 0) != 0 && errno != ENOENT)
        log_warning("store", "cannot remove %s/" STORE_GENERATIONS "/%s: %s", store->directory, name, strerror(errno));
    close(fd);
}

bool generations_put_back(const struct store *store)
{
    struct document *kept = NULL;
    char name[NAME_ROOM];
    bool done = false;
    int fd = -1;

    name_of(name, store->current->generation);
    if (generations_load(store, store->current->generation, &kept, NULL) != DEVSEC_OK)
        return false;
    if (document_same_settings(kept, store->current) && open_generations(store, &fd, NULL) == DEVSEC_OK)
        done = renameat(fd, name, store->dirfd, STORE_DOCUMENT) == 0;
    store_unlock(fd);
    document_free(kept);
    return done;
}

/* ---- Texts ---- */

struct visitor {
    void (*visit)(void *context, const char *text, size_t length);
    void *context;
};

static enum devsec_err visit_file(int dirfd, const char *name, const struct visitor *visitor,
                                  struct devsec_error *error)
{
    struct devsec_error trouble = {0};
    struct store_bytes text = {0};
    const enum devsec_err err = file_read(dirfd, name, YAML_FILE_MAX, &text.data, &text.length, &trouble);

    if (!err)
        visitor->visit(visitor->context, text.data, text.length);
    store_bytes_free(&text);
    return err && err != DEVSEC_ERR_NOT_FOUND ? devsec_fail(error, err, "%s", trouble.text) : DEVSEC_OK;
}

static enum devsec_err visit_kept(const struct store *store, const struct visitor *visitor, struct devsec_error *error)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    int fd = -1;
    enum devsec_err err = generations_list(store, &numbers, &count, error);

    if (!err && count > 0)
        err = open_generations(store, &fd, error);
    for (size_t i = 0; !err && i < count; i++) {
        char name[NAME_ROOM];

        name_of(name, numbers[i]);
        err = visit_file(fd, name, visitor, error);
    }
    store_unlock(fd);
    free(numbers);
    return err;
}

enum devsec_err store_visit_texts(const struct store *store, enum store_texts which,
                                  void (*visit)(void *context, const char *text, size_t length), void *context,
                                  struct devsec_error *error)
{
    const struct visitor visitor = {.visit = visit, .context = context};
    int lock = -1;
    enum devsec_err err = store_lock(store, 0, &lock, error);

    if (!err)
        err = which == STORE_TEXT_CURRENT ? visit_file(store->dirfd, STORE_DOCUMENT, &visitor, error)
                                          : visit_kept(store, &visitor, error);
    store_unlock(lock);
    return err;
}

/* ---- For people ---- */

static struct store_generation describe(const struct store *store, uint32_t number)
{
    struct store_generation entry = {.number = number, .current = number == store->current->generation};
    struct document *document = NULL;
    enum devsec_err err = generations_load(store, number, &document, NULL);

    entry.good = err == DEVSEC_OK;
    entry.changed = entry.good ? document->changed : 0;
    if (err == DEVSEC_ERR_NOT_FOUND && entry.current) { /* in force, only its copy is not there (yet) */
        entry.good = true;
        entry.changed = store->current->changed;
    }
    document_free(document);
    return entry;
}

/* Puts the current generation's number where it belongs if no copy of it is there. */
static bool include_current(const struct store *store, uint32_t **numbers, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if ((*numbers)[i] == store->current->generation)
            return true;
    }
    if (!append(numbers, count, store->current->generation))
        return false;
    qsort(*numbers, *count, sizeof(**numbers), descending);
    return true;
}

enum devsec_err store_generations(struct store *store, struct store_generation *list, size_t *count,
                                  struct devsec_error *error)
{
    const size_t room = *count;
    uint32_t *numbers = NULL;
    size_t n = 0;
    enum devsec_err err = generations_list(store, &numbers, &n, error);

    if (!err && store->current->generation > 0 && !include_current(store, &numbers, &n))
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while listing generations");
    if (!err) {
        *count = n < room ? n : room;
        for (size_t i = 0; i < *count; i++)
            list[i] = describe(store, numbers[i]);
    }
    free(numbers);
    return err;
}

static enum devsec_err restore_document(struct store *store, const struct document *kept, struct devsec_error *error)
{
    struct transaction *txn = NULL;
    enum devsec_err err = transaction_begin(&txn, store, error);

    if (err)
        return err;
    transaction_put_all(txn, kept);
    err = transaction_commit(txn, error);
    if (!err)
        transaction_finish(txn);
    transaction_free(txn);
    return err;
}

enum devsec_err store_restore(struct store *store, uint32_t generation, struct devsec_error *error)
{
    struct document *kept = NULL;
    enum devsec_err err = generations_load(store, generation, &kept, error);

    if (err)
        return err;
    err = restore_document(store, kept, error);
    document_free(kept);
    if (!err)
        log_info("store", "generation %u was restored as generation %u", generation, store->current->generation);
    return err;
}
