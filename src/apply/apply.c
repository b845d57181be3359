/* SPDX-License-Identifier: Apache-2.0 */
/* The list of appliers, their states, and the one way all of them go: render, check, replace. */
#include "apply/apply.h"

#include "base/file.h"
#include "base/log.h"
#include "tls/tls_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RENDERED_MAX (1u << 20) /* octets of one rendered file */

/*
 * One kind of rendered file.
 *   serves  whether this device has the service
 *   render  makes the file's text, which the caller frees; NULL when out of memory
 *   check   has the service's own reader judge the text
 */
struct applier {
    const char *name;
    const char *file;
    bool (*serves)(const struct device *device);
    char *(*render)(const struct device *device, const struct document *document);
    enum devsec_err (*check)(const struct device *device, const struct document *document, const char *text,
                             struct devsec_error *error);
};

struct apply {
    const struct device *device;
    int directory;
    const struct applier **appliers; /* those that this device has */
    struct applier_state *states;    /* one for each of them */
    size_t count;
};

/* ---- OpenSSL: the TLS policy for every service that links it ---- */

static bool openssl_serves(const struct device *device)
{
    return !device->profile.has_tls_stack; /* another stack does not read OpenSSL's configuration */
}

static void openssl_effective(const struct device *device, const struct document *document,
                              struct tls_effective *effective)
{
    struct tls_policy policy;

    device_tls_policy(document, &policy);
    tls_effective_get(effective, &policy, &device->stack);
}

static char *openssl_render(const struct device *device, const struct document *document)
{
    struct tls_effective effective;

    openssl_effective(device, document, &effective);
    return tls_conf_render(&effective);
}

static enum devsec_err openssl_check(const struct device *device, const struct document *document, const char *text,
                                     struct devsec_error *error)
{
    struct tls_effective effective;

    openssl_effective(device, document, &effective);
    return tls_conf_check(text, &effective, error);
}

static const struct applier appliers[] = {
    {"openssl", "tls-policy.cnf", openssl_serves, openssl_render, openssl_check},
};

#define N_APPLIERS (sizeof(appliers) / sizeof(appliers[0]))

/* ---- all of them ---- */

enum devsec_err apply_new(struct apply **out, const char *directory, const struct device *device,
                          struct devsec_error *error)
{
    struct apply *apply = calloc(1, sizeof(*apply));
    enum devsec_err err = DEVSEC_OK;

    if (!apply)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    apply->device = device;
    apply->directory = -1;
    apply->appliers = calloc(N_APPLIERS, sizeof(struct applier *));
    apply->states = calloc(N_APPLIERS, sizeof(*apply->states));
    if (!apply->appliers || !apply->states) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
        goto out;
    }
    if (mkdir(directory, 0755) != 0 && errno != EEXIST) {
        err = devsec_fail_errno(error, "cannot make the folder for applied files, %s", directory);
        goto out;
    }
    apply->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (apply->directory < 0) {
        err = devsec_fail_errno(error, "cannot open the folder for applied files, %s", directory);
        goto out;
    }
    for (size_t i = 0; i < N_APPLIERS; i++) {
        if (!appliers[i].serves(device))
            continue;
        apply->appliers[apply->count] = &appliers[i];
        apply->states[apply->count].name = appliers[i].name;
        apply->states[apply->count++].status = APPLY_IDLE;
    }
out:
    if (err) {
        apply_free(apply);
        return err;
    }
    *out = apply;
    return DEVSEC_OK;
}

void apply_free(struct apply *apply)
{
    if (!apply)
        return;
    if (apply->directory >= 0)
        close(apply->directory);
    free(apply->appliers);
    free(apply->states);
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

static bool is_there_already(const struct apply *apply, const char *file, const char *text)
{
    char *have = NULL;
    size_t length = 0;
    bool same = false;

    if (file_read(apply->directory, file, RENDERED_MAX, &have, &length, NULL) == DEVSEC_OK)
        same = length == strlen(text) && memcmp(have, text, length) == 0;
    free(have);
    return same;
}

/* A text that is in place since this process had it checked needs no second opinion: most changes are none to it. */
static enum devsec_err apply_one(const struct apply *apply, const struct applier *applier, bool applied,
                                 const struct document *document, struct devsec_error *error)
{
    char *text = applier->render(apply->device, document);
    enum devsec_err err = DEVSEC_OK;
    bool there;

    if (!text)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    there = is_there_already(apply, applier->file, text);
    if (!there || !applied)
        err = applier->check(apply->device, document, text, error);
    if (!err && !there)
        err = file_replace(apply->directory, applier->file, 0644, text, strlen(text), NULL, error);
    free(text);
    return err;
}

size_t apply_run(struct apply *apply, const struct document *document)
{
    size_t failed = 0;

    for (size_t i = 0; i < apply->count; i++) {
        struct applier_state *state = &apply->states[i];
        const bool applied = state->status == APPLY_APPLIED;
        struct devsec_error error = {DEVSEC_OK, ""};

        if (applied && state->generation == document->generation)
            continue;
        state->when = time(NULL);
        state->status = apply_one(apply, apply->appliers[i], applied, document, &error) ? APPLY_FAILED : APPLY_APPLIED;
        if (state->status == APPLY_APPLIED) {
            state->generation = document->generation;
        } else {
            if (strcmp(state->error, error.text) != 0)
                log_error("apply", "%s: %s", state->name, error.text);
            failed++;
        }
        snprintf(state->error, sizeof(state->error), "%s", error.text);
    }
    return failed;
}
