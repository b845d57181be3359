/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl admin add, set-password, set-role and remove: each one transaction on one administrator. */
#include "admin/account.h"
#include "admin_change.h"
#include "admin_keys.h"
#include "admin_options.h"
#include "commands.h"
#include "password.h"

#include <stdlib.h>
#include <string.h>

/* Asks for the passwords, makes keys of them and seals these. The caller frees *sealed. */
static enum cli_exit make_keys(const struct cli *cli, const struct panel *panel, const struct account *account,
                               char **sealed)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct passwords passwords = {.auth = "", .priv = ""};
    struct account_keys keys = {.auth = {0}, .priv = {0}};
    struct device_key *device_key = NULL;
    enum devsec_err err = passwords_read(cli, account->name, &passwords, &error);

    if (!err && strcmp(passwords.auth, passwords.priv) == 0)
        cli_warning(cli, "authentication and encryption have the same password; two are safer");
    if (!err)
        err = account_make_keys(account, passwords.auth, passwords.priv, &keys, &error);
    if (!err)
        err = device_key_create(&device_key, panel->config.device_key, &error);
    if (!err)
        err = account_seal(account, &keys, device_key, sealed, &error);
    device_key_free(device_key);
    explicit_bzero(&keys, sizeof(keys));
    passwords_clear(&passwords);
    return err ? cli_fail(cli, &error) : CLI_OK;
}

/* Settles the protocols and the engine ID, then the keys. */
static enum cli_exit give_password(const struct cli *cli, const struct panel *panel, struct account *account,
                                   char **sealed)
{
    enum cli_exit result = admin_read_protocols(cli, account);

    if (!result)
        result = admin_settle_engine(cli, panel->config.guard_socket, account);
    if (!result)
        result = admin_keys_check(cli, panel->config.device_key, store_current(panel->store), account->name);
    if (!result) {
        admin_warn_protocols(cli, account);
        result = make_keys(cli, panel, account, sealed);
    }
    if (!result)
        account->sealed = *sealed;
    return result;
}

static enum cli_exit check_new_name(const struct cli *cli, const struct table *administrators, char *name)
{
    const struct value key = {.text = name};
    struct devsec_error error = {DEVSEC_OK, ""};

    if (column_check(TABLE_ADMINISTRATORS, ADMINISTRATOR_NAME, &key, &error))
        return cli_fail(cli, &error);
    if (table_find(TABLE_ADMINISTRATORS, administrators, &key) >= 0) {
        cli_error(cli, "there is an administrator %s already; 'devsecctl admin set-password %s' gives new passwords",
                  name, name);
        return CLI_REFUSED;
    }
    return CLI_OK;
}

enum cli_exit command_admin_add(const struct cli *cli, int argc, char **argv)
{
    struct admin_change change = {.cli = cli, .name = argv[0], .done = "added"};
    struct account account = {.name = argv[0], .sealed = ""};
    char *sealed = NULL;
    enum cli_exit result = admin_check_options(cli);

    (void)argc;
    if (!result)
        result = admin_read_role(cli, cli->options[CLI_OPTION_ROLE], &account.role);
    if (!result && !cli->options[CLI_OPTION_NO_PASSWORD])
        result = admin_read_protocols(cli, &account); /* before the store is touched: this may be all that is wrong */
    if (!result)
        result = admin_change_begin(&change);
    if (!result)
        result = check_new_name(cli, admin_change_table(&change), argv[0]);
    if (!result && !cli->options[CLI_OPTION_NO_PASSWORD])
        result = give_password(cli, &change.panel, &account, &sealed);
    if (!result && sealed)
        change.connect = &account;
    if (!result)
        result = admin_change_put(&change, &account);
    admin_change_end(&change);
    free(sealed);
    return result;
}

/* Opens the store for a change of the administrator who is there already, and reads what he is. */
static enum cli_exit open_account(struct admin_change *change, struct account *account)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    const struct value *row = NULL;
    enum cli_exit result = admin_change_begin(change);

    if (!result)
        result = admin_change_find(change, &row);
    if (!result && account_read(account, row, &error))
        result = cli_fail(change->cli, &error);
    return result;
}

enum cli_exit command_admin_set_password(const struct cli *cli, int argc, char **argv)
{
    struct admin_change change = {.cli = cli, .name = argv[0], .done = "has new passwords"};
    struct account account = {.sealed = ""};
    char *sealed = NULL;
    enum cli_exit result = admin_check_options(cli);

    (void)argc;
    if (!result)
        result = open_account(&change, &account);
    if (!result)
        result = give_password(cli, &change.panel, &account, &sealed);
    if (!result)
        result = admin_change_put(&change, &account);
    admin_change_end(&change);
    free(sealed);
    return result;
}

enum cli_exit command_admin_set_role(const struct cli *cli, int argc, char **argv)
{
    struct admin_change change = {.cli = cli, .name = argv[0], .done = "has a new role"};
    struct account account = {.sealed = ""};
    int64_t role = 0;
    enum cli_exit result = admin_read_role(cli, argv[1], &role);

    (void)argc;
    if (!result)
        result = open_account(&change, &account);
    account.role = role;
    if (!result)
        result = admin_change_put(&change, &account);
    admin_change_end(&change);
    return result;
}

enum cli_exit command_admin_remove(const struct cli *cli, int argc, char **argv)
{
    struct admin_change change = {.cli = cli, .name = argv[0], .done = "removed"};
    const struct value *row = NULL;
    enum cli_exit result = admin_change_begin(&change);

    (void)argc;
    if (!result)
        result = admin_change_find(&change, &row);
    if (!result)
        result = admin_change_remove(&change);
    admin_change_end(&change);
    return result;
}
