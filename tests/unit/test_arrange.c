/* SPDX-License-Identifier: Apache-2.0 */
/* Putting uploads into order: any order, with and without roots, cross-signed, in circles, of several CAs of one name.
 */
#include "pki/bundle.h"

#include "ca_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CHAIN_MAX    8
#define CA_USAGE     "critical,keyCertSign,cRLSign"

/* A chain of four, made once. */
/* Takes the bundle. `expected` is the leaf and the chain above it, up to a NULL. */
static void assert_arranged(STACK_OF(X509) *bundle, const EVP_PKEY *key, X509 *const *expected)
{
    X509 *found = NULL;
    STACK_OF(X509) *chain = NULL;
    struct pki_fault fault = {0};
    const int count = sk_X509_num(bundle);
    int i = 0;

    if (pki_bundle_arrange(&found, &chain, bundle, key, &fault))
        fail_msg("%s", fault.error.text);
    assert_int_equal(sk_X509_num(bundle), count);
    ca_stack_free(bundle);
    assert_int_equal(X509_cmp(found, expected[0]), 0);
    for (; expected[i + 1]; i++) {
        assert_true(i < sk_X509_num(chain));
        assert_int_equal(X509_cmp(sk_X509_value(chain, i), expected[i + 1]), 0);
    }
    assert_int_equal(sk_X509_num(chain), i);
    assert_int_equal(ERR_peek_error(), 0);
    X509_free(found);
    ca_stack_free(chain);
}

/* Takes the bundle. */
static void assert_refused(STACK_OF(X509) *bundle, const EVP_PKEY *key, enum pki_cause cause, const char *text)
{
    X509 *found = four.root.certificate;
    STACK_OF(X509) *const untouched = (void *)&four.root;
    STACK_OF(X509) *chain = untouched;
    struct pki_fault fault = {0};

    assert_int_not_equal(pki_bundle_arrange(&found, &chain, bundle, key, &fault), DEVSEC_OK);
    assert_ptr_equal(found, four.root.certificate);
    assert_ptr_equal(chain, untouched);
    if (fault.cause != cause || strcmp(fault.error.text, text) != 0)
        fail_msg("expected %d, \"%s\"; got %d, \"%s\"", cause, text, fault.cause, fault.error.text);
    ca_stack_free(bundle);
    assert_int_equal(ERR_peek_error(), 0);
}

/* A certificate in the name and with the key of `subject`, by another issuer. */
static X509 *cross_sign(const char *common_name, const struct ca *subject, const struct ca *issuer, bool no_key_ids)
{
    const struct ca_spec spec = {.common_name = common_name,
                                 .basic_constraints = "critical,CA:TRUE",
                                 .key_usage = CA_USAGE,
                                 .no_key_ids = no_key_ids};

    return ca_certify(&spec, subject->key, issuer);
}

/* ---- One chain ---- */

static void any_order_gives_the_same_chain(void **state)
{
    X509 *const all[] = {four.leaf.certificate, four.lower.certificate, four.upper.certificate, four.root.certificate};
    X509 *const expected[] = {four.leaf.certificate, four.lower.certificate, four.upper.certificate, NULL};

    (void)state;
    /* Every permutation, with the root and without. */
    for (unsigned n = 0; n < 4 * 4 * 4 * 4; n++) {
        const unsigned order[] = {n % 4, n / 4 % 4, n / 16 % 4, n / 64 % 4};
        STACK_OF(X509) *with = NULL;
        STACK_OF(X509) *without = NULL;

        if ((1u << order[0] | 1u << order[1] | 1u << order[2] | 1u << order[3]) != 0xf)
            continue;
        with = ca_stack(all[order[0]], all[order[1]], all[order[2]], all[order[3]], NULL);
        without = ca_stack(all[order[0]], all[order[1]], all[order[2]], all[order[3]], NULL);
        for (int i = 0; i < sk_X509_num(without); i++) {
            if (sk_X509_value(without, i) == four.root.certificate)
                X509_free(sk_X509_delete(without, i));
        }
        assert_arranged(with, four.leaf.key, expected);
        assert_arranged(without, four.leaf.key, expected);
    }
}

static void a_public_key_is_enough(void **state)
{
    X509 *const expected[] = {four.leaf.certificate, four.lower.certificate, NULL};
    EVP_PKEY *public = ca_public_key(four.leaf.key);

    (void)state;
    assert_arranged(ca_stack(four.lower.certificate, four.leaf.certificate, NULL), public, expected);
    EVP_PKEY_free(public);
}

static void a_leaf_comes_alone(void **state)
{
    X509 *const expected[] = {four.leaf.certificate, NULL};
    X509 *const self_signed[] = {four.root.certificate, NULL};

    (void)state;
    assert_arranged(ca_stack(four.leaf.certificate, NULL), four.leaf.key, expected);
    assert_arranged(ca_stack(four.root.certificate, NULL), four.root.key, self_signed);
}

static void a_gap_in_the_chain_is_what_does_not_belong(void **state)
{
    (void)state;
    assert_refused(
        ca_stack(four.leaf.certificate, four.upper.certificate, NULL), four.leaf.key, PKI_UPLOAD_MALFORMED,
        "the certificate of 'CN=Upper CA' does not belong to the chain of 'CN=mfp-17.example'; leave it out");
    assert_refused(ca_stack(four.root.certificate, four.leaf.certificate, four.lower.certificate, NULL), four.leaf.key,
                   PKI_UPLOAD_MALFORMED,
                   "the certificate of 'CN=Root' does not belong to the chain of 'CN=mfp-17.example'; leave it out");
}

static void certificates_of_others_do_not_belong(void **state)
{
    struct ca other = ca_leaf("other.example", &four.lower);
    struct ca stranger = ca_root("Stranger");

    (void)state;
    assert_refused(
        ca_stack(four.leaf.certificate, four.lower.certificate, other.certificate, NULL), four.leaf.key,
        PKI_UPLOAD_MALFORMED,
        "the certificate of 'CN=other.example' does not belong to the chain of 'CN=mfp-17.example'; leave it out");
    assert_refused(
        ca_stack(stranger.certificate, four.leaf.certificate, four.lower.certificate, NULL), four.leaf.key,
        PKI_UPLOAD_MALFORMED,
        "the certificate of 'CN=Stranger' does not belong to the chain of 'CN=mfp-17.example'; leave it out");
    ca_free(&other);
    ca_free(&stranger);
}

/* ---- The key ---- */

static void a_missing_leaf_names_what_is_there(void **state)
{
    const struct ca_spec spec = {.common_name = "rsa.example"};
    EVP_PKEY *rsa = ca_key("RSA-1024");
    EVP_PKEY *edwards = ca_key("ED25519");
    X509 *of_rsa = ca_certify(&spec, rsa, NULL);
    X509 *of_edwards = ca_certify(&spec, edwards, NULL);

    (void)state;
    assert_refused(ca_stack(four.lower.certificate, of_rsa, NULL), four.leaf.key, PKI_KEY_MISMATCH,
                   "none of the certificates is for this key (ECDSA P-256); there are: 'CN=Lower CA' (ECDSA P-256), "
                   "'CN=rsa.example' (RSA 1024)");
    assert_refused(ca_stack(four.leaf.certificate, four.lower.certificate, of_edwards, four.upper.certificate,
                            four.root.certificate, NULL),
                   rsa, PKI_KEY_MISMATCH,
                   "none of the certificates is for this key (RSA 1024); there are: 'CN=mfp-17.example' (ECDSA P-256), "
                   "'CN=Lower CA' (ECDSA P-256), 'CN=rsa.example' (unknown kind of key) and 2 more");
    assert_refused(sk_X509_new_null(), four.leaf.key, PKI_KEY_MISMATCH,
                   "none of the certificates is for this key (ECDSA P-256); there are: none");
    X509_free(of_rsa);
    X509_free(of_edwards);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(edwards);
}

static void of_two_leaves_the_later_counts(void **state)
{
    const struct ca_spec spec = {.common_name = "mfp-17.example", .not_after = CA_NOW + 1000 * CA_DAY};
    X509 *later = ca_certify(&spec, four.leaf.key, &four.lower);
    X509 *self_signed = ca_certify(&spec, four.leaf.key, NULL);
    X509 *const expected[] = {later, four.lower.certificate, NULL};
    X509 *const first[] = {self_signed, NULL};

    (void)state;
    assert_arranged(ca_stack(four.leaf.certificate, four.lower.certificate, later, NULL), four.leaf.key, expected);
    assert_arranged(ca_stack(later, four.lower.certificate, four.leaf.certificate, NULL), four.leaf.key, expected);
    /* Equally late: the first, which needs no other. */
    assert_arranged(ca_stack(self_signed, four.leaf.certificate, NULL), four.leaf.key, first);
    X509_free(later);
    X509_free(self_signed);
}

/* ---- Several ways up ---- */

/* A root that another root has signed as well: the cross-signed certificate is sent, the root is not. */
static void a_cross_signed_root_stays_in_the_chain(void **state)
{
    struct ca old = ca_root("Old Root");
    X509 *crossed = cross_sign("Root", &four.root, &old, false);
    X509 *const expected[] = {four.leaf.certificate, four.lower.certificate, four.upper.certificate, crossed, NULL};

    (void)state;
    assert_arranged(ca_stack(four.root.certificate, crossed, four.leaf.certificate, four.upper.certificate,
                             four.lower.certificate, NULL),
                    four.leaf.key, expected);
    assert_arranged(ca_stack(old.certificate, crossed, four.root.certificate, four.leaf.certificate,
                             four.upper.certificate, four.lower.certificate, NULL),
                    four.leaf.key, expected);
    X509_free(crossed);
    ca_free(&old);
}

/* Two certificates of one intermediate CA: the way goes on over the one whose issuer is there. */
static void a_cross_signed_intermediate_takes_the_longer_way(void **state)
{
    struct ca other = ca_root("Other Root");
    X509 *crossed = cross_sign("Lower CA", &four.lower, &other, false);
    X509 *const expected[] = {four.leaf.certificate, four.lower.certificate, four.upper.certificate, NULL};

    (void)state;
    assert_arranged(ca_stack(crossed, four.leaf.certificate, four.lower.certificate, four.upper.certificate, NULL),
                    four.leaf.key, expected);
    assert_arranged(ca_stack(four.lower.certificate, four.upper.certificate, crossed, other.certificate,
                             four.leaf.certificate, NULL),
                    four.leaf.key, expected);
    X509_free(crossed);
    ca_free(&other);
}

/* Same name, no key identifiers, different keys: only the signature tells. */
static void cas_of_one_name_are_told_apart_by_the_signature(void **state)
{
    struct ca first = {.key = ca_key("P-256")};
    struct ca second = {.key = ca_key("P-256")};
    const struct ca_spec spec = {.common_name = "mfp-18.example", .no_key_ids = true};
    X509 *certificate;
    X509 *expected[] = {NULL, NULL, NULL};

    (void)state;
    first.certificate = cross_sign("Twin CA", &first, &four.upper, true);
    second.certificate = cross_sign("Twin CA", &second, &four.upper, true);
    certificate = ca_certify(&spec, four.leaf.key, &second);
    expected[0] = certificate;
    expected[1] = second.certificate;
    assert_arranged(ca_stack(certificate, second.certificate, NULL), four.leaf.key, expected);
    assert_refused(ca_stack(certificate, first.certificate, NULL), four.leaf.key, PKI_UPLOAD_MALFORMED,
                   "'CN=Twin CA' has the name of the CA that signed 'CN=mfp-18.example', and its key did not sign "
                   "that: the certificate of another CA of that name is needed");
    X509_free(certificate);
    ca_free(&first);
    ca_free(&second);
}

static void an_issuer_that_must_not_sign_is_named(void **state)
{
    const struct ca_spec spec = {
        .common_name = "No CA", .basic_constraints = "critical,CA:TRUE", .key_usage = "critical,digitalSignature"};
    struct ca issuer = {.key = ca_key("P-256")};
    struct ca below;

    (void)state;
    issuer.certificate = ca_certify(&spec, issuer.key, &four.root);
    below = ca_leaf("below.example", &issuer);
    assert_refused(ca_stack(below.certificate, issuer.certificate, NULL), below.key, PKI_UPLOAD_MALFORMED,
                   "'CN=No CA' may not sign certificates (keyUsage), and has the name of the CA that signed "
                   "'CN=below.example'");
    ca_free(&below);
    ca_free(&issuer);
}

/* Two CAs that have signed each other, and one whose own name comes back above it. */
static void circles_end(void **state)
{
    struct ca a = {.key = ca_key("P-256")};
    struct ca b = ca_root("B");
    struct ca below;
    X509 *b_by_a;
    X509 *expected[CHAIN_MAX] = {NULL};

    (void)state;
    a.certificate = cross_sign("A", &a, &b, false);
    b_by_a = cross_sign("B", &b, &a, false);
    below = ca_leaf("below.example", &a);
    expected[0] = below.certificate;
    expected[1] = a.certificate;
    expected[2] = b_by_a;
    assert_arranged(ca_stack(b_by_a, below.certificate, a.certificate, NULL), below.key, expected);
    assert_arranged(ca_stack(b_by_a, b.certificate, below.certificate, a.certificate, NULL), below.key, expected);
    X509_free(b_by_a);
    ca_free(&below);
    ca_free(&a);
    ca_free(&b);
}

/* As many certificates as an upload may have, of one name, each of whose keys has signed all the others. */
static void a_full_net_of_one_name_ends(void **state)
{
    struct ca keys[4];
    const struct ca_spec spec = {.common_name = "Net", .basic_constraints = "CA:TRUE", .no_key_ids = true};
    struct ca below;
    STACK_OF(X509) *bundle = sk_X509_new_null();
    X509 *found = NULL;
    STACK_OF(X509) *chain = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        keys[i].key = ca_key("P-256");
        keys[i].certificate = ca_certify(&spec, keys[i].key, NULL);
    }
    below = ca_leaf("below.example", &keys[0]);
    for (size_t i = 0; i < COUNT(keys); i++) {
        for (size_t j = 0; j < COUNT(keys); j++) {
            if (i != j)
                assert_true(sk_X509_push(bundle, ca_certify(&spec, keys[i].key, &keys[j])) > 0);
        }
    }
    assert_true(sk_X509_push(bundle, below.certificate) > 0 && X509_up_ref(below.certificate));
    assert_int_equal(pki_bundle_arrange(&found, &chain, bundle, below.key, NULL), DEVSEC_OK);
    assert_int_equal(X509_cmp(found, below.certificate), 0);
    assert_true(sk_X509_num(chain) >= 1 && sk_X509_num(chain) <= 12);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *under = i ? sk_X509_value(chain, i - 1) : found;

        assert_int_equal(X509_verify(under, X509_get0_pubkey(sk_X509_value(chain, i))), 1);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(X509_cmp(sk_X509_value(chain, i), sk_X509_value(chain, j)), 0);
    }
    X509_free(found);
    ca_stack_free(chain);
    ca_stack_free(bundle);
    ca_free(&below);
    for (size_t i = 0; i < COUNT(keys); i++)
        ca_free(&keys[i]);
}

static void too_many_are_refused(void **state)
{
    STACK_OF(X509) *bundle = ca_stack(four.leaf.certificate, NULL);

    (void)state;
    while (sk_X509_num(bundle) <= PKI_BUNDLE_CERTIFICATES_MAX)
        assert_true(sk_X509_push(bundle, four.lower.certificate) > 0 && X509_up_ref(four.lower.certificate));
    assert_refused(bundle, four.leaf.key, PKI_UPLOAD_TOO_LARGE,
                   "more than 16 certificates; expected those of one chain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_the_same_chain),
        cmocka_unit_test(a_public_key_is_enough),
        cmocka_unit_test(a_leaf_comes_alone),
        cmocka_unit_test(a_gap_in_the_chain_is_what_does_not_belong),
        cmocka_unit_test(certificates_of_others_do_not_belong),
        cmocka_unit_test(a_missing_leaf_names_what_is_there),
        cmocka_unit_test(of_two_leaves_the_later_counts),
        cmocka_unit_test(a_cross_signed_root_stays_in_the_chain),
        cmocka_unit_test(a_cross_signed_intermediate_takes_the_longer_way),
        cmocka_unit_test(cas_of_one_name_are_told_apart_by_the_signature),
        cmocka_unit_test(an_issuer_that_must_not_sign_is_named),
        cmocka_unit_test(circles_end),
        cmocka_unit_test(a_full_net_of_one_name_ends),
        cmocka_unit_test(too_many_are_refused),
    };

    return cmocka_run_group_tests(tests, ca_four_make, ca_four_drop);
}
