/* SPDX-License-Identifier: Apache-2.0 */
/* Options and arguments of devsecctl cert and trust; see cert_options.h. */
#include "cert_options.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY              86400
#define DAYS_MAX         36500
#define NAME_MIDNIGHT    "T00:00:00Z"
#define DATE_ROOM        32
#define DATE_ONLY_LENGTH 10 /* "2027-01-31" */

const char *const cert_key_words[] = {"p256",    "p384",    "p521",    "rsa2048", "rsa3072",
                                      "rsa4096", "rsa8192", "rsa1024", NULL};
static const char *const curve_words[] = {"p256", "p384", "p521"}; /* by enum pki_curve - 1 */

const char *const cert_hash_words[] = {"sha1", "sha256", "sha384", "sha512", NULL}; /* by enum pki_hash - 1 */
const char *const cert_kind_words[] = {"request", "certificate", "chain", NULL};    /* by enum pki_pem - 1 */

/* The index of a word in a list; -1 if it is none of them, which has been said then. */
static int find_word(const struct cli *cli, const char *what, const char *const *words, const char *word)
{
    struct text_nearest nearest = {.word = word};
    struct text list = {0};
    int found = -1;

    for (int i = 0; words[i] && found < 0; i++) {
        text_nearest_offer(&nearest, words[i]);
        text_printf(&list, "%s%s", i ? ", " : "", words[i]);
        if (strcmp(words[i], word) == 0)
            found = i;
    }
    if (found < 0 && nearest.name[0] != '\0')
        cli_error(cli, "unknown %s '%s'; did you mean '%s'?", what, cli_quote(word).text, nearest.name);
    else if (found < 0)
        cli_error(cli, "unknown %s '%s'; there are %s", what, cli_quote(word).text, list.data ? list.data : "");
    text_free(&list);
    return found;
}

enum cli_exit cert_read_number(const struct cli *cli, const char *what, const char *word, int64_t low, int64_t high,
                               int64_t *number)
{
    int64_t read = 0;

    if (!text_parse_number(word, &read) || read < low || read > high) {
        cli_error(cli, "%s: expected a number from %lld to %lld, found '%s'", what, (long long)low, (long long)high,
                  cli_quote(word).text);
        return CLI_REFUSED;
    }
    *number = read;
    return CLI_OK;
}

enum cli_exit cert_read_trusted_number(const struct cli *cli, const char *word, int64_t *number)
{
    return cert_read_number(cli, "the certificate's number", word, 1, 65535, number);
}

/* "p256", "rsa2048"; which lengths there are is the library's to judge. */
static enum cli_exit read_key(const struct cli *cli, struct pki_key_spec *spec)
{
    const char *word = cli->options[CLI_OPTION_KEY];
    int64_t bits = 0;

    *spec = (struct pki_key_spec){.type = PKI_KEY_ECDSA, .bits = 2048, .curve = PKI_CURVE_P256};
    if (!word)
        return CLI_OK;
    for (size_t i = 0; i < sizeof(curve_words) / sizeof(curve_words[0]); i++) {
        if (strcmp(word, curve_words[i]) == 0) {
            spec->curve = (enum pki_curve)(i + 1);
            return CLI_OK;
        }
    }
    if (strncmp(word, "rsa", 3) != 0)
        return find_word(cli, "key", cert_key_words, word) < 0 ? CLI_REFUSED : CLI_OK;
    spec->type = PKI_KEY_RSA;
    if (cert_read_number(cli, "--key: the bits of RSA", word + 3, PKI_RSA_BITS_MIN, PKI_RSA_BITS_MAX, &bits))
        return CLI_REFUSED;
    spec->bits = (int)bits;
    return CLI_OK;
}

/* A date alone is its first second. */
static enum cli_exit read_date(const struct cli *cli, const char *option, const char *word, time_t *when)
{
    char text[DATE_ROOM];

    snprintf(text, sizeof(text), "%s%s", word, strlen(word) == DATE_ONLY_LENGTH ? NAME_MIDNIGHT : "");
    if (!text_parse_date(text, when)) {
        cli_error(cli, "--%s: expected a date in UTC such as 2027-01-31 or 2027-01-31T09:00:00Z, found '%s'", option,
                  cli_quote(word).text);
        return CLI_REFUSED;
    }
    return CLI_OK;
}

static enum cli_exit read_dates(const struct cli *cli, struct pki_parameters *parameters)
{
    const char *before = cli->options[CLI_OPTION_NOT_BEFORE];
    const char *after = cli->options[CLI_OPTION_NOT_AFTER];
    const char *days = cli->options[CLI_OPTION_DAYS];
    struct pki_dates *dates = &parameters->dates;
    int64_t number = 0;

    if (after && days)
        return cli_usage(cli, "cert", "--not-after and --days both say when the certificate ends");
    if (before && read_date(cli, "not-before", before, &dates->not_before))
        return CLI_REFUSED;
    if (after && read_date(cli, "not-after", after, &dates->not_after))
        return CLI_REFUSED;
    if (days && cert_read_number(cli, "--days", days, 1, DAYS_MAX, &number))
        return CLI_REFUSED;
    if (days)
        dates->not_after = (before ? dates->not_before : parameters->now) + (time_t)number * DAY;
    return CLI_OK;
}

enum cli_exit cert_read_use(const struct cli *cli, const char *word, struct pki_use *use)
{
    struct text_nearest nearest = {.word = word};
    char name[PKI_USE_NAME_MAX];

    if (pki_use_find(word, use))
        return CLI_OK;
    for (size_t i = 0; i < pki_use_count; i++) {
        pki_use_name(&pki_uses[i], name);
        text_nearest_offer(&nearest, name);
    }
    if (nearest.name[0] != '\0')
        cli_error(cli, "unknown use '%s'; did you mean '%s'?", cli_quote(word).text, nearest.name);
    else
        cli_error(cli, "unknown use '%s'; 'devsecctl cert uses' lists all of them", cli_quote(word).text);
    return CLI_REFUSED;
}

/* Where an option's text goes. The texts are only read, whatever the structure says of them. */
static const struct {
    enum cli_option option;
    size_t offset;
} subject_options[] = {
    {CLI_OPTION_COUNTRY, offsetof(struct pki_subject, country)},
    {CLI_OPTION_STATE, offsetof(struct pki_subject, state)},
    {CLI_OPTION_LOCALITY, offsetof(struct pki_subject, locality)},
    {CLI_OPTION_ORGANIZATION, offsetof(struct pki_subject, organization)},
    {CLI_OPTION_UNIT, offsetof(struct pki_subject, organizational_unit)},
    {CLI_OPTION_ALT_NAMES, offsetof(struct pki_subject, alt_names)},
};

static void read_subject(const struct cli *cli, struct pki_subject *subject)
{
    for (size_t i = 0; i < sizeof(subject_options) / sizeof(subject_options[0]); i++) {
        const char *text = cli->options[subject_options[i].option];

        memcpy((char *)subject + subject_options[i].offset, &text, sizeof(text));
    }
}

enum cli_exit cert_read_options(const struct cli *cli, struct pki_parameters *parameters)
{
    int64_t slot = 0;
    int hash = PKI_HASH_SHA256 - 1;
    enum cli_exit result = CLI_OK;

    parameters->use = (struct pki_use){.usage = PKI_USE_NONE, .instance = 1};
    parameters->now = time(NULL);
    parameters->key_name = cli->options[CLI_OPTION_NAME];
    read_subject(cli, &parameters->subject);
    if (cli->options[CLI_OPTION_SLOT])
        result = cert_read_number(cli, "--slot", cli->options[CLI_OPTION_SLOT], 1, 65535, &slot);
    if (!result)
        result = read_key(cli, &parameters->key);
    if (!result && cli->options[CLI_OPTION_HASH])
        hash = find_word(cli, "hash", cert_hash_words, cli->options[CLI_OPTION_HASH]);
    if (!result && hash < 0)
        result = CLI_REFUSED;
    if (!result)
        result = read_dates(cli, parameters);
    if (!result && cli->options[CLI_OPTION_USE])
        result = cert_read_use(cli, cli->options[CLI_OPTION_USE], &parameters->use);
    parameters->slot = (unsigned)slot;
    parameters->hash = (enum pki_hash)(hash + 1);
    return result;
}

enum cli_exit cert_read_slot(const struct cli *cli, const struct inventory *inventory, const char *word, unsigned *slot)
{
    struct text_nearest nearest = {.word = word};
    int64_t number = 0;
    const bool is_number = text_parse_number(word, &number);

    if (is_number && number > 0 && number <= UINT_MAX && inventory_find(inventory, (unsigned)number)) {
        *slot = (unsigned)number;
        return CLI_OK;
    }
    for (size_t i = 0; i < inventory_slots(inventory); i++) {
        const struct pki_slot *at = inventory_slot(inventory, i);
        const char *name = value_text(&at->row[KEY_NAME]);

        if (strcmp(name, word) == 0) {
            *slot = at->slot;
            return CLI_OK;
        }
        if (!is_number) /* of numbers, every one is near to every other */
            text_nearest_offer(&nearest, name);
    }
    if (nearest.name[0] != '\0')
        cli_error(cli, "there is no key '%s'; did you mean '%s'?", cli_quote(word).text, nearest.name);
    else
        cli_error(cli, "there is no key '%s'; 'devsecctl cert list' lists all of them by slot and name",
                  cli_quote(word).text);
    return CLI_REFUSED;
}

enum cli_exit cert_read_kind(const struct cli *cli, enum pki_pem *kind)
{
    const char *word = cli->options[CLI_OPTION_KIND];
    const int found = word ? find_word(cli, "kind", cert_kind_words, word) : PKI_PEM_CHAIN - 1;

    if (found < 0)
        return CLI_REFUSED;
    *kind = (enum pki_pem)(found + 1);
    return CLI_OK;
}

/* Reads until the end, one octet more than allowed at most. */
static enum cli_exit read_all(const struct cli *cli, int fd, const char *name, size_t most, unsigned char *to,
                              size_t *length)
{
    size_t used = 0;

    while (used <= most) {
        const ssize_t got = TEMP_FAILURE_RETRY(read(fd, to + used, most + 1 - used));

        if (got < 0) {
            cli_error(cli, "%s: %s", name, strerror(errno));
            return CLI_TROUBLE;
        }
        if (got == 0)
            break;
        used += (size_t)got;
    }
    if (used > most) {
        cli_error(cli, "%s: more than %zu octets, which is more than certificates take", name, most);
        return CLI_REFUSED;
    }
    *length = used;
    return CLI_OK;
}

enum cli_exit cert_read_file(const struct cli *cli, const char *path, size_t most, unsigned char **octets,
                             size_t *length)
{
    const bool is_input = strcmp(path, "-") == 0;
    const int fd = is_input ? fileno(cli->in) : open(path, O_RDONLY | O_CLOEXEC);
    unsigned char *buffer = malloc(most + 1);
    enum cli_exit result = CLI_TROUBLE;

    if (fd < 0) {
        cli_error(cli, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!buffer) {
        (void)cli_no_memory(cli);
        goto out;
    }
    result = read_all(cli, fd, is_input ? "standard input" : path, most, buffer, length);
out:
    if (fd >= 0 && !is_input)
        close(fd);
    if (result) {
        secret_free(buffer, most + 1);
        return result;
    }
    *octets = buffer;
    return CLI_OK;
}
