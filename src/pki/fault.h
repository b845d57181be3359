/* SPDX-License-Identifier: Apache-2.0 */
/* Why work on keys and certificates failed: for a manager a cause, for a person a sentence. */
#ifndef DEVSEC_PKI_FAULT_H
#define DEVSEC_PKI_FAULT_H

#include "base/error.h"

/* The values are those of devsecJobCause, whose description says what each means. */
enum pki_cause {
    PKI_NONE = 1,
    PKI_INVALID_PARAMETER = 2,
    PKI_LIMIT_REACHED = 3,
    PKI_SLOT_OCCUPIED = 4,
    PKI_SLOT_BUSY = 5,
    PKI_RESERVED_KEY = 6,
    PKI_KEY_IN_USE = 7,
    PKI_NO_SUCH_SLOT = 8,
    PKI_UPLOAD_MISSING = 9,
    PKI_UPLOAD_MALFORMED = 10,
    PKI_UPLOAD_TOO_LARGE = 11,
    PKI_PRIVATE_KEY_IN_UPLOAD = 12,
    PKI_KEY_MISMATCH = 13,
    PKI_CERTIFICATE_EXPIRED = 14,
    PKI_CERTIFICATE_NOT_YET_VALID = 15,
    PKI_CERTIFICATE_UNUSABLE = 16,
    PKI_UNSUPPORTED_ALGORITHM = 17,
    PKI_VERIFICATION_FAILED = 18,
    PKI_ALREADY_TRUSTED = 19,
    PKI_NOT_A_CA = 20,
    PKI_KEY_GENERATION_FAILED = 21,
    PKI_STORE_FAILED = 22,
    PKI_DEVICE_KEY_UNAVAILABLE = 23,
    PKI_DAMAGED = 24,
    PKI_USAGE_REFUSED = 25,
    PKI_CANCELLED = 26,
    PKI_INTERRUPTED = 27,
    PKI_OUT_OF_MEMORY = 28,
    PKI_INTERNAL_ERROR = 29,
    PKI_NAME_TAKEN = 30,
};

/* Given by the caller, filled by the callee on failure, untouched on success. The sentence holds no secret. */
struct pki_fault {
    enum pki_cause cause;
    struct devsec_error error;
};

/* Fills `fault` (may be NULL) and returns `code`. */
enum devsec_err pki_fail(struct pki_fault *fault, enum pki_cause cause, enum devsec_err code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "out of memory": PKI_OUT_OF_MEMORY, DEVSEC_ERR_MEMORY. */
enum devsec_err pki_fail_memory(struct pki_fault *fault);

/* OpenSSL refused: "WHAT: its own reason", taken from (and clearing) its error queue, which was empty before the call
 * that failed. The code follows from the cause (DEVSEC_ERR_INTERNAL where nothing fits better); out of memory is that.
 */
enum devsec_err pki_fail_openssl(struct pki_fault *fault, enum pki_cause cause, const char *what);

/* Makes a fault out of another part's error, with this cause; the sentence stays. Returns the error's code. */
enum devsec_err pki_fail_as(struct pki_fault *fault, enum pki_cause cause, const struct devsec_error *error);

/* As in base/error.h: what the static analyser is told about returning DEVSEC_OK. */
#ifdef __clang_analyzer__
#define pki_fail(fault, cause, code, ...)    ((void)pki_fail(fault, cause, code, __VA_ARGS__), (code))
#define pki_fail_memory(fault)               ((void)pki_fail_memory(fault), DEVSEC_ERR_MEMORY)
#define pki_fail_openssl(fault, cause, what) ((void)pki_fail_openssl(fault, cause, what), DEVSEC_ERR_INTERNAL)
#endif

#endif
