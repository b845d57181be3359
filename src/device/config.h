/* SPDX-License-Identifier: Apache-2.0 */
/* devsecd's own configuration (devsecd -c FILE, devsecctl -c FILE): paths, sockets, limits. */
#ifndef DEVSEC_DEVICE_CONFIG_H
#define DEVSEC_DEVICE_CONFIG_H

#include "base/error.h"

#define CONFIG_DEFAULT_PATH "/etc/devsec/devsecd.yaml"

/*
 * store: /var/lib/devsec/store             the settings store's directory
 * profile: /etc/devsec/device-profile.yaml the device profile
 * applied: /var/lib/devsec/applied         where rendered configuration goes
 * device-key: /var/lib/devsec/device.key   the key that secrets in the store are sealed with (secret/seal.h)
 * agentx-socket: /var/agentx/master        snmpd's AgentX socket (a unix socket)
 * guard-socket: /run/devsec/guard          where devsec_master.so announces itself
 * generations: 10                          kept generations, 2..100
 * lock-timeout-ms: 500                     how long a writer waits for another, 0..60000
 *
 * Every key is optional and has the value shown as its default. Relative paths are relative to the file's folder.
 */
struct config {
    char *store;
    char *profile;
    char *applied;
    char *device_key;
    char *agentx_socket;
    char *guard_socket;
    unsigned generations;
    unsigned lock_timeout_ms;
};

/*
 * Errors as yaml_load, and DEVSEC_ERR_SYNTAX with FILE:LINE:COLUMN. `*config` need not be initialised and is untouched
 * on failure; the caller clears it.
 */
enum devsec_err config_load(struct config *config, const char *path, struct devsec_error *error);

void config_clear(struct config *config);

#endif
