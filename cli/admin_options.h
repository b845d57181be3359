/* SPDX-License-Identifier: Apache-2.0 */
/* What the options of the admin commands mean for an administrator. Each function says what is wrong itself. */
#ifndef DEVSEC_CLI_ADMIN_OPTIONS_H
#define DEVSEC_CLI_ADMIN_OPTIONS_H

#include "admin/account.h"
#include "cli.h"

/* CLI_USAGE for options that contradict each other. */
enum cli_exit admin_check_options(const struct cli *cli);

/* A label of devsecAdminRole; NULL is networkAdministrator. CLI_REFUSED, with the nearest label, for another word. */
enum cli_exit admin_read_role(const struct cli *cli, const char *word, int64_t *role);

/*
 * Settles the account's protocols: those of the options, else those that it has, else the defaults. CLI_REFUSED for
 * unknown ones and for a pair that is not safe.
 */
enum cli_exit admin_read_protocols(const struct cli *cli, struct account *account);

/* Warns about weak protocols. */
void admin_warn_protocols(const struct cli *cli, const struct account *account);

/* Asks the guard in snmpd for snmpd's engine ID. False, and why, if it does not tell. */
bool admin_ask_guard(const char *guard_socket, struct usm_engine *engine, struct devsec_error *error);

/*
 * Settles what the keys are to be localized to: the engine ID of the options, none for master keys, else that of the
 * snmpd whose guard listens at `guard_socket`, else the one that the account has. An account that has master keys keeps
 * to them unless an engine ID is given. CLI_REFUSED when it cannot be found out.
 */
enum cli_exit admin_settle_engine(const struct cli *cli, const char *guard_socket, struct account *account);

#endif
