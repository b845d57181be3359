/* SPDX-License-Identifier: Apache-2.0 */
/* devsecSnmp: what the guard enforces and what it denied; administrators. */
#include "binding.h"
#include "guard_link.h"

/* devsecd serves nothing without the guard, so whoever reads this reads "enforced"; the check is real all the same. */
static bool get_enforcement(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_number(&mib_objects[MIB_devsecSnmpEnforcement],
                             agent->guard ? MIB_devsecSnmpEnforcement_enforced : MIB_devsecSnmpEnforcement_notEnforced,
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

/* No administrator is kept in the store, so there are no rows to read. */
static size_t count_admins(const struct agent *agent)
{
    (void)agent;
    return 0;
}

static size_t index_admin(const struct agent *agent, size_t row, oid *index)
{
    (void)agent;
    index[0] = row + 1;
    return 1;
}

static bool get_admin(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)agent;
    (void)row;
    (void)var;
    return false;
}

static const struct binding bindings[] = {
    {MIB_devsecSnmpEnforcement, .get = get_enforcement},
    {MIB_devsecSnmpDeniedV1V2c, .get = get_denied_v1v2c},
    {MIB_devsecSnmpDeniedNoAuth, .get = get_denied_no_auth},
    {MIB_devsecSnmpDeniedAuthNoPriv, .get = get_denied_auth_no_priv},
    {MIB_devsecAdminName, .get = get_admin},
    {MIB_devsecAdminRole, .get = get_admin},
    {MIB_devsecAdminPrivSet, .get = get_admin},
};

static const struct table_binding tables[] = {
    {MIB_devsecAdminEntry, count_admins, index_admin},
};

const struct binding_group group_snmp = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
