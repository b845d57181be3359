/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks on a key that is there: verifying its certificate, deleting it. */
#include "pki/task_private.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* ---- Verifying ---- */

enum devsec_err judge_verify(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    const struct value *row = NULL;
    enum devsec_err err = judge_slot(task, judgement, &row, fault);

    if (!err)
        err = judge_no_use(task, "verifying assigns nothing", fault);
    if (err)
        return err;
    if (value_is_empty(&row[KEY_CERTIFICATE]))
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "slot %u has no certificate to verify; install it first", task->given.slot);
    snprintf(task->certificate, sizeof(task->certificate), "%s", value_text(&row[KEY_CERTIFICATE]));
    snprintf(task->key_file, sizeof(task->key_file), "%s", value_text(&row[KEY_FILE]));
    return trusted_files_list(&task->trusted, task->pki->inventory, fault);
}

static enum devsec_err say_verdict(struct pki_task *task, const struct pki_verification *verification,
                                   struct pki_fault *fault)
{
    const enum pki_verdict verdict = pki_verdict_at(verification, task->given.now);
    const unsigned slot = pki_task_slot(task);
    char why[DEVSEC_ERROR_TEXT_MAX];
    struct text text = {.data = NULL};

    if (verdict == PKI_VERIFIED)
        text_printf(&text, "the certificate in slot %u leads to one that the device trusts", slot);
    else if (verdict == PKI_SELF_SIGNED)
        text_printf(&text, "the certificate in slot %u is signed by its own key", slot);
    else {
        pki_verdict_text(verification, task->given.now, why, sizeof(why));
        return pki_fail(fault, PKI_VERIFICATION_FAILED, DEVSEC_ERR_INCONSISTENT, "slot %u: %s", slot, why);
    }
    return set_message(task, &text, fault);
}

enum devsec_err run_verify(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault)
{
    const struct material *material = task->pki->material;
    struct pki_verification verification = {.verdict = PKI_NOT_CHECKED};
    STACK_OF(X509) *trusted = NULL;
    EVP_PKEY *key = NULL;
    enum devsec_err err = load_public_key(&key, task, task->key_file, fault);

    (void)progress;
    if (!err)
        err = trusted_files_load(&trusted, &task->trusted, material, fault);
    if (!err)
        err = chain_file_verify(&verification, material, task->certificate, key, trusted, task->given.now, fault);
    if (!err)
        err = say_verdict(task, &verification, fault);
    sk_X509_pop_free(trusted, X509_free);
    EVP_PKEY_free(key);
    return err;
}

/* ---- Deleting ---- */

/* "tls, ipsec-2": the uses that have the slot; "" for none. */
static void list_uses(char *to, size_t room, const struct document *document, unsigned slot)
{
    char name[PKI_USE_NAME_MAX];
    size_t used = 0;

    *to = '\0';
    for (size_t i = 0; i < pki_use_count && used < room; i++) {
        if (pki_use_slot(document, &pki_uses[i]) != slot)
            continue;
        pki_use_name(&pki_uses[i], name);
        used += (size_t)snprintf(to + used, room - used, "%s%s", used ? ", " : "", name);
    }
}

static enum devsec_err check_unused(const struct pki_task *task, const struct document *document,
                                    struct pki_fault *fault)
{
    const unsigned slot = pki_task_slot(task);
    char uses[512];

    list_uses(uses, sizeof(uses), document, slot);
    if (!*uses)
        return DEVSEC_OK;
    return pki_fail(fault, PKI_KEY_IN_USE, DEVSEC_ERR_INCONSISTENT,
                    "the key in slot %u serves %s; give that another key first, or none", slot, uses);
}

enum devsec_err judge_delete(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    const struct value *row = NULL;
    struct text text = {.data = NULL};
    enum devsec_err err = judge_slot(task, judgement, &row, fault);

    if (!err)
        err = judge_no_use(task, "a deleted key serves nothing", fault);
    if (!err && !value_is_empty(&row[KEY_RESERVED]))
        err = pki_fail(fault, PKI_RESERVED_KEY, DEVSEC_ERR_INCONSISTENT,
                       "the key \"%s\" in slot %u is the device's own and cannot be deleted",
                       value_text(&row[KEY_NAME]), task->given.slot);
    if (!err)
        err = check_unused(task, judgement->document, fault);
    if (err)
        return err;
    text_printf(&text, "the key \"%s\" in slot %u and all that belonged to it are deleted", value_text(&row[KEY_NAME]),
                task->given.slot);
    return set_message(task, &text, fault);
}

enum devsec_err put_delete(struct pki_task *task, struct transaction *txn, struct pki_fault *fault)
{
    const struct value key = {.number = pki_task_slot(task)};
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err = require_slot(task, txn, NULL, fault);

    if (!err)
        err = check_unused(task, inventory_document(task->pki->inventory), fault);
    if (!err && transaction_remove_row(txn, TABLE_KEYS, &key, &error))
        err = fail_store(fault, &error);
    return err;
}
