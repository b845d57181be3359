/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for snmpd, written and read back; see snmpd_conf.h for their form. */
#include "admin/snmpd_conf.h"

#include "admin/account.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSABLE_NAMES_MAX 6   /* named in one sentence */
#define USER_LINE_MAX      512 /* two keys, an engine ID and a name in less than 450 octets */

static const char users_head[] =
    "# Administrators and their keys, for snmpd: made by devsec from its settings, and overwritten at every change.\n"
    "# 'devsecctl admin' changes them. Keep this file from everybody but snmpd: a key is as good as its password.\n"
    "# snmpd takes it over when it reads its configuration again (systemctl reload snmpd). It has no root's rights "
    "any\n"
    "# more then, so the file belongs to snmpd's group. Who may do what is in a file of its own that everybody may\n"
    "# read: access that was taken away is gone even where snmpd cannot read this one.\n";

static const char access_head[] =
    "# What the administrators may do, for snmpd: made by devsec from its settings, and overwritten at every change.\n"
    "# 'devsecctl admin' changes them. snmpd takes it over when it reads its configuration again (systemctl reload\n"
    "# snmpd). A line gives less than the same line in snmpd.conf would: rwuser changes settings of devsec and the\n"
    "# system group (sysContact, sysName, sysLocation), nothing else.\n";

/* The administrators with keys, in the order of the table. The caller frees *list. */
static enum devsec_err read_accounts(const struct table *table, struct account **list, size_t *count,
                                     struct devsec_error *error)
{
    enum devsec_err err = DEVSEC_OK;

    *count = 0;
    *list = calloc(table->count + 1, sizeof(**list));
    if (!*list)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    for (size_t i = 0; !err && i < table->count; i++) {
        err = account_read(&(*list)[*count], table->rows[i], error);
        if (!err && account_has_keys(&(*list)[*count]))
            ++*count;
    }
    return err;
}

/* Writes a user's line to `to` (USER_LINE_MAX octets); returns its length. */
static size_t write_user(char *to, const struct account *account, const struct account_keys *keys)
{
    char engine[2 * USM_ENGINE_MAX + 1];
    char auth[2 * USM_KEY_MAX + 1];
    char priv[2 * USM_KEY_MAX + 1];
    const bool localized = account->engine.length > 0;
    const char form = localized ? 'l' : 'm';
    int length;

    usm_hex(engine, account->engine.octets, account->engine.length);
    usm_hex(auth, keys->auth, account->auth->length);
    usm_hex(priv, keys->priv, account_priv_length(account));
    length =
        snprintf(to, USER_LINE_MAX, "createUser %s%s%s%s %s -%c 0x%s %s -%c 0x%s\n", localized ? "-e 0x" : "", engine,
                 localized ? " " : "", account->name, account->auth->name, form, auth, account->priv->word, form, priv);
    explicit_bzero(auth, sizeof(auth));
    explicit_bzero(priv, sizeof(priv));
    return (size_t)length;
}

/* Adds one more whose keys do not open to the sentence about the first. `number` counts from 0. */
static void add_unusable(struct devsec_error *error, const struct account *account, size_t number)
{
    const size_t used = strlen(error->text);

    if (number > 0 && number < UNUSABLE_NAMES_MAX)
        snprintf(error->text + used, sizeof(error->text) - used, "%s%s", number == 1 ? "; nor can those of " : ", ",
                 account->name);
    else if (number == UNUSABLE_NAMES_MAX)
        snprintf(error->text + used, sizeof(error->text) - used, " and others");
}

/* `key` NULL: there is none that could be used, for the reason in `why`. */
static enum devsec_err write_users(const struct account *accounts, size_t count, const struct device_key *key,
                                   const struct devsec_error *why, char *to, struct devsec_error *error)
{
    struct account_keys keys;
    enum devsec_err failed = DEVSEC_OK;
    size_t unusable = 0;

    to = stpcpy(to, users_head);
    for (size_t i = 0; i < count; i++) {
        struct devsec_error *first = unusable ? NULL : error;
        const enum devsec_err err =
            key ? account_unseal(&accounts[i], key, &keys, first) : account_unusable(&accounts[i], why, first);

        if (!err)
            to += write_user(to, &accounts[i], &keys);
        else if (error)
            add_unusable(error, &accounts[i], unusable++);
        failed = failed ? failed : err;
    }
    explicit_bzero(&keys, sizeof(keys));
    return failed;
}

enum devsec_err snmpd_users_render(const struct table *administrators, const char *key_file, char **text,
                                   size_t *length, struct devsec_error *error)
{
    struct account *accounts = NULL;
    struct device_key *key = NULL;
    struct devsec_error why = {DEVSEC_OK, ""};
    char *rendered = NULL;
    size_t room = 0;
    size_t count = 0;
    enum devsec_err err = read_accounts(administrators, &accounts, &count, error);

    if (err)
        goto out;
    if (count > 0)
        (void)device_key_open(&key, key_file, &why); /* who cannot be served without it is said below */
    /* All of it at once: a buffer that grows would leave copies of keys behind. */
    room = sizeof(users_head) + count * USER_LINE_MAX;
    rendered = calloc(1, room);
    if (!rendered)
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    else
        err = write_users(accounts, count, key, &why, rendered, error);
out:
    if (!err && rendered) {
        *text = rendered;
        *length = strlen(rendered);
    } else {
        secret_free(rendered, room);
    }
    device_key_free(key);
    free(accounts);
    return err;
}

static void write_access(struct text *out, const struct account *account)
{
    text_printf(out, "%s %s priv\n", account_may_write(account) ? "rwuser" : "rouser", account->name);
}

enum devsec_err snmpd_access_render(const struct table *administrators, char **text, struct devsec_error *error)
{
    struct account *accounts = NULL;
    struct text out = {0};
    size_t count = 0;
    enum devsec_err err = read_accounts(administrators, &accounts, &count, error);

    text_append(&out, access_head);
    for (size_t i = 0; !err && i < count; i++)
        write_access(&out, &accounts[i]);
    if (!err && out.failed)
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    if (!err)
        *text = text_take(&out);
    text_free(&out);
    free(accounts);
    return err;
}

/* Steps over `word` if it stands at *at. */
static bool take(const char **at, const char *word)
{
    const size_t length = strlen(word);

    if (strncmp(*at, word, length) != 0)
        return false;
    *at += length;
    return true;
}

/* Steps over " -l 0xKEY" with a key of just that many octets. */
static bool take_key(const char **at, const char *form, size_t length)
{
    if (!take(at, form) || strspn(*at, "0123456789abcdef") != 2 * length)
        return false;
    *at += 2 * length;
    return true;
}

static bool take_user(const char **at, const struct account *account)
{
    const bool localized = account->engine.length > 0;
    const char *form = localized ? " -l 0x" : " -m 0x";
    char engine[2 * USM_ENGINE_MAX + 1];

    usm_hex(engine, account->engine.octets, account->engine.length);
    if (!take(at, "createUser ") || (localized && (!take(at, "-e 0x") || !take(at, engine) || !take(at, " "))))
        return false;
    return take(at, account->name) && take(at, " ") && take(at, account->auth->name) &&
           take_key(at, form, account->auth->length) && take(at, " ") && take(at, account->priv->word) &&
           take_key(at, form, account_priv_length(account));
}

static bool take_access(const char **at, const struct account *account)
{
    return take(at, account_may_write(account) ? "rwuser " : "rouser ") && take(at, account->name) && take(at, " priv");
}

/* Reads the file line by line: comments, and one line for each administrator with keys, in their order. */
static enum devsec_err check_lines(const struct table *administrators, const char *text,
                                   bool (*take_line)(const char **at, const struct account *account),
                                   struct devsec_error *error)
{
    struct account *accounts = NULL;
    size_t number = 1;
    size_t next = 0;
    size_t count = 0;
    enum devsec_err err = read_accounts(administrators, &accounts, &count, error);

    for (const char *at = text; !err && *at; number++) {
        if (*at == '#')
            at += strcspn(at, "\n");
        else if (next == count)
            err = devsec_fail(error, DEVSEC_ERR_SYNTAX, "line %zu is for no administrator", number);
        else if (!take_line(&at, &accounts[next++]))
            err = devsec_fail(error, DEVSEC_ERR_SYNTAX, "line %zu is not as snmpd wants it for administrator %s",
                              number, accounts[next - 1].name);
        if (!err && !take(&at, "\n"))
            err = devsec_fail(error, DEVSEC_ERR_SYNTAX, "line %zu does not end where it should", number);
    }
    if (!err && next < count)
        err = devsec_fail(error, DEVSEC_ERR_SYNTAX, "there is no line for administrator %s", accounts[next].name);
    free(accounts);
    return err;
}

enum devsec_err snmpd_users_check(const struct table *administrators, const char *text, struct devsec_error *error)
{
    return check_lines(administrators, text, take_user, error);
}

enum devsec_err snmpd_access_check(const struct table *administrators, const char *text, struct devsec_error *error)
{
    return check_lines(administrators, text, take_access, error);
}
