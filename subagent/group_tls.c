/* SPDX-License-Identifier: Apache-2.0 */
/* devsecTls: what the stack has, what is effective, how mail is encrypted. The settings themselves are the store's. */
#include "binding.h"

static bool get_supported_versions(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_number(&mib_objects[MIB_devsecTlsSupportedVersions], agent->device.stack.versions, var);
}

static bool get_supported_ciphers(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_number(&mib_objects[MIB_devsecTlsSupportedCiphers], agent->device.stack.ciphers, var);
}

static bool get_effective_versions(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_number(&mib_objects[MIB_devsecTlsEffectiveVersions], agent->effective.versions, var);
}

static bool get_effective_suites(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    char names[ADMIN_STRING_MAX];

    (void)row;
    tls_effective_names(&agent->effective, names, sizeof(names));
    return syntax_put_text(names, var);
}

static bool get_smtp_transport(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    const struct value *values = store_current(agent->store)->values;

    (void)row;
    return syntax_put_number(&mib_objects[MIB_devsecSmtpTransport],
                             smtp_transport(values[SETTING_SMTP_SECURE].number, values[SETTING_SMTP_PORT].number), var);
}

static size_t count_suites(const struct agent *agent)
{
    return agent->effective.n_suites;
}

static size_t index_suite(const struct agent *agent, size_t row, oid *index)
{
    (void)agent;
    index[0] = row + 1;
    return 1;
}

static bool get_suite_name(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_text(tls_suites[agent->effective.suites[row]].name, var);
}

static bool get_suite_iana_name(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_text(tls_suites[agent->effective.suites[row]].iana_name, var);
}

static bool get_suite_versions(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[MIB_devsecTlsSuiteVersions], agent->effective.suite_versions[row], var);
}

static const struct binding bindings[] = {
    {MIB_devsecTlsSupportedVersions, .get = get_supported_versions},
    {MIB_devsecTlsSupportedCiphers, .get = get_supported_ciphers},
    {MIB_devsecTlsEffectiveVersions, .get = get_effective_versions},
    {MIB_devsecTlsEffectiveCipherSuites, .get = get_effective_suites},
    {MIB_devsecTlsSuiteName, .get = get_suite_name},
    {MIB_devsecTlsSuiteIanaName, .get = get_suite_iana_name},
    {MIB_devsecTlsSuiteVersions, .get = get_suite_versions},
    {MIB_devsecSmtpTransport, .get = get_smtp_transport},
};

static const struct table_binding tables[] = {
    {.entry = MIB_devsecTlsSuiteEntry, .count = count_suites, .index = index_suite},
};

const struct binding_group group_tls = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
