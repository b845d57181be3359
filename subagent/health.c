/* SPDX-License-Identifier: Apache-2.0 */
/* devsecHealth: the worst finding sets the state, the text lists the findings, the worst first: store, appliers, snmpd,
 * keys and certificates, restart, settings. */
#include "health.h"

#include "agent.h"
#include "devsec_mib.h"
#include "health_private.h"
#include "restart.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MORE_MAX 16 /* octets that "; and N more" may take */

/* The length of the text, cut to at most `limit` octets, not inside a character. */
static size_t cut(const char *text, size_t limit)
{
    size_t length = strlen(text);

    if (length <= limit)
        return length;
    for (length = limit; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
        length--;
    return length;
}

void admin_string(char *to, const char *from)
{
    const size_t length = cut(from, ADMIN_STRING_MAX - 1);

    memcpy(to, from, length);
    to[length] = '\0';
}

bool report_wants(struct report *report, int state)
{
    if (state != report->wanted)
        return false;
    if (state > report->health->state)
        report->health->state = state;
    if (!report->left_out)
        return true;
    report->left_out++;
    return false;
}

void report_add(struct report *report, int state, const char *format, ...)
{
    char sentence[ADMIN_STRING_MAX + DEVSEC_ERROR_TEXT_MAX];
    char *text = report->health->text;
    va_list args;
    int fits;

    if (!report_wants(report, state))
        return;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    if (!report->length) {
        admin_string(text, sentence);
        report->length = strlen(text);
    } else {
        fits = snprintf(text + report->length, ADMIN_STRING_MAX - report->length, "; %s", sentence);
        if (fits < 0 || report->length + (size_t)fits >= ADMIN_STRING_MAX) {
            text[report->length] = '\0';
            report->left_out = 1;
            return;
        }
        report->length += (size_t)fits;
    }
    if (report->length < ADMIN_STRING_MAX - MORE_MAX) {
        report->safe = report->length;
        report->behind = 0;
    } else if (report->safe) {
        report->behind++;
    }
}

static void report_end(struct report *report)
{
    char *text = report->health->text;
    size_t length = report->safe ? report->safe : cut(text, ADMIN_STRING_MAX - 1 - MORE_MAX);

    if (report->left_out)
        snprintf(text + length, ADMIN_STRING_MAX - length, "; and %u more", report->left_out + report->behind);
}

static void warn(void *context, const char *sentence)
{
    report_add(context, MIB_devsecHealth_warning, "%s", sentence);
}

static void report_store(struct report *report)
{
    const enum store_status status = store_status(report->agent->store);

    if (status != STORE_OK)
        report_add(report, status == STORE_FAILED ? MIB_devsecHealth_critical : MIB_devsecHealth_warning, "%s",
                   store_status_text(report->agent->store));
}

static void report_appliers(struct report *report)
{
    const struct apply *apply = report->agent->apply;

    for (size_t i = 0; i < apply_count(apply); i++) {
        const struct applier_state *state = apply_state(apply, i);

        if (state->status == APPLY_FAILED)
            report_add(report, MIB_devsecHealth_critical, "%s is not applied: %s", state->name, state->error);
    }
}

static void report_snmpd(struct report *report)
{
    if (report->agent->policy_missed)
        warn(report, "snmpd has no policy file that it trusts and denies everything below authPriv; see its log, "
                     "and devsecPolicy in snmpd.conf");
    if (report->agent->include_unread)
        warn(report,
             "snmpd could not read the administrators' files, so old passwords may still work: see its log, and "
             "the group of the folder of applied files; then reload snmpd");
}

void health_get(struct health *health, const struct agent *agent)
{
    static const int worst_first[] = {MIB_devsecHealth_critical, MIB_devsecHealth_warning};
    struct report report = {.health = health, .agent = agent, .now = time(NULL)};

    health->state = MIB_devsecHealth_ok;
    health->text[0] = '\0';
    inventory_count(agent->pki.inventory, report.now,
                    (unsigned)store_current(agent->store)->values[SETTING_CERT_EXPIRY_WARNING].number,
                    &health->certificates);
    for (size_t i = 0; i < sizeof(worst_first) / sizeof(worst_first[0]); i++) {
        report.wanted = worst_first[i];
        report_store(&report);
        report_appliers(&report);
        report_snmpd(&report);
        report_pki(&report);
        if (restart_reason(agent->restart)[0])
            warn(&report, restart_reason(agent->restart));
        device_warnings(&agent->device, store_current(agent->store), warn, &report);
    }
    report_end(&report);
}
