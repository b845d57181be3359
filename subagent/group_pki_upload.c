/* SPDX-License-Identifier: Apache-2.0 */
/* devsecUploadTable: certificates for jobs, in segments that are held in memory. */
#include "binding.h"
#include "jobs.h"
#include "row_status.h"
#include "store/table.h"
#include "uploads.h"

#include <stdlib.h>
#include <string.h>

static size_t count_segments(const struct agent *agent)
{
    return uploads_count(agent->uploads);
}

static size_t index_segment(const struct agent *agent, size_t row, oid *index)
{
    const struct upload_segment *segment = uploads_at(agent->uploads, row);

    index[0] = segment->job;
    index[1] = segment->segment;
    return 2;
}

static bool get_data(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    const struct upload_segment *segment = uploads_at(agent->uploads, row);

    return syntax_put_octets(segment->octets, segment->length, var);
}

/* Nothing was set yet, which is another thing than no octets. */
static bool lacks_data(const struct agent *agent, size_t row)
{
    return uploads_at(agent->uploads, row)->status == ROW_STATUS_NOT_READY;
}

static bool get_row_status(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    return syntax_put_number(&mib_objects[MIB_devsecUploadRowStatus], uploads_at(agent->uploads, row)->status, var);
}

/* ---- SET ---- */

/* What a SET does to one segment. */
struct change {
    struct uploads *uploads;
    struct upload_segment *other; /* before the commit what is to be there, afterwards what was; NULL for nothing */
    bool reserved;                /* room is set aside for it: so much */
    size_t segments;
    size_t octets;
};

static enum row_state state_of(const struct upload_segment *segment)
{
    static const enum row_state states[] = {
        [ROW_STATUS_ACTIVE] = ROW_ACTIVE,
        [ROW_STATUS_NOT_IN_SERVICE] = ROW_NOT_IN_SERVICE,
        [ROW_STATUS_NOT_READY] = ROW_NOT_READY,
    };

    return segment ? states[segment->status] : ROW_ABSENT;
}

static bool job_is_started(const struct agent *agent, uint32_t job)
{
    const struct table *jobs = &store_current(agent->store)->tables[TABLE_JOBS];
    const struct value key = {.number = job};
    const long row = table_find(TABLE_JOBS, jobs, &key);

    return row >= 0 && jobs_is_started(jobs->rows[row]);
}

/* A segment that is there never changes its octets: whoever sends others is another manager, or has lost count. */
static enum devsec_err check_octets(struct row_request *request, const struct upload_segment *segment,
                                    struct devsec_error *error)
{
    const struct row_cell *data = row_request_cell(request, MIB_devsecUploadData);

    if (!data || !segment || segment->status == ROW_STATUS_NOT_READY ||
        (data->n_octets == segment->length && memcmp(data->octets, segment->octets, segment->length) == 0))
        return DEVSEC_OK;
    return row_request_fail(request, MIB_devsecUploadData, error, DEVSEC_ERR_INCONSISTENT,
                            "the segment is there already, with other octets: destroy it first");
}

/* The room that the change needs beyond what the segment has already. */
static enum devsec_err reserve(struct change *change, const struct upload_segment *before, struct devsec_error *error)
{
    enum devsec_err err;

    change->segments = before ? 0 : 1;
    change->octets = change->other->length - (before ? before->length : 0); /* never fewer than before */
    err = uploads_reserve(change->uploads, change->segments, change->octets, error);
    change->reserved = err == DEVSEC_OK;
    return err;
}

static void release(struct change *change)
{
    if (change->reserved)
        uploads_release(change->uploads, change->segments, change->octets);
    change->reserved = false;
}

/* Kept with the request; request->data owns it. NULL when out of memory. `keep` if there is to be a segment. */
static struct change *new_change(struct row_request *request, struct uploads *uploads, bool keep)
{
    struct change *change = calloc(1, sizeof(*change));

    if (!change)
        return NULL;
    change->uploads = uploads;
    request->data = change;
    if (keep)
        change->other = calloc(1, sizeof(*change->other));
    return keep && !change->other ? NULL : change;
}

/* What the segment is to be. Without octets it is notReady(3), and cannot be activated. */
static enum devsec_err fill(struct upload_segment *made, struct row_request *request,
                            const struct upload_segment *before, bool activate, struct devsec_error *error)
{
    const struct row_cell *data = row_request_cell(request, MIB_devsecUploadData);
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    made->status = ROW_STATUS_NOT_READY;
    if (before)
        *made = *before;
    made->job = (uint32_t)request->index[0];
    made->segment = (uint32_t)request->index[1];
    made->when = now.tv_sec;
    if (data) {
        memcpy(made->octets, data->octets, data->n_octets);
        made->length = data->n_octets;
    }
    if (data && made->status == ROW_STATUS_NOT_READY)
        made->status = ROW_STATUS_NOT_IN_SERVICE;
    if (activate && made->status == ROW_STATUS_NOT_READY)
        return row_request_fail(request, MIB_devsecUploadRowStatus, error, DEVSEC_ERR_INCONSISTENT,
                                "the segment has no octets: set devsecUploadData, too");
    if (activate)
        made->status = ROW_STATUS_ACTIVE;
    return DEVSEC_OK;
}

static enum devsec_err plan(struct agent *agent, struct row_request *request, const struct upload_segment *before,
                            enum row_action action, struct devsec_error *error)
{
    const bool activate = action == ROW_CREATE_AND_GO || action == ROW_ACTIVATE;
    struct change *change = new_change(request, agent->uploads, action != ROW_DESTROY);
    enum devsec_err err = DEVSEC_OK;

    if (!change)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    if (change->other)
        err = fill(change->other, request, before, activate, error);
    if (err || !job_is_started(agent, (uint32_t)request->index[0]))
        return err;
    return row_request_fail(request, request->cells[0].object, error, DEVSEC_ERR_INCONSISTENT,
                            "job %lu is started, and what it reads is settled", (unsigned long)request->index[0]);
}

/* Whether a request leaves the segment as it is: other octets were refused. */
static bool is_idle(const struct upload_segment *before, enum row_action action)
{
    return action == ROW_NOTHING || (action == ROW_CHANGE && before->status != ROW_STATUS_NOT_READY);
}

static enum devsec_err test_segment(struct agent *agent, struct transaction *txn, struct row_request *request,
                                    struct devsec_error *error)
{
    const struct upload_segment *before =
        uploads_find(agent->uploads, (uint32_t)request->index[0], (uint32_t)request->index[1]);
    enum row_action action = ROW_NOTHING;
    enum devsec_err err = row_status_action(request, MIB_devsecUploadRowStatus, state_of(before), &action, error);
    struct change *change;

    (void)txn;
    if (!err)
        err = check_octets(request, before, error);
    if (err || is_idle(before, action))
        return err;
    err = plan(agent, request, before, action, error);
    change = request->data;
    if (err || !change->other)
        return err;
    request->guilty = row_request_place(request, MIB_devsecUploadData);
    return reserve(change, before, error);
}

/* Exchanges what is there with what is kept, whichever of the two is the new one. */
static void swap(struct agent *agent, struct row_request *request)
{
    struct change *change = request->data;

    if (change)
        change->other =
            uploads_swap(agent->uploads, (uint32_t)request->index[0], (uint32_t)request->index[1], change->other);
}

static void commit_segment(struct agent *agent, struct row_request *request)
{
    swap(agent, request);
    if (request->data)
        release(request->data);
}

static void free_segment(struct row_request *request)
{
    struct change *change = request->data;

    if (!change)
        return;
    release(change);
    upload_segment_free(change->other);
    free(change);
}

static const struct binding bindings[] = {
    {MIB_devsecUploadData, .get = get_data, .lacks = lacks_data},
    {MIB_devsecUploadRowStatus, .get = get_row_status},
};

static const struct table_binding tables[] = {
    {.entry = MIB_devsecUploadEntry,
     .count = count_segments,
     .index = index_segment,
     .test_row = test_segment,
     .commit_row = commit_segment,
     .undo_row = swap,
     .free_row = free_segment},
};

const struct binding_group group_pki_upload = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
