/* SPDX-License-Identifier: Apache-2.0 */
/* devsecTrustTable: the certificates of CAs that the device trusts. */
#include "group_pki.h"

#include "pki/inventory.h"

static size_t count_trusted(const struct agent *agent)
{
    return inventory_trusted_count(agent->pki.inventory);
}

static size_t index_trusted(const struct agent *agent, size_t row, oid *index)
{
    index[0] = inventory_trusted(agent->pki.inventory, row)->index;
    return 1;
}

/* All zeros where the certificate's file cannot be read. */
static const struct pki_summary *summary_at(const struct agent *agent, size_t row)
{
    return &inventory_trusted(agent->pki.inventory, row)->summary;
}

static bool get_subject(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(summary_at(agent, row)->subject, var);
}

static bool get_issuer(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(summary_at(agent, row)->issuer, var);
}

static bool get_serial_number(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(summary_at(agent, row)->serial_number, var);
}

static bool get_not_before(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_date(summary_at(agent, row)->not_before, var);
}

static bool get_not_after(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_date(summary_at(agent, row)->not_after, var);
}

static bool get_validity(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return pki_put_validity(agent, MIB_devsecTrustValidity, summary_at(agent, row), var);
}

static bool get_fingerprint(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return pki_put_fingerprint(summary_at(agent, row), var);
}

static const struct binding bindings[] = {
    {MIB_devsecTrustSubject, .get = get_subject},
    {MIB_devsecTrustIssuer, .get = get_issuer},
    {MIB_devsecTrustSerialNumber, .get = get_serial_number},
    {MIB_devsecTrustNotBefore, .get = get_not_before},
    {MIB_devsecTrustNotAfter, .get = get_not_after},
    {MIB_devsecTrustValidity, .get = get_validity},
    {MIB_devsecTrustFingerprint, .get = get_fingerprint},
};

static const struct table_binding tables[] = {
    {.entry = MIB_devsecTrustEntry, .count = count_trusted, .index = index_trusted},
};

const struct binding_group group_pki_trust = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
