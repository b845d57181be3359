/* SPDX-License-Identifier: Apache-2.0 */
/* The columns that table_schema_pki.c gives to the one list of tables in table_schema.c. */
#ifndef DEVSEC_STORE_TABLE_SCHEMA_PRIVATE_H
#define DEVSEC_STORE_TABLE_SCHEMA_PRIVATE_H

#include "store/table.h"

extern const struct column key_columns[KEY_COLUMNS];
extern const struct column use_columns[USE_COLUMNS];
extern const struct column trusted_columns[TRUSTED_COLUMNS];
extern const struct column job_columns[JOB_COLUMNS];

/* TLS is switched on and off by its own settings. */
enum devsec_err table_check_use(const struct value *row, struct devsec_error *error);

#endif
