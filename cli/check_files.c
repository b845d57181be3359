/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at files and folders without changing anything. */
#include "check_files.h"

#include "admin/account.h"
#include "admin_keys.h"
#include "apply/applier.h"
#include "guard/trusted_file.h"
#include "secret/seal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (1u << 20)

/* As an error, unless the last finding is the same: several files can suffer from one folder. */
static void add_error(struct findings *findings, const char *file, const char *why)
{
    const struct finding *last = findings->count ? &findings->list[findings->count - 1] : NULL;

    if (!last || strcmp(last->text, why) != 0)
        findings_add(findings, false, file, 0, 0, why);
}

void check_trusted(struct findings *findings, const char *file)
{
    char *real = realpath(file, NULL);
    char *text = malloc(FILE_MAX + 1);
    char why[DEVSEC_ERROR_TEXT_MAX] = "";
    size_t length = 0;

    if (!text)
        findings->failed = true;
    else if (!real)
        snprintf(why, sizeof(why), "cannot find it: %s", strerror(errno));
    else
        (void)trusted_file_read(real, text, FILE_MAX, &length, why, sizeof(why));
    if (why[0])
        add_error(findings, file, why);
    if (text)
        explicit_bzero(text, FILE_MAX + 1); /* it may be the file with the users' keys */
    free(text);
    free(real);
}

/* ---- The device key ---- */

static void check_account(struct findings *findings, const char *key_file, const struct device_key *key,
                          const struct value *row)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct account_keys keys = {.auth = {0}, .priv = {0}};
    struct account account = {.sealed = ""};

    if (account_read(&account, row, NULL) == DEVSEC_OK && account_has_keys(&account) &&
        account_unseal(&account, key, &keys, &error))
        findings_add(findings, false, key_file, 0, 0, error.text);
    explicit_bzero(&keys, sizeof(keys));
}

void check_device_key(struct findings *findings, const char *key_file, const struct document *document)
{
    const struct table *administrators = &document->tables[TABLE_ADMINISTRATORS];
    struct devsec_error error = {DEVSEC_OK, ""};
    struct device_key *key = NULL;
    char names[ADMIN_NAMES_ROOM];
    char text[DEVSEC_ERROR_TEXT_MAX + ADMIN_NAMES_ROOM];
    const size_t count = admin_keys_names(administrators, NULL, names);
    const enum devsec_err err = device_key_open(&key, key_file, &error);

    if (err == DEVSEC_ERR_NOT_FOUND && count > 0) {
        snprintf(text, sizeof(text),
                 "there is no such file, and the keys of administrators were sealed with it: %s; restore it from a "
                 "backup",
                 names);
        findings_add(findings, false, key_file, 0, 0, text);
    } else if (err == DEVSEC_ERR_NOT_FOUND && document->tables[TABLE_KEYS].count > 0) {
        findings_add(findings, false, key_file, 0, 0,
                     "there is no such file, and private keys were sealed with it; restore it from a backup");
    } else if (err && err != DEVSEC_ERR_NOT_FOUND) {
        findings_add(findings, false, key_file, 0, 0, error.text);
    }
    for (size_t i = 0; !err && i < administrators->count; i++)
        check_account(findings, key_file, key, administrators->rows[i]);
    device_key_free(key);
}

/* ---- Applied files ---- */

static void check_applied_file(struct findings *findings, const char *folder, const char *name)
{
    struct stat status = {0};
    char path[PATH_MAX];

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
        findings_add(findings, false, folder, 0, 0, "is too long a path");
    else if (lstat(path, &status) != 0 && errno == ENOENT)
        findings_add(findings, true, path, 0, 0, "is not there; devsecd, or the next change, writes it");
    else if (S_ISLNK(status.st_mode))
        findings_add(findings, false, path, 0, 0, "is a symbolic link; expected a regular file");
    else
        check_trusted(findings, path);
}

void check_applied(struct findings *findings, const struct device *device, const char *folder)
{
    const struct applier *const appliers[] = {&applier_openssl, &applier_snmp_policy, &applier_snmpd_users,
                                              &applier_snmpd_access, &applier_tls_certificate};
    struct stat status = {0};
    char text[DEVSEC_ERROR_TEXT_MAX];

    if (stat(folder, &status) != 0 && errno == ENOENT) {
        findings_add(findings, true, folder, 0, 0, "does not exist yet; devsecd, or the first change, makes it");
        return;
    }
    if (!S_ISDIR(status.st_mode)) {
        findings_add(findings, false, folder, 0, 0,
                     "is no folder that can be looked at; expected that of applied files");
        return;
    }
    if (status.st_mode & (S_IWGRP | S_IWOTH)) {
        snprintf(text, sizeof(text), "is writable by others than its owner (mode %04o)",
                 (unsigned)(status.st_mode & 07777));
        findings_add(findings, false, folder, 0, 0, text);
        return;
    }
    for (size_t i = 0; i < sizeof(appliers) / sizeof(appliers[0]); i++) {
        if (appliers[i]->serves(device))
            check_applied_file(findings, folder, appliers[i]->file);
    }
}
