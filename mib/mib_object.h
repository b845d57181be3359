/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of the table that mibgen makes from DEVICE-SECURITY-MIB: every object, in OID order, with its limits. */
#ifndef DEVSEC_MIB_OBJECT_H
#define DEVSEC_MIB_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What travels on the wire (RFC 2578, 7.1). */
enum mib_base {
    MIB_BASE_INTEGER,   /* INTEGER, Integer32 */
    MIB_BASE_UNSIGNED,  /* Unsigned32, Gauge32 */
    MIB_BASE_COUNTER32, /* Counter32 */
    MIB_BASE_OCTETS,    /* OCTET STRING, and BITS, which travels as one */
    MIB_BASE_OID,       /* OBJECT IDENTIFIER */
};

/* What the octets or the number mean: the textual convention, as far as the code treats it differently. */
enum mib_meaning {
    MIB_MEANING_PLAIN,      /* just a number, or just octets */
    MIB_MEANING_ENUM,       /* one of `labels` */
    MIB_MEANING_BITS,       /* a set of `labels`; label values are bit positions from 0 */
    MIB_MEANING_TRUTH,      /* TruthValue: labels true(1) false(2) */
    MIB_MEANING_TEXT,       /* SnmpAdminString: UTF-8 (RFC 3411) */
    MIB_MEANING_DATE,       /* DateAndTime (RFC 2579), always sent as 11 octets */
    MIB_MEANING_TEST_INCR,  /* TestAndIncr (RFC 2579) */
    MIB_MEANING_ROW_STATUS, /* RowStatus (RFC 2579) */
};

enum mib_access {
    MIB_ACCESS_NONE,       /* not-accessible: a table, an entry, most indexes */
    MIB_ACCESS_FOR_NOTIFY, /* MIB_ACCESS_NOTIFY is a macro of net-snmp's */
    MIB_ACCESS_READ_ONLY,
    MIB_ACCESS_READ_WRITE,
    MIB_ACCESS_READ_CREATE,
};

enum mib_kind {
    MIB_KIND_SCALAR,
    MIB_KIND_TABLE,
    MIB_KIND_ENTRY,
    MIB_KIND_COLUMN,
    MIB_KIND_NOTIFY_ONLY, /* accessible-for-notify */
};

struct mib_range {
    int64_t low;
    int64_t high;
};

struct mib_label {
    const char *name;
    uint32_t value;
};

/*
 * One object. `oid` is relative to mib_root: for devsecTlsPermitMode.0 the manager's name is mib_root, then oid, then
 * the instance (0 for a scalar, the index for a column). Ranges bound the number itself for integers and the count of
 * octets for strings; no range means the whole of the base type.
 */
struct mib_object {
    const char *name; /* the descriptor, "devsecTlsPermitMode" */
    const uint32_t *oid;
    uint8_t oid_len;
    enum mib_kind kind;
    enum mib_base base;
    enum mib_meaning meaning;
    enum mib_access access;
    const struct mib_range *ranges;
    size_t n_ranges;
    const struct mib_label *labels;
    size_t n_labels;
    const char *defval; /* the DEFVAL clause in store text form ("true", "tls12,tls13", "25", ""), NULL without one */
    int entry;          /* a column's entry and an entry's table, as mib_id; -1 otherwise */
    const int *index;   /* an entry's index objects, as mib_id, in order */
    size_t n_index;
};

/* A NOTIFICATION-TYPE, its OID below mib_root (the 0 before its last arc included, RFC 3416 notation). */
struct mib_notification {
    const char *name;
    const uint32_t *oid;
    uint8_t oid_len;
    const int *objects; /* OBJECTS clause, as mib_id */
    size_t n_objects;
};

/* The root of the module, 1.3.6.1.4.1.DEVSEC_ENTERPRISE.1. */
extern const uint32_t mib_root[];
extern const size_t mib_root_len;

/* Indexed by enum mib_id of the generated devsec_mib.h, which is OID order. */
extern const struct mib_object mib_objects[];
extern const size_t mib_object_count;

/* Indexed by enum mib_notification_id of devsec_mib.h. */
extern const struct mib_notification mib_notifications[];
extern const size_t mib_notification_count;

/* The label's name for a value of an enumeration or a bit position; NULL if there is none. */
const char *mib_label_name(const struct mib_object *object, int64_t value);

/* Finds a label by name; false and `*value` untouched if there is none. */
bool mib_label_value(const struct mib_object *object, const char *name, uint32_t *value);

/* Whether a number (integers) or a count of octets (strings) lies in the object's ranges. */
bool mib_in_range(const struct mib_object *object, int64_t number);

/* The object with this descriptor, or NULL. */
const struct mib_object *mib_object_find(const char *name);

#endif
