/* SPDX-License-Identifier: Apache-2.0 */
/* The policy's file: what is rendered is read back, what is not whole and exact is refused, and so is what others may
 * have written. */
#include "guard/policy_file.h"

#include "devsec_mib.h"

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

#define OTHER_USER 65534

#define HEAD "devsec-snmp-policy 1\n"
#define GOOD HEAD "generation 17\nv3 encryptionOnly\nv1v2c disabled\nend\n"

/* ---- the text ---- */

/* Every value that the MIB knows has a label here, and it is the MIB's. */
static void test_labels_are_the_mibs(void **state)
{
    const struct mib_object *v3 = &mib_objects[MIB_devsecSnmpV3Permit];
    const struct mib_object *v1v2c = &mib_objects[MIB_devsecSnmpV1V2Permit];
    char text[POLICY_FILE_MAX];
    char why[POLICY_FILE_WHY_MAX];
    char line[128];

    (void)state;
    for (size_t i = 0; i < v3->n_labels; i++) {
        for (size_t j = 0; j < v1v2c->n_labels; j++) {
            const struct policy_file policy = {4294967295u, v3->labels[i].value, v1v2c->labels[j].value};
            const size_t length = policy_file_render(&policy, text, sizeof(text));
            struct policy_file read = {0};

            assert_true(length > 0 && length == strlen(text));
            snprintf(line, sizeof(line), "\ngeneration 4294967295\nv3 %s\nv1v2c %s\nend\n", v3->labels[i].name,
                     v1v2c->labels[j].name);
            assert_non_null(strstr(text, line));
            if (!policy_file_parse(&read, text, length, why, sizeof(why)))
                fail_msg("%s", why);
            assert_memory_equal(&read, &policy, sizeof(read));
        }
    }
}

static void test_no_label_no_text(void **state)
{
    const struct policy_file bad[] = {{1, 0, 1}, {1, 3, 1}, {1, 1, 0}, {1, 1, 4}};
    const struct policy_file good = {1, 1, 1};
    char text[POLICY_FILE_MAX];
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(policy_file_render(&bad[i], text, sizeof(text)), 0);
    length = policy_file_render(&good, text, sizeof(text));
    assert_int_equal(policy_file_render(&good, text, length), 0); /* no room for the NUL */
    assert_int_equal(policy_file_render(&good, text, length + 1), length);
}

static const struct {
    const char *text;
    const char *why;
} bad_texts[] = {
    {"", "line 1: expected \"devsec-snmp-policy 1\", found the end of the file"},
    {"# only a comment\n", "line 2: expected \"devsec-snmp-policy 1\", found the end of the file"},
    {"\n" GOOD, "line 1: expected \"devsec-snmp-policy 1\", found \"\""},
    {"devsec-snmp-policy 2\ngeneration 1\n",
     "line 1: expected \"devsec-snmp-policy 1\", found \"devsec-snmp-policy 2\""},
    {"devsec-snmp-policy 1 \n", "line 1: expected \"devsec-snmp-policy 1\", found \"devsec-snmp-policy 1 \""},
    {"devsec-snmp-policy 1\r\n", "found \"devsec-snmp-policy 1?\""},
    {"devsec-snmp-policy 1", "line 1: the file ends within the line"},
    {HEAD, "line 2: expected \"generation\" and a number, found the end of the file"},
    {HEAD "v3 encryptionOnly\n", "line 2: expected \"generation\" and a number, found \"v3 encryptionOnly\""},
    {HEAD "generation\n", "line 2: expected \"generation\" and a number, found \"generation\""},
    {HEAD "generation \n", "line 2: expected \"generation\" and a number, found \"generation \""},
    {HEAD "generation x\n", "line 2: expected \"generation\" and a number, found \"generation x\""},
    {HEAD "generation -1\n", "line 2: expected \"generation\" and a number, found \"generation -1\""},
    {HEAD "generation 017\n", "line 2: expected \"generation\" and a number, found \"generation 017\""},
    {HEAD "generation 4294967296\n", "found \"generation 4294967296\""},
    {HEAD "generation 99999999999\n", "found \"generation 99999999999\""},
    {HEAD "generation  1\n", "line 2: expected \"generation\" and a number, found \"generation  1\""},
    {HEAD "generation 1\ngeneration 1\n",
     "line 3: expected \"v3 encryptionOnly\" or \"v3 encryptionCleartext\", found "},
    {HEAD "generation 1\nv3 1\n",
     "line 3: expected \"v3 encryptionOnly\" or \"v3 encryptionCleartext\", found \"v3 1\""},
    {HEAD "generation 1\nv3 encryptiononly\n", "found \"v3 encryptiononly\""},
    {HEAD "generation 1\nv3 encryption\n", "found \"v3 encryption\""},
    {HEAD "generation 1\nv3 encryptionOnlyX\n", "found \"v3 encryptionOnlyX\""},
    {HEAD "generation 1\nv3 encryptionOnly\nv3 encryptionOnly\n",
     "line 4: expected \"v1v2c disabled\", \"v1v2c readOnly\" or \"v1v2c enabled\", found \"v3 encryptionOnly\""},
    {HEAD "generation 1\nv3 encryptionOnly\nv1v2c all\n", "line 4: expected \"v1v2c disabled\", \"v1v2c readOnly\" or"},
    {HEAD "generation 1\nv3 encryptionOnly\nv1v2c\n", "line 4: expected \"v1v2c disabled\""},
    {HEAD "generation 1\nv3 encryptionOnly\n# v1v2c disabled\nend\n", "line 4: expected \"v1v2c disabled\""},
    {HEAD "generation 1\nv3 encryptionOnly\nv1v2c disabled\n", "line 5: expected \"end\", found the end of the file"},
    {HEAD "generation 1\nv3 encryptionOnly\nv1v2c disabled\nend", "line 5: the file ends within the line"},
    {HEAD "generation 1\nv3 encryptionOnly\nv1v2c disabled\nv4 none\nend\n",
     "line 5: expected \"end\", found \"v4 none\""},
    {GOOD "\n", "line 6: expected nothing behind \"end\""},
    {GOOD "v1v2c enabled\nend\n", "line 6: expected nothing behind \"end\""},
    {HEAD "generation 1\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
     "found \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" and more"},
};

static void assert_refused(const char *text, size_t length, const char *expected)
{
    const struct policy_file untouched = {5, 6, 7};
    char why[POLICY_FILE_WHY_MAX] = "";
    struct policy_file policy = untouched;
    char *copy = malloc(length ? length : 1); /* exactly as long, so that a sanitizer sees a step too far */

    assert_non_null(copy);
    memcpy(copy, text, length);
    if (policy_file_parse(&policy, copy, length, why, sizeof(why)) || !strstr(why, expected))
        fail_msg("\"%s\": \"%s\", expected \"%s\"", text, why, expected);
    assert_memory_equal(&policy, &untouched, sizeof(policy));
    free(copy);
}

static void test_bad_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++)
        assert_refused(bad_texts[i].text, strlen(bad_texts[i].text), bad_texts[i].why);
    assert_refused(GOOD "\0", sizeof(GOOD), "line 6: expected nothing behind \"end\"");
    assert_refused(HEAD "generation 1\0\n", sizeof(HEAD "generation 1\0\n") - 1, "found \"generation 1?\"");
}

/* However a file is cut short, it is not taken for a whole one. */
static void test_truncated(void **state)
{
    (void)state;
    for (size_t length = 0; length < strlen(GOOD); length++)
        assert_refused(GOOD, length, "line ");
}

/* ---- whether the file can be trusted ---- */

struct fixture {
    char base[64];
    char folder[96];
    char path[128];
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    strcpy(fixture->base, "/tmp/test_policy_file.XXXXXX");
    assert_non_null(mkdtemp(fixture->base));
    snprintf(fixture->folder, sizeof(fixture->folder), "%s/applied", fixture->base);
    snprintf(fixture->path, sizeof(fixture->path), "%s/snmp-policy", fixture->folder);
    assert_int_equal(mkdir(fixture->folder, 0755), 0);
    assert_int_equal(chmod(fixture->folder, 0755), 0);
    write_file(fixture->path, GOOD);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[128];

    snprintf(command, sizeof(command), "rm -r %s", fixture->base);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

static void assert_trusted(const char *path)
{
    const struct policy_file expected = {17, MIB_devsecSnmpV3Permit_encryptionOnly, MIB_devsecSnmpV1V2Permit_disabled};
    char why[POLICY_FILE_WHY_MAX] = "";
    struct policy_file policy = {0};

    if (!policy_file_read(&policy, path, why, sizeof(why)))
        fail_msg("%s", why);
    assert_memory_equal(&policy, &expected, sizeof(policy));
}

/* Two places of a sentence: `who` begins it, `what` goes on. */
static void assert_not_trusted(const char *path, const char *who, const char *what)
{
    const struct policy_file untouched = {5, 6, 7};
    char why[POLICY_FILE_WHY_MAX] = "";
    struct policy_file policy = untouched;

    if (policy_file_read(&policy, path, why, sizeof(why)))
        fail_msg("%s is trusted, expected \"%s ... %s\"", path, who, what);
    if (!strstr(why, who) || !strstr(why, what))
        fail_msg("\"%s\" without \"%s\" or \"%s\"", why, who, what);
    assert_memory_equal(&policy, &untouched, sizeof(policy));
}

/* What every test below departs from: in a private folder below a sticky /tmp. */
static void test_trusted(void **state)
{
    const struct fixture *fixture = *state;

    assert_trusted(fixture->path);
    assert_int_equal(chmod(fixture->path, 0400), 0);
    assert_trusted(fixture->path);
    assert_int_equal(chmod(fixture->folder, 0700), 0);
    assert_trusted(fixture->path);
}

static void test_modes(void **state)
{
    const struct fixture *fixture = *state;
    static const mode_t loose[] = {0664, 0646, 0666, 0620};
    static const mode_t loose_folder[] = {0775, 0757, 0777, 01777, 02775};

    for (size_t i = 0; i < sizeof(loose) / sizeof(loose[0]); i++) {
        assert_int_equal(chmod(fixture->path, loose[i]), 0);
        assert_not_trusted(fixture->path, fixture->path, "is writable by others than its owner (mode 06");
    }
    assert_int_equal(chmod(fixture->path, 0644), 0);
    for (size_t i = 0; i < sizeof(loose_folder) / sizeof(loose_folder[0]); i++) {
        assert_int_equal(chmod(fixture->folder, loose_folder[i]), 0);
        assert_not_trusted(fixture->path, fixture->folder, "is writable by others than its owner (mode ");
        assert_int_equal(chmod(fixture->folder, 0755), 0);
        assert_int_equal(chmod(fixture->base, loose_folder[i]), 0);
        if (loose_folder[i] & S_ISVTX) /* in a sticky folder nobody can replace what is another's */
            assert_trusted(fixture->path);
        else
            assert_not_trusted(fixture->path, fixture->base, "is writable by others than its owner (mode ");
        assert_int_equal(chmod(fixture->base, 0755), 0);
    }
    assert_trusted(fixture->path);
}

static void test_owners(void **state)
{
    const struct fixture *fixture = *state;

    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(fixture->path, OTHER_USER, 0), 0);
    assert_not_trusted(fixture->path, fixture->path,
                       "belongs to user 65534; expected root or user 0, the owner of its");
    assert_int_equal(chown(fixture->folder, OTHER_USER, 0), 0);
    assert_trusted(fixture->path); /* devsecd as a user of its own */
    assert_int_equal(chown(fixture->path, 0, 0), 0);
    assert_trusted(fixture->path);
    assert_int_equal(chown(fixture->path, OTHER_USER - 1, 0), 0);
    assert_not_trusted(fixture->path, fixture->path, "belongs to user 65533; expected root or user 65534");
    assert_int_equal(chown(fixture->path, OTHER_USER, 0), 0);
    assert_int_equal(chown(fixture->base, OTHER_USER, 0), 0);
    assert_trusted(fixture->path);
    assert_int_equal(chown(fixture->base, OTHER_USER - 1, 0), 0);
    assert_not_trusted(fixture->path, fixture->base,
                       "belongs to user 65533; expected root or user 65534, the owner of the file's folder");
}

/* The same as a user who is not root, as devsecd may be: what it makes is its own. */
static void test_as_an_ordinary_user(void **state)
{
    const struct fixture *fixture = *state;
    char below[160];
    char path[192];

    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(fixture->base, 0755), 0);
    assert_int_equal(chown(fixture->folder, OTHER_USER, 0), 0);
    assert_int_equal(seteuid(OTHER_USER), 0);
    snprintf(below, sizeof(below), "%s/own", fixture->folder);
    snprintf(path, sizeof(path), "%s/snmp-policy", below);
    assert_int_equal(mkdir(below, 0755), 0);
    write_file(path, GOOD);
    assert_trusted(path);
    assert_trusted(fixture->path);
    assert_int_equal(seteuid(0), 0);
    assert_trusted(path);
    assert_int_equal(chmod(fixture->path, 0600), 0);
    assert_int_equal(seteuid(OTHER_USER), 0);
    assert_not_trusted(fixture->path, "cannot open ", "snmp-policy: Permission denied");
    assert_int_equal(seteuid(0), 0);
}

static void test_links(void **state)
{
    const struct fixture *fixture = *state;
    char link[160];
    char through[192];
    char other[160];

    snprintf(link, sizeof(link), "%s/link", fixture->folder);
    assert_int_equal(symlink("snmp-policy", link), 0);
    assert_not_trusted(link, link, "is a symbolic link; expected a regular file");
    /* A link above the file counts as where it leads to. */
    snprintf(other, sizeof(other), "%s/other", fixture->base);
    snprintf(through, sizeof(through), "%s/snmp-policy", other);
    assert_int_equal(symlink("applied", other), 0);
    assert_trusted(through);
    assert_int_equal(chmod(fixture->folder, 0777), 0);
    assert_not_trusted(through, fixture->folder, "is writable by others than its owner (mode 0777)");
}

static void test_other_things_than_files(void **state)
{
    const struct fixture *fixture = *state;
    char path[160];

    snprintf(path, sizeof(path), "%s/fifo", fixture->folder);
    assert_int_equal(mkfifo(path, 0644), 0);
    assert_not_trusted(path, path, "is not a regular file");
    snprintf(path, sizeof(path), "%s/folder", fixture->folder);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_not_trusted(path, path, "is not a regular file");
    snprintf(path, sizeof(path), "%s/missing", fixture->folder);
    assert_not_trusted(path, "cannot open ", "/missing: No such file or directory");
    snprintf(path, sizeof(path), "%s/missing/snmp-policy", fixture->folder);
    assert_not_trusted(path, "cannot find the folder ", "/missing: No such file or directory");
    snprintf(path, sizeof(path), "%s/snmp-policy", fixture->path);
    assert_not_trusted(path, fixture->path, "is not a folder");
    assert_not_trusted("snmp-policy", "\"snmp-policy\"", "is not the absolute path of a file");
    assert_not_trusted("/tmp/", "\"/tmp/\"", "is not the absolute path of a file");
    assert_not_trusted("/missing-snmp-policy", "cannot open /missing-snmp-policy", "No such file");
}

static void test_contents(void **state)
{
    const struct fixture *fixture = *state;
    char text[POLICY_FILE_MAX + 64];
    char expected[192];

    write_file(fixture->path, HEAD "generation 1\nv3 nothing\n");
    snprintf(expected, sizeof(expected), "%s: line 3: expected ", fixture->path);
    assert_not_trusted(fixture->path, expected, "found \"v3 nothing\"");
    /* The longest that is read, and one octet more. */
    memset(text, '#', sizeof(text));
    strcpy(text + POLICY_FILE_MAX - strlen(GOOD) - 1, "\n" GOOD);
    write_file(fixture->path, text);
    assert_trusted(fixture->path);
    memset(text, '#', sizeof(text));
    strcpy(text + POLICY_FILE_MAX - strlen(GOOD), "\n" GOOD);
    write_file(fixture->path, text);
    assert_not_trusted(fixture->path, fixture->path, "is longer than 1024 octets");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels_are_the_mibs),
        cmocka_unit_test(test_no_label_no_text),
        cmocka_unit_test(test_bad_texts),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test_setup_teardown(test_trusted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
        cmocka_unit_test_setup_teardown(test_as_an_ordinary_user, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_things_than_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_contents, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
