/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that bring certificates: to a key that is there, and together with a key in PKCS#12. */
#include "pki/task_private.h"

#include "pki/bundle.h"
#include "pki/chain.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* ---- To a key that is there ---- */

static enum devsec_err fail_reserved(unsigned slot, struct pki_fault *fault)
{
    return pki_fail(fault, PKI_RESERVED_KEY, DEVSEC_ERR_INCONSISTENT,
                    "slot %u has a key of the device's own, for which no certificate can be installed", slot);
}

enum devsec_err judge_install(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    const struct value *row = NULL;
    enum devsec_err err = DEVSEC_OK;

    if (!task->given.upload_length)
        return pki_fail(fault, PKI_UPLOAD_MISSING, DEVSEC_ERR_NOT_FOUND,
                        "there is no certificate to install; upload it first");
    if (task->given.slot) {
        err = judge_slot(task, judgement, &row, fault);
        if (!err && !value_is_empty(&row[KEY_RESERVED]))
            err = fail_reserved(task->given.slot, fault);
    }
    if (!err)
        err = judge_use(task, judgement, fault);
    return err ? err : remember_keys(task, fault);
}

static const struct known_key *key_in_slot(const struct pki_task *task, unsigned slot)
{
    for (size_t i = 0; i < task->n_keys; i++) {
        if (task->keys[i].slot == slot)
            return &task->keys[i];
    }
    return NULL;
}

/* ": it has the certificate of the key in slot 4"; nothing if it has none. */
static void append_owners(const struct pki_task *task, STACK_OF(X509) *bundle, struct pki_fault *fault)
{
    const size_t used = strlen(fault->error.text);

    for (int i = 0; i < sk_X509_num(bundle); i++) {
        const struct known_key *key = find_known_key(task, sk_X509_value(bundle, i));

        if (key) {
            snprintf(fault->error.text + used, sizeof(fault->error.text) - used,
                     "; the upload has the certificate of the key in slot %u", key->slot);
            return;
        }
    }
}

/* The one key of the device whose certificate is in the bundle. */
static enum devsec_err find_key(const struct known_key **out, const struct pki_task *task, STACK_OF(X509) *bundle,
                                struct pki_fault *fault)
{
    const struct known_key *found = NULL;
    char subject[PKI_NAME_WORDS_MAX];

    for (int i = 0; i < sk_X509_num(bundle); i++) {
        const struct known_key *key = find_known_key(task, sk_X509_value(bundle, i));

        if (key && found && key != found)
            return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_INCONSISTENT,
                            "the upload has certificates of the keys in slots %u and %u; install one at a time, or say "
                            "which slot is meant",
                            found->slot, key->slot);
        found = key ? key : found;
    }
    if (!found) {
        pki_name_words(X509_get_subject_name(sk_X509_value(bundle, 0)), subject);
        return pki_fail(fault, PKI_KEY_MISMATCH, DEVSEC_ERR_INCONSISTENT,
                        "none of the certificates (%d, the first is that of %s) belongs to a key of the device; "
                        "expected the one that was issued for a request of the device's",
                        sk_X509_num(bundle), subject);
    }
    *out = found;
    return DEVSEC_OK;
}

/* Which key it is, and the certificates in their order. */
static enum devsec_err sort_out(struct pki_task *task, STACK_OF(X509) *bundle, X509 **leaf, STACK_OF(X509) **chain,
                                struct pki_fault *fault)
{
    const struct known_key *known = NULL;
    EVP_PKEY *key = NULL;
    enum devsec_err err = DEVSEC_OK;

    if (task->given.slot)
        known = key_in_slot(task, task->given.slot);
    else
        err = find_key(&known, task, bundle, fault);
    if (!err && !known)
        err = pki_fail(fault, PKI_NO_SUCH_SLOT, DEVSEC_ERR_NOT_FOUND, "slot %u has no key", task->given.slot);
    if (!err && known->is_reserved)
        err = fail_reserved(known->slot, fault);
    if (!err)
        err = load_public_key(&key, task, known->file, fault);
    if (!err) {
        err = pki_bundle_arrange(leaf, chain, bundle, key, fault);
        if (err && fault && fault->cause == PKI_KEY_MISMATCH)
            append_owners(task, bundle, fault);
    }
    if (!err) {
        task->reading = known->reading;
        atomic_store(&task->slot, known->slot);
    }
    EVP_PKEY_free(key);
    return err;
}

static enum devsec_err say_installed(struct pki_task *task, const char *what, const X509 *leaf,
                                     const STACK_OF(X509) *chain, struct pki_fault *fault)
{
    const int count = sk_X509_num(chain);
    char subject[PKI_NAME_WORDS_MAX];
    struct text text = {.data = NULL};

    pki_name_words(X509_get_subject_name(leaf), subject);
    text_printf(&text, "%s in slot %u: %s", what, pki_task_slot(task), subject);
    message_append_validity(&text, leaf);
    if (count)
        text_printf(&text, ", with %d intermediate certificate%s", count, count == 1 ? "" : "s");
    return set_message(task, &text, fault);
}

enum devsec_err run_install(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault)
{
    STACK_OF(X509) *bundle = NULL;
    STACK_OF(X509) *chain = NULL;
    X509 *leaf = NULL;
    enum devsec_err err = pki_bundle_read(&bundle, task->upload, task->given.upload_length, fault);

    (void)progress;
    if (!err)
        err = sort_out(task, bundle, &leaf, &chain, fault);
    if (!err)
        err = pki_certificate_check(leaf, task->given.now, fault);
    if (!err)
        err = put_chain_file(task, leaf, chain, task->certificate, fault);
    if (!err) {
        task->is_own_issuer = pki_is_self_signed(leaf);
        err = say_installed(task, "certificate installed", leaf, chain, fault);
    }
    X509_free(leaf);
    sk_X509_pop_free(chain, X509_free);
    sk_X509_pop_free(bundle, X509_free);
    return err;
}

/* The row with the certificate in it. A key that has only ever signed for itself is from now on one that a CA knows. */
static enum devsec_err install_into(const struct pki_task *task, struct value *row, struct devsec_error *error)
{
    value_clear(&row[KEY_REQUEST]);
    value_clear(&row[KEY_TOLD]);
    if (row[KEY_ORIGIN].number == ORIGIN_SELF_SIGNED && !task->is_own_issuer)
        row[KEY_ORIGIN].number = ORIGIN_CSR;
    return value_set_text(&row[KEY_CERTIFICATE], task->certificate, error);
}

enum devsec_err put_install(struct pki_task *task, struct transaction *txn, struct pki_fault *fault)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    const struct value *now = NULL;
    struct value *row = NULL;
    enum devsec_err err = require_slot(task, txn, &now, fault);

    /* The same again is no change: if its file was damaged, it has been put right by now. */
    if (!err && strcmp(value_text(&now[KEY_CERTIFICATE]), task->certificate) != 0) {
        row = row_copy(TABLE_KEYS, now);
        err = row ? install_into(task, row, &error) : devsec_fail(&error, DEVSEC_ERR_MEMORY, "out of memory");
        if (!err)
            err = transaction_put_row(txn, TABLE_KEYS, row, &error);
        row_free(TABLE_KEYS, row);
        if (err)
            return fail_store(fault, &error);
    }
    return err ? err : put_use(task, txn, fault);
}

/* ---- With its key ---- */

enum devsec_err judge_import(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    enum devsec_err err = judge_device_key(task, fault);

    task->origin = ORIGIN_IMPORTED;
    if (!err && !task->given.upload_length)
        err = pki_fail(fault, PKI_UPLOAD_MISSING, DEVSEC_ERR_NOT_FOUND, "the PKCS#12 file is empty");
    if (!err)
        err = judge_free_slot(task, judgement, fault);
    if (!err)
        err = judge_name(task, judgement, fault);
    if (!err)
        err = judge_use(task, judgement, fault);
    return err ? err : remember_keys(task, fault);
}

/* As for keys that the device makes itself, and none that it has already. */
static enum devsec_err check_imported(const struct pki_task *task, const EVP_PKEY *key, const X509 *leaf,
                                      struct pki_fault *fault)
{
    struct pki_key_info info = {.bits = 0};
    const struct known_key *known = find_known_key(task, leaf);
    const enum devsec_err err = pki_key_describe(&info, key, fault);

    if (err)
        return err;
    if (info.type == PKI_KEY_RSA && (info.bits < PKI_RSA_BITS_MIN || info.bits > PKI_RSA_BITS_MAX))
        return pki_fail(fault, PKI_UNSUPPORTED_ALGORITHM, DEVSEC_ERR_WRONG_VALUE,
                        "the key is RSA with %d bits; expected %d to %d bits", info.bits, PKI_RSA_BITS_MIN,
                        PKI_RSA_BITS_MAX);
    if (known)
        return pki_fail(fault, PKI_SLOT_OCCUPIED, DEVSEC_ERR_INCONSISTENT,
                        "slot %u has this very key already; install its certificate there", known->slot);
    return DEVSEC_OK;
}

enum devsec_err run_import(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault)
{
    const struct pki_parameters *given = &task->given;
    char files[2][MATERIAL_NAME_SIZE] = {"", ""};
    EVP_PKEY *key = NULL;
    X509 *leaf = NULL;
    STACK_OF(X509) *chain = NULL;
    enum devsec_err err =
        pki_pkcs12_read(&key, &leaf, &chain, task->upload, given->upload_length, given->password, fault);

    (void)progress;
    if (!err)
        err = check_imported(task, key, leaf, fault);
    if (!err)
        err = pki_certificate_check(leaf, given->now, fault);
    if (!err)
        err = put_key_file(task, key, files[0], fault);
    if (!err)
        err = put_chain_file(task, leaf, chain, files[1], fault);
    if (!err)
        err = make_row(task, key, files[0], "", files[1], fault);
    if (!err)
        err = say_installed(task, "key and certificate imported", leaf, chain, fault);
    X509_free(leaf);
    sk_X509_pop_free(chain, X509_free);
    EVP_PKEY_free(key);
    return err;
}
