/* SPDX-License-Identifier: Apache-2.0 */
/* What devsecctl writes: JSON and YAML trees, values, secrets, and the exit status of errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli.h"
#include "commands.h"
#include "show.h"
#include "tree.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *json_of(const struct tree *tree, const struct yaml_node *root)
{
    struct devsec_error error = {0};
    char *text = NULL;
    size_t length = 0;

    assert_int_equal(tree_print(tree, root, true, &text, &length, &error), DEVSEC_OK);
    assert_int_equal(strlen(text), length);
    return text;
}

static void json_escapes_what_rfc_8259_asks_for(void **state)
{
    static const struct {
        const char *text;
        const char *json;
    } cases[] = {
        {"", "\"\"\n"},
        {"plain", "\"plain\"\n"},
        {"\"quoted\" \\ /", "\"\\\"quoted\\\" \\\\ /\"\n"},
        {"a\tb\nc\x01\x1f\x7f", "\"a\\u0009b\\u000ac\\u0001\\u001f\x7f\"\n"},
        {"gr\xC3\xBC\xC3\x9F \xE6\xBC\xA2 \xF0\x9F\x94\x92", "\"gr\xC3\xBC\xC3\x9F \xE6\xBC\xA2 \xF0\x9F\x94\x92\"\n"},
        {"\xff", "\"\xEF\xBF\xBD\"\n"},
        {"a\xC3", "\"a\xEF\xBF\xBD\"\n"},
        {"\xC3(", "\"\xEF\xBF\xBD(\"\n"},
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"\n"},
        {"\xC0\xAF!", "\"\xEF\xBF\xBD\xEF\xBF\xBD!\"\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tree tree = {0};
        struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_SEQUENCE);
        char *json;

        tree_text(&tree, root, NULL, cases[i].text);
        json = json_of(&tree, root->children);
        assert_string_equal(json, cases[i].json);
        free(json);
        tree_free(&tree);
    }
}

static void trees_print_as_json_and_yaml(void **state)
{
    struct tree tree = {0};
    struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
    struct yaml_node *group = tree_group(&tree, root, "tls");
    struct yaml_node *list = tree_add(&tree, group, "versions", YAML_SEQUENCE);
    struct devsec_error error = {0};
    char *yaml = NULL;
    size_t length = 0;
    char *json;

    (void)state;
    tree_text(&tree, list, NULL, "tls12");
    tree_text(&tree, list, NULL, "tls13");
    tree_number(&tree, group, "port", -25);
    tree_bool(&tree, group, "secure", true);
    tree_text(&tree, group, "word", "true");
    tree_text(&tree, group, "digits", "25");
    tree_add(&tree, group, "nothing", YAML_MAPPING);
    tree_add(&tree, root, "none", YAML_SEQUENCE);
    assert_ptr_equal(tree_group(&tree, root, "tls"), group);
    json = json_of(&tree, root);
    assert_string_equal(json, "{\n"
                              "  \"tls\": {\n"
                              "    \"versions\": [\"tls12\", \"tls13\"],\n"
                              "    \"port\": -25,\n"
                              "    \"secure\": true,\n"
                              "    \"word\": \"true\",\n"
                              "    \"digits\": \"25\",\n"
                              "    \"nothing\": {}\n"
                              "  },\n"
                              "  \"none\": []\n"
                              "}\n");
    assert_int_equal(tree_print(&tree, root, false, &yaml, &length, &error), DEVSEC_OK);
    assert_string_equal(yaml, "tls:\n"
                              "  versions: [tls12, tls13]\n"
                              "  port: -25\n"
                              "  secure: true\n"
                              "  word: \"true\"\n"
                              "  digits: \"25\"\n"
                              "  nothing: {}\n"
                              "none: []\n");
    free(json);
    free(yaml);
    tree_free(&tree);
}

static void a_tree_that_ran_out_of_memory_is_not_printed(void **state)
{
    struct tree tree = {.failed = true};
    struct devsec_error error = {0};
    char *text = NULL;
    size_t length = 0;

    (void)state;
    assert_int_equal(tree_print(&tree, &tree.spare, true, &text, &length, &error), DEVSEC_ERR_MEMORY);
    assert_string_equal(error.text, "out of memory");
    assert_null(text);
}

static void values_show_by_their_meaning(void **state)
{
    static char host[] = "mail.example.com";
    static char odd[] = "a\x1b[31m\"";
    static const struct {
        enum setting_id id;
        struct value value;
        const char *bare;
        const char *listed;
        const char *json;
    } cases[] = {
        {SETTING_TLS_PERMIT_MODE, {.number = 3}, "ciphertextOnly", "ciphertextOnly", "\"ciphertextOnly\"\n"},
        {SETTING_TLS_VERSIONS, {.number = 0x18}, "tls12,tls13", "tls12,tls13", "[\"tls12\", \"tls13\"]\n"},
        {SETTING_TLS_VERSIONS, {.number = 0}, "none", "none", "[]\n"},
        {SETTING_TLS_IPV4, {.number = 1}, "true", "true", "true\n"},
        {SETTING_TLS_IPV4, {.number = 0}, "false", "false", "false\n"},
        {SETTING_SMTP_PORT, {.number = 465}, "465", "465", "465\n"},
        {SETTING_SMTP_HOST, {.text = NULL}, "", "\"\"", "\"\"\n"},
        {SETTING_SMTP_HOST, {.text = host}, "mail.example.com", "mail.example.com", "\"mail.example.com\"\n"},
        {SETTING_SMTP_HOST, {.text = odd}, "a\x1b[31m\"", "a\\x1b[31m\\x22", "\"a\\u001b[31m\\\"\"\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *bare = show_value(cases[i].id, false, &cases[i].value, SHOW_BARE);
        char *listed = show_value(cases[i].id, false, &cases[i].value, SHOW_LISTED);
        struct tree tree = {0};
        struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_MAPPING);
        char *json;

        show_node(&tree, root, "x", cases[i].id, false, &cases[i].value);
        json = json_of(&tree, root->children);
        assert_string_equal(bare, cases[i].bare);
        assert_string_equal(listed, cases[i].listed);
        assert_string_equal(json, cases[i].json);
        free(bare);
        free(listed);
        free(json);
        tree_free(&tree);
    }
}

static void a_secret_shows_only_whether_it_is_set(void **state)
{
    static char text[] = "Secret1";
    static char empty[] = "";
    static const struct {
        enum setting_id id;
        struct value value;
        const char *shown;
    } cases[] = {
        {SETTING_SMTP_HOST, {.text = text}, "(set)"},       {SETTING_SMTP_HOST, {.text = empty}, "(not set)"},
        {SETTING_SMTP_HOST, {.text = NULL}, "(not set)"},   {SETTING_SMTP_PORT, {.number = 4711}, "(set)"},
        {SETTING_TLS_VERSIONS, {.number = 0}, "(not set)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *bare = show_value(cases[i].id, true, &cases[i].value, SHOW_BARE);
        char *listed = show_value(cases[i].id, true, &cases[i].value, SHOW_LISTED);
        struct tree tree = {0};
        struct yaml_node *root = tree_add(&tree, NULL, NULL, YAML_MAPPING);

        show_node(&tree, root, "x", cases[i].id, true, &cases[i].value);
        assert_string_equal(bare, cases[i].shown);
        assert_string_equal(listed, cases[i].shown);
        assert_string_equal(root->children->scalar, cases[i].shown);
        assert_true(root->children->quoted);
        free(bare);
        free(listed);
        tree_free(&tree);
    }
}

static void every_error_has_its_exit_status(void **state)
{
    static const struct {
        enum devsec_err code;
        enum cli_exit status;
    } cases[] = {
        {DEVSEC_OK, CLI_OK},
        {DEVSEC_ERR_WRONG_TYPE, CLI_REFUSED},
        {DEVSEC_ERR_WRONG_LENGTH, CLI_REFUSED},
        {DEVSEC_ERR_WRONG_VALUE, CLI_REFUSED},
        {DEVSEC_ERR_INCONSISTENT, CLI_REFUSED},
        {DEVSEC_ERR_NOT_WRITABLE, CLI_REFUSED},
        {DEVSEC_ERR_NO_CREATION, CLI_REFUSED},
        {DEVSEC_ERR_UNAVAILABLE, CLI_TROUBLE},
        {DEVSEC_ERR_NOT_FOUND, CLI_REFUSED},
        {DEVSEC_ERR_SYNTAX, CLI_REFUSED},
        {DEVSEC_ERR_NEWER_FORMAT, CLI_TROUBLE},
        {DEVSEC_ERR_UNSAFE, CLI_TROUBLE},
        {DEVSEC_ERR_IO, CLI_TROUBLE},
        {DEVSEC_ERR_BUSY, CLI_TROUBLE},
        {DEVSEC_ERR_MEMORY, CLI_TROUBLE},
        {DEVSEC_ERR_INTERNAL, CLI_TROUBLE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(cli_exit_of(cases[i].code), cases[i].status);
}

static void foreign_text_cannot_steer_a_terminal(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    (void)state;
    cli_print_safely(stream, "a\x1b[31m\xff\n\xE2\x80\xAE\xC3\xBC.");
    fclose(stream);
    assert_string_equal(text, "a?[31m???\xC3\xBC.");
    free(text);
}

/* Help and completion take the table as it is, so what it says has to hold. */
static void the_command_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];

        assert_non_null(command->run);
        assert_true(strlen(command->name) > 0);
        assert_true(command->summary[0] >= 'a' && command->summary[0] <= 'z');
        assert_true(command->max < 0 || command->min <= command->max);
        assert_int_equal(command->max == 0, command->arguments[0] == '\0');
        assert_int_equal(command->max == 0, command->takes == TAKES_NOTHING);
        assert_true(command->details[0] == '\0' || command->details[strlen(command->details) - 1] == '\n');
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(command->name, commands[other].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_escapes_what_rfc_8259_asks_for),
        cmocka_unit_test(trees_print_as_json_and_yaml),
        cmocka_unit_test(a_tree_that_ran_out_of_memory_is_not_printed),
        cmocka_unit_test(values_show_by_their_meaning),
        cmocka_unit_test(a_secret_shows_only_whether_it_is_set),
        cmocka_unit_test(every_error_has_its_exit_status),
        cmocka_unit_test(foreign_text_cannot_steer_a_terminal),
        cmocka_unit_test(the_command_table_is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
