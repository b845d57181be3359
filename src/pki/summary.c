/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries of certificates and requests; see summary.h for the contract. */
#include "pki/summary.h"

#include "base/text.h"
#include "pki/subject.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define RSA_BITS_ENOUGH   2048 /* NIST SP 800-131A, table 2 */
#define CURVE_BITS_ENOUGH 224
#define SECONDS_PER_DAY   86400
#define ALGORITHM_MAX     128

/* Hashes that no signature should be made with any more. */
static const int weak_hashes[] = {NID_md4, NID_md5, NID_md5_sha1, NID_sha1, NID_mdc2, NID_ripemd160};

/* ---- Dates ---- */

/* False if it is no time at all. A year of two digits is one from 1950 to 2049 (RFC 5280, 4.1.2.5.1). */
static bool moment(const ASN1_TIME *time, time_t *to)
{
    struct tm parts = {0};

    if (!time || !ASN1_TIME_to_tm(time, &parts))
        return false;
    *to = timegm(&parts);
    return true;
}

enum devsec_err pki_certificate_dates(const X509 *certificate, time_t *not_before, time_t *not_after,
                                      struct pki_fault *fault)
{
    time_t beginning = 0;
    time_t end = 0;

    if (!moment(X509_get0_notBefore(certificate), &beginning) || !moment(X509_get0_notAfter(certificate), &end)) {
        ERR_clear_error();
        return pki_fail(fault, PKI_CERTIFICATE_UNUSABLE, DEVSEC_ERR_SYNTAX,
                        "the certificate's dates are not times of RFC 5280, section 4.1.2.5");
    }
    *not_before = beginning;
    *not_after = end ? end : -1;
    return DEVSEC_OK;
}

/* ---- Texts ---- */

static char *serial_text(const ASN1_INTEGER *serial)
{
    const unsigned char *octets = ASN1_STRING_get0_data(serial);
    const int length = ASN1_STRING_length(serial);
    struct text text = {0};

    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        text_append(&text, "-");
    for (int i = 0; i < length; i++)
        text_printf(&text, "%s%02X", i ? ":" : "", octets[i]);
    if (!length)
        text_append(&text, "00");
    return text_take(&text);
}

static char *algorithm_text(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object = NULL;
    char name[ALGORITHM_MAX] = "";

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    OBJ_obj2txt(name, sizeof(name), object, 0);
    return strdup(name);
}

/* Takes the names. */
static char *alt_names_text(GENERAL_NAMES *names)
{
    char *text = pki_alt_names_text(names);

    GENERAL_NAMES_free(names);
    return text;
}

/* ---- Weakness ---- */

/* The hash behind a signature. That of RSASSA-PSS is in its parameters, SHA-1 unless they say otherwise (RFC
 * 4055, 3.1). */
static int signature_hash(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object = NULL;
    const ASN1_OBJECT *hash_object = NULL;
    const void *value = NULL;
    RSA_PSS_PARAMS *pss = NULL;
    int type = V_ASN1_UNDEF;
    int hash = NID_undef;
    int cipher = NID_undef;

    X509_ALGOR_get0(&object, &type, &value, algorithm);
    if (OBJ_obj2nid(object) != NID_rsassaPss) {
        OBJ_find_sigid_algs(OBJ_obj2nid(object), &hash, &cipher);
        return hash;
    }
    hash = NID_sha1;
    if (type == V_ASN1_SEQUENCE)
        pss = ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
    if (pss && pss->hashAlgorithm) {
        X509_ALGOR_get0(&hash_object, NULL, NULL, pss->hashAlgorithm);
        hash = OBJ_obj2nid(hash_object);
    }
    RSA_PSS_PARAMS_free(pss);
    return hash;
}

uint32_t pki_key_weakness(const struct pki_key_info *key)
{
    return key->bits < (key->type == PKI_KEY_RSA ? RSA_BITS_ENOUGH : CURVE_BITS_ENOUGH) ? PKI_WEAK_SHORT_KEY : 0;
}

static uint32_t weakness(const struct pki_key_info *key, const X509_ALGOR *algorithm)
{
    const int hash = signature_hash(algorithm);
    uint32_t bits = pki_key_weakness(key);

    for (size_t i = 0; i < sizeof(weak_hashes) / sizeof(weak_hashes[0]); i++) {
        if (hash == weak_hashes[i])
            bits |= PKI_WEAK_HASH;
    }
    return bits;
}

/* ---- Summaries ---- */

static enum devsec_err describe(struct pki_key_info *to, const EVP_PKEY *key, struct pki_fault *fault)
{
    if (!key) {
        ERR_clear_error();
        return pki_fail(fault, PKI_UNSUPPORTED_ALGORITHM, DEVSEC_ERR_WRONG_VALUE,
                        "the public key is of a kind that OpenSSL does not know, or malformed");
    }
    return pki_key_describe(to, key, fault);
}

static enum devsec_err fail_alt_names(struct pki_fault *fault)
{
    return pki_fail(fault, PKI_CERTIFICATE_UNUSABLE, DEVSEC_ERR_SYNTAX, "the subjectAltName is malformed");
}

/* Hands the summary over if every text is there. */
static enum devsec_err hand_over(struct pki_summary *to, struct pki_summary *made, enum devsec_err err,
                                 struct pki_fault *fault)
{
    ERR_clear_error();
    if (!err &&
        (!made->signature_algorithm || !made->subject || !made->alt_names || !made->issuer || !made->serial_number))
        err = pki_fail_memory(fault);
    if (err) {
        pki_summary_clear(made);
        return err;
    }
    *to = *made;
    return DEVSEC_OK;
}

enum devsec_err pki_summary_of_certificate(struct pki_summary *to, X509 *certificate, struct pki_fault *fault)
{
    struct pki_summary made = {0};
    const X509_ALGOR *algorithm = NULL;
    GENERAL_NAMES *names = NULL;
    int found = 0;
    enum devsec_err err;

    ERR_clear_error();
    err = describe(&made.key, X509_get0_pubkey(certificate), fault);
    if (!err)
        err = pki_certificate_dates(certificate, &made.not_before, &made.not_after, fault);
    if (err)
        return err;
    names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &found, NULL);
    if (!names && found != -1) {
        ERR_clear_error();
        return fail_alt_names(fault);
    }
    X509_get0_signature(NULL, &algorithm, certificate);
    made.weakness = weakness(&made.key, algorithm);
    made.signature_algorithm = algorithm_text(algorithm);
    made.subject = pki_name_text(X509_get_subject_name(certificate));
    made.alt_names = alt_names_text(names);
    made.issuer = pki_name_text(X509_get_issuer_name(certificate));
    made.serial_number = serial_text(X509_get0_serialNumber(certificate));
    if (X509_digest(certificate, EVP_sha256(), made.fingerprint, NULL) != 1)
        err = pki_fail_openssl(fault, PKI_INTERNAL_ERROR, "the certificate's fingerprint");
    return hand_over(to, &made, err, fault);
}

enum devsec_err pki_summary_of_request(struct pki_summary *to, X509_REQ *request, struct pki_fault *fault)
{
    struct pki_summary made = {0};
    const X509_ALGOR *algorithm = NULL;
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    GENERAL_NAMES *names = NULL;
    int found = 0;
    enum devsec_err err;

    ERR_clear_error();
    err = describe(&made.key, X509_REQ_get0_pubkey(request), fault);
    if (err)
        return err;
    extensions = X509_REQ_get_extensions(request);
    names = X509V3_get_d2i(extensions, NID_subject_alt_name, &found, NULL);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    if (!names && found != -1) {
        ERR_clear_error();
        return fail_alt_names(fault);
    }
    X509_REQ_get0_signature(request, NULL, &algorithm);
    made.weakness = weakness(&made.key, algorithm);
    made.signature_algorithm = algorithm_text(algorithm);
    made.subject = pki_name_text(X509_REQ_get_subject_name(request));
    made.alt_names = alt_names_text(names);
    made.issuer = strdup("");
    made.serial_number = strdup("");
    return hand_over(to, &made, DEVSEC_OK, fault);
}

void pki_summary_clear(struct pki_summary *summary)
{
    free(summary->signature_algorithm);
    free(summary->subject);
    free(summary->alt_names);
    free(summary->issuer);
    free(summary->serial_number);
    memset(summary, 0, sizeof(*summary));
}

enum pki_validity pki_validity(time_t not_before, time_t not_after, time_t now, unsigned warning_days)
{
    if (!not_after)
        return PKI_NO_CERTIFICATE;
    if (now > not_after)
        return PKI_EXPIRED;
    if (now < not_before)
        return PKI_NOT_YET_VALID;
    return not_after - now <= (time_t)warning_days * SECONDS_PER_DAY ? PKI_EXPIRING : PKI_VALID;
}
