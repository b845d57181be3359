/* SPDX-License-Identifier: Apache-2.0 */
/* The digests that texts refer to, for telling which files are still wanted; private to src/pki. */
#ifndef DEVSEC_PKI_DIGEST_SET_H
#define DEVSEC_PKI_DIGEST_SET_H

#include "pki/material.h"

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise. `failed` is set once memory ran out: then the set is not complete. */
struct digest_set {
    char (*places)[MATERIAL_NAME_SIZE - 1]; /* each a digest, or empty with '\0' at its beginning */
    size_t room;                            /* a power of two */
    size_t count;
    bool failed;
};

/* `digest` begins with 64 hexadecimal digits, lowercase. */
void digest_set_add(struct digest_set *set, const char *digest);
bool digest_set_has(const struct digest_set *set, const char *digest);

/*
 * Adds every run of exactly 64 hexadecimal digits in a text. So whatever a document refers to is in the set, whether or
 * not the document can be parsed, and maybe something more: who removes what is not in the set errs on the safe side.
 */
void digest_set_add_text(struct digest_set *set, const char *text, size_t length);

void digest_set_clear(struct digest_set *set); /* frees and zeroes */

#endif
