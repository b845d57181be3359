/* SPDX-License-Identifier: Apache-2.0 */
/* The list of binding groups: a new MIB group is one more line here and one more file. */
#include "binding.h"

const struct binding_group *const binding_groups[] = {
    &group_system,  &group_snmp,   &group_tls,     &group_pki_cert,   &group_pki_trust,
    &group_pki_pem, &group_notify, &group_pki_job, &group_pki_upload, &group_pki_usage,
};

const size_t binding_group_count = sizeof(binding_groups) / sizeof(binding_groups[0]);
