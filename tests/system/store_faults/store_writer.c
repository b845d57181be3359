/* SPDX-License-Identifier: Apache-2.0 */
/* A process that commits to a store and says what it was promised, for tests that break or kill it meanwhile. */
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GENERATIONS     5
#define LOCK_TIMEOUT_MS 5000

/* Each line is out before anything else happens: the tests know by it how far this process came. */
static void say_port(const char *word, const struct store *store, int64_t port)
{
    printf("%s %" PRIu32 " %" PRId64 "\n", word, store_current(store)->generation, port);
    fflush(stdout);
}

static void say_current(const char *word, const struct store *store)
{
    say_port(word, store, store_current(store)->values[SETTING_SMTP_PORT].number);
}

/* begin GENERATION PORT, then ack GENERATION PORT or refused GENERATION PORT, then done GENERATION PORT. */
static void commit_port(struct store *store, int64_t port, bool undo)
{
    const struct value value = {.number = port};
    struct transaction *txn = NULL;
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err;

    say_port("begin", store, port);
    err = transaction_begin(&txn, store, &error);
    if (!err)
        err = transaction_set(txn, SETTING_SMTP_PORT, &value, &error);
    if (!err)
        err = transaction_commit(txn, &error);
    if (err)
        fprintf(stderr, "refused: %s\n", error.text);
    say_port(err ? "refused" : "ack", store, port);
    if (!err && undo) {
        err = transaction_undo(txn, &error);
        if (err)
            fprintf(stderr, "not undone: %s\n", error.text);
        say_current(err ? "stands" : "undone", store);
    }
    if (!err)
        transaction_finish(txn);
    transaction_free(txn);
    say_current("done", store);
}

static int usage(void)
{
    fputs("usage: store_writer DIRECTORY (check | commit PORT ... | undo PORT ...)\n"
          "  check   opens the store as a writer and prints: current GENERATION PORT STATUS\n"
          "  commit  one commit of smtp.port after the other\n"
          "  undo    the same, each taken back again\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct store_options options = {.generations = GENERATIONS, .lock_timeout_ms = LOCK_TIMEOUT_MS};
    struct devsec_error error = {DEVSEC_OK, ""};
    struct store *store = NULL;
    bool undo;

    if (argc < 3)
        return usage();
    options.directory = argv[1];
    if (store_open(&store, &options, &error) != DEVSEC_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    undo = strcmp(argv[2], "undo") == 0;
    if (strcmp(argv[2], "check") == 0)
        printf("current %" PRIu32 " %" PRId64 " %d\n", store_current(store)->generation,
               store_current(store)->values[SETTING_SMTP_PORT].number, (int)store_status(store));
    for (int i = 3; i < argc; i++)
        commit_port(store, strtol(argv[i], NULL, 10), undo);
    store_close(store);
    return 0;
}
