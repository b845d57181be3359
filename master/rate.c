/* SPDX-License-Identifier: Apache-2.0 */
/* The token bucket; see rate.h. */
#include "rate.h"

/* One costs as many units as a minute has milliseconds, so a millisecond brings as many as may pass a minute. */
#define RATE_COST 60000

static void rate_refill(struct rate *rate, const struct rate_limit *limit, int64_t now)
{
    const int64_t full = (int64_t)limit->burst * RATE_COST;
    const int64_t passed = rate->started && now > rate->at ? now - rate->at : 0;

    /* Looked at before it is multiplied: after a long rest the product would not fit. */
    if (!rate->started || (limit->per_minute > 0 && passed > (full - rate->credit) / limit->per_minute))
        rate->credit = full;
    else
        rate->credit += passed * limit->per_minute;
    rate->at = now;
    rate->started = true;
}

bool rate_admit(struct rate *rate, const struct rate_limit *limit, int64_t now)
{
    rate_refill(rate, limit, now);
    if (rate->credit >= RATE_COST) {
        rate->credit -= RATE_COST;
        return true;
    }
    if (rate->held == 0)
        rate->held_since = now;
    if (rate->held < UINT64_MAX)
        rate->held++;
    return false;
}

uint64_t rate_settle(struct rate *rate, int64_t now, int64_t *passed)
{
    const uint64_t held = rate->held;

    *passed = now > rate->held_since ? now - rate->held_since : 1;
    rate->held = 0;
    return held;
}
