/* SPDX-License-Identifier: Apache-2.0 */
/* Appliers: what turns stored settings into the files that services read. */
#ifndef DEVSEC_APPLY_APPLY_H
#define DEVSEC_APPLY_APPLY_H

#include "base/error.h"
#include "device/device.h"
#include "store/document.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* The values are those of devsecApplyState. */
enum apply_status {
    APPLY_IDLE = 1, /* nothing asked of it yet */
    APPLY_APPLYING = 2,
    APPLY_APPLIED = 3,
    APPLY_FAILED = 4,
};

/* What is known of one applier; a row of devsecApplyTable. */
struct applier_state {
    const char *name; /* static */
    enum apply_status status;
    uint32_t generation;               /* that of the settings the service works by, 0 before it was applied */
    time_t when;                       /* of the last attempt, 0 for never */
    char error[DEVSEC_ERROR_TEXT_MAX]; /* why the last attempt failed, "" if it did not */
};

struct apply;

/* `directory` gets the rendered files; made (0755) if it is not there now, but not if it is gone later. `device` is
 * borrowed. */
enum devsec_err apply_new(struct apply **out, const char *directory, const struct device *device,
                          struct devsec_error *error);
void apply_free(struct apply *apply); /* NULL is legal */

size_t apply_count(const struct apply *apply); /* 0 for NULL */
const struct applier_state *apply_state(const struct apply *apply, size_t i);

/*
 * Brings every applier to the store's document. devsecd and devsecctl may do so at once, so it goes under a lock of the
 * folder's and on what the store holds under that lock: whoever is last never leaves the file of an older generation.
 * Afterwards the store's current document may be another one (store_refresh). DEVSEC_ERR_BUSY (the lock was held for
 * half a second) and what store_refresh fails by leave everything as it is; a folder that cannot be used, or is gone,
 * fails every applier. What else goes wrong is in the appliers' states.
 */
enum devsec_err apply_follow(struct apply *apply, struct store *store, struct devsec_error *error);

/*
 * Whether there is something to do: an applier that failed or is not at this document, or a file that is no longer the
 * one that was put or found there (removed, replaced, written to, its owner or mode changed) or no longer one that its
 * reader takes where it lies.
 */
bool apply_is_due(const struct apply *apply, const struct document *document);

/*
 * The work of apply_follow, without lock and store: renders, has the result checked by the service's own reader, and
 * replaces the old file durably only then; an unchanged file is left untouched. A failure leaves the old file in place
 * and is kept in the applier's state and logged when it is another than before. Returns how many failed.
 */
size_t apply_run(struct apply *apply, const struct document *document);

#endif
