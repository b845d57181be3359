/* SPDX-License-Identifier: Apache-2.0 */
/* Reading through the dispatcher: the whole object table by Get, GetNext and GetBulk, without snmpd. */
#include "agent_fixture.h"
#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define WALK_MAX 512

struct walk {
    netsnmp_variable_list *first; /* owned */
    size_t count;
};

/* One AgentX search range: where to start, whether the start itself counts, where to stop. */
static netsnmp_variable_list *add_range(netsnmp_pdu *request, const oid *from, size_t from_len, bool include,
                                        const oid *end, size_t end_len)
{
    netsnmp_variable_list *var = snmp_pdu_add_variable(
        request, from, from_len, include ? ASN_PRIV_INCL_RANGE : ASN_PRIV_EXCL_RANGE, end, end_len * sizeof(oid));

    assert_non_null(var);
    return var;
}

static void module_end(oid *end, size_t *length)
{
    *length = dispatch_oid(NULL, 0, end);
    end[*length - 1]++;
}

/* Walks everything by GetNext, one varbind a request; checks that names ascend. */
static void walk_all(struct fixture *fixture, struct walk *walk)
{
    oid end[MAX_OID_LEN];
    oid at[MAX_OID_LEN];
    size_t end_len;
    size_t at_len = dispatch_oid(NULL, 0, at);
    netsnmp_variable_list **tail = &walk->first;

    module_end(end, &end_len);
    walk->first = NULL;
    walk->count = 0;
    for (;;) {
        netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET_NEXT);
        netsnmp_pdu *response;
        netsnmp_variable_list *got;

        add_range(request, at, at_len, false, end, end_len);
        response = fixture_answer(fixture, request);
        assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
        got = response->variables;
        assert_non_null(got);
        if (got->type == SNMP_ENDOFMIBVIEW) {
            assert_int_equal(snmp_oid_compare(got->name, got->name_length, at, at_len), 0);
            snmp_free_pdu(response);
            return;
        }
        assert_true(snmp_oid_compare(got->name, got->name_length, at, at_len) > 0);
        memcpy(at, got->name, got->name_length * sizeof(oid));
        at_len = got->name_length;
        *tail = snmp_clone_varbind(got);
        tail = &(*tail)->next_variable;
        assert_true(++walk->count < WALK_MAX);
        snmp_free_pdu(response);
    }
}

static void assert_same_varbind(const netsnmp_variable_list *a, const netsnmp_variable_list *b)
{
    assert_int_equal(snmp_oid_compare(a->name, a->name_length, b->name, b->name_length), 0);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->val_len, b->val_len);
    if (a->val_len)
        assert_memory_equal(a->val.string, b->val.string, a->val_len);
}

static const u_char wire_types[] = {
    [MIB_BASE_INTEGER] = ASN_INTEGER,  [MIB_BASE_UNSIGNED] = ASN_UNSIGNED, [MIB_BASE_COUNTER32] = ASN_COUNTER,
    [MIB_BASE_OCTETS] = ASN_OCTET_STR, [MIB_BASE_OID] = ASN_OBJECT_ID,
};

/* Every readable scalar is in the walk, with the type of the MIB and a value inside its limits. */
static void test_walk_has_every_scalar(void **state)
{
    struct fixture *fixture = *state;
    struct walk walk;

    walk_all(fixture, &walk);
    for (size_t i = 0; i < mib_object_count; i++) {
        const struct mib_object *object = &mib_objects[i];
        const netsnmp_variable_list *var = walk.first;
        oid name[MAX_OID_LEN];
        size_t length = dispatch_oid(object->oid, object->oid_len, name);

        if (object->kind != MIB_KIND_SCALAR)
            continue;
        name[length++] = 0;
        while (var && snmp_oid_compare(var->name, var->name_length, name, length) != 0)
            var = var->next_variable;
        if (!var) {
            fail_msg("%s.0 is not in the walk", object->name);
            return;
        }
        assert_int_equal(var->type, wire_types[object->base]);
        if (object->base == MIB_BASE_OCTETS && object->meaning != MIB_MEANING_BITS)
            assert_true(mib_in_range(object, (int64_t)var->val_len));
        else if (object->base != MIB_BASE_OCTETS)
            assert_true(mib_in_range(object, *var->val.integer));
    }
    snmp_free_varbind(walk.first);
}

static void test_get_answers_what_the_walk_found(void **state)
{
    struct fixture *fixture = *state;
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET);
    netsnmp_pdu *response;
    struct walk walk;
    const netsnmp_variable_list *got;

    walk_all(fixture, &walk);
    for (const netsnmp_variable_list *var = walk.first; var; var = var->next_variable)
        snmp_add_null_var(request, var->name, var->name_length);
    response = fixture_answer(fixture, request);
    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    got = response->variables;
    for (const netsnmp_variable_list *var = walk.first; var; var = var->next_variable, got = got->next_variable)
        assert_same_varbind(var, got);
    assert_null(got);
    snmp_free_pdu(response);
    snmp_free_varbind(walk.first);
}

static void test_get_of_what_is_not_there(void **state)
{
    static const struct {
        oid below[6];
        size_t count;
        u_char expected;
    } cases[] = {
        {{1, 1, 1}, 3, SNMP_NOSUCHINSTANCE},       /* a scalar without its 0 */
        {{1, 1, 1, 1}, 4, SNMP_NOSUCHINSTANCE},    /* instance 1 of a scalar */
        {{1, 1, 1, 0, 0}, 5, SNMP_NOSUCHINSTANCE}, /* one too many */
        {{1, 1, 999, 0}, 4, SNMP_NOSUCHOBJECT},    /* no such object */
        {{1}, 1, SNMP_NOSUCHOBJECT},               /* a branch */
        {{0, 1}, 2, SNMP_NOSUCHOBJECT},            /* a notification */
        {{4294967295u, 4294967295u}, 2, SNMP_NOSUCHOBJECT},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET);
        netsnmp_pdu *response;
        oid name[MAX_OID_LEN];
        size_t length = dispatch_oid(NULL, 0, name);

        memcpy(name + length, cases[i].below, cases[i].count * sizeof(oid));
        snmp_add_null_var(request, name, length + cases[i].count);
        response = fixture_answer(fixture, request);
        assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
        assert_int_equal(response->variables->type, cases[i].expected);
        snmp_free_pdu(response);
    }
}

/* Starting at any name of the walk, or beside it, included or not, GetNext gives what the walk says comes next. */
static void test_next_from_everywhere(void **state)
{
    struct fixture *fixture = *state;
    oid end[MAX_OID_LEN];
    size_t end_len;
    struct walk walk;

    module_end(end, &end_len);
    walk_all(fixture, &walk);
    for (const netsnmp_variable_list *var = walk.first; var; var = var->next_variable) {
        netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET_NEXT);
        netsnmp_pdu *response;
        oid child[MAX_OID_LEN];

        memcpy(child, var->name, var->name_length * sizeof(oid));
        child[var->name_length] = 0;
        add_range(request, var->name, var->name_length, true, end, end_len);                /* itself */
        add_range(request, var->name, var->name_length - 1, false, end, end_len);           /* from its parent */
        add_range(request, child, var->name_length + 1, true, end, end_len);                /* behind it: the next */
        add_range(request, var->name, var->name_length, true, var->name, var->name_length); /* an empty range */
        response = fixture_answer(fixture, request);
        assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
        assert_same_varbind(var, response->variables);
        assert_true(snmp_oid_compare(response->variables->next_variable->name,
                                     response->variables->next_variable->name_length, var->name,
                                     var->name_length) <= 0);
        if (var->next_variable)
            assert_same_varbind(var->next_variable, response->variables->next_variable->next_variable);
        else
            assert_int_equal(response->variables->next_variable->next_variable->type, SNMP_ENDOFMIBVIEW);
        assert_int_equal(response->variables->next_variable->next_variable->next_variable->type, SNMP_ENDOFMIBVIEW);
        snmp_free_pdu(response);
    }
    snmp_free_varbind(walk.first);
}

/* Random GetBulks against what the walk says the answer must be (RFC 2741, 7.2.3.3). */
static void check_bulk(struct fixture *fixture, const netsnmp_variable_list *const *names, size_t count, unsigned *seed)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET_BULK);
    netsnmp_pdu *response;
    size_t starts[4];
    size_t ends[4];
    const size_t n = 1 + (size_t)rand_r(seed) % 4;
    const netsnmp_variable_list *got;

    request->non_repeaters = rand_r(seed) % (long)(n + 1);
    request->max_repetitions = rand_r(seed) % 40;
    for (size_t i = 0; i < n; i++) {
        starts[i] = (size_t)rand_r(seed) % count;
        ends[i] = (size_t)rand_r(seed) % count;
        add_range(request, names[starts[i]]->name, names[starts[i]]->name_length, false, names[ends[i]]->name,
                  names[ends[i]]->name_length);
    }
    {
        const long non_repeaters = request->non_repeaters;
        const long repetitions = request->max_repetitions;

        response = fixture_answer(fixture, request);
        assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
        got = response->variables;
        for (long row = 0; row < (repetitions > 1 ? repetitions : 1) && got; row++) {
            for (size_t i = row ? (size_t)non_repeaters : 0; i < n; i++) {
                const size_t at = starts[i] + 1 + (size_t)row;

                if ((long)i >= non_repeaters && repetitions == 0)
                    break;
                assert_non_null(got);
                if (at < ends[i])
                    assert_same_varbind(names[at], got);
                else
                    assert_int_equal(got->type, SNMP_ENDOFMIBVIEW);
                got = got->next_variable;
            }
        }
        assert_null(got);
    }
    snmp_free_pdu(response);
}

static void test_bulk_equals_walk(void **state)
{
    struct fixture *fixture = *state;
    const netsnmp_variable_list *names[WALK_MAX];
    struct walk walk;
    size_t count = 0;
    unsigned seed = 20741;

    walk_all(fixture, &walk);
    for (const netsnmp_variable_list *var = walk.first; var; var = var->next_variable)
        names[count++] = var;
    for (int round = 0; round < 5000; round++)
        check_bulk(fixture, names, count, &seed);
    snmp_free_varbind(walk.first);
}

/* The null OID as a range's end means that there is none (RFC 2741, 5.4); net-snmp makes 0.0 of it. */
static void test_null_oid_is_no_end(void **state)
{
    static const oid null[] = {0, 0};
    struct fixture *fixture = *state;
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET_NEXT);
    netsnmp_pdu *response;
    oid root[MAX_OID_LEN];
    const size_t root_len = dispatch_oid(NULL, 0, root);

    add_range(request, root, root_len, false, null, 2);
    response = fixture_answer(fixture, request);
    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    assert_int_equal(response->variables->type, ASN_OCTET_STR);
    snmp_free_pdu(response);
}

/* Names as long as names can be, in every place where one is compared or copied. */
static void test_longest_names(void **state)
{
    static const int commands[] = {AGENTX_GET, AGENTX_GET_NEXT, AGENTX_GET_BULK, AGENTX_TEST_SET};
    struct fixture *fixture = *state;
    oid end[MAX_OID_LEN];
    oid name[MAX_OID_LEN];
    size_t end_len;

    module_end(end, &end_len);
    for (size_t i = 0; i < mib_object_count * 4; i++) {
        const struct mib_object *object = &mib_objects[i / 4];
        netsnmp_pdu *request = fixture_request(fixture, commands[i % 4]);
        netsnmp_pdu *response;

        for (size_t k = dispatch_oid(object->oid, object->oid_len, name); k < MAX_OID_LEN; k++)
            name[k] = i % 3 ? 4294967295u : 0;
        request->max_repetitions = 3;
        if (commands[i % 4] == AGENTX_GET_NEXT || commands[i % 4] == AGENTX_GET_BULK)
            add_range(request, name, MAX_OID_LEN, i % 2, end, end_len);
        else
            snmp_add_null_var(request, name, MAX_OID_LEN);
        response = fixture_answer(fixture, request);
        assert_int_equal(response->errstat != SNMP_ERR_NOERROR, commands[i % 4] == AGENTX_TEST_SET);
        snmp_free_pdu(response);
    }
}

static void test_other_context_is_refused(void **state)
{
    struct fixture *fixture = *state;
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET);
    netsnmp_pdu *response;

    fixture_add(request, MIB_devsecAgentVersion, 0, ASN_NULL, NULL, 0);
    request->community = (u_char *)strdup("other");
    request->community_len = strlen("other");
    response = fixture_answer(fixture, request);
    assert_int_equal(response->errstat, AGENTX_ERROR_UNSUPPORTED_CONTEXT);
    assert_null(response->variables);
    snmp_free_pdu(response);
}

static void test_takes_only_its_commands(void **state)
{
    (void)state;
    for (int command = 0; command < 32; command++)
        assert_int_equal(dispatch_takes(command), command >= 5 && command <= 11); /* RFC 2741, 6.1 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_walk_has_every_scalar, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_get_answers_what_the_walk_found, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_get_of_what_is_not_there, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_next_from_everywhere, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_bulk_equals_walk, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_null_oid_is_no_end, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_longest_names, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_other_context_is_refused, fixture_open, fixture_close),
        cmocka_unit_test(test_takes_only_its_commands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
