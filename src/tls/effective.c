/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy comes to on a stack, as a list of suites and as OpenSSL configuration. */
#include "tls/tls_policy.h"

#include "devsec_mib.h"

#include <stdio.h>
#include <string.h>

#define TLS13_BIT (1u << MIB_devsecTlsVersions_tls13)
#define TLS12_BIT (1u << MIB_devsecTlsVersions_tls12)
#define RC4_BIT   (1u << MIB_devsecTlsCiphers_rc4)

/* Whether a server with this certificate can use the suite; without one, every suite is still to be had. */
static bool has_certificate_for(const struct tls_suite *suite, enum tls_certificate certificate)
{
    return certificate == TLS_CERTIFICATE_NONE || suite->authentication == TLS_CERTIFICATE_NONE ||
           suite->authentication == certificate;
}

void tls_effective_get(struct tls_effective *effective, const struct tls_policy *policy, const struct tls_stack *stack)
{
    *effective = (struct tls_effective){0};
    for (size_t i = 0; i < tls_suite_count; i++) {
        const struct tls_suite *suite = &tls_suites[i];
        const uint32_t versions = stack->suite_versions[i] & policy->versions;

        if (!versions || !(suite->cipher & policy->ciphers) || !has_certificate_for(suite, policy->certificate))
            continue;
        if ((suite->rsa_key_exchange && !policy->rsa_key_exchange) || (suite->sha1_digest && !policy->sha1_digest))
            continue;
        effective->suites[effective->n_suites] = i;
        effective->suite_versions[effective->n_suites] = versions;
        effective->n_suites++;
        effective->versions |= versions;
    }
}

/* How many octets the first `count` names take with their colons. */
static size_t names_length(const struct tls_effective *effective, size_t count)
{
    size_t length = 0;

    for (size_t i = 0; i < count; i++)
        length += strlen(tls_suites[effective->suites[i]].name) + (i ? 1 : 0);
    return length;
}

void tls_effective_names(const struct tls_effective *effective, char *text, size_t room)
{
    char rest[24] = "";
    size_t count = effective->n_suites;
    size_t used = 0;

    if (room == 0)
        return;
    while (names_length(effective, count) + strlen(rest) >= room && count > 0) {
        count--;
        snprintf(rest, sizeof(rest), "%s+%zu", count ? ":" : "", effective->n_suites - count);
    }
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", i ? ":" : "", tls_suites[effective->suites[i]].name);
    snprintf(text + used, room - used, "%s", rest);
}

/*
 * OpenSSL 3 does not speak below TLS 1.2 above security level 0 (the handshake there is signed with SHA-1 and MD5), and
 * counts RC4 below level 2, which is the default of distributions.
 */
static bool needs_level_0(const struct tls_effective *effective)
{
    if (effective->versions & (TLS12_BIT - 1))
        return true;
    for (size_t i = 0; i < effective->n_suites; i++)
        if (tls_suites[effective->suites[i]].cipher == RC4_BIT)
            return true;
    return false;
}

void tls_effective_openssl(const struct tls_effective *effective, char *cipher_list, char *ciphersuites)
{
    size_t used_list = 0;
    size_t used_suites = 0;

    cipher_list[0] = '\0';
    ciphersuites[0] = '\0';
    for (size_t i = 0; i < effective->n_suites; i++) {
        const struct tls_suite *suite = &tls_suites[effective->suites[i]];
        const bool tls13 = suite->versions == TLS13_BIT;
        char *text = tls13 ? ciphersuites : cipher_list;
        size_t *used = tls13 ? &used_suites : &used_list;

        *used += (size_t)snprintf(text + *used, TLS_STRING_MAX - *used, "%s%s", *used ? ":" : "", suite->name);
    }
    if (used_list && needs_level_0(effective))
        snprintf(cipher_list + used_list, TLS_STRING_MAX - used_list, ":@SECLEVEL=0");
}
