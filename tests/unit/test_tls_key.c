/* SPDX-License-Identifier: Apache-2.0 */
/* What the key of the certificate that is assigned to TLS makes of a policy: the offer, the refusals, the warnings. */
#include "tls/tls_policy.h"
#include "tls_masks.h"

#include "devsec_mib.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ANY   TLS_CERTIFICATE_NONE
#define RSA   TLS_CERTIFICATE_RSA
#define ECDSA TLS_CERTIFICATE_ECDSA

/* What is offered on a stack that has everything. */
static const struct {
    const char *what;
    struct tls_policy policy;
    uint32_t versions;
    const char *ciphersuites;
    const char *cipher_list;
} offers[] = {
    {"an RSA key under the defaults",
     {.versions = TLS12 | TLS13, .ciphers = AES, .certificate = RSA},
     TLS12 | TLS13,
     "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
     "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256"},
    {"an ECDSA key under the defaults",
     {.versions = TLS12 | TLS13, .ciphers = AES, .certificate = ECDSA},
     TLS12 | TLS13,
     "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
     "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-SHA384:"
     "ECDHE-ECDSA-AES128-SHA256"},
    {"RSA key exchange with an RSA key",
     {.versions = TLS12, .ciphers = AES256, .rsa_key_exchange = true, .certificate = RSA},
     TLS12,
     "",
     "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA384:AES256-GCM-SHA384:AES256-SHA256"},
    {"RSA key exchange with an ECDSA key",
     {.versions = TLS12, .ciphers = AES256, .rsa_key_exchange = true, .certificate = ECDSA},
     TLS12,
     "",
     "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-SHA384"},
    {"SSL 3.0 with an RSA key",
     {.versions = SSL30, .ciphers = AES128, .rsa_key_exchange = true, .sha1_digest = true, .certificate = RSA},
     SSL30,
     "",
     "AES128-SHA:@SECLEVEL=0"},
    {"SSL 3.0 with an ECDSA key",
     {.versions = SSL30, .ciphers = ALL_C, .rsa_key_exchange = true, .sha1_digest = true, .certificate = ECDSA},
     0,
     "",
     ""},
    {"TLS 1.3 takes both",
     {.versions = TLS13, .ciphers = AES128, .certificate = ECDSA},
     TLS13,
     "TLS_AES_128_GCM_SHA256",
     ""},
    {"a version that falls away does not lower the security level",
     {.versions = SSL30 | TLS12,
      .ciphers = AES128,
      .rsa_key_exchange = true,
      .sha1_digest = true,
      .certificate = ECDSA},
     TLS12,
     "",
     "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA"},
};

static void test_offer_is_that_of_the_key(void **state)
{
    struct tls_stack stack;

    (void)state;
    tls_stack_from_masks(&stack, ALL_V, ALL_C);
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct tls_effective effective;
        char list[TLS_STRING_MAX], suites[TLS_STRING_MAX];

        print_message("%s\n", offers[i].what);
        tls_effective_get(&effective, &offers[i].policy, &stack);
        tls_effective_openssl(&effective, list, suites);
        assert_int_equal(effective.versions, offers[i].versions);
        assert_string_equal(suites, offers[i].ciphersuites);
        assert_string_equal(list, offers[i].cipher_list);
    }
}

/* Every suite is offered to one kind of key, those of TLS 1.3 to both, and all of them while there is none. */
static void test_keys_share_out_all_suites(void **state)
{
    struct tls_policy policy = {.versions = ALL_V, .ciphers = ALL_C, .rsa_key_exchange = true, .sha1_digest = true};
    size_t offered[TLS_SUITE_MAX] = {0};
    struct tls_effective effective;
    struct tls_stack stack;

    (void)state;
    tls_stack_from_masks(&stack, ALL_V, ALL_C);
    for (policy.certificate = ANY; policy.certificate <= ECDSA; policy.certificate++) {
        tls_effective_get(&effective, &policy, &stack);
        for (size_t i = 0; i < effective.n_suites; i++)
            offered[effective.suites[i]]++;
    }
    for (size_t i = 0; i < tls_suite_count; i++)
        assert_int_equal(offered[i], tls_suites[i].versions == TLS13 ? 3 : 2);
}

#define LOCK_OUT                                                                                                       \
    (TLS_INVOLVES_VERSIONS | TLS_INVOLVES_CIPHERS | TLS_INVOLVES_RSA | TLS_INVOLVES_SHA1 | TLS_INVOLVES_IPV4 |         \
     TLS_INVOLVES_IPV6 | TLS_INVOLVES_CERTIFICATE)

/* `says` is NULL where the policy is allowed. */
static const struct {
    const char *what;
    uint32_t stack_versions;
    uint32_t stack_ciphers;
    struct tls_policy policy;
    const char *says;
} judgements[] = {
    {"SSL 3.0 alone with an RSA key",
     ALL_V,
     ALL_C,
     {.ipv4 = true,
      .versions = SSL30,
      .ciphers = AES,
      .rsa_key_exchange = true,
      .sha1_digest = true,
      .certificate = RSA},
     NULL},
    {"SSL 3.0 alone with an ECDSA key",
     ALL_V,
     ALL_C,
     {.ipv4 = true,
      .versions = SSL30,
      .ciphers = AES,
      .rsa_key_exchange = true,
      .sha1_digest = true,
      .certificate = ECDSA},
     "tls.versions, tls.ciphers: nobody could connect, the certificate assigned to tls(1) has an ECDSA key, and none "
     "of its cipher suites is left for ssl30 with aes128 and aes256 (tls.rsa-key-exchange true, tls.sha1-digest true); "
     "this device's TLS stack has the versions ssl30, tls10, tls11, tls12 and tls13 and the ciphers aes128, aes256, "
     "tripleDes168 and rc4: enable tls10, tls11, tls12 or tls13"},
    {"SSL 3.0 alone with an ECDSA key, while TLS is off",
     ALL_V,
     ALL_C,
     {.versions = SSL30, .ciphers = AES, .rsa_key_exchange = true, .sha1_digest = true, .certificate = ECDSA},
     NULL},
    {"SSL 3.0 is all that the stack has",
     SSL30,
     AES,
     {.ipv6 = true,
      .versions = SSL30,
      .ciphers = AES,
      .rsa_key_exchange = true,
      .sha1_digest = true,
      .certificate = ECDSA},
     "tls.versions, tls.ciphers: nobody could connect, the certificate assigned to tls(1) has an ECDSA key, and none "
     "of its cipher suites is left for ssl30 with aes128 and aes256 (tls.rsa-key-exchange true, tls.sha1-digest true); "
     "this device's TLS stack has the versions ssl30 and the ciphers aes128 and aes256: assign an RSA key to tls(1)"},
    {"the key is not the only reason",
     SSL30,
     AES,
     {.ipv6 = true, .versions = SSL30, .ciphers = AES, .certificate = ECDSA},
     "tls.versions, tls.ciphers: nobody could connect, no cipher suite is left for ssl30 with aes128 and aes256 "
     "(tls.rsa-key-exchange false, tls.sha1-digest false); this device's TLS stack has the versions ssl30 and the "
     "ciphers aes128 and aes256: set tls.sha1-digest to true and set tls.rsa-key-exchange to true and assign an RSA "
     "key to tls(1)"},
    {"everything would have to change",
     SSL30,
     TDES,
     {.ipv6 = true, .versions = TLS10, .ciphers = AES, .certificate = ECDSA},
     "tls.versions, tls.ciphers: nobody could connect, no cipher suite is left for tls10 with aes128 and aes256 "
     "(tls.rsa-key-exchange false, tls.sha1-digest false); this device's TLS stack has the versions ssl30 and the "
     "ciphers tripleDes168: enable ssl30 and select tripleDes168 and set tls.sha1-digest to true and set "
     "tls.rsa-key-exchange to true and assign an RSA key to tls(1)"},
};

static void test_lock_out_by_the_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(judgements); i++) {
        struct devsec_error error = {.code = DEVSEC_OK, .text = "untouched"};
        struct tls_stack stack;
        unsigned involved = 0;
        enum devsec_err err;

        print_message("%s\n", judgements[i].what);
        tls_stack_from_masks(&stack, judgements[i].stack_versions, judgements[i].stack_ciphers);
        err = tls_policy_check(&judgements[i].policy, &stack, &involved, &error);
        assert_string_equal(error.text, judgements[i].says ? judgements[i].says : "untouched");
        assert_int_equal(err, judgements[i].says ? DEVSEC_ERR_INCONSISTENT : DEVSEC_OK);
        assert_int_equal(involved, judgements[i].says ? LOCK_OUT : 0);
    }
}

/* A sentence that names everything still reaches the manager whole. */
static void test_longest_sentence_is_whole(void **state)
{
    const char end[] = " and assign an RSA key to tls(1)";
    const struct tls_policy policy = {.ipv4 = true, .versions = TLS13, .ciphers = AES, .certificate = ECDSA};
    struct tls_stack stack = {.versions = ALL_V, .ciphers = ALL_C};
    struct devsec_error error = {0};
    unsigned involved = 0;

    (void)state;
    /* Whatever is left needs everything to be changed. */
    for (size_t i = 0; i < tls_suite_count; i++) {
        if (tls_suites[i].rsa_key_exchange && tls_suites[i].cipher == RC4)
            stack.suite_versions[i] = SSL30 | TLS10 | TLS11 | TLS12;
    }
    assert_int_equal(tls_policy_check(&policy, &stack, &involved, &error), DEVSEC_ERR_INCONSISTENT);
    assert_string_equal(error.text + strlen(error.text) - strlen(end), end);
}

#define SAYS_MAX 5

/* On a stack that has everything; each warning is known by how it begins. */
static const struct {
    const char *what;
    struct tls_policy policy;
    const char *says[SAYS_MAX];
} looks[] = {
    {"an RSA key", {.versions = TLS12 | TLS13, .ciphers = AES, .certificate = RSA}, {NULL}},
    {"an ECDSA key", {.versions = TLS12 | TLS13, .ciphers = AES, .certificate = ECDSA}, {NULL}},
    {"RSA key exchange with an RSA key",
     {.versions = TLS12, .ciphers = AES, .rsa_key_exchange = true, .certificate = RSA},
     {"tls.rsa-key-exchange: without forward secrecy"}},
    {"RSA key exchange with an ECDSA key",
     {.versions = TLS12, .ciphers = AES, .rsa_key_exchange = true, .certificate = ECDSA},
     {"tls.rsa-key-exchange: has no effect, the certificate assigned to tls(1) has an ECDSA key"}},
    {"a version that the key leaves nothing of",
     {.versions = SSL30 | TLS12, .ciphers = AES, .rsa_key_exchange = true, .sha1_digest = true, .certificate = ECDSA},
     {"tls.versions: ssl30 must not", "tls.rsa-key-exchange: has no effect", "tls.sha1-digest: ",
      "tls.versions: enabled but not offered: ssl30; every cipher suite there is for a key of another kind"}},
    {"a version that nothing is left of anyway",
     {.versions = SSL30 | TLS12, .ciphers = AES, .sha1_digest = true, .certificate = ECDSA},
     {"tls.versions: ssl30 must not", "tls.sha1-digest: ",
      "tls.versions: enabled but not offered: ssl30; every cipher suite there is switched off by tls.ciphers"}},
    {"nothing is left for the key",
     {.versions = SSL30, .ciphers = AES, .rsa_key_exchange = true, .sha1_digest = true, .certificate = ECDSA},
     {"tls.versions: ssl30 must not", "tls.rsa-key-exchange: has no effect",
      "tls.sha1-digest: ", "tls.versions: tls12 is off",
      "tls.versions, tls.ciphers: the certificate assigned to tls(1) has an ECDSA key, and none of its cipher suites "
      "is left, so that TLS cannot be enabled"}},
    {"nothing is left for any key",
     {.versions = SSL30, .ciphers = AES, .certificate = ECDSA},
     {"tls.versions: ssl30 must not", "tls.versions: tls12 is off",
      "tls.versions, tls.ciphers: no cipher suite is left, so that TLS cannot be enabled"}},
};

/* A warning that fell to nobody's lot, or the sentence that was not expected, stops the test. */
struct expected {
    const char *const *says;
    size_t count;
};

static void hear(void *context, const char *sentence)
{
    struct expected *expected = context;
    const char *says;

    print_message("    %s\n", sentence);
    assert_true(expected->count < SAYS_MAX);
    says = expected->says[expected->count++];
    assert_non_null(says);
    assert_memory_equal(sentence, says, strlen(says));
}

static void test_warnings_about_the_key(void **state)
{
    struct tls_stack stack;

    (void)state;
    tls_stack_from_masks(&stack, ALL_V, ALL_C);
    for (size_t i = 0; i < COUNT(looks); i++) {
        struct expected expected = {.says = looks[i].says};
        struct tls_policy policy = looks[i].policy;
        size_t count;

        print_message("%s\n", looks[i].what);
        policy.permit_mode = MIB_devsecTlsPermitMode_ciphertextCleartext;
        count = tls_policy_warnings(&policy, &stack, hear, &expected);
        assert_int_equal(count, expected.count);
        assert_true(expected.count == SAYS_MAX || !looks[i].says[expected.count]);
    }
}

/* A cipher that only the other kind of key has suites with, on a stack made for it. */
static void test_warning_about_a_cipher_of_the_other_key(void **state)
{
    static const char *const says[SAYS_MAX] = {
        "tls.ciphers: selected but not offered: aes128; every cipher suite with this is for a key of another kind"};
    const struct tls_policy policy = {.permit_mode = MIB_devsecTlsPermitMode_ciphertextCleartext,
                                      .versions = TLS12,
                                      .ciphers = AES,
                                      .certificate = ECDSA};
    struct tls_stack stack = {.versions = TLS12, .ciphers = AES};
    struct expected expected = {.says = says};

    (void)state;
    for (size_t i = 0; i < tls_suite_count; i++) {
        if (strcmp(tls_suites[i].name, "ECDHE-ECDSA-AES256-GCM-SHA384") == 0 ||
            strcmp(tls_suites[i].name, "ECDHE-RSA-AES128-GCM-SHA256") == 0)
            stack.suite_versions[i] = TLS12;
    }
    assert_int_equal(tls_policy_warnings(&policy, &stack, hear, &expected), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offer_is_that_of_the_key), cmocka_unit_test(test_keys_share_out_all_suites),
        cmocka_unit_test(test_lock_out_by_the_key),      cmocka_unit_test(test_longest_sentence_is_whole),
        cmocka_unit_test(test_warnings_about_the_key),   cmocka_unit_test(test_warning_about_a_cipher_of_the_other_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
