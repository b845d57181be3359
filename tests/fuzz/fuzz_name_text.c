/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: any distinguished name or alternative names in DER come out as a text that can be shown. */
#include "base/text.h"
#include "pki/subject.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Well-formed, and nothing in it that moves a cursor. Frees it. */
static void check(char *text)
{
    size_t taken;

    if (!text)
        abort();
    for (const char *at = text; *at; at += taken) {
        uint32_t code = 0;

        taken = text_decode(at, strlen(at), &code);
        if (!taken || !text_is_safe(code))
            abort();
    }
    if (ERR_peek_error() != 0)
        abort();
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned char *at = data;
    X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)size);
    GENERAL_NAMES *names;

    at = data;
    names = d2i_GENERAL_NAMES(NULL, &at, (long)size);
    ERR_clear_error();
    if (name)
        check(pki_name_text(name));
    if (names)
        check(pki_alt_names_text(names));
    X509_NAME_free(name);
    GENERAL_NAMES_free(names);
    return 0;
}
