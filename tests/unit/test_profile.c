/* SPDX-License-Identifier: Apache-2.0 */
/* The device profile: what is read, and what each wrong file is told. */
#include "device/profile.h"

#include "devsec_mib.h"
#include "pki/pki.h"

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
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define IDENTITY "model: MP C5504\nfirmware: \"1.20\"\n"

static enum devsec_err parse(struct profile *profile, const char *text, struct devsec_error *error)
{
    return profile_parse(profile, "device.yaml", text, strlen(text), error);
}

static void test_identity_alone(void **state)
{
    struct devsec_error error = {0};
    struct profile profile;

    (void)state;
    memset(&profile, 0xA5, sizeof(profile));
    assert_int_equal(parse(&profile, IDENTITY, &error), DEVSEC_OK);
    assert_string_equal(profile.model, "MP C5504");
    assert_string_equal(profile.firmware, "1.20");
    assert_null(profile.restart_command);
    assert_false(profile.has_tls_stack);
    assert_int_equal(profile.key_limit, 32);
    assert_int_equal(profile.reserved_keys, 0);
    assert_int_equal(profile.reserved_key.type, PKI_KEY_RSA);
    assert_int_equal(profile.reserved_key.bits, 2048);
    assert_int_equal(profile.reserved_key.curve, PKI_CURVE_P256);
    profile_clear(&profile);
    assert_null(profile.model);
    assert_null(profile.firmware);
    assert_int_equal(profile.key_limit, 0);
    profile_clear(&profile);
}

static void test_everything(void **state)
{
    static const char text[] = "tls:\n"
                               "  ciphers: [aes128, tripleDes168, rc4]\n"
                               "  versions:\n"
                               "    - ssl30\n"
                               "    - tls12\n"
                               "keys:\n"
                               "  reserved-key: {curve: p521, bits: 8192, type: ecdsa}\n"
                               "  reserved:\n"
                               "    - device-signature\n"
                               "    - default\n"
                               "  limit: 10000\n"
                               "restart:\n"
                               "  command: [/sbin/shutdown, -r, \"\", now]\n"
                               "firmware: 1.20\n"
                               "model: \"Ger\xC3\xA4t 'X'\"\n";
    struct devsec_error error = {0};
    struct profile profile = {0};

    (void)state;
    assert_int_equal(parse(&profile, text, &error), DEVSEC_OK);
    assert_string_equal(profile.model, "Ger\xC3\xA4t 'X'");
    assert_string_equal(profile.firmware, "1.20");
    assert_string_equal(profile.restart_command[0], "/sbin/shutdown");
    assert_string_equal(profile.restart_command[1], "-r");
    assert_string_equal(profile.restart_command[2], "");
    assert_string_equal(profile.restart_command[3], "now");
    assert_null(profile.restart_command[4]);
    assert_true(profile.has_tls_stack);
    assert_int_equal(profile.tls_versions, 1u << MIB_devsecTlsVersions_ssl30 | 1u << MIB_devsecTlsVersions_tls12);
    assert_int_equal(profile.tls_ciphers, 1u << MIB_devsecTlsCiphers_aes128 | 1u << MIB_devsecTlsCiphers_tripleDes168 |
                                              1u << MIB_devsecTlsCiphers_rc4);
    assert_int_equal(profile.key_limit, 10000);
    assert_int_equal(profile.reserved_keys, 1u << PKI_RESERVED_DEVICE_SIGNATURE | 1u << PKI_RESERVED_DEFAULT);
    assert_int_equal(profile.reserved_key.type, PKI_KEY_ECDSA);
    assert_int_equal(profile.reserved_key.bits, 8192);
    assert_int_equal(profile.reserved_key.curve, PKI_CURVE_P521);
    profile_clear(&profile);
}

/* What each word and label stands for; what is left out has its default, also in a group that is there. */
static void test_keys(void **state)
{
    static const struct {
        const char *keys;
        unsigned limit;
        uint32_t reserved;
        struct pki_key_spec key;
    } cases[] = {
        {"{}", 32, 0, {PKI_KEY_RSA, 2048, PKI_CURVE_P256}},
        {"{limit: 4, reserved: []}", 4, 0, {PKI_KEY_RSA, 2048, PKI_CURVE_P256}},
        {"{reserved: [default]}", 32, 1u << PKI_RESERVED_DEFAULT, {PKI_KEY_RSA, 2048, PKI_CURVE_P256}},
        {"{reserved: [ams]}", 32, 1u << PKI_RESERVED_AMS, {PKI_KEY_RSA, 2048, PKI_CURVE_P256}},
        {"{reserved: [device-signature, ams]}",
         32,
         1u << PKI_RESERVED_DEVICE_SIGNATURE | 1u << PKI_RESERVED_AMS,
         {PKI_KEY_RSA, 2048, PKI_CURVE_P256}},
        {"{reserved-key: {}}", 32, 0, {PKI_KEY_RSA, 2048, PKI_CURVE_P256}},
        {"{reserved-key: {bits: 1024}}", 32, 0, {PKI_KEY_RSA, 1024, PKI_CURVE_P256}},
        {"{reserved-key: {type: rsa, bits: 3072}}", 32, 0, {PKI_KEY_RSA, 3072, PKI_CURVE_P256}},
        {"{reserved-key: {type: ecdsa}}", 32, 0, {PKI_KEY_ECDSA, 2048, PKI_CURVE_P256}},
        {"{reserved-key: {type: ecdsa, curve: p384}}", 32, 0, {PKI_KEY_ECDSA, 2048, PKI_CURVE_P384}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct devsec_error error = {0};
        struct profile profile = {0};
        char text[256];

        snprintf(text, sizeof(text), IDENTITY "keys: %s\n", cases[i].keys);
        if (parse(&profile, text, &error) != DEVSEC_OK)
            fail_msg("%s: %s", cases[i].keys, error.text);
        assert_int_equal(profile.key_limit, cases[i].limit);
        assert_int_equal(profile.reserved_keys, cases[i].reserved);
        assert_memory_equal(&profile.reserved_key, &cases[i].key, sizeof(cases[i].key));
        profile_clear(&profile);
    }
}

/* `says` is the whole sentence. */
static const struct {
    const char *text;
    const char *says;
} mistakes[] = {
    {"", "device.yaml:1:1: model: this key is required and missing"},
    {"firmware: 1\n", "device.yaml:1:1: model: this key is required and missing"},
    {"model: x\n", "device.yaml:1:1: firmware: this key is required and missing"},
    {"- model\n", "device.yaml:1:1: expected a mapping (\"key: value\" lines)"},
    {"model:\nfirmware: 1\n", "device.yaml:1:7: model: found \"\", expected a text of 1 to 255 octets"},
    {"model: ~\nfirmware: 1\n", "device.yaml:1:8: model: found \"~\", expected a text of 1 to 255 octets"},
    {"model: \"\"\nfirmware: 1\n", "device.yaml:1:8: model: found \"\", expected a text of 1 to 255 octets"},
    {"model: x\nfirmware: [1, 2]\n", "device.yaml:2:11: firmware: found a list, expected a text of 1 to 255 octets"},
    {"model: {a: b}\nfirmware: 1\n", "device.yaml:1:8: model: found a mapping, expected a text of 1 to 255 octets"},
    {"modle: x\nfirmware: 1\n", "device.yaml:1:1: modle: unknown key, did you mean model?"},
    {IDENTITY "Tls:\n", "device.yaml:3:1: Tls: unknown key, did you mean tls?"},
    {IDENTITY "  \nserial-number: 12\n",
     "device.yaml:4:1: serial-number: unknown key, expected one of model, firmware, restart, tls, keys"},
    {IDENTITY "tls: {version: [tls12], ciphers: [aes128]}\n",
     "device.yaml:3:7: tls.version: unknown key, did you mean tls.versions?"},
    {IDENTITY "tls: [tls12]\n", "device.yaml:3:6: tls: found a list, expected a mapping"},
    {IDENTITY "tls: {versions: [tls12]}\n", "device.yaml:3:6: tls.ciphers: this key is required and missing"},
    {IDENTITY "tls:\n  ciphers: [aes128]\n", "device.yaml:4:3: tls.versions: this key is required and missing"},
    {IDENTITY "tls: {versions: [], ciphers: [aes128]}\n",
     "device.yaml:3:17: tls.versions: found a list, expected a list with one or more of ssl30, tls10, tls11, tls12, "
     "tls13"},
    {IDENTITY "tls: {versions: tls12, ciphers: [aes128]}\n",
     "device.yaml:3:17: tls.versions: found \"tls12\", expected a list with one or more of ssl30, tls10, tls11, tls12, "
     "tls13"},
    {IDENTITY "tls: {versions: [tls12, tls14], ciphers: [aes128]}\n",
     "device.yaml:3:25: tls.versions: found \"tls14\", expected one of ssl30, tls10, tls11, tls12, tls13"},
    {IDENTITY "tls: {versions: [tls12], ciphers: [aes128, [rc4]]}\n",
     "device.yaml:3:44: tls.ciphers: found a list, expected one of aes128, aes256, tripleDes168, rc4"},
    {IDENTITY "tls: {versions: [tls12, tls12], ciphers: [aes128]}\n",
     "device.yaml:3:25: tls.versions: found \"tls12\", expected each name once"},
    {IDENTITY "keys: 32\n", "device.yaml:3:7: keys: found \"32\", expected a mapping"},
    {IDENTITY "keys:\n", "device.yaml:3:6: keys: found \"\", expected a mapping"},
    {IDENTITY "keys: {limit: 3}\n",
     "device.yaml:3:15: keys.limit: found \"3\", expected a decimal number from 4 to 10000"},
    {IDENTITY "keys: {limit: 10001}\n",
     "device.yaml:3:15: keys.limit: found \"10001\", expected a decimal number from 4 to 10000"},
    {IDENTITY "keys: {limt: 8}\n", "device.yaml:3:8: keys.limt: unknown key, did you mean keys.limit?"},
    {IDENTITY "keys: {slots: 8}\n",
     "device.yaml:3:8: keys.slots: unknown key, expected one of limit, reserved, reserved-key"},
    {IDENTITY "keys: {reserved: default}\n",
     "device.yaml:3:18: keys.reserved: found \"default\", expected a list with any of default, ams, device-signature"},
    {IDENTITY "keys: {reserved: ~}\n",
     "device.yaml:3:18: keys.reserved: found \"~\", expected a list with any of default, ams, device-signature"},
    {IDENTITY "keys: {reserved: {ams: 1}}\n",
     "device.yaml:3:18: keys.reserved: found a mapping, expected a list with any of default, ams, device-signature"},
    {IDENTITY "keys: {reserved: [default, AMS]}\n",
     "device.yaml:3:28: keys.reserved: found \"AMS\", expected one of default, ams, device-signature"},
    {IDENTITY "keys: {reserved: [ams, ams]}\n",
     "device.yaml:3:24: keys.reserved: found \"ams\", expected each name once"},
    {IDENTITY "keys: {reserved-key: rsa}\n", "device.yaml:3:22: keys.reserved-key: found \"rsa\", expected a mapping"},
    {IDENTITY "keys:\n  reserved-key:\n    type: dsa\n",
     "device.yaml:5:11: keys.reserved-key.type: found \"dsa\", expected one of rsa, ecdsa"},
    {IDENTITY "keys: {reserved-key: {type: [rsa]}}\n",
     "device.yaml:3:29: keys.reserved-key.type: found a list, expected one of rsa, ecdsa"},
    {IDENTITY "keys: {reserved-key: {curve: P-256}}\n",
     "device.yaml:3:30: keys.reserved-key.curve: found \"P-256\", expected one of p256, p384, p521"},
    {IDENTITY "keys: {reserved-key: {bits: 1016}}\n", "device.yaml:3:29: keys.reserved-key.bits: found \"1016\", "
                                                      "expected a decimal number from 1024 to 8192, a multiple "
                                                      "of 8"},
    {IDENTITY "keys: {reserved-key: {bits: 8200}}\n", "device.yaml:3:29: keys.reserved-key.bits: found \"8200\", "
                                                      "expected a decimal number from 1024 to 8192, a multiple "
                                                      "of 8"},
    {IDENTITY "keys: {reserved-key: {bits: 2052}}\n", "device.yaml:3:29: keys.reserved-key.bits: found \"2052\", "
                                                      "expected a decimal number from 1024 to 8192, a multiple "
                                                      "of 8"},
    {IDENTITY "keys: {reserved-key: {strength: 2048}}\n",
     "device.yaml:3:23: keys.reserved-key.strength: unknown key, expected one of type, bits, curve"},
    {IDENTITY "restart: /sbin/reboot\n", "device.yaml:3:10: restart: found \"/sbin/reboot\", expected a mapping"},
    {IDENTITY "restart: {}\n", "device.yaml:3:10: restart.command: this key is required and missing"},
    {IDENTITY "restart: {command: /sbin/reboot}\n", "device.yaml:3:20: restart.command: found \"/sbin/reboot\", "
                                                    "expected a list of 1 to 64 texts: a program's absolute "
                                                    "path, then its arguments"},
    {IDENTITY "restart: {command: []}\n",
     "device.yaml:3:20: restart.command: found a list, expected a list of 1 to 64 texts: a program's absolute path, "
     "then its arguments"},
    {IDENTITY "restart: {command: [reboot]}\n",
     "device.yaml:3:21: restart.command: found \"reboot\", expected the absolute path of a program"},
    {IDENTITY "restart: {command: [/sbin/reboot, null]}\n",
     "device.yaml:3:35: restart.command: found \"null\", expected an argument (an empty one is written as \"\")"},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct devsec_error error = {0};
        struct profile profile = {.model = NULL, .tls_versions = 77};

        print_message("%s\n", mistakes[i].says);
        assert_int_equal(parse(&profile, mistakes[i].text, &error), DEVSEC_ERR_SYNTAX);
        assert_string_equal(error.text, mistakes[i].says);
        assert_null(profile.model);
        assert_int_equal(profile.tls_versions, 77);
    }
}

/* Foreign octets do not reach a terminal as they are. */
static void test_messages_are_harmless(void **state)
{
    struct devsec_error error = {0};
    struct profile profile = {0};

    (void)state;
    assert_int_equal(parse(&profile, IDENTITY "tls: {versions: [\"\\e[2J\"], ciphers: [aes128]}\n", &error),
                     DEVSEC_ERR_SYNTAX);
    assert_null(strchr(error.text, '\x1b'));
    assert_int_equal(parse(&profile, "\"\\e[2J\": 1\n", &error), DEVSEC_ERR_SYNTAX);
    assert_null(strchr(error.text, '\x1b'));
    assert_non_null(strstr(error.text, "unknown key"));
}

/* 255 octets are the most that SnmpAdminString carries; a key as long as a screen gets no suggestion, and no crash. */
static void test_lengths(void **state)
{
    struct devsec_error error = {0};
    struct profile profile = {0};
    char text[2048];

    (void)state;
    snprintf(text, sizeof(text), "firmware: 1\nmodel: %0255d\n", 0);
    assert_int_equal(parse(&profile, text, &error), DEVSEC_OK);
    assert_int_equal(strlen(profile.model), 255);
    profile_clear(&profile);
    snprintf(text, sizeof(text), "firmware: 1\nmodel: %0256d\n", 0);
    assert_int_equal(parse(&profile, text, &error), DEVSEC_ERR_SYNTAX);
    assert_non_null(strstr(error.text, "device.yaml:2:8: model: found \"00000"));
    snprintf(text, sizeof(text), "k%0250d: 1\n", 0);
    assert_int_equal(parse(&profile, text, &error), DEVSEC_ERR_SYNTAX);
    assert_non_null(strstr(error.text, "unknown key, expected one of model, firmware, restart, tls"));
}

static void test_files(void **state)
{
    char folder[] = "/tmp/test_profile.XXXXXX";
    struct devsec_error error = {0};
    struct profile profile = {0};
    char path[64];
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/device.yaml", folder);
    assert_int_equal(profile_load(&profile, path, &error), DEVSEC_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(profile_load(&profile, folder, &error), DEVSEC_ERR_UNSAFE);
    assert_non_null(strstr(error.text, folder));

    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("model: x\nfirmware: 1\nmodel: y\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(profile_load(&profile, path, &error), DEVSEC_ERR_SYNTAX);
    assert_memory_equal(error.text, path, strlen(path));
    assert_memory_equal(error.text + strlen(path), ":3:1:", 5);
    assert_null(profile.model);
    unlink(path);
    rmdir(folder);
}

/* Whether a line is a key that was commented out ("#restart:", "#  command: ...") and not prose ("# What ..."). */
static bool is_commented_key(const char *line)
{
    return line[0] == '#' && (line[1] != ' ' || (line[2] == ' ' && line[3] != ' ')) && line[1] != '\n';
}

/* The example that ships is a good profile, as it is and with every key commented in. */
static void test_example(void **state)
{
    static const char path[] = DEVSEC_SOURCE_DIR "/yaml/device-profile.yaml";
    struct devsec_error error = {0};
    struct profile profile = {0};
    char text[8192] = "";
    char line[256];
    FILE *file;

    (void)state;
    assert_int_equal(profile_load(&profile, path, &error), DEVSEC_OK);
    assert_null(profile.restart_command);
    assert_false(profile.has_tls_stack);
    assert_int_equal(profile.key_limit, 32);
    assert_int_equal(profile.reserved_keys, (1u << PKI_RESERVED_COUNT) - 1);
    profile_clear(&profile);

    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        const char *kept = is_commented_key(line) ? line + 1 : line;

        assert_true(strlen(text) + strlen(kept) < sizeof(text));
        strcat(text, kept);
    }
    fclose(file);
    assert_int_equal(parse(&profile, text, &error), DEVSEC_OK);
    assert_non_null(profile.restart_command);
    assert_true(profile.has_tls_stack);
    assert_int_equal(profile.reserved_key.bits, 2048);
    profile_clear(&profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_alone),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_messages_are_harmless),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_example),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
