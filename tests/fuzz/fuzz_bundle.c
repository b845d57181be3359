/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: any octets as an upload give certificates that can be put into order, or a clear error. */
#include "pki/bundle.h"

#include <openssl/err.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    enum pki_cause cause;
    enum devsec_err code;
} refusals[] = {
    {PKI_UPLOAD_MISSING, DEVSEC_ERR_NOT_FOUND},
    {PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX},
    {PKI_UPLOAD_TOO_LARGE, DEVSEC_ERR_WRONG_LENGTH},
    {PKI_PRIVATE_KEY_IN_UPLOAD, DEVSEC_ERR_UNSAFE},
};

static void check_refusal(enum devsec_err err, const struct pki_fault *fault)
{
    size_t i = 0;

    while (i < sizeof(refusals) / sizeof(refusals[0]) && refusals[i].cause != fault->cause)
        i++;
    if (i == sizeof(refusals) / sizeof(refusals[0]) || refusals[i].code != err || fault->error.code != err ||
        !fault->error.text[0])
        abort();
}

/* Each certificate as the leaf of all. */
static void arrange(STACK_OF(X509) *bundle)
{
    for (int i = 0; i < sk_X509_num(bundle); i++) {
        const EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(bundle, i));
        struct pki_fault fault = {0};
        X509 *leaf = NULL;
        STACK_OF(X509) *chain = NULL;
        enum devsec_err err;

        if (!key)
            continue;
        err = pki_bundle_arrange(&leaf, &chain, bundle, key, &fault);
        if (err ? leaf || chain || !fault.error.text[0] || fault.error.code != err
                : !leaf || EVP_PKEY_eq(X509_get0_pubkey(leaf), key) != 1 || sk_X509_num(chain) >= sk_X509_num(bundle))
            abort();
        X509_free(leaf);
        sk_X509_pop_free(chain, X509_free);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pki_fault fault = {0};
    STACK_OF(X509) *bundle = NULL;
    const enum devsec_err err = pki_bundle_read(&bundle, data, size, &fault);

    ERR_clear_error();
    if (err) {
        if (bundle)
            abort();
        check_refusal(err, &fault);
        return 0;
    }
    if (sk_X509_num(bundle) < 1 || sk_X509_num(bundle) > PKI_BUNDLE_CERTIFICATES_MAX ||
        memmem(data, size, "BEGIN PRIVATE KEY", strlen("BEGIN PRIVATE KEY")))
        abort();
    arrange(bundle);
    sk_X509_pop_free(bundle, X509_free);
    ERR_clear_error();
    return 0;
}
