/* SPDX-License-Identifier: Apache-2.0 */
/* What a TLS stack has: the linked OpenSSL asked, or a device profile's word taken. */
#include "tls/tls_policy.h"

#include "devsec_mib.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

/* The protocol number that travels in the handshake, for each bit of devsecTlsVersions. */
static const struct {
    uint32_t version;
    int protocol;
} protocols[] = {
    {1u << MIB_devsecTlsVersions_ssl30, SSL3_VERSION},   {1u << MIB_devsecTlsVersions_tls10, TLS1_VERSION},
    {1u << MIB_devsecTlsVersions_tls11, TLS1_1_VERSION}, {1u << MIB_devsecTlsVersions_tls12, TLS1_2_VERSION},
    {1u << MIB_devsecTlsVersions_tls13, TLS1_3_VERSION},
};

#define TLS13_BIT (1u << MIB_devsecTlsVersions_tls13)

static enum devsec_err fail_openssl(struct devsec_error *error, const char *what)
{
    char reason[256];

    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
    return devsec_fail(error, DEVSEC_ERR_INTERNAL,
                       "OpenSSL could not be asked for its TLS versions and ciphers: %s: %s", what, reason);
}

/* The table's names that belong to TLS 1.3, or those that do not, joined by colons. */
static void join_suites(bool tls13, char *text, size_t room)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < tls_suite_count && used < room; i++)
        if ((tls_suites[i].versions == TLS13_BIT) == tls13)
            used += (size_t)snprintf(text + used, room - used, "%s%s", used ? ":" : "", tls_suites[i].name);
}

/*
 * A context in which everything that the build has is on. A library context of its own keeps providers and properties
 * of openssl.cnf away; its "system_default" section (MinProtocol, CipherString, SignatureAlgorithms, Options) reaches
 * every SSL_CTX all the same, so that each of those is set explicitly: here, or for each connection in ask_version.
 */
static enum devsec_err permissive_context(OSSL_LIB_CTX *library, SSL_CTX **out, struct devsec_error *error)
{
    char signatures[] = "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA1:RSA+SHA1";
    char names[TLS_STRING_MAX];
    SSL_CTX *context = SSL_CTX_new_ex(library, NULL, TLS_client_method());

    if (!context)
        return fail_openssl(error, "SSL_CTX_new_ex");
    *out = context;
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_clear_options(context, SSL_CTX_get_options(context));
    if (!SSL_CTX_set1_sigalgs_list(context, signatures))
        return fail_openssl(error, "SSL_CTX_set1_sigalgs_list");
    /* Names that the build does not know are skipped by OpenSSL as long as it knows one. */
    join_suites(false, names, sizeof(names));
    if (!SSL_CTX_set_cipher_list(context, names))
        return fail_openssl(error, "SSL_CTX_set_cipher_list");
    join_suites(true, names, sizeof(names));
    if (!SSL_CTX_set_ciphersuites(context, names))
        return fail_openssl(error, "SSL_CTX_set_ciphersuites");
    return DEVSEC_OK;
}

static bool has_cipher(const STACK_OF(SSL_CIPHER) *ciphers, const char *name)
{
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        if (strcmp(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)), name) == 0)
            return true;
    return false;
}

/* Adds one version to the suites that a connection confined to it would offer. */
static enum devsec_err ask_version(SSL_CTX *context, uint32_t version, int protocol, struct tls_stack *stack,
                                   struct devsec_error *error)
{
    STACK_OF(SSL_CIPHER) *ciphers = NULL;
    SSL *ssl = SSL_new(context);

    if (!ssl)
        return fail_openssl(error, "SSL_new");
    /* A build without the protocol says so in one of the three calls; which one differs between releases. */
    if (SSL_set_min_proto_version(ssl, protocol) && SSL_set_max_proto_version(ssl, protocol))
        ciphers = SSL_get1_supported_ciphers(ssl);
    for (size_t i = 0; ciphers && i < tls_suite_count; i++)
        if ((tls_suites[i].versions & version) && has_cipher(ciphers, tls_suites[i].name))
            stack->suite_versions[i] |= version;
    sk_SSL_CIPHER_free(ciphers);
    SSL_free(ssl);
    return DEVSEC_OK;
}

/* The versions and ciphers of a stack are those that at least one suite has. */
static void sum_up(struct tls_stack *stack)
{
    for (size_t i = 0; i < tls_suite_count; i++) {
        stack->versions |= stack->suite_versions[i];
        if (stack->suite_versions[i])
            stack->ciphers |= tls_suites[i].cipher;
    }
}

enum devsec_err tls_stack_from_library(struct tls_stack *stack, struct devsec_error *error)
{
    struct tls_stack found = {0};
    SSL_CTX *context = NULL;
    OSSL_LIB_CTX *library = NULL;
    enum devsec_err err;

    ERR_set_mark();
    library = OSSL_LIB_CTX_new();
    err = library ? permissive_context(library, &context, error) : fail_openssl(error, "OSSL_LIB_CTX_new");
    for (size_t i = 0; !err && i < sizeof(protocols) / sizeof(protocols[0]); i++)
        err = ask_version(context, protocols[i].version, protocols[i].protocol, &found, error);
    SSL_CTX_free(context);
    OSSL_LIB_CTX_free(library);
    ERR_pop_to_mark();
    if (err)
        return err;
    sum_up(&found);
    *stack = found;
    return DEVSEC_OK;
}

void tls_stack_from_masks(struct tls_stack *stack, uint32_t versions, uint32_t ciphers)
{
    *stack = (struct tls_stack){.versions = versions, .ciphers = ciphers};
    for (size_t i = 0; i < tls_suite_count; i++)
        if (tls_suites[i].cipher & ciphers)
            stack->suite_versions[i] = tls_suites[i].versions & versions;
}
