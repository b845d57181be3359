/* SPDX-License-Identifier: Apache-2.0 */
/* devsecPki: the keys with their certificates, and the limits of the group. */
#include "group_pki.h"
#include "jobs.h"
#include "uploads.h"

#include "pki/inventory.h"
#include "pki/uses.h"

#include <string.h>
#include <time.h>

#define HASH_SHA256 4 /* IANA's registry of TLS hash algorithms */

unsigned pki_warning_days(const struct agent *agent)
{
    return (unsigned)store_current(agent->store)->values[SETTING_CERT_EXPIRY_WARNING].number;
}

bool pki_put_validity(const struct agent *agent, int object, const struct pki_summary *summary,
                      netsnmp_variable_list *var)
{
    const enum pki_validity validity =
        pki_validity(summary->not_before, summary->not_after, time(NULL), pki_warning_days(agent));

    return syntax_put_number(&mib_objects[object], (int64_t)validity, var);
}

/* RFC 6353, SnmpTLSFingerprint. A certificate always ends some time, a request never. */
bool pki_put_fingerprint(const struct pki_summary *summary, netsnmp_variable_list *var)
{
    unsigned char octets[1 + PKI_FINGERPRINT_SIZE] = {HASH_SHA256};

    memcpy(octets + 1, summary->fingerprint, PKI_FINGERPRINT_SIZE);
    return syntax_put_octets(octets, summary->not_after ? sizeof(octets) : 0, var);
}

/* ---- devsecCertTable ---- */

static size_t count_slots(const struct agent *agent)
{
    return inventory_slots(agent->pki.inventory);
}

static const struct pki_slot *slot_at(const struct agent *agent, size_t row)
{
    return inventory_slot(agent->pki.inventory, row);
}

static size_t index_slot(const struct agent *agent, size_t row, oid *index)
{
    index[0] = slot_at(agent, row)->slot;
    return 1;
}

static bool put_number(int object, int64_t number, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[object], number, var);
}

static bool get_name(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(slot_at(agent, row)->row[KEY_NAME].text, var);
}

static bool get_status(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_number(MIB_devsecCertStatus, (int64_t)slot_at(agent, row)->status, var);
}

static bool get_origin(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_number(MIB_devsecCertOrigin, slot_at(agent, row)->row[KEY_ORIGIN].number, var);
}

/* From the document: it is known of a key whose files cannot be read, too. */
static bool get_key_type(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_number(MIB_devsecCertKeyType, slot_at(agent, row)->row[KEY_TYPE].number, var);
}

static bool get_key_bits(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_number(MIB_devsecCertKeyBits, slot_at(agent, row)->summary.key.bits, var);
}

static bool get_key_curve(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_number(MIB_devsecCertKeyCurve, (int64_t)slot_at(agent, row)->summary.key.curve, var);
}

static bool get_signature_algorithm(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(slot_at(agent, row)->summary.signature_algorithm, var);
}

static bool get_subject(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(slot_at(agent, row)->summary.subject, var);
}

static bool get_alt_names(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(slot_at(agent, row)->summary.alt_names, var);
}

static bool get_issuer(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(slot_at(agent, row)->summary.issuer, var);
}

static bool get_serial_number(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(slot_at(agent, row)->summary.serial_number, var);
}

static bool get_not_before(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_date(slot_at(agent, row)->summary.not_before, var);
}

static bool get_not_after(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_date(slot_at(agent, row)->summary.not_after, var);
}

static bool get_seconds_left(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    const time_t not_after = slot_at(agent, row)->summary.not_after;
    int64_t left = not_after ? (int64_t)not_after - (int64_t)time(NULL) : INT32_MAX;

    if (left > INT32_MAX)
        left = INT32_MAX;
    if (left < INT32_MIN)
        left = INT32_MIN;
    return put_number(MIB_devsecCertSecondsLeft, left, var);
}

static bool get_validity(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return pki_put_validity(agent, MIB_devsecCertValidity, &slot_at(agent, row)->summary, var);
}

static bool get_verify(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_number(MIB_devsecCertVerify, (int64_t)inventory_verdict(slot_at(agent, row), time(NULL)), var);
}

static bool get_verify_text(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    char text[DEVSEC_ERROR_TEXT_MAX];

    inventory_text(slot_at(agent, row), time(NULL), text, sizeof(text));
    return syntax_put_sentence(text, var);
}

static bool get_fingerprint(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return pki_put_fingerprint(&slot_at(agent, row)->summary, var);
}

static bool get_intermediates(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_number(MIB_devsecCertIntermediates, slot_at(agent, row)->intermediates, var);
}

static bool get_in_use(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_number(MIB_devsecCertInUse, pki_slot_uses(store_current(agent->store), slot_at(agent, row)->slot), var);
}

static bool get_reserved(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_number(MIB_devsecCertReserved, !value_is_empty(&slot_at(agent, row)->row[KEY_RESERVED]), var);
}

static bool get_weakness(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_number(MIB_devsecCertWeakness, slot_at(agent, row)->summary.weakness, var);
}

static bool get_generated_by(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(slot_at(agent, row)->row[KEY_FIRMWARE].text, var);
}

static bool get_created(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_date((time_t)slot_at(agent, row)->row[KEY_CREATED].number, var);
}

/* ---- limits ---- */

static bool get_cert_limit(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_number(MIB_devsecCertLimit, agent->device.profile.key_limit, var);
}

static bool get_job_limit(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)agent;
    (void)row;
    return put_number(MIB_devsecJobLimit, JOBS_MAX, var);
}

static bool get_job_keep(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)agent;
    (void)row;
    return put_number(MIB_devsecJobKeep, JOBS_KEEP, var);
}

static bool get_upload_limit(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    const unsigned octets = UPLOAD_OCTETS_MAX;

    (void)agent;
    (void)row;
    return put_number(MIB_devsecUploadLimit, octets, var);
}

static const struct binding bindings[] = {
    {MIB_devsecCertName, .get = get_name},
    {MIB_devsecCertStatus, .get = get_status},
    {MIB_devsecCertOrigin, .get = get_origin},
    {MIB_devsecCertKeyType, .get = get_key_type},
    {MIB_devsecCertKeyBits, .get = get_key_bits},
    {MIB_devsecCertKeyCurve, .get = get_key_curve},
    {MIB_devsecCertSignatureAlgorithm, .get = get_signature_algorithm},
    {MIB_devsecCertSubject, .get = get_subject},
    {MIB_devsecCertSubjectAltNames, .get = get_alt_names},
    {MIB_devsecCertIssuer, .get = get_issuer},
    {MIB_devsecCertSerialNumber, .get = get_serial_number},
    {MIB_devsecCertNotBefore, .get = get_not_before},
    {MIB_devsecCertNotAfter, .get = get_not_after},
    {MIB_devsecCertSecondsLeft, .get = get_seconds_left},
    {MIB_devsecCertValidity, .get = get_validity},
    {MIB_devsecCertVerify, .get = get_verify},
    {MIB_devsecCertVerifyText, .get = get_verify_text},
    {MIB_devsecCertFingerprint, .get = get_fingerprint},
    {MIB_devsecCertIntermediates, .get = get_intermediates},
    {MIB_devsecCertInUse, .get = get_in_use},
    {MIB_devsecCertReserved, .get = get_reserved},
    {MIB_devsecCertWeakness, .get = get_weakness},
    {MIB_devsecCertGeneratedBy, .get = get_generated_by},
    {MIB_devsecCertCreated, .get = get_created},
    {MIB_devsecCertLimit, .get = get_cert_limit},
    {MIB_devsecJobLimit, .get = get_job_limit},
    {MIB_devsecJobKeep, .get = get_job_keep},
    {MIB_devsecUploadLimit, .get = get_upload_limit},
};

static const struct table_binding tables[] = {
    {.entry = MIB_devsecCertEntry, .count = count_slots, .index = index_slot},
};

const struct binding_group group_pki_cert = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
