/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a certificate will do as the device's own or as a trusted CA's; see bundle.h for the contract. */
#include "base/text.h"
#include "pki/bundle.h"
#include "pki/chain.h"
#include "pki/key.h"
#include "pki/summary.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DATE_SIZE 21

/* X509_check_ca's answers that count. */
#define CA_BY_CONSTRAINTS 1 /* basicConstraints with CA:TRUE, and no keyUsage against it */
#define CA_BY_VERSION1    3 /* version 1 and self-issued: from before there were extensions */

/* ---- Dates ---- */

static enum devsec_err check_end(time_t end, time_t now, const char *name, struct pki_fault *fault)
{
    char date[DATE_SIZE];
    char today[DATE_SIZE];

    if (now <= end)
        return DEVSEC_OK;
    text_date(date, sizeof(date), end);
    text_date(today, sizeof(today), now);
    return pki_fail(fault, PKI_CERTIFICATE_EXPIRED, DEVSEC_ERR_INCONSISTENT,
                    "the certificate of '%s' expired on %s; the device's clock says %s", name, date, today);
}

static enum devsec_err check_beginning(time_t beginning, time_t now, const char *name, struct pki_fault *fault)
{
    char date[DATE_SIZE];
    char today[DATE_SIZE];

    if (now >= beginning)
        return DEVSEC_OK;
    text_date(date, sizeof(date), beginning);
    text_date(today, sizeof(today), now);
    return pki_fail(fault, PKI_CERTIFICATE_NOT_YET_VALID, DEVSEC_ERR_INCONSISTENT,
                    "the certificate of '%s' is valid from %s; the device's clock says %s", name, date, today);
}

/* ---- Names ---- */

/* Text that every reader takes for the same name: a NUL ends it for some and not for others. */
static bool is_plain(const ASN1_STRING *string)
{
    unsigned char *text = NULL;
    const int length = ASN1_STRING_to_UTF8(&text, string);
    const bool plain = length >= 0 && text_is_utf8((const char *)text, (size_t)length);

    OPENSSL_free(text);
    ERR_clear_error();
    return plain;
}

static enum devsec_err check_common_names(const X509_NAME *subject, struct pki_fault *fault)
{
    for (int i = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); i >= 0;
         i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) {
        if (!is_plain(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i))))
            return pki_fail(fault, PKI_CERTIFICATE_UNUSABLE, DEVSEC_ERR_WRONG_VALUE,
                            "the common name in the certificate's subject has a NUL in it or is malformed text");
    }
    return DEVSEC_OK;
}

/* IA5String: ASCII alone (RFC 5280, 4.2.1.6). */
static bool is_plain_ascii(const ASN1_STRING *string)
{
    const unsigned char *octets = ASN1_STRING_get0_data(string);

    for (int i = 0; i < ASN1_STRING_length(string); i++) {
        if (octets[i] == '\0' || octets[i] > 0x7f)
            return false;
    }
    return true;
}

static enum devsec_err check_alt_names(X509 *certificate, struct pki_fault *fault)
{
    int found = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &found, NULL);
    enum devsec_err err = DEVSEC_OK;

    if (!names && found != -1)
        err = pki_fail(fault, PKI_CERTIFICATE_UNUSABLE, DEVSEC_ERR_WRONG_VALUE,
                       "the certificate's subjectAltName is malformed");
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !err; i++) {
        int kind = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);

        if (kind == GEN_DNS && !is_plain_ascii(value))
            err = pki_fail(fault, PKI_CERTIFICATE_UNUSABLE, DEVSEC_ERR_WRONG_VALUE,
                           "a DNS name in the certificate's subjectAltName has a NUL in it or is not ASCII");
    }
    GENERAL_NAMES_free(names);
    ERR_clear_error();
    return err;
}

/* ---- Algorithms ---- */

/* Whether OpenSSL knows how the certificate is signed, and still has the hash. */
static bool knows_signature(const X509 *certificate)
{
    int digest = NID_undef;
    int cipher = NID_undef;

    return OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, &cipher) &&
           (digest == NID_undef || EVP_get_digestbynid(digest));
}

static enum devsec_err check_algorithms(X509 *certificate, const char *name, struct pki_fault *fault)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    struct pki_key_info info = {0};
    enum devsec_err err;

    ERR_clear_error();
    if (!key)
        return pki_fail(fault, PKI_UNSUPPORTED_ALGORITHM, DEVSEC_ERR_WRONG_VALUE,
                        "the public key of '%s' is of a kind that OpenSSL does not know, or malformed", name);
    err = pki_key_describe(&info, key, fault);
    if (err)
        return err;
    if (!knows_signature(certificate))
        return pki_fail(fault, PKI_UNSUPPORTED_ALGORITHM, DEVSEC_ERR_WRONG_VALUE,
                        "the certificate of '%s' is signed with an algorithm that OpenSSL does not know", name);
    return DEVSEC_OK;
}

/* ---- Certificates ---- */

enum devsec_err pki_certificate_check(X509 *certificate, time_t now, struct pki_fault *fault)
{
    char name[PKI_NAME_WORDS_MAX];
    time_t beginning = 0;
    time_t end = 0;
    enum devsec_err err;

    pki_name_words(X509_get_subject_name(certificate), name);
    err = check_algorithms(certificate, name, fault);
    if (!err && X509_check_ca(certificate) == CA_BY_CONSTRAINTS)
        err = pki_fail(fault, PKI_CERTIFICATE_UNUSABLE, DEVSEC_ERR_WRONG_VALUE,
                       "the certificate of '%s' is that of a CA (basicConstraints CA:TRUE); expected the device's own",
                       name);
    if (!err)
        err = check_common_names(X509_get_subject_name(certificate), fault);
    if (!err)
        err = check_alt_names(certificate, fault);
    if (!err)
        err = pki_certificate_dates(certificate, &beginning, &end, fault);
    if (!err)
        err = check_end(end, now, name, fault);
    if (!err)
        err = check_beginning(beginning, now, name, fault);
    return err;
}

/* What the inventory cannot show would be trusted without anybody seeing it. */
static enum devsec_err check_shown(X509 *certificate, const char *name, struct pki_fault *fault)
{
    struct pki_summary summary = {.not_after = 0};
    const enum devsec_err err = pki_summary_of_certificate(&summary, certificate, fault);

    pki_summary_clear(&summary);
    if (err && err != DEVSEC_ERR_MEMORY && fault)
        devsec_error_prefix(&fault->error, "the certificate of '%s'", name);
    return err;
}

/* A root's signature proves nothing about whose it is, but that every octet is as the root wrote it. Nothing can be
 * said where another key has signed it, also one of the same name (X509_self_signed goes by the key identifiers, too),
 * and where its hash is not there any more. */
static enum devsec_err check_own_signature(X509 *certificate, const char *name, struct pki_fault *fault)
{
    const bool is_root = X509_self_signed(certificate, 0) == 1;
    bool good = true;

    ERR_clear_error();
    if (is_root && knows_signature(certificate)) {
        good = X509_verify(certificate, X509_get0_pubkey(certificate)) == 1;
        if (!good && pki_openssl_lacked_memory())
            return pki_fail_memory(fault);
    }
    ERR_clear_error();
    return good ? DEVSEC_OK
                : pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_WRONG_VALUE,
                           "the certificate of '%s' is signed by its own key, and its signature is wrong: the file was "
                           "changed; get it anew from the CA",
                           name);
}

enum devsec_err pki_ca_check(X509 *certificate, time_t now, struct pki_fault *fault)
{
    const int ca = X509_check_ca(certificate);
    char name[PKI_NAME_WORDS_MAX];
    time_t beginning = 0;
    time_t end = 0;
    enum devsec_err err;

    pki_name_words(X509_get_subject_name(certificate), name);
    if (ca != CA_BY_CONSTRAINTS && ca != CA_BY_VERSION1)
        return pki_fail(fault, PKI_NOT_A_CA, DEVSEC_ERR_WRONG_VALUE,
                        "the certificate of '%s' is not that of a CA; expected basicConstraints with CA:TRUE, and "
                        "keyCertSign where there is a keyUsage",
                        name);
    err = check_shown(certificate, name, fault);
    if (!err)
        err = check_own_signature(certificate, name, fault);
    if (!err)
        err = pki_certificate_dates(certificate, &beginning, &end, fault);
    if (!err)
        err = check_end(end, now, name, fault);
    return err;
}
