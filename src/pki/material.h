/* SPDX-License-Identifier: Apache-2.0 */
/* Key and certificate files: immutable, named by their digest, on disk before any document refers to them. */
#ifndef DEVSEC_PKI_MATERIAL_H
#define DEVSEC_PKI_MATERIAL_H

#include "pki/fault.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Files below the store's directory:
 *   material/HEX.key   a private key, sealed (pki/key_file.h)
 *   material/HEX.csr   a certificate request, PEM
 *   material/HEX.pem   certificates, PEM: a key's own and its intermediates, or a trusted one
 *   material/lock      see below
 * HEX is the SHA-256 of the file's content, 64 digits, which is what documents refer to. The folder is 0700, files are
 * 0600; both are refused (DEVSEC_ERR_UNSAFE) when others could have written them.
 */
enum material_kind { MATERIAL_KEY, MATERIAL_REQUEST, MATERIAL_CERTIFICATES, MATERIAL_KINDS };

#define MATERIAL_NAME_SIZE  65 /* HEX and its NUL */
#define MATERIAL_OCTETS_MAX ((size_t)256 * 1024)

struct material;

/* Opens the folder; makes it if there is none and `read_only` is false. Where there is none and it may not be made, the
 * material is empty and nothing can be put; the next session tries to make it again. */
enum devsec_err material_open(struct material **out, const char *store_directory, bool read_only,
                              struct devsec_error *error);
void material_close(struct material *material); /* NULL is legal */

/*
 * What is put belongs to a session until a document refers to it. While any session of any process lasts
 * (a shared flock(2) on material/lock, so that it ends with its process) nothing is collected. Any thread; a session is
 * used by one at a time. DEVSEC_ERR_BUSY when another process has been collecting for seconds; _IO (also for a reader),
 * _UNSAFE, _MEMORY.
 */
struct material_session;
enum devsec_err material_begin(struct material_session **out, struct material *material, struct devsec_error *error);
void material_end(struct material_session *session); /* NULL is legal */

/* Writes a file, durably (write, fsync, rename, fsync of the folder), unless it is there already with this
 * content. `name` receives HEX. DEVSEC_ERR_IO, _WRONG_LENGTH above MATERIAL_OCTETS_MAX, _UNSAFE. Never leaves a part of
 * a file under a final name; what a crash leaves is collected. */
enum devsec_err material_put(struct material_session *session, enum material_kind kind, const void *octets,
                             size_t length, char name[MATERIAL_NAME_SIZE], struct devsec_error *error);

/* Reads a file whole into a new buffer with a NUL behind `*length` octets, which the caller frees.
 * DEVSEC_ERR_NOT_FOUND; DEVSEC_ERR_SYNTAX when the content is not what the name says; _IO, _UNSAFE. Any thread. */
enum devsec_err material_get(const struct material *material, enum material_kind kind, const char *name, char **octets,
                             size_t *length, struct devsec_error *error);

/* Whether any file of a kind is there. DEVSEC_ERR_IO, _UNSAFE. */
enum devsec_err material_has(const struct material *material, enum material_kind kind, bool *has,
                             struct devsec_error *error);

/*
 * Removes the files that `is_wanted` does not want, and temporary ones that crashes left. Does nothing, and sets
 * `*put_off`, while a session lasts anywhere or another process collects: to be tried again later. Foreign files are
 * left alone. Durable: the folder is synced. `*removed` counts.
 */
enum devsec_err material_collect(struct material *material,
                                 bool (*is_wanted)(void *context, enum material_kind kind, const char *name),
                                 void *context, size_t *removed, bool *put_off, struct devsec_error *error);

#endif
