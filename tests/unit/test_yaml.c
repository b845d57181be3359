/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the YAML tree: what is read with which positions, what is refused where, and that writing loses nothing. */
#include "alloc_faults.h"
#include "base/text.h"
#include "store/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct yaml_node *parse(const char *text)
{
    struct yaml_node *root = NULL;
    struct devsec_error error = {0};

    if (yaml_parse(&root, "f", text, strlen(text), &error))
        fail_msg("%s", error.text);
    return root;
}

/* A tree in one line, with kinds, quotes and positions, to be compared as a whole. */
static void describe(struct text *text, const struct yaml_node *node)
{
    static const char *const brackets[] = {[YAML_SEQUENCE] = "[]", [YAML_MAPPING] = "{}"};

    if (node->key)
        text_printf(text, "%s@%zu:%zu=", node->key, node->key_line, node->key_column);
    text_printf(text, "%zu:%zu", node->line, node->column);
    if (node->kind == YAML_SCALAR) {
        text_printf(text, node->quoted ? "'%s'" : "(%s)", node->scalar);
        return;
    }
    text_printf(text, "%c", brackets[node->kind][0]);
    for (const struct yaml_node *child = node->children; child; child = child->next) {
        describe(text, child);
        text_append(text, child->next ? " " : "");
    }
    text_printf(text, "%c", brackets[node->kind][1]);
}

static const struct {
    const char *text;
    const char *tree;
} trees[] = {
    {"", "1:1{}"},
    {"# only a comment", "1:1{}"},
    {"---\n", "1:1{}"},
    {"---\n...\n", "1:1{}"},
    {"a: 1\n", "1:1{a@1:1=1:4(1)}"},
    {"\xef\xbb\xbf"
     "a: 1\nb: 2\n",
     "1:1{a@1:1=1:4(1) b@2:1=2:4(2)}"},
    {"a: 1\r\nb:\r\n  c: 'x'\r\n", "1:1{a@1:1=1:4(1) b@2:1=3:3{c@3:3=3:6'x'}}"},
    {"a: \"1\"\nb: '1'\nc: |\n  1\nd: !!str 1\ne: !!int 1\n",
     "1:1{a@1:1=1:4'1' b@2:1=2:4'1' c@3:1=3:4'1\n' d@5:1=5:4'1' e@6:1=6:4(1)}"},
    {"a: [x, 'y', [z]]\n", "1:1{a@1:1=1:4[1:5(x) 1:8'y' 1:13[1:14(z)]]}"},
    {"a:\n  - x\n  - b: y\n", "1:1{a@1:1=2:3[2:5(x) 3:5{b@3:5=3:8(y)}]}"},
    {"a:\nb: ~\n", "1:1{a@1:1=1:3() b@2:1=2:4(~)}"},
    {"\xc3\xa9t\xc3\xa9: x\n", "1:1{\xc3\xa9t\xc3\xa9@1:1=1:6(x)}"}, /* columns are characters */
    {"{\"a\": {\"b\": [true]}}", "1:1{a@1:2=1:7{b@1:8=1:13[1:14(true)]}}"},
    {"'quoted key': 1", "1:1{quoted key@1:1=1:15(1)}"},
    {"? a\n: b\n", "1:1{a@1:3=2:3(b)}"},
    {"%YAML 1.2\n---\na: 1\n...\n# end\n", "3:1{a@3:1=3:4(1)}"},
    {"- a\n- b\n", "1:1[1:3(a) 2:3(b)]"},
    {"word\n", "1:1(word)"},
};

static void trees_have_their_positions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(trees); i++) {
        struct yaml_node *root = parse(trees[i].text);
        struct text text = {0};

        describe(&text, root);
        assert_string_equal(text.data, trees[i].tree);
        text_free(&text);
        yaml_free(root);
    }
}

#define REFUSED(text, sentence)                                                                                        \
    {                                                                                                                  \
        text, sizeof(text) - 1, sentence                                                                               \
    }

static const struct {
    const char *text;
    size_t length;
    const char *sentence;
} refused[] = {
    REFUSED("a: 1\nb: 2\na: 3\n", "f:3:1: the key \"a\" stands here a second time (first in line 1)"),
    REFUSED("g:\n  x: 1\n  y: 2\n  \"x\": 3\n", "f:4:3: the key \"x\" stands here a second time (first in line 2)"),
    REFUSED("a: &x 1\n", "f:1:4: anchors (&name) have no place here; expected a plain value"),
    REFUSED("a: &x [1]\n", "f:1:4: anchors (&name) have no place here; expected a plain value"),
    REFUSED("a: &x {b: 1}\n", "f:1:4: anchors (&name) have no place here; expected a plain value"),
    REFUSED("&x a: 1\n", "f:1:1: anchors (&name) have no place here; expected a plain value"),
    REFUSED("a: 1\nb: *a\n", "f:2:4: aliases (*name) have no place here; write the value itself"),
    REFUSED("a: !thing 1\n", "f:1:4: tags have no place here; expected a plain value"),
    REFUSED("a: !!binary aGk=\n", "f:1:4: this tag has no place here; expected a plain value"),
    REFUSED("a: !!map [1]\n", "f:1:4: this tag has no place here; expected a plain value"),
    REFUSED("!x a: 1\n", "f:1:1: tags have no place here; expected a plain value"),
    REFUSED("[a]: 1\n", "f:1:1: a list or a mapping cannot be a key; expected a name"),
    REFUSED("? {a: b}\n: 1\n", "f:1:3: a list or a mapping cannot be a key; expected a name"),
    REFUSED("a: 1\n---\nb: 2\n", "f:2:1: a second document begins here; expected only one in the file"),
    REFUSED("a: \"x\\0y\"\n", "f:1:4: this text holds a NUL character, which no value may"),
    REFUSED("a: 1\nb: \0\n", "f:2:4: control characters are not allowed"),
    REFUSED("a: 1\r\nb: \x1b\n", "f:2:4: control characters are not allowed"),
    REFUSED("# \xc3\xa9\nab: \xff\n", "f:2:5: invalid leading UTF-8 octet"),
    REFUSED("\xff\xfe"
            "a\0:\0",
            "f:1:1: invalid leading UTF-8 octet"), /* UTF-16 */
    REFUSED("a: [1\nb: 2\n", "f:2:2: did not find expected ',' or ']', while parsing a flow sequence that begins in "
                             "line 1"),
    REFUSED("a: \"x\n", "f:2:1: found unexpected end of stream, while scanning a quoted scalar that begins in line 1"),
    REFUSED("a: b: c\n", "f:1:5: mapping values are not allowed in this context"),
    REFUSED("\ta: 1\n", "f:1:1: found character that cannot start any token, while scanning for the next token that "
                        "begins in line 1"),
};

static void refusals_name_place_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct yaml_node *root = NULL;
        struct devsec_error error = {0};

        assert_int_equal(yaml_parse(&root, "f", refused[i].text, refused[i].length, &error), DEVSEC_ERR_SYNTAX);
        assert_string_equal(error.text, refused[i].sentence);
        assert_null(root);
    }
}

static void depth_is_limited(void **state)
{
    struct yaml_node *root = NULL;
    struct devsec_error error = {0};
    char text[2 * YAML_DEPTH_MAX + 3] = "";

    (void)state;
    memset(text, '[', YAML_DEPTH_MAX);
    memset(text + YAML_DEPTH_MAX, ']', YAML_DEPTH_MAX);
    yaml_free(parse(text));
    memset(text, '[', YAML_DEPTH_MAX + 1);
    memset(text + YAML_DEPTH_MAX + 1, ']', YAML_DEPTH_MAX + 1);
    assert_int_equal(yaml_parse(&root, "f", text, strlen(text), &error), DEVSEC_ERR_SYNTAX);
    assert_string_equal(error.text, "f:1:17: nested too deep; 16 levels are the most that a file may have");
    assert_null(root);
}

static void number_of_nodes_is_limited(void **state)
{
    struct yaml_node *root = NULL;
    struct devsec_error error = {0};
    struct text text = {0};

    (void)state;
    for (size_t i = 1; i < YAML_NODES_MAX; i++)
        text_append(&text, "- x\n");
    yaml_free(parse(text.data));
    text_append(&text, "- x\n");
    assert_int_equal(yaml_parse(&root, "f", text.data, text.length, &error), DEVSEC_ERR_SYNTAX);
    assert_string_equal(error.text, "f:250000:3: too many values; 250000 is the most that a file may hold");
    assert_null(root);
    text_free(&text);
}

static void many_keys_are_compared_quickly_and_long_ones_refused(void **state)
{
    struct yaml_node *root = NULL;
    struct devsec_error error = {0};
    struct text text = {0};
    char key[YAML_KEY_MAX + 2];

    (void)state;
    for (size_t i = 1; i < YAML_NODES_MAX; i++)
        text_printf(&text, "k%zu: x\n", i);
    yaml_free(parse(text.data));
    text_free(&text);
    memset(key, 'k', sizeof(key));
    text_append_n(&text, key, YAML_KEY_MAX);
    text_append(&text, ": 1\n");
    yaml_free(parse(text.data));
    text_append_n(&text, key, YAML_KEY_MAX + 1);
    text_append(&text, ": 1\n");
    assert_int_equal(yaml_parse(&root, "f", text.data, text.length, &error), DEVSEC_ERR_SYNTAX);
    assert_string_equal(error.text, "f:2:1: this key is longer than 255 octets");
    text_free(&text);
}

static void unbounded_text_is_not_read_past_its_length(void **state)
{
    static const char text[] = {'a', ':', ' ', '1'};
    char *exact = malloc(sizeof(text));
    struct yaml_node *root = NULL;

    (void)state;
    memcpy(exact, text, sizeof(text));
    assert_int_equal(yaml_parse(&root, "f", exact, sizeof(text), NULL), DEVSEC_OK);
    assert_string_equal(yaml_get(root, "a")->scalar, "1");
    assert_null(yaml_get(root, "b"));
    assert_null(yaml_get(yaml_get(root, "a"), "b"));
    assert_null(yaml_get(NULL, "b"));
    yaml_free(root);
    exact[3] = '\r';
    exact[2] = '\x01';
    assert_int_equal(yaml_parse(&root, "f", exact, sizeof(text), NULL), DEVSEC_ERR_SYNTAX);
    free(exact);
    assert_int_equal(yaml_parse(&root, "f", NULL, 0, NULL), DEVSEC_OK);
    yaml_free(root);
    yaml_free(NULL);
}

static void files_are_loaded_with_their_path_in_messages(void **state)
{
    struct devsec_error error = {0};
    struct yaml_node *root = NULL;
    char path[] = "/tmp/devsec-test-yaml-XXXXXX";
    char sentence[128];
    const int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a: [\n", 5), 5);
    assert_int_equal(yaml_load(&root, path, &error), DEVSEC_ERR_SYNTAX);
    snprintf(sentence, sizeof(sentence),
             "%s:2:1: did not find expected node content, while parsing a flow node that "
             "begins in line 2",
             path);
    assert_string_equal(error.text, sentence);
    assert_int_equal(ftruncate(fd, YAML_FILE_MAX + 1), 0);
    assert_int_equal(yaml_load(&root, path, &error), DEVSEC_ERR_SYNTAX);
    snprintf(sentence, sizeof(sentence), "%s is longer than 12582912 octets", path);
    assert_string_equal(error.text, sentence);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(yaml_load(&root, path, &error), DEVSEC_OK);
    yaml_free(root);
    close(fd);
    unlink(path);
    root = NULL;
    assert_int_equal(yaml_load(&root, path, &error), DEVSEC_ERR_NOT_FOUND);
    assert_int_equal(yaml_load(&root, "/tmp", &error), DEVSEC_ERR_UNSAFE);
    assert_null(root);
}

static const struct {
    const char *from;
    const char *printed;
} printed[] = {
    {"", "{}\n"},
    {"[]", "[]\n"},
    {"a: {}\nb: []\nc: \"\"\nd: [x, 'y z', '1', 1]\n", "a: {}\nb: []\nc: \"\"\nd: [x, y z, \"1\", 1]\n"},
    {"a: 1\nb:\n    c: 2\n    d: {e: f}\ng: 3\n", "a: 1\n\nb:\n  c: 2\n  d:\n    e: f\ng: 3\n"},
    {"- a: 1\n  b: [2]\n- [c, [d]]\n- {}\n- x\n", "- a: 1\n  b: [2]\n- - c\n  - [d]\n- {}\n- x\n"},
    {"a: [{b: 1, c: {d: 2}}]\n", "a:\n  - b: 1\n    c:\n      d: 2\n"},
    {"a: 'true'\nb: true\nc: 'NO'\nd: '~'\ne: 'nothing'\n", "a: \"true\"\nb: true\nc: \"NO\"\nd: \"~\"\ne: nothing\n"},
    {"a: '-1'\nb: -1\nc: '1e3'\nd: '.5'\n", "a: \"-1\"\nb: -1\nc: \"1e3\"\nd: \".5\"\n"},
    {"'1': x\n'a b': y\n'': z\n", "\"1\": x\na b: y\n\"\": z\n"},
};

static void trees_are_printed_readably(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(printed); i++) {
        struct yaml_node *root = parse(printed[i].from);
        char *text = NULL;
        size_t length = 0;

        assert_int_equal(yaml_print(root, &text, &length, NULL), DEVSEC_OK);
        assert_string_equal(text, printed[i].printed);
        assert_int_equal(length, strlen(text));
        free(text);
        yaml_free(root);
    }
}

static const char *const texts[] = {
    "",
    " ",
    "  leading",
    "trailing ",
    "a: b",
    "a #b",
    "#",
    "- a",
    "-",
    "---",
    "...",
    "? x",
    ": x",
    "&a",
    "*a",
    "!t",
    "|",
    ">",
    "%",
    "@",
    "`",
    "{",
    "}",
    "[",
    "]",
    ",",
    "'",
    "\"",
    "\\",
    "\\n",
    "null",
    "~",
    "true",
    "False",
    "yes",
    "12",
    "0x1f",
    "1_000",
    "12:30:45",
    "2026-01-01",
    ".inf",
    "<<",
    "=",
    "tab\there",
    "line\nbreak",
    "\n",
    "cr\rlf\r\n",
    "\x01\x02\x1b\x7f",
    "\xc2\x85",
    "\xc2\x9b",
    "\xe2\x80\xa8",
    "\xe2\x80\xa9",
    "\xef\xbb\xbf",
    "\xef\xbf\xbe",
    "\xef\xbf\xbf",
    "\xf0\x9f\x94\x92",
    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac",
    "\xe2\x80\xae",
    "\xed\x9f\xbf",
    "\xf4\x8f\xbf\xbf",
    "https://x.example/y?z=1#a",
    "M\xc3\xbcller",
    "\xe6\x97\xa5\xe6\x9c\xac",
    "a  b",
    "x:",
    "/path",
};

/* As a value, as an item of a list and as a key. */
static void assert_comes_back(const char *string)
{
    struct yaml_node item = {.kind = YAML_SCALAR, .scalar = string, .quoted = true};
    struct yaml_node list = {.kind = YAML_SEQUENCE, .key = "list", .children = &item};
    struct yaml_node value = {.kind = YAML_SCALAR, .key = "value", .scalar = string, .quoted = true, .next = &list};
    struct yaml_node root = {.kind = YAML_MAPPING, .children = &value};
    struct yaml_node *again = NULL;
    struct devsec_error error = {0};
    char *text = NULL;
    size_t length = 0;

    if (strlen(string) <= YAML_KEY_MAX)
        value.key = string;
    assert_int_equal(yaml_print(&root, &text, &length, &error), DEVSEC_OK);
    if (yaml_parse(&again, "f", text, length, &error))
        fail_msg("%s\n%s", error.text, text);
    assert_string_equal(again->children->key, value.key);
    assert_string_equal(again->children->scalar, string);
    assert_string_equal(again->children->next->children->scalar, string);
    yaml_free(again);
    free(text);
}

static void every_text_comes_back(void **state)
{
    char shortest[5] = "";
    char *longest = malloc(100001);

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_comes_back(texts[i]);
    for (int c = 1; c < 128; c++) {
        snprintf(shortest, sizeof(shortest), "%c", c);
        assert_comes_back(shortest);
        snprintf(shortest, sizeof(shortest), "a%cb", c);
        assert_comes_back(shortest);
    }
    memset(longest, 'w', 100000);
    for (size_t i = 7; i < 100000; i += 8)
        longest[i] = ' ';
    longest[100000] = '\0';
    longest[99999] = 'w';
    assert_comes_back(longest);
    free(longest);
}

static void what_cannot_be_yaml_is_not_printed(void **state)
{
    struct yaml_node deep[YAML_DEPTH_MAX + 1] = {0};
    struct yaml_node bad = {.kind = YAML_SCALAR, .scalar = "\xff", .quoted = true};
    struct devsec_error error = {0};
    char *text = NULL;
    size_t length = 7;

    (void)state;
    assert_int_equal(yaml_print(&bad, &text, &length, &error), DEVSEC_ERR_WRONG_VALUE);
    assert_string_equal(error.text, "a text that is not UTF-8 cannot be YAML");
    for (size_t i = 0; i < COUNT(deep); i++) {
        deep[i].kind = YAML_SEQUENCE;
        deep[i].children = i + 1 < COUNT(deep) ? &deep[i + 1] : NULL;
    }
    assert_int_equal(yaml_print(&deep[0], &text, &length, &error), DEVSEC_ERR_INTERNAL);
    assert_string_equal(error.text, "a tree deeper than 16 levels is not written");
    assert_null(text);
    assert_int_equal(length, 7);
    assert_int_equal(yaml_print(&deep[1], &text, &length, &error), DEVSEC_OK);
    yaml_free(parse(text));
    free(text);
}

static void lack_of_memory_loses_nothing(void **state)
{
    static const char text[] = "a: 1\nb: [x, 'y', \"\\n\"]\nc: {d: {e: f}}\n";
    struct devsec_error error = {0};
    bool failed = true;

    (void)state;
    for (size_t n = 0; failed; n++) {
        struct yaml_node *root = NULL;
        char *printed_text = NULL;
        size_t length = 7;
        enum devsec_err err;

        alloc_faults_arm(n);
        err = yaml_parse(&root, "f", text, strlen(text), &error);
        if (!err)
            err = yaml_print(root, &printed_text, &length, &error);
        failed = alloc_faults_disarm();
        if (failed) {
            assert_int_equal(err, DEVSEC_ERR_MEMORY);
            assert_null(printed_text);
            assert_int_equal(length, 7);
        }
        alloc_faults.armed = true;
        free(printed_text);
        yaml_free(root);
        alloc_faults.armed = false;
        assert_int_equal(alloc_faults.held, 0);
        if (!failed)
            assert_int_equal(err, DEVSEC_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_have_their_positions),
        cmocka_unit_test(refusals_name_place_and_reason),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(number_of_nodes_is_limited),
        cmocka_unit_test(many_keys_are_compared_quickly_and_long_ones_refused),
        cmocka_unit_test(unbounded_text_is_not_read_past_its_length),
        cmocka_unit_test(files_are_loaded_with_their_path_in_messages),
        cmocka_unit_test(trees_are_printed_readably),
        cmocka_unit_test(every_text_comes_back),
        cmocka_unit_test(what_cannot_be_yaml_is_not_printed),
        cmocka_unit_test(lack_of_memory_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
