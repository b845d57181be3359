/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy for the agent outside our subtree; see policy.h.
 *
 * It is looked at when a request comes in, not by a timer or a watch: then it is never older than what it decides
 * about, and an snmpd that nobody asks does nothing. Without a file that can be trusted the strictest policy holds.
 */
#include "policy.h"

#include "master.h"

#include "devsec_mib.h"

#include <stdatomic.h>

#define POLICY_LOOK_MS 200

/* For the log; an object's values are numbered from 1. */
static const char *const policy_v3_names[] = {"", "encryptionOnly", "encryptionCleartext"};
static const char *const policy_v1v2c_names[] = {"", "disabled", "readOnly", "enabled"};

/* What comes as what: the least permissive value under which such a request passes, and under which it may write. */
static const struct {
    long version;
    bool v3; /* the value that decides: `v3` or `v1v2c` */
    uint32_t reads_from;
    uint32_t writes_from;
} policy_rules[] = {
    {SNMP_VERSION_1, false, MIB_devsecSnmpV1V2Permit_readOnly, MIB_devsecSnmpV1V2Permit_enabled},
    {SNMP_VERSION_2c, false, MIB_devsecSnmpV1V2Permit_readOnly, MIB_devsecSnmpV1V2Permit_enabled},
    {SNMP_VERSION_3, true, MIB_devsecSnmpV3Permit_encryptionCleartext, MIB_devsecSnmpV3Permit_encryptionCleartext},
};

static void policy_log(const struct policy *policy, const char *path)
{
    /* Both louder than a notice, below which Debian's snmpd.service logs nothing. */
    if (policy->trusted)
        snmp_log(LOG_WARNING,
                 MASTER_LOG_PREFIX
                 "the policy for the whole agent, %s, is that of generation %u: SNMPv3 %s, SNMPv1 and "
                 "SNMPv2c %s\n",
                 path, (unsigned)policy->enforced.generation, policy_v3_names[policy->enforced.v3],
                 policy_v1v2c_names[policy->enforced.v1v2c]);
    else
        snmp_log(LOG_ERR,
                 MASTER_LOG_PREFIX "there is no policy to go by, so everything below SNMPv3 with authPriv is denied: "
                                   "%s\n",
                 policy->why);
}

static void policy_read(struct policy *policy)
{
    const char *path = policy->path[0] ? policy->path : POLICY_FILE_DEFAULT;
    struct policy_file found = {.v3 = MIB_devsecSnmpV3Permit_encryptionOnly,
                                .v1v2c = MIB_devsecSnmpV1V2Permit_disabled};
    char why[POLICY_FILE_WHY_MAX] = "";
    const bool trusted = policy_file_read(&found, path, why, sizeof(why));
    const bool same = policy->looked && policy->enforced.v3 == found.v3 && policy->enforced.v1v2c == found.v1v2c &&
                      policy->trusted == trusted && strcmp(policy->why, why) == 0;

    policy->looked = true;
    policy->enforced = found;
    policy->trusted = trusted;
    memcpy(policy->why, why, sizeof(why));
    if (!same)
        policy_log(policy, path);
}

void policy_look(struct policy *policy, struct announce_page *page)
{
    const int64_t now = master_now_ms();

    if (!policy->fresh || now - policy->looked_at >= POLICY_LOOK_MS) {
        policy_read(policy);
        policy->fresh = true;
        policy->looked_at = now;
    }
    atomic_store(&page->v3, policy->enforced.v3);
    atomic_store(&page->v1v2c, policy->enforced.v1v2c);
    atomic_store(&page->generation, policy->enforced.generation);
    atomic_store(&page->trusted, policy->trusted);
}

void policy_look_now(struct policy *policy, struct announce_page *page)
{
    policy->fresh = false;
    policy_look(policy, page);
}

/*
 * Requests that snmpd makes to itself (DISMAN-EVENT-MIB's monitors, with the authNoPriv of iquerySecLevel) are no
 * communication. They come by the callback transport, the only one that leaves no domain in the PDU
 * (snmpCallbackDomain.c hands on the sender's own PDU; snmp_create_sess_pdu sets that of all others).
 */
static bool policy_is_internal(const netsnmp_pdu *pdu)
{
    return !pdu->tDomain;
}

enum policy_verdict policy_judge(const struct policy *policy, const netsnmp_pdu *pdu)
{
    if (guard_admits(pdu) || policy_is_internal(pdu))
        return POLICY_PASSES;
    for (size_t i = 0; i < sizeof(policy_rules) / sizeof(policy_rules[0]); i++) {
        const uint32_t value = policy_rules[i].v3 ? policy->enforced.v3 : policy->enforced.v1v2c;

        if (policy_rules[i].version != pdu->version)
            continue;
        if (value >= policy_rules[i].writes_from)
            return POLICY_PASSES;
        return value >= policy_rules[i].reads_from ? POLICY_PASSES_READING : POLICY_DENIES;
    }
    return POLICY_DENIES;
}

/* devsecPolicy PATH */
static void policy_parse_path(const char *token, char *line)
{
    struct policy *policy = &master_state()->policy;
    char path[sizeof(policy->path) + 1];

    (void)token;
    copy_nword(line, path, sizeof(path));
    if (path[0] != '/' || strlen(path) >= sizeof(policy->path)) {
        config_perror("devsecPolicy wants the absolute path of a file");
        return;
    }
    memcpy(policy->path, path, strlen(path) + 1);
    policy->fresh = false;
}

static void policy_forget_path(void)
{
    struct policy *policy = &master_state()->policy;

    policy->path[0] = '\0';
    policy->fresh = false;
}

void policy_configure(void)
{
    snmpd_register_config_handler("devsecPolicy", policy_parse_path, policy_forget_path, "PATH");
}
