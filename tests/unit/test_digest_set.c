/* SPDX-License-Identifier: Apache-2.0 */
/* Digests found in texts: every one that stands there, however it stands there, and nothing shorter or longer. */
#include "pki/digest_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DIGITS       64

/* 63 digits, so that each text below says how many there are. */
#define SOME "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a"

static const struct {
    const char *text;
    const char *digest; /* NULL: none */
} texts[] = {
    {"", NULL},
    {"d", NULL},
    {SOME, NULL},
    {SOME "d", SOME "d"},
    {SOME "dd", NULL},
    {SOME "D", NULL},
    {SOME "g", NULL},
    {"certificate: " SOME "d\n", SOME "d"},
    {"'" SOME "d'", SOME "d"},
    {"x" SOME "d"
     "x",
     SOME "d"},
    {SOME SOME "dd", NULL}, /* 128 */
    {SOME "\n" SOME "d", SOME "d"},
    {SOME " d " SOME "d " SOME, SOME "d"},
};

static void whole_digests_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct digest_set set = {0};

        digest_set_add_text(&set, texts[i].text, strlen(texts[i].text));
        assert_int_equal(set.count, texts[i].digest ? 1 : 0);
        assert_false(set.failed);
        if (texts[i].digest)
            assert_true(digest_set_has(&set, texts[i].digest));
        assert_false(digest_set_has(&set, SOME "e"));
        digest_set_clear(&set);
        assert_null(set.places);
    }
}

/* A digest of its own for each number. */
static void digest_of(char digest[DIGITS + 1], unsigned number)
{
    for (unsigned i = 0; i < DIGITS / 8; i++)
        snprintf(digest + (size_t)8 * i, 9, "%08x", (number + 1) * 2654435761u + i * 40503u);
}

#define MANY 3000

/* At every distance from each other, and many more than there was room for at first. */
static void many_digests_are_found(void **state)
{
    char *text = calloc(MANY, DIGITS + 200);
    char digest[DIGITS + 1] = "";
    struct digest_set set = {0};
    size_t length = 0;

    (void)state;
    assert_non_null(text);
    for (unsigned i = 0; i < MANY; i++) {
        digest_of(digest, i);
        length += (size_t)sprintf(text + length, "%*s%s", (int)(1 + i % 190), "", digest);
    }
    for (int round = 0; round < 2; round++) {
        digest_set_add_text(&set, text, length);
        assert_int_equal(set.count, MANY); /* each once */
        assert_true(set.room >= (size_t)2 * MANY);
    }
    for (unsigned i = 0; i < 2 * MANY; i++) {
        digest_of(digest, i);
        assert_int_equal(digest_set_has(&set, digest), i < MANY);
    }
    digest_set_clear(&set);
    free(text);
}

/* No digest is looked for behind the end, and none is missed at either end: each part of a text is a text. */
static void the_ends_of_a_text_are_its_own(void **state)
{
    static const char line[] = "  certificate: " SOME "d\n  told: week\n";
    const size_t first = strlen("  certificate: ");
    const size_t length = sizeof(line) - 1;

    (void)state;
    for (size_t from = 0; from <= length; from++)
        for (size_t to = from; to <= length; to++) {
            char *part = malloc(to > from ? to - from : 1); /* of its own size, so that reading behind it is noticed */
            struct digest_set set = {0};

            memcpy(part, line + from, to - from);
            digest_set_add_text(&set, part, to - from);
            assert_int_equal(set.count, from <= first && to >= first + DIGITS);
            digest_set_clear(&set);
            free(part);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_digests_are_found),
        cmocka_unit_test(many_digests_are_found),
        cmocka_unit_test(the_ends_of_a_text_are_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
