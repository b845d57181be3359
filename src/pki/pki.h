/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates of one device: what devsecd and devsecctl open beside the store. */
#ifndef DEVSEC_PKI_PKI_H
#define DEVSEC_PKI_PKI_H

#include "device/device.h"
#include "pki/inventory.h"
#include "pki/material.h"
#include "secret/seal.h"
#include "store/store.h"

/* Which keys of its own the device makes; indexes the words of the column `reserved`. */
enum pki_reserved { PKI_RESERVED_DEFAULT, PKI_RESERVED_AMS, PKI_RESERVED_DEVICE_SIGNATURE, PKI_RESERVED_COUNT };

/* "Default Key", "AMS", "Device Signature Key" [A2, C7]. */
extern const char *const pki_reserved_names[PKI_RESERVED_COUNT];

struct pki {
    const struct device *device; /* borrowed: profile (limit, reserved keys, firmware) */
    struct material *material;
    struct device_key *device_key;                /* NULL when it is missing or cannot be read */
    char device_key_error[DEVSEC_ERROR_TEXT_MAX]; /* why, or that it is a wrong one, with what to do; "" otherwise */
    struct inventory *inventory;
};

/*
 * Opens material and device key and follows the store's document. A device key that is missing is made only where
 * nothing sealed exists that it could have sealed (and `read_only` is false); a missing one otherwise, a wrong or an
 * unreadable one is no failure: the device runs on with its keys damaged and says why. A wrong one (it opens none of
 * the private keys) is there to be used: new keys can be made. One that is put right is taken over by opening again.
 * Only what hinders everything fails.
 */
enum devsec_err pki_open(struct pki *pki, const struct device *device, const struct store *store,
                         const char *store_directory, bool read_only, struct devsec_error *error);
void pki_close(struct pki *pki); /* legal on a zeroed structure */

/*
 * Removes material that nothing refers to any more. A private key goes as soon as the current document does not refer
 * to it: deleting a key is final, whatever generations are kept. Requests and certificates stay while a kept generation
 * refers to them, good or damaged. What others have committed and this store has not followed yet counts, too.
 * `*put_off` when it has to be tried again: while somebody puts material or writes to the store, and while older
 * settings stand in for damaged ones (STORE_RECOVERED), since nobody knows then what the damaged ones referred to.
 */
enum devsec_err pki_collect(struct pki *pki, struct store *store, bool *put_off, struct devsec_error *error);

#endif
