/* SPDX-License-Identifier: Apache-2.0 */
/* How mail is encrypted, from the two settings that decide it [T8]. */
#include "tls/tls_policy.h"

#include "devsec_mib.h"

int smtp_transport(bool secure, int64_t port)
{
    if (!secure)
        return MIB_devsecSmtpTransport_cleartext;
    if (port == SMTP_PORT_IMPLICIT_TLS)
        return MIB_devsecSmtpTransport_implicitTls;
    if (port == SMTP_PORT_STARTTLS)
        return MIB_devsecSmtpTransport_startTls;
    return MIB_devsecSmtpTransport_serverDecides;
}
