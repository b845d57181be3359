/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the options, and one whole run from the command line to flushed output. */
#include "cli.h"
#include "commands.h"
#include "device/config.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const struct option_text command_options[] = {
    {'c', "config", "FILE", "the configuration to use"},
    {'o', "output", "FORMAT", "text (the default), yaml or json"},
    {'q', "quiet", NULL, "no reports of success and no warnings"},
    {'h', "help", NULL, "explain the command"},
    {'V', "version", NULL, "print the version"},
    {OPTION_LONG + CLI_OPTION_ROLE, "role", "ROLE", "what the administrator is responsible for"},
    {OPTION_LONG + CLI_OPTION_AUTH, "auth", "PROTOCOL", "authentication: SHA-256 (the default), SHA-384, ..."},
    {OPTION_LONG + CLI_OPTION_PRIV, "priv", "PROTOCOL", "encryption: AES-128 (the default), AES-192, ..."},
    {OPTION_LONG + CLI_OPTION_ENGINE_ID, "engine-id", "HEX", "snmpd's engine ID, where snmpd does not run"},
    {OPTION_LONG + CLI_OPTION_MASTER_KEYS, "master-keys", NULL, "keys that fit every engine ID"},
    {OPTION_LONG + CLI_OPTION_NO_PASSWORD, "no-password", NULL, "no password yet, and so no access"},
    {OPTION_LONG + CLI_OPTION_NEW_DEVICE_KEY, "new-device-key", NULL, "go on with a new device key, if it is missing"},
    {OPTION_LONG + CLI_OPTION_SLOT, "slot", "N", "the slot (default: a free one, or the one that fits)"},
    {OPTION_LONG + CLI_OPTION_NAME, "name", "NAME", "the key's name (default: Key N)"},
    {OPTION_LONG + CLI_OPTION_KEY, "key", "KIND", "p256 (the default), p384, p521, rsa2048, rsa3072, ..."},
    {OPTION_LONG + CLI_OPTION_HASH, "hash", "HASH", "sha256 (the default), sha384, sha512, sha1"},
    {OPTION_LONG + CLI_OPTION_ALT_NAMES, "alt-names", "LIST", "more host names and addresses, with commas"},
    {OPTION_LONG + CLI_OPTION_ORGANIZATION, "organization", "TEXT", "the subject's organization"},
    {OPTION_LONG + CLI_OPTION_UNIT, "unit", "TEXT", "the subject's organizational unit"},
    {OPTION_LONG + CLI_OPTION_LOCALITY, "locality", "TEXT", "the subject's city"},
    {OPTION_LONG + CLI_OPTION_STATE, "state", "TEXT", "the subject's state or province"},
    {OPTION_LONG + CLI_OPTION_COUNTRY, "country", "CC", "the subject's country, two letters"},
    {OPTION_LONG + CLI_OPTION_NOT_BEFORE, "not-before", "DATE", "2027-01-31 or 2027-01-31T09:00:00Z (default: now)"},
    {OPTION_LONG + CLI_OPTION_NOT_AFTER, "not-after", "DATE", "the end, likewise"},
    {OPTION_LONG + CLI_OPTION_DAYS, "days", "N", "the end, in days from the beginning (default: 730)"},
    {OPTION_LONG + CLI_OPTION_USE, "use", "USE", "assign the key: tls, ieee8021x, ipsec-1, ..."},
    {OPTION_LONG + CLI_OPTION_CHALLENGE, "challenge", NULL, "ask for the CA's challenge password"},
    {OPTION_LONG + CLI_OPTION_KIND, "kind", "KIND", "chain (the default), certificate or request"},
};
const size_t command_option_count = sizeof(command_options) / sizeof(command_options[0]);

#define LONG_OPTIONS (sizeof(command_options) / sizeof(command_options[0]))

/* '-' first: words that are no options are handed over in their place, whatever POSIXLY_CORRECT says. */
static const char short_options[] = "-:c:o:qhV";

static void fill_long_options(struct option *list)
{
    for (size_t i = 0; i < LONG_OPTIONS; i++) {
        list[i] = (struct option){.name = command_options[i].name,
                                  .has_arg = command_options[i].argument ? required_argument : no_argument,
                                  .val = command_options[i].letter};
    }
}

static enum cli_exit read_format(struct cli *cli, const char *word)
{
    for (enum cli_format format = 0; format < CLI_FORMATS; format++) {
        if (strcmp(word, cli_format_names[format]) == 0) {
            cli->format = format;
            return CLI_OK;
        }
    }
    return cli_usage(cli, NULL, "unknown output format '%s'; there are text, yaml and json", cli_quote(word).text);
}

/*
 * getopt_long leaves in optopt the letter of an option that it knows, the letter that it does not know, or 0 for a long
 * option that it does not know. A known one without an argument can only have been written --name=something.
 */
static enum cli_exit bad_option(const struct cli *cli, int sign, const char *word)
{
    for (size_t i = 0; optopt && i < LONG_OPTIONS; i++) {
        if (command_options[i].letter == optopt)
            return cli_usage(cli, NULL, "option --%s %s", command_options[i].name,
                             sign == ':' ? "needs an argument" : "takes no argument");
    }
    if (optopt)
        return cli_usage(cli, NULL, "unknown option -%c; -- goes before an argument that begins with a dash", optopt);
    return cli_usage(cli, NULL, "unknown option %s; -- goes before an argument that begins with a dash",
                     cli_quote(word).text);
}

static enum cli_exit take_option(struct cli *cli, int option, char **argv)
{
    if (option >= OPTION_LONG) {
        cli->options[option - OPTION_LONG] = optarg ? optarg : "";
        return CLI_OK;
    }
    switch (option) {
    case 'c':
        cli->config_path = optarg;
        return CLI_OK;
    case 'o':
        return read_format(cli, optarg);
    case 'q':
        cli->quiet = true;
        return CLI_OK;
    case 'h':
        cli->help = true;
        return CLI_OK;
    case 'V':
        cli->version = true;
        return CLI_OK;
    default:
        return bad_option(cli, option, argv[optind - 1]);
    }
}

bool option_fits(const struct option_text *option, unsigned mask)
{
    return option->letter < OPTION_LONG || (mask & (1u << (option->letter - OPTION_LONG)));
}

enum cli_exit options_read(struct cli *cli, int argc, char **argv, char **words, int *n_words)
{
    struct option list[LONG_OPTIONS + 1] = {{0}};
    enum cli_exit result = CLI_OK;
    int option;

    fill_long_options(list);
    optind = 0; /* glibc: start anew */
    *n_words = 0;
    while (result == CLI_OK && (option = getopt_long(argc, argv, short_options, list, NULL)) != -1) {
        if (option == 1)
            words[(*n_words)++] = optarg;
        else
            result = take_option(cli, option, argv);
    }
    while (result == CLI_OK && optind < argc)
        words[(*n_words)++] = argv[optind++];
    return result;
}

/* Output that did not arrive is a failure, also when everything before it went well. */
static enum cli_exit flush(const struct cli *cli, enum cli_exit result)
{
    const int bad = ferror(cli->out);

    errno = 0;
    if (fflush(cli->out) == 0 && !bad)
        return result;
    cli_error(cli, "cannot write the output%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
    return CLI_TROUBLE;
}

enum cli_exit cli_run(FILE *in, FILE *out, FILE *err, int argc, char **argv)
{
    const char *from_environment = secure_getenv("DEVSEC_CONFIG");
    struct cli cli = {.in = in, .out = out, .err = err};
    char **words = calloc((size_t)argc + 1, sizeof(*words));
    enum cli_exit result;
    int n_words = 0;

    cli.config_path = from_environment && *from_environment ? from_environment : CONFIG_DEFAULT_PATH;
    cli.paint_out = cli_wants_paint(out);
    cli.paint_err = cli_wants_paint(err);
    if (!words) {
        result = cli_no_memory(&cli);
        goto out;
    }
    result = options_read(&cli, argc, argv, words, &n_words);
    if (result)
        goto out;
    if (cli.version)
        fprintf(out, "devsecctl %s\n", DEVSEC_VERSION);
    else if (cli.help)
        result = command_help(&cli, n_words, words);
    else
        result = command_dispatch(&cli, n_words, words);
out:
    free(words);
    return flush(&cli, result);
}
