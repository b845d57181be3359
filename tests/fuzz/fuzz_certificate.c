/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: whatever OpenSSL takes for a certificate or a request is summarized, checked and verified in peace.
 */
#include "base/text.h"
#include "pki/bundle.h"
#include "pki/summary.h"
#include "pki/verify.h"

#include <openssl/err.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text for people: well-formed, and nothing in it that acts on a terminal. */
static void check_text(const char *text)
{
    const size_t length = text ? strlen(text) : 0;
    uint32_t code = 0;

    if (!text || !text_is_utf8(text, length))
        abort();
    for (size_t at = 0; at < length; at += text_decode(text + at, length - at, &code)) {
        if (text_decode(text + at, length - at, &code) == 0 || !text_is_safe(code))
            abort();
    }
}

static void check_summary(struct pki_summary *summary, enum devsec_err err, const struct pki_fault *fault)
{
    if (err) {
        if (!fault->error.text[0] || fault->error.code != err || summary->subject)
            abort();
        return;
    }
    check_text(summary->subject);
    check_text(summary->issuer);
    check_text(summary->alt_names);
    check_text(summary->serial_number);
    check_text(summary->signature_algorithm);
    if (summary->key.bits <= 0)
        abort();
    pki_summary_clear(summary);
}

static void check_verification(X509 *leaf, STACK_OF(X509) *chain, STACK_OF(X509) *trusted)
{
    struct pki_verification verification = {0};

    if (pki_verify(&verification, leaf, chain, trusted, NOW, NULL) || verification.verdict < PKI_VERIFIED ||
        verification.verdict > PKI_CHAIN_EXPIRED || (verification.verdict == PKI_VERIFIED) != !verification.text[0])
        abort();
    check_text(verification.text);
    /* The verdict within the span, and outside. */
    if (verification.verdict == PKI_VERIFIED && (verification.valid_from > NOW || verification.valid_until < NOW))
        abort();
    if (verification.verdict == PKI_CHAIN_EXPIRED && verification.valid_from <= NOW && verification.valid_until >= NOW)
        abort();
    if (verification.verdict != PKI_VERIFIED && verification.verdict != PKI_CHAIN_EXPIRED &&
        verification.verdict != PKI_SELF_SIGNED && (verification.valid_from || verification.valid_until))
        abort();
}

/* Two certificates, in every role. */
static void verify(X509 *first, X509 *second)
{
    STACK_OF(X509) *ones = sk_X509_new_null();
    STACK_OF(X509) *both = sk_X509_new_null();

    if (!ones || !both || !sk_X509_push(ones, second) || !sk_X509_push(both, first) || !sk_X509_push(both, second))
        abort();
    check_verification(first, NULL, NULL);
    check_verification(first, ones, NULL);
    check_verification(first, NULL, ones);
    check_verification(first, ones, both);
    check_verification(second, both, NULL);
    check_verification(second, both, both);
    sk_X509_free(ones);
    sk_X509_free(both);
}

static void judge(X509 *certificate)
{
    struct pki_summary summary = {0};
    struct pki_fault fault = {0};
    enum devsec_err err = pki_summary_of_certificate(&summary, certificate, &fault);

    check_summary(&summary, err, &fault);
    memset(&fault, 0, sizeof(fault));
    err = pki_certificate_check(certificate, NOW, &fault);
    if (err && (!fault.error.text[0] || fault.error.code != err))
        abort();
    memset(&fault, 0, sizeof(fault));
    err = pki_ca_check(certificate, NOW, &fault);
    if (err && (!fault.error.text[0] || fault.error.code != err))
        abort();
}

static void try_request(const uint8_t *data, size_t size)
{
    const unsigned char *at = data;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)size);
    struct pki_summary summary = {0};
    struct pki_fault fault = {0};

    if (request)
        check_summary(&summary, pki_summary_of_request(&summary, request, &fault), &fault);
    X509_REQ_free(request);
}

/* One certificate, or two behind each other. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned char *at = data;
    X509 *first = d2i_X509(NULL, &at, (long)size);
    X509 *second = first ? d2i_X509(NULL, &at, (long)(size - (size_t)(at - data))) : NULL;

    if (first) {
        judge(first);
        verify(first, second ? second : first);
    } else {
        try_request(data, size);
    }
    X509_free(first);
    X509_free(second);
    ERR_clear_error();
    return 0;
}
