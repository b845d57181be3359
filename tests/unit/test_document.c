/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the settings document: every complaint with its place, and that printing and parsing lose nothing. */
#include "document_faults.h"
#include "store/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void set(struct document *document, enum setting_id id, const char *text)
{
    assert_int_equal(value_parse(id, text, &document->values[id], NULL), DEVSEC_OK);
}

#define DEFAULTS                                                                                                       \
    "snmp:\n  v3-permit: encryptionOnly\n  v1v2c-permit: disabled\n\n"                                                 \
    "tls:\n  permit-mode: ciphertextCleartext\n  ipv4: false\n  ipv6: false\n  versions: [tls12, tls13]\n"             \
    "  ciphers: [aes128, aes256]\n  rsa-key-exchange: false\n  sha1-digest: false\n\n"                                 \
    "certificates:\n  expiry-warning: 30\n\n"                                                                          \
    "smtp:\n  host: \"\"\n  port: 25\n  secure: false\n\n"                                                             \
    "notify:\n  settings-changed: true\n  store-degraded: true\n  access-denied: true\n"                               \
    "  cert-expiring: true\n  cert-expired: true\n  min-interval: 5\n...\n"

static void a_new_document_is_printed_with_its_defaults(void **state)
{
    struct document *document = NULL;
    char *text;

    (void)state;
    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    assert_int_equal(document->generation, 0);
    document->head = strdup("# mine\n");
    document->generation = 4294967295;
    document->changed = 1795302746;
    text = document_printed(document);
    assert_string_equal(text,
                        "# mine\ngeneration: 4294967295\nchanged: \"2026-11-21T23:12:26Z\"\nformat: 2\n\n" DEFAULTS);
    free(text);
    document_free(document);
}

static void what_is_printed_comes_back(void **state)
{
    struct document *document = NULL;
    struct document *again;
    char *text;

    (void)state;
    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    document->generation = 12;
    document->changed = 1795302746;
    set(document, SETTING_TLS_PERMIT_MODE, "ciphertextOnly");
    set(document, SETTING_TLS_VERSIONS, "none");
    set(document, SETTING_TLS_IPV6, "true");
    set(document, SETTING_SMTP_HOST, "2001:db8::25");
    set(document, SETTING_SMTP_PORT, "587");
    text = document_printed(document);
    again = document_parsed(text);
    assert_true(document_same_settings(document, again));
    assert_int_equal(again->generation, 12);
    assert_int_equal(again->changed, 1795302746);
    set(again, SETTING_SMTP_PORT, "588");
    assert_false(document_same_settings(document, again));
    free(text);
    document_free(again);
    document_free(document);
}

/* Any text at all, also such as no check lets through today: quoting must not depend on what settings there are. */
static void any_text_is_printed_so_that_it_is_a_text(void **state)
{
    static const char *const texts[] = {"true", "25", "~", " x", "a: b", "#", "\x01", "l1\nl2", "\xf0\x9f\x94\x92",
                                        "...",  "---"};
    struct document *document = NULL;
    struct document *again = NULL;

    (void)state;
    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct devsec_error error = {0};
        char *text;

        free(document->values[SETTING_SMTP_HOST].text);
        document->values[SETTING_SMTP_HOST].text = strdup(texts[i]);
        text = document_printed(document);
        if (document_parse(&again, "f", text, strlen(text), &error)) {
            assert_non_null(strstr(error.text, ": smtp.host: found \""));
        } else {
            assert_string_equal(again->values[SETTING_SMTP_HOST].text, texts[i]);
            document_free(again);
        }
        free(text);
    }
    document_free(document);
}

static void missing_settings_have_their_defaults(void **state)
{
    static const char *const texts[] = {
        "format: 1\n",
        "---\nformat: 1\n",
        "format: 1\ntls:\nsmtp: {}\n",
        "format: 1\r\ntls:\r\n  ipv4: false\r\n",
        ("\xef\xbb\xbf"
         "format: 1\n"),
        "{\"format\": 1, \"tls\": {\"versions\": [\"tls12\", \"tls13\"]}}",
    };
    struct document *defaults = NULL;

    (void)state;
    assert_int_equal(document_new(&defaults, NULL), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct document *document = document_parsed(texts[i]);

        assert_true(document_same_settings(document, defaults));
        assert_int_equal(document->generation, 0);
        document_free(document);
    }
    document_free(defaults);
}

static void plain_and_quoted_texts_are_texts(void **state)
{
    struct document *document =
        document_parsed("format: 1\nchanged: 2026-11-21T23:12:26Z\nsmtp: {host: mail.example}\n"
                        "tls:\n  permit-mode: \"ciphertextOnly\"\n  versions:\n  - tls12\n  - 'tls10'\n");

    (void)state;
    assert_string_equal(document->values[SETTING_SMTP_HOST].text, "mail.example");
    assert_int_equal(document->values[SETTING_TLS_VERSIONS].number, 0x0a);
    assert_int_equal(document->values[SETTING_TLS_PERMIT_MODE].number, 3);
    assert_int_equal(document->changed, 1795302746);
    document_free(document);
}

#define VERSIONS "expected a list of ssl30, tls10, tls11, tls12, tls13"
#define MODES    "expected one of ciphertextPriority, ciphertextCleartext, ciphertextOnly"

static const struct {
    const char *text; /* behind "format: 1\n", line 1 */
    const char *sentence;
} refused[] = {
    {"tls:\n  versions: tls14\n", "3:13: tls.versions: found \"tls14\", " VERSIONS},
    {"tls:\n  versions: tls12\n", "3:13: tls.versions: found \"tls12\", " VERSIONS "; did you mean \"tls12\"?"},
    {"tls:\n  versions: [tls12, tls14]\n", "3:21: tls.versions: found \"tls14\", " VERSIONS},
    {"tls:\n  versions:\n  - [tls12]\n", "4:5: tls.versions: found a list, " VERSIONS},
    {"tls:\n  versions: {tls12: true}\n", "3:13: tls.versions: found a mapping, " VERSIONS},
    {"tls:\n  versions: 24\n", "3:13: tls.versions: found \"24\", " VERSIONS},
    {"tls:\n  versions:\n", "3:12: tls.versions: found nothing, " VERSIONS},
    {"tls:\n  permit-mode: 3\n", "3:16: tls.permit-mode: found \"3\", " MODES},
    {"tls:\n  permit-mode: cipherTextOnly\n",
     "3:16: tls.permit-mode: found \"cipherTextOnly\", " MODES "; did you mean \"ciphertextOnly\"?"},
    {"tls:\n  permit-mode: [ciphertextOnly]\n", "3:16: tls.permit-mode: found a list, " MODES},
    {"tls:\n  ipv4: yes\n", "3:9: tls.ipv4: found \"yes\", expected true or false"},
    {"tls:\n  ipv4: True\n", "3:9: tls.ipv4: found \"True\", expected true or false; did you mean \"true\"?"},
    {"tls:\n  ipv4: 'true'\n", "3:9: tls.ipv4: found \"true\" in quotes, expected true or false"},
    {"tls:\n  ipv4: ~\n", "3:9: tls.ipv4: found nothing, expected true or false"},
    {"tls:\n  ipv4: \"a\\eb\"\n", "3:9: tls.ipv4: found \"a\\x1bb\" in quotes, expected true or false"},
    {"smtp:\n  port: 0\n", "3:9: smtp.port: found 0, expected a number from 1 to 65535"},
    {"smtp:\n  port: \"25\"\n", "3:9: smtp.port: found \"25\" in quotes, expected a number from 1 to 65535"},
    {"smtp:\n  port: 0x19\n", "3:9: smtp.port: found \"0x19\", expected a number from 1 to 65535"},
    {"smtp:\n  port: 25.0\n", "3:9: smtp.port: found \"25.0\", expected a number from 1 to 65535"},
    {"smtp:\n  host: null\n", "3:9: smtp.host: found nothing, expected a text of at most 255 octets"},
    {"smtp:\n  host: [a]\n", "3:9: smtp.host: found a list, expected a text of at most 255 octets"},
    {"smtp:\n  host: a_b\n", "3:9: smtp.host: found \"a_b\", expected a host name (letters, digits and hyphens between "
                             "dots), an IPv4 or IPv6 address, or nothing"},
    {"tls:\n  permit-mod: x\n", "3:3: unknown key \"permit-mod\" in tls; did you mean \"permit-mode\"?"},
    {"tls:\n  port: 25\n", "3:3: unknown key \"port\" in tls"},
    {"tls:\n  \"a\\nb\": 25\n", "3:3: unknown key \"a\\x0ab\" in tls"},
    {"tsl:\n  ipv4: true\n", "2:1: unknown key \"tsl\"; did you mean \"tls\"?"},
    {"genration: 1\n", "2:1: unknown key \"genration\"; did you mean \"generation\"?"},
    {"nothing-like-it: 1\n", "2:1: unknown key \"nothing-like-it\""},
    {"tls: on\n", "2:6: tls: found \"on\", expected settings below it, each on a line of its own"},
    {"tls: [ipv4]\n", "2:6: tls: found a list, expected settings below it, each on a line of its own"},
    {"tls:\n  ipv4: true\n  ipv6: true\n  ipv4: false\n",
     "5:3: the key \"ipv4\" stands here a second time (first in line 3)"},
    {"tls:\n  ipv4: true\nsmtp:\ntls:\n", "5:1: the key \"tls\" stands here a second time (first in line 2)"},
    {"generation: -1\n", "2:13: generation: found \"-1\", expected a number from 0 to 4294967295"},
    {"generation: 4294967296\n", "2:13: generation: found \"4294967296\", expected a number from 0 to 4294967295"},
    {"generation: \"1\"\n", "2:13: generation: found \"1\" in quotes, expected a number from 0 to 4294967295"},
    {"changed: yesterday\n", "2:10: changed: found \"yesterday\", expected a time such as \"2026-11-21T23:12:26Z\""},
    {"changed: 2026-02-30T00:00:00Z\n",
     "2:10: changed: found \"2026-02-30T00:00:00Z\", expected a time such as \"2026-11-21T23:12:26Z\""},
    {"tls:\n  ipv4: &x true\n", "3:9: anchors (&name) have no place here; expected a plain value"},
    {"generation: 5\n", "3:1: the document has a generation but no line \"...\" at its end, so that it may be cut "
                        "short; if it is whole, add that line"},
};

static void assert_refused(const char *text, size_t length, enum devsec_err code, const char *sentence)
{
    struct document *document = NULL;
    struct devsec_error error = {0};

    assert_int_equal(document_parse(&document, "settings.yaml", text, length, &error), code);
    assert_int_equal(error.code, code);
    assert_string_equal(error.text, sentence);
    assert_null(document);
    assert_int_equal(document_parse(&document, "settings.yaml", text, length, NULL), code);
}

static void refusals_name_line_column_path_and_what_was_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        char text[256];
        char sentence[512];

        snprintf(text, sizeof(text), "format: 1\n%s", refused[i].text);
        snprintf(sentence, sizeof(sentence), "settings.yaml:%s", refused[i].sentence);
        assert_refused(text, strlen(text), DEVSEC_ERR_SYNTAX, sentence);
    }
}

static void long_values_are_cut_in_messages(void **state)
{
    struct document *document = NULL;
    struct devsec_error error = {0};
    char text[4096] = "format: 1\ntls:\n  ipv4: ";

    (void)state;
    memset(text + strlen(text), 'x', sizeof(text) - 1 - strlen(text));
    assert_int_equal(document_parse(&document, "f", text, strlen(text), &error), DEVSEC_ERR_SYNTAX);
    assert_true(strlen(error.text) < 200);
    assert_non_null(strstr(error.text, "xxx...\", expected true or false"));
}

static void formats_are_told_apart(void **state)
{
    static const char newer[] = "format: 3\nunknown: [1\n, 2]\n";
    static const char empty[] = "";
    static const char other[] = "tls: {}\n";
    static const char zero[] = "format: 0\n";
    static const char word[] = "format: one\n";
    static const char huge[] = "format: 99999999999999999999\n";

    (void)state;
    assert_refused(newer, strlen(newer), DEVSEC_ERR_NEWER_FORMAT,
                   "settings.yaml:1:9: format: found \"3\", expected 2 at most: a newer version wrote this file");
    assert_refused(huge, strlen(huge), DEVSEC_ERR_NEWER_FORMAT,
                   "settings.yaml:1:9: format: found \"99999999999999999999\", expected 2 at most: a newer version "
                   "wrote this file");
    assert_refused(zero, strlen(zero), DEVSEC_ERR_SYNTAX,
                   "settings.yaml:1:9: format: found \"0\", expected a number from 1 to 2");
    assert_refused(word, strlen(word), DEVSEC_ERR_SYNTAX,
                   "settings.yaml:1:9: format: found \"one\", expected a number from 1 to 2");
    assert_refused(empty, 0, DEVSEC_ERR_SYNTAX,
                   "settings.yaml:1:1: format: found nothing, expected the line \"format: 2\" in the document");
    assert_refused(other, strlen(other), DEVSEC_ERR_SYNTAX,
                   "settings.yaml:2:1: format: found nothing, expected the line \"format: 2\" in the document");
    assert_refused("[]\n", 3, DEVSEC_ERR_SYNTAX,
                   "settings.yaml:1:1: found a list, expected the keys of a settings document");
    assert_refused("\0\0\0\0", 4, DEVSEC_ERR_SYNTAX, "settings.yaml:1:1: control characters are not allowed");
}

/* What a power cut or an editor that writes in place may leave: no beginning of a document passes for a whole one. */
static void a_document_cut_anywhere_is_refused(void **state)
{
    struct document *document = NULL;
    struct devsec_error error = {0};
    struct document *cut = NULL;
    char *text;

    (void)state;
    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    document->generation = 5;
    set(document, SETTING_TLS_PERMIT_MODE, "ciphertextOnly");
    set(document, SETTING_NOTIFY_MIN_INTERVAL, "55");
    text = document_printed(document);
    for (size_t length = 0; length + 1 < strlen(text); length++) {
        assert_int_equal(document_parse(&cut, "f", text, length, &error), DEVSEC_ERR_SYNTAX);
        assert_null(cut);
    }
    assert_int_equal(document_parse(&cut, "f", text, strlen(text) - 1, &error), DEVSEC_OK);
    document_free(cut);
    free(text);
    document_free(document);
}

static const struct {
    const char *text;
    const char *head; /* NULL: the standard one */
} heads[] = {
    {"format: 1\n", ""},
    {"# one\n\n  # two\n\nformat: 1\n", "# one\n\n  # two\n\n"},
    {"# one\r\n#\xc3\xa9\r\n\r\nformat: 1\r\n", "# one\r\n#\xc3\xa9\r\n\r\n"},
    {"\xef\xbb\xbf# one\nformat: 1\n", "# one\n"},
    {"# one\n---\n# not at the top\nformat: 1\n", "# one\n"},
    {"\n\nformat: 1\n# below\n", "\n\n"},
    {"# a\xe2\x80\xa8"
     "format: 1\n",
     "# a\xe2\x80\xa8"}, /* a line end for libyaml */
    {"# a\rformat: 1\n", "# a\r"},
};

static void the_head_is_kept_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(heads); i++) {
        struct document *document = document_parsed(heads[i].text);
        struct document *copy = NULL;
        struct document *again;
        char *first = document_printed(document);
        char *second;

        assert_string_equal(document->head, heads[i].head);
        assert_memory_equal(first, heads[i].head, strlen(heads[i].head));
        assert_memory_equal(first + strlen(heads[i].head), "generation: ", 12);
        assert_int_equal(document_copy(&copy, document, NULL), DEVSEC_OK);
        assert_string_equal(copy->head, document->head);
        again = document_parsed(first);
        second = document_printed(again);
        assert_string_equal(second, first);
        free(first);
        free(second);
        document_free(again);
        document_free(copy);
        document_free(document);
    }
}

static void the_standard_head_is_never_doubled(void **state)
{
    struct document *document = NULL;
    char *first;

    (void)state;
    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    first = document_printed(document);
    assert_non_null(strstr(first, "devsecctl check"));
    for (int i = 0; i < 5; i++) {
        char *text = document_printed(document);

        assert_string_equal(text, first);
        document_free(document);
        document = document_parsed(text);
        assert_null(document->head);
        free(text);
    }
    free(first);
    document_free(document);
}

static void a_head_without_end_or_measure_does_no_harm(void **state)
{
    struct document *document = NULL;
    struct devsec_error error = {0};
    char *text = calloc(1, DOCUMENT_HEAD_MAX + 64);
    char *printed = NULL;
    size_t length = 0;

    (void)state;
    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    document->head = strdup("# no end");
    printed = document_printed(document);
    assert_memory_equal(printed, "# no end\ngeneration: 0\n", 23);
    free(printed);
    printed = NULL;
    free(document->head);
    document->head = strdup("# fine\ntls: {}\n");
    assert_int_equal(document_print(document, &printed, &length, &error), DEVSEC_ERR_INTERNAL);
    assert_string_equal(error.text, "the head of the settings holds more than comments");
    assert_null(printed);
    document_free(document);
    memset(text, '#', DOCUMENT_HEAD_MAX);
    memcpy(text + DOCUMENT_HEAD_MAX, "\nformat: 1\n", 12);
    assert_refused(text, strlen(text), DEVSEC_ERR_SYNTAX,
                   "settings.yaml:1:1: the comment that the document begins with is longer than 65536 octets");
    document_free(document_parsed(text + 1));
    free(text);
}

static void end_marks_are_recognised(void **state)
{
    static const char *const ends[] = {"...\n", "...", "...\r\n", "... \n", "... # the end\n", "...\n# after\n\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct document *document;
        char text[128];

        snprintf(text, sizeof(text), "format: 1\ngeneration: 7\n%s", ends[i]);
        document = document_parsed(text);
        assert_int_equal(document->generation, 7);
        document_free(document);
    }
}

static void copies_are_deep_and_nothing_is_freed_twice(void **state)
{
    struct document *document = document_parsed("format: 1\nsmtp: {host: mail.example}\n");
    struct document *copy = NULL;

    (void)state;
    assert_int_equal(document_copy(&copy, document, NULL), DEVSEC_OK);
    alloc_faults_watch(document->values[SETTING_SMTP_HOST].text, strlen("mail.example"));
    document_free(document);
    assert_true(alloc_faults.cleansed);
    assert_string_equal(copy->values[SETTING_SMTP_HOST].text, "mail.example");
    document_free(copy);
    document_free(NULL);
}

static void lack_of_memory_loses_nothing(void **state)
{
    static const char source[] = "# head\nformat: 1\ngeneration: 3\nsmtp:\n  host: mail.example\n"
                                 "tls:\n  versions: [tls11, tls12]\n...\n";

    (void)state;
    document_assert_survives(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_document_is_printed_with_its_defaults),
        cmocka_unit_test(what_is_printed_comes_back),
        cmocka_unit_test(any_text_is_printed_so_that_it_is_a_text),
        cmocka_unit_test(missing_settings_have_their_defaults),
        cmocka_unit_test(plain_and_quoted_texts_are_texts),
        cmocka_unit_test(refusals_name_line_column_path_and_what_was_expected),
        cmocka_unit_test(long_values_are_cut_in_messages),
        cmocka_unit_test(formats_are_told_apart),
        cmocka_unit_test(a_document_cut_anywhere_is_refused),
        cmocka_unit_test(the_head_is_kept_as_it_is),
        cmocka_unit_test(the_standard_head_is_never_doubled),
        cmocka_unit_test(a_head_without_end_or_measure_does_no_harm),
        cmocka_unit_test(end_marks_are_recognised),
        cmocka_unit_test(copies_are_deep_and_nothing_is_freed_twice),
        cmocka_unit_test(lack_of_memory_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
