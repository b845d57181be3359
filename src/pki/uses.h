/* SPDX-License-Identifier: Apache-2.0 */
/* What the device uses keys for, and the rules about which key may serve what [C4, C7]. */
#ifndef DEVSEC_PKI_USES_H
#define DEVSEC_PKI_USES_H

#include "pki/pki.h"
#include "store/document.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>

/* The values are those of devsecUsage. */
enum pki_usage {
    PKI_USE_TLS = 1,
    PKI_USE_IEEE8021X = 2,
    PKI_USE_IPSEC = 3,
    PKI_USE_SIP = 4,
    PKI_USE_DEVICE_SIGNATURE = 5,
    PKI_USE_SMIME = 6,
    PKI_USE_SNMP = 7,
    PKI_USE_NONE = 8, /* devsecJobUsage alone */
};

/* One row of devsecUsageTable. */
struct pki_use {
    enum pki_usage usage;
    unsigned instance;
};

/* All of them, ascending by usage and instance: one of each, and PKI_IPSEC_POLICIES of ipsec. */
#define PKI_IPSEC_POLICIES 10
extern const struct pki_use pki_uses[];
extern const size_t pki_use_count;

/* How the document and people name a use: "tls", "ipsec-3". PKI_USE_NAME_MAX is room enough. */
#define PKI_USE_NAME_MAX 32
void pki_use_name(const struct pki_use *use, char *to);
bool pki_use_find(const char *name, struct pki_use *use); /* false if there is no such use */

/* What a document says about a use. */
unsigned pki_use_slot(const struct document *document, const struct pki_use *use); /* 0 for none */
bool pki_use_enabled(const struct document *document, const struct pki_use *use);  /* of tls: IPv4 or IPv6 */
bool pki_use_key_used(const struct document *document, const struct pki_use *use);

/* The uses of a slot as a mask, 1u << (usage - 1): devsecCertInUse. */
unsigned pki_slot_uses(const struct document *document, unsigned slot);

/* The row of the slot in TABLE_KEYS, NULL for none. */
const struct value *pki_key_row(const struct document *document, unsigned slot);

/* The row of a key of the device's own, NULL while it is missing. */
const struct value *pki_reserved_row(const struct document *document, enum pki_reserved reserved);

/* The row of the use in TABLE_USES, NULL for none. */
const struct value *pki_use_stored(const struct document *document, const struct pki_use *use);

/* Makes a commit depend on the use being what it is in `document` (transaction_require_row). (use_put.c) */
enum devsec_err pki_use_require(struct transaction *txn, const struct document *document, const struct pki_use *use,
                                struct devsec_error *error);

/* Puts what a use is to have into a transaction, as changes of `document` (store_current): a use without key and not
 * enabled has no row. `enabled` counts for nothing for tls, which is its own settings'. (use_put.c) */
enum devsec_err pki_use_put(struct transaction *txn, const struct document *document, const struct pki_use *use,
                            unsigned slot, bool enabled, struct devsec_error *error);

/*
 * Every rule across keys, uses and TLS's settings that a document must keep (store_rules.check): names unique, each
 * reserved key once; a use only refers to a slot with a certificate, so that a key in use cannot be deleted; the
 * reserved keys and sip [C7]; enabled only with a key. DEVSEC_ERR_INCONSISTENT with the sentence, in which use, slot
 * and key are named; `fault->involved_tables` says which tables, and `involved` TLS's switches where these matter.
 * DEVSEC_ERR_MEMORY. `fault` may be NULL.
 */
enum devsec_err pki_rules_check(const struct document *document, struct store_fault *fault);

#endif
