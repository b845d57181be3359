/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of keys, uses, trusted certificates and jobs for the tests of tables. */
#ifndef DEVSEC_TESTS_UNIT_PKI_ROWS_H
#define DEVSEC_TESTS_UNIT_PKI_ROWS_H

#include "devsec_mib.h"
#include "store/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define DIGEST_A "00aa11bb22cc33dd44ee55ff66778899aabbccddeeff00112233445566778899"
#define DIGEST_B "1111111111111111111111111111111111111111111111111111111111111111"

#define PKI_ROW_UNUSED __attribute__((unused))

/* Sets a column from a text, as a person would write it. */
PKI_ROW_UNUSED static void pki_row_set(enum table_id id, struct value *row, size_t column, const char *text)
{
    struct devsec_error error = {0};

    if (column_parse(id, column, text, &row[column], &error))
        fail_msg("%s", error.text);
}

/* The caller frees it, as all of these. */
PKI_ROW_UNUSED static struct value *pki_key(unsigned slot, const char *name)
{
    struct value *row = row_new(TABLE_KEYS);

    assert_non_null(row);
    row[KEY_SLOT].number = slot;
    row[KEY_TYPE].number = MIB_devsecCertKeyType_ecdsa;
    row[KEY_ORIGIN].number = MIB_devsecCertOrigin_csr;
    pki_row_set(TABLE_KEYS, row, KEY_NAME, name);
    pki_row_set(TABLE_KEYS, row, KEY_FILE, DIGEST_A);
    return row;
}

PKI_ROW_UNUSED static struct value *pki_use_row(const char *name, unsigned slot, bool enabled)
{
    struct value *row = row_new(TABLE_USES);

    assert_non_null(row);
    pki_row_set(TABLE_USES, row, USE_NAME, name);
    row[USE_SLOT].number = slot;
    row[USE_ENABLED].number = enabled;
    return row;
}

PKI_ROW_UNUSED static struct value *pki_trusted_row(unsigned index)
{
    struct value *row = row_new(TABLE_TRUSTED);

    assert_non_null(row);
    row[TRUSTED_INDEX].number = index;
    pki_row_set(TABLE_TRUSTED, row, TRUSTED_CERTIFICATE, DIGEST_B);
    return row;
}

/* With its DEFVALs, not started. */
PKI_ROW_UNUSED static struct value *pki_job(unsigned index)
{
    static const enum job_column defaults[] = {JOB_KEY_TYPE, JOB_KEY_BITS, JOB_KEY_CURVE,
                                               JOB_HASH,     JOB_USAGE,    JOB_USAGE_INSTANCE};
    struct value *row = row_new(TABLE_JOBS);

    assert_non_null(row);
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        pki_row_set(TABLE_JOBS, row, defaults[i], column_object(TABLE_JOBS, defaults[i])->defval);
    row[JOB_INDEX].number = index;
    row[JOB_STATUS].number = MIB_devsecJobStatus_pending;
    row[JOB_CAUSE].number = MIB_devsecJobCause_none;
    return row;
}

/* Puts a row (taken) into a document. */
PKI_ROW_UNUSED static void pki_rows_put(struct document *document, enum table_id id, struct value *row)
{
    struct devsec_error error = {0};

    if (row_check(id, row, &error) || table_put(id, &document->tables[id], row, &error))
        fail_msg("%s", error.text);
    row_free(id, row);
}

#endif
