/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of keys, certificates and trusted certificates: every column of every kind of row, and the PEM texts. */
#include "devsec_mib.h"
#include "key_fixture.h"

#include "base/text.h"
#include "pki/inventory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH_SHA256 4

/* ---- reading ---- */

static void read_cell(const struct fixture *fixture, int object, size_t row, netsnmp_variable_list *var)
{
    memset(var, 0, sizeof(*var));
    if (!dispatch_read(fixture->agent.dispatch, object, row, var))
        fail_msg("%s of row %zu cannot be read", mib_objects[object].name, row);
}

static long read_number(const struct fixture *fixture, int object, size_t row)
{
    netsnmp_variable_list var;
    long number;

    read_cell(fixture, object, row, &var);
    number = *var.val.integer;
    snmp_reset_var_buffers(&var);
    return number;
}

/* Octets, and a NUL behind them, in a buffer that the caller frees. */
static char *read_octets(const struct fixture *fixture, int object, size_t row, size_t *length)
{
    netsnmp_variable_list var;
    char *octets;

    read_cell(fixture, object, row, &var);
    assert_int_equal(var.type, ASN_OCTET_STR);
    octets = calloc(1, var.val_len + 1);
    assert_non_null(octets);
    memcpy(octets, var.val.string, var.val_len);
    *length = var.val_len;
    snmp_reset_var_buffers(&var);
    return octets;
}

static void assert_text(const struct fixture *fixture, int object, size_t row, const char *expected)
{
    size_t length = 0;
    char *text = read_octets(fixture, object, row, &length);

    if (strcmp(text, expected) != 0)
        fail_msg("%s of row %zu: \"%s\", expected \"%s\"", mib_objects[object].name, row, text, expected);
    free(text);
}

static void assert_contains(const struct fixture *fixture, int object, size_t row, const char *part)
{
    size_t length = 0;
    char *text = read_octets(fixture, object, row, &length);

    if (!strstr(text, part))
        fail_msg("%s of row %zu: \"%s\" without \"%s\"", mib_objects[object].name, row, text, part);
    free(text);
}

static void assert_date(const struct fixture *fixture, int object, size_t row, time_t when)
{
    unsigned char expected[11] = {0, 0, 0, 0, 0, 0, 0, 0, '+', 0, 0};
    struct tm tm;
    size_t length = 0;
    char *octets = read_octets(fixture, object, row, &length);

    if (when) {
        gmtime_r(&when, &tm);
        expected[0] = (unsigned char)((tm.tm_year + 1900) / 256);
        expected[1] = (unsigned char)((tm.tm_year + 1900) % 256);
        expected[2] = (unsigned char)(tm.tm_mon + 1);
        expected[3] = (unsigned char)tm.tm_mday;
        expected[4] = (unsigned char)tm.tm_hour;
        expected[5] = (unsigned char)tm.tm_min;
        expected[6] = (unsigned char)tm.tm_sec;
    }
    assert_int_equal(length, sizeof(expected));
    assert_memory_equal(octets, expected, sizeof(expected));
    free(octets);
}

static const struct pki_slot *slot_at(const struct fixture *fixture, size_t row)
{
    return inventory_slot(fixture->agent.pki.inventory, row);
}

/* ---- rows ---- */

static void test_nothing_at_first(void **state)
{
    const struct fixture *fixture = *state;
    netsnmp_variable_list var = {0};

    assert_false(dispatch_read(fixture->agent.dispatch, MIB_devsecCertName, 0, &var));
    assert_false(dispatch_read(fixture->agent.dispatch, MIB_devsecTrustSubject, 0, &var));
    assert_false(dispatch_read(fixture->agent.dispatch, MIB_devsecPemData, 0, &var));
    assert_int_equal(read_number(fixture, MIB_devsecCertTotal, 0), 0);
}

static void test_certificate(void **state)
{
    struct fixture *fixture = *state;
    const time_t end = CA_NOW + 3650 * CA_DAY;
    const struct ca_spec says = {.common_name = "mfp.example",
                                 .organization = "Example",
                                 .not_after = end,
                                 .alt_names = "DNS:mfp.example,IP:192.0.2.1",
                                 .serial = 0x4fa210};
    struct key_spec spec = {.slot = 7, .certificate = ca_certify(&says, key_fixture_key(), NULL)};
    size_t length = 0;
    char *print;

    key_fixture_put(fixture, &spec, 1);
    assert_text(fixture, MIB_devsecCertName, 0, "Key 7");
    assert_int_equal(read_number(fixture, MIB_devsecCertStatus, 0), MIB_devsecCertStatus_installed);
    assert_int_equal(read_number(fixture, MIB_devsecCertOrigin, 0), MIB_devsecCertOrigin_selfSigned);
    assert_int_equal(read_number(fixture, MIB_devsecCertKeyType, 0), MIB_devsecCertKeyType_ecdsa);
    assert_int_equal(read_number(fixture, MIB_devsecCertKeyBits, 0), 256);
    assert_int_equal(read_number(fixture, MIB_devsecCertKeyCurve, 0), MIB_devsecCertKeyCurve_p256);
    assert_text(fixture, MIB_devsecCertSignatureAlgorithm, 0, "ecdsa-with-SHA256");
    assert_contains(fixture, MIB_devsecCertSubject, 0, "CN=mfp.example");
    assert_contains(fixture, MIB_devsecCertIssuer, 0, "O=Example");
    assert_text(fixture, MIB_devsecCertSubjectAltNames, 0, "DNS:mfp.example, IP:192.0.2.1");
    assert_text(fixture, MIB_devsecCertSerialNumber, 0, "4F:A2:10");
    assert_date(fixture, MIB_devsecCertNotBefore, 0, CA_NOW - CA_DAY);
    assert_date(fixture, MIB_devsecCertNotAfter, 0, end);
    assert_int_equal(read_number(fixture, MIB_devsecCertIntermediates, 0), 0);
    assert_int_equal(read_number(fixture, MIB_devsecCertReserved, 0), 2);
    assert_text(fixture, MIB_devsecCertGeneratedBy, 0, "1.2");
    assert_date(fixture, MIB_devsecCertCreated, 0, CA_NOW);
    print = read_octets(fixture, MIB_devsecCertFingerprint, 0, &length);
    assert_int_equal(length, 1 + PKI_FINGERPRINT_SIZE);
    assert_int_equal(print[0], HASH_SHA256);
    assert_memory_equal(print + 1, slot_at(fixture, 0)->summary.fingerprint, PKI_FINGERPRINT_SIZE);
    free(print);
    X509_free(spec.certificate);
}

/* What a key without a certificate cannot have, and one whose files are gone: every instance is there all the same. */
static void test_every_instance_exists(void **state)
{
    struct fixture *fixture = *state;
    const struct key_spec specs[] = {
        {.slot = 1},
        {.slot = 2, .request = "wanted.example"},
        {.slot = 3, .key = ca_key("P-384"), .reserved = "default", .name = "Default Key"},
    };
    char command[160];

    key_fixture_put(fixture, specs, 3);
    snprintf(command, sizeof(command), "rm %s/store/material/%s.key", fixture->directory,
             value_text(&slot_at(fixture, 2)->row[KEY_FILE]));
    assert_int_equal(system(command), 0);
    key_fixture_restart(fixture);
    for (size_t row = 0; row < 3; row++) {
        for (int id = 0; id < (int)mib_object_count; id++) {
            netsnmp_variable_list var;

            if (mib_objects[id].kind != MIB_KIND_COLUMN || mib_objects[id].entry != MIB_devsecCertEntry ||
                mib_objects[id].access == MIB_ACCESS_NONE)
                continue;
            read_cell(fixture, id, row, &var);
            if (mib_objects[id].n_labels && mib_objects[id].meaning != MIB_MEANING_BITS)
                assert_non_null(mib_label_name(&mib_objects[id], *var.val.integer));
            snmp_reset_var_buffers(&var);
        }
        assert_text(fixture, MIB_devsecCertFingerprint, row, "");
        assert_date(fixture, MIB_devsecCertNotAfter, row, 0);
        assert_int_equal(read_number(fixture, MIB_devsecCertSecondsLeft, row), INT32_MAX);
        assert_int_equal(read_number(fixture, MIB_devsecCertValidity, row), MIB_devsecCertValidity_none);
        assert_int_equal(read_number(fixture, MIB_devsecCertVerify, row), MIB_devsecCertVerify_notChecked);
    }
    assert_int_equal(read_number(fixture, MIB_devsecCertStatus, 0), MIB_devsecCertStatus_noCertificate);
    assert_text(fixture, MIB_devsecCertVerifyText, 0, "");
    assert_int_equal(read_number(fixture, MIB_devsecCertStatus, 1), MIB_devsecCertStatus_requesting);
    assert_contains(fixture, MIB_devsecCertSubject, 1, "CN=wanted.example");
    assert_int_equal(read_number(fixture, MIB_devsecCertStatus, 2), MIB_devsecCertStatus_damaged);
    assert_contains(fixture, MIB_devsecCertVerifyText, 2, "private key");
    assert_int_equal(read_number(fixture, MIB_devsecCertKeyBits, 2), 0);
    assert_int_equal(read_number(fixture, MIB_devsecCertKeyCurve, 2), MIB_devsecCertKeyCurve_none);
    assert_int_equal(read_number(fixture, MIB_devsecCertReserved, 2), 1);
    EVP_PKEY_free(specs[2].key);
}

/* Both ends of Integer32 stand for what is beyond them. */
static void test_seconds_left(void **state)
{
    static const struct {
        time_t left;
        long low;
        long high;
        long validity;
    } cases[] = {
        {100 * CA_DAY, 100 * CA_DAY - 60, 100 * CA_DAY, MIB_devsecCertValidity_valid},
        {20 * CA_DAY, 20 * CA_DAY - 60, 20 * CA_DAY, MIB_devsecCertValidity_expiring},
        {-3600, -3660, -3600, MIB_devsecCertValidity_expired},
        {(time_t)100 * 365 * CA_DAY, INT32_MAX, INT32_MAX, MIB_devsecCertValidity_notYetValid},
        {(time_t)-70 * 365 * CA_DAY, INT32_MIN, INT32_MIN, MIB_devsecCertValidity_expired},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        long left;

        key_fixture_put_ending(fixture, 1, cases[i].left, NULL);
        left = read_number(fixture, MIB_devsecCertSecondsLeft, 0);
        assert_in_range(left + (1L << 32), cases[i].low + (1L << 32), cases[i].high + (1L << 32));
        assert_int_equal(read_number(fixture, MIB_devsecCertValidity, 0), cases[i].validity);
    }
}

/* Texts of any length are cut at 255 octets, between characters. */
static void test_long_texts_are_cut(void **state)
{
    struct fixture *fixture = *state;
    char names[1024] = "DNS:a.example";
    const struct ca_spec says = {
        .common_name = "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", .organization = "Example", .alt_names = names};
    struct key_spec spec = {.slot = 1};
    static const int objects[] = {MIB_devsecCertSubject, MIB_devsecCertSubjectAltNames, MIB_devsecCertIssuer};

    for (size_t i = 0; i < 40; i++)
        snprintf(names + strlen(names), sizeof(names) - strlen(names), ",DNS:host-%zu.example", i);
    spec.certificate = ca_certify(&says, key_fixture_key(), NULL);
    key_fixture_put(fixture, &spec, 1);
    for (size_t i = 0; i < 3; i++) {
        size_t length = 0;
        char *text = read_octets(fixture, objects[i], 0, &length);

        assert_true(length < 256 && text_is_utf8(text, length));
        free(text);
    }
    {
        size_t length = 0;

        free(read_octets(fixture, MIB_devsecCertSubjectAltNames, 0, &length));
        assert_int_equal(length, 255);
    }
    X509_free(spec.certificate);
}

static void test_uses_and_counts(void **state)
{
    struct fixture *fixture = *state;
    size_t length = 0;
    char *bits;

    key_fixture_put_ending(fixture, 1, 100 * CA_DAY, NULL);
    key_fixture_put_ending(fixture, 2, 10 * CA_DAY, NULL);
    key_fixture_put_ending(fixture, 3, -CA_DAY, NULL);
    key_fixture_put(fixture, &(struct key_spec){.slot = 4}, 1);
    key_fixture_use(fixture, "tls", 2);
    key_fixture_use(fixture, "ipsec-3", 2);
    bits = read_octets(fixture, MIB_devsecCertInUse, 1, &length);
    assert_int_equal(length, 1);
    assert_int_equal((unsigned char)bits[0], 0x80 >> MIB_devsecCertInUse_tls | 0x80 >> MIB_devsecCertInUse_ipsec);
    free(bits);
    bits = read_octets(fixture, MIB_devsecCertInUse, 0, &length);
    assert_int_equal(bits[0], 0);
    free(bits);
    assert_int_equal(read_number(fixture, MIB_devsecCertTotal, 0), 3);
    assert_int_equal(read_number(fixture, MIB_devsecCertExpiringCount, 0), 1);
    assert_int_equal(read_number(fixture, MIB_devsecCertExpiredCount, 0), 1);
    assert_int_equal(read_number(fixture, MIB_devsecWeakKeyCount, 0), 0);
}

static void test_weakness(void **state)
{
    struct fixture *fixture = *state;
    const struct ca_spec says = {.common_name = "weak.example", .hash = "SHA1"};
    EVP_PKEY *key = ca_key("RSA-1024");
    const struct key_spec spec = {.slot = 1, .key = key, .certificate = ca_certify(&says, key, NULL)};
    size_t length = 0;
    char *bits;

    key_fixture_put(fixture, &spec, 1);
    bits = read_octets(fixture, MIB_devsecCertWeakness, 0, &length);
    assert_int_equal(length, 1);
    assert_int_equal(bits[0], 0x80 >> MIB_devsecCertWeakness_shortKey | 0x80 >> MIB_devsecCertWeakness_weakHash);
    free(bits);
    assert_int_equal(read_number(fixture, MIB_devsecCertKeyBits, 0), 1024);
    assert_int_equal(read_number(fixture, MIB_devsecWeakKeyCount, 0), 1);
    X509_free(spec.certificate);
    EVP_PKEY_free(key);
}

static void test_limits(void **state)
{
    const struct fixture *fixture = *state;

    assert_int_equal(read_number(fixture, MIB_devsecCertLimit, 0), fixture->agent.device.profile.key_limit);
    assert_true(read_number(fixture, MIB_devsecJobLimit, 0) > 0);
    assert_int_equal(read_number(fixture, MIB_devsecJobKeep, 0), 3600);
    assert_true(read_number(fixture, MIB_devsecUploadLimit, 0) >= 64L * 1024);
}

/* ---- devsecTrustTable ---- */

static void test_trusted(void **state)
{
    struct fixture *fixture = *state;
    struct ca root = ca_root("Example Root");
    struct ca other = ca_root("Other Root");
    size_t length = 0;
    char command[160];
    char *print;

    key_fixture_trust(fixture, 9, root.certificate);
    key_fixture_trust(fixture, 4, other.certificate);
    assert_contains(fixture, MIB_devsecTrustSubject, 0, "CN=Other Root");
    assert_contains(fixture, MIB_devsecTrustSubject, 1, "CN=Example Root");
    assert_contains(fixture, MIB_devsecTrustIssuer, 1, "CN=Example Root");
    print = read_octets(fixture, MIB_devsecTrustFingerprint, 1, &length);
    assert_int_equal(length, 1 + PKI_FINGERPRINT_SIZE);
    assert_int_equal(print[0], HASH_SHA256);
    free(print);
    snprintf(command, sizeof(command), "rm %s/store/material/%s.pem", fixture->directory,
             value_text(&inventory_trusted(fixture->agent.pki.inventory, 1)->row[TRUSTED_CERTIFICATE]));
    assert_int_equal(system(command), 0);
    key_fixture_restart(fixture);
    assert_text(fixture, MIB_devsecTrustSubject, 1, "");
    assert_text(fixture, MIB_devsecTrustSerialNumber, 1, "");
    assert_text(fixture, MIB_devsecTrustFingerprint, 1, "");
    assert_date(fixture, MIB_devsecTrustNotBefore, 1, 0);
    assert_date(fixture, MIB_devsecTrustNotAfter, 1, 0);
    assert_int_equal(read_number(fixture, MIB_devsecTrustValidity, 1), MIB_devsecTrustValidity_none);
    assert_contains(fixture, MIB_devsecTrustSubject, 0, "CN=Other Root");
    ca_free(&other);
    ca_free(&root);
}

/* ---- devsecPemTable ---- */

static void append(struct text *text, const char *octets, size_t length)
{
    if (length)
        text_append_n(text, octets, length);
}

/* Walks the table: the indexes ascend, and the segments of each slot and kind are its whole text. Returns the rows. */
static size_t walk_pem(const struct fixture *fixture)
{
    struct text text = {.data = NULL};
    oid before[3] = {0, 0, 0};
    size_t row = 0;
    netsnmp_variable_list var;

    for (;; row++) {
        const oid *index;
        char *whole = NULL;
        size_t length = 0;

        memset(&var, 0, sizeof(var));
        if (!dispatch_read(fixture->agent.dispatch, MIB_devsecPemData, row, &var))
            break;
        index = var.name + var.name_length - 3;
        assert_true(snmp_oid_compare(index, 3, before, 3) > 0);
        if (index[0] != before[0] || index[1] != before[1]) {
            assert_int_equal(index[2], 1);
            text_free(&text);
        } else {
            assert_int_equal(index[2], before[2] + 1);
        }
        assert_true(var.val_len > 0 && var.val_len <= PKI_PEM_SEGMENT);
        append(&text, (const char *)var.val.string, var.val_len);
        assert_int_equal(inventory_pem(fixture->agent.pki.inventory,
                                       inventory_find(fixture->agent.pki.inventory, (unsigned)index[0]),
                                       (enum pki_pem)index[1], &whole, &length, NULL),
                         DEVSEC_OK);
        assert_true(text.length <= length);
        assert_memory_equal(text.data, whole, text.length);
        assert_true(var.val_len == PKI_PEM_SEGMENT || text.length == length);
        memcpy(before, index, sizeof(before));
        free(whole);
        snmp_reset_var_buffers(&var);
    }
    text_free(&text);
    return row;
}

/* Slots without a text in front, in between, in a row and at the end. */
static void test_pem(void **state)
{
    struct fixture *fixture = *state;
    struct ca root = ca_root("Example Root");
    struct ca middle = ca_intermediate("Example CA", &root);
    struct ca below = ca_intermediate("Example Sub CA", &middle);
    const struct ca_spec says = {.common_name = "leaf.example"};
    X509 *leaf = ca_certify(&says, key_fixture_key(), &below);
    STACK_OF(X509) *chain = ca_stack(below.certificate, middle.certificate, NULL);
    const struct key_spec specs[] = {
        {.slot = 1},
        {.slot = 2, .certificate = leaf, .chain = chain, .request = "leaf.example"},
        {.slot = 5},
        {.slot = 6},
        {.slot = 8, .request = "wanted.example"},
        {.slot = 9, .certificate = leaf},
        {.slot = 40000, .certificate = leaf, .chain = chain},
        {.slot = 50000},
    };
    size_t expected = 0;

    assert_int_equal(walk_pem(fixture), 0);
    for (size_t n = 1; n <= sizeof(specs) / sizeof(specs[0]); n++) {
        key_fixture_put(fixture, &specs[n - 1], 1);
        expected = 0;
        for (size_t i = 0; i < inventory_slots(fixture->agent.pki.inventory); i++) {
            for (enum pki_pem kind = PKI_PEM_REQUEST; kind <= PKI_PEM_CHAIN; kind++)
                expected += inventory_pem_segments(slot_at(fixture, i), kind);
        }
        assert_int_equal(walk_pem(fixture), expected);
    }
    assert_true(expected > 8); /* the chains have more than one segment */
    assert_int_equal(read_number(fixture, MIB_devsecCertIntermediates, 1), 2);
    ca_stack_free(chain);
    X509_free(leaf);
    ca_free(&below);
    ca_free(&middle);
    ca_free(&root);
}

/* A file that went away under the running daemon: zero length, and no error that would end a walk. */
static void test_pem_without_its_file(void **state)
{
    struct fixture *fixture = *state;
    char command[160];
    size_t length = 1;

    key_fixture_put_ending(fixture, 1, 100 * CA_DAY, NULL);
    snprintf(command, sizeof(command), "rm %s/store/material/%s.pem", fixture->directory,
             value_text(&slot_at(fixture, 0)->row[KEY_CERTIFICATE]));
    assert_int_equal(system(command), 0);
    free(read_octets(fixture, MIB_devsecPemData, 0, &length));
    assert_int_equal(length, 0);
}

static int end(void **state)
{
    (void)state;
    key_fixture_end();
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_at_first),
        TEST(test_certificate),
        TEST(test_every_instance_exists),
        TEST(test_seconds_left),
        TEST(test_long_texts_are_cut),
        TEST(test_uses_and_counts),
        TEST(test_weakness),
        TEST(test_limits),
        TEST(test_trusted),
        TEST(test_pem),
        TEST(test_pem_without_its_file),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
