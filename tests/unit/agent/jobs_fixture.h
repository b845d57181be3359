/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of devsecJobTable set and read by PDUs, and waiting for what becomes of them. */
#ifndef DEVSEC_TESTS_JOBS_FIXTURE_H
#define DEVSEC_TESTS_JOBS_FIXTURE_H

#include "agent_fixture.h"
#include "devsec_mib.h"
#include "jobs.h"
#include "pki/fault.h"

/* One varbind of a job's row: a text where there is one, else the number. */
struct cell {
    int object; /* enum mib_id; 0 ends a list */
    long number;
    const char *text;
};

#define CELLS_MAX 12

/* The lists that most tests begin with, without the braces around them. */
#define SELF_SIGNED(go)                                                                                                \
    {MIB_devsecJobOperation, MIB_devsecJobOperation_createSelfSigned, NULL},                                           \
        {MIB_devsecJobCommonName, 0, "host.test"},                                                                     \
    {                                                                                                                  \
        MIB_devsecJobRowStatus, (go), NULL                                                                             \
    }
#define ENDLESS                                                                                                        \
    {MIB_devsecJobKeyType, MIB_devsecJobKeyType_rsa, NULL},                                                            \
    {                                                                                                                  \
        MIB_devsecJobKeyBits, 8192, NULL                                                                               \
    }

/* Appends the cells of a job's row to a TestSet request. */
void jobs_add_cells(netsnmp_pdu *request, oid job, const struct cell *cells);

/* One SET on one row, to its end; the error status, its index in *index (may be NULL). */
int jobs_set(struct fixture *fixture, oid job, const struct cell *cells, long *index);
void jobs_create(struct fixture *fixture, oid job, const struct cell *cells); /* one that is not refused */
int jobs_set_one(struct fixture *fixture, oid job, int object, long number);

/* A column's value; fails the test if there is no such instance. The text is in a buffer of the caller's. */
#define JOBS_TEXT_MAX 300
long jobs_number(struct fixture *fixture, oid job, int object);
const char *jobs_text(struct fixture *fixture, oid job, int object, char to[JOBS_TEXT_MAX]);
bool jobs_has(struct fixture *fixture, oid job, int object); /* whether there is such an instance */
bool jobs_exists(struct fixture *fixture, oid job);

/* Does what the main loop does until the job has this devsecJobStatus; fails the test if it does not come. */
void jobs_wait(struct fixture *fixture, oid job, long status);

/* The same until the job has failed, for this cause, with this part in its message. */
void jobs_expect_failure(struct fixture *fixture, oid job, enum pki_cause cause, const char *part);

/* Does it until no worker thread has anything more to do. */
void jobs_settle(struct fixture *fixture);

/* Ends the agent and starts it anew on the same folder. */
void jobs_reopen(struct fixture *fixture);

/* The row of the document; NULL if there is none. */
const struct value *jobs_row(const struct fixture *fixture, int64_t job);

/* The keys in the document in force. */
const struct table *jobs_keys(const struct fixture *fixture);

/* How many files of a kind ("*.key") lie in the store's material. */
size_t jobs_files(const struct fixture *fixture, const char *suffix);

#endif
