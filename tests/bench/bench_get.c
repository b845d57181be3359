/* SPDX-License-Identifier: Apache-2.0 */
/* How long single GETs take, one after the other for a while. */
#include "client.h"

#include "devsec_mib.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Usage: bench_get TARGET USER SECONDS
 * Pass phrases come from snmp.conf under SNMPCONFPATH. Prints one line: how many there were, the median, the 99th
 * percentile and the longest, in microseconds. Ends with status 1 where one gets no answer within a second.
 */

#define TIMEOUT_US  1000000
#define SAMPLES_MAX 1000000

/* How long one GET takes; ends the process where it fails. */
static double get_one(netsnmp_session *session)
{
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);
    netsnmp_pdu *answer;
    oid name[MAX_OID_LEN];
    size_t length = client_name(&mib_objects[MIB_devsecStoreGeneration], name);
    const double start = client_now_us();

    name[length++] = 0;
    snmp_add_null_var(pdu, name, length);
    answer = client_ask(session, pdu);
    if (!answer || answer->errstat != SNMP_ERR_NOERROR) {
        fputs("bench_get: a GET without its value\n", stderr);
        exit(EXIT_FAILURE);
    }
    snmp_free_pdu(answer);
    return client_now_us() - start;
}

int main(int argc, char **argv)
{
    double *samples = calloc(SAMPLES_MAX, sizeof(*samples));
    netsnmp_session *session;
    size_t count = 0;
    double end;

    if (argc != 4 || !samples) {
        fputs("Usage: bench_get TARGET USER SECONDS\n", stderr);
        return 2;
    }
    init_snmp("bench");
    session = client_open(argv[1], argv[2], TIMEOUT_US);
    end = client_now_us() + strtod(argv[3], NULL) * 1e6;
    while (client_now_us() < end && count < SAMPLES_MAX)
        samples[count++] = get_one(session);
    printf("count %zu", count);
    client_print_samples("", samples, count);
    printf("\n");
    snmp_close(session);
    snmp_shutdown("bench");
    free(samples);
    return EXIT_SUCCESS;
}
