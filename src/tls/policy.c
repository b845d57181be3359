/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that a TLS policy must keep [T2..T6]; one that breaks any of them is refused with what to change. */
#include "tls/tls_policy.h"

#include "devsec_mib.h"
#include "tls/tls_labels.h"

#include <stdio.h>
#include <string.h>

#define ADVICE_MAX 256
#define REASON_MAX 128

/* What every rule looks at. */
struct judged {
    const struct tls_policy *policy;
    const struct tls_stack *stack;
};

/* Returns whether the policy keeps the rule; if it does not, `sentence` says what is wrong and what to change. */
typedef bool rule_function(const struct judged *judged, char *sentence, size_t room);

static bool some_version(const struct judged *judged, char *sentence, size_t room)
{
    char has[TLS_LABELS_MAX];

    if (judged->policy->versions)
        return true;
    tls_labels(has, sizeof(has), MIB_devsecTlsVersions, judged->stack->versions, "and");
    snprintf(sentence, room, "tls.versions: at least one version must stay enabled; this device's TLS stack has %s",
             has);
    return false;
}

static bool some_cipher(const struct judged *judged, char *sentence, size_t room)
{
    char has[TLS_LABELS_MAX];

    if (judged->policy->ciphers)
        return true;
    tls_labels(has, sizeof(has), MIB_devsecTlsCiphers, judged->stack->ciphers, "and");
    snprintf(sentence, room, "tls.ciphers: at least one cipher must stay selected; this device's TLS stack has %s",
             has);
    return false;
}

/* The versions that define a suite with any of the ciphers, whatever the stack has: all, or all up to one of them. */
static uint32_t versions_with(uint32_t ciphers)
{
    uint32_t versions = 0;

    for (size_t i = 0; i < tls_suite_count; i++)
        if (tls_suites[i].cipher & ciphers)
            versions |= tls_suites[i].versions;
    return versions;
}

static uint32_t newest_of(uint32_t versions)
{
    uint32_t bit = 1u << 31;

    while (bit && !(versions & bit))
        bit >>= 1;
    return bit;
}

static bool ciphers_have_version(const struct judged *judged, char *sentence, size_t room)
{
    char orphan_names[TLS_LABELS_MAX], enabled[TLS_LABELS_MAX], newest[TLS_LABELS_MAX];
    uint32_t orphans = 0;
    bool several;

    for (uint32_t bit = 1; bit && bit <= judged->policy->ciphers; bit <<= 1)
        if ((judged->policy->ciphers & bit) && !(versions_with(bit) & judged->policy->versions))
            orphans |= bit;
    if (!orphans)
        return true;
    several = (orphans & (orphans - 1)) != 0;
    tls_labels(orphan_names, sizeof(orphan_names), MIB_devsecTlsCiphers, orphans, "and");
    tls_labels(enabled, sizeof(enabled), MIB_devsecTlsVersions, judged->policy->versions, "and");
    tls_labels(newest, sizeof(newest), MIB_devsecTlsVersions, newest_of(versions_with(orphans)), "or");
    snprintf(
        sentence, room,
        "tls.ciphers: %s cannot be selected, none of the enabled versions (%s) has %s; enable %s or below, or drop "
        "%s",
        orphan_names, enabled, several ? "them" : "it", newest, orphan_names);
    return false;
}

static bool family_has_certificate(bool enabled, const char *path, const struct judged *judged, char *sentence,
                                   size_t room)
{
    if (!enabled || judged->policy->certificate != TLS_CERTIFICATE_NONE)
        return true;
    snprintf(sentence, room, "%s: TLS cannot be enabled, no certificate is installed and assigned to tls(1)", path);
    return false;
}

static bool ipv4_has_certificate(const struct judged *judged, char *sentence, size_t room)
{
    return family_has_certificate(judged->policy->ipv4, "tls.ipv4", judged, sentence, room);
}

static bool ipv6_has_certificate(const struct judged *judged, char *sentence, size_t room)
{
    return family_has_certificate(judged->policy->ipv6, "tls.ipv6", judged, sentence, room);
}

/* What the way out of a lock-out may turn on, the least harmful first. */
static const struct {
    bool versions;
    bool ciphers;
    bool sha1_digest;
    bool rsa_key_exchange;
    bool certificate;
} ways_out[] = {
    {.versions = true},
    {.ciphers = true},
    {.versions = true, .ciphers = true},
    {.certificate = true},
    {.rsa_key_exchange = true},
    {.sha1_digest = true},
    {.sha1_digest = true, .rsa_key_exchange = true},
    {.sha1_digest = true, .rsa_key_exchange = true, .certificate = true},
    {.versions = true, .ciphers = true, .sha1_digest = true, .rsa_key_exchange = true},
    {.versions = true, .ciphers = true, .sha1_digest = true, .rsa_key_exchange = true, .certificate = true},
};

/* What is left of a policy where no certificate rules any suite out. */
static size_t suites_for_any_key(const struct tls_policy *policy, const struct tls_stack *stack)
{
    struct tls_policy any = *policy;
    struct tls_effective effective;

    any.certificate = TLS_CERTIFICATE_NONE;
    tls_effective_get(&effective, &any, stack);
    return effective.n_suites;
}

/* Adds one piece of advice, "and" before all but the first. */
static void advise(char *advice, size_t room, const char *verb, const char *what)
{
    const size_t used = strlen(advice);

    snprintf(advice + used, room - used, "%s%s%s", used ? " and " : "", verb, what);
}

/* Finds the first way out that leaves a suite, and says it with the versions and ciphers that would then be offered. */
static void way_out(const struct judged *judged, char *advice, size_t room)
{
    advice[0] = '\0';
    for (size_t i = 0; i < sizeof(ways_out) / sizeof(ways_out[0]) && !advice[0]; i++) {
        struct tls_policy changed = *judged->policy;
        struct tls_effective effective;
        char labels[TLS_LABELS_MAX];

        changed.versions |= ways_out[i].versions ? judged->stack->versions : 0;
        changed.ciphers |= ways_out[i].ciphers ? judged->stack->ciphers : 0;
        changed.sha1_digest = changed.sha1_digest || ways_out[i].sha1_digest;
        changed.rsa_key_exchange = changed.rsa_key_exchange || ways_out[i].rsa_key_exchange;
        changed.certificate = ways_out[i].certificate ? tls_other_key(changed.certificate) : changed.certificate;
        tls_effective_get(&effective, &changed, judged->stack);
        if (!effective.n_suites)
            continue;
        tls_labels(labels, sizeof(labels), MIB_devsecTlsVersions, effective.versions, "or");
        if (ways_out[i].versions)
            advise(advice, room, "enable ", labels);
        tls_labels(labels, sizeof(labels), MIB_devsecTlsCiphers, tls_offered_ciphers(&effective), "or");
        if (ways_out[i].ciphers)
            advise(advice, room, "select ", labels);
        if (ways_out[i].sha1_digest)
            advise(advice, room, "set tls.sha1-digest to ", "true");
        if (ways_out[i].rsa_key_exchange)
            advise(advice, room, "set tls.rsa-key-exchange to ", "true");
        snprintf(labels, sizeof(labels), "%s to tls(1)", tls_key_words(changed.certificate));
        if (ways_out[i].certificate)
            advise(advice, room, "assign ", labels);
    }
    if (!advice[0])
        advise(advice, room, "leave TLS disabled", "");
}

static bool nobody_locked_out(const struct judged *judged, char *sentence, size_t room)
{
    const struct tls_policy *policy = judged->policy;
    char versions[TLS_LABELS_MAX], ciphers[TLS_LABELS_MAX], has_versions[TLS_LABELS_MAX], has_ciphers[TLS_LABELS_MAX];
    char advice[ADVICE_MAX], reason[REASON_MAX] = "no cipher suite is left for";
    struct tls_effective effective;

    if (!policy->ipv4 && !policy->ipv6)
        return true;
    tls_effective_get(&effective, policy, judged->stack);
    if (effective.n_suites)
        return true;
    tls_labels(versions, sizeof(versions), MIB_devsecTlsVersions, policy->versions, "and");
    tls_labels(ciphers, sizeof(ciphers), MIB_devsecTlsCiphers, policy->ciphers, "and");
    tls_labels(has_versions, sizeof(has_versions), MIB_devsecTlsVersions, judged->stack->versions, "and");
    tls_labels(has_ciphers, sizeof(has_ciphers), MIB_devsecTlsCiphers, judged->stack->ciphers, "and");
    way_out(judged, advice, sizeof(advice));
    if (suites_for_any_key(policy, judged->stack))
        snprintf(reason, sizeof(reason),
                 "the certificate assigned to tls(1) has %s, and none of its cipher suites is "
                 "left for",
                 tls_key_words(policy->certificate));
    snprintf(sentence, room,
             "tls.versions, tls.ciphers: nobody could connect, %s %s with %s "
             "(tls.rsa-key-exchange %s, tls.sha1-digest %s); this device's TLS stack has the versions %s and the "
             "ciphers %s: %s",
             reason, versions, ciphers, policy->rsa_key_exchange ? "true" : "false",
             policy->sha1_digest ? "true" : "false", has_versions, has_ciphers, advice);
    return false;
}

/* In the order in which they are judged: a later rule may rely on those before it. */
static const struct {
    rule_function *keeps;
    unsigned involved;
} rules[] = {
    {some_version, TLS_INVOLVES_VERSIONS},
    {some_cipher, TLS_INVOLVES_CIPHERS},
    {ciphers_have_version, TLS_INVOLVES_VERSIONS | TLS_INVOLVES_CIPHERS},
    {ipv4_has_certificate, TLS_INVOLVES_IPV4 | TLS_INVOLVES_CERTIFICATE},
    {ipv6_has_certificate, TLS_INVOLVES_IPV6 | TLS_INVOLVES_CERTIFICATE},
    {nobody_locked_out, TLS_INVOLVES_VERSIONS | TLS_INVOLVES_CIPHERS | TLS_INVOLVES_RSA | TLS_INVOLVES_SHA1 |
                            TLS_INVOLVES_IPV4 | TLS_INVOLVES_IPV6 | TLS_INVOLVES_CERTIFICATE},
};

enum devsec_err tls_policy_check(const struct tls_policy *policy, const struct tls_stack *stack, unsigned *involved,
                                 struct devsec_error *error)
{
    const struct judged judged = {.policy = policy, .stack = stack};
    char sentence[DEVSEC_ERROR_TEXT_MAX];

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].keeps(&judged, sentence, sizeof(sentence)))
            continue;
        *involved = rules[i].involved;
        return devsec_fail(error, DEVSEC_ERR_INCONSISTENT, "%s", sentence);
    }
    return DEVSEC_OK;
}
