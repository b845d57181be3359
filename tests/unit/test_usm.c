/* SPDX-License-Identifier: Apache-2.0 */
/* Administrators: keys from passwords against published values, keys in their seal, and the lines for snmpd. */
#include "admin/account.h"
#include "admin/snmpd_conf.h"
#include "admin/usm.h"
#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ENGINE       "000000000000000000000002" /* RFC 3414, A.3 */
#define PASSWORD     "maplesyrup"

/* ---- keys ---- */

/* MD5 and SHA-1: RFC 3414, A.3.1 and A.3.2. The others: the same steps with Python's hashlib. */
static const struct {
    const char *auth;
    const char *master;
    const char *localized;
} key_cases[] = {
    {"MD5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"},
    {"SHA-1", "9fb5cc0381497b3793528939ff788d5d79145211", "6695febc9288e36282235fc7151f128497b38f3f"},
    {"SHA-224", "282a5867ee9aac639ad59df9572c7d3ac0fbc13a905b6df07dbbf00b",
     "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674"},
    {"SHA-256", "ab51014d1e077f6017df2b12bee5f5aa72993177e9bb569c4dff5a4ca0b4afac",
     "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b"},
    {"SHA-384", "e06eccdf2c68a06ed034723c9c26e0db3b669e1e2efed49150b55377a2e98f383c86fb836857444654b287c93f51ff64",
     "3b298f16164a11184279d5432bf169e2d2a48307de02b3d3f7e2b4f36eb6f0455a53689a3937eea07319a633d2ccba78"},
    {"SHA-512",
     "7e4396de5aadc77be853819b98c9406265b3a9c37cc3176569847a4e4f6fba63dd3a73d04924d31a63f95a601f9385af6be4ed1b37f87d040"
     "f7c6ed6f8d38a91",
     "22a5a36cedfcc085807a128d7bc6c2382167ad6c0dbc5fdff856740f3d84c099ad1ea87a8db096714d9788bd544047c9021e4229ce27e4c0a"
     "6"
     "9250adfcffbb0b"},
};

static void assert_hex(const unsigned char *octets, size_t length, const char *expected)
{
    char hex[2 * USM_KEY_MAX + 1];

    usm_hex(hex, octets, length);
    assert_string_equal(hex, expected);
}

static void test_keys_are_the_published_ones(void **state)
{
    struct usm_engine engine = {.length = 0};

    (void)state;
    assert_int_equal(COUNT(key_cases), usm_auth_count);
    assert_int_equal(usm_engine_parse(ENGINE, &engine, NULL), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(key_cases); i++) {
        const struct usm_auth *auth = usm_auth_find(key_cases[i].auth);
        unsigned char key[USM_KEY_MAX];

        assert_non_null(auth);
        assert_int_equal(strlen(key_cases[i].master), 2 * auth->length);
        assert_int_equal(usm_master_key(auth, PASSWORD, strlen(PASSWORD), key, NULL), DEVSEC_OK);
        assert_hex(key, auth->length, key_cases[i].master);
        assert_int_equal(usm_localize_key(auth, key, engine.octets, engine.length, key, NULL), DEVSEC_OK);
        assert_hex(key, auth->length, key_cases[i].localized);
    }
}

static void test_no_key_without_a_password(void **state)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    unsigned char key[USM_KEY_MAX];

    (void)state;
    assert_int_equal(usm_master_key(&usm_auths[0], "", 0, key, &error), DEVSEC_ERR_WRONG_LENGTH);
    assert_string_equal(error.text, "a key cannot be made of an empty password");
}

static void test_protocols_are_found_in_any_case(void **state)
{
    (void)state;
    assert_string_equal(usm_auth_find("sha-256")->name, "SHA-256");
    assert_string_equal(usm_priv_find("aes-256")->name, "AES-256");
    assert_string_equal(usm_auth_find("sha")->name, "SHA-1");
    assert_string_equal(usm_auth_find("SHA512")->name, "SHA-512");
    assert_string_equal(usm_priv_find("aes")->name, "AES-128");
    assert_string_equal(usm_priv_find("AES256")->name, "AES-256");
    assert_null(usm_auth_find("AES"));
    assert_null(usm_priv_find("SHA"));
    assert_null(usm_auth_find("SHA-"));
    assert_null(usm_priv_find(""));
    assert_false(usm_auth_find(USM_AUTH_DEFAULT)->weak);
    assert_false(usm_priv_find(USM_PRIV_DEFAULT)->weak);
}

static void test_stretched_keys_are_refused(void **state)
{
    static const char *const refused[][2] = {
        {"MD5", "AES-192"}, {"MD5", "AES-256"}, {"SHA-1", "AES-192"}, {"SHA-1", "AES-256"}, {"SHA-224", "AES-256"}};
    size_t n_refused = 0;

    (void)state;
    for (size_t i = 0; i < usm_auth_count; i++) {
        for (size_t j = 0; j < usm_priv_count; j++)
            n_refused += usm_pair_check(&usm_auths[i], &usm_privs[j], NULL) != DEVSEC_OK;
    }
    assert_int_equal(n_refused, COUNT(refused));
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct devsec_error error = {DEVSEC_OK, ""};

        assert_int_equal(usm_pair_check(usm_auth_find(refused[i][0]), usm_priv_find(refused[i][1]), &error),
                         DEVSEC_ERR_INCONSISTENT);
        assert_non_null(strstr(error.text, "implementations stretch it in different ways"));
    }
}

static void test_engine_ids(void **state)
{
    static const struct {
        const char *text;
        size_t length; /* 0: refused */
    } cases[] = {
        {"8000000001", 5},
        {"0x80001F8804aabbccDD", 9},
        {"80001f88041111111111111111111111111111111111111111111111111111ff", 32},
        {"80001f88041111111111111111111111111111111111111111111111111111ff00", 0},
        {"80000000", 0},
        {"800000000", 0},
        {"80000000g1", 0},
        {"80000\x10"
         "0001",
         0}, /* with its bit 0x20 set it would be a digit */
        {"0x", 0},
        {"", 0},
        {"0000000000", 0},
        {"ffffffffff", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct usm_engine engine = {.length = 77};
        struct devsec_error error = {DEVSEC_OK, ""};
        const enum devsec_err err = usm_engine_parse(cases[i].text, &engine, &error);

        assert_int_equal(err, cases[i].length ? DEVSEC_OK : DEVSEC_ERR_WRONG_VALUE);
        assert_int_equal(engine.length, cases[i].length ? cases[i].length : 77);
        assert_true(cases[i].length || strstr(error.text, "engine ID"));
    }
}

/* ---- accounts ---- */

struct fixture {
    char directory[64];
    char key_file[96];
    struct device_key *key;
    struct table table;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    strcpy(fixture->directory, "/tmp/test_usm.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->key_file, sizeof(fixture->key_file), "%s/key", fixture->directory);
    assert_int_equal(device_key_create(&fixture->key, fixture->key_file, NULL), DEVSEC_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    table_clear(TABLE_ADMINISTRATORS, &fixture->table);
    device_key_free(fixture->key);
    unlink(fixture->key_file);
    rmdir(fixture->directory);
    free(fixture);
    return 0;
}

/* Puts an administrator into the table; `auth` NULL: without a password. */
static void add(struct fixture *fixture, const char *name, int64_t role, const char *auth, const char *priv,
                const char *engine)
{
    struct account account = {.name = name, .role = role, .sealed = ""};
    struct account_keys keys;
    struct value *row = row_new(TABLE_ADMINISTRATORS);
    char *sealed = NULL;

    assert_non_null(row);
    if (auth) {
        account.auth = usm_auth_find(auth);
        account.priv = usm_priv_find(priv);
        if (*engine)
            assert_int_equal(usm_engine_parse(engine, &account.engine, NULL), DEVSEC_OK);
        assert_int_equal(account_make_keys(&account, PASSWORD, "maplesyrup2", &keys, NULL), DEVSEC_OK);
        assert_int_equal(account_seal(&account, &keys, fixture->key, &sealed, NULL), DEVSEC_OK);
        account.sealed = sealed;
    }
    assert_int_equal(account_write(&account, row, NULL), DEVSEC_OK);
    assert_int_equal(row_check(TABLE_ADMINISTRATORS, row, NULL), DEVSEC_OK);
    assert_int_equal(table_put(TABLE_ADMINISTRATORS, &fixture->table, row, NULL), DEVSEC_OK);
    row_free(TABLE_ADMINISTRATORS, row);
    free(sealed);
}

static char *render_users(const struct fixture *fixture)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    char *text = NULL;
    size_t length = 0;

    if (snmpd_users_render(&fixture->table, fixture->key_file, &text, &length, &error))
        fail_msg("%s", error.text);
    assert_int_equal(strlen(text), length);
    return text;
}

/* What stands behind the comments. */
static const char *body(const char *text)
{
    while (*text == '#')
        text += strcspn(text, "\n") + 1;
    return text;
}

static void test_rows_and_accounts(void **state)
{
    struct fixture *fixture = *state;
    struct account account;

    add(fixture, "alice", MIB_devsecAdminRole_networkAdministrator, "SHA-256", "AES-128", "0x" ENGINE);
    add(fixture, "bob", MIB_devsecAdminRole_fileAdministrator, NULL, NULL, NULL);
    assert_int_equal(account_read(&account, fixture->table.rows[0], NULL), DEVSEC_OK);
    if (strcmp(account.name, "alice") != 0)
        assert_int_equal(account_read(&account, fixture->table.rows[1], NULL), DEVSEC_OK);
    assert_true(account_has_keys(&account) && account_may_write(&account));
    assert_string_equal(account.auth->name, "SHA-256");
    assert_string_equal(account.priv->name, "AES-128");
    assert_hex(account.engine.octets, account.engine.length, ENGINE);
    assert_int_equal(account_priv_length(&account), 16);
    account = (struct account){.auth = usm_auth_find("SHA-384"), .priv = usm_priv_find("AES-128"), .sealed = "x"};
    assert_int_equal(account_priv_length(&account), 48);
}

/* The rows' rule names the pairs, and knows no lengths: it is to refuse just what usm_pair_check refuses. */
static void test_pairs_in_a_row_are_checked(void **state)
{
    struct fixture *fixture = *state;
    struct account account;
    struct value *row;

    add(fixture, "alice", MIB_devsecAdminRole_networkAdministrator, "SHA-1", "AES-128", ENGINE);
    row = fixture->table.rows[0];
    for (size_t i = 0; i < usm_auth_count * usm_priv_count; i++) {
        const struct usm_auth *auth = &usm_auths[i / usm_priv_count];
        const struct usm_priv *priv = &usm_privs[i % usm_priv_count];
        const enum devsec_err expected = usm_pair_check(auth, priv, NULL);
        struct devsec_error error = {DEVSEC_OK, ""};

        assert_int_equal(value_set_text(&row[ADMINISTRATOR_AUTH], auth->name, NULL), DEVSEC_OK);
        assert_int_equal(value_set_text(&row[ADMINISTRATOR_PRIV], priv->name, NULL), DEVSEC_OK);
        assert_int_equal(row_check(TABLE_ADMINISTRATORS, row, NULL), expected);
        assert_int_equal(account_read(&account, row, &error), expected);
        assert_true(!expected || strstr(error.text, "administrator alice: AES-"));
    }
}

/* ---- lines for snmpd ---- */

static void test_user_lines(void **state)
{
    struct fixture *fixture = *state;
    char *text;

    add(fixture, "alice", MIB_devsecAdminRole_networkAdministrator, "SHA-256", "AES-128", ENGINE);
    text = render_users(fixture);
    assert_non_null(strstr(body(text), "createUser -e 0x" ENGINE " alice SHA-256 -l 0x"
                                       "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b AES -l 0x"));
    /* A privacy key as long as the cipher wants it, and the end of the line behind it. */
    assert_int_equal(strlen(strstr(text, "AES -l 0x")), strlen("AES -l 0x") + 32 + 1);
    assert_int_equal(snmpd_users_check(&fixture->table, text, NULL), DEVSEC_OK);
    secret_free(text, strlen(text));
}

static void test_master_key_lines(void **state)
{
    struct fixture *fixture = *state;
    char *text;

    add(fixture, "alice", MIB_devsecAdminRole_networkAdministrator, "SHA-1", "AES-128", "");
    text = render_users(fixture);
    assert_int_equal(strncmp(body(text), "createUser alice SHA-1 -m 0x9fb5cc0381497b3793528939ff788d5d79145211 AES -m ",
                             strlen("createUser alice SHA-1 -m 0x9fb5cc0381497b3793528939ff788d5d79145211 AES -m ")),
                     0);
    assert_int_equal(strlen(strstr(text, "AES -m 0x")), strlen("AES -m 0x") + 40 + 1);
    assert_int_equal(snmpd_users_check(&fixture->table, text, NULL), DEVSEC_OK);
    secret_free(text, strlen(text));
}

/* The longest of everything, as often as the table takes it: the buffer is made once. */
static void test_a_full_table_fits(void **state)
{
    struct fixture *fixture = *state;
    const size_t rows = table_schemas[TABLE_ADMINISTRATORS].rows_max;
    char name[33];
    char *text;

    for (size_t i = 0; i < rows; i++) {
        snprintf(name, sizeof(name), "%02zuaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", i);
        add(fixture, name, MIB_devsecAdminRole_networkAdministrator, "SHA-512", "AES-256",
            i % 2 ? "" : "80001f88041111111111111111111111111111111111111111111111111111ff");
    }
    text = render_users(fixture);
    assert_int_equal(snmpd_users_check(&fixture->table, text, NULL), DEVSEC_OK);
    secret_free(text, strlen(text));
}

static void test_access_lines(void **state)
{
    struct fixture *fixture = *state;
    char *text = NULL;

    add(fixture, "nina", MIB_devsecAdminRole_networkAdministrator, "SHA-256", "AES-128", ENGINE);
    add(fixture, "mike", MIB_devsecAdminRole_machineAdministrator, "SHA-256", "AES-128", ENGINE);
    add(fixture, "none", MIB_devsecAdminRole_networkAdministrator, NULL, NULL, NULL);
    assert_int_equal(snmpd_access_render(&fixture->table, &text, NULL), DEVSEC_OK);
    assert_non_null(strstr(text, "\nrwuser nina priv\n"));
    assert_non_null(strstr(text, "\nrouser mike priv\n"));
    assert_null(strstr(text, "none"));
    assert_int_equal(strlen(body(text)), strlen("rwuser nina priv\nrouser mike priv\n"));
    assert_int_equal(snmpd_access_check(&fixture->table, text, NULL), DEVSEC_OK);
    free(text);
}

static void test_nobody_needs_no_device_key(void **state)
{
    struct fixture *fixture = *state;
    char *text;

    assert_int_equal(unlink(fixture->key_file), 0);
    add(fixture, "none", MIB_devsecAdminRole_networkAdministrator, NULL, NULL, NULL);
    text = render_users(fixture);
    assert_string_equal(body(text), "");
    secret_free(text, strlen(text));
}

/* ---- what must not pass ---- */

static void test_keys_that_do_not_open_name_the_way_out(void **state)
{
    struct fixture *fixture = *state;
    struct devsec_error error = {DEVSEC_OK, ""};
    char *text = NULL;
    size_t length = 77;

    add(fixture, "alice", MIB_devsecAdminRole_networkAdministrator, "SHA-256", "AES-128", ENGINE);
    add(fixture, "bob", MIB_devsecAdminRole_networkAdministrator, "SHA-256", "AES-128", ENGINE);
    /* Alice's keys in bob's row: sealed for another administrator. */
    assert_int_equal(
        value_copy(&fixture->table.rows[0][ADMINISTRATOR_KEYS], &fixture->table.rows[1][ADMINISTRATOR_KEYS], NULL),
        DEVSEC_OK);
    assert_int_equal(snmpd_users_render(&fixture->table, fixture->key_file, &text, &length, &error), DEVSEC_ERR_UNSAFE);
    assert_non_null(strstr(error.text, "'devsecctl admin set-password "));
    assert_non_null(strstr(error.text, value_text(&fixture->table.rows[0][ADMINISTRATOR_NAME])));
    assert_int_equal(unlink(fixture->key_file), 0);
    assert_int_equal(snmpd_users_render(&fixture->table, fixture->key_file, &text, &length, &error),
                     DEVSEC_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "'devsecctl admin set-password "));
    assert_null(text);
    assert_int_equal(length, 77);
}

/* Keys that were sealed for one pair of protocols are not cut to fit another. */
static void test_keys_of_other_protocols_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct devsec_error error = {DEVSEC_OK, ""};
    struct account_keys keys;
    struct account account;

    add(fixture, "alice", MIB_devsecAdminRole_networkAdministrator, "SHA-512", "AES-128", ENGINE);
    assert_int_equal(account_read(&account, fixture->table.rows[0], NULL), DEVSEC_OK);
    account.auth = usm_auth_find("SHA-256");
    assert_int_equal(account_unseal(&account, fixture->key, &keys, &error), DEVSEC_ERR_SYNTAX);
    assert_non_null(strstr(error.text, "they have 80 octets, expected 48 for SHA-256 with AES-128"));
}

static void test_other_lines_are_refused(void **state)
{
    static const struct {
        const char *find; /* its first appearance becomes `put` */
        const char *put;
        const char *said;
    } cases[] = {
        {"createUser", "createuser", "line 6 is not as snmpd wants it for administrator alice"},
        {"-e 0x00", "-e 0x01", "line 6 is not"},
        {" alice", " alicf", "line 6 is not"},
        {"SHA-256", "SHA-512", "line 6 is not"},
        {"-l 0x8", "-l 0x", "line 6 is not"},
        {"-l 0x8", "-l 0x88", "line 6 is not"},
        {"AES -l", "DES -l", "line 6 is not"},
        {"\ncreate", "\n\ncreate", "line 6 is not"},
        {"# read", "dlmod read", "line 5 is not"},
        {"\ncreateUser", "\n# createUser", "there is no line for administrator alice"},
    };
    struct fixture *fixture = *state;
    char *text;

    add(fixture, "alice", MIB_devsecAdminRole_networkAdministrator, "SHA-256", "AES-128", ENGINE);
    text = render_users(fixture);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *at = strstr(text, cases[i].find);
        struct devsec_error error = {DEVSEC_OK, ""};
        char *changed = NULL;

        assert_non_null(at);
        assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, cases[i].put, at + strlen(cases[i].find)) >
                    0);
        assert_int_equal(snmpd_users_check(&fixture->table, changed, &error), DEVSEC_ERR_SYNTAX);
        assert_non_null(strstr(error.text, cases[i].said));
        assert_null(strstr(error.text, "8982e0"));
        free(changed);
    }
    secret_free(text, strlen(text));
}

static void test_lines_too_many_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct devsec_error error = {DEVSEC_OK, ""};

    add(fixture, "alice", MIB_devsecAdminRole_networkAdministrator, "SHA-256", "AES-128", ENGINE);
    assert_int_equal(snmpd_access_check(&fixture->table, "rwuser alice priv\nrwuser eve priv\n", &error),
                     DEVSEC_ERR_SYNTAX);
    assert_string_equal(error.text, "line 2 is for no administrator");
    assert_int_equal(snmpd_access_check(&fixture->table, "rwuser alice priv .1\n", &error), DEVSEC_ERR_SYNTAX);
    assert_string_equal(error.text, "line 1 does not end where it should");
    assert_int_equal(snmpd_access_check(&fixture->table, "rouser alice priv\n", &error), DEVSEC_ERR_SYNTAX);
    assert_int_equal(snmpd_access_check(&fixture->table, "rwuser alice auth\n", &error), DEVSEC_ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_the_published_ones),
        cmocka_unit_test(test_no_key_without_a_password),
        cmocka_unit_test(test_protocols_are_found_in_any_case),
        cmocka_unit_test(test_stretched_keys_are_refused),
        cmocka_unit_test(test_engine_ids),
        cmocka_unit_test_setup_teardown(test_rows_and_accounts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pairs_in_a_row_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_user_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_master_key_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_table_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_access_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_needs_no_device_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_that_do_not_open_name_the_way_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_of_other_protocols_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_lines_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines_too_many_are_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
