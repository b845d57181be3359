/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' certification authority; see ca_fixture.h. */
#include "ca_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_OCTETS   16
#define LIFETIME_DAYS   365
#define VERSION3        2 /* the field's value, RFC 5280, 4.1.2.1 */
#define CA_KEY_USAGE    "critical,keyCertSign,cRLSign"
#define PSS_BITS        1024
#define ALT_NAMES_MAX   512
#define RSA_PREFIX      "RSA-"
#define RSA_PREFIX_SIZE (sizeof(RSA_PREFIX) - 1)

/* Ends the test with OpenSSL's reason unless `fine`. */
#define must(fine)                                                                                                     \
    do {                                                                                                               \
        if (!(fine))                                                                                                   \
            fail_msg("%s: %s", #fine, ERR_reason_error_string(ERR_peek_last_error()));                                 \
    } while (0)

/* ---- Keys ---- */

static EVP_PKEY *pss_key(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *key = NULL;

    must(context && EVP_PKEY_keygen_init(context) > 0 && EVP_PKEY_CTX_set_rsa_keygen_bits(context, PSS_BITS) > 0 &&
         EVP_PKEY_generate(context, &key) > 0);
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *explicit_key(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

    must(key && EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"));
    return key;
}

EVP_PKEY *ca_key(const char *kind)
{
    EVP_PKEY *key = NULL;

    if (strcmp(kind, "RSA-PSS") == 0)
        key = pss_key();
    else if (strncmp(kind, RSA_PREFIX, RSA_PREFIX_SIZE) == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)strtoul(kind + RSA_PREFIX_SIZE, NULL, 10));
    else if (strcmp(kind, "explicit") == 0)
        key = explicit_key();
    else if (strcmp(kind, "ED25519") == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
    else
        key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
    must(key);
    return key;
}

EVP_PKEY *ca_public_key(EVP_PKEY *key)
{
    unsigned char *octets = NULL;
    const int length = i2d_PUBKEY(key, &octets);
    const unsigned char *at = octets;
    EVP_PKEY *public = length > 0 ? d2i_PUBKEY(NULL, &at, length) : NULL;

    must(public);
    OPENSSL_free(octets);
    return public;
}

/* ---- Certificates ---- */

static void add_extension(X509 *certificate, X509 *issuer, const char *name, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension = NULL;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    extension = X509V3_EXT_nconf(NULL, &context, name, value);
    must(extension);
    must(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static void put_name(X509_NAME *name, const char *field, const char *text)
{
    if (text)
        must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0));
}

static void put_serial(X509 *certificate, long serial)
{
    unsigned char octets[SERIAL_OCTETS];
    BIGNUM *number = NULL;

    if (serial) {
        must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial));
        return;
    }
    must(RAND_bytes(octets, sizeof(octets)) == 1);
    octets[0] &= 0x7f;
    octets[0] |= 0x40;
    number = BN_bin2bn(octets, sizeof(octets), NULL);
    must(number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)));
    BN_free(number);
}

static void put_dates(X509 *certificate, time_t not_before, time_t not_after)
{
    must(ASN1_TIME_set(X509_getm_notBefore(certificate), not_before ? not_before : CA_NOW - CA_DAY));
    must(ASN1_TIME_set(X509_getm_notAfter(certificate), not_after ? not_after : CA_NOW + LIFETIME_DAYS * CA_DAY));
}

static void put_extensions(X509 *certificate, X509 *issuer, const struct ca_spec *spec)
{
    if (spec->basic_constraints)
        add_extension(certificate, issuer, "basicConstraints", spec->basic_constraints);
    if (spec->key_usage)
        add_extension(certificate, issuer, "keyUsage", spec->key_usage);
    if (!spec->no_key_ids) {
        add_extension(certificate, issuer, "subjectKeyIdentifier", "hash");
        /* An issuer without an identifier of its own has none to be referred to. */
        if (issuer == certificate || X509_get0_subject_key_id(issuer))
            add_extension(certificate, issuer, "authorityKeyIdentifier", "keyid");
    }
    if (spec->alt_names)
        add_extension(certificate, issuer, "subjectAltName", spec->alt_names);
    for (const struct ca_extension *e = spec->extensions; e && e->name; e++)
        add_extension(certificate, issuer, e->name, e->value);
}

static void sign(X509 *certificate, EVP_PKEY *key, const char *hash)
{
    const EVP_MD *digest = NULL;

    if (!EVP_PKEY_is_a(key, "ED25519")) {
        digest = EVP_get_digestbyname(hash ? hash : "SHA256");
        must(digest);
    }
    must(X509_sign(certificate, key, digest) > 0);
}

void ca_sign_again(X509 *certificate, EVP_PKEY *issuer_key)
{
    sign(certificate, issuer_key, NULL);
}

/* What was put together by hand has cached nothing that a parsed one would have; also proves that it can be parsed. */
static X509 *parsed_again(X509 *certificate)
{
    size_t length = 0;
    unsigned char *octets = ca_der(certificate, &length);
    const unsigned char *at = octets;
    X509 *again = d2i_X509(NULL, &at, (long)length);

    must(again);
    free(octets);
    X509_free(certificate);
    return again;
}

X509 *ca_certify(const struct ca_spec *spec, EVP_PKEY *key, const struct ca *issuer)
{
    X509 *certificate = X509_new();
    X509_NAME *name = NULL;

    must(certificate);
    name = X509_get_subject_name(certificate);
    put_name(name, "O", spec->organization);
    put_name(name, "CN", spec->common_name);
    must(X509_set_version(certificate, spec->version1 ? 0 : VERSION3));
    put_serial(certificate, spec->serial);
    put_dates(certificate, spec->not_before, spec->not_after);
    must(X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer->certificate) : name));
    must(X509_set_pubkey(certificate, key));
    if (!spec->version1)
        put_extensions(certificate, issuer ? issuer->certificate : certificate, spec);
    sign(certificate, issuer ? issuer->key : key, spec->hash);
    return parsed_again(certificate);
}

static char *request_alt_names(X509_REQ *request)
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = calloc(1, ALT_NAMES_MAX);

    must(bio && text);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        BIO_puts(bio, i ? "," : "");
        GENERAL_NAME_print(bio, sk_GENERAL_NAME_value(names, i));
    }
    BIO_read(bio, text, ALT_NAMES_MAX - 1);
    BIO_free(bio);
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    if (!text[0]) {
        free(text);
        return NULL;
    }
    /* OpenSSL prints "IP Address:" and reads "IP:". */
    for (char *at = strstr(text, "IP Address:"); at; at = strstr(at, "IP Address:"))
        memmove(at + 2, at + strlen("IP Address"), strlen(at + strlen("IP Address")) + 1);
    return text;
}

X509 *ca_certify_request(X509_REQ *request, const struct ca *issuer, time_t not_before, time_t not_after)
{
    char *alt_names = request_alt_names(request);
    const struct ca_spec spec = {.alt_names = alt_names, .basic_constraints = "critical,CA:FALSE"};
    X509 *certificate = X509_new();

    must(certificate);
    must(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1);
    must(X509_set_version(certificate, VERSION3));
    put_serial(certificate, 0);
    put_dates(certificate, not_before, not_after);
    must(X509_set_subject_name(certificate, X509_REQ_get_subject_name(request)));
    must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)));
    must(X509_set_pubkey(certificate, X509_REQ_get0_pubkey(request)));
    put_extensions(certificate, issuer->certificate, &spec);
    sign(certificate, issuer->key, NULL);
    free(alt_names);
    return parsed_again(certificate);
}

/* ---- The usual three ---- */

struct ca ca_root(const char *common_name)
{
    const struct ca_spec spec = {
        .common_name = common_name, .basic_constraints = "critical,CA:TRUE", .key_usage = CA_KEY_USAGE};
    struct ca ca = {.key = ca_key("P-256")};

    ca.certificate = ca_certify(&spec, ca.key, NULL);
    return ca;
}

struct ca ca_intermediate(const char *common_name, const struct ca *issuer)
{
    const struct ca_spec spec = {
        .common_name = common_name, .basic_constraints = "critical,CA:TRUE", .key_usage = CA_KEY_USAGE};
    struct ca ca = {.key = ca_key("P-256")};

    ca.certificate = ca_certify(&spec, ca.key, issuer);
    return ca;
}

struct ca ca_leaf(const char *common_name, const struct ca *issuer)
{
    char alt_names[ALT_NAMES_MAX];
    const struct ca_spec spec = {.common_name = common_name,
                                 .basic_constraints = "critical,CA:FALSE",
                                 .key_usage = "critical,digitalSignature",
                                 .alt_names = alt_names};
    struct ca ca = {.key = ca_key("P-256")};

    snprintf(alt_names, sizeof(alt_names), "DNS:%s", common_name);
    ca.certificate = ca_certify(&spec, ca.key, issuer);
    return ca;
}

void ca_free(struct ca *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->certificate);
    memset(ca, 0, sizeof(*ca));
}

struct ca_four four;

int ca_four_make(void **state)
{
    (void)state;
    four.root = ca_root("Root");
    four.upper = ca_intermediate("Upper CA", &four.root);
    four.lower = ca_intermediate("Lower CA", &four.upper);
    four.leaf = ca_leaf("mfp-17.example", &four.lower);
    return 0;
}

int ca_four_drop(void **state)
{
    (void)state;
    ca_free(&four.leaf);
    ca_free(&four.lower);
    ca_free(&four.upper);
    ca_free(&four.root);
    return 0;
}

/* ---- Stacks and encodings ---- */

STACK_OF(X509) *ca_stack(X509 *first, ...)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    va_list args;

    must(stack);
    va_start(args, first);
    for (X509 *certificate = first; certificate; certificate = va_arg(args, X509 *)) {
        must(sk_X509_push(stack, certificate) > 0);
        must(X509_up_ref(certificate));
    }
    va_end(args);
    return stack;
}

void ca_stack_free(STACK_OF(X509) *stack)
{
    sk_X509_pop_free(stack, X509_free);
}

/* The content of a memory BIO with a NUL behind it; frees the BIO. */
static char *bio_text(BIO *bio, size_t *length)
{
    char *data = NULL;
    const long size = BIO_get_mem_data(bio, &data);
    char *text = malloc((size_t)size + 1);

    must(text && size >= 0);
    if (size)
        memcpy(text, data, (size_t)size);
    text[size] = '\0';
    if (length)
        *length = (size_t)size;
    BIO_free(bio);
    return text;
}

char *ca_pem(X509 *certificate, size_t *length)
{
    BIO *bio = BIO_new(BIO_s_mem());

    must(bio && PEM_write_bio_X509(bio, certificate));
    return bio_text(bio, length);
}

char *ca_pem_stack(STACK_OF(X509) *stack, size_t *length)
{
    BIO *bio = BIO_new(BIO_s_mem());

    must(bio);
    for (int i = 0; i < sk_X509_num(stack); i++)
        must(PEM_write_bio_X509(bio, sk_X509_value(stack, i)));
    return bio_text(bio, length);
}

unsigned char *ca_der(X509 *certificate, size_t *length)
{
    BIO *bio = BIO_new(BIO_s_mem());

    must(bio && i2d_X509_bio(bio, certificate));
    return (unsigned char *)bio_text(bio, length);
}

unsigned char *ca_pkcs7(STACK_OF(X509) *stack, size_t *length)
{
    PKCS7 *bundle = PKCS7_new();
    BIO *bio = BIO_new(BIO_s_mem());

    must(bundle && bio && PKCS7_set_type(bundle, NID_pkcs7_signed) && PKCS7_content_new(bundle, NID_pkcs7_data));
    for (int i = 0; i < sk_X509_num(stack); i++)
        must(PKCS7_add_certificate(bundle, sk_X509_value(stack, i)));
    must(PKCS7_set_detached(bundle, 1));
    must(i2d_PKCS7_bio(bio, bundle));
    PKCS7_free(bundle);
    return (unsigned char *)bio_text(bio, length);
}

unsigned char *ca_crl(const struct ca *issuer, size_t *length)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, CA_NOW);
    BIO *bio = BIO_new(BIO_s_mem());

    must(crl && time && bio);
    must(X509_CRL_set_version(crl, 1));
    must(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->certificate)));
    must(X509_CRL_set1_lastUpdate(crl, time));
    must(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
    must(i2d_X509_CRL_bio(bio, crl));
    ASN1_TIME_free(time);
    X509_CRL_free(crl);
    return (unsigned char *)bio_text(bio, length);
}

unsigned char *ca_request(EVP_PKEY *key, const char *common_name, size_t *length)
{
    X509_REQ *request = X509_REQ_new();
    BIO *bio = BIO_new(BIO_s_mem());

    must(request && bio);
    must(X509_REQ_set_version(request, 0));
    put_name(X509_REQ_get_subject_name(request), "CN", common_name);
    must(X509_REQ_set_pubkey(request, key));
    must(X509_REQ_sign(request, key, EVP_sha256()) > 0);
    must(i2d_X509_REQ_bio(bio, request));
    X509_REQ_free(request);
    return (unsigned char *)bio_text(bio, length);
}

char *ca_pem_block(const char *label, const unsigned char *octets, size_t length)
{
    BIO *bio = BIO_new(BIO_s_mem());

    must(bio && PEM_write_bio(bio, label, "", octets, (long)length) > 0);
    return bio_text(bio, NULL);
}
