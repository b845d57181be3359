/* SPDX-License-Identifier: Apache-2.0 */
/* Opening PKCS#12 files; see bundle.h for the contract. */
#include "bundle_private.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 4 /* SafeContents in SafeContents (RFC 7292, 4.2.6) */
#define WHERE_MAX   48

/* What opening a file goes along with. */
struct opening {
    OSSL_LIB_CTX *library; /* of its own: the legacy provider's algorithms must not become those of the program */
    OSSL_PROVIDER *standard;
    OSSL_PROVIDER *legacy; /* NULL where it is not installed: then old files are not opened */
    const char *password;  /* NULL stands for no password, which is another one than "" (RFC 7292, B.1) */
    int password_length;
    bool password_proven; /* by the file's MAC */
    uint64_t rounds;      /* of key derivation, so far */
    EVP_PKEY *key;
    STACK_OF(X509) *certificates;
};

static void opening_end(struct opening *opening)
{
    EVP_PKEY_free(opening->key);
    sk_X509_pop_free(opening->certificates, X509_free);
    if (opening->legacy)
        OSSL_PROVIDER_unload(opening->legacy);
    if (opening->standard)
        OSSL_PROVIDER_unload(opening->standard);
    OSSL_LIB_CTX_free(opening->library);
}

static bool opening_begin(struct opening *opening, const char *password)
{
    opening->password = password;
    opening->password_length = (int)strlen(password);
    opening->certificates = sk_X509_new_null();
    opening->library = OSSL_LIB_CTX_new();
    if (!opening->certificates || !opening->library)
        return false;
    opening->standard = OSSL_PROVIDER_load(opening->library, "default");
    opening->legacy = OSSL_PROVIDER_load(opening->library, "legacy");
    ERR_clear_error();
    return opening->standard != NULL;
}

/* ---- How much work a file asks for ---- */

/* What cannot be read counts as far too much. */
static uint64_t number(const ASN1_INTEGER *integer)
{
    uint64_t value = 0;

    return integer && ASN1_INTEGER_get_uint64(&value, integer) ? value : UINT64_MAX;
}

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product = 0;

    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* The parameters of an algorithm as a structure, NULL if they are not one. */
static void *parameters(const X509_ALGOR *algorithm, const ASN1_ITEM *item)
{
    const void *value = NULL;
    int type = V_ASN1_UNDEF;

    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    return type == V_ASN1_SEQUENCE ? ASN1_item_unpack(value, item) : NULL;
}

/* Of parameters that say how many in a field of their own, `at` octets from their beginning. */
static uint64_t rounds_in(const X509_ALGOR *algorithm, const ASN1_ITEM *item, size_t at)
{
    char *param = parameters(algorithm, item);
    const uint64_t rounds = param ? number(*(ASN1_INTEGER **)(void *)(param + at)) : 0;

    ASN1_item_free((ASN1_VALUE *)param, item);
    return rounds;
}

/* RFC 8018, A.2. */
static uint64_t rounds_of_pbkdf2(const X509_ALGOR *algorithm)
{
    return rounds_in(algorithm, ASN1_ITEM_rptr(PBKDF2PARAM), offsetof(PBKDF2PARAM, iter));
}

/* RFC 7914, 7.1; one round of its inner loop takes about as long as one of PBKDF2. */
static uint64_t rounds_of_scrypt(const X509_ALGOR *algorithm)
{
    SCRYPT_PARAMS *param = parameters(algorithm, ASN1_ITEM_rptr(SCRYPT_PARAMS));
    uint64_t rounds = 0;

    if (param)
        rounds = times(number(param->costParameter),
                       times(number(param->blockSize), number(param->parallelizationParameter)));
    SCRYPT_PARAMS_free(param);
    return rounds;
}

/* RFC 7292, appendix C, and RFC 8018, A.3: all of PKCS#12's own and PKCS#5's first version alike. */
static uint64_t rounds_of_pbe(const X509_ALGOR *algorithm)
{
    return rounds_in(algorithm, ASN1_ITEM_rptr(PBEPARAM), offsetof(PBEPARAM, iter));
}

/* RFC 8018, A.4: the key's derivation is an algorithm of its own. */
static uint64_t rounds_of_pbes2(const X509_ALGOR *algorithm)
{
    PBE2PARAM *param = parameters(algorithm, ASN1_ITEM_rptr(PBE2PARAM));
    const ASN1_OBJECT *function = NULL;
    uint64_t rounds = 0;

    if (param) {
        X509_ALGOR_get0(&function, NULL, NULL, param->keyfunc);
        rounds = OBJ_obj2nid(function) == NID_id_scrypt ? rounds_of_scrypt(param->keyfunc)
                                                        : rounds_of_pbkdf2(param->keyfunc);
    }
    PBE2PARAM_free(param);
    return rounds;
}

/* Counts rounds before they are spent. Parameters that are not what they should be cost nothing: OpenSSL refuses them.
 */
static enum devsec_err spend(struct opening *opening, uint64_t rounds, struct pki_fault *fault)
{
    ERR_clear_error();
    if (rounds > PKI_PKCS12_ROUNDS_MAX - opening->rounds)
        return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_WRONG_VALUE,
                        "the PKCS#12 file asks for too much work: more than %u rounds of key derivation",
                        PKI_PKCS12_ROUNDS_MAX);
    opening->rounds += rounds;
    return DEVSEC_OK;
}

static enum devsec_err spend_on(struct opening *opening, const X509_ALGOR *algorithm, struct pki_fault *fault)
{
    const ASN1_OBJECT *object = NULL;

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    return spend(opening, OBJ_obj2nid(object) == NID_pbes2 ? rounds_of_pbes2(algorithm) : rounds_of_pbe(algorithm),
                 fault);
}

/* ---- The password ---- */

static enum devsec_err fail_password(struct pki_fault *fault)
{
    return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_WRONG_VALUE,
                    "the password does not open the PKCS#12 file");
}

static enum devsec_err try_password(struct opening *opening, PKCS12 *file, bool *right, struct pki_fault *fault)
{
    const ASN1_INTEGER *rounds = NULL;
    enum devsec_err err;

    PKCS12_get0_mac(NULL, NULL, NULL, &rounds, file);
    err = spend(opening, rounds ? number(rounds) : 1, fault);
    if (err)
        return err;
    *right = PKCS12_verify_mac(file, opening->password, opening->password_length) == 1;
    if (!*right && ERR_peek_error())
        return pki_fail_openssl(fault, PKI_UNSUPPORTED_ALGORITHM, "the PKCS#12 file's MAC cannot be verified");
    return DEVSEC_OK;
}

/* Programs write an empty password in two ways. */
static enum devsec_err prove_password(struct opening *opening, PKCS12 *file, struct pki_fault *fault)
{
    bool right = false;
    enum devsec_err err;

    if (!PKCS12_mac_present(file))
        return DEVSEC_OK;
    err = try_password(opening, file, &right, fault);
    if (!err && !right && opening->password_length == 0) {
        opening->password = NULL;
        err = try_password(opening, file, &right, fault);
    }
    if (!err && !right)
        err = fail_password(fault);
    opening->password_proven = right;
    return err;
}

/* Decryption failed. Without a MAC, a wrong password shows only here. */
static enum devsec_err fail_decryption(const struct opening *opening, struct pki_fault *fault)
{
    if (opening->password_proven)
        return pki_fail_openssl(fault, PKI_UNSUPPORTED_ALGORITHM, "a part of the PKCS#12 file cannot be decrypted");
    ERR_clear_error();
    return fail_password(fault);
}

/* ---- What is in it ---- */

static enum devsec_err take_key(struct opening *opening, const PKCS8_PRIV_KEY_INFO *info, struct pki_fault *fault)
{
    if (opening->key)
        return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                        "the PKCS#12 file holds more than one private key; expected one with its certificate");
    /* In the program's own library context, whatever it was decrypted in. */
    opening->key = EVP_PKCS82PKEY(info);
    if (!opening->key)
        return pki_fail_openssl(fault, PKI_UNSUPPORTED_ALGORITHM, "the private key in the PKCS#12 file");
    return DEVSEC_OK;
}

static enum devsec_err take_shrouded_key(struct opening *opening, const PKCS12_SAFEBAG *bag, struct pki_fault *fault)
{
    const X509_SIG *shrouded = PKCS12_SAFEBAG_get0_pkcs8(bag);
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OCTET_STRING *octets = NULL;
    PKCS8_PRIV_KEY_INFO *info = NULL;
    enum devsec_err err;

    X509_SIG_get0(shrouded, &algorithm, &octets);
    err = spend_on(opening, algorithm, fault);
    if (err)
        return err;
    info = PKCS12_decrypt_skey_ex(bag, opening->password, opening->password_length, opening->library, NULL);
    err = info ? take_key(opening, info, fault) : fail_decryption(opening, fault);
    PKCS8_PRIV_KEY_INFO_free(info);
    return err;
}

/* By way of its encoding, into the program's own library context. */
static enum devsec_err take_certificate(struct opening *opening, const PKCS12_SAFEBAG *bag, struct pki_fault *fault)
{
    X509 *certificate = NULL;
    unsigned char *octets = NULL;
    char where[WHERE_MAX];
    int length = 0;
    enum devsec_err err;

    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
        return DEVSEC_OK;
    snprintf(where, sizeof(where), "certificate %d of the PKCS#12 file", sk_X509_num(opening->certificates) + 1);
    certificate = PKCS12_SAFEBAG_get1_cert(bag);
    if (!certificate)
        return pki_fail_openssl(fault, PKI_UPLOAD_MALFORMED, where);
    length = i2d_X509(certificate, &octets);
    X509_free(certificate);
    if (length <= 0)
        return pki_fail_memory(fault);
    err = bundle_add_certificate(opening->certificates, octets, (size_t)length, where, fault);
    OPENSSL_free(octets);
    return err;
}

static enum devsec_err take_bags(struct opening *opening, const STACK_OF(PKCS12_SAFEBAG) *bags, unsigned nesting,
                                 struct pki_fault *fault)
{
    enum devsec_err err = DEVSEC_OK;

    if (nesting > NESTING_MAX)
        return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                        "the PKCS#12 file has contents within contents more than %d times", NESTING_MAX);
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags) && !err; i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);

        switch (PKCS12_SAFEBAG_get_nid(bag)) {
        case NID_keyBag:
            err = take_key(opening, PKCS12_SAFEBAG_get0_p8inf(bag), fault);
            break;
        case NID_pkcs8ShroudedKeyBag:
            err = take_shrouded_key(opening, bag, fault);
            break;
        case NID_certBag:
            err = take_certificate(opening, bag, fault);
            break;
        case NID_safeContentsBag:
            err = take_bags(opening, PKCS12_SAFEBAG_get0_safes(bag), nesting + 1, fault);
            break;
        default: /* lists of revoked certificates and what else there may be */
            break;
        }
    }
    return err;
}

/* One ContentInfo of the AuthenticatedSafe. */
static enum devsec_err take_content(struct opening *opening, PKCS7 *content, struct pki_fault *fault)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    enum devsec_err err = DEVSEC_OK;

    ERR_clear_error();
    if (PKCS7_type_is_data(content)) {
        bags = PKCS12_unpack_p7data(content);
        if (!bags)
            return pki_fail_openssl(fault, PKI_UPLOAD_MALFORMED, "the PKCS#12 file's contents");
    } else if (PKCS7_type_is_encrypted(content)) {
        const PKCS7_ENCRYPT *encrypted = content->d.encrypted;

        if (!encrypted || !encrypted->enc_data || !encrypted->enc_data->enc_data)
            return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                            "the PKCS#12 file has an encrypted part without contents");
        err = spend_on(opening, encrypted->enc_data->algorithm, fault);
        if (err)
            return err;
        bags = PKCS12_unpack_p7encdata(content, opening->password, opening->password_length);
        if (!bags)
            return fail_decryption(opening, fault);
    } else {
        return pki_fail(
            fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
            "a part of the PKCS#12 file is encrypted for somebody's certificate; expected a password alone");
    }
    err = take_bags(opening, bags, 1, fault);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return err;
}

static enum devsec_err take_file(struct opening *opening, PKCS12 *file, struct pki_fault *fault)
{
    STACK_OF(PKCS7) *contents = PKCS12_unpack_authsafes(file);
    enum devsec_err err = DEVSEC_OK;

    if (!contents)
        return pki_fail_openssl(fault, PKI_UPLOAD_MALFORMED, "the PKCS#12 file cannot be taken apart");
    err = prove_password(opening, file, fault);
    for (int i = 0; i < sk_PKCS7_num(contents) && !err; i++)
        err = take_content(opening, sk_PKCS7_value(contents, i), fault);
    sk_PKCS7_pop_free(contents, PKCS7_free);
    return err;
}

/* ---- The file ---- */

static enum devsec_err parse(PKCS12 **out, const struct opening *opening, const unsigned char *octets, size_t length,
                             struct pki_fault *fault)
{
    const unsigned char *at = octets;
    /* d2i fills this one, and with it everything knows the library context. */
    PKCS12 *file = PKCS12_init_ex(NID_pkcs7_data, opening->library, NULL);

    if (!file)
        return pki_fail_memory(fault);
    if (!d2i_PKCS12(&file, &at, (long)length))
        return pki_fail_openssl(fault, PKI_UPLOAD_MALFORMED, "this is not a PKCS#12 file");
    if (at != octets + length) {
        PKCS12_free(file);
        return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                        "the PKCS#12 file has %zu octets too many behind its end", (size_t)(octets + length - at));
    }
    *out = file;
    return DEVSEC_OK;
}

enum devsec_err pki_pkcs12_read(EVP_PKEY **key, X509 **leaf, STACK_OF(X509) **chain, const unsigned char *octets,
                                size_t length, const char *password, struct pki_fault *fault)
{
    struct opening opening = {0};
    PKCS12 *file = NULL;
    enum devsec_err err;

    ERR_clear_error();
    if (!length)
        return pki_fail(fault, PKI_UPLOAD_MISSING, DEVSEC_ERR_NOT_FOUND, "the PKCS#12 file is empty");
    if (length > PKI_PKCS12_OCTETS_MAX)
        return pki_fail(fault, PKI_UPLOAD_TOO_LARGE, DEVSEC_ERR_WRONG_LENGTH,
                        "the PKCS#12 file has %zu octets; expected %u at most", length, PKI_PKCS12_OCTETS_MAX);
    if (strlen(password) > PKI_PKCS12_PASSWORD_MAX)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_WRONG_LENGTH,
                        "the password is too long; expected %u octets at most", PKI_PKCS12_PASSWORD_MAX);
    err = opening_begin(&opening, password) ? DEVSEC_OK : pki_fail_memory(fault);
    if (!err)
        err = parse(&file, &opening, octets, length, fault);
    if (!err)
        err = take_file(&opening, file, fault);
    if (!err && !opening.key)
        err = pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                       "the PKCS#12 file holds no private key; expected one with its certificate");
    if (!err && sk_X509_num(opening.certificates) == 0)
        err = pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                       "the PKCS#12 file holds a private key without a certificate; expected both");
    if (!err)
        err = pki_bundle_arrange(leaf, chain, opening.certificates, opening.key, fault);
    if (!err) {
        *key = opening.key;
        opening.key = NULL;
    }
    PKCS12_free(file);
    opening_end(&opening);
    ERR_clear_error();
    return err;
}
