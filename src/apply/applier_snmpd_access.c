/* SPDX-License-Identifier: Apache-2.0 */
/* What the administrators may do by SNMP, for snmpd. */
#include "apply/applier.h"

#include "admin/snmpd_conf.h"

static bool access_serves(const struct device *device)
{
    (void)device;
    return true;
}

static enum devsec_err access_make(const struct device *device, const struct document *document, char **text,
                                   struct devsec_error *error)
{
    (void)device;
    return snmpd_access_render(&document->tables[TABLE_ADMINISTRATORS], text, error);
}

static enum devsec_err access_check(const struct device *device, const struct document *document, const char *text,
                                    struct devsec_error *error)
{
    (void)device;
    return snmpd_access_check(&document->tables[TABLE_ADMINISTRATORS], text, error);
}

/* A file of its own, and no secret: access that was taken away is gone even where snmpd cannot read the users' keys. */
const struct applier applier_snmpd_access = {
    .name = "snmpd-access",
    .file = "snmpd-access.conf",
    .mode = 0644,
    .serves = access_serves,
    .make = access_make,
    .check = access_check,
};
