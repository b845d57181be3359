/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting key and certificate files: what goes, what stays, and who holds it off. */
#include "material_fixture.h"

#include "base/lock.h"

struct wish {
    const char *wanted; /* names, each with its kind's letter before it: "k0123..." */
    size_t asked;
};

static bool is_wanted(void *context, enum material_kind kind, const char *name)
{
    struct wish *wish = context;
    char entry[MATERIAL_NAME_SIZE + 1];

    snprintf(entry, sizeof(entry), "%c%s", "krc"[kind], name);
    assert_int_equal(strlen(name), 64);
    wish->asked++;
    return strstr(wish->wanted, entry) != NULL;
}

static void collect(struct fixture *f, struct material *material, const char *wanted, size_t expected, bool off)
{
    struct wish wish = {.wanted = wanted};
    size_t removed = 4711;
    bool put_off = !off;

    if (material_collect(material, is_wanted, &wish, &removed, &put_off, &f->error) != DEVSEC_OK)
        fail_msg("material_collect: %s", f->error.text);
    assert_int_equal(put_off, off);
    assert_int_equal(removed, expected);
    if (off)
        assert_int_equal(wish.asked, 0);
}

static void what_is_not_wanted_goes(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    char name[MATERIAL_NAME_SIZE];

    collect(f, material, "", 0, false);
    put_text(f, material, MATERIAL_KEY, "abc", name);
    put_text(f, material, MATERIAL_REQUEST, "abc", name);
    put_text(f, material, MATERIAL_CERTIFICATES, "abc", name);
    put_text(f, material, MATERIAL_KEY, "", name);
    collect(f, material, "k" ABC " r" ABC " c" ABC " k" EMPTY, 0, false);
    names_assert(f, "material", ABC ".csr " ABC ".key " ABC ".pem " EMPTY ".key lock ");
    collect(f, material, "r" ABC " k" EMPTY, 2, false);
    names_assert(f, "material", ABC ".csr " EMPTY ".key lock ");
    collect(f, material, "", 2, false);
    collect(f, material, "", 0, false);
    names_assert(f, "material", "lock ");
    remove_file(f, "material/lock");
    remove_file(f, "material");
    collect(f, material, "", 0, false);
    names_assert(f, ".", "");
    material_close(material);
}

#define RANDOM "0123456789abcdef"

/* What a crash left goes, wanted or not; what was not made here stays. */
static void left_overs_go_and_foreign_files_stay(void **state)
{
    static const char *const left_overs[] = {
        ABC ".key.new-" RANDOM,
        ABC ".csr.new-" RANDOM,
        EMPTY ".pem.new-" RANDOM,
    };
    static const char *const foreign[] = {
        "README",
        ABC,
        ABC ".txt",
        ABC ".key~",
        ABC ".key.new-",
        ABC ".key.new-" RANDOM "0",
        ABC ".key.new-0123456789ABCDEF",
        ABC ".key.old-" RANDOM,
        ABC "0.key",
        "." ABC ".key",
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD.key",
    };
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    char path[160];

    for (size_t i = 0; i < COUNT(left_overs); i++) {
        snprintf(path, sizeof(path), "material/%s", left_overs[i]);
        file_put(f, path, "ab");
    }
    for (size_t i = 0; i < COUNT(foreign); i++) {
        snprintf(path, sizeof(path), "material/%s", foreign[i]);
        file_put(f, path, "ab");
    }
    make_folder(f, "material/" EMPTY ".csr", 0700);
    collect(f, material, "k" ABC " r" ABC " c" EMPTY, COUNT(left_overs), false);
    for (size_t i = 0; i < COUNT(left_overs); i++) {
        snprintf(path, sizeof(path), "material/%s", left_overs[i]);
        assert_false(file_there(f, path));
    }
    for (size_t i = 0; i < COUNT(foreign); i++) {
        snprintf(path, sizeof(path), "material/%s", foreign[i]);
        assert_true(file_there(f, path));
    }
    assert_true(file_there(f, "material/" EMPTY ".csr"));

    /* What stands under a name of ours and is no file of ours goes itself, not what it points to. */
    file_put(f, "elsewhere", "abc");
    make_link(f, "material/" EMPTY ".key", "../elsewhere");
    collect(f, material, "", 1, false);
    assert_false(file_there(f, "material/" EMPTY ".key"));
    file_assert(f, "elsewhere", "abc");
    material_close(material);
}

static void a_session_holds_collecting_off(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    struct material *other = open_material(f, false);
    struct material_session *sessions[2] = {begin_session(f, material), begin_session(f, other)};
    char name[MATERIAL_NAME_SIZE];

    assert_int_equal(material_put(sessions[0], MATERIAL_KEY, "abc", 3, name, &f->error), DEVSEC_OK);
    collect(f, material, "", 0, true);
    material_end(sessions[0]);
    collect(f, material, "", 0, true);
    collect(f, other, "", 0, true);
    assert_got(f, material, MATERIAL_KEY, ABC, "abc");
    material_end(sessions[1]);
    collect(f, other, "", 1, false);
    material_close(other);
    material_close(material);
}

static bool hold_lock(const char *directory)
{
    return lock_take(open(directory, O_RDONLY | O_DIRECTORY), "material/lock", 0600, 0) >= 0;
}

static void a_session_of_another_process_ends_with_it(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    char name[MATERIAL_NAME_SIZE];
    pid_t holder;

    put_text(f, material, MATERIAL_KEY, "abc", name);
    holder = start_holder(hold_session, f->directory);
    collect(f, material, "", 0, true);
    assert_got(f, material, MATERIAL_KEY, ABC, "abc");
    stop_holder(holder);
    collect(f, material, "", 1, false);
    material_close(material);
}

static void one_process_collects_at_a_time(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    struct material_session *session = NULL;
    char name[MATERIAL_NAME_SIZE];
    pid_t holder;

    put_text(f, material, MATERIAL_KEY, "abc", name);
    holder = start_holder(hold_lock, f->directory);
    collect(f, material, "", 0, true);
    assert_int_equal(material_begin(&session, material, &f->error), DEVSEC_ERR_BUSY);
    text_assert(&f->error, DEVSEC_ERR_BUSY, "another process has been collecting in ");
    assert_null(session);
    stop_holder(holder);
    material_end(begin_session(f, material));
    material_close(material);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_drop)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_is_not_wanted_goes),        IN_FOLDER(left_overs_go_and_foreign_files_stay),
        IN_FOLDER(a_session_holds_collecting_off), IN_FOLDER(a_session_of_another_process_ends_with_it),
        IN_FOLDER(one_process_collects_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
