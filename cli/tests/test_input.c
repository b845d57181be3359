/* SPDX-License-Identifier: Apache-2.0 */
/* What devsecctl takes in: options, PATH VALUE pairs, values from standard input, and secrets kept out of argv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli.h"
#include "commands.h"
#include "input.h"
#include "pairs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS        12

/* A struct cli whose error stream ends in memory and whose input comes from a pipe. */
struct rig {
    struct cli cli;
    char *said;
    size_t said_length;
};

static FILE *stream_of(const char *bytes, size_t length)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], bytes, length), (ssize_t)length);
    close(ends[1]);
    return fdopen(ends[0], "r");
}

static void rig_open(struct rig *rig, const char *input, size_t length)
{
    *rig = (struct rig){.said = NULL};
    rig->cli.in = stream_of(input, length);
    rig->cli.err = open_memstream(&rig->said, &rig->said_length);
    assert_non_null(rig->cli.err);
}

/* What was said on the error stream, up to here. */
static const char *rig_said(struct rig *rig)
{
    fflush(rig->cli.err);
    return rig->said;
}

static void rig_close(struct rig *rig)
{
    fclose(rig->cli.in);
    fclose(rig->cli.err);
    free(rig->said);
}

static bool host_is_secret(enum setting_id id)
{
    return id == SETTING_SMTP_HOST;
}

/* Splits at single spaces. */
static int split(char *line, char **words)
{
    int count = 0;

    for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
        words[count++] = word;
    return count;
}

static void options_stand_anywhere(void **state)
{
    static const struct {
        const char *line;
        const char *words;
        enum cli_format format;
        bool quiet;
    } cases[] = {
        {"devsecctl get tls", "get tls", CLI_TEXT, false},
        {"devsecctl -q -o json get tls", "get tls", CLI_JSON, true},
        {"devsecctl get -ojson tls -q", "get tls", CLI_JSON, true},
        {"devsecctl get tls --output=yaml", "get tls", CLI_YAML, false},
        {"devsecctl get --output yaml tls --quiet", "get tls", CLI_YAML, true},
        {"devsecctl set a - -q", "set a -", CLI_TEXT, true},
        {"devsecctl set -q -- a -5 --quiet", "set a -5 --quiet", CLI_TEXT, true},
        {"devsecctl -o json -o text get", "get", CLI_TEXT, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char line[128];
        char joined[128] = "";
        char *argv[WORDS] = {NULL};
        char *words[WORDS] = {NULL};
        int n_words = 0;
        struct rig rig;
        int argc;

        rig_open(&rig, "", 0);
        snprintf(line, sizeof(line), "%s", cases[i].line);
        argc = split(line, argv);
        assert_int_equal(options_read(&rig.cli, argc, argv, words, &n_words), CLI_OK);
        for (int word = 0; word < n_words; word++) {
            strcat(joined, word ? " " : "");
            strcat(joined, words[word]);
        }
        assert_string_equal(joined, cases[i].words);
        assert_int_equal(rig.cli.format, cases[i].format);
        assert_int_equal(rig.cli.quiet, cases[i].quiet);
        assert_string_equal(rig_said(&rig), "");
        rig_close(&rig);
    }
}

static void own_options_keep_their_words(void **state)
{
    char line[] = "devsecctl admin add --role r --auth=a bob --master-keys";
    char *argv[WORDS] = {NULL};
    char *words[WORDS] = {NULL};
    int n_words = 0;
    struct rig rig;
    int argc;

    (void)state;
    rig_open(&rig, "", 0);
    argc = split(line, argv);
    assert_int_equal(options_read(&rig.cli, argc, argv, words, &n_words), CLI_OK);
    assert_int_equal(n_words, 3);
    assert_string_equal(words[2], "bob");
    assert_string_equal(rig.cli.options[CLI_OPTION_ROLE], "r");
    assert_string_equal(rig.cli.options[CLI_OPTION_AUTH], "a");
    assert_string_equal(rig.cli.options[CLI_OPTION_MASTER_KEYS], "");
    assert_null(rig.cli.options[CLI_OPTION_PRIV]);
    assert_null(rig.cli.options[CLI_OPTION_ENGINE_ID]);
    assert_null(rig.cli.options[CLI_OPTION_NO_PASSWORD]);
    rig_close(&rig);
}

static void bad_options_are_named(void **state)
{
    static const struct {
        const char *line;
        const char *said;
    } cases[] = {
        {"devsecctl --quite get", "unknown option --quite"},
        {"devsecctl --quiet -5x get", "unknown option -5"},
        {"devsecctl -q5 get", "unknown option -5"},
        {"devsecctl get -o", "option --output needs an argument"},
        {"devsecctl get --config", "option --config needs an argument"},
        {"devsecctl get --quiet=yes", "option --quiet takes no argument"},
        {"devsecctl admin add --role", "option --role needs an argument"},
        {"devsecctl admin add --no-password=x", "option --no-password takes no argument"},
        {"devsecctl get -o xml", "unknown output format 'xml'; there are text, yaml and json"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char line[128];
        char *argv[WORDS] = {NULL};
        char *words[WORDS] = {NULL};
        int n_words = 0;
        struct rig rig;
        int argc;

        rig_open(&rig, "", 0);
        snprintf(line, sizeof(line), "%s", cases[i].line);
        argc = split(line, argv);
        assert_int_equal(options_read(&rig.cli, argc, argv, words, &n_words), CLI_USAGE);
        assert_non_null(strstr(rig_said(&rig), cases[i].said));
        assert_non_null(strstr(rig_said(&rig), "Try 'devsecctl --help'."));
        rig_close(&rig);
    }
}

static void input_is_read_to_its_end(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        enum devsec_err err;
        const char *expected; /* the value, or a part of the error's text */
    } cases[] = {
        {"", 0, DEVSEC_OK, ""},
        {"\n", 1, DEVSEC_OK, ""},
        {"abc", 3, DEVSEC_OK, "abc"},
        {"abc\n", 4, DEVSEC_OK, "abc"},
        {"abc\n\n", 5, DEVSEC_OK, "abc\n"},
        {"a b\nc\n", 6, DEVSEC_OK, "a b\nc"},
        {"a\0b", 3, DEVSEC_ERR_WRONG_VALUE, "smtp.host: standard input holds a NUL octet"},
        {"\0", 1, DEVSEC_ERR_WRONG_VALUE, "smtp.host: standard input holds a NUL octet"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        FILE *in = stream_of(cases[i].bytes, cases[i].length);
        struct devsec_error error = {0};
        char *value = NULL;

        assert_int_equal(input_read(in, "smtp.host", true, &value, &error), cases[i].err);
        if (cases[i].err) {
            assert_null(value);
            assert_string_equal(error.text, cases[i].expected);
        } else {
            assert_string_equal(value, cases[i].expected);
        }
        input_free(value);
        fclose(in);
    }
}

static void input_has_a_limit(void **state)
{
    FILE *in = fopen("/dev/zero", "r");
    struct devsec_error error = {0};
    char *value = NULL;

    (void)state;
    assert_int_equal(input_read(in, "smtp.host", false, &value, &error), DEVSEC_ERR_WRONG_LENGTH);
    assert_string_equal(error.text, "smtp.host: standard input holds more than any setting takes");
    assert_null(value);
    fclose(in);
}

static void a_terminal_never_shows_a_secret(void **state)
{
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    struct devsec_error error = {0};
    char *value = NULL;
    FILE *in;

    (void)state;
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    in = fopen(ptsname(master), "r+");
    assert_non_null(in);
    assert_int_equal(input_read(in, "driver.key", true, &value, &error), DEVSEC_ERR_WRONG_VALUE);
    assert_non_null(strstr(error.text, "driver.key: standard input is a terminal"));
    assert_null(value);
    fclose(in);
    close(master);
}

static void pairs_are_judged_each_and_all(void **state)
{
    static const struct {
        const char *line;
        const char *input;
        enum cli_exit status;
        const char *said[2];
    } cases[] = {
        {"smtp.port 587", "", CLI_OK, {NULL}},
        {"smtp.port 587 tls.versions tls12,tls13", "", CLI_OK, {NULL}},
        {"devsecSmtpPort 587", "", CLI_OK, {NULL}},
        {"devsecSmtpPort.0 587", "", CLI_OK, {NULL}},
        {"smtp.port -", "587\n", CLI_OK, {NULL}},
        {"smtp.prot 587 tls.ciphers des", "", CLI_REFUSED, {"did you mean 'smtp.port'?", "tls.ciphers: "}},
        {"smtp 587", "", CLI_REFUSED, {"smtp is a group of settings"}},
        {"devsecTlsEffectiveVersions tls12", "", CLI_REFUSED, {"devsecTlsEffectiveVersions is no setting"}},
        {"zzz 1", "", CLI_REFUSED, {"there is no setting 'zzz'; 'devsecctl get' lists all of them"}},
        {"smtp.port", "", CLI_USAGE, {"a value is missing behind 'smtp.port'"}},
        {"smtp.port 1 smtp.host", "", CLI_USAGE, {"a value is missing behind 'smtp.host'"}},
        {"smtp.port 1 devsecSmtpPort 2", "", CLI_USAGE, {"smtp.port is given twice"}},
        {"smtp.port - notify.min-interval -", "", CLI_USAGE, {"only one value can come from standard input"}},
        {"smtp.host mail.example.com", "", CLI_REFUSED, {"smtp.host is a secret", "devsecctl set smtp.host - < FILE"}},
        {"smtp.host -", "mail.example.com\n", CLI_OK, {NULL}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char line[128];
        char *argv[WORDS] = {NULL};
        struct pairs pairs = {.selection = {.count = 0}};
        struct rig rig;

        rig_open(&rig, cases[i].input, strlen(cases[i].input));
        snprintf(line, sizeof(line), "%s", cases[i].line);
        assert_int_equal(pairs_read(&rig.cli, split(line, argv), argv, host_is_secret, &pairs), cases[i].status);
        if (cases[i].status == CLI_OK)
            assert_string_equal(rig_said(&rig), "");
        for (size_t said = 0; said < COUNT(cases[i].said) && cases[i].said[said]; said++)
            assert_non_null(strstr(rig_said(&rig), cases[i].said[said]));
        pairs_clear(&pairs);
        rig_close(&rig);
    }
}

/* A secret's value is in no message, wherever it came from. */
static void a_refused_secret_is_not_repeated(void **state)
{
    static const struct {
        const char *line;
        const char *input;
    } cases[] = {{"smtp.host hunter2", ""}, {"smtp.host -", "\xffhunter2"}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char line[64];
        char *argv[WORDS] = {NULL};
        struct pairs pairs = {.selection = {.count = 0}};
        struct rig rig;

        rig_open(&rig, cases[i].input, strlen(cases[i].input));
        snprintf(line, sizeof(line), "%s", cases[i].line);
        assert_int_equal(pairs_read(&rig.cli, split(line, argv), argv, host_is_secret, &pairs), CLI_REFUSED);
        assert_null(strstr(rig_said(&rig), "hunter2"));
        pairs_clear(&pairs);
        rig_close(&rig);
    }
}

/* What decides outside of tests is the schema. */
static void the_schema_says_what_is_secret(void **state)
{
    (void)state;
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        assert_int_equal(pairs_schema_secret(id), settings[id].secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(own_options_keep_their_words),
        cmocka_unit_test(bad_options_are_named),
        cmocka_unit_test(input_is_read_to_its_end),
        cmocka_unit_test(input_has_a_limit),
        cmocka_unit_test(a_terminal_never_shows_a_secret),
        cmocka_unit_test(pairs_are_judged_each_and_all),
        cmocka_unit_test(a_refused_secret_is_not_repeated),
        cmocka_unit_test(the_schema_says_what_is_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
