/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and verifying the material's certificate files; see chain_file.h for the contract. */
#include "pki/chain_file.h"

#include "pki/bundle.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

/* A file's name as it is told: enough of it to find it by. */
#define NAME_SHOWN 12

static const char *const endings[MATERIAL_KINDS] = {
    [MATERIAL_KEY] = "key",
    [MATERIAL_REQUEST] = "csr",
    [MATERIAL_CERTIFICATES] = "pem",
};

enum devsec_err file_load(const struct material *material, enum material_kind kind, const char *name, char **octets,
                          size_t *length, struct pki_fault *fault)
{
    struct devsec_error error = {DEVSEC_OK, ""};

    if (!material_get(material, kind, name, octets, length, &error))
        return DEVSEC_OK;
    return pki_fail_as(fault, error.code == DEVSEC_ERR_MEMORY ? PKI_OUT_OF_MEMORY : PKI_DAMAGED, &error);
}

void file_name_fault(struct pki_fault *fault, enum material_kind kind, const char *name)
{
    if (!fault || fault->cause == PKI_OUT_OF_MEMORY || fault->cause == PKI_DEVICE_KEY_UNAVAILABLE)
        return;
    fault->cause = PKI_DAMAGED;
    devsec_error_prefix(&fault->error, "material/%.*s*.%s", NAME_SHOWN, name, endings[kind]);
}

enum devsec_err chain_file_load(STACK_OF(X509) **out, const struct material *material, const char *name, char **octets,
                                size_t *length, struct pki_fault *fault)
{
    size_t count = 0;
    char *text = NULL;
    enum devsec_err err = file_load(material, MATERIAL_CERTIFICATES, name, &text, &count, fault);

    if (err)
        return err;
    err = pki_bundle_read(out, (const unsigned char *)text, count, fault);
    if (err)
        file_name_fault(fault, MATERIAL_CERTIFICATES, name);
    if (!err && octets) {
        *octets = text;
        *length = count;
    } else {
        free(text);
    }
    return err;
}

static bool is_of_key(const X509 *leaf, const EVP_PKEY *key)
{
    const EVP_PKEY *public_key = X509_get0_pubkey(leaf);
    const bool same = public_key && EVP_PKEY_eq(key, public_key) == 1;

    ERR_clear_error();
    return same;
}

enum devsec_err chain_file_verify(struct pki_verification *out, const struct material *material, const char *name,
                                  const EVP_PKEY *key, STACK_OF(X509) *trusted, time_t now, struct pki_fault *fault)
{
    STACK_OF(X509) *chain = NULL;
    X509 *leaf = NULL;
    enum devsec_err err = chain_file_load(&chain, material, name, NULL, NULL, fault);

    if (err)
        return err;
    leaf = sk_X509_shift(chain);
    if (key && !is_of_key(leaf, key)) {
        *out = (struct pki_verification){.verdict = PKI_VERDICT_KEY_MISMATCH};
        snprintf(out->text, sizeof(out->text), "%s", PKI_MISMATCH_TEXT);
    } else {
        err = pki_verify(out, leaf, chain, trusted, now, fault);
    }
    X509_free(leaf);
    sk_X509_pop_free(chain, X509_free);
    return err;
}

enum devsec_err trusted_files_list(struct trusted_files *files, const struct inventory *inventory,
                                   struct pki_fault *fault)
{
    const size_t count = inventory_trusted_count(inventory);

    files->names = calloc(count + 1, sizeof(*files->names));
    if (!files->names)
        return pki_fail_memory(fault);
    for (size_t i = 0; i < count; i++) {
        const struct pki_trusted *trusted = inventory_trusted(inventory, i);

        if (!trusted->trouble)
            snprintf(files->names[files->count++], MATERIAL_NAME_SIZE, "%s",
                     value_text(&trusted->row[TRUSTED_CERTIFICATE]));
    }
    return DEVSEC_OK;
}

/* Moves all certificates of a stack to another; what does not get there is freed. */
static bool move_all(STACK_OF(X509) *to, STACK_OF(X509) *from)
{
    bool good = true;

    for (X509 *one = sk_X509_shift(from); one; one = sk_X509_shift(from)) {
        if (good && sk_X509_push(to, one) > 0)
            continue;
        X509_free(one);
        good = false;
    }
    return good;
}

enum devsec_err trusted_files_load(STACK_OF(X509) **out, const struct trusted_files *files,
                                   const struct material *material, struct pki_fault *fault)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    bool good = all != NULL;

    for (size_t i = 0; good && i < files->count; i++) {
        struct pki_fault trouble = {.cause = PKI_NONE};
        STACK_OF(X509) *some = NULL;

        if (chain_file_load(&some, material, files->names[i], NULL, NULL, &trouble))
            good = trouble.cause != PKI_OUT_OF_MEMORY; /* what cannot be read is not trusted, and its row says why */
        else
            good = move_all(all, some);
        sk_X509_free(some);
    }
    if (!good) {
        sk_X509_pop_free(all, X509_free);
        return pki_fail_memory(fault);
    }
    *out = all;
    return DEVSEC_OK;
}
