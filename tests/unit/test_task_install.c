/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that bring certificates to keys: whose it is, what may be installed, who was there first. */
#include "task_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A certificate for the slot's request, by the intermediate, in PEM. */
static char *leaf_pem(const struct place *place, unsigned slot)
{
    X509_REQ *open = request_of(place, slot);
    X509 *certificate = ca_certify_request(open, &place->intermediate, 0, 0);
    char *pem = ca_pem(certificate, NULL);

    X509_free(certificate);
    X509_REQ_free(open);
    return pem;
}

static char *joined(const char *one, const char *two, const char *three)
{
    char *text = NULL;

    assert_true(asprintf(&text, "%s%s%s", one, two, three) > 0);
    return text;
}

static void succeeds(struct place *place, unsigned slot, const char *pem, const char *text)
{
    const struct pki_parameters parameters = install_of(slot, pem);

    task_succeeds(place, &parameters, text);
}

static void fails(struct place *place, unsigned slot, const char *pem, enum pki_cause cause, const char *text)
{
    const struct pki_parameters parameters = install_of(slot, pem);

    task_fails(place, &parameters, cause, text);
}

/* ---- Installing ---- */

static void test_a_certificate_finds_its_key_with_its_chain_in_any_order(void **state)
{
    struct place *place = *state;
    const struct pki_slot *slot;
    char *leaf;
    char *root = ca_pem(place->root.certificate, NULL);
    char *issuer = ca_pem(place->intermediate.certificate, NULL);
    char *upload;
    char *expected;
    char *chain = NULL;
    size_t length = 0;

    for (unsigned i = 1; i <= 3; i++)
        request(place, i);
    leaf = leaf_pem(place, 2);
    upload = joined(root, issuer, leaf);
    succeeds(place, 0, upload,
             "certificate installed in slot 2: CN=printer.example, valid until 2028-01-15T08:00:00Z, with 1 "
             "intermediate certificate");
    assert_int_equal(place->slot, 2);
    slot = slot_at(place, 2);
    assert_int_equal(slot->status, PKI_INSTALLED);
    assert_int_equal(slot->intermediates, 1);
    assert_string_equal(slot->summary.issuer, "CN=Test Issuer");
    assert_int_equal(slot->row[KEY_ORIGIN].number, 3);
    assert_string_equal(slot_text(place, 2, KEY_REQUEST), "");
    assert_string_equal(slot_text(place, 2, KEY_NAME), "Key 2");
    assert_int_equal(inventory_pem(place->pki.inventory, slot, PKI_PEM_CHAIN, &chain, &length, &place->fault), 0);
    expected = joined(leaf, issuer, "");
    assert_string_equal(chain, expected);
    assert_int_equal(slot_at(place, 1)->status, PKI_REQUESTING);
    assert_int_equal(slot_at(place, 3)->status, PKI_REQUESTING);
    free(chain);
    free(expected);
    free(upload);
    free(issuer);
    free(root);
    free(leaf);
}

static void test_the_same_again_changes_nothing(void **state)
{
    struct place *place = *state;
    char *leaf;
    char *file;

    request(place, 1);
    leaf = leaf_pem(place, 1);
    succeeds(place, 1, leaf, "slot 1");
    assert_true(place->changed);
    succeeds(place, 1, leaf, "slot 1");
    assert_false(place->changed);
    set_column(place, 1, KEY_TOLD, "week");
    place_follow(place);
    succeeds(place, 1, leaf, "slot 1");
    assert_false(place->changed);
    assert_string_equal(slot_text(place, 1, KEY_TOLD), "week");
    /* But a damaged file becomes whole. */
    file = file_of_slot(place, 1, KEY_CERTIFICATE);
    file_put(place->store, file, "garbage");
    place_open(place);
    assert_int_equal(slot_at(place, 1)->status, PKI_STATUS_DAMAGED);
    succeeds(place, 1, leaf, "slot 1");
    assert_int_equal(slot_at(place, 1)->status, PKI_INSTALLED);
    assert_null(slot_at(place, 1)->trouble);
    free(file);
    free(leaf);
}

static void test_a_certificate_can_be_renewed(void **state)
{
    struct place *place = *state;
    X509_REQ *first;
    X509 *renewed;
    char *leaf;
    char *pem;

    request(place, 1);
    first = request_of(place, 1);
    leaf = leaf_pem(place, 1);
    succeeds(place, 1, leaf, "slot 1");
    set_column(place, 1, KEY_TOLD, "day");
    place_follow(place);
    renewed = ca_certify_request(first, &place->root, CA_NOW - CA_DAY, CA_NOW + 900 * CA_DAY);
    pem = ca_pem(renewed, NULL);
    succeeds(place, 0, pem, "slot 1");
    assert_true(place->changed);
    assert_string_equal(slot_at(place, 1)->summary.issuer, "CN=Test Root");
    assert_string_equal(slot_text(place, 1, KEY_TOLD), "");
    assert_int_equal(slot_at(place, 1)->intermediates, 0);
    X509_free(renewed);
    X509_REQ_free(first);
    free(pem);
    free(leaf);
}

static void test_a_key_that_signed_for_itself_can_get_a_certificate(void **state)
{
    struct place *place = *state;
    const struct ca_spec spec = {.common_name = "printer.example"};
    X509 *own;
    X509 *certificate;
    char *pem;

    self_signed(place, 5);
    own = certificate_of(place, 5);
    certificate = ca_certify(&spec, X509_get0_pubkey(own), &place->root);
    pem = ca_pem(certificate, NULL);
    succeeds(place, 0, pem, "slot 5");
    assert_int_equal(slot_at(place, 5)->row[KEY_ORIGIN].number, 3);
    free(pem);
    X509_free(certificate);
    X509_free(own);
}

static void test_a_use_is_given_with_the_certificate(void **state)
{
    const struct pki_use tls = {PKI_USE_TLS, 1};
    const struct pki_use signature = {PKI_USE_DEVICE_SIGNATURE, 1};
    struct place *place = *state;
    struct pki_parameters parameters;
    char *leaf;

    request(place, 1);
    leaf = leaf_pem(place, 1);
    parameters = install_of(0, leaf);
    parameters.use = signature;
    task_fails(place, &parameters, PKI_USAGE_REFUSED, "device-signature"); /* judged by the commit alone */
    parameters.slot = 1;
    task_fails(place, &parameters, PKI_USAGE_REFUSED, "device-signature");
    assert_int_equal(slot_at(place, 1)->status, PKI_REQUESTING);
    parameters.slot = 0;
    parameters.use = tls;
    task_succeeds(place, &parameters, "; tls uses it");
    assert_int_equal(pki_use_slot(store_current(place->store->store), &tls), 1);
    free(leaf);
}

/* ---- Refused ---- */

/* For each open request, the certificate of each other one. */
static void test_a_certificate_of_another_key_is_refused(void **state)
{
    struct place *place = *state;
    char *leaf;
    char text[96];

    for (unsigned i = 1; i <= 3; i++)
        request(place, i);
    for (unsigned i = 1; i <= 3; i++) {
        leaf = leaf_pem(place, i);
        for (unsigned slot = 1; slot <= 3; slot++) {
            if (slot == i)
                continue;
            snprintf(text, sizeof(text), "the upload has the certificate of the key in slot %u", i);
            fails(place, slot, leaf, PKI_KEY_MISMATCH, text);
            assert_int_equal(slot_at(place, slot)->status, PKI_REQUESTING);
        }
        free(leaf);
    }
}

static void test_what_the_device_cannot_use_is_refused(void **state)
{
    struct place *place = *state;
    struct ca stranger = ca_leaf("stranger.example", &place->root);
    const struct ca_spec ca_spec = {.common_name = "Not a printer", .basic_constraints = "critical,CA:TRUE"};
    X509_REQ *open;
    X509 *certificates[5];
    const struct {
        unsigned slot;
        size_t which;
        enum pki_cause cause;
        const char *text;
    } cases[] = {
        {0, 0, PKI_KEY_MISMATCH, "none of the certificates (1, the first is that of CN=stranger.example) belongs to"},
        {1, 0, PKI_KEY_MISMATCH, ""},
        {1, 1, PKI_CERTIFICATE_EXPIRED, ""},
        {0, 2, PKI_CERTIFICATE_NOT_YET_VALID, ""},
        {0, 3, PKI_CERTIFICATE_UNUSABLE, ""},
        {2, 4, PKI_NO_SUCH_SLOT, "slot 2 has no key"},
    };

    request(place, 1);
    open = request_of(place, 1);
    certificates[0] = X509_dup(stranger.certificate);
    certificates[1] = ca_certify_request(open, &place->root, CA_NOW - 9 * CA_DAY, CA_NOW - 1);
    certificates[2] = ca_certify_request(open, &place->root, CA_NOW + 1, CA_NOW + CA_DAY);
    certificates[3] = ca_certify(&ca_spec, X509_REQ_get0_pubkey(open), &place->root);
    certificates[4] = ca_certify_request(open, &place->root, 0, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *pem = ca_pem(certificates[cases[i].which], NULL);

        fails(place, cases[i].slot, pem, cases[i].cause, cases[i].text);
        assert_int_equal(slot_at(place, 1)->status, PKI_REQUESTING);
        free(pem);
    }
    assert_int_equal(count_files(place), 2);
    for (size_t i = 0; i < COUNT(certificates); i++)
        X509_free(certificates[i]);
    X509_REQ_free(open);
    ca_free(&stranger);
}

static void test_uploads_that_are_no_certificates_are_refused(void **state)
{
    struct place *place = *state;
    char *both;
    char *leaves[2];
    char *key;

    request(place, 1);
    request(place, 2);
    fails(place, 1, "", PKI_UPLOAD_MISSING, "there is no certificate to install");
    fails(place, 1, "garbage", PKI_UPLOAD_MALFORMED, "");
    leaves[0] = leaf_pem(place, 1);
    leaves[1] = leaf_pem(place, 2);
    both = joined(leaves[0], leaves[1], "");
    fails(place, 0, both, PKI_UPLOAD_MALFORMED, "certificates of the keys in slots 1 and 2; install one at a time");
    key = ca_pem_block("PRIVATE KEY", (const unsigned char *)"secret", 6);
    free(both);
    both = joined(leaves[0], key, "");
    fails(place, 0, both, PKI_PRIVATE_KEY_IN_UPLOAD, "a private key was given");
    assert_int_equal(count_files(place), 4);
    free(both);
    free(key);
    free(leaves[1]);
    free(leaves[0]);
}

/* DER that is small enough as it comes would not be in PEM, and could not be read again. */
static void test_a_certificate_that_is_too_large_in_pem_is_refused(void **state)
{
    struct place *place = *state;
    char *comment = calloc(1, 60001);
    const struct ca_extension extensions[] = {{"nsComment", comment}, {NULL, NULL}};
    const struct ca_spec spec = {.common_name = "printer.example", .extensions = extensions};
    X509_REQ *open;
    X509 *certificate;
    unsigned char *der;
    size_t length = 0;

    memset(comment, 'x', 60000);
    request(place, 1);
    open = request_of(place, 1);
    certificate = ca_certify(&spec, X509_REQ_get0_pubkey(open), &place->root);
    der = ca_der(certificate, &length);
    task_fails(place, PARAMETERS(.operation = PKI_INSTALL_CERTIFICATE, .upload = der, .upload_length = length),
               PKI_UPLOAD_TOO_LARGE, "octets in PEM; expected 65536 at most");
    free(der);
    X509_free(certificate);
    X509_REQ_free(open);
    free(comment);
}

static void test_nothing_is_installed_for_keys_that_do_not_open(void **state)
{
    struct place *place = *state;
    char *leaf;
    char *file;

    request(place, 1);
    request(place, 2);
    leaf = leaf_pem(place, 1);
    file = file_of_slot(place, 1, KEY_FILE);
    file_put(place->store, file, "garbage");
    place_open(place);
    fails(place, 1, leaf, PKI_DAMAGED, "is damaged");
    free(leaf);
    leaf = leaf_pem(place, 2);
    assert_int_equal(unlink(place->device_key), 0);
    place_open(place);
    fails(place, 2, leaf, PKI_DEVICE_KEY_UNAVAILABLE, "bring that file back");
    free(leaf);
    free(file);
}

static void test_nothing_is_installed_for_the_devices_own_keys(void **state)
{
    struct place *place = *state;
    const struct ca_spec spec = {.common_name = "printer.example"};
    X509 *own;
    X509 *certificate;
    char *pem;

    task_succeeds(place, PARAMETERS(.operation = PKI_MAKE_RESERVED, .reserved = PKI_RESERVED_AMS), "slot 1");
    own = certificate_of(place, 1);
    certificate = ca_certify(&spec, X509_get0_pubkey(own), &place->root);
    pem = ca_pem(certificate, NULL);
    fails(place, 1, pem, PKI_RESERVED_KEY, "slot 1 has a key of the device's own");
    fails(place, 0, pem, PKI_RESERVED_KEY, "slot 1 has a key of the device's own");
    free(pem);
    X509_free(certificate);
    X509_free(own);
}

/* ---- Others were there first ---- */

static struct pki_task *install_ready(struct place *place, unsigned slot, const char *pem)
{
    const struct pki_parameters parameters = install_of(slot, pem);

    return task_ready(place, &parameters);
}

static void test_a_slot_that_was_deleted_meanwhile_does_not_come_back(void **state)
{
    struct place *place = *state;
    struct pki_task *late;
    char *leaf;

    request(place, 1);
    leaf = leaf_pem(place, 1);
    late = install_ready(place, 0, leaf);
    task_succeeds(place, PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 1), "");
    late_fails(place, late, PKI_SLOT_BUSY, "slot 1 was changed by somebody else meanwhile");
    assert_null(inventory_find(place->pki.inventory, 1));
    free(leaf);
}

static void test_a_certificate_that_came_meanwhile_stays(void **state)
{
    struct place *place = *state;
    struct pki_task *late;
    char *leaves[2];
    char certificate[MATERIAL_NAME_SIZE];

    request(place, 1);
    leaves[0] = leaf_pem(place, 1);
    leaves[1] = leaf_pem(place, 1);
    late = install_ready(place, 0, leaves[0]);
    succeeds(place, 1, leaves[1], "slot 1");
    snprintf(certificate, sizeof(certificate), "%s", slot_text(place, 1, KEY_CERTIFICATE));
    late_fails(place, late, PKI_SLOT_BUSY, "slot 1");
    assert_string_equal(slot_text(place, 1, KEY_CERTIFICATE), certificate);
    free(leaves[1]);
    free(leaves[0]);
}

/* Telling somebody of an expiry changes the row, and nothing that an installation is about. */
static void test_a_notification_meanwhile_does_not_matter(void **state)
{
    struct place *place = *state;
    struct pki_task *late;
    char *leaf;

    request(place, 1);
    leaf = leaf_pem(place, 1);
    late = install_ready(place, 1, leaf);
    set_column(place, 1, KEY_TOLD, "week");
    place_follow(place);
    assert_int_equal(task_commit(place, late), DEVSEC_OK);
    assert_int_equal(slot_at(place, 1)->status, PKI_INSTALLED);
    assert_string_equal(slot_text(place, 1, KEY_TOLD), "");
    pki_task_free(late);
    free(leaf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_certificate_finds_its_key_with_its_chain_in_any_order),
        TEST(test_the_same_again_changes_nothing),
        TEST(test_a_certificate_can_be_renewed),
        TEST(test_a_key_that_signed_for_itself_can_get_a_certificate),
        TEST(test_a_use_is_given_with_the_certificate),
        TEST(test_a_certificate_of_another_key_is_refused),
        TEST(test_what_the_device_cannot_use_is_refused),
        TEST(test_uploads_that_are_no_certificates_are_refused),
        TEST(test_a_certificate_that_is_too_large_in_pem_is_refused),
        TEST(test_nothing_is_installed_for_keys_that_do_not_open),
        TEST(test_nothing_is_installed_for_the_devices_own_keys),
        TEST(test_a_slot_that_was_deleted_meanwhile_does_not_come_back),
        TEST(test_a_certificate_that_came_meanwhile_stays),
        TEST(test_a_notification_meanwhile_does_not_matter),
    };

    return cmocka_run_group_tests_name("task_install", tests, NULL, NULL);
}
