/* SPDX-License-Identifier: Apache-2.0 */
/* Damage: to the document, to the kept generations, to all of it, and what opening makes of it. */
#include "store_fixture.h"

/* Generations 1 to 4, smtp.port 25, 2002, 2003, 2004; closed again. */
static void make_history(struct fixture *f)
{
    fixture_empty(f);
    fixture_open(f);
    commit_port(f, 2002);
    commit_port(f, 2003);
    commit_port(f, 2004);
    fixture_close(f);
}

#define HISTORY_NEWEST 4

/* A commit after a recovery must work like any other. */
static void assert_works(struct fixture *f)
{
    const uint32_t before = generation_of(f->store);

    commit_port(f, 4444);
    assert_int_equal(generation_of(f->store), before + 1);
    status_assert(f->store, STORE_OK, "");
    fixture_open(f);
    assert_int_equal(generation_of(f->store), before + 1);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 4444);
    assert_false(file_there(f, "settings.yaml.tmp"));
}

static const struct {
    const char *name;
    const char *bytes;
    size_t length;
    const char *text; /* what the status says of it */
} damages[] = {
    {"empty", "", 0, "settings.yaml:"},
    {"blank", "\n\n  \n", 5, "settings.yaml:"},
    {"zeroed", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, "settings.yaml:1:1: "},
    {"garbled", "format: 1\nsmtp:\n  port: \x80\xff\n", 27, "settings.yaml:3:"},
    {"binary",
     "\x7f"
     "ELF\x02\x01\x01",
     7, "settings.yaml:1:1: "},
    {"unknown key", "format: 1\nsmtp:\n  prot: 25\n", 27, "settings.yaml:3:3: unknown key \"prot\""},
    {"wrong value", "format: 1\nsmtp:\n  port: 0\n", 26, "settings.yaml:3:9: smtp.port: "},
    {"unclosed", "format: 1\ntls: {versions: [tls12\n", 33, "settings.yaml:"},
    {"cross-check", "format: 1\nsmtp:\n  secure: true\n", 31,
     "smtp.secure is true, so smtp.port must be 465; found 25"},
    {"generation", "format: 1\ngeneration: 4000000001\n...\n", 37, "generation: found 4000000001, expected 4000000000"},
};

static void test_damaged_document_is_set_aside_and_the_newest_generation_used(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        char *aside;
        size_t length = 0;

        print_message("         %s\n", damages[i].name);
        make_history(f);
        file_put_old(f, "settings.yaml", damages[i].bytes, damages[i].length);
        fixture_open(f);
        status_assert(f->store, STORE_RECOVERED, damages[i].text);
        status_assert(f->store, STORE_RECOVERED, "the settings of generation 4 are in force as generation 5");
        assert_int_equal(generation_of(f->store), 5);
        assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2004);
        names_assert(f, ".", "generations lock settings.yaml settings.yaml.damaged-1 ");
        aside = file_get(f, "settings.yaml.damaged-1", &length);
        assert_int_equal(length, damages[i].length);
        assert_memory_equal(aside, damages[i].bytes, length);
        free(aside);
        assert_works(f);
    }
}

static void test_each_damaged_document_gets_a_name_of_its_own(void **state)
{
    struct fixture *f = *state;

    fixture_open(f);
    file_put(f, "settings.yaml.damaged-7", "kept since long ago");
    fixture_close(f);
    file_put_old(f, "settings.yaml", "x", 1);
    fixture_open(f);
    fixture_close(f);
    file_put_old(f, "settings.yaml", "y", 1);
    fixture_open(f);
    file_assert(f, "settings.yaml.damaged-7", "kept since long ago");
    file_assert(f, "settings.yaml.damaged-8", "x");
    file_assert(f, "settings.yaml.damaged-9", "y");
}

/* Cut anywhere, it either is damaged or a document in its own right; never half in force. */
static void test_document_cut_at_every_octet(void **state)
{
    struct fixture *f = *state;
    char *aside = path_of(f, "settings.yaml.damaged-1");
    size_t length = 0;
    size_t recovered = 0;
    char *whole;

    file_put(f, "settings.yaml", "# A short head.\nformat: 1\nsmtp: {port: 2004}\n");
    fixture_open(f);
    whole = file_get(f, "settings.yaml", &length);
    assert_true(length > 100);
    for (size_t cut = 0; cut < length; cut++) {
        const uint32_t before = generation_of(f->store);
        int64_t port;

        commit_port(f, 2003);
        fixture_close(f);
        file_put_old(f, "settings.yaml", whole, cut);
        fixture_open(f);
        port = number_in(f->store, SETTING_SMTP_PORT);
        assert_true(generation_of(f->store) > before);
        if (store_status(f->store) == STORE_RECOVERED) {
            recovered++;
            assert_int_equal(port, 2003);
            assert_int_equal(unlink(aside), 0);
        } else {
            status_assert(f->store, STORE_OK, "");
            assert_true(port == 2004 || port == 25);
            assert_false(file_there(f, "settings.yaml.damaged-1"));
            commit_port(f, 2005);
        }
    }
    assert_true(recovered > length - 10);
    free(whole);
    free(aside);
}

/* ---- The generations ---- */

static void damage_copy(const struct fixture *f, unsigned number)
{
    char name[64];

    snprintf(name, sizeof(name), "generations/%010u.yaml", number);
    file_put(f, name, "format: 1\nsmtp: [\n");
}

static void test_damaged_generations_are_passed_over(void **state)
{
    struct fixture *f = *state;
    static const int64_t ports[] = {25, 2002, 2003, 2004};

    /* Bit n of the mask: generation n + 1 is damaged. */
    for (unsigned mask = 0; mask < 1u << HISTORY_NEWEST; mask++) {
        int64_t expected = 25;

        make_history(f);
        for (unsigned i = 0; i < HISTORY_NEWEST; i++) {
            if (mask & 1u << i)
                damage_copy(f, i + 1);
            else
                expected = ports[i];
        }
        file_put_old(f, "settings.yaml", "", 0);
        fixture_open(f);
        assert_int_equal(generation_of(f->store), HISTORY_NEWEST + 1);
        assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), expected);
        status_assert(f->store, STORE_RECOVERED,
                      mask == (1u << HISTORY_NEWEST) - 1 ? "no good generation is kept, so the defaults are in force"
                                                         : "the settings of generation");
        assert_works(f);
    }
}

static void test_copy_under_a_wrong_number_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    char *first;

    make_history(f);
    first = file_get(f, "generations/0000000001.yaml", NULL);
    file_put(f, "generations/0000000009.yaml", first);
    free(first);
    file_put_old(f, "settings.yaml", "", 0);
    fixture_open(f);
    assert_int_equal(generation_of(f->store), 10);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2004);
}

static void test_copy_that_others_can_write_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    char *path = path_of(f, "generations/0000000004.yaml");

    make_history(f);
    assert_int_equal(chmod(path, 0666), 0);
    free(path);
    file_put_old(f, "settings.yaml", "", 0);
    fixture_open(f);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2003);
}

static void test_missing_document_is_recovered_too(void **state)
{
    struct fixture *f = *state;
    char *path = path_of(f, "settings.yaml");

    make_history(f);
    assert_int_equal(unlink(path), 0);
    free(path);
    fixture_open(f);
    status_assert(f->store, STORE_RECOVERED, "there is no ");
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2004);
    assert_int_equal(generation_of(f->store), 5);
    names_assert(f, ".", "generations lock settings.yaml ");
    assert_works(f);
}

/* A recovery that was interrupted after the renaming, where no generation was kept. */
static void test_missing_document_beside_a_damaged_one_is_no_fresh_start(void **state)
{
    struct fixture *f = *state;

    file_put(f, "settings.yaml.damaged-1", "");
    fixture_open(f);
    status_assert(f->store, STORE_RECOVERED, "no good generation is kept");
    assert_int_equal(generation_of(f->store), 1);
}

static void test_left_overs_block_nothing(void **state)
{
    struct fixture *f = *state;

    make_history(f);
    file_put(f, "settings.yaml.tmp", "half a docu");
    file_put(f, "generations/copy.tmp", "half a co");
    fixture_open(f);
    assert_works(f);
    assert_false(file_there(f, "generations/copy.tmp"));
}

/* ---- Where nothing may be written ---- */

static void test_reader_recovers_in_memory_only(void **state)
{
    struct fixture *f = *state;

    make_history(f);
    file_put_old(f, "settings.yaml", "nonsense", 8);
    f->options.read_only = true;
    fixture_open(f);
    status_assert(f->store, STORE_RECOVERED, "the settings of generation 4 are in force, in memory only");
    assert_int_equal(generation_of(f->store), 4);
    assert_int_equal(number_in(f->store, SETTING_SMTP_PORT), 2004);
    names_assert(f, ".", "generations lock settings.yaml ");
    file_assert(f, "settings.yaml", "nonsense");
    assert_int_equal(commit_number(f->store, SETTING_SMTP_PORT, 26, &f->error), DEVSEC_ERR_INTERNAL);
    text_assert(&f->error, DEVSEC_ERR_INTERNAL, "the store was opened for reading only");
    file_assert(f, "settings.yaml", "nonsense");
}

static void test_reader_of_an_empty_directory_makes_nothing(void **state)
{
    struct fixture *f = *state;

    f->options.read_only = true;
    fixture_open(f);
    status_assert(f->store, STORE_OK, "");
    assert_int_equal(generation_of(f->store), 0);
    names_assert(f, ".", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_damaged_document_is_set_aside_and_the_newest_generation_used, fixture_make,
                                        fixture_drop),
        cmocka_unit_test_setup_teardown(test_each_damaged_document_gets_a_name_of_its_own, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_document_cut_at_every_octet, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_damaged_generations_are_passed_over, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_copy_under_a_wrong_number_is_not_trusted, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_copy_that_others_can_write_is_not_trusted, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_missing_document_is_recovered_too, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_missing_document_beside_a_damaged_one_is_no_fresh_start, fixture_make,
                                        fixture_drop),
        cmocka_unit_test_setup_teardown(test_left_overs_block_nothing, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_reader_recovers_in_memory_only, fixture_make, fixture_drop),
        cmocka_unit_test_setup_teardown(test_reader_of_an_empty_directory_makes_nothing, fixture_make, fixture_drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
