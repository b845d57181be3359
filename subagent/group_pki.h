/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of devsecPki that are only read have in common. */
#ifndef DEVSEC_SUBAGENT_GROUP_PKI_H
#define DEVSEC_SUBAGENT_GROUP_PKI_H

#include "binding.h"

#include "pki/summary.h"

/* The fields that devsecCertTable and devsecTrustTable both publish about a certificate. A summary of zeros, as one
 * that could not be read has, reads as zero length, no date and none. */
bool pki_put_validity(const struct agent *agent, int object, const struct pki_summary *summary,
                      netsnmp_variable_list *var);
bool pki_put_fingerprint(const struct pki_summary *summary, netsnmp_variable_list *var); /* a DevsecFingerprint */

/* devsecCertExpiryWarning, in days. */
unsigned pki_warning_days(const struct agent *agent);

#endif
