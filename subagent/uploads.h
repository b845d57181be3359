/* SPDX-License-Identifier: Apache-2.0 */
/* devsecUploadTable's segments: held in memory until their job has read them. */
#ifndef DEVSEC_SUBAGENT_UPLOADS_H
#define DEVSEC_SUBAGENT_UPLOADS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define UPLOAD_SEGMENT_MAX  1024   /* octets in one */
#define UPLOAD_SEGMENTS_MAX 64     /* of one job */
#define UPLOAD_OCTETS_MAX   524288 /* of all jobs together: devsecUploadLimit */
#define UPLOAD_COUNT_MAX    1024   /* segments of all jobs together: short ones take memory, too */

struct upload_segment {
    uint32_t job;
    uint32_t segment; /* 1..UPLOAD_SEGMENTS_MAX */
    int status;       /* of devsecUploadRowStatus */
    time_t when;      /* CLOCK_MONOTONIC seconds of the last change */
    size_t length;
    unsigned char octets[UPLOAD_SEGMENT_MAX];
};

void upload_segment_free(struct upload_segment *segment); /* cleanses; NULL is legal */

struct uploads;

enum devsec_err uploads_new(struct uploads **out, struct devsec_error *error);
void uploads_free(struct uploads *uploads); /* NULL is legal */

size_t uploads_count(const struct uploads *uploads);
const struct upload_segment *uploads_at(const struct uploads *uploads, size_t i); /* ascending by job and segment */
const struct upload_segment *uploads_find(const struct uploads *uploads, uint32_t job, uint32_t segment);
size_t uploads_octets(const struct uploads *uploads);

/* Puts a copy of a segment in place of the one with its numbers. DEVSEC_ERR_UNAVAILABLE over UPLOAD_OCTETS_MAX or
 * UPLOAD_COUNT_MAX, DEVSEC_ERR_MEMORY; nothing is changed then. */
enum devsec_err uploads_put(struct uploads *uploads, const struct upload_segment *segment, struct devsec_error *error);
void uploads_remove(struct uploads *uploads, uint32_t job, uint32_t segment);
void uploads_remove_job(struct uploads *uploads, uint32_t job);

/*
 * For a SET, whose commit cannot fail: sets aside room for so many more segments and octets, beside what is held and
 * what is set aside already. Errors as uploads_put. Each has to be given back by uploads_release with the same numbers:
 * when the segments are there, or when they are not to come.
 */
enum devsec_err uploads_reserve(struct uploads *uploads, size_t segments, size_t octets, struct devsec_error *error);
void uploads_release(struct uploads *uploads, size_t segments, size_t octets);

/* Puts `put` (taken; NULL for nothing) in the place of the segment with these numbers and returns that one, which is
 * the caller's then; NULL if there was none. A segment that comes anew needs room set aside, or just made by a swap. */
struct upload_segment *uploads_swap(struct uploads *uploads, uint32_t job, uint32_t segment,
                                    struct upload_segment *put);

/*
 * A job's octets put together into a new buffer, which the caller frees. DEVSEC_ERR_NOT_FOUND when there is no segment
 * or one is missing or not active (the sentence names it), DEVSEC_ERR_MEMORY. Both are untouched on failure.
 */
enum devsec_err uploads_join(const struct uploads *uploads, uint32_t job, unsigned char **octets, size_t *length,
                             struct devsec_error *error);

/* Drops the segments older than `keep` seconds whose job `is_job` does not know. */
void uploads_age(struct uploads *uploads, time_t keep, bool (*is_job)(void *context, uint32_t job), void *context);

#endif
