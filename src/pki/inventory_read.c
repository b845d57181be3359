/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a key or of a trusted certificate say, in as few octets as possible; see inventory.h. */
#include "pki/inventory_private.h"

#include "base/text.h"
#include "pki/chain_file.h"
#include "pki/key_file.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a reading has read and parsed, for as long as it lasts. Parsing a key takes longer than all the rest, so it is
 * done only where the certificate's will not do: when it is not there, or seems to be another. */
struct reading {
    const struct inventory *inventory;
    struct entry *entry;
    char *key_text; /* NULL while the key is unknown */
    size_t key_length;
    EVP_PKEY *key;
    bool has_summary;
    bool has_key_info; /* the summary's key is the slot's */
};

/* By enum material_kind: what a file is called, and what helps when it cannot be used. */
static const struct {
    const char *what;
    const char *remedy;
} kinds[MATERIAL_KINDS] = {
    [MATERIAL_KEY] = {"private key", "bring the file back from a backup, or put another key in the slot"},
    [MATERIAL_REQUEST] = {"certificate request",
                          "bring the file back from a backup, or delete the key and request anew"},
    [MATERIAL_CERTIFICATES] = {"certificate", "bring the file back from a backup, or install the certificate again"},
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void file_digest(unsigned char to[DIGEST_SIZE], const char *name)
{
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        const int high = hex_digit(name[2 * i]);
        const int low = high < 0 ? -1 : hex_digit(name[2 * i + 1]);

        if (low < 0) {
            memset(to, 0, DIGEST_SIZE);
            return;
        }
        to[i] = (unsigned char)(high << 4 | low);
    }
}

/* ---- Texts and digests ---- */

bool inventory_key_digest(unsigned char to[PKI_FINGERPRINT_SIZE], const X509_PUBKEY *key)
{
    unsigned char *der = NULL;
    const int length = i2d_X509_PUBKEY(key, &der);
    const bool good = length > 0 && EVP_Digest(der, (size_t)length, to, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(der);
    ERR_clear_error();
    return good;
}

/* Gives back what a text has too much. */
static void fit(char **text)
{
    char *exact = *text ? realloc(*text, strlen(*text) + 1) : NULL;

    if (exact)
        *text = exact;
}

static void fit_summary(struct pki_summary *summary)
{
    fit(&summary->signature_algorithm);
    fit(&summary->subject);
    fit(&summary->alt_names);
    fit(&summary->issuer);
    fit(&summary->serial_number);
}

/* A summary without certificate or request: empty texts. */
static enum devsec_err empty_summary(struct pki_summary *summary, struct pki_fault *fault)
{
    char **const texts[] = {&summary->signature_algorithm, &summary->subject, &summary->alt_names, &summary->issuer,
                            &summary->serial_number};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = strdup("");
        if (!*texts[i])
            return pki_fail_memory(fault);
    }
    return DEVSEC_OK;
}

/* Keeps the first thing that is wrong with a slot's files; only want of memory is passed on. A device key that is
 * missing is nothing about the file, says what to do by itself, and stays what it is until a restart. */
static enum devsec_err note_trouble(struct entry *entry, enum material_kind kind, const struct pki_fault *fault)
{
    struct text text = {.data = NULL};

    if (fault->cause == PKI_OUT_OF_MEMORY)
        return DEVSEC_ERR_MEMORY;
    if (entry->slot.trouble)
        return DEVSEC_OK;
    entry->retry = fault->cause != PKI_DEVICE_KEY_UNAVAILABLE;
    if (!entry->retry)
        text_append(&text, fault->error.text);
    else
        text_printf(&text, "%s: %s; %s", kinds[kind].what, fault->error.text, kinds[kind].remedy);
    entry->slot.trouble = text_take(&text);
    fit(&entry->slot.trouble);
    return entry->slot.trouble ? DEVSEC_OK : DEVSEC_ERR_MEMORY;
}

/* ---- The parts of a slot ---- */

static enum devsec_err read_key(struct reading *reading, const char *name)
{
    struct pki_slot *slot = &reading->entry->slot;
    struct pki_fault fault = {.cause = PKI_NONE};
    char *text = NULL;
    size_t length = 0;
    enum devsec_err err = file_load(reading->inventory->material, MATERIAL_KEY, name, &text, &length, &fault);

    if (!err) {
        err = key_file_digest(slot->public_key, text, length, &fault);
        if (!err) {
            reading->key_text = text;
            reading->key_length = length;
            err = key_file_probe(text, length, reading->inventory->device_key, &fault);
            reading->entry->opens = err == DEVSEC_OK;
            reading->entry->shut = fault.cause == PKI_DEVICE_KEY_UNAVAILABLE;
        } else {
            free(text);
        }
        if (err)
            file_name_fault(&fault, MATERIAL_KEY, name);
    }
    return err ? note_trouble(reading->entry, MATERIAL_KEY, &fault) : DEVSEC_OK;
}

static enum devsec_err parse_key(struct reading *reading, struct pki_fault *fault)
{
    return reading->key ? DEVSEC_OK : key_file_public(&reading->key, reading->key_text, reading->key_length, fault);
}

/* What the slot's own key is, where neither certificate nor request has said so. */
static enum devsec_err describe_key(struct reading *reading, const struct value *row)
{
    struct pki_summary *summary = &reading->entry->slot.summary;
    struct pki_fault fault = {.cause = PKI_NONE};
    enum devsec_err err = DEVSEC_OK;

    if (reading->has_key_info)
        return DEVSEC_OK;
    summary->key = (struct pki_key_info){.type = (enum pki_key_type)row[KEY_TYPE].number, .curve = PKI_CURVE_NONE};
    if (!reading->key_text)
        return DEVSEC_OK;
    err = parse_key(reading, &fault);
    if (!err)
        err = pki_key_describe(&summary->key, reading->key, &fault);
    if (err) {
        file_name_fault(&fault, MATERIAL_KEY, value_text(&row[KEY_FILE]));
        return note_trouble(reading->entry, MATERIAL_KEY, &fault);
    }
    if (!reading->has_summary)
        summary->weakness = pki_key_weakness(&summary->key);
    return DEVSEC_OK;
}

/* How long the first PEM block is, its line end included. */
static size_t first_block(const char *octets, size_t length)
{
    static const char mark[] = "-----END CERTIFICATE-----";
    const char *end = memmem(octets, length, mark, sizeof(mark) - 1);
    const char *line = end ? memchr(end, '\n', length - (size_t)(end - octets)) : NULL;

    return line ? (size_t)(line - octets) + 1 : length;
}

/* Whether a certificate's or a request's key is the slot's; a slot whose key is unknown has no say. Usually they are
 * the same to the octet. */
static bool is_same_key(struct reading *reading, X509_PUBKEY *other)
{
    const EVP_PKEY *key = X509_PUBKEY_get0(other);
    unsigned char digest[DIGEST_SIZE];
    bool same = !reading->key_text || (inventory_key_digest(digest, other) &&
                                       memcmp(digest, reading->entry->slot.public_key, sizeof(digest)) == 0);

    if (!same && key && !parse_key(reading, NULL))
        same = EVP_PKEY_eq(reading->key, key) == 1;
    ERR_clear_error();
    return same;
}

static void keep_summary(struct reading *reading, struct pki_summary *summary, bool is_of_key)
{
    reading->entry->slot.summary = *summary;
    fit_summary(&reading->entry->slot.summary);
    reading->has_summary = true;
    reading->has_key_info = is_of_key && reading->key_text;
}

static enum devsec_err read_leaf(struct reading *reading, X509 *leaf, struct pki_fault *fault)
{
    struct pki_slot *slot = &reading->entry->slot;
    struct pki_summary summary = {.not_after = 0};
    enum devsec_err err = pki_summary_of_certificate(&summary, leaf, fault);

    if (err)
        return err;
    reading->entry->verifiable = is_same_key(reading, X509_get_X509_PUBKEY(leaf));
    keep_summary(reading, &summary, reading->entry->verifiable);
    if (reading->entry->verifiable)
        return DEVSEC_OK;
    slot->verification.verdict = PKI_VERDICT_KEY_MISMATCH;
    snprintf(slot->verification.text, sizeof(slot->verification.text), "%s", PKI_MISMATCH_TEXT);
    return pki_fail(fault, PKI_KEY_MISMATCH, DEVSEC_ERR_INCONSISTENT, "it is not that of the key in the slot");
}

static enum devsec_err read_certificate(struct reading *reading, const char *name)
{
    struct pki_slot *slot = &reading->entry->slot;
    struct pki_fault fault = {.cause = PKI_NONE};
    STACK_OF(X509) *chain = NULL;
    char *octets = NULL;
    size_t length = 0;
    enum devsec_err err = chain_file_load(&chain, reading->inventory->material, name, &octets, &length, &fault);

    if (!err) {
        slot->intermediates = (unsigned)sk_X509_num(chain) - 1;
        slot->pem_length[PKI_PEM_CHAIN - 1] = length;
        slot->pem_length[PKI_PEM_CERTIFICATE - 1] = first_block(octets, length);
        err = read_leaf(reading, sk_X509_value(chain, 0), &fault);
    }
    sk_X509_pop_free(chain, X509_free);
    free(octets);
    reading->entry->due = reading->entry->verifiable;
    return err ? note_trouble(reading->entry, MATERIAL_CERTIFICATES, &fault) : DEVSEC_OK;
}

static enum devsec_err parse_request(struct reading *reading, const char *octets, size_t length,
                                     struct pki_fault *fault)
{
    struct pki_summary summary = {.not_after = 0};
    BIO *bio = BIO_new_mem_buf(octets, (int)length);
    X509_REQ *request = bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
    enum devsec_err err = DEVSEC_OK;

    if (!request)
        err = pki_fail_openssl(fault, bio ? PKI_DAMAGED : PKI_OUT_OF_MEMORY, "no certificate request in PEM");
    if (!err && !is_same_key(reading, X509_REQ_get_X509_PUBKEY(request)))
        err = pki_fail(fault, PKI_KEY_MISMATCH, DEVSEC_ERR_INCONSISTENT, "it is not that of the key in the slot");
    if (!err && !reading->has_summary) {
        err = pki_summary_of_request(&summary, request, fault);
        if (!err)
            keep_summary(reading, &summary, true);
    }
    X509_REQ_free(request);
    BIO_free(bio);
    return err;
}

static enum devsec_err read_request(struct reading *reading, const char *name)
{
    struct pki_fault fault = {.cause = PKI_NONE};
    char *octets = NULL;
    size_t length = 0;
    enum devsec_err err = file_load(reading->inventory->material, MATERIAL_REQUEST, name, &octets, &length, &fault);

    if (!err) {
        err = parse_request(reading, octets, length, &fault);
        if (err)
            file_name_fault(&fault, MATERIAL_REQUEST, name);
        else
            reading->entry->slot.pem_length[PKI_PEM_REQUEST - 1] = length;
    }
    free(octets);
    return err ? note_trouble(reading->entry, MATERIAL_REQUEST, &fault) : DEVSEC_OK;
}

/* ---- Entries ---- */

/* The certificate before the request, because its summary goes before. */
static enum devsec_err read_files(struct reading *reading, const struct value *row)
{
    const char *certificate = value_text(&row[KEY_CERTIFICATE]);
    const char *request = value_text(&row[KEY_REQUEST]);
    struct pki_fault fault = {.cause = PKI_NONE};
    enum devsec_err err = read_key(reading, value_text(&row[KEY_FILE]));

    if (!err && *certificate)
        err = read_certificate(reading, certificate);
    if (!err && *request)
        err = read_request(reading, request);
    if (!err && !reading->has_summary)
        err = empty_summary(&reading->entry->slot.summary, &fault);
    return err ? err : describe_key(reading, row);
}

static enum pki_status status_of(const struct entry *entry, const struct value *row)
{
    if (entry->slot.trouble)
        return PKI_STATUS_DAMAGED;
    if (!value_is_empty(&row[KEY_CERTIFICATE]))
        return PKI_INSTALLED;
    return value_is_empty(&row[KEY_REQUEST]) ? PKI_KEY_ALONE : PKI_REQUESTING;
}

enum devsec_err entry_read(struct entry **out, const struct inventory *inventory, const struct value *row,
                           struct devsec_error *error)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    struct reading reading = {.inventory = inventory, .entry = entry};
    enum devsec_err err = DEVSEC_OK;

    if (!entry)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the inventory of keys");
    entry->slot.slot = (unsigned)row[KEY_SLOT].number;
    entry->slot.row = row;
    entry->slot.verification.verdict = PKI_NOT_CHECKED;
    for (size_t kind = 0; kind < MATERIAL_KINDS; kind++)
        file_digest(entry->files[kind], value_text(&row[KEY_FILE + kind]));
    err = read_files(&reading, row);
    EVP_PKEY_free(reading.key);
    free(reading.key_text);
    if (err) {
        entry_free(entry);
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the inventory of keys");
    }
    entry->slot.status = status_of(entry, row);
    *out = entry;
    return DEVSEC_OK;
}

void entry_free(struct entry *entry)
{
    if (!entry)
        return;
    pki_summary_clear(&entry->slot.summary);
    free(entry->slot.trouble);
    free(entry);
}

enum devsec_err trusted_entry_read(struct trusted_entry **out, const struct inventory *inventory,
                                   const struct value *row, struct devsec_error *error)
{
    const char *name = value_text(&row[TRUSTED_CERTIFICATE]);
    struct trusted_entry *entry = calloc(1, sizeof(*entry));
    struct pki_fault fault = {.cause = PKI_NONE};
    STACK_OF(X509) *certificates = NULL;
    enum devsec_err err = DEVSEC_OK;

    if (!entry)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the trusted certificates");
    entry->trusted.index = (unsigned)row[TRUSTED_INDEX].number;
    entry->trusted.row = row;
    file_digest(entry->file, name);
    err = chain_file_load(&certificates, inventory->material, name, NULL, NULL, &fault);
    if (!err)
        err = pki_summary_of_certificate(&entry->trusted.summary, sk_X509_value(certificates, 0), &fault);
    sk_X509_pop_free(certificates, X509_free);
    if (err && fault.cause != PKI_OUT_OF_MEMORY) {
        err = empty_summary(&entry->trusted.summary, &fault);
        if (!err && asprintf(&entry->trusted.trouble, "%s; remove it and install it again", fault.error.text) < 0)
            err = DEVSEC_ERR_MEMORY;
    }
    fit_summary(&entry->trusted.summary);
    if (err) {
        trusted_entry_free(entry);
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory for the trusted certificates");
    }
    *out = entry;
    return DEVSEC_OK;
}

void trusted_entry_free(struct trusted_entry *entry)
{
    if (!entry)
        return;
    pki_summary_clear(&entry->trusted.summary);
    free(entry->trusted.trouble);
    free(entry);
}
