/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of master/rate: what passes, what is counted, and clocks and counters at their ends. */
#include "rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MINUTE       60000

static const struct rate_limit limit = {.burst = 5, .per_minute = 30};

/* How many of `tries` at one moment pass. */
static unsigned pass(struct rate *rate, const struct rate_limit *of, int64_t now, unsigned tries)
{
    unsigned passed = 0;

    for (unsigned i = 0; i < tries; i++)
        passed += rate_admit(rate, of, now);
    return passed;
}

static void a_pause_brings_so_much(void **state)
{
    static const struct {
        struct rate_limit limit;
        int64_t start;
        int64_t pause;
        unsigned passed; /* after the burst is used up */
    } cases[] = {
        {{5, 30}, 0, 0, 0},
        {{5, 30}, 0, 1, 0},
        {{5, 30}, 0, 1999, 0},
        {{5, 30}, 0, 2000, 1},
        {{5, 30}, 0, 3999, 1},
        {{5, 30}, 0, 9999, 4},
        {{5, 30}, 0, 10000, 5},
        {{5, 30}, 0, 10001, 5},
        {{5, 30}, 0, INT64_MAX, 5},
        {{5, 30}, INT64_MAX - 2000, 2000, 1},
        {{5, 30}, INT64_MAX - 1, 1, 0},
        {{5, 30}, MINUTE, -MINUTE, 0},
        {{1, 1}, 7, MINUTE - 1, 0},
        {{1, 1}, 7, MINUTE, 1},
        {{5, 0}, 0, INT64_MAX, 0},
        {{0, 30}, 0, MINUTE, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rate rate = {.credit = 0};

        assert_int_equal(pass(&rate, &cases[i].limit, cases[i].start, 10), cases[i].limit.burst);
        assert_int_equal(pass(&rate, &cases[i].limit, cases[i].start + cases[i].pause, 10), cases[i].passed);
    }
}

/* Many short pauses are worth as much as one long one: nothing is lost by rounding, nothing is won. */
static void short_pauses_add_up(void **state)
{
    struct rate rate = {.credit = 0};
    unsigned passed = 0;

    (void)state;
    assert_int_equal(pass(&rate, &limit, 0, 100), 5);
    for (int64_t now = 1; now <= MINUTE; now++)
        passed += pass(&rate, &limit, now, 3);
    assert_int_equal(passed, 30);
}

/* The largest limits that can be written down, over the longest time there is. */
static void the_largest_limits_fit(void **state)
{
    const struct rate_limit largest = {.burst = UINT32_MAX, .per_minute = UINT32_MAX};
    struct rate rate = {.credit = 0};

    (void)state;
    assert_int_equal(pass(&rate, &largest, 0, 10), 10);
    assert_int_equal(pass(&rate, &largest, INT64_MAX, 10), 10);
}

static void a_clock_that_goes_back_stops_nothing(void **state)
{
    struct rate rate = {.credit = 0};

    (void)state;
    assert_int_equal(pass(&rate, &limit, MINUTE, 10), 5);
    assert_int_equal(pass(&rate, &limit, 0, 10), 0);
    assert_int_equal(pass(&rate, &limit, 2000, 10), 1);
}

static void what_is_held_is_counted(void **state)
{
    struct rate rate = {.credit = 0};
    int64_t passed = 0;

    (void)state;
    assert_int_equal(rate_settle(&rate, 1000, &passed), 0);
    assert_int_equal(pass(&rate, &limit, 1000, 12), 5);
    assert_int_equal(pass(&rate, &limit, 1500, 3), 0);
    assert_int_equal(rate_settle(&rate, 3000, &passed), 10);
    assert_int_equal(passed, 2000);
    assert_int_equal(rate_settle(&rate, 9000, &passed), 0);
    /* The next time begins with the next one that is held. */
    assert_int_equal(pass(&rate, &limit, 5000, 4), 2);
    assert_int_equal(rate_settle(&rate, 5000, &passed), 2);
    assert_int_equal(passed, 1);
}

static void everything_passes_or_is_counted(void **state)
{
    struct rate rate = {.credit = 0};
    uint64_t total = 0;
    int64_t passed = 0;
    int64_t now = 0;

    (void)state;
    srandom(1);
    for (unsigned i = 0; i < 100000; i++) {
        now += random() % 50;
        total += rate_admit(&rate, &limit, now);
        if (random() % 1000 == 0)
            total += rate_settle(&rate, now, &passed);
    }
    assert_int_equal(total + rate_settle(&rate, now, &passed), 100000);
}

static void the_count_stays_at_its_end(void **state)
{
    struct rate rate = {.credit = 0};
    int64_t passed = 0;

    (void)state;
    assert_int_equal(pass(&rate, &limit, 0, 6), 5);
    rate.held = UINT64_MAX - 1;
    assert_int_equal(pass(&rate, &limit, 0, 3), 0);
    assert_true(rate_settle(&rate, 0, &passed) == UINT64_MAX);
    assert_int_equal(rate_settle(&rate, 0, &passed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_brings_so_much),     cmocka_unit_test(short_pauses_add_up),
        cmocka_unit_test(what_is_held_is_counted),    cmocka_unit_test(a_clock_that_goes_back_stops_nothing),
        cmocka_unit_test(the_count_stays_at_its_end), cmocka_unit_test(everything_passes_or_is_counted),
        cmocka_unit_test(the_largest_limits_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
