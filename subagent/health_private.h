/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts that find something for devsecHealthText share. */
#ifndef DEVSEC_SUBAGENT_HEALTH_PRIVATE_H
#define DEVSEC_SUBAGENT_HEALTH_PRIVATE_H

#include "health.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/*
 * The findings are asked for twice, those of devsecHealth critical(3) first, so that the worst stand in front and none
 * has to be kept. When the text is full the rest is counted.
 */
struct report {
    struct health *health;
    const struct agent *agent;
    time_t now;
    int wanted;        /* a value of devsecHealth: findings of any other are left out */
    size_t length;     /* of the text */
    size_t safe;       /* its length up to where "; and N more" still fits behind it; 0 for nowhere */
    unsigned behind;   /* sentences behind `safe` */
    unsigned left_out; /* findings that found no room */
};

/* Adds a finding, a sentence without a full stop. */
void report_add(struct report *report, int state, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* For findings that are dear to put into words: false when it is settled that they would not be shown, and counts those
 * that are only to be counted. */
bool report_wants(struct report *report, int state);

/* Keys and certificates. */
void report_pki(struct report *report);

#endif
