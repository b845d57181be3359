/* SPDX-License-Identifier: Apache-2.0 */
/* Faults: cause, code and sentence; what OpenSSL says, and that its error queue is empty afterwards. */
#include "pki/fault.h"

#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The numbers of the enumeration are on the wire: each has the label of devsecJobCause that its name says. */
static void test_causes_are_those_of_the_mib(void **state)
{
    static const struct {
        enum pki_cause cause;
        const char *label;
    } causes[] = {
        {PKI_NONE, "none"},
        {PKI_INVALID_PARAMETER, "invalidParameter"},
        {PKI_LIMIT_REACHED, "limitReached"},
        {PKI_SLOT_OCCUPIED, "slotOccupied"},
        {PKI_SLOT_BUSY, "slotBusy"},
        {PKI_RESERVED_KEY, "reservedKey"},
        {PKI_KEY_IN_USE, "keyInUse"},
        {PKI_NO_SUCH_SLOT, "noSuchSlot"},
        {PKI_UPLOAD_MISSING, "uploadMissing"},
        {PKI_UPLOAD_MALFORMED, "uploadMalformed"},
        {PKI_UPLOAD_TOO_LARGE, "uploadTooLarge"},
        {PKI_PRIVATE_KEY_IN_UPLOAD, "privateKeyInUpload"},
        {PKI_KEY_MISMATCH, "keyMismatch"},
        {PKI_CERTIFICATE_EXPIRED, "certificateExpired"},
        {PKI_CERTIFICATE_NOT_YET_VALID, "certificateNotYetValid"},
        {PKI_CERTIFICATE_UNUSABLE, "certificateUnusable"},
        {PKI_UNSUPPORTED_ALGORITHM, "unsupportedAlgorithm"},
        {PKI_VERIFICATION_FAILED, "verificationFailed"},
        {PKI_ALREADY_TRUSTED, "alreadyTrusted"},
        {PKI_NOT_A_CA, "notACa"},
        {PKI_KEY_GENERATION_FAILED, "keyGenerationFailed"},
        {PKI_STORE_FAILED, "storeFailed"},
        {PKI_DEVICE_KEY_UNAVAILABLE, "deviceKeyUnavailable"},
        {PKI_DAMAGED, "damaged"},
        {PKI_USAGE_REFUSED, "usageRefused"},
        {PKI_CANCELLED, "cancelled"},
        {PKI_INTERRUPTED, "interrupted"},
        {PKI_OUT_OF_MEMORY, "outOfMemory"},
        {PKI_INTERNAL_ERROR, "internalError"},
        {PKI_NAME_TAKEN, "nameTaken"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(causes); i++) {
        const char *label = mib_label_name(&mib_objects[MIB_devsecJobCause], (uint32_t)causes[i].cause);

        assert_int_equal(causes[i].cause, i + 1);
        assert_non_null(label);
        assert_string_equal(label, causes[i].label);
    }
    assert_null(mib_label_name(&mib_objects[MIB_devsecJobCause], COUNT(causes) + 1));
}

static void test_fault_is_filled(void **state)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct pki_fault fault = {0};

    (void)state;
    assert_int_equal(pki_fail(&fault, PKI_KEY_IN_USE, DEVSEC_ERR_INCONSISTENT, "slot %d serves %s", 3, "tls"),
                     DEVSEC_ERR_INCONSISTENT);
    assert_int_equal(fault.cause, PKI_KEY_IN_USE);
    assert_int_equal(fault.error.code, DEVSEC_ERR_INCONSISTENT);
    assert_string_equal(fault.error.text, "slot 3 serves tls");

    assert_int_equal(pki_fail_memory(&fault), DEVSEC_ERR_MEMORY);
    assert_int_equal(fault.cause, PKI_OUT_OF_MEMORY);
    assert_string_equal(fault.error.text, "out of memory");

    devsec_fail(&error, DEVSEC_ERR_IO, "100%%s of %s", "it");
    assert_int_equal(pki_fail_as(&fault, PKI_STORE_FAILED, &error), DEVSEC_ERR_IO);
    assert_int_equal(fault.cause, PKI_STORE_FAILED);
    assert_int_equal(fault.error.code, DEVSEC_ERR_IO);
    assert_string_equal(fault.error.text, "100%s of it");

    /* Who does not want to know still gets the code. */
    assert_int_equal(pki_fail(NULL, PKI_DAMAGED, DEVSEC_ERR_SYNTAX, "x"), DEVSEC_ERR_SYNTAX);
    assert_int_equal(pki_fail_memory(NULL), DEVSEC_ERR_MEMORY);
    assert_int_equal(pki_fail_as(NULL, PKI_DAMAGED, &error), DEVSEC_ERR_IO);
}

static void test_long_sentence_is_cut(void **state)
{
    struct pki_fault fault = {0};
    char longer[2 * DEVSEC_ERROR_TEXT_MAX];

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    pki_fail(&fault, PKI_DAMAGED, DEVSEC_ERR_SYNTAX, "%s", longer);
    assert_int_equal(strlen(fault.error.text), DEVSEC_ERROR_TEXT_MAX - 1);
}

static void test_openssl_reason_and_code(void **state)
{
    static const struct {
        enum pki_cause cause;
        enum devsec_err code;
    } cases[] = {
        {PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX},          {PKI_DAMAGED, DEVSEC_ERR_SYNTAX},
        {PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT},   {PKI_UNSUPPORTED_ALGORITHM, DEVSEC_ERR_WRONG_VALUE},
        {PKI_CERTIFICATE_UNUSABLE, DEVSEC_ERR_WRONG_VALUE}, {PKI_KEY_GENERATION_FAILED, DEVSEC_ERR_INTERNAL},
        {PKI_INTERNAL_ERROR, DEVSEC_ERR_INTERNAL},          {PKI_OUT_OF_MEMORY, DEVSEC_ERR_MEMORY},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pki_fault fault = {0};

        /* The reason is the first of several entries. */
        ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
        ERR_raise(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH);
        assert_int_equal(pki_fail_openssl(&fault, cases[i].cause, "certificate 2"), cases[i].code);
        assert_int_equal(fault.cause, cases[i].cause);
        assert_int_equal(fault.error.code, cases[i].code);
        assert_string_equal(fault.error.text, "certificate 2: no start line");
        assert_int_equal(ERR_peek_error(), 0);
    }
}

static void test_openssl_without_words(void **state)
{
    struct pki_fault fault = {0};

    (void)state;
    assert_int_equal(pki_fail_openssl(&fault, PKI_INTERNAL_ERROR, "signing"), DEVSEC_ERR_INTERNAL);
    assert_string_equal(fault.error.text, "signing: OpenSSL gives no reason");
    ERR_raise(ERR_LIB_USER, 77);
    assert_int_equal(pki_fail_openssl(&fault, PKI_INTERNAL_ERROR, "signing"), DEVSEC_ERR_INTERNAL);
    assert_string_equal(fault.error.text, "signing: OpenSSL's error 4000004D");
    assert_int_equal(ERR_peek_error(), 0);
    /* Whatever was asked of it: it was memory that was short. */
    ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
    assert_int_equal(pki_fail_openssl(&fault, PKI_DAMAGED, "signing"), DEVSEC_ERR_MEMORY);
    assert_int_equal(fault.cause, PKI_OUT_OF_MEMORY);
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
    assert_int_equal(pki_fail_openssl(NULL, PKI_DAMAGED, "reading"), DEVSEC_ERR_SYNTAX);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_causes_are_those_of_the_mib), cmocka_unit_test(test_fault_is_filled),
        cmocka_unit_test(test_long_sentence_is_cut),        cmocka_unit_test(test_openssl_reason_and_code),
        cmocka_unit_test(test_openssl_without_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
