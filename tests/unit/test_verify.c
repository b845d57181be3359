/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts on chains: each verdict, what its sentence names, and the spans of time. */
#include "pki/verify.h"

#include "ca_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CA_USAGE     "critical,keyCertSign,cRLSign"
#define ALWAYS       (CA_NOW - CA_DAY)
#define END          (CA_NOW + 365 * CA_DAY)

/* Takes both stacks, which may be NULL. */
static struct pki_verification verify_at(X509 *certificate, STACK_OF(X509) *chain, STACK_OF(X509) *trusted, time_t now)
{
    struct pki_verification verification = {.verdict = PKI_NOT_CHECKED};
    struct pki_fault fault = {0};

    memset(verification.text, 'x', sizeof(verification.text));
    if (pki_verify(&verification, certificate, chain, trusted, now, &fault))
        fail_msg("%s", fault.error.text);
    assert_int_equal(ERR_peek_error(), 0);
    assert_non_null(memchr(verification.text, '\0', sizeof(verification.text)));
    ca_stack_free(chain);
    ca_stack_free(trusted);
    return verification;
}

static void assert_verdict(const struct pki_verification *got, enum pki_verdict verdict, const char *text, time_t from,
                           time_t until)
{
    if (got->verdict != verdict || strcmp(got->text, text) != 0)
        fail_msg("expected %d, \"%s\"; got %d, \"%s\"", verdict, text, got->verdict, got->text);
    assert_int_equal(got->valid_from, from);
    assert_int_equal(got->valid_until, until);
}

/* Takes both stacks. At CA_NOW. */
static void assert_judged(X509 *certificate, STACK_OF(X509) *chain, STACK_OF(X509) *trusted, enum pki_verdict verdict,
                          const char *text)
{
    const struct pki_verification got = verify_at(certificate, chain, trusted, CA_NOW);
    const bool spans = verdict == PKI_VERIFIED || verdict == PKI_SELF_SIGNED;

    assert_verdict(&got, verdict, text, spans ? ALWAYS : 0, spans ? END : 0);
}

static X509 *ca_by(const char *common_name, EVP_PKEY *key, const struct ca *issuer, const char *constraints,
                   time_t not_before, time_t not_after)
{
    const struct ca_spec spec = {.common_name = common_name,
                                 .basic_constraints = constraints,
                                 .key_usage = CA_USAGE,
                                 .not_before = not_before,
                                 .not_after = not_after};

    return ca_certify(&spec, key, issuer);
}

/* ---- Verified ---- */

static void a_chain_to_a_trusted_root_is_verified(void **state)
{
    struct ca stranger = ca_root("Stranger");

    (void)state;
    assert_judged(four.leaf.certificate, ca_stack(four.lower.certificate, four.upper.certificate, NULL),
                  ca_stack(four.root.certificate, NULL), PKI_VERIFIED, "");
    /* In any order, with the root in the chain, with others beside. */
    assert_judged(four.leaf.certificate,
                  ca_stack(four.root.certificate, four.upper.certificate, four.lower.certificate, NULL),
                  ca_stack(stranger.certificate, four.root.certificate, NULL), PKI_VERIFIED, "");
    assert_judged(four.leaf.certificate,
                  ca_stack(stranger.certificate, four.upper.certificate, four.lower.certificate, NULL),
                  ca_stack(four.root.certificate, stranger.certificate, NULL), PKI_VERIFIED, "");
    ca_free(&stranger);
}

static void a_trusted_intermediate_is_enough(void **state)
{
    (void)state;
    assert_judged(four.leaf.certificate, NULL, ca_stack(four.lower.certificate, NULL), PKI_VERIFIED, "");
    assert_judged(four.leaf.certificate, ca_stack(four.lower.certificate, NULL), ca_stack(four.lower.certificate, NULL),
                  PKI_VERIFIED, "");
    assert_judged(four.leaf.certificate, ca_stack(four.lower.certificate, NULL), ca_stack(four.upper.certificate, NULL),
                  PKI_VERIFIED, "");
}

static void a_trusted_leaf_is_verified(void **state)
{
    const struct ca_spec spec = {.common_name = "self.example", .basic_constraints = "critical,CA:FALSE"};
    X509 *self_signed = ca_certify(&spec, four.leaf.key, NULL);
    X509 *copy = X509_dup(self_signed);

    (void)state;
    assert_judged(self_signed, NULL, ca_stack(copy, NULL), PKI_VERIFIED, "");
    assert_judged(four.leaf.certificate, NULL, ca_stack(four.leaf.certificate, NULL), PKI_VERIFIED, "");
    X509_free(copy);
    X509_free(self_signed);
}

static void weak_algorithms_do_not_matter(void **state)
{
    const struct ca_spec authority = {.common_name = "Weak Root", .basic_constraints = "CA:TRUE", .hash = "MD5"};
    const struct ca_spec spec = {.common_name = "weak.example", .hash = "SHA1"};
    struct ca weak = {.key = ca_key("RSA-1024")};
    X509 *certificate;

    (void)state;
    weak.certificate = ca_certify(&authority, weak.key, NULL);
    certificate = ca_certify(&spec, weak.key, &weak);
    assert_judged(certificate, NULL, ca_stack(weak.certificate, NULL), PKI_VERIFIED, "");
    X509_free(certificate);
    ca_free(&weak);
}

/* ---- Not trusted ---- */

static void a_self_signed_certificate_is_told_apart(void **state)
{
    const struct ca_spec spec = {.common_name = "self.example", .not_after = CA_NOW - 1};
    X509 *expired = ca_certify(&spec, four.leaf.key, NULL);
    X509 *renewed = ca_by("self.example", four.leaf.key, NULL, "critical,CA:TRUE", 0, 0);
    static const char text[] = "signed by its own key, and not among the trusted certificates";
    struct pki_verification got;

    (void)state;
    assert_judged(four.root.certificate, NULL, NULL, PKI_SELF_SIGNED, text);
    assert_judged(four.root.certificate, ca_stack(four.upper.certificate, NULL), ca_stack(four.lower.certificate, NULL),
                  PKI_SELF_SIGNED, text);
    got = verify_at(expired, NULL, NULL, CA_NOW);
    assert_verdict(&got, PKI_SELF_SIGNED, text, ALWAYS, CA_NOW - 1);
    /* Its successor, by the same key, is another certificate. */
    got = verify_at(expired, NULL, ca_stack(renewed, NULL), CA_NOW);
    assert_verdict(&got, PKI_SELF_SIGNED, text, ALWAYS, CA_NOW - 1);
    X509_free(renewed);
    X509_free(expired);
}

static void an_untrusted_root_is_named(void **state)
{
    struct ca stranger = ca_root("Stranger");

    (void)state;
    /* Uploaded with the chain. */
    assert_judged(four.leaf.certificate,
                  ca_stack(four.lower.certificate, four.upper.certificate, four.root.certificate, NULL),
                  ca_stack(stranger.certificate, NULL), PKI_ISSUER_UNKNOWN,
                  "the chain ends at 'CN=Root', which is not trusted: the device has to trust it first");
    /* Left out, as it should be. */
    assert_judged(four.leaf.certificate, ca_stack(four.lower.certificate, four.upper.certificate, NULL),
                  ca_stack(stranger.certificate, NULL), PKI_ISSUER_UNKNOWN,
                  "'CN=Upper CA' is signed by 'CN=Root': the device has to trust that first; if it is no root, install "
                  "it with the certificate");
    ca_free(&stranger);
}

static void a_missing_issuer_is_named(void **state)
{
    (void)state;
    assert_judged(four.leaf.certificate, NULL, ca_stack(four.root.certificate, NULL), PKI_CHAIN_INCOMPLETE,
                  "the certificate of 'CN=Lower CA' is missing: install it with the certificate");
    assert_judged(four.leaf.certificate, ca_stack(four.upper.certificate, NULL), ca_stack(four.root.certificate, NULL),
                  PKI_CHAIN_INCOMPLETE, "the certificate of 'CN=Lower CA' is missing: install it with the certificate");
    /* Further up it looks as if the root were not trusted. */
    assert_judged(four.leaf.certificate, ca_stack(four.lower.certificate, NULL), ca_stack(four.root.certificate, NULL),
                  PKI_ISSUER_UNKNOWN,
                  "'CN=Lower CA' is signed by 'CN=Upper CA': the device has to trust that first; if it is no root, "
                  "install it with the certificate");
}

static void names_of_any_length_fit(void **state)
{
    /* 64 characters of two octets: as long as a common name gets. */
    char name[2 * 64 + 1] = "";
    const struct ca_spec spec = {.common_name = name, .organization = name, .basic_constraints = "CA:TRUE"};
    struct ca issuer = {.key = ca_key("P-256")};
    struct ca middle = {.key = ca_key("P-256")};
    struct ca below;
    struct pki_verification got;

    (void)state;
    for (size_t i = 0; i < 64; i++)
        strcat(name, "\xc3\xa4");
    issuer.certificate = ca_certify(&spec, issuer.key, NULL);
    middle.certificate = ca_certify(&spec, middle.key, &issuer);
    below = ca_leaf("below.example", &middle);
    got = verify_at(below.certificate, ca_stack(middle.certificate, NULL), NULL, CA_NOW);
    assert_int_equal(got.verdict, PKI_ISSUER_UNKNOWN);
    assert_non_null(strstr(got.text, "\xc3\xa4...' is signed by 'CN=\xc3\xa4"));
    assert_non_null(strstr(got.text, "\xc3\xa4...': the device has to trust that first; if it is no root, install it "
                                     "with the certificate"));
    ca_free(&below);
    ca_free(&middle);
    ca_free(&issuer);
}

/* ---- Signatures ---- */

static void a_false_signature_is_seen(void **state)
{
    struct ca impostor = ca_intermediate("Lower CA", &four.upper);
    const struct ca_spec spec = {.common_name = "false.example", .no_key_ids = true};
    X509 *certificate = ca_certify(&spec, four.leaf.key, &four.lower);
    X509 *broken = X509_dup(four.leaf.certificate);
    const ASN1_BIT_STRING *signature = NULL;

    (void)state;
    /* No identifiers: only the signature says that it was another CA of that name. */
    assert_judged(certificate, ca_stack(impostor.certificate, four.upper.certificate, NULL),
                  ca_stack(four.root.certificate, NULL), PKI_BAD_SIGNATURE,
                  "the signature of 'CN=false.example' was not made by the key of 'CN=Lower CA', which is named as its "
                  "issuer");
    /* With identifiers it is another CA, and the right one is missing. */
    assert_judged(four.leaf.certificate, ca_stack(impostor.certificate, four.upper.certificate, NULL),
                  ca_stack(four.root.certificate, NULL), PKI_CHAIN_INCOMPLETE,
                  "the certificate of 'CN=Lower CA' is missing: install it with the certificate");
    X509_get0_signature(&signature, NULL, broken);
    ((unsigned char *)(uintptr_t)signature->data)[signature->length - 1] ^= 1;
    assert_judged(
        broken, ca_stack(four.lower.certificate, four.upper.certificate, NULL), ca_stack(four.root.certificate, NULL),
        PKI_BAD_SIGNATURE,
        "the signature of 'CN=mfp-17.example' was not made by the key of 'CN=Lower CA', which is named as its "
        "issuer");
    /* Beside the right one, the impostor does no harm. */
    assert_judged(certificate, ca_stack(impostor.certificate, four.lower.certificate, four.upper.certificate, NULL),
                  ca_stack(four.root.certificate, NULL), PKI_VERIFIED, "");
    assert_judged(certificate, ca_stack(four.upper.certificate, four.lower.certificate, NULL),
                  ca_stack(impostor.certificate, four.root.certificate, NULL), PKI_VERIFIED, "");
    X509_free(broken);
    X509_free(certificate);
    ca_free(&impostor);
}

/* Issuers that must not be any; behind the text comes OpenSSL's wording. */
static const struct {
    const char *constraints;
    const char *usage;
    const char *extension;
    const char *value;
    const char *text;
} bad_issuers[] = {
    {"critical,CA:FALSE", NULL, NULL, NULL, "'CN=Bad CA' makes the chain invalid: "},
    {NULL, NULL, NULL, NULL, "'CN=Bad CA' makes the chain invalid: "},
    {"critical,CA:TRUE", "critical,digitalSignature", NULL, NULL,
     "'CN=bad.example' is signed by 'CN=Bad CA', whose keyUsage does not allow that"},
    {"critical,CA:TRUE", NULL, "1.2.3.4", "critical,DER:0500", "'CN=Bad CA' makes the chain invalid: "},
    {"critical,CA:TRUE", NULL, "nameConstraints", "critical,permitted;DNS:example.org",
     "'CN=bad.example' makes the chain invalid: "},
};

static void issuers_that_must_not_sign_do_not_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_issuers); i++) {
        const struct ca_extension extensions[] = {{bad_issuers[i].extension, bad_issuers[i].value}, {NULL, NULL}};
        const struct ca_spec spec = {.common_name = "Bad CA",
                                     .basic_constraints = bad_issuers[i].constraints,
                                     .key_usage = bad_issuers[i].usage,
                                     .extensions = extensions};
        struct ca issuer = {.key = ca_key("P-256")};
        struct ca below;
        struct pki_verification got;

        issuer.certificate = ca_certify(&spec, issuer.key, &four.root);
        below = ca_leaf("bad.example", &issuer);
        got = verify_at(below.certificate, ca_stack(issuer.certificate, NULL), ca_stack(four.root.certificate, NULL),
                        CA_NOW);
        if (got.verdict != PKI_BAD_SIGNATURE ||
            strncmp(got.text, bad_issuers[i].text, strlen(bad_issuers[i].text)) != 0)
            fail_msg("%zu: %d, \"%s\"", i, got.verdict, got.text);
        assert_int_equal(got.valid_from, 0);
        assert_int_equal(got.valid_until, 0);
        ca_free(&below);
        ca_free(&issuer);
    }
}

static void the_path_length_counts(void **state)
{
    EVP_PKEY *key = ca_key("P-256");
    struct ca flat = {key, ca_by("Flat CA", key, NULL, "critical,CA:TRUE,pathlen:0", 0, 0)};
    struct ca below = ca_intermediate("Below CA", &flat);
    struct ca end = ca_leaf("end.example", &below);
    struct pki_verification got;

    (void)state;
    got = verify_at(end.certificate, ca_stack(below.certificate, NULL), ca_stack(flat.certificate, NULL), CA_NOW);
    assert_int_equal(got.verdict, PKI_BAD_SIGNATURE);
    assert_string_equal(got.text, "'CN=Flat CA' makes the chain invalid: path length constraint exceeded");
    ca_free(&end);
    ca_free(&below);
    ca_free(&flat);
}

/* ---- Dates ---- */

static const struct {
    time_t now;
    enum pki_verdict verdict;
    const char *text;
} moments[] = {
    {CA_NOW + 9, PKI_CHAIN_EXPIRED, "the certificate of 'CN=dated.example' is not valid before 2027-01-15T08:00:10Z"},
    {CA_NOW + 10, PKI_VERIFIED, ""},
    {CA_NOW + 20, PKI_VERIFIED, ""},
    {CA_NOW + 21, PKI_CHAIN_EXPIRED, "the certificate of 'CN=Dated CA' expired on 2027-01-15T08:00:20Z"},
    {CA_NOW + 31, PKI_CHAIN_EXPIRED, "the certificate of 'CN=dated.example' expired on 2027-01-15T08:00:30Z"},
    {CA_NOW + 400 * CA_DAY, PKI_CHAIN_EXPIRED, "the certificate of 'CN=dated.example' expired on 2027-01-15T08:00:30Z"},
    {CA_NOW - 400 * CA_DAY, PKI_CHAIN_EXPIRED,
     "the certificate of 'CN=dated.example' is not valid before 2027-01-15T08:00:10Z"},
};

static void the_span_is_what_all_have_in_common(void **state)
{
    const struct ca_spec spec = {.common_name = "dated.example", .not_before = CA_NOW + 10, .not_after = CA_NOW + 30};
    struct ca dated = {.key = ca_key("P-256")};
    X509 *certificate;

    (void)state;
    dated.certificate = ca_by("Dated CA", dated.key, &four.root, "critical,CA:TRUE", CA_NOW + 5, CA_NOW + 20);
    certificate = ca_certify(&spec, four.leaf.key, &dated);
    for (size_t i = 0; i < COUNT(moments); i++) {
        const struct pki_verification got = verify_at(certificate, ca_stack(dated.certificate, NULL),
                                                      ca_stack(four.root.certificate, NULL), moments[i].now);

        assert_verdict(&got, moments[i].verdict, moments[i].text, CA_NOW + 10, CA_NOW + 20);
    }
    X509_free(certificate);
    ca_free(&dated);
}

static void an_expired_root_is_named(void **state)
{
    X509 *old_root = ca_by("Root", four.root.key, NULL, "critical,CA:TRUE", 0, CA_NOW - 1);
    struct ca below = ca_leaf("below.example", &four.root);
    const struct pki_verification got = verify_at(below.certificate, NULL, ca_stack(old_root, NULL), CA_NOW);

    (void)state;
    assert_verdict(&got, PKI_CHAIN_EXPIRED, "the certificate of 'CN=Root' expired on 2027-01-15T07:59:59Z", ALWAYS,
                   CA_NOW - 1);
    ca_free(&below);
    X509_free(old_root);
}

/* Of two certificates of one CA the valid one counts, wherever it stands. */
static void a_renewed_authority_is_found(void **state)
{
    X509 *expired = ca_by("Lower CA", four.lower.key, &four.upper, "critical,CA:TRUE", 0, CA_NOW - 1);
    X509 *old_root = ca_by("Root", four.root.key, NULL, "critical,CA:TRUE", 0, CA_NOW - 1);

    (void)state;
    assert_judged(four.leaf.certificate, ca_stack(expired, four.lower.certificate, four.upper.certificate, NULL),
                  ca_stack(old_root, four.root.certificate, NULL), PKI_VERIFIED, "");
    assert_judged(four.leaf.certificate, ca_stack(four.lower.certificate, four.upper.certificate, expired, NULL),
                  ca_stack(four.root.certificate, old_root, NULL), PKI_VERIFIED, "");
    X509_free(expired);
    X509_free(old_root);
}

/* Rules count before dates: a chain that cannot be right at any time does not become so. */
static void broken_rules_come_before_dates(void **state)
{
    const struct ca_spec spec = {
        .common_name = "Bad CA", .basic_constraints = "critical,CA:FALSE", .not_after = CA_NOW - 1};
    struct ca issuer = {.key = ca_key("P-256")};
    struct ca below;
    struct pki_verification got;

    (void)state;
    issuer.certificate = ca_certify(&spec, issuer.key, &four.root);
    below = ca_leaf("below.example", &issuer);
    got =
        verify_at(below.certificate, ca_stack(issuer.certificate, NULL), ca_stack(four.root.certificate, NULL), CA_NOW);
    assert_int_equal(got.verdict, PKI_BAD_SIGNATURE);
    ca_free(&below);
    ca_free(&issuer);
}

static void dates_that_are_none_are_never_valid(void **state)
{
    X509 *certificate = X509_dup(four.root.certificate);
    struct pki_verification got;
    char text[256];

    (void)state;
    assert_true(ASN1_STRING_set(X509_getm_notAfter(certificate), "garbage", -1));
    ca_sign_again(certificate, four.root.key);
    got = verify_at(certificate, NULL, ca_stack(certificate, NULL), CA_NOW);
    assert_verdict(&got, PKI_CHAIN_EXPIRED, "the certificate of 'CN=Root' is never valid: it ends before it begins", 1,
                   0);
    got = verify_at(certificate, NULL, NULL, CA_NOW);
    assert_int_equal(got.verdict, PKI_SELF_SIGNED);
    assert_int_equal(pki_verdict_at(&got, CA_NOW), PKI_CHAIN_EXPIRED);
    pki_verdict_text(&got, CA_NOW, text, sizeof(text));
    assert_string_equal(text, "the certificate, which is signed by its own key, is never valid: it ends before it "
                              "begins");
    X509_free(certificate);
}

/* ---- Several ways ---- */

static void a_cross_signed_authority_leads_to_either_root(void **state)
{
    struct ca other = ca_root("Other Root");
    X509 *crossed = ca_by("Upper CA", four.upper.key, &other, "critical,CA:TRUE", 0, 0);

    (void)state;
    assert_judged(four.leaf.certificate, ca_stack(crossed, four.upper.certificate, four.lower.certificate, NULL),
                  ca_stack(four.root.certificate, NULL), PKI_VERIFIED, "");
    assert_judged(four.leaf.certificate, ca_stack(four.upper.certificate, crossed, four.lower.certificate, NULL),
                  ca_stack(other.certificate, NULL), PKI_VERIFIED, "");
    X509_free(crossed);
    ca_free(&other);
}

/* A CA's new key, signed by its old one under the same name. */
static void a_new_key_of_the_same_name_is_followed(void **state)
{
    struct ca first = ca_root("Rolling CA");
    struct ca second = ca_intermediate("Rolling CA", &first);
    const struct ca_spec spec = {.common_name = "end.example", .no_key_ids = true};
    X509 *end = ca_certify(&spec, four.leaf.key, &second);

    (void)state;
    /* By its name alone, the trusted one would be taken for the issuer. */
    assert_judged(end, ca_stack(second.certificate, NULL), ca_stack(first.certificate, NULL), PKI_VERIFIED, "");
    X509_free(end);
    ca_free(&second);
    ca_free(&first);
}

static void circles_end(void **state)
{
    struct ca a = {.key = ca_key("P-256")};
    struct ca b = ca_root("B");
    struct ca below;
    X509 *b_by_a;
    struct pki_verification got;

    (void)state;
    a.certificate = ca_by("A", a.key, &b, "critical,CA:TRUE", 0, 0);
    b_by_a = ca_by("B", b.key, &a, "critical,CA:TRUE", 0, 0);
    below = ca_leaf("below.example", &a);
    got = verify_at(below.certificate, ca_stack(a.certificate, b_by_a, NULL), ca_stack(four.root.certificate, NULL),
                    CA_NOW);
    assert_int_equal(got.verdict, PKI_ISSUER_UNKNOWN);
    assert_judged(below.certificate, ca_stack(a.certificate, b_by_a, NULL), ca_stack(b.certificate, NULL), PKI_VERIFIED,
                  "");
    X509_free(b_by_a);
    ca_free(&below);
    ca_free(&a);
    ca_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_to_a_trusted_root_is_verified),
        cmocka_unit_test(a_trusted_intermediate_is_enough),
        cmocka_unit_test(a_trusted_leaf_is_verified),
        cmocka_unit_test(weak_algorithms_do_not_matter),
        cmocka_unit_test(a_self_signed_certificate_is_told_apart),
        cmocka_unit_test(an_untrusted_root_is_named),
        cmocka_unit_test(a_missing_issuer_is_named),
        cmocka_unit_test(names_of_any_length_fit),
        cmocka_unit_test(a_false_signature_is_seen),
        cmocka_unit_test(issuers_that_must_not_sign_do_not_count),
        cmocka_unit_test(the_path_length_counts),
        cmocka_unit_test(the_span_is_what_all_have_in_common),
        cmocka_unit_test(an_expired_root_is_named),
        cmocka_unit_test(a_renewed_authority_is_found),
        cmocka_unit_test(broken_rules_come_before_dates),
        cmocka_unit_test(dates_that_are_none_are_never_valid),
        cmocka_unit_test(a_cross_signed_authority_leads_to_either_root),
        cmocka_unit_test(a_new_key_of_the_same_name_is_followed),
        cmocka_unit_test(circles_end),
    };

    return cmocka_run_group_tests(tests, ca_four_make, ca_four_drop);
}
