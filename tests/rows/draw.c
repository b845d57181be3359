/* SPDX-License-Identifier: Apache-2.0 */
/* Random GETBULK requests; see draw.h. */
#include "draw.h"

#include "devsec_mib.h"

#include <string.h>

#define SUB_IDENTIFIER_MAX 0xffffffffu

uint32_t dice_throw(struct dice *dice, uint32_t limit)
{
    dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(((dice->state >> 32) * limit) >> 32);
}

/* ---- starts ---- */

struct start {
    oid *name;
    size_t len;
};

static void start_at_cell(struct start *start, const struct model *model, size_t cell)
{
    if (cell >= model->count)
        cell = model->count - 1;
    start->len = model->cells[cell].name_len;
    memcpy(start->name, model->cells[cell].name, start->len * sizeof(oid));
}

static void at_any(struct dice *dice, const struct model *model, struct start *start)
{
    start_at_cell(start, model, dice_throw(dice, (uint32_t)model->count));
}

static void at_ours(struct dice *dice, const struct model *model, struct start *start)
{
    start_at_cell(start, model, model->ours + dice_throw(dice, (uint32_t)(model->ours_end - model->ours) + 1));
}

/* Within three instances of where our subtree begins or ends. */
static void at_border(struct dice *dice, const struct model *model, struct start *start)
{
    const size_t border = dice_throw(dice, 2) ? model->ours : model->ours_end;
    const size_t at = border + dice_throw(dice, 7);

    start_at_cell(start, model, at > 3 ? at - 3 : 0);
}

/* An object of the MIB, which has no instance of that name, or the last or first instances of a column. */
static void at_object(struct dice *dice, const struct model *model, struct start *start)
{
    start->len = client_name(&mib_objects[dice_throw(dice, (uint32_t)mib_object_count)], start->name);
    if (dice_throw(dice, 2)) {
        const size_t at = model_behind(model, start->name, start->len) + dice_throw(dice, 5);

        start_at_cell(start, model, at > 2 ? at - 2 : 0);
    }
}

/* Places that are no object of anybody's, up to behind the end of all there is. */
static void at_landmark(struct dice *dice, const struct model *model, struct start *start)
{
    static const oid landmarks[][8] = {
        {0, 0}, {1, 3}, {1, 3, 6, 1, 2, 1, 1}, {1, 3, 6, 1, 4, 1}, {1, 3, 6, 1, 6, 3, 99}, {2, 39}, {2, 999, 3},
    };
    static const size_t lengths[] = {2, 2, 7, 6, 7, 2, 3};
    const uint32_t which = dice_throw(dice, sizeof(lengths) / sizeof(lengths[0]) + 2);

    if (which < sizeof(lengths) / sizeof(lengths[0])) {
        start->len = lengths[which];
        memcpy(start->name, landmarks[which], start->len * sizeof(oid));
        return;
    }
    start_at_cell(start, model, model->count - 1 - dice_throw(dice, 3));
}

/* ---- what is done to a start ---- */

static uint32_t any_sub_identifier(struct dice *dice)
{
    static const uint32_t borders[] = {0, 1, 127, 128, 16383, 16384, 65535, 65536, 0x7fffffff, SUB_IDENTIFIER_MAX};
    const uint32_t which = dice_throw(dice, 2 * sizeof(borders) / sizeof(borders[0]));

    return which < sizeof(borders) / sizeof(borders[0]) ? borders[which] : dice_throw(dice, 70000);
}

static void leave(struct dice *dice, struct start *start)
{
    (void)dice;
    (void)start;
}

static void shorten(struct dice *dice, struct start *start)
{
    if (start->len > 2)
        start->len = 2 + dice_throw(dice, (uint32_t)start->len - 2);
}

static void shift(struct dice *dice, struct start *start)
{
    oid *last = &start->name[start->len - 1];

    if (start->len <= 2)
        return;
    if (dice_throw(dice, 2))
        *last = *last < SUB_IDENTIFIER_MAX ? *last + 1 : *last;
    else
        *last = *last > 0 ? *last - 1 : 0;
}

static void replace(struct dice *dice, struct start *start)
{
    if (start->len > 2)
        start->name[2 + dice_throw(dice, (uint32_t)start->len - 2)] = any_sub_identifier(dice);
}

static void lengthen(struct dice *dice, struct start *start)
{
    size_t more = 1 + dice_throw(dice, 3);

    if (dice_throw(dice, 50) == 0)
        more = MAX_OID_LEN; /* as long as a name can be */
    while (more-- > 0 && start->len < MAX_OID_LEN)
        start->name[start->len++] = any_sub_identifier(dice);
}

/* Half of the names are those of instances, as a manager sends them. */
static void (*const places[])(struct dice *, const struct model *, struct start *) = {
    at_ours, at_ours, at_ours, at_ours, at_object, at_object, at_border, at_any, at_landmark,
};
static void (*const changes[])(struct dice *, struct start *) = {
    leave, leave, leave, leave, leave, shorten, shift, shift, replace, lengthen,
};

/* ---- the request ---- */

static long draw_repetitions(struct dice *dice)
{
    static const long odd[] = {0, 1000, 65535, 65536, 0x7fffffff};

    if (dice_throw(dice, 16) == 0)
        return odd[dice_throw(dice, sizeof(odd) / sizeof(odd[0]))];
    return (long)(dice_throw(dice, 61) >> dice_throw(dice, 6)); /* small ones more often: they take less time */
}

void draw_question(struct dice *dice, const struct model *model, struct question *question)
{
    question->count = 1 + (dice_throw(dice, QUESTION_VARBINDS_MAX) >> dice_throw(dice, 3));
    question->non_repeaters = dice_throw(dice, 3) ? 0 : (long)dice_throw(dice, (uint32_t)question->count + 2);
    if (dice_throw(dice, 200) == 0)
        question->non_repeaters = 0x7fffffff;
    question->max_repetitions = draw_repetitions(dice);
    for (size_t i = 0; i < question->count; i++) {
        struct start start = {question->names[i], 0};

        if (i > 0 && dice_throw(dice, 16) == 0) { /* the same once more */
            start.len = question->name_lens[i - 1];
            memcpy(start.name, question->names[i - 1], start.len * sizeof(oid));
        } else {
            places[dice_throw(dice, sizeof(places) / sizeof(places[0]))](dice, model, &start);
            changes[dice_throw(dice, sizeof(changes) / sizeof(changes[0]))](dice, &start);
        }
        question->name_lens[i] = start.len;
    }
}
