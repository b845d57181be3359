/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl cert create, request, install, import, export, delete, assign, verify, and trust add, remove. */
#include "cert_change.h"
#include "cert_options.h"
#include "commands.h"
#include "pki/bundle.h"
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_ROOM     257
#define PKCS12_FILE_MAX ((size_t)256 * 1024)

/* A secret that is no administrator's password: on the terminal without echo, else the one line of standard input. */
static enum cli_exit read_secret(const struct cli *cli, const char *prompt, char secret[SECRET_ROOM])
{
    struct devsec_error error = {DEVSEC_OK, ""};
    size_t length = 0;
    enum cli_exit result;
    unsigned char *octets = NULL;

    if (isatty(fileno(cli->in)))
        return terminal_read_hidden(fileno(cli->in), cli->err, prompt, secret, SECRET_ROOM, &error)
                   ? cli_fail(cli, &error)
                   : CLI_OK;
    result = cert_read_file(cli, "-", SECRET_ROOM, &octets, &length);
    if (result)
        return result;
    if (length > 0 && octets[length - 1] == '\n')
        length--;
    if (length >= SECRET_ROOM || memchr(octets, '\n', length) || memchr(octets, '\0', length)) {
        cli_error(cli, "expected one line of at most %d octets on standard input", SECRET_ROOM - 1);
        result = CLI_REFUSED;
    } else {
        memcpy(secret, octets, length);
        secret[length] = '\0';
    }
    secret_free(octets, SECRET_ROOM + 1);
    return result;
}

/* Opens, does one piece of work, closes. */
static enum cli_exit run_once(const struct cli *cli, const struct pki_parameters *parameters)
{
    struct cert_panel cert;
    enum cli_exit result = cert_open(&cert, cli, PANEL_CHANGE);

    if (!result)
        result = cert_run(&cert, parameters);
    cert_close(&cert);
    return result;
}

enum cli_exit command_cert_create(const struct cli *cli, int argc, char **argv)
{
    struct pki_parameters parameters = {.operation = PKI_CREATE_SELF_SIGNED};
    enum cli_exit result = cert_read_options(cli, &parameters);

    (void)argc;
    parameters.subject.common_name = argv[0];
    return result ? result : run_once(cli, &parameters);
}

enum cli_exit command_cert_request(const struct cli *cli, int argc, char **argv)
{
    struct pki_parameters parameters = {.operation = PKI_CREATE_REQUEST};
    char challenge[SECRET_ROOM] = "";
    enum cli_exit result = cert_read_options(cli, &parameters);

    (void)argc;
    parameters.subject.common_name = argv[0];
    if (!result && cli->options[CLI_OPTION_CHALLENGE])
        result = read_secret(cli, "Challenge password: ", challenge);
    if (!result && cli->options[CLI_OPTION_CHALLENGE] && challenge[0] == '\0') {
        cli_error(cli, "the challenge password is empty; expected the CA's on one line of standard input");
        result = CLI_REFUSED;
    }
    parameters.challenge = challenge;
    if (!result)
        result = run_once(cli, &parameters);
    explicit_bzero(challenge, sizeof(challenge));
    return result;
}

/* Reads a file of certificates and gives it to one piece of work. */
static enum cli_exit run_with_file(const struct cli *cli, struct pki_parameters *parameters, const char *path)
{
    unsigned char *octets = NULL;
    size_t length = 0;
    enum cli_exit result = cert_read_file(cli, path, PKI_BUNDLE_OCTETS_MAX, &octets, &length);

    parameters->upload = octets;
    parameters->upload_length = length;
    if (!result)
        result = run_once(cli, parameters);
    secret_free(octets, length); /* somebody may have given the wrong file */
    return result;
}

enum cli_exit command_cert_install(const struct cli *cli, int argc, char **argv)
{
    struct pki_parameters parameters = {.operation = PKI_INSTALL_CERTIFICATE};
    enum cli_exit result = cert_read_options(cli, &parameters);

    (void)argc;
    return result ? result : run_with_file(cli, &parameters, argv[0]);
}

enum cli_exit command_trust_add(const struct cli *cli, int argc, char **argv)
{
    struct pki_parameters parameters = {.operation = PKI_INSTALL_TRUSTED};
    enum cli_exit result = cert_read_options(cli, &parameters);

    (void)argc;
    return result ? result : run_with_file(cli, &parameters, argv[0]);
}

enum cli_exit command_cert_import(const struct cli *cli, int argc, char **argv)
{
    struct pki_parameters parameters = {.operation = PKI_IMPORT_PKCS12};
    char password[SECRET_ROOM] = "";
    unsigned char *octets = NULL;
    size_t length = 0;
    enum cli_exit result = cert_read_options(cli, &parameters);

    (void)argc;
    if (!result && strcmp(argv[0], "-") == 0)
        result = cli_usage(cli, "cert import", "standard input is for the password; name the file");
    if (!result)
        result = cert_read_file(cli, argv[0], PKCS12_FILE_MAX, &octets, &length);
    if (!result)
        result = read_secret(cli, "Password of the file: ", password);
    parameters.upload = octets;
    parameters.upload_length = length;
    parameters.password = password;
    if (!result)
        result = run_once(cli, &parameters);
    explicit_bzero(password, sizeof(password));
    secret_free(octets, length);
    return result;
}

/* Work on a key that is there, named by the first argument. */
static enum cli_exit run_on_slot(const struct cli *cli, enum pki_operation operation, const char *word)
{
    struct pki_parameters parameters = {.operation = operation};
    struct cert_panel cert;
    enum cli_exit result = cert_open(&cert, cli, PANEL_CHANGE);

    if (!result)
        result = cert_read_options(cli, &parameters);
    if (!result)
        result = cert_read_slot(cli, cert.pki.inventory, word, &parameters.slot);
    if (!result)
        result = cert_run(&cert, &parameters);
    cert_close(&cert);
    return result;
}

enum cli_exit command_cert_delete(const struct cli *cli, int argc, char **argv)
{
    (void)argc;
    return run_on_slot(cli, PKI_DELETE_KEY, argv[0]);
}

enum cli_exit command_cert_verify(const struct cli *cli, int argc, char **argv)
{
    (void)argc;
    return run_on_slot(cli, PKI_VERIFY, argv[0]);
}

enum cli_exit command_cert_assign(const struct cli *cli, int argc, char **argv)
{
    struct pki_use use = {.usage = PKI_USE_NONE};
    struct cert_panel cert = {.cli = cli};
    unsigned slot = 0;
    enum cli_exit result = cert_read_use(cli, argv[0], &use);

    (void)argc;
    if (!result)
        result = cert_open(&cert, cli, PANEL_CHANGE);
    if (!result && strcmp(argv[1], "0") == 0) {
        cli_error(cli, "there is no key '0'; 'none' takes the key away");
        result = CLI_REFUSED;
    }
    if (!result && strcmp(argv[1], "none") != 0)
        result = cert_read_slot(cli, cert.pki.inventory, argv[1], &slot);
    if (!result)
        result = cert_assign(&cert, &use, slot);
    cert_close(&cert);
    return result;
}

enum cli_exit command_cert_export(const struct cli *cli, int argc, char **argv)
{
    struct pki_fault fault = {.cause = PKI_NONE};
    enum pki_pem kind = PKI_PEM_CHAIN;
    struct cert_panel cert = {.cli = cli};
    char *text = NULL;
    size_t length = 0;
    unsigned slot = 0;
    enum cli_exit result = cert_read_kind(cli, &kind);

    (void)argc;
    if (!result)
        result = cert_open(&cert, cli, PANEL_LOOK);
    if (!result)
        result = cert_read_slot(cli, cert.pki.inventory, argv[0], &slot);
    if (!result &&
        inventory_pem(cert.pki.inventory, inventory_find(cert.pki.inventory, slot), kind, &text, &length, &fault))
        result = cli_fail(cli, &fault.error);
    if (!result)
        fwrite(text, 1, length, cli->out);
    free(text);
    cert_close(&cert);
    return result;
}

enum cli_exit command_trust_remove(const struct cli *cli, int argc, char **argv)
{
    struct pki_parameters parameters = {.operation = PKI_REMOVE_TRUSTED};
    int64_t index = 0;
    enum cli_exit result = cert_read_options(cli, &parameters);

    (void)argc;
    if (!result)
        result = cert_read_trusted_number(cli, argv[0], &index);
    parameters.slot = (unsigned)index;
    return result ? result : run_once(cli, &parameters);
}
