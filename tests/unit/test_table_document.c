/* SPDX-License-Identifier: Apache-2.0 */
/* Tables in the settings document: what is written comes back, and every complaint has its place and quotes no secret.
 */
#include "document_faults.h"
#include "store/document.h"
#include "table_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD         "format: 1\nadministrators:\n" /* rows begin in line 3 */

static void put(struct document *document, const struct row_texts *texts)
{
    struct value *row = row_of(texts);

    assert_int_equal(table_put(TABLE_ADMINISTRATORS, &document->tables[TABLE_ADMINISTRATORS], row, NULL), DEVSEC_OK);
    row_free(TABLE_ADMINISTRATORS, row);
}

static const struct row_texts some[] = {
    {"mallory", MIB_devsecAdminRole_fileAdministrator, NULL, NULL, NULL, NULL},
    {"4711", MIB_devsecAdminRole_userAdministrator, "SHA-512", "AES-256", "8000000001", KEYS_B},
    {"true", MIB_devsecAdminRole_networkAdministrator, "SHA-256", "AES-128", NULL, KEYS_A},
};

#define SOME                                                                                                           \
    "\nadministrators:\n"                                                                                              \
    "  - name: \"4711\"\n    role: userAdministrator\n    auth: SHA-512\n    priv: AES-256\n"                          \
    "    engine-id: \"8000000001\"\n    keys: \"" KEYS_B "\"\n"                                                        \
    "  - name: mallory\n    role: fileAdministrator\n"                                                                 \
    "  - name: \"true\"\n    role: networkAdministrator\n    auth: SHA-256\n    priv: AES-128\n"                       \
    "    keys: \"" KEYS_A "\"\n...\n"

static struct document *document_with_some(void)
{
    struct document *document = NULL;

    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(some); i++)
        put(document, &some[i]);
    return document;
}

static void rows_are_printed_behind_the_settings_and_come_back(void **state)
{
    struct document *document = document_with_some();
    struct document *again;
    char *text = document_printed(document);
    char *twice;

    (void)state;
    assert_true(strlen(text) > strlen(SOME));
    assert_string_equal(text + strlen(text) - strlen(SOME), SOME);
    again = document_parsed(text);
    assert_true(document_same_settings(document, again));
    twice = document_printed(again);
    assert_string_equal(twice, text);
    table_remove(TABLE_ADMINISTRATORS, &again->tables[TABLE_ADMINISTRATORS], 1);
    assert_false(document_same_settings(document, again));
    free(text);
    free(twice);
    document_free(again);
    document_free(document);
}

static void an_empty_table_is_not_printed(void **state)
{
    static const char *const texts[] = {"format: 1\n", "format: 1\nadministrators:\n",
                                        "format: 1\nadministrators: []\n"};
    struct document *defaults = NULL;

    (void)state;
    assert_int_equal(document_new(&defaults, NULL), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct document *document = document_parsed(texts[i]);
        char *text = document_printed(document);

        assert_null(strstr(text, "administrators"));
        assert_true(document_same_settings(document, defaults));
        free(text);
        document_free(document);
    }
    document_free(defaults);
}

/* Any order of rows and columns, any style; what is empty is as good as left out. */
static void people_may_write_rows_as_they_like(void **state)
{
    static const char *const texts[] = {
        HEAD "- {role: userAdministrator, name: bob}\n- name: alice\n  role: fileAdministrator\n",
        "administrators:\n  -\n    name: alice\n    role: fileAdministrator\n  - name: 'bob'\n    role: "
        "\"userAdministrator\"\nformat: 1\n",
        HEAD "- name: alice\n  role: fileAdministrator\n  auth: \"\"\n  priv: ''\n  keys: \"\"\n  engine-id: \"\"\n"
             "- name: bob\n  role: userAdministrator\n",
        "{\"administrators\": [{\"name\": \"bob\", \"role\": \"userAdministrator\"}, {\"name\": \"alice\", \"role\": "
        "\"fileAdministrator\"}], \"format\": 1}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct document *document = document_parsed(texts[i]);
        const struct table *table = &document->tables[TABLE_ADMINISTRATORS];
        struct document *copy = NULL;

        assert_int_equal(table->count, 2);
        assert_string_equal(cell_text(table, 0, ADMINISTRATOR_NAME), "alice");
        assert_int_equal(table->rows[0][ADMINISTRATOR_ROLE].number, MIB_devsecAdminRole_fileAdministrator);
        assert_string_equal(cell_text(table, 0, ADMINISTRATOR_KEYS), "");
        assert_string_equal(cell_text(table, 1, ADMINISTRATOR_NAME), "bob");
        assert_int_equal(document_copy(&copy, document, NULL), DEVSEC_OK);
        assert_true(document_same_settings(copy, document));
        document_free(document);
        assert_string_equal(cell_text(&copy->tables[TABLE_ADMINISTRATORS], 1, ADMINISTRATOR_NAME), "bob");
        document_free(copy);
    }
}

/* ---- Complaints ---- */

#define ALICE    "- name: alice\n  role: fileAdministrator\n"
#define BOB      "- name: bob\n  role: fileAdministrator\n"
#define ROLES    "expected one of networkAdministrator, machineAdministrator, userAdministrator, fileAdministrator"
#define AUTHS    "expected one of MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512"
#define SEALED   "this value is not allowed, expected a secret of at most 512 octets as devsecctl seals it"
#define LIST     "expected a list of rows, each behind a \"-\""
#define COLUMNS  "expected its columns, each on a line of its own"
#define TOGETHER "auth, priv and keys belong together, and "

static const struct {
    const char *text; /* behind "format: 1\n", line 1 */
    const char *sentence;
} refused[] = {
    {"administrators: alice\n", "2:17: administrators: found \"alice\", " LIST},
    {"administrators: {alice: {}}\n", "2:17: administrators: found a mapping, " LIST},
    {"administrators: \"\"\n", "2:17: administrators: found \"\" in quotes, " LIST},
    {"administrators:\n- alice\n", "3:3: administrators[1]: found \"alice\", " COLUMNS},
    {"administrators:\n" ALICE "-\n", "5:2: administrators[2]: found nothing, " COLUMNS},
    {"administrators:\n" ALICE "- [bob]\n", "5:3: administrators[2]: found a list, " COLUMNS},
    {"administrators:\n- {}\n", "3:3: administrators[1]: name is missing, expected a text of 1 to 32 octets"},
    {"administrators:\n" ALICE "- name: bob\n", "5:3: administrators[2]: role is missing, " ROLES},
    {"administrators:\n" ALICE "- name: bob\n  role:\n", "6:8: administrators[2].role: found nothing, " ROLES},
    {"administrators:\n" ALICE "- name: bob\n  role: 1\n", "6:9: administrators[2].role: found \"1\", " ROLES},
    {"administrators:\n- role: userAdminstrator\n  name: bob\n",
     "3:9: administrators[1].role: found \"userAdminstrator\", " ROLES "; did you mean \"userAdministrator\"?"},
    {"administrators:\n- name: al ice\n", "3:9: administrators[1].name: found \"al ice\", expected printable ASCII "
                                          "without blanks, quotes, backslash and '#', "
                                          "and no '-' in front, since snmpd.conf carries no other names"},
    {"administrators:\n- name: [alice]\n",
     "3:9: administrators[1].name: found a list, expected a text of 1 to 32 octets"},
    {"administrators:\n- name: ~\n", "3:9: administrators[1].name: found nothing, expected a text of 1 to 32 octets"},
    {"administrators:\n" ALICE "  auth: SHA\n", "5:9: administrators[1].auth: found \"SHA\", " AUTHS},
    {"administrators:\n" ALICE "  auth:\n", "5:8: administrators[1].auth: found nothing, " AUTHS},
    {"administrators:\n" ALICE "  auth: SHA-256\n",
     "3:3: administrators[1]: " TOGETHER "priv is missing; expected all three or none"},
    {"administrators:\n" ALICE "  auth: SHA-256\n  priv: DES\n",
     "3:3: administrators[1]: " TOGETHER "keys is missing; expected all three or none"},
    {"administrators:\n" ALICE "  engine-id: 8000000001\n",
     "3:3: administrators[1]: engine-id says what the keys are localized to, and there are no keys; expected it with "
     "keys only"},
    {"administrators:\n" BOB ALICE "  auth: MD5\n  priv: AES-192\n  keys: " KEYS_A "\n",
     "5:3: administrators[2]: auth MD5 yields no key long enough for priv AES-192, and implementations stretch it in "
     "different ways; expected AES-192 with SHA-256 or longer, or AES-128"},
    {"administrators:\n" ALICE "  kesy: " KEYS_A "\n",
     "5:3: unknown key \"kesy\" in administrators[1]; did you mean \"keys\"?"},
    {"administrators:\n" ALICE "- name: bob\n  passwort: x\n", "6:3: unknown key \"passwort\" in administrators[2]"},
    {"administrators:\n" ALICE "  name: bob\n", "5:3: the key \"name\" stands here a second time (first in line 3)"},
    {"administrators:\n" ALICE BOB ALICE,
     "7:9: administrators[3].name: \"alice\" stands here a second time (first in line 3)"},
    {"administrators:\n" BOB ALICE "- role: userAdministrator\n  name: \"alice\"\n" BOB,
     "8:9: administrators[3].name: \"alice\" stands here a second time (first in line 5)"},
    {"administrators:\n" ALICE "smtp:\nadministrators:\n" BOB,
     "6:1: the key \"administrators\" stands here a second time (first in line 2)"},
    {"adminstrators:\n" ALICE, "2:1: unknown key \"adminstrators\"; did you mean \"administrators\"?"},
    {"tls:\n  administrators: []\n", "3:3: unknown key \"administrators\" in tls"},
};

static void assert_refused(const char *text, const char *sentence)
{
    struct document *document = NULL;
    struct devsec_error error = {0};

    assert_int_equal(document_parse(&document, "settings.yaml", text, strlen(text), &error), DEVSEC_ERR_SYNTAX);
    assert_string_equal(error.text, sentence);
    assert_null(document);
    assert_int_equal(document_parse(&document, "settings.yaml", text, strlen(text), NULL), DEVSEC_ERR_SYNTAX);
}

static void refusals_name_line_column_row_and_what_was_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        char text[512];
        char sentence[512];

        snprintf(text, sizeof(text), "format: 1\n%s", refused[i].text);
        snprintf(sentence, sizeof(sentence), "settings.yaml:%s", refused[i].sentence);
        assert_refused(text, sentence);
    }
}

/* Whatever stands where a sealed text belongs, a password perhaps, is not repeated into logs and notifications. */
static void what_stands_for_a_secret_is_never_quoted(void **state)
{
    static const char *const values[] = {"hunter2-hunter2", "'hunter2'",       "[hunter2]", "{hunter2: 1}", "~", "4711",
                                         "sealed1:hunter2", "|\n    hunter2\n"};
    char text[256];

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        snprintf(text, sizeof(text), HEAD ALICE "  auth: SHA-256\n  priv: AES-128\n  keys: %s\n", values[i]);
        assert_refused(text, "settings.yaml:7:9: administrators[1].keys: " SEALED);
    }
}

static void more_rows_than_there_may_be_are_refused(void **state)
{
    char text[4096] = HEAD;
    struct document *document;

    (void)state;
    for (int i = 0; i < 32; i++)
        sprintf(text + strlen(text), "- {name: a%d, role: userAdministrator}\n", i);
    document = document_parsed(text);
    assert_int_equal(document->tables[TABLE_ADMINISTRATORS].count, 32);
    document_free(document);
    strcat(text, "- {name: b, role: userAdministrator}\n");
    assert_refused(text, "settings.yaml:35:3: administrators: the table is full, 32 rows are the most that it holds");
}

/* What a power cut or an editor that writes in place may leave: fewer administrators than there were, for instance. */
static void a_document_cut_anywhere_is_refused(void **state)
{
    struct document *document = document_with_some();
    struct devsec_error error = {0};
    struct document *cut = NULL;
    char *text;

    (void)state;
    document->generation = 5;
    text = document_printed(document);
    for (size_t length = 0; length + 1 < strlen(text); length++) {
        assert_int_equal(document_parse(&cut, "f", text, length, &error), DEVSEC_ERR_SYNTAX);
        assert_null(cut);
    }
    free(text);
    document_free(document);
}

/* ---- Memory ---- */

static void keys_are_cleansed_with_their_document(void **state)
{
    struct document *document = document_with_some();

    (void)state;
    alloc_faults_watch(document->tables[TABLE_ADMINISTRATORS].rows[0][ADMINISTRATOR_KEYS].text, strlen(KEYS_B));
    document_free(document);
    assert_null(alloc_faults.watched);
    assert_true(alloc_faults.cleansed);
}

static void lack_of_memory_loses_nothing(void **state)
{
    static const char source[] = HEAD ALICE BOB "  auth: SHA-256\n  priv: AES-128\n  keys: " KEYS_A "\n";

    (void)state;
    document_assert_survives(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_printed_behind_the_settings_and_come_back),
        cmocka_unit_test(an_empty_table_is_not_printed),
        cmocka_unit_test(people_may_write_rows_as_they_like),
        cmocka_unit_test(refusals_name_line_column_row_and_what_was_expected),
        cmocka_unit_test(what_stands_for_a_secret_is_never_quoted),
        cmocka_unit_test(more_rows_than_there_may_be_are_refused),
        cmocka_unit_test(a_document_cut_anywhere_is_refused),
        cmocka_unit_test(keys_are_cleansed_with_their_document),
        cmocka_unit_test(lack_of_memory_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
