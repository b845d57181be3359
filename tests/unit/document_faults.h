/* SPDX-License-Identifier: Apache-2.0 */
/* A document's way through parsing, copying and printing, also with each allocation failing in turn. */
#ifndef DEVSEC_TESTS_DOCUMENT_FAULTS_H
#define DEVSEC_TESTS_DOCUMENT_FAULTS_H

#include "alloc_faults.h"

#include "store/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A text that has to be a good document; the caller frees. */
static inline struct document *document_parsed(const char *text)
{
    struct document *document = NULL;
    struct devsec_error error = {0};

    if (document_parse(&document, "settings.yaml", text, strlen(text), &error))
        fail_msg("%s", error.text);
    return document;
}

/* A document as text; the caller frees. */
static inline char *document_printed(const struct document *document)
{
    char *text = NULL;
    size_t length = 0;
    struct devsec_error error = {0};

    if (document_print(document, &text, &length, &error))
        fail_msg("%s", error.text);
    assert_int_equal(length, strlen(text));
    return text;
}

/* Parses, copies and prints. */
static enum devsec_err document_work(const char *source, struct document **parsed, struct document **copy, char **text,
                                     size_t *length)
{
    struct devsec_error error = {0};
    enum devsec_err err;

    err = document_parse(parsed, "f", source, strlen(source), &error);
    if (!err)
        err = document_copy(copy, *parsed, &error);
    if (!err)
        err = document_print(*copy, text, length, &error);
    assert_int_equal(error.code, err);
    return err;
}

/* All of it, while each allocation in turn fails: a clean error, and nothing lost. */
static void document_assert_survives(const char *source)
{
    bool failed = true;

    for (size_t n = 0; failed; n++) {
        struct document *parsed = NULL;
        struct document *copy = NULL;
        char *text = NULL;
        size_t length = 7;
        enum devsec_err err;

        alloc_faults_arm(n);
        err = document_work(source, &parsed, &copy, &text, &length);
        failed = alloc_faults_disarm();
        assert_int_equal(err, failed ? DEVSEC_ERR_MEMORY : DEVSEC_OK);
        assert_int_equal(text == NULL, failed);
        if (failed)
            assert_int_equal(length, 7);
        assert_false(copy && !parsed);
        alloc_faults.armed = true;
        free(text);
        document_free(copy);
        document_free(parsed);
        alloc_faults.armed = false;
        assert_int_equal(alloc_faults.held, 0);
    }
}

#endif
