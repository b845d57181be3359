/* SPDX-License-Identifier: Apache-2.0 */
/* RowStatus (RFC 2579) as a table of values and states; see row_status.h. */
#include "row_status.h"

#include <stdarg.h>
#include <stdio.h>

/* One field of the table: an action, or why there is none. */
struct field {
    enum row_action action;
    const char *refusal; /* NULL: the action */
};

#define DO(action)                                                                                                     \
    {                                                                                                                  \
        action, NULL                                                                                                   \
    }
#define REFUSE(sentence)                                                                                               \
    {                                                                                                                  \
        ROW_NOTHING, sentence                                                                                          \
    }
#define NO_ROW     REFUSE("there is no such row; createAndGo(4) makes one")
#define IS_THERE   REFUSE("the row is there already: choose another index, or destroy(6) it first")
#define NO_SERVICE REFUSE("rows are not taken out of service; destroy(6) removes one")
#define NOT_READY  REFUSE("notReady(3) is for the device to say, and not to be set")

/* By value and by state: absent, notReady, notInService, active. */
static const struct field fields[][ROW_STATE_COUNT] = {
    [ROW_STATUS_ACTIVE] = {NO_ROW, DO(ROW_ACTIVATE), DO(ROW_ACTIVATE), DO(ROW_NOTHING)},
    [ROW_STATUS_NOT_IN_SERVICE] = {NO_SERVICE, NO_SERVICE, NO_SERVICE, NO_SERVICE},
    [ROW_STATUS_NOT_READY] = {NOT_READY, NOT_READY, NOT_READY, NOT_READY},
    [ROW_STATUS_CREATE_AND_GO] = {DO(ROW_CREATE_AND_GO), IS_THERE, IS_THERE, IS_THERE},
    [ROW_STATUS_CREATE_AND_WAIT] = {DO(ROW_CREATE_AND_WAIT), IS_THERE, IS_THERE, IS_THERE},
    [ROW_STATUS_DESTROY] = {DO(ROW_NOTHING), DO(ROW_DESTROY), DO(ROW_DESTROY), DO(ROW_DESTROY)},
};

static const enum row_status readings[ROW_STATE_COUNT] = {
    [ROW_ABSENT] = ROW_STATUS_NOT_READY, /* not read */
    [ROW_NOT_READY] = ROW_STATUS_NOT_READY,
    [ROW_NOT_IN_SERVICE] = ROW_STATUS_NOT_IN_SERVICE,
    [ROW_ACTIVE] = ROW_STATUS_ACTIVE,
};

enum row_status row_status_of(enum row_state state)
{
    return readings[state];
}

size_t row_request_place(const struct row_request *request, int object)
{
    for (size_t i = 0; i < request->n_cells; i++) {
        if (request->cells[i].object == object)
            return i;
    }
    return 0;
}

enum devsec_err row_request_fail(struct row_request *request, int object, struct devsec_error *error,
                                 enum devsec_err code, const char *format, ...)
{
    char sentence[DEVSEC_ERROR_TEXT_MAX];
    va_list args;

    request->guilty = row_request_place(request, object);
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    return devsec_fail(error, code, "%s", sentence);
}

/* A column other than the status; there is one. */
static int other_column(const struct row_request *request, int status_object)
{
    return request->cells[0].object == status_object ? request->cells[1].object : request->cells[0].object;
}

enum devsec_err row_status_action(struct row_request *request, int status_object, enum row_state state,
                                  enum row_action *action, struct devsec_error *error)
{
    const struct row_cell *status = row_request_cell(request, status_object);
    const bool alone = status && request->n_cells == 1;
    const struct field *field;

    if (!status && state == ROW_ABSENT)
        return row_request_fail(request, request->cells[0].object, error, DEVSEC_ERR_INCONSISTENT_NAME,
                                "there is no such row, and the request does not make it: set %s to createAndGo(4) or "
                                "createAndWait(5) with it",
                                mib_objects[status_object].name);
    if (!status) {
        *action = ROW_CHANGE;
        return DEVSEC_OK;
    }
    field = &fields[status->value.number][state];
    if (field->refusal)
        return row_request_fail(request, status_object, error, DEVSEC_ERR_INCONSISTENT, "%s", field->refusal);
    if (status->value.number == ROW_STATUS_DESTROY && !alone)
        return row_request_fail(request, other_column(request, status_object), error, DEVSEC_ERR_INCONSISTENT,
                                "the request destroys the row, so that no other column of it can be set");
    *action = field->action == ROW_NOTHING && !alone ? ROW_CHANGE : field->action;
    return DEVSEC_OK;
}
