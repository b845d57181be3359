/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of a certificate's end; see expiry.h. */
#include "pki/expiry.h"

#include <string.h>

#define DAY 86400

static const struct {
    const char *word;
    unsigned days; /* before the end; of PKI_STAGE_WARNING a setting */
} stages[PKI_STAGE_COUNT] = {
    [PKI_STAGE_NONE] = {"", 0},   [PKI_STAGE_WARNING] = {"warning", 0}, [PKI_STAGE_WEEK] = {"week", 7},
    [PKI_STAGE_DAY] = {"day", 1}, [PKI_STAGE_EXPIRED] = {"expired", 0},
};

const char *pki_stage_word(enum pki_stage stage)
{
    return stages[stage].word;
}

enum pki_stage pki_stage_of_word(const char *word)
{
    for (enum pki_stage stage = PKI_STAGE_WARNING; word && stage < PKI_STAGE_COUNT; stage++) {
        if (strcmp(stages[stage].word, word) == 0)
            return stage;
    }
    return PKI_STAGE_NONE;
}

/* When a stage begins. */
static time_t beginning(enum pki_stage stage, time_t not_after, unsigned warning_days)
{
    const unsigned days = stage == PKI_STAGE_WARNING ? warning_days : stages[stage].days;

    return not_after - (time_t)days * DAY + (stage == PKI_STAGE_EXPIRED ? 1 : 0);
}

enum pki_stage pki_stage_at(time_t not_after, time_t now, unsigned warning_days)
{
    enum pki_stage stage = PKI_STAGE_EXPIRED;

    if (now <= not_after && (warning_days == 0 || now < beginning(PKI_STAGE_WARNING, not_after, warning_days)))
        return PKI_STAGE_NONE;
    while (stage > PKI_STAGE_WARNING && now < beginning(stage, not_after, warning_days))
        stage--;
    return stage;
}

struct pki_expiry pki_expiry_judge(time_t not_before, time_t not_after, time_t now, unsigned warning_days,
                                   enum pki_stage told)
{
    struct pki_expiry expiry = {.tell = false, .told = told};
    enum pki_stage stage;

    if (not_after == 0 || now < PKI_CLOCK_SET || now < not_before)
        return expiry;
    stage = pki_stage_at(not_after, now, warning_days);
    expiry.tell = stage > told;
    if (expiry.tell || (stage < told && now + DAY < beginning(told, not_after, warning_days)))
        expiry.told = stage;
    return expiry;
}
