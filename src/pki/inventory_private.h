/* SPDX-License-Identifier: Apache-2.0 */
/* What an inventory is inside: for the inventory_*.c files alone. */
#ifndef DEVSEC_PKI_INVENTORY_PRIVATE_H
#define DEVSEC_PKI_INVENTORY_PRIVATE_H

#include "pki/inventory.h"

#define DIGEST_SIZE PKI_FINGERPRINT_SIZE

/* A slot, and which files it was read from. Thousands of them are kept: nothing parsed, no PEM. */
struct entry {
    struct pki_slot slot;
    unsigned char files[MATERIAL_KINDS][DIGEST_SIZE]; /* their names; 0 for none */
    bool verifiable;                                  /* there is a certificate, and it is the key's */
    bool due;                                         /* to be verified */
    bool retry;                                       /* a file is damaged, which may be put right at any time */
    bool opens;                                       /* the device key opens its private key */
    bool shut;                                        /* it does not, although the file is whole */
};

struct trusted_entry {
    struct pki_trusted trusted;
    unsigned char file[DIGEST_SIZE];
};

/* The text of which the last segment was read: managers ask for one segment after the other. */
struct pem_cache {
    char name[MATERIAL_NAME_SIZE]; /* "" for none */
    enum material_kind kind;
    char *octets;
    size_t length;
};

struct inventory {
    const struct material *material;
    const struct device_key *device_key;
    const struct document *document;
    struct entry **slots; /* ascending by slot */
    size_t n_slots;
    struct trusted_entry **trusted; /* ascending by index */
    size_t n_trusted;
    unsigned long reading;       /* the last one given out */
    unsigned long trusted_epoch; /* counts changes of the trusted certificates */
    struct pem_cache *cache;     /* changes without the inventory being another one */
};

/* The entry of a slot, NULL for none. */
struct entry *entry_find(const struct inventory *inventory, unsigned slot);

/* A file's name, 64 hexadecimal digits, in half as many octets; all 0 for any other text. */
void file_digest(unsigned char to[DIGEST_SIZE], const char *name);

/* Reads what a row of TABLE_KEYS or TABLE_TRUSTED refers to (inventory_read.c). Fails for want of memory alone. */
enum devsec_err entry_read(struct entry **out, const struct inventory *inventory, const struct value *row,
                           struct devsec_error *error);
void entry_free(struct entry *entry); /* NULL is legal */
enum devsec_err trusted_entry_read(struct trusted_entry **out, const struct inventory *inventory,
                                   const struct value *row, struct devsec_error *error);
void trusted_entry_free(struct trusted_entry *entry); /* NULL is legal */

#endif
