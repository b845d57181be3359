/* SPDX-License-Identifier: Apache-2.0 */
/* A store's folder with a device key and keys in it, and a document that assigns them to TLS. */
#ifndef DEVSEC_TESTS_UNIT_TLS_KEYS_H
#define DEVSEC_TESTS_UNIT_TLS_KEYS_H

#include "ca_fixture.h"
#include "pki_rows.h"

#include "pki/issue.h"
#include "pki/key_file.h"
#include "pki/material.h"
#include "secret/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tls_keys {
    char folder[64];
    char key_file[96];
    struct device_key *device_key;
    struct material *material;
    struct document *document;
};

static inline void tls_keys_make(struct tls_keys *keys)
{
    strcpy(keys->folder, "/tmp/test_tls_keys.XXXXXX");
    assert_non_null(mkdtemp(keys->folder));
    snprintf(keys->key_file, sizeof(keys->key_file), "%s/device.key", keys->folder);
    assert_int_equal(device_key_create(&keys->device_key, keys->key_file, NULL), DEVSEC_OK);
    assert_int_equal(material_open(&keys->material, keys->folder, false, NULL), DEVSEC_OK);
    assert_int_equal(document_new(&keys->document, NULL), DEVSEC_OK);
    keys->document->generation = 1;
}

static inline void tls_keys_drop(struct tls_keys *keys)
{
    char command[96];

    document_free(keys->document);
    material_close(keys->material);
    device_key_free(keys->device_key);
    snprintf(command, sizeof(command), "rm -r %s", keys->folder);
    assert_int_equal(system(command), 0);
}

static inline void tls_keys_put_file(const struct tls_keys *keys, enum material_kind kind, const char *text,
                                     size_t length, struct value *digest)
{
    struct material_session *session = NULL;
    struct devsec_error error = {DEVSEC_OK, ""};
    char name[MATERIAL_NAME_SIZE];

    if (material_begin(&session, keys->material, &error) || material_put(session, kind, text, length, name, &error) ||
        value_set_text(digest, name, &error))
        fail_msg("%s", error.text);
    material_end(session);
}

/* Puts a key with its certificates into a slot of the document; of a row that is there, the files are replaced. */
static inline void tls_keys_put(struct tls_keys *keys, unsigned slot, EVP_PKEY *key, X509 *leaf,
                                const STACK_OF(X509) *chain)
{
    char name[16];
    struct value *row;
    size_t length = 0;
    char *text = NULL;

    snprintf(name, sizeof(name), "Key %u", slot);
    row = pki_key(slot, name);
    row[KEY_TYPE].number = EVP_PKEY_is_a(key, "RSA") ? MIB_devsecCertKeyType_rsa : MIB_devsecCertKeyType_ecdsa;
    assert_int_equal(key_file_make(&text, &length, key, keys->device_key, NULL), DEVSEC_OK);
    tls_keys_put_file(keys, MATERIAL_KEY, text, length, &row[KEY_FILE]);
    free(text);
    assert_int_equal(pki_chain_pem(&text, &length, leaf, chain, NULL), DEVSEC_OK);
    tls_keys_put_file(keys, MATERIAL_CERTIFICATES, text, length, &row[KEY_CERTIFICATE]);
    free(text);
    pki_rows_put(keys->document, TABLE_KEYS, row);
}

/* Assigns a slot to TLS, as a new generation. */
static inline void tls_keys_assign(struct tls_keys *keys, unsigned slot)
{
    pki_rows_put(keys->document, TABLE_USES, pki_use_row("tls", slot, false));
    keys->document->generation++;
}

/* A key of its own, a certificate of a root's intermediate, and the intermediate, in a slot. */
static inline void tls_keys_put_chain(struct tls_keys *keys, unsigned slot, const char *kind)
{
    const struct ca_spec spec = {.common_name = "mfp.example.com", .alt_names = "DNS:mfp.example.com"};
    struct ca root = ca_root("Root");
    struct ca intermediate = ca_intermediate("Intermediate", &root);
    EVP_PKEY *key = ca_key(kind);
    X509 *leaf = ca_certify(&spec, key, &intermediate);
    STACK_OF(X509) *chain = ca_stack(intermediate.certificate, NULL);

    tls_keys_put(keys, slot, key, leaf, chain);
    ca_stack_free(chain);
    X509_free(leaf);
    EVP_PKEY_free(key);
    ca_free(&intermediate);
    ca_free(&root);
}

#endif
