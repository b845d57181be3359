/* SPDX-License-Identifier: Apache-2.0 */
/* Uses of keys: their names, what a document says of them, and every rule about which key may serve which. */
#include "alloc_faults.h"
#include "pki/pki.h"
#include "pki/uses.h"
#include "pki_rows.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEYS         (1u << TABLE_KEYS)
#define USES         (1u << TABLE_USES)
#define SLOTS_MAX    4
#define USES_MAX     4

/* ---- Names ---- */

/* By the MIB: every usage, ascending, ipsec with its policies. */
static void the_uses_are_those_of_the_mib(void **state)
{
    const struct mib_object *usage = &mib_objects[MIB_devsecUsage];
    size_t next = 0;

    (void)state;
    for (size_t i = 0; i < usage->n_labels; i++) {
        const unsigned instances = usage->labels[i].value == PKI_USE_IPSEC ? PKI_IPSEC_POLICIES : 1;

        for (unsigned instance = 1; instance <= instances; instance++, next++) {
            assert_true(next < pki_use_count);
            assert_int_equal(pki_uses[next].usage, usage->labels[i].value);
            assert_int_equal(pki_uses[next].instance, instance);
        }
    }
    assert_int_equal(next, pki_use_count);
    assert_int_equal(mib_objects[MIB_devsecJobUsage].n_labels, usage->n_labels + 1);
    assert_string_equal(mib_label_name(&mib_objects[MIB_devsecJobUsage], PKI_USE_NONE), "none");
}

/* And the document takes them, in this order. */
static void the_document_has_the_same_names(void **state)
{
    const char *const *words = table_schemas[TABLE_USES].columns[USE_NAME].words;

    (void)state;
    for (size_t i = 0; i < pki_use_count; i++) {
        char name[PKI_USE_NAME_MAX];
        struct pki_use found = {.usage = PKI_USE_NONE};

        pki_use_name(&pki_uses[i], name);
        assert_string_equal(words[i], name);
        assert_true(pki_use_find(name, &found));
        assert_int_equal(found.usage, pki_uses[i].usage);
        assert_int_equal(found.instance, pki_uses[i].instance);
    }
    assert_null(words[pki_use_count]);
    assert_null(key_reserved_words[PKI_RESERVED_COUNT]);
    for (size_t i = 0; i < PKI_RESERVED_COUNT; i++)
        assert_non_null(key_reserved_words[i]);
}

static void no_other_names_are_found(void **state)
{
    static const char *const names[] = {"", "TLS", "tls ", "tls-1", "ipsec", "ipsec-0", "ipsec-11", "ipsec-01", "none"};
    struct pki_use use = {.usage = PKI_USE_SNMP, .instance = 77};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_false(pki_use_find(names[i], &use));
    assert_int_equal(use.usage, PKI_USE_SNMP);
    assert_int_equal(use.instance, 77);
}

/* ---- Documents ---- */

struct key_texts {
    unsigned slot; /* 0: no further key */
    const char *name;
    const char *reserved;
    bool certificate;
};

struct use_texts {
    const char *name; /* NULL: no further use */
    unsigned slot;
    bool enabled;
};

static struct document *document_of(const struct key_texts *keys, const struct use_texts *uses)
{
    struct document *document = NULL;

    assert_int_equal(document_new(&document, NULL), DEVSEC_OK);
    for (size_t i = 0; i < SLOTS_MAX && keys[i].slot; i++) {
        struct value *row = pki_key(keys[i].slot, keys[i].name);

        pki_row_set(TABLE_KEYS, row, KEY_RESERVED, keys[i].reserved ? keys[i].reserved : "");
        pki_row_set(TABLE_KEYS, row, KEY_CERTIFICATE, keys[i].certificate ? DIGEST_B : "");
        pki_rows_put(document, TABLE_KEYS, row);
    }
    for (size_t i = 0; i < USES_MAX && uses[i].name; i++)
        pki_rows_put(document, TABLE_USES, pki_use_row(uses[i].name, uses[i].slot, uses[i].enabled));
    return document;
}

static struct pki_use use_named(const char *name)
{
    struct pki_use use = {.usage = PKI_USE_NONE};

    assert_true(pki_use_find(name, &use));
    return use;
}

static void what_a_document_says_is_found(void **state)
{
    static const struct key_texts keys[SLOTS_MAX] = {{3, "Web", NULL, true}, {20, "Mail", NULL, true}};
    static const struct use_texts uses[USES_MAX] = {
        {"tls", 3, false}, {"ipsec-2", 3, true}, {"ipsec-10", 20, false}, {"snmp", 0, false}};
    static const struct {
        const char *name;
        unsigned slot;
        bool enabled;
        bool key_used;
    } expected[] = {{"tls", 3, false, true},   {"ipsec-2", 3, true, true},   {"ipsec-10", 20, false, false},
                    {"snmp", 0, false, false}, {"ipsec-1", 0, false, false}, {"smime", 0, false, false}};
    struct document *document = document_of(keys, uses);
    const struct pki_use tls = use_named("tls");

    (void)state;
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct pki_use use = use_named(expected[i].name);

        assert_int_equal(pki_use_slot(document, &use), expected[i].slot);
        assert_int_equal(pki_use_enabled(document, &use), expected[i].enabled);
        assert_int_equal(pki_use_key_used(document, &use), expected[i].key_used);
    }
    for (enum setting_id id = SETTING_TLS_IPV4; id <= SETTING_TLS_IPV6; id++) {
        document->values[id].number = 1;
        assert_true(pki_use_enabled(document, &tls));
        document->values[id].number = 0;
    }
    assert_int_equal(pki_slot_uses(document, 3), 1u << (PKI_USE_TLS - 1) | 1u << (PKI_USE_IPSEC - 1));
    assert_int_equal(pki_slot_uses(document, 20), 1u << (PKI_USE_IPSEC - 1));
    assert_int_equal(pki_slot_uses(document, 0), 0); /* "snmp" has none, and not the key in slot 0 */
    assert_int_equal(pki_slot_uses(document, 4), 0);
    assert_int_equal(pki_key_row(document, 20)[KEY_SLOT].number, 20);
    assert_null(pki_key_row(document, 4));
    assert_null(pki_key_row(document, 0));
    document_free(document);
}

/* ---- Rules ---- */

static const struct {
    struct key_texts keys[SLOTS_MAX];
    struct use_texts uses[USES_MAX];
    bool tls;          /* over IPv6 */
    unsigned involved; /* tables; 0: no rule is broken */
    const char *says;
    const char *rows[STORE_FAULT_ROWS_MAX];
} rules[] = {
    {.says = ""},
    {.keys = {{1, "Default Key", "default", true},
              {2, "AMS", "ams", true},
              {3, "Device Signature Key", "device-signature", true},
              {4, "Web", NULL, true}},
     .uses = {{"tls", 1, false}, {"ieee8021x", 4, true}, {"device-signature", 3, true}, {"snmp", 4, true}},
     .tls = true,
     .says = ""},
    {.keys = {{1, "a", NULL, true}, {2, "A", NULL, false}, {3, "a ", NULL, false}}, .says = ""},

    {.keys = {{1, "Web", NULL, true}, {7, "b", NULL, false}, {9, "Web", NULL, false}},
     .involved = KEYS,
     .says = "keys: the keys in slots 1 and 9 are both named \"Web\"; expected a name of its own for each"},
    {.keys = {{8, "a\nb", NULL, true}, {7, "a\nb", NULL, false}},
     .involved = KEYS,
     .says = "keys: the keys in slots 7 and 8 are both named \"a\\x0ab\"; expected a name of its own for each"},
    {.keys = {{1, "a", "ams", true}, {2, "b", "default", true}, {3, "c", "ams", true}},
     .involved = KEYS,
     .says = "keys: the keys in slots 1 and 3 are both reserved as \"ams\"; expected one"},

    {.uses = {{"tls", 5, false}},
     .involved = KEYS | USES,
     .says = "uses: slot 5 serves tls, and there is no key in it; expected the key to be there for as long as tls has "
             "this slot: give tls another slot, or 0, first",
     .rows = {"tls"}},
    {.keys = {{1, "Web", NULL, true}},
     .uses = {{"tls", 1, false}, {"ipsec-7", 2, false}},
     .involved = KEYS | USES,
     .says = "uses: slot 2 serves ipsec-7, and there is no key in it; expected the key to be there for as long as "
             "ipsec-7 has this slot: give ipsec-7 another slot, or 0, first",
     .rows = {"ipsec-7"}},
    {.keys = {{1, "Web", NULL, false}},
     .uses = {{"smime", 1, false}},
     .involved = KEYS | USES,
     .says = "uses: the key \"Web\" in slot 1 has no certificate yet and cannot serve smime; expected a key with one",
     .rows = {"smime"}},

    {.keys = {{2, "AMS", "ams", true}},
     .uses = {{"tls", 2, false}},
     .involved = KEYS | USES,
     .says = "uses: the key \"AMS\" in slot 2 is the device's own and serves no use, tls neither; expected another key",
     .rows = {"tls"}},
    {.keys = {{2, "AMS", "ams", true}},
     .uses = {{"device-signature", 2, false}},
     .involved = KEYS | USES,
     .says =
         "uses: the key \"AMS\" in slot 2 is the device's own and serves no use, device-signature neither; expected "
         "another key",
     .rows = {"device-signature"}},
    {.keys = {{3, "Device Signature Key", "device-signature", true}},
     .uses = {{"tls", 3, false}},
     .involved = KEYS | USES,
     .says = "uses: the key \"Device Signature Key\" in slot 3 serves device-signature alone, and not tls; expected "
             "another key",
     .rows = {"tls"}},
    {.keys = {{4, "Default Key", "default", true}},
     .uses = {{"device-signature", 4, false}},
     .involved = KEYS | USES,
     .says = "uses: the key \"Default Key\" in slot 4 cannot serve device-signature, which takes the device's own key "
             "for that alone",
     .rows = {"device-signature"}},

    {.keys = {{4, "Web", NULL, true}}, .uses = {{"sip", 4, true}}, .says = ""},
    {.keys = {{4, "Web", NULL, true}},
     .uses = {{"sip", 4, false}, {"tls", 4, false}},
     .involved = KEYS | USES,
     .says = "uses: the key \"Web\" in slot 4 cannot serve both sip and tls: sip shares its key with no other use; "
             "expected another key for one of them",
     .rows = {"tls", "sip"}},
    {.keys = {{4, "Web", NULL, true}},
     .uses = {{"sip", 4, false}, {"snmp", 4, false}},
     .involved = KEYS | USES,
     .says = "uses: the key \"Web\" in slot 4 cannot serve both sip and snmp: sip shares its key with no other use; "
             "expected another key for one of them",
     .rows = {"snmp", "sip"}},
    {.uses = {{"sip", 0, false}, {"snmp", 0, false}}, .says = ""},

    {.uses = {{"ipsec-3", 0, true}},
     .involved = USES,
     .says = "uses: ipsec-3 is switched on and has no key; expected the slot of a key with a certificate for it, or "
             "ipsec-3 to be switched off",
     .rows = {"ipsec-3"}},
    {.tls = true,
     .involved = USES,
     .says = "uses: tls is switched on (tls.ipv4 or tls.ipv6) and has no key; expected the slot of a key with a "
             "certificate for it, or tls to be switched off",
     .rows = {"tls"}},
    {.keys = {{1, "Web", NULL, true}},
     .uses = {{"tls", 0, false}},
     .tls = true,
     .involved = USES,
     .says = "uses: tls is switched on (tls.ipv4 or tls.ipv6) and has no key; expected the slot of a key with a "
             "certificate for it, or tls to be switched off",
     .rows = {"tls"}},
};

static void assert_involved(const struct store_fault *fault, size_t i)
{
    size_t rows = 0;

    assert_int_equal(fault->error.code, DEVSEC_ERR_INCONSISTENT);
    assert_int_equal(fault->involved_tables, rules[i].involved);
    assert_int_equal(fault->n_involved, strstr(rules[i].says, "tls.ipv6") ? 2 : 0);
    for (size_t j = 0; j < fault->n_involved; j++)
        assert_int_equal(fault->involved[j], j ? SETTING_TLS_IPV6 : SETTING_TLS_IPV4);
    while (rows < STORE_FAULT_ROWS_MAX && rules[i].rows[rows])
        rows++;
    assert_int_equal(fault->n_involved_rows, rows);
    for (size_t j = 0; j < rows; j++)
        assert_string_equal(fault->involved_rows[j], rules[i].rows[j]);
}

static void every_rule_is_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rules); i++) {
        const enum devsec_err code = rules[i].involved ? DEVSEC_ERR_INCONSISTENT : DEVSEC_OK;
        struct document *document = document_of(rules[i].keys, rules[i].uses);
        struct store_fault fault = {.n_involved = 0};

        document->values[SETTING_TLS_IPV6].number = rules[i].tls;
        assert_int_equal(pki_rules_check(document, &fault), code);
        assert_string_equal(fault.error.text, rules[i].says);
        if (code)
            assert_involved(&fault, i);
        assert_int_equal(pki_rules_check(document, NULL), code);
        document_free(document);
    }
}

/* Neither sorted nor unsorted names make it slow, and the one that is there twice is found. */
static void one_name_is_found_twice_among_thousands(void **state)
{
    static const struct key_texts none[SLOTS_MAX] = {{0, NULL, NULL, false}};
    static const struct use_texts unused[USES_MAX] = {{NULL, 0, false}};
    struct document *document = document_of(none, unused);
    struct store_fault fault = {.n_involved = 0};

    (void)state;
    for (unsigned slot = 5000; slot > 0; slot--) {
        char name[32];

        snprintf(name, sizeof(name), "Key %u", slot == 4711 ? 17 : slot);
        pki_rows_put(document, TABLE_KEYS, pki_key(slot, name));
    }
    assert_int_equal(pki_rules_check(document, &fault), DEVSEC_ERR_INCONSISTENT);
    assert_string_equal(fault.error.text, "keys: the keys in slots 17 and 4711 are both named \"Key 17\"; expected a "
                                          "name of its own for each");
    document_free(document);
}

static void lack_of_memory_is_no_broken_rule(void **state)
{
    static const struct key_texts keys[SLOTS_MAX] = {{1, "a", NULL, true}, {2, "b", NULL, true}};
    static const struct use_texts uses[USES_MAX] = {{"tls", 1, false}};
    struct document *document = document_of(keys, uses);
    bool failed = true;

    (void)state;
    for (size_t n = 0; failed; n++) {
        struct store_fault fault = {.n_involved = 0};
        enum devsec_err err;

        alloc_faults_arm(n);
        err = pki_rules_check(document, &fault);
        failed = alloc_faults_disarm();
        assert_int_equal(err, failed ? DEVSEC_ERR_MEMORY : DEVSEC_OK);
        assert_int_equal(alloc_faults.held, 0);
    }
    document_free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_uses_are_those_of_the_mib),
        cmocka_unit_test(the_document_has_the_same_names),
        cmocka_unit_test(no_other_names_are_found),
        cmocka_unit_test(what_a_document_says_is_found),
        cmocka_unit_test(every_rule_is_kept),
        cmocka_unit_test(one_name_is_found_twice_among_thousands),
        cmocka_unit_test(lack_of_memory_is_no_broken_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
