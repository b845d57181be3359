/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of the tables of keys, uses, trusted certificates and jobs. */
#include "store/table_schema_private.h"

#include "base/text.h"
#include "devsec_mib.h"
#include "secret/seal.h"

#include <string.h>

#define SHOWN_ROOM    96
#define WORD_MAX      32
#define CHALLENGE_MAX ((size_t)255) /* devsecJobChallenge */

/* Files are named by these digits, so there is one spelling only. */
static enum devsec_err check_digest(const struct value *value, struct devsec_error *error)
{
    const char *digits = value_text(value);
    const size_t count = strlen(digits);
    char shown[SHOWN_ROOM];

    if (count == DIGEST_DIGITS && strspn(digits, "0123456789abcdef") == count)
        return DEVSEC_OK;
    text_show(shown, sizeof(shown), digits, count);
    return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE,
                       "found \"%s\", expected a SHA-256 digest in %d hexadecimal digits, lowercase", shown,
                       DIGEST_DIGITS);
}

/* A column that names a file. */
#define DIGEST(named, need)                                                                                            \
    {                                                                                                                  \
        .name = (named), .object = -1, .text_max = DIGEST_DIGITS, .required = (need), .check = check_digest            \
    }

const char *const key_reserved_words[] = {"default", "ams", "device-signature", NULL};
static const char *const told_words[] = {"warning", "week", "day", "expired", NULL};

const struct column key_columns[KEY_COLUMNS] = {
    [KEY_SLOT] = {.name = "slot", .object = MIB_devsecCertSlot, .required = true},
    [KEY_NAME] = {.name = "name", .object = MIB_devsecCertName, .required = true},
    [KEY_TYPE] = {.name = "type", .object = MIB_devsecCertKeyType, .required = true},
    [KEY_ORIGIN] = {.name = "origin", .object = MIB_devsecCertOrigin, .required = true},
    [KEY_RESERVED] = {.name = "reserved", .object = -1, .text_max = WORD_MAX, .words = key_reserved_words},
    [KEY_FILE] = DIGEST("key", true),
    [KEY_REQUEST] = DIGEST("request", false),
    [KEY_CERTIFICATE] = DIGEST("certificate", false),
    [KEY_FIRMWARE] = {.name = "firmware", .object = MIB_devsecCertGeneratedBy},
    [KEY_CREATED] = {.name = "created", .object = MIB_devsecCertCreated},
    [KEY_TOLD] = {.name = "told", .object = -1, .text_max = WORD_MAX, .words = told_words},
};

/* In the order of devsecUsageTable's index, and as pki/uses.h names them. */
static const char *const use_words[] = {"tls",     "ieee8021x",        "ipsec-1", "ipsec-2", "ipsec-3", "ipsec-4",
                                        "ipsec-5", "ipsec-6",          "ipsec-7", "ipsec-8", "ipsec-9", "ipsec-10",
                                        "sip",     "device-signature", "smime",   "snmp",    NULL};

const struct column use_columns[USE_COLUMNS] = {
    [USE_NAME] = {.name = "use", .object = -1, .text_max = WORD_MAX, .words = use_words, .required = true},
    [USE_SLOT] = {.name = "slot", .object = MIB_devsecUsageSlot},
    [USE_ENABLED] = {.name = "enabled", .object = MIB_devsecUsageEnabled},
};

enum devsec_err table_check_use(const struct value *row, struct devsec_error *error)
{
    if (row[USE_ENABLED].number && strcmp(value_text(&row[USE_NAME]), "tls") == 0)
        return devsec_fail(error, DEVSEC_ERR_INCONSISTENT,
                           "tls is switched on and off by tls.ipv4 and tls.ipv6; expected no \"enabled\" with it");
    return DEVSEC_OK;
}

const struct column trusted_columns[TRUSTED_COLUMNS] = {
    [TRUSTED_INDEX] = {.name = "index", .object = MIB_devsecTrustIndex, .required = true},
    [TRUSTED_CERTIFICATE] = DIGEST("certificate", true),
};

const struct column job_columns[JOB_COLUMNS] = {
    [JOB_INDEX] = {.name = "index", .object = MIB_devsecJobIndex, .required = true},
    [JOB_OPERATION] = {.name = "operation", .object = MIB_devsecJobOperation},
    [JOB_SLOT] = {.name = "slot", .object = MIB_devsecJobSlot},
    [JOB_KEY_NAME] = {.name = "key-name", .object = MIB_devsecJobKeyName},
    [JOB_KEY_TYPE] = {.name = "key-type", .object = MIB_devsecJobKeyType, .required = true},
    [JOB_KEY_BITS] = {.name = "key-bits", .object = MIB_devsecJobKeyBits, .required = true},
    [JOB_KEY_CURVE] = {.name = "key-curve", .object = MIB_devsecJobKeyCurve, .required = true},
    [JOB_HASH] = {.name = "hash", .object = MIB_devsecJobHash, .required = true},
    [JOB_COUNTRY] = {.name = "country", .object = MIB_devsecJobCountry},
    [JOB_STATE] = {.name = "state", .object = MIB_devsecJobState},
    [JOB_LOCALITY] = {.name = "locality", .object = MIB_devsecJobLocality},
    [JOB_ORGANIZATION] = {.name = "organization", .object = MIB_devsecJobOrganization},
    [JOB_ORGANIZATIONAL_UNIT] = {.name = "organizational-unit", .object = MIB_devsecJobOrganizationalUnit},
    [JOB_COMMON_NAME] = {.name = "common-name", .object = MIB_devsecJobCommonName},
    [JOB_ALT_NAMES] = {.name = "alt-names", .object = MIB_devsecJobSubjectAltNames},
    [JOB_NOT_BEFORE] = {.name = "not-before", .object = MIB_devsecJobNotBefore},
    [JOB_NOT_AFTER] = {.name = "not-after", .object = MIB_devsecJobNotAfter},
    [JOB_USAGE] = {.name = "usage", .object = MIB_devsecJobUsage, .required = true},
    [JOB_USAGE_INSTANCE] = {.name = "usage-instance", .object = MIB_devsecJobUsageInstance, .required = true},
    [JOB_CHALLENGE] = {.name = "challenge", .object = -1, .text_max = SEAL_TEXT_LENGTH(CHALLENGE_MAX), .sealed = true},
    [JOB_STATUS] = {.name = "status", .object = MIB_devsecJobStatus, .required = true},
    [JOB_CAUSE] = {.name = "cause", .object = MIB_devsecJobCause, .required = true},
    [JOB_MESSAGE] = {.name = "message", .object = MIB_devsecJobMessage},
    [JOB_STARTED] = {.name = "started", .object = MIB_devsecJobStarted},
    [JOB_FINISHED] = {.name = "finished", .object = MIB_devsecJobFinished},
};
