/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that make keys, from their parameters to the row: what comes out, what is refused, and who was there first. */
#include "task_fixture.h"

#include <openssl/x509v3.h>

#define CREATE(...)  PARAMETERS(.operation = PKI_CREATE_SELF_SIGNED, __VA_ARGS__)
#define REQUEST(...) PARAMETERS(.operation = PKI_CREATE_REQUEST, __VA_ARGS__)

/* ---- What comes out ---- */

static void test_a_self_signed_certificate_comes_with_a_new_key(void **state)
{
    struct place *place = *state;
    const struct pki_slot *slot;
    X509 *certificate;

    task_succeeds(place, CREATE(.key_name = ""),
                  "self-signed certificate in slot 1, ECDSA P-256, valid until 2029-01-");
    assert_int_equal(place->slot, 1);
    slot = slot_at(place, 1);
    assert_int_equal(slot->status, PKI_INSTALLED);
    assert_null(slot->trouble);
    assert_string_equal(slot->summary.subject, "CN=printer.example");
    assert_string_equal(slot->summary.alt_names, "DNS:printer.example");
    assert_int_equal(slot->summary.key.type, PKI_KEY_ECDSA);
    assert_int_equal(slot->summary.key.curve, PKI_CURVE_P256);
    assert_int_equal(slot->intermediates, 0);
    assert_string_equal(slot_text(place, 1, KEY_NAME), "Key 1");
    assert_string_equal(slot_text(place, 1, KEY_FIRMWARE), "1.20");
    assert_string_equal(slot_text(place, 1, KEY_RESERVED), "");
    assert_string_equal(slot_text(place, 1, KEY_REQUEST), "");
    assert_int_equal(slot->row[KEY_TYPE].number, PKI_KEY_ECDSA);
    assert_int_equal(slot->row[KEY_ORIGIN].number, 2);
    assert_int_equal(slot->row[KEY_CREATED].number, CA_NOW);
    certificate = certificate_of(place, 1);
    assert_int_equal(X509_verify(certificate, X509_get0_pubkey(certificate)), 1);
    X509_free(certificate);
    assert_int_equal(count_files(place), 2);
    place_open(place); /* and all of that is on disk */
    assert_int_equal(slot_at(place, 1)->status, PKI_INSTALLED);
}

static void test_parameters_reach_the_certificate(void **state)
{
    struct place *place = *state;
    const struct pki_slot *slot;

    task_succeeds(place,
                  CREATE(.slot = 4, .key_name = "Empfang \xc3\xbc", .key = {PKI_KEY_RSA, 1024, PKI_CURVE_NONE},
                         .hash = PKI_HASH_SHA1, .dates = {CA_NOW + CA_DAY, CA_NOW + 3 * CA_DAY}),
                  "slot 4, RSA 1024, valid until 2027-01-18T08:00:00Z");
    slot = slot_at(place, 4);
    assert_string_equal(slot_text(place, 4, KEY_NAME), "Empfang \xc3\xbc");
    assert_int_equal(slot->summary.key.bits, 1024);
    assert_string_equal(slot->summary.signature_algorithm, "sha1WithRSAEncryption");
    assert_int_equal(slot->summary.weakness, PKI_WEAK_SHORT_KEY | PKI_WEAK_HASH);
    assert_int_equal(slot->summary.not_before, CA_NOW + CA_DAY);
    assert_int_equal(slot->summary.not_after, CA_NOW + 3 * CA_DAY);
}

static void test_a_request_waits_for_its_certificate(void **state)
{
    struct place *place = *state;
    const struct pki_slot *slot;
    X509_REQ *request;

    task_succeeds(place, REQUEST(.challenge = "s3cret"), "certificate request in slot 1, ECDSA P-256");
    slot = slot_at(place, 1);
    assert_int_equal(slot->status, PKI_REQUESTING);
    assert_int_equal(slot->row[KEY_ORIGIN].number, 3);
    assert_string_equal(slot->summary.subject, "CN=printer.example");
    assert_int_equal(slot->summary.not_after, 0);
    assert_string_equal(slot_text(place, 1, KEY_CERTIFICATE), "");
    request = request_of(place, 1);
    assert_int_equal(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
    assert_true(X509_REQ_get_attr_by_NID(request, NID_pkcs9_challengePassword, -1) >= 0);
    X509_REQ_free(request);
}

static void test_the_lowest_slot_that_nobody_has_or_takes_is_found(void **state)
{
    struct place *place = *state;
    const unsigned taken[] = {2, 0, 4};
    struct pki_task *task = NULL;

    task_succeeds(place, CREATE(.slot = 1), "");
    task_succeeds(place, CREATE(.slot = 3), "");
    assert_int_equal(task_new_among(place, CREATE(.slot = 0), taken, 3, &task), DEVSEC_OK);
    assert_int_equal(pki_task_slot(task), 5);
    pki_task_free(task);
    assert_int_equal(task_new_among(place, CREATE(.slot = 4), taken, 3, &task), DEVSEC_ERR_BUSY);
    fault_assert(&place->fault, PKI_SLOT_BUSY, "slot 4: other work on it is under way");
}

static void test_a_use_is_given_in_the_same_commit(void **state)
{
    struct place *place = *state;
    const struct pki_use tls = {PKI_USE_TLS, 1};
    const struct pki_use ipsec = {PKI_USE_IPSEC, 3};
    uint32_t generation = generation_of(place->store->store);

    task_succeeds(place, CREATE(.use = tls), "; tls uses it");
    assert_int_equal(pki_use_slot(store_current(place->store->store), &tls), 1);
    assert_int_equal(generation_of(place->store->store), ++generation);
    assert_false(pki_use_enabled(store_current(place->store->store), &tls));
    task_succeeds(place, CREATE(.use = ipsec), "; ipsec-3 uses it");
    assert_int_equal(pki_use_slot(store_current(place->store->store), &ipsec), 2);
    assert_int_equal(pki_use_slot(store_current(place->store->store), &tls), 1);
}

/* ---- The device's own keys ---- */

static void make_reserved(struct place *place)
{
    for (enum pki_reserved reserved = 0; reserved < PKI_RESERVED_COUNT; reserved++)
        task_succeeds(place, PARAMETERS(.operation = PKI_MAKE_RESERVED, .reserved = reserved),
                      "self-signed certificate in slot ");
}

static void test_the_device_makes_keys_of_its_own(void **state)
{
    struct place *place = *state;

    make_reserved(place);
    assert_int_equal(inventory_slots(place->pki.inventory), PKI_RESERVED_COUNT);
    for (unsigned i = 0; i < PKI_RESERVED_COUNT; i++) {
        const struct pki_slot *slot = slot_at(place, i + 1);

        assert_string_equal(slot_text(place, i + 1, KEY_NAME), pki_reserved_names[i]);
        assert_string_equal(slot_text(place, i + 1, KEY_RESERVED), key_reserved_words[i]);
        assert_int_equal(slot->row[KEY_ORIGIN].number, 1);
        assert_int_equal(slot->status, PKI_INSTALLED);
        assert_int_equal(slot->summary.key.curve, PKI_CURVE_P384); /* the profile's choice */
        assert_int_equal(slot->summary.not_after - slot->summary.not_before, 7305 * CA_DAY);
        assert_memory_equal(slot->summary.subject, "CN=", 3);
    }
    task_fails(place, PARAMETERS(.operation = PKI_MAKE_RESERVED, .reserved = PKI_RESERVED_AMS), PKI_NAME_TAKEN,
               "the key in slot 2 is named \"AMS\" already");
    task_fails(place, PARAMETERS(.operation = PKI_MAKE_RESERVED, .reserved = PKI_RESERVED_COUNT), PKI_INVALID_PARAMETER,
               "there is no reserved key number 3");
}

static void test_a_reserved_key_is_only_ever_replaced(void **state)
{
    struct place *place = *state;
    const struct pki_use tls = {PKI_USE_TLS, 1};
    char before[MATERIAL_NAME_SIZE];

    make_reserved(place);
    snprintf(before, sizeof(before), "%s", slot_text(place, 1, KEY_FILE));
    task_fails(place, REQUEST(.slot = 1), PKI_RESERVED_KEY, "slot 1 has the key \"Default Key\" of the device's own");
    task_fails(place, PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 1), PKI_RESERVED_KEY, "cannot be deleted");
    task_fails(
        place,
        PARAMETERS(.operation = PKI_IMPORT_PKCS12, .slot = 1, .upload = (const unsigned char *)"x", .upload_length = 1),
        PKI_SLOT_OCCUPIED, "slot 1 has a key already");
    task_fails(place, CREATE(.slot = 1, .key_name = "Mine"), PKI_INVALID_PARAMETER, "\"Default Key\", expected none");
    task_fails(place, CREATE(.slot = 2, .use = tls), PKI_USAGE_REFUSED, "\"AMS\" in slot 2");
    assert_string_equal(slot_text(place, 1, KEY_FILE), before);
    task_succeeds(place, CREATE(.slot = 1, .key_name = "Default Key", .use = tls), "slot 1, ECDSA P-256");
    assert_string_not_equal(slot_text(place, 1, KEY_FILE), before);
    assert_string_equal(slot_text(place, 1, KEY_NAME), "Default Key");
    assert_string_equal(slot_text(place, 1, KEY_RESERVED), "default");
    assert_int_equal(slot_at(place, 1)->row[KEY_ORIGIN].number, 2); /* not made at the first start any more */
    assert_int_equal(slot_at(place, 1)->summary.key.curve, PKI_CURVE_P256);
    task_succeeds(place, CREATE(.slot = 1), "slot 1"); /* its use stays */
    assert_int_equal(pki_use_slot(store_current(place->store->store), &tls), 1);
}

/* Whoever was quicker has a slot; the next attempt begins further up. */
static void test_slots_are_left_to_others(void **state)
{
    struct place *place = *state;
    struct pki_task *task = NULL;
    const struct {
        unsigned pass_over;
        unsigned slot;
    } cases[] = {{0, 1}, {1, 2}, {2, 4}, {4, 6}, {32, 6}};

    task_succeeds(place, REQUEST(.slot = 3), "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            task_new(place, PARAMETERS(.operation = PKI_MAKE_RESERVED, .pass_over = cases[i].pass_over), &task),
            DEVSEC_OK);
        assert_int_equal(pki_task_slot(task), cases[i].slot);
        pki_task_free(task);
        task = NULL;
    }
}

static void test_room_is_kept_for_the_devices_own_keys(void **state)
{
    struct place *place = *state;
    const unsigned taken[] = {4};
    struct pki_task *task = NULL;

    place->device.profile.reserved_keys = (1u << PKI_RESERVED_COUNT) - 1;
    for (unsigned i = 1; i <= PLACE_LIMIT - PKI_RESERVED_COUNT; i++)
        task_succeeds(place, REQUEST(.slot = i), "");
    task_fails(place, CREATE(.slot = 0), PKI_LIMIT_REACHED,
               "the device can hold 6 keys, and keeps room for 3 of its own that it is yet to make; delete one first");
    task_fails(place, REQUEST(.slot = 6), PKI_LIMIT_REACHED, "keeps room for 3 of its own");
    task_succeeds(place, PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 2), "");
    /* One that is being made counts once. */
    assert_int_equal(task_new_among(place, CREATE(.reserved_slot = 4), taken, 1, &task), DEVSEC_OK);
    pki_task_free(task);
    task = NULL;
    assert_int_equal(task_new_among(place, CREATE(.slot = 0), taken, 1, &task), DEVSEC_ERR_UNAVAILABLE);
    task_succeeds(place, REQUEST(.slot = 2), "");
    make_reserved(place);
    assert_int_equal(inventory_slots(place->pki.inventory), PLACE_LIMIT);
    task_fails(place, CREATE(.slot = 0), PKI_LIMIT_REACHED, "the device can hold 6 keys, and as many are there");
}

/* ---- What is refused ---- */

static void test_parameters_that_cannot_be_are_refused_before_any_work(void **state)
{
    static char country[] = "Germany";
    static char nobody[] = "";
    static const char control[] = "a\nb";
    static const char torn[] = "a\xc3";
    static const char endless[] = "0123456789012345678901234567890123456789012345678901234567890123x";
    struct place *place = *state;
    const struct {
        const struct pki_parameters *parameters;
        enum pki_cause cause;
        const char *text;
    } cases[] = {
        {CREATE(.slot = 1), PKI_SLOT_OCCUPIED,
         "slot 1 has a key already; choose a free slot, or none, and the lowest free one is taken"},
        {REQUEST(.slot = 1), PKI_SLOT_OCCUPIED, "slot 1 has a key already"},
        {CREATE(.slot = PLACE_LIMIT + 1), PKI_INVALID_PARAMETER, "slot: found 7, expected 1 to 6"},
        {CREATE(.key_name = "Key 1"), PKI_NAME_TAKEN, "the key in slot 1 is named \"Key 1\" already"},
        {CREATE(.key_name = "AMS"), PKI_NAME_TAKEN, "\"AMS\" is kept for a key of the device's own"},
        {REQUEST(.key_name = "Device Signature Key"), PKI_NAME_TAKEN, "kept for a key of the device's own"},
        {CREATE(.key_name = "0"), PKI_INVALID_PARAMETER, "a name of digits alone would be taken for a slot"},
        {REQUEST(.key_name = "2027"), PKI_INVALID_PARAMETER, "a name of digits alone would be taken for a slot"},
        {CREATE(.key_name = control), PKI_INVALID_PARAMETER, "key name: found \"a\\x0ab\""},
        {CREATE(.key_name = torn), PKI_INVALID_PARAMETER, "expected 1 to 64 octets of UTF-8"},
        {CREATE(.key_name = endless), PKI_INVALID_PARAMETER, "expected 1 to 64 octets of UTF-8"},
        {CREATE(.key = {PKI_KEY_RSA, 1023, PKI_CURVE_NONE}), PKI_INVALID_PARAMETER, "1024 to 8192"},
        {REQUEST(.key = {PKI_KEY_ECDSA, 0, PKI_CURVE_OTHER}), PKI_INVALID_PARAMETER, "P-256, P-384 or P-521"},
        {CREATE(.hash = (enum pki_hash)5), PKI_INVALID_PARAMETER, "hash"},
        {CREATE(.subject = {.common_name = nobody}), PKI_INVALID_PARAMETER, "common name"},
        {REQUEST(.subject = {.country = country}), PKI_INVALID_PARAMETER, "country"},
        {CREATE(.dates = {CA_NOW, CA_NOW - 1}), PKI_INVALID_PARAMETER, ""},
        {REQUEST(.use = {PKI_USE_TLS, 1}), PKI_INVALID_PARAMETER, "once its certificate is installed"},
        {CREATE(.use = {PKI_USE_TLS, 2}), PKI_INVALID_PARAMETER, "usage: found 1 with instance 2"},
        {CREATE(.use = {PKI_USE_IPSEC, PKI_IPSEC_POLICIES + 1}), PKI_INVALID_PARAMETER, "found 3 with instance 11"},
        {CREATE(.use = {(enum pki_usage)99, 1}), PKI_INVALID_PARAMETER, "usage: found 99"},
        {CREATE(.use = {PKI_USE_DEVICE_SIGNATURE, 1}), PKI_USAGE_REFUSED, "device-signature"},
        {PARAMETERS(.operation = PKI_SCEP_ENROLL), PKI_INVALID_PARAMETER, "operation: 6 is none"},
        {PARAMETERS(.operation = (enum pki_operation)0), PKI_INVALID_PARAMETER, "operation: 0 is none"},
    };
    struct pki_task *task = NULL;

    task_succeeds(place, CREATE(.slot = 1), "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!task_new(place, cases[i].parameters, &task))
            fail_msg("case %zu was not refused", i);
        fault_assert(&place->fault, cases[i].cause, cases[i].text);
        assert_null(task);
    }
    assert_int_equal(count_files(place), 2);
}

static void test_a_full_device_takes_no_more_keys(void **state)
{
    struct place *place = *state;
    const unsigned taken[] = {PLACE_LIMIT, PLACE_LIMIT, 1};
    struct pki_task *task = NULL;

    for (unsigned i = 1; i < PLACE_LIMIT - 1; i++)
        task_succeeds(place, REQUEST(.slot = i), "");
    assert_int_equal(task_new_among(place, CREATE(.slot = 0), taken, 3, &task), DEVSEC_OK);
    assert_int_equal(pki_task_slot(task), PLACE_LIMIT - 1);
    pki_task_free(task);
    task = NULL;
    task_succeeds(place, REQUEST(.slot = PLACE_LIMIT - 1), "");
    assert_int_equal(task_new_among(place, CREATE(.slot = 0), taken, 3, &task), DEVSEC_ERR_UNAVAILABLE);
    fault_assert(&place->fault, PKI_LIMIT_REACHED, "can hold 6 keys");
    task_succeeds(place, REQUEST(.slot = 0), "slot 6");
    assert_int_equal(inventory_free_slot(place->pki.inventory, PLACE_LIMIT), 0);
    task_fails(place, CREATE(.slot = 0), PKI_LIMIT_REACHED, "the device can hold 6 keys, and as many are there");
    task_succeeds(place, PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 3), "");
    task_succeeds(place, CREATE(.slot = 0), "slot 3");
}

static void test_without_a_device_key_no_key_is_made(void **state)
{
    struct place *place = *state;

    task_succeeds(place, CREATE(.slot = 1), "");
    assert_int_equal(unlink(place->device_key), 0);
    place_open(place);
    assert_null(place->pki.device_key);
    task_fails(place, CREATE(.slot = 2), PKI_DEVICE_KEY_UNAVAILABLE, "there is no device key");
    task_fails(place, REQUEST(.slot = 2), PKI_DEVICE_KEY_UNAVAILABLE, "bring that file back");
    assert_false(file_there(place->store, "device.key"));
}

static bool give_up(void *context, unsigned step)
{
    (void)context;
    (void)step;
    return false;
}

static void test_work_that_is_given_up_leaves_nothing(void **state)
{
    const struct pki_progress progress = {give_up, NULL};
    struct place *place = *state;
    struct pki_task *task = NULL;

    assert_int_equal(task_new(place, CREATE(.key = {PKI_KEY_RSA, 2048, PKI_CURVE_NONE}), &task), DEVSEC_OK);
    assert_int_not_equal(pki_task_run(task, &progress, &place->fault), DEVSEC_OK);
    fault_assert(&place->fault, PKI_CANCELLED, "given up");
    pki_task_free(task);
    assert_int_equal(count_files(place), 0);
}

/* ---- Others were there first ---- */

static void test_of_two_tasks_for_one_slot_the_second_is_refused(void **state)
{
    struct place *place = *state;
    struct pki_task *late = task_ready(place, CREATE(.slot = 2));
    char key[MATERIAL_NAME_SIZE];

    task_succeeds(place, CREATE(.slot = 2), "slot 2");
    snprintf(key, sizeof(key), "%s", slot_text(place, 2, KEY_FILE));
    late_fails(place, late, PKI_SLOT_BUSY, "slot 2 was changed by somebody else meanwhile");
    assert_string_equal(slot_text(place, 2, KEY_FILE), key);
}

static void test_a_name_that_was_given_meanwhile_is_taken(void **state)
{
    struct place *place = *state;
    struct pki_task *late = task_ready(place, CREATE(.slot = 2, .key_name = "Lobby"));

    task_succeeds(place, CREATE(.slot = 3, .key_name = "Lobby"), "slot 3");
    late_fails(place, late, PKI_NAME_TAKEN, "the key in slot 3 is named \"Lobby\" already");
    assert_null(inventory_find(place->pki.inventory, 2));
}

static void test_a_use_that_was_given_away_meanwhile_stays(void **state)
{
    const struct pki_use tls = {PKI_USE_TLS, 1};
    struct place *place = *state;
    struct pki_task *late = task_ready(place, CREATE(.slot = 2, .use = tls));

    task_succeeds(place, CREATE(.slot = 3, .use = tls), "slot 3");
    late_fails(place, late, PKI_SLOT_BUSY, "tls was given another key by somebody else meanwhile");
    assert_int_equal(pki_use_slot(store_current(place->store->store), &tls), 3);
}

/* Between the put and the commit, by another process. */
static void test_a_slot_that_another_process_filled_is_busy(void **state)
{
    struct place *place = *state;
    struct pki_task *late = task_ready(place, CREATE(.slot = 2));
    struct transaction *txn = begin(place->store);
    struct store *mine = place->store->store;
    struct devsec_error error = {DEVSEC_OK, ""};

    assert_int_equal(pki_task_put(late, txn, &place->fault), DEVSEC_OK);
    place->store->store = NULL; /* the other process */
    fixture_open(place->store);
    task_succeeds(place, CREATE(.slot = 2, .key_name = "Theirs"), "slot 2");
    store_close(place->store->store);
    place->store->store = mine;
    assert_int_equal(transaction_commit(txn, &error), DEVSEC_ERR_BUSY);
    assert_int_equal(pki_cause_of_commit(NULL, error.code), PKI_SLOT_BUSY);
    transaction_free(txn);
    pki_task_free(late);
    refresh(place->store);
    place_follow(place);
    assert_string_equal(slot_text(place, 2, KEY_NAME), "Theirs");
}

static void test_causes_of_commits(void **state)
{
    static const struct {
        enum devsec_err err;
        uint32_t tables;
        enum pki_cause cause;
    } cases[] = {
        {DEVSEC_OK, 0, PKI_NONE},
        {DEVSEC_ERR_INCONSISTENT, 1u << TABLE_KEYS, PKI_NAME_TAKEN},
        {DEVSEC_ERR_INCONSISTENT, 1u << TABLE_KEYS | 1u << TABLE_USES, PKI_USAGE_REFUSED},
        {DEVSEC_ERR_INCONSISTENT, 0, PKI_USAGE_REFUSED},
        {DEVSEC_ERR_BUSY, 0, PKI_SLOT_BUSY},
        {DEVSEC_ERR_UNAVAILABLE, 0, PKI_LIMIT_REACHED},
        {DEVSEC_ERR_MEMORY, 0, PKI_OUT_OF_MEMORY},
        {DEVSEC_ERR_IO, 0, PKI_STORE_FAILED},
        {DEVSEC_ERR_UNSAFE, 0, PKI_STORE_FAILED},
        {DEVSEC_ERR_NEWER_FORMAT, 0, PKI_STORE_FAILED},
        {DEVSEC_ERR_INTERNAL, 0, PKI_INTERNAL_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct store_fault fault = {.involved_tables = cases[i].tables};

        assert_int_equal(pki_cause_of_commit(&fault, cases[i].err), cases[i].cause);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_self_signed_certificate_comes_with_a_new_key),
        TEST(test_parameters_reach_the_certificate),
        TEST(test_a_request_waits_for_its_certificate),
        TEST(test_the_lowest_slot_that_nobody_has_or_takes_is_found),
        TEST(test_a_use_is_given_in_the_same_commit),
        TEST(test_the_device_makes_keys_of_its_own),
        TEST(test_a_reserved_key_is_only_ever_replaced),
        TEST(test_slots_are_left_to_others),
        TEST(test_room_is_kept_for_the_devices_own_keys),
        TEST(test_parameters_that_cannot_be_are_refused_before_any_work),
        TEST(test_a_full_device_takes_no_more_keys),
        TEST(test_without_a_device_key_no_key_is_made),
        TEST(test_work_that_is_given_up_leaves_nothing),
        TEST(test_of_two_tasks_for_one_slot_the_second_is_refused),
        TEST(test_a_name_that_was_given_meanwhile_is_taken),
        TEST(test_a_use_that_was_given_away_meanwhile_stays),
        TEST(test_a_slot_that_another_process_filled_is_busy),
        cmocka_unit_test(test_causes_of_commits),
    };

    return cmocka_run_group_tests_name("task_create", tests, NULL, NULL);
}
