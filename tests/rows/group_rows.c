/* SPDX-License-Identifier: Apache-2.0 */
/* The binding group that puts generated rows into devsecTlsSuiteTable; in devsecd_rows it comes before devsecd's own.
 */
#include "group_rows.h"

#include "rows.h"

static size_t count_rows(const struct agent *agent)
{
    (void)agent;
    return rows_of_environment()->count;
}

static size_t index_row(const struct agent *agent, size_t row, oid *index)
{
    (void)agent;
    index[0] = rows_index(rows_of_environment(), (uint32_t)row);
    return 1;
}

static bool put_text(size_t row, enum rows_column column, netsnmp_variable_list *var)
{
    char text[ROWS_TEXT_MAX + 1];

    rows_text(rows_of_environment(), (uint32_t)row, column, text);
    return syntax_put_text(text, var);
}

static bool get_name(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)agent;
    return put_text(row, ROWS_COLUMN_NAME, var);
}

static bool get_iana_name(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)agent;
    return put_text(row, ROWS_COLUMN_IANA_NAME, var);
}

static bool get_versions(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)agent;
    return syntax_put_number(&mib_objects[MIB_devsecTlsSuiteVersions],
                             rows_versions(rows_of_environment(), (uint32_t)row), var);
}

static const struct binding bindings[] = {
    {MIB_devsecTlsSuiteName, .get = get_name},
    {MIB_devsecTlsSuiteIanaName, .get = get_iana_name},
    {MIB_devsecTlsSuiteVersions, .get = get_versions},
};

static const struct table_binding tables[] = {
    {.entry = MIB_devsecTlsSuiteEntry, .count = count_rows, .index = index_row},
};

const struct binding_group group_rows = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
