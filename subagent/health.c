/* SPDX-License-Identifier: Apache-2.0 */
/* devsecHealth: the worst finding sets the state, the text lists the findings: store, appliers, snmpd, restart,
 * settings. */
#include "health.h"

#include "agent.h"
#include "devsec_mib.h"
#include "restart.h"

#include <stdio.h>
#include <string.h>

void admin_string(char *to, const char *from)
{
    size_t length = strlen(from);

    if (length >= ADMIN_STRING_MAX) {
        length = ADMIN_STRING_MAX - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xc0) == 0x80) /* not inside a character */
            length--;
    }
    memcpy(to, from, length);
    to[length] = '\0';
}

static void add(struct health *health, int state, const char *sentence)
{
    char joined[2 * ADMIN_STRING_MAX + DEVSEC_ERROR_TEXT_MAX];

    if (state > health->state)
        health->state = state;
    snprintf(joined, sizeof(joined), "%s%s%s", health->text, health->text[0] ? "; " : "", sentence);
    admin_string(health->text, joined);
}

static void add_warning(void *context, const char *sentence)
{
    add(context, MIB_devsecHealth_warning, sentence);
}

void health_get(struct health *health, const struct agent *agent)
{
    const enum store_status status = store_status(agent->store);

    health->state = MIB_devsecHealth_ok;
    health->text[0] = '\0';
    if (status != STORE_OK)
        add(health, status == STORE_FAILED ? MIB_devsecHealth_critical : MIB_devsecHealth_warning,
            store_status_text(agent->store));
    for (size_t i = 0; i < apply_count(agent->apply); i++) {
        const struct applier_state *state = apply_state(agent->apply, i);
        char sentence[DEVSEC_ERROR_TEXT_MAX + 64];

        if (state->status != APPLY_FAILED)
            continue;
        snprintf(sentence, sizeof(sentence), "%s is not applied: %s", state->name, state->error);
        add(health, MIB_devsecHealth_critical, sentence);
    }
    if (agent->policy_missed)
        add_warning(health,
                    "snmpd has no policy file that it trusts and denies everything below authPriv; see its log, "
                    "and devsecPolicy in snmpd.conf");
    if (agent->include_unread)
        add_warning(health,
                    "snmpd could not read the administrators' files, so old passwords may still work: see its log, and "
                    "the group of the folder of applied files; then reload snmpd");
    if (restart_reason(agent->restart)[0])
        add_warning(health, restart_reason(agent->restart));
    device_warnings(&agent->device, store_current(agent->store), add_warning, health);
}
