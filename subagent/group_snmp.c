/* SPDX-License-Identifier: Apache-2.0 */
/* devsecSnmp: what the guard enforces and what it denied; administrators. */
#include "binding.h"

#include "guard/guard_link.h"

/*
 * By the guard's own word, which is as of the request that this is the answer to (announce.h). The labels of both
 * objects are numbered from the strictest on.
 */
static bool get_enforcement(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    const struct value *wanted = store_current(agent->store)->values;
    struct guard_enforced is;
    bool enforced;

    (void)row;
    guard_link_enforced(agent->guard, &is);
    enforced = is.v3 != 0 && is.v3 <= wanted[SETTING_SNMP_V3_PERMIT].number && is.v1v2c != 0 &&
               is.v1v2c <= wanted[SETTING_SNMP_V1V2_PERMIT].number;
    return syntax_put_number(&mib_objects[MIB_devsecSnmpEnforcement],
                             enforced ? MIB_devsecSnmpEnforcement_enforced : MIB_devsecSnmpEnforcement_notEnforced,
                             var);
}

static bool put_denied(const struct agent *agent, enum announce_denied kind, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[MIB_devsecSnmpDeniedV1V2c], guard_link_denied(agent->guard, kind), var);
}

static bool get_denied_v1v2c(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_denied(agent, ANNOUNCE_DENIED_V1V2C, var);
}

static bool get_denied_no_auth(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_denied(agent, ANNOUNCE_DENIED_NO_AUTH, var);
}

static bool get_denied_auth_no_priv(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_denied(agent, ANNOUNCE_DENIED_AUTH_NO_PRIV, var);
}

static const struct table *admins(const struct agent *agent)
{
    return &store_current(agent->store)->tables[TABLE_ADMINISTRATORS];
}

static size_t count_admins(const struct agent *agent)
{
    return admins(agent)->count;
}

static size_t index_admin(const struct agent *agent, size_t row, oid *index)
{
    (void)agent;
    index[0] = row + 1;
    return 1;
}

static bool get_admin_name(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_text(value_text(&admins(agent)->rows[row][ADMINISTRATOR_NAME]), var);
}

static bool get_admin_role(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[MIB_devsecAdminRole], admins(agent)->rows[row][ADMINISTRATOR_ROLE].number,
                             var);
}

/* By what is stored: whether the keys open is the business of the applier "snmpd-users", and shown there. */
static bool get_admin_priv_set(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    const bool set = !value_is_empty(&admins(agent)->rows[row][ADMINISTRATOR_KEYS]);

    return syntax_put_number(&mib_objects[MIB_devsecAdminPrivSet], set, var);
}

static const struct binding bindings[] = {
    {MIB_devsecSnmpEnforcement, .get = get_enforcement},
    {MIB_devsecSnmpDeniedV1V2c, .get = get_denied_v1v2c},
    {MIB_devsecSnmpDeniedNoAuth, .get = get_denied_no_auth},
    {MIB_devsecSnmpDeniedAuthNoPriv, .get = get_denied_auth_no_priv},
    {MIB_devsecAdminName, .get = get_admin_name},
    {MIB_devsecAdminRole, .get = get_admin_role},
    {MIB_devsecAdminPrivSet, .get = get_admin_priv_set},
};

static const struct table_binding tables[] = {
    {.entry = MIB_devsecAdminEntry, .count = count_admins, .index = index_admin},
};

const struct binding_group group_snmp = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
