/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate files of the material: reading and verifying them in any thread, by their names alone. */
#ifndef DEVSEC_PKI_CHAIN_FILE_H
#define DEVSEC_PKI_CHAIN_FILE_H

#include "pki/inventory.h"

#include <openssl/types.h>
#include <openssl/x509.h>

/* A material file, whole, as material_get; PKI_DAMAGED when it cannot be read. */
enum devsec_err file_load(const struct material *material, enum material_kind kind, const char *name, char **octets,
                          size_t *length, struct pki_fault *fault);

/* Puts in front of what is wrong with a file's content which file that is, and makes it PKI_DAMAGED. Other people's
 * troubles (memory, the device key) stay as they are. */
void file_name_fault(struct pki_fault *fault, enum material_kind kind, const char *name);

/* The certificates of the file `name`, one at least, in its order; PKI_DAMAGED. `octets` and `length` (may be NULL)
 * receive its text, which the caller frees. */
enum devsec_err chain_file_load(STACK_OF(X509) **out, const struct material *material, const char *name, char **octets,
                                size_t *length, struct pki_fault *fault);

/*
 * pki_verify of the certificate in the file `name`, through the others in it; a certificate that is not that of `key`
 * (NULL: not looked at) is PKI_VERDICT_KEY_MISMATCH.
 */
enum devsec_err chain_file_verify(struct pki_verification *out, const struct material *material, const char *name,
                                  const EVP_PKEY *key, STACK_OF(X509) *trusted, time_t now, struct pki_fault *fault);

/* The files of trusted certificates, as they were when the main thread looked. Zero-initialise; freed by the caller. */
struct trusted_files {
    char (*names)[MATERIAL_NAME_SIZE];
    size_t count;
};

/* Main thread: those that can be used. */
enum devsec_err trusted_files_list(struct trusted_files *files, const struct inventory *inventory,
                                   struct pki_fault *fault);

/* Any thread: the certificates; files that cannot be read are left out. Fails for want of memory alone. */
enum devsec_err trusted_files_load(STACK_OF(X509) **out, const struct trusted_files *files,
                                   const struct material *material, struct pki_fault *fault);

#endif
