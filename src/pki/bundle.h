/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what administrators bring: certificates in PEM, DER or PKCS#7, keys with certificates in PKCS#12. */
#ifndef DEVSEC_PKI_BUNDLE_H
#define DEVSEC_PKI_BUNDLE_H

#include "pki/fault.h"

#include <openssl/types.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <time.h>

#define PKI_BUNDLE_CERTIFICATES_MAX 16     /* in one chain or one upload */
#define PKI_BUNDLE_OCTETS_MAX       65536u /* of one upload */

/*
 * Reads certificates: one or more in PEM ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7" and "CMS"
 * blocks, text between them is skipped), one in DER, or PKCS#7 SignedData (RFC 2315; only its certificates count) in
 * DER. Everything has to be read to the last octet.
 *
 *   PKI_UPLOAD_MISSING          no octets
 *   PKI_PRIVATE_KEY_IN_UPLOAD   any block or structure that holds a private key, PKCS#12 included; nothing is decrypted
 *   PKI_UPLOAD_TOO_LARGE        more than PKI_BUNDLE_OCTETS_MAX octets or PKI_BUNDLE_CERTIFICATES_MAX certificates
 *   PKI_UPLOAD_MALFORMED        anything else, with where: "certificate 2 of the PEM text: ..."
 *
 * `*out` (sk_X509_pop_free with X509_free) holds each certificate once, in the order of the upload; untouched on
 * failure.
 */
enum devsec_err pki_bundle_read(STACK_OF(X509) **out, const unsigned char *octets, size_t length,
                                struct pki_fault *fault);

/*
 * Takes a bundle apart: the certificate of `key` (which may be a public key alone), and the others in the order of the
 * chain, each followed by its issuer. Who issued what is decided by names, key identifiers and signatures, so that
 * several CAs of one name, and one CA with several certificates, are told apart. Of several ways up the longest is
 * taken; what only the others need is left out. A certificate that is its own issuer at the end of the chain (a root)
 * stays out of `chain`, since clients have it or do not believe it.
 *
 *   PKI_KEY_MISMATCH      no certificate for the key, with both kinds of key and the subjects found; of two for it the
 *                         one that ends last is the leaf, and the other is left out
 *   PKI_UPLOAD_MALFORMED  a certificate that is on no way up from the leaf, with its subject
 *   PKI_UPLOAD_TOO_LARGE  more than PKI_BUNDLE_CERTIFICATES_MAX certificates
 *
 * References are counted: the bundle stays as it is, the caller frees both. `*chain` is never NULL on success; nothing
 * is touched on failure.
 */
enum devsec_err pki_bundle_arrange(X509 **leaf, STACK_OF(X509) **chain, STACK_OF(X509) *bundle, const EVP_PKEY *key,
                                   struct pki_fault *fault);

/*
 * Whether the device can use a certificate as its own: valid at `now` (PKI_CERTIFICATE_EXPIRED, _NOT_YET_VALID, with
 * the dates), not a CA's (PKI_CERTIFICATE_UNUSABLE), a key that pki_key_describe knows, a signature algorithm that
 * OpenSSL knows (PKI_UNSUPPORTED_ALGORITHM), no NUL and no malformed text in its subject's common names and DNS names
 * (PKI_CERTIFICATE_UNUSABLE).
 */
enum devsec_err pki_certificate_check(X509 *certificate, time_t now, struct pki_fault *fault);

/*
 * Whether a certificate may be trusted as a CA's: basicConstraints CA:TRUE, or version 1 and self-issued; otherwise
 * PKI_NOT_A_CA. What pki_summary_of_certificate cannot summarise is refused as it says (PKI_UNSUPPORTED_ALGORITHM for
 * the key, PKI_CERTIFICATE_UNUSABLE), one that says it is signed by its own key and is not is PKI_UPLOAD_MALFORMED, an
 * expired one PKI_CERTIFICATE_EXPIRED.
 */
enum devsec_err pki_ca_check(X509 *certificate, time_t now, struct pki_fault *fault);

#define PKI_PKCS12_OCTETS_MAX   262144u
#define PKI_PKCS12_PASSWORD_MAX 1024u /* octets */

/* Rounds of key derivation over a whole file: some seconds of work. Programs that write such files ask for some
 * thousands, careful ones for some hundred thousands. A build for fuzzing, which cannot wait, sets it lower. */
#ifndef PKI_PKCS12_ROUNDS_MAX
#define PKI_PKCS12_ROUNDS_MAX 5000000u
#endif

/*
 * Opens a PKCS#12 file (RFC 7292, in DER) with a password (may be ""; UTF-8): its one private key, the key's
 * certificate and the others in the order of pki_bundle_arrange. Old files that need RC2 or single DES are read with
 * OpenSSL's legacy provider, in a library context of their own; what comes out belongs to the program's own.
 *
 *   PKI_UPLOAD_MISSING         no octets
 *   PKI_UPLOAD_TOO_LARGE       more than PKI_PKCS12_OCTETS_MAX octets, or too many certificates
 *   PKI_INVALID_PARAMETER      the password is wrong (in a file without a MAC, also: the file is damaged), or too long
 *   PKI_UPLOAD_MALFORMED       no PKCS#12; no key, more than one, a key without certificates; more than
 *                              PKI_PKCS12_ROUNDS_MAX rounds
 *   PKI_UNSUPPORTED_ALGORITHM  a cipher, a MAC or a kind of key that OpenSSL does not know
 *   and what pki_bundle_arrange answers
 *
 * All out values are the caller's to free; untouched on failure.
 */
enum devsec_err pki_pkcs12_read(EVP_PKEY **key, X509 **leaf, STACK_OF(X509) **chain, const unsigned char *octets,
                                size_t length, const char *password, struct pki_fault *fault);

#endif
