/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of settings: where each lives in the YAML document and which MIB object gives its type and limits. */
#ifndef DEVSEC_STORE_SCHEMA_H
#define DEVSEC_STORE_SCHEMA_H

#include "base/error.h"
#include "mib_object.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Indexes `settings`; the order is that of the document as it is written. */
enum setting_id {
    SETTING_SNMP_V3_PERMIT,
    SETTING_SNMP_V1V2_PERMIT,
    SETTING_TLS_PERMIT_MODE,
    SETTING_TLS_IPV4,
    SETTING_TLS_IPV6,
    SETTING_TLS_VERSIONS,
    SETTING_TLS_CIPHERS,
    SETTING_TLS_RSA_KEY_EXCHANGE,
    SETTING_TLS_SHA1_DIGEST,
    SETTING_CERT_EXPIRY_WARNING,
    SETTING_SMTP_HOST,
    SETTING_SMTP_PORT,
    SETTING_SMTP_SECURE,
    SETTING_NOTIFY_SETTINGS_CHANGED,
    SETTING_NOTIFY_STORE_DEGRADED,
    SETTING_NOTIFY_ACCESS_DENIED,
    SETTING_NOTIFY_CERT_EXPIRING,
    SETTING_NOTIFY_CERT_EXPIRED,
    SETTING_NOTIFY_MIN_INTERVAL,
    SETTING_COUNT
};

/*
 * A value. Which member counts follows from the setting's MIB object: texts (MIB_BASE_OCTETS that are neither BITS nor
 * a DateAndTime) use `text`, everything else `number`: an integer or an enumeration's number as it travels, a
 * TruthValue as 0 or 1, BITS as a mask whose bit n (1u << n) is the MIB's bit position n, a DateAndTime as seconds
 * since 1970 in UTC, 0 for none. The owner of the structure owns `text`, which is UTF-8
 * without NUL; NULL means the empty text.
 */
struct value {
    int64_t number;
    char *text;
};

/* One setting. The default is the DEFVAL of the MIB object; limits and labels are that object's too. */
struct setting {
    const char *path; /* dotted, in the document: "tls.permit-mode" */
    int object;       /* enum mib_id */
    bool secret;      /* never shown, logged or exported in the clear */
    /* A rule about this value alone that SMIv2 cannot say, after type and range passed; NULL if none. */
    enum devsec_err (*check)(const struct value *value, struct devsec_error *error);
};

extern const struct setting settings[SETTING_COUNT];

/* The MIB object behind a setting. */
const struct mib_object *setting_object(enum setting_id id);

/* Whether the setting's value is in `text`. */
bool setting_is_text(enum setting_id id);

/* The setting with this path, or this MIB descriptor ("devsecTlsVersions", ".0" allowed behind it); -1 if none. */
int setting_find(const char *name);

/* The setting bound to a MIB object (enum mib_id), or -1. */
int setting_of_object(int object);

/* The path that a mistyped one was most likely meant to be; NULL when nothing is near. */
const char *setting_nearest(const char *path);

/*
 * What the setting takes, in words for a sentence: "one of readOnly, enabled", "a list of tls12, tls13", "true or
 * false", "a number from 1 to 65535", "a text of at most 255 octets". SETTING_EXPECTED_MAX is room enough.
 */
#define SETTING_EXPECTED_MAX 320
void setting_expected(enum setting_id id, char *to, size_t room);

/*
 * "PATH: found FOUND, expected ...; did you mean "..."?" with the label nearest to `word` (NULL for no guess) for the
 * settings that have labels. Of a secret neither `found` nor `word` is shown. Returns `code`.
 */
enum devsec_err setting_refuse(enum setting_id id, enum devsec_err code, const char *found, const char *word,
                               struct devsec_error *error);

void value_init(struct value *value);              /* number 0, text NULL */
void value_clear(struct value *value);             /* frees the text (cleansed), then as value_init; legal again */
const char *value_text(const struct value *value); /* "" for none */
bool value_is_empty(const struct value *value);    /* as value_init left it, or an empty text */
enum devsec_err value_set_text(struct value *to, const char *text,
                               struct devsec_error *error); /* a copy, number 0; `to` is cleared first */
enum devsec_err value_copy(struct value *to, const struct value *from,
                           struct devsec_error *error); /* `to` is cleared first */
bool value_equal(enum setting_id id, const struct value *a, const struct value *b);

/*
 * Checks type-independent limits: ranges, labels, UTF-8, then the setting's own check. DEVSEC_ERR_WRONG_LENGTH,
 * _WRONG_VALUE or _INCONSISTENT; the text begins with the path and says what was expected.
 */
enum devsec_err value_check(enum setting_id id, const struct value *value, struct devsec_error *error);

/*
 * Text to value, as a person or the document writes it: "ciphertextOnly" or "3", "true"/"false", "tls12,tls13" (BITS,
 * comma or space between; "" or "none" is the empty set), "2026-11-22T05:37:50Z" (a date), numbers, texts as they are.
 * `value` must be initialised; it is cleared and overwritten on success and untouched on failure. The result has passed
 * value_check.
 */
enum devsec_err value_parse(enum setting_id id, const char *text, struct value *value, struct devsec_error *error);

/* The reverse, into a newly allocated string that the caller frees; NULL when out of memory. Labels, never numbers;
 * the empty set is "none". */
char *value_format(enum setting_id id, const struct value *value);

/* The DEFVAL of the setting's object; `value` as for value_parse. */
enum devsec_err value_default(enum setting_id id, struct value *value, struct devsec_error *error);

#endif
