/* SPDX-License-Identifier: Apache-2.0 */
/* The list of appliers, their states, and the one way all of them go: render, check, replace, confirm. */
#include "apply/applier.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RENDERED_MAX (1u << 20) /* octets of one rendered file */
#define FOLDER_MODE  0755       /* services of other users read what lies in there */
#define LOCK_FILE    ".lock"
#define LOCK_MODE    0600 /* those others must not be able to hold it */
#define LOCK_WAIT_MS 500  /* others hold it for some writes; AgentX requests wait meanwhile */

/* Which file it was that was put, or found, in its place. All zero: none. */
struct placed {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed; /* moves with owner and mode, too */
};

struct apply {
    const struct device *device;
    char *folder;                       /* absolute: devsecd leaves the directory that it was started in */
    const struct applier **appliers;    /* those that this device has */
    struct applier_state *states;       /* one for each of them */
    struct placed *placed;              /* likewise */
    char (*inputs)[APPLIER_INPUTS_MAX]; /* likewise: what the file that is in place was made of */
    size_t count;
};

/* Every kind there is, in the order of devsecApplyTable. */
static const struct applier *const appliers[] = {
    &applier_openssl, &applier_snmp_policy, &applier_snmpd_users, &applier_snmpd_access, &applier_tls_certificate,
};

#define N_APPLIERS (sizeof(appliers) / sizeof(appliers[0]))

/*
 * The folder may have been removed or replaced since the last time, so each run opens it anew. One that is gone is not
 * made again: it would not have the group by which services read what lies in it, and nobody would notice. -1 on
 * failure.
 */
static int folder_open(const char *folder, struct devsec_error *error)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        devsec_fail(error, DEVSEC_ERR_IO,
                    "the folder for applied files is gone; make it again, with Debian's snmpd by "
                    "install -d -m 2755 -o devsec -g Debian-snmp %s",
                    folder);
    else if (fd < 0)
        devsec_fail_errno(error, "cannot open the folder for applied files, %s", folder);
    return fd;
}

static enum devsec_err folder_make(const char *folder, struct devsec_error *error)
{
    if (mkdir(folder, FOLDER_MODE) == 0)
        (void)chmod(folder, FOLDER_MODE); /* the umask must not have a say; what is amiss, the appliers find out */
    else if (errno != EEXIST)
        return devsec_fail_errno(error, "cannot make the folder for applied files, %s", folder);
    return DEVSEC_OK;
}

/* The folder's absolute path; it is made if it is not there. */
static enum devsec_err folder_find(struct apply *apply, const char *directory, struct devsec_error *error)
{
    int fd;

    if (folder_make(directory, error))
        return DEVSEC_ERR_IO;
    fd = folder_open(directory, error);
    if (fd < 0)
        return DEVSEC_ERR_IO;
    close(fd);
    apply->folder = realpath(directory, NULL);
    if (!apply->folder)
        return devsec_fail_errno(error, "cannot find the folder for applied files, %s", directory);
    return DEVSEC_OK;
}

enum devsec_err apply_new(struct apply **out, const char *directory, const struct device *device,
                          struct devsec_error *error)
{
    struct apply *apply = calloc(1, sizeof(*apply));
    enum devsec_err err = DEVSEC_OK;

    if (!apply)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    apply->device = device;
    apply->appliers = calloc(N_APPLIERS, sizeof(struct applier *));
    apply->states = calloc(N_APPLIERS, sizeof(*apply->states));
    apply->placed = calloc(N_APPLIERS, sizeof(*apply->placed));
    apply->inputs = calloc(N_APPLIERS, sizeof(*apply->inputs));
    if (!apply->appliers || !apply->states || !apply->placed || !apply->inputs)
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    else
        err = folder_find(apply, directory, error);
    if (err) {
        apply_free(apply);
        return err;
    }
    for (size_t i = 0; i < N_APPLIERS; i++) {
        if (!appliers[i]->serves(device))
            continue;
        apply->appliers[apply->count] = appliers[i];
        apply->states[apply->count].name = appliers[i]->name;
        apply->states[apply->count++].status = APPLY_IDLE;
    }
    *out = apply;
    return DEVSEC_OK;
}

void apply_free(struct apply *apply)
{
    if (!apply)
        return;
    free(apply->folder);
    free(apply->appliers);
    free(apply->states);
    free(apply->placed);
    free(apply->inputs);
    free(apply);
}

size_t apply_count(const struct apply *apply)
{
    return apply ? apply->count : 0;
}

const struct applier_state *apply_state(const struct apply *apply, size_t i)
{
    return &apply->states[i];
}

/* ---- what lies there ---- */

static enum devsec_err file_path(const struct apply *apply, size_t i, char *path, size_t room,
                                 struct devsec_error *error)
{
    const int length = snprintf(path, room, "%s/%s", apply->folder, apply->appliers[i]->file);

    if (length < 0 || (size_t)length >= room)
        return devsec_fail(error, DEVSEC_ERR_IO, "%s/%s is too long a path", apply->folder, apply->appliers[i]->file);
    return DEVSEC_OK;
}

/* All zero if nothing is there. */
static struct placed look_at(const struct apply *apply, size_t i)
{
    struct stat status = {0};
    char path[PATH_MAX];

    if (file_path(apply, i, path, sizeof(path), NULL) || lstat(path, &status) != 0)
        return (struct placed){0};
    return (struct placed){status.st_dev, status.st_ino, status.st_size, status.st_mtim, status.st_ctim};
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_in_place(const struct apply *apply, size_t i)
{
    const struct placed now = look_at(apply, i);
    const struct placed *then = &apply->placed[i];

    return now.inode != 0 && now.device == then->device && now.inode == then->inode && now.size == then->size &&
           same_time(&now.modified, &then->modified) && same_time(&now.changed, &then->changed);
}

/* Whether the service's own reader takes the file where it lies. */
static enum devsec_err confirm(const struct apply *apply, size_t i, const struct document *document,
                               struct devsec_error *error)
{
    const struct applier *applier = apply->appliers[i];
    char path[PATH_MAX];
    enum devsec_err err = DEVSEC_OK;

    if (applier->confirm)
        err = file_path(apply, i, path, sizeof(path), error);
    if (!err && applier->confirm)
        err = applier->confirm(document, path, error);
    return err;
}

static bool is_done(const struct apply *apply, size_t i, const struct document *document)
{
    return apply->states[i].status == APPLY_APPLIED && apply->states[i].generation == document->generation &&
           is_in_place(apply, i) && confirm(apply, i, document, NULL) == DEVSEC_OK;
}

bool apply_is_due(const struct apply *apply, const struct document *document)
{
    for (size_t i = 0; i < apply_count(apply); i++) {
        if (!is_done(apply, i, document))
            return true;
    }
    return false;
}

static void free_text(const struct applier *applier, char *text)
{
    if (applier->secret && text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* Whether what lies there is as good as the text, and ours in owner and mode. */
static bool is_there_already(int folder, const struct applier *applier, const char *text)
{
    struct stat status = {0};
    char *have = NULL;
    size_t length = 0;
    bool same = false;

    if (fstatat(folder, applier->file, &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_uid != geteuid() ||
        (status.st_mode & 07777) != applier->mode)
        return false;
    if (file_read(folder, applier->file, RENDERED_MAX, &have, &length, NULL) == DEVSEC_OK)
        same = (length == strlen(text) && memcmp(have, text, length) == 0) ||
               (applier->same && applier->same(have, length, text));
    free_text(applier, have);
    return same;
}

/* ---- applying ---- */

/* A text that is in place since this process had it checked needs no second opinion: most changes are none to it. Where
 * an applier tells its inputs, they have changed, and with them perhaps what the check says. */
static enum devsec_err apply_text(struct apply *apply, size_t i, int folder, const struct document *document,
                                  const char *text, struct devsec_error *error)
{
    const struct applier *applier = apply->appliers[i];
    const struct applier_state *state = &apply->states[i];
    const bool applied = state->status == APPLY_APPLIED;
    const bool there = is_there_already(folder, applier, text);
    enum devsec_err err = DEVSEC_OK;

    if (applied && !there && state->generation == document->generation)
        log_warning("apply", "%s: somebody removed or changed %s/%s; it is written again", state->name, apply->folder,
                    applier->file);
    if (!there || !applied || applier->inputs)
        err = applier->check(apply->device, document, text, error);
    if (!err && !there)
        err = file_replace(folder, applier->file, applier->mode, text, strlen(text), NULL, error);
    if (!err)
        err = confirm(apply, i, document, error);
    if (!err)
        apply->placed[i] = look_at(apply, i);
    return err;
}

static enum devsec_err make_text(const struct apply *apply, const struct applier *applier,
                                 const struct document *document, char **text, struct devsec_error *error)
{
    if (applier->make)
        return applier->make(apply->device, document, text, error);
    *text = applier->render(apply->device, document);
    return *text ? DEVSEC_OK : devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
}

/* Whether what is in place was made of the same, by this process, and is still as it was. */
static bool is_made_of(const struct apply *apply, size_t i, const struct document *document, const char *inputs)
{
    return apply->appliers[i]->inputs && apply->states[i].status == APPLY_APPLIED &&
           strcmp(apply->inputs[i], inputs) == 0 && is_in_place(apply, i) &&
           confirm(apply, i, document, NULL) == DEVSEC_OK;
}

static enum devsec_err apply_one(struct apply *apply, size_t i, int folder, const struct document *document,
                                 struct devsec_error *error)
{
    const struct applier *applier = apply->appliers[i];
    char inputs[APPLIER_INPUTS_MAX] = "";
    char *text = NULL;
    enum devsec_err err;

    if (applier->inputs)
        applier->inputs(apply->device, document, inputs);
    if (is_made_of(apply, i, document, inputs))
        return DEVSEC_OK;
    err = make_text(apply, applier, document, &text, error);
    if (!err)
        err = apply_text(apply, i, folder, document, text, error);
    if (!err)
        memcpy(apply->inputs[i], inputs, sizeof(inputs));
    free_text(applier, text);
    return err;
}

static void note(struct applier_state *state, const struct document *document, enum devsec_err err,
                 const struct devsec_error *error)
{
    state->when = time(NULL);
    state->status = err ? APPLY_FAILED : APPLY_APPLIED;
    if (!err)
        state->generation = document->generation;
    else if (strcmp(state->error, error->text) != 0)
        log_error("apply", "%s: %s", state->name, error->text);
    snprintf(state->error, sizeof(state->error), "%s", err ? error->text : "");
}

/* `folder` -1: it cannot be used, for the reason in `trouble`. */
static size_t run_in(struct apply *apply, int folder, const struct document *document,
                     const struct devsec_error *trouble)
{
    size_t failed = 0;

    for (size_t i = 0; i < apply->count; i++) {
        struct devsec_error error = *trouble;
        enum devsec_err err = error.code;

        if (folder >= 0 && is_done(apply, i, document))
            continue;
        if (folder >= 0)
            err = apply_one(apply, i, folder, document, &error);
        note(&apply->states[i], document, err, &error);
        failed += err != DEVSEC_OK;
    }
    return failed;
}

size_t apply_run(struct apply *apply, const struct document *document)
{
    struct devsec_error trouble = {DEVSEC_OK, ""};
    const int folder = folder_open(apply->folder, &trouble);
    const size_t failed = run_in(apply, folder, document, &trouble);

    if (folder >= 0)
        close(folder);
    return failed;
}

/* The lock's descriptor in *lock, which the caller releases. */
static enum devsec_err lock_folder(const struct apply *apply, int folder, int *lock, struct devsec_error *error)
{
    *lock = lock_take(folder, LOCK_FILE, LOCK_MODE, LOCK_WAIT_MS);
    if (*lock >= 0)
        return DEVSEC_OK;
    if (errno == EWOULDBLOCK)
        return devsec_fail(error, DEVSEC_ERR_BUSY, "another process has been writing to %s for over %d ms",
                           apply->folder, LOCK_WAIT_MS);
    return devsec_fail_errno(error, "cannot take the lock %s/" LOCK_FILE, apply->folder);
}

enum devsec_err apply_follow(struct apply *apply, struct store *store, struct devsec_error *error)
{
    struct devsec_error trouble = {DEVSEC_OK, ""};
    bool changed = false;
    int folder = -1;
    int lock = -1;
    enum devsec_err err;

    folder = folder_open(apply->folder, &trouble);
    err = folder < 0 ? DEVSEC_ERR_IO : lock_folder(apply, folder, &lock, &trouble);
    if (err && err != DEVSEC_ERR_BUSY) {
        run_in(apply, -1, store_current(store), &trouble);
        goto out;
    }
    if (!err)
        err = store_refresh(store, &changed, &trouble);
    if (!err)
        run_in(apply, folder, store_current(store), &trouble);
out:
    lock_release(lock);
    if (folder >= 0)
        close(folder);
    return err ? devsec_fail(error, err, "%s", trouble.text) : DEVSEC_OK;
}
