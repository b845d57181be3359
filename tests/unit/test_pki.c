/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates beside a store, and the device key: there, missing, unusable, wrong. */
#include "pki/key_file.h"
#include "pki_fixture.h"

#include <openssl/evp.h>

#define SEALED "sealed1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static EVP_PKEY *private_key;

/* A private key, sealed with this device key. */
static void put_sealed(struct bench *b, const struct device_key *key, char *name)
{
    char *text = NULL;
    size_t length = 0;

    assert_int_equal(key_file_make(&text, &length, private_key, key, NULL), DEVSEC_OK);
    put_text(b->f, b->pki.material, MATERIAL_KEY, text, name);
    free(text);
}

static void assert_no_key_file(const struct bench *b)
{
    assert_int_equal(access(b->key_file, F_OK), -1);
    assert_int_equal(errno, ENOENT);
}

static void assert_key_error(const struct bench *b, const char *says)
{
    if (!strstr(b->pki.device_key_error, says))
        fail_msg("\"%s\" does not say \"%s\"", b->pki.device_key_error, says);
}

static void the_first_start_makes_a_device_key(void **state)
{
    struct bench *b = *state;
    struct stat status;

    open_pki(b, true);
    assert_null(b->pki.device_key);
    assert_string_equal(b->pki.device_key_error, "");
    assert_no_key_file(b);
    assert_false(file_there(b->f, "material"));
    assert_int_equal(inventory_slots(b->pki.inventory), 0);

    open_pki(b, false);
    assert_non_null(b->pki.device_key);
    assert_string_equal(b->pki.device_key_error, "");
    assert_int_equal(stat(b->key_file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(file_there(b->f, "material"));
    open_pki(b, true);
    assert_non_null(b->pki.device_key);
    pki_close(&b->pki);
    pki_close(&b->pki);
    assert_null(b->pki.material);
}

/* ---- What a device key that is gone was needed for ---- */

static void seal_key_row(struct bench *b)
{
    struct files files = {.request = "", .certificate = ""};

    memset(files.key, 'a', sizeof(files.key) - 1);
    commit_key(b, 3, &files);
}

static void seal_administrator(struct bench *b)
{
    struct value *row = row_new(TABLE_ADMINISTRATORS);
    struct transaction *txn = begin(b->f);

    row[ADMINISTRATOR_ROLE].number = MIB_devsecAdminRole_networkAdministrator;
    assert_int_equal(value_set_text(&row[ADMINISTRATOR_NAME], "alice", NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[ADMINISTRATOR_AUTH], "SHA-256", NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[ADMINISTRATOR_PRIV], "AES-128", NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[ADMINISTRATOR_KEYS], SEALED, NULL), DEVSEC_OK);
    assert_int_equal(transaction_put_row(txn, TABLE_ADMINISTRATORS, row, &b->f->error), DEVSEC_OK);
    finish(b, txn);
    row_free(TABLE_ADMINISTRATORS, row);
}

static void seal_challenge(struct bench *b)
{
    struct value *row = row_new(TABLE_JOBS);
    struct transaction *txn = begin(b->f);

    row[JOB_INDEX].number = 7;
    row[JOB_KEY_TYPE].number = MIB_devsecJobKeyType_rsa;
    row[JOB_KEY_BITS].number = 2048;
    row[JOB_KEY_CURVE].number = MIB_devsecJobKeyCurve_p256;
    row[JOB_HASH].number = MIB_devsecJobHash_sha256;
    row[JOB_USAGE].number = MIB_devsecJobUsage_none;
    row[JOB_USAGE_INSTANCE].number = 1;
    row[JOB_STATUS].number = MIB_devsecJobStatus_pending;
    row[JOB_CAUSE].number = MIB_devsecJobCause_none;
    assert_int_equal(value_set_text(&row[JOB_CHALLENGE], SEALED, NULL), DEVSEC_OK);
    if (transaction_put_row(txn, TABLE_JOBS, row, &b->f->error) != DEVSEC_OK)
        fail_msg("%s", b->f->error.text);
    finish(b, txn);
    row_free(TABLE_JOBS, row);
}

static void seal_file(struct bench *b)
{
    char name[MATERIAL_NAME_SIZE];

    open_pki(b, false);
    put_text(b->f, b->pki.material, MATERIAL_KEY, "a key that the settings know nothing of", name);
    assert_int_equal(unlink(b->key_file), 0);
}

static void a_device_key_that_something_was_sealed_with_is_not_made_again(void **state)
{
    static void (*const seals[])(struct bench * b) = {seal_key_row, seal_administrator, seal_challenge, seal_file};
    struct bench *b = *state;

    for (size_t i = 0; i < COUNT(seals); i++) {
        pki_close(&b->pki);
        fixture_close(b->f);
        fixture_empty(b->f);
        fixture_open(b->f);
        seals[i](b);
        for (int read_only = 0; read_only < 2; read_only++) {
            open_pki(b, read_only != 0);
            assert_null(b->pki.device_key);
            assert_no_key_file(b);
            assert_key_error(b, "there is no device key ");
            assert_key_error(b, b->key_file);
            assert_key_error(b, "bring that file back from a backup and start devsecd again; if it is lost, delete the "
                                "keys, or go on with another one by 'devsecctl admin set-password NAME "
                                "--new-device-key'");
        }
    }
}

/* An account without a password, or a certificate of others, needs no device key. */
static void what_is_not_sealed_needs_no_device_key(void **state)
{
    struct bench *b = *state;
    struct value *row = row_new(TABLE_ADMINISTRATORS);
    struct transaction *txn = begin(b->f);
    char name[MATERIAL_NAME_SIZE];

    row[ADMINISTRATOR_ROLE].number = MIB_devsecAdminRole_networkAdministrator;
    assert_int_equal(value_set_text(&row[ADMINISTRATOR_NAME], "alice", NULL), DEVSEC_OK);
    assert_int_equal(transaction_put_row(txn, TABLE_ADMINISTRATORS, row, &b->f->error), DEVSEC_OK);
    finish(b, txn);
    row_free(TABLE_ADMINISTRATORS, row);
    open_pki(b, false);
    put_text(b->f, b->pki.material, MATERIAL_CERTIFICATES, "certificate", name);
    assert_int_equal(unlink(b->key_file), 0);
    open_pki(b, false);
    assert_non_null(b->pki.device_key);
    assert_string_equal(b->pki.device_key_error, "");
}

static void a_device_key_that_cannot_be_used_stays_as_it_is(void **state)
{
    struct bench *b = *state;
    struct stat before;
    struct stat after;

    open_pki(b, false);
    assert_int_equal(chmod(b->key_file, 0640), 0);
    assert_int_equal(stat(b->key_file, &before), 0);
    open_pki(b, false);
    assert_null(b->pki.device_key);
    assert_key_error(b, "has mode 0640; expected 0600");
    assert_key_error(b, "; private keys cannot be used until that is put right and devsecd is started again");
    assert_int_equal(stat(b->key_file, &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_int_equal(after.st_mode, before.st_mode);

    assert_int_equal(unlink(b->key_file), 0);
    assert_int_equal(symlink("/dev/null", b->key_file), 0);
    open_pki(b, false);
    assert_null(b->pki.device_key);
    assert_key_error(b, "is a symbolic link; expected a regular file");

    /* Nothing to lose, and no place for it either. */
    snprintf(b->key_file, sizeof(b->key_file), "%s/nowhere/device.key", b->folder);
    open_pki(b, false);
    assert_null(b->pki.device_key);
    assert_key_error(b, "cannot open the directory of the device key ");
    assert_key_error(b, "; nothing can be sealed until it is there");
}

/* Seals with a key that is not the device's. */
static void put_foreign(struct bench *b, char *name)
{
    struct device_key *other = NULL;
    char path[128];

    snprintf(path, sizeof(path), "%s/other.key", b->folder);
    assert_int_equal(device_key_create(&other, path, NULL), DEVSEC_OK);
    put_sealed(b, other, name);
    device_key_free(other);
}

static void a_wrong_device_key_is_noticed(void **state)
{
    struct bench *b = *state;
    struct files foreign = {.request = "", .certificate = ""};
    struct files own = {.request = "", .certificate = ""};
    struct files damaged = {.request = "", .certificate = ""};

    open_pki(b, false);
    put_foreign(b, foreign.key);
    put_sealed(b, b->pki.device_key, own.key);
    put_text(b->f, b->pki.material, MATERIAL_KEY, "no key at all", damaged.key);

    /* What is wrong with one key alone is that one's own trouble. */
    commit_key(b, 1, &damaged);
    open_pki(b, false);
    assert_non_null(b->pki.device_key);
    assert_string_equal(b->pki.device_key_error, "");

    commit_key(b, 2, &foreign);
    open_pki(b, false);
    assert_non_null(b->pki.device_key); /* new keys can be made with it */
    assert_key_error(b, b->key_file);
    assert_key_error(b, " opens none of the private keys: they were sealed with another one; bring that file back from "
                        "a backup and start devsecd again, or delete the keys and make new ones");
    assert_int_equal(inventory_find(b->pki.inventory, 2)->status, PKI_STATUS_DAMAGED);

    commit_key(b, 3, &own);
    open_pki(b, false);
    assert_string_equal(b->pki.device_key_error, "");
    assert_int_equal(inventory_find(b->pki.inventory, 2)->status, PKI_STATUS_DAMAGED);
    assert_int_equal(inventory_find(b->pki.inventory, 3)->status, PKI_KEY_ALONE);
}

static void what_hinders_everything_fails(void **state)
{
    struct bench *b = *state;
    char *path = path_of(b->f, "material");

    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(pki_open(&b->pki, &b->device, b->f->store, b->f->directory, false, &b->f->error),
                     DEVSEC_ERR_UNSAFE);
    text_assert(&b->f->error, DEVSEC_ERR_UNSAFE, "/material belongs to user ");
    assert_null(b->pki.material);
    assert_no_key_file(b);
    free(path);
}

static int make_private_key(void **state)
{
    (void)state;
    private_key = EVP_EC_gen("P-256");
    return private_key ? 0 : -1;
}

static int free_private_key(void **state)
{
    (void)state;
    EVP_PKEY_free(private_key);
    return 0;
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, make_bench, drop_bench)
    const struct CMUnitTest tests[] = {
        ON_BENCH(the_first_start_makes_a_device_key),
        ON_BENCH(a_device_key_that_something_was_sealed_with_is_not_made_again),
        ON_BENCH(what_is_not_sealed_needs_no_device_key),
        ON_BENCH(a_device_key_that_cannot_be_used_stays_as_it_is),
        ON_BENCH(a_wrong_device_key_is_noticed),
        ON_BENCH(what_hinders_everything_fails),
    };

    return cmocka_run_group_tests(tests, make_private_key, free_private_key);
}
