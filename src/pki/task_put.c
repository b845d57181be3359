/* SPDX-License-Identifier: Apache-2.0 */
/* Putting what tasks made into a transaction, on the condition that nobody else was there; see task_private.h. */
#include "pki/task_private.h"

enum devsec_err require_slot(const struct pki_task *task, struct transaction *txn, const struct value **row,
                             struct pki_fault *fault)
{
    const unsigned number = pki_task_slot(task);
    const struct pki_slot *slot = inventory_find(task->pki->inventory, number);
    const struct value key = {.number = number};
    struct devsec_error error = {DEVSEC_OK, ""};

    /* Only the files count here: that somebody was told of an expiry meanwhile is no change of the key. From here to
     * the commit, the whole row has to stay. */
    if ((slot ? slot->reading : 0) != task->reading)
        return pki_fail(fault, PKI_SLOT_BUSY, DEVSEC_ERR_BUSY,
                        "slot %u was changed by somebody else meanwhile; look at it and start again", number);
    if (transaction_require_row(txn, TABLE_KEYS, &key, slot ? slot->row : NULL, &error))
        return fail_store(fault, &error);
    if (row)
        *row = slot ? slot->row : NULL;
    return DEVSEC_OK;
}

enum devsec_err put_use(const struct pki_task *task, struct transaction *txn, struct pki_fault *fault)
{
    const struct document *document = inventory_document(task->pki->inventory);
    const struct pki_use *use = &task->given.use;
    char name[PKI_USE_NAME_MAX];
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err;

    if (!task_has_use(task))
        return DEVSEC_OK;
    pki_use_name(use, name);
    if (pki_use_slot(document, use) != task->use_slot)
        return pki_fail(fault, PKI_SLOT_BUSY, DEVSEC_ERR_BUSY,
                        "%s was given another key by somebody else meanwhile; look at it and start again", name);
    err = pki_use_require(txn, document, use, &error);
    if (!err)
        err = pki_use_put(txn, document, use, pki_task_slot(task), pki_use_enabled(document, use), &error);
    return err ? fail_store(fault, &error) : DEVSEC_OK;
}

enum devsec_err put_new_key(struct pki_task *task, struct transaction *txn, struct pki_fault *fault)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err = require_slot(task, txn, NULL, fault);

    if (!err)
        err = check_name_free(task, inventory_document(task->pki->inventory), fault);
    if (!err && transaction_put_row(txn, TABLE_KEYS, task->row, &error))
        err = fail_store(fault, &error);
    return err ? err : put_use(task, txn, fault);
}
