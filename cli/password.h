/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator's two passwords, from whoever types them, without leaving copies behind. */
#ifndef DEVSEC_CLI_PASSWORD_H
#define DEVSEC_CLI_PASSWORD_H

#include "admin/usm.h"
#include "cli.h"

#define PASSWORD_ROOM (USM_PASSWORD_MAX + 2)

struct passwords {
    char auth[PASSWORD_ROOM]; /* authentication */
    char priv[PASSWORD_ROOM]; /* encryption */
};

/*
 * Asks on the terminal, without echo, for each password twice; where cli->in is no terminal, its two lines are the
 * passwords. DEVSEC_ERR_WRONG_LENGTH (not 8 to 255 octets), _WRONG_VALUE (control characters, the administrator's
 * `name`, two entries that differ, not two lines), _IO, _MEMORY. The caller gives `passwords` to passwords_clear in any
 * case. A signal that comes while the terminal does not echo acts as ever, once the terminal is as it was.
 */
enum devsec_err passwords_read(const struct cli *cli, const char *name, struct passwords *passwords,
                               struct devsec_error *error);

void passwords_clear(struct passwords *passwords);

#endif
