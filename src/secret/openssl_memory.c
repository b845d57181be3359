/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation for OpenSSL that cleanses what is given back; see openssl_memory.h. */
#include "secret/openssl_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL says where in its source each call comes from, in debugging builds; nobody asks. */

static void *take(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size ? malloc(size) : NULL;
}

static void give_back(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    if (block)
        explicit_bzero(block, malloc_usable_size(block));
    free(block);
}

/* realloc would leave the old block as it is when it moves. */
static void *resize(void *block, size_t size, const char *file, int line)
{
    const size_t before = block ? malloc_usable_size(block) : 0;
    void *moved = take(size, file, line);

    if (size && !moved)
        return NULL;
    if (moved && before)
        memcpy(moved, block, before < size ? before : size);
    give_back(block, file, line);
    return moved;
}

bool openssl_memory_cleanse(void)
{
    return CRYPTO_set_mem_functions(take, resize, give_back) == 1;
}
