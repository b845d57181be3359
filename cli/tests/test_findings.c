/* SPDX-License-Identifier: Apache-2.0 */
/* All findings in a settings document, each at its place, and none that is only the consequence of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "findings.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct expected {
    size_t line;
    size_t column;
    const char *text; /* a part of it; NULL behind the last */
};

/* A rule for the tests: port 666 is refused. */
static enum devsec_err no_port_666(void *context, const struct document *candidate, struct store_fault *fault)
{
    static const enum setting_id involved[] = {SETTING_SMTP_HOST, SETTING_SMTP_PORT, SETTING_COUNT};

    (void)context;
    if (candidate->values[SETTING_SMTP_PORT].number != 666)
        return DEVSEC_OK;
    fault->involved[0] = involved[0];
    fault->involved[1] = involved[1];
    fault->n_involved = 2;
    return devsec_fail(&fault->error, DEVSEC_ERR_INCONSISTENT, "port 666 is taken");
}

static const struct {
    const char *text;
    struct expected expected[4];
} every_finding[] = {
    {"format: 1\n", {{0}}},
    {"format: 1\ntls:\n  ipv4: false\n", {{0}}},
    {"format: 1\ntls:\n  ipv4: maybe\n  ipv6: false\n", {{3, 9, "tls.ipv4: "}}},
    {"format: 1\ntls:\n  ipv4: maybe\n  ipv6: 3\nsmtp:\n  port: 0\n",
     {{3, 9, "tls.ipv4: "}, {4, 9, "tls.ipv6: "}, {6, 9, "smtp.port: "}}},
    {"# head\nformat: 1\ntls:\n  # why\n  ipv4: maybe # because\n\n  permit-mod: ciphertextOnly\n  ipv6: true\n",
     {{5, 9, "tls.ipv4: "}, {7, 3, "permit-mode"}}},
    {"format: 1\ntls:\n  versions: [tls12, tls14, tls13]\nsmtp:\n  port: x\n",
     {{3, 21, "tls14"}, {5, 9, "smtp.port: "}}},
    {"format: 1\ntls:\n  versions:\n    - tls12\n    - tls14\n  ipv4: 7\n", {{5, 7, "tls14"}, {6, 9, "tls.ipv4"}}},
    {"format: 1\ntsl:\n  ipv4: true\nsmtp:\n  port: 99999\n", {{2, 1, "tls"}, {5, 9, "99999"}}},
    {"format: 1\ntls: ciphertextOnly\nsmtp:\n  port: 99999\n", {{2, 6, "tls"}, {4, 9, "99999"}}},
    {"format: 1\nsmtp:\n  host: {a: b}\n  port: 99999\n", {{3, 9, "smtp.host"}, {4, 9, "99999"}}},
    {"format: 1\nsmtp:\n  port: 99999", {{3, 9, "99999"}}},
    {"generation: 5\nformat: 1\nsmtp:\n  port: 99999\n...\n", {{4, 9, "99999"}}},
    {"format: 1\nsmtp: {port: 99999, secure: maybe}\n", {{2, 14, "99999"}}},
    {"format: 1\ngeneration: many\nsmtp:\n  port: 99999\n", {{2, 13, "generation"}, {4, 9, "99999"}}},
    {"format: 1\nsmtp:\n  g\xC3\xBC: {x: 1}\n  h\xC3\xA4st: [1]\n  port: 99999\n",
     {{3, 3, "unknown key"}, {4, 3, "unknown key"}, {5, 9, "99999"}}},
    {"format: one\nsmtp:\n  port: 99999\n", {{1, 9, "format"}}},
    {"format: 3\nsmtp:\n  port: 99999\n", {{1, 9, "newer"}}},
    {"smtp:\n  port: 99999\n", {{2, 9, "99999"}, {3, 1, "format"}}},
    {"format: 1\nsmtp:\n  port: 1\n  port: 2\n", {{4, 3, "port"}}},
    {"format: 1\nsmtp: [\n", {{3, 1, "flow"}}},
    {"format: 1\nsmtp:\n  port: 666\n", {{3, 3, "port 666 is taken"}}},
    {"format: 1\nsmtp:\n  host: mail\n  port: 666\n", {{3, 3, "port 666 is taken"}}},
    {"format: 1\nsmtp:\n  port: 666\n  secure: maybe\n", {{4, 11, "smtp.secure"}}},
};

static void every_finding_at_its_place(void **state)
{
    const struct store_rules rules = {.check = no_port_666};

    (void)state;
    for (size_t i = 0; i < COUNT(every_finding); i++) {
        struct findings findings = {0};
        struct document *document = NULL;
        struct devsec_error error = {0};
        size_t n = 0;

        assert_int_equal(findings_of_document(&findings, "a.yaml", every_finding[i].text, strlen(every_finding[i].text),
                                              &rules, &document, &error),
                         DEVSEC_OK);
        for (; every_finding[i].expected[n].text; n++) {
            assert_true(n < findings.count);
            assert_false(findings.list[n].warning);
            assert_string_equal(findings.list[n].file, "a.yaml");
            assert_int_equal(findings.list[n].line, every_finding[i].expected[n].line);
            assert_int_equal(findings.list[n].column, every_finding[i].expected[n].column);
            if (!strstr(findings.list[n].text, every_finding[i].expected[n].text))
                fail_msg("case %zu: \"%s\" is not in \"%s\"", i, every_finding[i].expected[n].text,
                         findings.list[n].text);
        }
        assert_int_equal(findings.count, n);
        assert_int_equal(findings.errors, findings.count);
        assert_int_equal(document == NULL, findings.count > 0);
        document_free(document);
        findings_free(&findings);
    }
}

static void a_place_is_taken_from_the_text(void **state)
{
    static const struct {
        const char *text;
        size_t line;
        size_t column;
        const char *rest;
    } cases[] = {
        {"f.yaml:3:14: bad", 3, 14, "bad"},
        {"f.yaml: bad", 0, 0, "f.yaml: bad"},
        {"f.yaml:3: bad", 0, 0, "f.yaml:3: bad"},
        {"f.yaml:0:1: bad", 0, 0, "f.yaml:0:1: bad"},
        {"other:3:14: bad", 0, 0, "other:3:14: bad"},
        {"f.yaml", 0, 0, "f.yaml"},
        {"", 0, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct findings findings = {0};
        struct devsec_error error = {0};

        devsec_fail(&error, DEVSEC_ERR_SYNTAX, "%s", cases[i].text);
        findings_add_error(&findings, "f.yaml", &error);
        assert_int_equal(findings.count, 1);
        assert_int_equal(findings.list[0].line, cases[i].line);
        assert_int_equal(findings.list[0].column, cases[i].column);
        assert_string_equal(findings.list[0].text, cases[i].rest);
        findings_free(&findings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_finding_at_its_place),
        cmocka_unit_test(a_place_is_taken_from_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
