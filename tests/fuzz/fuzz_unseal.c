/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: any octets as a sealed text give a clear error, and any octets that are sealed come back. */
#include "secret/device_key.h"
#include "secret/seal.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT "fuzz"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No secret: whatever opens was sealed by this very program, or stands in the corpus. */
static const struct device_key key = {{1, 2, 3, 4}};

static void open_text(const char *text)
{
    struct devsec_error error = {0};
    unsigned char *plain = NULL;
    size_t length = 0;
    const enum devsec_err err = unseal(&key, CONTEXT, text, &plain, &length, &error);

    if (err == DEVSEC_OK) {
        if (!seal_is_sealed(text) || strlen(text) != SEAL_TEXT_LENGTH(length) || plain[length] != '\0')
            abort();
        secret_free(plain, length);
    } else if (plain || !error.text[0] || err != (seal_is_sealed(text) ? DEVSEC_ERR_UNSAFE : DEVSEC_ERR_SYNTAX)) {
        abort();
    }
}

static void seal_and_open(const uint8_t *data, size_t size)
{
    unsigned char *plain = NULL;
    char *text = NULL;
    size_t length = 0;

    if (seal(&key, CONTEXT, data, size, &text, NULL) || !seal_is_sealed(text) ||
        unseal(&key, CONTEXT, text, &plain, &length, NULL) || length != size || memcmp(plain, data, size) != 0)
        abort();
    secret_free(plain, length);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        abort();
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    open_text(text);
    if (size <= SEAL_PLAIN_MAX)
        seal_and_open(data, size);
    free(text);
    return 0;
}
