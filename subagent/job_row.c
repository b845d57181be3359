/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of devsecJobTable: made, changed, started and destroyed by SETs. */
#include "job_row.h"

#include "jobs.h"
#include "secret/seal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum row_state job_row_state(const struct value *row)
{
    if (!row)
        return ROW_ABSENT;
    if (jobs_is_started(row))
        return ROW_ACTIVE;
    return row[JOB_OPERATION].number ? ROW_NOT_IN_SERVICE : ROW_NOT_READY;
}

/* ---- a row as the SET leaves it ---- */

/* A new row: every column at its DEFVAL, those that a manager may not set where a job begins. */
static enum devsec_err set_defaults(struct value *row, struct devsec_error *error)
{
    enum devsec_err err = DEVSEC_OK;

    for (size_t i = 0; !err && i < JOB_COLUMNS; i++) {
        const struct mib_object *object = column_object(TABLE_JOBS, i);

        if (object && object->defval)
            err = column_parse(TABLE_JOBS, i, object->defval, &row[i], error);
    }
    row[JOB_STATUS].number = MIB_devsecJobStatus_pending;
    row[JOB_CAUSE].number = MIB_devsecJobCause_none;
    return err;
}

static struct value *make_row(const struct row_request *request, const struct value *before, struct devsec_error *error)
{
    struct value *row = before ? row_copy(TABLE_JOBS, before) : row_new(TABLE_JOBS);

    if (!row) {
        devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
        return NULL;
    }
    if (!before && set_defaults(row, error)) {
        row_free(TABLE_JOBS, row);
        return NULL;
    }
    row[JOB_INDEX].number = (int64_t)request->index[0];
    return row;
}

static enum devsec_err put_challenge(const struct agent *agent, struct row_request *request, struct value *row,
                                     const struct value *challenge, struct devsec_error *error)
{
    struct value sealed = {0, NULL};
    char context[64];
    enum devsec_err err = DEVSEC_OK;

    if (value_is_empty(challenge)) {
        value_clear(&row[JOB_CHALLENGE]);
        return DEVSEC_OK;
    }
    if (!agent->pki.device_key)
        return row_request_fail(request, MIB_devsecJobChallenge, error, DEVSEC_ERR_UNAVAILABLE,
                                "the challenge cannot be kept: %s", agent->pki.device_key_error);
    snprintf(context, sizeof(context), "jobs/%" PRId64 "/challenge", row[JOB_INDEX].number);
    err = seal(agent->pki.device_key, context, challenge->text, strlen(challenge->text), &sealed.text, error);
    if (err) {
        request->guilty = row_request_place(request, MIB_devsecJobChallenge);
        return err;
    }
    value_clear(&row[JOB_CHALLENGE]);
    row[JOB_CHALLENGE] = sealed;
    return DEVSEC_OK;
}

/* The column of "jobs" that a MIB object is; JOB_COLUMNS for the challenge and the row's status, which are not kept as
 * they come. */
static size_t column_of(int object)
{
    size_t i = 0;

    while (i < JOB_COLUMNS && table_schemas[TABLE_JOBS].columns[i].object != object)
        i++;
    return i;
}

/* Whether a cell would leave the row as it is. What a challenge was cannot be seen any more. */
static bool is_same(const struct row_cell *cell, const struct value *row)
{
    const size_t column = column_of(cell->object);

    if (cell->object == MIB_devsecJobRowStatus)
        return true;
    if (cell->object == MIB_devsecJobChallenge)
        return value_is_empty(&cell->value) && value_is_empty(&row[JOB_CHALLENGE]);
    return cell->value.number == row[column].number && strcmp(value_text(&cell->value), value_text(&row[column])) == 0;
}

static enum devsec_err put_cells(const struct agent *agent, struct row_request *request, struct value *row,
                                 struct devsec_error *error)
{
    enum devsec_err err = DEVSEC_OK;

    for (size_t i = 0; !err && i < request->n_cells; i++) {
        const struct row_cell *cell = &request->cells[i];
        const size_t column = column_of(cell->object);

        if (cell->object == MIB_devsecJobChallenge)
            err = put_challenge(agent, request, row, &cell->value, error);
        else if (column < JOB_COLUMNS)
            err = value_copy(&row[column], &cell->value, error);
    }
    return err;
}

/* ---- what the SET does ---- */

static enum devsec_err refuse_change(struct row_request *request, const struct value *row, struct devsec_error *error)
{
    for (size_t i = 0; i < request->n_cells; i++) {
        if (!is_same(&request->cells[i], row))
            return row_request_fail(request, request->cells[i].object, error, DEVSEC_ERR_INCONSISTENT,
                                    "the job is started, and can no longer be changed; destroy it and make another");
    }
    return DEVSEC_OK;
}

static enum devsec_err start(const struct agent *agent, struct row_request *request, struct value *row,
                             struct devsec_error *error)
{
    const time_t now = time(NULL);
    enum devsec_err err = job_row_check(request, row, now, error);

    if (err)
        return err;
    err = jobs_may_start(agent->jobs, row, error);
    if (err) {
        request->guilty =
            row_request_place(request, err == DEVSEC_ERR_INCONSISTENT ? MIB_devsecJobSlot : MIB_devsecJobRowStatus);
        return err;
    }
    row[JOB_STARTED].number = now;
    return DEVSEC_OK;
}

static enum devsec_err put_row(struct transaction *txn, struct row_request *request, const struct value *row,
                               const struct value *before, struct devsec_error *error)
{
    enum devsec_err err = DEVSEC_OK;

    request->guilty = row_request_place(request, MIB_devsecJobRowStatus);
    if (before && row_equal(TABLE_JOBS, row, before))
        return DEVSEC_OK;
    err = transaction_require_row(txn, TABLE_JOBS, &row[JOB_INDEX], before, error);
    return err ? err : transaction_put_row(txn, TABLE_JOBS, row, error);
}

enum devsec_err job_row_test(struct agent *agent, struct transaction *txn, struct row_request *request,
                             struct devsec_error *error)
{
    const struct table *rows = &store_current(agent->store)->tables[TABLE_JOBS];
    const struct value key = {.number = (int64_t)request->index[0]};
    const long at = table_find(TABLE_JOBS, rows, &key);
    const struct value *before = at < 0 ? NULL : rows->rows[at];
    enum row_action action = ROW_NOTHING;
    struct value *row;
    enum devsec_err err = row_status_action(request, MIB_devsecJobRowStatus, job_row_state(before), &action, error);

    if (err || action == ROW_NOTHING)
        return err;
    if (action == ROW_DESTROY)
        return transaction_remove_row(txn, TABLE_JOBS, &key, error);
    if (before && jobs_is_started(before))
        return refuse_change(request, before, error);
    row = make_row(request, before, error);
    if (!row)
        return DEVSEC_ERR_MEMORY;
    err = put_cells(agent, request, row, error);
    if (!err && (action == ROW_CREATE_AND_GO || action == ROW_ACTIVATE))
        err = start(agent, request, row, error);
    else if (!err && row[JOB_OPERATION].number)
        err = job_row_check_operation(request, row, error);
    if (!err)
        err = put_row(txn, request, row, before, error);
    row_free(TABLE_JOBS, row);
    return err;
}
