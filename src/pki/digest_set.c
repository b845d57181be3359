/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of digests; see digest_set.h. */
#include "pki/digest_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS     (MATERIAL_NAME_SIZE - 1)
#define FIRST_ROOM 256
#define SPREAD     UINT64_C(0x9E3779B97F4A7C15) /* Fibonacci hashing: 2^64 by the golden ratio, odd */

/* Where a digest is, or would be put. Digests are random numbers, so a few of their digits tell them apart. */
static char *place_of(const struct digest_set *set, const char *digest)
{
    uint64_t hash;
    size_t at;

    memcpy(&hash, digest, sizeof(hash));
    at = (size_t)((hash * SPREAD) >> 32) & (set->room - 1);
    while (set->places[at][0] != '\0' && memcmp(set->places[at], digest, DIGITS) != 0)
        at = (at + 1) & (set->room - 1);
    return set->places[at];
}

/* Half of the places stay empty, so that few are looked at. */
static bool grow(struct digest_set *set)
{
    struct digest_set more = {.room = set->room ? set->room * 2 : FIRST_ROOM};

    if (set->count * 2 < set->room)
        return true;
    more.places = calloc(more.room, sizeof(*more.places));
    if (!more.places)
        return false;
    for (size_t i = 0; i < set->room; i++)
        if (set->places[i][0] != '\0')
            memcpy(place_of(&more, set->places[i]), set->places[i], DIGITS);
    more.count = set->count;
    free(set->places);
    *set = more;
    return true;
}

void digest_set_add(struct digest_set *set, const char *digest)
{
    char *place = NULL;

    if (set->failed || !grow(set)) {
        set->failed = true;
        return;
    }
    place = place_of(set, digest);
    if (place[0] == '\0') {
        memcpy(place, digest, DIGITS);
        set->count++;
    }
}

bool digest_set_has(const struct digest_set *set, const char *digest)
{
    return set->room > 0 && place_of(set, digest)[0] != '\0';
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* A run of 64 covers one of any 64 places that follow each other, so the text is looked at in steps of that size. */
void digest_set_add_text(struct digest_set *set, const char *text, size_t length)
{
    size_t at = DIGITS - 1;

    while (at < length) {
        size_t first = at;
        size_t behind = at;

        while (first > 0 && is_hex(text[at]) && is_hex(text[first - 1]))
            first--;
        while (behind < length && is_hex(text[behind]))
            behind++;
        if (behind - first == DIGITS)
            digest_set_add(set, text + first);
        at = behind + DIGITS;
    }
}

void digest_set_clear(struct digest_set *set)
{
    free(set->places);
    *set = (struct digest_set){0};
}
