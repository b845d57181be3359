/* SPDX-License-Identifier: Apache-2.0 */
/* A store with a device, keys and certificates beside it. */
#ifndef DEVSEC_TESTS_UNIT_PKI_FIXTURE_H
#define DEVSEC_TESTS_UNIT_PKI_FIXTURE_H

#include "pki/pki.h"

#include "devsec_mib.h"
#include "material_fixture.h"

/* A store with a device around it. The device key lies outside of the store's directory, as it should. */
struct bench {
    struct fixture *f;
    struct device device;
    char folder[64];
    char key_file[96];
    struct pki pki;
};

MAYBE_UNUSED static int make_bench(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    if (!b || fixture_make_open(state) != 0)
        return -1;
    b->f = *state;
    snprintf(b->folder, sizeof(b->folder), "%.30s/devsec-pki-XXXXXX", fixture_parent());
    if (!mkdtemp(b->folder) ||
        device_open(&b->device, DEVSEC_SOURCE_DIR "/yaml/device-profile.yaml", &b->f->error) != DEVSEC_OK)
        return -1;
    snprintf(b->key_file, sizeof(b->key_file), "%s/device.key", b->folder);
    b->device.key_file = b->key_file;
    *state = b;
    return 0;
}

MAYBE_UNUSED static int drop_bench(void **state)
{
    struct bench *b = *state;
    void *fixture = b->f;

    pki_close(&b->pki);
    device_close(&b->device);
    nftw(b->folder, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    fixture_drop(&fixture);
    free(b);
    return 0;
}

/* Opens it (again). */
MAYBE_UNUSED static void open_pki(struct bench *b, bool read_only)
{
    pki_close(&b->pki);
    memset(&b->pki, 0xa5, sizeof(b->pki));
    if (pki_open(&b->pki, &b->device, b->f->store, b->f->directory, read_only, &b->f->error) != DEVSEC_OK)
        fail_msg("pki_open: %s", b->f->error.text);
    assert_ptr_equal(b->pki.device, &b->device);
    assert_non_null(b->pki.material);
    assert_non_null(b->pki.inventory);
}

/* ---- Files and rows ---- */

struct files {
    char key[MATERIAL_NAME_SIZE];
    char request[MATERIAL_NAME_SIZE];
    char certificate[MATERIAL_NAME_SIZE];
};

/* Files that nobody looks into here. */
MAYBE_UNUSED static void put_files(struct bench *b, const char *what, struct files *files)
{
    char text[64];

    snprintf(text, sizeof(text), "key %s", what);
    put_text(b->f, b->pki.material, MATERIAL_KEY, text, files->key);
    snprintf(text, sizeof(text), "request %s", what);
    put_text(b->f, b->pki.material, MATERIAL_REQUEST, text, files->request);
    snprintf(text, sizeof(text), "certificate %s", what);
    put_text(b->f, b->pki.material, MATERIAL_CERTIFICATES, text, files->certificate);
}

MAYBE_UNUSED static void add_key(struct transaction *txn, unsigned slot, const struct files *files)
{
    struct value *row = row_new(TABLE_KEYS);
    char name[32];

    snprintf(name, sizeof(name), "key %u", slot);
    assert_non_null(row);
    row[KEY_SLOT].number = slot;
    row[KEY_TYPE].number = PKI_KEY_ECDSA;
    row[KEY_ORIGIN].number = MIB_devsecCertOrigin_selfSigned;
    assert_int_equal(value_set_text(&row[KEY_NAME], name, NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[KEY_FILE], files->key, NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[KEY_REQUEST], files->request, NULL), DEVSEC_OK);
    assert_int_equal(value_set_text(&row[KEY_CERTIFICATE], files->certificate, NULL), DEVSEC_OK);
    assert_int_equal(transaction_put_row(txn, TABLE_KEYS, row, NULL), DEVSEC_OK);
    row_free(TABLE_KEYS, row);
}

MAYBE_UNUSED static void finish(struct bench *b, struct transaction *txn)
{
    commit(b->f, txn);
    transaction_finish(txn);
    transaction_free(txn);
}

MAYBE_UNUSED static void commit_key(struct bench *b, unsigned slot, const struct files *files)
{
    struct transaction *txn = begin(b->f);

    add_key(txn, slot, files);
    finish(b, txn);
}

MAYBE_UNUSED static void commit_removal(struct bench *b, enum table_id table, unsigned number)
{
    const struct value key = {.number = number};
    struct transaction *txn = begin(b->f);

    assert_int_equal(transaction_remove_row(txn, table, &key, NULL), DEVSEC_OK);
    finish(b, txn);
}

MAYBE_UNUSED static bool lies_there(const struct bench *b, const char *name, const char *suffix)
{
    char path[128];

    snprintf(path, sizeof(path), "material/%s%s", name, suffix);
    return file_there(b->f, path);
}

MAYBE_UNUSED static void assert_there(const struct bench *b, const struct files *files, bool key, bool others)
{
    assert_int_equal(lies_there(b, files->key, ".key"), key);
    assert_int_equal(lies_there(b, files->request, ".csr"), others);
    assert_int_equal(lies_there(b, files->certificate, ".pem"), others);
}

#endif
