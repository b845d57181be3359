/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory: what it says of whole and damaged files, what it reads again, texts by segments. */
#include "task_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- What there is ---- */

static void test_slots_say_what_there_is(void **state)
{
    struct place *place = *state;
    struct inventory_counts counts;

    self_signed(place, 1);
    request(place, 3);
    installed(place, 5, true);
    request(place, 6);
    set_column(place, 6, KEY_REQUEST, "");
    place_follow(place);
    assert_int_equal(inventory_slots(place->pki.inventory), 4);
    assert_int_equal(inventory_slot(place->pki.inventory, 2)->slot, 5);
    assert_int_equal(slot_at(place, 1)->status, PKI_INSTALLED);
    assert_int_equal(slot_at(place, 3)->status, PKI_REQUESTING);
    assert_int_equal(slot_at(place, 5)->status, PKI_INSTALLED);
    assert_int_equal(slot_at(place, 6)->status, PKI_KEY_ALONE);
    assert_null(inventory_find(place->pki.inventory, 2));
    assert_null(inventory_find(place->pki.inventory, 0));
    assert_int_equal(inventory_free_slot(place->pki.inventory, PLACE_LIMIT), 2);
    assert_int_equal(inventory_free_slot(place->pki.inventory, 4), 0);
    assert_string_equal(slot_at(place, 6)->summary.subject, "");
    assert_string_equal(slot_at(place, 6)->summary.serial_number, "");
    assert_int_equal(slot_at(place, 6)->summary.key.bits, 256);
    assert_int_equal(slot_at(place, 6)->summary.key.curve, PKI_CURVE_P256);
    assert_int_equal(slot_at(place, 5)->summary.not_after, CA_NOW + 365 * CA_DAY);
    inventory_count(place->pki.inventory, CA_NOW, 30, &counts);
    assert_int_equal(counts.total, 2);
    assert_int_equal(counts.expiring + counts.expired + counts.weak + counts.damaged, 0);
    inventory_count(place->pki.inventory, CA_NOW + 360 * CA_DAY, 30, &counts);
    assert_int_equal(counts.expiring, 1);
    inventory_count(place->pki.inventory, CA_NOW + 366 * CA_DAY, 30, &counts);
    assert_int_equal(counts.expired, 1);
    assert_int_equal(counts.total, 2);
}

static void test_a_short_key_alone_is_weak(void **state)
{
    struct place *place = *state;
    struct inventory_counts counts;

    task_succeeds(
        place, PARAMETERS(.operation = PKI_CREATE_REQUEST, .slot = 1, .key = {PKI_KEY_RSA, 1024, PKI_CURVE_NONE}), "");
    set_column(place, 1, KEY_REQUEST, "");
    place_follow(place);
    assert_int_equal(slot_at(place, 1)->summary.weakness, PKI_WEAK_SHORT_KEY);
    inventory_count(place->pki.inventory, CA_NOW, 30, &counts);
    assert_int_equal(counts.weak, 1);
    assert_int_equal(counts.total, 0);
}

static void test_a_key_is_known_by_its_certificates_key(void **state)
{
    struct place *place = *state;
    unsigned char digest[PKI_FINGERPRINT_SIZE];
    X509_REQ *open;

    request(place, 1);
    self_signed(place, 2);
    open = request_of(place, 1);
    assert_true(inventory_key_digest(digest, X509_REQ_get_X509_PUBKEY(open)));
    assert_memory_equal(slot_at(place, 1)->public_key, digest, sizeof(digest));
    assert_memory_not_equal(slot_at(place, 2)->public_key, digest, sizeof(digest));
    X509_REQ_free(open);
}

/* ---- Damage ---- */

enum damage { GARBLED, CUT, MISSING };

static void damage_file(const struct place *place, const char *file, enum damage damage)
{
    size_t length = 0;
    char *text = file_get(place->store, file, &length);
    char *path = path_of(place->store, file);

    if (damage == GARBLED)
        text[length / 2] ^= 1;
    assert_int_equal(unlink(path), 0);
    if (damage != MISSING)
        file_put_bytes(place->store, file, text, damage == CUT ? length / 2 : length);
    free(path);
    free(text);
}

static void test_damaged_files_are_their_slots_own_trouble(void **state)
{
    struct place *place = *state;
    static const struct {
        unsigned slot;
        enum key_column column;
        const char *what;
        const char *remedy;
        int bits;     /* of the key as it is shown */
        bool subject; /* whether there is one */
    } cases[] = {
        {1, KEY_FILE, "private key: ", "bring the file back from a backup, or put another key in the slot", 0, true},
        {1, KEY_CERTIFICATE, "certificate: ", "or install the certificate again", 256, false},
        {2, KEY_FILE, "private key: ", "or put another key in the slot", 0, true},
        {2, KEY_REQUEST, "certificate request: ", "or delete the key and request anew", 256, false},
    };

    self_signed(place, 1);
    request(place, 2);
    self_signed(place, 3);
    for (size_t i = 0; i < 3 * COUNT(cases); i++) {
        const unsigned number = cases[i / 3].slot;
        char *file = file_of_slot(place, number, cases[i / 3].column);
        size_t length = 0;
        char *whole = file_get(place->store, file, &length);
        const struct pki_slot *slot;
        char text[512];

        damage_file(place, file, (enum damage)(i % 3));
        place_open(place);
        slot = slot_at(place, number);
        assert_int_equal(slot->status, PKI_STATUS_DAMAGED);
        inventory_text(slot, CA_NOW, text, sizeof(text));
        assert_string_equal(text, slot->trouble);
        if (strstr(text, cases[i / 3].what) != text || !strstr(text, cases[i / 3].remedy) ||
            !strstr(text, strrchr(file, '/') + 1))
            fail_msg("case %zu: %s", i, text);
        assert_int_equal(slot->summary.key.bits, cases[i / 3].bits);
        assert_int_equal(*slot->summary.subject != '\0', cases[i / 3].subject);
        assert_int_equal(slot_at(place, 3)->status, PKI_INSTALLED);
        assert_null(slot_at(place, 3)->trouble);
        file_put_bytes(place->store, file, whole, length);
        place_open(place);
        assert_null(slot_at(place, number)->trouble);
        free(whole);
        free(file);
    }
}

static void test_a_request_that_is_not_the_keys_is_damage(void **state)
{
    struct place *place = *state;

    request(place, 1);
    request(place, 2);
    set_column(place, 1, KEY_REQUEST, slot_text(place, 2, KEY_REQUEST));
    place_follow(place);
    assert_int_equal(slot_at(place, 1)->status, PKI_STATUS_DAMAGED);
    assert_non_null(strstr(slot_at(place, 1)->trouble, "it is not that of the key in the slot"));
    assert_int_equal(slot_at(place, 2)->status, PKI_REQUESTING);
}

/* A file whose name is right and whose content is something else altogether. */
static void test_files_of_another_kind_are_damage(void **state)
{
    struct place *place = *state;
    struct material_session *session = NULL;
    struct devsec_error error = {DEVSEC_OK, ""};
    char names[MATERIAL_KINDS][MATERIAL_NAME_SIZE];

    self_signed(place, 1);
    request(place, 2);
    assert_int_equal(material_begin(&session, place->pki.material, &error), DEVSEC_OK);
    for (enum material_kind kind = 0; kind < MATERIAL_KINDS; kind++)
        assert_int_equal(material_put(session, kind, "nonsense", 8, names[kind], &error), DEVSEC_OK);
    material_end(session);
    set_column(place, 1, KEY_CERTIFICATE, names[MATERIAL_CERTIFICATES]);
    place_follow(place);
    assert_memory_equal(slot_at(place, 1)->trouble, "certificate: material/", 22);
    assert_memory_equal(slot_at(place, 1)->trouble + 22, names[MATERIAL_CERTIFICATES], 12);
    assert_memory_equal(slot_at(place, 1)->trouble + 34, "*.pem: ", 7);
    set_column(place, 1, KEY_FILE, names[MATERIAL_KEY]);
    set_column(place, 2, KEY_REQUEST, names[MATERIAL_REQUEST]);
    place_follow(place);
    assert_memory_equal(slot_at(place, 1)->trouble, "private key: material/", 22);
    assert_memory_equal(slot_at(place, 2)->trouble, "certificate request: material/", 30);
}

static void test_without_the_right_device_key_every_key_is_damaged(void **state)
{
    struct place *place = *state;
    struct device_key *other = NULL;
    char path[112];

    self_signed(place, 1);
    request(place, 2);
    snprintf(path, sizeof(path), "%s.away", place->device_key);
    assert_int_equal(rename(place->device_key, path), 0);
    place_open(place);
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(slot_at(place, i)->status, PKI_STATUS_DAMAGED);
        assert_non_null(strstr(slot_at(place, i)->trouble, "the device key that opens it is not there"));
        assert_int_equal(slot_at(place, i)->summary.key.bits, 256); /* the public half is readable */
    }
    assert_int_equal(device_key_create(&other, place->device_key, NULL), DEVSEC_OK);
    device_key_free(other);
    place_open(place);
    assert_non_null(strstr(slot_at(place, 1)->trouble, "does not open with this device key"));
    assert_int_equal(rename(path, place->device_key), 0);
    place_open(place);
    assert_int_equal(slot_at(place, 1)->status, PKI_INSTALLED);
    assert_int_equal(slot_at(place, 2)->status, PKI_REQUESTING);
}

/* ---- Following ---- */

static void test_only_what_is_another_is_read_again(void **state)
{
    struct place *place = *state;
    struct document *copy = NULL;
    unsigned long readings[3];
    bool changed = true;

    for (unsigned i = 1; i <= 3; i++)
        self_signed(place, i);
    for (unsigned i = 0; i < 3; i++)
        readings[i] = slot_at(place, i + 1)->reading;
    assert_int_equal(document_copy(&copy, store_current(place->store->store), NULL), DEVSEC_OK);
    assert_int_equal(inventory_follow(place->pki.inventory, copy, &changed, NULL), DEVSEC_OK);
    assert_false(changed);
    assert_ptr_equal(slot_at(place, 2)->row, copy->tables[TABLE_KEYS].rows[1]);
    assert_ptr_equal(inventory_document(place->pki.inventory), copy);
    document_free(copy); /* the one of before is not looked at any more */
    commit_port(place->store, 465);
    set_column(place, 2, KEY_NAME, "Another name");
    assert_int_equal(inventory_follow(place->pki.inventory, store_current(place->store->store), &changed, NULL),
                     DEVSEC_OK);
    assert_false(changed);
    assert_string_equal(slot_text(place, 2, KEY_NAME), "Another name");
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(slot_at(place, i + 1)->reading, readings[i]);
    task_succeeds(place, PARAMETERS(.operation = PKI_DELETE_KEY, .slot = 1), "");
    self_signed(place, 1);
    assert_int_not_equal(slot_at(place, 1)->reading, readings[0]);
    assert_int_equal(slot_at(place, 2)->reading, readings[1]);
}

static bool follow(struct place *place)
{
    bool changed = false;

    assert_int_equal(inventory_follow(place->pki.inventory, store_current(place->store->store), &changed, NULL),
                     DEVSEC_OK);
    return changed;
}

static void test_a_damaged_file_that_is_put_right_is_noticed(void **state)
{
    struct place *place = *state;
    unsigned long reading;
    size_t length = 0;
    char *file;
    char *whole;
    char *trusted = NULL;

    self_signed(place, 1);
    trust(place, place->root.certificate, "");
    file = file_of_slot(place, 1, KEY_FILE);
    whole = file_get(place->store, file, &length);
    assert_true(asprintf(&trusted, "material/%s.pem",
                         value_text(&inventory_trusted(place->pki.inventory, 0)->row[TRUSTED_CERTIFICATE])) > 0);
    damage_file(place, file, MISSING);
    damage_file(place, trusted, MISSING);
    assert_false(follow(place)); /* what was whole is not looked at again */
    place_open(place);
    reading = slot_at(place, 1)->reading;
    assert_int_equal(slot_at(place, 1)->status, PKI_STATUS_DAMAGED);
    assert_non_null(inventory_trusted(place->pki.inventory, 0)->trouble);
    assert_false(place_retry(place, 0));
    assert_int_equal(slot_at(place, 1)->reading, reading);
    file_put_bytes(place->store, file, whole, length);
    assert_false(follow(place)); /* thousands may be damaged, and commits come in numbers */
    assert_false(place_retry(place, 2));
    assert_int_equal(slot_at(place, 1)->status, PKI_STATUS_DAMAGED);
    assert_true(place_retry(place, 1));
    assert_int_equal(slot_at(place, 1)->status, PKI_INSTALLED);
    assert_int_not_equal(slot_at(place, 1)->reading, reading);
    free(whole);
    whole = ca_pem(place->root.certificate, &length);
    file_put_bytes(place->store, trusted, whole, length);
    assert_false(follow(place));
    assert_false(place_retry(place, 1));
    assert_non_null(inventory_trusted(place->pki.inventory, 0)->trouble);
    assert_true(place_retry(place, 0));
    assert_null(inventory_trusted(place->pki.inventory, 0)->trouble);
    assert_false(place_retry(place, 0));
    free(trusted);
    free(whole);
    free(file);
}

/* ---- Texts ---- */

/* All segments of a kind, put together; the caller frees. */
static char *segments_of(const struct place *place, unsigned slot, enum pki_pem kind)
{
    const size_t count = inventory_pem_segments(slot_at(place, slot), kind);
    char *text = calloc(count + 1, PKI_PEM_SEGMENT);
    unsigned char octets[PKI_PEM_SEGMENT];
    size_t used = 0;

    for (size_t i = 1; i <= count; i++) {
        const size_t got = inventory_pem_read(place->pki.inventory, slot_at(place, slot), kind, i, octets);

        assert_true(i < count ? got == PKI_PEM_SEGMENT : got > 0 && got <= PKI_PEM_SEGMENT);
        memcpy(text + used, octets, got);
        used += got;
    }
    assert_int_equal(inventory_pem_read(place->pki.inventory, slot_at(place, slot), kind, 0, octets), 0);
    assert_int_equal(inventory_pem_read(place->pki.inventory, slot_at(place, slot), kind, count + 1, octets), 0);
    return text;
}

static void test_texts_come_whole_and_in_segments(void **state)
{
    struct place *place = *state;
    struct pki_fault fault = {.cause = PKI_NONE};
    char *issuer = ca_pem(place->intermediate.certificate, NULL);
    char *chain;
    char *leaf;
    char *whole = NULL;
    size_t length = 0;

    self_signed(place, 1);
    installed(place, 2, true);
    request(place, 3);
    chain = segments_of(place, 2, PKI_PEM_CHAIN);
    leaf = segments_of(place, 2, PKI_PEM_CERTIFICATE);
    assert_true(strlen(chain) > PKI_PEM_SEGMENT);
    assert_int_equal(strncmp(chain, leaf, strlen(leaf)), 0);
    assert_string_equal(chain + strlen(leaf), issuer);
    for (enum pki_pem kind = PKI_PEM_CERTIFICATE; kind <= PKI_PEM_CHAIN; kind++) {
        assert_int_equal(inventory_pem(place->pki.inventory, slot_at(place, 2), kind, &whole, &length, &fault), 0);
        assert_string_equal(whole, kind == PKI_PEM_CHAIN ? chain : leaf);
        assert_int_equal(length, strlen(whole));
        free(whole);
    }
    free(leaf);
    leaf = segments_of(place, 3, PKI_PEM_REQUEST);
    assert_memory_equal(leaf, "-----BEGIN CERTIFICATE REQUEST-----", 35);
    assert_int_equal(inventory_pem_segments(slot_at(place, 3), PKI_PEM_CERTIFICATE), 0);
    assert_int_equal(inventory_pem(place->pki.inventory, slot_at(place, 3), PKI_PEM_CHAIN, &whole, &length, &fault),
                     DEVSEC_ERR_NOT_FOUND);
    fault_assert(&fault, PKI_NO_SUCH_SLOT, "slot 3 has no certificate");
    assert_int_equal(slot_at(place, 1)->pem_before, 0);
    assert_int_equal(slot_at(place, 2)->pem_before, 2);
    assert_int_equal(slot_at(place, 3)->pem_before, 3 + inventory_pem_segments(slot_at(place, 2), PKI_PEM_CHAIN));
    free(leaf);
    free(chain);
    free(issuer);
}

static void test_a_file_that_goes_away_reads_as_nothing(void **state)
{
    struct place *place = *state;
    struct pki_fault fault = {.cause = PKI_NONE};
    unsigned char octets[PKI_PEM_SEGMENT];
    char *file;
    char *whole = NULL;
    size_t length = 0;

    self_signed(place, 1);
    file = file_of_slot(place, 1, KEY_CERTIFICATE);
    damage_file(place, file, MISSING);
    assert_int_equal(inventory_pem_read(place->pki.inventory, slot_at(place, 1), PKI_PEM_CHAIN, 1, octets), 0);
    assert_int_not_equal(inventory_pem(place->pki.inventory, slot_at(place, 1), PKI_PEM_CHAIN, &whole, &length, &fault),
                         DEVSEC_OK);
    fault_assert(&fault, PKI_DAMAGED, strrchr(file, '/') + 1);
    assert_null(whole);
    free(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_slots_say_what_there_is),
        TEST(test_a_short_key_alone_is_weak),
        TEST(test_a_key_is_known_by_its_certificates_key),
        TEST(test_damaged_files_are_their_slots_own_trouble),
        TEST(test_a_request_that_is_not_the_keys_is_damage),
        TEST(test_files_of_another_kind_are_damage),
        TEST(test_without_the_right_device_key_every_key_is_damaged),
        TEST(test_only_what_is_another_is_read_again),
        TEST(test_a_damaged_file_that_is_put_right_is_noticed),
        TEST(test_texts_come_whole_and_in_segments),
        TEST(test_a_file_that_goes_away_reads_as_nothing),
    };

    return cmocka_run_group_tests_name("inventory", tests, NULL, NULL);
}
