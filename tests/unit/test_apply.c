/* SPDX-License-Identifier: Apache-2.0 */
/* Appliers: the rendered file follows the settings, an unchanged one is left alone, and a failure keeps the old one. */
#include "apply/apply.h"

#include "base/file.h"
#include "devsec_mib.h"
#include "tls/tls_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char plain_profile[] = "model: X\nfirmware: \"1\"\n";
static const char own_stack_profile[] = "model: X\nfirmware: \"1\"\ntls:\n  versions: [tls12]\n  ciphers: [aes128]\n";

struct fixture {
    char directory[64];
    char applied[96];
    char file[128];
    struct device device;
    struct apply *apply;
    struct document *document;
};

static void open_all(struct fixture *fixture, const char *profile)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    char path[96];
    FILE *file;

    snprintf(path, sizeof(path), "%s/profile.yaml", fixture->directory);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(profile, file) >= 0);
    assert_int_equal(fclose(file), 0);
    if (device_open(&fixture->device, path, &error) ||
        apply_new(&fixture->apply, fixture->applied, &fixture->device, &error))
        fail_msg("%s", error.text);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    strcpy(fixture->directory, "/tmp/test_apply.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->applied, sizeof(fixture->applied), "%s/applied", fixture->directory);
    snprintf(fixture->file, sizeof(fixture->file), "%s/tls-policy.cnf", fixture->applied);
    assert_int_equal(document_new(&fixture->document, NULL), DEVSEC_OK);
    fixture->document->generation = 1;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[128];

    apply_free(fixture->apply);
    device_close(&fixture->device);
    document_free(fixture->document);
    snprintf(command, sizeof(command), "rm -r %s", fixture->directory);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

static char *content(const struct fixture *fixture)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    char *data = NULL;
    size_t length = 0;

    if (file_read(AT_FDCWD, fixture->file, 1 << 20, &data, &length, &error))
        fail_msg("%s", error.text);
    assert_int_equal(strlen(data), length);
    return data;
}

static ino_t inode(const struct fixture *fixture)
{
    struct stat found;

    assert_int_equal(stat(fixture->file, &found), 0);
    return found.st_ino;
}

static void set_versions(struct fixture *fixture, uint32_t versions)
{
    fixture->document->values[SETTING_TLS_VERSIONS].number = versions;
    fixture->document->generation++;
}

static void assert_follows_policy(const struct fixture *fixture)
{
    struct tls_effective effective;
    struct tls_policy policy;
    char *text = content(fixture);

    device_tls_policy(fixture->document, &policy);
    tls_effective_get(&effective, &policy, &fixture->device.stack);
    assert_int_equal(tls_conf_check(text, &effective, NULL), DEVSEC_OK);
    free(text);
}

static void test_file_follows_the_policy(void **state)
{
    struct fixture *fixture = *state;
    const struct applier_state *is;

    open_all(fixture, plain_profile);
    assert_true(apply_count(fixture->apply) > 1);
    assert_string_equal(apply_state(fixture->apply, 1)->name, "snmp-policy");
    is = apply_state(fixture->apply, 0);
    assert_string_equal(is->name, "openssl");
    assert_int_equal(is->status, APPLY_IDLE);
    for (uint32_t versions = 0; versions < 32; versions++) {
        set_versions(fixture, versions);
        assert_int_equal(apply_run(fixture->apply, fixture->document), 0);
        assert_int_equal(is->status, APPLY_APPLIED);
        assert_int_equal(is->generation, fixture->document->generation);
        assert_true(is->when != 0);
        assert_string_equal(is->error, "");
        assert_follows_policy(fixture);
    }
}

/* Neither the same generation again, nor another one with the same policy, nor a fresh start replaces the file. */
static void test_unchanged_file_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    ino_t before;

    open_all(fixture, plain_profile);
    assert_int_equal(apply_run(fixture->apply, fixture->document), 0);
    before = inode(fixture);
    assert_int_equal(apply_run(fixture->apply, fixture->document), 0);
    assert_int_equal(inode(fixture), before);
    fixture->document->values[SETTING_SMTP_PORT].number = 2525;
    fixture->document->generation++;
    assert_int_equal(apply_run(fixture->apply, fixture->document), 0);
    assert_int_equal(inode(fixture), before);
    assert_int_equal(apply_state(fixture->apply, 0)->generation, fixture->document->generation);
    apply_free(fixture->apply);
    assert_int_equal(apply_new(&fixture->apply, fixture->applied, &fixture->device, NULL), DEVSEC_OK);
    assert_int_equal(apply_run(fixture->apply, fixture->document), 0);
    assert_int_equal(inode(fixture), before);
}

/* A file that only begins as it should was taken for the right one. */
static void test_octets_behind_a_nul_are_noticed(void **state)
{
    struct fixture *fixture = *state;
    int fd;

    open_all(fixture, plain_profile);
    assert_int_equal(apply_run(fixture->apply, fixture->document), 0);
    fd = open(fixture->file, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "\0Protocol = ALL\n", 16), 16);
    close(fd);
    fixture->document->generation++;
    assert_int_equal(apply_run(fixture->apply, fixture->document), 0);
    assert_follows_policy(fixture);
}

static void test_failure_keeps_the_old_file(void **state)
{
    struct fixture *fixture = *state;
    const struct applier_state *is;
    char path[160];
    char *before;
    char *now;

    open_all(fixture, plain_profile);
    is = apply_state(fixture->apply, 0);
    assert_int_equal(apply_run(fixture->apply, fixture->document), 0);
    before = content(fixture);
    /* Nothing can be written where a folder with something in it lies in the way. */
    snprintf(path, sizeof(path), "%s.tmp", fixture->file);
    assert_int_equal(mkdir(path, 0700), 0);
    set_versions(fixture, 1u << MIB_devsecTlsVersions_tls13);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(apply_run(fixture->apply, fixture->document), 1);
        assert_int_equal(is->status, APPLY_FAILED);
        assert_int_equal(is->generation, fixture->document->generation - 1); /* what the service still works by */
        assert_non_null(strstr(is->error, "tls-policy.cnf"));
        now = content(fixture);
        assert_string_equal(now, before);
        free(now);
    }
    free(before);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(apply_run(fixture->apply, fixture->document), 0); /* the same generation is tried again */
    assert_int_equal(is->status, APPLY_APPLIED);
    assert_int_equal(is->generation, fixture->document->generation);
    assert_string_equal(is->error, "");
    assert_follows_policy(fixture);
}

static void test_folder_that_cannot_be(void **state)
{
    struct fixture *fixture = *state;
    struct devsec_error error = {DEVSEC_OK, ""};
    struct apply *untouched = NULL;
    char path[160];

    open_all(fixture, plain_profile);
    snprintf(path, sizeof(path), "%s/no/such", fixture->directory);
    assert_int_equal(apply_new(&untouched, path, &fixture->device, &error), DEVSEC_ERR_IO);
    assert_non_null(strstr(error.text, path));
    assert_null(untouched);
    snprintf(path, sizeof(path), "%s/profile.yaml", fixture->directory); /* a file */
    assert_int_equal(apply_new(&untouched, path, &fixture->device, &error), DEVSEC_ERR_IO);
    assert_non_null(strstr(error.text, "Not a directory"));
    assert_null(untouched);
}

static void test_own_stack_reads_no_openssl_file(void **state)
{
    struct fixture *fixture = *state;

    open_all(fixture, own_stack_profile);
    for (size_t i = 0; i < apply_count(fixture->apply); i++)
        assert_string_not_equal(apply_state(fixture->apply, i)->name, "openssl");
    assert_int_equal(apply_run(fixture->apply, fixture->document), 0);
    assert_int_equal(access(fixture->file, F_OK), -1);
    assert_int_equal(apply_count(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_file_follows_the_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unchanged_file_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_octets_behind_a_nul_are_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failure_keeps_the_old_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(test_own_stack_reads_no_openssl_file, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
