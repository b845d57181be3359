/* SPDX-License-Identifier: Apache-2.0 */
/* From the names that people type to settings. */
#ifndef DEVSEC_CLI_SELECT_H
#define DEVSEC_CLI_SELECT_H

#include "cli.h"
#include "store/schema.h"

/* Settings in the order they were asked for, each once. */
struct selection {
    enum setting_id ids[SETTING_COUNT];
    size_t count;
    bool has[SETTING_COUNT];
};

void select_setting(struct selection *selection, enum setting_id id);

/* Whether a setting lies in this group: "tls.versions" in "tls". */
bool select_in_group(enum setting_id id, const char *group);

/*
 * Adds what a name stands for: a setting's path, its MIB descriptor or, if `groups`, a group's name. CLI_REFUSED, with
 * the nearest name suggested, when it stands for nothing.
 */
enum cli_exit select_name(const struct cli *cli, const char *name, bool groups, struct selection *selection);

#endif
