/* SPDX-License-Identifier: Apache-2.0 */
/* What a SET makes of a row of devsecJobTable. */
#ifndef DEVSEC_SUBAGENT_JOB_ROW_H
#define DEVSEC_SUBAGENT_JOB_ROW_H

#include "binding.h"
#include "row_status.h"

/* notReady until the operation is set, active from its start on; NULL is a row that is not there. */
enum row_state job_row_state(const struct value *row);

/* For struct table_binding: puts the row as the SET leaves it into the transaction; a job that the SET starts gets the
 * date of its start. */
enum devsec_err job_row_test(struct agent *agent, struct transaction *txn, struct row_request *request,
                             struct devsec_error *error);

/* Whether the device has the operation that the row asks for, which is set. */
enum devsec_err job_row_check_operation(struct row_request *request, const struct value *row,
                                        struct devsec_error *error);

/* What a row asks for, judged by itself before it is started: what contradicts itself. Never by the inventory, which
 * may be another one when the job's turn comes. On failure request->guilty is set. */
enum devsec_err job_row_check(struct row_request *request, const struct value *row, time_t now,
                              struct devsec_error *error);

#endif
