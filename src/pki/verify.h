/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a certificate leads to one that the device trusts [C3, C5]. */
#ifndef DEVSEC_PKI_VERIFY_H
#define DEVSEC_PKI_VERIFY_H

#include "pki/fault.h"

#include <openssl/x509.h>
#include <stddef.h>
#include <time.h>

/* The values are those of devsecCertVerify. */
enum pki_verdict {
    PKI_NOT_CHECKED = 1,
    PKI_VERIFIED = 2,
    PKI_SELF_SIGNED = 3,
    PKI_ISSUER_UNKNOWN = 4,
    PKI_CHAIN_INCOMPLETE = 5,
    PKI_BAD_SIGNATURE = 6,
    PKI_CHAIN_EXPIRED = 7,
    PKI_VERDICT_KEY_MISMATCH = 8,
};

/*
 * How a verdict is come to (PKI_VERDICT_KEY_MISMATCH and PKI_NOT_CHECKED are the caller's).
 *
 * A way leads from the leaf to a trusted certificate, over signatures that are right. An intermediate certificate may
 * be the trusted one, and so may the leaf. Of several ways one is taken whose dates are all right, if there is one.
 * Then:
 *
 *   PKI_BAD_SIGNATURE    a signature does not count although it is right: whose key made it must not sign (no CA, more
 *                        CAs below it than pathLenConstraint allows, a name outside of nameConstraints), or a
 *                        certificate has a critical extension that OpenSSL does not know
 *   PKI_CHAIN_EXPIRED    else, if an end is past or a beginning to come
 *   PKI_VERIFIED         else
 *
 * There is no such way. Dates are not looked at (but see pki_verdict_at):
 *
 *   PKI_SELF_SIGNED      the leaf is signed by its own key
 *   PKI_ISSUER_UNKNOWN   the chain ends at a root, which is not trusted
 *   PKI_BAD_SIGNATURE    else, if there is a certificate with the name and, where given, the key identifier of the
 *                        missing issuer that did not make the signature, or may not by its keyUsage
 *   PKI_CHAIN_INCOMPLETE else, if it is the leaf's issuer that is missing
 *   PKI_ISSUER_UNKNOWN   else: an intermediate certificate's issuer is missing. Since roots are not installed with a
 *                        chain, a chain that is whole looks like this, too; the text names both remedies.
 */
struct pki_verification {
    enum pki_verdict verdict;
    char text[256]; /* a sentence that names the certificate to blame or the one missing; "" for PKI_VERIFIED */
    /* Of PKI_VERIFIED and PKI_CHAIN_EXPIRED: the first and the last second in which everything on the way is valid. The
     * verdict is PKI_VERIFIED within and PKI_CHAIN_EXPIRED outside, always so where the first comes after the last. Of
     * PKI_SELF_SIGNED: those of the leaf. 0 and 0 of other verdicts. */
    time_t valid_from;
    time_t valid_until;
};

/* What the verdict is at `now`, by the span: PKI_VERIFIED and PKI_SELF_SIGNED become PKI_CHAIN_EXPIRED outside of it,
 * and come back within. */
enum pki_verdict pki_verdict_at(const struct pki_verification *verification, time_t now);

/* The sentence that belongs to it; "" for PKI_VERIFIED. */
void pki_verdict_text(const struct pki_verification *verification, time_t now, char *to, size_t room);

/*
 * Builds the chain (RFC 5280, 6) from `leaf` through `chain` to one of `trusted` (both may be NULL or in any order) and
 * judges it at `now`, without CRLs and without a purpose. Security level 0: weak algorithms are another object's
 * business (devsecCertWeakness). Fails only for lack of memory. Any thread, on objects that no other thread uses.
 */
enum devsec_err pki_verify(struct pki_verification *out, X509 *leaf, STACK_OF(X509) *chain, STACK_OF(X509) *trusted,
                           time_t now, struct pki_fault *fault);

#endif
