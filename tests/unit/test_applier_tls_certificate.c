/* SPDX-License-Identifier: Apache-2.0 */
/* Key and certificate for TLS services: the file follows the key assigned to TLS, and nothing else; no trace is left.
 */
#include "tls_keys.h"

#include "apply/apply.h"
#include "base/file.h"
#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLIER "tls-certificate"

struct fixture {
    struct tls_keys keys;
    char applied[96];
    char file[128];
    char profile[96];
    struct device device;
    struct apply *apply;
    const struct applier_state *state;
    struct document *document; /* that of `keys` */
};

static void start(struct fixture *fixture)
{
    struct devsec_error error = {DEVSEC_OK, ""};

    apply_free(fixture->apply);
    fixture->apply = NULL;
    if (apply_new(&fixture->apply, fixture->applied, &fixture->device, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < apply_count(fixture->apply); i++) {
        if (strcmp(apply_state(fixture->apply, i)->name, APPLIER) == 0)
            fixture->state = apply_state(fixture->apply, i);
    }
    assert_non_null(fixture->state);
}

static void open_device(struct fixture *fixture, const char *profile)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    FILE *file = fopen(fixture->profile, "w");

    assert_non_null(file);
    assert_true(fputs(profile, file) >= 0);
    assert_int_equal(fclose(file), 0);
    if (device_open(&fixture->device, fixture->profile, &error))
        fail_msg("%s", error.text);
    fixture->device.key_file = fixture->keys.key_file;
    fixture->device.store_directory = fixture->keys.folder;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    tls_keys_make(&fixture->keys);
    fixture->document = fixture->keys.document;
    snprintf(fixture->applied, sizeof(fixture->applied), "%s/applied", fixture->keys.folder);
    snprintf(fixture->file, sizeof(fixture->file), "%s/tls-certificate.pem", fixture->applied);
    snprintf(fixture->profile, sizeof(fixture->profile), "%s/profile.yaml", fixture->keys.folder);
    open_device(fixture, "model: X\nfirmware: \"1\"\n");
    start(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    apply_free(fixture->apply);
    device_close(&fixture->device);
    tls_keys_drop(&fixture->keys);
    free(fixture);
    return 0;
}

static char *content(const struct fixture *fixture)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct stat status;
    size_t length = 0;
    char *data = NULL;

    if (file_read(AT_FDCWD, fixture->file, 1 << 20, &data, &length, &error))
        fail_msg("%s", error.text);
    assert_int_equal(strlen(data), length);
    assert_int_equal(stat(fixture->file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    return data;
}

static ino_t inode(const struct fixture *fixture)
{
    struct stat status;

    assert_int_equal(stat(fixture->file, &status), 0);
    return status.st_ino;
}

static void assert_applied(struct fixture *fixture)
{
    assert_int_equal(apply_run(fixture->apply, fixture->document), 0);
    assert_int_equal(fixture->state->status, APPLY_APPLIED);
    assert_int_equal(fixture->state->generation, fixture->document->generation);
    assert_string_equal(fixture->state->error, "");
}

/* ---- what is in the file ---- */

static void test_no_key_is_said(void **state)
{
    struct fixture *fixture = *state;
    char *text;

    assert_applied(fixture);
    text = content(fixture);
    assert_non_null(strstr(text, "\n# No key is assigned to TLS: "));
    assert_null(strstr(text, "-----BEGIN"));
    free(text);
}

/* How servers read such a file: the key, the first certificate, those behind it. */
static void assert_file(const struct fixture *fixture, int certificates)
{
    char *text = content(fixture);
    BIO *bio = BIO_new_mem_buf(text, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    X509 *before = NULL;

    assert_non_null(key);
    assert_non_null(strstr(text, "-----BEGIN PRIVATE KEY-----\n"));
    for (int i = 0; i < certificates; i++) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

        assert_non_null(certificate);
        assert_int_equal(before ? X509_check_issued(certificate, before) : !X509_check_private_key(certificate, key),
                         0);
        X509_free(before);
        before = certificate;
    }
    assert_null(PEM_read_bio_X509(bio, NULL, NULL, NULL));
    ERR_clear_error();
    X509_free(before);
    EVP_PKEY_free(key);
    BIO_free(bio);
    free(text);
}

static void test_file_holds_key_and_chain(void **state)
{
    static const char *const kinds[] = {"P-256", "P-384", "P-521", "RSA-2048"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        tls_keys_put_chain(&fixture->keys, 3, kinds[i]);
        tls_keys_assign(&fixture->keys, 3);
        assert_applied(fixture);
        assert_file(fixture, 2);
    }
}

/* Another key, a renewed certificate, none: the file follows each of them. */
static void test_file_follows_the_use(void **state)
{
    struct fixture *fixture = *state;
    char *texts[4];

    tls_keys_put_chain(&fixture->keys, 3, "P-256");
    tls_keys_put_chain(&fixture->keys, 4, "P-256");
    tls_keys_assign(&fixture->keys, 3);
    assert_applied(fixture);
    texts[0] = content(fixture);
    tls_keys_assign(&fixture->keys, 4);
    assert_applied(fixture);
    texts[1] = content(fixture);
    tls_keys_put_chain(&fixture->keys, 4, "P-256");
    fixture->document->generation++;
    assert_applied(fixture);
    texts[2] = content(fixture);
    tls_keys_assign(&fixture->keys, 0);
    assert_applied(fixture);
    texts[3] = content(fixture);
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < i; j++)
            assert_string_not_equal(texts[i], texts[j]);
    }
    assert_null(strstr(texts[3], "PRIVATE KEY"));
    for (int i = 0; i < 4; i++)
        free(texts[i]);
}

/* The same key with another certificate is another file. */
static void test_file_follows_a_renewal(void **state)
{
    struct fixture *fixture = *state;
    struct ca first = ca_root("First");
    X509 *second;
    const struct ca_spec spec = {.common_name = "Second"};
    struct value *row;
    size_t length = 0;
    char *text = NULL;
    char *before;
    char *after;

    second = ca_certify(&spec, first.key, NULL);
    tls_keys_put(&fixture->keys, 3, first.key, first.certificate, NULL);
    tls_keys_assign(&fixture->keys, 3);
    assert_applied(fixture);
    before = content(fixture);
    row = fixture->document->tables[TABLE_KEYS].rows[0];
    assert_int_equal(pki_chain_pem(&text, &length, second, NULL, NULL), DEVSEC_OK);
    tls_keys_put_file(&fixture->keys, MATERIAL_CERTIFICATES, text, length, &row[KEY_CERTIFICATE]);
    free(text);
    fixture->document->generation++;
    assert_applied(fixture);
    after = content(fixture);
    assert_string_not_equal(before, after);
    free(before);
    free(after);
    X509_free(second);
    ca_free(&first);
}

/* ---- when it is made anew ---- */

/* Changes of other settings and of other keys do not even need the device key; nor does a restart touch the file. */
static void test_other_changes_are_none(void **state)
{
    struct fixture *fixture = *state;
    ino_t before;

    tls_keys_put_chain(&fixture->keys, 3, "P-256");
    tls_keys_assign(&fixture->keys, 3);
    assert_applied(fixture);
    before = inode(fixture);
    tls_keys_put_chain(&fixture->keys, 5, "P-256");
    pki_rows_put(fixture->document, TABLE_USES, pki_use_row("snmp", 5, true));
    fixture->document->values[SETTING_SMTP_PORT].number = 2525;
    fixture->document->generation++;
    assert_int_equal(unlink(fixture->keys.key_file), 0);
    assert_applied(fixture);
    assert_false(apply_is_due(fixture->apply, fixture->document));
    assert_int_equal(inode(fixture), before);
    /* With the file gone, it needs the key, and says what is wrong with it. */
    assert_int_equal(unlink(fixture->file), 0);
    assert_true(apply_is_due(fixture->apply, fixture->document));
    assert_int_equal(apply_run(fixture->apply, fixture->document), 1);
    assert_int_equal(fixture->state->status, APPLY_FAILED);
    assert_int_not_equal(access(fixture->file, F_OK), 0);
}

static void test_restart_leaves_the_file(void **state)
{
    struct fixture *fixture = *state;
    ino_t before;

    tls_keys_put_chain(&fixture->keys, 3, "P-256");
    tls_keys_assign(&fixture->keys, 3);
    assert_applied(fixture);
    before = inode(fixture);
    start(fixture);
    assert_applied(fixture);
    assert_int_equal(inode(fixture), before);
}

/* ---- failures: the old file stays, the state says why ---- */

static void assert_fails(struct fixture *fixture, const char *says)
{
    char *before = content(fixture);
    char *after;

    for (int again = 0; again < 2; again++) {
        assert_int_equal(apply_run(fixture->apply, fixture->document), 1);
        assert_int_equal(fixture->state->status, APPLY_FAILED);
        if (!strstr(fixture->state->error, says))
            fail_msg("\"%s\" is not in \"%s\"", says, fixture->state->error);
        assert_memory_equal(fixture->state->error, "the key in slot 3, which serves TLS: ", 37);
        assert_true(apply_is_due(fixture->apply, fixture->document));
    }
    after = content(fixture);
    assert_string_equal(after, before);
    free(before);
    free(after);
}

static void test_device_key_missing(void **state)
{
    struct fixture *fixture = *state;
    char aside[128];

    assert_applied(fixture);
    tls_keys_put_chain(&fixture->keys, 3, "P-256");
    tls_keys_assign(&fixture->keys, 3);
    snprintf(aside, sizeof(aside), "%s.aside", fixture->keys.key_file);
    assert_int_equal(rename(fixture->keys.key_file, aside), 0);
    assert_fails(fixture, "device.key");
    /* Brought back, it is made good by itself. */
    assert_int_equal(rename(aside, fixture->keys.key_file), 0);
    assert_applied(fixture);
    assert_file(fixture, 2);
}

static void test_wrong_device_key(void **state)
{
    struct fixture *fixture = *state;
    struct device_key *other = NULL;

    assert_applied(fixture);
    tls_keys_put_chain(&fixture->keys, 3, "P-256");
    tls_keys_assign(&fixture->keys, 3);
    assert_int_equal(unlink(fixture->keys.key_file), 0);
    assert_int_equal(device_key_create(&other, fixture->keys.key_file, NULL), DEVSEC_OK);
    device_key_free(other);
    assert_fails(fixture, "does not open with this device key");
}

static void remove_material(const struct fixture *fixture, enum key_column column, const char *suffix)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/material/%s%s", fixture->keys.folder,
             value_text(&fixture->document->tables[TABLE_KEYS].rows[0][column]), suffix);
    assert_int_equal(unlink(path), 0);
}

static void test_files_missing(void **state)
{
    struct fixture *fixture = *state;

    assert_applied(fixture);
    tls_keys_put_chain(&fixture->keys, 3, "P-256");
    tls_keys_assign(&fixture->keys, 3);
    remove_material(fixture, KEY_CERTIFICATE, ".pem");
    assert_fails(fixture, ".pem");
    tls_keys_put_chain(&fixture->keys, 3, "P-256");
    remove_material(fixture, KEY_FILE, ".key");
    assert_fails(fixture, ".key");
}

static void test_certificate_of_another_key(void **state)
{
    struct fixture *fixture = *state;
    struct ca one = ca_root("One");
    struct ca other = ca_root("Other");

    assert_applied(fixture);
    tls_keys_put(&fixture->keys, 3, one.key, other.certificate, NULL);
    tls_keys_assign(&fixture->keys, 3);
    assert_fails(fixture, "OpenSSL refuses the private key with this certificate: key values mismatch");
    ca_free(&one);
    ca_free(&other);
}

/* Services that follow the policy would not start with such a key; one that lowers the security level lets it pass. */
static void test_weak_key_needs_a_weak_policy(void **state)
{
    struct fixture *fixture = *state;
    struct value *values = fixture->document->values;

    assert_applied(fixture);
    tls_keys_put_chain(&fixture->keys, 3, "RSA-1024");
    tls_keys_assign(&fixture->keys, 3);
    assert_fails(fixture, "OpenSSL refuses the certificate: ee key too small");
    values[SETTING_TLS_VERSIONS].number |= 1 << MIB_devsecTlsVersions_tls10;
    values[SETTING_TLS_SHA1_DIGEST].number = 1;
    fixture->document->generation++;
    assert_applied(fixture);
    assert_file(fixture, 2);
    /* And back: what is in place is looked at again, although it would be the same. */
    values[SETTING_TLS_SHA1_DIGEST].number = 0;
    fixture->document->generation++;
    assert_fails(fixture, "OpenSSL refuses the certificate: ee key too small");
}

/* A stack of the maker's own has its own rules about what is too weak. */
static void test_own_stack_takes_weak_keys(void **state)
{
    struct fixture *fixture = *state;

    device_close(&fixture->device);
    open_device(fixture, "model: X\nfirmware: \"1\"\ntls:\n  versions: [tls12]\n  ciphers: [aes128]\n");
    start(fixture);
    tls_keys_put_chain(&fixture->keys, 3, "RSA-1024");
    tls_keys_assign(&fixture->keys, 3);
    assert_applied(fixture);
    assert_file(fixture, 2);
}

/* Neither the document's rules nor the jobs let that happen; a file that was put there by hand may. */
static void test_slot_without_certificate(void **state)
{
    struct fixture *fixture = *state;

    assert_applied(fixture);
    pki_rows_put(fixture->document, TABLE_KEYS, pki_key(3, "Key 3"));
    tls_keys_assign(&fixture->keys, 3);
    assert_int_equal(apply_run(fixture->apply, fixture->document), 1);
    assert_string_equal(fixture->state->error, "slot 3, which serves TLS, has no certificate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_key_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_holds_key_and_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_follows_the_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_follows_a_renewal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_changes_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_leaves_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_device_key_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_device_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_certificate_of_another_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_weak_key_needs_a_weak_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_own_stack_takes_weak_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slot_without_certificate, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
