/* SPDX-License-Identifier: Apache-2.0 */
/* The device's own keys when others are quicker, when something goes wrong, and when there is little room. */
#include "jobs_fixture.h"

#include "jobs_private.h"
#include "row_status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define END                                                                                                            \
    {                                                                                                                  \
        0, 0, NULL                                                                                                     \
    }

#define CONFLICTS 6 /* that are answered at once */

static const struct cell self_signed[] = {SELF_SIGNED(ROW_STATUS_CREATE_AND_GO), END};

/* The agent starts anew with these keys of its own. */
static void begin(struct fixture *fixture, unsigned limit, const char *reserved)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/profile.yaml", fixture->directory);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file,
                        "model: Test Device\nfirmware: \"1.2\"\nkeys:\n  limit: %u\n  reserved: [%s]\n"
                        "  reserved-key:\n    type: ecdsa\n",
                        limit, reserved) > 0);
    assert_int_equal(fclose(file), 0);
    jobs_reopen(fixture);
}

/* A key of the administrators' in slot 1, from which others' rows are made. */
static void make_one(struct fixture *fixture)
{
    jobs_create(fixture, 1, self_signed);
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    jobs_settle(fixture);
}

/* Puts a key into a slot, as another process would, or renames the one that is there. */
static void put_key(struct fixture *fixture, unsigned slot, const char *name)
{
    struct transaction *txn = NULL;
    struct value *row = row_copy(TABLE_KEYS, jobs_keys(fixture)->rows[0]);

    assert_non_null(row);
    row[KEY_SLOT].number = slot;
    assert_int_equal(value_set_text(&row[KEY_NAME], name, NULL), DEVSEC_OK);
    assert_int_equal(transaction_begin(&txn, fixture->agent.store, NULL), DEVSEC_OK);
    assert_int_equal(transaction_put_row(txn, TABLE_KEYS, row, NULL), DEVSEC_OK);
    assert_int_equal(transaction_commit(txn, NULL), DEVSEC_OK);
    transaction_finish(txn);
    transaction_free(txn);
    row_free(TABLE_KEYS, row);
    agent_follow_document(&fixture->agent);
}

static void remove_key(struct fixture *fixture, unsigned slot)
{
    const struct value key = {.number = slot};
    struct transaction *txn = NULL;

    assert_int_equal(transaction_begin(&txn, fixture->agent.store, NULL), DEVSEC_OK);
    assert_int_equal(transaction_remove_row(txn, TABLE_KEYS, &key, NULL), DEVSEC_OK);
    assert_int_equal(transaction_commit(txn, NULL), DEVSEC_OK);
    transaction_finish(txn);
    transaction_free(txn);
    agent_follow(&fixture->agent);
}

static unsigned count_reserved(const struct fixture *fixture)
{
    unsigned count = 0;

    for (size_t i = 0; i < jobs_keys(fixture)->count; i++)
        count += !value_is_empty(&jobs_keys(fixture)->rows[i][KEY_RESERVED]);
    return count;
}

/* Waits for the end of one attempt, and does what the main loop does then. */
static void end_attempt(struct fixture *fixture)
{
    struct pollfd ready = {.fd = workers_fd(fixture->agent.workers), .events = POLLIN};
    const unsigned slot = jobs_reserved_slot(fixture->agent.jobs);

    while (jobs_reserved_slot(fixture->agent.jobs) == slot) {
        assert_int_equal(poll(&ready, 1, 60000), 1);
        agent_collect(&fixture->agent);
    }
}

static void assert_warned(struct fixture *fixture, const char *text)
{
    const struct health *health = &fixture->agent.health;

    if (health->state != MIB_devsecHealth_warning || !strstr(health->text, text))
        fail_msg("\"%s\" is not in \"%s\" (%d)", text, health->text, health->state);
}

static void assert_well(const struct fixture *fixture)
{
    if (fixture->agent.health.state != MIB_devsecHealth_ok)
        fail_msg("%s", fixture->agent.health.text);
}

/* ---- others are quicker ---- */

static void test_a_slot_that_is_lost_is_made_up_for_at_once(void **state)
{
    struct fixture *fixture = *state;
    static const unsigned expected[] = {2, 4, 6, 9};
    char name[32];

    make_one(fixture);
    begin(fixture, 32, "default");
    assert_well(fixture); /* it is being made for the first time */
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const unsigned slot = jobs_reserved_slot(fixture->agent.jobs);
        char text[128];

        assert_int_equal(slot, expected[i]);
        snprintf(name, sizeof(name), "Theirs %u", slot);
        put_key(fixture, slot, name);
        end_attempt(fixture);
        snprintf(text, sizeof(text), "the device's own key \"Default Key\" is missing: slot %u was changed by somebody",
                 slot);
        assert_warned(fixture, text);
    }
    jobs_settle(fixture);
    assert_int_equal(count_reserved(fixture), 1);
    assert_int_equal(jobs_keys(fixture)->count, 6);
    assert_well(fixture);
}

static void test_a_name_that_is_taken_is_asked_for_each_minute(void **state)
{
    struct fixture *fixture = *state;
    const struct reserved_key *key;
    time_t before = 0;
    char text[256];

    make_one(fixture);
    put_key(fixture, 1, "Default Key");
    begin(fixture, 32, "default");
    key = &fixture->agent.jobs->reserved[PKI_RESERVED_DEFAULT];
    for (unsigned i = 1; i <= CONFLICTS + 1; i++) {
        before = jobs_clock_now().monotonic;
        agent_watch(&fixture->agent);
        assert_int_equal(key->conflicts, i);
    }
    snprintf(text, sizeof(text), "\"Default Key\" is missing: key name: the key in slot 1 is named \"Default Key\"");
    assert_warned(fixture, text);
    assert_true(key->at >= before + 60 && key->at <= jobs_clock_now().monotonic + 60);
    agent_watch(&fixture->agent);
    assert_int_equal(key->conflicts, CONFLICTS + 1);
    put_key(fixture, 1, "Mine");
    fixture->agent.jobs->reserved[PKI_RESERVED_DEFAULT].at = 0; /* the minute is over */
    fixture->agent.jobs->reserved_at = 0;
    agent_follow(&fixture->agent);
    jobs_settle(fixture);
    assert_int_equal(count_reserved(fixture), 1);
    assert_well(fixture);
}

/* ---- something is wrong ---- */

static void test_other_failures_are_tried_again_less_and_less_often(void **state)
{
    static const time_t delays[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};
    struct fixture *fixture = *state;
    struct reserved_key *key;
    char path[128];

    begin(fixture, 32, "default, ams");
    snprintf(path, sizeof(path), "%s/store/settings.yaml.tmp", fixture->directory);
    assert_int_equal(mkdir(path, 0700), 0); /* in the place of the file that every commit writes first */
    key = &fixture->agent.jobs->reserved[PKI_RESERVED_DEFAULT];
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        const time_t before = jobs_clock_now().monotonic;

        jobs_settle(fixture);
        assert_non_null(strstr(key->trouble, "settings.yaml.tmp"));
        assert_true(key->at >= before + delays[i] && key->at <= jobs_clock_now().monotonic + delays[i]);
        if (i + 1 < sizeof(delays) / sizeof(delays[0])) {
            key->at = 0;
            fixture->agent.jobs->reserved[PKI_RESERVED_AMS].at = JOBS_NEVER;
            fixture->agent.jobs->reserved_at = 0;
            agent_follow(&fixture->agent);
        }
    }
    assert_non_null(strstr(fixture->agent.health.text, "the device's own key \"Default Key\" is missing: "));
    assert_non_null(strstr(fixture->agent.jobs->reserved[PKI_RESERVED_AMS].trouble, "settings.yaml.tmp"));
    assert_int_equal(rmdir(path), 0);
    key->at = 0;
    fixture->agent.jobs->reserved[PKI_RESERVED_AMS].at = 0;
    fixture->agent.jobs->reserved_at = 0;
    agent_follow(&fixture->agent);
    jobs_settle(fixture);
    assert_int_equal(count_reserved(fixture), 2);
    assert_int_equal(key->delay, 0);
    assert_well(fixture);
}

/* ---- little room ---- */

static void test_jobs_leave_room_for_the_devices_own_keys(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture, 4, "default, ams, device-signature");
    jobs_create(fixture, 1, self_signed); /* while the first of the three is being made, which counts once */
    jobs_create(fixture, 2, self_signed);
    jobs_expect_failure(fixture, 2, PKI_LIMIT_REACHED,
                        "the device can hold 4 keys, and keeps room for 2 of its own that it is yet to make");
    jobs_wait(fixture, 1, MIB_devsecJobStatus_succeeded);
    jobs_settle(fixture);
    assert_int_equal(jobs_keys(fixture)->count, 4);
    assert_int_equal(count_reserved(fixture), 3);
    assert_well(fixture);
}

static void test_a_key_is_made_as_soon_as_there_is_room(void **state)
{
    struct fixture *fixture = *state;

    make_one(fixture);
    put_key(fixture, 2, "Two");
    put_key(fixture, 3, "Three");
    put_key(fixture, 4, "Four");
    begin(fixture, 4, "ams");
    agent_watch(&fixture->agent);
    jobs_settle(fixture);
    assert_warned(fixture,
                  "the device's own key \"AMS\" is missing: the device can hold 4 keys, and as many are there");
    remove_key(fixture, 3);
    jobs_settle(fixture);
    assert_int_equal(count_reserved(fixture), 1);
    assert_int_equal(jobs_keys(fixture)->rows[2][KEY_SLOT].number, 3);
    assert_well(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_slot_that_is_lost_is_made_up_for_at_once, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_name_that_is_taken_is_asked_for_each_minute, fixture_open,
                                        fixture_close),
        cmocka_unit_test_setup_teardown(test_other_failures_are_tried_again_less_and_less_often, fixture_open,
                                        fixture_close),
        cmocka_unit_test_setup_teardown(test_jobs_leave_room_for_the_devices_own_keys, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_key_is_made_as_soon_as_there_is_room, fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
