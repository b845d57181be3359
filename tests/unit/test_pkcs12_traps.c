/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#12 files that are damaged, cut, of algorithms nobody has, or ask for endless work. */
#include "pkcs12_fixture.h"

#include <openssl/pkcs7.h>
#include <openssl/rand.h>

#define MUCH 20000000
#define DEAR "the PKCS#12 file asks for too much work: more than 5000000 rounds of key derivation"

/* ---- Files changed by hand ---- */

/* A file of one safe with the leaf's key and certificate, encrypted; its algorithm is `swapped` afterwards, if there is
 * one (taken), so that nobody can open it. The MAC is right. */
static struct file file_with_algorithm(X509_ALGOR *swapped, int mac_rounds)
{
    STACK_OF(PKCS12_SAFEBAG) *bags =
        bags_of(key_bag(leaf.key), certificate_bag(leaf.certificate), certificate_bag(middle.certificate), NULL);
    STACK_OF(PKCS7) *safes = sk_PKCS7_new_null();
    PKCS7 *safe = PKCS12_pack_p7encdata(NID_aes_128_cbc, PASSWORD, -1, NULL, 0, FEW, bags);
    PKCS12 *made = NULL;

    assert_non_null(safe);
    if (swapped) {
        X509_ALGOR_free(safe->d.encrypted->enc_data->algorithm);
        safe->d.encrypted->enc_data->algorithm = swapped;
    }
    assert_true(sk_PKCS7_push(safes, safe) > 0);
    made = PKCS12_add_safes(safes, 0);
    assert_true(made && PKCS12_set_mac(made, PASSWORD, -1, NULL, 0, mac_rounds, NULL));
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return encode(made);
}

/* The same for a shrouded key in an open safe. */
static struct file file_with_key_algorithm(X509_ALGOR *swapped)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(leaf.key);
    X509_SIG *shrouded = PKCS8_encrypt(-1, EVP_aes_128_cbc(), PASSWORD, -1, NULL, 0, FEW, info);
    X509_ALGOR *algorithm = NULL;

    X509_SIG_getm(shrouded, &algorithm, NULL);
    assert_true(X509_ALGOR_copy(algorithm, swapped));
    X509_ALGOR_free(swapped);
    PKCS8_PRIV_KEY_INFO_free(info);
    return file_of_bags(bags_of(PKCS12_SAFEBAG_create0_pkcs8(shrouded), certificate_bag(leaf.certificate), NULL),
                        PASSWORD);
}

/* A MAC that says it took so many rounds; its other fields as they are. */
static struct file file_with_mac(const char *rounds, const char *digest)
{
    STACK_OF(PKCS7) *safes = NULL;
    STACK_OF(PKCS12_SAFEBAG) *bags = bags_of(key_bag(leaf.key), certificate_bag(leaf.certificate), NULL);
    const X509_ALGOR *algorithm = NULL;
    const ASN1_INTEGER *number = NULL;
    PKCS12 *made = NULL;

    assert_true(PKCS12_add_safe(&safes, bags, -1, FEW, NULL));
    made = PKCS12_add_safes(safes, 0);
    assert_true(PKCS12_set_mac(made, PASSWORD, -1, NULL, 0, 2, NULL));
    PKCS12_get0_mac(NULL, &algorithm, NULL, &number, made);
    if (rounds) {
        BIGNUM *value = NULL;

        assert_true(BN_dec2bn(&value, rounds));
        assert_non_null(BN_to_ASN1_INTEGER(value, (ASN1_INTEGER *)(uintptr_t)number));
        BN_free(value);
    }
    if (digest)
        assert_true(X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)algorithm, OBJ_txt2obj(digest, 1), V_ASN1_NULL, NULL));
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return encode(made);
}

/* ---- Endless work ---- */

static X509_ALGOR *pbes2(int rounds)
{
    return PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), rounds, NULL, 0, NULL, -1);
}

static X509_ALGOR *pbe(int rounds)
{
    return PKCS5_pbe_set(NID_pbe_WithSHA1And3_Key_TripleDES_CBC, rounds, NULL, 0);
}

/* 16384 * 8 * 128 rounds in little memory. */
static X509_ALGOR *scrypt(void)
{
    return PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), (const unsigned char *)"saltsalt", 8, NULL, 16384, 8, 128);
}

static void endless_work_is_refused(void **state)
{
    static const char *const rounds[] = {"5000001", "2147483648", "18446744073709551616", "-1",
                                         "340282366920938463463374607431768211456"};

    (void)state;
    for (size_t i = 0; i < COUNT(rounds); i++)
        assert_refused(file_with_mac(rounds[i], NULL), PASSWORD, PKI_UPLOAD_MALFORMED, DEAR);
    assert_refused(file_with_algorithm(pbes2(MUCH), FEW), PASSWORD, PKI_UPLOAD_MALFORMED, DEAR);
    assert_refused(file_with_algorithm(pbe(MUCH), FEW), PASSWORD, PKI_UPLOAD_MALFORMED, DEAR);
    assert_refused(file_with_algorithm(scrypt(), FEW), PASSWORD, PKI_UPLOAD_MALFORMED, DEAR);
    assert_refused(file_with_key_algorithm(pbes2(MUCH)), PASSWORD, PKI_UPLOAD_MALFORMED, DEAR);
    assert_refused(file_with_key_algorithm(pbe(MUCH)), PASSWORD, PKI_UPLOAD_MALFORMED, DEAR);
    assert_refused(file_with_key_algorithm(scrypt()), PASSWORD, PKI_UPLOAD_MALFORMED, DEAR);
}

static void work_adds_up(void **state)
{
    (void)state;
    /* 1,000 for the MAC, and what would be allowed alone. */
    assert_refused(file_with_algorithm(pbes2((int)PKI_PKCS12_ROUNDS_MAX - 999), 1000), PASSWORD, PKI_UPLOAD_MALFORMED,
                   DEAR);
}

/* ---- Algorithms ---- */

static X509_ALGOR *unknown(void)
{
    X509_ALGOR *algorithm = X509_ALGOR_new();

    assert_true(X509_ALGOR_set0(algorithm, OBJ_txt2obj("1.2.3.4", 1), V_ASN1_UNDEF, NULL));
    return algorithm;
}

static void unknown_algorithms_are_named_as_such(void **state)
{
    (void)state;
    assert_refused(file_with_mac(NULL, "1.2.3.4"), PASSWORD, PKI_UNSUPPORTED_ALGORITHM,
                   "the PKCS#12 file's MAC cannot be verified: ");
    assert_refused(file_with_algorithm(unknown(), FEW), PASSWORD, PKI_UNSUPPORTED_ALGORITHM,
                   "a part of the PKCS#12 file cannot be decrypted: unknown pbe algorithm");
    assert_refused(file_with_key_algorithm(unknown()), PASSWORD, PKI_UNSUPPORTED_ALGORITHM,
                   "a part of the PKCS#12 file cannot be decrypted: unknown pbe algorithm");
}

static void an_unknown_kind_of_key_is_refused(void **state)
{
    PKCS8_PRIV_KEY_INFO *info = PKCS8_PRIV_KEY_INFO_new();
    unsigned char *octets = OPENSSL_malloc(4);

    (void)state;
    memcpy(octets, "\x04\x02\x01\x02", 4);
    assert_true(PKCS8_pkey_set0(info, OBJ_txt2obj("1.2.3.4", 1), 0, V_ASN1_UNDEF, NULL, octets, 4));
    assert_refused(
        file_of_bags(bags_of(PKCS12_SAFEBAG_create0_p8inf(info), certificate_bag(leaf.certificate), NULL), PASSWORD),
        PASSWORD, PKI_UNSUPPORTED_ALGORITHM, "the private key in the PKCS#12 file: ");
}

/* ---- Damage ---- */

static struct file copy_of(const void *octets, size_t length)
{
    struct file file = {OPENSSL_malloc(length + 1), length};

    memcpy(file.octets, octets, length);
    return file;
}

static void what_is_no_file_is_refused(void **state)
{
    size_t length = 0;
    unsigned char *der = ca_der(leaf.certificate, &length);
    char *pem = ca_pem(leaf.certificate, NULL);

    (void)state;
    assert_refused(copy_of("", 0), "", PKI_UPLOAD_MISSING, "the PKCS#12 file is empty");
    assert_refused(copy_of("garbage", 7), "", PKI_UPLOAD_MALFORMED, "this is not a PKCS#12 file: ");
    assert_refused(copy_of(der, length), "", PKI_UPLOAD_MALFORMED, "this is not a PKCS#12 file: ");
    assert_refused(copy_of(pem, strlen(pem)), "", PKI_UPLOAD_MALFORMED, "this is not a PKCS#12 file: ");
    free(der);
    free(pem);
}

static void the_size_is_limited(void **state)
{
    struct file file = {OPENSSL_zalloc(PKI_PKCS12_OCTETS_MAX + 1), PKI_PKCS12_OCTETS_MAX + 1};

    (void)state;
    assert_refused(file, "", PKI_UPLOAD_TOO_LARGE, "the PKCS#12 file has 262145 octets; expected 262144 at most");
}

static void trailing_octets_are_refused(void **state)
{
    struct file file = file_of(PASSWORD, NID_aes_256_cbc, FEW);
    struct file longer = copy_of(file.octets, file.length);

    (void)state;
    longer.octets[longer.length++] = 0;
    OPENSSL_free(file.octets);
    assert_refused(longer, PASSWORD, PKI_UPLOAD_MALFORMED, "the PKCS#12 file has 1 octets too many behind its end");
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    struct file file = file_of(PASSWORD, NID_aes_256_cbc, FEW);

    (void)state;
    for (size_t length = 1; length < file.length; length += 13)
        assert_refused(copy_of(file.octets, length), PASSWORD, PKI_UPLOAD_MALFORMED, "this is not a PKCS#12 file: ");
    OPENSSL_free(file.octets);
}

/* With a MAC, nothing that is changed goes unseen but what the MAC does not cover. */
static void a_file_changed_anywhere_is_refused_or_the_same(void **state)
{
    struct file file = file_of(PASSWORD, NID_aes_256_cbc, FEW);
    size_t refused = 0;
    size_t count = 0;

    (void)state;
    for (size_t at = 0; at < file.length; at += 5) {
        struct file changed = copy_of(file.octets, file.length);
        struct pki_fault fault = {0};
        EVP_PKEY *key = NULL;
        X509 *certificate = NULL;
        STACK_OF(X509) *chain = NULL;

        changed.octets[at] ^= 0x41;
        if (pki_pkcs12_read(&key, &certificate, &chain, changed.octets, changed.length, PASSWORD, &fault)) {
            assert_true(!key && !certificate && !chain && fault.error.text[0]);
            refused++;
        } else {
            assert_int_equal(EVP_PKEY_eq(key, leaf.key), 1);
            assert_int_equal(X509_cmp(certificate, leaf.certificate), 0);
        }
        assert_int_equal(ERR_peek_error(), 0);
        EVP_PKEY_free(key);
        X509_free(certificate);
        ca_stack_free(chain);
        OPENSSL_free(changed.octets);
        count++;
    }
    assert_true(refused + 3 >= count);
    OPENSSL_free(file.octets);
}

/* Takes the safe. */
static struct file file_of_safe(PKCS7 *safe)
{
    STACK_OF(PKCS7) *safes = sk_PKCS7_new_null();
    PKCS12 *made = NULL;

    assert_true(sk_PKCS7_push(safes, safe) > 0);
    made = PKCS12_add_safes(safes, 0);
    assert_true(PKCS12_set_mac(made, PASSWORD, -1, NULL, 0, FEW, NULL));
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return encode(made);
}

static void parts_without_contents_are_refused(void **state)
{
    PKCS7 *encrypted = PKCS7_new();
    PKCS7 *enveloped = PKCS7_new();

    (void)state;
    assert_true(PKCS7_set_type(encrypted, NID_pkcs7_encrypted));
    X509_ALGOR_free(encrypted->d.encrypted->enc_data->algorithm);
    encrypted->d.encrypted->enc_data->algorithm = pbes2(FEW);
    assert_refused(file_of_safe(encrypted), PASSWORD, PKI_UPLOAD_MALFORMED,
                   "the PKCS#12 file has an encrypted part without contents");
    assert_true(PKCS7_set_type(enveloped, NID_pkcs7_enveloped));
    enveloped->d.enveloped->enc_data->algorithm->algorithm = OBJ_nid2obj(NID_aes_128_cbc);
    assert_refused(file_of_safe(enveloped), PASSWORD, PKI_UPLOAD_MALFORMED,
                   "a part of the PKCS#12 file is encrypted for somebody's certificate; expected a password alone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endless_work_is_refused),
        cmocka_unit_test(work_adds_up),
        cmocka_unit_test(unknown_algorithms_are_named_as_such),
        cmocka_unit_test(an_unknown_kind_of_key_is_refused),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(the_size_is_limited),
        cmocka_unit_test(trailing_octets_are_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_file_changed_anywhere_is_refused_or_the_same),
        cmocka_unit_test(parts_without_contents_are_refused),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
