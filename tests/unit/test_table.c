/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: their schema, what each column and each row must be, and rows kept in order of their keys. */
#include "alloc_faults.h"
#include "table_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- The schema ---- */

static void the_schema_agrees_with_the_mib(void **state)
{
    (void)state;
    for (enum table_id id = 0; id < TABLE_COUNT; id++) {
        const struct table_schema *schema = &table_schemas[id];

        assert_int_equal(mib_objects[schema->entry].kind, MIB_KIND_ENTRY);
        assert_int_equal(strcspn(schema->path, "."), strlen(schema->path));
        assert_true(schema->columns[0].required);
        assert_false(schema->columns[0].sealed);
        assert_true(schema->rows_max > 0);
        for (size_t i = 0; i < schema->n_columns; i++) {
            const struct column *column = &schema->columns[i];

            assert_int_equal(column_find(id, column->name), i);
            if (column->object >= 0) {
                assert_int_equal(mib_objects[column->object].kind, MIB_KIND_COLUMN);
                assert_int_equal(mib_objects[column->object].entry, schema->entry);
                assert_ptr_equal(column_object(id, i), &mib_objects[column->object]);
                assert_false(column->sealed); /* what is published cannot be secret */
            } else {
                assert_true(column->text_max > 0);
                assert_null(column_object(id, i));
            }
            for (size_t w = 0; column->words && column->words[w]; w++)
                assert_true(strlen(column->words[w]) <= column->text_max);
        }
        for (enum setting_id setting = 0; setting < SETTING_COUNT; setting++)
            assert_int_not_equal(strncmp(settings[setting].path, schema->path, strlen(schema->path)), 0);
    }
    assert_int_equal(column_find(TABLE_ADMINISTRATORS, "password"), -1);
    assert_int_equal(table_schemas[TABLE_ADMINISTRATORS].n_columns, ADMINISTRATOR_COLUMNS);
    assert_int_equal(column_find(TABLE_ADMINISTRATORS, "engine-id"), ADMINISTRATOR_ENGINE);
    assert_int_equal(column_find(TABLE_ADMINISTRATORS, "keys"), ADMINISTRATOR_KEYS);
    assert_true(table_schemas[TABLE_ADMINISTRATORS].columns[ADMINISTRATOR_KEYS].sealed);
}

/* ---- Columns ---- */

#define ROLES "expected one of networkAdministrator, machineAdministrator, userAdministrator, fileAdministrator"
#define AUTHS "expected one of MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512"
#define PRIVS "expected one of DES, AES-128, AES-192, AES-256"
#define NAMES                                                                                                          \
    "expected printable ASCII without blanks, quotes, backslash and '#', and no '-' in front, since snmpd.conf "       \
    "carries no other names"
#define ENGINES                                                                                                        \
    "expected the engine ID that the keys are localized to, in 10 to 64 hexadecimal digits that are neither all 0 "    \
    "nor all f (RFC 3411), or nothing"
#define SEALED "this value is not allowed, expected a secret of at most 512 octets as devsecctl seals it"
#define LONG33 "abcdefghijklmnopqrstuvwxyzabcdefg"
#define F16    "ffffffffffffffff"

static const struct {
    enum administrator_column column;
    const char *text;
    enum devsec_err code;
    const char *says; /* behind "administrators.COLUMN: " */
} cells[] = {
    {ADMINISTRATOR_NAME, "alice", DEVSEC_OK, NULL},
    {ADMINISTRATOR_NAME, "a", DEVSEC_OK, NULL},
    {ADMINISTRATOR_NAME, "Bob.O_Neil-3@example+x%/!$&()*,:;<=>?[]^`{|}~", DEVSEC_ERR_WRONG_LENGTH,
     "found a text of 45 octets, expected a text of 1 to 32 octets"},
    {ADMINISTRATOR_NAME, "B.O_N-3@e+x%/!$&()*,:;<=>?[]^`{|", DEVSEC_OK, NULL},
    {ADMINISTRATOR_NAME, "", DEVSEC_ERR_WRONG_LENGTH, "found a text of 0 octets, expected a text of 1 to 32 octets"},
    {ADMINISTRATOR_NAME, LONG33, DEVSEC_ERR_WRONG_LENGTH,
     "found a text of 33 octets, expected a text of 1 to 32 octets"},
    {ADMINISTRATOR_NAME, "\xff", DEVSEC_ERR_WRONG_VALUE,
     "found octets that are not UTF-8, expected a text of 1 to 32 octets"},
    {ADMINISTRATOR_NAME, "al ice", DEVSEC_ERR_WRONG_VALUE, "found \"al ice\", " NAMES},
    {ADMINISTRATOR_NAME, "alice\n", DEVSEC_ERR_WRONG_VALUE, "found \"alice\\x0a\", " NAMES},
    {ADMINISTRATOR_NAME, "al\tice", DEVSEC_ERR_WRONG_VALUE, "found \"al\\x09ice\", " NAMES},
    {ADMINISTRATOR_NAME, "al\"ice", DEVSEC_ERR_WRONG_VALUE, "found \"al\\x22ice\", " NAMES},
    {ADMINISTRATOR_NAME, "al'ice", DEVSEC_ERR_WRONG_VALUE, "found \"al'ice\", " NAMES},
    {ADMINISTRATOR_NAME, "al\\ice", DEVSEC_ERR_WRONG_VALUE, "found \"al\\x5cice\", " NAMES},
    {ADMINISTRATOR_NAME, "al#ice", DEVSEC_ERR_WRONG_VALUE, "found \"al#ice\", " NAMES},
    {ADMINISTRATOR_NAME, "-s", DEVSEC_ERR_WRONG_VALUE, "found \"-s\", " NAMES},
    {ADMINISTRATOR_NAME, "al\xc3\xaf", DEVSEC_ERR_WRONG_VALUE, "found \"al\xc3\xaf\", " NAMES},
    {ADMINISTRATOR_NAME, "al\x7f", DEVSEC_ERR_WRONG_VALUE, "found \"al\\x7f\", " NAMES},
    {ADMINISTRATOR_ROLE, "networkAdministrator", DEVSEC_OK, NULL},
    {ADMINISTRATOR_ROLE, "netzAdministrator", DEVSEC_ERR_WRONG_VALUE, "found \"netzAdministrator\", " ROLES},
    {ADMINISTRATOR_ROLE, "FileAdministrator", DEVSEC_ERR_WRONG_VALUE,
     "found \"FileAdministrator\", " ROLES "; did you mean \"fileAdministrator\"?"},
    {ADMINISTRATOR_ROLE, "5", DEVSEC_ERR_WRONG_VALUE, "found \"5\", " ROLES},
    {ADMINISTRATOR_ROLE, "", DEVSEC_ERR_WRONG_VALUE, "found \"\", " ROLES},
    {ADMINISTRATOR_AUTH, "", DEVSEC_OK, NULL},
    {ADMINISTRATOR_AUTH, "MD5", DEVSEC_OK, NULL},
    {ADMINISTRATOR_AUTH, "SHA-1", DEVSEC_OK, NULL},
    {ADMINISTRATOR_AUTH, "SHA-224", DEVSEC_OK, NULL},
    {ADMINISTRATOR_AUTH, "SHA-256", DEVSEC_OK, NULL},
    {ADMINISTRATOR_AUTH, "SHA-384", DEVSEC_OK, NULL},
    {ADMINISTRATOR_AUTH, "SHA-512", DEVSEC_OK, NULL},
    {ADMINISTRATOR_AUTH, "sha-384", DEVSEC_ERR_WRONG_VALUE, "found \"sha-384\", " AUTHS "; did you mean \"SHA-384\"?"},
    {ADMINISTRATOR_AUTH, "SHA256", DEVSEC_ERR_WRONG_VALUE, "found \"SHA256\", " AUTHS "; did you mean \"SHA-256\"?"},
    {ADMINISTRATOR_AUTH, "none", DEVSEC_ERR_WRONG_VALUE, "found \"none\", " AUTHS},
    {ADMINISTRATOR_PRIV, "", DEVSEC_OK, NULL},
    {ADMINISTRATOR_PRIV, "DES", DEVSEC_OK, NULL},
    {ADMINISTRATOR_PRIV, "AES-128", DEVSEC_OK, NULL},
    {ADMINISTRATOR_PRIV, "AES-192", DEVSEC_OK, NULL},
    {ADMINISTRATOR_PRIV, "AES-256", DEVSEC_OK, NULL},
    {ADMINISTRATOR_PRIV, "3DES", DEVSEC_ERR_WRONG_VALUE, "found \"3DES\", " PRIVS "; did you mean \"DES\"?"},
    {ADMINISTRATOR_PRIV, "SHA-256", DEVSEC_ERR_WRONG_VALUE, "found \"SHA-256\", " PRIVS},
    {ADMINISTRATOR_ENGINE, "", DEVSEC_OK, NULL},
    {ADMINISTRATOR_ENGINE, "8000000001", DEVSEC_OK, NULL},
    {ADMINISTRATOR_ENGINE, "80001F88aABBccdd", DEVSEC_OK, NULL},
    {ADMINISTRATOR_ENGINE, F16 F16 F16 "fffffffffffffff0", DEVSEC_OK, NULL},
    {ADMINISTRATOR_ENGINE, "80000001", DEVSEC_ERR_WRONG_VALUE, "found \"80000001\", " ENGINES},
    {ADMINISTRATOR_ENGINE, "80000000010", DEVSEC_ERR_WRONG_VALUE, "found \"80000000010\", " ENGINES},
    {ADMINISTRATOR_ENGINE, "0x80000000010", DEVSEC_ERR_WRONG_VALUE, "found \"0x80000000010\", " ENGINES},
    {ADMINISTRATOR_ENGINE, "0000000000", DEVSEC_ERR_WRONG_VALUE, "found \"0000000000\", " ENGINES},
    {ADMINISTRATOR_ENGINE, "FFFFffffFF", DEVSEC_ERR_WRONG_VALUE, "found \"FFFFffffFF\", " ENGINES},
    {ADMINISTRATOR_ENGINE, F16 F16 F16 F16 "00", DEVSEC_ERR_WRONG_LENGTH,
     "found a text of 66 octets, expected a text of at most 64 octets"},
    {ADMINISTRATOR_KEYS, "", DEVSEC_OK, NULL},
    {ADMINISTRATOR_KEYS, KEYS_A, DEVSEC_OK, NULL},
    {ADMINISTRATOR_KEYS, "hunter2", DEVSEC_ERR_WRONG_VALUE, SEALED},
    {ADMINISTRATOR_KEYS, KEYS_A "B", DEVSEC_ERR_WRONG_VALUE, SEALED},
    {ADMINISTRATOR_KEYS, "\xff", DEVSEC_ERR_WRONG_VALUE, SEALED},
};

static void every_column_takes_what_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cells); i++) {
        const enum administrator_column column = cells[i].column;
        struct value value = {.number = 4711};
        struct devsec_error error = {0};
        char sentence[DEVSEC_ERROR_TEXT_MAX];
        char *text;

        assert_int_equal(column_parse(TABLE_ADMINISTRATORS, column, cells[i].text, &value, &error), cells[i].code);
        if (cells[i].code) {
            snprintf(sentence, sizeof(sentence), "administrators.%s: %s",
                     table_schemas[TABLE_ADMINISTRATORS].columns[column].name, cells[i].says);
            assert_string_equal(error.text, sentence);
            assert_int_equal(value.number, 4711);
            continue;
        }
        assert_int_equal(column_check(TABLE_ADMINISTRATORS, column, &value, &error), DEVSEC_OK);
        text = column_format(TABLE_ADMINISTRATORS, column, &value);
        assert_string_equal(text, cells[i].text);
        free(text);
        value_clear(&value);
    }
}

static void a_sealed_text_has_a_longest_length(void **state)
{
    char keys[600];
    struct value value = {.text = keys};
    struct devsec_error error = {0};
    char expected[SETTING_EXPECTED_MAX];

    (void)state;
    memset(keys, 'A', sizeof(keys));
    memcpy(keys, "sealed1:", 8);
    keys[8 + 504] = '\0';
    assert_int_equal(column_check(TABLE_ADMINISTRATORS, ADMINISTRATOR_KEYS, &value, &error), DEVSEC_OK);
    keys[8 + 504] = 'A';
    keys[8 + 508] = '\0';
    assert_int_equal(column_check(TABLE_ADMINISTRATORS, ADMINISTRATOR_KEYS, &value, &error), DEVSEC_ERR_WRONG_LENGTH);
    assert_string_equal(error.text, "administrators.keys: " SEALED);
    column_expected(TABLE_ADMINISTRATORS, ADMINISTRATOR_PRIV, expected, sizeof(expected));
    assert_string_equal(expected, "one of DES, AES-128, AES-192, AES-256");
}

/* ---- Rows ---- */

#define TOGETHER(missing)                                                                                              \
    "administrators: auth, priv and keys belong together, and " missing " is missing; expected all three or none"

static const struct {
    struct row_texts row;
    enum devsec_err code;
    const char *says;
} rows[] = {
    {{"alice", 1, NULL, NULL, NULL, NULL}, DEVSEC_OK, NULL},
    {{"alice", 4, "SHA-256", "AES-128", NULL, KEYS_A}, DEVSEC_OK, NULL},
    {{"alice", 4, "SHA-256", "AES-128", ENGINE, KEYS_A}, DEVSEC_OK, NULL},
    {{"alice", 4, NULL, "AES-128", NULL, KEYS_A}, DEVSEC_ERR_INCONSISTENT, TOGETHER("auth")},
    {{"alice", 4, "SHA-256", NULL, NULL, KEYS_A}, DEVSEC_ERR_INCONSISTENT, TOGETHER("priv")},
    {{"alice", 4, "SHA-256", "AES-128", NULL, NULL}, DEVSEC_ERR_INCONSISTENT, TOGETHER("keys")},
    {{"alice", 4, NULL, NULL, NULL, KEYS_A}, DEVSEC_ERR_INCONSISTENT, TOGETHER("auth")},
    {{"alice", 4, NULL, NULL, ENGINE, NULL},
     DEVSEC_ERR_INCONSISTENT,
     "administrators: engine-id says what the keys are localized to, and there are no keys; expected it with keys "
     "only"},
    {{"alice", 4, "SHA-1", "AES-256", ENGINE, KEYS_A},
     DEVSEC_ERR_INCONSISTENT,
     "administrators: auth SHA-1 yields no key long enough for priv AES-256, and implementations stretch it in "
     "different ways; expected AES-256 with SHA-256 or longer, or AES-128"},
    {{"alice", 0, NULL, NULL, NULL, NULL}, DEVSEC_ERR_WRONG_VALUE, "administrators.role: found 0, " ROLES},
    {{"alice", 5, NULL, NULL, NULL, NULL}, DEVSEC_ERR_WRONG_VALUE, "administrators.role: found 5, " ROLES},
    {{"", 1, NULL, NULL, NULL, NULL},
     DEVSEC_ERR_WRONG_LENGTH,
     "administrators.name: found a text of 0 octets, expected a text of 1 to 32 octets"},
    {{"alice", 4, "SHA-256", "AES-128", NULL, "hunter2"}, DEVSEC_ERR_WRONG_VALUE, "administrators.keys: " SEALED},
};

static void rows_are_checked_as_a_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct value *row = row_of(&rows[i].row);
        struct devsec_error error = {0};

        assert_int_equal(row_check(TABLE_ADMINISTRATORS, row, &error), rows[i].code);
        assert_string_equal(error.text, rows[i].code ? rows[i].says : "");
        row_free(TABLE_ADMINISTRATORS, row);
    }
    row_free(TABLE_ADMINISTRATORS, NULL);
}

static void rows_differ_by_any_column(void **state)
{
    const struct row_texts base = {"alice", 4, "SHA-256", "AES-128", ENGINE, KEYS_A};
    const struct row_texts others[] = {
        {"alicf", 4, "SHA-256", "AES-128", ENGINE, KEYS_A}, {"alice", 3, "SHA-256", "AES-128", ENGINE, KEYS_A},
        {"alice", 4, "SHA-512", "AES-128", ENGINE, KEYS_A}, {"alice", 4, "SHA-256", "AES-256", ENGINE, KEYS_A},
        {"alice", 4, "SHA-256", "AES-128", NULL, KEYS_A},   {"alice", 4, "SHA-256", "AES-128", ENGINE, KEYS_B},
    };
    struct value *row = row_of(&base);
    struct value *same = row_of(&base);

    (void)state;
    assert_true(row_equal(TABLE_ADMINISTRATORS, row, same));
    for (size_t i = 0; i < COUNT(others); i++) {
        struct value *other = row_of(&others[i]);

        assert_false(row_equal(TABLE_ADMINISTRATORS, row, other));
        row_free(TABLE_ADMINISTRATORS, other);
    }
    row_free(TABLE_ADMINISTRATORS, row);
    row_free(TABLE_ADMINISTRATORS, same);
}

/* ---- Tables ---- */

static enum devsec_err put(struct table *table, const char *name, const char *keys, struct devsec_error *error)
{
    struct value *row = row_named(name, keys);
    const enum devsec_err err = table_put(TABLE_ADMINISTRATORS, table, row, error);

    row_free(TABLE_ADMINISTRATORS, row);
    return err;
}

static long find(const struct table *table, char *name)
{
    const struct value key = {.text = name};

    return table_find(TABLE_ADMINISTRATORS, table, &key);
}

static void rows_stand_in_the_order_of_their_keys(void **state)
{
    static const char *const names[] = {"mallory", "bob", "zoe", "Alice", "alice", "bobby", "bo"};
    static const char *const sorted[] = {"Alice", "alice", "bo", "bob", "bobby", "mallory", "zoe"};
    struct table table = {0};
    char name[33];

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(put(&table, names[i], KEYS_A, NULL), DEVSEC_OK);
    assert_int_equal(put(&table, "bob", KEYS_B, NULL), DEVSEC_OK); /* in place of the other one */
    assert_int_equal(table.count, COUNT(sorted));
    for (size_t i = 0; i < COUNT(sorted); i++) {
        snprintf(name, sizeof(name), "%s", sorted[i]);
        assert_string_equal(cell_text(&table, i, ADMINISTRATOR_NAME), sorted[i]);
        assert_string_equal(cell_text(&table, i, ADMINISTRATOR_KEYS), strcmp(sorted[i], "bob") ? KEYS_A : KEYS_B);
        assert_int_equal(find(&table, name), i);
    }
    strcpy(name, "b");
    assert_int_equal(find(&table, name), -1);
    strcpy(name, "zz");
    assert_int_equal(find(&table, name), -1);
    table_remove(TABLE_ADMINISTRATORS, &table, 0);
    table_remove(TABLE_ADMINISTRATORS, &table, 5);
    table_remove(TABLE_ADMINISTRATORS, &table, 2);
    assert_int_equal(table.count, 4);
    assert_string_equal(cell_text(&table, 0, ADMINISTRATOR_NAME), "alice");
    assert_string_equal(cell_text(&table, 1, ADMINISTRATOR_NAME), "bo");
    assert_string_equal(cell_text(&table, 2, ADMINISTRATOR_NAME), "bobby");
    assert_string_equal(cell_text(&table, 3, ADMINISTRATOR_NAME), "mallory");
    table_clear(TABLE_ADMINISTRATORS, &table);
    table_clear(TABLE_ADMINISTRATORS, &table);
    assert_int_equal(table.count, 0);
}

static void a_full_table_takes_no_more(void **state)
{
    struct devsec_error error = {0};
    struct table table = {0};
    char name[33];

    (void)state;
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof(name), "a%d", i);
        assert_int_equal(put(&table, name, KEYS_A, &error), DEVSEC_OK);
    }
    assert_int_equal(put(&table, "b", KEYS_A, &error), DEVSEC_ERR_UNAVAILABLE);
    assert_string_equal(error.text, "administrators: the table is full, 32 rows are the most that it holds");
    assert_int_equal(table.count, 32);
    assert_int_equal(put(&table, "a7", KEYS_B, &error), DEVSEC_OK); /* one that is there already */
    assert_int_equal(table.count, 32);
    table_remove(TABLE_ADMINISTRATORS, &table, 3);
    assert_int_equal(put(&table, "b", KEYS_A, &error), DEVSEC_OK);
    table_clear(TABLE_ADMINISTRATORS, &table);
}

static void copies_are_deep_and_compared(void **state)
{
    struct table table = {0};
    struct table copy = {0};
    struct table empty = {0};

    (void)state;
    assert_int_equal(put(&table, "alice", KEYS_A, NULL), DEVSEC_OK);
    assert_int_equal(put(&table, "bob", KEYS_A, NULL), DEVSEC_OK);
    assert_int_equal(table_copy(TABLE_ADMINISTRATORS, &copy, &table, NULL), DEVSEC_OK);
    assert_true(table_equal(TABLE_ADMINISTRATORS, &table, &copy));
    assert_false(table_equal(TABLE_ADMINISTRATORS, &table, &empty));
    assert_true(table_equal(TABLE_ADMINISTRATORS, &empty, &empty));
    assert_int_equal(put(&copy, "bob", KEYS_B, NULL), DEVSEC_OK);
    assert_false(table_equal(TABLE_ADMINISTRATORS, &table, &copy));
    alloc_faults_watch(table.rows[0][ADMINISTRATOR_KEYS].text, strlen(KEYS_A));
    table_clear(TABLE_ADMINISTRATORS, &table);
    assert_null(alloc_faults.watched);
    assert_true(alloc_faults.cleansed);
    assert_string_equal(cell_text(&copy, 0, ADMINISTRATOR_KEYS), KEYS_A);
    assert_int_equal(table_copy(TABLE_ADMINISTRATORS, &copy, &empty, NULL), DEVSEC_OK);
    assert_int_equal(copy.count, 0);
    table_clear(TABLE_ADMINISTRATORS, &copy);
}

static void lack_of_memory_leaves_tables_as_they_were(void **state)
{
    struct value *old = row_named("alice", KEYS_A);
    struct value *new = row_named("bob", KEYS_B);
    struct value *other = row_named("alice", KEYS_B);
    struct devsec_error error = {0};
    struct table table = {0};
    struct table copy = {0};
    bool failed = true;

    (void)state;
    assert_int_equal(table_put(TABLE_ADMINISTRATORS, &table, old, NULL), DEVSEC_OK);
    for (size_t n = 0; failed; n++) {
        enum devsec_err err[3];

        alloc_faults_arm(n);
        err[0] = table_copy(TABLE_ADMINISTRATORS, &copy, &table, &error);
        err[1] = err[0] ? err[0] : table_put(TABLE_ADMINISTRATORS, &copy, new, &error);
        err[2] = err[1] ? err[1] : table_put(TABLE_ADMINISTRATORS, &copy, other, &error);
        failed = alloc_faults_disarm();
        assert_int_equal(err[2], failed ? DEVSEC_ERR_MEMORY : DEVSEC_OK);
        if (failed)
            assert_string_equal(error.text, "out of memory for administrators");
        assert_int_equal(copy.count, err[0] ? 0 : err[1] ? 1 : 2);
        if (!err[0])
            assert_string_equal(cell_text(&copy, 0, ADMINISTRATOR_KEYS), err[2] ? KEYS_A : KEYS_B);
        alloc_faults.armed = true;
        table_clear(TABLE_ADMINISTRATORS, &copy);
        alloc_faults.armed = false;
        assert_int_equal(alloc_faults.held, 0);
    }
    table_clear(TABLE_ADMINISTRATORS, &table);
    row_free(TABLE_ADMINISTRATORS, old);
    row_free(TABLE_ADMINISTRATORS, new);
    row_free(TABLE_ADMINISTRATORS, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_agrees_with_the_mib),
        cmocka_unit_test(every_column_takes_what_it_should),
        cmocka_unit_test(a_sealed_text_has_a_longest_length),
        cmocka_unit_test(rows_are_checked_as_a_whole),
        cmocka_unit_test(rows_differ_by_any_column),
        cmocka_unit_test(rows_stand_in_the_order_of_their_keys),
        cmocka_unit_test(a_full_table_takes_no_more),
        cmocka_unit_test(copies_are_deep_and_compared),
        cmocka_unit_test(lack_of_memory_leaves_tables_as_they_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
