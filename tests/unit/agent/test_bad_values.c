/* SPDX-License-Identifier: Apache-2.0 */
/* Every writable object of the MIB against every kind of bad value; the expectations follow from the MIB table, so that
 * a new object is covered without a new line here. */
#include "agent_fixture.h"
#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static const u_char wire_types[] = {
    [MIB_BASE_INTEGER] = ASN_INTEGER,  [MIB_BASE_UNSIGNED] = ASN_UNSIGNED, [MIB_BASE_COUNTER32] = ASN_COUNTER,
    [MIB_BASE_OCTETS] = ASN_OCTET_STR, [MIB_BASE_OID] = ASN_OBJECT_ID,
};

static bool is_text(const struct mib_object *object)
{
    return object->base == MIB_BASE_OCTETS && object->meaning != MIB_MEANING_BITS;
}

static bool is_number(const struct mib_object *object)
{
    return object->base == MIB_BASE_INTEGER || object->base == MIB_BASE_UNSIGNED;
}

/* Sets one varbind; it must be refused with one of two statuses (the same twice for one), and nothing may change. */
static void assert_refused(struct fixture *fixture, int object, oid instance, u_char type, const void *value,
                           size_t length, int status, int or_status)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
    const uint32_t generation = store_current(fixture->agent.store)->generation;
    char *before = fixture_document(fixture);
    char *after;
    long index = 0;
    int got;

    fixture->agent.last_set_error[0] = '\0';
    fixture_add(request, object, instance, type, value, length);
    got = fixture_set(fixture, request, &index);
    if (got != status && got != or_status)
        fail_msg("%s.%lu, type 0x%02x, %zu octets: error status %d, expected %d", mib_objects[object].name,
                 (unsigned long)instance, type, length, got, status);
    assert_int_equal(index, 1);
    assert_non_null(strstr(fixture->agent.last_set_error, mib_objects[object].name));
    assert_int_equal(store_current(fixture->agent.store)->generation, generation);
    after = fixture_document(fixture);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void refuse_number(struct fixture *fixture, int object, int64_t number)
{
    long travels = (long)number;

    if (mib_objects[object].base == MIB_BASE_UNSIGNED ? number < 0 || number > UINT32_MAX
                                                      : number < INT32_MIN || number > INT32_MAX)
        return; /* cannot be sent */
    assert_refused(fixture, object, 0, wire_types[mib_objects[object].base], &travels, sizeof(travels),
                   SNMP_ERR_WRONGVALUE, SNMP_ERR_WRONGVALUE);
}

/* ---- the kinds of bad values ---- */

static void wrong_types(struct fixture *fixture, int object)
{
    static const oid largest[] = {2, 4294967295u, 4294967295u, 4294967295u};
    static const u_char octets[8] = {1, 0, 0, 1};
    static const long one = 1;
    static const struct {
        u_char type;
        const void *value;
        size_t length;
    } others[] = {
        {ASN_INTEGER, &one, sizeof(one)},          {ASN_UNSIGNED, &one, sizeof(one)}, {ASN_COUNTER, &one, sizeof(one)},
        {ASN_TIMETICKS, &one, sizeof(one)},        {ASN_OCTET_STR, octets, 1},        {ASN_OPAQUE, octets, 4},
        {ASN_OBJECT_ID, largest, sizeof(largest)}, {ASN_IPADDRESS, octets, 4},        {ASN_NULL, NULL, 0},
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i].type != wire_types[mib_objects[object].base])
            assert_refused(fixture, object, 0, others[i].type, others[i].value, others[i].length, SNMP_ERR_WRONGTYPE,
                           SNMP_ERR_WRONGTYPE);
    }
}

static void wrong_instances(struct fixture *fixture, int object)
{
    static const oid instances[] = {1, 2, 4294967295u};
    const long one = 1;
    const u_char type = wire_types[mib_objects[object].base];
    const u_char other = type == ASN_INTEGER ? ASN_UNSIGNED : ASN_INTEGER;

    for (size_t i = 0; i < 3; i++) {
        assert_refused(fixture, object, instances[i], type, &one, is_number(&mib_objects[object]) ? sizeof(one) : 0,
                       SNMP_ERR_NOCREATION, SNMP_ERR_NOCREATION);
        /* The type comes before the instance (RFC 3416, 4.2.5, (3) and (7)). */
        assert_refused(fixture, object, instances[i], other, &one, sizeof(one), SNMP_ERR_WRONGTYPE, SNMP_ERR_WRONGTYPE);
    }
}

static void wrong_numbers(struct fixture *fixture, int object)
{
    const struct mib_object *of = &mib_objects[object];

    if (!is_number(of) || of->meaning == MIB_MEANING_TEST_INCR)
        return;
    if (of->n_labels) {
        static const int64_t none[] = {INT32_MIN, -1, 0, 99, INT32_MAX};

        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
            refuse_number(fixture, object, none[i]);
        return;
    }
    refuse_number(fixture, object, of->ranges[0].low - 1);
    refuse_number(fixture, object, of->ranges[of->n_ranges - 1].high + 1);
    refuse_number(fixture, object, of->base == MIB_BASE_UNSIGNED ? (int64_t)UINT32_MAX : (int64_t)INT32_MIN);
}

static void wrong_bits(struct fixture *fixture, int object)
{
    if (mib_objects[object].meaning != MIB_MEANING_BITS)
        return;
    assert_refused(fixture, object, 0, ASN_OCTET_STR, "", 0, SNMP_ERR_INCONSISTENTVALUE, SNMP_ERR_INCONSISTENTVALUE);
    assert_refused(fixture, object, 0, ASN_OCTET_STR, "\0\0\0\0\0", 5, SNMP_ERR_WRONGLENGTH, SNMP_ERR_WRONGLENGTH);
    for (uint32_t bit = 0; bit < 32; bit++) {
        u_char octets[4] = {0};

        if (mib_label_name(&mib_objects[object], bit))
            continue;
        octets[bit / 8] = (u_char)(0x80u >> (bit % 8));
        assert_refused(fixture, object, 0, ASN_OCTET_STR, octets, sizeof(octets), SNMP_ERR_WRONGVALUE,
                       SNMP_ERR_WRONGVALUE);
    }
}

static void wrong_texts(struct fixture *fixture, int object)
{
    static const struct {
        const char *octets;
        size_t length;
    } texts[] = {
        {"\0", 1},       {"a\0b", 3},     {"ab\0", 3},         {"\xff", 1},
        {"a\xc3", 2},    {"\xc0\xaf", 2}, {"\xed\xa0\x80", 3}, {"\xf4\x90\x80\x80", 4},
        {"\xe2\x82", 2},
    };
    const struct mib_object *of = &mib_objects[object];
    char *large;
    size_t length;

    if (!is_text(of))
        return;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_refused(fixture, object, 0, ASN_OCTET_STR, texts[i].octets, texts[i].length, SNMP_ERR_WRONGVALUE,
                       SNMP_ERR_WRONGLENGTH);
    length = (size_t)of->ranges[of->n_ranges - 1].high + 1;
    large = malloc(60000);
    assert_non_null(large);
    memset(large, 'a', 60000);
    assert_refused(fixture, object, 0, ASN_OCTET_STR, large, length, SNMP_ERR_WRONGLENGTH, SNMP_ERR_WRONGLENGTH);
    assert_refused(fixture, object, 0, ASN_OCTET_STR, large, 60000, SNMP_ERR_WRONGLENGTH, SNMP_ERR_WRONGLENGTH);
    if (of->ranges[0].low > 0)
        assert_refused(fixture, object, 0, ASN_OCTET_STR, large, (size_t)of->ranges[0].low - 1, SNMP_ERR_WRONGLENGTH,
                       SNMP_ERR_WRONGLENGTH);
    free(large);
}

static void (*const kinds[])(struct fixture *fixture, int object) = {
    wrong_types, wrong_instances, wrong_numbers, wrong_bits, wrong_texts,
};

static void test_every_writable_object(void **state)
{
    size_t tried = 0;

    for (size_t i = 0; i < mib_object_count; i++) {
        if (mib_objects[i].kind != MIB_KIND_SCALAR || mib_objects[i].access != MIB_ACCESS_READ_WRITE)
            continue;
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
            kinds[k](*state, (int)i);
        tried++;
    }
    assert_true(tried >= 18); /* as many as the contract names in these groups */
}

static void test_every_read_only_object(void **state)
{
    for (size_t i = 0; i < mib_object_count; i++) {
        const struct mib_object *object = &mib_objects[i];
        const long one = 1;

        if ((object->kind != MIB_KIND_SCALAR && object->kind != MIB_KIND_COLUMN) ||
            object->access != MIB_ACCESS_READ_ONLY)
            continue;
        assert_refused(*state, (int)i, object->kind == MIB_KIND_COLUMN, wire_types[object->base], &one,
                       object->base == MIB_BASE_OCTETS ? 1 : sizeof(one), SNMP_ERR_NOTWRITABLE, SNMP_ERR_NOTWRITABLE);
    }
}

/* What is no readable object at all: tables, entries, indexes, branches, notifications, other numbers. */
static void test_what_is_no_object(void **state)
{
    static const uint32_t names[][4] = {{1, 1, 999, 0}, {1, 99, 1, 0}, {0, 1, 0, 0}, {2, 1, 1, 0}, {3, 0, 0, 0}};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
        const long one = 1;
        oid name[MAX_OID_LEN];
        size_t length = dispatch_oid(names[i], 4, name);
        long index = 0;

        snmp_pdu_add_variable(request, name, length, ASN_INTEGER, &one, sizeof(one));
        assert_int_equal(fixture_set(fixture, request, &index), SNMP_ERR_NOTWRITABLE);
        assert_int_equal(index, 1);
        assert_non_null(strstr(fixture->agent.last_set_error, "there is no such object"));
    }
}

/* What lies just inside the limits is accepted, or refused for a reason that names the rule. */
static void test_edges_inside(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < mib_object_count; i++) {
        const struct mib_object *object = &mib_objects[i];
        int64_t edges[2];

        if (object->kind != MIB_KIND_SCALAR || object->access != MIB_ACCESS_READ_WRITE || !is_number(object) ||
            object->n_labels || object->meaning == MIB_MEANING_TEST_INCR)
            continue;
        edges[0] = object->ranges[0].low;
        edges[1] = object->ranges[object->n_ranges - 1].high;
        for (size_t e = 0; e < 2; e++) {
            netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
            long travels = (long)edges[e];
            long index = 0;

            fixture_add(request, (int)i, 0, wire_types[object->base], &travels, sizeof(travels));
            if (fixture_set(fixture, request, &index) != SNMP_ERR_NOERROR)
                fail_msg("%s %lld: %s", object->name, (long long)edges[e], fixture->agent.last_set_error);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_writable_object, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_every_read_only_object, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_what_is_no_object, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_edges_inside, fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
