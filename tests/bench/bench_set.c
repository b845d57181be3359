/* SPDX-License-Identifier: Apache-2.0 */
/* How long a SET takes to noError, beside what the disk alone needs to make the same bytes durable, in turns. */
#include "client.h"

#include "base/file.h"
#include "devsec_mib.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Usage: bench_set TARGET USER STORE SCRATCH ROUNDS
 * Pass phrases come from snmp.conf under SNMPCONFPATH (defAuthPassphrase, defPrivPassphrase). STORE is the settings
 * store's directory, SCRATCH one on the same disk where the bare loop writes a file of the same bytes.
 */

#define TIMEOUT_US 10000000

static void print_row(const char *name, double *samples, size_t count)
{
    client_print_samples(name, samples, count);
    printf("\n");
}

/* The bare durable replacement: write, fsync, rename, fsync of the directory; nothing else. */
static double bare_replace(int directory, const char *data, size_t length)
{
    const double start = client_now_us();
    int file = openat(directory, "bench.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = file >= 0 && write(file, data, length) == (ssize_t)length && fsync(file) == 0 && close(file) == 0 &&
                renameat(directory, "bench.tmp", directory, "bench.yaml") == 0 && fsync(directory) == 0;

    if (!good) {
        fprintf(stderr, "bench_set: bare replacement: %s\n", strerror(errno));
        exit(EXIT_FAILURE);
    }
    return client_now_us() - start;
}

static double request(netsnmp_session *session, int command, int object, u_char type, long value)
{
    netsnmp_pdu *pdu = snmp_pdu_create(command);
    netsnmp_pdu *response = NULL;
    oid name[MAX_OID_LEN];
    size_t length = client_name(&mib_objects[object], name);
    double start;
    int status;

    name[length++] = 0;
    snmp_pdu_add_variable(pdu, name, length, type, &value, type == ASN_NULL ? 0 : sizeof(value));
    start = client_now_us();
    status = snmp_synch_response(session, pdu, &response);
    if (status != STAT_SUCCESS || response->errstat != SNMP_ERR_NOERROR) {
        fprintf(stderr, "bench_set: %s\n",
                status == STAT_SUCCESS ? snmp_errstring((int)response->errstat)
                                       : snmp_api_errstring(session->s_snmp_errno));
        exit(EXIT_FAILURE);
    }
    snmp_free_pdu(response);
    return client_now_us() - start;
}

int main(int argc, char **argv)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    char *data = NULL;
    size_t length = 0;
    netsnmp_session *session;
    double *sets;
    double *bare;
    double *gets;
    double *idle;
    size_t rounds;
    int store;
    int scratch;

    if (argc != 6) {
        fputs("Usage: bench_set TARGET USER STORE SCRATCH ROUNDS\n", stderr);
        return 2;
    }
    rounds = strtoul(argv[5], NULL, 10);
    store = open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    scratch = open(argv[4], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    sets = calloc(rounds + 1, sizeof(*sets));
    bare = calloc(rounds + 1, sizeof(*bare));
    gets = calloc(rounds + 1, sizeof(*gets));
    idle = calloc(rounds + 1, sizeof(*idle));
    if (!rounds || store < 0 || scratch < 0 || !sets || !bare || !gets || !idle ||
        file_read(store, "settings.yaml", 1 << 20, &data, &length, &error)) {
        fprintf(stderr, "bench_set: %s: %s\n", argv[3], error.text[0] ? error.text : "cannot be used");
        return EXIT_FAILURE;
    }
    init_snmp("bench");
    session = client_open(argv[1], argv[2], TIMEOUT_US);
    for (size_t i = 0; i < rounds; i++) {
        const long port = 2000 + (long)(i % 1000);

        bare[i] = bare_replace(scratch, data, length);
        sets[i] = request(session, SNMP_MSG_SET, MIB_devsecSmtpPort, ASN_UNSIGNED, port);
        idle[i] = request(session, SNMP_MSG_SET, MIB_devsecSmtpPort, ASN_UNSIGNED, port); /* in force: no commit */
        gets[i] = request(session, SNMP_MSG_GET, MIB_devsecSmtpPort, ASN_NULL, 0);
    }
    unlinkat(scratch, "bench.yaml", 0);
    print_row("bare", bare, rounds);
    print_row("set", sets, rounds);
    print_row("idle", idle, rounds);
    print_row("get", gets, rounds);
    snmp_close(session);
    snmp_shutdown("bench");
    close(store);
    close(scratch);
    free(data);
    free(sets);
    free(bare);
    free(gets);
    free(idle);
    return 0;
}
