/* SPDX-License-Identifier: Apache-2.0 */
/* One piece of work on keys and certificates, from its parameters to its commit; jobs and devsecctl are made of it. */
#ifndef DEVSEC_PKI_TASK_H
#define DEVSEC_PKI_TASK_H

#include "pki/issue.h"
#include "pki/key.h"
#include "pki/pki.h"
#include "pki/subject.h"
#include "pki/uses.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* The values up to REMOVE_TRUSTED are those of devsecJobOperation. */
enum pki_operation {
    PKI_CREATE_SELF_SIGNED = 1,
    PKI_CREATE_REQUEST = 2,
    PKI_INSTALL_CERTIFICATE = 3,
    PKI_VERIFY = 4,
    PKI_DELETE_KEY = 5,
    PKI_SCEP_ENROLL = 6, /* not here: PKI_INVALID_PARAMETER */
    PKI_INSTALL_TRUSTED = 7,
    PKI_REMOVE_TRUSTED = 8,
    PKI_IMPORT_PKCS12 = 100, /* devsecctl alone: the upload is the file, `password` opens it */
    PKI_MAKE_RESERVED = 101, /* devsecd at its first start: `reserved` says which; SIZE and names as the profile says */
};

/* Everything is copied by pki_task_new, secrets cleansed with the task. Defaults in parentheses are the caller's to
 * set. */
struct pki_parameters {
    enum pki_operation operation;
    unsigned slot; /* 0: choose; of PKI_REMOVE_TRUSTED the index */
    const char *key_name;
    struct pki_key_spec key;
    enum pki_hash hash;
    struct pki_subject subject;
    struct pki_dates dates;
    const char *challenge;
    struct pki_use use; /* usage PKI_USE_NONE or 0: no assignment */
    const unsigned char *upload;
    size_t upload_length;
    const char *password;
    enum pki_reserved reserved;
    unsigned pass_over;     /* of PKI_MAKE_RESERVED: how many free slots to leave to others, if there are more */
    unsigned reserved_slot; /* which of `taken` is for a reserved key that is being made; 0 for none */
    time_t now;
};

struct pki_task;

/*
 * Main thread. Judges everything that can be judged on the inventory as it is (slot, limit, name, reserved, in use,
 * parameters) and takes copies of what the work needs. `taken`: slots that other tasks under way will use (may be
 * NULL), which are neither free nor allowed. Room is kept for the reserved keys that the profile wants and the document
 * has not.
 */
enum devsec_err pki_task_new(struct pki_task **out, const struct pki *pki, const struct document *document,
                             const struct pki_parameters *parameters, const unsigned *taken, size_t n_taken,
                             struct pki_fault *fault);
void pki_task_free(struct pki_task *task); /* NULL is legal; ends its material session */

/* The slot that the task works on, known from the beginning except for an installation that has to find it (by the end
 * of its run); 0 for none, as with trusted certificates. Any thread. */
unsigned pki_task_slot(const struct pki_task *task);

/* Any thread; blocks for as long as it takes. Works on the task's own copies, writes material. */
enum devsec_err pki_task_run(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault);

/*
 * Main thread, after a successful run, while the inventory follows the store's current document: puts what came out
 * into a transaction (rows of keys, uses and trusted certificates, each required to be what it was when the task began:
 * PKI_SLOT_BUSY otherwise; what counts of a key are its files). The caller may add to the transaction, commits it, has
 * the inventory follow, and then frees the task. Nothing to change is no failure (PKI_VERIFY, the same certificate
 * again).
 */
enum devsec_err pki_task_put(struct pki_task *task, struct transaction *txn, struct pki_fault *fault);

/* After a successful run: what came of it, in a sentence for devsecJobMessage and for people: "self-signed certificate
 * in slot 3, ECDSA P-256, valid until ...". Owned by the task. */
const char *pki_task_message(const struct pki_task *task);

/* What went wrong with a commit (transaction_check, transaction_commit), as a cause. */
enum pki_cause pki_cause_of_commit(const struct store_fault *fault, enum devsec_err err);

#endif
