/* SPDX-License-Identifier: Apache-2.0 */
/* Paths, groups and MIB descriptors; what is mistyped gets the nearest known name. */
#include "select.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

void select_setting(struct selection *selection, enum setting_id id)
{
    if (selection->has[id])
        return;
    selection->has[id] = true;
    selection->ids[selection->count++] = id;
}

bool select_in_group(enum setting_id id, const char *group)
{
    const size_t length = strlen(group);

    return strncmp(settings[id].path, group, length) == 0 && settings[id].path[length] == '.';
}

/* setting_nearest knows the settings; groups can be mistyped as well. */
static void offer_groups(struct text_nearest *nearest)
{
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        char group[TEXT_NAME_MAX];

        snprintf(group, sizeof(group), "%.*s", (int)strcspn(settings[id].path, "."), settings[id].path);
        text_nearest_offer(nearest, group);
    }
}

static enum cli_exit unknown_name(const struct cli *cli, const char *name)
{
    struct text_nearest group = {.word = name};
    const char *nearest = setting_nearest(name);

    if (mib_object_find(name)) {
        cli_error(cli, "%s is no setting; its value can be read over SNMP only", name);
        return CLI_REFUSED;
    }
    offer_groups(&group);
    if (!nearest && group.name[0] != '\0')
        nearest = group.name;
    if (nearest)
        cli_error(cli, "there is no setting '%s'; did you mean '%s'?", cli_quote(name).text, nearest);
    else
        cli_error(cli, "there is no setting '%s'; 'devsecctl get' lists all of them", cli_quote(name).text);
    return CLI_REFUSED;
}

enum cli_exit select_name(const struct cli *cli, const char *name, bool groups, struct selection *selection)
{
    const int id = setting_find(name);
    bool is_group = false;

    if (id >= 0) {
        select_setting(selection, (enum setting_id)id);
        return CLI_OK;
    }
    for (enum setting_id member = 0; member < SETTING_COUNT; member++) {
        if (!select_in_group(member, name))
            continue;
        is_group = true;
        if (groups)
            select_setting(selection, member);
    }
    if (!is_group)
        return unknown_name(cli, name);
    if (groups)
        return CLI_OK;
    cli_error(cli, "%s is a group of settings; 'devsecctl get %s' lists them", name, name);
    return CLI_REFUSED;
}
