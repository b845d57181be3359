/* SPDX-License-Identifier: Apache-2.0 */
/* Assigning keys to uses; see uses.h for the contract. */
#include "pki/uses.h"

enum devsec_err pki_use_require(struct transaction *txn, const struct document *document, const struct pki_use *use,
                                struct devsec_error *error)
{
    char name[PKI_USE_NAME_MAX];
    const struct value key = {.text = name};

    pki_use_name(use, name);
    return transaction_require_row(txn, TABLE_USES, &key, pki_use_stored(document, use), error);
}

enum devsec_err pki_use_put(struct transaction *txn, const struct document *document, const struct pki_use *use,
                            unsigned slot, bool enabled, struct devsec_error *error)
{
    const bool switched = enabled && use->usage != PKI_USE_TLS;
    char name[PKI_USE_NAME_MAX];
    struct value row[USE_COLUMNS] = {
        [USE_NAME] = {.text = name},
        [USE_SLOT] = {.number = slot},
        [USE_ENABLED] = {.number = switched},
    };

    pki_use_name(use, name);
    if (slot || switched)
        return transaction_put_row(txn, TABLE_USES, row, error);
    if (!pki_use_stored(document, use))
        return DEVSEC_OK;
    return transaction_remove_row(txn, TABLE_USES, &row[USE_NAME], error);
}
