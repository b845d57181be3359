/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of three, and what the tests of reading uploads expect of them. */
#ifndef DEVSEC_TESTS_UNIT_BUNDLE_FIXTURE_H
#define DEVSEC_TESTS_UNIT_BUNDLE_FIXTURE_H

#include "pki/bundle.h"

#include "ca_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAYBE_UNUSED __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX     (128 * 1024)

/* What all tests read, made once: a chain, in PEM and in DER. */
static struct ca root;
static struct ca middle;
static struct ca leaf;
static char *pem[3]; /* leaf, middle, root */

MAYBE_UNUSED static int make(void **state)
{
    (void)state;
    root = ca_root("Test Root");
    middle = ca_intermediate("Test CA", &root);
    leaf = ca_leaf("mfp-17.example", &middle);
    pem[0] = ca_pem(leaf.certificate, NULL);
    pem[1] = ca_pem(middle.certificate, NULL);
    pem[2] = ca_pem(root.certificate, NULL);
    return 0;
}

MAYBE_UNUSED static int drop(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pem); i++)
        free(pem[i]);
    ca_free(&leaf);
    ca_free(&middle);
    ca_free(&root);
    return 0;
}

/* Writes a layout, in which @1, @2 and @3 stand for the blocks of leaf, middle and root, to TEXT_MAX octets. */
MAYBE_UNUSED static void fill(char *to, const char *layout)
{
    size_t used = 0;

    for (const char *at = layout; *at; at++) {
        if (at[0] == '@') {
            used += (size_t)snprintf(to + used, TEXT_MAX - used, "%s", pem[at[1] - '1']);
            at++;
        } else {
            to[used++] = *at;
        }
    }
    to[used] = '\0';
}

/* Expects these certificates in this order. */
MAYBE_UNUSED static void assert_reads(const void *octets, size_t length, X509 *const *expected, int count)
{
    STACK_OF(X509) *got = NULL;
    struct pki_fault fault = {0};

    if (pki_bundle_read(&got, octets, length, &fault))
        fail_msg("%s", fault.error.text);
    assert_int_equal(sk_X509_num(got), count);
    for (int i = 0; i < count; i++)
        assert_int_equal(X509_cmp(sk_X509_value(got, i), expected[i]), 0);
    ca_stack_free(got);
    assert_int_equal(ERR_peek_error(), 0);
}

MAYBE_UNUSED static void assert_refused(const void *octets, size_t length, enum pki_cause cause, const char *text)
{
    STACK_OF(X509) *const untouched = (void *)&root;
    STACK_OF(X509) *got = untouched;
    struct pki_fault fault = {0};
    const enum devsec_err err = pki_bundle_read(&got, octets, length, &fault);

    assert_ptr_equal(got, untouched);
    assert_int_not_equal(err, DEVSEC_OK);
    assert_int_equal(err, fault.error.code);
    if (fault.cause != cause || !strstr(fault.error.text, text))
        fail_msg("expected %d, \"%s\"; got %d, \"%s\"", cause, text, fault.cause, fault.error.text);
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(pki_bundle_read(&got, octets, length, NULL), err);
}

MAYBE_UNUSED static void assert_text_refused(const char *text, enum pki_cause cause, const char *sentence)
{
    assert_refused(text, strlen(text), cause, sentence);
}

#endif
