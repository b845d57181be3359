/* SPDX-License-Identifier: Apache-2.0 */
/* Reading uploads of certificates, DER and PKCS#7; bundle_pem.c has PEM. See bundle.h for the contract. */
#include "pki/bundle.h"

#include "bundle_private.h"
#include "pki/chain.h"

#include <openssl/asn1.h>
#include <openssl/asn1t.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define PEM_BEGIN "-----BEGIN "

/* ---- Private keys ---- */

enum devsec_err bundle_fail_key(struct pki_fault *fault)
{
    return pki_fail(fault, PKI_PRIVATE_KEY_IN_UPLOAD, DEVSEC_ERR_UNSAFE,
                    "a private key was given, and nothing of it was read; give certificates alone, and if "
                    "this has come over a network, take the key for known to others");
}

#define SHAPE_MAX 3

/*
 * How the structures begin, within their SEQUENCE, that are or can hold a private key. No certificate, request, list of
 * revoked certificates or PKCS#7 begins like this: these have a SEQUENCE of SEQUENCEs or an OBJECT IDENTIFIER first.
 */
static const struct {
    int tags[SHAPE_MAX];
    size_t count;
} key_shapes[] = {
    {{V_ASN1_INTEGER, V_ASN1_SEQUENCE}, 2},                /* PrivateKeyInfo (RFC 5208, 5), PFX (RFC 7292, 4) */
    {{V_ASN1_INTEGER, V_ASN1_OCTET_STRING}, 2},            /* ECPrivateKey (RFC 5915, 3) */
    {{V_ASN1_INTEGER, V_ASN1_INTEGER, V_ASN1_INTEGER}, 3}, /* RSAPrivateKey (RFC 8017, A.1.2), and DSA's */
    {{V_ASN1_SEQUENCE, V_ASN1_OCTET_STRING}, 2},           /* EncryptedPrivateKeyInfo (RFC 5208, 6) */
};

/* A bit of ASN1_get_object's result. */
#define HEADER_INDEFINITE 0x01

/* One header. False if there is none; `*content` may be longer than what is there, as in a structure that was cut. */
static bool der_header(const unsigned char **at, const unsigned char *end, int *tag, long *content, bool *indefinite)
{
    const unsigned char *start = *at;
    int class = 0;
    int result;

    if (start >= end)
        return false;
    ERR_set_mark();
    result = ASN1_get_object(at, content, tag, &class, end - start);
    ERR_pop_to_mark();
    *indefinite = (result & HEADER_INDEFINITE) != 0;
    /* A length that is too large is told together with the header, any other fault without. */
    return *at > start && class == V_ASN1_UNIVERSAL;
}

bool bundle_der_is_key(const unsigned char *octets, size_t length)
{
    const unsigned char *at = octets;
    const unsigned char *end = octets + length;
    int tags[SHAPE_MAX] = {-1, -1, -1};
    bool indefinite = false;
    long content = 0;
    int tag = 0;

    if (!der_header(&at, end, &tag, &content, &indefinite) || tag != V_ASN1_SEQUENCE)
        return false;
    for (size_t i = 0; i < SHAPE_MAX && der_header(&at, end, &tags[i], &content, &indefinite); i++) {
        if (indefinite || content > end - at)
            at = end;
        else
            at += content;
    }
    for (size_t i = 0; i < sizeof(key_shapes) / sizeof(key_shapes[0]); i++) {
        if (memcmp(tags, key_shapes[i].tags, key_shapes[i].count * sizeof(tags[0])) == 0)
            return true;
    }
    return false;
}

/* ---- One structure ---- */

enum devsec_err bundle_add(STACK_OF(X509) *to, X509 *certificate, struct pki_fault *fault)
{
    for (int i = 0; i < sk_X509_num(to); i++) {
        if (pki_is_same(sk_X509_value(to, i), certificate))
            return DEVSEC_OK;
    }
    if (sk_X509_num(to) >= PKI_BUNDLE_CERTIFICATES_MAX)
        return pki_fail(fault, PKI_UPLOAD_TOO_LARGE, DEVSEC_ERR_WRONG_LENGTH,
                        "more than %d certificates; expected those of one chain", PKI_BUNDLE_CERTIFICATES_MAX);
    if (!sk_X509_push(to, certificate))
        return pki_fail_memory(fault);
    X509_up_ref(certificate);
    return DEVSEC_OK;
}

/* What was uploaded in a certificate's place, to say so. */
static const struct {
    ASN1_ITEM_EXP *item;
    const char *words;
} others[] = {
    {ASN1_ITEM_ref(X509_REQ), "a certificate request, not a certificate"},
    {ASN1_ITEM_ref(X509_CRL), "a list of revoked certificates, not a certificate"},
    {ASN1_ITEM_ref(X509_PUBKEY), "a public key, not a certificate"},
};

/* Why octets are no certificate; OpenSSL's reason is in its queue. */
static enum devsec_err fail_certificate(const unsigned char *octets, size_t length, const char *where,
                                        struct pki_fault *fault)
{
    const unsigned char *at = octets;
    bool indefinite = false;
    long content = 0;
    int tag = 0;

    if (der_header(&at, octets + length, &tag, &content, &indefinite) && tag == V_ASN1_SEQUENCE && !indefinite &&
        content > (long)length - (at - octets)) {
        ERR_clear_error();
        return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                        "%s is cut: it says that it has %ld octets, and %zu are there", where, content + (at - octets),
                        length);
    }
    ERR_set_mark();
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const ASN1_ITEM *item = ASN1_ITEM_ptr(others[i].item);
        ASN1_VALUE *value = NULL;

        at = octets;
        value = ASN1_item_d2i(NULL, &at, (long)length, item);
        if (value) {
            ASN1_item_free(value, item);
            ERR_clear_error();
            return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX, "%s is %s", where, others[i].words);
        }
    }
    ERR_pop_to_mark();
    if (ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE)
        return pki_fail_openssl(fault, PKI_OUT_OF_MEMORY, where);
    return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX, "%s is not a certificate in DER: %s", where,
                    ERR_reason_error_string(ERR_peek_error()));
}

static enum devsec_err fail_trailing(size_t count, const char *where, struct pki_fault *fault)
{
    return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX, "%s has %zu octets too many behind its end", where,
                    count);
}

enum devsec_err bundle_add_certificate(STACK_OF(X509) *to, const unsigned char *octets, size_t length,
                                       const char *where, struct pki_fault *fault)
{
    const unsigned char *at = octets;
    X509 *certificate = NULL;
    enum devsec_err err;

    ERR_clear_error();
    certificate = d2i_X509(NULL, &at, (long)length);
    if (!certificate) {
        err =
            bundle_der_is_key(octets, length) ? bundle_fail_key(fault) : fail_certificate(octets, length, where, fault);
        ERR_clear_error();
        return err;
    }
    if (at != octets + length)
        err = fail_trailing((size_t)(octets + length - at), where, fault);
    else if (X509_check_purpose(certificate, -1, 0) != 1)
        err = pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                       "%s has extensions that are malformed or contradict each other", where);
    else
        err = bundle_add(to, certificate, fault);
    ERR_clear_error();
    X509_free(certificate);
    return err;
}

enum devsec_err bundle_add_trusted(STACK_OF(X509) *to, const unsigned char *octets, size_t length, const char *where,
                                   struct pki_fault *fault)
{
    const unsigned char *at = octets;
    X509 *certificate = NULL;
    X509_CERT_AUX *extras = NULL;
    enum devsec_err err = DEVSEC_OK;

    ERR_clear_error();
    certificate = d2i_X509(NULL, &at, (long)length);
    X509_free(certificate);
    if (certificate) {
        const size_t size = (size_t)(at - octets);

        if (size < length)
            extras = d2i_X509_CERT_AUX(NULL, &at, (long)(length - size));
        X509_CERT_AUX_free(extras);
        if (at != octets + length)
            err = fail_trailing((size_t)(octets + length - at), where, fault);
        length = size;
    }
    ERR_clear_error();
    return err ? err : bundle_add_certificate(to, octets, length, where, fault);
}

enum devsec_err bundle_add_signed_data(STACK_OF(X509) *to, const unsigned char *octets, size_t length,
                                       const char *where, struct pki_fault *fault)
{
    const unsigned char *at = octets;
    CMS_ContentInfo *content = NULL;
    STACK_OF(X509) *certificates = NULL;
    enum devsec_err err = DEVSEC_OK;

    ERR_clear_error();
    content = d2i_CMS_ContentInfo(NULL, &at, (long)length);
    if (!content) {
        err = pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX, "%s is not PKCS#7 in DER: %s", where,
                       ERR_reason_error_string(ERR_peek_error()));
        goto out;
    }
    if (at != octets + length) {
        err = fail_trailing((size_t)(octets + length - at), where, fault);
        goto out;
    }
    if (OBJ_obj2nid(CMS_get0_type(content)) == NID_pkcs7_signed)
        certificates = CMS_get1_certs(content);
    if (sk_X509_num(certificates) <= 0) {
        err = pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX, "%s is PKCS#7 without a certificate", where);
        goto out;
    }
    for (int i = 0; i < sk_X509_num(certificates) && !err; i++) {
        if (X509_check_purpose(sk_X509_value(certificates, i), -1, 0) != 1)
            err = pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                           "%s: certificate %d in it has extensions that are malformed or contradict each other", where,
                           i + 1);
        else
            err = bundle_add(to, sk_X509_value(certificates, i), fault);
    }
out:
    ERR_clear_error();
    sk_X509_pop_free(certificates, X509_free);
    CMS_ContentInfo_free(content);
    return err;
}

/* ---- The upload ---- */

/* A DER structure from the first to the last octet: whatever looks like PEM within is a certificate's text. */
static bool is_whole_der(const unsigned char *octets, size_t length)
{
    const unsigned char *at = octets;
    bool indefinite = false;
    long content = 0;
    int tag = 0;

    return der_header(&at, octets + length, &tag, &content, &indefinite) && tag == V_ASN1_SEQUENCE &&
           (indefinite || content == (long)length - (at - octets));
}

/* ContentInfo begins with its type (RFC 5652, 3), a certificate with what is signed (RFC 5280, 4.1). */
static bool is_content_info(const unsigned char *octets, size_t length)
{
    const unsigned char *at = octets;
    bool indefinite = false;
    long content = 0;
    int tag = 0;

    if (!der_header(&at, octets + length, &tag, &content, &indefinite) || tag != V_ASN1_SEQUENCE)
        return false;
    return der_header(&at, octets + length, &tag, &content, &indefinite) && tag == V_ASN1_OBJECT;
}

static enum devsec_err add_der(STACK_OF(X509) *to, const unsigned char *octets, size_t length, struct pki_fault *fault)
{
    static const char where[] = "the upload";

    if (octets[0] != (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED))
        return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                        "the upload is neither PEM nor DER; expected \"-----BEGIN CERTIFICATE-----\" on a line of its "
                        "own, or a certificate or PKCS#7 in DER");
    if (is_content_info(octets, length))
        return bundle_add_signed_data(to, octets, length, where, fault);
    return bundle_add_certificate(to, octets, length, where, fault);
}

enum devsec_err pki_bundle_read(STACK_OF(X509) **out, const unsigned char *octets, size_t length,
                                struct pki_fault *fault)
{
    STACK_OF(X509) *certificates = NULL;
    enum devsec_err err;

    if (!length)
        return pki_fail(fault, PKI_UPLOAD_MISSING, DEVSEC_ERR_NOT_FOUND, "there is no upload; expected a certificate");
    /* Before the size: who sends a key should hear of that. */
    if (bundle_text_has_key(octets, length) || bundle_der_is_key(octets, length))
        return bundle_fail_key(fault);
    if (length > PKI_BUNDLE_OCTETS_MAX)
        return pki_fail(fault, PKI_UPLOAD_TOO_LARGE, DEVSEC_ERR_WRONG_LENGTH,
                        "the upload has %zu octets; expected %u at most", length, PKI_BUNDLE_OCTETS_MAX);
    certificates = sk_X509_new_null();
    if (!certificates)
        return pki_fail_memory(fault);
    if (!is_whole_der(octets, length) && memmem(octets, length, PEM_BEGIN, sizeof(PEM_BEGIN) - 1))
        err = bundle_add_pem(certificates, octets, length, fault);
    else
        err = add_der(certificates, octets, length, fault);
    if (err) {
        sk_X509_pop_free(certificates, X509_free);
        return err;
    }
    *out = certificates;
    return DEVSEC_OK;
}
