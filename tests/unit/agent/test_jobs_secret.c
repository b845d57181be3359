/* SPDX-License-Identifier: Apache-2.0 */
/* A private key that somebody uploads by mistake is refused, and does not stay in memory that was freed. */
#include "alloc_faults.h"

#include "jobs_fixture.h"

#include "row_status.h"
#include "secret/openssl_memory.h"
#include "uploads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char needle[] = "c2VjcmV0IG9jdGV0cyB0aGF0IG5vYm9keSBtYXkgZmluZA==";

static void test_an_uploaded_private_key_does_not_stay(void **state)
{
    const struct cell install[] = {{MIB_devsecJobOperation, MIB_devsecJobOperation_installCertificate, NULL},
                                   {MIB_devsecJobRowStatus, ROW_STATUS_CREATE_AND_GO, NULL},
                                   {0, 0, NULL}};
    struct fixture *fixture = *state;
    struct upload_segment segment = {.job = 1, .segment = 1, .status = ROW_STATUS_ACTIVE};

    segment.length = (size_t)snprintf((char *)segment.octets, sizeof(segment.octets),
                                      "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n", needle);
    assert_int_equal(uploads_put(fixture->agent.uploads, &segment, NULL), DEVSEC_OK);
    alloc_faults_arm(SIZE_MAX);
    jobs_create(fixture, 1, install);
    jobs_expect_failure(fixture, 1, PKI_PRIVATE_KEY_IN_UPLOAD, "private key");
    jobs_settle(fixture);
    alloc_faults_disarm();
    assert_int_equal(uploads_count(fixture->agent.uploads), 0);
    assert_int_equal(alloc_faults.spilled, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_uploaded_private_key_does_not_stay, fixture_open, fixture_close),
    };

    if (!openssl_memory_cleanse())
        return 1;
    alloc_faults_needle(needle, strlen(needle));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
