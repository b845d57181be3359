/* SPDX-License-Identifier: Apache-2.0 */
/* Random GETBULK requests that aim at where it is easy to be wrong: borders of rows, columns, tables and regions. */
#ifndef DEVSEC_TESTS_DRAW_H
#define DEVSEC_TESTS_DRAW_H

#include "model.h"

/* A generator of its own state, so that a seed gives the same requests again. */
struct dice {
    uint64_t state;
};

/* 0..limit-1 */
uint32_t dice_throw(struct dice *dice, uint32_t limit);

/* The next request against what the model holds. */
void draw_question(struct dice *dice, const struct model *model, struct question *question);

#endif
