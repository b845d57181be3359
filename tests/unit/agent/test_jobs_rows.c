/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of devsecJobTable: what a SET may make of them, column by column, and what it may not. */
#include "jobs_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define ACTIVE          1
#define NOT_IN_SERVICE  2
#define NOT_READY       3
#define CREATE_AND_GO   4
#define CREATE_AND_WAIT 5
#define DESTROY         6

#define END                                                                                                            \
    {                                                                                                                  \
        0, 0, NULL                                                                                                     \
    }

/* 2030-01-02 00:00:00.0 and a day later, in 8 octets. */
#define DATE       "\x07\xee\x01\x02\x0c\x01\x01\x01"
#define DATE_LATER "\x07\xee\x01\x03\x0c\x01\x01\x01"

static const struct refusal {
    const char *label;
    struct cell cells[CELLS_MAX];
    int status;
    long index; /* of the guilty varbind */
    const char *sentence;
} refusals[] = {
    {"a column of no row",
     {{MIB_devsecJobKeyBits, 2048, NULL}, END},
     SNMP_ERR_INCONSISTENTNAME,
     1,
     "devsecJobKeyBits.9: there is no such row"},
    {"active for no row",
     {{MIB_devsecJobRowStatus, ACTIVE, NULL}, END},
     SNMP_ERR_INCONSISTENTVALUE,
     1,
     "devsecJobRowStatus.9: there is no such row"},
    {"started without an operation",
     {{MIB_devsecJobCommonName, 0, "host.test"}, {MIB_devsecJobRowStatus, CREATE_AND_GO, NULL}, END},
     SNMP_ERR_INCONSISTENTVALUE,
     2,
     "devsecJobRowStatus.9: the row is notReady(3): set devsecJobOperation, too"},
    {"an operation that the device does not have",
     {{MIB_devsecJobRowStatus, CREATE_AND_WAIT, NULL},
      {MIB_devsecJobOperation, MIB_devsecJobOperation_scepEnroll, NULL},
      END},
     SNMP_ERR_INCONSISTENTVALUE,
     2,
     "devsecJobOperation.9: this device has no such operation"},
    {"no common name",
     {{MIB_devsecJobOperation, MIB_devsecJobOperation_createRequest, NULL},
      {MIB_devsecJobCommonName, 0, ""},
      {MIB_devsecJobRowStatus, CREATE_AND_GO, NULL},
      END},
     SNMP_ERR_INCONSISTENTVALUE,
     2,
     "devsecJobCommonName.9: common name: "},
    {"a country that is none",
     {SELF_SIGNED(CREATE_AND_GO), {MIB_devsecJobCountry, 0, "1!"}, END},
     SNMP_ERR_INCONSISTENTVALUE,
     4,
     "devsecJobCountry.9: country: "},
    {"alternative names that are none",
     {SELF_SIGNED(CREATE_AND_GO), {MIB_devsecJobSubjectAltNames, 0, "good.test, bad_name!.test"}, END},
     SNMP_ERR_INCONSISTENTVALUE,
     4,
     "devsecJobSubjectAltNames.9: "},
    {"a control character",
     {SELF_SIGNED(CREATE_AND_GO), {MIB_devsecJobLocality, 0, "here\x1b[2J"}, END},
     SNMP_ERR_INCONSISTENTVALUE,
     4,
     "devsecJobLocality.9: locality: "},
    {"a key length that is no multiple of 8",
     {SELF_SIGNED(CREATE_AND_GO),
      {MIB_devsecJobKeyType, MIB_devsecJobKeyType_rsa, NULL},
      {MIB_devsecJobKeyBits, 2049, NULL},
      END},
     SNMP_ERR_INCONSISTENTVALUE,
     5,
     "devsecJobKeyBits.9: "},
    {"a key length out of range",
     {SELF_SIGNED(CREATE_AND_GO), {MIB_devsecJobKeyBits, 512, NULL}, END},
     SNMP_ERR_WRONGVALUE,
     4,
     "devsecJobKeyBits.9: "},
    {"an end before the beginning",
     {SELF_SIGNED(CREATE_AND_GO), {MIB_devsecJobNotBefore, 0, DATE_LATER}, {MIB_devsecJobNotAfter, 0, DATE}, END},
     SNMP_ERR_INCONSISTENTVALUE,
     5,
     "devsecJobNotAfter.9: "},
    {"a use for a key without a certificate",
     {{MIB_devsecJobOperation, MIB_devsecJobOperation_createRequest, NULL},
      {MIB_devsecJobCommonName, 0, "host.test"},
      {MIB_devsecJobUsage, MIB_devsecJobUsage_tls, NULL},
      {MIB_devsecJobRowStatus, CREATE_AND_GO, NULL},
      END},
     SNMP_ERR_INCONSISTENTVALUE,
     3,
     "devsecJobUsage.9: a use is only given to a key that has a certificate"},
    {"an instance of a use that is not there",
     {SELF_SIGNED(CREATE_AND_GO),
      {MIB_devsecJobUsage, MIB_devsecJobUsage_tls, NULL},
      {MIB_devsecJobUsageInstance, 2, NULL},
      END},
     SNMP_ERR_INCONSISTENTVALUE,
     5,
     "devsecJobUsageInstance.9: devsecUsageTable has no instance 2 of that use"},
    {"nothing to delete",
     {{MIB_devsecJobOperation, MIB_devsecJobOperation_deleteKey, NULL},
      {MIB_devsecJobSlot, 0, NULL},
      {MIB_devsecJobRowStatus, CREATE_AND_GO, NULL},
      END},
     SNMP_ERR_INCONSISTENTVALUE,
     2,
     "devsecJobSlot.9: this operation needs to know which one"},
    {"a read-only column",
     {SELF_SIGNED(CREATE_AND_WAIT), {MIB_devsecJobStatus, MIB_devsecJobStatus_succeeded, NULL}, END},
     SNMP_ERR_NOTWRITABLE,
     4,
     "devsecJobStatus.9: "},
    {"two opinions about one column",
     {SELF_SIGNED(CREATE_AND_WAIT), {MIB_devsecJobCommonName, 0, "other.test"}, END},
     SNMP_ERR_INCONSISTENTVALUE,
     4,
     "devsecJobCommonName.9: given twice"},
};

static void test_what_is_refused_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    char *before = fixture_document(fixture);

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *refusal = &refusals[i];
        char *after;
        long index = 0;
        const int status = jobs_set(fixture, 9, refusal->cells, &index);

        if (status != refusal->status || index != refusal->index ||
            !strstr(fixture->agent.last_set_error, refusal->sentence))
            fail_msg("%s: status %d at %ld: %s", refusal->label, status, index, fixture->agent.last_set_error);
        after = fixture_document(fixture);
        assert_string_equal(after, before);
        free(after);
        assert_false(jobs_exists(fixture, 9));
    }
    free(before);
}

static void test_a_new_row_has_the_defaults(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int object;
        long number;
    } numbers[] = {
        {MIB_devsecJobSlot, 0},
        {MIB_devsecJobKeyType, MIB_devsecJobKeyType_ecdsa},
        {MIB_devsecJobKeyBits, 2048},
        {MIB_devsecJobKeyCurve, MIB_devsecJobKeyCurve_p256},
        {MIB_devsecJobHash, MIB_devsecJobHash_sha256},
        {MIB_devsecJobUsage, MIB_devsecJobUsage_none},
        {MIB_devsecJobUsageInstance, 1},
        {MIB_devsecJobStatus, MIB_devsecJobStatus_pending},
        {MIB_devsecJobCause, MIB_devsecJobCause_none},
        {MIB_devsecJobRowStatus, NOT_READY},
    };
    static const int texts[] = {
        MIB_devsecJobKeyName,
        MIB_devsecJobCountry,
        MIB_devsecJobState,
        MIB_devsecJobLocality,
        MIB_devsecJobCommonName,
        MIB_devsecJobOrganization,
        MIB_devsecJobOrganizationalUnit,
        MIB_devsecJobMessage,
        MIB_devsecJobSubjectAltNames,
        MIB_devsecJobChallenge,
    };
    char text[JOBS_TEXT_MAX];

    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobRowStatus, CREATE_AND_WAIT), SNMP_ERR_NOERROR);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_int_equal(jobs_number(fixture, 9, numbers[i].object), numbers[i].number);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_string_equal(jobs_text(fixture, 9, texts[i], text), "");
    assert_int_equal(jobs_row(fixture, 9)[JOB_STARTED].number, 0);
    assert_int_equal(jobs_row(fixture, 9)[JOB_FINISHED].number, 0);
}

/* Expects the instance that comes behind devsecJobOperation's name with these sub-identifiers. */
static void expect_next(struct fixture *fixture, oid after, int object, oid instance)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET_NEXT);
    netsnmp_pdu *response;
    oid name[MAX_OID_LEN];
    size_t length = dispatch_oid(mib_objects[object].oid, mib_objects[object].oid_len, name);

    name[length++] = instance;
    fixture_add(request, MIB_devsecJobOperation, after, ASN_NULL, NULL, 0);
    response = fixture_answer(fixture, request);
    assert_non_null(response);
    assert_int_equal(snmp_oid_compare(response->variables->name, response->variables->name_length, name, length), 0);
    snmp_free_pdu(response);
}

/* RFC 2579, RowStatus: what was not set and has no default is not there. */
static void test_an_operation_that_is_not_set_is_no_instance(void **state)
{
    struct fixture *fixture = *state;

    for (oid job = 2; job <= 6; job += 2)
        assert_int_equal(jobs_set_one(fixture, job, MIB_devsecJobRowStatus, CREATE_AND_WAIT), SNMP_ERR_NOERROR);
    assert_false(jobs_has(fixture, 4, MIB_devsecJobOperation));
    expect_next(fixture, 0, MIB_devsecJobSlot, 2);
    assert_int_equal(jobs_set_one(fixture, 4, MIB_devsecJobOperation, MIB_devsecJobOperation_verify), SNMP_ERR_NOERROR);
    assert_int_equal(jobs_number(fixture, 4, MIB_devsecJobOperation), MIB_devsecJobOperation_verify);
    expect_next(fixture, 0, MIB_devsecJobOperation, 4);
    expect_next(fixture, 2, MIB_devsecJobOperation, 4);
    expect_next(fixture, 4, MIB_devsecJobSlot, 2);
}

/* As a manager does that has only room for one varbind a PDU. */
static void test_a_row_made_column_by_column(void **state)
{
    struct fixture *fixture = *state;
    const struct cell name[] = {{MIB_devsecJobCommonName, 0, "host.test"}, END};
    const struct cell other_name[] = {{MIB_devsecJobCommonName, 0, "other.test"}, END};
    char text[JOBS_TEXT_MAX];
    long index = 0;

    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobRowStatus, CREATE_AND_WAIT), SNMP_ERR_NOERROR);
    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobRowStatus, ACTIVE), SNMP_ERR_INCONSISTENTVALUE);
    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobOperation, MIB_devsecJobOperation_createSelfSigned),
                     SNMP_ERR_NOERROR);
    assert_int_equal(jobs_number(fixture, 9, MIB_devsecJobRowStatus), NOT_IN_SERVICE);
    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobRowStatus, CREATE_AND_WAIT), SNMP_ERR_INCONSISTENTVALUE);
    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobRowStatus, ACTIVE), SNMP_ERR_INCONSISTENTVALUE);
    assert_non_null(strstr(fixture->agent.last_set_error, "common name"));
    assert_int_equal(jobs_set(fixture, 9, other_name, &index), SNMP_ERR_NOERROR);
    assert_int_equal(jobs_set(fixture, 9, name, &index), SNMP_ERR_NOERROR);
    assert_int_equal(jobs_number(fixture, 9, MIB_devsecJobStatus), MIB_devsecJobStatus_pending);
    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobRowStatus, ACTIVE), SNMP_ERR_NOERROR);
    assert_int_equal(jobs_number(fixture, 9, MIB_devsecJobRowStatus), ACTIVE);
    jobs_wait(fixture, 9, MIB_devsecJobStatus_succeeded);
    assert_non_null(strstr(jobs_text(fixture, 9, MIB_devsecJobMessage, text), "slot 1"));
    assert_int_equal(jobs_number(fixture, 9, MIB_devsecJobRowStatus), ACTIVE);
}

static void test_a_started_job_is_not_changed(void **state)
{
    struct fixture *fixture = *state;
    const struct cell cells[] = {SELF_SIGNED(CREATE_AND_GO), {MIB_devsecJobSlot, 3, NULL}, ENDLESS, END};
    const struct cell same[] = {{MIB_devsecJobCommonName, 0, "host.test"},
                                {MIB_devsecJobSlot, 3, NULL},
                                {MIB_devsecJobRowStatus, ACTIVE, NULL},
                                END};
    const struct cell other[] = {{MIB_devsecJobSlot, 3, NULL}, {MIB_devsecJobCommonName, 0, "other.test"}, END};
    const struct cell challenge[] = {{MIB_devsecJobChallenge, 0, "secret"}, END};
    char *before;
    char *after;
    long index = 0;

    assert_int_equal(jobs_set(fixture, 9, cells, &index), SNMP_ERR_NOERROR);
    before = fixture_document(fixture);
    assert_int_equal(jobs_set(fixture, 9, other, &index), SNMP_ERR_INCONSISTENTVALUE);
    assert_int_equal(index, 2);
    assert_string_equal(fixture->agent.last_set_error,
                        "devsecJobCommonName.9: the job is started, and can no longer be changed; destroy it and make "
                        "another");
    assert_int_equal(jobs_set(fixture, 9, challenge, &index), SNMP_ERR_INCONSISTENTVALUE);
    assert_int_equal(jobs_set(fixture, 9, same, &index), SNMP_ERR_NOERROR);
    after = fixture_document(fixture);
    assert_string_equal(after, before); /* the same again is no commit */
    free(before);
    free(after);
    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobRowStatus, DESTROY), SNMP_ERR_NOERROR);
    jobs_settle(fixture);
}

static void test_a_challenge_is_sealed_and_forgotten(void **state)
{
    struct fixture *fixture = *state;
    const struct cell cells[] = {{MIB_devsecJobOperation, MIB_devsecJobOperation_createRequest, NULL},
                                 {MIB_devsecJobCommonName, 0, "host.test"},
                                 {MIB_devsecJobChallenge, 0, "tell-nobody"},
                                 {MIB_devsecJobRowStatus, CREATE_AND_WAIT, NULL},
                                 END};
    const struct cell none[] = {{MIB_devsecJobChallenge, 0, ""}, END};
    char text[JOBS_TEXT_MAX];
    char *document;
    long index = 0;

    assert_int_equal(jobs_set(fixture, 9, cells, &index), SNMP_ERR_NOERROR);
    assert_string_equal(jobs_text(fixture, 9, MIB_devsecJobChallenge, text), "");
    document = fixture_document(fixture);
    assert_non_null(strstr(document, "challenge: \"sealed1:"));
    assert_null(strstr(document, "tell-nobody"));
    free(document);
    assert_int_equal(jobs_set(fixture, 9, none, &index), SNMP_ERR_NOERROR);
    assert_string_equal(value_text(&jobs_row(fixture, 9)[JOB_CHALLENGE]), "");
    assert_int_equal(jobs_set(fixture, 9, &cells[2], &index), SNMP_ERR_INCONSISTENTVALUE); /* createAndWait of a row */
    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobRowStatus, DESTROY), SNMP_ERR_NOERROR);
    assert_int_equal(jobs_set(fixture, 9, cells, &index), SNMP_ERR_NOERROR);
    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobRowStatus, ACTIVE), SNMP_ERR_NOERROR);
    jobs_wait(fixture, 9, MIB_devsecJobStatus_succeeded);
    document = fixture_document(fixture);
    assert_null(strstr(document, "challenge"));
    free(document);
}

static void test_the_table_has_an_end(void **state)
{
    struct fixture *fixture = *state;

    for (oid job = 1; job <= JOBS_MAX; job++)
        assert_int_equal(jobs_set_one(fixture, job, MIB_devsecJobRowStatus, CREATE_AND_WAIT), SNMP_ERR_NOERROR);
    assert_int_equal(jobs_set_one(fixture, 99, MIB_devsecJobRowStatus, CREATE_AND_WAIT), SNMP_ERR_RESOURCEUNAVAILABLE);
    assert_non_null(strstr(fixture->agent.last_set_error, "32"));
    assert_false(jobs_exists(fixture, 99));
    assert_int_equal(jobs_set_one(fixture, 7, MIB_devsecJobRowStatus, DESTROY), SNMP_ERR_NOERROR);
    assert_int_equal(jobs_set_one(fixture, 99, MIB_devsecJobRowStatus, CREATE_AND_WAIT), SNMP_ERR_NOERROR);
}

static void test_a_row_that_is_not_there_can_be_destroyed(void **state)
{
    struct fixture *fixture = *state;
    char *before = fixture_document(fixture);
    char *after;

    assert_int_equal(jobs_set_one(fixture, 9, MIB_devsecJobRowStatus, DESTROY), SNMP_ERR_NOERROR);
    after = fixture_document(fixture);
    assert_string_equal(after, before);
    free(before);
    free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_refused_leaves_nothing, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_new_row_has_the_defaults, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_an_operation_that_is_not_set_is_no_instance, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_row_made_column_by_column, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_started_job_is_not_changed, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_challenge_is_sealed_and_forgotten, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_the_table_has_an_end, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_row_that_is_not_there_can_be_destroyed, fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
