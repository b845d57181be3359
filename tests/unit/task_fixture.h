/* SPDX-License-Identifier: Apache-2.0 */
/* A device with a store, its material and its inventory, and tasks that run on it from beginning to end. */
#ifndef DEVSEC_TESTS_UNIT_TASK_FIXTURE_H
#define DEVSEC_TESTS_UNIT_TASK_FIXTURE_H

#include "ca_fixture.h"
#include "pki/task.h"
#include "store_fixture.h"

#include <openssl/pem.h>

/* The device can hold few keys, so that it can be full. */
#define PLACE_LIMIT 6
#define PLACE_PROFILE                                                                                                  \
    "model: Test Printer\nfirmware: \"1.20\"\nkeys:\n  limit: 6\n  reserved-key:\n    type: ecdsa\n    curve: p384\n"

struct place {
    struct fixture *store;
    struct device device;
    struct pki pki;
    char device_key[96];
    struct pki_fault fault;
    char message[512]; /* of the last task that succeeded */
    unsigned slot;     /* likewise */
    bool changed;      /* likewise: whether it committed anything */
    struct ca root;
    struct ca intermediate;
};

MAYBE_UNUSED static void place_follow(struct place *place)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    bool changed = false;

    if (inventory_follow(place->pki.inventory, store_current(place->store->store), &changed, &error))
        fail_msg("inventory_follow: %s", error.text);
}

/* Damaged files of a slot, or of all (0), are read again; true if anything is another. */
MAYBE_UNUSED static bool place_retry(struct place *place, unsigned slot)
{
    bool changed = false;

    if (inventory_retry(place->pki.inventory, slot, &changed, NULL))
        fail_msg("inventory_retry: out of memory");
    return changed;
}

/* Opens the store and all that belongs to it (again). */
MAYBE_UNUSED static void place_open(struct place *place)
{
    struct devsec_error error = {DEVSEC_OK, ""};

    pki_close(&place->pki);
    place->store->options.rules = &place->device.rules;
    fixture_open(place->store);
    if (pki_open(&place->pki, &place->device, place->store->store, place->store->directory, false, &error))
        fail_msg("pki_open: %s", error.text);
}

MAYBE_UNUSED static int place_make(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    void *store = NULL;
    char *profile;

    if (!place || fixture_make(&store) != 0)
        return -1;
    place->store = store;
    file_put(place->store, "profile.yaml", PLACE_PROFILE);
    profile = path_of(place->store, "profile.yaml");
    if (device_open(&place->device, profile, &place->store->error) != DEVSEC_OK)
        fail_msg("device_open: %s", place->store->error.text);
    free(profile);
    snprintf(place->device_key, sizeof(place->device_key), "%s/device.key", place->store->directory);
    place->device.key_file = place->device_key;
    place->device.store_directory = place->store->directory;
    place_open(place);
    place->root = ca_root("Test Root");
    place->intermediate = ca_intermediate("Test Issuer", &place->root);
    *state = place;
    return 0;
}

MAYBE_UNUSED static int place_drop(void **state)
{
    struct place *place = *state;
    void *store = place->store;

    pki_close(&place->pki);
    ca_free(&place->root);
    ca_free(&place->intermediate);
    fixture_drop(&store);
    device_close(&place->device);
    free(place);
    return 0;
}

/* ---- What is there ---- */

MAYBE_UNUSED static const struct pki_slot *slot_at(const struct place *place, unsigned slot)
{
    const struct pki_slot *found = inventory_find(place->pki.inventory, slot);

    assert_non_null(found);
    return found;
}

MAYBE_UNUSED static const char *slot_text(const struct place *place, unsigned slot, enum key_column column)
{
    return value_text(&slot_at(place, slot)->row[column]);
}

/* How many files the material has, its lock not counted. */
MAYBE_UNUSED static size_t count_files(const struct place *place)
{
    char *path = path_of(place->store, "material");
    DIR *folder = opendir(path);
    const struct dirent *entry;
    size_t count = 0;

    while (folder && (entry = readdir(folder)) != NULL)
        count += strlen(entry->d_name) > 64;
    if (folder)
        closedir(folder);
    free(path);
    return count;
}

/* "material/HEX.ending" of a slot's file, for the functions of store_fixture.h; the caller frees. */
MAYBE_UNUSED static char *file_of_slot(const struct place *place, unsigned slot, enum key_column column)
{
    const char *const endings[] = {"key", "csr", "pem"};
    char *name = NULL;

    assert_true(asprintf(&name, "material/%s.%s", slot_text(place, slot, column), endings[column - KEY_FILE]) > 0);
    return name;
}

/* Changes one text of a slot's row by hand; the inventory does not know of it yet. */
MAYBE_UNUSED static void set_column(struct place *place, unsigned slot, enum key_column column, const char *text)
{
    struct value *row = row_copy(TABLE_KEYS, pki_key_row(store_current(place->store->store), slot));
    struct transaction *txn = begin(place->store);

    assert_int_equal(value_set_text(&row[column], text, NULL), DEVSEC_OK);
    assert_int_equal(transaction_put_row(txn, TABLE_KEYS, row, &place->store->error), DEVSEC_OK);
    commit(place->store, txn);
    transaction_free(txn);
    row_free(TABLE_KEYS, row);
}

/* ---- Tasks ---- */

#define PARAMETERS(...) (&(struct pki_parameters){__VA_ARGS__})

/* What is left zero becomes an ECDSA key on P-256 for printer.example, at CA_NOW. The slots `taken` are others' work.
 */
MAYBE_UNUSED static enum devsec_err task_new_among(struct place *place, const struct pki_parameters *parameters,
                                                   const unsigned *taken, size_t n_taken, struct pki_task **task)
{
    static char common_name[] = "printer.example";
    struct pki_parameters filled = *parameters;

    if (!filled.key.type)
        filled.key = (struct pki_key_spec){PKI_KEY_ECDSA, 0, PKI_CURVE_P256};
    filled.hash = filled.hash ? filled.hash : PKI_HASH_SHA256;
    filled.subject.common_name = filled.subject.common_name ? filled.subject.common_name : common_name;
    filled.now = filled.now ? filled.now : CA_NOW;
    place->fault = (struct pki_fault){.cause = PKI_NONE};
    return pki_task_new(task, &place->pki, store_current(place->store->store), &filled, taken, n_taken, &place->fault);
}

MAYBE_UNUSED static enum devsec_err task_new(struct place *place, const struct pki_parameters *parameters,
                                             struct pki_task **task)
{
    return task_new_among(place, parameters, NULL, 0, task);
}

/* A task that has done its work and was not committed yet. */
MAYBE_UNUSED static struct pki_task *task_ready(struct place *place, const struct pki_parameters *parameters)
{
    struct pki_task *task = NULL;

    if (task_new(place, parameters, &task) || pki_task_run(task, NULL, &place->fault))
        fail_msg("operation %d: %s", (int)parameters->operation, place->fault.error.text);
    return task;
}

/* Puts, commits and follows, as jobs and devsecctl do. */
MAYBE_UNUSED static enum devsec_err task_commit(struct place *place, struct pki_task *task)
{
    struct transaction *txn = begin(place->store);
    struct store_fault refusal = {.n_involved = 0};
    enum devsec_err err = pki_task_put(task, txn, &place->fault);

    if (!err) {
        err = transaction_check(txn, &refusal);
        if (!err)
            err = transaction_commit(txn, &refusal.error);
        if (err)
            pki_fail_as(&place->fault, pki_cause_of_commit(&refusal, err), &refusal.error);
    }
    if (!err) {
        place->changed = transaction_changed(txn);
        transaction_finish(txn);
        snprintf(place->message, sizeof(place->message), "%s", pki_task_message(task));
        place->slot = pki_task_slot(task);
    }
    transaction_free(txn);
    place_follow(place);
    if (!err && place->slot)
        place_retry(place, place->slot);
    return err;
}

MAYBE_UNUSED static enum devsec_err task_do(struct place *place, const struct pki_parameters *parameters)
{
    struct pki_task *task = NULL;
    enum devsec_err err = task_new(place, parameters, &task);

    if (!err)
        err = pki_task_run(task, NULL, &place->fault);
    if (!err)
        err = task_commit(place, task);
    pki_task_free(task);
    return err;
}

/* A task that succeeds, with this in its message. */
MAYBE_UNUSED static void task_succeeds(struct place *place, const struct pki_parameters *parameters, const char *text)
{
    if (task_do(place, parameters))
        fail_msg("operation %d: %s", (int)parameters->operation, place->fault.error.text);
    if (!strstr(place->message, text))
        fail_msg("message \"%s\" does not have \"%s\"", place->message, text);
}

MAYBE_UNUSED static void fault_assert(const struct pki_fault *fault, enum pki_cause cause, const char *text)
{
    if (!strstr(fault->error.text, text))
        fail_msg("cause %d: \"%s\" does not have \"%s\"", (int)fault->cause, fault->error.text, text);
    assert_int_equal(fault->cause, cause);
    assert_int_not_equal(fault->error.code, DEVSEC_OK);
}

/* A task that is refused, with this cause and this in its sentence, and after which the settings are what they were. */
MAYBE_UNUSED static void task_fails(struct place *place, const struct pki_parameters *parameters, enum pki_cause cause,
                                    const char *text)
{
    const uint32_t generation = generation_of(place->store->store);

    if (!task_do(place, parameters))
        fail_msg("operation %d was not refused: %s", (int)parameters->operation, text);
    fault_assert(&place->fault, cause, text);
    assert_int_equal(generation_of(place->store->store), generation);
}

/* A task that was ready is refused at its commit, because of what happened meanwhile. Frees it. */
MAYBE_UNUSED static void late_fails(struct place *place, struct pki_task *task, enum pki_cause cause, const char *text)
{
    const uint32_t generation = generation_of(place->store->store);

    assert_int_not_equal(task_commit(place, task), DEVSEC_OK);
    fault_assert(&place->fault, cause, text);
    assert_int_equal(generation_of(place->store->store), generation);
    pki_task_free(task);
}

/* ---- Certificates ---- */

MAYBE_UNUSED static void request(struct place *place, unsigned slot)
{
    task_succeeds(place, PARAMETERS(.operation = PKI_CREATE_REQUEST, .slot = slot), "certificate request");
}

MAYBE_UNUSED static void self_signed(struct place *place, unsigned slot)
{
    task_succeeds(place, PARAMETERS(.operation = PKI_CREATE_SELF_SIGNED, .slot = slot), "self-signed");
}

/* The slot's request, which a CA signs; both are the caller's. */
MAYBE_UNUSED static X509_REQ *request_of(const struct place *place, unsigned slot)
{
    struct pki_fault fault = {.cause = PKI_NONE};
    char *text = NULL;
    size_t length = 0;
    X509_REQ *request;
    BIO *bio;

    if (inventory_pem(place->pki.inventory, slot_at(place, slot), PKI_PEM_REQUEST, &text, &length, &fault))
        fail_msg("request of slot %u: %s", slot, fault.error.text);
    bio = BIO_new_mem_buf(text, (int)length);
    request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    assert_non_null(request);
    BIO_free(bio);
    free(text);
    return request;
}

MAYBE_UNUSED static X509 *certificate_of(const struct place *place, unsigned slot)
{
    struct pki_fault fault = {.cause = PKI_NONE};
    char *text = NULL;
    size_t length = 0;
    X509 *certificate;
    BIO *bio;

    if (inventory_pem(place->pki.inventory, slot_at(place, slot), PKI_PEM_CERTIFICATE, &text, &length, &fault))
        fail_msg("certificate of slot %u: %s", slot, fault.error.text);
    bio = BIO_new_mem_buf(text, (int)length);
    certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(certificate);
    BIO_free(bio);
    free(text);
    return certificate;
}

/* installCertificate of certificates in PEM. */
MAYBE_UNUSED static struct pki_parameters install_of(unsigned slot, const char *pem)
{
    return *PARAMETERS(.operation = PKI_INSTALL_CERTIFICATE, .slot = slot, .upload = (const unsigned char *)pem,
                       .upload_length = strlen(pem));
}

MAYBE_UNUSED static struct pki_parameters trust_of(const char *pem)
{
    return *PARAMETERS(.operation = PKI_INSTALL_TRUSTED, .upload = (const unsigned char *)pem,
                       .upload_length = strlen(pem));
}

MAYBE_UNUSED static void trust(struct place *place, X509 *certificate, const char *text)
{
    char *pem = ca_pem(certificate, NULL);
    const struct pki_parameters parameters = trust_of(pem);

    task_succeeds(place, &parameters, text);
    free(pem);
}

/* A key with a certificate by the intermediate, with the intermediate's or without it. */
MAYBE_UNUSED static void installed(struct place *place, unsigned slot, bool with_issuer)
{
    struct pki_parameters parameters;
    X509_REQ *open;
    X509 *leaf;
    STACK_OF(X509) *stack;
    char *pem;

    request(place, slot);
    open = request_of(place, slot);
    leaf = ca_certify_request(open, &place->intermediate, 0, 0);
    stack = with_issuer ? ca_stack(leaf, place->intermediate.certificate, NULL) : ca_stack(leaf, NULL);
    pem = ca_pem_stack(stack, NULL);
    parameters = install_of(slot, pem);
    task_succeeds(place, &parameters, "");
    free(pem);
    ca_stack_free(stack);
    X509_free(leaf);
    X509_REQ_free(open);
}

#endif
