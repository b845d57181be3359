/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of keys, uses, trusted certificates and jobs: their columns, their order, their place in the document. */
#include "document_faults.h"
#include "pki_rows.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SEALED_TEXT "sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* ---- Columns ---- */

#define DIGESTS "expected a SHA-256 digest in 64 hexadecimal digits, lowercase"
#define DATES   "expected a time in UTC after 1970-01-01T00:00:00Z, such as \"2026-11-22T05:37:50Z\""
#define KINDS   "expected one of default, ams, device-signature"
#define TOLD    "expected one of warning, week, day, expired"

static const struct {
    enum table_id table;
    size_t column;
    const char *text;
    enum devsec_err code;
    const char *says; /* behind "TABLE.COLUMN: " */
} cells[] = {
    {TABLE_KEYS, KEY_SLOT, "1", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_SLOT, "65535", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_SLOT, "0", DEVSEC_ERR_WRONG_VALUE, "found 0, expected a number from 1 to 65535"},
    {TABLE_KEYS, KEY_SLOT, "65536", DEVSEC_ERR_WRONG_VALUE, "found 65536, expected a number from 1 to 65535"},
    {TABLE_KEYS, KEY_SLOT, "one", DEVSEC_ERR_WRONG_TYPE, "found \"one\", expected a number from 1 to 65535"},
    {TABLE_KEYS, KEY_NAME, "Web \xc3\xa9", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_NAME, "", DEVSEC_ERR_WRONG_LENGTH, "found a text of 0 octets, expected a text of 1 to 64 octets"},
    {TABLE_KEYS, KEY_TYPE, "rsa", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_TYPE, "dsa", DEVSEC_ERR_WRONG_VALUE,
     "found \"dsa\", expected one of rsa, ecdsa; did you mean \"rsa\"?"},
    {TABLE_KEYS, KEY_RESERVED, "", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_RESERVED, "device-signature", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_RESERVED, "AMS", DEVSEC_ERR_WRONG_VALUE, "found \"AMS\", " KINDS "; did you mean \"ams\"?"},
    {TABLE_KEYS, KEY_FILE, DIGEST_A, DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_FILE, "", DEVSEC_ERR_WRONG_VALUE, "found \"\", " DIGESTS},
    {TABLE_KEYS, KEY_FILE, "0123", DEVSEC_ERR_WRONG_VALUE, "found \"0123\", " DIGESTS},
    {TABLE_KEYS, KEY_REQUEST, "", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_CERTIFICATE, "", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_CERTIFICATE, "../../../../../../../../../../../../../../../../../../etc/passwd",
     DEVSEC_ERR_WRONG_VALUE, "found \"../../../../../../../../../../../../../../../../../../etc/passwd\", " DIGESTS},
    {TABLE_KEYS, KEY_CERTIFICATE, "00AA11bb22cc33dd44ee55ff66778899aabbccddeeff00112233445566778899",
     DEVSEC_ERR_WRONG_VALUE, "found \"00AA11bb22cc33dd44ee55ff66778899aabbccddeeff00112233445566778899\", " DIGESTS},
    {TABLE_KEYS, KEY_CERTIFICATE, DIGEST_A "0", DEVSEC_ERR_WRONG_LENGTH,
     "found a text of 65 octets, expected a text of at most 64 octets"},
    {TABLE_KEYS, KEY_CREATED, "", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_CREATED, "2026-11-22T05:37:50Z", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_CREATED, "9999-12-31T23:59:59Z", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_CREATED, "1970-01-01T00:00:01Z", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_CREATED, "1970-01-01T00:00:00Z", DEVSEC_ERR_WRONG_VALUE, "found \"1970-01-01T00:00:00Z\", " DATES},
    {TABLE_KEYS, KEY_CREATED, "1969-12-31T23:59:59Z", DEVSEC_ERR_WRONG_VALUE, "found \"1969-12-31T23:59:59Z\", " DATES},
    {TABLE_KEYS, KEY_CREATED, "2026-11-22", DEVSEC_ERR_WRONG_VALUE, "found \"2026-11-22\", " DATES},
    {TABLE_KEYS, KEY_CREATED, "2026-11-22T05:37:50", DEVSEC_ERR_WRONG_VALUE, "found \"2026-11-22T05:37:50\", " DATES},
    {TABLE_KEYS, KEY_CREATED, "2026-11-22T05:37:50+01:00", DEVSEC_ERR_WRONG_VALUE,
     "found \"2026-11-22T05:37:50+01:00\", " DATES},
    {TABLE_KEYS, KEY_CREATED, "2026-02-29T00:00:00Z", DEVSEC_ERR_WRONG_VALUE, "found \"2026-02-29T00:00:00Z\", " DATES},
    {TABLE_KEYS, KEY_CREATED, "1795239470", DEVSEC_ERR_WRONG_VALUE, "found \"1795239470\", " DATES},
    {TABLE_KEYS, KEY_TOLD, "week", DEVSEC_OK, NULL},
    {TABLE_KEYS, KEY_TOLD, "month", DEVSEC_ERR_WRONG_VALUE, "found \"month\", " TOLD},
    {TABLE_USES, USE_NAME, "tls", DEVSEC_OK, NULL},
    {TABLE_USES, USE_NAME, "ipsec-10", DEVSEC_OK, NULL},
    {TABLE_USES, USE_SLOT, "0", DEVSEC_OK, NULL},
    {TABLE_USES, USE_SLOT, "65536", DEVSEC_ERR_WRONG_VALUE, "found 65536, expected a number from 0 to 65535"},
    {TABLE_USES, USE_ENABLED, "yes", DEVSEC_ERR_WRONG_TYPE, "found \"yes\", expected true or false"},
    {TABLE_TRUSTED, TRUSTED_INDEX, "0", DEVSEC_ERR_WRONG_VALUE, "found 0, expected a number from 1 to 65535"},
    {TABLE_TRUSTED, TRUSTED_CERTIFICATE, "", DEVSEC_ERR_WRONG_VALUE, "found \"\", " DIGESTS},
    {TABLE_JOBS, JOB_INDEX, "2147483647", DEVSEC_OK, NULL},
    {TABLE_JOBS, JOB_INDEX, "2147483648", DEVSEC_ERR_WRONG_VALUE,
     "found 2147483648, expected a number from 1 to 2147483647"},
    {TABLE_JOBS, JOB_KEY_BITS, "1023", DEVSEC_ERR_WRONG_VALUE, "found 1023, expected a number from 1024 to 8192"},
    {TABLE_JOBS, JOB_KEY_BITS, "0", DEVSEC_ERR_WRONG_VALUE, "found 0, expected a number from 1024 to 8192"},
    {TABLE_JOBS, JOB_COUNTRY, "D", DEVSEC_ERR_WRONG_LENGTH,
     "found a text of 1 octet, expected a text of 0 octets or of 2 octets"},
    {TABLE_JOBS, JOB_CHALLENGE, SEALED_TEXT, DEVSEC_OK, NULL},
    {TABLE_JOBS, JOB_CHALLENGE, "hunter2", DEVSEC_ERR_WRONG_VALUE,
     "this value is not allowed, expected a secret of at most 388 octets as devsecctl seals it"},
};

/* And what is taken is written as it was read. */
static void every_column_takes_what_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cells); i++) {
        const enum table_id id = cells[i].table;
        const char *column = table_schemas[id].columns[cells[i].column].name;
        struct value value = {.number = 77};
        struct devsec_error error = {0};
        char sentence[512] = "";
        char *again = NULL;

        assert_int_equal(column_parse(id, cells[i].column, cells[i].text, &value, &error), cells[i].code);
        if (cells[i].code) {
            snprintf(sentence, sizeof(sentence), "%s.%s: %s", table_schemas[id].path, column, cells[i].says);
            assert_int_equal(value.number, 77);
        } else {
            again = column_format(id, cells[i].column, &value);
            assert_string_equal(again, cells[i].text);
            assert_int_equal(column_check(id, cells[i].column, &value, &error), DEVSEC_OK);
        }
        assert_string_equal(error.text, sentence);
        free(again);
        value_clear(&value);
    }
}

static void dates_are_seconds_within_their_limits(void **state)
{
    static const int64_t bad[] = {-1, INT64_MIN, 253402300800, INT64_MAX};
    struct value value = {0};
    struct devsec_error error = {0};

    (void)state;
    assert_int_equal(column_parse(TABLE_JOBS, JOB_NOT_BEFORE, "2026-11-22T05:37:50Z", &value, &error), DEVSEC_OK);
    assert_int_equal(value.number, 1795325870);
    for (size_t i = 0; i < COUNT(bad); i++) {
        char sentence[256];

        value.number = bad[i];
        snprintf(sentence, sizeof(sentence), "jobs.not-after: found %lld, " DATES, (long long)bad[i]);
        assert_int_equal(column_check(TABLE_JOBS, JOB_NOT_AFTER, &value, &error), DEVSEC_ERR_WRONG_VALUE);
        assert_string_equal(error.text, sentence);
    }
}

static void an_operation_may_be_missing_and_what_has_a_default_may_not(void **state)
{
    struct value *job = pki_job(7);
    struct devsec_error error = {0};

    (void)state;
    assert_int_equal(row_check(TABLE_JOBS, job, &error), DEVSEC_OK);
    job[JOB_KEY_BITS].number = 0;
    assert_int_equal(row_check(TABLE_JOBS, job, &error), DEVSEC_ERR_WRONG_VALUE);
    assert_string_equal(error.text, "jobs.key-bits: found 0, expected a number from 1024 to 8192");
    row_free(TABLE_JOBS, job);
}

static void tls_is_not_switched_on_in_its_row(void **state)
{
    struct value *on = pki_use_row("tls", 3, true);
    struct value *off = pki_use_row("tls", 3, false);
    struct value *other = pki_use_row("sip", 3, true);
    struct devsec_error error = {0};

    (void)state;
    assert_int_equal(row_check(TABLE_USES, off, &error), DEVSEC_OK);
    assert_int_equal(row_check(TABLE_USES, other, &error), DEVSEC_OK);
    assert_int_equal(row_check(TABLE_USES, on, &error), DEVSEC_ERR_INCONSISTENT);
    assert_string_equal(error.text, "uses: tls is switched on and off by tls.ipv4 and tls.ipv6; expected no "
                                    "\"enabled\" with it");
    row_free(TABLE_USES, on);
    row_free(TABLE_USES, off);
    row_free(TABLE_USES, other);
}

/* ---- Order ---- */

static void rows_with_numbers_stand_in_their_order(void **state)
{
    static const unsigned slots[] = {10, 9, 100, 1, 65535, 2};
    static const unsigned sorted[] = {1, 2, 9, 10, 100, 65535};
    struct document *document = NULL;
    const struct table *keys;

    (void)state;
    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(slots); i++) {
        char name[16];

        snprintf(name, sizeof(name), "Key %u", slots[i]);
        pki_rows_put(document, TABLE_KEYS, pki_key(slots[i], name));
    }
    keys = &document->tables[TABLE_KEYS];
    assert_int_equal(keys->count, COUNT(sorted));
    for (size_t i = 0; i < COUNT(sorted); i++) {
        const struct value key = {.number = sorted[i]};
        const struct value none = {.number = sorted[i] + 2};

        assert_int_equal(keys->rows[i][KEY_SLOT].number, sorted[i]);
        assert_int_equal(table_find(TABLE_KEYS, keys, &key), i);
        assert_int_equal(table_find(TABLE_KEYS, keys, &none), -1);
    }
    document_free(document);
}

/* By devsecUsage and devsecUsageInstance, in which "ipsec-10" comes behind "ipsec-2" and "tls" first. */
static void uses_stand_in_the_order_of_their_table(void **state)
{
    static const char *const names[] = {"snmp",    "smime",     "device-signature", "sip", "ipsec-10",
                                        "ipsec-2", "ieee8021x", "ipsec-1",          "tls", "ipsec-9"};
    static const char *const sorted[] = {"tls",      "ieee8021x", "ipsec-1",          "ipsec-2", "ipsec-9",
                                         "ipsec-10", "sip",       "device-signature", "smime",   "snmp"};
    struct document *document = NULL;
    const struct table *uses;

    (void)state;
    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(names); i++)
        pki_rows_put(document, TABLE_USES, pki_use_row(names[i], 0, false));
    uses = &document->tables[TABLE_USES];
    assert_int_equal(uses->count, COUNT(sorted));
    for (size_t i = 0; i < COUNT(sorted); i++)
        assert_string_equal(value_text(&uses->rows[i][USE_NAME]), sorted[i]);
    document_free(document);
}

/* ---- In the document ---- */

#define KEY_1                                                                                                          \
    "- slot: 1\n    name: Web\n    type: ecdsa\n    origin: csr\n    key: \"" DIGEST_A "\"\n"                          \
    "    created: \"2026-11-22T05:37:50Z\"\n"
#define JOB_5                                                                                                          \
    "- index: 5\n    key-type: ecdsa\n    key-bits: 2048\n    key-curve: p256\n    hash: sha256\n    usage: none\n"    \
    "    usage-instance: 1\n    challenge: \"" SEALED_TEXT "\"\n    status: pending\n    cause: none\n"
#define TABLES                                                                                                         \
    "\nkeys:\n  " KEY_1 "\nuses:\n  - use: ipsec-2\n    slot: 1\n    enabled: true\n"                                  \
    "\ntrusted-certificates:\n  - index: 3\n    certificate: \"" DIGEST_B "\"\n"                                       \
    "\njobs:\n  " JOB_5 "...\n"

static struct document *document_with_all(void)
{
    struct document *document = NULL;
    struct value *key = pki_key(1, "Web");
    struct value *job = pki_job(5);

    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    key[KEY_CREATED].number = 1795325870;
    pki_row_set(TABLE_JOBS, job, JOB_CHALLENGE, SEALED_TEXT);
    pki_rows_put(document, TABLE_JOBS, job);
    pki_rows_put(document, TABLE_USES, pki_use_row("ipsec-2", 1, true));
    pki_rows_put(document, TABLE_TRUSTED, pki_trusted_row(3));
    pki_rows_put(document, TABLE_KEYS, key);
    return document;
}

static void rows_are_printed_and_come_back(void **state)
{
    struct document *document = document_with_all();
    struct document *again;
    char *text = NULL;
    size_t length = 0;

    (void)state;
    assert_int_equal(document_print(document, &text, &length, NULL), DEVSEC_OK);
    assert_true(length > strlen(TABLES));
    assert_string_equal(text + length - strlen(TABLES), TABLES);
    again = document_parsed(text);
    assert_true(document_same_settings(document, again));
    again->tables[TABLE_JOBS].rows[0][JOB_STARTED].number = 1;
    assert_false(document_same_settings(document, again)); /* how far a job is counts, too: it must be written */
    free(text);
    document_free(again);
    document_free(document);
}

/* Dates with or without quotes; what is empty is as good as left out. */
static void people_may_write_rows_as_they_like(void **state)
{
    struct document *document = document_parsed(
        "format: 2\nkeys:\n- {name: b, slot: 20, type: rsa, origin: imported, key: " DIGEST_A ", reserved: \"\", "
        "created: \"\"}\n- {slot: 3, name: a, type: rsa, origin: imported, key: " DIGEST_A ", created: "
        "2026-11-22T05:37:50Z}\nuses: [{use: sip}, {use: tls, slot: 3, enabled: false}]\n");
    const struct table *keys = &document->tables[TABLE_KEYS];

    (void)state;
    assert_int_equal(keys->count, 2);
    assert_int_equal(keys->rows[0][KEY_SLOT].number, 3);
    assert_int_equal(keys->rows[0][KEY_CREATED].number, 1795325870);
    assert_int_equal(keys->rows[1][KEY_CREATED].number, 0);
    assert_string_equal(value_text(&document->tables[TABLE_USES].rows[0][USE_NAME]), "tls");
    document_free(document);
}

static void a_document_of_the_first_format_is_read_and_written_anew(void **state)
{
    struct document *document =
        document_parsed("format: 1\nadministrators:\n- {name: alice, role: userAdministrator}\n");
    char *text = NULL;
    size_t length = 0;

    (void)state;
    assert_int_equal(document->tables[TABLE_ADMINISTRATORS].count, 1);
    assert_int_equal(document->values[SETTING_CERT_EXPIRY_WARNING].number, 30);
    assert_int_equal(document_print(document, &text, &length, NULL), DEVSEC_OK);
    assert_non_null(strstr(text, "\nformat: 2\n"));
    assert_null(strstr(text, "format: 1"));
    free(text);
    document_free(document);
}

static const struct {
    const char *text; /* behind "format: 2\n", line 1 */
    const char *says;
} refused[] = {
    {"keys:\n  " KEY_1 "  " KEY_1, "f:9:11: keys[2].slot: \"1\" stands here a second time (first in line 3)"},
    {"keys:\n  - slot: \"1\"\n", "f:3:11: keys[1].slot: found \"1\" in quotes, expected a number from 1 to 65535"},
    {"keys:\n  - slot: 01\n", "f:3:11: keys[1].slot: found \"01\", expected a number from 1 to 65535"},
    {"keys:\n  - slot: 1\n    created: yesterday\n", "f:4:14: keys[1].created: found \"yesterday\", " DATES},
    {"keys:\n  - slot: 1\n    created:\n", "f:4:13: keys[1].created: found nothing, " DATES},
    {"keys:\n  - slot: 1\n    created: [2026]\n", "f:4:14: keys[1].created: found a list, " DATES},
    {"keys:\n  - slot: 1\n    created: 2026-13-01T00:00:00Z\n",
     "f:4:14: keys[1].created: found \"2026-13-01T00:00:00Z\", " DATES},
    {"keys:\n  - slot: 1\n    Key: x\n", "f:4:5: unknown key \"Key\" in keys[1]; did you mean \"key\"?"},
    {"keys:\n  - slot: 1\n    name: a\n    type: rsa\n    origin: csr\n",
     "f:3:5: keys[1]: key is missing, expected a text of at most 64 octets"},
    {"uses:\n  - use: tls\n    enabled: true\n",
     "f:3:5: uses[1]: tls is switched on and off by tls.ipv4 and tls.ipv6; expected no \"enabled\" with it"},
    {"uses:\n  - use: ipsec-11\n", "f:3:10: uses[1].use: found \"ipsec-11\", expected one of tls, ieee8021x, ipsec-1, "
                                   "ipsec-2, ipsec-3, ipsec-4, ipsec-5, ipsec-6, ipsec-7, ipsec-8, ipsec-9, ipsec-10, "
                                   "sip, device-signature, smime, snmp"},
    {"jobs:\n  - index: 5\n", "f:3:5: jobs[1]: key-type is missing, expected one of rsa, ecdsa"},
    {"jobs:\n  - index: 5\n    challenge: hunter2\n", "f:4:16: jobs[1].challenge: this value is not allowed, expected "
                                                      "a secret of at most 388 octets as devsecctl seals it"},
    {"trusted:\n", "f:2:1: unknown key \"trusted\""},
};

static void refusals_name_line_column_row_and_what_was_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct document *document = NULL;
        struct devsec_error error = {0};
        char text[1024];

        snprintf(text, sizeof(text), "format: 2\n%s", refused[i].text);
        assert_int_equal(document_parse(&document, "f", text, strlen(text), &error), DEVSEC_ERR_SYNTAX);
        assert_string_equal(error.text, refused[i].says);
        assert_null(document);
    }
}

/* ---- Many rows ---- */

static struct document *document_of(unsigned count, const char *firmware)
{
    struct document *document = NULL;

    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    for (unsigned slot = 1; slot <= count; slot++) {
        struct value *key;
        char name[16];

        snprintf(name, sizeof(name), "Key %u", slot);
        key = pki_key(slot, name);
        pki_row_set(TABLE_KEYS, key, KEY_REQUEST, DIGEST_A);
        pki_row_set(TABLE_KEYS, key, KEY_CERTIFICATE, DIGEST_B);
        pki_row_set(TABLE_KEYS, key, KEY_FIRMWARE, firmware);
        pki_row_set(TABLE_KEYS, key, KEY_CREATED, "2026-11-22T05:37:50Z");
        pki_row_set(TABLE_KEYS, key, KEY_TOLD, "warning");
        pki_row_set(TABLE_KEYS, key, KEY_RESERVED, "default");
        pki_rows_put(document, TABLE_KEYS, key);
    }
    return document;
}

static void ten_thousand_keys_are_written_and_read(void **state)
{
    struct document *document = document_of(10000, "1.2.3");
    struct document *again;
    char *text = NULL;
    size_t length = 0;

    (void)state;
    assert_int_equal(document_print(document, &text, &length, NULL), DEVSEC_OK);
    again = document_parsed(text);
    assert_true(document_same_settings(document, again));
    free(text);
    document_free(again);
    document_free(document);
}

/* Otherwise a commit would succeed whose document is damage at the next start. */
static void what_could_not_be_read_again_is_not_written(void **state)
{
    char long_name[256] = "";
    struct devsec_error error = {0};
    struct document *document;
    char *text = NULL;
    size_t length = 0;

    (void)state;
    document = document_of(21000, "1.2.3");
    assert_int_equal(document_print(document, &text, &length, &error), DEVSEC_ERR_UNAVAILABLE);
    assert_non_null(strstr(error.text, "values, and 250000 are the most that can be read again"));
    document_free(document);
    memset(long_name, '\x01', sizeof(long_name) - 1); /* four octets each when they are written */
    document = document_of(9500, long_name);
    assert_int_equal(document_print(document, &text, &length, &error), DEVSEC_ERR_UNAVAILABLE);
    assert_non_null(strstr(error.text, "octets long, and 12582912 are the most that can be read again"));
    document_free(document);
    assert_null(text);
    assert_int_equal(length, 0);
}

static void lack_of_memory_loses_nothing(void **state)
{
    static const char source[] = "format: 2\n" TABLES;

    (void)state;
    document_assert_survives(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_takes_what_it_should),
        cmocka_unit_test(dates_are_seconds_within_their_limits),
        cmocka_unit_test(an_operation_may_be_missing_and_what_has_a_default_may_not),
        cmocka_unit_test(tls_is_not_switched_on_in_its_row),
        cmocka_unit_test(rows_with_numbers_stand_in_their_order),
        cmocka_unit_test(uses_stand_in_the_order_of_their_table),
        cmocka_unit_test(rows_are_printed_and_come_back),
        cmocka_unit_test(people_may_write_rows_as_they_like),
        cmocka_unit_test(a_document_of_the_first_format_is_read_and_written_anew),
        cmocka_unit_test(refusals_name_line_column_row_and_what_was_expected),
        cmocka_unit_test(ten_thousand_keys_are_written_and_read),
        cmocka_unit_test(what_could_not_be_read_again_is_not_written),
        cmocka_unit_test(lack_of_memory_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
