/* SPDX-License-Identifier: Apache-2.0 */
/* Filling faults; see fault.h for the contract. */
#include "pki/fault.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>

/* What OpenSSL's refusal is worth as an error, where it is not DEVSEC_ERR_INTERNAL. */
static const struct {
    enum pki_cause cause;
    enum devsec_err code;
} openssl_codes[] = {
    {PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT},
    {PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX},
    {PKI_DAMAGED, DEVSEC_ERR_SYNTAX},
    {PKI_KEY_MISMATCH, DEVSEC_ERR_INCONSISTENT},
    {PKI_CERTIFICATE_UNUSABLE, DEVSEC_ERR_WRONG_VALUE},
    {PKI_UNSUPPORTED_ALGORITHM, DEVSEC_ERR_WRONG_VALUE},
    {PKI_VERIFICATION_FAILED, DEVSEC_ERR_INCONSISTENT},
    {PKI_OUT_OF_MEMORY, DEVSEC_ERR_MEMORY},
};

/* The names stand in parentheses because the static analyser sees them as macros too. */
enum devsec_err(pki_fail)(struct pki_fault *fault, enum pki_cause cause, enum devsec_err code, const char *format, ...)
{
    va_list args;

    if (!fault)
        return code;
    fault->cause = cause;
    fault->error.code = code;
    va_start(args, format);
    vsnprintf(fault->error.text, sizeof(fault->error.text), format, args);
    va_end(args);
    return code;
}

enum devsec_err(pki_fail_memory)(struct pki_fault *fault)
{
    return pki_fail(fault, PKI_OUT_OF_MEMORY, DEVSEC_ERR_MEMORY, "out of memory");
}

enum devsec_err(pki_fail_openssl)(struct pki_fault *fault, enum pki_cause cause, const char *what)
{
    /* The oldest entry is the reason; what follows is who passed it on. */
    const unsigned long first = ERR_peek_error();
    const char *reason = first ? ERR_reason_error_string(first) : "OpenSSL gives no reason";
    enum devsec_err code = DEVSEC_ERR_INTERNAL;
    char number[64];

    if (ERR_GET_REASON(first) == ERR_R_MALLOC_FAILURE) {
        ERR_clear_error();
        return pki_fail_memory(fault);
    }
    if (!reason) {
        snprintf(number, sizeof(number), "OpenSSL's error %08lX", first);
        reason = number;
    }
    for (size_t i = 0; i < sizeof(openssl_codes) / sizeof(openssl_codes[0]); i++) {
        if (openssl_codes[i].cause == cause)
            code = openssl_codes[i].code;
    }
    code = pki_fail(fault, cause, code, "%s: %s", what, reason);
    ERR_clear_error();
    return code;
}

enum devsec_err pki_fail_as(struct pki_fault *fault, enum pki_cause cause, const struct devsec_error *error)
{
    return pki_fail(fault, cause, error->code, "%s", error->text);
}
