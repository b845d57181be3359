/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs when something is amiss: no device key, a store that cannot be written, another writer, keys that are missing.
 */
#include "jobs_fixture.h"

#include "base/file.h"
#include "pki/task.h"
#include "row_status.h"
#include "uploads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CREATE_AND_GO   4
#define CREATE_AND_WAIT 5

#define END                                                                                                            \
    {                                                                                                                  \
        0, 0, NULL                                                                                                     \
    }

static const struct cell self_signed[] = {SELF_SIGNED(CREATE_AND_GO), END};

static const char *path_in(const struct fixture *fixture, const char *name, char to[128])
{
    snprintf(to, 128, "%s/%s", fixture->directory, name);
    return to;
}

/* ---- the device key ---- */

static void test_without_the_device_key_nothing_is_made_or_overwritten(void **state)
{
    struct fixture *fixture = *state;
    const struct cell challenge[] = {
        {MIB_devsecJobRowStatus, CREATE_AND_WAIT, NULL}, {MIB_devsecJobChallenge, 0, "secret"}, END};
    char path[128];
    char *row_before;
    long index = 0;

    jobs_create(fixture, 1, self_signed);
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    jobs_settle(fixture);
    row_before = strdup(value_text(&jobs_keys(fixture)->rows[0][KEY_FILE]));
    assert_int_equal(unlink(path_in(fixture, "device.key", path)), 0);
    jobs_reopen(fixture);
    jobs_create(fixture, 2, self_signed);
    jobs_expect_failure(fixture, 2, PKI_DEVICE_KEY_UNAVAILABLE, "there is no device key");
    assert_int_equal(jobs_set(fixture, 3, challenge, &index), SNMP_ERR_RESOURCEUNAVAILABLE);
    assert_int_equal(index, 2);
    assert_non_null(strstr(fixture->agent.last_set_error, "the challenge cannot be kept: there is no device key"));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(jobs_keys(fixture)->count, 1);
    assert_string_equal(value_text(&jobs_keys(fixture)->rows[0][KEY_FILE]), row_before);
    assert_int_equal(jobs_files(fixture, ".key"), 1);
    free(row_before);
}

/* The row was sealed with a device key that is not the one at hand. */
static void test_a_challenge_that_does_not_open(void **state)
{
    struct fixture *fixture = *state;
    const struct cell cells[] = {{MIB_devsecJobOperation, MIB_devsecJobOperation_createRequest, NULL},
                                 {MIB_devsecJobCommonName, 0, "host.test"},
                                 {MIB_devsecJobChallenge, 0, "secret"},
                                 {MIB_devsecJobRowStatus, CREATE_AND_WAIT, NULL},
                                 END};
    unsigned char other[32] = {1, 2, 3};
    char path[128];
    int fd;

    jobs_create(fixture, 1, cells);
    fd = open(path_in(fixture, "device.key", path), O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, other, sizeof(other)), sizeof(other));
    close(fd);
    jobs_reopen(fixture);
    assert_int_equal(jobs_set_one(fixture, 1, MIB_devsecJobRowStatus, 1), SNMP_ERR_NOERROR);
    jobs_expect_failure(fixture, 1, PKI_DEVICE_KEY_UNAVAILABLE, "the challenge cannot be opened");
    assert_int_equal(jobs_keys(fixture)->count, 0);
}

/* ---- the store ---- */

/* In the place of the file that every commit writes first. */
static void hinder(const struct fixture *fixture)
{
    char path[128];

    assert_int_equal(mkdir(path_in(fixture, "store/settings.yaml.tmp", path), 0700), 0);
}

static void let_go(const struct fixture *fixture)
{
    char path[128];

    assert_int_equal(rmdir(path_in(fixture, "store/settings.yaml.tmp", path)), 0);
}

static void test_a_result_that_cannot_be_written_is_a_failure(void **state)
{
    struct fixture *fixture = *state;
    char text[JOBS_TEXT_MAX];

    jobs_create(fixture, 1, self_signed);
    hinder(fixture);
    jobs_expect_failure(fixture, 1, PKI_STORE_FAILED, "settings.yaml.tmp"); /* although that is not on disk either */
    assert_int_equal(jobs_row(fixture, 1)[JOB_FINISHED].number, 0);
    agent_watch(&fixture->agent);
    agent_watch(&fixture->agent);
    assert_int_equal(jobs_row(fixture, 1)[JOB_FINISHED].number, 0);
    let_go(fixture);
    agent_watch(&fixture->agent);
    assert_int_equal(jobs_row(fixture, 1)[JOB_STATUS].number, MIB_devsecJobStatus_failed);
    assert_int_equal(jobs_row(fixture, 1)[JOB_CAUSE].number, PKI_STORE_FAILED);
    assert_non_null(strstr(jobs_text(fixture, 1, MIB_devsecJobMessage, text), "settings.yaml.tmp"));
    assert_int_equal(jobs_keys(fixture)->count, 0);
    agent_watch(&fixture->agent);
    assert_int_equal(jobs_files(fixture, ".key"), 0); /* what was made is of no use to anybody */
    jobs_create(fixture, 2, self_signed);
    jobs_wait(fixture, 2, MIB_devsecJobStatus_succeeded);
}

/* devsecctl, for instance; nothing is lost by waiting for it. */
static void test_a_result_waits_for_another_writer(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    int lock;

    jobs_create(fixture, 1, self_signed);
    lock = open(path_in(fixture, "store/lock", path), O_RDWR);
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    jobs_settle(fixture);
    agent_watch(&fixture->agent);
    assert_int_equal(jobs_number(fixture, 1, MIB_devsecJobStatus), MIB_devsecJobStatus_running);
    close(lock);
    agent_watch(&fixture->agent);
    assert_int_equal(jobs_number(fixture, 1, MIB_devsecJobStatus), MIB_devsecJobStatus_succeeded);
}

/* Another process made a key in the slot while this one was making one for it. */
static void test_a_slot_that_somebody_else_took(void **state)
{
    struct fixture *fixture = *state;
    struct transaction *txn = NULL;
    struct value *row;

    jobs_create(fixture, 1, self_signed);
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    jobs_settle(fixture);
    jobs_create(fixture, 2, self_signed);
    row = row_copy(TABLE_KEYS, jobs_keys(fixture)->rows[0]);
    assert_non_null(row);
    row[KEY_SLOT].number = 2;
    assert_int_equal(value_set_text(&row[KEY_NAME], "Theirs", NULL), DEVSEC_OK);
    assert_int_equal(transaction_begin(&txn, fixture->agent.store, NULL), DEVSEC_OK);
    assert_int_equal(transaction_put_row(txn, TABLE_KEYS, row, NULL), DEVSEC_OK);
    assert_int_equal(transaction_commit(txn, NULL), DEVSEC_OK);
    transaction_free(txn);
    row_free(TABLE_KEYS, row);
    agent_follow_document(&fixture->agent);
    jobs_expect_failure(fixture, 2, PKI_SLOT_BUSY, "slot 2");
    assert_int_equal(jobs_keys(fixture)->count, 2);
    assert_string_equal(value_text(&jobs_keys(fixture)->rows[1][KEY_NAME]), "Theirs");
}

/* ---- damaged files ---- */

/* Puts the text in the place of the file of slot 1's certificate, and gives back what was there; the caller frees. */
static char *exchange(const struct fixture *fixture, const char *text)
{
    char path[PATH_MAX];
    char *before = NULL;
    size_t length = 0;
    struct devsec_error error = {DEVSEC_OK, ""};
    FILE *file;

    snprintf(path, sizeof(path), "%s/store/material/%s.pem", fixture->directory,
             value_text(&jobs_keys(fixture)->rows[0][KEY_CERTIFICATE]));
    if (file_read(AT_FDCWD, path, 65536, &before, &length, &error))
        fail_msg("%s", error.text);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return before;
}

static long status_of_slot(struct fixture *fixture)
{
    return jobs_number(fixture, 1, MIB_devsecCertStatus);
}

/* Thousands may be damaged, and commits come in numbers: the files are looked at once a second. */
static void test_a_file_that_is_put_right_is_seen_with_the_next_watch(void **state)
{
    struct fixture *fixture = *state;
    char *whole;

    jobs_create(fixture, 1, self_signed);
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    jobs_settle(fixture);
    whole = exchange(fixture, "garbage");
    jobs_reopen(fixture);
    assert_int_equal(status_of_slot(fixture), MIB_devsecCertStatus_damaged);
    assert_int_equal(fixture->agent.health.state, MIB_devsecHealth_critical);
    free(exchange(fixture, whole));
    agent_follow(&fixture->agent);
    assert_int_equal(status_of_slot(fixture), MIB_devsecCertStatus_damaged);
    agent_watch(&fixture->agent);
    jobs_settle(fixture);
    assert_int_equal(status_of_slot(fixture), MIB_devsecCertStatus_installed);
    assert_int_equal(fixture->agent.health.state, MIB_devsecHealth_ok);
    free(whole);
}

/* The same certificate once more: the row stays what it is, the file does not, and the job's success is seen at once.
 */
static void test_a_job_that_mends_a_file_shows_it(void **state)
{
    const struct cell install[] = {{MIB_devsecJobOperation, MIB_devsecJobOperation_installCertificate, NULL},
                                   {MIB_devsecJobSlot, 1, NULL},
                                   {MIB_devsecJobRowStatus, CREATE_AND_GO, NULL},
                                   END};
    struct fixture *fixture = *state;
    struct upload_segment segment = {.job = 2, .segment = 1, .status = ROW_STATUS_ACTIVE};
    char *whole;

    jobs_create(fixture, 1, self_signed);
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    jobs_settle(fixture);
    whole = exchange(fixture, "garbage");
    jobs_reopen(fixture);
    segment.length = strlen(whole);
    assert_true(segment.length <= sizeof(segment.octets));
    memcpy(segment.octets, whole, segment.length);
    assert_int_equal(uploads_put(fixture->agent.uploads, &segment, NULL), DEVSEC_OK);
    jobs_create(fixture, 2, install);
    jobs_wait(fixture, 2, MIB_devsecJobStatus_succeeded);
    assert_int_equal(status_of_slot(fixture), MIB_devsecCertStatus_installed);
    jobs_settle(fixture);
    free(whole);
}

/* ---- the device's own keys ---- */

static void set_profile(const struct fixture *fixture, const char *reserved)
{
    char path[128];
    FILE *file = fopen(path_in(fixture, "profile.yaml", path), "w");

    assert_non_null(file);
    assert_true(fprintf(file,
                        "model: Test Device\nfirmware: \"1.2\"\nkeys:\n  reserved: [%s]\n"
                        "  reserved-key:\n    type: ecdsa\n",
                        reserved) > 0);
    assert_int_equal(fclose(file), 0);
}

static void test_missing_keys_of_the_device_are_made(void **state)
{
    struct fixture *fixture = *state;
    static const char *const words[] = {"default", "ams", "device-signature"};
    uint32_t generation;

    set_profile(fixture, "default, ams, device-signature");
    jobs_reopen(fixture);
    jobs_settle(fixture);
    assert_int_equal(jobs_keys(fixture)->count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(jobs_keys(fixture)->rows[i][KEY_SLOT].number, i + 1);
        assert_string_equal(value_text(&jobs_keys(fixture)->rows[i][KEY_RESERVED]), words[i]);
    }
    generation = store_current(fixture->agent.store)->generation;
    jobs_reopen(fixture);
    jobs_settle(fixture);
    agent_watch(&fixture->agent);
    jobs_settle(fixture);
    assert_int_equal(store_current(fixture->agent.store)->generation, generation);
    assert_int_equal(store_restore(fixture->agent.store, 1, NULL), DEVSEC_OK); /* of before they were made */
    assert_int_equal(jobs_keys(fixture)->count, 0);
    agent_follow(&fixture->agent);
    jobs_settle(fixture);
    assert_int_equal(jobs_keys(fixture)->count, 3);
}

static void test_keys_of_the_device_wait_for_the_device_key(void **state)
{
    struct fixture *fixture = *state;
    char path[128];

    jobs_create(fixture, 1, self_signed);
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    jobs_settle(fixture);
    set_profile(fixture, "default");
    assert_int_equal(unlink(path_in(fixture, "device.key", path)), 0);
    jobs_reopen(fixture);
    agent_watch(&fixture->agent);
    jobs_settle(fixture);
    assert_int_equal(jobs_keys(fixture)->count, 1);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_without_the_device_key_nothing_is_made_or_overwritten, fixture_open,
                                        fixture_close),
        cmocka_unit_test_setup_teardown(test_a_challenge_that_does_not_open, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_result_that_cannot_be_written_is_a_failure, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_result_waits_for_another_writer, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_slot_that_somebody_else_took, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_file_that_is_put_right_is_seen_with_the_next_watch, fixture_open,
                                        fixture_close),
        cmocka_unit_test_setup_teardown(test_a_job_that_mends_a_file_shows_it, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_missing_keys_of_the_device_are_made, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_keys_of_the_device_wait_for_the_device_key, fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
