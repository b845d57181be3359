/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a device's store with keys and self-signed certificates, by the tasks that jobs are made of. */
#include "device/config.h"
#include "pki/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/*
 * Usage: fill_slots CONFIGURATION COUNT
 * devsecd must not run meanwhile, or would read everything again after each commit. COUNT keys on P-256 are added.
 */

#define BATCH 500 /* keys in one commit; each holds a descriptor until then */

struct filling {
    struct config config;
    struct device device;
    struct store *store;
    struct pki pki;
};

static enum devsec_err open_all(struct filling *to, const char *path, struct devsec_error *error)
{
    struct store_options options = {.rules = &to->device.rules};
    enum devsec_err err = config_load(&to->config, path, error);

    if (!err)
        err = device_open(&to->device, to->config.profile, error);
    if (err)
        return err;
    to->device.key_file = to->config.device_key;
    to->device.store_directory = to->config.store;
    options.directory = to->config.store;
    options.generations = to->config.generations;
    options.lock_timeout_ms = to->config.lock_timeout_ms;
    err = store_open(&to->store, &options, error);
    return err ? err : pki_open(&to->pki, &to->device, to->store, to->config.store, false, error);
}

/* Makes one key and adds its row; the task is the caller's. */
static enum devsec_err add_one(struct filling *to, struct transaction *txn, struct pki_task **task, unsigned *taken,
                               size_t n_taken, struct pki_fault *fault)
{
    char name[] = "mfp.example.com";
    const struct pki_parameters parameters = {
        .operation = PKI_CREATE_SELF_SIGNED,
        .key = {.type = PKI_KEY_ECDSA, .curve = PKI_CURVE_P256},
        .hash = PKI_HASH_SHA256,
        .subject = {.common_name = name},
        .use = {.usage = PKI_USE_NONE},
        .now = time(NULL),
    };
    enum devsec_err err = pki_task_new(task, &to->pki, store_current(to->store), &parameters, taken, n_taken, fault);

    if (!err)
        err = pki_task_run(*task, NULL, fault);
    if (!err)
        err = pki_task_put(*task, txn, fault);
    if (!err)
        taken[n_taken] = pki_task_slot(*task);
    return err;
}

static enum devsec_err add_batch(struct filling *to, size_t count, struct pki_fault *fault)
{
    struct pki_task *tasks[BATCH] = {NULL};
    unsigned taken[BATCH];
    struct transaction *txn = NULL;
    enum devsec_err err = transaction_begin(&txn, to->store, &fault->error);
    bool changed = false;

    for (size_t i = 0; !err && i < count; i++)
        err = add_one(to, txn, &tasks[i], taken, i, fault);
    if (!err)
        err = transaction_commit(txn, &fault->error);
    if (!err)
        transaction_finish(txn);
    transaction_free(txn);
    for (size_t i = 0; i < count; i++)
        pki_task_free(tasks[i]);
    if (!err)
        err = inventory_follow(to->pki.inventory, store_current(to->store), &changed, &fault->error);
    return err;
}

int main(int argc, char **argv)
{
    struct filling to = {.store = NULL};
    struct pki_fault fault = {.cause = PKI_NONE};
    enum devsec_err err;
    size_t left;

    if (argc != 3) {
        fputs("Usage: fill_slots CONFIGURATION COUNT\n", stderr);
        return 2;
    }
    left = strtoul(argv[2], NULL, 10);
    err = open_all(&to, argv[1], &fault.error);
    while (!err && left > 0) {
        const size_t count = left < BATCH ? left : BATCH;

        err = add_batch(&to, count, &fault);
        left -= count;
    }
    if (err)
        fprintf(stderr, "fill_slots: %s\n", fault.error.text);
    pki_close(&to.pki);
    store_close(to.store);
    device_close(&to.device);
    config_clear(&to.config);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
