/* SPDX-License-Identifier: Apache-2.0 */
/* When somebody has to be told that a certificate ends: at the warning, a week and a day before, and at its end. */
#ifndef DEVSEC_PKI_EXPIRY_H
#define DEVSEC_PKI_EXPIRY_H

#include <stdbool.h>
#include <time.h>

/* How near a certificate's end is; the later, the greater. */
enum pki_stage { PKI_STAGE_NONE, PKI_STAGE_WARNING, PKI_STAGE_WEEK, PKI_STAGE_DAY, PKI_STAGE_EXPIRED, PKI_STAGE_COUNT };

/* A clock that shows an earlier time than this, 2020-01-01, has not been set. */
#define PKI_CLOCK_SET 1577836800

/* As the column `told` of the keys has it: "", "warning", "week", "day", "expired". A word that is none of these (NULL
 * included) means PKI_STAGE_NONE. */
const char *pki_stage_word(enum pki_stage stage);
enum pki_stage pki_stage_of_word(const char *word);

/* The stage at `now`. A certificate is valid in its last second. None before `warning_days` days are left, so that a
 * warning of five days comes at the stage PKI_STAGE_WEEK, and with 0 there is none but PKI_STAGE_EXPIRED. */
enum pki_stage pki_stage_at(time_t not_after, time_t now, unsigned warning_days);

/* What is to be done about one certificate. */
struct pki_expiry {
    bool tell;           /* of the stage `told`, once, and then put it down as told */
    enum pki_stage told; /* what is to be put down; what it was, if there is nothing to do */
};

/*
 * `told` is the last stage that somebody was told of, so each stage is told once, and of several that have passed
 * untold only the last. When the clock is more than a day before the beginning of the stage that was told, it was set
 * back: `told` becomes the stage at hand, so that the later ones will be told again. A smaller step back changes
 * nothing, and neither does a clock that has not been set, a certificate that is not valid yet, or no certificate
 * (`not_after` 0).
 */
struct pki_expiry pki_expiry_judge(time_t not_before, time_t not_after, time_t now, unsigned warning_days,
                                   enum pki_stage told);

#endif
