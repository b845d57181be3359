/* SPDX-License-Identifier: Apache-2.0 */
/* One change of one administrator: the transaction, what follows from it, and the report. */
#ifndef DEVSEC_CLI_ADMIN_CHANGE_H
#define DEVSEC_CLI_ADMIN_CHANGE_H

#include "admin/account.h"
#include "cli.h"
#include "panel.h"

/* Set the first three and zero the rest. Each function says what is wrong itself. */
struct admin_change {
    const struct cli *cli;
    char *name;       /* the administrator's */
    const char *done; /* for the report: "administrator NAME ..." */
    struct panel panel;
    const struct account *connect; /* whose words for a first connection end the report; NULL: nobody's */
};

/* Opens the store to be changed. admin_change_end is due, whatever happened. */
enum cli_exit admin_change_begin(struct admin_change *change);

/* The administrators in force. */
const struct table *admin_change_table(const struct admin_change *change);

/* The administrator's row, borrowed from the store; CLI_REFUSED, with the nearest name, if there is none. */
enum cli_exit admin_change_find(const struct admin_change *change, const struct value **row);

/* Commits the account in the place of what is there under its name, applies it and reports. */
enum cli_exit admin_change_put(struct admin_change *change, const struct account *account);

/* Commits the administrator's removal, likewise. */
enum cli_exit admin_change_remove(struct admin_change *change);

void admin_change_end(struct admin_change *change);

#endif
