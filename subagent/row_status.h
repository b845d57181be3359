/* SPDX-License-Identifier: Apache-2.0 */
/* RowStatus (RFC 2579): what a SET means for a row that managers create and destroy, once for all tables. */
#ifndef DEVSEC_SUBAGENT_ROW_STATUS_H
#define DEVSEC_SUBAGENT_ROW_STATUS_H

#include "base/error.h"
#include "binding.h"

/* The values of RowStatus. */
enum row_status {
    ROW_STATUS_ACTIVE = 1,
    ROW_STATUS_NOT_IN_SERVICE = 2,
    ROW_STATUS_NOT_READY = 3,
    ROW_STATUS_CREATE_AND_GO = 4,
    ROW_STATUS_CREATE_AND_WAIT = 5,
    ROW_STATUS_DESTROY = 6,
};

/* The states of RFC 2579's table. */
enum row_state {
    ROW_ABSENT,
    ROW_NOT_READY,      /* something is missing before it can be active */
    ROW_NOT_IN_SERVICE, /* nothing is missing, and it was not made active */
    ROW_ACTIVE,
    ROW_STATE_COUNT
};

/* What the table has to do. Other columns of the request are to be set with all of these but the last two. */
enum row_action {
    ROW_CREATE_AND_GO,   /* make the row and activate it; refuse it where something is missing even so */
    ROW_CREATE_AND_WAIT, /* make the row; what is missing can follow */
    ROW_ACTIVATE,        /* refuse it where something is missing even so */
    ROW_CHANGE,          /* set columns, the status stays or follows from what is there then */
    ROW_DESTROY,
    ROW_NOTHING, /* no other column, and the status is what was asked for */
};

/*
 * Says what a request means in which state of the row, by this table:
 *
 *   status column        absent            notReady          notInService      active
 *   active(1)            inconsistentValue activate          activate          nothing, or change
 *   notInService(2)      inconsistentValue inconsistentValue inconsistentValue inconsistentValue
 *   notReady(3)          inconsistentValue inconsistentValue inconsistentValue inconsistentValue
 *   createAndGo(4)       create and go     inconsistentValue inconsistentValue inconsistentValue
 *   createAndWait(5)     create and wait   inconsistentValue inconsistentValue inconsistentValue
 *   destroy(6)           nothing           destroy           destroy           destroy
 *   not in the request   inconsistentName  change            change            change
 *
 * which is RFC 2579's with what it leaves open settled: rows are not taken out of service, and destroy goes with no
 * other column (inconsistentValue at that column), for a value that is acknowledged is in force. `status_object` is the
 * table's status column. On failure request->guilty is set.
 */
enum devsec_err row_status_action(struct row_request *request, int status_object, enum row_state state,
                                  enum row_action *action, struct devsec_error *error);

/* The value to read in a state; the row is there. */
enum row_status row_status_of(enum row_state state);

/* Where the cell of this column is, for request->guilty; 0, the first one, if the request has no such cell. */
size_t row_request_place(const struct row_request *request, int object);

/* Fails with the cell of this column to blame, or the first one if the request has no such cell. Returns `code`. */
enum devsec_err row_request_fail(struct row_request *request, int object, struct devsec_error *error,
                                 enum devsec_err code, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
