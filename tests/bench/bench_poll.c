/* SPDX-License-Identifier: Apache-2.0 */
/* What a manager's polling of a table costs, for several agents that serve the same rows, all in turns. */
#include "client.h"
#include "rows.h"

#include "devsec_mib.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Usage: bench_poll USER ROUNDS {NAME TARGET ROWS PID,...} ...
 * Pass phrases come from snmp.conf under SNMPCONFPATH. ROWS is that agent's DEVSEC_ROWS, PID those of its processes.
 * Each round polls each agent in each way, going on in the table where the last round ended; a line of medians for each
 * agent and way is printed: time that passed, the client's processor time, and that of the agent's processes. Every
 * name in every answer is checked.
 */

/* In one turn of one agent, at least: enough for what the turns of others have left cold not to count. */
#define TURN_VARBINDS 12000
#define TURN_GETS     100
#define COLUMNS_MAX   3
#define TIMEOUT_US    10000000

/* A way to poll. Without repetitions it is GETNEXT. A request never asks for more rows than are left. */
static const struct way {
    const char *name;
    uint32_t columns;
    uint32_t repetitions;
    uint32_t rows_min; /* of the table, for it to say anything */
} ways[] = {
    {"getbulk-3x8", 3, 8, 8},       {"getbulk-3x10", 3, 10, 100},   {"getbulk-3x25", 3, 25, 100},
    {"getbulk-1x50", 1, 50, 100},   {"getbulk-1x100", 1, 100, 100}, {"getbulk-1x500", 1, 500, 500},
    {"getbulk-3x166", 3, 166, 500}, {"getnext-3", 3, 0, 8},
};

#define N_WAYS (sizeof(ways) / sizeof(ways[0]))

/* What one turn costs, in ns. */
struct cost {
    double wall;
    double client;
    double server;
};

struct agent_under_test {
    const char *name;
    struct rows rows;
    const char *pids;
    netsnmp_session *session;
    uint32_t at[N_WAYS];        /* the row that comes next */
    struct cost *costs[N_WAYS]; /* for a varbind, one a round */
    double *gets;               /* ns, TURN_GETS a round */
};

static double clock_ns(clockid_t which)
{
    struct timespec now = {0, 0};

    clock_gettime(which, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The processor time of the agent's processes so far, in ns (proc(5), schedstat); 0 where the kernel does not say. */
static double server_ns(const struct agent_under_test *agent)
{
    double sum = 0;

    for (const char *at = agent->pids; *at;) {
        char path[64];
        char line[64] = "";
        char *end = NULL;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%ld/schedstat", strtol(at, &end, 10));
        file = fopen(path, "re");
        if (file && fgets(line, sizeof(line), file))
            sum += strtod(line, NULL);
        if (file)
            (void)fclose(file);
        at = end + strspn(end, ",");
    }
    return sum;
}

static struct cost cost_now(const struct agent_under_test *agent)
{
    return (struct cost){clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_PROCESS_CPUTIME_ID), server_ns(agent)};
}

static void give_up(const struct agent_under_test *agent, const char *why)
{
    fprintf(stderr, "bench_poll: %s at %s: %s\n", agent->name, agent->session->peername, why);
    exit(EXIT_FAILURE);
}

/* The name of a cell; of the column itself for row -1. */
static size_t cell_name(const struct agent_under_test *agent, uint32_t column, int64_t row, oid *name)
{
    size_t length = client_name(&mib_objects[MIB_devsecTlsSuiteEntry], name);

    name[length++] = ROWS_COLUMN_NAME + column;
    if (row >= 0)
        name[length++] = rows_index(&agent->rows, (uint32_t)row);
    return length;
}

static void check_answer(const struct agent_under_test *agent, const netsnmp_pdu *answer, uint32_t columns,
                         uint32_t row, uint32_t count)
{
    const netsnmp_variable_list *var = answer->variables;
    oid name[MAX_OID_LEN];

    if (answer->errstat != SNMP_ERR_NOERROR)
        give_up(agent, snmp_errstring((int)answer->errstat));
    for (uint32_t i = 0; i < columns * count; i++, var = var->next_variable) {
        const size_t length = cell_name(agent, i % columns, row + i / columns, name);

        if (!var || snmp_oid_compare(var->name, var->name_length, name, length) != 0)
            give_up(agent, "an answer does not hold the rows that were asked for");
    }
    if (var)
        give_up(agent, "an answer holds more than was asked for");
}

/* One request; returns the number of rows it brought. */
static uint32_t poll_once(const struct agent_under_test *agent, const struct way *way, uint32_t row)
{
    netsnmp_pdu *pdu = snmp_pdu_create(way->repetitions ? SNMP_MSG_GETBULK : SNMP_MSG_GETNEXT);
    netsnmp_pdu *answer;
    uint32_t count = way->repetitions ? way->repetitions : 1;
    oid name[MAX_OID_LEN];

    if (count > agent->rows.count - row)
        count = agent->rows.count - row;
    if (way->repetitions) {
        pdu->non_repeaters = 0;
        pdu->max_repetitions = (long)count;
    }
    for (uint32_t column = 0; column < way->columns; column++)
        snmp_add_null_var(pdu, name, cell_name(agent, column, (int64_t)row - 1, name));
    answer = client_ask(agent->session, pdu);
    if (!answer)
        give_up(agent, "no answer");
    check_answer(agent, answer, way->columns, row, count);
    snmp_free_pdu(answer);
    return count;
}

static void poll_turn(struct agent_under_test *agent, size_t w, unsigned round)
{
    const struct cost start = cost_now(agent);
    struct cost end;
    uint32_t varbinds = 0;

    while (varbinds < TURN_VARBINDS) {
        const uint32_t count = poll_once(agent, &ways[w], agent->at[w]);

        varbinds += count * ways[w].columns;
        agent->at[w] = (agent->at[w] + count) % agent->rows.count;
    }
    end = cost_now(agent);
    agent->costs[w][round].wall = (end.wall - start.wall) / varbinds;
    agent->costs[w][round].client = (end.client - start.client) / varbinds;
    agent->costs[w][round].server = (end.server - start.server) / varbinds;
}

static void get_turn(struct agent_under_test *agent, unsigned round)
{
    for (unsigned i = 0; i < TURN_GETS; i++) {
        netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);
        netsnmp_pdu *answer;
        oid name[MAX_OID_LEN];
        double start;

        snmp_add_null_var(pdu, name,
                          cell_name(agent, i % COLUMNS_MAX, (round * 7919 + i * 31) % agent->rows.count, name));
        start = clock_ns(CLOCK_MONOTONIC);
        answer = client_ask(agent->session, pdu);
        agent->gets[round * TURN_GETS + i] = clock_ns(CLOCK_MONOTONIC) - start;
        if (!answer || answer->errstat != SNMP_ERR_NOERROR || answer->variables->type != ASN_OCTET_STR)
            give_up(agent, "GET of a row's column brings no text");
        snmp_free_pdu(answer);
    }
}

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

static double percentile(double *samples, size_t count, size_t percent)
{
    qsort(samples, count, sizeof(*samples), by_size);
    return samples[count * percent / 100];
}

/* The median of one member of the costs of a way. */
static double median(const struct cost *costs, size_t member, unsigned rounds, double *scratch)
{
    for (unsigned i = 0; i < rounds; i++)
        memcpy(&scratch[i], (const char *)&costs[i] + member, sizeof(scratch[i]));
    return percentile(scratch, rounds, 50);
}

static void print_agent(struct agent_under_test *agent, unsigned rounds, double *scratch)
{
    const size_t gets = (size_t)rounds * TURN_GETS;

    for (size_t w = 0; w < N_WAYS; w++) {
        const struct cost *costs = agent->costs[w];

        if (agent->rows.count >= ways[w].rows_min)
            printf("%s %u %s wall_ns %.0f client_ns %.0f server_ns %.0f\n", agent->name, agent->rows.count,
                   ways[w].name, median(costs, offsetof(struct cost, wall), rounds, scratch),
                   median(costs, offsetof(struct cost, client), rounds, scratch),
                   median(costs, offsetof(struct cost, server), rounds, scratch));
    }
    printf("%s %u get median_us %.0f p99_us %.0f\n", agent->name, agent->rows.count,
           percentile(agent->gets, gets, 50) / 1e3, percentile(agent->gets, gets, 99) / 1e3);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory) {
        fputs("bench_poll: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

static void agent_open(struct agent_under_test *agent, char **words, const char *user, unsigned rounds)
{
    agent->name = words[0];
    agent->pids = words[3];
    if (!rows_parse(&agent->rows, words[2]) || agent->rows.count == 0) {
        fprintf(stderr, "bench_poll: \"%s\" says no rows\n", words[2]);
        exit(EXIT_FAILURE);
    }
    agent->session = client_open(words[1], user, TIMEOUT_US);
    agent->gets = allocate((size_t)rounds * TURN_GETS, sizeof(double));
    for (size_t w = 0; w < N_WAYS; w++)
        agent->costs[w] = allocate(rounds, sizeof(struct cost));
}

static void agent_close(struct agent_under_test *agent)
{
    snmp_close(agent->session);
    free(agent->gets);
    for (size_t w = 0; w < N_WAYS; w++)
        free(agent->costs[w]);
}

static void poll_round(struct agent_under_test *agents, size_t count, unsigned round)
{
    for (size_t w = 0; w < N_WAYS; w++) {
        for (size_t i = 0; i < count; i++) {
            if (agents[i].rows.count >= ways[w].rows_min)
                poll_turn(&agents[i], w, round);
        }
    }
    for (size_t i = 0; i < count; i++)
        get_turn(&agents[i], round);
}

int main(int argc, char **argv)
{
    const size_t count = argc > 3 ? (size_t)(argc - 3) / 4 : 0;
    const unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    struct agent_under_test *agents;
    double *scratch;

    if (count == 0 || (argc - 3) % 4 != 0 || rounds == 0) {
        fputs("Usage: bench_poll USER ROUNDS {NAME TARGET ROWS PID,...} ...\n", stderr);
        return 2;
    }
    agents = allocate(count, sizeof(*agents));
    scratch = allocate(rounds, sizeof(*scratch));
    init_snmp("bench");
    for (size_t i = 0; i < count; i++)
        agent_open(&agents[i], argv + 3 + 4 * i, argv[1], rounds);
    for (unsigned round = 0; round < rounds; round++)
        poll_round(agents, count, round);
    for (size_t i = 0; i < count; i++) {
        print_agent(&agents[i], rounds, scratch);
        agent_close(&agents[i]);
    }
    snmp_shutdown("bench");
    free(scratch);
    free(agents);
    return 0;
}
