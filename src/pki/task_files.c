/* SPDX-License-Identifier: Apache-2.0 */
/* What tasks write and read while they run, and the rows and sentences they make of it; see task_private.h. */
#include "pki/task_private.h"

#include "pki/bundle.h"
#include "pki/key_file.h"

#include <stdlib.h>
#include <string.h>

/* ---- Files ---- */

static enum devsec_err fail_file(struct pki_fault *fault, const struct devsec_error *error)
{
    return pki_fail_as(fault, error->code == DEVSEC_ERR_MEMORY ? PKI_OUT_OF_MEMORY : PKI_STORE_FAILED, error);
}

enum devsec_err put_file(struct pki_task *task, enum material_kind kind, const char *octets, size_t length,
                         char name[MATERIAL_NAME_SIZE], struct pki_fault *fault)
{
    struct devsec_error error = {DEVSEC_OK, ""};

    if (!task->session && material_begin(&task->session, task->pki->material, &error))
        return fail_file(fault, &error);
    if (material_put(task->session, kind, octets, length, name, &error))
        return fail_file(fault, &error);
    return DEVSEC_OK;
}

enum devsec_err put_key_file(struct pki_task *task, const EVP_PKEY *key, char name[MATERIAL_NAME_SIZE],
                             struct pki_fault *fault)
{
    char *text = NULL;
    size_t length = 0;
    enum devsec_err err = key_file_make(&text, &length, key, task->pki->device_key, fault);

    if (!err)
        err = put_file(task, MATERIAL_KEY, text, length, name, fault);
    free(text);
    return err;
}

enum devsec_err put_chain_file(struct pki_task *task, X509 *leaf, const STACK_OF(X509) *chain,
                               char name[MATERIAL_NAME_SIZE], struct pki_fault *fault)
{
    const int count = chain ? sk_X509_num(chain) : 0;
    char *text = NULL;
    size_t length = 0;
    enum devsec_err err;

    /* What is written is read by pki_bundle_read: DER that was just small enough may be too large in PEM. */
    if (count >= PKI_BUNDLE_CERTIFICATES_MAX)
        return pki_fail(fault, PKI_UPLOAD_TOO_LARGE, DEVSEC_ERR_WRONG_LENGTH,
                        "the chain has %d certificates; expected %d at most", count + 1, PKI_BUNDLE_CERTIFICATES_MAX);
    err = pki_chain_pem(&text, &length, leaf, chain, fault);
    if (!err && length > (size_t)PKI_BUNDLE_OCTETS_MAX)
        err = pki_fail(fault, PKI_UPLOAD_TOO_LARGE, DEVSEC_ERR_WRONG_LENGTH,
                       "the certificate and its chain have %zu octets in PEM; expected %u at most", length,
                       PKI_BUNDLE_OCTETS_MAX);
    if (!err)
        err = put_file(task, MATERIAL_CERTIFICATES, text, length, name, fault);
    free(text);
    return err;
}

enum devsec_err load_public_key(EVP_PKEY **out, const struct pki_task *task, const char *file, struct pki_fault *fault)
{
    char *text = NULL;
    size_t length = 0;
    enum devsec_err err = file_load(task->pki->material, MATERIAL_KEY, file, &text, &length, fault);

    if (err)
        return err;
    err = key_file_probe(text, length, task->pki->device_key, fault);
    if (!err)
        err = key_file_public(out, text, length, fault);
    if (err)
        file_name_fault(fault, MATERIAL_KEY, file);
    free(text);
    return err;
}

const struct known_key *find_known_key(const struct pki_task *task, const X509 *certificate)
{
    unsigned char digest[PKI_FINGERPRINT_SIZE];

    if (!inventory_key_digest(digest, X509_get_X509_PUBKEY(certificate)))
        return NULL;
    for (size_t i = 0; i < task->n_keys; i++) {
        if (memcmp(task->keys[i].public_key, digest, sizeof(digest)) == 0)
            return &task->keys[i];
    }
    return NULL;
}

/* ---- The row of a new key ---- */

enum devsec_err make_row(struct pki_task *task, const EVP_PKEY *key, const char *file, const char *request,
                         const char *certificate, struct pki_fault *fault)
{
    const struct {
        enum key_column column;
        const char *text;
    } texts[] = {
        {KEY_NAME, task->name},
        {KEY_RESERVED, task->reserved_word},
        {KEY_FILE, file},
        {KEY_REQUEST, request},
        {KEY_CERTIFICATE, certificate},
        {KEY_FIRMWARE, task->origin == ORIGIN_IMPORTED ? "" : task->pki->device->profile.firmware},
    };
    struct pki_key_info info = {.bits = 0};
    enum devsec_err err = pki_key_describe(&info, key, fault);

    if (err)
        return err;
    task->row = row_new(TABLE_KEYS);
    if (!task->row)
        return pki_fail_memory(fault);
    task->row[KEY_SLOT].number = pki_task_slot(task);
    task->row[KEY_TYPE].number = info.type;
    task->row[KEY_ORIGIN].number = task->origin;
    task->row[KEY_CREATED].number = task->given.now;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (value_set_text(&task->row[texts[i].column], texts[i].text, NULL))
            return pki_fail_memory(fault);
    }
    return DEVSEC_OK;
}

/* ---- Sentences ---- */

enum devsec_err set_message(struct pki_task *task, struct text *text, struct pki_fault *fault)
{
    char name[PKI_USE_NAME_MAX];
    char *message = NULL;

    if (task_has_use(task)) {
        pki_use_name(&task->given.use, name);
        text_printf(text, "; %s uses it", name);
    }
    message = text_take(text);
    if (!message)
        return pki_fail_memory(fault);
    free(task->message);
    task->message = message;
    return DEVSEC_OK;
}

void message_append_validity(struct text *text, const X509 *certificate)
{
    time_t not_before = 0;
    time_t not_after = 0;
    char date[32];

    if (pki_certificate_dates(certificate, &not_before, &not_after, NULL))
        return;
    text_date(date, sizeof(date), not_after);
    text_printf(text, ", valid until %s", date);
}
