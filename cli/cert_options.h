/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the options and arguments of devsecctl cert and trust. */
#ifndef DEVSEC_CLI_CERT_OPTIONS_H
#define DEVSEC_CLI_CERT_OPTIONS_H

#include "cli.h"
#include "pki/task.h"

/* The defaults, and what the options say: slot, name, key, hash, subject, dates, use. Texts are borrowed from `cli`.
 * Says itself what is wrong. */
enum cli_exit cert_read_options(const struct cli *cli, struct pki_parameters *parameters);

/* "3", or the key's name, as an argument; the slot has to be there. A number is a slot first of all. */
enum cli_exit cert_read_slot(const struct cli *cli, const struct inventory *inventory, const char *word,
                             unsigned *slot);

/* The number of a trusted certificate, which need not be there. */
enum cli_exit cert_read_trusted_number(const struct cli *cli, const char *word, int64_t *number);

/* "tls", "ipsec-3". */
enum cli_exit cert_read_use(const struct cli *cli, const char *word, struct pki_use *use);

/* --kind, chain where it is not given. */
enum cli_exit cert_read_kind(const struct cli *cli, enum pki_pem *kind);

/* A number from `low` to `high`; `what` is for the sentence. */
enum cli_exit cert_read_number(const struct cli *cli, const char *what, const char *word, int64_t low, int64_t high,
                               int64_t *number);

/* A whole file, or standard input for "-", of `most` octets; the caller frees (secret_free). */
enum cli_exit cert_read_file(const struct cli *cli, const char *path, size_t most, unsigned char **octets,
                             size_t *length);

/* The words that --key, --hash, --use and --kind take, for completion; NULL behind the last. */
extern const char *const cert_key_words[];
extern const char *const cert_hash_words[];
extern const char *const cert_kind_words[];

#endif
