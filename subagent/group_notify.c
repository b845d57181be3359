/* SPDX-License-Identifier: Apache-2.0 */
/* devsecNotify: how many notifications were held back. What is sent is up to settings; see notify.c. */
#include "binding.h"
#include "notify.h"

static bool get_suppressed(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    (void)row;
    return syntax_put_number(&mib_objects[MIB_devsecNotifySuppressed], notify_suppressed(agent->notifier), var);
}

static const struct binding bindings[] = {
    {MIB_devsecNotifySuppressed, .get = get_suppressed},
};

const struct binding_group group_notify = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = NULL,
    .n_tables = 0,
};
