/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS policy as an OpenSSL configuration section, for every service that links OpenSSL. */
#include "apply/applier.h"

#include "tls/tls_conf.h"

static bool openssl_serves(const struct device *device)
{
    return !device->profile.has_tls_stack; /* another stack does not read OpenSSL's configuration */
}

static void openssl_effective(const struct device *device, const struct document *document,
                              struct tls_effective *effective)
{
    struct tls_policy policy;

    device_tls_policy(document, &policy);
    tls_effective_get(effective, &policy, &device->stack);
}

static char *openssl_render(const struct device *device, const struct document *document)
{
    struct tls_effective effective;

    openssl_effective(device, document, &effective);
    return tls_conf_render(&effective);
}

static enum devsec_err openssl_check(const struct device *device, const struct document *document, const char *text,
                                     struct devsec_error *error)
{
    struct tls_effective effective;

    openssl_effective(device, document, &effective);
    return tls_conf_check(text, &effective, error);
}

const struct applier applier_openssl = {
    .name = "openssl",
    .file = "tls-policy.cnf",
    .mode = 0644,
    .serves = openssl_serves,
    .render = openssl_render,
    .check = openssl_check,
};
