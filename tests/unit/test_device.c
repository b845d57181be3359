/* SPDX-License-Identifier: Apache-2.0 */
/* The device: where its TLS stack comes from, the rules it gives to the store, and its warnings. */
#include "device/device.h"

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
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TLS10 (1u << MIB_devsecTlsVersions_tls10)
#define TLS12 (1u << MIB_devsecTlsVersions_tls12)
#define TLS13 (1u << MIB_devsecTlsVersions_tls13)
#define AES   (1u << MIB_devsecTlsCiphers_aes128 | 1u << MIB_devsecTlsCiphers_aes256)
#define RC4   (1u << MIB_devsecTlsCiphers_rc4)

/* Opens a device whose profile has `more` behind the identity. */
static enum devsec_err open_device(struct device *device, const char *more, struct devsec_error *error)
{
    char path[] = "/tmp/test_device.XXXXXX";
    const int fd = mkstemp(path);
    enum devsec_err err;

    assert_true(fd >= 0);
    assert_true(dprintf(fd, "model: x\nfirmware: 1\n%s", more) > 0);
    close(fd);
    err = device_open(device, path, error);
    unlink(path);
    return err;
}

static struct document *new_document(void)
{
    struct document *document = NULL;
    struct devsec_error error = {0};

    assert_int_equal(document_new(&document, &error), DEVSEC_OK);
    return document;
}

static void count_sentence(void *context, const char *sentence)
{
    size_t *count = context;

    print_message("    %s\n", sentence);
    (*count)++;
}

static void test_default_device_and_document(void **state)
{
    struct document *document = new_document();
    struct devsec_error error = {0};
    struct store_fault fault = {0};
    struct device device;
    size_t said = 0;

    (void)state;
    memset(&device, 0xA5, sizeof(device));
    assert_int_equal(device_open(&device, DEVSEC_SOURCE_DIR "/yaml/device-profile.yaml", &error), DEVSEC_OK);
    assert_int_equal(device.stack.versions & (TLS12 | TLS13), TLS12 | TLS13);
    assert_int_equal(device.rules.check(device.rules.context, document, &fault), DEVSEC_OK);
    assert_int_equal(device_warnings(&device, document, count_sentence, &said), 0);
    assert_int_equal(said, 0);
    document_free(document);
    device_close(&device);
    assert_null(device.profile.model);
    device_close(&device);
}

/* The maker's word counts, whatever the linked library has. */
static void test_stack_of_the_profile(void **state)
{
    struct devsec_error error = {0};
    struct tls_stack expected;
    struct device device;

    (void)state;
    assert_int_equal(open_device(&device, "tls: {versions: [tls10, tls12], ciphers: [rc4]}\n", &error), DEVSEC_OK);
    tls_stack_from_masks(&expected, TLS10 | TLS12, RC4);
    assert_memory_equal(&device.stack, &expected, sizeof(expected));
    device_close(&device);
}

static void test_no_device_without_profile(void **state)
{
    struct devsec_error error = {0};
    struct device device;

    (void)state;
    assert_int_equal(open_device(&device, "tls: {}\n", &error), DEVSEC_ERR_SYNTAX);
    assert_non_null(strstr(error.text, ":3:6: tls.versions: this key is required and missing"));
    device_close(&device);
    assert_int_equal(device_open(&device, "/nonexistent.yaml", &error), DEVSEC_ERR_NOT_FOUND);
    device_close(&device);
}

static void test_policy_of_a_document(void **state)
{
    struct document *document = new_document();
    struct value *values = document->values;
    struct tls_policy policy;

    (void)state;
    device_tls_policy(document, &policy);
    assert_int_equal(policy.permit_mode, MIB_devsecTlsPermitMode_ciphertextCleartext);
    assert_false(policy.ipv4 || policy.ipv6 || policy.rsa_key_exchange || policy.sha1_digest);
    assert_int_equal(policy.versions, TLS12 | TLS13);
    assert_int_equal(policy.ciphers, AES);

    values[SETTING_TLS_PERMIT_MODE].number = MIB_devsecTlsPermitMode_ciphertextOnly;
    values[SETTING_TLS_VERSIONS].number = TLS10;
    values[SETTING_TLS_CIPHERS].number = RC4;
    values[SETTING_TLS_IPV6].number = 1;
    values[SETTING_TLS_SHA1_DIGEST].number = 1;
    device_tls_policy(document, &policy);
    assert_int_equal(policy.permit_mode, MIB_devsecTlsPermitMode_ciphertextOnly);
    assert_int_equal(policy.versions, TLS10);
    assert_int_equal(policy.ciphers, RC4);
    assert_true(!policy.ipv4 && policy.ipv6 && !policy.rsa_key_exchange && policy.sha1_digest);

    values[SETTING_TLS_IPV6].number = 0;
    values[SETTING_TLS_SHA1_DIGEST].number = 0;
    values[SETTING_TLS_IPV4].number = 1;
    values[SETTING_TLS_RSA_KEY_EXCHANGE].number = 1;
    device_tls_policy(document, &policy);
    assert_true(policy.ipv4 && !policy.ipv6 && policy.rsa_key_exchange && !policy.sha1_digest);
    document_free(document);
}

/* ---- Keys and uses in a document ---- */

#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void put_row(struct document *document, enum table_id id, struct value *row)
{
    assert_int_equal(row_check(id, row, NULL), DEVSEC_OK);
    assert_int_equal(table_put(id, &document->tables[id], row, NULL), DEVSEC_OK);
    row_free(id, row);
}

static void put_key(struct document *document, unsigned slot, const char *name, enum pki_key_type type,
                    bool certificate)
{
    struct value *row = row_new(TABLE_KEYS);

    assert_non_null(row);
    row[KEY_SLOT].number = slot;
    row[KEY_TYPE].number = type;
    row[KEY_ORIGIN].number = MIB_devsecCertOrigin_selfSigned;
    assert_int_equal(value_set_text(&row[KEY_NAME], name, NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[KEY_FILE], DIGEST, NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[KEY_CERTIFICATE], certificate ? DIGEST : "", NULL), DEVSEC_OK);
    put_row(document, TABLE_KEYS, row);
}

static void put_use(struct document *document, const char *use, unsigned slot)
{
    struct value *row = row_new(TABLE_USES);

    assert_non_null(row);
    row[USE_SLOT].number = slot;
    assert_int_equal(value_set_text(&row[USE_NAME], use, NULL), DEVSEC_OK);
    put_row(document, TABLE_USES, row);
}

/* The keys in slots 2 and 3, and which slot serves which use. */
static const struct {
    const char *what;
    const char *use;
    unsigned slot;
    bool certificates;
    enum tls_certificate expected;
} certificates[] = {
    {"no key for TLS", "tls", 0, true, TLS_CERTIFICATE_NONE},
    {"a slot without a key", "tls", 1, true, TLS_CERTIFICATE_NONE},
    {"an RSA key", "tls", 2, true, TLS_CERTIFICATE_RSA},
    {"an ECDSA key", "tls", 3, true, TLS_CERTIFICATE_ECDSA},
    {"an RSA key without a certificate", "tls", 2, false, TLS_CERTIFICATE_NONE},
    {"an ECDSA key without a certificate", "tls", 3, false, TLS_CERTIFICATE_NONE},
    {"a key for something else", "smime", 2, true, TLS_CERTIFICATE_NONE},
};

static void test_certificate_of_a_document(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(certificates); i++) {
        struct document *document = new_document();
        struct tls_policy policy;

        print_message("%s\n", certificates[i].what);
        put_key(document, 2, "two", PKI_KEY_RSA, certificates[i].certificates);
        put_key(document, 3, "three", PKI_KEY_ECDSA, certificates[i].certificates);
        put_use(document, certificates[i].use, certificates[i].slot);
        device_tls_policy(document, &policy);
        assert_int_equal(policy.certificate, certificates[i].expected);
        document_free(document);
    }
}

/* With a certificate TLS can be enabled; what follows from its kind is refused as much as what it lacks. */
static void test_tls_and_its_certificate(void **state)
{
    const uint32_t both = 1u << TABLE_USES | 1u << TABLE_KEYS;
    struct document *document = new_document();
    struct devsec_error error = {0};
    struct store_fault fault = {0};
    struct device device;

    (void)state;
    assert_int_equal(open_device(&device, "", &error), DEVSEC_OK);
    document->values[SETTING_TLS_IPV4].number = 1;
    assert_int_equal(device.rules.check(device.rules.context, document, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_string_equal(fault.error.text,
                        "tls.ipv4: TLS cannot be enabled, no certificate is installed and assigned to tls(1)");
    assert_int_equal(fault.involved_tables, both);

    put_key(document, 2, "two", PKI_KEY_ECDSA, true);
    put_use(document, "tls", 2);
    fault = (struct store_fault){0};
    assert_int_equal(device.rules.check(device.rules.context, document, &fault), DEVSEC_OK);
    assert_int_equal(fault.error.code, DEVSEC_OK);

    put_use(document, "tls", 0);
    assert_int_equal(device.rules.check(device.rules.context, document, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_memory_equal(fault.error.text, "tls.ipv4: TLS cannot be enabled, no certificate", 46);
    assert_int_equal(fault.involved[0], SETTING_TLS_IPV4);
    assert_int_equal(fault.involved_tables, both);

    /* A refusal that has nothing to do with it does not blame it. */
    document->values[SETTING_TLS_IPV4].number = 0;
    document->values[SETTING_TLS_CIPHERS].number = 0;
    fault = (struct store_fault){0};
    assert_int_equal(device.rules.check(device.rules.context, document, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_int_equal(fault.involved_tables, 0);
    document_free(document);
    device_close(&device);
}

/* The rules about keys and uses (pki/uses.h) hold in the store as well. */
static void test_keys_are_checked(void **state)
{
    struct document *document = new_document();
    struct devsec_error error = {0};
    struct store_fault fault = {0};
    struct device device;

    (void)state;
    assert_int_equal(open_device(&device, "", &error), DEVSEC_OK);
    put_key(document, 2, "same", PKI_KEY_RSA, true);
    assert_int_equal(device.rules.check(device.rules.context, document, &fault), DEVSEC_OK);
    put_key(document, 3, "same", PKI_KEY_RSA, true);
    assert_int_equal(device.rules.check(device.rules.context, document, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_non_null(strstr(fault.error.text, "keys: the keys in slots 2 and 3 are both named \"same\""));
    assert_int_equal(fault.involved_tables, 1u << TABLE_KEYS);
    assert_int_equal(fault.n_involved, 0);
    document_free(document);
    device_close(&device);
}

/* One number put into the default document; a refusal names the settings, the guiltiest first. */
static const struct {
    enum setting_id setting;
    int64_t number;
    const char *says; /* how it begins; NULL: allowed */
    enum setting_id involved[STORE_FAULT_MAX];
    size_t n_involved;
} changes[] = {
    {SETTING_TLS_VERSIONS, TLS12, NULL, {0}, 0},
    {SETTING_TLS_PERMIT_MODE, MIB_devsecTlsPermitMode_ciphertextOnly, NULL, {0}, 0},
    {SETTING_TLS_VERSIONS, 0, "tls.versions: at least one version", {SETTING_TLS_VERSIONS}, 1},
    {SETTING_TLS_CIPHERS, 0, "tls.ciphers: at least one cipher", {SETTING_TLS_CIPHERS}, 1},
    {SETTING_TLS_IPV4, 1, "tls.ipv4: TLS cannot be enabled, no certificate", {SETTING_TLS_IPV4}, 1},
    {SETTING_TLS_IPV6, 1, "tls.ipv6: TLS cannot be enabled, no certificate", {SETTING_TLS_IPV6}, 1},
};

static void test_check(void **state)
{
    struct document *document = new_document();
    struct devsec_error error = {0};
    struct store_fault fault = {0};
    struct device device;

    (void)state;
    assert_int_equal(open_device(&device, "", &error), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(changes); i++) {
        const int64_t before = document->values[changes[i].setting].number;
        const enum devsec_err expected = changes[i].says ? DEVSEC_ERR_INCONSISTENT : DEVSEC_OK;

        memset(&fault, 0, sizeof(fault));
        document->values[changes[i].setting].number = changes[i].number;
        assert_int_equal(device.rules.check(device.rules.context, document, &fault), expected);
        if (changes[i].says) {
            assert_int_equal(fault.error.code, DEVSEC_ERR_INCONSISTENT);
            assert_memory_equal(fault.error.text, changes[i].says, strlen(changes[i].says));
            assert_int_equal(fault.n_involved, changes[i].n_involved);
            assert_memory_equal(fault.involved, changes[i].involved, fault.n_involved * sizeof(fault.involved[0]));
        }
        document->values[changes[i].setting].number = before;
    }

    /* The sentence speaks of the ciphers, so they come before the versions. */
    document->values[SETTING_TLS_VERSIONS].number = TLS13;
    document->values[SETTING_TLS_CIPHERS].number = AES | RC4;
    assert_int_equal(device.rules.check(device.rules.context, document, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_memory_equal(fault.error.text, "tls.ciphers: rc4", 16);
    assert_int_equal(fault.n_involved, 2);
    assert_int_equal(fault.involved[0], SETTING_TLS_CIPHERS);
    assert_int_equal(fault.involved[1], SETTING_TLS_VERSIONS);
    document_free(document);
    device_close(&device);
}

/* T8: turning SMTP over SSL on moves the port, unless the same request says where to. */
static const struct {
    const char *what;
    bool secure_before;
    bool secure_after;
    bool port_given;
    int port_after;
    int port_adjusted;
} adjustments[] = {
    {"turned on", false, true, false, 25, 465},
    {"turned on with a port", false, true, true, 587, 587},
    {"turned on with the port that it had", false, true, true, 25, 25},
    {"on as before", true, true, false, 587, 587},
    {"turned off", true, false, false, 465, 465},
    {"off as before", false, false, false, 25, 25},
};

static void test_adjust(void **state)
{
    struct devsec_error error = {0};
    struct device device;

    (void)state;
    assert_int_equal(open_device(&device, "", &error), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(adjustments); i++) {
        struct document *before = new_document();
        struct document *candidate = new_document();
        bool given[SETTING_COUNT] = {false};

        print_message("%s\n", adjustments[i].what);
        before->values[SETTING_SMTP_SECURE].number = adjustments[i].secure_before;
        candidate->values[SETTING_SMTP_SECURE].number = adjustments[i].secure_after;
        candidate->values[SETTING_SMTP_PORT].number = adjustments[i].port_after;
        given[SETTING_SMTP_SECURE] = true;
        given[SETTING_SMTP_PORT] = adjustments[i].port_given;
        device.rules.adjust(device.rules.context, candidate, before, given);
        assert_int_equal(candidate->values[SETTING_SMTP_PORT].number, adjustments[i].port_adjusted);

        /* Nothing else moves. */
        candidate->values[SETTING_SMTP_PORT].number = before->values[SETTING_SMTP_PORT].number;
        candidate->values[SETTING_SMTP_SECURE].number = before->values[SETTING_SMTP_SECURE].number;
        assert_true(document_same_settings(candidate, before));
        document_free(before);
        document_free(candidate);
    }
    device_close(&device);
}

/* One number put into the default document, and how the only warning begins. */
static const struct {
    enum setting_id setting;
    int64_t number;
    const char *host;
    const char *says;
} looks[] = {
    {SETTING_SNMP_V3_PERMIT, MIB_devsecSnmpV3Permit_encryptionCleartext, NULL, "snmp.v3-permit: encryptionCleartext"},
    {SETTING_SNMP_V1V2_PERMIT, MIB_devsecSnmpV1V2Permit_readOnly, NULL, "snmp.v1v2c-permit: SNMPv1 and v2c"},
    {SETTING_SNMP_V1V2_PERMIT, MIB_devsecSnmpV1V2Permit_enabled, NULL, "snmp.v1v2c-permit: SNMPv1 and v2c"},
    {SETTING_SMTP_SECURE, 0, "mail.example", "smtp.secure: mail goes to the SMTP server in the clear"},
    {SETTING_SMTP_SECURE, 1, "mail.example", "smtp.port: on a port other than 465"},
    {SETTING_TLS_VERSIONS, TLS13, NULL, "tls.versions: tls12 is off"},
};

struct heard {
    size_t count;
    char first[512];
};

static void hear(void *context, const char *sentence)
{
    struct heard *heard = context;

    if (heard->count++ == 0)
        snprintf(heard->first, sizeof(heard->first), "%s", sentence);
}

static void test_warnings(void **state)
{
    struct devsec_error error = {0};
    struct device device;

    (void)state;
    assert_int_equal(open_device(&device, "", &error), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(looks); i++) {
        struct document *document = new_document();
        struct heard heard = {0};

        document->values[looks[i].setting].number = looks[i].number;
        if (looks[i].host) {
            value_clear(&document->values[SETTING_SMTP_HOST]);
            document->values[SETTING_SMTP_HOST].text = strdup(looks[i].host);
        }
        print_message("%s\n", looks[i].says);
        assert_int_equal(device_warnings(&device, document, hear, &heard), 1);
        assert_int_equal(heard.count, 1);
        assert_memory_equal(heard.first, looks[i].says, strlen(looks[i].says));
        document_free(document);
    }
    device_close(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_device_and_document),
        cmocka_unit_test(test_stack_of_the_profile),
        cmocka_unit_test(test_no_device_without_profile),
        cmocka_unit_test(test_policy_of_a_document),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_certificate_of_a_document),
        cmocka_unit_test(test_tls_and_its_certificate),
        cmocka_unit_test(test_keys_are_checked),
        cmocka_unit_test(test_adjust),
        cmocka_unit_test(test_warnings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
