/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS policy: its suites, what it comes to, what is refused and what is warned about. */
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRIORITY  MIB_devsecTlsPermitMode_ciphertextPriority
#define CLEARTEXT MIB_devsecTlsPermitMode_ciphertextCleartext
#define ONLY      MIB_devsecTlsPermitMode_ciphertextOnly

#define RSA   TLS_CERTIFICATE_RSA
#define ECDSA TLS_CERTIFICATE_ECDSA

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The table against what the IANA names say by themselves. */
static void test_suites_agree_with_their_names(void **state)
{
    (void)state;
    assert_true(tls_suite_count > 0 && tls_suite_count <= TLS_SUITE_MAX);
    for (size_t i = 0; i < tls_suite_count; i++) {
        const struct tls_suite *suite = &tls_suites[i];
        const char *iana = suite->iana_name;
        const char *end = iana + strlen(iana);
        const bool tls13 = !strstr(iana, "_WITH_");
        const bool sha1 = strcmp(end - 4, "_SHA") == 0;
        const bool rsa = strncmp(iana, "TLS_RSA_WITH_", 13) == 0;
        uint32_t cipher = 0;
        uint32_t versions = TLS12;

        cipher |= strstr(iana, "AES_128") ? AES128 : 0;
        cipher |= strstr(iana, "AES_256") ? AES256 : 0;
        cipher |= strstr(iana, "3DES_EDE") ? TDES : 0;
        cipher |= strstr(iana, "RC4_128") ? RC4 : 0;
        if (tls13)
            versions = TLS13;
        else if (sha1)
            versions = rsa ? SSL30 | TLS10 | TLS11 | TLS12 : TLS10 | TLS11 | TLS12;
        print_message("%s\n", suite->name);
        assert_int_equal(suite->cipher, cipher);
        assert_int_equal(suite->versions, versions);
        assert_int_equal(suite->sha1_digest, sha1);
        assert_int_equal(suite->rsa_key_exchange, rsa);
        assert_int_equal(suite->authentication, tls13 ? TLS_CERTIFICATE_NONE : strstr(iana, "_ECDSA_") ? ECDSA : RSA);
        assert_true(tls13 || rsa || strncmp(iana, "TLS_ECDHE_", 10) == 0);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(suite->name, tls_suites[j].name);
            assert_string_not_equal(suite->iana_name, tls_suites[j].iana_name);
        }
    }
}

/* What a client is offered; the stack has everything, so that only the policy decides. */
static const struct {
    const char *what;
    uint32_t versions;
    uint32_t ciphers;
    bool rsa;
    bool sha1;
    uint32_t effective;
    const char *ciphersuites;
    const char *cipher_list;
} offers[] = {
    {"the defaults", TLS12 | TLS13, AES, false, false, TLS12 | TLS13, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
     "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:"
     "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA256:"
     "ECDHE-RSA-AES128-SHA256"},
    {"TLS 1.3 alone", TLS13, AES256, true, true, TLS13, "TLS_AES_256_GCM_SHA384", ""},
    {"TLS 1.2 alone with AES-128", TLS12, AES128, false, false, TLS12, "",
     "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"},
    {"RSA key exchange adds its suites behind the others", TLS12, AES128, true, false, TLS12, "",
     "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"
     "AES128-GCM-SHA256:AES128-SHA256"},
    {"TLS 1.0 has nothing without SHA-1", TLS10, AES, true, false, 0, "", ""},
    {"TLS 1.0 with SHA-1", TLS10, AES256, false, true, TLS10, "",
     "ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:@SECLEVEL=0"},
    {"SSL 3.0 has no elliptic curves", SSL30, ALL_C, false, true, 0, "", ""},
    {"SSL 3.0 with RSA key exchange and SHA-1", SSL30, ALL_C, true, true, SSL30, "",
     "AES256-SHA:AES128-SHA:DES-CBC3-SHA:RC4-SHA:@SECLEVEL=0"},
    {"3DES stays above security level 0 in TLS 1.2", TLS12, TDES, false, true, TLS12, "",
     "ECDHE-ECDSA-DES-CBC3-SHA:ECDHE-RSA-DES-CBC3-SHA"},
    {"RC4 does not", TLS12, RC4, false, true, TLS12, "", "ECDHE-ECDSA-RC4-SHA:ECDHE-RSA-RC4-SHA:@SECLEVEL=0"},
    {"old versions without a suite do not lower the level", TLS10 | TLS12, AES128, false, false, TLS12, "",
     "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"},
    {"TLS 1.3 has neither 3DES nor RC4", TLS13, TDES | RC4, true, true, 0, "", ""},
};

static void test_offer(void **state)
{
    struct tls_stack stack;

    (void)state;
    tls_stack_from_masks(&stack, ALL_V, ALL_C);
    for (size_t i = 0; i < COUNT(offers); i++) {
        const struct tls_policy policy = {.permit_mode = CLEARTEXT,
                                          .versions = offers[i].versions,
                                          .ciphers = offers[i].ciphers,
                                          .rsa_key_exchange = offers[i].rsa,
                                          .sha1_digest = offers[i].sha1};
        struct tls_effective effective;
        char list[TLS_STRING_MAX], suites[TLS_STRING_MAX];

        print_message("%s\n", offers[i].what);
        tls_effective_get(&effective, &policy, &stack);
        tls_effective_openssl(&effective, list, suites);
        assert_int_equal(effective.versions, offers[i].effective);
        assert_string_equal(suites, offers[i].ciphersuites);
        assert_string_equal(list, offers[i].cipher_list);
    }
}

/* A stack takes away what it does not have, per version and per cipher. */
static void test_offer_is_bounded_by_the_stack(void **state)
{
    const struct tls_policy policy = {
        .versions = ALL_V, .ciphers = ALL_C, .rsa_key_exchange = true, .sha1_digest = true};
    struct tls_effective effective;
    struct tls_stack stack;

    (void)state;
    tls_stack_from_masks(&stack, TLS11 | TLS12, AES128 | TDES);
    assert_int_equal(stack.versions, TLS11 | TLS12);
    assert_int_equal(stack.ciphers, AES128 | TDES);
    tls_effective_get(&effective, &policy, &stack);
    assert_int_equal(effective.versions, TLS11 | TLS12);
    assert_int_equal(effective.n_suites,
                     12); /* AES-128: GCM, SHA-2, SHA-1 with three key exchanges each; 3DES: three */
}

/* Every suite at once fits the buffers that callers are told to have. */
static void test_everything_fits(void **state)
{
    const struct tls_policy policy = {
        .versions = ALL_V, .ciphers = ALL_C, .rsa_key_exchange = true, .sha1_digest = true};
    struct tls_effective effective;
    struct tls_stack stack;
    char list[TLS_STRING_MAX], suites[TLS_STRING_MAX];

    (void)state;
    tls_stack_from_masks(&stack, ALL_V, ALL_C);
    tls_effective_get(&effective, &policy, &stack);
    assert_int_equal(effective.n_suites, tls_suite_count);
    tls_effective_openssl(&effective, list, suites);
    assert_string_equal(list + strlen(list) - strlen("RC4-SHA:@SECLEVEL=0"), "RC4-SHA:@SECLEVEL=0");
    for (size_t i = 0; i < tls_suite_count; i++)
        assert_non_null(strstr(tls_suites[i].versions == TLS13 ? suites : list, tls_suites[i].name));
}

static const struct {
    size_t room;
    const char *text;
} cuts[] = {
    {76, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"},
    {75, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:+1"},
    {49, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:+1"},
    {48, "TLS_AES_256_GCM_SHA384:+2"},
    {26, "TLS_AES_256_GCM_SHA384:+2"},
    {25, "+3"},
    {3, "+3"},
    {1, ""},
};

static void test_names_are_cut_whole(void **state)
{
    const struct tls_effective effective = {.n_suites = 3, .suites = {0, 1, 2}};
    const struct tls_effective none = {.n_suites = 0};
    char text[128];

    (void)state;
    for (size_t i = 0; i < COUNT(cuts); i++) {
        memset(text, 'x', sizeof(text));
        tls_effective_names(&effective, text, cuts[i].room);
        assert_string_equal(text, cuts[i].text);
        assert_int_equal(text[cuts[i].room], 'x');
    }
    tls_effective_names(&none, text, sizeof(text));
    assert_string_equal(text, "");
    tls_effective_names(&effective, text, 0);
}

#define V TLS_INVOLVES_VERSIONS
#define C TLS_INVOLVES_CIPHERS
#define LOCK_OUT                                                                                                       \
    (V | C | TLS_INVOLVES_RSA | TLS_INVOLVES_SHA1 | TLS_INVOLVES_IPV4 | TLS_INVOLVES_IPV6 |                            \
     TLS_INVOLVES_CERTIFICATE) /* the mode cures nothing */

/* On a stack with TLS 1.0 to 1.3 and AES. `says` is NULL where the policy is allowed. */
static const struct {
    const char *what;
    struct tls_policy policy;
    unsigned involved;
    const char *says;
} judgements[] = {
    {"the defaults", {.versions = TLS12 | TLS13, .ciphers = AES}, 0, NULL},
    {"T3: no version",
     {.versions = 0, .ciphers = AES},
     V,
     "tls.versions: at least one version must stay enabled; this device's TLS stack has tls10, tls11, tls12 and tls13"},
    {"T4: no cipher",
     {.versions = TLS12, .ciphers = 0},
     C,
     "tls.ciphers: at least one cipher must stay selected; this device's TLS stack has aes128 and aes256"},
    {"T4: RC4 with TLS 1.3 only",
     {.versions = TLS13, .ciphers = AES | RC4},
     V | C,
     "tls.ciphers: rc4 cannot be selected, none of the enabled versions (tls13) has it; enable tls12 or below, or "
     "drop rc4"},
    {"T4: both old ciphers with TLS 1.3 only",
     {.versions = TLS13, .ciphers = AES | RC4 | TDES},
     V | C,
     "tls.ciphers: tripleDes168 and rc4 cannot be selected, none of the enabled versions (tls13) has them; enable "
     "tls12 or below, or drop tripleDes168 and rc4"},
    {"T4: an old cipher with an old version beside TLS 1.3",
     {.versions = SSL30 | TLS13, .ciphers = AES | RC4},
     0,
     NULL},
    {"T4: AES with SSL 3.0", {.versions = SSL30, .ciphers = AES}, 0, NULL},
    {"T2: IPv4 without a certificate",
     {.ipv4 = true, .versions = TLS12, .ciphers = AES},
     TLS_INVOLVES_IPV4 | TLS_INVOLVES_CERTIFICATE,
     "tls.ipv4: TLS cannot be enabled, no certificate is installed and assigned to tls(1)"},
    {"T2: IPv6 without a certificate",
     {.ipv6 = true, .versions = TLS12, .ciphers = AES},
     TLS_INVOLVES_IPV6 | TLS_INVOLVES_CERTIFICATE,
     "tls.ipv6: TLS cannot be enabled, no certificate is installed and assigned to tls(1)"},
    {"T2: with a certificate",
     {.ipv4 = true, .ipv6 = true, .versions = TLS12, .ciphers = AES, .certificate = RSA},
     0,
     NULL},
    {"T6: nothing on offer is allowed while TLS is off",
     {.permit_mode = ONLY, .versions = SSL30, .ciphers = AES, .certificate = RSA},
     0,
     NULL},
    {"T6: a version that the stack has not",
     {.ipv4 = true,
      .versions = SSL30,
      .ciphers = AES,
      .rsa_key_exchange = true,
      .sha1_digest = true,
      .certificate = RSA},
     LOCK_OUT,
     "tls.versions, tls.ciphers: nobody could connect, no cipher suite is left for ssl30 with aes128 and aes256 "
     "(tls.rsa-key-exchange true, tls.sha1-digest true); this device's TLS stack has the versions tls10, tls11, tls12 "
     "and tls13 and the ciphers aes128 and aes256: enable tls10, tls11, tls12 or tls13"},
    {"T6: a cipher that the stack has not",
     {.ipv6 = true, .versions = TLS12 | TLS13, .ciphers = TDES, .sha1_digest = true, .certificate = RSA},
     LOCK_OUT,
     "tls.versions, tls.ciphers: nobody could connect, no cipher suite is left for tls12 and tls13 with tripleDes168 "
     "(tls.rsa-key-exchange false, tls.sha1-digest true); this device's TLS stack has the versions tls10, tls11, tls12 "
     "and tls13 and the ciphers aes128 and aes256: select aes128 or aes256"},
    {"T6: TLS 1.0 with its only digest off",
     {.permit_mode = PRIORITY, .ipv4 = true, .versions = TLS10, .ciphers = AES128, .certificate = RSA},
     LOCK_OUT,
     "tls.versions, tls.ciphers: nobody could connect, no cipher suite is left for tls10 with aes128 "
     "(tls.rsa-key-exchange false, tls.sha1-digest false); this device's TLS stack has the versions tls10, tls11, "
     "tls12 and tls13 and the ciphers aes128 and aes256: enable tls12 or tls13"},
    {"T6: neither version nor cipher",
     {.ipv4 = true, .versions = SSL30, .ciphers = RC4, .certificate = RSA},
     LOCK_OUT,
     "tls.versions, tls.ciphers: nobody could connect, no cipher suite is left for ssl30 with rc4 "
     "(tls.rsa-key-exchange false, tls.sha1-digest false); this device's TLS stack has the versions tls10, tls11, "
     "tls12 and tls13 and the ciphers aes128 and aes256: enable tls12 or tls13 and select aes128 or aes256"},
    {"the first rule that fails is the one that is told",
     {.ipv4 = true, .versions = 0, .ciphers = 0},
     V,
     "tls.versions: at least one version must stay enabled; this device's TLS stack has tls10, tls11, tls12 and tls13"},
};

static void test_judgement(void **state)
{
    struct tls_stack stack;

    (void)state;
    tls_stack_from_masks(&stack, TLS10 | TLS11 | TLS12 | TLS13, AES);
    for (size_t i = 0; i < COUNT(judgements); i++) {
        struct devsec_error error = {.code = DEVSEC_OK, .text = "untouched"};
        unsigned involved = 0;
        const enum devsec_err err = tls_policy_check(&judgements[i].policy, &stack, &involved, &error);

        print_message("%s\n", judgements[i].what);
        assert_string_equal(error.text, judgements[i].says ? judgements[i].says : "untouched");
        assert_int_equal(err, judgements[i].says ? DEVSEC_ERR_INCONSISTENT : DEVSEC_OK);
        assert_int_equal(error.code, err);
        assert_int_equal(involved, judgements[i].involved);
    }
}

/* The advice against a lock-out on poorer stacks, where versions and ciphers cannot help. */
static const struct {
    const char *what;
    uint32_t stack_versions;
    uint32_t stack_ciphers;
    uint32_t ciphers;
    const char *ends;
} advices[] = {
    {"SHA-1", TLS10, AES, AES, ": set tls.sha1-digest to true"},
    {"SHA-1 and RSA key exchange", SSL30, AES, AES,
     ": set tls.sha1-digest to true and set tls.rsa-key-exchange to true"},
    {"everything", SSL30, TDES, AES,
     ": enable ssl30 and select tripleDes168 and set tls.sha1-digest to true and set tls.rsa-key-exchange to true"},
    {"a stack of nothing", 0, 0, AES, ": leave TLS disabled"},
};

static void test_advice(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(advices); i++) {
        const struct tls_policy policy = {.ipv4 = true,
                                          .versions = advices[i].stack_versions | TLS11,
                                          .ciphers = advices[i].ciphers,
                                          .certificate = RSA};
        struct devsec_error error = {0};
        struct tls_stack stack;
        unsigned involved = 0;

        tls_stack_from_masks(&stack, advices[i].stack_versions, advices[i].stack_ciphers);
        print_message("%s\n", advices[i].what);
        assert_int_equal(tls_policy_check(&policy, &stack, &involved, &error), DEVSEC_ERR_INCONSISTENT);
        assert_true(strlen(error.text) > strlen(advices[i].ends));
        assert_string_equal(error.text + strlen(error.text) - strlen(advices[i].ends), advices[i].ends);
    }
}

/* Every refusal's sentence reaches the manager whole, also with every label in it. */
static void test_longest_sentence_is_whole(void **state)
{
    const struct tls_policy policy = {.ipv4 = true, .versions = ALL_V, .ciphers = ALL_C, .certificate = ECDSA};
    struct devsec_error error = {0};
    struct tls_stack stack = {.versions = ALL_V, .ciphers = ALL_C};
    unsigned involved = 0;

    (void)state;
    assert_int_equal(tls_policy_check(&policy, &stack, &involved, &error), DEVSEC_ERR_INCONSISTENT);
    assert_string_equal(error.text + strlen(error.text) - strlen(": leave TLS disabled"), ": leave TLS disabled");
}

#define SAYS_MAX 6

/* On a stack with TLS 1.0 to 1.3, AES and 3DES; each warning is known by how it begins. */
static const struct {
    const char *what;
    struct tls_policy policy;
    const char *says[SAYS_MAX];
} looks[] = {
    {"the defaults", {.permit_mode = CLEARTEXT, .versions = TLS12 | TLS13, .ciphers = AES}, {NULL}},
    {"enabled defaults",
     {.permit_mode = ONLY, .ipv4 = true, .ipv6 = true, .versions = TLS12 | TLS13, .ciphers = AES},
     {NULL}},
    {"weak versions",
     {.permit_mode = CLEARTEXT, .versions = TLS10 | TLS11 | TLS12, .ciphers = AES, .sha1_digest = true},
     {"tls.versions: tls10 and tls11 must not be used any more", "tls.sha1-digest: "}},
    {"3DES",
     {.permit_mode = CLEARTEXT, .versions = TLS12, .ciphers = AES | TDES, .sha1_digest = true},
     {"tls.ciphers: tripleDes168 has blocks of 64 bits", "tls.sha1-digest: "}},
    {"RC4, which this stack has not",
     {.permit_mode = CLEARTEXT, .versions = TLS12, .ciphers = AES | RC4},
     {"tls.ciphers: rc4 is broken", "tls.ciphers: this device's TLS stack does not have rc4"}},
    {"RSA key exchange",
     {.permit_mode = CLEARTEXT, .versions = TLS12 | TLS13, .ciphers = AES, .rsa_key_exchange = true},
     {"tls.rsa-key-exchange: without forward secrecy"}},
    {"T9: TLS 1.2 off",
     {.permit_mode = CLEARTEXT, .versions = TLS13, .ciphers = AES},
     {"tls.versions: tls12 is off; the device may not be able to connect to an external LDAP server"}},
    {"a version that this stack has not",
     {.permit_mode = CLEARTEXT, .versions = SSL30 | TLS12, .ciphers = AES},
     {"tls.versions: ssl30 must not be used", "tls.versions: this device's TLS stack does not have ssl30"}},
    {"a version without a suite",
     {.permit_mode = CLEARTEXT, .versions = TLS11 | TLS12, .ciphers = AES},
     {"tls.versions: tls11 must not be used", "tls.versions: enabled but not offered: tls11; "}},
    {"a cipher without a suite",
     {.permit_mode = CLEARTEXT, .versions = TLS12, .ciphers = AES128 | TDES},
     {"tls.ciphers: tripleDes168 has blocks", "tls.ciphers: selected but not offered: tripleDes168; "}},
    {"nothing on offer",
     {.permit_mode = CLEARTEXT, .versions = TLS12, .ciphers = TDES},
     {"tls.ciphers: tripleDes168 has blocks", "tls.versions, tls.ciphers: no cipher suite is left"}},
    {"T6: ciphertext only while TLS is off",
     {.permit_mode = ONLY, .versions = TLS12 | TLS13, .ciphers = AES},
     {"tls.permit-mode: ciphertextOnly has no effect on IPv4 and IPv6"}},
    {"T6: ciphertext only with one family off",
     {.permit_mode = ONLY, .ipv4 = true, .versions = TLS12 | TLS13, .ciphers = AES},
     {"tls.permit-mode: ciphertextOnly has no effect on IPv6"}},
    {"T6: ciphertext only with TLS 1.3 only",
     {.permit_mode = ONLY, .ipv4 = true, .ipv6 = true, .versions = TLS13, .ciphers = AES},
     {"tls.versions: tls12 is off", "tls.permit-mode: with ciphertextOnly and only tls13 on offer"}},
    {"T6: ciphertext only with old versions only",
     {.permit_mode = ONLY, .ipv4 = true, .ipv6 = true, .versions = TLS11, .ciphers = AES, .sha1_digest = true},
     {"tls.versions: tls11 must not be used", "tls.sha1-digest: ", "tls.versions: tls12 is off",
      "tls.permit-mode: with ciphertextOnly and only versions below TLS 1.2 on offer"}},
    {"T6: ciphertext only with an old cipher only",
     {.permit_mode = ONLY, .ipv4 = true, .ipv6 = true, .versions = TLS12, .ciphers = TDES, .sha1_digest = true},
     {"tls.ciphers: tripleDes168 has blocks",
      "tls.sha1-digest: ", "tls.permit-mode: with ciphertextOnly and no forward-secret AES cipher suite on offer"}},
    {"T6: cleartext beside it locks nobody out",
     {.permit_mode = PRIORITY, .ipv4 = true, .ipv6 = true, .versions = TLS13, .ciphers = AES},
     {"tls.versions: tls12 is off"}},
};

struct heard {
    size_t count;
    char *sentences[32];
};

static void hear(void *context, const char *sentence)
{
    struct heard *heard = context;

    assert_true(heard->count < COUNT(heard->sentences));
    heard->sentences[heard->count] = strdup(sentence);
    assert_non_null(heard->sentences[heard->count]);
    heard->count++;
}

static void test_warnings(void **state)
{
    struct tls_stack stack;

    (void)state;
    tls_stack_from_masks(&stack, TLS10 | TLS11 | TLS12 | TLS13, AES | TDES);
    for (size_t i = 0; i < COUNT(looks); i++) {
        struct heard heard = {0};
        const size_t count = tls_policy_warnings(&looks[i].policy, &stack, hear, &heard);
        size_t expected = 0;

        print_message("%s\n", looks[i].what);
        assert_int_equal(count, heard.count);
        for (size_t n = 0; n < count; n++)
            print_message("    %s\n", heard.sentences[n]);
        for (; expected < SAYS_MAX && looks[i].says[expected]; expected++) {
            assert_true(expected < count);
            assert_memory_equal(heard.sentences[expected], looks[i].says[expected], strlen(looks[i].says[expected]));
        }
        assert_int_equal(count, expected);
        for (size_t n = 0; n < count; n++)
            free(heard.sentences[n]);
    }
}

static const struct {
    bool secure;
    int port;
    int transport;
} mails[] = {
    {false, 25, MIB_devsecSmtpTransport_cleartext},   {false, 465, MIB_devsecSmtpTransport_cleartext},
    {false, 587, MIB_devsecSmtpTransport_cleartext},  {true, 465, MIB_devsecSmtpTransport_implicitTls},
    {true, 587, MIB_devsecSmtpTransport_startTls},    {true, 25, MIB_devsecSmtpTransport_serverDecides},
    {true, 1, MIB_devsecSmtpTransport_serverDecides}, {true, 65535, MIB_devsecSmtpTransport_serverDecides},
};

static void test_smtp_transport(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mails); i++)
        assert_int_equal(smtp_transport(mails[i].secure, mails[i].port), mails[i].transport);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suites_agree_with_their_names),
        cmocka_unit_test(test_offer),
        cmocka_unit_test(test_offer_is_bounded_by_the_stack),
        cmocka_unit_test(test_everything_fits),
        cmocka_unit_test(test_names_are_cut_whole),
        cmocka_unit_test(test_judgement),
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_longest_sentence_is_whole),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_smtp_transport),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
