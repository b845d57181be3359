/* SPDX-License-Identifier: Apache-2.0 */
/* The device as a command sees it: configuration, profile, rules and, if asked for, the open store. */
#ifndef DEVSEC_CLI_PANEL_H
#define DEVSEC_CLI_PANEL_H

#include "admin_diff.h"
#include "apply/apply.h"
#include "cli.h"
#include "device/config.h"
#include "device/device.h"
#include "store/store.h"

struct panel {
    struct config config;
    struct device device;
    struct store *store;
    struct store_rules rules; /* the device's, watched; context points back to this structure: do not copy it */
    struct document *before;  /* what the last transaction was judged on top of; NULL before the first */
    bool watch_failed;        /* memory for `before` ran out */
    struct apply *apply;      /* of panel_apply; NULL before it, and where it could not begin */
    struct devsec_error apply_error;
};

enum panel_use {
    PANEL_LOOK,   /* nothing is written, not even to put a damaged store in order */
    PANEL_CHANGE, /* the store may be written to */
};

/*
 * Loads the configuration and the device profile and opens the store. A privileged process becomes the owner of the
 * store's directory first, because whatever it made there as root would be out of reach for devsecd. Reports failures
 * itself; whatever happened, panel_close is due.
 */
enum cli_exit panel_open(struct panel *panel, const struct cli *cli, enum panel_use use);

/* A privileged process becomes the owner of the directory, for good. */
enum devsec_err panel_become_owner(const char *directory, struct devsec_error *error);

/* Warns when the store is not in order. */
void panel_warn_store(const struct panel *panel, const struct cli *cli);

void panel_close(struct panel *panel); /* legal on a zeroed structure */

/*
 * What was committed takes effect now, with or without devsecd: brings the files that services read to the store's
 * document, which may be a newer one afterwards (store_refresh). Says nothing: panel_warn_applied does, once the change
 * is reported. Once a panel.
 */
void panel_apply(struct panel *panel);

/* Warns about what panel_apply could not do; warnings only, since the change stands and devsecd makes up for it. */
void panel_warn_applied(const struct panel *panel, const struct cli *cli);

/* After panel_apply: whether there are such files for snmpd to take over, and all of them are in place. */
bool panel_is_ready_for_snmpd(const struct panel *panel, const struct admin_files *files);

/* Warns about everything worth a look in the settings in force. */
void panel_warn(const struct panel *panel, const struct cli *cli);

#endif
