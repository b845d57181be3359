/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that make keys: with a certificate that they sign themselves, with a request, of the device's own. */
#include "pki/task_private.h"

#include "pki/issue.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS_PER_DAY 86400

/* The device makes its own keys once, for its whole life. */
#define FACTORY_DAYS (20 * 365 + 5)

/* RFC 5280, appendix A.1: ub-common-name, in characters. */
#define COMMON_NAME_MAX 64

/* ---- Judging ---- */

static enum devsec_err judge_key(const struct pki_task *task, struct pki_fault *fault)
{
    const struct pki_parameters *given = &task->given;
    enum devsec_err err = pki_key_spec_check(&given->key, given->hash, fault);

    if (!err)
        err = pki_subject_check(&given->subject, fault);
    return err ? err : judge_device_key(task, fault);
}

/* A new key in place of a reserved one, which it remains, its name included. */
static enum devsec_err judge_replacement(struct pki_task *task, const struct judgement *judgement,
                                         const struct value *row, struct pki_fault *fault)
{
    const char *name = value_text(&row[KEY_NAME]);
    enum devsec_err err = judge_slot(task, judgement, &row, fault);

    if (err)
        return err;
    if (*task->given.key_name && strcmp(task->given.key_name, name) != 0)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "key name: found another than \"%s\", expected none: a key of the device's own keeps its name",
                        name);
    snprintf(task->name, sizeof(task->name), "%s", name);
    for (size_t i = 0; key_reserved_words[i]; i++) {
        if (strcmp(key_reserved_words[i], value_text(&row[KEY_RESERVED])) == 0)
            task->reserved_word = key_reserved_words[i];
    }
    return DEVSEC_OK;
}

static enum devsec_err judge_new(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    const enum devsec_err err = judge_free_slot(task, judgement, fault);

    return err ? err : judge_name(task, judgement, fault);
}

enum devsec_err judge_create_self_signed(struct pki_task *task, const struct judgement *judgement,
                                         struct pki_fault *fault)
{
    const struct value *row = task->given.slot ? pki_key_row(judgement->document, task->given.slot) : NULL;
    const bool is_replacement = row && !value_is_empty(&row[KEY_RESERVED]);
    enum devsec_err err = judge_key(task, fault);

    task->origin = ORIGIN_SELF_SIGNED;
    if (!err)
        err = pki_dates_check(&task->given.dates, task->given.now, fault);
    if (!err)
        err = is_replacement ? judge_replacement(task, judgement, row, fault) : judge_new(task, judgement, fault);
    return err ? err : judge_use(task, judgement, fault);
}

enum devsec_err judge_create_request(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    const struct value *row = task->given.slot ? pki_key_row(judgement->document, task->given.slot) : NULL;
    enum devsec_err err = judge_key(task, fault);

    task->origin = ORIGIN_CSR;
    if (!err && row && !value_is_empty(&row[KEY_RESERVED]))
        err = pki_fail(fault, PKI_RESERVED_KEY, DEVSEC_ERR_INCONSISTENT,
                       "slot %u has the key \"%s\" of the device's own, for which no certificate can be requested; "
                       "choose a free slot, or none, and the lowest free one is taken",
                       task->given.slot, value_text(&row[KEY_NAME]));
    if (!err)
        err = judge_no_use(task, "a key can be assigned to a use once its certificate is installed", fault);
    return err ? err : judge_new(task, judgement, fault);
}

/* Who the device is: its host name, else its model. */
static enum devsec_err device_subject(struct pki_subject *subject, const struct pki *pki, struct pki_fault *fault)
{
    const char *model = pki->device->profile.model;
    char name[4 * COMMON_NAME_MAX + 1] = "";
    struct pki_subject host = {.common_name = name};
    size_t length = 0;
    uint32_t code = 0;

    if (gethostname(name, sizeof(name) - 1) != 0 || !*name || pki_subject_check(&host, NULL)) {
        for (int i = 0; i < COMMON_NAME_MAX && model[length]; i++)
            length += text_decode(model + length, strlen(model + length), &code);
        snprintf(name, sizeof(name), "%.*s", (int)length, model);
    }
    return pki_subject_copy(subject, &host, fault);
}

enum devsec_err judge_make_reserved(struct pki_task *task, const struct judgement *judgement, struct pki_fault *fault)
{
    const enum pki_reserved reserved = task->given.reserved;
    enum devsec_err err;

    if ((unsigned)reserved >= PKI_RESERVED_COUNT)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT, "there is no reserved key number %u",
                        (unsigned)reserved);
    task->given.slot = 0;
    task->given.key = task->pki->device->profile.reserved_key;
    task->given.hash = PKI_HASH_SHA256;
    task->given.dates = (struct pki_dates){task->given.now, task->given.now + (time_t)FACTORY_DAYS * SECONDS_PER_DAY};
    task->origin = ORIGIN_FACTORY;
    task->reserved_word = key_reserved_words[reserved];
    snprintf(task->name, sizeof(task->name), "%s", pki_reserved_names[reserved]);
    pki_subject_clear(&task->given.subject);
    err = device_subject(&task->given.subject, task->pki, fault);
    if (!err)
        err = judge_key(task, fault);
    if (!err)
        err = judge_no_use(task, "the device's own keys are assigned to uses afterwards", fault);
    if (!err)
        err = judge_free_slot(task, judgement, fault);
    return err ? err : check_name_free(task, judgement->document, fault);
}

/* ---- Running ---- */

/* "WHAT in slot 3, ECDSA P-256" */
static void begin_message(struct text *text, const struct pki_task *task, const char *what, const EVP_PKEY *key)
{
    char words[PKI_KEY_WORDS_MAX] = "";
    struct pki_key_info info = {.bits = 0};

    if (!pki_key_describe(&info, key, NULL))
        pki_key_words(&info, words);
    text_printf(text, "%s in slot %u, %s", what, pki_task_slot(task), words);
}

enum devsec_err run_create_self_signed(struct pki_task *task, const struct pki_progress *progress,
                                       struct pki_fault *fault)
{
    const struct pki_parameters *given = &task->given;
    char files[2][MATERIAL_NAME_SIZE] = {"", ""};
    struct text text = {.data = NULL};
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    enum devsec_err err = pki_key_generate(&key, &given->key, progress, fault);

    if (!err)
        err = pki_self_sign(&certificate, key, &given->subject, &given->dates, given->now, given->hash, fault);
    if (!err)
        err = put_key_file(task, key, files[0], fault);
    if (!err)
        err = put_chain_file(task, certificate, NULL, files[1], fault);
    if (!err)
        err = make_row(task, key, files[0], "", files[1], fault);
    if (!err) {
        begin_message(&text, task, "self-signed certificate", key);
        message_append_validity(&text, certificate);
        err = set_message(task, &text, fault);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return err;
}

static enum devsec_err put_request_file(struct pki_task *task, X509_REQ *request, char name[MATERIAL_NAME_SIZE],
                                        struct pki_fault *fault)
{
    char *text = NULL;
    size_t length = 0;
    enum devsec_err err = pki_request_pem(&text, &length, request, fault);

    if (!err)
        err = put_file(task, MATERIAL_REQUEST, text, length, name, fault);
    free(text);
    return err;
}

enum devsec_err run_create_request(struct pki_task *task, const struct pki_progress *progress, struct pki_fault *fault)
{
    const struct pki_parameters *given = &task->given;
    char files[2][MATERIAL_NAME_SIZE] = {"", ""};
    struct text text = {.data = NULL};
    EVP_PKEY *key = NULL;
    X509_REQ *request = NULL;
    enum devsec_err err = pki_key_generate(&key, &given->key, progress, fault);

    if (!err)
        err = pki_request(&request, key, &given->subject, given->challenge, given->hash, fault);
    if (!err)
        err = put_key_file(task, key, files[0], fault);
    if (!err)
        err = put_request_file(task, request, files[1], fault);
    if (!err)
        err = make_row(task, key, files[0], files[1], "", fault);
    if (!err) {
        begin_message(&text, task, "certificate request", key);
        err = set_message(task, &text, fault);
    }
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return err;
}
