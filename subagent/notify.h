/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: one of each kind per minimum interval, the rest held back, counted, and summed up by the next one. */
#ifndef DEVSEC_SUBAGENT_NOTIFY_H
#define DEVSEC_SUBAGENT_NOTIFY_H

#include "base/error.h"

#include <stdint.h>

struct agent;
struct notifier;

/* Takes the state at hand as known: nothing is notified for it. `agent` is borrowed. */
enum devsec_err notify_new(struct notifier **out, struct agent *agent, struct devsec_error *error);
void notify_free(struct notifier *notifier); /* NULL is legal */

/*
 * Compares the settings, the store's status and the guard's counters with what was last notified and raises
 * devsecSettingsChanged, devsecStoreDegraded and devsecAccessDenied where they differ and their enable objects are
 * true. Within devsecNotifyMinInterval of the last of its kind, one is held back and sent by the first look after the
 * interval, with the state as it is then: to be called every second besides whenever something may have changed. While
 * the agent is not registered nobody could be told, so nothing is looked at, and the differences wait.
 */
void notify_look(struct notifier *notifier);

/*
 * To be called every second: raises devsecCertExpiring and devsecCertExpired for the certificates whose end has come
 * nearer by a stage (pki/expiry.h), one a certificate, those that end first before the others, in each kind one per
 * minimum interval. What is told is put down in the settings document first, so that it is told once across restarts;
 * a document that cannot be written does not keep it from being told, and is tried again later. A kind that is
 * switched off counts as not told. Does nothing while the agent is not registered or a SET is under way, for a commit
 * must not come between its phases. Ends with agent_follow if it tried to commit.
 */
void notify_expiry(struct notifier *notifier);

/* Counter32 of notifications that were held back; 0 for NULL. */
uint32_t notify_suppressed(const struct notifier *notifier);

#endif
