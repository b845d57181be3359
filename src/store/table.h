/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the settings document: lists of rows, each row known by its key, each column typed like a setting. */
#ifndef DEVSEC_STORE_TABLE_H
#define DEVSEC_STORE_TABLE_H

#include "base/error.h"
#include "store/schema.h"

#include <stdbool.h>
#include <stddef.h>

/* Indexes `tables`; the order is that of the document as it is written, behind the settings. */
enum table_id { TABLE_ADMINISTRATORS, TABLE_KEYS, TABLE_USES, TABLE_TRUSTED, TABLE_JOBS, TABLE_COUNT };

/*
 * One column. Type, limits and labels are those of its MIB object; a column without one (object -1) is a text of up to
 * `text_max` octets: one of `words` where those are given, what seal() made where it is sealed, any otherwise.
 */
struct column {
    const char *name;         /* as the document has it: "role" */
    const char *const *words; /* for object -1: the texts that are allowed, NULL behind them; NULL: any */
    size_t text_max;          /* for object -1 */
    /* A rule about this value alone, after all else passed; may be NULL. */
    enum devsec_err (*check)(const struct value *value, struct devsec_error *error);
    int object;    /* enum mib_id, or -1 */
    bool required; /* a row without it is refused; otherwise it is left out while it is empty or 0 */
    bool sealed;   /* a secret: only ever in the document as seal() made it; never shown, logged or quoted */
};

/* One table. Column 0 is the key: required, unique in the table, and no secret. */
struct table_schema {
    const char *path; /* in the document: "administrators" */
    const struct column *columns;
    size_t n_columns;
    size_t rows_max;
    /* A rule about one row as a whole, after each column passed; may be NULL. */
    enum devsec_err (*check)(const struct value *row, struct devsec_error *error);
    int entry;  /* enum mib_id of the conceptual row that it is published as */
    bool state; /* no settings, but how far something is: changes are no news, and restoring a generation leaves it */
};

extern const struct table_schema table_schemas[TABLE_COUNT];

/* A digest's hexadecimal digits, as the columns that name files have it: SHA-256, lowercase. */
#define DIGEST_DIGITS 64

/* The columns of TABLE_ADMINISTRATORS. */
enum administrator_column {
    ADMINISTRATOR_NAME,   /* devsecAdminName */
    ADMINISTRATOR_ROLE,   /* devsecAdminRole */
    ADMINISTRATOR_AUTH,   /* authentication protocol: "SHA-256"; "" while there is no password */
    ADMINISTRATOR_PRIV,   /* privacy protocol: "AES-128"; likewise */
    ADMINISTRATOR_ENGINE, /* hexadecimal engine ID that the keys are localized to; "" for master keys */
    ADMINISTRATOR_KEYS,   /* sealed: the two keys; "" while there is no password */
    ADMINISTRATOR_COLUMNS
};

/* The columns of TABLE_KEYS, "keys". Files are named by their digests, see pki/material.h. */
enum key_column {
    KEY_SLOT,        /* devsecCertSlot */
    KEY_NAME,        /* devsecCertName */
    KEY_TYPE,        /* devsecCertKeyType */
    KEY_ORIGIN,      /* devsecCertOrigin */
    KEY_RESERVED,    /* "default", "ams", "device-signature"; "" for a key that is not the device's own */
    KEY_FILE,        /* 64 hexadecimal digits: the sealed private key */
    KEY_REQUEST,     /* likewise: the request; "" for none */
    KEY_CERTIFICATE, /* likewise: the certificate and its intermediates; "" for none */
    KEY_FIRMWARE,    /* devsecCertGeneratedBy */
    KEY_CREATED,     /* devsecCertCreated */
    KEY_TOLD,        /* the last notification about its end: "warning", "week", "day", "expired"; "" for none */
    KEY_COLUMNS
};

/* The words of KEY_RESERVED, and NULL; indexed by enum pki_reserved (pki/pki.h). */
extern const char *const key_reserved_words[];

/* The columns of TABLE_USES, "uses"; a use without a row has no key and is off. */
enum use_column {
    USE_NAME,    /* "tls", "ipsec-3": pki/uses.h; rows are in the order of devsecUsageTable */
    USE_SLOT,    /* devsecUsageSlot */
    USE_ENABLED, /* devsecUsageEnabled; never of tls, which is its own settings' */
    USE_COLUMNS
};

/* The columns of TABLE_TRUSTED, "trusted-certificates". */
enum trusted_column {
    TRUSTED_INDEX,       /* devsecTrustIndex */
    TRUSTED_CERTIFICATE, /* 64 hexadecimal digits */
    TRUSTED_COLUMNS
};

/*
 * The columns of TABLE_JOBS, "jobs": devsecJobTable's own, in its order; dates are seconds since 1970, 0 for none. The
 * enumerations and numbers that cannot be 0 by the MIB are always there, with their DEFVAL (JOB_STATUS pending,
 * JOB_CAUSE none) until they are set: all but JOB_OPERATION.
 */
enum job_column {
    JOB_INDEX,
    JOB_OPERATION, /* 0 while it is not set */
    JOB_SLOT,
    JOB_KEY_NAME,
    JOB_KEY_TYPE,
    JOB_KEY_BITS,
    JOB_KEY_CURVE,
    JOB_HASH,
    JOB_COUNTRY,
    JOB_STATE,
    JOB_LOCALITY,
    JOB_ORGANIZATION,
    JOB_ORGANIZATIONAL_UNIT,
    JOB_COMMON_NAME,
    JOB_ALT_NAMES,
    JOB_NOT_BEFORE,
    JOB_NOT_AFTER,
    JOB_USAGE,
    JOB_USAGE_INSTANCE,
    JOB_CHALLENGE, /* sealed for the context "jobs/INDEX/challenge" */
    JOB_STATUS,
    JOB_CAUSE,
    JOB_MESSAGE,
    JOB_STARTED, /* also what tells a job that was started (active) from one that was not */
    JOB_FINISHED,
    JOB_COLUMNS
};

/*
 * The rows of one table, ascending by key as the MIB would order it: numbers by size, texts by their octets, words in
 * the order of the schema's list; each row has n_columns values, all owned.
 */
struct table {
    struct value **rows;
    size_t count;
};

/* ---- Columns ---- */

/* The index of the column with this name, or -1. */
long column_find(enum table_id id, const char *name);

/* The column's MIB object; NULL if it has none. */
const struct mib_object *column_object(enum table_id id, size_t column);

/* What the column takes, in words, as setting_expected. */
void column_expected(enum table_id id, size_t column, char *to, size_t room);

/* As value_check, value_parse and value_format; sentences begin with "administrators.role". */
enum devsec_err column_check(enum table_id id, size_t column, const struct value *value, struct devsec_error *error);
enum devsec_err column_parse(enum table_id id, size_t column, const char *text, struct value *value,
                             struct devsec_error *error);
char *column_format(enum table_id id, size_t column, const struct value *value);

/* ---- Rows: n_columns values ---- */

/* A row of empty values; NULL when out of memory. */
struct value *row_new(enum table_id id);

/* A deep copy; NULL when out of memory. */
struct value *row_copy(enum table_id id, const struct value *from);

void row_free(enum table_id id, struct value *row); /* cleanses; NULL is legal */

/* Checks each column, then the row as a whole. The errors of value_check. */
enum devsec_err row_check(enum table_id id, const struct value *row, struct devsec_error *error);

bool row_equal(enum table_id id, const struct value *a, const struct value *b);

/* As strcmp, by the order that a table has its rows in: of the keys alone. */
int row_order(enum table_id id, const struct value *a, const struct value *b);

/* ---- Tables ---- */

/* The index of the row with this key, or -1. */
long table_find(enum table_id id, const struct table *table, const struct value *key);

/*
 * Puts a copy of a row where its key belongs, in place of the one that has that key. DEVSEC_ERR_UNAVAILABLE when the
 * table is full, DEVSEC_ERR_MEMORY; the table is untouched then. The row is not checked.
 */
enum devsec_err table_put(enum table_id id, struct table *table, const struct value *row, struct devsec_error *error);

/* DEVSEC_ERR_UNAVAILABLE when a table of `count` rows takes no more. */
enum devsec_err table_has_room(enum table_id id, size_t count, struct devsec_error *error);

void table_remove(enum table_id id, struct table *table, size_t index);

enum devsec_err table_copy(enum table_id id, struct table *to, const struct table *from,
                           struct devsec_error *error); /* `to` is cleared first; untouched on failure */
void table_clear(enum table_id id, struct table *table);
bool table_equal(enum table_id id, const struct table *a, const struct table *b);

#endif
