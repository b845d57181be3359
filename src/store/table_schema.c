/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that the document has, their columns, and the rules about rows that no MIB can say. */
#include "store/table_schema_private.h"

#include "base/text.h"
#include "devsec_mib.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_ROOM        96
#define COLUMNS(list)     .columns = (list), .n_columns = sizeof(list) / sizeof((list)[0])
#define SLOTS_MAX         65535 /* devsecCertLimit */
#define USES_MAX          64
#define TRUSTED_MAX       1024
#define JOBS_ROWS_MAX     32 /* devsecJobLimit */
#define ADMINISTRATOR_MAX 32

/* RFC 3411, SnmpEngineID: 5 to 32 octets, here two digits each. */
#define ENGINE_DIGITS_MIN 10
#define ENGINE_DIGITS_MAX 64
#define ENGINE_EXPECTED                                                                                                \
    "the engine ID that the keys are localized to, in 10 to 64 hexadecimal digits that are neither all 0 nor all f "   \
    "(RFC 3411), or nothing"

/* The protocols that net-snmp has (RFC 3414, 3826, 7860, and draft-blumenthal-aes-usm-04). */
static const char *const auth_protocols[] = {"MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512", NULL};
static const char *const priv_protocols[] = {"DES", "AES-128", "AES-192", "AES-256", NULL};

/* Pairs whose privacy key is longer than the hash value that it is made of: what usm_pair_check (admin/usm.h) refuses.
 */
static const struct {
    const char *auth;
    const char *priv;
} stretched_pairs[] = {
    {"MD5", "AES-192"}, {"MD5", "AES-256"}, {"SHA-1", "AES-192"}, {"SHA-1", "AES-256"}, {"SHA-224", "AES-256"},
};

#define SEALED_KEYS_MAX 512 /* two keys of 64 octets are 216 (seal.h), and there may be better ones one day */
#define PROTOCOL_MAX    16

/*
 * snmpd.conf separates words by blanks, quotes with '"' and '\'', escapes with '\\', begins comments with '#', and
 * takes a name that begins with '-' for an option: such names could not be carried there, or would be others there.
 */
static bool is_carried(const char *name)
{
    for (size_t i = 0; name[i]; i++) {
        if (name[i] <= ' ' || name[i] > '~' || strchr("\"'\\#", name[i]))
            return false;
    }
    return name[0] != '-';
}

static enum devsec_err check_user_name(const struct value *value, struct devsec_error *error)
{
    char shown[SHOWN_ROOM];

    if (is_carried(value_text(value)))
        return DEVSEC_OK;
    text_show(shown, sizeof(shown), value_text(value), strlen(value_text(value)));
    return devsec_fail(
        error, DEVSEC_ERR_WRONG_VALUE,
        "found \"%s\", expected printable ASCII without blanks, quotes, backslash and '#', and no '-' in "
        "front, since snmpd.conf carries no other names",
        shown);
}

static enum devsec_err check_engine(const struct value *value, struct devsec_error *error)
{
    const char *digits = value_text(value);
    const size_t count = strlen(digits);
    char shown[SHOWN_ROOM];

    if (count >= ENGINE_DIGITS_MIN && count <= ENGINE_DIGITS_MAX && count % 2 == 0 &&
        strspn(digits, "0123456789abcdefABCDEF") == count && strspn(digits, "0") != count &&
        strspn(digits, "fF") != count)
        return DEVSEC_OK;
    text_show(shown, sizeof(shown), digits, count);
    return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE, "found \"%s\", expected " ENGINE_EXPECTED, shown);
}

static const struct column administrator_columns[ADMINISTRATOR_COLUMNS] = {
    [ADMINISTRATOR_NAME] = {.name = "name", .object = MIB_devsecAdminName, .required = true, .check = check_user_name},
    [ADMINISTRATOR_ROLE] = {.name = "role", .object = MIB_devsecAdminRole, .required = true},
    [ADMINISTRATOR_AUTH] = {.name = "auth", .object = -1, .text_max = PROTOCOL_MAX, .words = auth_protocols},
    [ADMINISTRATOR_PRIV] = {.name = "priv", .object = -1, .text_max = PROTOCOL_MAX, .words = priv_protocols},
    [ADMINISTRATOR_ENGINE] = {.name = "engine-id", .object = -1, .text_max = ENGINE_DIGITS_MAX, .check = check_engine},
    [ADMINISTRATOR_KEYS] = {.name = "keys", .object = -1, .text_max = SEALED_KEYS_MAX, .sealed = true},
};

static enum devsec_err check_pair(const char *auth, const char *priv, struct devsec_error *error)
{
    for (size_t i = 0; i < sizeof(stretched_pairs) / sizeof(stretched_pairs[0]); i++) {
        if (strcmp(auth, stretched_pairs[i].auth) == 0 && strcmp(priv, stretched_pairs[i].priv) == 0)
            return devsec_fail(error, DEVSEC_ERR_INCONSISTENT,
                               "auth %s yields no key long enough for priv %s, and implementations stretch it in "
                               "different ways; expected %s with SHA-256 or longer, or AES-128",
                               auth, priv, priv);
    }
    return DEVSEC_OK;
}

/* A password is protocols that go together and keys, or nothing of it. */
static enum devsec_err check_administrator(const struct value *row, struct devsec_error *error)
{
    static const enum administrator_column password[] = {ADMINISTRATOR_AUTH, ADMINISTRATOR_PRIV, ADMINISTRATOR_KEYS};
    const size_t count = sizeof(password) / sizeof(password[0]);
    const char *missing = NULL;
    size_t given = 0;

    for (size_t i = 0; i < count; i++) {
        if (value_is_empty(&row[password[i]]))
            missing = missing ? missing : administrator_columns[password[i]].name;
        else
            given++;
    }
    if (given && missing)
        return devsec_fail(error, DEVSEC_ERR_INCONSISTENT,
                           "auth, priv and keys belong together, and %s is missing; expected all three or none",
                           missing);
    if (!given && !value_is_empty(&row[ADMINISTRATOR_ENGINE]))
        return devsec_fail(
            error, DEVSEC_ERR_INCONSISTENT,
            "engine-id says what the keys are localized to, and there are no keys; expected it with keys "
            "only");
    return check_pair(value_text(&row[ADMINISTRATOR_AUTH]), value_text(&row[ADMINISTRATOR_PRIV]), error);
}

const struct table_schema table_schemas[TABLE_COUNT] = {
    [TABLE_ADMINISTRATORS] = {.path = "administrators",
                              .entry = MIB_devsecAdminEntry,
                              COLUMNS(administrator_columns),
                              .rows_max = ADMINISTRATOR_MAX,
                              .check = check_administrator},
    [TABLE_KEYS] = {.path = "keys", .entry = MIB_devsecCertEntry, COLUMNS(key_columns), .rows_max = SLOTS_MAX},
    [TABLE_USES] = {.path = "uses",
                    .entry = MIB_devsecUsageEntry,
                    COLUMNS(use_columns),
                    .rows_max = USES_MAX,
                    .check = table_check_use},
    [TABLE_TRUSTED] = {.path = "trusted-certificates",
                       .entry = MIB_devsecTrustEntry,
                       COLUMNS(trusted_columns),
                       .rows_max = TRUSTED_MAX},
    [TABLE_JOBS] =
        {.path = "jobs", .entry = MIB_devsecJobEntry, COLUMNS(job_columns), .rows_max = JOBS_ROWS_MAX, .state = true},
};
