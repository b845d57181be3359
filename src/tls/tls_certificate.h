/* SPDX-License-Identifier: Apache-2.0 */
/* The file by which TLS services get the device's key and certificate, and OpenSSL's own opinion of it. */
#ifndef DEVSEC_TLS_CERTIFICATE_H
#define DEVSEC_TLS_CERTIFICATE_H

#include "base/error.h"
#include "store/document.h"
#include "tls/tls_policy.h"

/*
 * The text of the file, which the caller cleanses and frees: the private key (PKCS#8), the certificate and its
 * intermediates of the key that the document assigns to the use tls(1), all in PEM, so that one replacement of one file
 * changes them together. A comment that says so where no key is assigned.
 *
 * The key is read below `store_directory` and opened with the device key in `key_file`. Errors are those of
 * device_key_open, material_get and key_file_open, and DEVSEC_ERR_INCONSISTENT for a key without a certificate; the
 * sentence begins with the slot. `*text` is untouched then, and no trace of the key is left in memory.
 */
enum devsec_err tls_certificate_render(const struct document *document, const char *store_directory,
                                       const char *key_file, char **text, struct devsec_error *error);

/* A text that is another whenever that of tls_certificate_render is; in TLS_CERTIFICATE_INPUTS_MAX octets. */
#define TLS_CERTIFICATE_INPUTS_MAX 160
void tls_certificate_inputs(const struct document *document, char *to);

/*
 * Has the linked OpenSSL put the text into force on a server context of its own, as a service does that follows
 * `effective` (NULL: at no security level, for a stack that is not OpenSSL). DEVSEC_ERR_SYNTAX when it cannot be read,
 * DEVSEC_ERR_INCONSISTENT with OpenSSL's reason when it is refused: the key is not that of the certificate, or too weak
 * for the security level.
 */
enum devsec_err tls_certificate_check(const struct document *document, const struct tls_effective *effective,
                                      const char *text, struct devsec_error *error);

#endif
