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
    return object->meaning == MIB_MEANING_TEXT;
}

/* A scalar's 0, or the lowest index that a row can have; returns how many sub-identifiers. */
static size_t first_instance(int object, oid *index)
{
    const struct mib_object *of = &mib_objects[object];
    const struct mib_object *entry = of->kind == MIB_KIND_COLUMN ? &mib_objects[of->entry] : NULL;

    index[0] = 0;
    for (size_t i = 0; entry && i < entry->n_index; i++) {
        const struct mib_object *part = &mib_objects[entry->index[i]];

        index[i] = part->n_labels ? part->labels[0].value : (oid)part->ranges[0].low;
    }
    return entry ? entry->n_index : 1;
}

static bool is_number(const struct mib_object *object)
{
    return object->base == MIB_BASE_INTEGER || object->base == MIB_BASE_UNSIGNED;
}

/* Sets one varbind; it must be refused with one of two statuses (the same twice for one), and nothing may change. */
static void assert_refused_at(struct fixture *fixture, int object, const oid *index_of, size_t index_len, u_char type,
                              const void *value, size_t length, int status, int or_status)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
    const uint32_t generation = store_current(fixture->agent.store)->generation;
    char *before = fixture_document(fixture);
    char *after;
    long index = 0;
    int got;

    fixture->agent.last_set_error[0] = '\0';
    fixture_add_row(request, object, index_of, index_len, type, value, length);
    got = fixture_set(fixture, request, &index);
    if (got != status && got != or_status)
        fail_msg("%s, type 0x%02x, %zu octets: error status %d, expected %d: %s", mib_objects[object].name, type,
                 length, got, status, fixture->agent.last_set_error);
    assert_int_equal(index, 1);
    assert_non_null(strstr(fixture->agent.last_set_error, mib_objects[object].name));
    assert_int_equal(store_current(fixture->agent.store)->generation, generation);
    after = fixture_document(fixture);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* At the instance that every object could have. */
static void assert_refused(struct fixture *fixture, int object, u_char type, const void *value, size_t length,
                           int status, int or_status)
{
    oid index[MAX_OID_LEN];
    const size_t index_len = first_instance(object, index);

    assert_refused_at(fixture, object, index, index_len, type, value, length, status, or_status);
}

static void refuse_number(struct fixture *fixture, int object, int64_t number)
{
    long travels = (long)number;

    if (mib_objects[object].base == MIB_BASE_UNSIGNED ? number < 0 || number > UINT32_MAX
                                                      : number < INT32_MIN || number > INT32_MAX)
        return; /* cannot be sent */
    assert_refused(fixture, object, wire_types[mib_objects[object].base], &travels, sizeof(travels),
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
            assert_refused(fixture, object, others[i].type, others[i].value, others[i].length, SNMP_ERR_WRONGTYPE,
                           SNMP_ERR_WRONGTYPE);
    }
}

/* A name that no instance can have; the type comes before that (RFC 3416, 4.2.5, (3) and (7)). */
static void refuse_instance(struct fixture *fixture, int object, const oid *index, size_t index_len)
{
    const struct mib_object *of = &mib_objects[object];
    const u_char type = wire_types[of->base];
    const u_char other = type == ASN_INTEGER ? ASN_UNSIGNED : ASN_INTEGER;
    const long good = of->n_ranges ? (long)of->ranges[0].low : 1;

    assert_refused_at(fixture, object, index, index_len, type, &good, is_number(of) ? sizeof(good) : 0,
                      SNMP_ERR_NOCREATION, SNMP_ERR_NOCREATION);
    assert_refused_at(fixture, object, index, index_len, other, &good, sizeof(good), SNMP_ERR_WRONGTYPE,
                      SNMP_ERR_WRONGTYPE);
}

static void wrong_instances(struct fixture *fixture, int object)
{
    static const oid instances[] = {1, 2, 4294967295u};
    oid index[MAX_OID_LEN];
    const size_t index_len = first_instance(object, index);

    if (mib_objects[object].kind == MIB_KIND_SCALAR) {
        for (size_t i = 0; i < 3; i++)
            refuse_instance(fixture, object, &instances[i], 1);
        return;
    }
    refuse_instance(fixture, object, index, index_len - 1);
    index[index_len] = 1;
    refuse_instance(fixture, object, index, index_len + 1);
    for (size_t i = 0; i < index_len; i++) {
        const oid good = index[i];

        index[i] = 0;
        refuse_instance(fixture, object, index, index_len);
        index[i] = 4294967295u;
        refuse_instance(fixture, object, index, index_len);
        index[i] = good;
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
    assert_refused(fixture, object, ASN_OCTET_STR, "", 0, SNMP_ERR_INCONSISTENTVALUE, SNMP_ERR_INCONSISTENTVALUE);
    assert_refused(fixture, object, ASN_OCTET_STR, "\0\0\0\0\0", 5, SNMP_ERR_WRONGLENGTH, SNMP_ERR_WRONGLENGTH);
    for (uint32_t bit = 0; bit < 32; bit++) {
        u_char octets[4] = {0};

        if (mib_label_name(&mib_objects[object], bit))
            continue;
        octets[bit / 8] = (u_char)(0x80u >> (bit % 8));
        assert_refused(fixture, object, ASN_OCTET_STR, octets, sizeof(octets), SNMP_ERR_WRONGVALUE,
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
        assert_refused(fixture, object, ASN_OCTET_STR, texts[i].octets, texts[i].length, SNMP_ERR_WRONGVALUE,
                       SNMP_ERR_WRONGLENGTH);
    length = (size_t)of->ranges[of->n_ranges - 1].high + 1;
    large = malloc(60000);
    assert_non_null(large);
    memset(large, 'a', 60000);
    assert_refused(fixture, object, ASN_OCTET_STR, large, length, SNMP_ERR_WRONGLENGTH, SNMP_ERR_WRONGLENGTH);
    assert_refused(fixture, object, ASN_OCTET_STR, large, 60000, SNMP_ERR_WRONGLENGTH, SNMP_ERR_WRONGLENGTH);
    if (of->ranges[0].low > 0)
        assert_refused(fixture, object, ASN_OCTET_STR, large, (size_t)of->ranges[0].low - 1, SNMP_ERR_WRONGLENGTH,
                       SNMP_ERR_WRONGLENGTH);
    free(large);
}

static void wrong_dates(struct fixture *fixture, int object)
{
    static const struct {
        const char *octets;
        size_t length;
        int status;
    } dates[] = {
        {"\x07\xea\1\1\0\0\0", 7, SNMP_ERR_WRONGLENGTH},
        {"\x07\xea\1\1\0\0\0\0+\0", 10, SNMP_ERR_WRONGLENGTH},
        {"\x07\xea\1\1\0\0\0\0+\0\0\0", 12, SNMP_ERR_WRONGLENGTH},
        {"2026-1-1,0:0:0.0", 16, SNMP_ERR_WRONGLENGTH},
        {"\x07\xea\x0d\1\0\0\0\0", 8, SNMP_ERR_WRONGVALUE},
        {"\x07\xea\2\x1e\0\0\0\0+\0\0", 11, SNMP_ERR_WRONGVALUE},
        {"\x07\xea\1\1\0\0\0\0 \0\0", 11, SNMP_ERR_WRONGVALUE},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, SNMP_ERR_WRONGVALUE},
    };

    for (size_t i = 0; mib_objects[object].meaning == MIB_MEANING_DATE && i < sizeof(dates) / sizeof(dates[0]); i++)
        assert_refused(fixture, object, ASN_OCTET_STR, dates[i].octets, dates[i].length, dates[i].status,
                       dates[i].status);
}

static void wrong_octets(struct fixture *fixture, int object)
{
    static const unsigned char octets[60000];
    const struct mib_object *of = &mib_objects[object];
    size_t most;

    if (!syntax_is_octets(of))
        return;
    most = (size_t)of->ranges[of->n_ranges - 1].high;
    assert_refused(fixture, object, ASN_OCTET_STR, octets, most + 1, SNMP_ERR_WRONGLENGTH, SNMP_ERR_WRONGLENGTH);
    assert_refused(fixture, object, ASN_OCTET_STR, octets, sizeof(octets), SNMP_ERR_WRONGLENGTH, SNMP_ERR_WRONGLENGTH);
}

static void (*const kinds[])(struct fixture *fixture, int object) = {
    wrong_types, wrong_instances, wrong_numbers, wrong_bits, wrong_texts, wrong_dates, wrong_octets,
};

static void test_every_writable_object(void **state)
{
    size_t tried = 0;

    for (size_t i = 0; i < mib_object_count; i++) {
        if ((mib_objects[i].kind != MIB_KIND_SCALAR && mib_objects[i].kind != MIB_KIND_COLUMN) ||
            mib_objects[i].access < MIB_ACCESS_READ_WRITE)
            continue;
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
            kinds[k](*state, (int)i);
        tried++;
    }
    assert_true(tried >= 45); /* as many as the contract names in these groups */
}

static void test_every_read_only_object(void **state)
{
    for (size_t i = 0; i < mib_object_count; i++) {
        const struct mib_object *object = &mib_objects[i];
        const long one = 1;

        if ((object->kind != MIB_KIND_SCALAR && object->kind != MIB_KIND_COLUMN) ||
            object->access != MIB_ACCESS_READ_ONLY)
            continue;
        assert_refused(*state, (int)i, wire_types[object->base], &one,
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
