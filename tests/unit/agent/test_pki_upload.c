/* SPDX-License-Identifier: Apache-2.0 */
/* devsecUploadTable by PDUs: how segments come and go, what they refuse, and that a SET is all or nothing. */
#include "jobs.h"
#include "parts.h"
#include "row_status.h"
#include "uploads.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define DATA(text, ...)    OCTETS(devsecUploadData, text, __VA_ARGS__)
#define STATUS(value, ...) INTEGER(devsecUploadRowStatus, value, __VA_ARGS__)
#define CREATE_AND_GO      ROW_STATUS_CREATE_AND_GO
#define CREATE_AND_WAIT    ROW_STATUS_CREATE_AND_WAIT
#define ACTIVE             ROW_STATUS_ACTIVE
#define DESTROY            ROW_STATUS_DESTROY

/* "5.1:1=abc 5.2:3= ": index, status and octets of what is held. */
static void assert_holds(const struct fixture *fixture, const char *expected)
{
    const struct uploads *uploads = fixture->agent.uploads;
    char found[1024] = "";

    for (size_t i = 0; i < uploads_count(uploads); i++) {
        const struct upload_segment *at = uploads_at(uploads, i);

        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%u.%u:%d=%.*s ", at->job, at->segment,
                 at->status, (int)at->length, (const char *)at->octets);
    }
    assert_string_equal(found, expected);
}

/* Refused, and every segment is as it was. */
static void assert_refused(struct fixture *fixture, const struct part *parts, size_t count, int status, long at,
                           const char *reason)
{
    const size_t segments = uploads_count(fixture->agent.uploads);
    const size_t octets = uploads_octets(fixture->agent.uploads);

    parts_refused(fixture, parts, count, status, at, reason);
    assert_int_equal(uploads_count(fixture->agent.uploads), segments);
    assert_int_equal(uploads_octets(fixture->agent.uploads), octets);
    /* Nothing stays set aside, either. */
    assert_int_equal(
        uploads_reserve(fixture->agent.uploads, UPLOAD_COUNT_MAX - segments, UPLOAD_OCTETS_MAX - octets, NULL),
        DEVSEC_OK);
    uploads_release(fixture->agent.uploads, UPLOAD_COUNT_MAX - segments, UPLOAD_OCTETS_MAX - octets);
}

/* A job's row in the document: one that was never started, or one that is over. */
static void put_job(struct fixture *fixture, int64_t index, bool started)
{
    struct value *row = row_new(TABLE_JOBS);
    struct transaction *txn = NULL;
    struct devsec_error error = {DEVSEC_OK, ""};

    assert_non_null(row);
    row[JOB_INDEX].number = index;
    row[JOB_OPERATION].number = MIB_devsecJobOperation_installCertificate;
    row[JOB_KEY_TYPE].number = MIB_devsecJobKeyType_ecdsa;
    row[JOB_KEY_BITS].number = 2048;
    row[JOB_KEY_CURVE].number = MIB_devsecJobKeyCurve_p256;
    row[JOB_HASH].number = MIB_devsecJobHash_sha256;
    row[JOB_USAGE].number = MIB_devsecJobUsage_none;
    row[JOB_USAGE_INSTANCE].number = 1;
    row[JOB_STATUS].number = started ? MIB_devsecJobStatus_failed : MIB_devsecJobStatus_pending;
    row[JOB_CAUSE].number = started ? MIB_devsecJobCause_cancelled : MIB_devsecJobCause_none;
    row[JOB_STARTED].number = started ? time(NULL) : 0;
    row[JOB_FINISHED].number = started ? time(NULL) : 0;
    assert_int_equal(transaction_begin(&txn, fixture->agent.store, NULL), DEVSEC_OK);
    if (transaction_put_row(txn, TABLE_JOBS, row, &error) || transaction_commit(txn, &error))
        fail_msg("%s", error.text);
    transaction_finish(txn);
    transaction_free(txn);
    row_free(TABLE_JOBS, row);
    agent_follow(&fixture->agent);
}

/* ---- coming and going ---- */

static void test_created_and_destroyed(void **state)
{
    static const struct part two[] = {DATA("world", 5, 2), STATUS(CREATE_AND_GO, 5, 1), STATUS(CREATE_AND_GO, 5, 2),
                                      DATA("hello ", 5, 1)};
    static const struct part gone[] = {STATUS(DESTROY, 5, 1), STATUS(DESTROY, 5, 2)};
    struct fixture *fixture = *state;
    const uint32_t generation = parts_generation(fixture);

    parts_accepted(fixture, two, 4);
    assert_holds(fixture, "5.1:1=hello  5.2:1=world ");
    parts_accepted(fixture, gone, 1);
    assert_holds(fixture, "5.2:1=world ");
    parts_accepted(fixture, gone, 2); /* what is not there is destroyed without error (RFC 2579) */
    assert_holds(fixture, "");
    assert_int_equal(parts_generation(fixture), generation);
}

static void test_created_step_by_step(void **state)
{
    static const struct part wait = STATUS(CREATE_AND_WAIT, 5, 1);
    static const struct part data = DATA("abc", 5, 1);
    static const struct part empty = DATA("", 5, 2);
    static const struct part active = STATUS(ACTIVE, 5, 1);
    static const struct part both[] = {STATUS(ACTIVE, 5, 2), DATA("", 5, 2)};
    static const struct part wait_2 = STATUS(CREATE_AND_WAIT, 5, 2);
    struct fixture *fixture = *state;

    parts_accepted(fixture, &wait, 1);
    assert_holds(fixture, "5.1:3= "); /* notReady */
    assert_refused(fixture, &active, 1, SNMP_ERR_INCONSISTENTVALUE, 1,
                   "devsecUploadRowStatus.5.1: the segment has no octets");
    parts_accepted(fixture, &data, 1);
    assert_holds(fixture, "5.1:2=abc "); /* notInService */
    parts_accepted(fixture, &active, 1);
    assert_holds(fixture, "5.1:1=abc ");
    parts_accepted(fixture, &active, 1);
    /* No octets are octets, too, once they are set; and one SET can bring what is missing and activate. */
    parts_accepted(fixture, &wait_2, 1);
    parts_accepted(fixture, &empty, 1);
    assert_holds(fixture, "5.1:1=abc 5.2:2= ");
    parts_accepted(fixture, both, 2);
    assert_holds(fixture, "5.1:1=abc 5.2:1= ");
}

static void test_activated_with_its_octets(void **state)
{
    static const struct part wait = STATUS(CREATE_AND_WAIT, 5, 1);
    static const struct part both[] = {DATA("abc", 5, 1), STATUS(ACTIVE, 5, 1)};

    parts_accepted(*state, &wait, 1);
    parts_accepted(*state, both, 2);
    assert_holds(*state, "5.1:1=abc ");
}

/* The same again is no error and changes nothing; other octets are one. */
static void test_octets_again(void **state)
{
    static const struct part made[] = {DATA("abc", 5, 1), STATUS(CREATE_AND_GO, 5, 1)};
    static const struct part same[] = {DATA("abc", 5, 1), STATUS(ACTIVE, 5, 1)};
    static const struct part others[] = {DATA("abd", 5, 1), DATA("ab", 5, 1), DATA("abcd", 5, 1), DATA("", 5, 1)};
    struct fixture *fixture = *state;

    parts_accepted(fixture, made, 2);
    parts_accepted(fixture, same, 1);
    parts_accepted(fixture, same, 2);
    for (size_t i = 0; i < COUNT(others); i++)
        assert_refused(fixture, &others[i], 1, SNMP_ERR_INCONSISTENTVALUE, 1,
                       "devsecUploadData.5.1: the segment is there already, with other octets: destroy it first");
    assert_refused(fixture, made, 2, SNMP_ERR_INCONSISTENTVALUE, 2, "the row is there already");
    assert_holds(fixture, "5.1:1=abc ");
}

static void test_refused_by_row_status(void **state)
{
    static const struct {
        struct part parts[2];
        size_t count;
        int status;
        long at;
        const char *reason;
    } cases[] = {
        {{DATA("x", 5, 1)}, 1, SNMP_ERR_INCONSISTENTNAME, 1, "devsecUploadData.5.1: there is no such row"},
        {{STATUS(ACTIVE, 5, 1)}, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "there is no such row"},
        {{STATUS(ACTIVE, 5, 1), DATA("x", 5, 1)}, 2, SNMP_ERR_INCONSISTENTVALUE, 1, "there is no such row"},
        {{STATUS(CREATE_AND_GO, 5, 1)}, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "the segment has no octets"},
        {{STATUS(ROW_STATUS_NOT_READY, 5, 1)}, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "notReady(3)"},
        {{STATUS(ROW_STATUS_NOT_IN_SERVICE, 5, 1)}, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "destroy(6)"},
        {{STATUS(DESTROY, 5, 1), DATA("x", 5, 1)}, 2, SNMP_ERR_INCONSISTENTVALUE, 2, "the request destroys the row"},
        {{STATUS(CREATE_AND_GO, 5, 65), DATA("x", 5, 65)}, 2, SNMP_ERR_NOCREATION, 1, "65 as its devsecUploadSegment"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(*state, cases[i].parts, cases[i].count, cases[i].status, cases[i].at, cases[i].reason);
    assert_holds(*state, "");
}

static void test_job_is_started(void **state)
{
    static const struct part more[] = {DATA("b", 7, 2), STATUS(CREATE_AND_GO, 7, 2)};
    static const struct part first[] = {DATA("a", 7, 1), STATUS(CREATE_AND_GO, 7, 1)};
    static const struct part destroy = STATUS(DESTROY, 7, 1);
    static const struct part missing = STATUS(DESTROY, 7, 9);
    const struct upload_segment segment = {.job = 7, .segment = 1, .status = ACTIVE, .length = 1, .octets = "a"};
    struct fixture *fixture = *state;

    put_job(fixture, 7, false);
    parts_accepted(fixture, first, 2);
    put_job(fixture, 7, true);
    assert_int_equal(uploads_put(fixture->agent.uploads, &segment, NULL), DEVSEC_OK); /* if they went with the job */
    assert_refused(fixture, more, 2, SNMP_ERR_INCONSISTENTVALUE, 1, "devsecUploadData.7.2: job 7 is started");
    assert_refused(fixture, &destroy, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "devsecUploadRowStatus.7.1: job 7 is started");
    parts_accepted(fixture, first, 1); /* what is in force already */
    parts_accepted(fixture, &missing, 1);
    assert_holds(fixture, "7.1:1=a ");
}

/* ---- limits ---- */

static void fill_up_to(struct fixture *fixture, size_t octets)
{
    struct upload_segment full = {.job = 1000, .status = ACTIVE};

    for (size_t left = octets; left > 0; left -= full.length) {
        full.segment = full.segment % UPLOAD_SEGMENTS_MAX + 1;
        full.job += full.segment == 1;
        full.length = left < UPLOAD_SEGMENT_MAX ? left : UPLOAD_SEGMENT_MAX;
        assert_int_equal(uploads_put(fixture->agent.uploads, &full, NULL), DEVSEC_OK);
    }
}

/* The segments of one PDU count together, whatever its order. */
static void test_limit_of_octets(void **state)
{
    static const struct part parts[] = {STATUS(CREATE_AND_GO, 5, 2), DATA("def", 5, 2), DATA("abc", 5, 1),
                                        STATUS(CREATE_AND_GO, 5, 1)};
    struct fixture *fixture = *state;

    fill_up_to(fixture, UPLOAD_OCTETS_MAX - 5);
    assert_refused(fixture, parts, 4, SNMP_ERR_RESOURCEUNAVAILABLE, 2, "devsecUploadData.5.2: the device holds 524288");
    parts_accepted(fixture, parts, 2);
    assert_refused(fixture, parts + 2, 2, SNMP_ERR_RESOURCEUNAVAILABLE, 1, "devsecUploadData.5.1: the device holds");
    uploads_remove(fixture->agent.uploads, 5, 2);
    uploads_remove_job(fixture->agent.uploads, 1001);
    parts_accepted(fixture, parts, 4);
}

static void test_limit_of_segments(void **state)
{
    static const struct part empty[] = {STATUS(CREATE_AND_WAIT, 5, 1), STATUS(CREATE_AND_WAIT, 5, 2)};
    static const struct part data = DATA("abc", 5, 1);
    struct fixture *fixture = *state;
    struct upload_segment none = {.segment = 1, .status = ACTIVE};

    for (none.job = 1000; none.job < 1000 + UPLOAD_COUNT_MAX - 1; none.job++)
        assert_int_equal(uploads_put(fixture->agent.uploads, &none, NULL), DEVSEC_OK);
    assert_refused(fixture, empty, 2, SNMP_ERR_RESOURCEUNAVAILABLE, 2, "1024 segments");
    parts_accepted(fixture, empty, 1);
    parts_accepted(fixture, &data, 1); /* no segment more */
}

/* ---- all or nothing ---- */

#define MADE DATA("a", 5, 1), STATUS(CREATE_AND_GO, 5, 1)

static const struct part made_one[] = {MADE};

/* Comes, goes and is filled in one SET, beside a setting; undone, everything is what it was. */
static void test_undone(void **state)
{
    static const struct part wait = STATUS(CREATE_AND_WAIT, 5, 2);
    static const struct part parts[] = {STATUS(DESTROY, 5, 1),       UNSIGNED(devsecSmtpPort, 2525, 0),
                                        DATA("filled", 5, 2),        DATA("new", 5, 3),
                                        STATUS(CREATE_AND_GO, 5, 3), DATA("before", 4, 64),
                                        STATUS(CREATE_AND_GO, 4, 64)};
    struct fixture *fixture = *state;
    const uint32_t generation = parts_generation(fixture);

    parts_accepted(fixture, made_one, 2);
    parts_accepted(fixture, &wait, 1);
    assert_int_equal(parts_test(fixture, parts, COUNT(parts)), SNMP_ERR_NOERROR);
    assert_holds(fixture, "5.1:1=a 5.2:3= ");
    assert_int_equal(parts_commit(fixture), SNMP_ERR_NOERROR);
    assert_int_equal(parts_commit(fixture), SNMP_ERR_NOERROR);
    assert_holds(fixture, "4.64:1=before 5.2:2=filled 5.3:1=new ");
    assert_int_equal(parts_generation(fixture), generation + 1);
    assert_int_equal(parts_undo(fixture), SNMP_ERR_NOERROR);
    assert_int_equal(parts_undo(fixture), SNMP_ERR_NOERROR);
    parts_cleanup(fixture);
    assert_holds(fixture, "5.1:1=a 5.2:3= ");
    assert_int_equal(parts_generation(fixture), generation);
}

/* One bad segment, or a setting that is refused, and none comes. */
static void test_nothing_of_a_refused_one(void **state)
{
    static const struct part bad_segment[] = {MADE, DATA("b", 5, 2)};
    static const struct part bad_setting[] = {MADE, INTEGER(devsecTlsIpv4Enabled, 1, 0)};
    struct fixture *fixture = *state;

    assert_refused(fixture, bad_segment, 3, SNMP_ERR_INCONSISTENTNAME, 3, "there is no such row");
    assert_refused(fixture, bad_setting, 3, SNMP_ERR_INCONSISTENTVALUE, 3, "devsecTlsIpv4Enabled.0: ");
    assert_holds(fixture, "");
}

/* Segments are not in the store: a store that cannot be written does not hinder them. */
static void test_without_the_store(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    int lock;

    snprintf(path, sizeof(path), "%s/store/lock", fixture->directory);
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    parts_accepted(fixture, made_one, 2);
    close(lock);
    assert_holds(fixture, "5.1:1=a ");
}

/* ---- reading ---- */

static void test_read_back(void **state)
{
    static const unsigned char octets[] = {0, 255, '\n', 0};
    static const oid index[] = {2147483647, 64};
    struct fixture *fixture = *state;
    struct upload_segment segment = {.job = 2147483647, .segment = 64, .status = ACTIVE, .length = sizeof(octets)};
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET);
    netsnmp_pdu *response;

    memcpy(segment.octets, octets, sizeof(octets));
    assert_int_equal(uploads_put(fixture->agent.uploads, &segment, NULL), DEVSEC_OK);
    fixture_add_row(request, MIB_devsecUploadData, index, 2, ASN_NULL, NULL, 0);
    fixture_add_row(request, MIB_devsecUploadRowStatus, index, 2, ASN_NULL, NULL, 0);
    fixture_add(request, MIB_devsecUploadLimit, 0, ASN_NULL, NULL, 0);
    response = fixture_answer(fixture, request);
    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    assert_int_equal(response->variables->type, ASN_OCTET_STR);
    assert_int_equal(response->variables->val_len, sizeof(octets));
    assert_memory_equal(response->variables->val.string, octets, sizeof(octets));
    assert_int_equal(*response->variables->next_variable->val.integer, 1);
    assert_int_equal(*response->variables->next_variable->next_variable->val.integer, UPLOAD_OCTETS_MAX);
    snmp_free_pdu(response);
}

/* Octets that were not set are no instance; octets of which there are none are one. */
static void test_not_set_yet(void **state)
{
    static const struct part wait = STATUS(CREATE_AND_WAIT, 5, 1);
    static const struct part empty = DATA("", 5, 1);
    static const oid index[] = {5, 1};
    struct fixture *fixture = *state;

    for (int set = 0; set < 2; set++) {
        netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET);
        netsnmp_pdu *response;

        parts_accepted(fixture, set ? &empty : &wait, 1);
        fixture_add_row(request, MIB_devsecUploadData, index, 2, ASN_NULL, NULL, 0);
        response = fixture_answer(fixture, request);
        assert_int_equal(response->variables->type, set ? ASN_OCTET_STR : SNMP_NOSUCHINSTANCE);
        snmp_free_pdu(response);
    }
}

#define ON_AGENT(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_AGENT(test_created_and_destroyed),
        ON_AGENT(test_created_step_by_step),
        ON_AGENT(test_activated_with_its_octets),
        ON_AGENT(test_octets_again),
        ON_AGENT(test_refused_by_row_status),
        ON_AGENT(test_job_is_started),
        ON_AGENT(test_limit_of_octets),
        ON_AGENT(test_limit_of_segments),
        ON_AGENT(test_undone),
        ON_AGENT(test_nothing_of_a_refused_one),
        ON_AGENT(test_without_the_store),
        ON_AGENT(test_read_back),
        ON_AGENT(test_not_set_yet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
