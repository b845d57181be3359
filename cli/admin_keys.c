/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at the device key before anything is sealed with it. */
#include "admin_keys.h"

#include "secret/seal.h"

#include <string.h>

#define NAMES_SHOWN 8

size_t admin_keys_names(const struct table *administrators, const char *except, char *to)
{
    size_t used = 0;
    size_t count = 0;

    to[0] = '\0';
    for (size_t i = 0; i < administrators->count; i++) {
        const struct value *row = administrators->rows[i];
        const char *name = value_text(&row[ADMINISTRATOR_NAME]);

        if (value_is_empty(&row[ADMINISTRATOR_KEYS]) || (except && strcmp(name, except) == 0))
            continue;
        if (count++ < NAMES_SHOWN)
            used += (size_t)snprintf(to + used, ADMIN_NAMES_ROOM - used, "%s%.32s", count > 1 ? ", " : "", name);
    }
    if (count > NAMES_SHOWN)
        snprintf(to + used, ADMIN_NAMES_ROOM - used, " and %zu more", count - NAMES_SHOWN);
    return count;
}

/* What a missing device key is missed for. */
static void say_missing(const struct cli *cli, const struct devsec_error *error, size_t private_keys, const char *names)
{
    static const char way_out[] = "restore it from a backup, or go on with --new-device-key, after which";
    static const char passwords[] = "'devsecctl admin set-password' or 'admin remove'";

    if (private_keys == 0)
        cli_error(cli, "%s, and the keys of administrators were sealed with it: %s; %s each of them needs %s",
                  error->text, names, way_out, passwords);
    else
        cli_error(
            cli,
            "%s, and %zu private key%s sealed with it%s%s; %s every key has to be made anew by 'devsecctl cert'%s%s",
            error->text, private_keys, private_keys == 1 ? " was" : "s were",
            names[0] ? ", and the keys of administrators: " : "", names, way_out,
            names[0] ? ", and each administrator needs " : "", names[0] ? passwords : "");
}

enum cli_exit admin_keys_check(const struct cli *cli, const char *key_file, const struct document *document,
                               const char *name)
{
    const size_t private_keys = document->tables[TABLE_KEYS].count;
    struct devsec_error error = {DEVSEC_OK, ""};
    struct device_key *key = NULL;
    char names[ADMIN_NAMES_ROOM];
    const enum devsec_err err = device_key_open(&key, key_file, &error);

    device_key_free(key);
    if (!err)
        return CLI_OK;
    if (err != DEVSEC_ERR_NOT_FOUND)
        return cli_fail(cli, &error);
    if ((admin_keys_names(&document->tables[TABLE_ADMINISTRATORS], name, names) == 0 && private_keys == 0) ||
        cli->options[CLI_OPTION_NEW_DEVICE_KEY])
        return CLI_OK;
    say_missing(cli, &error, private_keys, names);
    return CLI_TROUBLE;
}
