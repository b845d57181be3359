/* SPDX-License-Identifier: Apache-2.0 */
/* The rendered TLS policy, read back by OpenSSL; and that a text which says something else is refused. */
#include "tls/tls_conf.h"

#include "base/text.h"
#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define TLS10 (1u << MIB_devsecTlsVersions_tls10)
#define TLS11 (1u << MIB_devsecTlsVersions_tls11)
#define TLS12 (1u << MIB_devsecTlsVersions_tls12)
#define TLS13 (1u << MIB_devsecTlsVersions_tls13)

#define AES128 (1u << MIB_devsecTlsCiphers_aes128)
#define AES256 (1u << MIB_devsecTlsCiphers_aes256)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void effective_of(struct tls_effective *effective, uint32_t versions, uint32_t ciphers, bool rsa, bool sha1)
{
    const struct tls_policy policy = {.permit_mode = MIB_devsecTlsPermitMode_ciphertextPriority,
                                      .versions = versions,
                                      .ciphers = ciphers,
                                      .rsa_key_exchange = rsa,
                                      .sha1_digest = sha1};
    struct tls_stack stack;

    assert_int_equal(tls_stack_from_library(&stack, NULL), DEVSEC_OK);
    tls_effective_get(effective, &policy, &stack);
}

/* Every policy that can be set gives a file that OpenSSL puts into force as it is meant. */
static void test_every_policy_is_read_back(void **state)
{
    (void)state;
    for (uint32_t versions = 0; versions < 32; versions++) {
        for (uint32_t rest = 0; rest < 64; rest++) {
            struct devsec_error error = {DEVSEC_OK, ""};
            struct tls_effective effective;
            char *text;

            if (versions != 0 && versions != (TLS12 | TLS13) && rest % 5 != versions % 5)
                continue;
            effective_of(&effective, versions, rest & 15, rest & 16, rest & 32);
            text = tls_conf_render(&effective);
            assert_non_null(text);
            if (tls_conf_check(text, &effective, &error))
                fail_msg("versions %#x, ciphers %#x: %s\n%s", versions, rest, error.text, text);
            free(text);
        }
    }
}

/* OpenSSL's own cipher list for the versions that are off was held against the policy, and the old file stayed. */
static void test_tls13_alone_is_applied(void **state)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct tls_effective effective;
    char *text;

    (void)state;
    effective_of(&effective, TLS13, AES128 | AES256, false, false);
    text = tls_conf_render(&effective);
    if (tls_conf_check(text, &effective, &error))
        fail_msg("%s", error.text);
    free(text);
}

static void test_nothing_offered_switches_all_off(void **state)
{
    struct tls_effective effective;
    char *text;

    (void)state;
    effective_of(&effective, 0, 0, false, false);
    text = tls_conf_render(&effective);
    assert_non_null(strstr(text, "Protocol = -ALL\n"));
    assert_null(strstr(text, "CipherString"));
    free(text);
}

/* `text` with the first `from` replaced; "" behind `from` cuts the text there. */
static char *tampered(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    struct text out = {0};

    if (!at)
        fail_msg("\"%s\" is not in\n%s", from, text);
    text_append_n(&out, text, (size_t)(at - text));
    text_append(&out, to);
    text_append(&out, at + strlen(from));
    return text_take(&out);
}

static void test_tampered_text_is_refused(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        enum devsec_err expected;
        const char *text;
    } cases[] = {
        {", TLSv1.2", ", TLSv1.2, TLSv1.1", DEVSEC_ERR_INCONSISTENT, "OpenSSL would offer TLSv1.1, and the policy"},
        {", TLSv1.2", "", DEVSEC_ERR_INCONSISTENT, "OpenSSL would not offer TLSv1.2"},
        {"-ALL, TLSv1.2", "ALL, TLSv1.2", DEVSEC_ERR_INCONSISTENT, "OpenSSL would offer "},
        {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", DEVSEC_ERR_INCONSISTENT,
         "OpenSSL would offer TLS_CHACHA20_POLY1305_SHA256, which the policy leaves out"},
        {"Ciphersuites = ", "# ", DEVSEC_ERR_INCONSISTENT, "which the policy leaves out"},
        {":ECDHE-RSA-AES256-GCM-SHA384", "", DEVSEC_ERR_INCONSISTENT, "suites, the policy has"},
        {"CipherString = ", "CipherString = AES128-SHA:", DEVSEC_ERR_INCONSISTENT, "OpenSSL would offer AES128-SHA"},
        {"CipherString = ", "CipherString = NO-SUCH\nX = ", DEVSEC_ERR_SYNTAX, "OpenSSL refuses CipherString"},
        {"CipherString = ", "CipherStrange = ", DEVSEC_ERR_SYNTAX, "OpenSSL refuses CipherStrange"},
        {"Protocol = ", "Protocol = NOSUCH, ", DEVSEC_ERR_SYNTAX, "OpenSSL refuses Protocol"},
        {"[devsec_tls]", "[devsec_other]", DEVSEC_ERR_INCONSISTENT, "OpenSSL would offer "},
        {"[devsec_tls]", "[devsec_tls", DEVSEC_ERR_SYNTAX, "cannot read line"},
    };
    struct tls_effective effective;
    char *good;

    (void)state;
    effective_of(&effective, TLS12 | TLS13, AES128 | AES256, false, false);
    good = tls_conf_render(&effective);
    assert_int_equal(tls_conf_check(good, &effective, NULL), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct devsec_error error = {DEVSEC_OK, ""};
        char *text = tampered(good, cases[i].from, cases[i].to);
        enum devsec_err err = tls_conf_check(text, &effective, &error);

        if (err != cases[i].expected || error.code != err || !strstr(error.text, cases[i].text))
            fail_msg("case %zu: %d, expected %d: %s\n%s", i, (int)err, (int)cases[i].expected, error.text, text);
        free(text);
    }
    assert_int_equal(tls_conf_check(good, &effective, NULL), DEVSEC_OK); /* no trace of the bad ones */
    free(good);
}

/* A machine's openssl.cnf must have no say in what this check sees. */
static void test_openssl_cnf_has_no_say(void **state)
{
    struct tls_effective effective;
    char *text;

    (void)state;
    effective_of(&effective, TLS10 | TLS11 | TLS12, AES128 | AES256, true, true);
    text = tls_conf_render(&effective);
    assert_int_equal(effective.versions, TLS10 | TLS11 | TLS12);
    assert_int_equal(tls_conf_check(text, &effective, NULL), DEVSEC_OK);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_policy_is_read_back),        cmocka_unit_test(test_tls13_alone_is_applied),
        cmocka_unit_test(test_nothing_offered_switches_all_off), cmocka_unit_test(test_tampered_text_is_refused),
        cmocka_unit_test(test_openssl_cnf_has_no_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
