/* SPDX-License-Identifier: Apache-2.0 */
/* What OpenSSL frees or outgrows holds nothing any more; what it keeps does. */
#include "alloc_faults.h"
#include "secret/openssl_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/crypto.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";

static void test_freed_blocks_are_cleansed(void **state)
{
    char *block;

    (void)state;
    alloc_faults_arm(SIZE_MAX);
    block = OPENSSL_malloc(1000);
    memcpy(block + 900, secret, sizeof(secret));
    OPENSSL_free(block);
    alloc_faults_disarm();
    assert_int_equal(alloc_faults.spilled, 0);
    assert_int_equal(alloc_faults.held, 0);
    OPENSSL_free(NULL);
}

static void test_outgrown_blocks_are_cleansed(void **state)
{
    static const size_t sizes[] = {100000, 100, sizeof(secret), 50, 4000};
    char *block;

    (void)state;
    alloc_faults_arm(SIZE_MAX);
    block = OPENSSL_realloc(NULL, sizeof(secret));
    memcpy(block, secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        block = OPENSSL_realloc(block, sizes[i]);
        assert_memory_equal(block, secret, sizeof(secret));
    }
    block = OPENSSL_realloc(block, 0);
    alloc_faults_disarm();
    assert_null(block);
    assert_int_equal(alloc_faults.spilled, 0);
    assert_int_equal(alloc_faults.held, 0);
}

/* The old block stays, as realloc's would. */
static void test_no_memory_to_grow(void **state)
{
    char *block = OPENSSL_malloc(sizeof(secret));

    (void)state;
    memcpy(block, secret, sizeof(secret));
    alloc_faults_arm(0);
    assert_null(OPENSSL_realloc(block, 100000));
    assert_true(alloc_faults_disarm());
    assert_string_equal(block, secret);
    OPENSSL_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_freed_blocks_are_cleansed),
        cmocka_unit_test(test_outgrown_blocks_are_cleansed),
        cmocka_unit_test(test_no_memory_to_grow),
    };

    if (!openssl_memory_cleanse())
        return 1;
    alloc_faults_needle(secret, strlen(secret));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
