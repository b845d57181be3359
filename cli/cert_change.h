/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates as the panel's commands see them: opened with the store, changed by one task or one assignment.
 */
#ifndef DEVSEC_CLI_CERT_CHANGE_H
#define DEVSEC_CLI_CERT_CHANGE_H

#include "cli.h"
#include "panel.h"
#include "pki/task.h"

struct cert_panel {
    const struct cli *cli;
    struct panel panel;
    struct pki pki;
};

/* Opens everything, and warns about a store or a device key that is not in order; PANEL_LOOK also verifies the
 * certificates. Reports failures itself; whatever happened, cert_close is due. */
enum cli_exit cert_open(struct cert_panel *cert, const struct cli *cli, enum panel_use use);
void cert_close(struct cert_panel *cert); /* legal on a zeroed structure */

/* Does one piece of work, from judging its parameters to its commit and the files that services read, and reports it.
 */
enum cli_exit cert_run(struct cert_panel *cert, const struct pki_parameters *parameters);

/* Gives a use a key (0: none) in one commit and reports it. */
enum cli_exit cert_assign(struct cert_panel *cert, const struct pki_use *use, unsigned slot);

#endif
