/* SPDX-License-Identifier: Apache-2.0 */
/* What is allowed of keys and certificates, and worth a second look after a change. */
#ifndef DEVSEC_CLI_CERT_WARN_H
#define DEVSEC_CLI_CERT_WARN_H

#include "cert_change.h"

/*
 * After a commit: has the inventory follow the store, and warns of the certificate, or the request, in a slot: dates
 * that are not good now or not for long, a weak key or hash. `is_made`: also of one without alternative names, because
 * the common name just given can be none. Slot 0: nothing to warn of.
 */
void cert_warn_slot(struct cert_panel *cert, unsigned slot, bool is_made);

/* Likewise of the trusted certificates that the last commit has added. Their signatures prove nothing to anybody, so
 * that the hash does not matter. */
void cert_warn_trusted(struct cert_panel *cert);

#endif
