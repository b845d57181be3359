/* SPDX-License-Identifier: Apache-2.0 */
/* Segments of uploads, in memory, sorted by job and number; see uploads.h. */
#include "uploads.h"

#include "row_status.h"

#include <stdlib.h>
#include <string.h>

struct uploads {
    struct upload_segment **list; /* ascending by job and segment */
    size_t count;
    size_t room;
    size_t octets; /* in the list */
    size_t reserved;
    size_t reserved_octets;
};

void upload_segment_free(struct upload_segment *segment)
{
    if (segment)
        explicit_bzero(segment, sizeof(*segment)); /* may be a private key that somebody sends by mistake */
    free(segment);
}

enum devsec_err uploads_new(struct uploads **out, struct devsec_error *error)
{
    struct uploads *uploads = calloc(1, sizeof(*uploads));

    if (!uploads)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    *out = uploads;
    return DEVSEC_OK;
}

void uploads_free(struct uploads *uploads)
{
    if (!uploads)
        return;
    for (size_t i = 0; i < uploads->count; i++)
        upload_segment_free(uploads->list[i]);
    free(uploads->list);
    free(uploads);
}

/* The place of the first segment that does not come before this one. */
static size_t place_of(const struct uploads *uploads, uint32_t job, uint32_t segment)
{
    size_t low = 0;
    size_t high = uploads->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct upload_segment *at = uploads->list[middle];

        if (at->job < job || (at->job == job && at->segment < segment))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct uploads *uploads, size_t place, uint32_t job, uint32_t segment)
{
    return place < uploads->count && uploads->list[place]->job == job && uploads->list[place]->segment == segment;
}

size_t uploads_count(const struct uploads *uploads)
{
    return uploads->count;
}

const struct upload_segment *uploads_at(const struct uploads *uploads, size_t i)
{
    return uploads->list[i];
}

const struct upload_segment *uploads_find(const struct uploads *uploads, uint32_t job, uint32_t segment)
{
    const size_t place = place_of(uploads, job, segment);

    return is_at(uploads, place, job, segment) ? uploads->list[place] : NULL;
}

size_t uploads_octets(const struct uploads *uploads)
{
    return uploads->octets;
}

enum devsec_err uploads_reserve(struct uploads *uploads, size_t segments, size_t octets, struct devsec_error *error)
{
    const size_t count = uploads->count + uploads->reserved + segments;
    const size_t sum = uploads->octets + uploads->reserved_octets + octets;

    if (sum > UPLOAD_OCTETS_MAX || count > UPLOAD_COUNT_MAX)
        return devsec_fail(error, DEVSEC_ERR_UNAVAILABLE,
                           "the device holds %d octets in %d segments of uploads at most, and this would make %zu in "
                           "%zu: destroy segments that are not needed, or wait until their jobs have ended",
                           UPLOAD_OCTETS_MAX, UPLOAD_COUNT_MAX, sum, count);
    if (count > uploads->room) {
        struct upload_segment **list = realloc(uploads->list, 2 * count * sizeof(struct upload_segment *));

        if (!list)
            return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
        uploads->list = list;
        uploads->room = 2 * count;
    }
    uploads->reserved += segments;
    uploads->reserved_octets += octets;
    return DEVSEC_OK;
}

void uploads_release(struct uploads *uploads, size_t segments, size_t octets)
{
    uploads->reserved -= segments;
    uploads->reserved_octets -= octets;
}

struct upload_segment *uploads_swap(struct uploads *uploads, uint32_t job, uint32_t segment, struct upload_segment *put)
{
    const size_t place = place_of(uploads, job, segment);
    struct upload_segment **at = uploads->list ? &uploads->list[place] : NULL;
    struct upload_segment *old = is_at(uploads, place, job, segment) ? *at : NULL;

    if (old && !put) {
        uploads->count--;
        memmove(at, at + 1, (uploads->count - place) * sizeof(struct upload_segment *));
    } else if (!old && put) {
        memmove(at + 1, at, (uploads->count - place) * sizeof(struct upload_segment *));
        uploads->count++;
    }
    if (put)
        *at = put;
    uploads->octets += put ? put->length : 0;
    uploads->octets -= old ? old->length : 0;
    return old;
}

enum devsec_err uploads_put(struct uploads *uploads, const struct upload_segment *segment, struct devsec_error *error)
{
    struct upload_segment *old = uploads_swap(uploads, segment->job, segment->segment, NULL); /* makes room */
    struct upload_segment *copy = malloc(sizeof(*copy));
    enum devsec_err err = copy ? uploads_reserve(uploads, 1, segment->length, error)
                               : devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");

    if (err) {
        upload_segment_free(copy);
        if (old)
            uploads_swap(uploads, segment->job, segment->segment, old);
        return err;
    }
    *copy = *segment;
    uploads_swap(uploads, segment->job, segment->segment, copy);
    uploads_release(uploads, 1, segment->length);
    upload_segment_free(old);
    return DEVSEC_OK;
}

void uploads_remove(struct uploads *uploads, uint32_t job, uint32_t segment)
{
    upload_segment_free(uploads_swap(uploads, job, segment, NULL));
}

void uploads_remove_job(struct uploads *uploads, uint32_t job)
{
    const size_t place = place_of(uploads, job, 0);

    while (place < uploads->count && uploads->list[place]->job == job)
        uploads_remove(uploads, job, uploads->list[place]->segment);
}

/* Looks for the gap: the job's segments are 1, 2, 3 ... and active. `*count` is how many there are. */
static enum devsec_err check_whole(const struct uploads *uploads, uint32_t job, size_t first, size_t *count,
                                   size_t *length, struct devsec_error *error)
{
    size_t i = first;

    *length = 0;
    for (; i < uploads->count && uploads->list[i]->job == job; i++) {
        const struct upload_segment *segment = uploads->list[i];

        if (segment->segment != i - first + 1)
            break;
        if (segment->status != ROW_STATUS_ACTIVE)
            return devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "segment %u of the upload for job %u is not active",
                               segment->segment, job);
        *length += segment->length;
    }
    *count = i - first;
    if (i < uploads->count && uploads->list[i]->job == job)
        return devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "segment %zu of the upload for job %u is missing", *count + 1,
                           job);
    if (*count == 0)
        return devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "nothing was uploaded for job %u", job);
    return DEVSEC_OK;
}

enum devsec_err uploads_join(const struct uploads *uploads, uint32_t job, unsigned char **octets, size_t *length,
                             struct devsec_error *error)
{
    const size_t first = place_of(uploads, job, 0);
    unsigned char *joined = NULL;
    size_t count = 0;
    size_t total = 0;
    size_t used = 0;
    enum devsec_err err = check_whole(uploads, job, first, &count, &total, error);

    if (err)
        return err;
    joined = malloc(total + 1);
    if (!joined)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    for (size_t i = first; i < first + count; i++) {
        memcpy(joined + used, uploads->list[i]->octets, uploads->list[i]->length);
        used += uploads->list[i]->length;
    }
    *octets = joined;
    *length = total;
    return DEVSEC_OK;
}

void uploads_age(struct uploads *uploads, time_t keep, bool (*is_job)(void *context, uint32_t job), void *context)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    for (size_t i = uploads->count; i > 0; i--) {
        const struct upload_segment *segment = uploads->list[i - 1];

        if (now.tv_sec - segment->when > keep && !is_job(context, segment->job))
            uploads_remove(uploads, segment->job, segment->segment);
    }
}
