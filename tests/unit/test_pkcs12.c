/* SPDX-License-Identifier: Apache-2.0 */
/* Opening PKCS#12 files: new and old ciphers, every kind of password, contents of all sorts. */
#include "pkcs12_fixture.h"

#include <openssl/provider.h>

/* Old ciphers, which OpenSSL has only in its legacy provider: made in a library context of their own. */
static struct file old_file_of(const char *password, int cipher, int key_cipher)
{
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(library, "legacy");
    OSSL_PROVIDER *standard = OSSL_PROVIDER_load(library, "default");
    STACK_OF(X509) *others = ca_stack(middle.certificate, NULL);
    struct file file = {NULL, 0};

    assert_true(legacy && standard);
    file = encode(PKCS12_create_ex(password, "printer", leaf.key, leaf.certificate, others, key_cipher, cipher, FEW,
                                   FEW, 0, library, NULL));
    ca_stack_free(others);
    OSSL_PROVIDER_unload(standard);
    OSSL_PROVIDER_unload(legacy);
    OSSL_LIB_CTX_free(library);
    return file;
}

/* ---- Ciphers and passwords ---- */

static const int ciphers[] = {NID_aes_256_cbc, NID_aes_128_cbc, NID_pbe_WithSHA1And3_Key_TripleDES_CBC};

static void new_files_open(void **state)
{
    static const char *const passwords[] = {"", "a", "secret", PASSWORD, "a longer one, with blanks and \"quotes\""};

    (void)state;
    for (size_t i = 0; i < COUNT(ciphers); i++) {
        for (size_t j = 0; j < COUNT(passwords); j++)
            assert_opens(file_of(passwords[j], ciphers[i], FEW), passwords[j], leaf.key, leaf.certificate);
    }
    assert_opens(file_of(PASSWORD, NID_aes_256_cbc, 2048), PASSWORD, leaf.key, leaf.certificate);
}

static void old_files_open(void **state)
{
    static const struct {
        int cipher;
        int key_cipher;
    } old[] = {
        {NID_pbe_WithSHA1And40BitRC2_CBC, NID_pbe_WithSHA1And3_Key_TripleDES_CBC},
        {NID_pbe_WithSHA1And40BitRC2_CBC, NID_pbe_WithSHA1And40BitRC2_CBC},
        {NID_pbe_WithSHA1And128BitRC2_CBC, NID_pbe_WithSHA1And2_Key_TripleDES_CBC},
        {NID_pbe_WithSHA1And128BitRC4, NID_pbe_WithSHA1And128BitRC4},
        {NID_pbeWithMD5AndDES_CBC, NID_pbeWithMD5AndDES_CBC},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(old); i++) {
        assert_opens(old_file_of(PASSWORD, old[i].cipher, old[i].key_cipher), PASSWORD, leaf.key, leaf.certificate);
        assert_refused(old_file_of(PASSWORD, old[i].cipher, old[i].key_cipher), "wrong", PKI_INVALID_PARAMETER,
                       "the password does not open the PKCS#12 file");
    }
    /* None of it has got into the program's own library context. */
    assert_int_equal(OSSL_PROVIDER_available(NULL, "legacy"), 0);
    assert_null(EVP_CIPHER_fetch(NULL, "RC2-40-CBC", NULL));
    ERR_clear_error();
}

/* No password at all is not the empty one, and both are asked for with "". */
static void an_empty_password_is_written_in_two_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ciphers); i++) {
        assert_opens(file_of("", ciphers[i], FEW), "", leaf.key, leaf.certificate);
        assert_opens(file_of(NULL, ciphers[i], FEW), "", leaf.key, leaf.certificate);
        assert_refused(file_of(NULL, ciphers[i], FEW), "other", PKI_INVALID_PARAMETER,
                       "the password does not open the PKCS#12 file");
    }
}

static void a_wrong_password_is_said_to_be(void **state)
{
    static const char *const wrong[] = {"", "geheim", PASSWORD "x", "Geheim-\xe4"};

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_refused(file_of(PASSWORD, NID_aes_256_cbc, FEW), wrong[i], PKI_INVALID_PARAMETER,
                       "the password does not open the PKCS#12 file");
    }
}

static void a_password_has_an_end(void **state)
{
    char *password = calloc(1, PKI_PKCS12_PASSWORD_MAX + 2);

    (void)state;
    memset(password, 'x', PKI_PKCS12_PASSWORD_MAX);
    assert_opens(file_of(password, NID_aes_256_cbc, FEW), password, leaf.key, leaf.certificate);
    password[PKI_PKCS12_PASSWORD_MAX] = 'x';
    assert_refused(file_of("a", NID_aes_256_cbc, FEW), password, PKI_INVALID_PARAMETER,
                   "the password is too long; expected 1024 octets at most");
    free(password);
}

/* Without a MAC, decryption tells. */
static void a_file_without_a_mac_opens(void **state)
{
    STACK_OF(X509) *others = ca_stack(middle.certificate, NULL);

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct file file = encode(
            PKCS12_create(PASSWORD, NULL, rsa, rsa_certificate, others, NID_aes_256_cbc, NID_aes_256_cbc, FEW, -1, 0));

        if (i == 0)
            assert_opens(file, PASSWORD, rsa, rsa_certificate);
        else
            assert_refused(file, "wrong", PKI_INVALID_PARAMETER, "the password does not open the PKCS#12 file");
    }
    ca_stack_free(others);
}

/* ---- Contents ---- */

static void an_open_key_is_read(void **state)
{
    (void)state;
    assert_opens(file_of_bags(bags_of(certificate_bag(middle.certificate), certificate_bag(leaf.certificate),
                                      key_bag(leaf.key), certificate_bag(leaf.certificate), NULL),
                              PASSWORD),
                 PASSWORD, leaf.key, leaf.certificate);
    /* Neither key nor MAC: nothing that a password could be wrong for. */
    assert_opens(file_of_bags(bags_of(certificate_bag(leaf.certificate), certificate_bag(middle.certificate),
                                      key_bag(leaf.key), NULL),
                              NULL),
                 "any", leaf.key, leaf.certificate);
}

static void two_keys_are_too_many(void **state)
{
    (void)state;
    assert_refused(file_of_bags(bags_of(key_bag(leaf.key), key_bag(rsa), certificate_bag(leaf.certificate),
                                        certificate_bag(rsa_certificate), NULL),
                                PASSWORD),
                   PASSWORD, PKI_UPLOAD_MALFORMED, "the PKCS#12 file holds more than one private key");
}

static void key_and_certificate_are_both_needed(void **state)
{
    (void)state;
    assert_refused(file_of_bags(bags_of(key_bag(leaf.key), NULL), PASSWORD), PASSWORD, PKI_UPLOAD_MALFORMED,
                   "the PKCS#12 file holds a private key without a certificate; expected both");
    assert_refused(file_of_bags(bags_of(certificate_bag(leaf.certificate), NULL), PASSWORD), PASSWORD,
                   PKI_UPLOAD_MALFORMED, "the PKCS#12 file holds no private key; expected one with its certificate");
    assert_refused(file_of_bags(sk_PKCS12_SAFEBAG_new_null(), PASSWORD), PASSWORD, PKI_UPLOAD_MALFORMED,
                   "the PKCS#12 file holds no private key");
    assert_refused(file_of_bags(bags_of(key_bag(rsa), certificate_bag(leaf.certificate), NULL), PASSWORD), PASSWORD,
                   PKI_KEY_MISMATCH, "none of the certificates is for this key (RSA 1024)");
}

static void certificates_of_others_do_not_belong(void **state)
{
    (void)state;
    assert_refused(file_of_bags(bags_of(key_bag(leaf.key), certificate_bag(leaf.certificate),
                                        certificate_bag(root.certificate), NULL),
                                PASSWORD),
                   PASSWORD, PKI_UPLOAD_MALFORMED, "the certificate of 'CN=Root' does not belong to the chain");
}

static void contents_within_contents_are_read(void **state)
{
    (void)state;
    for (int depth = 1; depth <= 5; depth++) {
        STACK_OF(PKCS12_SAFEBAG) *bags =
            bags_of(key_bag(leaf.key), certificate_bag(leaf.certificate), certificate_bag(middle.certificate), NULL);

        for (int i = 1; i < depth; i++) {
            PKCS12_SAFEBAG *outer = PKCS12_SAFEBAG_new();
            /* There is no function that makes such a bag: in DER, it is OID and [0] contents. */
            unsigned char *inner = NULL;
            const int length = ASN1_item_i2d((ASN1_VALUE *)bags, &inner, ASN1_ITEM_rptr(PKCS12_SAFEBAGS));
            unsigned char *octets = malloc((size_t)length + 32);
            unsigned char *to = octets;
            const unsigned char *at = octets;
            const ASN1_OBJECT *oid = OBJ_nid2obj(NID_safeContentsBag);
            const int tagged = ASN1_object_size(1, length, 0);

            ASN1_put_object(&to, 1, i2d_ASN1_OBJECT(oid, NULL) + tagged, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
            i2d_ASN1_OBJECT(oid, &to);
            ASN1_put_object(&to, 1, length, 0, V_ASN1_CONTEXT_SPECIFIC);
            memcpy(to, inner, (size_t)length);
            PKCS12_SAFEBAG_free(outer);
            outer = d2i_PKCS12_SAFEBAG(NULL, &at, to - octets + length);
            assert_non_null(outer);
            OPENSSL_clear_free(inner, (size_t)length);
            free(octets);
            sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
            bags = bags_of(outer, NULL);
        }
        if (depth <= 4)
            assert_opens(file_of_bags(bags, PASSWORD), PASSWORD, leaf.key, leaf.certificate);
        else
            assert_refused(file_of_bags(bags, PASSWORD), PASSWORD, PKI_UPLOAD_MALFORMED,
                           "the PKCS#12 file has contents within contents more than 4 times");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_files_open),
        cmocka_unit_test(old_files_open),
        cmocka_unit_test(an_empty_password_is_written_in_two_ways),
        cmocka_unit_test(a_wrong_password_is_said_to_be),
        cmocka_unit_test(a_password_has_an_end),
        cmocka_unit_test(a_file_without_a_mac_opens),
        cmocka_unit_test(an_open_key_is_read),
        cmocka_unit_test(two_keys_are_too_many),
        cmocka_unit_test(key_and_certificate_are_both_needed),
        cmocka_unit_test(certificates_of_others_do_not_belong),
        cmocka_unit_test(contents_within_contents_are_read),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
