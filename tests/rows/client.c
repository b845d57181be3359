/* SPDX-License-Identifier: Apache-2.0 */
/* An SNMPv3 authPriv manager; see client.h. */
#include "client.h"

#include "mib_object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

netsnmp_session *client_open(const char *target, const char *user, long timeout_us)
{
    netsnmp_session wanted;
    netsnmp_session *session = NULL;
    char *peer = strdup(target);
    char *name = strdup(user);

    if (peer && name) {
        snmp_sess_init(&wanted);
        wanted.version = SNMP_VERSION_3;
        wanted.peername = peer;
        wanted.securityName = name;
        wanted.securityNameLen = strlen(name);
        wanted.securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
        wanted.securityAuthProto = usmHMAC192SHA256AuthProtocol;
        wanted.securityAuthProtoLen = OID_LENGTH(usmHMAC192SHA256AuthProtocol);
        wanted.securityPrivProto = usmAESPrivProtocol;
        wanted.securityPrivProtoLen = OID_LENGTH(usmAESPrivProtocol);
        wanted.retries = 0;
        wanted.timeout = timeout_us;
        session = snmp_open(&wanted);
    }
    if (!session) {
        snmp_sess_perror(target, &wanted);
        exit(EXIT_FAILURE);
    }
    free(peer);
    free(name);
    return session;
}

size_t client_name(const struct mib_object *object, oid *to)
{
    size_t length = 0;

    for (size_t i = 0; i < mib_root_len; i++)
        to[length++] = mib_root[i];
    for (size_t i = 0; i < object->oid_len; i++)
        to[length++] = object->oid[i];
    return length;
}

netsnmp_pdu *client_ask(netsnmp_session *session, netsnmp_pdu *pdu)
{
    netsnmp_pdu *answer = NULL;
    const int status = snmp_synch_response(session, pdu, &answer);

    if (status == STAT_SUCCESS && answer)
        return answer;
    fprintf(stderr, "%s: %s\n", session->peername, snmp_api_errstring(session->s_snmp_errno));
    if (answer)
        snmp_free_pdu(answer);
    return NULL;
}

double client_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

void client_print_samples(const char *name, double *samples, size_t count)
{
    qsort(samples, count, sizeof(*samples), by_size);
    printf("%s median_us %.0f p99_us %.0f max_us %.0f", name, samples[count / 2], samples[count * 99 / 100],
           samples[count - 1]);
}
