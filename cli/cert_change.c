/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the inventory, running a task in the foreground, reporting; see cert_change.h. */
#include "cert_change.h"

#include "cert_warn.h"
#include "show.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_ROOM 512

static void verify_all(struct cert_panel *cert)
{
    const size_t checks = 1 + inventory_slots(cert->pki.inventory) / INVENTORY_CHECK_MAX;
    const atomic_bool give_up = false;

    for (size_t i = 0; i < checks; i++) {
        struct inventory_check *check = inventory_check_new(cert->pki.inventory, 0);

        if (!check)
            return;
        inventory_check_run(check, time(NULL), &give_up);
        (void)inventory_check_apply(cert->pki.inventory, check);
    }
}

enum cli_exit cert_open(struct cert_panel *cert, const struct cli *cli, enum panel_use use)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    enum cli_exit result;

    *cert = (struct cert_panel){.cli = cli};
    result = panel_open(&cert->panel, cli, use);
    if (result)
        return result;
    if (pki_open(&cert->pki, &cert->panel.device, cert->panel.store, cert->panel.config.store, use == PANEL_LOOK,
                 &error)) {
        cli_error(cli, "%s", error.text);
        return CLI_TROUBLE;
    }
    panel_warn_store(&cert->panel, cli);
    if (cert->pki.device_key_error[0] != '\0')
        cli_warning(cli, "%s", cert->pki.device_key_error);
    if (use == PANEL_LOOK)
        verify_all(cert);
    return CLI_OK;
}

void cert_close(struct cert_panel *cert)
{
    pki_close(&cert->pki);
    panel_close(&cert->panel);
}

/* ---- Progress: a line on the terminal that goes away again ---- */

struct progress {
    const struct cli *cli;
    time_t begun;
    time_t shown; /* how many seconds the line says */
    bool on;
};

static bool show_progress(void *context, unsigned step)
{
    struct progress *progress = context;
    const time_t passed = time(NULL) - progress->begun;

    (void)step;
    if (progress->on && passed != progress->shown) {
        progress->shown = passed;
        fprintf(progress->cli->err, "\rgenerating the key ... %lld s", (long long)passed);
        fflush(progress->cli->err);
    }
    return true;
}

static void end_progress(const struct progress *progress)
{
    if (progress->on && progress->shown > 0) {
        fprintf(progress->cli->err, "\r%*s\r", 40, "");
        fflush(progress->cli->err);
    }
}

static enum devsec_err run_task(const struct cert_panel *cert, struct pki_task *task, struct pki_fault *fault)
{
    struct progress progress = {
        .cli = cert->cli,
        .begun = time(NULL),
        .on = !cert->cli->quiet && isatty(fileno(cert->cli->err)),
    };
    const struct pki_progress steps = {show_progress, &progress};
    const enum devsec_err err = pki_task_run(task, &steps, fault);

    end_progress(&progress);
    return err;
}

/* ---- Commit and report ---- */

/* Work that can change nothing is reported without saying so. */
static enum cli_exit report(struct cert_panel *cert, const char *message, unsigned slot, bool changed, bool can_change)
{
    const uint32_t generation = store_current(cert->panel.store)->generation;
    struct tree tree = {0};
    struct yaml_node *root;
    enum cli_exit result;

    if (cert->cli->format == CLI_TEXT) {
        if (!cert->cli->quiet) {
            cli_print_safely(cert->cli->out, message);
            fputc('\n', cert->cli->out);
            if (can_change)
                fprintf(cert->cli->out, "%sgeneration %" PRIu32 "\n", changed ? "" : "nothing changed\n", generation);
        }
        return CLI_OK;
    }
    root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
    tree_number(&tree, root, "generation", generation);
    tree_bool(&tree, root, "changed", changed);
    if (slot)
        tree_number(&tree, root, "slot", slot);
    tree_text(&tree, root, "message", message);
    result = show_tree(cert->cli, &tree, root);
    tree_free(&tree);
    return result;
}

/* What is no longer referred to goes at once; if devsecd is at work just now, it collects later. */
static void collect(struct cert_panel *cert)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    bool put_off = false;

    if (pki_collect(&cert->pki, cert->panel.store, &put_off, &error))
        cli_warning(cert->cli, "files of deleted keys are still there; devsecd removes them: %s", error.text);
}

static enum devsec_err commit(struct transaction *txn, bool *changed, struct store_fault *fault)
{
    enum devsec_err err = transaction_check(txn, fault);

    if (!err)
        err = transaction_commit(txn, &fault->error);
    if (!err)
        transaction_finish(txn);
    *changed = !err && transaction_changed(txn);
    return err;
}

static enum devsec_err commit_task(struct cert_panel *cert, struct pki_task *task, bool *changed,
                                   struct pki_fault *fault)
{
    struct store_fault trouble = {.n_involved = 0};
    struct transaction *txn = NULL;
    enum devsec_err err = transaction_begin(&txn, cert->panel.store, &fault->error);

    if (!err)
        err = pki_task_put(task, txn, fault);
    if (!err) {
        err = commit(txn, changed, &trouble);
        if (err)
            fault->error = trouble.error;
    }
    transaction_free(txn);
    return err;
}

/* Causes that are no trouble of the world's, whatever their error's code: the device is full, the file is a wrong one.
 */
static enum cli_exit fail_task(const struct cli *cli, const struct pki_fault *fault)
{
    const enum cli_exit result = cli_fail(cli, &fault->error);

    return fault->cause == PKI_LIMIT_REACHED || fault->cause == PKI_PRIVATE_KEY_IN_UPLOAD ? CLI_REFUSED : result;
}

static void warn_of(struct cert_panel *cert, enum pki_operation operation, unsigned slot)
{
    const bool is_made = operation == PKI_CREATE_SELF_SIGNED || operation == PKI_CREATE_REQUEST;

    if (operation == PKI_INSTALL_TRUSTED)
        cert_warn_trusted(cert);
    else if (is_made || operation == PKI_INSTALL_CERTIFICATE || operation == PKI_IMPORT_PKCS12)
        cert_warn_slot(cert, slot, is_made);
}

enum cli_exit cert_run(struct cert_panel *cert, const struct pki_parameters *parameters)
{
    const struct document *document = store_current(cert->panel.store);
    struct pki_fault fault = {.cause = PKI_NONE};
    struct pki_task *task = NULL;
    bool changed = false;
    unsigned slot = 0;
    enum cli_exit result;
    enum devsec_err err = pki_task_new(&task, &cert->pki, document, parameters, NULL, 0, &fault);

    if (!err)
        err = run_task(cert, task, &fault);
    if (!err)
        err = commit_task(cert, task, &changed, &fault);
    if (err) {
        pki_task_free(task);
        return fail_task(cert->cli, &fault);
    }
    if (changed)
        panel_apply(&cert->panel);
    slot = pki_task_slot(task);
    result = report(cert, pki_task_message(task), slot, changed, parameters->operation != PKI_VERIFY);
    pki_task_free(task); /* before the collection: it holds what it has written */
    if (changed) {
        panel_warn_applied(&cert->panel, cert->cli);
        collect(cert);
        warn_of(cert, parameters->operation, slot);
    }
    return result;
}

enum cli_exit cert_assign(struct cert_panel *cert, const struct pki_use *use, unsigned slot)
{
    const struct document *document = store_current(cert->panel.store);
    struct store_fault fault = {.n_involved = 0};
    char message[MESSAGE_ROOM];
    char name[PKI_USE_NAME_MAX];
    struct transaction *txn = NULL;
    bool changed = false;
    enum devsec_err err = transaction_begin(&txn, cert->panel.store, &fault.error);
    enum cli_exit result;

    if (!err)
        err = pki_use_put(txn, document, use, slot, pki_use_enabled(document, use), &fault.error);
    if (!err)
        err = commit(txn, &changed, &fault);
    transaction_free(txn);
    if (err)
        return cli_fail(cert->cli, &fault.error);
    pki_use_name(use, name);
    if (slot)
        snprintf(message, sizeof(message), "%s uses the key in slot %u", name, slot);
    else
        snprintf(message, sizeof(message), "%s has no key", name);
    if (changed)
        panel_apply(&cert->panel);
    result = report(cert, message, slot, changed, true);
    panel_warn_applied(&cert->panel, cert->cli);
    if (changed)
        cert_warn_slot(cert, slot, false);
    return result;
}
