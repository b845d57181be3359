/* SPDX-License-Identifier: Apache-2.0 */
/* devsecJobTable: work on keys and certificates, as rows that managers create. */
#include "binding.h"
#include "job_row.h"
#include "jobs.h"
#include "uploads.h"

static const struct table *table_of(const struct agent *agent)
{
    return &store_current(agent->store)->tables[TABLE_JOBS];
}

static size_t count_jobs(const struct agent *agent)
{
    return table_of(agent)->count;
}

static size_t index_job(const struct agent *agent, size_t row, oid *index)
{
    index[0] = (oid)table_of(agent)->rows[row][JOB_INDEX].number;
    return 1;
}

/* What became of a job may be known before it can be written. */
static bool put_column(const struct agent *agent, size_t row, enum job_column column, netsnmp_variable_list *var)
{
    const struct value *shown = jobs_shown(agent->jobs, table_of(agent)->rows[row]);

    return syntax_to_varbind(column_object(TABLE_JOBS, column), &shown[column], var);
}

/* The columns that are read as they are kept. */
#define KEPT_COLUMNS(X)                                                                                                \
    X(Slot, JOB_SLOT)                                                                                                  \
    X(KeyName, JOB_KEY_NAME)                                                                                           \
    X(KeyType, JOB_KEY_TYPE)                                                                                           \
    X(KeyBits, JOB_KEY_BITS)                                                                                           \
    X(KeyCurve, JOB_KEY_CURVE)                                                                                         \
    X(Hash, JOB_HASH)                                                                                                  \
    X(Country, JOB_COUNTRY)                                                                                            \
    X(State, JOB_STATE)                                                                                                \
    X(Locality, JOB_LOCALITY)                                                                                          \
    X(Organization, JOB_ORGANIZATION)                                                                                  \
    X(OrganizationalUnit, JOB_ORGANIZATIONAL_UNIT)                                                                     \
    X(CommonName, JOB_COMMON_NAME)                                                                                     \
    X(SubjectAltNames, JOB_ALT_NAMES)                                                                                  \
    X(NotBefore, JOB_NOT_BEFORE)                                                                                       \
    X(NotAfter, JOB_NOT_AFTER)                                                                                         \
    X(Usage, JOB_USAGE)                                                                                                \
    X(UsageInstance, JOB_USAGE_INSTANCE)                                                                               \
    X(Cause, JOB_CAUSE)                                                                                                \
    X(Message, JOB_MESSAGE)                                                                                            \
    X(Started, JOB_STARTED)                                                                                            \
    X(Finished, JOB_FINISHED)

#define GETTER(name, column)                                                                                           \
    static bool get_##name(const struct agent *agent, size_t row, netsnmp_variable_list *var)                          \
    {                                                                                                                  \
        return put_column(agent, row, column, var);                                                                    \
    }

GETTER(Operation, JOB_OPERATION)
KEPT_COLUMNS(GETTER)

static bool get_challenge(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)agent;
    (void)row;
    return syntax_put_text("", var);
}

static bool get_status(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[MIB_devsecJobStatus], jobs_status(agent->jobs, table_of(agent)->rows[row]),
                             var);
}

static bool get_row_status(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[MIB_devsecJobRowStatus],
                             row_status_of(job_row_state(table_of(agent)->rows[row])), var);
}

/* What was uploaded for a job that is gone is of no use to another with its number. */
static void finish_job(struct agent *agent, struct row_request *request)
{
    const struct value key = {.number = (int64_t)request->index[0]};

    if (table_find(TABLE_JOBS, table_of(agent), &key) < 0)
        uploads_remove_job(agent->uploads, (uint32_t)request->index[0]);
}

/* The one column that has no DEFVAL and no word for "none". */
static bool lacks_operation(const struct agent *agent, size_t row)
{
    return table_of(agent)->rows[row][JOB_OPERATION].number == 0;
}

#define BINDING(name, column) {MIB_devsecJob##name, .get = get_##name},

static const struct binding bindings[] = {{MIB_devsecJobOperation, .get = get_Operation, .lacks = lacks_operation},
                                          {MIB_devsecJobChallenge, .get = get_challenge},
                                          {MIB_devsecJobStatus, .get = get_status},
                                          {MIB_devsecJobRowStatus, .get = get_row_status},
                                          KEPT_COLUMNS(BINDING)};

static const struct table_binding tables[] = {
    {MIB_devsecJobEntry, count_jobs, index_job, .test_row = job_row_test, .finish_row = finish_job,
     .store_table = TABLE_JOBS + 1},
};

const struct binding_group group_pki_job = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
