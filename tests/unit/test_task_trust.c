/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that verify, delete and trust. */
#include "task_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct table *trusted(const struct place *place)
{
    return &store_current(place->store->store)->tables[TABLE_TRUSTED];
}

static void trust_fails(struct place *place, X509 *certificate, enum pki_cause cause, const char *text)
{
    char *pem = ca_pem(certificate, NULL);
    const struct pki_parameters parameters = trust_of(pem);
    const size_t before = trusted(place)->count;

    task_fails(place, &parameters, cause, text);
    assert_int_equal(trusted(place)->count, before);
    free(pem);
}

/* ---- Trusting ---- */

static void test_several_become_trusted_at_once(void **state)
{
    struct place *place = *state;
    struct ca other = ca_root("Other Root");
    STACK_OF(X509) *stack = ca_stack(other.certificate, place->root.certificate, place->intermediate.certificate, NULL);
    char *pem = ca_pem_stack(stack, NULL);
    const struct pki_parameters parameters = trust_of(pem);

    trust(place, place->root.certificate, "trusted from now on: CN=Test Root");
    assert_int_equal(place->slot, 0);
    task_succeeds(place, &parameters, "trusted from now on: CN=Other Root; CN=Test Issuer; 1 was trusted already");
    assert_int_equal(inventory_trusted_count(place->pki.inventory), 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(inventory_trusted(place->pki.inventory, i)->index, i + 1);
    assert_string_equal(inventory_trusted(place->pki.inventory, 1)->summary.subject, "CN=Other Root");
    task_fails(place, &parameters, PKI_ALREADY_TRUSTED, "all the certificates are trusted already");
    trust_fails(place, other.certificate, PKI_ALREADY_TRUSTED, "the certificate is trusted already");
    free(pem);
    ca_stack_free(stack);
    ca_free(&other);
}

static void test_only_certificates_of_cas_are_trusted(void **state)
{
    struct place *place = *state;
    struct ca leaf = ca_leaf("printer.example", &place->root);
    const struct ca_spec old = {
        .common_name = "Old Root", .basic_constraints = "critical,CA:TRUE", .not_after = CA_NOW - 1};
    X509 *expired = ca_certify(&old, place->root.key, NULL);
    STACK_OF(X509) *stack = ca_stack(place->root.certificate, leaf.certificate, NULL);
    char *pem = ca_pem_stack(stack, NULL);
    struct pki_parameters parameters = trust_of(pem);

    trust_fails(place, leaf.certificate, PKI_NOT_A_CA, "");
    trust_fails(place, expired, PKI_CERTIFICATE_EXPIRED, "");
    task_fails(place, &parameters, PKI_NOT_A_CA, ""); /* all or none */
    assert_int_equal(trusted(place)->count, 0);
    parameters = trust_of("");
    task_fails(place, &parameters, PKI_UPLOAD_MISSING, "there is no certificate to trust");
    parameters = trust_of("garbage");
    task_fails(place, &parameters, PKI_UPLOAD_MALFORMED, "");
    parameters.use.usage = PKI_USE_TLS;
    task_fails(place, &parameters, PKI_INVALID_PARAMETER, "a trusted certificate serves no use");
    free(pem);
    ca_stack_free(stack);
    X509_free(expired);
    ca_free(&leaf);
}

/* Neither a row nor a file: one that the device cannot use would be an empty row. */
static void test_what_cannot_be_used_is_not_trusted(void **state)
{
    static const char *const kinds[] = {"ED25519", "RSA-PSS", "explicit"};
    const struct ca_spec spec = {.common_name = "Odd Root", .basic_constraints = "critical,CA:TRUE"};
    struct place *place = *state;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        EVP_PKEY *key = ca_key(kinds[i]);
        X509 *odd = ca_certify(&spec, key, NULL);

        trust_fails(place, odd, PKI_UNSUPPORTED_ALGORITHM, "the certificate of 'CN=Odd Root': ");
        assert_int_equal(count_files(place), 0);
        X509_free(odd);
        EVP_PKEY_free(key);
    }
}

static void test_trust_is_taken_back_by_number(void **state)
{
    struct place *place = *state;

    trust(place, place->root.certificate, "");
    trust(place, place->intermediate.certificate, "");
    task_fails(place, PARAMETERS(.operation = PKI_REMOVE_TRUSTED, .slot = 3), PKI_NO_SUCH_SLOT,
               "no trusted certificate number 3");
    task_fails(place, PARAMETERS(.operation = PKI_REMOVE_TRUSTED, .slot = 0), PKI_NO_SUCH_SLOT, "number 0");
    task_succeeds(place, PARAMETERS(.operation = PKI_REMOVE_TRUSTED, .slot = 1), "no longer trusted: CN=Test Root (1)");
    assert_int_equal(place->slot, 0);
    assert_int_equal(inventory_trusted_count(place->pki.inventory), 1);
    assert_int_equal(inventory_trusted(place->pki.inventory, 0)->index, 2);
    trust(place, place->root.certificate, ""); /* the lowest number again */
    assert_int_equal(inventory_trusted(place->pki.inventory, 0)->index, 1);
}

/* Two tasks that have done their work, committed one after the other: each gets a number of its own. */
static void test_tasks_that_trust_at_the_same_time_do_not_meet(void **state)
{
    struct place *place = *state;
    char *pems[3] = {ca_pem(place->root.certificate, NULL), ca_pem(place->intermediate.certificate, NULL),
                     ca_pem(place->root.certificate, NULL)};
    struct pki_task *tasks[3] = {NULL, NULL, NULL};

    for (size_t i = 0; i < COUNT(tasks); i++) {
        const struct pki_parameters parameters = trust_of(pems[i]);

        tasks[i] = task_ready(place, &parameters);
    }
    assert_int_equal(task_commit(place, tasks[0]), DEVSEC_OK);
    assert_int_equal(task_commit(place, tasks[1]), DEVSEC_OK);
    late_fails(place, tasks[2], PKI_ALREADY_TRUSTED, "the certificate is trusted already");
    assert_int_equal(trusted(place)->count, 2);
    pki_task_free(tasks[0]);
    pki_task_free(tasks[1]);
    for (size_t i = 0; i < COUNT(pems); i++)
        free(pems[i]);
}

static void test_a_trusted_certificate_that_was_exchanged_meanwhile_stays(void **state)
{
    struct place *place = *state;
    struct pki_task *late;

    trust(place, place->root.certificate, "");
    late = task_ready(place, PARAMETERS(.operation = PKI_REMOVE_TRUSTED, .slot = 1));
    task_succeeds(place, PARAMETERS(.operation = PKI_REMOVE_TRUSTED, .slot = 1), "");
    trust(place, place->intermediate.certificate, "");
    late_fails(place, late, PKI_SLOT_BUSY, "the trusted certificate number 1 was changed");
    assert_int_equal(trusted(place)->count, 1);
}

/* A damaged one counts as not trusted, can be removed, and is good again once it is installed again. */
static void test_a_damaged_trusted_certificate_can_be_exchanged(void **state)
{
    struct place *place = *state;
    char *name = NULL;

    trust(place, place->root.certificate, "");
    assert_true(asprintf(&name, "material/%s.pem", value_text(&trusted(place)->rows[0][TRUSTED_CERTIFICATE])) > 0);
    file_put(place->store, name, "garbage");
    place_open(place);
    assert_non_null(strstr(inventory_trusted(place->pki.inventory, 0)->trouble, "remove it and install it again"));
    task_succeeds(place, PARAMETERS(.operation = PKI_REMOVE_TRUSTED, .slot = 1), "whose file is damaged (1)");
    trust(place, place->root.certificate, "CN=Test Root");
    assert_null(inventory_trusted(place->pki.inventory, 0)->trouble);
    free(name);
}

/* ---- Verifying ---- */

static void test_a_chain_is_verified_now(void **state)
{
    struct place *place = *state;
    const struct pki_parameters *whole = PARAMETERS(.operation = PKI_VERIFY, .slot = 1);
    const struct pki_parameters *later = PARAMETERS(.operation = PKI_VERIFY, .slot = 1, .now = CA_NOW + 400 * CA_DAY);
    const struct pki_parameters *alone = PARAMETERS(.operation = PKI_VERIFY, .slot = 2);

    installed(place, 1, true);
    installed(place, 2, false);
    self_signed(place, 3);
    task_succeeds(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 3), "slot 3 is signed by its own key");
    assert_false(place->changed);
    task_fails(place, whole, PKI_VERIFICATION_FAILED, "Test Root");
    task_fails(place, alone, PKI_VERIFICATION_FAILED, "Test Issuer");
    trust(place, place->root.certificate, "");
    task_succeeds(place, whole, "the certificate in slot 1 leads to one that the device trusts");
    task_fails(place, alone, PKI_VERIFICATION_FAILED, "slot 2: the certificate of 'CN=Test Issuer' is missing");
    task_fails(place, later, PKI_VERIFICATION_FAILED, "expired");
}

static void test_there_must_be_something_to_verify(void **state)
{
    struct place *place = *state;
    char *file;

    request(place, 1);
    task_fails(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 0), PKI_INVALID_PARAMETER, "slot: found 0");
    task_fails(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 2), PKI_NO_SUCH_SLOT, "slot 2 has no key");
    task_fails(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 1), PKI_INVALID_PARAMETER,
               "slot 1 has no certificate to verify");
    task_fails(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 1, .use = {PKI_USE_TLS, 1}), PKI_INVALID_PARAMETER,
               "verifying assigns nothing");
    installed(place, 2, true);
    file = file_of_slot(place, 2, KEY_CERTIFICATE);
    file_put(place->store, file, "garbage");
    task_fails(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 2), PKI_DAMAGED, "is damaged");
    free(file);
}

/* A row that was edited by hand: whole files that do not belong together. */
static void test_a_certificate_of_another_key_does_not_verify(void **state)
{
    struct place *place = *state;

    self_signed(place, 1);
    self_signed(place, 2);
    set_column(place, 1, KEY_CERTIFICATE, slot_text(place, 2, KEY_CERTIFICATE));
    place_follow(place);
    task_fails(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 1), PKI_VERIFICATION_FAILED,
               "the certificate is not that of the key");
    task_succeeds(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 2), "");
}

/* ---- Deleting ---- */

static void test_a_key_is_deleted_with_all_that_belongs_to_it(void **state)
{
    struct place *place = *state;
    bool put_off = true;

    installed(place, 1, true);
    task_succeeds(place, PARAMETERS(.operation = PKI_CREATE_REQUEST, .slot = 2, .key_name = "Lobby"), "");
    task_succeeds(place, PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 2),
                  "the key \"Lobby\" in slot 2 and all that belonged to it are deleted");
    assert_null(inventory_find(place->pki.inventory, 2));
    assert_int_equal(slot_at(place, 1)->status, PKI_INSTALLED);
    assert_int_equal(pki_collect(&place->pki, place->store->store, &put_off, &place->store->error), DEVSEC_OK);
    assert_false(put_off);
    task_fails(place, PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 2), PKI_NO_SUCH_SLOT, "slot 2 has no key");
    task_fails(place, PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 0), PKI_INVALID_PARAMETER, "slot: found 0");
}

static void test_a_key_in_use_is_not_deleted(void **state)
{
    struct place *place = *state;
    const struct pki_parameters *parameters = PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 1);
    struct pki_task *early = NULL;
    struct pki_task *late;
    struct transaction *txn;
    const struct pki_use *uses[] = {&(struct pki_use){PKI_USE_TLS, 1}, &(struct pki_use){PKI_USE_IPSEC, 2}};

    installed(place, 1, true);
    late = task_ready(place, parameters);
    txn = begin(place->store);
    for (size_t i = 0; i < COUNT(uses); i++)
        assert_int_equal(pki_use_put(txn, store_current(place->store->store), uses[i], 1, false, &place->store->error),
                         DEVSEC_OK);
    commit(place->store, txn);
    transaction_free(txn);
    place_follow(place);
    task_fails(place, parameters, PKI_KEY_IN_USE, "the key in slot 1 serves tls, ipsec-2; give that another key");
    assert_int_not_equal(task_new(place, parameters, &early), DEVSEC_OK); /* no need to run it for that */
    late_fails(place, late, PKI_KEY_IN_USE, "serves tls, ipsec-2");       /* it was free when that task began */
    assert_int_equal(slot_at(place, 1)->status, PKI_INSTALLED);
}

static void test_a_damaged_key_can_be_deleted(void **state)
{
    struct place *place = *state;
    char *file;

    request(place, 1);
    file = file_of_slot(place, 1, KEY_FILE);
    file_put(place->store, file, "garbage");
    place_open(place);
    assert_int_equal(slot_at(place, 1)->status, PKI_STATUS_DAMAGED);
    task_succeeds(place, PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 1), "deleted");
    assert_int_equal(inventory_slots(place->pki.inventory), 0);
    free(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_several_become_trusted_at_once),
        TEST(test_only_certificates_of_cas_are_trusted),
        TEST(test_what_cannot_be_used_is_not_trusted),
        TEST(test_trust_is_taken_back_by_number),
        TEST(test_tasks_that_trust_at_the_same_time_do_not_meet),
        TEST(test_a_trusted_certificate_that_was_exchanged_meanwhile_stays),
        TEST(test_a_damaged_trusted_certificate_can_be_exchanged),
        TEST(test_a_chain_is_verified_now),
        TEST(test_there_must_be_something_to_verify),
        TEST(test_a_certificate_of_another_key_does_not_verify),
        TEST(test_a_key_is_deleted_with_all_that_belongs_to_it),
        TEST(test_a_key_in_use_is_not_deleted),
        TEST(test_a_damaged_key_can_be_deleted),
    };

    return cmocka_run_group_tests_name("task_trust", tests, NULL, NULL);
}
