/* SPDX-License-Identifier: Apache-2.0 */
/* What the notifier's parts share: its clocks, making and sending one notification. */
#ifndef DEVSEC_SUBAGENT_NOTIFY_PRIVATE_H
#define DEVSEC_SUBAGENT_NOTIFY_PRIVATE_H

#include "notify.h"

#include "agent.h"
#include "devsec_mib.h"
#include "guard/guard_link.h"
#include "pki/expiry.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <time.h>

/* One kind's clock. */
struct kind_state {
    bool sent;            /* ever */
    bool held;            /* one waits for the interval to end */
    struct timespec when; /* of the last one, CLOCK_MONOTONIC */
};

/* What is known of a certificate's end beside the settings document. */
struct expiry_note {
    unsigned slot;
    unsigned char fingerprint[PKI_FINGERPRINT_SIZE]; /* of the certificate meant: a slot may get another one */
    bool unwritten;                                  /* the document does not say yet what `told` says */
    enum pki_stage told;
    enum pki_stage counted; /* as held back */
};

/* Ascending by slot; only those are here that there is something to be known of. */
struct expiry_notes {
    struct expiry_note *list;
    size_t count;
    size_t room;
};

struct notifier {
    struct agent *agent;
    struct document *known; /* the settings as last notified */
    enum store_status known_status;
    uint32_t known_denied[ANNOUNCE_DENIED_KINDS];
    uint32_t changed_groups; /* what the next devsecSettingsChanged says */
    uint32_t suppressed;
    struct kind_state kinds[MIB_NOTIFICATION_COUNT];
    struct expiry_notes notes;
    time_t write_again; /* CLOCK_MONOTONIC seconds before which the document is not tried after a failure; 0: now */
};

/* Whether the administrators want this kind. */
bool notify_is_on(const struct notifier *notifier, int id);

/* Whether another one of this kind would come too soon, by the interval as it is now. */
bool notify_too_soon(const struct notifier *notifier, int id);

/* A notification's variable bindings, its objects' columns those of `row`; NULL, logged, if they could not be made. */
netsnmp_variable_list *notify_make(const struct notifier *notifier, int id, size_t row);

/* Sends what notify_make made (takes it, NULL is legal) and starts the kind's clock. */
void notify_send(struct notifier *notifier, int id, netsnmp_variable_list *list);

#endif
