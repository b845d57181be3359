/* SPDX-License-Identifier: Apache-2.0 */
/* Key and certificate files on disk; see material.h for the contract. */
#include "pki/material.h"

#include "base/file.h"
#include "base/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER       "material"
#define FOLDER_MODE  0700
#define FILE_MODE    0600
#define LOCK_NAME    "lock"
#define LOCK_WAIT_MS 2000 /* for another process to have collected; that takes milliseconds */

#define HEX_DIGITS  (MATERIAL_NAME_SIZE - 1)
#define SUFFIX_SIZE 4

/* What is written has a name of its own until it is whole: HEX.key.new-RANDOM. */
#define NEW_MARK   ".new-"
#define NEW_DIGITS 16
#define FILE_ROOM  (HEX_DIGITS + SUFFIX_SIZE + 1)
#define NEW_ROOM   (FILE_ROOM + sizeof(NEW_MARK) + NEW_DIGITS)

static const char *const suffixes[MATERIAL_KINDS] = {
    [MATERIAL_KEY] = ".key",
    [MATERIAL_REQUEST] = ".csr",
    [MATERIAL_CERTIFICATES] = ".pem",
};

/* Never changed once it is open, so that any thread may use it; the folder is opened for each piece of work. */
struct material {
    char *path; /* of the folder, for messages */
    int store;
    bool read_only;
};

struct material_session {
    const struct material *material;
    int folder;
    int lock;
};

/* ---- Names ---- */

static size_t count_hex(const char *text)
{
    return strspn(text, "0123456789abcdef");
}

static void hex_of(char *to, const unsigned char *octets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        snprintf(to + 2 * i, 3, "%02x", octets[i]);
}

static enum devsec_err name_of(char name[MATERIAL_NAME_SIZE], const void *octets, size_t length,
                               struct devsec_error *error)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    if (EVP_Digest(octets, length, digest, NULL, EVP_sha256(), NULL) != 1) {
        ERR_clear_error();
        return devsec_fail(error, DEVSEC_ERR_MEMORY,
                           "SHA-256 does not work here: out of memory, or OpenSSL's configuration is without it");
    }
    hex_of(name, digest, sizeof(digest));
    return DEVSEC_OK;
}

static void file_of(char file[FILE_ROOM], enum material_kind kind, const char *name)
{
    snprintf(file, FILE_ROOM, "%.*s%s", HEX_DIGITS, name, suffixes[kind]);
}

/* False for a name that is not one of those made here; `*is_new` says whether the file was still being written. */
static bool parse_file(const char *file, enum material_kind *kind, char name[MATERIAL_NAME_SIZE], bool *is_new)
{
    const char *rest = file + HEX_DIGITS;
    size_t which = 0;

    if (count_hex(file) != HEX_DIGITS)
        return false;
    while (which < MATERIAL_KINDS && strncmp(rest, suffixes[which], SUFFIX_SIZE) != 0)
        which++;
    if (which == MATERIAL_KINDS)
        return false;
    rest += SUFFIX_SIZE;
    *is_new = rest[0] != '\0';
    *kind = (enum material_kind)which;
    snprintf(name, MATERIAL_NAME_SIZE, "%.*s", HEX_DIGITS, file);
    if (!*is_new)
        return true;
    return strncmp(rest, NEW_MARK, sizeof(NEW_MARK) - 1) == 0 && strlen(rest) == sizeof(NEW_MARK) - 1 + NEW_DIGITS &&
           count_hex(rest + sizeof(NEW_MARK) - 1) == NEW_DIGITS;
}

/* ---- The folder ---- */

/* `*folder` is -1 if there is none. */
static enum devsec_err folder_open(const struct material *material, int *folder, struct devsec_error *error)
{
    const int fd = openat(material->store, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status = {0};

    *folder = -1;
    if (fd < 0 && errno == ENOENT)
        return DEVSEC_OK;
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "%s is a symbolic link or a file; expected a folder",
                           material->path);
    if (fd < 0)
        return devsec_fail_errno(error, "cannot open the folder %s", material->path);
    if (fstat(fd, &status) == 0 && file_is_safe(&status)) {
        *folder = fd;
        return DEVSEC_OK;
    }
    close(fd);
    return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                       "the folder %s belongs to user %u with mode %04o; expected root or user %u, and nobody else "
                       "able to write to it",
                       material->path, (unsigned)status.st_uid, (unsigned)status.st_mode & 07777, (unsigned)geteuid());
}

/* Opens the folder, which is made first where there is none, durably. */
static enum devsec_err folder_make(const struct material *material, int *folder, struct devsec_error *error)
{
    enum devsec_err err;

    if (mkdirat(material->store, FOLDER, FOLDER_MODE) != 0) {
        if (errno != EEXIST)
            return devsec_fail_errno(error, "cannot make the folder %s", material->path);
    } else if (!file_sync(material->store)) {
        return devsec_fail_errno(error, "cannot sync the folder that %s is in to disk", material->path);
    }
    err = folder_open(material, folder, error);
    if (!err && *folder < 0) {
        errno = ENOENT;
        return devsec_fail_errno(error, "cannot open the folder %s", material->path);
    }
    return err;
}

static void folder_close(int folder)
{
    if (folder >= 0)
        close(folder);
}

enum devsec_err material_open(struct material **out, const char *store_directory, bool read_only,
                              struct devsec_error *error)
{
    struct material *material = calloc(1, sizeof(*material));
    int folder = -1;
    enum devsec_err err;

    if (!material || asprintf(&material->path, "%s/" FOLDER, store_directory) < 0) {
        free(material);
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the keys and certificates of %s",
                           store_directory);
    }
    material->read_only = read_only;
    material->store = open(store_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (material->store < 0) {
        err = devsec_fail_errno(error, "cannot open the directory %s", store_directory);
        goto out;
    }
    /* A folder that cannot be made is empty: whoever puts something in it is told why. */
    err = folder_open(material, &folder, error);
    if (!err && folder < 0 && !read_only)
        (void)folder_make(material, &folder, NULL);
out:
    folder_close(folder);
    if (err)
        material_close(material);
    else
        *out = material;
    return err;
}

void material_close(struct material *material)
{
    if (!material)
        return;
    folder_close(material->store);
    free(material->path);
    free(material);
}

/* ---- Putting ---- */

enum devsec_err material_begin(struct material_session **out, struct material *material, struct devsec_error *error)
{
    struct material_session *session = NULL;
    int folder = -1;
    int lock = -1;
    enum devsec_err err;

    if (material->read_only)
        return devsec_fail(error, DEVSEC_ERR_IO, "%s is open for reading alone", material->path);
    err = folder_make(material, &folder, error);
    if (err)
        return err;
    lock = lock_share(folder, LOCK_NAME, FILE_MODE, LOCK_WAIT_MS);
    if (lock < 0) {
        err = errno == EWOULDBLOCK
                  ? devsec_fail(error, DEVSEC_ERR_BUSY, "another process has been collecting in %s for over %d ms",
                                material->path, LOCK_WAIT_MS)
                  : devsec_fail_errno(error, "cannot take the lock %s/" LOCK_NAME, material->path);
        goto out;
    }
    session = malloc(sizeof(*session));
    if (!session) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for writing to %s", material->path);
        goto out;
    }
    *session = (struct material_session){.material = material, .folder = folder, .lock = lock};
    *out = session;
    return DEVSEC_OK;
out:
    lock_release(lock);
    folder_close(folder);
    return err;
}

void material_end(struct material_session *session)
{
    if (!session)
        return;
    lock_release(session->lock);
    folder_close(session->folder);
    free(session);
}

/* Whether a safe file with this content is there already. */
static enum devsec_err is_there(const struct material_session *session, const char *file, const void *octets,
                                size_t length, bool *there, struct devsec_error *error)
{
    char *data = NULL;
    size_t found = 0;
    const enum devsec_err err = file_read_safe(session->folder, file, MATERIAL_OCTETS_MAX, &data, &found, error);

    *there = !err && found == length && memcmp(data, octets, length) == 0;
    free(data);
    /* Whatever else is in the way is replaced. */
    return err == DEVSEC_ERR_MEMORY ? err : DEVSEC_OK;
}

static enum devsec_err write_file(const struct material_session *session, const char *file, const void *octets,
                                  size_t length, struct devsec_error *error)
{
    unsigned char random[NEW_DIGITS / 2];
    char digits[NEW_DIGITS + 1];
    char tmp[NEW_ROOM];

    if (RAND_bytes(random, sizeof(random)) != 1) {
        ERR_clear_error();
        return devsec_fail(error, DEVSEC_ERR_IO, "cannot get random numbers for the name of a file");
    }
    hex_of(digits, random, sizeof(random));
    snprintf(tmp, sizeof(tmp), "%s" NEW_MARK "%s", file, digits);
    return file_replace_by(session->folder, file, tmp, FILE_MODE, octets, length, NULL, error);
}

enum devsec_err material_put(struct material_session *session, enum material_kind kind, const void *octets,
                             size_t length, char name[MATERIAL_NAME_SIZE], struct devsec_error *error)
{
    struct devsec_error trouble = {0};
    char made[MATERIAL_NAME_SIZE];
    char file[FILE_ROOM];
    bool there = false;
    enum devsec_err err;

    if (length > MATERIAL_OCTETS_MAX)
        return devsec_fail(error, DEVSEC_ERR_WRONG_LENGTH,
                           "%zu octets do not go into a file of %s; expected %zu at most", length,
                           session->material->path, MATERIAL_OCTETS_MAX);
    err = name_of(made, octets, length, error);
    if (err)
        return err;
    file_of(file, kind, made);
    err = is_there(session, file, octets, length, &there, &trouble);
    if (!err && !there)
        err = write_file(session, file, octets, length, &trouble);
    /* Whoever put it there may not have come to that yet. */
    else if (!err && !file_sync(session->folder))
        err = devsec_fail_errno(&trouble, "cannot sync the folder to disk");
    if (err)
        return devsec_fail(error, err, "%s: %s", session->material->path, trouble.text);
    memcpy(name, made, sizeof(made));
    return DEVSEC_OK;
}

/* ---- Getting ---- */

static enum devsec_err check_digest(const char *file, const char *name, const char *octets, size_t length,
                                    struct devsec_error *error)
{
    char found[MATERIAL_NAME_SIZE];
    const enum devsec_err err = name_of(found, octets, length, error);

    if (err || strcmp(found, name) == 0)
        return err;
    return devsec_fail(error, DEVSEC_ERR_SYNTAX,
                       "%s is damaged: its content has the SHA-256 %.12s..., not the one that it is named by", file,
                       found);
}

enum devsec_err material_get(const struct material *material, enum material_kind kind, const char *name, char **octets,
                             size_t *length, struct devsec_error *error)
{
    struct devsec_error trouble = {0};
    char file[FILE_ROOM];
    char *data = NULL;
    size_t found = 0;
    int folder = -1;
    enum devsec_err err;

    if (count_hex(name) != HEX_DIGITS || name[HEX_DIGITS] != '\0')
        return devsec_fail(error, DEVSEC_ERR_NOT_FOUND,
                           "no file in %s is named by a digest of %zu characters; expected %d hexadecimal digits",
                           material->path, strlen(name), HEX_DIGITS);
    file_of(file, kind, name);
    err = folder_open(material, &folder, error);
    if (err)
        return err;
    if (folder < 0)
        return devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "there is no folder %s", material->path);
    err = file_read_safe(folder, file, MATERIAL_OCTETS_MAX, &data, &found, &trouble);
    folder_close(folder);
    if (!err)
        err = check_digest(file, name, data, found, &trouble);
    if (err) {
        free(data);
        return devsec_fail(error, err, "%s: %s", material->path, trouble.text);
    }
    *octets = data;
    *length = found;
    return DEVSEC_OK;
}

/* ---- Walking the folder ---- */

/* Calls `visit` for each file with a name made here; stops when it fails. */
struct walk {
    const struct material *material;
    int folder;
    void *context;
    enum devsec_err (*visit)(struct walk *walk, const char *file, enum material_kind kind, const char *name,
                             bool is_new, struct devsec_error *error);
};

static enum devsec_err walk_folder(struct walk *walk, struct devsec_error *error)
{
    const int fd = openat(walk->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry = NULL;
    enum devsec_err err = DEVSEC_OK;

    if (!directory) {
        err = devsec_fail_errno(error, "cannot list %s", walk->material->path);
        folder_close(fd);
        return err;
    }
    while (!err && (errno = 0, entry = readdir(directory)) != NULL) {
        char name[MATERIAL_NAME_SIZE];
        enum material_kind kind = MATERIAL_KEY;
        bool is_new = false;

        if (parse_file(entry->d_name, &kind, name, &is_new))
            err = walk->visit(walk, entry->d_name, kind, name, is_new, error);
    }
    if (!err && errno != 0)
        err = devsec_fail_errno(error, "cannot list %s", walk->material->path);
    closedir(directory);
    return err;
}

struct search {
    enum material_kind kind;
    bool found;
};

static enum devsec_err search_file(struct walk *walk, const char *file, enum material_kind kind, const char *name,
                                   bool is_new, struct devsec_error *error)
{
    struct search *search = walk->context;

    (void)file;
    (void)name;
    (void)error;
    search->found = search->found || (!is_new && kind == search->kind);
    return DEVSEC_OK;
}

enum devsec_err material_has(const struct material *material, enum material_kind kind, bool *has,
                             struct devsec_error *error)
{
    struct search search = {.kind = kind};
    struct walk walk = {.material = material, .folder = -1, .context = &search, .visit = search_file};
    enum devsec_err err = folder_open(material, &walk.folder, error);

    if (!err && walk.folder >= 0)
        err = walk_folder(&walk, error);
    folder_close(walk.folder);
    if (!err)
        *has = search.found;
    return err;
}

struct collection {
    bool (*is_wanted)(void *context, enum material_kind kind, const char *name);
    void *context;
    size_t removed;
};

static enum devsec_err collect_file(struct walk *walk, const char *file, enum material_kind kind, const char *name,
                                    bool is_new, struct devsec_error *error)
{
    struct collection *collection = walk->context;

    if (!is_new && collection->is_wanted(collection->context, kind, name))
        return DEVSEC_OK;
    if (unlinkat(walk->folder, file, 0) == 0)
        collection->removed++;
    else if (errno != ENOENT && errno != EISDIR) /* a folder of that name is none of ours */
        return devsec_fail_errno(error, "cannot remove %s/%s", walk->material->path, file);
    return DEVSEC_OK;
}

enum devsec_err material_collect(struct material *material,
                                 bool (*is_wanted)(void *context, enum material_kind kind, const char *name),
                                 void *context, size_t *removed, bool *put_off, struct devsec_error *error)
{
    struct collection collection = {.is_wanted = is_wanted, .context = context};
    struct walk walk = {.material = material, .folder = -1, .context = &collection, .visit = collect_file};
    int lock = -1;
    enum devsec_err err;

    *removed = 0;
    *put_off = false;
    if (material->read_only)
        return DEVSEC_OK;
    err = folder_open(material, &walk.folder, error);
    if (err || walk.folder < 0)
        return err;
    lock = lock_take(walk.folder, LOCK_NAME, FILE_MODE, 0);
    if (lock < 0) {
        *put_off = errno == EWOULDBLOCK;
        err = *put_off ? DEVSEC_OK : devsec_fail_errno(error, "cannot take the lock %s/" LOCK_NAME, material->path);
        goto out;
    }
    err = walk_folder(&walk, error);
    if (collection.removed > 0 && !file_sync(walk.folder) && !err)
        err = devsec_fail_errno(error, "cannot sync %s to disk", material->path);
    *removed = collection.removed;
out:
    lock_release(lock);
    folder_close(walk.folder);
    return err;
}
