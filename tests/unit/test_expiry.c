/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of a certificate's end: each told once, of several the last, again after a clock that was set back. */
#include "pki/expiry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DAY  86400
#define YEAR (365 * (time_t)DAY)

#define BEGIN ((time_t)1700000000) /* 2023-11-14 */
#define END   (BEGIN + 2 * YEAR)

#define NONE    PKI_STAGE_NONE
#define WARNING PKI_STAGE_WARNING
#define WEEK    PKI_STAGE_WEEK
#define AT_DAY  PKI_STAGE_DAY
#define EXPIRED PKI_STAGE_EXPIRED

static void test_words(void **state)
{
    static const char *const words[PKI_STAGE_COUNT] = {"", "warning", "week", "day", "expired"};

    (void)state;
    for (enum pki_stage stage = NONE; stage < PKI_STAGE_COUNT; stage++) {
        assert_string_equal(pki_stage_word(stage), words[stage]);
        assert_int_equal(pki_stage_of_word(words[stage]), stage);
    }
    assert_int_equal(pki_stage_of_word(NULL), NONE);
    assert_int_equal(pki_stage_of_word("month"), NONE);
}

/* `left` is what is left at the time, in seconds; a certificate is valid in its last second. */
static void test_stage_at(void **state)
{
    static const struct {
        unsigned warning_days;
        time_t left;
        enum pki_stage stage;
    } cases[] = {
        {30, 30 * DAY + 1, NONE},
        {30, 30 * DAY, WARNING},
        {30, 7 * DAY + 1, WARNING},
        {30, 7 * DAY, WEEK},
        {30, DAY + 1, WEEK},
        {30, DAY, AT_DAY},
        {30, 0, AT_DAY},
        {30, -1, EXPIRED},
        {30, -YEAR, EXPIRED},
        {3650, 300 * DAY, WARNING},
        {8, 8 * DAY, WARNING},
        {8, 7 * DAY, WEEK},
        {7, 7 * DAY + 1, NONE},
        {7, 7 * DAY, WEEK},
        {5, 6 * DAY, NONE},
        {5, 5 * DAY, WEEK},
        {5, DAY, AT_DAY},
        {1, DAY + 1, NONE},
        {1, DAY, AT_DAY},
        {1, 0, AT_DAY},
        {0, DAY, NONE},
        {0, 0, NONE},
        {0, -1, EXPIRED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (pki_stage_at(END, END - cases[i].left, cases[i].warning_days) != cases[i].stage)
            fail_msg("case %zu: warning of %u days, %lld s left", i, cases[i].warning_days, (long long)cases[i].left);
    }
}

static void test_judge(void **state)
{
    static const struct {
        const char *what;
        unsigned warning_days;
        enum pki_stage before;
        time_t left;
        bool tell;
        enum pki_stage after;
    } cases[] = {
        {"far away", 30, NONE, 100 * DAY, false, NONE},
        {"the warning", 30, NONE, 30 * DAY, true, WARNING},
        {"told already", 30, WARNING, 29 * DAY, false, WARNING},
        {"the week", 30, WARNING, 7 * DAY, true, WEEK},
        {"the day", 30, WEEK, DAY, true, AT_DAY},
        {"the end", 30, AT_DAY, -1, true, EXPIRED},
        {"long over", 30, EXPIRED, -YEAR, false, EXPIRED},
        {"several have passed, the last is told", 30, NONE, 3600, true, AT_DAY},
        {"all have passed", 30, NONE, -YEAR, true, EXPIRED},
        {"a short warning comes once", 5, NONE, 5 * DAY, true, WEEK},
        {"and not again", 5, WEEK, 2 * DAY, false, WEEK},
        {"no warning, the end alone", 0, NONE, 3600, false, NONE},
        {"no warning, and the end", 0, NONE, -1, true, EXPIRED},
        {"a longer warning tells nothing anew", 30, WEEK, 5 * DAY, false, WEEK},
        {"a shorter warning tells nothing anew", 5, WEEK, 4 * DAY, false, WEEK},
        /* The clock is set back. */
        {"a few hours before the end", 30, EXPIRED, 6 * 3600, false, EXPIRED},
        {"a day before the end, to the second", 30, EXPIRED, DAY - 1, false, EXPIRED},
        {"more than a day before the end", 30, EXPIRED, DAY, false, AT_DAY},
        {"three days before the end", 30, EXPIRED, 3 * DAY, false, WEEK},
        {"before the warning", 30, EXPIRED, 100 * DAY, false, NONE},
        {"a little before the day", 30, AT_DAY, DAY + 3600, false, AT_DAY},
        {"two days before the end", 30, AT_DAY, 2 * DAY, false, AT_DAY},
        {"two days and a second before it", 30, AT_DAY, 2 * DAY + 1, false, WEEK},
        {"a little before the warning", 30, WARNING, 31 * DAY, false, WARNING},
        {"more than a day before the warning", 30, WARNING, 31 * DAY + 1, false, NONE},
        {"between the warning and the week", 30, WEEK, 20 * DAY, false, WARNING},
        {"a renewed certificate", 30, EXPIRED, 700 * DAY, false, NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct pki_expiry expiry =
            pki_expiry_judge(BEGIN, END, END - cases[i].left, cases[i].warning_days, cases[i].before);

        if (expiry.tell != cases[i].tell || expiry.told != cases[i].after)
            fail_msg("%s: tell %d, told %s", cases[i].what, expiry.tell, pki_stage_word(expiry.told));
    }
}

/* Neither told nor forgotten: the clock or the certificate says nothing about the end. */
static void test_nothing_to_judge(void **state)
{
    const time_t old_end = PKI_CLOCK_SET - 10 * DAY;

    (void)state;
    for (enum pki_stage told = NONE; told < PKI_STAGE_COUNT; told++) {
        const struct pki_expiry cases[] = {
            pki_expiry_judge(0, 0, END, 30, told),                                  /* no certificate */
            pki_expiry_judge(BEGIN, END, BEGIN - 1, 3650, told),                    /* not valid yet */
            pki_expiry_judge(0, END, 0, 3650, told),                                /* 1970 */
            pki_expiry_judge(old_end - YEAR, old_end, PKI_CLOCK_SET - 1, 30, told), /* 2019 */
            pki_expiry_judge(0, PKI_CLOCK_SET + DAY, PKI_CLOCK_SET - 1, 30, told),
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            assert_false(cases[i].tell);
            assert_int_equal(cases[i].told, told);
        }
    }
    assert_true(pki_expiry_judge(old_end - YEAR, old_end, PKI_CLOCK_SET, 30, NONE).tell);
}

/* Hour by hour through the life of a certificate, with every warning: each stage once, the last one the end. */
static void test_each_once(void **state)
{
    (void)state;
    for (unsigned days = 0; days <= 40; days++) {
        const int expected = 1 + (days >= 1) + (days > 1) + (days > 7);
        enum pki_stage told = NONE;
        int count = 0;

        for (time_t now = BEGIN; now < END + 10 * DAY; now += 3600) {
            const struct pki_expiry expiry = pki_expiry_judge(BEGIN, END, now, days, told);

            assert_true(expiry.told >= told);
            count += expiry.tell;
            told = expiry.told;
        }
        assert_int_equal(told, EXPIRED);
        assert_int_equal(count, expected);
    }
}

/* Small steps back and forth around every threshold tell nothing twice. */
static void test_a_clock_that_wavers(void **state)
{
    static const time_t thresholds[] = {30 * DAY, 7 * DAY, DAY, -1};
    enum pki_stage told = NONE;
    int count = 0;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (time_t step = 0; step < 24; step++) {
            const time_t now = END - thresholds[i] + (step % 2 ? -3600 * step : 60);
            const struct pki_expiry expiry = pki_expiry_judge(BEGIN, END, now, 30, told);

            count += expiry.tell;
            told = expiry.told;
        }
    }
    assert_int_equal(count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),     cmocka_unit_test(test_stage_at),
        cmocka_unit_test(test_judge),     cmocka_unit_test(test_nothing_to_judge),
        cmocka_unit_test(test_each_once), cmocka_unit_test(test_a_clock_that_wavers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
