/* SPDX-License-Identifier: Apache-2.0 */
/* What one applier is made of: for those who write appliers, and for apply.c, which runs them. */
#ifndef DEVSEC_APPLY_APPLIER_H
#define DEVSEC_APPLY_APPLIER_H

#include "apply/apply.h"

#include <stdbool.h>
#include <sys/types.h>

/* Room for what an applier's `inputs` writes. */
#define APPLIER_INPUTS_MAX 192

/*
 * One kind of rendered file.
 *   name    as devsecApplyName has it; static
 *   file    its name in the folder of applied files, and `mode` its permissions
 *   serves  whether this device has the service
 *   render  makes the file's text, which the caller frees; NULL when out of memory
 *   make    in the place of `render` where that can fail otherwise; *text is untouched on failure
 *   inputs  writes a text (APPLIER_INPUTS_MAX) that is another whenever the file or the check's opinion could be: with
 *           the same one nothing is made anew; NULL: each document may bring another file
 *   secret  whether the text holds secrets: it is cleansed
 *   check   has the service's own reader judge the text
 *   same    whether a text that is in place says the same, though its octets differ; NULL: then it does not
 *   confirm has the service's own reader judge the file in its place, by its path; NULL: `check` was enough
 */
struct applier {
    const char *name;
    const char *file;
    mode_t mode;
    bool (*serves)(const struct device *device);
    char *(*render)(const struct device *device, const struct document *document);
    enum devsec_err (*make)(const struct device *device, const struct document *document, char **text,
                            struct devsec_error *error);
    void (*inputs)(const struct device *device, const struct document *document, char *to);
    bool secret;
    enum devsec_err (*check)(const struct device *device, const struct document *document, const char *text,
                             struct devsec_error *error);
    bool (*same)(const char *have, size_t length, const char *text);
    enum devsec_err (*confirm)(const struct document *document, const char *path, struct devsec_error *error);
};

/* One a file, applier_*.c. */
extern const struct applier applier_openssl;
extern const struct applier applier_snmp_policy;
extern const struct applier applier_snmpd_users;
extern const struct applier applier_snmpd_access;
extern const struct applier applier_tls_certificate;

#endif
