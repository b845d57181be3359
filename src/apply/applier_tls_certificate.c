/* SPDX-License-Identifier: Apache-2.0 */
/* The device's key and certificate, for every service that offers TLS. */
#include "apply/applier.h"

#include "tls/tls_certificate.h"

#include <stdio.h>
#include <string.h>

_Static_assert(APPLIER_INPUTS_MAX >= TLS_CERTIFICATE_INPUTS_MAX + 2, "an applier's inputs have no room for these");

static bool certificate_serves(const struct device *device)
{
    (void)device;
    return true; /* PEM is read by stacks other than OpenSSL, too */
}

/* What a service that follows the policy is offered; false where the stack is not OpenSSL and has its own rules. */
static bool effective_get(const struct device *device, const struct document *document, struct tls_effective *effective)
{
    struct tls_policy policy;

    if (device->profile.has_tls_stack)
        return false;
    device_tls_policy(document, &policy);
    tls_effective_get(effective, &policy, &device->stack);
    return true;
}

/* Besides the key itself: whether the policy keeps to OpenSSL's security level, which decides what the check takes. */
static void certificate_inputs(const struct device *device, const struct document *document, char *to)
{
    char list[TLS_STRING_MAX] = "";
    char suites[TLS_STRING_MAX];
    struct tls_effective effective;

    if (effective_get(device, document, &effective))
        tls_effective_openssl(&effective, list, suites);
    to[0] = strstr(list, "@SECLEVEL=0") ? '0' : '1';
    to[1] = ' ';
    tls_certificate_inputs(document, to + 2);
}

static enum devsec_err certificate_make(const struct device *device, const struct document *document, char **text,
                                        struct devsec_error *error)
{
    return tls_certificate_render(document, device->store_directory, device->key_file, text, error);
}

static enum devsec_err certificate_check(const struct device *device, const struct document *document, const char *text,
                                         struct devsec_error *error)
{
    struct tls_effective effective;
    const bool is_openssl = effective_get(device, document, &effective);

    return tls_certificate_check(document, is_openssl ? &effective : NULL, text, error);
}

/* 0600: services read the key before they give up root's rights, or are given it by whoever starts them. */
const struct applier applier_tls_certificate = {
    .name = "tls-certificate",
    .file = "tls-certificate.pem",
    .mode = 0600,
    .serves = certificate_serves,
    .make = certificate_make,
    .inputs = certificate_inputs,
    .secret = true,
    .check = certificate_check,
};
