/* SPDX-License-Identifier: Apache-2.0 */
/* Sends random GETBULK requests, several at a time, and compares each answer with the model of what there is. */
#include "draw.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

static const char usage[] =
    "Usage: bulk_model [--some-rows] [--chaos SECONDS] TARGET USER SEED REQUESTS\n"
    "\n"
    "  --some-rows      a view hides some of the rows; what GETNEXT shows is what there is\n"
    "  --chaos SECONDS  devsecd comes and goes: genErr, its subtree missing and no answer are all right meanwhile;\n"
    "                   as many requests as there is time for, and then REQUESTS more\n"
    "\n"
    "The rows are those of DEVSEC_ROWS; pass phrases come from snmp.conf under SNMPCONFPATH.\n";

#define WINDOW          4
#define TIMEOUT_US      20000000
#define TIMEOUT_LOST_US 3000000 /* while devsecd comes and goes */
#define FAULTS_MAX      3       /* then it ends */

struct tally {
    unsigned long asked;
    unsigned long answered;
    unsigned long varbinds;
    unsigned long cut; /* answers with less than was asked for that do not end in endOfMibView */
    unsigned long gen_errs;
    unsigned long timeouts;
    unsigned long faults;
};

struct run {
    struct model model;
    struct dice dice;
    struct tally tally;
    netsnmp_session *session;
    unsigned under_way;
};

/* A request that is under way. */
struct flight {
    struct run *run;
    struct question question;
};

static void count_answer(struct run *run, const struct question *question, const netsnmp_pdu *answer)
{
    unsigned long count = 0;
    u_char last = SNMP_ENDOFMIBVIEW;

    for (const netsnmp_variable_list *var = answer->variables; var; var = var->next_variable, count++)
        last = var->type;
    run->tally.answered++;
    run->tally.varbinds += count;
    if (count < question_wants(question) && last != SNMP_ENDOFMIBVIEW)
        run->tally.cut++;
}

static void fault(struct run *run, const struct question *question, const netsnmp_pdu *answer, const char *verdict)
{
    run->tally.faults++;
    printf("request %lu: %s\n", run->tally.asked, verdict);
    model_explain(&run->model, question, answer);
}

static void judge(struct run *run, const struct question *question, const netsnmp_pdu *answer)
{
    char verdict[VERDICT_MAX] = "";

    if (run->model.may_vanish && answer->errstat == SNMP_ERR_GENERR)
        run->tally.gen_errs++;
    else if (answer->command != SNMP_MSG_RESPONSE)
        fault(run, question, answer, "a report instead of an answer");
    else if (!model_admits(&run->model, question, answer, verdict))
        fault(run, question, answer, verdict);
    else
        count_answer(run, question, answer);
}

static int on_answer(int operation, netsnmp_session *session, int reqid, netsnmp_pdu *answer, void *magic)
{
    struct flight *flight = magic;
    struct run *run = flight->run;

    (void)session;
    (void)reqid;
    if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
        judge(run, &flight->question, answer);
    else if (run->model.may_vanish)
        run->tally.timeouts++;
    else
        fault(run, &flight->question, NULL, "no answer");
    run->under_way--;
    free(flight);
    return 1;
}

static bool ask(struct run *run)
{
    struct flight *flight = calloc(1, sizeof(*flight));
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK);

    if (!flight || !pdu) {
        free(flight);
        snmp_free_pdu(pdu);
        return false;
    }
    flight->run = run;
    draw_question(&run->dice, &run->model, &flight->question);
    pdu->non_repeaters = flight->question.non_repeaters;
    pdu->max_repetitions = flight->question.max_repetitions;
    for (size_t i = 0; i < flight->question.count; i++)
        snmp_add_null_var(pdu, flight->question.names[i], flight->question.name_lens[i]);
    run->tally.asked++;
    run->under_way++;
    if (snmp_async_send(run->session, pdu, on_answer, flight))
        return true;
    snmp_sess_perror("bulk_model", run->session);
    snmp_free_pdu(pdu);
    free(flight);
    return false;
}

/* Waits until fewer than `most` requests are under way. */
static void await(const struct run *run, unsigned most)
{
    while (run->under_way >= most && run->under_way > 0) {
        struct timeval wait = {1, 0};
        fd_set fds;
        int numfds = 0;
        int block = 0;

        FD_ZERO(&fds);
        snmp_select_info(&numfds, &fds, &wait, &block);
        if (select(numfds, &fds, NULL, NULL, &wait) > 0)
            snmp_read(&fds);
        else
            snmp_timeout();
    }
}

static double seconds_now(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* `requests`, or as many as `seconds` have time for if that is not 0. */
static bool ask_many(struct run *run, unsigned long requests, double seconds)
{
    const double until = seconds_now() + seconds;
    const unsigned long last = run->tally.asked + requests;
    bool good = true;

    while (good && run->tally.faults < FAULTS_MAX && (seconds > 0 ? seconds_now() < until : run->tally.asked < last)) {
        good = ask(run);
        await(run, WINDOW);
    }
    await(run, 1);
    return good;
}

/* The storm, told by a line on standard output when it may begin; whoever makes it answers by a line when it is over.
 */
static bool brave_chaos(struct run *run, double seconds)
{
    char line[16];
    bool good;

    puts("ready");
    fflush(stdout);
    run->model.may_vanish = true;
    model_expect_restarts(&run->model);
    run->session->timeout = TIMEOUT_LOST_US;
    good = ask_many(run, 0, seconds);
    puts("over");
    fflush(stdout);
    good = fgets(line, sizeof(line), stdin) != NULL && good;
    run->session->timeout = TIMEOUT_US;
    run->model.may_vanish = false;
    return good;
}

static int run_all(struct run *run, char **words, bool some_rows, double chaos)
{
    const unsigned long requests = strtoul(words[3], NULL, 10);
    bool good = true;

    init_snmp("bulk_model");
    run->session = client_open(words[0], words[1], TIMEOUT_US);
    run->dice.state = strtoull(words[2], NULL, 10);
    if (!model_walk(&run->model, run->session) || !model_has_rows(&run->model, rows_of_environment(), some_rows))
        return EXIT_FAILURE;
    if (chaos > 0)
        good = brave_chaos(run, chaos);
    good = good && ask_many(run, requests, 0);
    printf("instances %zu asked %lu answered %lu varbinds %lu cut %lu genErrs %lu timeouts %lu faults %lu\n",
           run->model.count, run->tally.asked, run->tally.answered, run->tally.varbinds, run->tally.cut,
           run->tally.gen_errs, run->tally.timeouts, run->tally.faults);
    model_clear(&run->model);
    snmp_close_sessions();
    snmp_shutdown("bulk_model");
    return good && run->tally.faults == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"some-rows", no_argument, NULL, 's'}, {"chaos", required_argument, NULL, 'c'}, {NULL, 0, NULL, 0}};
    struct run run = {.under_way = 0};
    bool some_rows = false;
    double chaos = 0;
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 's')
            some_rows = true;
        else if (option == 'c')
            chaos = strtod(optarg, NULL);
        else
            return 2;
    }
    if (argc - optind != 4) {
        fputs(usage, stderr);
        return 2;
    }
    return run_all(&run, argv + optind, some_rows, chaos);
}
