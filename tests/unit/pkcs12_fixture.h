/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#12 files for tests, and what comes of opening them. */
#ifndef DEVSEC_TESTS_UNIT_PKCS12_FIXTURE_H
#define DEVSEC_TESTS_UNIT_PKCS12_FIXTURE_H

#include "pki/bundle.h"

#include "ca_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>

#define MAYBE_UNUSED __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PASSWORD     "Geheim-\xc3\xa4\xe2\x82\xac"
#define FEW          1 /* rounds of key derivation, where they do not matter */

static struct ca root;
static struct ca middle;
static struct ca leaf;
static EVP_PKEY *rsa;
static X509 *rsa_certificate;

MAYBE_UNUSED static int make(void **state)
{
    const struct ca_spec spec = {.common_name = "rsa.example"};

    (void)state;
    root = ca_root("Root");
    middle = ca_intermediate("CA", &root);
    leaf = ca_leaf("mfp-17.example", &middle);
    rsa = ca_key("RSA-1024");
    rsa_certificate = ca_certify(&spec, rsa, &middle);
    return 0;
}

MAYBE_UNUSED static int drop(void **state)
{
    (void)state;
    ca_free(&leaf);
    ca_free(&middle);
    ca_free(&root);
    EVP_PKEY_free(rsa);
    X509_free(rsa_certificate);
    return 0;
}

/* ---- Files ---- */

/* An encoded file, which is freed by whom it is given to. */
struct file {
    unsigned char *octets;
    size_t length;
};

MAYBE_UNUSED static struct file encode(PKCS12 *made)
{
    struct file file = {NULL, 0};
    const int length = made ? i2d_PKCS12(made, &file.octets) : -1;

    if (length <= 0)
        fail_msg("%s", ERR_reason_error_string(ERR_peek_last_error()));
    file.length = (size_t)length;
    PKCS12_free(made);
    return file;
}

/* The usual kind: leaf with its key and its chain, under `cipher` (a PBE of PKCS#12 or a cipher for PBES2). */
MAYBE_UNUSED static struct file file_of(const char *password, int cipher, int rounds)
{
    STACK_OF(X509) *others = ca_stack(root.certificate, middle.certificate, NULL);
    PKCS12 *made =
        PKCS12_create(password, "printer", leaf.key, leaf.certificate, others, cipher, cipher, rounds, rounds, 0);

    ca_stack_free(others);
    return encode(made);
}

/* One made of bags, unencrypted or not; takes the bags. `password` NULL: no MAC. */
MAYBE_UNUSED static struct file file_of_bags(STACK_OF(PKCS12_SAFEBAG) *bags, const char *password)
{
    STACK_OF(PKCS7) *safes = NULL;
    PKCS12 *made = NULL;

    assert_true(PKCS12_add_safe(&safes, bags, -1, FEW, NULL));
    made = PKCS12_add_safes(safes, 0);
    if (password)
        assert_true(PKCS12_set_mac(made, password, -1, NULL, 0, FEW, NULL));
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return encode(made);
}

/* ---- Bags, to make files of ---- */

MAYBE_UNUSED static PKCS12_SAFEBAG *key_bag(EVP_PKEY *key)
{
    return PKCS12_SAFEBAG_create0_p8inf(EVP_PKEY2PKCS8(key));
}

MAYBE_UNUSED static STACK_OF(PKCS12_SAFEBAG) *bags_of(PKCS12_SAFEBAG *first, ...)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
    va_list args;

    va_start(args, first);
    for (PKCS12_SAFEBAG *bag = first; bag; bag = va_arg(args, PKCS12_SAFEBAG *))
        assert_true(sk_PKCS12_SAFEBAG_push(bags, bag) > 0);
    va_end(args);
    return bags;
}

MAYBE_UNUSED static PKCS12_SAFEBAG *certificate_bag(X509 *certificate)
{
    return PKCS12_SAFEBAG_create_cert(certificate);
}

/* ---- Opening ---- */

/* Takes the file. The chain is `middle` alone. */
MAYBE_UNUSED static void assert_opens(struct file file, const char *password, EVP_PKEY *key, X509 *certificate)
{
    EVP_PKEY *got_key = NULL;
    X509 *got = NULL;
    STACK_OF(X509) *chain = NULL;
    struct pki_fault fault = {0};

    if (pki_pkcs12_read(&got_key, &got, &chain, file.octets, file.length, password, &fault))
        fail_msg("%s", fault.error.text);
    assert_int_equal(EVP_PKEY_eq(got_key, key), 1);
    assert_int_equal(X509_check_private_key(got, got_key), 1);
    assert_int_equal(X509_cmp(got, certificate), 0);
    assert_int_equal(sk_X509_num(chain), 1);
    assert_int_equal(X509_cmp(sk_X509_value(chain, 0), middle.certificate), 0);
    assert_int_equal(ERR_peek_error(), 0);
    /* The key works in the program's own library context. */
    ca_sign_again(got, got_key);
    EVP_PKEY_free(got_key);
    X509_free(got);
    ca_stack_free(chain);
    OPENSSL_free(file.octets);
}

/* Takes the file. */
MAYBE_UNUSED static void assert_refused(struct file file, const char *password, enum pki_cause cause, const char *text)
{
    EVP_PKEY *key = rsa;
    X509 *certificate = rsa_certificate;
    STACK_OF(X509) *const untouched = (void *)&root;
    STACK_OF(X509) *chain = untouched;
    struct pki_fault fault = {0};
    const enum devsec_err err = pki_pkcs12_read(&key, &certificate, &chain, file.octets, file.length, password, &fault);

    if (!err || fault.cause != cause || !strstr(fault.error.text, text))
        fail_msg("expected %d, \"%s\"; got %d, \"%s\"", cause, text, fault.cause, fault.error.text);
    assert_true(key == rsa && certificate == rsa_certificate && chain == untouched);
    assert_int_equal(err, fault.error.code);
    assert_int_equal(ERR_peek_error(), 0);
    /* Whatever was wrong, the password is not told. */
    assert_true(!password[0] || !strstr(fault.error.text, password));
    OPENSSL_free(file.octets);
}

#endif
