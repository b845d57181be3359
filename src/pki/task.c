/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks: the table of operations, and what all of them have in common; see task.h for the contract. */
#include "pki/task_private.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static const struct operation operations[] = {
    {PKI_CREATE_SELF_SIGNED, judge_create_self_signed, run_create_self_signed, put_new_key},
    {PKI_CREATE_REQUEST, judge_create_request, run_create_request, put_new_key},
    {PKI_INSTALL_CERTIFICATE, judge_install, run_install, put_install},
    {PKI_VERIFY, judge_verify, run_verify, NULL},
    {PKI_DELETE_KEY, judge_delete, NULL, put_delete},
    {PKI_INSTALL_TRUSTED, judge_install_trusted, run_install_trusted, put_install_trusted},
    {PKI_REMOVE_TRUSTED, judge_remove_trusted, NULL, put_remove_trusted},
    {PKI_IMPORT_PKCS12, judge_import, run_import, put_new_key},
    {PKI_MAKE_RESERVED, judge_make_reserved, run_create_self_signed, put_new_key},
};

static const struct operation *find_operation(enum pki_operation operation)
{
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (operations[i].operation == operation)
            return &operations[i];
    }
    return NULL;
}

/* ---- Parameters ---- */

/* Copies a text into one of the task's own; NULL and "" become "". */
static bool copy_text(const char **text, char **owned)
{
    *owned = strdup(*text ? *text : "");
    *text = *owned;
    return *owned != NULL;
}

static enum devsec_err copy_parameters(struct pki_task *task, const struct pki_parameters *from,
                                       struct pki_fault *fault)
{
    struct pki_parameters *given = &task->given;

    *given = *from;
    given->subject = (struct pki_subject){.country = NULL};
    if (!copy_text(&given->key_name, &task->texts[0]) || !copy_text(&given->challenge, &task->texts[1]) ||
        !copy_text(&given->password, &task->texts[2]))
        return pki_fail_memory(fault);
    task->upload = malloc(given->upload_length + 1);
    if (!task->upload)
        return pki_fail_memory(fault);
    if (given->upload_length)
        memcpy(task->upload, from->upload, given->upload_length);
    given->upload = task->upload;
    return pki_subject_copy(&given->subject, &from->subject, fault);
}

void pki_task_free(struct pki_task *task)
{
    if (!task)
        return;
    material_end(task->session);
    for (size_t i = 0; i < sizeof(task->texts) / sizeof(task->texts[0]); i++)
        secret_free(task->texts[i], task->texts[i] ? strlen(task->texts[i]) : 0);
    secret_free(task->upload, task->given.upload_length); /* a PKCS#12 file holds a private key */
    pki_subject_clear(&task->given.subject);
    free(task->keys);
    free(task->trusted.names);
    row_free(TABLE_KEYS, task->row);
    free(task->fresh.names);
    free(task->message);
    free(task);
}

/* ---- Phases ---- */

enum devsec_err pki_task_new(struct pki_task **out, const struct pki *pki, const struct document *document,
                             const struct pki_parameters *parameters, const unsigned *taken, size_t n_taken,
                             struct pki_fault *fault)
{
    const struct judgement judgement = {.document = document, .taken = taken, .n_taken = n_taken};
    const struct operation *operation = find_operation(parameters->operation);
    struct pki_task *task = NULL;
    enum devsec_err err;

    if (!operation)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "operation: %d is none that this device has", (int)parameters->operation);
    task = calloc(1, sizeof(*task));
    if (!task)
        return pki_fail_memory(fault);
    task->operation = operation;
    task->pki = pki;
    task->reserved_word = "";
    err = copy_parameters(task, parameters, fault);
    if (!err)
        err = operation->judge(task, &judgement, fault);
    if (err) {
        pki_task_free(task);
        return err;
    }
    *out = task;
    return DEVSEC_OK;
}

unsigned pki_task_slot(const struct pki_task *task)
{
    return atomic_load(&task->slot);
}

enum devsec_err pki_task_run(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault)
{
    return task->operation->run ? task->operation->run(task, progress, fault) : DEVSEC_OK;
}

enum devsec_err pki_task_put(struct pki_task *task, struct transaction *txn, struct pki_fault *fault)
{
    return task->operation->put ? task->operation->put(task, txn, fault) : DEVSEC_OK;
}

const char *pki_task_message(const struct pki_task *task)
{
    return task->message ? task->message : "";
}

/* ---- What the store refuses ---- */

/* What is none of these is the store's own trouble. */
static const struct {
    enum devsec_err err;
    enum pki_cause cause;
} store_causes[] = {
    {DEVSEC_OK, PKI_NONE},
    {DEVSEC_ERR_BUSY, PKI_SLOT_BUSY},
    {DEVSEC_ERR_UNAVAILABLE, PKI_LIMIT_REACHED},
    {DEVSEC_ERR_MEMORY, PKI_OUT_OF_MEMORY},
    {DEVSEC_ERR_INTERNAL, PKI_INTERNAL_ERROR},
    {DEVSEC_ERR_INCONSISTENT, PKI_USAGE_REFUSED},
};

enum pki_cause pki_cause_of_commit(const struct store_fault *fault, enum devsec_err err)
{
    /* Keys among themselves: their names (pki_rules_check). */
    if (err == DEVSEC_ERR_INCONSISTENT && fault && fault->involved_tables == 1u << TABLE_KEYS)
        return PKI_NAME_TAKEN;
    for (size_t i = 0; i < sizeof(store_causes) / sizeof(store_causes[0]); i++) {
        if (store_causes[i].err == err)
            return store_causes[i].cause;
    }
    return PKI_STORE_FAILED;
}

enum devsec_err fail_store(struct pki_fault *fault, const struct devsec_error *error)
{
    return pki_fail_as(fault, pki_cause_of_commit(NULL, error->code), error);
}
