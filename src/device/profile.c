/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the device profile; see profile.h for the file's keys. */
#include "device/profile.h"

#include "device/yaml_fields.h"
#include "devsec_mib.h"
#include "store/table.h"
#include "store/yaml.h"

#include <stddef.h>

#define COMMAND_MAX 64 /* items of the restart command */

static const struct yaml_field restart_fields[] = {
    {.key = "command",
     .kind = YAML_FIELD_COMMAND,
     .required = true,
     .offset = offsetof(struct profile, restart_command),
     .low = 1,
     .high = COMMAND_MAX},
};

static const struct yaml_field tls_fields[] = {
    {.key = "versions",
     .kind = YAML_FIELD_LABELS,
     .required = true,
     .offset = offsetof(struct profile, tls_versions),
     .low = 1,
     .labels = &mib_objects[MIB_devsecTlsVersions]},
    {.key = "ciphers",
     .kind = YAML_FIELD_LABELS,
     .required = true,
     .offset = offsetof(struct profile, tls_ciphers),
     .low = 1,
     .labels = &mib_objects[MIB_devsecTlsCiphers]},
};

/* The enumerations of a key's specification are read as what they are made of. */
_Static_assert(sizeof(enum pki_key_type) == sizeof(int) && sizeof(enum pki_curve) == sizeof(int),
               "a label does not fit a key's specification");

static const struct yaml_field reserved_key_fields[] = {
    {.key = "type",
     .kind = YAML_FIELD_LABEL,
     .offset = offsetof(struct profile, reserved_key.type),
     .labels = &mib_objects[MIB_devsecJobKeyType],
     .fallback = "rsa"},
    {.key = "bits",
     .kind = YAML_FIELD_UNSIGNED,
     .offset = offsetof(struct profile, reserved_key.bits),
     .low = PKI_RSA_BITS_MIN,
     .high = PKI_RSA_BITS_MAX,
     .step = 8,
     .fallback = "2048"},
    {.key = "curve",
     .kind = YAML_FIELD_LABEL,
     .offset = offsetof(struct profile, reserved_key.curve),
     .labels = &mib_objects[MIB_devsecJobKeyCurve],
     .fallback = "p256"},
};

static const struct yaml_field keys_fields[] = {
    {.key = "limit",
     .kind = YAML_FIELD_UNSIGNED,
     .offset = offsetof(struct profile, key_limit),
     .low = 4,
     .high = 10000,
     .fallback = "32"},
    {.key = "reserved",
     .kind = YAML_FIELD_WORDS,
     .offset = offsetof(struct profile, reserved_keys),
     .words = key_reserved_words},
    {.key = "reserved-key",
     .kind = YAML_FIELD_GROUP,
     .fields = reserved_key_fields,
     .n_fields = sizeof(reserved_key_fields) / sizeof(reserved_key_fields[0])},
};

/* Model and firmware version go out as SnmpAdminString, which holds 255 octets (RFC 3411). */
static const struct yaml_field fields[] = {
    {.key = "model",
     .kind = YAML_FIELD_TEXT,
     .required = true,
     .offset = offsetof(struct profile, model),
     .low = 1,
     .high = 255},
    {.key = "firmware",
     .kind = YAML_FIELD_TEXT,
     .required = true,
     .offset = offsetof(struct profile, firmware),
     .low = 1,
     .high = 255},
    {.key = "restart",
     .kind = YAML_FIELD_GROUP,
     .fields = restart_fields,
     .n_fields = sizeof(restart_fields) / sizeof(restart_fields[0])},
    {.key = "tls",
     .kind = YAML_FIELD_GROUP,
     .fields = tls_fields,
     .n_fields = sizeof(tls_fields) / sizeof(tls_fields[0])},
    {.key = "keys",
     .kind = YAML_FIELD_GROUP,
     .fields = keys_fields,
     .n_fields = sizeof(keys_fields) / sizeof(keys_fields[0])},
};

static const size_t n_fields = sizeof(fields) / sizeof(fields[0]);

/* Reads the parsed file, or leaves `*profile` untouched. */
static enum devsec_err read_root(struct profile *profile, const struct yaml_node *root, const char *name,
                                 struct devsec_error *error)
{
    struct profile found = {0};
    const enum devsec_err err = yaml_fields_read(&found, fields, n_fields, root, name, error);

    if (err) {
        profile_clear(&found);
        return err;
    }
    /* The lists below tls are required there and never empty. */
    found.has_tls_stack = found.tls_versions != 0;
    *profile = found;
    return DEVSEC_OK;
}

enum devsec_err profile_parse(struct profile *profile, const char *name, const char *text, size_t length,
                              struct devsec_error *error)
{
    struct yaml_node *root = NULL;
    enum devsec_err err = yaml_parse(&root, name, text, length, error);

    if (!err)
        err = read_root(profile, root, name, error);
    yaml_free(root);
    return err;
}

enum devsec_err profile_load(struct profile *profile, const char *path, struct devsec_error *error)
{
    struct yaml_node *root = NULL;
    enum devsec_err err = yaml_load(&root, path, error);

    if (!err)
        err = read_root(profile, root, path, error);
    yaml_free(root);
    return err;
}

void profile_clear(struct profile *profile)
{
    yaml_fields_clear(profile, fields, n_fields);
    *profile = (struct profile){0};
}
