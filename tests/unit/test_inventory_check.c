/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts on the inventory's certificates: when they are made, how they age, and which of them count. */
#include "task_fixture.h"

/* All checks that are due. */
static bool check_all(struct place *place, time_t now)
{
    struct inventory_check *check;
    bool changed = false;

    while ((check = inventory_check_new(place->pki.inventory, 0)) != NULL) {
        inventory_check_run(check, now, NULL);
        changed |= inventory_check_apply(place->pki.inventory, check);
    }
    return changed;
}

static void test_a_certificate_that_is_not_the_keys_is_damage(void **state)
{
    struct place *place = *state;
    struct inventory_counts counts;
    const struct pki_slot *slot;
    char text[512];

    self_signed(place, 1);
    self_signed(place, 2);
    set_column(place, 1, KEY_CERTIFICATE, slot_text(place, 2, KEY_CERTIFICATE));
    place_follow(place);
    slot = slot_at(place, 1);
    assert_int_equal(slot->status, PKI_STATUS_DAMAGED);
    assert_int_equal(inventory_verdict(slot, CA_NOW), PKI_VERDICT_KEY_MISMATCH);
    inventory_text(slot, CA_NOW, text, sizeof(text));
    assert_non_null(strstr(text, "it is not that of the key in the slot"));
    check_all(place, CA_NOW);
    assert_int_equal(inventory_verdict(slot_at(place, 1), CA_NOW), PKI_VERDICT_KEY_MISMATCH);
    assert_int_equal(inventory_verdict(slot_at(place, 2), CA_NOW), PKI_SELF_SIGNED);
    assert_null(inventory_check_new(place->pki.inventory, 1));
    trust(place, place->root.certificate, ""); /* forgets verdicts about chains, and this is none */
    assert_int_equal(inventory_verdict(slot_at(place, 1), CA_NOW), PKI_VERDICT_KEY_MISMATCH);
    inventory_count(place->pki.inventory, CA_NOW, 30, &counts);
    assert_int_equal(counts.damaged, 1);
}

static void test_verdicts_follow_the_trusted_certificates(void **state)
{
    struct place *place = *state;
    char text[512];

    self_signed(place, 1);
    installed(place, 2, true);
    request(place, 3);
    assert_int_equal(inventory_verdict(slot_at(place, 1), CA_NOW), PKI_NOT_CHECKED);
    assert_true(check_all(place, CA_NOW));
    assert_false(check_all(place, CA_NOW)); /* nothing is due any more */
    assert_int_equal(inventory_verdict(slot_at(place, 1), CA_NOW), PKI_SELF_SIGNED);
    assert_int_equal(inventory_verdict(slot_at(place, 2), CA_NOW), PKI_ISSUER_UNKNOWN);
    assert_int_equal(inventory_verdict(slot_at(place, 3), CA_NOW), PKI_NOT_CHECKED);
    inventory_text(slot_at(place, 2), CA_NOW, text, sizeof(text));
    assert_non_null(strstr(text, "Test Root"));
    trust(place, place->root.certificate, "");
    assert_int_equal(inventory_verdict(slot_at(place, 2), CA_NOW), PKI_NOT_CHECKED);
    check_all(place, CA_NOW);
    assert_int_equal(inventory_verdict(slot_at(place, 2), CA_NOW), PKI_VERIFIED);
    inventory_text(slot_at(place, 2), CA_NOW, text, sizeof(text));
    assert_string_equal(text, "");
    task_succeeds(place, PARAMETERS(.operation = PKI_REMOVE_TRUSTED, .slot = 1), "");
    check_all(place, CA_NOW);
    assert_int_equal(inventory_verdict(slot_at(place, 2), CA_NOW), PKI_ISSUER_UNKNOWN);
}

/* No file is looked at for that: the clock alone decides, in both directions. */
static void test_verdicts_expire_by_themselves(void **state)
{
    struct place *place = *state;
    const time_t end = CA_NOW + 365 * CA_DAY;
    char text[512];

    installed(place, 1, true);
    trust(place, place->root.certificate, "");
    check_all(place, CA_NOW);
    assert_int_equal(inventory_verdict(slot_at(place, 1), end), PKI_VERIFIED);
    assert_int_equal(inventory_verdict(slot_at(place, 1), end + 1), PKI_CHAIN_EXPIRED);
    inventory_text(slot_at(place, 1), end + 1, text, sizeof(text));
    assert_non_null(strstr(text, "expired at 2028-01-15T08:00:00Z"));
    assert_int_equal(inventory_verdict(slot_at(place, 1), 0), PKI_CHAIN_EXPIRED);
    inventory_text(slot_at(place, 1), 0, text, sizeof(text));
    assert_non_null(strstr(text, "is not valid before 2027-01-14T08:00:00Z; check the device's clock"));
    /* Looked at while the clock was not set yet. */
    place_open(place);
    check_all(place, 0);
    assert_int_equal(inventory_verdict(slot_at(place, 1), 0), PKI_CHAIN_EXPIRED);
    assert_int_equal(inventory_verdict(slot_at(place, 1), CA_NOW), PKI_VERIFIED);
    inventory_text(slot_at(place, 1), CA_NOW, text, sizeof(text));
    assert_string_equal(text, "");
}

/* They too, although nobody's signature but their own is looked at; and the job says so by failing. */
static void test_self_signed_certificates_expire_by_themselves(void **state)
{
    struct place *place = *state;
    const time_t begin = CA_NOW + CA_DAY;
    const time_t end = CA_NOW + 3 * CA_DAY;
    char text[512];

    task_succeeds(place, PARAMETERS(.operation = PKI_CREATE_SELF_SIGNED, .slot = 1, .dates = {begin, end}), "");
    check_all(place, CA_NOW);
    assert_int_equal(inventory_verdict(slot_at(place, 1), begin - 1), PKI_CHAIN_EXPIRED);
    inventory_text(slot_at(place, 1), begin - 1, text, sizeof(text));
    assert_string_equal(text, "the certificate, which is signed by its own key, is not valid before "
                              "2027-01-16T08:00:00Z; check the device's clock");
    assert_int_equal(inventory_verdict(slot_at(place, 1), begin), PKI_SELF_SIGNED);
    assert_int_equal(inventory_verdict(slot_at(place, 1), end), PKI_SELF_SIGNED);
    inventory_text(slot_at(place, 1), end, text, sizeof(text));
    assert_string_equal(text, "signed by its own key, and not among the trusted certificates");
    assert_int_equal(inventory_verdict(slot_at(place, 1), end + 1), PKI_CHAIN_EXPIRED);
    inventory_text(slot_at(place, 1), end + 1, text, sizeof(text));
    assert_string_equal(text, "the certificate, which is signed by its own key, expired at 2027-01-18T08:00:00Z; have "
                              "it renewed");
    task_fails(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 1, .now = begin - 1), PKI_VERIFICATION_FAILED,
               "slot 1: the certificate, which is signed by its own key, is not valid before 2027-01-16T08:00:00Z");
    task_succeeds(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 1, .now = begin), "signed by its own key");
    task_succeeds(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 1, .now = end), "signed by its own key");
    task_fails(place, PARAMETERS(.operation = PKI_VERIFY, .slot = 1, .now = end + 1), PKI_VERIFICATION_FAILED,
               "slot 1: the certificate, which is signed by its own key, expired at 2027-01-18T08:00:00Z");
}

static void test_a_check_that_came_too_late_counts_for_nothing(void **state)
{
    struct place *place = *state;
    struct inventory_check *check;

    self_signed(place, 1);
    self_signed(place, 2);
    check = inventory_check_new(place->pki.inventory, 0);
    inventory_check_run(check, CA_NOW, NULL);
    task_succeeds(place, PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 1), "");
    self_signed(place, 1);
    assert_true(inventory_check_apply(place->pki.inventory, check));
    assert_int_equal(inventory_verdict(slot_at(place, 1), CA_NOW), PKI_NOT_CHECKED);
    assert_int_equal(inventory_verdict(slot_at(place, 2), CA_NOW), PKI_SELF_SIGNED);
    check = inventory_check_new(place->pki.inventory, 0);
    inventory_check_run(check, CA_NOW, NULL);
    trust(place, place->root.certificate, "");
    assert_false(inventory_check_apply(place->pki.inventory, check));
    assert_int_equal(inventory_verdict(slot_at(place, 1), CA_NOW), PKI_NOT_CHECKED);
    check_all(place, CA_NOW);
    assert_int_equal(inventory_verdict(slot_at(place, 1), CA_NOW), PKI_SELF_SIGNED);
}

static void test_checks_can_be_given_up_and_asked_for(void **state)
{
    struct place *place = *state;
    const atomic_bool give_up = true;
    struct inventory_check *check;

    self_signed(place, 1);
    request(place, 2);
    check = inventory_check_new(place->pki.inventory, 0);
    inventory_check_run(check, CA_NOW, &give_up);
    assert_false(inventory_check_apply(place->pki.inventory, check));
    assert_int_equal(inventory_verdict(slot_at(place, 1), CA_NOW), PKI_NOT_CHECKED);
    inventory_check_free(inventory_check_new(place->pki.inventory, 0)); /* still due */
    check_all(place, CA_NOW);
    assert_null(inventory_check_new(place->pki.inventory, 0));
    assert_null(inventory_check_new(place->pki.inventory, 2)); /* no certificate */
    assert_null(inventory_check_new(place->pki.inventory, 3)); /* nothing at all */
    check = inventory_check_new(place->pki.inventory, 1);
    assert_non_null(check);
    inventory_check_run(check, CA_NOW, NULL);
    assert_false(inventory_check_apply(place->pki.inventory, check)); /* the same verdict */
    inventory_check_free(NULL);
}

/* A file that goes away between reading and checking: said once, and not tried again and again. */
static void test_a_check_of_a_file_that_is_gone_says_so(void **state)
{
    struct place *place = *state;
    char *file;
    char *path;
    char text[512];

    self_signed(place, 1);
    file = file_of_slot(place, 1, KEY_CERTIFICATE);
    path = path_of(place->store, file);
    assert_int_equal(unlink(path), 0);
    free(path);
    assert_true(check_all(place, CA_NOW));
    assert_int_equal(inventory_verdict(slot_at(place, 1), CA_NOW), PKI_NOT_CHECKED);
    inventory_text(slot_at(place, 1), CA_NOW, text, sizeof(text));
    assert_non_null(strstr(text, "material"));
    free(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_certificate_that_is_not_the_keys_is_damage),
        TEST(test_verdicts_follow_the_trusted_certificates),
        TEST(test_verdicts_expire_by_themselves),
        TEST(test_self_signed_certificates_expire_by_themselves),
        TEST(test_a_check_that_came_too_late_counts_for_nothing),
        TEST(test_checks_can_be_given_up_and_asked_for),
        TEST(test_a_check_of_a_file_that_is_gone_says_so),
    };

    return cmocka_run_group_tests_name("inventory_check", tests, NULL, NULL);
}
