/* SPDX-License-Identifier: Apache-2.0 */
/* Appliers and the store: several processes apply at once, and what others do to an applied file is undone. */
#include "apply/apply.h"

#include "devsec_mib.h"
#include "guard/policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OTHER_USER 65534
#define WRITERS    4
#define COMMITS    12
#define LOCK_MS    30000 /* long: a busy machine must not fail a test */

enum {
    OPENSSL, /* rows of devsecApplyTable */
    POLICY,
};

struct fixture {
    char directory[64];
    char store_path[96];
    char applied[96];
    char policy[128];
    struct device device;
    struct store *store;
    struct apply *apply;
};

static struct store *open_store(const struct fixture *fixture)
{
    const struct store_options options = {.directory = fixture->store_path,
                                          .generations = 5,
                                          .lock_timeout_ms = LOCK_MS,
                                          .rules = &fixture->device.rules};
    struct devsec_error error = {DEVSEC_OK, ""};
    struct store *store = NULL;

    if (store_open(&store, &options, &error))
        fail_msg("%s", error.text);
    return store;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct devsec_error error = {DEVSEC_OK, ""};
    char profile[96];
    FILE *file;

    assert_non_null(fixture);
    strcpy(fixture->directory, "/tmp/test_apply_follow.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->store_path, sizeof(fixture->store_path), "%s/store", fixture->directory);
    snprintf(fixture->applied, sizeof(fixture->applied), "%s/applied", fixture->directory);
    snprintf(fixture->policy, sizeof(fixture->policy), "%s/snmp-policy", fixture->applied);
    assert_int_equal(mkdir(fixture->store_path, 0700), 0);
    snprintf(profile, sizeof(profile), "%s/profile.yaml", fixture->directory);
    file = fopen(profile, "w");
    assert_non_null(file);
    assert_true(fputs("model: X\nfirmware: \"1\"\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    if (device_open(&fixture->device, profile, &error))
        fail_msg("%s", error.text);
    fixture->store = open_store(fixture);
    if (apply_new(&fixture->apply, fixture->applied, &fixture->device, &error))
        fail_msg("%s", error.text);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[128];

    apply_free(fixture->apply);
    store_close(fixture->store);
    device_close(&fixture->device);
    snprintf(command, sizeof(command), "rm -r %s", fixture->directory);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

static bool commit(struct store *store, enum setting_id id, int64_t number)
{
    const struct value value = {.number = number};
    struct transaction *txn = NULL;
    bool done = transaction_begin(&txn, store, NULL) == DEVSEC_OK &&
                transaction_set(txn, id, &value, NULL) == DEVSEC_OK && transaction_commit(txn, NULL) == DEVSEC_OK;

    if (done)
        transaction_finish(txn);
    transaction_free(txn);
    return done;
}

static void follow(const struct fixture *fixture)
{
    struct devsec_error error = {DEVSEC_OK, ""};

    if (apply_follow(fixture->apply, fixture->store, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < apply_count(fixture->apply); i++)
        assert_string_equal(apply_state(fixture->apply, i)->error, "");
    assert_false(apply_is_due(fixture->apply, store_current(fixture->store)));
}

/* The file is trusted and says what the store's document says. */
static struct policy_file assert_policy_follows(const struct fixture *fixture)
{
    const struct document *document = store_current(fixture->store);
    char why[POLICY_FILE_WHY_MAX];
    struct policy_file policy = {0};

    if (!policy_file_read(&policy, fixture->policy, why, sizeof(why)))
        fail_msg("%s", why);
    assert_int_equal(policy.v3, document->values[SETTING_SNMP_V3_PERMIT].number);
    assert_int_equal(policy.v1v2c, document->values[SETTING_SNMP_V1V2_PERMIT].number);
    assert_true(policy.generation <= document->generation);
    return policy;
}

static struct stat status_of(const char *path)
{
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    return status;
}

static void test_policy_follows_the_settings(void **state)
{
    const struct fixture *fixture = *state;
    const struct applier_state *is = apply_state(fixture->apply, POLICY);

    assert_string_equal(is->name, "snmp-policy");
    for (uint32_t v3 = 1; v3 <= 2; v3++) {
        for (uint32_t v1v2c = 1; v1v2c <= 3; v1v2c++) {
            assert_true(commit(fixture->store, SETTING_SNMP_V3_PERMIT, v3));
            assert_true(commit(fixture->store, SETTING_SNMP_V1V2_PERMIT, v1v2c));
            follow(fixture);
            assert_int_equal(assert_policy_follows(fixture).v3, v3);
            assert_int_equal(assert_policy_follows(fixture).v1v2c, v1v2c);
            assert_int_equal(is->status, APPLY_APPLIED);
            assert_int_equal(is->generation, store_current(fixture->store)->generation);
            assert_int_equal(status_of(fixture->policy).st_mode & 07777, 0644);
        }
    }
}

/* A commit that changes other settings costs no write here. */
static void test_other_settings_leave_the_policy_alone(void **state)
{
    const struct fixture *fixture = *state;
    struct policy_file before;
    ino_t inode;

    follow(fixture);
    before = assert_policy_follows(fixture);
    inode = status_of(fixture->policy).st_ino;
    assert_true(commit(fixture->store, SETTING_SMTP_PORT, 2525));
    assert_true(apply_is_due(fixture->apply, store_current(fixture->store)));
    follow(fixture);
    assert_int_equal(status_of(fixture->policy).st_ino, inode);
    assert_int_equal(assert_policy_follows(fixture).generation, before.generation);
    assert_int_equal(apply_state(fixture->apply, POLICY)->generation, before.generation + 1);
}

/* What others may do to an applied file; `path` is the file's, `aside` a free name beside it. */
static void remove_it(const char *path, const char *aside)
{
    (void)aside;
    assert_int_equal(unlink(path), 0);
}

static void write_to_it(const char *path, const char *aside)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);

    (void)aside;
    assert_int_equal(pwrite(fd, "x", 1, status_of(path).st_size / 2), 1);
    close(fd);
}

static void cut_it(const char *path, const char *aside)
{
    (void)aside;
    assert_int_equal(truncate(path, 3), 0);
}

static void replace_it(const char *path, const char *aside)
{
    FILE *file = fopen(aside, "w");

    assert_non_null(file);
    assert_true(fputs("devsec-snmp-policy 1\ngeneration 1\nv3 encryptionCleartext\nv1v2c enabled\nend\n", file) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(aside, path), 0);
}

static void make_it_a_link(const char *path, const char *aside)
{
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(symlink(aside, path), 0);
}

static void open_it_to_all(const char *path, const char *aside)
{
    (void)aside;
    assert_int_equal(chmod(path, 0666), 0);
}

static void close_it_to_all(const char *path, const char *aside)
{
    (void)aside;
    assert_int_equal(chmod(path, 0), 0);
}

static void give_it_away(const char *path, const char *aside)
{
    (void)aside;
    if (geteuid() == 0)
        assert_int_equal(chown(path, OTHER_USER, OTHER_USER), 0);
    else
        assert_int_equal(unlink(path), 0);
}

static void (*const deeds[])(const char *path, const char *aside) = {
    remove_it, write_to_it, cut_it, replace_it, make_it_a_link, open_it_to_all, close_it_to_all, give_it_away,
};

static void test_what_others_do_to_a_file_is_undone(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const files[] = {"tls-policy.cnf", "snmp-policy"};
    char path[128];
    char aside[128];

    follow(fixture);
    snprintf(aside, sizeof(aside), "%s/aside", fixture->applied);
    for (size_t file = 0; file < sizeof(files) / sizeof(files[0]); file++) {
        snprintf(path, sizeof(path), "%s/%s", fixture->applied, files[file]);
        for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
            const off_t size = status_of(path).st_size;

            deeds[i](path, aside);
            if (!apply_is_due(fixture->apply, store_current(fixture->store)))
                fail_msg("%s: deed %zu goes unnoticed", files[file], i);
            follow(fixture);
            assert_int_equal(status_of(path).st_size, size);
            assert_true(S_ISREG(status_of(path).st_mode));
            assert_int_equal(status_of(path).st_mode & 07777, 0644);
            assert_int_equal(status_of(path).st_uid, geteuid());
            assert_policy_follows(fixture);
            unlink(aside);
        }
    }
}

static void test_folder_that_snmpd_would_not_trust(void **state)
{
    const struct fixture *fixture = *state;
    const struct applier_state *is = apply_state(fixture->apply, POLICY);
    char expected[192];

    follow(fixture);
    snprintf(expected, sizeof(expected), "snmpd does not trust the policy: %s is writable by others than its owner",
             fixture->applied);
    assert_int_equal(chmod(fixture->applied, 0777), 0);
    assert_true(commit(fixture->store, SETTING_SNMP_V1V2_PERMIT, MIB_devsecSnmpV1V2Permit_enabled));
    assert_int_equal(apply_follow(fixture->apply, fixture->store, NULL), DEVSEC_OK);
    assert_int_equal(is->status, APPLY_FAILED);
    assert_non_null(strstr(is->error, expected));
    assert_true(is->generation < store_current(fixture->store)->generation);
    assert_int_equal(apply_state(fixture->apply, OPENSSL)->status, APPLY_APPLIED);
    assert_true(apply_is_due(fixture->apply, store_current(fixture->store)));
    assert_int_equal(chmod(fixture->applied, 0755), 0);
    follow(fixture);
    assert_policy_follows(fixture);
}

/* Every applier failed, by the same error. */
static void assert_all_failed(const struct fixture *fixture, const struct devsec_error *error, const char *text)
{
    assert_non_null(strstr(error->text, text));
    for (size_t i = 0; i < apply_count(fixture->apply); i++) {
        assert_int_equal(apply_state(fixture->apply, i)->status, APPLY_FAILED);
        assert_string_equal(apply_state(fixture->apply, i)->error, error->text);
    }
}

static void test_folder_that_comes_and_goes(void **state)
{
    const struct fixture *fixture = *state;
    struct devsec_error error = {DEVSEC_OK, ""};
    char command[256];
    FILE *file;

    follow(fixture);
    snprintf(command, sizeof(command), "rm -r %s", fixture->applied);
    assert_int_equal(system(command), 0);
    assert_true(apply_is_due(fixture->apply, store_current(fixture->store)));
    /* It is not made again: it would not have the group that services need. */
    assert_int_equal(apply_follow(fixture->apply, fixture->store, &error), DEVSEC_ERR_IO);
    assert_all_failed(fixture, &error, "gone; make it again, with Debian's snmpd by install -d -m 2755 -o devsec -g ");
    assert_non_null(strstr(error.text, fixture->applied));
    assert_int_equal(access(fixture->applied, F_OK), -1);
    assert_int_equal(mkdir(fixture->applied, 0750), 0);
    follow(fixture);
    assert_policy_follows(fixture);
    assert_int_equal(status_of(fixture->applied).st_mode & 07777, 0750);
    /* A file in its place fails all, and leaves the file. */
    assert_int_equal(system(command), 0);
    file = fopen(fixture->applied, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(apply_follow(fixture->apply, fixture->store, &error), DEVSEC_ERR_IO);
    assert_all_failed(fixture, &error, "cannot open the folder for applied files, /tmp/test_apply_follow.");
    assert_int_equal(unlink(fixture->applied), 0);
    assert_int_equal(mkdir(fixture->applied, 0755), 0);
    follow(fixture);
    assert_policy_follows(fixture);
}

static void test_lock_held_by_another_process(void **state)
{
    const struct fixture *fixture = *state;
    struct devsec_error error = {DEVSEC_OK, ""};
    uint32_t before;
    char path[128];
    int fd;

    follow(fixture);
    before = apply_state(fixture->apply, POLICY)->generation;
    snprintf(path, sizeof(path), "%s/.lock", fixture->applied);
    assert_int_equal(status_of(path).st_mode & 07777, 0600); /* nobody else can hold it */
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_true(commit(fixture->store, SETTING_SNMP_V1V2_PERMIT, MIB_devsecSnmpV1V2Permit_readOnly));
    assert_int_equal(apply_follow(fixture->apply, fixture->store, &error), DEVSEC_ERR_BUSY);
    assert_non_null(strstr(error.text, "another process has been writing to /tmp/test_apply_follow."));
    assert_int_equal(apply_state(fixture->apply, POLICY)->status, APPLY_APPLIED);
    assert_int_equal(apply_state(fixture->apply, POLICY)->generation, before);
    assert_true(apply_is_due(fixture->apply, store_current(fixture->store)));
    close(fd);
    follow(fixture);
    assert_policy_follows(fixture);
}

/* What this process knows is old: another one has committed since, and applied it. */
static void test_an_older_document_is_not_applied(void **state)
{
    const struct fixture *fixture = *state;
    const uint32_t old = store_current(fixture->store)->generation;
    struct fixture other = *fixture;

    follow(fixture);
    other.store = open_store(fixture);
    assert_int_equal(apply_new(&other.apply, fixture->applied, &fixture->device, NULL), DEVSEC_OK);
    assert_true(commit(other.store, SETTING_SNMP_V3_PERMIT, MIB_devsecSnmpV3Permit_encryptionCleartext));
    follow(&other);
    assert_int_equal(store_current(fixture->store)->generation, old);
    assert_int_equal(remove(fixture->policy), 0); /* so that there is something to write */
    follow(fixture);
    assert_int_equal(store_current(fixture->store)->generation, old + 1);
    assert_int_equal(assert_policy_follows(fixture).v3, MIB_devsecSnmpV3Permit_encryptionCleartext);
    apply_free(other.apply);
    store_close(other.store);
}

/* A process that commits and applies, as devsecd and devsecctl do. */
static void write_and_apply(const struct fixture *fixture, unsigned seed)
{
    struct fixture own = *fixture;

    own.apply = NULL;
    own.store = open_store(fixture);
    if (apply_new(&own.apply, fixture->applied, &fixture->device, NULL) != DEVSEC_OK)
        _exit(1);
    for (unsigned i = 0; i < COMMITS; i++) {
        if (!commit(own.store, SETTING_SNMP_V1V2_PERMIT, (int64_t)((seed + i) % 3 + 1)))
            _exit(2);
        while (apply_follow(own.apply, own.store, NULL) == DEVSEC_ERR_BUSY)
            usleep(1000);
    }
    apply_free(own.apply);
    store_close(own.store);
    _exit(0);
}

static void test_several_at_once_leave_the_newest(void **state)
{
    const struct fixture *fixture = *state;
    pid_t children[WRITERS];
    int result = 0;
    bool changed;

    for (unsigned i = 0; i < WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            write_and_apply(fixture, i);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(children[i], &result, 0), children[i]);
        assert_int_equal(result, 0);
    }
    assert_int_equal(store_refresh(fixture->store, &changed, NULL), DEVSEC_OK);
    assert_policy_follows(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_policy_follows_the_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_settings_leave_the_policy_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_others_do_to_a_file_is_undone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_that_snmpd_would_not_trust, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_that_comes_and_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lock_held_by_another_process, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_older_document_is_not_applied, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several_at_once_leave_the_newest, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
