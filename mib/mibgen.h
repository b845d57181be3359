/* SPDX-License-Identifier: Apache-2.0 */
/* mibgen, a host tool: what it knows about a MIB module between reading it and writing C. */
#ifndef DEVSEC_MIBGEN_H
#define DEVSEC_MIBGEN_H

#include "mib_object.h"

/* The only module that there is to read. */
#define MIBGEN_MODULE "DEVICE-SECURITY-MIB"

/* Far above what the module needs; going beyond one is an error with the object's name. */
#define MIBGEN_OBJECTS_MAX       2048
#define MIBGEN_NOTIFICATIONS_MAX 128
#define MIBGEN_OID_MAX           16
#define MIBGEN_RANGES_MAX        8
#define MIBGEN_LABELS_MAX        64
#define MIBGEN_LIST_MAX          16
#define MIBGEN_DEFVAL_MAX        256

struct tree; /* libsnmp's, net-snmp/library/parse.h */

/* References to other objects: as descriptors while reading, as mib_id once everything is read and sorted. */
struct model_list {
    const char *names[MIBGEN_LIST_MAX];
    int ids[MIBGEN_LIST_MAX];
    size_t count;
};

/* All names are borrowed from libsnmp's tree, which lives until mibgen_unload. */
struct model_object {
    const struct tree *node;
    const char *name;
    const char *augments; /* of an entry that has AUGMENTS in place of INDEX; else NULL */
    uint32_t oid[MIBGEN_OID_MAX];
    size_t oid_len;
    enum mib_kind kind;
    enum mib_base base;
    enum mib_meaning meaning;
    enum mib_access access;
    struct mib_range ranges[MIBGEN_RANGES_MAX];
    size_t n_ranges;
    struct mib_label labels[MIBGEN_LABELS_MAX];
    size_t n_labels;
    char defval[MIBGEN_DEFVAL_MAX];
    bool has_defval;
    int entry;
    struct model_list index;
};

struct model_notification {
    const char *name;
    uint32_t oid[MIBGEN_OID_MAX];
    size_t oid_len;
    struct model_list objects;
};

struct model {
    const char *path; /* of the MIB file, for messages */
    unsigned complaints;
    uint32_t root[MIBGEN_OID_MAX];
    size_t root_len;
    struct model_object objects[MIBGEN_OBJECTS_MAX]; /* in OID order once read */
    size_t n_objects;
    struct model_notification notifications[MIBGEN_NOTIFICATIONS_MAX]; /* likewise */
    size_t n_notifications;
};

/* Writes "mibgen: PATH: sentence" to standard error and counts it. Any complaint means that nothing is written. */
void mibgen_complain(struct model *model, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Has libsnmp parse `model->path` with the base modules in `base_dir`, and nothing of this machine's SNMP
 * configuration: no environment variable, no snmp.conf, no default folder. Fills the model.
 */
void mibgen_read(struct model *model, const char *base_dir);

/* Fills kind, syntax, limits, access and DEFVAL of an object from its node. */
void mibgen_read_syntax(struct model *model, struct model_object *object);

/* Frees libsnmp's tree; names in the model dangle afterwards. */
void mibgen_unload(void);

/* The place of an object in the model, or -1. */
int mibgen_find(const struct model *model, const char *name);

/* Everything that the C side relies on and the parser does not check. */
void mibgen_check(struct model *model);

/* Write devsec_mib.h and devsec_mib.c; false, with a message on standard error, if that fails. */
bool mibgen_write_header(const struct model *model, const char *path);
bool mibgen_write_source(const struct model *model, const char *path);

#endif
