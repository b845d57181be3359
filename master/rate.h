/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket that counts what it turns away: so many at once, so many a minute, and nobody's memory grows. */
#ifndef DEVSEC_MASTER_RATE_H
#define DEVSEC_MASTER_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
    unsigned burst;      /* that may pass at once */
    unsigned per_minute; /* that may pass in the long run */
};

/* All zero: full, and nothing was held. */
struct rate {
    int64_t credit; /* of passing, in units of rate.c */
    int64_t at;     /* when that was counted: milliseconds of a clock that the caller keeps to, as are all times here */
    bool started;   /* the two above say something */
    uint64_t held;  /* turned away since the last rate_settle; stays at its maximum */
    int64_t held_since; /* when the first of those was */
};

/* Whether one may pass at `now`; what may not is counted as held. A clock that goes back costs nobody anything. */
bool rate_admit(struct rate *rate, const struct rate_limit *limit, int64_t now);

/* How many are held, and since how long (at least 1 ms) if any; afterwards none are. */
uint64_t rate_settle(struct rate *rate, int64_t now, int64_t *passed);

#endif
