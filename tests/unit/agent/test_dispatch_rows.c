/* SPDX-License-Identifier: Apache-2.0 */
/* Rows through the dispatcher: what the tables are asked, on what terms a SET is refused and at which index. */
#include "parts.h"
#include "tables.h"

#include <stdio.h>

#define PORT(value) UNSIGNED(devsecSmtpPort, value, 0)

#define MIDNIGHT "\x07\xea\1\2\0\0\0\0+\0\0" /* 2026-01-02 00:00:00 */

static int64_t port(const struct fixture *fixture)
{
    return store_current(fixture->agent.store)->values[SETTING_SMTP_PORT].number;
}

/* Refused with this status and index, for this reason, nothing changed, and nothing of it committed. */
static void assert_refused(struct fixture *fixture, const struct part *parts, size_t count, int status, long at,
                           const char *reason)
{
    tables.log[0] = '\0';
    parts_refused(fixture, parts, count, status, at, reason);
    assert_null(strstr(tables.log, "commit"));
    assert_null(strstr(tables.log, "undo"));
    assert_int_equal(tables.held, 0);
}

/* ---- what the tables see ---- */

/* Tables and rows in their order, whatever that of the PDU; each row once, its cells in the order of the PDU. */
static void test_rows_in_order(void **state)
{
    static const struct part parts[] = {
        OCTETS(devsecUploadData, "\0\xff", 7, 63), OCTETS(devsecJobKeyName, "twenty", 20),
        INTEGER(devsecUploadRowStatus, 4, 7, 64),  PORT(2525),
        INTEGER(devsecJobRowStatus, 4, 15),        OCTETS(devsecJobNotAfter, MIDNIGHT, 20),
        OCTETS(devsecUploadData, "", 1, 1),        OCTETS(devsecJobKeyName, "ten", 10),
        OCTETS(devsecUploadData, "abc", 7, 64),    UNSIGNED(devsecJobSlot, 65535, 20),
    };
    struct fixture *fixture = *state;
    const uint32_t before = parts_generation(fixture);

    parts_accepted(fixture, parts, COUNT(parts));
    assert_string_equal(tables.log,
                        "test 10@0 KeyName=ten; test 15 RowStatus=4; test 20@1 KeyName=twenty NotAfter=1767312000 "
                        "Slot=65535; test 1.1@0 Data=0 octets; test 7.63 Data=2 octets; test 7.64@2 RowStatus=4 "
                        "Data=3 octets; "
                        "commit 10@0; commit 15; commit 20@1; commit 1.1@0; commit 7.63; commit 7.64@2; "
                        "finish 10@0; finish 15; finish 20@1; finish 1.1@0; finish 7.63; finish 7.64@2; "
                        "free 10@0; free 15; free 20@1; free 1.1@0; free 7.63; free 7.64@2; ");
    tables_assert_names(fixture, "ten twenty ");
    assert_int_equal(port(fixture), 2525);
    assert_int_equal(parts_generation(fixture), before + 1); /* settings and rows in one commit */
}

static void test_given_twice(void **state)
{
    static const struct part equal[] = {
        OCTETS(devsecJobKeyName, "a", 10),
        OCTETS(devsecJobKeyName, "a", 10),
        UNSIGNED(devsecJobSlot, 3, 10),
        UNSIGNED(devsecJobSlot, 3, 10),
        OCTETS(devsecUploadData, "\0x", 1, 1),
        OCTETS(devsecUploadData, "\0x", 1, 1),
        OCTETS(devsecJobNotAfter, MIDNIGHT, 10),
        OCTETS(devsecJobNotAfter, "\x07\xea\1\2\1\0\0\0+\1\0", 10), /* the same moment */
    };
    static const struct part differing[][2] = {
        {OCTETS(devsecJobKeyName, "a", 10), OCTETS(devsecJobKeyName, "b", 10)},
        {OCTETS(devsecJobKeyName, "", 10), OCTETS(devsecJobKeyName, "b", 10)},
        {UNSIGNED(devsecJobSlot, 3, 10), UNSIGNED(devsecJobSlot, 4, 10)},
        {OCTETS(devsecUploadData, "\0x", 1, 1), OCTETS(devsecUploadData, "\0y", 1, 1)},
        {OCTETS(devsecUploadData, "\0x", 1, 1), OCTETS(devsecUploadData, "\0xy", 1, 1)},
        {OCTETS(devsecUploadData, "", 1, 1), OCTETS(devsecUploadData, "\0", 1, 1)},
        {INTEGER(devsecJobRowStatus, 4, 9), INTEGER(devsecJobRowStatus, 6, 9)},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT(differing); i++)
        assert_refused(fixture, differing[i], 2, SNMP_ERR_INCONSISTENTVALUE, 2, "given twice in one request");
    parts_accepted(fixture, equal, COUNT(equal));
}

/* An index that no row can have, in all the ways; the value's syntax is looked at before (RFC 3416, 4.2.5). */
static void test_indexes(void **state)
{
    static const struct {
        struct part part;
        int status;
        const char *reason;
    } cases[] = {
        {UNSIGNED(devsecJobSlot, 1, 0), SNMP_ERR_NOCREATION,
         "devsecJobSlot.0: no row can have 0 as its devsecJobIndex"},
        {UNSIGNED(devsecJobSlot, 1, 2147483648u), SNMP_ERR_NOCREATION, "no row can have 2147483648"},
        {UNSIGNED(devsecJobSlot, 1, 4294967295u), SNMP_ERR_NOCREATION, "no row can have 4294967295"},
        {UNSIGNED(devsecJobSlot, 1, 10, 0), SNMP_ERR_NOCREATION,
         "an index of 1 sub-identifiers behind the column's name, got 2"},
        {OCTETS(devsecUploadData, "x", 1, 65), SNMP_ERR_NOCREATION,
         "devsecUploadData.1.65: no row can have 65 as its devsecUploadSegment"},
        {OCTETS(devsecUploadData, "x", 1, 0), SNMP_ERR_NOCREATION, "no row can have 0 as its devsecUploadSegment"},
        {OCTETS(devsecUploadData, "x", 0, 1), SNMP_ERR_NOCREATION, "no row can have 0 as its devsecJobIndex"},
        {OCTETS(devsecUploadData, "x", 1), SNMP_ERR_NOCREATION,
         "an index of 2 sub-identifiers behind the column's name, got 1"},
        {OCTETS(devsecUploadData, "x", 1, 1, 1), SNMP_ERR_NOCREATION,
         "an index of 2 sub-identifiers behind the column's name, got 3"},
        {INTEGER(devsecJobSlot, 1, 0), SNMP_ERR_WRONGTYPE, "expected Unsigned32"},
        {UNSIGNED(devsecJobSlot, 65536, 0), SNMP_ERR_WRONGVALUE, "expected 0 to 65535, got 65536"},
        {OCTETS(devsecJobCountry, "x", 0), SNMP_ERR_WRONGLENGTH, "expected 0 or 2 octets, got 1"},
        {INTEGER(devsecJobStatus, 1, 10), SNMP_ERR_NOTWRITABLE, "devsecJobStatus.10: the object is read-only"},
        {INTEGER(devsecJobStatus, 1, 0), SNMP_ERR_NOTWRITABLE, "the object is read-only"},
        {UNSIGNED(devsecJobIndex, 1, 10), SNMP_ERR_NOTWRITABLE, "there is no such object"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct part parts[] = {OCTETS(devsecJobKeyName, "good", 10), cases[i].part, PORT(2525)};

        assert_refused(fixture, parts, 3, cases[i].status, 2, cases[i].reason);
        assert_null(strstr(tables.log, "test")); /* the good row is not even judged */
    }
}

/* A name with more sub-identifiers than an index can have. */
static void test_longest_name(void **state)
{
    struct fixture *fixture = *state;
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
    const struct mib_object *object = &mib_objects[MIB_devsecJobSlot];
    const long one = 1;
    oid name[MAX_OID_LEN];
    long index = 0;

    for (size_t i = dispatch_oid(object->oid, object->oid_len, name); i < MAX_OID_LEN; i++)
        name[i] = 4294967295u;
    assert_non_null(snmp_pdu_add_variable(request, name, MAX_OID_LEN, ASN_UNSIGNED, &one, sizeof(one)));
    assert_int_equal(fixture_set(fixture, request, &index), SNMP_ERR_NOCREATION);
    assert_int_equal(index, 1);
    assert_string_equal(tables.log, "");
}

/* ---- rows that lack a column ---- */

/* "KeyName.10=0 ": what a request for what is behind the name, or at it, brings; noSuchInstance reads as "none". */
static void assert_answer(struct fixture *fixture, int command, int object, oid index, const char *expected)
{
    netsnmp_pdu *request = fixture_request(fixture, command);
    netsnmp_pdu *response;
    netsnmp_variable_list *asked = fixture_add(request, object, index, ASN_PRIV_EXCL_RANGE, NULL, 0);
    char found[256] = "";

    snmp_set_var_typed_value(asked, ASN_PRIV_EXCL_RANGE, (const u_char *)"", 0); /* to the end */
    request->max_repetitions = 4;
    response = fixture_answer(fixture, request);
    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    for (const netsnmp_variable_list *var = response->variables; var; var = var->next_variable) {
        const size_t used = strlen(found);

        if (var->type == SNMP_NOSUCHINSTANCE)
            snprintf(found + used, sizeof(found) - used, "none ");
        else
            snprintf(found + used, sizeof(found) - used, "%lu.%lu=%.*s ",
                     (unsigned long)var->name[var->name_length - 2], (unsigned long)var->name[var->name_length - 1],
                     (int)var->val_len, (const char *)var->val.string);
    }
    assert_string_equal(found, expected);
    snmp_free_pdu(response);
}

/* Column 4 is the name's, 3 is before and 5 behind it. */
static void test_lacking_column(void **state)
{
    static const struct part name = OCTETS(devsecJobKeyName, "twenty", 20);
    struct fixture *fixture = *state;

    assert_answer(fixture, AGENTX_GET, MIB_devsecJobKeyName, 20, "4.20=1 ");
    assert_answer(fixture, AGENTX_GET_NEXT, MIB_devsecJobKeyName, 10, "4.20=1 ");
    tables.lacks_name[1] = true;
    assert_answer(fixture, AGENTX_GET, MIB_devsecJobKeyName, 20, "none ");
    assert_answer(fixture, AGENTX_GET, MIB_devsecJobKeyName, 30, "4.30=2 ");
    assert_answer(fixture, AGENTX_GET_NEXT, MIB_devsecJobKeyName, 10, "4.30=2 ");
    assert_answer(fixture, AGENTX_GET_BULK, MIB_devsecJobSlot, 20, "3.30=2 4.10=0 4.30=2 5.10=0 ");
    tables.lacks_name[2] = true;
    assert_answer(fixture, AGENTX_GET_NEXT, MIB_devsecJobKeyName, 10, "5.10=0 ");
    tables.lacks_name[0] = true;
    assert_answer(fixture, AGENTX_GET_BULK, MIB_devsecJobSlot, 20, "3.30=2 5.10=0 5.20=1 5.30=2 ");
    /* The row is there, and can be given the column. */
    parts_accepted(fixture, &name, 1);
    assert_non_null(strstr(tables.log, "test 20@1 KeyName=twenty; "));
}

/* ---- refusals ---- */

static const struct part mixed[] = {
    PORT(2525),
    OCTETS(devsecUploadData, "abc", 7, 64),
    OCTETS(devsecJobKeyName, "ten", 10),
    OCTETS(devsecJobKeyName, "twenty", 20),
    UNSIGNED(devsecJobSlot, 3, 10),
    INTEGER(devsecUploadRowStatus, 4, 7, 64),
};

/* Every error a table can give: the status, at the varbind of the guilty cell, named by its instance. */
static void test_table_refuses(void **state)
{
    static const struct {
        enum devsec_err err;
        int status;
    } statuses[] = {
        {DEVSEC_ERR_INCONSISTENT, SNMP_ERR_INCONSISTENTVALUE},
        {DEVSEC_ERR_INCONSISTENT_NAME, SNMP_ERR_INCONSISTENTNAME},
        {DEVSEC_ERR_NO_CREATION, SNMP_ERR_NOCREATION},
        {DEVSEC_ERR_WRONG_VALUE, SNMP_ERR_WRONGVALUE},
        {DEVSEC_ERR_WRONG_LENGTH, SNMP_ERR_WRONGLENGTH},
        {DEVSEC_ERR_NOT_WRITABLE, SNMP_ERR_NOTWRITABLE},
        {DEVSEC_ERR_UNAVAILABLE, SNMP_ERR_RESOURCEUNAVAILABLE},
        {DEVSEC_ERR_MEMORY, SNMP_ERR_RESOURCEUNAVAILABLE},
        {DEVSEC_ERR_INTERNAL, SNMP_ERR_GENERR},
    };
    static const struct {
        struct tables_refusal refusal; /* its `err` is each of the above in turn */
        long at;
        const char *reason;
    } rows[] = {
        {{{10}, MIB_devsecJobKeyName, DEVSEC_OK}, 3, "devsecJobKeyName.10: refused by the table"},
        {{{10}, MIB_devsecJobSlot, DEVSEC_OK}, 5, "devsecJobSlot.10: refused by the table"},
        {{{20}, MIB_devsecJobKeyName, DEVSEC_OK}, 4, "devsecJobKeyName.20: refused by the table"},
        {{{7, 64}, MIB_devsecUploadRowStatus, DEVSEC_OK}, 6, "devsecUploadRowStatus.7.64: refused by the table"},
        {{{7, 64}, MIB_devsecUploadData, DEVSEC_OK}, 2, "devsecUploadData.7.64: refused by the table"},
    };
    struct fixture *fixture = *state;

    for (size_t s = 0; s < COUNT(statuses); s++) {
        for (size_t r = 0; r < COUNT(rows); r++) {
            tables.refusal = rows[r].refusal;
            tables.refusal.err = statuses[s].err;
            assert_refused(fixture, mixed, COUNT(mixed), statuses[s].status, rows[r].at, rows[r].reason);
        }
    }
    tables_assert_names(fixture, "");
    tables.refusal.err = DEVSEC_OK;
    parts_accepted(fixture, mixed, COUNT(mixed));
    tables_assert_names(fixture, "ten twenty ");
}

/* Of several rows that would be refused it is the first in the order of the rows, and none behind it is asked. */
static void test_first_refusal_counts(void **state)
{
    struct fixture *fixture = *state;

    tables.refusal = (struct tables_refusal){{20}, MIB_devsecJobKeyName, DEVSEC_ERR_INCONSISTENT};
    assert_refused(fixture, mixed, COUNT(mixed), SNMP_ERR_INCONSISTENTVALUE, 4, "devsecJobKeyName.20");
    assert_string_equal(tables.log, "test 10@0 KeyName=ten Slot=3; test 20@1 KeyName=twenty; "
                                    "free 10@0; free 20@1; free 7.64@2; ");
}

/* All or nothing: a bad varbind anywhere, of a setting or of a row. */
static void test_bad_varbind_in_any_position(void **state)
{
    static const struct {
        struct part part;
        int status;
        const char *reason;
    } bad[] = {
        {UNSIGNED(devsecSmtpPort, 0, 0), SNMP_ERR_WRONGVALUE, "devsecSmtpPort.0: expected 1 to 65535"},
        {INTEGER(devsecSetSerialNo, -1, 0), SNMP_ERR_WRONGVALUE, "devsecSetSerialNo.0: "},
        {INTEGER(devsecJobRowStatus, 7, 30), SNMP_ERR_WRONGVALUE, "devsecJobRowStatus.30: 7 is none of the values"},
        {OCTETS(devsecJobNotAfter, "\1", 30), SNMP_ERR_WRONGLENGTH, "devsecJobNotAfter.30: expected a date"},
        {OCTETS(devsecJobKeyName, "a\xff", 30), SNMP_ERR_WRONGVALUE, "devsecJobKeyName.30: expected UTF-8"},
        {OCTETS(devsecJobKeyName, "no such name!", 30), SNMP_ERR_WRONGVALUE, "devsecJobKeyName.30: "},
    };
    struct fixture *fixture = *state;

    for (size_t b = 0; b < COUNT(bad); b++) {
        for (size_t at = 0; at <= COUNT(mixed); at++) {
            struct part parts[COUNT(mixed) + 1];
            size_t n = 0;

            for (size_t i = 0; i <= COUNT(mixed); i++)
                parts[i] = i == at ? bad[b].part : mixed[n++];
            assert_refused(fixture, parts, COUNT(mixed) + 1, bad[b].status, (long)at + 1, bad[b].reason);
        }
    }
}

/* ---- cross-checks ---- */

/* In place of the device's rules: refuses every document with the fault that the test wants. */
static struct store_fault wanted_fault;

static enum devsec_err refuse_all(void *context, const struct document *candidate, struct store_fault *fault)
{
    (void)context;
    (void)candidate;
    *fault = wanted_fault;
    return wanted_fault.error.code;
}

static void test_cross_check_index(void **state)
{
    static const uint32_t administrators = 1u << TABLE_ADMINISTRATORS;
    static const struct {
        struct store_fault fault;
        long at;
        const char *reason;
    } cases[] = {
        {{.involved_tables = 0}, 1, "never"},
        {{.involved_tables = 1u << TABLE_USES}, 1, "never"},
        {{.involved = {SETTING_SMTP_PORT}, .n_involved = 1}, 1, "devsecSmtpPort.0: never"},
        {{.involved = {SETTING_SMTP_HOST}, .n_involved = 1}, 1, "never"},
        {{.involved_tables = administrators}, 3, "devsecJobKeyName.10: never"},
        {{.involved_tables = administrators, .involved_rows = {"twenty"}, .n_involved_rows = 1},
         4,
         "devsecJobKeyName.20: never"},
        {{.involved_tables = administrators, .involved_rows = {"twenty", "ten"}, .n_involved_rows = 2},
         3,
         "devsecJobKeyName.10: never"},
        {{.involved_tables = administrators, .involved_rows = {"stranger"}, .n_involved_rows = 1}, 1, "never"},
        {{.involved = {SETTING_SMTP_PORT}, .n_involved = 1, .involved_tables = administrators},
         1,
         "devsecSmtpPort.0: never"},
    };
    struct fixture *fixture = *state;
    enum devsec_err (*const check)(void *, const struct document *, struct store_fault *) =
        fixture->agent.device.rules.check;

    fixture->agent.device.rules.check = refuse_all;
    for (size_t i = 0; i < COUNT(cases); i++) {
        wanted_fault = cases[i].fault;
        wanted_fault.error = (struct devsec_error){DEVSEC_ERR_INCONSISTENT, "never"};
        assert_refused(fixture, mixed, COUNT(mixed), SNMP_ERR_INCONSISTENTVALUE, cases[i].at, cases[i].reason);
    }
    /* A setting behind the row: the row is the first that the rule is about. */
    {
        const struct part reversed[] = {OCTETS(devsecJobKeyName, "ten", 10), PORT(2525)};

        assert_refused(fixture, reversed, 2, SNMP_ERR_INCONSISTENTVALUE, 1, "devsecJobKeyName.10: never");
    }
    fixture->agent.device.rules.check = check;
}

/* ---- the table of leaves ---- */

static void assert_not_opened(const char *directory, const char *reason)
{
    static struct agent agent;
    struct devsec_error error = {DEVSEC_OK, ""};
    char path[128];

    snprintf(path, sizeof(path), "%s/devsecd.yaml", directory);
    assert_int_equal(agent_open(&agent, path, &error), DEVSEC_ERR_INTERNAL);
    if (!strstr(error.text, reason))
        fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
}

/* A writable column that nobody could write is found when the program starts, not when a manager comes to it. */
static void test_unbound_columns(void **state)
{
    const struct table_binding jobs = tables_bindings[0];
    struct fixture *fixture = *state;

    tables_bindings[0].test_row = NULL;
    assert_not_opened(fixture->directory, "devsecJobOperation is writable and has no binding to write it");
    tables_bindings[0] = jobs;
}

#define ON_TABLES(test) cmocka_unit_test_setup_teardown(test, tables_open, tables_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TABLES(test_rows_in_order),
        ON_TABLES(test_given_twice),
        ON_TABLES(test_indexes),
        ON_TABLES(test_longest_name),
        ON_TABLES(test_lacking_column),
        ON_TABLES(test_table_refuses),
        ON_TABLES(test_first_refusal_counts),
        ON_TABLES(test_bad_varbind_in_any_position),
        ON_TABLES(test_cross_check_index),
        ON_TABLES(test_unbound_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
