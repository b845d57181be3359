/* SPDX-License-Identifier: Apache-2.0 */
/* What a TLS policy may be, and should yet be looked at [T5, T6, T9]. */
#include "tls/tls_policy.h"

#include "devsec_mib.h"
#include "tls/tls_labels.h"

#include <stdio.h>

#define TLS12 (1u << MIB_devsecTlsVersions_tls12)
#define TLS13 (1u << MIB_devsecTlsVersions_tls13)
#define TDES  (1u << MIB_devsecTlsCiphers_tripleDes168)
#define RC4   (1u << MIB_devsecTlsCiphers_rc4)
#define AES   (1u << MIB_devsecTlsCiphers_aes128 | 1u << MIB_devsecTlsCiphers_aes256)

#define SENTENCE_MAX 512

struct looked_at {
    const struct tls_policy *policy;
    const struct tls_stack *stack;
    struct tls_effective effective;
    struct tls_effective any_key; /* what would be offered if the certificate ruled nothing out */
};

/* Returns whether the warning is due; `detail` then holds what its sentence names, if it names anything. */
typedef bool warning_function(const struct looked_at *at, char *detail);

static bool some_labels(char *detail, int object, uint32_t mask)
{
    tls_labels(detail, TLS_LABELS_MAX, object, mask, "and");
    return mask != 0;
}

static bool weak_versions(const struct looked_at *at, char *detail)
{
    return some_labels(detail, MIB_devsecTlsVersions, at->policy->versions & (TLS12 - 1));
}

static bool triple_des(const struct looked_at *at, char *detail)
{
    (void)detail;
    return at->policy->ciphers & TDES;
}

static bool rc4(const struct looked_at *at, char *detail)
{
    (void)detail;
    return at->policy->ciphers & RC4;
}

static bool rsa_key_exchange(const struct looked_at *at, char *detail)
{
    (void)detail;
    return at->policy->rsa_key_exchange && at->policy->certificate != TLS_CERTIFICATE_ECDSA;
}

static bool rsa_key_exchange_without_key(const struct looked_at *at, char *detail)
{
    (void)detail;
    return at->policy->rsa_key_exchange && at->policy->certificate == TLS_CERTIFICATE_ECDSA;
}

static bool sha1_digest(const struct looked_at *at, char *detail)
{
    (void)detail;
    return at->policy->sha1_digest;
}

static bool no_tls12(const struct looked_at *at, char *detail)
{
    (void)detail;
    return !(at->policy->versions & TLS12);
}

static bool versions_not_there(const struct looked_at *at, char *detail)
{
    return some_labels(detail, MIB_devsecTlsVersions, at->policy->versions & ~at->stack->versions);
}

static bool ciphers_not_there(const struct looked_at *at, char *detail)
{
    return some_labels(detail, MIB_devsecTlsCiphers, at->policy->ciphers & ~at->stack->ciphers);
}

/* Versions that the stack has and that are on, while every suite of theirs is switched off by something else. */
static bool versions_without_suite(const struct looked_at *at, char *detail)
{
    const uint32_t bare = at->policy->versions & at->stack->versions & ~at->any_key.versions;

    return some_labels(detail, MIB_devsecTlsVersions, bare) && at->any_key.n_suites;
}

static bool ciphers_without_suite(const struct looked_at *at, char *detail)
{
    const uint32_t bare = at->policy->ciphers & at->stack->ciphers & ~tls_offered_ciphers(&at->any_key);

    return some_labels(detail, MIB_devsecTlsCiphers, bare) && at->any_key.n_suites;
}

/* Likewise, on account of the certificate alone. */
static bool versions_without_key(const struct looked_at *at, char *detail)
{
    const uint32_t bare = at->any_key.versions & ~at->effective.versions;

    return some_labels(detail, MIB_devsecTlsVersions, bare) && at->effective.n_suites;
}

static bool ciphers_without_key(const struct looked_at *at, char *detail)
{
    const uint32_t bare = tls_offered_ciphers(&at->any_key) & ~tls_offered_ciphers(&at->effective);

    return some_labels(detail, MIB_devsecTlsCiphers, bare) && at->effective.n_suites;
}

static bool nothing_left(const struct looked_at *at, char *detail)
{
    (void)detail;
    return at->any_key.n_suites == 0;
}

static bool nothing_left_for_key(const struct looked_at *at, char *detail)
{
    snprintf(detail, TLS_LABELS_MAX, "%s", tls_key_words(at->policy->certificate));
    return at->effective.n_suites == 0 && at->any_key.n_suites;
}

static bool ciphertext_only(const struct looked_at *at)
{
    return at->policy->permit_mode == MIB_devsecTlsPermitMode_ciphertextOnly;
}

static bool ciphertext_only_off(const struct looked_at *at, char *detail)
{
    const struct tls_policy *policy = at->policy;

    if (!policy->ipv4 && !policy->ipv6)
        snprintf(detail, TLS_LABELS_MAX, "IPv4 and IPv6");
    else
        snprintf(detail, TLS_LABELS_MAX, "%s", policy->ipv4 ? "IPv6" : "IPv4");
    return ciphertext_only(at) && !(policy->ipv4 && policy->ipv6);
}

static bool only_tls13(const struct looked_at *at, char *detail)
{
    (void)detail;
    return ciphertext_only(at) && at->effective.versions == TLS13;
}

static bool only_old_versions(const struct looked_at *at, char *detail)
{
    (void)detail;
    return ciphertext_only(at) && at->effective.n_suites && !(at->effective.versions & (TLS12 | TLS13));
}

/* TLS 1.2 or 1.3 is there, but without what clients of today insist on: AES with a forward-secret key exchange. */
static bool only_old_suites(const struct looked_at *at, char *detail)
{
    (void)detail;
    if (!ciphertext_only(at) || !(at->effective.versions & (TLS12 | TLS13)))
        return false;
    for (size_t i = 0; i < at->effective.n_suites; i++) {
        const struct tls_suite *suite = &tls_suites[at->effective.suites[i]];

        if ((at->effective.suite_versions[i] & (TLS12 | TLS13)) && (suite->cipher & AES) && !suite->rsa_key_exchange)
            return false;
    }
    return true;
}

static const struct {
    warning_function *due;
    const char *before; /* the sentence up to the detail, or the whole of it */
    const char *after;
} warnings[] = {
    {weak_versions, "tls.versions: ",
     " must not be used any more (RFC 7568, RFC 8996); leave on only tls12 and tls13 unless an "
     "old client cannot do without"},
    {triple_des,
     "tls.ciphers: tripleDes168 has blocks of 64 bits and leaks content on long connections; aes128 and aes256 serve "
     "every client of today",
     ""},
    {rc4, "tls.ciphers: rc4 is broken and prohibited in TLS (RFC 7465); drop it", ""},
    {rsa_key_exchange,
     "tls.rsa-key-exchange: without forward secrecy, whoever gets the device's key can read recorded traffic "
     "(RFC 9325, 4.1); set it to false unless an old client cannot do without",
     ""},
    {rsa_key_exchange_without_key,
     "tls.rsa-key-exchange: has no effect, the certificate assigned to tls(1) has an ECDSA key; set it to false before "
     "an RSA key is assigned",
     ""},
    {sha1_digest, "tls.sha1-digest: SHA-1 is obsolete; set it to false unless an old client cannot do without", ""},
    {no_tls12,
     "tls.versions: tls12 is off; the device may not be able to connect to an external LDAP server that has none of "
     "the enabled versions",
     ""},
    {versions_not_there, "tls.versions: this device's TLS stack does not have ",
     ", so that enabling this offers nothing"},
    {ciphers_not_there, "tls.ciphers: this device's TLS stack does not have ",
     ", so that selecting this offers nothing"},
    {versions_without_suite, "tls.versions: enabled but not offered: ",
     "; every cipher suite there is switched off by tls.ciphers, tls.rsa-key-exchange or tls.sha1-digest"},
    {ciphers_without_suite, "tls.ciphers: selected but not offered: ",
     "; every cipher suite with this is switched off by tls.versions, tls.rsa-key-exchange or tls.sha1-digest"},
    {versions_without_key, "tls.versions: enabled but not offered: ",
     "; every cipher suite there is for a key of another kind than that of the certificate assigned to tls(1)"},
    {ciphers_without_key, "tls.ciphers: selected but not offered: ",
     "; every cipher suite with this is for a key of another kind than that of the certificate assigned to tls(1)"},
    {nothing_left,
     "tls.versions, tls.ciphers: no cipher suite is left, so that TLS cannot be enabled until more of them, "
     "tls.rsa-key-exchange or tls.sha1-digest is allowed",
     ""},
    {nothing_left_for_key, "tls.versions, tls.ciphers: the certificate assigned to tls(1) has ",
     ", and none of its cipher suites is left, so that TLS cannot be enabled until more versions or ciphers are "
     "allowed or a key of another kind is assigned"},
    {ciphertext_only_off, "tls.permit-mode: ciphertextOnly has no effect on ",
     ", where TLS is not enabled and communication stays in the clear"},
    {only_tls13,
     "tls.permit-mode: with ciphertextOnly and only tls13 on offer, clients without TLS 1.3 cannot connect; enable "
     "tls12, or set ciphertextCleartext (over SNMP, or with devsecctl on the device)",
     ""},
    {only_old_versions,
     "tls.permit-mode: with ciphertextOnly and only versions below TLS 1.2 on offer, current browsers cannot connect; "
     "enable tls12 or tls13, or set ciphertextCleartext (over SNMP, or with devsecctl on the device)",
     ""},
    {only_old_suites,
     "tls.permit-mode: with ciphertextOnly and no forward-secret AES cipher suite on offer, current clients may not be "
     "able to connect; select aes128 or aes256 with tls12 or tls13, or set ciphertextCleartext (over SNMP, or with "
     "devsecctl on the device)",
     ""},
};

size_t tls_policy_warnings(const struct tls_policy *policy, const struct tls_stack *stack,
                           void (*say)(void *context, const char *sentence), void *context)
{
    struct looked_at at = {.policy = policy, .stack = stack};
    struct tls_policy any = *policy;
    size_t count = 0;

    any.certificate = TLS_CERTIFICATE_NONE;
    tls_effective_get(&at.effective, policy, stack);
    tls_effective_get(&at.any_key, &any, stack);
    for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
        char detail[TLS_LABELS_MAX] = "";
        char sentence[SENTENCE_MAX];

        if (!warnings[i].due(&at, detail))
            continue;
        snprintf(sentence, sizeof(sentence), "%s%s%s", warnings[i].before, warnings[i].after[0] ? detail : "",
                 warnings[i].after);
        say(context, sentence);
        count++;
    }
    return count;
}
