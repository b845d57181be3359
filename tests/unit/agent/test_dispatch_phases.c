/* SPDX-License-Identifier: Apache-2.0 */
/* SET of rows phase by phase (RFC 2741, 7.2.4): undone, repeated, abandoned, without a store, without memory. */
#include "alloc_faults.h"
#include "parts.h"
#include "tables.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

static const struct part mixed[] = {
    UNSIGNED(devsecSmtpPort, 2525, 0),   OCTETS(devsecUploadData, "abc", 7, 64),
    OCTETS(devsecJobKeyName, "ten", 10), OCTETS(devsecJobKeyName, "twenty", 20),
    UNSIGNED(devsecJobSlot, 3, 10),      INTEGER(devsecUploadRowStatus, 4, 7, 64),
};

static void test_undo(void **state)
{
    struct fixture *fixture = *state;
    const int32_t serial = fixture->agent.set_serial;
    const struct part parts[] = {INTEGER(devsecSetSerialNo, serial, 0), OCTETS(devsecJobKeyName, "ten", 10),
                                 OCTETS(devsecUploadData, "x", 1, 1), UNSIGNED(devsecSmtpPort, 2525, 0)};
    const uint32_t before = parts_generation(fixture);
    char *document = fixture_document(fixture);
    char *after;

    assert_int_equal(parts_test(fixture, parts, COUNT(parts)), SNMP_ERR_NOERROR);
    assert_int_equal(parts_commit(fixture), SNMP_ERR_NOERROR);
    tables_assert_names(fixture, "ten ");
    assert_int_equal(parts_undo(fixture), SNMP_ERR_NOERROR);
    assert_int_equal(parts_undo(fixture), SNMP_ERR_NOERROR); /* repeated by the master */
    parts_cleanup(fixture);
    assert_string_equal(tables.log, "test 10@0 KeyName=ten; test 1.1@0 Data=1 octets; commit 10@0; commit 1.1@0; "
                                    "undo 1.1@0; undo 10@0; free 10@0; free 1.1@0; ");
    tables_assert_names(fixture, "");
    assert_int_equal(parts_generation(fixture), before);
    assert_int_equal(fixture->agent.set_serial, serial);
    after = fixture_document(fixture);
    assert_string_equal(document, after);
    free(document);
    free(after);
}

/* The master repeats what is answered late: rows are judged again, and committed and finished once. */
static void test_repeated_phases(void **state)
{
    static const struct part parts[] = {OCTETS(devsecJobKeyName, "ten", 10)};
    struct fixture *fixture = *state;
    const uint32_t before = parts_generation(fixture);

    assert_int_equal(parts_test(fixture, parts, 1), SNMP_ERR_NOERROR);
    assert_int_equal(parts_test(fixture, parts, 1), SNMP_ERR_NOERROR);
    for (int i = 0; i < 3; i++)
        assert_int_equal(parts_commit(fixture), SNMP_ERR_NOERROR);
    assert_int_equal(parts_test(fixture, parts, 1), SNMP_ERR_NOERROR);
    assert_int_equal(parts_commit(fixture), SNMP_ERR_NOERROR);
    parts_cleanup(fixture);
    parts_cleanup(fixture);
    assert_string_equal(tables.log, "test 10@0 KeyName=ten; free 10@0; test 10@0 KeyName=ten; commit 10@0; "
                                    "finish 10@0; free 10@0; ");
    assert_int_equal(parts_generation(fixture), before + 1);
}

/* A master that dies between the phases: what was tested is gone, what was committed stays and is finished. */
static void test_abandoned(void **state)
{
    static const struct part parts[] = {OCTETS(devsecJobKeyName, "ten", 10)};
    struct fixture *fixture = *state;

    assert_int_equal(parts_test(fixture, parts, 1), SNMP_ERR_NOERROR);
    dispatch_abandon(fixture->agent.dispatch);
    assert_string_equal(tables.log, "test 10@0 KeyName=ten; free 10@0; ");
    tables_assert_names(fixture, "");
    tables.log[0] = '\0';
    assert_int_equal(parts_test(fixture, parts, 1), SNMP_ERR_NOERROR);
    assert_int_equal(parts_commit(fixture), SNMP_ERR_NOERROR);
    dispatch_abandon(fixture->agent.dispatch);
    assert_string_equal(tables.log, "test 10@0 KeyName=ten; commit 10@0; finish 10@0; free 10@0; ");
    tables_assert_names(fixture, "ten ");
}

/* One that dies and comes again with another SET, and an agent that ends in the midst of one (close_tables looks). */
static void test_superseded(void **state)
{
    static const struct part first[] = {OCTETS(devsecJobKeyName, "ten", 10)};
    static const struct part second[] = {OCTETS(devsecJobKeyName, "twenty", 20)};
    struct fixture *fixture = *state;

    assert_int_equal(parts_test(fixture, first, 1), SNMP_ERR_NOERROR);
    fixture->transid++;
    assert_int_equal(parts_test(fixture, second, 1), SNMP_ERR_NOERROR);
    assert_string_equal(tables.log, "test 10@0 KeyName=ten; free 10@0; test 20@1 KeyName=twenty; ");
    assert_int_equal(parts_commit(fixture), SNMP_ERR_NOERROR);
    tables_assert_names(fixture, "twenty ");
}

/* Somebody else writes to the store, for as long as the descriptor is open. */
static int hold_store(const struct fixture *fixture)
{
    char path[128];
    int lock;

    snprintf(path, sizeof(path), "%s/store/lock", fixture->directory);
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    return lock;
}

/* An UndoSet that the store hinders has taken back what is not in the store, and does not do that again. */
static void test_undo_failed(void **state)
{
    static const struct part parts[] = {OCTETS(devsecJobKeyName, "ten", 10)};
    struct fixture *fixture = *state;
    int lock;

    assert_int_equal(parts_test(fixture, parts, 1), SNMP_ERR_NOERROR);
    assert_int_equal(parts_commit(fixture), SNMP_ERR_NOERROR);
    lock = hold_store(fixture);
    assert_int_equal(parts_undo(fixture), SNMP_ERR_UNDOFAILED);
    tables_assert_names(fixture, "ten ");
    close(lock);
    assert_int_equal(parts_undo(fixture), SNMP_ERR_NOERROR);
    tables_assert_names(fixture, "");
    parts_cleanup(fixture);
    assert_string_equal(tables.log, "test 10@0 KeyName=ten; commit 10@0; undo 10@0; free 10@0; ");
}

/* A commit that fails reaches no row; rows that are not in the store need none. */
static void test_store_held_by_another(void **state)
{
    static const struct part stored[] = {OCTETS(devsecJobKeyName, "ten", 10), OCTETS(devsecUploadData, "x", 1, 1)};
    struct fixture *fixture = *state;
    const int lock = hold_store(fixture);

    assert_int_equal(parts_test(fixture, stored, 2), SNMP_ERR_NOERROR);
    assert_int_equal(parts_commit(fixture), SNMP_ERR_COMMITFAILED);
    assert_int_equal(parts_undo(fixture), SNMP_ERR_NOERROR);
    parts_cleanup(fixture);
    assert_string_equal(tables.log, "test 10@0 KeyName=ten; test 1.1@0 Data=1 octets; free 10@0; free 1.1@0; ");
    tables_assert_names(fixture, "");
    parts_accepted(fixture, stored + 1, 1);
    close(lock);
}

/* ---- size and memory ---- */

static void test_many_rows(void **state)
{
    enum { ROWS = 500 };
    struct fixture *fixture = *state;
    static struct part parts[2 * ROWS];
    char expected[32];

    /* Back to front, so that each row goes before the others. */
    for (size_t i = 0; i < ROWS; i++) {
        parts[i] = (struct part)UNSIGNED(devsecJobSlot, (long)i, 1000 + ROWS - i);
        parts[ROWS + i] = (struct part)UNSIGNED(devsecJobKeyBits, 2048, 1000 + i + 1);
    }
    parts_accepted(fixture, parts, 2 * ROWS);
    snprintf(expected, sizeof(expected), "test 1001 Slot=%d KeyBits=2048; ", ROWS - 1);
    assert_int_equal(strncmp(tables.log, expected, strlen(expected)), 0);
    parts[2 * ROWS - 1].number = 0;
    parts_refused(fixture, parts, 2 * ROWS, SNMP_ERR_WRONGVALUE, 2 * ROWS, "devsecJobKeyBits.1500: ");
}

/* Each allocation of a TestSet fails in turn: resourceUnavailable, nothing kept, nothing lost, and the next one works.
 */
static void test_no_memory(void **state)
{
    struct fixture *fixture = *state;
    const uint32_t before = parts_generation(fixture);
    bool failed = true;
    size_t refused = 0;

    tables.silent = true;
    for (size_t left = 0; failed; left++) {
        netsnmp_pdu *request = parts_request(fixture, mixed, COUNT(mixed));
        netsnmp_pdu *response;

        alloc_faults_arm(left);
        response = dispatch_answer(fixture->agent.dispatch, request);
        failed = alloc_faults_disarm();
        if (response && failed) {
            assert_int_equal(response->errstat, SNMP_ERR_RESOURCEUNAVAILABLE);
            assert_true(response->errindex >= 1 && response->errindex <= (long)COUNT(mixed));
            refused++;
        } else if (response) {
            assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
        }
        snmp_free_pdu(response);
        snmp_free_pdu(request);
        assert_int_equal(tables.held, failed ? 0 : 3);
        assert_int_equal(parts_generation(fixture), before);
    }
    assert_true(refused > 20);
    assert_int_equal(parts_commit(fixture), SNMP_ERR_NOERROR);
    parts_cleanup(fixture);
    tables_assert_names(fixture, "ten twenty ");
}

#define ON_TABLES(test) cmocka_unit_test_setup_teardown(test, tables_open, tables_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TABLES(test_undo),       ON_TABLES(test_repeated_phases), ON_TABLES(test_abandoned),
        ON_TABLES(test_superseded), ON_TABLES(test_undo_failed),     ON_TABLES(test_store_held_by_another),
        ON_TABLES(test_many_rows),  ON_TABLES(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
