/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs: what may be generated, generating, telling what a key is; see key.h for the contract. */
#include "pki/key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

/* RSA keys that others made, as certificates bring them. */
#define RSA_BITS_DESCRIBED_MIN 512
#define RSA_BITS_DESCRIBED_MAX 16384

#define RSA_BITS_LONG_HASH 1024 /* for SHA-384 and SHA-512 [C6] */

#define CURVE_NAME_MAX 64

/* By enum pki_curve - 1: the curves that keys are generated on. */
static const struct {
    int nid;
    const char *words;
} curves[] = {
    {NID_X9_62_prime256v1, "P-256"},
    {NID_secp384r1, "P-384"},
    {NID_secp521r1, "P-521"},
};

#define N_CURVES (sizeof(curves) / sizeof(curves[0]))

_Static_assert(N_CURVES == PKI_CURVE_P521, "every curve that may be generated has its name");

/* By enum pki_hash - 1. */
static const EVP_MD *(*const hashes[])(void) = {EVP_sha1, EVP_sha256, EVP_sha384, EVP_sha512};

#define N_HASHES (sizeof(hashes) / sizeof(hashes[0]))

_Static_assert(N_HASHES == PKI_HASH_SHA512, "every hash has its digest");

const EVP_MD *pki_hash_md(enum pki_hash hash)
{
    return hashes[hash - 1]();
}

enum devsec_err pki_hash_check(const struct pki_key_info *info, enum pki_hash hash, struct pki_fault *fault)
{
    if (hash < PKI_HASH_SHA1 || hash > PKI_HASH_SHA512)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "hash: expected SHA-1, SHA-256, SHA-384 or SHA-512");
    if (hash >= PKI_HASH_SHA384 && info->type == PKI_KEY_RSA && info->bits < RSA_BITS_LONG_HASH)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "hash: SHA-384 and SHA-512 need an RSA key of %d bits at least, this one has %d",
                        RSA_BITS_LONG_HASH, info->bits);
    return DEVSEC_OK;
}

static enum devsec_err rsa_bits_check(int bits, struct pki_fault *fault)
{
    if (bits >= PKI_RSA_BITS_MIN && bits <= PKI_RSA_BITS_MAX && bits % 8 == 0)
        return DEVSEC_OK;
    return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                    "key length: an RSA key has %d to %d bits, a multiple of 8, not %d", PKI_RSA_BITS_MIN,
                    PKI_RSA_BITS_MAX, bits);
}

static enum devsec_err curve_check(enum pki_curve curve, struct pki_fault *fault)
{
    if (curve >= PKI_CURVE_P256 && curve <= PKI_CURVE_P521)
        return DEVSEC_OK;
    return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                    "curve: an ECDSA key is generated on P-256, P-384 or P-521");
}

enum devsec_err pki_key_spec_check(const struct pki_key_spec *spec, enum pki_hash hash, struct pki_fault *fault)
{
    const struct pki_key_info info = {.type = spec->type, .bits = spec->bits};
    enum devsec_err err;

    if (spec->type == PKI_KEY_RSA)
        err = rsa_bits_check(spec->bits, fault);
    else if (spec->type == PKI_KEY_ECDSA)
        err = curve_check(spec->curve, fault);
    else
        err = pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT, "key type: expected RSA or ECDSA");
    return err ? err : pki_hash_check(&info, hash, fault);
}

/* What the callback of a generation knows. */
struct generation {
    const struct pki_progress *progress;
    unsigned step;
    bool given_up;
};

/* EVP_PKEY_CTX_set_cb: 1 goes on, 0 gives up. OpenSSL calls it for each candidate, each test passed, each prime. */
static int step(EVP_PKEY_CTX *context)
{
    struct generation *generation = EVP_PKEY_CTX_get_app_data(context);

    if (!generation->given_up)
        generation->given_up = !generation->progress->step(generation->progress->context, ++generation->step);
    return !generation->given_up;
}

static bool set_spec(EVP_PKEY_CTX *context, const struct pki_key_spec *spec)
{
    if (spec->type == PKI_KEY_RSA)
        return EVP_PKEY_CTX_set_rsa_keygen_bits(context, spec->bits) > 0;
    return EVP_PKEY_CTX_set_group_name(context, OBJ_nid2sn(curves[spec->curve - 1].nid)) > 0;
}

enum devsec_err pki_key_generate(EVP_PKEY **out, const struct pki_key_spec *spec, const struct pki_progress *progress,
                                 struct pki_fault *fault)
{
    struct generation generation = {.progress = progress};
    EVP_PKEY_CTX *context = NULL;
    EVP_PKEY *key = NULL;
    enum devsec_err err = pki_key_spec_check(spec, PKI_HASH_SHA256, fault);

    if (err)
        return err;
    ERR_clear_error();
    context = EVP_PKEY_CTX_new_from_name(NULL, spec->type == PKI_KEY_RSA ? "RSA" : "EC", NULL);
    if (!context || EVP_PKEY_keygen_init(context) <= 0 || !set_spec(context, spec)) {
        err = pki_fail_openssl(fault, PKI_KEY_GENERATION_FAILED, "generating a key");
        goto out;
    }
    if (progress) {
        EVP_PKEY_CTX_set_app_data(context, &generation);
        EVP_PKEY_CTX_set_cb(context, step);
        generation.given_up = !progress->step(progress->context, 0);
    }
    if (!generation.given_up && EVP_PKEY_generate(context, &key) <= 0 && !generation.given_up)
        err = pki_fail_openssl(fault, PKI_KEY_GENERATION_FAILED, "generating a key");
    else if (generation.given_up)
        err = pki_fail(fault, PKI_CANCELLED, DEVSEC_ERR_BUSY, "the generation of the key was given up");
out:
    EVP_PKEY_CTX_free(context);
    if (err) {
        EVP_PKEY_free(key);
        ERR_clear_error();
        return err;
    }
    *out = key;
    return DEVSEC_OK;
}

static enum devsec_err describe_rsa(struct pki_key_info *info, const EVP_PKEY *key, struct pki_fault *fault)
{
    const int bits = EVP_PKEY_get_bits(key);

    if (bits < RSA_BITS_DESCRIBED_MIN || bits > RSA_BITS_DESCRIBED_MAX)
        return pki_fail(fault, PKI_UNSUPPORTED_ALGORITHM, DEVSEC_ERR_WRONG_VALUE,
                        "an RSA key of %d bits cannot be used: %d to %d are supported", bits, RSA_BITS_DESCRIBED_MIN,
                        RSA_BITS_DESCRIBED_MAX);
    *info = (struct pki_key_info){.type = PKI_KEY_RSA, .bits = bits, .curve = PKI_CURVE_NONE};
    return DEVSEC_OK;
}

static enum pki_curve curve_of(int nid)
{
    for (size_t i = 0; i < N_CURVES; i++) {
        if (curves[i].nid == nid)
            return (enum pki_curve)(i + 1);
    }
    return PKI_CURVE_OTHER;
}

/* A curve that is spelt out in the key is refused even where it is a known one (RFC 5480, 2.1.1). */
static enum devsec_err describe_ec(struct pki_key_info *info, const EVP_PKEY *key, struct pki_fault *fault)
{
    char name[CURVE_NAME_MAX] = "";
    int spelt_out = 0;
    int nid;

    (void)EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelt_out);
    if (spelt_out || !EVP_PKEY_get_group_name(key, name, sizeof(name), NULL))
        return pki_fail(fault, PKI_UNSUPPORTED_ALGORITHM, DEVSEC_ERR_WRONG_VALUE,
                        "an ECDSA key cannot be used unless it names its curve (RFC 5480)");
    nid = OBJ_sn2nid(name);
    *info = (struct pki_key_info){
        .type = PKI_KEY_ECDSA, .bits = EVP_PKEY_get_bits(key), .curve = curve_of(nid), .curve_nid = nid};
    return DEVSEC_OK;
}

enum devsec_err pki_key_describe(struct pki_key_info *info, const EVP_PKEY *key, struct pki_fault *fault)
{
    enum devsec_err err;

    ERR_set_mark();
    if (EVP_PKEY_is_a(key, "RSA"))
        err = describe_rsa(info, key, fault);
    else if (EVP_PKEY_is_a(key, "EC"))
        err = describe_ec(info, key, fault);
    else
        err = pki_fail(fault, PKI_UNSUPPORTED_ALGORITHM, DEVSEC_ERR_WRONG_VALUE,
                       "a key of type %s cannot be used: RSA and ECDSA are supported",
                       EVP_PKEY_get0_type_name(key) ? EVP_PKEY_get0_type_name(key) : "that OpenSSL does not know");
    ERR_pop_to_mark();
    return err;
}

void pki_key_words(const struct pki_key_info *info, char *to)
{
    const char *curve = info->curve_nid ? OBJ_nid2sn(info->curve_nid) : NULL;

    if (info->type == PKI_KEY_RSA)
        snprintf(to, PKI_KEY_WORDS_MAX, "RSA %d", info->bits);
    else if (info->curve >= PKI_CURVE_P256 && info->curve <= PKI_CURVE_P521)
        snprintf(to, PKI_KEY_WORDS_MAX, "ECDSA %s", curves[info->curve - 1].words);
    else
        snprintf(to, PKI_KEY_WORDS_MAX, "ECDSA%s%s", curve ? " " : "", curve ? curve : "");
}
