/* SPDX-License-Identifier: Apache-2.0 */
/* A private key as it lies on disk: its public half readable, itself sealed under the device key. */
#ifndef DEVSEC_PKI_KEY_FILE_H
#define DEVSEC_PKI_KEY_FILE_H

#include "pki/fault.h"
#include "secret/seal.h"

#include <openssl/types.h>
#include <stddef.h>

/*
 * The file's text: a PEM block "PUBLIC KEY" (RFC 7468, 13), then one line with the sealed PKCS#8 PrivateKeyInfo in DER
 * (RFC 5208). It is sealed for the context "private-key/HEX", HEX being the SHA-256 of the SubjectPublicKeyInfo in DER:
 * what was sealed for one key opens for no other.
 */

#define KEY_FILE_DIGEST_SIZE 32

/* Makes the text, which the caller frees; every trace of the key in between is cleansed. */
enum devsec_err key_file_make(char **text, size_t *length, const EVP_PKEY *key, const struct device_key *device_key,
                              struct pki_fault *fault);

/* The public half alone. PKI_DAMAGED. */
enum devsec_err key_file_public(EVP_PKEY **out, const char *text, size_t length, struct pki_fault *fault);

/* The SHA-256 of the public half's SubjectPublicKeyInfo, without making a key of it. PKI_DAMAGED. */
enum devsec_err key_file_digest(unsigned char to[KEY_FILE_DIGEST_SIZE], const char *text, size_t length,
                                struct pki_fault *fault);

/* The private key. PKI_DEVICE_KEY_UNAVAILABLE when the sealed text does not open with this device key (or it is NULL),
 * with what to do: bring the right device key back; PKI_DAMAGED for any other trouble, two halves that do not belong
 * together included. */
enum devsec_err key_file_open(EVP_PKEY **out, const char *text, size_t length, const struct device_key *device_key,
                              struct pki_fault *fault);

/* Whether the sealed text opens, without making a key of it; errors as key_file_open. Cheap: for every key at the
 * start. */
enum devsec_err key_file_probe(const char *text, size_t length, const struct device_key *device_key,
                               struct pki_fault *fault);

#endif
