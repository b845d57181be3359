/* SPDX-License-Identifier: Apache-2.0 */
/* The generated MIB table: its order and its links, and the names, types and limits that managers rely on. */
#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_writable(const struct mib_object *object)
{
    return object->access == MIB_ACCESS_READ_WRITE || object->access == MIB_ACCESS_READ_CREATE;
}

static int compare_oids(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len)
{
    for (size_t i = 0; i < a_len && i < b_len; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return (a_len > b_len) - (a_len < b_len);
}

/* "low..high|low..high" */
static void print_ranges(const struct mib_object *object, char *text, size_t room)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < object->n_ranges; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%lld..%lld", i == 0 ? "" : "|",
                                 (long long)object->ranges[i].low, (long long)object->ranges[i].high);
}

/* "label(1) label(2)" */
static void print_labels(const struct mib_object *object, char *text, size_t room)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < object->n_labels; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s(%u)", i == 0 ? "" : " ", object->labels[i].name,
                                 object->labels[i].value);
}

#define TRUTH    "true(1) false(2)"
#define VERSIONS "ssl30(0) tls10(1) tls11(2) tls12(3) tls13(4)"
#define CIPHERS  "aes128(0) aes256(1) tripleDes168(2) rc4(3)"
#define ANY_TEXT "0..255"

struct expected {
    const char *name;
    enum mib_kind kind;
    enum mib_base base;
    enum mib_meaning meaning;
    enum mib_access access;
    const char *ranges;
    const char *labels;
    const char *defval;
};

/* What managers were promised, written down by hand. The columns are those of struct expected. */
#define RO_TEXT(name)                                                                                                  \
    {                                                                                                                  \
        name, MIB_KIND_SCALAR, MIB_BASE_OCTETS, MIB_MEANING_TEXT, MIB_ACCESS_READ_ONLY, ANY_TEXT, "", NULL             \
    }
#define RO_NUMBER(name)                                                                                                \
    {                                                                                                                  \
        name, MIB_KIND_SCALAR, MIB_BASE_UNSIGNED, MIB_MEANING_PLAIN, MIB_ACCESS_READ_ONLY, "", "", NULL                \
    }
#define RO_COUNTER(name)                                                                                               \
    {                                                                                                                  \
        name, MIB_KIND_SCALAR, MIB_BASE_COUNTER32, MIB_MEANING_PLAIN, MIB_ACCESS_READ_ONLY, "", "", NULL               \
    }
#define RO_ENUM(name, labels)                                                                                          \
    {                                                                                                                  \
        name, MIB_KIND_SCALAR, MIB_BASE_INTEGER, MIB_MEANING_ENUM, MIB_ACCESS_READ_ONLY, "", labels, NULL              \
    }
#define RO_BITS(name, labels)                                                                                          \
    {                                                                                                                  \
        name, MIB_KIND_SCALAR, MIB_BASE_OCTETS, MIB_MEANING_BITS, MIB_ACCESS_READ_ONLY, "", labels, NULL               \
    }
#define RW_ENUM(name, labels, defval)                                                                                  \
    {                                                                                                                  \
        name, MIB_KIND_SCALAR, MIB_BASE_INTEGER, MIB_MEANING_ENUM, MIB_ACCESS_READ_WRITE, "", labels, defval           \
    }
#define RW_BITS(name, labels, defval)                                                                                  \
    {                                                                                                                  \
        name, MIB_KIND_SCALAR, MIB_BASE_OCTETS, MIB_MEANING_BITS, MIB_ACCESS_READ_WRITE, "", labels, defval            \
    }
#define RW_TRUTH(name, defval)                                                                                         \
    {                                                                                                                  \
        name, MIB_KIND_SCALAR, MIB_BASE_INTEGER, MIB_MEANING_TRUTH, MIB_ACCESS_READ_WRITE, "", TRUTH, defval           \
    }
#define RW_NUMBER(name, ranges, defval)                                                                                \
    {                                                                                                                  \
        name, MIB_KIND_SCALAR, MIB_BASE_UNSIGNED, MIB_MEANING_PLAIN, MIB_ACCESS_READ_WRITE, ranges, "", defval         \
    }
#define CONTAINER(name, kind)                                                                                          \
    {                                                                                                                  \
        name, kind, MIB_BASE_INTEGER, MIB_MEANING_PLAIN, MIB_ACCESS_NONE, "", "", NULL                                 \
    }
#define INDEX(name)                                                                                                    \
    {                                                                                                                  \
        name, MIB_KIND_COLUMN, MIB_BASE_UNSIGNED, MIB_MEANING_PLAIN, MIB_ACCESS_NONE, "1..65535", "", NULL             \
    }
#define COLUMN(name, base, meaning, ranges, labels)                                                                    \
    {                                                                                                                  \
        name, MIB_KIND_COLUMN, base, meaning, MIB_ACCESS_READ_ONLY, ranges, labels, NULL                               \
    }

#define DATE "8..8|11..11"
#define TO_SET(name, base, meaning, access, ranges, labels, defval)                                                    \
    {                                                                                                                  \
        name, MIB_KIND_COLUMN, base, meaning, access, ranges, labels, defval                                           \
    }
#define RC_ENUM(name, labels, defval)                                                                                  \
    TO_SET(name, MIB_BASE_INTEGER, MIB_MEANING_ENUM, MIB_ACCESS_READ_CREATE, "", labels, defval)
#define RC_NUMBER(name, ranges, defval)                                                                                \
    TO_SET(name, MIB_BASE_UNSIGNED, MIB_MEANING_PLAIN, MIB_ACCESS_READ_CREATE, ranges, "", defval)
#define RC_TEXT(name, ranges) TO_SET(name, MIB_BASE_OCTETS, MIB_MEANING_TEXT, MIB_ACCESS_READ_CREATE, ranges, "", "")
#define RC_DATE(name)         TO_SET(name, MIB_BASE_OCTETS, MIB_MEANING_DATE, MIB_ACCESS_READ_CREATE, DATE, "", NULL)
#define RC_ROW_STATUS(name)                                                                                            \
    TO_SET(name, MIB_BASE_INTEGER, MIB_MEANING_ROW_STATUS, MIB_ACCESS_READ_CREATE, "",                                 \
           "active(1) notInService(2) notReady(3) createAndGo(4) createAndWait(5) destroy(6)", NULL)
#define USES "tls(1) ieee8021x(2) ipsec(3) sip(4) deviceSignature(5) smime(6) snmp(7)"

static const struct expected promised[] = {
    RO_TEXT("devsecAgentVersion"),
    RO_TEXT("devsecDeviceModel"),
    RO_TEXT("devsecFirmwareVersion"),
    {"devsecSetSerialNo", MIB_KIND_SCALAR, MIB_BASE_INTEGER, MIB_MEANING_TEST_INCR, MIB_ACCESS_READ_WRITE,
     "0..2147483647", "", NULL},
    RO_NUMBER("devsecStoreGeneration"),
    {"devsecStoreLastChange", MIB_KIND_SCALAR, MIB_BASE_OCTETS, MIB_MEANING_DATE, MIB_ACCESS_READ_ONLY, "8..8|11..11",
     "", NULL},
    RO_ENUM("devsecStoreStatus", "ok(1) recovered(2) readOnly(3) failed(4)"),
    RO_TEXT("devsecStoreStatusText"),
    RO_TEXT("devsecLastSetError"),
    {"devsecRestartRequired", MIB_KIND_SCALAR, MIB_BASE_INTEGER, MIB_MEANING_TRUTH, MIB_ACCESS_READ_ONLY, "", TRUTH,
     NULL},
    RO_TEXT("devsecRestartReason"),
    RW_ENUM("devsecRestart", "idle(1) restart(2)", NULL),
    CONTAINER("devsecApplyTable", MIB_KIND_TABLE),
    CONTAINER("devsecApplyEntry", MIB_KIND_ENTRY),
    INDEX("devsecApplyIndex"),
    COLUMN("devsecApplyName", MIB_BASE_OCTETS, MIB_MEANING_TEXT, ANY_TEXT, ""),
    COLUMN("devsecApplyState", MIB_BASE_INTEGER, MIB_MEANING_ENUM, "", "idle(1) applying(2) applied(3) failed(4)"),
    COLUMN("devsecApplyGeneration", MIB_BASE_UNSIGNED, MIB_MEANING_PLAIN, "", ""),
    COLUMN("devsecApplyTime", MIB_BASE_OCTETS, MIB_MEANING_DATE, "8..8|11..11", ""),
    COLUMN("devsecApplyError", MIB_BASE_OCTETS, MIB_MEANING_TEXT, ANY_TEXT, ""),
    RO_ENUM("devsecHealth", "ok(1) warning(2) critical(3)"),
    RO_TEXT("devsecHealthText"),
    RO_NUMBER("devsecCertTotal"),
    RO_NUMBER("devsecCertExpiringCount"),
    RO_NUMBER("devsecCertExpiredCount"),
    RO_NUMBER("devsecWeakKeyCount"),
    RO_NUMBER("devsecAdvisoryPendingCount"),
    RO_NUMBER("devsecScepFailureCount"),
    RW_ENUM("devsecSnmpV3Permit", "encryptionOnly(1) encryptionCleartext(2)", "encryptionOnly"),
    RW_ENUM("devsecSnmpV1V2Permit", "disabled(1) readOnly(2) enabled(3)", "disabled"),
    RO_ENUM("devsecSnmpEnforcement", "enforced(1) notEnforced(2)"),
    RO_COUNTER("devsecSnmpDeniedV1V2c"),
    RO_COUNTER("devsecSnmpDeniedNoAuth"),
    RO_COUNTER("devsecSnmpDeniedAuthNoPriv"),
    CONTAINER("devsecAdminTable", MIB_KIND_TABLE),
    CONTAINER("devsecAdminEntry", MIB_KIND_ENTRY),
    INDEX("devsecAdminIndex"),
    COLUMN("devsecAdminName", MIB_BASE_OCTETS, MIB_MEANING_TEXT, "1..32", ""),
    COLUMN("devsecAdminRole", MIB_BASE_INTEGER, MIB_MEANING_ENUM, "",
           "networkAdministrator(1) machineAdministrator(2) userAdministrator(3) fileAdministrator(4)"),
    COLUMN("devsecAdminPrivSet", MIB_BASE_INTEGER, MIB_MEANING_TRUTH, "", TRUTH),
    RW_ENUM("devsecTlsPermitMode", "ciphertextPriority(1) ciphertextCleartext(2) ciphertextOnly(3)",
            "ciphertextCleartext"),
    RW_TRUTH("devsecTlsIpv4Enabled", "false"),
    RW_TRUTH("devsecTlsIpv6Enabled", "false"),
    RW_BITS("devsecTlsVersions", VERSIONS, "tls12,tls13"),
    RW_BITS("devsecTlsCiphers", CIPHERS, "aes128,aes256"),
    RW_TRUTH("devsecTlsRsaKeyExchange", "false"),
    RW_TRUTH("devsecTlsSha1Digest", "false"),
    RO_BITS("devsecTlsSupportedVersions", VERSIONS),
    RO_BITS("devsecTlsSupportedCiphers", CIPHERS),
    RO_BITS("devsecTlsEffectiveVersions", VERSIONS),
    RO_TEXT("devsecTlsEffectiveCipherSuites"),
    {"devsecSmtpHost", MIB_KIND_SCALAR, MIB_BASE_OCTETS, MIB_MEANING_TEXT, MIB_ACCESS_READ_WRITE, ANY_TEXT, "", ""},
    RW_NUMBER("devsecSmtpPort", "1..65535", "25"),
    RW_TRUTH("devsecSmtpSecure", "false"),
    RO_ENUM("devsecSmtpTransport", "cleartext(1) implicitTls(2) startTls(3) serverDecides(4)"),
    CONTAINER("devsecTlsSuiteTable", MIB_KIND_TABLE),
    CONTAINER("devsecTlsSuiteEntry", MIB_KIND_ENTRY),
    INDEX("devsecTlsSuiteIndex"),
    COLUMN("devsecTlsSuiteName", MIB_BASE_OCTETS, MIB_MEANING_TEXT, ANY_TEXT, ""),
    COLUMN("devsecTlsSuiteIanaName", MIB_BASE_OCTETS, MIB_MEANING_TEXT, ANY_TEXT, ""),
    COLUMN("devsecTlsSuiteVersions", MIB_BASE_OCTETS, MIB_MEANING_BITS, "", VERSIONS),
    COLUMN("devsecCertName", MIB_BASE_OCTETS, MIB_MEANING_TEXT, "1..64", ""),
    COLUMN("devsecCertStatus", MIB_BASE_INTEGER, MIB_MEANING_ENUM, "",
           "requesting(1) installed(2) damaged(3) noCertificate(4)"),
    COLUMN("devsecCertOrigin", MIB_BASE_INTEGER, MIB_MEANING_ENUM, "",
           "factory(1) selfSigned(2) csr(3) scep(4) imported(5)"),
    COLUMN("devsecCertNotAfter", MIB_BASE_OCTETS, MIB_MEANING_DATE, DATE, ""),
    COLUMN("devsecCertSecondsLeft", MIB_BASE_INTEGER, MIB_MEANING_PLAIN, "", ""),
    COLUMN("devsecCertFingerprint", MIB_BASE_OCTETS, MIB_MEANING_PLAIN, "0..255", ""),
    COLUMN("devsecCertWeakness", MIB_BASE_OCTETS, MIB_MEANING_BITS, "",
           "closePrimes(0) sharedPrime(1) smallExponent(2) smallFactor(3) knownWeak(4) rocaFingerprint(5) shortKey(6) "
           "weakHash(7)"),
    TO_SET("devsecUsage", MIB_BASE_INTEGER, MIB_MEANING_ENUM, MIB_ACCESS_NONE, "", USES, NULL),
    TO_SET("devsecUsageSlot", MIB_BASE_UNSIGNED, MIB_MEANING_PLAIN, MIB_ACCESS_READ_WRITE, "0..65535", "", "0"),
    TO_SET("devsecUsageEnabled", MIB_BASE_INTEGER, MIB_MEANING_TRUTH, MIB_ACCESS_READ_WRITE, "", TRUTH, "false"),
    COLUMN("devsecUsageKeyUsed", MIB_BASE_INTEGER, MIB_MEANING_TRUTH, "", TRUTH),
    RC_ENUM("devsecJobOperation",
            "createSelfSigned(1) createRequest(2) installCertificate(3) verify(4) deleteKey(5) scepEnroll(6) "
            "installTrusted(7) removeTrusted(8)",
            NULL),
    RC_NUMBER("devsecJobSlot", "0..65535", "0"),
    RC_TEXT("devsecJobKeyName", "0..64"),
    RC_ENUM("devsecJobKeyType", "rsa(1) ecdsa(2)", "ecdsa"),
    RC_NUMBER("devsecJobKeyBits", "1024..8192", "2048"),
    RC_ENUM("devsecJobKeyCurve", "p256(1) p384(2) p521(3)", "p256"),
    RC_ENUM("devsecJobHash", "sha1(1) sha256(2) sha384(3) sha512(4)", "sha256"),
    RC_TEXT("devsecJobCountry", "0..0|2..2"),
    RC_DATE("devsecJobNotBefore"),
    RC_DATE("devsecJobNotAfter"),
    RC_ENUM("devsecJobUsage", USES " none(8)", "none"),
    RC_TEXT("devsecJobChallenge", ANY_TEXT),
    COLUMN("devsecJobStatus", MIB_BASE_INTEGER, MIB_MEANING_ENUM, "", "pending(1) running(2) succeeded(3) failed(4)"),
    RC_ROW_STATUS("devsecJobRowStatus"),
    TO_SET("devsecUploadData", MIB_BASE_OCTETS, MIB_MEANING_PLAIN, MIB_ACCESS_READ_CREATE, "0..1024", "", NULL),
    RC_ROW_STATUS("devsecUploadRowStatus"),
    COLUMN("devsecPemData", MIB_BASE_OCTETS, MIB_MEANING_PLAIN, "0..1024", ""),
    RW_TRUTH("devsecNotifySettingsChanged", "true"),
    RW_TRUTH("devsecNotifyStoreDegraded", "true"),
    RW_TRUTH("devsecNotifyAccessDenied", "true"),
    RW_NUMBER("devsecNotifyMinInterval", "0..3600", "5"),
    RO_COUNTER("devsecNotifySuppressed"),
    {"devsecNotifyChangedGroups", MIB_KIND_NOTIFY_ONLY, MIB_BASE_OCTETS, MIB_MEANING_BITS, MIB_ACCESS_FOR_NOTIFY, "",
     "system(0) snmp(1) tls(2) pki(3) scep(4) driver(5) kerberos(6) net(7) advisory(8) notify(9)", NULL},
};

static void objects_are_as_promised(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(promised); i++) {
        const struct expected *expected = &promised[i];
        const struct mib_object *object = mib_object_find(expected->name);
        char text[512];

        if (object == NULL)
            fail_msg("%s is missing", expected->name);
        print_message("%s\n", expected->name);
        assert_int_equal(object->kind, expected->kind);
        assert_int_equal(object->base, expected->base);
        assert_int_equal(object->meaning, expected->meaning);
        assert_int_equal(object->access, expected->access);
        print_ranges(object, text, sizeof(text));
        assert_string_equal(text, expected->ranges);
        print_labels(object, text, sizeof(text));
        assert_string_equal(text, expected->labels);
        if (expected->defval == NULL)
            assert_null(object->defval);
        else
            assert_string_equal(object->defval, expected->defval);
    }
}

static void root_is_an_enterprise(void **state)
{
    static const uint32_t enterprises[] = {1, 3, 6, 1, 4, 1};
    static const uint32_t header_root[] = DEVSEC_MIB_ROOT;

    (void)state;
    assert_int_equal(mib_root_len, 8);
    assert_memory_equal(mib_root, enterprises, sizeof(enterprises));
    assert_int_not_equal(mib_root[6], 0);
    assert_int_equal(mib_root[7], 1);
    assert_int_equal(sizeof(header_root), mib_root_len * sizeof(mib_root[0]));
    assert_memory_equal(mib_root, header_root, sizeof(header_root));
}

static void objects_ascend_by_oid(void **state)
{
    (void)state;
    assert_int_equal(mib_object_count, MIB_OBJECT_COUNT);
    for (size_t i = 1; i < mib_object_count; i++) {
        const struct mib_object *before = &mib_objects[i - 1];
        const struct mib_object *object = &mib_objects[i];

        if (compare_oids(before->oid, before->oid_len, object->oid, object->oid_len) >= 0)
            fail_msg("%s does not come before %s", before->name, object->name);
    }
}

static void every_object_is_found_by_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < mib_object_count; i++)
        assert_ptr_equal(mib_object_find(mib_objects[i].name), &mib_objects[i]);
    assert_string_equal(mib_objects[MIB_devsecAgentVersion].name, "devsecAgentVersion");
    assert_string_equal(mib_objects[MIB_devsecTlsPermitMode].name, "devsecTlsPermitMode");
    assert_string_equal(mib_objects[MIB_devsecNotifyChangedGroups].name, "devsecNotifyChangedGroups");
}

/* Objects belong to devsecObjects(1); the arc below it is the group. */
static void objects_lie_in_their_groups(void **state)
{
    static const struct {
        int object;
        uint32_t group;
    } cases[] = {
        {MIB_devsecAgentVersion, 1}, {MIB_devsecHealth, 1},     {MIB_devsecSnmpV3Permit, 2},
        {MIB_devsecTlsVersions, 3},  {MIB_devsecSmtpPort, 3},   {MIB_devsecTlsSuiteName, 3},
        {MIB_devsecCertName, 4},     {MIB_devsecUploadData, 4}, {MIB_devsecNotifyMinInterval, 10},
    };

    (void)state;
    for (size_t i = 0; i < mib_object_count; i++) {
        assert_true(mib_objects[i].oid_len >= 3);
        assert_int_equal(mib_objects[i].oid[0], 1);
    }
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(mib_objects[cases[i].object].oid[1], cases[i].group);
}

static void assert_child(const struct mib_object *child, const struct mib_object *parent)
{
    assert_int_equal(child->oid_len, parent->oid_len + 1);
    assert_memory_equal(child->oid, parent->oid, parent->oid_len * sizeof(parent->oid[0]));
}

static void tables_entries_and_columns_are_linked(void **state)
{
    (void)state;
    for (size_t i = 0; i < mib_object_count; i++) {
        const struct mib_object *object = &mib_objects[i];

        assert_int_equal(object->n_index != 0, object->kind == MIB_KIND_ENTRY);
        if (object->kind != MIB_KIND_ENTRY && object->kind != MIB_KIND_COLUMN) {
            assert_int_equal(object->entry, -1);
            continue;
        }
        assert_in_range(object->entry, 0, MIB_OBJECT_COUNT - 1);
        assert_int_equal(mib_objects[object->entry].kind,
                         object->kind == MIB_KIND_ENTRY ? MIB_KIND_TABLE : MIB_KIND_ENTRY);
        assert_child(object, &mib_objects[object->entry]);
        for (size_t n = 0; n < object->n_index; n++) {
            const struct mib_object *index = &mib_objects[object->index[n]];

            assert_int_equal(index->kind, MIB_KIND_COLUMN);
            assert_false(index->n_labels ? mib_label_name(index, 0) != NULL : mib_in_range(index, 0));
            assert_true(index->n_labels ? mib_label_name(index, 1) != NULL : mib_in_range(index, 1));
        }
    }
    assert_int_equal(mib_objects[MIB_devsecApplyName].entry, MIB_devsecApplyEntry);
    assert_int_equal(mib_objects[MIB_devsecApplyEntry].entry, MIB_devsecApplyTable);
    assert_int_equal(mib_objects[MIB_devsecApplyEntry].n_index, 1);
    assert_int_equal(mib_objects[MIB_devsecApplyEntry].index[0], MIB_devsecApplyIndex);
}

/* A setting comes back as it was by its DEFVAL; what acts, dates, and what a row cannot be without has none. */
static bool has_default(size_t object)
{
    static const size_t without[] = {MIB_devsecSetSerialNo,  MIB_devsecRestart,    MIB_devsecJobOperation,
                                     MIB_devsecJobRowStatus, MIB_devsecUploadData, MIB_devsecUploadRowStatus,
                                     MIB_devsecJobNotBefore, MIB_devsecJobNotAfter};

    for (size_t i = 0; i < COUNT(without); i++) {
        if (without[i] == object)
            return false;
    }
    return true;
}

static void writable_objects_are_bounded(void **state)
{
    size_t writable = 0;

    (void)state;
    for (size_t i = 0; i < mib_object_count; i++) {
        const struct mib_object *object = &mib_objects[i];

        if (!is_writable(object))
            continue;
        writable++;
        print_message("%s\n", object->name);
        assert_true(object->n_ranges > 0 || object->n_labels > 0);
        assert_int_equal(object->defval != NULL, has_default(i));
    }
    assert_int_equal(writable, 45);
}

static void assert_default_fits(const struct mib_object *object)
{
    bool bits = object->meaning == MIB_MEANING_BITS;
    char *copy = strdup(object->defval);
    char *rest = NULL;
    uint32_t value = 0;

    assert_non_null(copy);
    if (object->n_labels > 0) {
        for (char *label = bits ? strtok_r(copy, ",", &rest) : copy; label != NULL;
             label = bits ? strtok_r(NULL, ",", &rest) : NULL)
            assert_true(mib_label_value(object, label, &value));
    } else if (object->base == MIB_BASE_OCTETS) {
        assert_true(mib_in_range(object, (int64_t)strlen(copy)));
    } else {
        assert_true(mib_in_range(object, strtoll(copy, &rest, 10)));
        assert_string_equal(rest, "");
    }
    free(copy);
}

static void defaults_lie_within_the_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < mib_object_count; i++) {
        if (mib_objects[i].defval != NULL)
            assert_default_fits(&mib_objects[i]);
    }
}

static void notifications_carry_objects(void **state)
{
    static const char *const names[] = {"devsecSettingsChanged", "devsecStoreDegraded", "devsecAccessDenied",
                                        "devsecCertExpiring", "devsecCertExpired"};
    static const int changed[] = {MIB_devsecStoreGeneration, MIB_devsecNotifyChangedGroups};
    static const int degraded[] = {MIB_devsecStoreStatus, MIB_devsecStoreStatusText};
    static const int denied[] = {MIB_devsecSnmpDeniedV1V2c, MIB_devsecSnmpDeniedNoAuth, MIB_devsecSnmpDeniedAuthNoPriv};
    static const int certificate[] = {MIB_devsecCertName, MIB_devsecCertSubject, MIB_devsecCertNotAfter,
                                      MIB_devsecCertSecondsLeft, MIB_devsecCertInUse};
    static const int *const objects[] = {changed, degraded, denied, certificate, certificate};
    static const size_t counts[] = {COUNT(changed), COUNT(degraded), COUNT(denied), COUNT(certificate),
                                    COUNT(certificate)};

    (void)state;
    assert_int_equal(mib_notification_count, COUNT(names));
    assert_int_equal(MIB_NOTIFICATION_COUNT, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct mib_notification *notification = &mib_notifications[i];

        assert_string_equal(notification->name, names[i]);
        assert_int_equal(notification->n_objects, counts[i]);
        assert_memory_equal(notification->objects, objects[i], counts[i] * sizeof(int));
        for (size_t n = 0; n < notification->n_objects; n++)
            assert_int_not_equal(mib_objects[notification->objects[n]].access, MIB_ACCESS_NONE);
        /* devsecNotifications(0), then the notification's own arc (RFC 2578, 8.5). */
        assert_int_equal(notification->oid_len, 2);
        assert_int_equal(notification->oid[0], 0);
        assert_int_equal(notification->oid[1], i + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_as_promised),      cmocka_unit_test(root_is_an_enterprise),
        cmocka_unit_test(objects_ascend_by_oid),        cmocka_unit_test(every_object_is_found_by_its_name),
        cmocka_unit_test(objects_lie_in_their_groups),  cmocka_unit_test(tables_entries_and_columns_are_linked),
        cmocka_unit_test(writable_objects_are_bounded), cmocka_unit_test(defaults_lie_within_the_limits),
        cmocka_unit_test(notifications_carry_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
