/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups that administrators are in; see access.h.
 *
 * snmpd's own rwuser gives too much, and to too many. A user without restriction may write UCD-DLMOD-MIB, which loads
 * libraries into snmpd, the tables of users and access themselves, and where snmpd was built with it also
 * NET-SNMP-EXTEND-MIB, which runs programs. And the group that it makes is named "grp" and the first 28 octets of the
 * user's name, with all but letters and digits made "_" (net-snmp 5.9.3, vacm_create_simple), so that "a.b" and "a_b"
 * share their rights. No name of ours begins like that.
 */
#include "access.h"

#include "netsnmp.h"

#include "devsec_mib.h"

#include <stdbool.h>

#define ACCESS_CONTEXT   "" /* the default context */
#define ACCESS_READ_VIEW "_all_"

/* snmpd knows the view "_all_" itself; "" is no view at all (RFC 3415, vacmAccessWriteViewName). */
static const struct {
    const char *name;
    const char *write_view;
} access_groups[] = {
    [ACCESS_READERS] = {.name = "devsecReaders", .write_view = ""},
    [ACCESS_WRITERS] = {.name = "devsecWriters", .write_view = "devsecWritable"},
};

/* `reserved` is where VACM's own tables keep a row before it is changed; what the configuration makes has none. */
static bool access_include(const char *view, oid *subtree, size_t length)
{
    struct vacm_viewEntry *entry = vacm_createViewEntry(view, subtree, length);

    if (!entry)
        return false;
    entry->viewType = SNMP_VIEW_INCLUDED;
    entry->viewStorageType = SNMP_STORAGE_PERMANENT;
    entry->viewStatus = SNMP_ROW_ACTIVE;
    SNMP_FREE(entry->reserved);
    return true;
}

static bool access_make_view(const char *view)
{
    oid ours[] = DEVSEC_MIB_ROOT;
    oid system[] = {1, 3, 6, 1, 2, 1, 1}; /* sysContact, sysName, sysLocation */

    return !*view || (access_include(view, ours, OID_LENGTH(ours)) && access_include(view, system, OID_LENGTH(system)));
}

static bool access_make_group(enum access_group group)
{
    const char *name = access_groups[group].name;
    const char *write_view = access_groups[group].write_view;
    struct vacm_accessEntry *entry;

    if (vacm_getAccessEntry(name, ACCESS_CONTEXT, SNMP_SEC_MODEL_USM, SNMP_SEC_LEVEL_AUTHPRIV))
        return true;
    if (!access_make_view(write_view))
        return false;
    entry = vacm_createAccessEntry(name, ACCESS_CONTEXT, SNMP_SEC_MODEL_USM, SNMP_SEC_LEVEL_AUTHPRIV);
    if (!entry)
        return false;
    strlcpy(entry->views[VACM_VIEW_READ], ACCESS_READ_VIEW, sizeof(entry->views[VACM_VIEW_READ]));
    strlcpy(entry->views[VACM_VIEW_WRITE], write_view, sizeof(entry->views[VACM_VIEW_WRITE]));
    strlcpy(entry->views[VACM_VIEW_NOTIFY], ACCESS_READ_VIEW, sizeof(entry->views[VACM_VIEW_NOTIFY]));
    entry->contextMatch = CONTEXT_MATCH_EXACT;
    entry->storageType = SNMP_STORAGE_PERMANENT;
    entry->status = SNMP_ROW_ACTIVE;
    SNMP_FREE(entry->reserved);
    return true;
}

const char access_foreign[] = "left out; snmpd's own configuration gives this user access, and that counts";

static bool access_is_ours(const struct vacm_groupEntry *entry)
{
    for (size_t i = 0; i < sizeof(access_groups) / sizeof(access_groups[0]); i++) {
        if (strcmp(entry->groupName, access_groups[i].name) == 0)
            return true;
    }
    return false;
}

bool access_is_foreign(const char *name)
{
    const struct vacm_groupEntry *entry = vacm_getGroupEntry(SNMP_SEC_MODEL_USM, name);

    return entry && !access_is_ours(entry);
}

const char *access_admit(const char *name, enum access_group group)
{
    static const char no_memory[] = "left out; out of memory";
    struct vacm_groupEntry *entry;

    /* VACM would go by the first of two entries in any case. */
    if (access_is_foreign(name))
        return access_foreign;
    if (vacm_getGroupEntry(SNMP_SEC_MODEL_USM, name))
        return "left out; a line before has this user already";
    if (!access_make_group(group))
        return no_memory;
    entry = vacm_createGroupEntry(SNMP_SEC_MODEL_USM, name);
    if (!entry)
        return no_memory;
    strlcpy(entry->groupName, access_groups[group].name, sizeof(entry->groupName));
    entry->storageType = SNMP_STORAGE_PERMANENT;
    entry->status = SNMP_ROW_ACTIVE;
    SNMP_FREE(entry->reserved);
    return NULL;
}
