/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that bring a key together with its certificate, in PKCS#12. */
#include "task_fixture.h"

#include <openssl/pkcs12.h>

static unsigned char *pkcs12(EVP_PKEY *key, X509 *certificate, STACK_OF(X509) *chain, size_t *length)
{
    PKCS12 *file = PKCS12_create("p4ss", "a key", key, certificate, chain, 0, 0, 0, 0, 0);
    unsigned char *der = NULL;
    unsigned char *octets;
    int count;

    assert_non_null(file);
    count = i2d_PKCS12(file, &der);
    assert_true(count > 0);
    octets = malloc((size_t)count);
    memcpy(octets, der, (size_t)count);
    *length = (size_t)count;
    OPENSSL_free(der);
    PKCS12_free(file);
    return octets;
}

static void test_a_key_is_imported_with_its_certificate(void **state)
{
    const struct pki_use smime = {PKI_USE_SMIME, 1};
    struct place *place = *state;
    struct ca leaf = ca_leaf("imported.example", &place->intermediate);
    STACK_OF(X509) *chain = ca_stack(place->intermediate.certificate, NULL);
    size_t length = 0;
    unsigned char *file = pkcs12(leaf.key, leaf.certificate, chain, &length);
    struct pki_parameters parameters = {.operation = PKI_IMPORT_PKCS12,
                                        .key_name = "Imported",
                                        .use = smime,
                                        .upload = file,
                                        .upload_length = length,
                                        .password = "wrong"};
    const struct pki_slot *slot;

    task_fails(place, &parameters, PKI_INVALID_PARAMETER, "password");
    assert_int_equal(count_files(place), 0);
    parameters.password = "p4ss";
    task_succeeds(place, &parameters, "key and certificate imported in slot 1: CN=imported.example");
    slot = slot_at(place, 1);
    assert_int_equal(slot->status, PKI_INSTALLED);
    assert_int_equal(slot->intermediates, 1);
    assert_int_equal(slot->row[KEY_ORIGIN].number, 5);
    assert_string_equal(slot_text(place, 1, KEY_FIRMWARE), "");
    assert_string_equal(slot_text(place, 1, KEY_NAME), "Imported");
    assert_int_equal(pki_use_slot(store_current(place->store->store), &smime), 1);
    parameters.key_name = "Again";
    task_fails(place, &parameters, PKI_SLOT_OCCUPIED, "slot 1 has this very key already");
    parameters.key_name = "Imported";
    task_fails(place, &parameters, PKI_NAME_TAKEN, "slot 1");
    parameters.upload_length = 0;
    parameters.key_name = "";
    task_fails(place, &parameters, PKI_UPLOAD_MISSING, "empty");
    secret_free(file, length);
    ca_stack_free(chain);
    ca_free(&leaf);
}

static void test_an_import_is_judged_like_an_installation(void **state)
{
    struct place *place = *state;
    const struct ca_spec old = {.common_name = "old.example", .not_after = CA_NOW - 1};
    const struct ca_spec plain = {.common_name = "short.example"};
    EVP_PKEY *keys[2] = {ca_key("P-256"), ca_key("RSA-512")};
    X509 *certificates[2] = {ca_certify(&old, keys[0], NULL), ca_certify(&plain, keys[1], NULL)};
    static const enum pki_cause causes[2] = {PKI_CERTIFICATE_EXPIRED, PKI_UNSUPPORTED_ALGORITHM};
    static const char *const texts[2] = {"", "the key is RSA with 512 bits; expected 1024 to 8192"};

    for (size_t i = 0; i < 2; i++) {
        size_t length = 0;
        unsigned char *file = pkcs12(keys[i], certificates[i], NULL, &length);

        task_fails(
            place,
            PARAMETERS(.operation = PKI_IMPORT_PKCS12, .upload = file, .upload_length = length, .password = "p4ss"),
            causes[i], texts[i]);
        secret_free(file, length);
        X509_free(certificates[i]);
        EVP_PKEY_free(keys[i]);
    }
    assert_int_equal(count_files(place), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_is_imported_with_its_certificate),
        TEST(test_an_import_is_judged_like_an_installation),
    };

    return cmocka_run_group_tests_name("task_import", tests, NULL, NULL);
}
