/* SPDX-License-Identifier: Apache-2.0 */
/* The policy as an OpenSSL configuration file; see tls_conf.h. */
#include "tls/tls_conf.h"

#include "base/text.h"
#include "devsec_mib.h"

#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <string.h>

/* The versions: SSL_CONF_cmd's names, and the option that says that one is off. */
static const struct {
    uint32_t bit;
    uint64_t off;
    const char *name;
} protocols[] = {
    {MIB_devsecTlsVersions_ssl30, SSL_OP_NO_SSLv3, "SSLv3"},
    {MIB_devsecTlsVersions_tls10, SSL_OP_NO_TLSv1, "TLSv1"},
    {MIB_devsecTlsVersions_tls11, SSL_OP_NO_TLSv1_1, "TLSv1.1"},
    {MIB_devsecTlsVersions_tls12, SSL_OP_NO_TLSv1_2, "TLSv1.2"},
    {MIB_devsecTlsVersions_tls13, SSL_OP_NO_TLSv1_3, "TLSv1.3"},
};

#define N_PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

char *tls_conf_render(const struct tls_effective *effective)
{
    char list[TLS_STRING_MAX];
    char suites[TLS_STRING_MAX];
    struct text text = {0};

    tls_effective_openssl(effective, list, suites);
    text_append(&text, "# TLS policy of this device, rendered by devsecd: changes made here are overwritten.\n"
                       "# A service takes it over with SSL_CTX_config(ctx, \"" TLS_CONF_SECTION "\").\n"
                       "openssl_conf = devsec_init\n\n"
                       "[devsec_init]\nssl_conf = devsec_ssl\n\n"
                       "[devsec_ssl]\n" TLS_CONF_SECTION " = " TLS_CONF_SECTION "\n\n"
                       "[" TLS_CONF_SECTION "]\nProtocol = -ALL");
    for (size_t i = 0; i < N_PROTOCOLS; i++) {
        if (effective->versions & (1u << protocols[i].bit))
            text_printf(&text, ", %s", protocols[i].name);
    }
    text_append(&text, "\n");
    if (list[0])
        text_printf(&text, "CipherString = %s\n", list);
    text_printf(&text, "Ciphersuites = %s\n", suites);
    return text_take(&text);
}

static enum devsec_err openssl_says(struct devsec_error *error, const char *what)
{
    char reason[256];

    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
    return devsec_fail(error, DEVSEC_ERR_SYNTAX, "OpenSSL refuses %s: %s", what, reason);
}

/* The section's lines through SSL_CONF_cmd, which is how OpenSSL itself reads them. */
static enum devsec_err put_in_force(SSL_CTX *ctx, const CONF *conf, struct devsec_error *error)
{
    STACK_OF(CONF_VALUE) *lines = NCONF_get_section(conf, TLS_CONF_SECTION);
    SSL_CONF_CTX *commands = SSL_CONF_CTX_new();
    enum devsec_err err = DEVSEC_OK;

    if (!commands)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    SSL_CONF_CTX_set_flags(commands, SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_SERVER);
    SSL_CONF_CTX_set_ssl_ctx(commands, ctx);
    for (int i = 0; i < sk_CONF_VALUE_num(lines) && !err; i++) {
        const CONF_VALUE *line = sk_CONF_VALUE_value(lines, i);

        if (SSL_CONF_cmd(commands, line->name, line->value) <= 0)
            err = openssl_says(error, line->name);
    }
    if (!err && !SSL_CONF_CTX_finish(commands))
        err = openssl_says(error, "the policy");
    SSL_CONF_CTX_free(commands);
    return err;
}

static bool expected(const struct tls_effective *effective, const char *name)
{
    for (size_t i = 0; i < effective->n_suites; i++) {
        if (strcmp(tls_suites[effective->suites[i]].name, name) == 0)
            return true;
    }
    return false;
}

/* Whether an enabled version can carry the suite. OpenSSL takes no empty cipher list, so one for TLS 1.2 and below is
 * there even where TLS 1.3 alone is on, and means nothing then. */
static bool can_be_negotiated(const SSL_CIPHER *cipher, uint32_t versions)
{
    const uint32_t tls12 = 1u << MIB_devsecTlsVersions_tls12;
    const uint32_t tls13 = 1u << MIB_devsecTlsVersions_tls13;
    const char *since = SSL_CIPHER_get_version(cipher);

    if (strcmp(since, "TLSv1.3") == 0)
        return (versions & tls13) != 0;
    if (strcmp(since, "TLSv1.2") == 0)
        return (versions & tls12) != 0;
    return (versions & ~tls13) != 0;
}

/* What the context would offer, against what the policy says. */
static enum devsec_err compare(SSL_CTX *ctx, const struct tls_effective *effective, struct devsec_error *error)
{
    const uint64_t options = SSL_CTX_get_options(ctx);
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
    size_t count = 0;

    for (size_t i = 0; i < N_PROTOCOLS; i++) {
        const bool wanted = (effective->versions & (1u << protocols[i].bit)) != 0;

        if (wanted != !(options & protocols[i].off))
            return devsec_fail(error, DEVSEC_ERR_INCONSISTENT,
                               "OpenSSL would %soffer %s, and the policy says otherwise", wanted ? "not " : "",
                               protocols[i].name);
    }
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        const char *name = SSL_CIPHER_get_name(cipher);

        if (!can_be_negotiated(cipher, effective->versions))
            continue;
        if (!expected(effective, name))
            return devsec_fail(error, DEVSEC_ERR_INCONSISTENT, "OpenSSL would offer %s, which the policy leaves out",
                               name);
        count++;
    }
    if (count != effective->n_suites)
        return devsec_fail(error, DEVSEC_ERR_INCONSISTENT, "OpenSSL would offer %zu suites, the policy has %zu", count,
                           effective->n_suites);
    return DEVSEC_OK;
}

enum devsec_err tls_conf_check(const char *text, const struct tls_effective *effective, struct devsec_error *error)
{
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    CONF *conf = NCONF_new(NULL);
    BIO *bio = BIO_new_mem_buf(text, -1);
    SSL_CTX *ctx = library ? SSL_CTX_new_ex(library, NULL, TLS_server_method()) : NULL;
    enum devsec_err err = DEVSEC_OK;
    long line = 0;

    ERR_clear_error();
    if (!conf || !bio || !ctx) {
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "OpenSSL gives no context to check the TLS policy in");
        goto out;
    }
    if (NCONF_load_bio(conf, bio, &line) <= 0) {
        err = devsec_fail(error, DEVSEC_ERR_SYNTAX, "OpenSSL cannot read line %ld of the rendered TLS policy", line);
        goto out;
    }
    /* openssl.cnf's system_default reaches this context, too; what the policy does not set is opened here. */
    SSL_CTX_set_min_proto_version(ctx, 0);
    SSL_CTX_set_max_proto_version(ctx, 0);
    err = put_in_force(ctx, conf, error);
    if (!err)
        err = compare(ctx, effective, error);
out:
    SSL_CTX_free(ctx);
    BIO_free(bio);
    NCONF_free(conf);
    OSSL_LIB_CTX_free(library);
    return err;
}
