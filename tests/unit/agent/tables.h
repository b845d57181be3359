/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables for the tests of the dispatcher, in place of devsecJobTable and devsecUploadTable: they log what the
 * dispatcher asks of them, and refuse what they are told to. */
#ifndef DEVSEC_TESTS_TABLES_H
#define DEVSEC_TESTS_TABLES_H

#include "agent_fixture.h"
#include "binding.h"

#define TABLES_LOG_MAX 65536

/* A request that test_row refuses. */
struct tables_refusal {
    oid index[2]; /* of the row; a job has one sub-identifier and 0 behind it */
    int object;   /* whose cell is to blame */
    enum devsec_err err;
};

/*
 * What the tables do and what they were asked. Rows 10, 20 and 30 of the first table and 1.1, 1.2 and 7.64 of the
 * second are there, whatever is set; each column reads as the row's place, 0 to 2, in letters. A devsecJobKeyName makes
 * a network administrator of that name in the settings.
 */
extern struct tables {
    char log[TABLES_LOG_MAX]; /* "test 10 Slot=3 KeyName=a; commit 10; free 10; ": one entry a call */
    struct tables_refusal refusal;
    bool lacks_name[3]; /* which rows of the first table have no devsecJobKeyName */
    bool silent;        /* no log */
    long held;          /* requests with data that are not freed */
} tables;

/* cmocka set-up and tear-down around fixture_open and fixture_close: as if never asked; everything was freed. */
int tables_open(void **state);
int tables_close(void **state);

/* "a b ": the names of the administrators, which are what the rows of jobs put into the store. */
void tables_assert_names(const struct fixture *fixture, const char *expected);

extern const struct binding_group group_test;

/* Its tables, which a test may change: the jobs, then the uploads. */
extern struct table_binding tables_bindings[2];

#endif
