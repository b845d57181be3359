/* SPDX-License-Identifier: Apache-2.0 */
/* The table of settings, and finding one by path, descriptor, object or likeness; see schema.h for the contract. */
#include "store/schema.h"

#include "base/text.h"
#include "devsec_mib.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define HOST_NAME_MAX_OCTETS 253 /* RFC 1035, 2.3.4, without the root's dot */
#define HOST_LABEL_MAX       63
#define SHOWN_ROOM           96

/* One label of a host name (RFC 1123, 2.1): letters, digits and inner hyphens. */
static bool is_host_label(const char *label, size_t length)
{
    if (!length || length > HOST_LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
        return false;
    return strspn(label, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") >= length;
}

/* A name whose last label is all digits would be taken for an IPv4 address, and is none (RFC 1123, 2.1). */
static bool is_host_name(const char *name)
{
    const char *label = name;

    if (strlen(name) > HOST_NAME_MAX_OCTETS)
        return false;
    for (;;) {
        const size_t length = strcspn(label, ".");

        if (!is_host_label(label, length))
            return false;
        if (label[length] == '\0')
            return strspn(label, "0123456789") != length;
        label += length + 1;
    }
}

static enum devsec_err check_host(const struct value *value, struct devsec_error *error)
{
    const char *host = value->text ? value->text : "";
    unsigned char address[sizeof(struct in6_addr)];
    char shown[SHOWN_ROOM];

    if (host[0] == '\0' || inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1 ||
        is_host_name(host))
        return DEVSEC_OK;
    text_show(shown, sizeof(shown), host, strlen(host));
    return devsec_fail(error, DEVSEC_ERR_WRONG_VALUE,
                       "found \"%s\", expected a host name (letters, digits and hyphens between dots), an IPv4 or IPv6 "
                       "address, or nothing",
                       shown);
}

const struct setting settings[SETTING_COUNT] = {
    [SETTING_SNMP_V3_PERMIT] = {"snmp.v3-permit", MIB_devsecSnmpV3Permit, false, NULL},
    [SETTING_SNMP_V1V2_PERMIT] = {"snmp.v1v2c-permit", MIB_devsecSnmpV1V2Permit, false, NULL},
    [SETTING_TLS_PERMIT_MODE] = {"tls.permit-mode", MIB_devsecTlsPermitMode, false, NULL},
    [SETTING_TLS_IPV4] = {"tls.ipv4", MIB_devsecTlsIpv4Enabled, false, NULL},
    [SETTING_TLS_IPV6] = {"tls.ipv6", MIB_devsecTlsIpv6Enabled, false, NULL},
    [SETTING_TLS_VERSIONS] = {"tls.versions", MIB_devsecTlsVersions, false, NULL},
    [SETTING_TLS_CIPHERS] = {"tls.ciphers", MIB_devsecTlsCiphers, false, NULL},
    [SETTING_TLS_RSA_KEY_EXCHANGE] = {"tls.rsa-key-exchange", MIB_devsecTlsRsaKeyExchange, false, NULL},
    [SETTING_TLS_SHA1_DIGEST] = {"tls.sha1-digest", MIB_devsecTlsSha1Digest, false, NULL},
    [SETTING_CERT_EXPIRY_WARNING] = {"certificates.expiry-warning", MIB_devsecCertExpiryWarning, false, NULL},
    [SETTING_SMTP_HOST] = {"smtp.host", MIB_devsecSmtpHost, false, check_host},
    [SETTING_SMTP_PORT] = {"smtp.port", MIB_devsecSmtpPort, false, NULL},
    [SETTING_SMTP_SECURE] = {"smtp.secure", MIB_devsecSmtpSecure, false, NULL},
    [SETTING_NOTIFY_SETTINGS_CHANGED] = {"notify.settings-changed", MIB_devsecNotifySettingsChanged, false, NULL},
    [SETTING_NOTIFY_STORE_DEGRADED] = {"notify.store-degraded", MIB_devsecNotifyStoreDegraded, false, NULL},
    [SETTING_NOTIFY_ACCESS_DENIED] = {"notify.access-denied", MIB_devsecNotifyAccessDenied, false, NULL},
    [SETTING_NOTIFY_CERT_EXPIRING] = {"notify.cert-expiring", MIB_devsecNotifyCertExpiring, false, NULL},
    [SETTING_NOTIFY_CERT_EXPIRED] = {"notify.cert-expired", MIB_devsecNotifyCertExpired, false, NULL},
    [SETTING_NOTIFY_MIN_INTERVAL] = {"notify.min-interval", MIB_devsecNotifyMinInterval, false, NULL},
};

const struct mib_object *setting_object(enum setting_id id)
{
    return &mib_objects[settings[id].object];
}

/* "devsecTlsVersions", and with the instance of a scalar, "devsecTlsVersions.0". */
static bool is_descriptor(const struct mib_object *object, const char *name)
{
    const size_t length = strlen(object->name);

    return strncmp(object->name, name, length) == 0 && (name[length] == '\0' || strcmp(name + length, ".0") == 0);
}

int setting_find(const char *name)
{
    for (int id = 0; id < SETTING_COUNT; id++) {
        if (strcmp(settings[id].path, name) == 0 || is_descriptor(setting_object((enum setting_id)id), name))
            return id;
    }
    return -1;
}

int setting_of_object(int object)
{
    for (int id = 0; id < SETTING_COUNT; id++) {
        if (settings[id].object == object)
            return id;
    }
    return -1;
}

/* How a person may have meant to name a setting. */
enum naming {
    NAMING_PATH,
    NAMING_DESCRIPTOR,
    NAMING_LAST_PART, /* "permit-mode" */
    NAMING_COUNT
};

static const char *setting_named(enum setting_id id, enum naming naming)
{
    const char *path = settings[id].path;
    const char *dot = strrchr(path, '.');

    if (naming == NAMING_DESCRIPTOR)
        return setting_object(id)->name;
    return naming == NAMING_LAST_PART && dot ? dot + 1 : path;
}

const char *setting_nearest(const char *path)
{
    for (enum naming naming = NAMING_PATH; naming < NAMING_COUNT; naming++) {
        struct text_nearest nearest = {.word = path};

        for (enum setting_id id = 0; id < SETTING_COUNT; id++)
            text_nearest_offer(&nearest, setting_named(id, naming));
        for (enum setting_id id = 0; id < SETTING_COUNT && nearest.name[0] != '\0'; id++) {
            if (strcmp(setting_named(id, naming), nearest.name) == 0)
                return settings[id].path;
        }
    }
    return NULL;
}
