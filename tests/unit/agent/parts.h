/* SPDX-License-Identifier: Apache-2.0 */
/* SETs written as lists of varbinds, for the tests that send them to the dispatcher. */
#ifndef DEVSEC_TESTS_PARTS_H
#define DEVSEC_TESTS_PARTS_H

#include "agent_fixture.h"
#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A varbind: an integer when `octets` is NULL. */
struct part {
    int object;
    oid index[4];
    size_t index_len;
    u_char type;
    long number;
    const char *octets;
    size_t length;
};

/* The index's sub-identifiers come last; 0 for a scalar. */
#define INDEX_LEN(...) (sizeof((oid[]){__VA_ARGS__}) / sizeof(oid))
#define NUMBER(object, asn, value, ...)                                                                                \
    {                                                                                                                  \
        MIB_##object, {__VA_ARGS__}, INDEX_LEN(__VA_ARGS__), asn, value, NULL, 0                                       \
    }
#define INTEGER(object, value, ...)  NUMBER(object, ASN_INTEGER, value, __VA_ARGS__)
#define UNSIGNED(object, value, ...) NUMBER(object, ASN_UNSIGNED, value, __VA_ARGS__)
#define OCTETS(object, text, ...)                                                                                      \
    {                                                                                                                  \
        MIB_##object, {__VA_ARGS__}, INDEX_LEN(__VA_ARGS__), ASN_OCTET_STR, 0, text, sizeof(text) - 1                  \
    }

/* The TestSet; the caller frees it. */
static inline netsnmp_pdu *parts_request(struct fixture *fixture, const struct part *parts, size_t count)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);

    for (size_t i = 0; i < count; i++) {
        const struct part *part = &parts[i];

        fixture_add_row(request, part->object, part->index, part->index_len, part->type,
                        part->octets ? (const void *)part->octets : &part->number,
                        part->octets ? part->length : sizeof(part->number));
    }
    return request;
}

/* One phase, which takes its request; returns the error status. */
static inline int parts_answer(struct fixture *fixture, netsnmp_pdu *request)
{
    netsnmp_pdu *response = fixture_answer(fixture, request);
    int status;

    assert_non_null(response);
    status = (int)response->errstat;
    snmp_free_pdu(response);
    return status;
}

static inline int parts_test(struct fixture *fixture, const struct part *parts, size_t count)
{
    return parts_answer(fixture, parts_request(fixture, parts, count));
}

static inline int parts_commit(struct fixture *fixture)
{
    return parts_answer(fixture, fixture_request(fixture, AGENTX_COMMIT_SET));
}

static inline int parts_undo(struct fixture *fixture)
{
    return parts_answer(fixture, fixture_request(fixture, AGENTX_UNDO_SET));
}

static inline void parts_cleanup(struct fixture *fixture)
{
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
}

/* All phases, which must succeed. */
static inline void parts_accepted(struct fixture *fixture, const struct part *parts, size_t count)
{
    long index = 0;

    if (fixture_set(fixture, parts_request(fixture, parts, count), &index) != SNMP_ERR_NOERROR)
        fail_msg("refused at %ld: %s", index, fixture->agent.last_set_error);
}

/* Refused with this status and index, for this reason, and the settings document is what it was. */
static inline void parts_refused(struct fixture *fixture, const struct part *parts, size_t count, int status, long at,
                                 const char *reason)
{
    char *before = fixture_document(fixture);
    char *after;
    long index = 0;
    int got;

    fixture->agent.last_set_error[0] = '\0';
    got = fixture_set(fixture, parts_request(fixture, parts, count), &index);
    if (got != status || index != at || !strstr(fixture->agent.last_set_error, reason))
        fail_msg("status %d at %ld, \"%s\"; expected %d at %ld, \"%s\"", got, index, fixture->agent.last_set_error,
                 status, at, reason);
    after = fixture_document(fixture);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static inline uint32_t parts_generation(const struct fixture *fixture)
{
    return store_current(fixture->agent.store)->generation;
}

#endif
