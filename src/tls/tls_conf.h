/* SPDX-License-Identifier: Apache-2.0 */
/* The policy as an OpenSSL configuration file (config(5), SSL_CONF_cmd(3)), and OpenSSL's own opinion of such a file.
 */
#ifndef DEVSEC_TLS_CONF_H
#define DEVSEC_TLS_CONF_H

#include "base/error.h"
#include "tls/tls_policy.h"

#include <stddef.h>

/* The section that a service names in SSL_CTX_config or includes from its own configuration. */
#define TLS_CONF_SECTION "devsec_tls"

/* Renders the file; NULL when out of memory. The caller frees. A policy that offers nothing gives a file whose section
 * switches every version off. */
char *tls_conf_render(const struct tls_effective *effective);

/*
 * Has the linked OpenSSL read the text and put it into force on a server context of its own, at no cost to the rest of
 * the process. DEVSEC_ERR_SYNTAX with OpenSSL's reason; DEVSEC_ERR_INCONSISTENT when what it then offers is not what
 * `effective` says.
 */
enum devsec_err tls_conf_check(const char *text, const struct tls_effective *effective, struct devsec_error *error);

#endif
