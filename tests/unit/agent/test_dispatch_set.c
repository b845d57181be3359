/* SPDX-License-Identifier: Apache-2.0 */
/* SET through the dispatcher, phase by phase (RFC 2741, 7.2.4), without snmpd. */
#include "agent_fixture.h"
#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* A varbind of a case: an integer when `octets` is NULL. */
struct part {
    int object;
    oid instance;
    u_char type;
    long number;
    const char *octets;
    size_t length;
};

#define INTEGER(object, number)                                                                                        \
    {                                                                                                                  \
        MIB_##object, 0, ASN_INTEGER, number, NULL, 0                                                                  \
    }
#define UNSIGNED(object, number)                                                                                       \
    {                                                                                                                  \
        MIB_##object, 0, ASN_UNSIGNED, number, NULL, 0                                                                 \
    }
#define OCTETS(object, text)                                                                                           \
    {                                                                                                                  \
        MIB_##object, 0, ASN_OCTET_STR, 0, text, sizeof(text) - 1                                                      \
    }

static netsnmp_pdu *request_of(struct fixture *fixture, const struct part *parts, size_t count)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);

    for (size_t i = 0; i < count; i++) {
        if (parts[i].octets)
            fixture_add(request, parts[i].object, parts[i].instance, parts[i].type, parts[i].octets, parts[i].length);
        else
            fixture_add(request, parts[i].object, parts[i].instance, parts[i].type, &parts[i].number,
                        sizeof(parts[i].number));
    }
    return request;
}

static int set_parts(struct fixture *fixture, const struct part *parts, size_t count, long *index)
{
    return fixture_set(fixture, request_of(fixture, parts, count), index);
}

static uint32_t generation(const struct fixture *fixture)
{
    return store_current(fixture->agent.store)->generation;
}

static int64_t number_of(const struct fixture *fixture, enum setting_id id)
{
    return store_current(fixture->agent.store)->values[id].number;
}

/* A SET that must be refused: the status, the index, a piece of the reason, and nothing changed anywhere. */
static void assert_refused(struct fixture *fixture, const struct part *parts, size_t count, int status, long at,
                           const char *reason)
{
    const uint32_t before = generation(fixture);
    char *document = fixture_document(fixture);
    struct document *values = NULL;
    char *after;
    long index = 0;

    assert_int_equal(document_copy(&values, store_current(fixture->agent.store), NULL), DEVSEC_OK);
    assert_int_equal(set_parts(fixture, parts, count, &index), status);
    assert_int_equal(index, at);
    if (!strstr(fixture->agent.last_set_error, reason))
        fail_msg("\"%s\" does not say \"%s\"", fixture->agent.last_set_error, reason);
    assert_int_equal(generation(fixture), before);
    assert_true(document_same_settings(values, store_current(fixture->agent.store)));
    after = fixture_document(fixture);
    assert_string_equal(document, after);
    document_free(values);
    free(document);
    free(after);
}

static void assert_accepted(struct fixture *fixture, const struct part *parts, size_t count)
{
    long index = 0;

    if (set_parts(fixture, parts, count, &index) != SNMP_ERR_NOERROR)
        fail_msg("refused at %ld: %s", index, fixture->agent.last_set_error);
}

static const struct part four[] = {
    INTEGER(devsecTlsPermitMode, MIB_devsecTlsPermitMode_ciphertextPriority),
    OCTETS(devsecTlsVersions, "\x10"), /* tls12 */
    OCTETS(devsecTlsCiphers, "\x40"),  /* aes256 */
    INTEGER(devsecSmtpSecure, 1),
};

static void test_four_objects_one_commit(void **state)
{
    struct fixture *fixture = *state;
    const uint32_t before = generation(fixture);
    char *document;

    assert_accepted(fixture, four, 4);
    assert_int_equal(generation(fixture), before + 1);
    assert_int_equal(number_of(fixture, SETTING_TLS_PERMIT_MODE), MIB_devsecTlsPermitMode_ciphertextPriority);
    assert_int_equal(number_of(fixture, SETTING_TLS_VERSIONS), 1u << MIB_devsecTlsVersions_tls12);
    assert_int_equal(number_of(fixture, SETTING_SMTP_PORT), 465);
    document = fixture_document(fixture);
    assert_non_null(strstr(document, "ciphertextPriority"));
    assert_non_null(strstr(document, "[tls12]"));
    assert_non_null(strstr(document, "[aes256]"));
    assert_non_null(strstr(document, "465"));
    free(document);
}

/* On disk before CommitSet is answered, not before: TestSet alone touches nothing. */
static void test_commit_is_on_disk_before_its_answer(void **state)
{
    struct fixture *fixture = *state;
    char *before = fixture_document(fixture);
    netsnmp_pdu *response = fixture_answer(fixture, request_of(fixture, four, 4));
    char *now = fixture_document(fixture);

    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    snmp_free_pdu(response);
    assert_string_equal(before, now);
    free(now);
    response = fixture_answer(fixture, fixture_request(fixture, AGENTX_COMMIT_SET));
    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    snmp_free_pdu(response);
    now = fixture_document(fixture);
    assert_non_null(strstr(now, "ciphertextPriority"));
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    free(before);
    free(now);
}

/* One bad varbind among the four, in every position: its status, its index, nothing changed, and the next one works. */
static void test_bad_varbind_in_any_position(void **state)
{
    static const struct {
        struct part part;
        int status;
        const char *reason;
    } bad[] = {
        {{MIB_devsecSmtpPort, 0, ASN_INTEGER, 25, NULL, 0},
         SNMP_ERR_WRONGTYPE,
         "devsecSmtpPort.0: expected Unsigned32"},
        {{MIB_devsecSmtpPort, 0, ASN_UNSIGNED, 0, NULL, 0}, SNMP_ERR_WRONGVALUE, "expected 1 to 65535, got 0"},
        {{MIB_devsecSmtpHost, 0, ASN_OCTET_STR, 0, "bad host", 8}, SNMP_ERR_WRONGVALUE, "devsecSmtpHost.0: "},
        {{MIB_devsecTlsIpv4Enabled, 0, ASN_INTEGER, 1, NULL, 0}, SNMP_ERR_INCONSISTENTVALUE, "certificate"},
        {{MIB_devsecTlsIpv4Enabled, 1, ASN_INTEGER, 1, NULL, 0},
         SNMP_ERR_NOCREATION,
         "devsecTlsIpv4Enabled.1: a scalar has the one instance 0"},
        {{MIB_devsecStoreGeneration, 0, ASN_UNSIGNED, 1, NULL, 0},
         SNMP_ERR_NOTWRITABLE,
         "devsecStoreGeneration.0: the object is read-only"},
        {{MIB_devsecApplyState, 2, ASN_INTEGER, 1, NULL, 0},
         SNMP_ERR_NOTWRITABLE,
         "devsecApplyState.2: the object is read-only"},
        {{MIB_devsecRestart, 0, ASN_INTEGER, MIB_devsecRestart_restart, NULL, 0},
         SNMP_ERR_INCONSISTENTVALUE,
         "the device profile names no restart command"},
    };
    struct fixture *fixture = *state;

    for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
        for (size_t at = 0; at <= 4; at++) {
            struct part parts[5];
            size_t n = 0;

            for (size_t i = 0; i <= 4; i++)
                parts[i] = i == at ? bad[b].part : four[n++];
            assert_refused(fixture, parts, 5, bad[b].status, (long)at + 1, bad[b].reason);
        }
    }
    assert_accepted(fixture, four, 4);
}

static void test_valid_only_together(void **state)
{
    static const struct part old_only[] = {
        OCTETS(devsecTlsVersions, "\x10"), /* tls12 */
        OCTETS(devsecTlsCiphers, "\x90"),  /* aes128, rc4 */
    };
    static const struct part new_only[] = {
        OCTETS(devsecTlsVersions, "\x08"), /* tls13, which has no rc4 */
        OCTETS(devsecTlsCiphers, "\x80"),  /* aes128 */
    };
    static const struct part reversed[] = {
        OCTETS(devsecTlsCiphers, "\x80"),
        OCTETS(devsecTlsVersions, "\x08"),
    };
    struct fixture *fixture = *state;

    assert_accepted(fixture, old_only, 2);
    assert_refused(fixture, new_only, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "rc4");
    assert_accepted(fixture, new_only, 2);
    assert_refused(fixture, old_only + 1, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "rc4");
    assert_accepted(fixture, old_only, 2);
    assert_accepted(fixture, reversed, 2);
}

/* The fault is answered at the varbind that has a part in it, wherever it stands. */
static void test_cross_check_index(void **state)
{
    static const struct part parts[] = {
        INTEGER(devsecSmtpSecure, 2),
        UNSIGNED(devsecSmtpPort, 26),
        OCTETS(devsecTlsVersions, ""),
        INTEGER(devsecTlsSha1Digest, 1),
    };

    assert_refused(*state, parts, 4, SNMP_ERR_INCONSISTENTVALUE, 3, "devsecTlsVersions.0: ");
}

static void test_same_value_costs_no_commit(void **state)
{
    static const struct part same[] = {UNSIGNED(devsecSmtpPort, 25), INTEGER(devsecSmtpSecure, 2)};
    struct fixture *fixture = *state;
    const uint32_t before = generation(fixture);

    assert_accepted(fixture, same, 2);
    assert_int_equal(generation(fixture), before);
}

static void test_given_twice(void **state)
{
    static const struct part equal[] = {UNSIGNED(devsecSmtpPort, 2525), UNSIGNED(devsecSmtpPort, 2525)};
    static const struct part differing[] = {UNSIGNED(devsecSmtpPort, 2526), INTEGER(devsecSmtpSecure, 2),
                                            UNSIGNED(devsecSmtpPort, 2527)};

    assert_accepted(*state, equal, 2);
    assert_refused(*state, differing, 3, SNMP_ERR_INCONSISTENTVALUE, 3, "given twice");
}

static void test_set_serial(void **state)
{
    struct fixture *fixture = *state;
    struct part parts[] = {INTEGER(devsecSetSerialNo, 0), UNSIGNED(devsecSmtpPort, 2525)};
    const int32_t serial = fixture->agent.set_serial = INT32_MAX - 1;

    parts[0].number = serial;
    assert_accepted(fixture, parts, 2);
    assert_int_equal(fixture->agent.set_serial, INT32_MAX);
    parts[1].number = 2526;
    assert_refused(fixture, parts, 2, SNMP_ERR_INCONSISTENTVALUE, 1, "another manager was faster");
    assert_int_equal(fixture->agent.set_serial, INT32_MAX);
    parts[0].number = INT32_MAX;
    assert_accepted(fixture, parts, 2);
    assert_int_equal(fixture->agent.set_serial, 0); /* RFC 2579: wraps to zero */
    assert_int_equal(number_of(fixture, SETTING_SMTP_PORT), 2526);
}

static int phase(struct fixture *fixture, int command)
{
    netsnmp_pdu *response = fixture_answer(fixture, fixture_request(fixture, command));
    int status;

    assert_non_null(response);
    status = (int)response->errstat;
    snmp_free_pdu(response);
    return status;
}

static void test_undo_brings_everything_back(void **state)
{
    struct fixture *fixture = *state;
    const struct part parts[] = {{MIB_devsecSetSerialNo, 0, ASN_INTEGER, fixture->agent.set_serial, NULL, 0},
                                 UNSIGNED(devsecSmtpPort, 2525)};
    const int32_t serial = fixture->agent.set_serial;
    const uint32_t before = generation(fixture);
    char *document = fixture_document(fixture);
    char *after;

    snmp_free_pdu(fixture_answer(fixture, request_of(fixture, parts, 2)));
    assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_NOERROR);
    assert_int_equal(generation(fixture), before + 1);
    assert_int_equal(phase(fixture, AGENTX_UNDO_SET), SNMP_ERR_NOERROR);
    assert_int_equal(phase(fixture, AGENTX_UNDO_SET), SNMP_ERR_NOERROR); /* repeated by the master */
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    assert_int_equal(generation(fixture), before);
    assert_int_equal(fixture->agent.set_serial, serial);
    assert_int_equal(number_of(fixture, SETTING_SMTP_PORT), 25);
    after = fixture_document(fixture);
    assert_string_equal(document, after);
    free(document);
    free(after);
}

/* The master repeats what is answered late; every phase bears it and commits once. */
static void test_repeated_phases(void **state)
{
    static const struct part parts[] = {UNSIGNED(devsecSmtpPort, 2525)};
    struct fixture *fixture = *state;
    const uint32_t before = generation(fixture);

    for (int i = 0; i < 3; i++) {
        netsnmp_pdu *response = fixture_answer(fixture, request_of(fixture, parts, 1));

        assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
        snmp_free_pdu(response);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_NOERROR);
    snmp_free_pdu(fixture_answer(fixture, request_of(fixture, parts, 1)));
    assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_NOERROR);
    for (int i = 0; i < 2; i++)
        assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    assert_int_equal(generation(fixture), before + 1);
}

static void test_commit_without_test(void **state)
{
    struct fixture *fixture = *state;
    const uint32_t before = generation(fixture);

    assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_COMMITFAILED);
    assert_int_equal(phase(fixture, AGENTX_UNDO_SET), SNMP_ERR_NOERROR);
    assert_int_equal(generation(fixture), before);
}

/* A master that dies between the phases: what was tested is gone, what was committed stays. */
static void test_abandoned(void **state)
{
    static const struct part parts[] = {UNSIGNED(devsecSmtpPort, 2525)};
    struct fixture *fixture = *state;
    const uint32_t before = generation(fixture);

    snmp_free_pdu(fixture_answer(fixture, request_of(fixture, parts, 1)));
    dispatch_abandon(fixture->agent.dispatch);
    assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_COMMITFAILED);
    assert_int_equal(generation(fixture), before);
    snmp_free_pdu(fixture_answer(fixture, request_of(fixture, parts, 1)));
    assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_NOERROR);
    dispatch_abandon(fixture->agent.dispatch);
    assert_int_equal(generation(fixture), before + 1);
    assert_int_equal(number_of(fixture, SETTING_SMTP_PORT), 2525);
}

/* A writer that holds the store's lock stops settings, and nothing that needs no disk. */
static void test_actions_need_no_store(void **state)
{
    struct fixture *fixture = *state;
    const struct part serial[] = {
        {MIB_devsecSetSerialNo, 0, ASN_INTEGER, fixture->agent.set_serial, NULL, 0},
    };
    const struct part port[] = {UNSIGNED(devsecSmtpPort, 2525)};
    char path[128];
    int lock;

    snprintf(path, sizeof(path), "%s/store/lock", fixture->directory);
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    snmp_free_pdu(fixture_answer(fixture, request_of(fixture, port, 1)));
    assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_COMMITFAILED);
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    snmp_free_pdu(fixture_answer(fixture, request_of(fixture, serial, 1)));
    assert_int_equal(phase(fixture, AGENTX_COMMIT_SET), SNMP_ERR_NOERROR);
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    assert_int_equal(fixture->agent.set_serial, serial[0].number + 1);
    close(lock);
}

/* A generous PDU: more varbinds than there are objects, all the same. */
static void test_many_varbinds(void **state)
{
    static const struct part one = UNSIGNED(devsecSmtpPort, 2525);
    struct part parts[300];

    for (size_t i = 0; i < 300; i++)
        parts[i] = one;
    assert_accepted(*state, parts, 300);
    parts[299].number = 0;
    assert_refused(*state, parts, 300, SNMP_ERR_WRONGVALUE, 300, "expected 1 to 65535");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_four_objects_one_commit, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_commit_is_on_disk_before_its_answer, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_bad_varbind_in_any_position, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_valid_only_together, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_cross_check_index, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_same_value_costs_no_commit, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_given_twice, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_set_serial, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_undo_brings_everything_back, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_repeated_phases, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_commit_without_test, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_abandoned, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_actions_need_no_store, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_many_varbinds, fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
