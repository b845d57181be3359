/* SPDX-License-Identifier: Apache-2.0 */
/* devsecd's own configuration: defaults, relative paths, limits, and what each wrong file is told. */
#include "device/config.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A private folder with devsecd.yaml in it. */
struct place {
    char folder[32];
    char file[64];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    assert_non_null(place);
    strcpy(place->folder, "/tmp/test_config.XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->file, sizeof(place->file), "%s/devsecd.yaml", place->folder);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    unlink(place->file);
    rmdir(place->folder);
    free(place);
    return 0;
}

static enum devsec_err load(const struct place *place, struct config *config, const char *text,
                            struct devsec_error *error)
{
    FILE *file = fopen(place->file, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return config_load(config, place->file, error);
}

static void assert_defaults(const struct config *config)
{
    assert_string_equal(config->store, "/var/lib/devsec/store");
    assert_string_equal(config->profile, "/etc/devsec/device-profile.yaml");
    assert_string_equal(config->applied, "/var/lib/devsec/applied");
    assert_string_equal(config->device_key, "/var/lib/devsec/device.key");
    assert_string_equal(config->agentx_socket, "/var/agentx/master");
    assert_string_equal(config->guard_socket, "/run/devsec/guard");
    assert_int_equal(config->generations, 10);
    assert_int_equal(config->lock_timeout_ms, 500);
}

static void test_defaults(void **state)
{
    struct devsec_error error = {0};
    struct config config;

    memset(&config, 0xA5, sizeof(config));
    assert_int_equal(load(*state, &config, "", &error), DEVSEC_OK);
    assert_defaults(&config);
    config_clear(&config);
    assert_null(config.store);
    config_clear(&config);
    assert_int_equal(config_load(&config, DEVSEC_SOURCE_DIR "/yaml/devsecd.yaml", &error), DEVSEC_OK);
    assert_defaults(&config);
    config_clear(&config);
}

static void test_every_key(void **state)
{
    const struct place *place = *state;
    struct devsec_error error = {0};
    struct config config = {0};
    char expected[128];

    assert_int_equal(load(place, &config,
                          "store: state/store\n"
                          "profile: \"null\"\n"
                          "applied: /srv/applied\n"
                          "device-key: keys/device\n"
                          "agentx-socket: ../agentx\n"
                          "guard-socket: ./guard\n"
                          "generations: 100\n"
                          "lock-timeout-ms: 0\n",
                          &error),
                     DEVSEC_OK);
    snprintf(expected, sizeof(expected), "%s/state/store", place->folder);
    assert_string_equal(config.store, expected);
    snprintf(expected, sizeof(expected), "%s/null", place->folder);
    assert_string_equal(config.profile, expected);
    assert_string_equal(config.applied, "/srv/applied");
    snprintf(expected, sizeof(expected), "%s/keys/device", place->folder);
    assert_string_equal(config.device_key, expected);
    snprintf(expected, sizeof(expected), "%s/../agentx", place->folder);
    assert_string_equal(config.agentx_socket, expected);
    snprintf(expected, sizeof(expected), "%s/./guard", place->folder);
    assert_string_equal(config.guard_socket, expected);
    assert_int_equal(config.generations, 100);
    assert_int_equal(config.lock_timeout_ms, 0);
    config_clear(&config);
}

/* Where the file itself is named relatively, the paths in it still come out absolute. */
static void test_relative_file(void **state)
{
    const struct place *place = *state;
    struct devsec_error error = {0};
    struct config config = {0};
    char before[PATH_MAX], expected[128];

    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(load(place, &config, "store: s\n", &error), DEVSEC_OK);
    config_clear(&config);
    snprintf(expected, sizeof(expected), "%s/s", place->folder);
    assert_int_equal(chdir(place->folder), 0);
    assert_int_equal(config_load(&config, "devsecd.yaml", &error), DEVSEC_OK);
    assert_string_equal(config.store, expected);
    config_clear(&config);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(config_load(&config, place->file + 1, &error), DEVSEC_OK);
    assert_string_equal(config.store, expected);
    config_clear(&config);
    assert_int_equal(chdir(before), 0);
}

/* `says` is the sentence behind the file's name. */
static const struct {
    const char *text;
    const char *says;
} mistakes[] = {
    {"stoer: x\n", ":1:1: stoer: unknown key, did you mean store?"},
    {"agentx_socket: x\n", ":1:1: agentx_socket: unknown key, did you mean agentx-socket?"},
    {"verbose: true\n", ":1:1: verbose: unknown key, expected one of store, profile, applied, device-key, "
                        "agentx-socket, guard-socket, generations, lock-timeout-ms"},
    {"store:\n", ":1:7: store: found \"\", expected a path"},
    {"store: \"\"\n", ":1:8: store: found \"\", expected a path"},
    {"store: [a]\n", ":1:8: store: found a list, expected a path"},
    {"generations: 1\n", ":1:14: generations: found \"1\", expected a decimal number from 2 to 100"},
    {"generations: 101\n", ":1:14: generations: found \"101\", expected a decimal number from 2 to 100"},
    {"generations: -3\n", ":1:14: generations: found \"-3\", expected a decimal number from 2 to 100"},
    {"generations: 010\n", ":1:14: generations: found \"010\", expected a decimal number from 2 to 100"},
    {"generations: 1e1\n", ":1:14: generations: found \"1e1\", expected a decimal number from 2 to 100"},
    {"generations: \"10\"\n", ":1:14: generations: found \"10\", expected a decimal number from 2 to 100"},
    {"generations: 4294967306\n", ":1:14: generations: found \"4294967306\", expected a decimal number from 2 to 100"},
    {"generations: {a: 1}\n", ":1:14: generations: found a mapping, expected a decimal number from 2 to 100"},
    {"# here\nlock-timeout-ms: 60001\n",
     ":2:18: lock-timeout-ms: found \"60001\", expected a decimal number from 0 to 60000"},
    {"[]\n", ":1:1: expected a mapping (\"key: value\" lines)"},
};

static void test_mistakes(void **state)
{
    const struct place *place = *state;

    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct config config = {.generations = 77};
        struct devsec_error error = {0};

        print_message("%s\n", mistakes[i].says);
        assert_int_equal(load(place, &config, mistakes[i].text, &error), DEVSEC_ERR_SYNTAX);
        assert_memory_equal(error.text, place->file, strlen(place->file));
        assert_string_equal(error.text + strlen(place->file), mistakes[i].says);
        assert_int_equal(config.generations, 77);
        assert_null(config.store);
    }
}

/* 107 octets are the most that a unix socket's address holds with its closing NUL (unix(7)). */
static void test_socket_path_limit(void **state)
{
    static const char *const keys[] = {"agentx-socket", "guard-socket"};
    const struct place *place = *state;
    const int room = 107 - (int)strlen(place->folder) - 1;

    for (size_t i = 0; i < COUNT(keys); i++) {
        struct devsec_error error = {0};
        struct config config = {0};
        char text[256];

        snprintf(text, sizeof(text), "%s: s%0*d\n", keys[i], room - 1, 0);
        assert_int_equal(load(place, &config, text, &error), DEVSEC_OK);
        assert_int_equal(strlen(i ? config.guard_socket : config.agentx_socket), 107);
        config_clear(&config);
        snprintf(text, sizeof(text), "%s: s%0*d\n", keys[i], room, 0);
        assert_int_equal(load(place, &config, text, &error), DEVSEC_ERR_SYNTAX);
        assert_non_null(strstr(error.text, "expected a path of at most 107 octets, its folder included (that makes "
                                           "108)"));
        assert_null(config.store);
    }
}

static void test_missing_file(void **state)
{
    struct config config = {.generations = 77};
    struct devsec_error error = {0};

    (void)state;
    assert_int_equal(config_load(&config, "/nonexistent/devsecd.yaml", &error), DEVSEC_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "/nonexistent/devsecd.yaml"));
    assert_int_equal(config.generations, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_every_key),         cmocka_unit_test(test_relative_file),
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_socket_path_limit), cmocka_unit_test(test_missing_file),
    };

    return cmocka_run_group_tests(tests, make_place, remove_place);
}
