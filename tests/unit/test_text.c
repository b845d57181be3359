/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of base/text: the growing buffer, UTF-8, safe showing, near names, numbers and dates. */
#include "alloc_faults.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void buffer_grows(void **state)
{
    struct text text = {0};
    char *taken;

    (void)state;
    for (int i = 0; i < 10000; i++)
        text_printf(&text, "%d,", i % 10);
    text_append(&text, "end");
    text_append_n(&text, "xyz", 1);
    assert_int_equal(text.length, 20004);
    assert_int_equal(strlen(text.data), 20004);
    taken = text_take(&text);
    assert_string_equal(taken + 20000, "endx");
    assert_null(text.data);
    assert_int_equal(text.length, 0);
    free(taken);
    text_free(&text);
}

static void empty_buffer_is_taken_as_empty_string(void **state)
{
    struct text text = {0};
    char *taken = text_take(&text);

    (void)state;
    assert_string_equal(taken, "");
    free(taken);
}

static void buffer_without_memory_fails_for_good(void **state)
{
    struct text text = {0};
    char *taken;

    (void)state;
    alloc_faults_arm(1);
    text_append(&text, "first");
    for (int i = 0; i < 100; i++)
        text_append(&text, "more");
    text_printf(&text, "%d", 1);
    taken = text_take(&text);
    assert_true(alloc_faults_disarm());
    assert_null(taken);
    assert_int_equal(alloc_faults.held, 0);
    assert_false(text.failed);
}

static void impossible_length_is_refused(void **state)
{
    struct text text = {0};

    (void)state;
    text_append(&text, "a");
    text_append_n(&text, "a", SIZE_MAX - 1);
    assert_true(text.failed);
    assert_null(text_take(&text));
}

static const struct {
    const char *bytes;
    size_t count;
    bool good;
} utf8_cases[] = {
    {"", 0, true},
    {"plain", 5, true},
    {"a\0b", 3, false},
    {"\xc3\xa9", 2, true},
    {"\xe2\x82\xac", 3, true},
    {"\xf0\x9f\x94\x92", 4, true},
    {"\xf4\x8f\xbf\xbf", 4, true},
    {"\xc3", 1, false},             /* cut */
    {"\xe2\x82", 2, false},         /* cut */
    {"\xf0\x9f\x94", 3, false},     /* cut */
    {"\x80", 1, false},             /* a tail alone */
    {"\xc0\x80", 2, false},         /* overlong NUL */
    {"\xc1\xbf", 2, false},         /* overlong */
    {"\xe0\x9f\xbf", 3, false},     /* overlong */
    {"\xf0\x8f\xbf\xbf", 4, false}, /* overlong */
    {"\xed\xa0\x80", 3, false},     /* surrogate */
    {"\xf4\x90\x80\x80", 4, false}, /* above U+10FFFF */
    {"\xf5\x80\x80\x80", 4, false},
    {"\xff", 1, false},
    {"\xe2\x28\xa1", 3, false},
    {"\xf0\x9f\x28\x92", 4, false},
};

static void utf8_is_told_from_other_octets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(utf8_cases); i++) {
        if (text_is_utf8(utf8_cases[i].bytes, utf8_cases[i].count) != utf8_cases[i].good)
            fail_msg("case %zu", i);
    }
}

static const struct {
    const char *from;
    size_t room;
    const char *shown;
} show_cases[] = {
    {"plain", 32, "plain"},
    {"", 32, ""},
    {"caf\xc3\xa9 \xf0\x9f\x94\x92", 32, "caf\xc3\xa9 \xf0\x9f\x94\x92"},
    {"a\nb\x1b[31m", 32, "a\\x0ab\\x1b[31m"},
    {"say \"x\"", 32, "say \\x22x\\x22"},
    {"\\x41", 32, "\\x5cx41"},
    {"\x7f", 32, "\\x7f"},
    {"\xff\xfe", 32, "\\xff\\xfe"},
    {"\xc2\x9b", 32, "\\xc2\\x9b"},          /* CSI, the C1 control */
    {"\xe2\x80\xae", 32, "\\xe2\\x80\\xae"}, /* right-to-left override */
    {"\xe2\x82", 32, "\\xe2\\x82"},          /* cut in a character */
    {"abcdefgh", 9, "abcdefgh"},
    {"abcdefghi", 9, "abcde..."},
    {"abcde\n", 9, "abcde..."},
    {"\n\n\n", 9, "\\x0a..."},
    {"\xf0\x9f\x94\x92\xf0\x9f\x94\x92", 8, "\xf0\x9f\x94\x92..."},
    {"abcdef", 4, "..."},
    {"abcdef", 3, ".."},
    {"abcdef", 1, ""},
};

static void shown_text_is_harmless_and_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(show_cases); i++) {
        char *to = malloc(show_cases[i].room); /* of this very size, so that the sanitizer sees a step too far */

        text_show(to, show_cases[i].room, show_cases[i].from, strlen(show_cases[i].from));
        assert_string_equal(to, show_cases[i].shown);
        free(to);
    }
}

static const struct {
    const char *a;
    const char *b;
    size_t limit;
    size_t distance;
} distance_cases[] = {
    {"", "", 0, 0},
    {"abc", "abc", 0, 0},
    {"abc", "", 3, 3},
    {"permit-mod", "permit-mode", 3, 1},
    {"vesrions", "versions", 3, 1},
    {"kitten", "sitting", 3, 3},
    {"ca", "abc", 3, 2}, /* a transposed pair with a letter between */
    {"kitten", "sitting", 2, SIZE_MAX},
    {"abc", "xyz", 3, 3},
};

static void distance_counts_slips(void **state)
{
    char far[200];

    (void)state;
    for (size_t i = 0; i < COUNT(distance_cases); i++) {
        const size_t there = text_distance(distance_cases[i].a, distance_cases[i].b, distance_cases[i].limit);
        const size_t back = text_distance(distance_cases[i].b, distance_cases[i].a, distance_cases[i].limit);

        if (there != distance_cases[i].distance || back != distance_cases[i].distance)
            fail_msg("%s and %s: %zu", distance_cases[i].a, distance_cases[i].b, there);
    }
    memset(far, 'a', sizeof(far) - 1);
    far[sizeof(far) - 1] = '\0';
    assert_int_equal(text_distance(far, "a", SIZE_MAX), SIZE_MAX);
    far[128] = '\0';
    assert_int_equal(text_distance(far, "", SIZE_MAX), 128);
    assert_int_equal(text_distance(far, far, 0), 0);
}

static const struct {
    const char *word;
    const char *nearest;
} nearest_cases[] = {
    {"permit-mod", "permit-mode"}, {"IPV4", "ipv4"}, {"ipv5", ""}, {"ipv44", "ipv4"}, {"something", ""}, {"", ""},
};

static void nearest_name_is_found_unless_two_are(void **state)
{
    static const char *const names[] = {"permit-mode", "ipv4", "ipv6", "versions"};

    (void)state;
    for (size_t i = 0; i < COUNT(nearest_cases); i++) {
        struct text_nearest nearest = {.word = nearest_cases[i].word};

        for (size_t n = 0; n < COUNT(names); n++)
            text_nearest_offer(&nearest, names[n]);
        text_nearest_offer(&nearest, "permit-mode"); /* the same once more is no second one */
        assert_string_equal(nearest.name, nearest_cases[i].nearest);
    }
}

static const struct {
    const char *text;
    bool good;
    int64_t number;
} number_cases[] = {
    {"0", true, 0},
    {"25", true, 25},
    {"-7", true, -7},
    {"9223372036854775807", true, INT64_MAX},
    {"9223372036854775808", true, INT64_MAX},
    {"-99999999999999999999", true, INT64_MIN},
    {"", false, 0},
    {"-", false, 0},
    {"-0", false, 0},
    {"+1", false, 0},
    {"007", false, 0},
    {"0x10", false, 0},
    {"1.0", false, 0},
    {" 1", false, 0},
    {"1 ", false, 0},
};

static void numbers_are_decimal_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(number_cases); i++) {
        int64_t number = 0;

        if (text_parse_number(number_cases[i].text, &number) != number_cases[i].good ||
            number != number_cases[i].number)
            fail_msg("%s", number_cases[i].text);
    }
}

static const struct {
    const char *text;
    bool good;
    time_t when;
} date_cases[] = {
    {"1970-01-01T00:00:00Z", true, 0},
    {"2026-11-21T23:12:26Z", true, 1795302746},
    {"2038-01-19T03:14:08Z", true, 2147483648},
    {"2024-02-29T12:00:00Z", true, 1709208000},
    {"0000-01-01T00:00:00Z", true, -62167219200},
    {"9999-12-31T23:59:59Z", true, 253402300799},
    {"2023-02-29T12:00:00Z", false, 0},
    {"2026-13-01T00:00:00Z", false, 0},
    {"2026-00-01T00:00:00Z", false, 0},
    {"2026-01-01T24:00:00Z", false, 0},
    {"2026-01-01T00:00:60Z", false, 0},
    {"2026-01-01 00:00:00Z", false, 0},
    {"2026-01-01T00:00:00+00:00", false, 0},
    {"2026-01-01T00:00:00", false, 0},
    {"2026-1-01T00:00:000Z", false, 0},
    {"", false, 0},
};

static void dates_go_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(date_cases); i++) {
        char again[21] = "";
        time_t when = 0;

        if (text_parse_date(date_cases[i].text, &when) != date_cases[i].good || when != date_cases[i].when)
            fail_msg("%s: %lld", date_cases[i].text, (long long)when);
        text_date(again, sizeof(again), when);
        if (date_cases[i].good)
            assert_string_equal(again, date_cases[i].text);
    }
}

static void dates_beyond_four_digits_are_kept_at_the_ends(void **state)
{
    char shown[21];

    (void)state;
    text_date(shown, sizeof(shown), (time_t)INT64_MAX);
    assert_string_equal(shown, "9999-12-31T23:59:59Z");
    text_date(shown, sizeof(shown), (time_t)INT64_MIN);
    assert_string_equal(shown, "0000-01-01T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_grows),
        cmocka_unit_test(empty_buffer_is_taken_as_empty_string),
        cmocka_unit_test(buffer_without_memory_fails_for_good),
        cmocka_unit_test(impossible_length_is_refused),
        cmocka_unit_test(utf8_is_told_from_other_octets),
        cmocka_unit_test(shown_text_is_harmless_and_fits),
        cmocka_unit_test(distance_counts_slips),
        cmocka_unit_test(nearest_name_is_found_unless_two_are),
        cmocka_unit_test(numbers_are_decimal_only),
        cmocka_unit_test(dates_go_both_ways),
        cmocka_unit_test(dates_beyond_four_digits_are_kept_at_the_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
