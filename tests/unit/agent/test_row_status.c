/* SPDX-License-Identifier: Apache-2.0 */
/* RowStatus: every value in every state, with and without another column, against RFC 2579's table as row_status.h has
 * it; and whom a refusal blames. */
#include "row_status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define STATUS MIB_devsecJobRowStatus
#define OTHER  MIB_devsecJobSlot
#define VALUES 7 /* the six, and 0 for a request without the status column */

#define REFUSED       -1 /* inconsistentValue */
#define REFUSED_NAME  -2 /* inconsistentName */
#define REFUSED_OTHER -3 /* inconsistentValue at the other column */

/* By value, by state; first with the status column alone, then with another column, too. */
static const int expected[2][VALUES][ROW_STATE_COUNT] = {
    {
        [1] = {REFUSED, ROW_ACTIVATE, ROW_ACTIVATE, ROW_NOTHING},
        [2] = {REFUSED, REFUSED, REFUSED, REFUSED},
        [3] = {REFUSED, REFUSED, REFUSED, REFUSED},
        [4] = {ROW_CREATE_AND_GO, REFUSED, REFUSED, REFUSED},
        [5] = {ROW_CREATE_AND_WAIT, REFUSED, REFUSED, REFUSED},
        [6] = {ROW_NOTHING, ROW_DESTROY, ROW_DESTROY, ROW_DESTROY},
    },
    {
        [0] = {REFUSED_NAME, ROW_CHANGE, ROW_CHANGE, ROW_CHANGE},
        [1] = {REFUSED, ROW_ACTIVATE, ROW_ACTIVATE, ROW_CHANGE},
        [2] = {REFUSED, REFUSED, REFUSED, REFUSED},
        [3] = {REFUSED, REFUSED, REFUSED, REFUSED},
        [4] = {ROW_CREATE_AND_GO, REFUSED, REFUSED, REFUSED},
        [5] = {ROW_CREATE_AND_WAIT, REFUSED, REFUSED, REFUSED},
        [6] = {REFUSED_OTHER, REFUSED_OTHER, REFUSED_OTHER, REFUSED_OTHER},
    },
};

/* `status_first`: which of the two columns comes first in the PDU. */
static void check(int value, enum row_state state, bool other, bool status_first)
{
    const struct row_cell status = {.object = STATUS, .index = 5, .value = {.number = value}};
    const struct row_cell column = {.object = OTHER, .index = 7};
    struct row_cell cells[2];
    struct row_request request = {.cells = cells, .guilty = 99};
    struct devsec_error error = {DEVSEC_OK, ""};
    enum row_action action = (enum row_action)99;
    const int want = expected[other][value][state];
    enum devsec_err err;

    if (other && !status_first)
        cells[request.n_cells++] = column;
    if (value)
        cells[request.n_cells++] = status;
    if (other && status_first)
        cells[request.n_cells++] = column;
    err = row_status_action(&request, STATUS, state, &action, &error);
    if (want >= 0) {
        if (err || (int)action != want)
            fail_msg("value %d in state %d: %d, action %d, expected %d: %s", value, (int)state, (int)err, (int)action,
                     want, error.text);
        return;
    }
    if (err != (want == REFUSED_NAME ? DEVSEC_ERR_INCONSISTENT_NAME : DEVSEC_ERR_INCONSISTENT) || !error.text[0])
        fail_msg("value %d in state %d: %d, expected a refusal", value, (int)state, (int)err);
    assert_int_equal((int)action, 99);
    assert_true(request.guilty < request.n_cells);
    assert_int_equal(cells[request.guilty].object, want == REFUSED ? STATUS : OTHER);
}

static void test_every_value_in_every_state(void **state)
{
    (void)state;
    for (int value = 0; value < VALUES; value++) {
        for (int at = 0; at < ROW_STATE_COUNT; at++) {
            if (value)
                check(value, (enum row_state)at, false, true);
            check(value, (enum row_state)at, true, true);
            check(value, (enum row_state)at, true, false);
        }
    }
}

static void test_sentences(void **state)
{
    static const struct {
        int value;
        enum row_state state;
        const char *sentence;
    } cases[] = {
        {ROW_STATUS_ACTIVE, ROW_ABSENT, "there is no such row; createAndGo(4) makes one"},
        {ROW_STATUS_CREATE_AND_GO, ROW_ACTIVE, "the row is there already: choose another index"},
        {ROW_STATUS_NOT_IN_SERVICE, ROW_ACTIVE, "destroy(6) removes one"},
        {ROW_STATUS_NOT_READY, ROW_ACTIVE, "notReady(3) is for the device to say"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct row_cell cell = {.object = STATUS, .value = {.number = cases[i].value}};
        struct row_request request = {.cells = &cell, .n_cells = 1};
        struct devsec_error error = {DEVSEC_OK, ""};
        enum row_action action = ROW_NOTHING;

        assert_int_equal(row_status_action(&request, STATUS, cases[i].state, &action, &error), DEVSEC_ERR_INCONSISTENT);
        assert_non_null(strstr(error.text, cases[i].sentence));
    }
}

/* What is read are the first three of RowStatus's values (RFC 2579). */
static void test_readings(void **state)
{
    (void)state;
    assert_int_equal(row_status_of(ROW_ACTIVE), ROW_STATUS_ACTIVE);
    assert_int_equal(row_status_of(ROW_NOT_IN_SERVICE), ROW_STATUS_NOT_IN_SERVICE);
    assert_int_equal(row_status_of(ROW_NOT_READY), ROW_STATUS_NOT_READY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_value_in_every_state),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_readings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
