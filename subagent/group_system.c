/* SPDX-License-Identifier: Apache-2.0 */
/* devsecSystem: identity, the store's state, restart, health. */
#include "binding.h"
#include "restart.h"

static bool put_count(int object, int64_t count, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[object], count, var);
}

static bool get_agent_version(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)agent;
    (void)row;
    return syntax_put_text(DEVSEC_VERSION, var);
}

static bool get_device_model(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_text(agent->device.profile.model, var);
}

static bool get_firmware_version(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_text(agent->device.profile.firmware, var);
}

/* ---- devsecSetSerialNo: TestAndIncr (RFC 2579) ---- */

static bool get_set_serial(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_count(MIB_devsecSetSerialNo, agent->set_serial, var);
}

static enum devsec_err test_set_serial(const struct agent *agent, int64_t value, struct devsec_error *error)
{
    if (value != agent->set_serial)
        return devsec_fail(error, DEVSEC_ERR_INCONSISTENT,
                           "expected the current value: another manager was faster; read it again, and what it guards");
    return DEVSEC_OK;
}

static void commit_set_serial(struct agent *agent, int64_t value)
{
    agent->set_serial = value == INT32_MAX ? 0 : (int32_t)(value + 1);
}

static void undo_set_serial(struct agent *agent, int64_t value)
{
    agent->set_serial = (int32_t)value;
}

/* ---- the store ---- */

static bool get_store_generation(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_count(MIB_devsecStoreGeneration, store_current(agent->store)->generation, var);
}

static bool get_store_last_change(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_date(store_current(agent->store)->changed, var);
}

static bool get_store_status(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_count(MIB_devsecStoreStatus, (int64_t)store_status(agent->store), var);
}

static bool get_store_status_text(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_sentence(store_status_text(agent->store), var);
}

static bool get_last_set_error(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_text(agent->last_set_error, var);
}

/* ---- restart [S8] ---- */

static bool get_restart_required(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_count(MIB_devsecRestartRequired, restart_reason(agent->restart)[0] != '\0', var);
}

static bool get_restart_reason(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_sentence(restart_reason(agent->restart), var);
}

static bool get_restart(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)agent;
    (void)row;
    return put_count(MIB_devsecRestart, MIB_devsecRestart_idle, var);
}

static enum devsec_err test_restart(const struct agent *agent, int64_t value, struct devsec_error *error)
{
    if (value == MIB_devsecRestart_restart && !agent->device.profile.restart_command)
        return devsec_fail(error, DEVSEC_ERR_INCONSISTENT, "the device profile names no restart command");
    return DEVSEC_OK;
}

/* Nothing happens before CleanupSet: a restart cannot be undone. */
static void commit_restart(struct agent *agent, int64_t value)
{
    (void)agent;
    (void)value;
}

static void finish_restart(struct agent *agent, int64_t value)
{
    if (value == MIB_devsecRestart_restart)
        restart_start(agent->restart);
}

/* ---- appliers and health ---- */

static size_t count_appliers(const struct agent *agent)
{
    return apply_count(agent->apply);
}

static size_t index_applier(const struct agent *agent, size_t row, oid *index)
{
    (void)agent;
    index[0] = row + 1;
    return 1;
}

static bool get_apply_name(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_text(apply_state(agent->apply, row)->name, var);
}

static bool get_apply_state(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_count(MIB_devsecApplyState, (int64_t)apply_state(agent->apply, row)->status, var);
}

static bool get_apply_generation(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return put_count(MIB_devsecApplyGeneration, apply_state(agent->apply, row)->generation, var);
}

static bool get_apply_time(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_date(apply_state(agent->apply, row)->when, var);
}

static bool get_apply_error(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_sentence(apply_state(agent->apply, row)->error, var);
}

static bool get_health(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_count(MIB_devsecHealth, agent->health.state, var);
}

static bool get_health_text(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_text(agent->health.text, var);
}

/* As of the last look at the clock, a second ago at the most. */
static bool get_cert_total(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_count(MIB_devsecCertTotal, agent->health.certificates.total, var);
}

static bool get_cert_expiring(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_count(MIB_devsecCertExpiringCount, agent->health.certificates.expiring, var);
}

static bool get_cert_expired(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_count(MIB_devsecCertExpiredCount, agent->health.certificates.expired, var);
}

static bool get_weak_keys(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return put_count(MIB_devsecWeakKeyCount, agent->health.certificates.weak, var);
}

/* The counters of what the device does not have: advisories and SCEP. */
static bool get_none(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)agent;
    (void)row;
    return put_count(MIB_devsecAdvisoryPendingCount, 0, var);
}

static const struct binding bindings[] = {
    {MIB_devsecAgentVersion, .get = get_agent_version},
    {MIB_devsecDeviceModel, .get = get_device_model},
    {MIB_devsecFirmwareVersion, .get = get_firmware_version},
    {MIB_devsecSetSerialNo, get_set_serial, test_set_serial, commit_set_serial, .undo = undo_set_serial},
    {MIB_devsecStoreGeneration, .get = get_store_generation},
    {MIB_devsecStoreLastChange, .get = get_store_last_change},
    {MIB_devsecStoreStatus, .get = get_store_status},
    {MIB_devsecStoreStatusText, .get = get_store_status_text},
    {MIB_devsecLastSetError, .get = get_last_set_error},
    {MIB_devsecRestartRequired, .get = get_restart_required},
    {MIB_devsecRestartReason, .get = get_restart_reason},
    {MIB_devsecRestart, get_restart, test_restart, commit_restart, .undo = commit_restart, .finish = finish_restart},
    {MIB_devsecApplyName, .get = get_apply_name},
    {MIB_devsecApplyState, .get = get_apply_state},
    {MIB_devsecApplyGeneration, .get = get_apply_generation},
    {MIB_devsecApplyTime, .get = get_apply_time},
    {MIB_devsecApplyError, .get = get_apply_error},
    {MIB_devsecHealth, .get = get_health},
    {MIB_devsecHealthText, .get = get_health_text},
    {MIB_devsecCertTotal, .get = get_cert_total},
    {MIB_devsecCertExpiringCount, .get = get_cert_expiring},
    {MIB_devsecCertExpiredCount, .get = get_cert_expired},
    {MIB_devsecWeakKeyCount, .get = get_weak_keys},
    {MIB_devsecAdvisoryPendingCount, .get = get_none},
    {MIB_devsecScepFailureCount, .get = get_none},
};

static const struct table_binding tables[] = {
    {.entry = MIB_devsecApplyEntry, .count = count_appliers, .index = index_applier},
};

const struct binding_group group_system = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
