/* SPDX-License-Identifier: Apache-2.0 */
/* rows_inprocess.so for snmpd's dlmod: the rows at devsecTlsSuiteTable's own place, served inside snmpd. */
#include "rows_handler.h"

#include "devsec_mib.h"

#define MODULE_EXPORT __attribute__((visibility("default")))

MODULE_EXPORT void init_rows_inprocess(void);

void init_rows_inprocess(void)
{
    const struct mib_object *object = &mib_objects[MIB_devsecTlsSuiteEntry];
    oid entry[MAX_OID_LEN];
    size_t length = 0;

    for (size_t i = 0; i < mib_root_len; i++)
        entry[length++] = mib_root[i];
    for (size_t i = 0; i < object->oid_len; i++)
        entry[length++] = object->oid[i];
    if (!rows_handler_register(entry, length))
        snmp_log(LOG_ERR, "rows_inprocess: snmpd refuses the registration\n");
}
