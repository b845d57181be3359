/* SPDX-License-Identifier: Apache-2.0 */
/* What the linked OpenSSL is said to have, and what a policy is said to come to, against real handshakes in memory. */
#include "tls/tls_policy.h"
#include "tls_masks.h"

#include "devsec_mib.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    uint32_t version;
    int protocol;
    uint64_t off;
} versions[] = {
    {SSL30, SSL3_VERSION, SSL_OP_NO_SSLv3},     {TLS10, TLS1_VERSION, SSL_OP_NO_TLSv1},
    {TLS11, TLS1_1_VERSION, SSL_OP_NO_TLSv1_1}, {TLS12, TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
    {TLS13, TLS1_3_VERSION, SSL_OP_NO_TLSv1_3},
};

/* A self-signed certificate and its key. */
struct identity {
    const char *what;
    enum tls_certificate certificate_kind;
    EVP_PKEY *key;
    X509 *certificate;
};

enum { ECDSA, RSA_2048, IDENTITIES };

static void make_certificate(struct identity *identity)
{
    X509_NAME *name;

    identity->certificate = X509_new();
    assert_non_null(identity->certificate);
    name = X509_get_subject_name(identity->certificate);
    assert_true(X509_set_version(identity->certificate, X509_VERSION_3));
    assert_true(ASN1_INTEGER_set(X509_get_serialNumber(identity->certificate), 1));
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(identity->certificate), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(identity->certificate), 3600));
    assert_true(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"device.example", -1, -1, 0));
    assert_true(X509_set_issuer_name(identity->certificate, name));
    assert_true(X509_set_pubkey(identity->certificate, identity->key));
    assert_true(X509_sign(identity->certificate, identity->key, EVP_sha256()) > 0);
}

static int make_identities(void **state)
{
    struct identity *identities = calloc(IDENTITIES, sizeof(*identities));

    assert_non_null(identities);
    identities[ECDSA] =
        (struct identity){.what = "ECDSA", .certificate_kind = TLS_CERTIFICATE_ECDSA, .key = EVP_EC_gen("P-256")};
    identities[RSA_2048] =
        (struct identity){.what = "RSA", .certificate_kind = TLS_CERTIFICATE_RSA, .key = EVP_RSA_gen(2048)};
    for (int i = 0; i < IDENTITIES; i++) {
        assert_non_null(identities[i].key);
        make_certificate(&identities[i]);
    }
    *state = identities;
    return 0;
}

static int free_identities(void **state)
{
    struct identity *identities = *state;

    for (int i = 0; i < IDENTITIES; i++) {
        X509_free(identities[i].certificate);
        EVP_PKEY_free(identities[i].key);
    }
    free(identities);
    return 0;
}

/* Whether the table says that a suite can be used with a certificate at all. */
static bool fits(const struct tls_suite *suite, const struct identity *identity)
{
    return suite->authentication == TLS_CERTIFICATE_NONE || suite->authentication == identity->certificate_kind;
}

static SSL_CTX *server_context(const struct identity *identity)
{
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());

    assert_non_null(server);
    assert_true(SSL_CTX_use_certificate(server, identity->certificate));
    assert_true(SSL_CTX_use_PrivateKey(server, identity->key));
    assert_true(SSL_CTX_set_min_proto_version(server, 0) && SSL_CTX_set_max_proto_version(server, 0));
    for (size_t i = 0; i < COUNT(versions); i++)
        SSL_CTX_clear_options(server, versions[i].off);
    return server;
}

/* A server that turns nothing of the table down. */
static SSL_CTX *permissive_server(const struct identity *identity)
{
    SSL_CTX *server = server_context(identity);

    assert_true(SSL_CTX_set_cipher_list(server, "ALL:@SECLEVEL=0"));
    return server;
}

/*
 * A server under a policy, configured by nothing but what tls_effective_openssl says, from the security level that
 * distributions start with: builds of OpenSSL differ in it.
 */
static SSL_CTX *policy_server(const struct identity *identity, const struct tls_effective *effective)
{
    char list[TLS_STRING_MAX], suites[TLS_STRING_MAX];
    SSL_CTX *server = server_context(identity);

    tls_effective_openssl(effective, list, suites);
    SSL_CTX_set_security_level(server, 2);
    if (list[0])
        assert_true(SSL_CTX_set_cipher_list(server, list));
    assert_true(SSL_CTX_set_ciphersuites(server, suites));
    for (size_t i = 0; i < COUNT(versions); i++)
        if (!(effective->versions & versions[i].version))
            SSL_CTX_set_options(server, versions[i].off);
    return server;
}

/* A client that takes anything, as long as it is this version and this suite; NULL if the build has no such client. */
static SSL_CTX *narrow_client(const struct tls_suite *suite, int protocol)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    bool able;

    assert_non_null(client);
    SSL_CTX_set_security_level(client, 0);
    able = SSL_CTX_set_min_proto_version(client, 0) && SSL_CTX_set_max_proto_version(client, protocol) &&
           SSL_CTX_set_min_proto_version(client, protocol);
    /* A list cannot be empty; without a key to share, a PSK suite is never offered. */
    if (suite->versions == TLS13)
        able = able && SSL_CTX_set_ciphersuites(client, suite->name) &&
               (protocol == TLS1_3_VERSION || SSL_CTX_set_cipher_list(client, "PSK-AES128-CBC-SHA"));
    else
        able = able && SSL_CTX_set_ciphersuites(client, "") && SSL_CTX_set_cipher_list(client, suite->name);
    if (able)
        return client;
    SSL_CTX_free(client);
    return NULL;
}

/* Both ends in turn until both are done or neither gets on. */
static bool shake_hands(SSL *client, SSL *server)
{
    bool client_done = false;
    bool server_done = false;

    for (int round = 0; round < 20 && !(client_done && server_done); round++) {
        client_done = client_done || SSL_do_handshake(client) == 1;
        server_done = server_done || SSL_do_handshake(server) == 1;
    }
    return client_done && server_done;
}

/* Whether a client with only this version and suite gets a connection, which must then be of exactly those. */
static bool connects(SSL_CTX *server_ctx, const struct tls_suite *suite, int protocol)
{
    SSL_CTX *client_ctx = narrow_client(suite, protocol);
    BIO *client_end = NULL;
    BIO *server_end = NULL;
    SSL *client, *server;
    bool connected;

    if (!client_ctx) {
        ERR_clear_error();
        return false;
    }
    client = SSL_new(client_ctx);
    server = SSL_new(server_ctx);
    assert_true(client && server);
    assert_true(BIO_new_bio_pair(&client_end, 0, &server_end, 0));
    SSL_set_bio(client, client_end, client_end);
    SSL_set_bio(server, server_end, server_end);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    connected = shake_hands(client, server);
    if (connected) {
        assert_int_equal(SSL_version(client), protocol);
        assert_string_equal(SSL_get_cipher_name(client), suite->name);
        assert_string_equal(SSL_CIPHER_standard_name(SSL_get_current_cipher(client)), suite->iana_name);
        assert_string_equal(SSL_get_cipher_name(server), suite->name);
    }
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_ctx);
    ERR_clear_error();
    return connected;
}

static void test_stack_is_what_connects(void **state)
{
    const struct identity *identities = *state;
    struct devsec_error error = {0};
    struct tls_stack stack;
    size_t connections = 0;

    assert_int_equal(tls_stack_from_library(&stack, &error), DEVSEC_OK);
    for (int identity = 0; identity < IDENTITIES; identity++) {
        SSL_CTX *server = permissive_server(&identities[identity]);

        for (size_t v = 0; v < COUNT(versions); v++) {
            for (size_t s = 0; s < tls_suite_count; s++) {
                const bool claimed =
                    (stack.suite_versions[s] & versions[v].version) && fits(&tls_suites[s], &identities[identity]);
                const bool connected = connects(server, &tls_suites[s], versions[v].protocol);

                if (connected != claimed)
                    print_error("%s certificate, %s, version bit %zu: claimed %d, connected %d\n",
                                identities[identity].what, tls_suites[s].name, v, claimed, connected);
                assert_int_equal(connected, claimed);
                connections += connected;
            }
        }
        SSL_CTX_free(server);
    }
    print_message("%zu kinds of connection\n", connections);
    assert_true(connections > 0);
}

static void test_stack_is_summed_up(void **state)
{
    struct devsec_error error = {0};
    uint32_t all_versions = 0;
    uint32_t all_ciphers = 0;
    struct tls_stack stack;

    (void)state;
    assert_int_equal(tls_stack_from_library(&stack, &error), DEVSEC_OK);
    for (size_t i = 0; i < tls_suite_count; i++) {
        assert_int_equal(stack.suite_versions[i] & ~tls_suites[i].versions, 0);
        all_versions |= stack.suite_versions[i];
        all_ciphers |= stack.suite_versions[i] ? tls_suites[i].cipher : 0;
    }
    assert_int_equal(stack.versions, all_versions);
    assert_int_equal(stack.ciphers, all_ciphers);
    /* Every OpenSSL 3 that a device is built with has at least these. */
    assert_int_equal(stack.versions & (TLS12 | TLS13), TLS12 | TLS13);
    assert_int_equal(stack.ciphers & AES, AES);
}

static const struct {
    const char *what;
    uint32_t versions;
    uint32_t ciphers;
    bool rsa;
    bool sha1;
} policies[] = {
    {"the defaults", TLS12 | TLS13, AES, false, false},
    {"everything", ALL_V, ALL_C, true, true},
    {"TLS 1.3 only", TLS13, AES, false, false},
    {"TLS 1.3 with AES-256 only", TLS13, AES256, true, true},
    {"TLS 1.2 only", TLS12, AES, false, false},
    {"TLS 1.2 with RSA key exchange", TLS12, AES128, true, false},
    {"TLS 1.2 with SHA-1", TLS12, AES256, false, true},
    {"TLS 1.0 only", TLS10, AES, true, true},
    {"TLS 1.1 without RSA key exchange", TLS11, AES128, false, true},
    {"TLS 1.1 on, its only digest off", TLS11 | TLS12, AES, true, false},
    {"a hole at TLS 1.1", TLS10 | TLS12, AES, true, true},
    {"a hole at TLS 1.2", TLS11 | TLS13, AES, false, true},
    {"old versions beside TLS 1.3, AES-128", TLS10 | TLS11 | TLS13, AES128, true, true},
    {"3DES beside AES", TLS12 | TLS13, AES128 | TDES, true, true},
    {"RC4 beside AES", TLS10 | TLS12, AES256 | RC4, true, true},
    {"SSL 3.0 beside TLS 1.2", SSL30 | TLS12, ALL_C, true, true},
};

/* Every version and suite of the table, against a server configured for the policy. */
static void compare_offer(const struct tls_effective *effective, SSL_CTX *server)
{
    uint32_t offered[TLS_SUITE_MAX] = {0};

    for (size_t i = 0; i < effective->n_suites; i++)
        offered[effective->suites[i]] = effective->suite_versions[i];
    for (size_t s = 0; s < tls_suite_count; s++) {
        for (size_t v = 0; v < COUNT(versions); v++) {
            const bool claimed = (offered[s] & versions[v].version) != 0;
            const bool connected = connects(server, &tls_suites[s], versions[v].protocol);

            if (connected != claimed)
                print_error("%s, version bit %zu: claimed %d, connected %d\n", tls_suites[s].name, v, claimed,
                            connected);
            assert_int_equal(connected, claimed);
        }
    }
}

static void test_effective_is_what_connects(void **state)
{
    const struct identity *identities = *state;
    struct devsec_error error = {0};
    struct tls_stack stack;

    assert_int_equal(tls_stack_from_library(&stack, &error), DEVSEC_OK);
    for (size_t i = 0; i < COUNT(policies); i++) {
        const struct tls_policy policy = {.versions = policies[i].versions,
                                          .ciphers = policies[i].ciphers,
                                          .rsa_key_exchange = policies[i].rsa,
                                          .sha1_digest = policies[i].sha1};

        for (int identity = 0; identity < IDENTITIES; identity++) {
            struct tls_policy of_key = policy;
            struct tls_effective effective;
            SSL_CTX *server;

            of_key.certificate = identities[identity].certificate_kind;
            tls_effective_get(&effective, &of_key, &stack);
            print_message("%s, %s: %zu suites\n", policies[i].what, identities[identity].what, effective.n_suites);
            assert_true(effective.n_suites > 0);
            server = policy_server(&identities[identity], &effective);
            compare_offer(&effective, server);
            SSL_CTX_free(server);
        }
    }
}

/* The first suite of the list that the other side has is the one that is taken. */
static void test_preference_is_the_order_of_the_table(void **state)
{
    const struct identity *identities = *state;
    const struct tls_policy policy = {.versions = TLS12, .ciphers = AES, .rsa_key_exchange = true, .sha1_digest = true};
    const STACK_OF(SSL_CIPHER) *ciphers;
    struct devsec_error error = {0};
    struct tls_effective effective;
    struct tls_stack stack;
    SSL_CTX *server;

    assert_int_equal(tls_stack_from_library(&stack, &error), DEVSEC_OK);
    tls_effective_get(&effective, &policy, &stack);
    server = policy_server(&identities[RSA_2048], &effective);
    ciphers = SSL_CTX_get_ciphers(server);
    assert_int_equal(sk_SSL_CIPHER_num(ciphers), effective.n_suites);
    for (size_t i = 0; i < effective.n_suites; i++)
        assert_string_equal(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, (int)i)),
                            tls_suites[effective.suites[i]].name);
    SSL_CTX_free(server);
}

static const char narrow_configuration[] = "openssl_conf = init\n"
                                           "[init]\n"
                                           "ssl_conf = ssl\n"
                                           "[ssl]\n"
                                           "system_default = narrow\n"
                                           "[narrow]\n"
                                           "MinProtocol = TLSv1.2\n"
                                           "MaxProtocol = TLSv1.2\n"
                                           "CipherString = ECDHE-RSA-AES256-GCM-SHA384:@SECLEVEL=3\n"
                                           "Ciphersuites = TLS_CHACHA20_POLY1305_SHA256\n"
                                           "SignatureAlgorithms = RSA+SHA512\n"
                                           "Options = ServerPreference\n"
                                           "Protocol = ALL,-TLSv1.3\n";

/* An administrator's openssl.cnf changes what every SSL_CTX starts with, and not the answer. Runs last of all. */
static void test_configuration_file_does_not_matter(void **state)
{
    char path[] = "/tmp/test_tls_stack.XXXXXX";
    struct devsec_error error = {0};
    struct tls_stack before, after;
    const int fd = mkstemp(path);
    SSL_CTX *context;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, narrow_configuration, strlen(narrow_configuration)), strlen(narrow_configuration));
    close(fd);
    assert_int_equal(tls_stack_from_library(&before, &error), DEVSEC_OK);
    assert_int_equal(CONF_modules_load_file(path, NULL, 0), 1);
    unlink(path);
    context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    assert_int_equal(SSL_CTX_get_max_proto_version(context), TLS1_2_VERSION);
    assert_int_equal(SSL_CTX_get_security_level(context), 3);
    SSL_CTX_free(context);
    assert_int_equal(tls_stack_from_library(&after, &error), DEVSEC_OK);
    assert_memory_equal(&after, &before, sizeof(before));
    CONF_modules_unload(1);
}

/* The caller's queue of OpenSSL errors is left as it was. */
static void test_error_queue_is_left_alone(void **state)
{
    struct devsec_error error = {0};
    struct tls_stack stack;

    (void)state;
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 7);
    assert_int_equal(tls_stack_from_library(&stack, &error), DEVSEC_OK);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
    assert_int_equal(ERR_get_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stack_is_summed_up),         cmocka_unit_test(test_stack_is_what_connects),
        cmocka_unit_test(test_effective_is_what_connects), cmocka_unit_test(test_preference_is_the_order_of_the_table),
        cmocka_unit_test(test_error_queue_is_left_alone),  cmocka_unit_test(test_configuration_file_does_not_matter),
    };

    return cmocka_run_group_tests(tests, make_identities, free_identities);
}
