/* SPDX-License-Identifier: Apache-2.0 */
/* A process that installs and deletes keys and says what it was promised, for tests that break or kill it meanwhile. */
#include "devsec_mib.h"
#include "pki/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GENERATIONS     5
#define LOCK_TIMEOUT_MS 5000
#define TEXT_ROOM       64

struct user {
    struct store *store;
    struct pki pki; /* its material alone: nobody looks into these files */
};

/* Each line is out before anything else happens: the tests know by it how far this process came. */
static void say(const char *word, unsigned slot)
{
    printf("%s %u\n", word, slot);
    fflush(stdout);
}

static void complain(const struct devsec_error *error)
{
    fprintf(stderr, "refused: %s\n", error->text);
}

/* Commits what was prepared without a failure: ack SLOT or refused SLOT. Frees the transaction. */
static void commit(struct transaction *txn, unsigned slot, enum devsec_err err, struct devsec_error *error)
{
    if (!err)
        err = transaction_commit(txn, error);
    if (err)
        complain(error);
    say(err ? "refused" : "ack", slot);
    if (!err)
        transaction_finish(txn);
    transaction_free(txn);
}

/* What a key's row is like when its slot holds the files of `text`. */
static enum devsec_err fill_row(struct value *row, struct material_session *session, unsigned slot, const char *text,
                                struct devsec_error *error)
{
    static const struct {
        enum material_kind kind;
        enum key_column column;
        const char *what;
    } files[] = {
        {MATERIAL_KEY, KEY_FILE, "key"},
        {MATERIAL_CERTIFICATES, KEY_CERTIFICATE, "certificate"},
    };
    char named[TEXT_ROOM];
    enum devsec_err err;

    row[KEY_SLOT].number = slot;
    row[KEY_TYPE].number = MIB_devsecCertKeyType_ecdsa;
    row[KEY_ORIGIN].number = MIB_devsecCertOrigin_selfSigned;
    snprintf(named, sizeof(named), "key %u", slot);
    err = value_set_text(&row[KEY_NAME], named, error);
    for (size_t i = 0; !err && i < sizeof(files) / sizeof(files[0]); i++) {
        char name[MATERIAL_NAME_SIZE];

        snprintf(named, sizeof(named), "%s %s", files[i].what, text);
        err = material_put(session, files[i].kind, named, strlen(named), name, error);
        if (!err)
            err = value_set_text(&row[files[i].column], name, error);
    }
    return err;
}

/* begin SLOT, then ack SLOT or refused SLOT. */
static void install(struct user *user, unsigned slot, const char *text)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct material_session *session = NULL;
    struct transaction *txn = NULL;
    struct value *row = row_new(TABLE_KEYS);
    enum devsec_err err;

    say("begin", slot);
    err = row ? material_begin(&session, user->pki.material, &error) : DEVSEC_ERR_MEMORY;
    if (!err)
        err = fill_row(row, session, slot, text, &error);
    if (!err)
        err = transaction_begin(&txn, user->store, &error);
    if (!err)
        err = transaction_put_row(txn, TABLE_KEYS, row, &error);
    commit(txn, slot, err, &error);
    material_end(session);
    row_free(TABLE_KEYS, row);
}

static void remove_key(struct user *user, unsigned slot)
{
    const struct value key = {.number = slot};
    struct devsec_error error = {DEVSEC_OK, ""};
    struct transaction *txn = NULL;
    enum devsec_err err;

    say("begin", slot);
    err = transaction_begin(&txn, user->store, &error);
    if (!err)
        err = transaction_remove_row(txn, TABLE_KEYS, &key, &error);
    commit(txn, slot, err, &error);
}

static void collect(struct user *user)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    bool put_off = false;

    if (pki_collect(&user->pki, user->store, &put_off, &error)) {
        complain(&error);
        puts("not-collected 0");
    } else {
        puts(put_off ? "put-off 0" : "collected 0");
    }
    fflush(stdout);
}

static bool is_good(const struct user *user, enum material_kind kind, const struct value *name)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    size_t length = 0;
    char *octets = NULL;
    const enum devsec_err err = material_get(user->pki.material, kind, value_text(name), &octets, &length, &error);

    if (err)
        complain(&error);
    free(octets);
    return err == DEVSEC_OK;
}

/* good SLOT or bad SLOT for each key, then status STATUS. */
static void check(const struct user *user)
{
    const struct table *keys = &store_current(user->store)->tables[TABLE_KEYS];

    for (size_t i = 0; i < keys->count; i++) {
        const struct value *row = keys->rows[i];
        const bool good =
            is_good(user, MATERIAL_KEY, &row[KEY_FILE]) && is_good(user, MATERIAL_CERTIFICATES, &row[KEY_CERTIFICATE]);

        say(good ? "good" : "bad", (unsigned)row[KEY_SLOT].number);
    }
    say("status", (unsigned)store_status(user->store));
}

static void run_check(struct user *user, char **arguments)
{
    (void)arguments;
    check(user);
}

static void run_collect(struct user *user, char **arguments)
{
    (void)arguments;
    collect(user);
}

static void run_install(struct user *user, char **arguments)
{
    install(user, (unsigned)strtoul(arguments[0], NULL, 10), arguments[1]);
}

static void run_remove(struct user *user, char **arguments)
{
    remove_key(user, (unsigned)strtoul(arguments[0], NULL, 10));
}

static const struct {
    const char *word;
    int arguments;
    void (*run)(struct user *user, char **arguments);
} commands[] = {
    {"check", 0, run_check},     /* prints what the settings refer to, and whether it is there */
    {"install", 2, run_install}, /* SLOT TEXT: puts a key with a certificate into a slot */
    {"delete", 1, run_remove},   /* SLOT */
    {"collect", 0, run_collect}, /* removes what nothing refers to */
};

/* Runs the command at the beginning; returns how many words it took, 0 for one that is none. */
static int run(struct user *user, int left, char **words)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(words[0], commands[i].word) != 0 || commands[i].arguments >= left)
            continue;
        commands[i].run(user, words + 1);
        return 1 + commands[i].arguments;
    }
    fprintf(stderr, "%s: unknown, or incomplete\n", words[0]);
    return 0;
}

/* material_user DIRECTORY COMMAND ...; then: done 0 */
int main(int argc, char **argv)
{
    struct store_options options = {.generations = GENERATIONS, .lock_timeout_ms = LOCK_TIMEOUT_MS};
    struct devsec_error error = {DEVSEC_OK, ""};
    struct user user = {.store = NULL};
    int taken = 1;

    if (argc < 3)
        return 2;
    options.directory = argv[1];
    if (store_open(&user.store, &options, &error) != DEVSEC_OK ||
        material_open(&user.pki.material, argv[1], false, &error) != DEVSEC_OK) {
        fprintf(stderr, "%s\n", error.text);
        store_close(user.store);
        return 1;
    }
    for (int i = 2; i < argc && taken > 0; i += taken)
        taken = run(&user, argc - i, argv + i);
    say("done", 0);
    material_close(user.pki.material);
    store_close(user.store);
    return taken > 0 ? 0 : 2;
}
