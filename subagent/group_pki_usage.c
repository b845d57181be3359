/* SPDX-License-Identifier: Apache-2.0 */
/* devsecUsageTable: which key serves which use; fixed rows, kept in the table "uses" of the settings document. */
#include "binding.h"
#include "pki/uses.h"
#include "row_status.h"
#include "store/table.h"

#include <stdio.h>

static size_t count_uses(const struct agent *agent)
{
    (void)agent;
    return pki_use_count;
}

static size_t index_use(const struct agent *agent, size_t row, oid *index)
{
    (void)agent;
    index[0] = pki_uses[row].usage;
    index[1] = pki_uses[row].instance;
    return 2;
}

static bool get_slot(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[MIB_devsecUsageSlot],
                             pki_use_slot(store_current(agent->store), &pki_uses[row]), var);
}

static bool get_enabled(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[MIB_devsecUsageEnabled],
                             pki_use_enabled(store_current(agent->store), &pki_uses[row]), var);
}

static bool get_key_used(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[MIB_devsecUsageKeyUsed],
                             pki_use_key_used(store_current(agent->store), &pki_uses[row]), var);
}

/* ---- SET ---- */

static enum devsec_err test_use(struct agent *agent, struct transaction *txn, struct row_request *request,
                                struct devsec_error *error)
{
    const struct document *document = store_current(agent->store);
    const struct pki_use *use = &pki_uses[request->row];
    const struct row_cell *slot_cell = row_request_cell(request, MIB_devsecUsageSlot);
    const struct row_cell *enabled_cell = row_request_cell(request, MIB_devsecUsageEnabled);
    const unsigned slot = slot_cell ? (unsigned)slot_cell->value.number : pki_use_slot(document, use);
    const bool was_enabled = pki_use_enabled(document, use);
    const bool enabled = enabled_cell ? enabled_cell->value.number != 0 : was_enabled;
    enum devsec_err err;

    if (use->usage == PKI_USE_TLS && enabled != was_enabled)
        return row_request_fail(request, MIB_devsecUsageEnabled, error, DEVSEC_ERR_INCONSISTENT,
                                "TLS is switched on and off by devsecTlsIpv4Enabled and devsecTlsIpv6Enabled");
    if (slot == pki_use_slot(document, use) && enabled == was_enabled)
        return DEVSEC_OK;
    /* Another writer must not have changed the use meanwhile: a SET of one column would take its other one back. */
    err = pki_use_require(txn, document, use, error);
    return err ? err : pki_use_put(txn, document, use, slot, enabled, error);
}

static void write_key(const struct row_request *request, char *to)
{
    char name[PKI_USE_NAME_MAX];

    pki_use_name(&pki_uses[request->row], name);
    snprintf(to, STORE_FAULT_KEY_MAX, "%s", name);
}

static const struct binding bindings[] = {
    {MIB_devsecUsageSlot, .get = get_slot},
    {MIB_devsecUsageEnabled, .get = get_enabled},
    {MIB_devsecUsageKeyUsed, .get = get_key_used},
};

static const struct table_binding tables[] = {
    {.entry = MIB_devsecUsageEntry,
     .count = count_uses,
     .index = index_use,
     .test_row = test_use,
     .store_table = TABLE_USES + 1,
     .store_key = write_key},
};

const struct binding_group group_pki_usage = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
