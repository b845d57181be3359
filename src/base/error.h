/* SPDX-License-Identifier: Apache-2.0 */
/* What can go wrong, in one enumeration, and the sentence that tells a person about it. */
#ifndef DEVSEC_BASE_ERROR_H
#define DEVSEC_BASE_ERROR_H

#include <stdbool.h>

/*
 * Every function of libdevsec that can fail returns one of these. The first block is about a value that somebody
 * asked for, and its members map one to one to SNMP error statuses (RFC 3416, 4.2.5); the second is about the world.
 */
enum devsec_err {
    DEVSEC_OK = 0,

    DEVSEC_ERR_WRONG_TYPE,        /* not of the setting's type at all */
    DEVSEC_ERR_WRONG_LENGTH,      /* too many or too few octets */
    DEVSEC_ERR_WRONG_VALUE,       /* right type and length, outside what the MIB allows */
    DEVSEC_ERR_INCONSISTENT,      /* allowed by itself, not together with the rest of the state */
    DEVSEC_ERR_NOT_WRITABLE,      /* exists, and nobody may set it */
    DEVSEC_ERR_NO_CREATION,       /* does not exist, and cannot be made */
    DEVSEC_ERR_INCONSISTENT_NAME, /* does not exist, and cannot be made as the rest of the state is */
    DEVSEC_ERR_UNAVAILABLE,       /* a resource is used up for now; trying again later makes sense */

    DEVSEC_ERR_NOT_FOUND,    /* no such file, path, generation or name */
    DEVSEC_ERR_SYNTAX,       /* a file's content is not what its format asks for */
    DEVSEC_ERR_NEWER_FORMAT, /* a file was written by a newer version of this program */
    DEVSEC_ERR_UNSAFE,       /* wrong owner, mode or kind of file: refused rather than trusted */
    DEVSEC_ERR_IO,           /* the operating system said no; the text names the call's target and errno */
    DEVSEC_ERR_BUSY,         /* another process holds what is needed */
    DEVSEC_ERR_MEMORY,       /* out of memory */
    DEVSEC_ERR_INTERNAL,     /* a broken promise inside this program */
};

/* Long enough for a path, a position and a sentence; longer texts are cut at the end. */
#define DEVSEC_ERROR_TEXT_MAX 768

/*
 * Given by the caller, filled by the callee on failure, untouched on success. The text is one sentence that a person
 * can act on: what, where (FILE:LINE:COLUMN for YAML), and what was expected. It never holds a secret's value.
 */
struct devsec_error {
    enum devsec_err code;
    char text[DEVSEC_ERROR_TEXT_MAX];
};

/*
 * Fills `error` (which may be NULL) and returns `code`, so that a failing function can end with
 * `return devsec_fail(error, ...)`.
 */
enum devsec_err devsec_fail(struct devsec_error *error, enum devsec_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As devsec_fail with DEVSEC_ERR_IO, with ": " and the text of errno (taken at the call) behind the sentence. */
enum devsec_err devsec_fail_errno(struct devsec_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the text that is already in `error`; returns error->code. */
enum devsec_err devsec_error_prefix(struct devsec_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The static analyser sees one file at a time; this tells it that a failure never returns DEVSEC_OK. */
#ifdef __clang_analyzer__
#define devsec_fail(error, code, ...) ((void)devsec_fail(error, code, __VA_ARGS__), (code))
#define devsec_fail_errno(error, ...) ((void)devsec_fail_errno(error, __VA_ARGS__), DEVSEC_ERR_IO)
#endif

#endif
