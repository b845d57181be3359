/* SPDX-License-Identifier: Apache-2.0 */
/* The device: profile and TLS stack put together, and the rules that hold across settings. */
#include "device/device.h"

#include "devsec_mib.h"
#include "pki/key.h"
#include "pki/uses.h"

/* The settings behind the bits of tls_involved. The store names the first one that a request holds as the guilty one.
 */
static const struct {
    unsigned involved;
    enum setting_id setting;
} tls_settings[] = {
    {TLS_INVOLVES_CIPHERS, SETTING_TLS_CIPHERS},
    {TLS_INVOLVES_VERSIONS, SETTING_TLS_VERSIONS},
    {TLS_INVOLVES_RSA, SETTING_TLS_RSA_KEY_EXCHANGE},
    {TLS_INVOLVES_SHA1, SETTING_TLS_SHA1_DIGEST},
    {TLS_INVOLVES_IPV4, SETTING_TLS_IPV4},
    {TLS_INVOLVES_IPV6, SETTING_TLS_IPV6},
    {TLS_INVOLVES_MODE, SETTING_TLS_PERMIT_MODE},
};

#define TLS_SETTINGS_COUNT (sizeof(tls_settings) / sizeof(tls_settings[0]))

_Static_assert(TLS_SETTINGS_COUNT <= STORE_FAULT_MAX, "a fault cannot name every TLS setting");

/* The kind of key that a document assigns to TLS, which the row of the key tells: nothing has to be opened for it. */
static enum tls_certificate tls_certificate(const struct document *document)
{
    const struct pki_use tls = {PKI_USE_TLS, 1};
    const struct value *key = pki_key_row(document, pki_use_slot(document, &tls));

    if (!key || value_is_empty(&key[KEY_CERTIFICATE]))
        return TLS_CERTIFICATE_NONE;
    return key[KEY_TYPE].number == PKI_KEY_RSA ? TLS_CERTIFICATE_RSA : TLS_CERTIFICATE_ECDSA;
}

void device_tls_policy(const struct document *document, struct tls_policy *policy)
{
    const struct value *values = document->values;

    *policy = (struct tls_policy){
        .permit_mode = (int)values[SETTING_TLS_PERMIT_MODE].number,
        .ipv4 = values[SETTING_TLS_IPV4].number != 0,
        .ipv6 = values[SETTING_TLS_IPV6].number != 0,
        .versions = (uint32_t)values[SETTING_TLS_VERSIONS].number,
        .ciphers = (uint32_t)values[SETTING_TLS_CIPHERS].number,
        .rsa_key_exchange = values[SETTING_TLS_RSA_KEY_EXCHANGE].number != 0,
        .sha1_digest = values[SETTING_TLS_SHA1_DIGEST].number != 0,
        .certificate = tls_certificate(document),
    };
}

/* store_rules.adjust: turning SMTP over SSL on moves the port, unless the same request says where to [T8]. */
static void adjust(void *context, struct document *candidate, const struct document *before, const bool *given)
{
    (void)context;
    if (candidate->values[SETTING_SMTP_SECURE].number && !before->values[SETTING_SMTP_SECURE].number &&
        !given[SETTING_SMTP_PORT])
        candidate->values[SETTING_SMTP_PORT].number = SMTP_PORT_IMPLICIT_TLS;
}

static enum devsec_err check_tls(const struct device *device, const struct document *candidate,
                                 struct store_fault *fault)
{
    enum setting_id settings_involved[TLS_SETTINGS_COUNT + 1];
    struct devsec_error error = {0};
    struct tls_policy policy;
    unsigned involved = 0;
    size_t count = 0;
    enum devsec_err err;

    device_tls_policy(candidate, &policy);
    err = tls_policy_check(&policy, &device->stack, &involved, &error);
    if (!err)
        return DEVSEC_OK;
    for (size_t i = 0; i < TLS_SETTINGS_COUNT; i++)
        if (tls_settings[i].involved & involved)
            settings_involved[count++] = tls_settings[i].setting;
    settings_involved[count] = SETTING_COUNT;
    store_fault_set(fault, err, settings_involved, "%s", error.text);
    if (!(involved & TLS_INVOLVES_CERTIFICATE))
        return err;
    store_fault_add_row(fault, "tls");
    return store_fault_set_tables(fault, 1u << TABLE_USES | 1u << TABLE_KEYS, err);
}

/* store_rules.check: TLS first, whose sentences say most about TLS without a certificate. */
static enum devsec_err check(void *context, const struct document *candidate, struct store_fault *fault)
{
    const enum devsec_err err = check_tls(context, candidate, fault);

    return err ? err : pki_rules_check(candidate, fault);
}

enum devsec_err device_open(struct device *device, const char *profile_path, struct devsec_error *error)
{
    enum devsec_err err;

    *device = (struct device){0};
    err = profile_load(&device->profile, profile_path, error);
    if (err)
        return err;
    if (device->profile.has_tls_stack)
        tls_stack_from_masks(&device->stack, device->profile.tls_versions, device->profile.tls_ciphers);
    else
        err = tls_stack_from_library(&device->stack, error);
    if (err) {
        device_close(device);
        return err;
    }
    device->rules = (struct store_rules){.context = device, .adjust = adjust, .check = check};
    return DEVSEC_OK;
}

void device_close(struct device *device)
{
    profile_clear(&device->profile);
    *device = (struct device){0};
}

static bool snmp_v3_cleartext(const struct value *values)
{
    return values[SETTING_SNMP_V3_PERMIT].number == MIB_devsecSnmpV3Permit_encryptionCleartext;
}

static bool snmp_v1v2c(const struct value *values)
{
    return values[SETTING_SNMP_V1V2_PERMIT].number != MIB_devsecSnmpV1V2Permit_disabled;
}

static int transport(const struct value *values)
{
    return smtp_transport(values[SETTING_SMTP_SECURE].number != 0, values[SETTING_SMTP_PORT].number);
}

static bool mail_in_the_clear(const struct value *values)
{
    const char *host = values[SETTING_SMTP_HOST].text;

    return host && host[0] && transport(values) == MIB_devsecSmtpTransport_cleartext;
}

static bool mail_as_the_server_likes(const struct value *values)
{
    return transport(values) == MIB_devsecSmtpTransport_serverDecides;
}

static const struct {
    bool (*due)(const struct value *values);
    const char *sentence;
} warnings[] = {
    {snmp_v3_cleartext, "snmp.v3-permit: encryptionCleartext lets SNMPv3 requests without encryption reach the agent "
                        "outside this MIB; set encryptionOnly unless a manager cannot encrypt"},
    {snmp_v1v2c, "snmp.v1v2c-permit: SNMPv1 and v2c send their community in the clear; set disabled unless a manager "
                 "has no SNMPv3"},
    {mail_in_the_clear, "smtp.secure: mail goes to the SMTP server in the clear; set it to true if the server has TLS"},
    {mail_as_the_server_likes, "smtp.port: on a port other than 465 (TLS) and 587 (STARTTLS) mail is encrypted only "
                               "if the SMTP server offers it"},
};

size_t device_warnings(const struct device *device, const struct document *document,
                       void (*say)(void *context, const char *sentence), void *context)
{
    struct tls_policy policy;
    size_t count;

    device_tls_policy(document, &policy);
    count = tls_policy_warnings(&policy, &device->stack, say, context);
    for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
        if (!warnings[i].due(document->values))
            continue;
        say(context, warnings[i].sentence);
        count++;
    }
    return count;
}
