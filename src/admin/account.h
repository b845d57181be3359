/* SPDX-License-Identifier: Apache-2.0 */
/* Administrators: what a row of the settings says, its keys made, sealed and opened. */
#ifndef DEVSEC_ADMIN_ACCOUNT_H
#define DEVSEC_ADMIN_ACCOUNT_H

#include "admin/usm.h"
#include "base/error.h"
#include "secret/seal.h"
#include "store/table.h"

#include <stdbool.h>
#include <stdint.h>

/* One administrator. Texts are borrowed, as a rule from the row. */
struct account {
    const char *name;
    int64_t role;                /* a value of devsecAdminRole */
    const struct usm_auth *auth; /* NULL while there is no password, as is `priv` */
    const struct usm_priv *priv;
    struct usm_engine engine; /* that the keys are localized to; length 0 for master keys */
    const char *sealed;       /* the keys as seal() made them; "" while there is no password */
};

/* As snmpd wants them: `auth` has auth->length octets; `priv` has account_priv_length(). */
struct account_keys {
    unsigned char auth[USM_KEY_MAX];
    unsigned char priv[USM_KEY_MAX];
};

/*
 * Reads a row of TABLE_ADMINISTRATORS. One that row_check would refuse for its protocols is refused here as well, with
 * the administrator's name: DEVSEC_ERR_WRONG_VALUE, or DEVSEC_ERR_INCONSISTENT where they do not go together.
 */
enum devsec_err account_read(struct account *account, const struct value *row, struct devsec_error *error);

/* The reverse; `row` has ADMINISTRATOR_COLUMNS initialised values, which the caller clears. DEVSEC_ERR_MEMORY. */
enum devsec_err account_write(const struct account *account, struct value *row, struct devsec_error *error);

bool account_has_keys(const struct account *account);

/* Whether the role may write by SNMP: network administrators only. */
bool account_may_write(const struct account *account);

/* Octets of the privacy key: those of the cipher, or as master key those of the hash function. */
size_t account_priv_length(const struct account *account);

/* Makes the keys from two passwords, localized where the account has an engine ID. The caller cleanses `keys`. */
enum devsec_err account_make_keys(const struct account *account, const char *auth_password, const char *priv_password,
                                  struct account_keys *keys, struct devsec_error *error);

/* Seals keys for this account's row; the caller frees *sealed. */
enum devsec_err account_seal(const struct account *account, const struct account_keys *keys,
                             const struct device_key *device_key, char **sealed, struct devsec_error *error);

/*
 * Opens account->sealed. DEVSEC_ERR_UNSAFE or _SYNTAX, naming the administrator and what to do, if it does not open or
 * holds no such keys. The caller cleanses `keys`.
 */
enum devsec_err account_unseal(const struct account *account, const struct device_key *device_key,
                               struct account_keys *keys, struct devsec_error *error);

/* The sentence of account_unseal for keys that cannot be used for the reason `why`; returns why->code. */
enum devsec_err account_unusable(const struct account *account, const struct devsec_error *why,
                                 struct devsec_error *error);

#endif
