/* SPDX-License-Identifier: Apache-2.0 */
/* Segments of uploads: order, limits, joining, ageing, and what a SET sets aside and swaps. */
#include "alloc_faults.h"
#include "row_status.h"
#include "uploads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static int set_up(void **state)
{
    return uploads_new((struct uploads **)state, NULL) != DEVSEC_OK;
}

static int tear_down(void **state)
{
    uploads_free(*state);
    return 0;
}

static struct upload_segment segment_of(uint32_t job, uint32_t number, const char *text)
{
    struct upload_segment segment = {.job = job, .segment = number, .status = ROW_STATUS_ACTIVE};

    segment.length = strlen(text);
    memcpy(segment.octets, text, segment.length);
    return segment;
}

static enum devsec_err put(struct uploads *uploads, uint32_t job, uint32_t number, const char *text,
                           struct devsec_error *error)
{
    const struct upload_segment segment = segment_of(job, number, text);

    return uploads_put(uploads, &segment, error);
}

/* "1.1=abc 1.2=d ": what is held, in its order. */
static void assert_holds(const struct uploads *uploads, const char *expected)
{
    char found[1024] = "";
    size_t octets = 0;

    for (size_t i = 0; i < uploads_count(uploads); i++) {
        const struct upload_segment *at = uploads_at(uploads, i);

        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%u.%u=%.*s ", at->job, at->segment,
                 (int)at->length, (const char *)at->octets);
        octets += at->length;
        assert_ptr_equal(uploads_find(uploads, at->job, at->segment), at);
    }
    assert_string_equal(found, expected);
    assert_int_equal(uploads_octets(uploads), octets);
}

static void test_kept_in_order(void **state)
{
    struct uploads *uploads = *state;

    assert_holds(uploads, "");
    assert_null(uploads_find(uploads, 1, 1));
    assert_int_equal(put(uploads, 2, 1, "c", NULL), DEVSEC_OK);
    assert_int_equal(put(uploads, 1, 2, "b", NULL), DEVSEC_OK);
    assert_int_equal(put(uploads, 4294967295u, 64, "e", NULL), DEVSEC_OK);
    assert_int_equal(put(uploads, 1, 1, "a", NULL), DEVSEC_OK);
    assert_int_equal(put(uploads, 2, 3, "d", NULL), DEVSEC_OK);
    assert_holds(uploads, "1.1=a 1.2=b 2.1=c 2.3=d 4294967295.64=e ");
    assert_int_equal(put(uploads, 2, 1, "other", NULL), DEVSEC_OK);
    assert_holds(uploads, "1.1=a 1.2=b 2.1=other 2.3=d 4294967295.64=e ");
    uploads_remove(uploads, 1, 1);
    uploads_remove(uploads, 1, 1);
    uploads_remove_job(uploads, 2);
    uploads_remove_job(uploads, 3);
    assert_holds(uploads, "1.2=b 4294967295.64=e ");
}

static void test_limit_of_octets(void **state)
{
    struct uploads *uploads = *state;
    struct upload_segment full = {.status = ROW_STATUS_ACTIVE, .length = UPLOAD_SEGMENT_MAX};
    struct devsec_error error = {DEVSEC_OK, ""};

    for (uint32_t i = 0; i < UPLOAD_OCTETS_MAX / UPLOAD_SEGMENT_MAX; i++) {
        full.job = 1 + i / UPLOAD_SEGMENTS_MAX;
        full.segment = 1 + i % UPLOAD_SEGMENTS_MAX;
        assert_int_equal(uploads_put(uploads, &full, NULL), DEVSEC_OK);
    }
    assert_int_equal(uploads_octets(uploads), UPLOAD_OCTETS_MAX);
    assert_int_equal(put(uploads, 99, 1, "x", &error), DEVSEC_ERR_UNAVAILABLE);
    assert_non_null(strstr(error.text, "524288 octets"));
    assert_int_equal(uploads_octets(uploads), UPLOAD_OCTETS_MAX);
    assert_null(uploads_find(uploads, 99, 1));
    assert_int_equal(uploads_put(uploads, &full, NULL), DEVSEC_OK); /* in its own place */
    assert_int_equal(put(uploads, full.job, full.segment, "short", NULL), DEVSEC_OK);
    assert_int_equal(put(uploads, 99, 1, "x", NULL), DEVSEC_OK);
    assert_int_equal(uploads_put(uploads, &full, &error), DEVSEC_ERR_UNAVAILABLE);
    assert_int_equal(uploads_find(uploads, full.job, full.segment)->length, 5);
}

/* Segments without octets take memory, too. */
static void test_limit_of_segments(void **state)
{
    struct uploads *uploads = *state;
    struct devsec_error error = {DEVSEC_OK, ""};

    for (uint32_t i = 0; i < UPLOAD_COUNT_MAX; i++)
        assert_int_equal(put(uploads, 1 + i, 1, "", NULL), DEVSEC_OK);
    assert_int_equal(put(uploads, 5000, 1, "", &error), DEVSEC_ERR_UNAVAILABLE);
    assert_non_null(strstr(error.text, "1024 segments"));
    assert_int_equal(uploads_count(uploads), UPLOAD_COUNT_MAX);
    assert_int_equal(put(uploads, 1, 1, "", NULL), DEVSEC_OK);
}

static void assert_joined(struct uploads *uploads, uint32_t job, const char *expected)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    unsigned char *octets = NULL;
    size_t length = 0;

    if (uploads_join(uploads, job, &octets, &length, &error))
        fail_msg("%s", error.text);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(octets, expected, length);
    free(octets);
}

static void assert_not_joined(struct uploads *uploads, uint32_t job, const char *reason)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    unsigned char *octets = NULL;
    size_t length = 99;

    assert_int_equal(uploads_join(uploads, job, &octets, &length, &error), DEVSEC_ERR_NOT_FOUND);
    assert_string_equal(error.text, reason);
    assert_null(octets);
    assert_int_equal(length, 99);
}

static void test_joined(void **state)
{
    struct uploads *uploads = *state;
    struct upload_segment waiting = segment_of(7, 3, "!");

    waiting.status = ROW_STATUS_NOT_IN_SERVICE;
    assert_not_joined(uploads, 7, "nothing was uploaded for job 7");
    assert_int_equal(put(uploads, 6, 1, "before", NULL), DEVSEC_OK);
    assert_int_equal(put(uploads, 8, 1, "behind", NULL), DEVSEC_OK);
    assert_not_joined(uploads, 7, "nothing was uploaded for job 7");
    assert_int_equal(put(uploads, 7, 2, "world", NULL), DEVSEC_OK);
    assert_not_joined(uploads, 7, "segment 1 of the upload for job 7 is missing");
    assert_int_equal(put(uploads, 7, 1, "hello ", NULL), DEVSEC_OK);
    assert_joined(uploads, 7, "hello world");
    assert_int_equal(put(uploads, 7, 4, "...", NULL), DEVSEC_OK);
    assert_not_joined(uploads, 7, "segment 3 of the upload for job 7 is missing");
    assert_int_equal(uploads_put(uploads, &waiting, NULL), DEVSEC_OK);
    assert_not_joined(uploads, 7, "segment 3 of the upload for job 7 is not active");
    waiting.status = ROW_STATUS_ACTIVE;
    assert_int_equal(uploads_put(uploads, &waiting, NULL), DEVSEC_OK);
    assert_joined(uploads, 7, "hello world!...");
    assert_int_equal(put(uploads, 9, 1, "", NULL), DEVSEC_OK);
    assert_joined(uploads, 9, "");
}

static bool is_job_2(void *context, uint32_t job)
{
    ++*(unsigned *)context;
    return job == 2;
}

static void test_ageing(void **state)
{
    struct uploads *uploads = *state;
    struct timespec now;
    unsigned asked = 0;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    for (uint32_t job = 1; job <= 3; job++) {
        struct upload_segment segment = segment_of(job, 1, "old");

        segment.when = now.tv_sec - 100000;
        assert_int_equal(uploads_put(uploads, &segment, NULL), DEVSEC_OK);
        segment.segment = 2;
        segment.when = now.tv_sec;
        assert_int_equal(uploads_put(uploads, &segment, NULL), DEVSEC_OK);
    }
    uploads_age(uploads, 1000000, is_job_2, &asked);
    assert_int_equal(uploads_count(uploads), 6);
    uploads_age(uploads, 50000, is_job_2, &asked);
    assert_holds(uploads, "1.2=old 2.1=old 2.2=old 3.2=old ");
    assert_true(asked > 0);
}

/* ---- for a SET ---- */

static struct upload_segment *owned(uint32_t job, uint32_t number, const char *text)
{
    struct upload_segment *segment = malloc(sizeof(*segment));

    assert_non_null(segment);
    *segment = segment_of(job, number, text);
    return segment;
}

static void test_swapped_and_back(void **state)
{
    struct uploads *uploads = *state;
    struct upload_segment *fresh = owned(1, 2, "new");
    struct upload_segment *old;

    assert_int_equal(put(uploads, 1, 1, "a", NULL), DEVSEC_OK);
    assert_int_equal(put(uploads, 1, 3, "c", NULL), DEVSEC_OK);
    assert_int_equal(uploads_reserve(uploads, 1, 3, NULL), DEVSEC_OK);
    assert_null(uploads_swap(uploads, 1, 2, fresh));
    uploads_release(uploads, 1, 3);
    assert_holds(uploads, "1.1=a 1.2=new 1.3=c ");
    assert_ptr_equal(uploads_swap(uploads, 1, 2, NULL), fresh);
    assert_holds(uploads, "1.1=a 1.3=c ");
    upload_segment_free(fresh);
    old = uploads_swap(uploads, 1, 3, NULL);
    assert_holds(uploads, "1.1=a ");
    assert_null(uploads_swap(uploads, 1, 3, old));
    assert_holds(uploads, "1.1=a 1.3=c ");
    assert_null(uploads_swap(uploads, 9, 9, NULL));
}

/* Every row of one SET counts, and what is given back is there again. */
static void test_set_aside(void **state)
{
    struct uploads *uploads = *state;

    assert_int_equal(uploads_reserve(uploads, 1, UPLOAD_OCTETS_MAX - 1, NULL), DEVSEC_OK);
    assert_int_equal(uploads_reserve(uploads, 1, 2, NULL), DEVSEC_ERR_UNAVAILABLE);
    assert_int_equal(uploads_reserve(uploads, 1, 1, NULL), DEVSEC_OK);
    assert_int_equal(put(uploads, 1, 1, "x", NULL), DEVSEC_ERR_UNAVAILABLE);
    uploads_release(uploads, 1, 1);
    assert_int_equal(put(uploads, 1, 1, "x", NULL), DEVSEC_OK);
    uploads_release(uploads, 1, UPLOAD_OCTETS_MAX - 1);
    assert_int_equal(uploads_reserve(uploads, UPLOAD_COUNT_MAX, 0, NULL), DEVSEC_ERR_UNAVAILABLE);
    assert_int_equal(uploads_reserve(uploads, UPLOAD_COUNT_MAX - 1, 0, NULL), DEVSEC_OK);
    assert_int_equal(uploads_reserve(uploads, 1, 0, NULL), DEVSEC_ERR_UNAVAILABLE);
    assert_int_equal(put(uploads, 1, 2, "", NULL), DEVSEC_ERR_UNAVAILABLE);
    uploads_release(uploads, UPLOAD_COUNT_MAX - 1, 0);
    assert_holds(uploads, "1.1=x ");
}

/* Without memory nothing changes and nothing is lost. */
static void test_no_memory(void **state)
{
    struct uploads *uploads = NULL;
    unsigned char *octets = NULL;
    size_t length = 0;
    bool failed = true;

    (void)state;
    for (size_t left = 0; failed; left++) {
        enum devsec_err err;

        alloc_faults_arm(left);
        err = uploads_new(&uploads, NULL);
        if (!err)
            err = put(uploads, 1, 1, "a", NULL);
        if (!err)
            err = put(uploads, 1, 1, "b", NULL);
        if (!err)
            err = uploads_join(uploads, 1, &octets, &length, NULL);
        failed = alloc_faults_disarm();
        assert_int_equal(err, failed ? DEVSEC_ERR_MEMORY : DEVSEC_OK);
        if (failed && uploads)
            assert_int_equal(uploads_octets(uploads), uploads_count(uploads));
        free(octets);
        octets = NULL;
        uploads_free(uploads);
        uploads = NULL;
    }
}

/* What somebody sends may be a private key: nothing of it stays in memory. */
static void test_cleansed(void **state)
{
    struct uploads *uploads = *state;
    const struct upload_segment *segment;

    assert_int_equal(put(uploads, 1, 1, "-----BEGIN PRIVATE KEY-----", NULL), DEVSEC_OK);
    segment = uploads_find(uploads, 1, 1);
    alloc_faults_watch((const char *)segment, sizeof(*segment));
    uploads_remove_job(uploads, 1);
    assert_true(alloc_faults.cleansed);
}

#define ON_UPLOADS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_UPLOADS(test_kept_in_order), ON_UPLOADS(test_limit_of_octets), ON_UPLOADS(test_limit_of_segments),
        ON_UPLOADS(test_joined),        ON_UPLOADS(test_ageing),          ON_UPLOADS(test_swapped_and_back),
        ON_UPLOADS(test_set_aside),     ON_UPLOADS(test_cleansed),        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
