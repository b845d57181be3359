/* SPDX-License-Identifier: Apache-2.0 */
/* Making self-signed certificates and requests, and their PEM texts; see issue.h for the contract. */
#include "pki/issue.h"

#include "base/text.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_BITS 127 /* 16 octets, and positive (RFC 5280, 4.1.2.2) */
#define DAY         86400

/* The ends of what a certificate's dates can say (RFC 5280, 4.1.2.5). */
#define DATE_FIRST (-631152000LL) /* 1950-01-01T00:00:00Z */
#define DATE_LAST  253402300799LL /* 9999-12-31T23:59:59Z */
#define DATE_TEXT  21             /* room of text_date */

/* Bits of keyUsage (RFC 5280, 4.2.1.3). */
#define DIGITAL_SIGNATURE 0
#define KEY_ENCIPHERMENT  2

/* ---- dates ---- */

/* Puts the defaults in the place of what is not given. */
static struct pki_dates dates_settle(const struct pki_dates *dates, time_t now)
{
    struct pki_dates settled = *dates;

    if (!settled.not_before)
        settled.not_before = now;
    if (!settled.not_after)
        settled.not_after = settled.not_before + (time_t)PKI_SELF_SIGNED_DAYS * DAY;
    return settled;
}

enum devsec_err pki_dates_check(const struct pki_dates *dates, time_t now, struct pki_fault *fault)
{
    const struct pki_dates settled = dates_settle(dates, now);
    char begin[DATE_TEXT];
    char end[DATE_TEXT];

    if (settled.not_before < DATE_FIRST || settled.not_after > DATE_LAST)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "validity: a certificate begins in the year 1950 or later and ends before the year 10000");
    if (settled.not_after > settled.not_before)
        return DEVSEC_OK;
    text_date(begin, sizeof(begin), settled.not_before);
    text_date(end, sizeof(end), settled.not_after);
    return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                    "validity: the end, %s, has to be later than the beginning, %s", end, begin);
}

static bool set_dates(X509 *certificate, const struct pki_dates *dates)
{
    return ASN1_TIME_set(X509_getm_notBefore(certificate), dates->not_before) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), dates->not_after);
}

/* ---- extensions: values, which the caller frees, NULL when out of memory ---- */

static ASN1_BIT_STRING *key_usage_new(const EVP_PKEY *key)
{
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();

    /* Only an RSA key can have a secret encrypted to it. */
    if (usage && ASN1_BIT_STRING_set_bit(usage, DIGITAL_SIGNATURE, 1) &&
        (!EVP_PKEY_is_a(key, "RSA") || ASN1_BIT_STRING_set_bit(usage, KEY_ENCIPHERMENT, 1)))
        return usage;
    ASN1_BIT_STRING_free(usage);
    return NULL;
}

static EXTENDED_KEY_USAGE *extended_key_usage_new(void)
{
    EXTENDED_KEY_USAGE *usage = sk_ASN1_OBJECT_new_null();

    if (usage && sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(NID_server_auth)) &&
        sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(NID_client_auth)))
        return usage;
    EXTENDED_KEY_USAGE_free(usage);
    return NULL;
}

/* The SHA-1 of the public key (RFC 5280, 4.2.1.2, method 1): an identifier, nothing rests on the hash. */
static ASN1_OCTET_STRING *key_identifier_new(const X509 *certificate)
{
    ASN1_OCTET_STRING *identifier = ASN1_OCTET_STRING_new();
    unsigned char digest[SHA_DIGEST_LENGTH];
    unsigned length = 0;

    if (identifier && X509_pubkey_digest(certificate, EVP_sha1(), digest, &length) &&
        ASN1_OCTET_STRING_set(identifier, digest, (int)length))
        return identifier;
    ASN1_OCTET_STRING_free(identifier);
    return NULL;
}

static bool add_extensions(X509 *certificate, const EVP_PKEY *key, GENERAL_NAMES *names)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new(); /* CA:FALSE as it comes */
    ASN1_BIT_STRING *usage = key_usage_new(key);
    EXTENDED_KEY_USAGE *extended = extended_key_usage_new();
    ASN1_OCTET_STRING *identifier = key_identifier_new(certificate);
    const struct {
        void *value;
        int nid;
        int critical;
    } extensions[] = {
        {constraints, NID_basic_constraints, 1},     {usage, NID_key_usage, 1},        {extended, NID_ext_key_usage, 0},
        {identifier, NID_subject_key_identifier, 0}, {names, NID_subject_alt_name, 0},
    };
    bool added = constraints && usage && extended && identifier;

    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]) && added; i++) {
        if (extensions[i].value)
            added = X509_add1_ext_i2d(certificate, extensions[i].nid, extensions[i].value, extensions[i].critical,
                                      X509V3_ADD_DEFAULT) == 1;
    }
    BASIC_CONSTRAINTS_free(constraints);
    ASN1_BIT_STRING_free(usage);
    EXTENDED_KEY_USAGE_free(extended);
    ASN1_OCTET_STRING_free(identifier);
    return added;
}

/* ---- certificates ---- */

static bool set_serial_number(X509 *certificate)
{
    BIGNUM *number = BN_new();
    const bool set = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
                     BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));

    BN_free(number);
    return set;
}

/* What both a certificate and a request are made of. */
struct ingredients {
    X509_NAME *name;
    GENERAL_NAMES *alt_names; /* NULL for none */
};

static void ingredients_clear(struct ingredients *made)
{
    X509_NAME_free(made->name);
    GENERAL_NAMES_free(made->alt_names);
}

static enum devsec_err ingredients_make(struct ingredients *made, const EVP_PKEY *key,
                                        const struct pki_subject *subject, enum pki_hash hash, struct pki_fault *fault)
{
    struct pki_key_info info;
    enum devsec_err err = pki_key_describe(&info, key, fault);

    if (!err)
        err = pki_hash_check(&info, hash, fault);
    if (!err)
        err = pki_subject_check(subject, fault);
    if (!err)
        err = pki_subject_name(&made->name, subject, fault);
    if (!err)
        err = pki_subject_alt_names(&made->alt_names, subject, fault);
    return err;
}

enum devsec_err pki_self_sign(X509 **out, EVP_PKEY *key, const struct pki_subject *subject,
                              const struct pki_dates *dates, time_t now, enum pki_hash hash, struct pki_fault *fault)
{
    const struct pki_dates settled = dates_settle(dates, now);
    struct ingredients made = {0};
    X509 *certificate = NULL;
    enum devsec_err err = pki_dates_check(dates, now, fault);

    if (!err)
        err = ingredients_make(&made, key, subject, hash, fault);
    if (err)
        goto out;
    ERR_clear_error();
    certificate = X509_new();
    if (!certificate || !X509_set_version(certificate, X509_VERSION_3) || !set_serial_number(certificate) ||
        !X509_set_subject_name(certificate, made.name) || !X509_set_issuer_name(certificate, made.name) ||
        !X509_set_pubkey(certificate, key) || !set_dates(certificate, &settled) ||
        !add_extensions(certificate, key, made.alt_names) || X509_sign(certificate, key, pki_hash_md(hash)) <= 0)
        err = pki_fail_openssl(fault, PKI_INTERNAL_ERROR, "making a self-signed certificate");
out:
    ingredients_clear(&made);
    if (err) {
        X509_free(certificate);
        return err;
    }
    *out = certificate;
    return DEVSEC_OK;
}

/* ---- requests ---- */

static bool add_requested_extensions(X509_REQ *request, const EVP_PKEY *key, GENERAL_NAMES *names)
{
    ASN1_BIT_STRING *usage = key_usage_new(key);
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    const bool added =
        usage && X509V3_add1_i2d(&extensions, NID_key_usage, usage, 1, X509V3_ADD_DEFAULT) == 1 &&
        (!names || X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1) &&
        X509_REQ_add_extensions(request, extensions);

    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    ASN1_BIT_STRING_free(usage);
    return added;
}

/* A PrintableString where it can be one (RFC 2985, 5.4.1), which old servers insist on. */
static bool add_challenge(X509_REQ *request, const char *challenge)
{
    const unsigned char *octets = (const unsigned char *)challenge;
    const int length = (int)strlen(challenge);
    const bool printable = ASN1_PRINTABLE_type(octets, length) == V_ASN1_PRINTABLESTRING;

    return X509_REQ_add1_attr_by_NID(request, NID_pkcs9_challengePassword,
                                     printable ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING, octets, length) == 1;
}

enum devsec_err pki_request(X509_REQ **out, EVP_PKEY *key, const struct pki_subject *subject, const char *challenge,
                            enum pki_hash hash, struct pki_fault *fault)
{
    const bool challenged = challenge && challenge[0];
    struct ingredients made = {0};
    X509_REQ *request = NULL;
    enum devsec_err err = ingredients_make(&made, key, subject, hash, fault);

    if (!err && challenged && !text_is_utf8(challenge, strlen(challenge)))
        err = pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                       "challenge password: it is not valid UTF-8");
    if (err)
        goto out;
    ERR_clear_error();
    request = X509_REQ_new();
    if (!request || !X509_REQ_set_version(request, X509_REQ_VERSION_1) ||
        !X509_REQ_set_subject_name(request, made.name) || !X509_REQ_set_pubkey(request, key) ||
        !add_requested_extensions(request, key, made.alt_names) || (challenged && !add_challenge(request, challenge)) ||
        X509_REQ_sign(request, key, pki_hash_md(hash)) <= 0)
        err = pki_fail_openssl(fault, PKI_INTERNAL_ERROR, "making a certificate request");
out:
    ingredients_clear(&made);
    if (err) {
        X509_REQ_free(request);
        return err;
    }
    *out = request;
    return DEVSEC_OK;
}

/* ---- PEM ---- */

/* Takes the text out of a memory BIO into a buffer of its own. */
static enum devsec_err take_text(char **text, size_t *length, BIO *bio, struct pki_fault *fault)
{
    char *data = NULL;
    const long size = BIO_get_mem_data(bio, &data);
    char *copy = size > 0 ? malloc((size_t)size + 1) : NULL;

    if (!copy)
        return pki_fail_memory(fault);
    memcpy(copy, data, (size_t)size);
    copy[size] = '\0';
    *text = copy;
    *length = (size_t)size;
    return DEVSEC_OK;
}

enum devsec_err pki_request_pem(char **text, size_t *length, X509_REQ *request, struct pki_fault *fault)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum devsec_err err;

    ERR_clear_error();
    if (!bio)
        err = pki_fail_memory(fault);
    else if (!PEM_write_bio_X509_REQ(bio, request))
        err = pki_fail_openssl(fault, PKI_INTERNAL_ERROR, "writing a certificate request");
    else
        err = take_text(text, length, bio, fault);
    BIO_free(bio);
    return err;
}

enum devsec_err pki_chain_pem(char **text, size_t *length, X509 *leaf, const STACK_OF(X509) *chain,
                              struct pki_fault *fault)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum devsec_err err;
    bool written;

    ERR_clear_error();
    written = bio && PEM_write_bio_X509(bio, leaf);
    for (int i = 0; i < sk_X509_num(chain) && written; i++)
        written = PEM_write_bio_X509(bio, sk_X509_value(chain, i));
    if (!bio)
        err = pki_fail_memory(fault);
    else if (!written)
        err = pki_fail_openssl(fault, PKI_INTERNAL_ERROR, "writing a certificate");
    else
        err = take_text(text, length, bio, fault);
    BIO_free(bio);
    return err;
}
