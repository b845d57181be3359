/* SPDX-License-Identifier: Apache-2.0 */
/* Reading devsecd's own configuration; see config.h for the file's keys and their defaults. */
#include "device/config.h"

#include "device/yaml_fields.h"
#include "store/yaml.h"

#include <limits.h>
#include <stddef.h>
#include <sys/un.h>

/* What fits into a socket's address with its closing NUL (unix(7)); 107 octets on Linux. */
#define SOCKET_PATH_MAX ((unsigned)sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

#define CONFIG_PATH(name, member, longest, standard)                                                                   \
    {                                                                                                                  \
        .key = (name), .kind = YAML_FIELD_PATH, .offset = offsetof(struct config, member), .high = (longest),          \
        .fallback = (standard)                                                                                         \
    }

#define CONFIG_NUMBER(name, member, lowest, highest, standard)                                                         \
    {                                                                                                                  \
        .key = (name), .kind = YAML_FIELD_UNSIGNED, .offset = offsetof(struct config, member), .low = (lowest),        \
        .high = (highest), .fallback = (standard)                                                                      \
    }

static const struct yaml_field fields[] = {
    CONFIG_PATH("store", store, PATH_MAX - 1, "/var/lib/devsec/store"),
    CONFIG_PATH("profile", profile, PATH_MAX - 1, "/etc/devsec/device-profile.yaml"),
    CONFIG_PATH("applied", applied, PATH_MAX - 1, "/var/lib/devsec/applied"),
    CONFIG_PATH("device-key", device_key, PATH_MAX - 1, "/var/lib/devsec/device.key"),
    CONFIG_PATH("agentx-socket", agentx_socket, SOCKET_PATH_MAX, "/var/agentx/master"),
    CONFIG_PATH("guard-socket", guard_socket, SOCKET_PATH_MAX, "/run/devsec/guard"),
    CONFIG_NUMBER("generations", generations, 2, 100, "10"),
    CONFIG_NUMBER("lock-timeout-ms", lock_timeout_ms, 0, 60000, "500"),
};

static const size_t n_fields = sizeof(fields) / sizeof(fields[0]);

enum devsec_err config_load(struct config *config, const char *path, struct devsec_error *error)
{
    struct config found = {0};
    struct yaml_node *root = NULL;
    enum devsec_err err = yaml_load(&root, path, error);

    if (!err)
        err = yaml_fields_read(&found, fields, n_fields, root, path, error);
    yaml_free(root);
    if (err)
        config_clear(&found);
    else
        *config = found;
    return err;
}

void config_clear(struct config *config)
{
    yaml_fields_clear(config, fields, n_fields);
    *config = (struct config){0};
}
