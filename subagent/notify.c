/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications; see notify.h. */
#include "notify_private.h"

#include "dispatch.h"

#include "base/log.h"

#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <stdlib.h>
#include <string.h>

/* Which setting switches each kind on. */
static const enum setting_id enabling[MIB_NOTIFICATION_COUNT] = {
    [MIB_NOTIFICATION_devsecSettingsChanged] = SETTING_NOTIFY_SETTINGS_CHANGED,
    [MIB_NOTIFICATION_devsecStoreDegraded] = SETTING_NOTIFY_STORE_DEGRADED,
    [MIB_NOTIFICATION_devsecAccessDenied] = SETTING_NOTIFY_ACCESS_DENIED,
    [MIB_NOTIFICATION_devsecCertExpiring] = SETTING_NOTIFY_CERT_EXPIRING,
    [MIB_NOTIFICATION_devsecCertExpired] = SETTING_NOTIFY_CERT_EXPIRED,
};

static const struct value *setting_value(const struct notifier *notifier, enum setting_id id)
{
    return &store_current(notifier->agent->store)->values[id];
}

bool notify_is_on(const struct notifier *notifier, int id)
{
    return setting_value(notifier, enabling[id])->number != 0;
}

bool notify_too_soon(const struct notifier *notifier, int id)
{
    const int64_t interval = setting_value(notifier, SETTING_NOTIFY_MIN_INTERVAL)->number;
    const struct kind_state *kind = &notifier->kinds[id];
    struct timespec now;
    int64_t passed_ms;

    if (!kind->sent)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    passed_ms = (now.tv_sec - kind->when.tv_sec) * 1000 + (now.tv_nsec - kind->when.tv_nsec) / 1000000;
    return passed_ms < interval * 1000;
}

static bool add_object(const struct notifier *notifier, netsnmp_variable_list **list, int object, size_t row)
{
    oid name[MAX_OID_LEN] = {0};
    netsnmp_variable_list *var = snmp_varlist_add_variable(list, name, 1, ASN_NULL, NULL, 0);
    size_t length;

    if (!var)
        return false;
    if (object != MIB_devsecNotifyChangedGroups)
        return dispatch_read(notifier->agent->dispatch, object, row, var);
    length = dispatch_oid(mib_objects[object].oid, mib_objects[object].oid_len, name);
    name[length++] = 0;
    return snmp_set_var_objid(var, name, length) == 0 &&
           syntax_put_number(&mib_objects[object], notifier->changed_groups, var);
}

netsnmp_variable_list *notify_make(const struct notifier *notifier, int id, size_t row)
{
    static const oid trap_oid[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}; /* snmpTrapOID.0, RFC 3418 */
    const struct mib_notification *notification = &mib_notifications[id];
    netsnmp_variable_list *list = NULL;
    oid name[MAX_OID_LEN];
    size_t length = dispatch_oid(notification->oid, notification->oid_len, name);
    bool good = snmp_varlist_add_variable(&list, trap_oid, OID_LENGTH(trap_oid), ASN_OBJECT_ID, name,
                                          length * sizeof(oid)) != NULL;

    for (size_t i = 0; i < notification->n_objects && good; i++)
        good = add_object(notifier, &list, notification->objects[i], row);
    if (good)
        return list;
    log_error("notify", "%s could not be made", notification->name);
    snmp_free_varbind(list);
    return NULL;
}

void notify_send(struct notifier *notifier, int id, netsnmp_variable_list *list)
{
    if (list)
        send_v2trap(list); /* goes to the master as an AgentX Notify PDU */
    snmp_free_varbind(list);
    clock_gettime(CLOCK_MONOTONIC, &notifier->kinds[id].when);
    notifier->kinds[id].sent = true;
    notifier->kinds[id].held = false;
}

/* Sends one that is about no row. */
static void send_now(struct notifier *notifier, int id)
{
    notify_send(notifier, id, notify_make(notifier, id, 0));
    if (id == MIB_NOTIFICATION_devsecSettingsChanged)
        notifier->changed_groups = 0;
}

static void raise_kind(struct notifier *notifier, int id)
{
    if (!notify_is_on(notifier, id))
        return;
    if (notify_too_soon(notifier, id)) {
        notifier->suppressed++;
        notifier->kinds[id].held = true;
        return;
    }
    send_now(notifier, id);
}

/* What waited and need not wait any longer; of a kind that was switched off meanwhile, nothing. */
static void send_held(struct notifier *notifier)
{
    for (int id = 0; id < MIB_NOTIFICATION_COUNT; id++) {
        struct kind_state *kind = &notifier->kinds[id];

        if (!kind->held || notify_too_soon(notifier, id))
            continue;
        kind->held = false;
        if (notify_is_on(notifier, id))
            send_now(notifier, id);
    }
}

/* ---- what differs from what is known ---- */

/* The groups of devsecNotifyChangedGroups are those of devsecObjects, in the order of their arcs from 1. */
static uint32_t group_bit(const struct mib_object *object)
{
    return 1u << (object->oid[1] - 1);
}

/* Whether two tables of keys differ in more than what was told of their ends. */
static bool keys_differ(const struct table *known, const struct table *current)
{
    if (known->count != current->count)
        return true;
    for (size_t i = 0; i < known->count; i++) {
        struct value row[KEY_COLUMNS];

        memcpy(row, current->rows[i], sizeof(row));
        row[KEY_TOLD] = known->rows[i][KEY_TOLD];
        if (!row_equal(TABLE_KEYS, known->rows[i], row))
            return true;
    }
    return false;
}

static bool tables_differ(enum table_id id, const struct table *known, const struct table *current)
{
    if (table_schemas[id].state)
        return false;
    return id == TABLE_KEYS ? keys_differ(known, current) : !table_equal(id, known, current);
}

/* The groups that two documents differ in; how far jobs are, and what was notified, is no setting. */
static uint32_t groups_between(const struct document *known, const struct document *current)
{
    uint32_t groups = 0;

    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        if (!value_equal(id, &known->values[id], &current->values[id]))
            groups |= group_bit(setting_object(id));
    }
    for (enum table_id id = 0; id < TABLE_COUNT; id++) {
        if (tables_differ(id, &known->tables[id], &current->tables[id]))
            groups |= group_bit(&mib_objects[table_schemas[id].entry]);
    }
    return groups;
}

static void look_at_settings(struct notifier *notifier)
{
    const struct document *current = store_current(notifier->agent->store);
    const uint32_t groups = groups_between(notifier->known, current);
    struct document *copy = NULL;

    if (!groups)
        return;
    if (document_copy(&copy, current, NULL)) {
        log_error("notify", "out of memory, a change of the settings is not notified");
        return;
    }
    document_free(notifier->known);
    notifier->known = copy;
    notifier->changed_groups |= groups;
    raise_kind(notifier, MIB_NOTIFICATION_devsecSettingsChanged);
}

static void look_at_store(struct notifier *notifier)
{
    const enum store_status status = store_status(notifier->agent->store);

    if (status != notifier->known_status && status != STORE_OK)
        raise_kind(notifier, MIB_NOTIFICATION_devsecStoreDegraded);
    notifier->known_status = status;
}

/* The counters start at 0 with each snmpd, so any difference is news unless it is that start. */
static void look_at_guard(struct notifier *notifier)
{
    bool news = false;

    for (size_t i = 0; i < ANNOUNCE_DENIED_KINDS; i++) {
        uint32_t now = guard_link_denied(notifier->agent->guard, (enum announce_denied)i);

        news = news || (now != notifier->known_denied[i] && now != 0);
        notifier->known_denied[i] = now;
    }
    if (news)
        raise_kind(notifier, MIB_NOTIFICATION_devsecAccessDenied);
}

void notify_look(struct notifier *notifier)
{
    if (!notifier->agent->registered)
        return;
    look_at_settings(notifier);
    look_at_store(notifier);
    if (notifier->agent->guard)
        look_at_guard(notifier);
    send_held(notifier);
}

enum devsec_err notify_new(struct notifier **out, struct agent *agent, struct devsec_error *error)
{
    struct notifier *notifier = calloc(1, sizeof(*notifier));
    enum devsec_err err;

    if (!notifier)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    notifier->agent = agent;
    notifier->known_status = STORE_OK; /* a store that is degraded from the start is news */
    err = document_copy(&notifier->known, store_current(agent->store), error);
    if (err) {
        free(notifier);
        return err;
    }
    *out = notifier;
    return DEVSEC_OK;
}

void notify_free(struct notifier *notifier)
{
    if (!notifier)
        return;
    document_free(notifier->known);
    free(notifier->notes.list);
    free(notifier);
}

uint32_t notify_suppressed(const struct notifier *notifier)
{
    return notifier ? notifier->suppressed : 0;
}
