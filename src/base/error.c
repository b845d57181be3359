/* SPDX-License-Identifier: Apache-2.0 */
/* Filling error sentences; see error.h for the contract. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The names stand in parentheses because the static analyser sees them as macros too. */
enum devsec_err(devsec_fail)(struct devsec_error *error, enum devsec_err code, const char *format, ...)
{
    va_list args;

    if (!error)
        return code;
    error->code = code;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return code;
}

enum devsec_err(devsec_fail_errno)(struct devsec_error *error, const char *format, ...)
{
    const int saved = errno;
    va_list args;
    size_t used;

    if (!error)
        return DEVSEC_ERR_IO;
    error->code = DEVSEC_ERR_IO;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    used = strlen(error->text);
    snprintf(error->text + used, sizeof(error->text) - used, ": %s", strerror(saved));
    return DEVSEC_ERR_IO;
}

enum devsec_err devsec_error_prefix(struct devsec_error *error, const char *format, ...)
{
    char tail[DEVSEC_ERROR_TEXT_MAX];
    va_list args;
    size_t used;

    memcpy(tail, error->text, sizeof(tail));
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    used = strlen(error->text);
    snprintf(error->text + used, sizeof(error->text) - used, ": %s", tail);
    return error->code;
}
