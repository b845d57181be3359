/* SPDX-License-Identifier: Apache-2.0 */
/* From rows to accounts and back, and keys in and out of their seal; see account.h for the contract. */
#include "admin/account.h"

#include "devsec_mib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_OCTETS 32 /* RFC 3414, usmUserName */
#define CONTEXT_ROOM    (sizeof("administrators//keys") + NAME_MAX_OCTETS)

static enum devsec_err read_protocols(struct account *account, const struct value *row, struct devsec_error *error)
{
    const char *auth = value_text(&row[ADMINISTRATOR_AUTH]);
    const char *priv = value_text(&row[ADMINISTRATOR_PRIV]);
    const char *engine = value_text(&row[ADMINISTRATOR_ENGINE]);

    account->auth = usm_auth_find(auth);
    if (!account->auth)
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "\"%.32s\" is no authentication protocol", auth);
    account->priv = usm_priv_find(priv);
    if (!account->priv)
        return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "\"%.32s\" is no privacy protocol", priv);
    if (*engine && usm_engine_parse(engine, &account->engine, error))
        return devsec_error_prefix(error, "engine-id");
    return usm_pair_check(account->auth, account->priv, error);
}

enum devsec_err account_read(struct account *account, const struct value *row, struct devsec_error *error)
{
    struct devsec_error why = {DEVSEC_OK, ""};

    *account = (struct account){
        .name = value_text(&row[ADMINISTRATOR_NAME]),
        .role = row[ADMINISTRATOR_ROLE].number,
        .sealed = value_text(&row[ADMINISTRATOR_KEYS]),
    };
    if (account_has_keys(account) && read_protocols(account, row, &why))
        return devsec_fail(error, why.code, "administrator %s: %s", account->name, why.text);
    return DEVSEC_OK;
}

enum devsec_err account_write(const struct account *account, struct value *row, struct devsec_error *error)
{
    char engine[2 * USM_ENGINE_MAX + 1];
    const struct {
        enum administrator_column column;
        const char *text;
    } texts[] = {
        {ADMINISTRATOR_NAME, account->name},
        {ADMINISTRATOR_AUTH, account->auth ? account->auth->name : ""},
        {ADMINISTRATOR_PRIV, account->priv ? account->priv->name : ""},
        {ADMINISTRATOR_ENGINE, engine},
        {ADMINISTRATOR_KEYS, account->sealed},
    };

    usm_hex(engine, account->engine.octets, account->engine.length);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const enum devsec_err err = value_set_text(&row[texts[i].column], texts[i].text, error);

        if (err)
            return err;
    }
    row[ADMINISTRATOR_ROLE].number = account->role;
    return DEVSEC_OK;
}

bool account_has_keys(const struct account *account)
{
    return account->sealed && *account->sealed;
}

bool account_may_write(const struct account *account)
{
    return account->role == MIB_devsecAdminRole_networkAdministrator;
}

size_t account_priv_length(const struct account *account)
{
    return account->engine.length > 0 ? account->priv->length : account->auth->length;
}

/* One of the two; the privacy key is made as the authentication key and cut by whoever uses it (RFC 3826, 3.1.2.1). */
static enum devsec_err make_key(const struct account *account, const char *password, unsigned char key[USM_KEY_MAX],
                                struct devsec_error *error)
{
    enum devsec_err err = usm_master_key(account->auth, password, strlen(password), key, error);

    if (!err && account->engine.length > 0)
        err = usm_localize_key(account->auth, key, account->engine.octets, account->engine.length, key, error);
    return err;
}

enum devsec_err account_make_keys(const struct account *account, const char *auth_password, const char *priv_password,
                                  struct account_keys *keys, struct devsec_error *error)
{
    enum devsec_err err = make_key(account, auth_password, keys->auth, error);

    return err ? err : make_key(account, priv_password, keys->priv, error);
}

/* The name is part of it: keys that were moved to another administrator do not open there. */
static void context_of(const struct account *account, char *to)
{
    snprintf(to, CONTEXT_ROOM, "administrators/%s/keys", account->name);
}

enum devsec_err account_seal(const struct account *account, const struct account_keys *keys,
                             const struct device_key *device_key, char **sealed, struct devsec_error *error)
{
    const size_t auth_length = account->auth->length;
    const size_t priv_length = account_priv_length(account);
    unsigned char plain[2 * USM_KEY_MAX];
    char context[CONTEXT_ROOM];
    enum devsec_err err;

    memcpy(plain, keys->auth, auth_length);
    memcpy(plain + auth_length, keys->priv, priv_length);
    context_of(account, context);
    err = seal(device_key, context, plain, auth_length + priv_length, sealed, error);
    explicit_bzero(plain, sizeof(plain));
    return err;
}

enum devsec_err account_unseal(const struct account *account, const struct device_key *device_key,
                               struct account_keys *keys, struct devsec_error *error)
{
    const size_t auth_length = account->auth->length;
    const size_t priv_length = account_priv_length(account);
    struct devsec_error why = {DEVSEC_OK, ""};
    unsigned char *plain = NULL;
    char context[CONTEXT_ROOM];
    size_t length = 0;

    context_of(account, context);
    if (unseal(device_key, context, account->sealed, &plain, &length, &why) == DEVSEC_OK &&
        length != auth_length + priv_length)
        devsec_fail(&why, DEVSEC_ERR_SYNTAX, "they have %zu octets, expected %zu for %s with %s", length,
                    auth_length + priv_length, account->auth->name, account->priv->name);
    if (!why.code) {
        memcpy(keys->auth, plain, auth_length);
        memcpy(keys->priv, plain + auth_length, priv_length);
    }
    secret_free(plain, length);
    return why.code ? account_unusable(account, &why, error) : DEVSEC_OK;
}

enum devsec_err account_unusable(const struct account *account, const struct devsec_error *why,
                                 struct devsec_error *error)
{
    return devsec_fail(error, why->code,
                       "the keys of administrator %s cannot be used; 'devsecctl admin set-password %s' makes new ones "
                       "(%.400s)",
                       account->name, account->name, why->text);
}
