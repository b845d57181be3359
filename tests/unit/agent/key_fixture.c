/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates in an agent's store; see key_fixture.h. */
#include "key_fixture.h"

#include "devsec_mib.h"
#include "jobs_fixture.h"
#include "pki/issue.h"
#include "pki/key_file.h"
#include "pki/uses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One for all: what is tested here is never the key itself. */
static EVP_PKEY *shared_key;

EVP_PKEY *key_fixture_key(void)
{
    if (!shared_key)
        shared_key = ca_key("P-256");
    return shared_key;
}

void key_fixture_end(void)
{
    EVP_PKEY_free(shared_key);
    shared_key = NULL;
}

X509 *key_fixture_certificate(const char *common_name, time_t left)
{
    const time_t now = time(NULL);
    const struct ca_spec spec = {
        .common_name = common_name, .not_before = now + left - 730 * CA_DAY, .not_after = now + left};

    return ca_certify(&spec, key_fixture_key(), NULL);
}

static void put_file(struct material_session *session, enum material_kind kind, const char *octets, size_t length,
                     char name[MATERIAL_NAME_SIZE])
{
    struct devsec_error error = {DEVSEC_OK, ""};

    if (material_put(session, kind, octets, length, name, &error))
        fail_msg("%s", error.text);
}

static void put_key_file(const struct fixture *fixture, struct material_session *session, const struct key_spec *spec,
                         char name[MATERIAL_NAME_SIZE])
{
    struct pki_fault fault = {.cause = PKI_NONE};
    char *text = NULL;
    size_t length = 0;

    if (key_file_make(&text, &length, spec->key ? spec->key : key_fixture_key(), fixture->agent.pki.device_key, &fault))
        fail_msg("%s", fault.error.text);
    put_file(session, MATERIAL_KEY, text, length, name);
    free(text);
}

static void put_chain_file(struct material_session *session, const struct key_spec *spec, char name[MATERIAL_NAME_SIZE])
{
    struct pki_fault fault = {.cause = PKI_NONE};
    char *text = NULL;
    size_t length = 0;

    if (pki_chain_pem(&text, &length, spec->certificate, spec->chain, &fault))
        fail_msg("%s", fault.error.text);
    put_file(session, MATERIAL_CERTIFICATES, text, length, name);
    free(text);
}

static void put_request_file(struct material_session *session, const struct key_spec *spec,
                             char name[MATERIAL_NAME_SIZE])
{
    size_t length = 0;
    unsigned char *der = ca_request(spec->key ? spec->key : key_fixture_key(), spec->request, &length);
    char *text = ca_pem_block("CERTIFICATE REQUEST", der, length);

    put_file(session, MATERIAL_REQUEST, text, strlen(text), name);
    free(text);
    free(der);
}

static void put_row(struct transaction *txn, enum table_id table, const struct value *row)
{
    struct devsec_error error = {DEVSEC_OK, ""};

    if (transaction_put_row(txn, table, row, &error))
        fail_msg("%s", error.text);
}

static void put_key(struct fixture *fixture, struct material_session *session, struct transaction *txn,
                    const struct key_spec *spec)
{
    char files[MATERIAL_KINDS][MATERIAL_NAME_SIZE] = {"", "", ""};
    char texts[3][64] = {"", "", ""};
    char firmware[] = "1.2";
    struct value row[KEY_COLUMNS] = {{0, NULL}};

    put_key_file(fixture, session, spec, files[MATERIAL_KEY]);
    if (spec->certificate)
        put_chain_file(session, spec, files[MATERIAL_CERTIFICATES]);
    if (spec->request)
        put_request_file(session, spec, files[MATERIAL_REQUEST]);
    snprintf(texts[0], sizeof(texts[0]), "Key %u", spec->slot);
    if (spec->name)
        snprintf(texts[0], sizeof(texts[0]), "%s", spec->name);
    snprintf(texts[1], sizeof(texts[1]), "%s", spec->told ? spec->told : "");
    snprintf(texts[2], sizeof(texts[2]), "%s", spec->reserved ? spec->reserved : "");
    row[KEY_SLOT].number = spec->slot;
    row[KEY_NAME].text = texts[0];
    row[KEY_TYPE].number = PKI_KEY_ECDSA;
    row[KEY_ORIGIN].number = MIB_devsecCertOrigin_selfSigned;
    row[KEY_RESERVED].text = texts[2];
    row[KEY_FILE].text = files[MATERIAL_KEY];
    row[KEY_REQUEST].text = files[MATERIAL_REQUEST];
    row[KEY_CERTIFICATE].text = files[MATERIAL_CERTIFICATES];
    row[KEY_FIRMWARE].text = firmware;
    row[KEY_CREATED].number = CA_NOW;
    row[KEY_TOLD].text = texts[1];
    put_row(txn, TABLE_KEYS, row);
}

static struct transaction *begin(struct fixture *fixture)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct transaction *txn = NULL;

    if (transaction_begin(&txn, fixture->agent.store, &error))
        fail_msg("%s", error.text);
    return txn;
}

static void commit(struct fixture *fixture, struct transaction *txn)
{
    struct devsec_error error = {DEVSEC_OK, ""};

    if (transaction_commit(txn, &error))
        fail_msg("%s", error.text);
    transaction_finish(txn);
    transaction_free(txn);
    agent_follow(&fixture->agent);
}

static struct material_session *begin_files(struct fixture *fixture)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    struct material_session *session = NULL;

    if (material_begin(&session, fixture->agent.pki.material, &error))
        fail_msg("%s", error.text);
    return session;
}

void key_fixture_put(struct fixture *fixture, const struct key_spec *specs, size_t count)
{
    struct material_session *session = begin_files(fixture);
    struct transaction *txn = begin(fixture);

    for (size_t i = 0; i < count; i++)
        put_key(fixture, session, txn, &specs[i]);
    commit(fixture, txn);
    material_end(session);
}

void key_fixture_put_ending(struct fixture *fixture, unsigned slot, time_t left, const char *told)
{
    char name[32];
    struct key_spec spec = {.slot = slot, .told = told};

    snprintf(name, sizeof(name), "slot-%u.example", slot);
    spec.certificate = key_fixture_certificate(name, left);
    key_fixture_put(fixture, &spec, 1);
    X509_free(spec.certificate);
}

void key_fixture_trust(struct fixture *fixture, unsigned index, X509 *certificate)
{
    struct material_session *session = begin_files(fixture);
    struct transaction *txn = begin(fixture);
    char name[MATERIAL_NAME_SIZE] = "";
    size_t length = 0;
    char *text = ca_pem(certificate, &length);
    struct value row[TRUSTED_COLUMNS] = {[TRUSTED_INDEX] = {.number = index}, [TRUSTED_CERTIFICATE] = {.text = name}};

    put_file(session, MATERIAL_CERTIFICATES, text, length, name);
    free(text);
    put_row(txn, TABLE_TRUSTED, row);
    commit(fixture, txn);
    material_end(session);
}

void key_fixture_use(struct fixture *fixture, const char *use, unsigned slot)
{
    struct transaction *txn = begin(fixture);
    char name[PKI_USE_NAME_MAX];
    struct value row[USE_COLUMNS] = {[USE_NAME] = {.text = name}, [USE_SLOT] = {.number = slot}};

    snprintf(name, sizeof(name), "%s", use);
    put_row(txn, TABLE_USES, row);
    commit(fixture, txn);
}

void key_fixture_restart(struct fixture *fixture)
{
    const bool registered = fixture->agent.registered;

    jobs_reopen(fixture);
    fixture->agent.registered = registered;
}

const char *key_fixture_told(const struct fixture *fixture, unsigned slot)
{
    const struct value *row = pki_key_row(store_current(fixture->agent.store), slot);

    assert_non_null(row);
    return value_text(&row[KEY_TOLD]);
}
