/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory: the document's keys and trusted certificates together with what their files say. */
#ifndef DEVSEC_PKI_INVENTORY_H
#define DEVSEC_PKI_INVENTORY_H

#include "pki/material.h"
#include "pki/summary.h"
#include "pki/verify.h"
#include "secret/seal.h"
#include "store/document.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* The values are those of devsecCertStatus. */
enum pki_status { PKI_REQUESTING = 1, PKI_INSTALLED = 2, PKI_STATUS_DAMAGED = 3, PKI_KEY_ALONE = 4 };

/* The values are those of devsecPemKind. */
enum pki_pem { PKI_PEM_REQUEST = 1, PKI_PEM_CERTIFICATE = 2, PKI_PEM_CHAIN = 3 };
#define PKI_PEM_SEGMENT 1024 /* octets */

/* The sentence of PKI_VERDICT_KEY_MISMATCH. */
#define PKI_MISMATCH_TEXT "the certificate is not that of the key in the slot; install the right one"

/* One slot. Everything is valid until the next inventory_follow. */
struct pki_slot {
    unsigned slot;
    enum pki_status status;
    const struct value *row; /* in the document followed, TABLE_KEYS */
    unsigned long reading;   /* never 0, and another one once any of its files is another */
    /* Of the certificate, else of the request, else of the key alone. The key's size and curve are those of the key's
     * own file: 0 and none while that cannot be read. */
    struct pki_summary summary;
    unsigned char public_key[PKI_FINGERPRINT_SIZE]; /* SHA-256 of the SubjectPublicKeyInfo; 0 while unknown */
    unsigned intermediates;
    size_t pem_length[3];                 /* by enum pki_pem - 1; 0 where there is none */
    size_t pem_before;                    /* segments that all the slots before this one have, of every kind */
    struct pki_verification verification; /* inventory_verdict and inventory_text tell what it means by now */
    char *trouble;                        /* why it is damaged and what helps, a sentence; NULL if it is not */
};

/* One trusted certificate. */
struct pki_trusted {
    unsigned index;
    const struct value *row;
    struct pki_summary summary;
    char *trouble; /* why its file cannot be used, NULL if it can */
};

struct inventory;

/*
 * `device_key` may be NULL when there is none: then every key is damaged, and says so. All three are borrowed.
 */
enum devsec_err inventory_new(struct inventory **out, const struct material *material,
                              const struct device_key *device_key, struct devsec_error *error);
void inventory_free(struct inventory *inventory); /* NULL is legal */

/*
 * Brings the inventory to a document, which is borrowed until the next call: rows whose files are the same as before
 * are not read again. Trouble with one key is that slot's own.
 * `*changed` says whether a slot or a trusted certificate came, went or has other files than before (names and uses are
 * the document's, and nothing of what is kept here). The document of before is not looked at: it may be gone.
 * DEVSEC_ERR_MEMORY leaves the inventory empty.
 */
enum devsec_err inventory_follow(struct inventory *inventory, const struct document *document, bool *changed,
                                 struct devsec_error *error);

/*
 * Reads damaged files again, since somebody may have put them right: those of one slot, or all, those of trusted
 * certificates, too (0). That is thousands of files when the folder is lost: to be called now and then, not with each
 * commit. `*changed` and DEVSEC_ERR_MEMORY as with inventory_follow; the document followed must still be there.
 */
enum devsec_err inventory_retry(struct inventory *inventory, unsigned only_slot, bool *changed,
                                struct devsec_error *error);

/* The document followed; NULL before the first and after a failure. */
const struct document *inventory_document(const struct inventory *inventory);

size_t inventory_slots(const struct inventory *inventory); /* ascending by slot */
const struct pki_slot *inventory_slot(const struct inventory *inventory, size_t i);
const struct pki_slot *inventory_find(const struct inventory *inventory, unsigned slot); /* NULL for none */
/* Whether there are private keys and the device key opens none of them: it is not the one that they were sealed with.
 */
bool inventory_is_shut(const struct inventory *inventory);

size_t inventory_trusted_count(const struct inventory *inventory); /* ascending by index */
const struct pki_trusted *inventory_trusted(const struct inventory *inventory, size_t i);

/* The lowest slot without a key; 0 when `limit` keys are there. */
unsigned inventory_free_slot(const struct inventory *inventory, unsigned limit);

/* The SHA-256 of a SubjectPublicKeyInfo, such as a certificate's, to be compared with that of a slot; false when out of
 * memory. Any thread. */
bool inventory_key_digest(unsigned char to[PKI_FINGERPRINT_SIZE], const X509_PUBKEY *key);

/* What the verdict is at `now`: verified chains and self-signed certificates expire by themselves. */
enum pki_verdict inventory_verdict(const struct pki_slot *slot, time_t now);

/* devsecCertVerifyText at `now`: why the slot is damaged, else why it does not verify; "" when all is well. */
void inventory_text(const struct pki_slot *slot, time_t now, char *to, size_t room);

/* Segments of devsecPemTable: how many a slot has of a kind, and one's octets (read from the file, which is kept until
 * another one is asked for); returns how many octets, 0 when the file is gone. `segment` counts from 1. */
size_t inventory_pem_segments(const struct pki_slot *slot, enum pki_pem kind);
size_t inventory_pem_read(const struct inventory *inventory, const struct pki_slot *slot, enum pki_pem kind,
                          size_t segment, unsigned char to[PKI_PEM_SEGMENT]);
/* A whole text of a kind, with a NUL behind `*length` octets; the caller frees. DEVSEC_ERR_NOT_FOUND when the slot has
 * none (PKI_NO_SUCH_SLOT), PKI_DAMAGED when its file cannot be read. */
enum devsec_err inventory_pem(const struct inventory *inventory, const struct pki_slot *slot, enum pki_pem kind,
                              char **text, size_t *length, struct pki_fault *fault);

/*
 * Verification of the slots whose verdict is not known any more (their files or the trusted certificates are others):
 * taken out as a piece of work that any thread can do, and its outcome brought back by the thread that owns the
 * inventory. NULL when nothing is to be verified or memory ran out. One check takes INVENTORY_CHECK_MAX slots at most:
 * after its end another one may be due at once.
 */
#define INVENTORY_CHECK_MAX 256
struct inventory_check;
bool inventory_check_is_due(const struct inventory *inventory); /* whether any verdict is not known any more */
struct inventory_check *inventory_check_new(const struct inventory *inventory,
                                            unsigned only_slot); /* 0: those that are due; else due or not */
/* Slots that it did not come to because of `give_up` (may be NULL) or for want of memory stay due. */
void inventory_check_run(struct inventory_check *check, time_t now, const atomic_bool *give_up);
/* What is no longer what it was when the check was made is left out. True if a verdict is another. Frees the check. */
bool inventory_check_apply(struct inventory *inventory, struct inventory_check *check);
void inventory_check_free(struct inventory_check *check); /* NULL is legal */

/* Counts for devsecHealth. */
struct inventory_counts {
    unsigned total; /* devsecCertTotal: slots with a certificate */
    unsigned expiring;
    unsigned expired;
    unsigned weak;
    unsigned damaged;
};
void inventory_count(const struct inventory *inventory, time_t now, unsigned warning_days,
                     struct inventory_counts *counts);

#endif
