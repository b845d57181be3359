/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and judging certificates while memory is short: each allocation fails in turn, OpenSSL's included. PKCS#12 is
 * left out, since OpenSSL 3.0 itself crashes when a provider's library context cannot be made.
 */
#include "alloc_faults.h"

#include "bundle_fixture.h"

#include "pki/summary.h"
#include "pki/verify.h"

static char *text;
static size_t text_length;

static int make_inputs(void **state)
{
    STACK_OF(X509) *all = NULL;
    const int failed = make(state);

    all = ca_stack(leaf.certificate, middle.certificate, NULL);
    text = ca_pem_stack(all, &text_length);
    ca_stack_free(all);
    return failed;
}

static int drop_inputs(void **state)
{
    free(text);
    return drop(state);
}

/* Each does its work once; whatever comes out is freed, and nothing does with an error. */
static enum devsec_err read_and_arrange(struct pki_fault *fault)
{
    STACK_OF(X509) *bundle = NULL;
    STACK_OF(X509) *chain = NULL;
    X509 *certificate = NULL;
    enum devsec_err err = pki_bundle_read(&bundle, (const unsigned char *)text, text_length, fault);

    assert_true(!err == (bundle != NULL));
    if (!err) {
        err = pki_bundle_arrange(&certificate, &chain, bundle, leaf.key, fault);
        assert_true(!err == (chain != NULL) && !err == (certificate != NULL));
    }
    X509_free(certificate);
    ca_stack_free(chain);
    ca_stack_free(bundle);
    return err;
}

static enum devsec_err summarize(struct pki_fault *fault)
{
    struct pki_summary summary = {0};
    const enum devsec_err err = pki_summary_of_certificate(&summary, leaf.certificate, fault);

    assert_true(!err == (summary.subject != NULL));
    pki_summary_clear(&summary);
    return err;
}

static enum devsec_err judge(struct pki_fault *fault)
{
    const enum devsec_err err = pki_certificate_check(leaf.certificate, CA_NOW, fault);

    return err ? err : pki_ca_check(root.certificate, CA_NOW, fault);
}

static STACK_OF(X509) *between;
static STACK_OF(X509) *trusted;

static enum devsec_err verify(struct pki_fault *fault)
{
    struct pki_verification verification = {.verdict = PKI_NOT_CHECKED};
    const enum devsec_err err = pki_verify(&verification, leaf.certificate, between, trusted, CA_NOW, fault);

    /* No wrong verdict, either. */
    assert_int_equal(verification.verdict, err ? PKI_NOT_CHECKED : PKI_VERIFIED);
    return err;
}

static void lack_of_memory_harms_nothing(void **state)
{
    static enum devsec_err (*const works[])(struct pki_fault * fault) = {read_and_arrange, summarize, judge, verify};

    (void)state;
    between = ca_stack(middle.certificate, NULL);
    trusted = ca_stack(root.certificate, NULL);
    for (size_t i = 0; i < COUNT(works); i++) {
        bool failed = true;
        size_t refused = 0;

        assert_int_equal(works[i](NULL), DEVSEC_OK); /* OpenSSL has set itself up */
        for (size_t n = 0; failed; n++) {
            struct pki_fault fault = {0};
            enum devsec_err err;

            alloc_faults_arm(n);
            err = works[i](&fault);
            failed = alloc_faults_disarm();
            assert_int_equal(fault.error.code, err);
            assert_true(!err == !fault.error.text[0]);
            assert_true(failed || !err);
            refused += err != DEVSEC_OK;
        }
        assert_true(refused > 0);
    }
    ca_stack_free(between);
    ca_stack_free(trusted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lack_of_memory_harms_nothing)};

    return cmocka_run_group_tests(tests, make_inputs, drop_inputs);
}
