/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks on the certificates that the device trusts: installing and removing them. */
#include "pki/task_private.h"

#include "pki/bundle.h"
#include "pki/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_MAX 65535 /* devsecTrustIndex */

/* ---- Installing ---- */

enum devsec_err judge_install_trusted(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    const enum devsec_err err = judge_no_use(task, "a trusted certificate serves no use", fault);

    (void)judgement;
    if (!err && !task->given.upload_length)
        return pki_fail(fault, PKI_UPLOAD_MISSING, DEVSEC_ERR_NOT_FOUND,
                        "there is no certificate to trust; upload it first");
    return err ? err : trusted_files_list(&task->trusted, task->pki->inventory, fault);
}

static bool is_trusted(const struct pki_task *task, const char *file)
{
    for (size_t i = 0; i < task->trusted.count; i++) {
        if (strcmp(task->trusted.names[i], file) == 0)
            return true;
    }
    return false;
}

/* One certificate, checked, and written as a file of its own, by whose name those that are trusted already are known.
 */
static enum devsec_err add_fresh(struct pki_task *task, X509 *certificate, struct text *text, struct pki_fault *fault)
{
    char *file = task->fresh.names[task->fresh.count];
    char subject[PKI_NAME_WORDS_MAX];
    enum devsec_err err = pki_ca_check(certificate, task->given.now, fault);

    if (!err)
        err = put_chain_file(task, certificate, NULL, file, fault);
    if (err || is_trusted(task, file))
        return err;
    pki_name_words(X509_get_subject_name(certificate), subject);
    text_printf(text, "%s%s", task->fresh.count ? "; " : "trusted from now on: ", subject);
    task->fresh.count++;
    return DEVSEC_OK;
}

static enum devsec_err fail_trusted(size_t count, struct pki_fault *fault)
{
    return pki_fail(fault, PKI_ALREADY_TRUSTED, DEVSEC_ERR_INCONSISTENT, "%s",
                    count == 1 ? "the certificate is trusted already" : "all the certificates are trusted already");
}

static enum devsec_err say_trusted(struct pki_task *task, struct text *text, size_t count, struct pki_fault *fault)
{
    const size_t known = count - task->fresh.count;

    if (!task->fresh.count)
        return fail_trusted(count, fault);
    if (known)
        text_printf(text, "; %zu %s trusted already", known, known == 1 ? "was" : "were");
    return set_message(task, text, fault);
}

enum devsec_err run_install_trusted(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault)
{
    STACK_OF(X509) *bundle = NULL;
    struct text text = {.data = NULL};
    enum devsec_err err = pki_bundle_read(&bundle, task->upload, task->given.upload_length, fault);
    const int count = err ? 0 : sk_X509_num(bundle);

    (void)progress;
    if (!err) {
        task->fresh.names = calloc((size_t)count, sizeof(*task->fresh.names));
        if (!task->fresh.names)
            err = pki_fail_memory(fault);
    }
    for (int i = 0; !err && i < count; i++)
        err = add_fresh(task, sk_X509_value(bundle, i), &text, fault);
    if (!err)
        err = say_trusted(task, &text, (size_t)count, fault);
    text_free(&text);
    sk_X509_pop_free(bundle, X509_free);
    return err;
}

static bool is_in_table(const struct table *table, const char *file)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(value_text(&table->rows[i][TRUSTED_CERTIFICATE]), file) == 0)
            return true;
    }
    return false;
}

/* The lowest index above `after` that no row has. */
static unsigned next_index(const struct table *table, unsigned after)
{
    struct value key = {.number = after + 1};

    while (table_find(TABLE_TRUSTED, table, &key) >= 0)
        key.number++;
    return (unsigned)key.number;
}

static enum devsec_err put_fresh(char *file, unsigned index, struct transaction *txn, struct pki_fault *fault)
{
    const struct value row[TRUSTED_COLUMNS] = {
        [TRUSTED_INDEX] = {.number = index},
        [TRUSTED_CERTIFICATE] = {.text = file},
    };
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err = transaction_require_row(txn, TABLE_TRUSTED, &row[TRUSTED_INDEX], NULL, &error);

    if (!err)
        err = transaction_put_row(txn, TABLE_TRUSTED, row, &error);
    return err ? fail_store(fault, &error) : DEVSEC_OK;
}

/* Which indexes are free is known only now: others may have installed some meanwhile, also the same ones. */
enum devsec_err put_install_trusted(struct pki_task *task, struct transaction *txn, struct pki_fault *fault)
{
    const struct table *table = &inventory_document(task->pki->inventory)->tables[TABLE_TRUSTED];
    const size_t rows_max = table_schemas[TABLE_TRUSTED].rows_max;
    enum devsec_err err = DEVSEC_OK;
    unsigned index = 0;
    size_t n_new = 0;

    for (size_t i = 0; !err && i < task->fresh.count; i++) {
        if (is_in_table(table, task->fresh.names[i]))
            continue;
        index = next_index(table, index);
        n_new++;
        if (index > INDEX_MAX || table->count + n_new > rows_max)
            err = pki_fail(fault, PKI_LIMIT_REACHED, DEVSEC_ERR_UNAVAILABLE,
                           "the device can hold %zu trusted certificates; remove one first", rows_max);
        else
            err = put_fresh(task->fresh.names[i], index, txn, fault);
    }
    return (err || n_new) ? err : fail_trusted(task->fresh.count, fault);
}

/* ---- Removing ---- */

/* The row of devsecTrustIndex; NULL for none. */
static const struct value *trusted_row(const struct document *document, unsigned index)
{
    const struct value key = {.number = index};
    const long at = table_find(TABLE_TRUSTED, &document->tables[TABLE_TRUSTED], &key);

    return at < 0 ? NULL : document->tables[TABLE_TRUSTED].rows[at];
}

static const struct pki_trusted *find_trusted(const struct inventory *inventory, unsigned index)
{
    for (size_t i = 0; i < inventory_trusted_count(inventory); i++) {
        const struct pki_trusted *trusted = inventory_trusted(inventory, i);

        if (trusted->index == index)
            return trusted;
    }
    return NULL;
}

enum devsec_err judge_remove_trusted(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    const unsigned index = task->given.slot;
    const struct value *row = trusted_row(judgement->document, index);
    const struct pki_trusted *trusted = find_trusted(task->pki->inventory, index);
    struct text text = {.data = NULL};
    const enum devsec_err err = judge_no_use(task, "removing assigns nothing", fault);

    if (err)
        return err;
    if (!row || !trusted)
        return pki_fail(fault, PKI_NO_SUCH_SLOT, DEVSEC_ERR_NOT_FOUND, "there is no trusted certificate number %u",
                        index);
    snprintf(task->certificate, sizeof(task->certificate), "%s", value_text(&row[TRUSTED_CERTIFICATE]));
    text_printf(&text, "no longer trusted: %s (%u)",
                *trusted->summary.subject ? trusted->summary.subject : "a certificate whose file is damaged", index);
    return set_message(task, &text, fault);
}

enum devsec_err put_remove_trusted(struct pki_task *task, struct transaction *txn, struct pki_fault *fault)
{
    const struct value key = {.number = task->given.slot};
    const struct value *row = trusted_row(inventory_document(task->pki->inventory), task->given.slot);
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err;

    if (!row || strcmp(value_text(&row[TRUSTED_CERTIFICATE]), task->certificate) != 0)
        return pki_fail(fault, PKI_SLOT_BUSY, DEVSEC_ERR_BUSY,
                        "the trusted certificate number %u was changed by somebody else meanwhile", task->given.slot);
    err = transaction_require_row(txn, TABLE_TRUSTED, &key, row, &error);
    if (!err)
        err = transaction_remove_row(txn, TABLE_TRUSTED, &key, &error);
    return err ? fail_store(fault, &error) : DEVSEC_OK;
}
