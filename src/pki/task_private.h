/* SPDX-License-Identifier: Apache-2.0 */
/* What a task is inside: for the task*.c files alone. */
#ifndef DEVSEC_PKI_TASK_PRIVATE_H
#define DEVSEC_PKI_TASK_PRIVATE_H

#include "pki/task.h"

#include "base/text.h"
#include "pki/chain_file.h"

#include <openssl/x509.h>
#include <stdatomic.h>

#define PKI_KEY_NAME_SIZE 65 /* the octets of devsecCertName, and a NUL */

/* The values are those of devsecCertOrigin. */
enum key_origin { ORIGIN_FACTORY = 1, ORIGIN_SELF_SIGNED = 2, ORIGIN_CSR = 3, ORIGIN_SCEP = 4, ORIGIN_IMPORTED = 5 };

/* What the caller of pki_task_new knows. */
struct judgement {
    const struct document *document;
    const unsigned *taken;
    size_t n_taken;
};

/* One operation; the three phases of task.h. `run` and `put` may be NULL: nothing to do. */
struct operation {
    enum pki_operation operation;
    enum devsec_err (*judge)(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);
    enum devsec_err (*run)(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault);
    enum devsec_err (*put)(struct pki_task *task, struct transaction *txn, struct pki_fault *fault);
};

/* A key of the device, as it was when the task began: for finding whose certificate this is. */
struct known_key {
    unsigned slot;
    unsigned long reading;
    bool is_reserved;
    unsigned char public_key[PKI_FINGERPRINT_SIZE];
    char file[MATERIAL_NAME_SIZE];
};

struct pki_task {
    const struct operation *operation;
    const struct pki *pki;       /* its inventory: the main thread's alone */
    struct pki_parameters given; /* points to the copies below */
    char *texts[3];              /* key name, challenge, password */
    unsigned char *upload;
    atomic_uint slot;       /* an installation finds it while it runs */
    unsigned long reading;  /* of the slot's files when the task began; 0: it was free */
    unsigned use_slot;      /* what the use had when the task began */
    struct known_key *keys; /* where the operation has to find one */
    size_t n_keys;
    char certificate[MATERIAL_NAME_SIZE]; /* the file to be verified, or that was installed */
    char key_file[MATERIAL_NAME_SIZE];    /* of the key whose certificate is to be verified */
    struct trusted_files trusted;         /* as they were when the task began */
    char name[PKI_KEY_NAME_SIZE];         /* the new key's */
    enum key_origin origin;               /* likewise */
    const char *reserved_word;            /* likewise; "" for a key that is not the device's own */

    struct material_session *session;
    struct value *row;          /* of the new key; of TABLE_KEYS */
    bool is_own_issuer;         /* the certificate installed is self-signed */
    struct trusted_files fresh; /* to be trusted */
    char *message;
};

/* ---- Judging (task_judge.c) ---- */

/* A free slot for a new key: the one asked for, else the lowest. Sets task->slot. */
enum devsec_err judge_free_slot(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);

/* The key in the slot asked for, which no other task works on. Sets task->slot and task->reading. */
enum devsec_err judge_slot(struct pki_task *task, const struct judgement *judgement, const struct value **row,
                           struct pki_fault *fault);

/* The new key's name, by task->slot where none is given. Sets task->name. */
enum devsec_err judge_name(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);

/* Whether the use asked for (if any) can have the key in task->slot, once a certificate is there. */
enum devsec_err judge_use(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);
bool task_has_use(const struct pki_task *task);

enum devsec_err judge_no_use(const struct pki_task *task, const char *why, struct pki_fault *fault);
enum devsec_err judge_device_key(const struct pki_task *task, struct pki_fault *fault);

/* PKI_NAME_TAKEN if another slot's key has task->name. */
enum devsec_err check_name_free(const struct pki_task *task, const struct document *document, struct pki_fault *fault);

/* Takes note of all keys. */
enum devsec_err remember_keys(struct pki_task *task, struct pki_fault *fault);

/* ---- Running (task_files.c); any thread ---- */

enum devsec_err put_file(struct pki_task *task, enum material_kind kind, const char *octets, size_t length,
                         char name[MATERIAL_NAME_SIZE], struct pki_fault *fault);

/* The sealed key; a certificate with its chain (may be NULL), in a size that can be read again. */
enum devsec_err put_key_file(struct pki_task *task, const EVP_PKEY *key, char name[MATERIAL_NAME_SIZE],
                             struct pki_fault *fault);
enum devsec_err put_chain_file(struct pki_task *task, X509 *leaf, const STACK_OF(X509) *chain,
                               char name[MATERIAL_NAME_SIZE], struct pki_fault *fault);

/* The key's file in full; PKI_DAMAGED, PKI_DEVICE_KEY_UNAVAILABLE when its private half does not open. */
enum devsec_err load_public_key(EVP_PKEY **out, const struct pki_task *task, const char *file, struct pki_fault *fault);

/* The remembered key to which a certificate belongs; NULL for none. */
const struct known_key *find_known_key(const struct pki_task *task, const X509 *certificate);

/* Makes task->row for the key that was made or imported. */
enum devsec_err make_row(struct pki_task *task, const EVP_PKEY *key, const char *file, const char *request,
                         const char *certificate, struct pki_fault *fault);

/* Takes over a sentence; with the use that the key gets, if any. */
enum devsec_err set_message(struct pki_task *task, struct text *text, struct pki_fault *fault);
void message_append_validity(struct text *text, const X509 *certificate);

/* ---- Putting (task_put.c) ---- */

/* Makes the commit depend on the slot; PKI_SLOT_BUSY unless it is as the task found it. `*row` (may be NULL) is its
 * row, NULL for none. */
enum devsec_err require_slot(const struct pki_task *task, struct transaction *txn, const struct value **row,
                             struct pki_fault *fault);
enum devsec_err put_new_key(struct pki_task *task, struct transaction *txn, struct pki_fault *fault);
enum devsec_err put_use(const struct pki_task *task, struct transaction *txn, struct pki_fault *fault);

/* What a call of the store's refused. */
enum devsec_err fail_store(struct pki_fault *fault, const struct devsec_error *error);

/* ---- The operations ---- */

enum devsec_err judge_create_self_signed(struct pki_task *task, const struct judgement *judgement,
                                         struct pki_fault *fault);
enum devsec_err judge_create_request(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);
enum devsec_err judge_make_reserved(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);
enum devsec_err run_create_self_signed(struct pki_task *task, const struct pki_progress *progress,
                                       struct pki_fault *fault);
enum devsec_err run_create_request(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault);

enum devsec_err judge_install(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);
enum devsec_err run_install(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault);
enum devsec_err put_install(struct pki_task *task, struct transaction *txn, struct pki_fault *fault);

enum devsec_err judge_import(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);
enum devsec_err run_import(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault);

enum devsec_err judge_verify(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);
enum devsec_err run_verify(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault);

enum devsec_err judge_delete(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);
enum devsec_err put_delete(struct pki_task *task, struct transaction *txn, struct pki_fault *fault);

enum devsec_err judge_install_trusted(struct pki_task *task, const struct judgement *judgement,
                                      struct pki_fault *fault);
enum devsec_err run_install_trusted(struct pki_task *task, const struct pki_progress *progress,
                                    struct pki_fault *fault);
enum devsec_err put_install_trusted(struct pki_task *task, struct transaction *txn, struct pki_fault *fault);

enum devsec_err judge_remove_trusted(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault);
enum devsec_err put_remove_trusted(struct pki_task *task, struct transaction *txn, struct pki_fault *fault);

#endif
