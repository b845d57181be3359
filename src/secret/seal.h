/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing: how secrets stand in files, readable only with the device's own key (AES-256-GCM, NIST SP 800-38D). */
#ifndef DEVSEC_SECRET_SEAL_H
#define DEVSEC_SECRET_SEAL_H

#include "base/error.h"

#include <stddef.h>

/* Where the device key comes from is behind this one type, so that a TPM can take the place of the file. */
struct device_key;

/*
 * Opens the key in the file `path`. DEVSEC_ERR_NOT_FOUND if there is none; DEVSEC_ERR_UNSAFE unless it is a regular
 * file, not a symbolic link, that belongs to this user or root with mode 0600 or less; DEVSEC_ERR_SYNTAX unless it
 * holds 32 octets that are not all 0; DEVSEC_ERR_IO, _MEMORY.
 */
enum devsec_err device_key_open(struct device_key **out, const char *path, struct devsec_error *error);

/*
 * As device_key_open; makes the file, from the kernel's random numbers, if there is none. One key wins when two
 * processes do so at once, and both get that one. On DEVSEC_OK it is on disk, whole; what is cut short at any moment
 * leaves the whole key or none (and perhaps a PATH.new-XXXXXXXX beside it, which may be deleted).
 */
enum devsec_err device_key_create(struct device_key **out, const char *path, struct devsec_error *error);

void device_key_free(struct device_key *key); /* cleansed; NULL is legal */

/* The longest secret that can be sealed, in octets. */
#define SEAL_PLAIN_MAX 8192

/*
 * A sealed text: SEAL_PREFIX, which tells the format's version, and in base64 (RFC 4648, 4) the nonce, as many octets
 * as the secret has, and the tag. So its length, without the closing NUL, follows from the secret's:
 */
#define SEAL_PREFIX              "sealed1:"
#define SEAL_NONCE_SIZE          12
#define SEAL_TAG_SIZE            16
#define SEAL_TEXT_LENGTH(length) (sizeof(SEAL_PREFIX) - 1 + (SEAL_NONCE_SIZE + (length) + SEAL_TAG_SIZE + 2) / 3 * 4)

/*
 * Seals `length` octets into a new text of printable ASCII without blanks, which the caller frees. `context` says what
 * the secret is for ("administrators/alice/keys"): it is authenticated, so that a sealed text that was moved elsewhere
 * does not open there. DEVSEC_ERR_WRONG_LENGTH above SEAL_PLAIN_MAX; DEVSEC_ERR_IO without random numbers, _MEMORY.
 *
 * Each text has a nonce of its own, 96 random bits, which is good for 2^32 texts under one key (SP 800-38D, 8.3).
 */
enum devsec_err seal(const struct device_key *key, const char *context, const void *plain, size_t length, char **sealed,
                     struct devsec_error *error);

/*
 * Opens a sealed text into a new buffer, which the caller cleanses (secret_free) and which has a NUL behind `*length`
 * octets. DEVSEC_ERR_SYNTAX: not a sealed text; DEVSEC_ERR_UNSAFE: made with another key, for another context, or
 * changed since; _MEMORY. `*plain` and `*length` are untouched on failure.
 */
enum devsec_err unseal(const struct device_key *key, const char *context, const char *sealed, unsigned char **plain,
                       size_t *length, struct devsec_error *error);

/* Whether a text has the form of a sealed one, in the one spelling that it has; says nothing of whether it opens. */
int seal_is_sealed(const char *text);

/* Cleanses and frees; NULL is legal. */
void secret_free(void *secret, size_t length);

#endif
