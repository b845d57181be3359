/* SPDX-License-Identifier: Apache-2.0 */
/* The administrators' users and keys, for snmpd. */
#include "apply/applier.h"

#include "admin/snmpd_conf.h"

static bool users_serves(const struct device *device)
{
    (void)device;
    return true;
}

static enum devsec_err users_make(const struct device *device, const struct document *document, char **text,
                                  struct devsec_error *error)
{
    size_t length = 0;

    return snmpd_users_render(&document->tables[TABLE_ADMINISTRATORS], device->key_file, text, &length, error);
}

static enum devsec_err users_check(const struct device *device, const struct document *document, const char *text,
                                   struct devsec_error *error)
{
    (void)device;
    return snmpd_users_check(&document->tables[TABLE_ADMINISTRATORS], text, error);
}

/* 0640: snmpd reads it again without root's rights, by the group that the folder gives to what is made in it. */
const struct applier applier_snmpd_users = {
    .name = "snmpd-users",
    .file = "snmpd-users.conf",
    .mode = 0640,
    .serves = users_serves,
    .make = users_make,
    .secret = true,
    .check = users_check,
};
