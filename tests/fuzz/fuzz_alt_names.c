/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: a list of alternative names and, behind its first line, a common name. */
#include "pki/alt_names.h"
#include "pki/subject.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOST_OCTETS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*"

static void expect(int holds)
{
    if (!holds)
        abort();
}

/* What came out is what a certificate may have: host names of ASCII, addresses of either size, nothing twice. */
static void look_at(GENERAL_NAMES *names)
{
    const int count = sk_GENERAL_NAME_num(names);

    expect(count > 0 && count <= ALT_NAMES_MAX + 1);
    for (int i = 0; i < count; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        int type = -1;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
        const int length = ASN1_STRING_length(value);

        expect(type == GEN_DNS || type == GEN_IPADD);
        if (type == GEN_DNS) {
            const char *host = (const char *)ASN1_STRING_get0_data(value);

            expect(length >= 1 && length <= 253 && strspn(host, HOST_OCTETS) == (size_t)length);
        } else {
            expect(length == 4 || length == 16);
        }
        for (int other = 0; other < i; other++)
            expect(GENERAL_NAME_cmp((GENERAL_NAME *)(uintptr_t)name, sk_GENERAL_NAME_value(names, other)) != 0);
    }
}

/* Names that are shown are a list again, of the same names. */
static void read_again(GENERAL_NAMES *names)
{
    char *text = pki_alt_names_text(names);
    GENERAL_NAMES *again = GENERAL_NAMES_new();
    char *text_again;

    expect(text && again);
    if (sk_GENERAL_NAME_num(names) <= ALT_NAMES_MAX) {
        expect(alt_names_add_list(again, text, NULL) == DEVSEC_OK);
        text_again = pki_alt_names_text(again);
        expect(text_again && strcmp(text, text_again) == 0);
        free(text_again);
    }
    GENERAL_NAMES_free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *list = strndup(size ? (const char *)data : "", size);
    char *end = list ? strchr(list, '\n') : NULL;
    struct pki_subject subject = {.alt_names = list, .common_name = end ? end + 1 : NULL};
    struct pki_fault fault = {0};
    GENERAL_NAMES *names = NULL;
    enum devsec_err err;

    expect(list != NULL);
    if (end)
        *end = '\0';
    err = pki_subject_alt_names(&names, &subject, &fault);
    if (err) {
        expect(!names && fault.cause == PKI_INVALID_PARAMETER && fault.error.text[0]);
        expect(pki_subject_check(&subject, NULL) != DEVSEC_OK);
    } else if (names) {
        look_at(names);
        read_again(names);
    }
    expect(ERR_peek_error() == 0);
    GENERAL_NAMES_free(names);
    free(list);
    return 0;
}
