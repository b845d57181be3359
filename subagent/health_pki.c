/* SPDX-License-Identifier: Apache-2.0 */
/* What devsecHealth says about keys and certificates. */
#include "agent.h"
#include "devsec_mib.h"
#include "health_private.h"
#include "jobs.h"

#include "base/text.h"
#include "pki/uses.h"

#include <stdio.h>
#include <string.h>

#define DAY       86400
#define DATE_ROOM 11               /* "2026-12-04" */
#define NAME_ROOM (64 * 4 + 1)     /* a key's name as text_show may write it */
#define USES_ROOM ADMIN_STRING_MAX /* "tls, ipsec-3" */

/* One slot and what is known of it at the time of the report. */
struct finding {
    struct report *report;
    const struct pki_slot *slot;
    enum pki_validity validity;
    unsigned uses; /* pki_slot_uses */
};

static void write_day(char to[DATE_ROOM], time_t when)
{
    char date[32];

    text_date(date, sizeof(date), when);
    snprintf(to, DATE_ROOM, "%.10s", date);
}

/* "the key of tls, ipsec-3 (slot 3, "Key 3")" or "the certificate in slot 3 ("Key 3")". */
static void write_which(char *to, size_t room, const struct finding *finding, const char *part)
{
    const struct document *document = store_current(finding->report->agent->store);
    const char *name = value_text(&finding->slot->row[KEY_NAME]);
    char shown[NAME_ROOM];
    char uses[USES_ROOM] = "";
    size_t used = 0;

    text_show(shown, sizeof(shown), name, strlen(name));
    for (size_t i = 0; finding->uses && i < pki_use_count && used < sizeof(uses); i++) {
        char use[PKI_USE_NAME_MAX];

        if (pki_use_slot(document, &pki_uses[i]) != finding->slot->slot)
            continue;
        pki_use_name(&pki_uses[i], use);
        used += (size_t)snprintf(uses + used, sizeof(uses) - used, "%s%s", used ? ", " : "", use);
    }
    if (finding->uses)
        snprintf(to, room, "the %s of %s (slot %u, \"%s\")", part, uses, finding->slot->slot, shown);
    else
        snprintf(to, room, "the %s in slot %u (\"%s\")", part, finding->slot->slot, shown);
}

#define WHICH_ROOM (USES_ROOM + NAME_ROOM + 64)

/* Adds "the certificate of ... " (or the key) and what the caller has to say about it. */
static void add_finding(const struct finding *finding, int state, const char *part, const char *what)
{
    char which[WHICH_ROOM];

    write_which(which, sizeof(which), finding, part);
    report_add(finding->report, state, "%s %s", which, what);
}

static void report_damage(const struct finding *finding)
{
    const char *name = value_text(&finding->slot->row[KEY_NAME]);
    char shown[NAME_ROOM];

    if (!report_wants(finding->report, MIB_devsecHealth_critical))
        return;
    text_show(shown, sizeof(shown), name, strlen(name));
    report_add(finding->report, MIB_devsecHealth_critical, "slot %u (\"%s\") is damaged: %s", finding->slot->slot,
               shown, finding->slot->trouble ? finding->slot->trouble : "");
}

/* One that nobody uses may end; that it is still there then is worth a look. */
static int dates_state(const struct finding *finding)
{
    if (finding->validity == PKI_EXPIRED)
        return finding->uses ? MIB_devsecHealth_critical : MIB_devsecHealth_warning;
    return finding->uses ? MIB_devsecHealth_warning : MIB_devsecHealth_ok;
}

static void report_dates(const struct finding *finding)
{
    const struct pki_summary *summary = &finding->slot->summary;
    const time_t left = summary->not_after - finding->report->now;
    const long long days = ((long long)left + DAY - 1) / DAY; /* the last one counts from its beginning on */
    const int state = dates_state(finding);
    char day[DATE_ROOM];
    char what[128];

    if (!report_wants(finding->report, state))
        return;
    write_day(day, finding->validity == PKI_NOT_YET_VALID ? summary->not_before : summary->not_after);
    if (finding->validity == PKI_EXPIRED)
        snprintf(what, sizeof(what), "expired on %s", day);
    else if (finding->validity == PKI_NOT_YET_VALID)
        snprintf(what, sizeof(what), "is not valid before %s: check the device's clock", day);
    else if (left < DAY)
        snprintf(what, sizeof(what), "expires in less than a day, on %s", day);
    else
        snprintf(what, sizeof(what), "expires in %lld day%s, on %s", days, days == 1 ? "" : "s", day);
    add_finding(finding, state, "certificate", what);
}

/* That nobody knows the issuer, or that the certificate is its own, may be meant so; the rest hinders clients. */
static void report_chain(const struct finding *finding)
{
    const enum pki_verdict verdict = inventory_verdict(finding->slot, finding->report->now);
    char text[DEVSEC_ERROR_TEXT_MAX];
    char what[sizeof(text) + 32];

    if (verdict != PKI_CHAIN_INCOMPLETE && verdict != PKI_BAD_SIGNATURE && verdict != PKI_VERDICT_KEY_MISMATCH &&
        (verdict != PKI_CHAIN_EXPIRED || finding->validity == PKI_EXPIRED || finding->validity == PKI_NOT_YET_VALID))
        return;
    if (!report_wants(finding->report, MIB_devsecHealth_warning))
        return;
    inventory_text(finding->slot, finding->report->now, text, sizeof(text));
    snprintf(what, sizeof(what), "does not verify: %s", text);
    add_finding(finding, MIB_devsecHealth_warning, "certificate", what);
}

static void report_weakness(const struct finding *finding)
{
    const struct pki_summary *summary = &finding->slot->summary;
    const bool is_short = summary->weakness & PKI_WEAK_SHORT_KEY;
    char key[PKI_KEY_WORDS_MAX];
    char what[ADMIN_STRING_MAX];

    if (!report_wants(finding->report, MIB_devsecHealth_warning))
        return;
    pki_key_words(&summary->key, key);
    if (is_short)
        snprintf(what, sizeof(what), "is weak: %s", key);
    else
        snprintf(what, sizeof(what), "is signed with a weak hash: %s",
                 summary->signature_algorithm ? summary->signature_algorithm : "");
    add_finding(finding, MIB_devsecHealth_warning, is_short ? "key" : "certificate", what);
}

/* The parts, and whether there is anything to say, before words are made of it. */
static void report_slot(const struct finding *finding)
{
    const struct pki_slot *slot = finding->slot;

    /* Without the device key every private key is damaged, which is one finding and not as many as there are keys. */
    if (slot->status == PKI_STATUS_DAMAGED && !finding->report->agent->pki.device_key_error[0])
        report_damage(finding);
    if (finding->validity != PKI_VALID && finding->validity != PKI_NO_CERTIFICATE)
        report_dates(finding);
    if (finding->uses && slot->status == PKI_INSTALLED)
        report_chain(finding);
    if (slot->summary.weakness)
        report_weakness(finding);
}

/* Without the device key none can be made, and that has been said. */
static void report_missing(struct report *report)
{
    const struct agent *agent = report->agent;

    for (enum pki_reserved i = 0; !agent->pki.device_key_error[0] && i < PKI_RESERVED_COUNT; i++) {
        const char *trouble = jobs_reserved_trouble(agent->jobs, i);

        if (trouble)
            report_add(report, MIB_devsecHealth_warning, "the device's own key \"%s\" is missing: %s",
                       pki_reserved_names[i], trouble);
    }
}

void report_pki(struct report *report)
{
    const struct agent *agent = report->agent;
    const struct document *document = store_current(agent->store);
    const unsigned warning_days = (unsigned)document->values[SETTING_CERT_EXPIRY_WARNING].number;

    if (agent->pki.device_key_error[0])
        report_add(report, MIB_devsecHealth_critical, "%s", agent->pki.device_key_error);
    report_missing(report);
    for (size_t i = 0; i < inventory_slots(agent->pki.inventory); i++) {
        const struct pki_slot *slot = inventory_slot(agent->pki.inventory, i);
        const struct finding finding = {
            .report = report,
            .slot = slot,
            .validity = pki_validity(slot->summary.not_before, slot->summary.not_after, report->now, warning_days),
            .uses = pki_slot_uses(document, slot->slot),
        };

        report_slot(&finding);
    }
    for (size_t i = 0; i < inventory_trusted_count(agent->pki.inventory); i++) {
        const struct pki_trusted *trusted = inventory_trusted(agent->pki.inventory, i);

        if (trusted->trouble)
            report_add(report, MIB_devsecHealth_warning, "the trusted certificate %u cannot be used: %s",
                       trusted->index, trusted->trouble);
    }
}
