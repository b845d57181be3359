/* SPDX-License-Identifier: Apache-2.0 */
/* The model: the list of all instances in OID order, and what RFC 3416 says GETBULK brings from it. */
#ifndef DEVSEC_TESTS_MODEL_H
#define DEVSEC_TESTS_MODEL_H

#include "client.h"
#include "rows.h"

#include <stdbool.h>
#include <stddef.h>

struct cell {
    oid name[MAX_OID_LEN];
    size_t name_len;
    u_char type;
    u_char *value;
    size_t value_len;
    bool settled; /* the value stays as it is; otherwise only name and type are compared */
};

struct model {
    struct cell *cells;
    size_t count;
    /* devsec's own subtree: the cells that are not there while devsecd is not. */
    size_t ours;
    size_t ours_end;
    bool may_vanish; /* devsecd comes and goes: an answer may be without it, from any of its varbinds on */
};

/* One GETBULK. Names are the starts as they were sent. */
#define QUESTION_VARBINDS_MAX 6

struct question {
    long non_repeaters;
    long max_repetitions;
    size_t count;
    oid names[QUESTION_VARBINDS_MAX][MAX_OID_LEN];
    size_t name_lens[QUESTION_VARBINDS_MAX];
};

#define VERDICT_MAX 512

/*
 * Walks everything there is by GETNEXT, twice with a second in between: what has another value the second time, and
 * counters and clocks, are not settled. False, with a sentence on standard error, if the walk does not work.
 */
bool model_walk(struct model *model, netsnmp_session *session);
void model_clear(struct model *model);

/*
 * Compares what was walked below devsecTlsSuiteEntry with the rows as they are worked out. `some`: only some of them
 * are there, because of a view. False, with the first difference on standard error, if they are not the same.
 */
bool model_has_rows(const struct model *model, const struct rows *rows, bool some);

/* From now on devsecd may end and start again, which changes some of its values, but none of the rows. */
void model_expect_restarts(struct model *model);

/* The first cell behind a name; the count if there is none. */
size_t model_behind(const struct model *model, const oid *name, size_t length);

/*
 * Whether `answer` is one to `question`: RFC 3416, 4.2.3. It may end early after any varbind (message size, snmpd's
 * limits, 4.2.3's own permission), but not before the first. If not, `verdict` says why.
 */
bool model_admits(const struct model *model, const struct question *question, const netsnmp_pdu *answer,
                  char verdict[VERDICT_MAX]);

/* How many varbinds the question asks for. */
size_t question_wants(const struct question *question);

/* Prints the request, what came (NULL: nothing) and what the model has. */
void model_explain(const struct model *model, const struct question *question, const netsnmp_pdu *answer);

#endif
