/* SPDX-License-Identifier: Apache-2.0 */
/* devsecUsageTable by PDUs: assigning keys, switching functions on, and every rule about which key may serve what. */
#include "key_fixture.h"
#include "parts.h"
#include "pki/uses.h"

#include <stdio.h>

#define SLOT(slot, ...)   UNSIGNED(devsecUsageSlot, slot, __VA_ARGS__)
#define ENABLED(yes, ...) INTEGER(devsecUsageEnabled, (yes) ? 1 : 2, __VA_ARGS__)

/* devsecUsage and devsecUsageInstance. */
#define TLS       MIB_devsecUsage_tls, 1
#define IEEE8021X MIB_devsecUsage_ieee8021x, 1
#define IPSEC(n)  MIB_devsecUsage_ipsec, n
#define SIP       MIB_devsecUsage_sip, 1
#define SIGNATURE MIB_devsecUsage_deviceSignature, 1
#define SMIME     MIB_devsecUsage_smime, 1

/* Slots: 1 and 2 have certificates, 3 a request alone, 4 is the device's signature key, 5 that of AMS; 6 has none. */
static int open_keys(void **state)
{
    const int status = fixture_open(state);
    X509 *certificate = key_fixture_certificate("host.test", 1000000);
    const struct key_spec specs[] = {
        {.slot = 1, .certificate = certificate},
        {.slot = 2, .certificate = certificate},
        {.slot = 3, .request = "host.test"},
        {.slot = 4, .name = "Device Signature Key", .certificate = certificate, .reserved = "device-signature"},
        {.slot = 5, .name = "AMS", .certificate = certificate, .reserved = "ams"},
    };

    key_fixture_put(*state, specs, COUNT(specs));
    X509_free(certificate);
    return status;
}

/* "tls=1 ipsec-3=2+ ": the rows of the document, with a plus for enabled. */
static void assert_uses(const struct fixture *fixture, const char *expected)
{
    const struct table *table = &store_current(fixture->agent.store)->tables[TABLE_USES];
    char found[512] = "";

    for (size_t i = 0; i < table->count; i++)
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s=%d%s ",
                 value_text(&table->rows[i][USE_NAME]), (int)table->rows[i][USE_SLOT].number,
                 table->rows[i][USE_ENABLED].number ? "+" : "");
    assert_string_equal(found, expected);
}

/* A column's value, which must be there. */
static long read_number(struct fixture *fixture, int object, oid usage, oid instance)
{
    const oid index[] = {usage, instance};
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET);
    netsnmp_pdu *response;
    long number;

    fixture_add_row(request, object, index, 2, ASN_NULL, NULL, 0);
    response = fixture_answer(fixture, request);
    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    assert_true(response->variables->type == ASN_INTEGER || response->variables->type == ASN_UNSIGNED);
    number = *response->variables->val.integer;
    snmp_free_pdu(response);
    return number;
}

static void test_assigned(void **state)
{
    static const struct part parts[] = {SLOT(2, IPSEC(3)), ENABLED(true, IPSEC(3)), SLOT(1, TLS), SLOT(1, SMIME)};
    static const struct part off[] = {ENABLED(false, IPSEC(3)), SLOT(0, SMIME)};
    static const struct part none = SLOT(0, IPSEC(3));
    struct fixture *fixture = *state;
    const uint32_t generation = parts_generation(fixture);

    parts_accepted(fixture, parts, 4);
    assert_uses(fixture, "tls=1 ipsec-3=2+ smime=1 ");
    assert_int_equal(parts_generation(fixture), generation + 1);
    assert_int_equal(read_number(fixture, MIB_devsecUsageSlot, IPSEC(3)), 2);
    assert_int_equal(read_number(fixture, MIB_devsecUsageEnabled, IPSEC(3)), 1);
    assert_int_equal(read_number(fixture, MIB_devsecUsageKeyUsed, IPSEC(3)), 1);
    assert_int_equal(read_number(fixture, MIB_devsecUsageSlot, SMIME), 1);
    assert_int_equal(read_number(fixture, MIB_devsecUsageEnabled, SMIME), 2); /* assigning switches nothing on */
    assert_int_equal(read_number(fixture, MIB_devsecUsageKeyUsed, SMIME), 2);
    parts_accepted(fixture, off, 2);
    assert_uses(fixture, "tls=1 ipsec-3=2 ");
    parts_accepted(fixture, &none, 1);
    assert_uses(fixture, "tls=1 ");
}

/* One column leaves the other as it is. */
static void test_one_column(void **state)
{
    static const struct part slot_1 = SLOT(1, IPSEC(1));
    static const struct part on = ENABLED(true, IPSEC(1));
    static const struct part slot_2 = SLOT(2, IPSEC(1));

    parts_accepted(*state, &slot_1, 1);
    parts_accepted(*state, &on, 1);
    assert_uses(*state, "ipsec-1=1+ ");
    parts_accepted(*state, &slot_2, 1);
    assert_uses(*state, "ipsec-1=2+ ");
}

static void test_same_again(void **state)
{
    static const struct part parts[] = {SLOT(2, IPSEC(3)), ENABLED(true, IPSEC(3))};
    static const struct part idle[] = {SLOT(0, SIP), ENABLED(false, SIP), ENABLED(false, TLS)};
    struct fixture *fixture = *state;
    uint32_t generation;

    parts_accepted(fixture, parts, 2);
    generation = parts_generation(fixture);
    parts_accepted(fixture, parts, 2);
    parts_accepted(fixture, idle, 3);
    assert_int_equal(parts_generation(fixture), generation);
}

/* Every rule of the MIB's two descriptions; the index is that of the row that the rule is about. */
static void test_refused(void **state)
{
    static const struct {
        struct part parts[3];
        size_t count;
        long at;
        const char *reason;
    } cases[] = {
        {{SLOT(6, TLS)}, 1, 1, "slot 6 serves tls, and there is no key in it"},
        {{SLOT(3, TLS)}, 1, 1, "in slot 3 has no certificate yet and cannot serve tls"},
        {{SLOT(5, TLS)}, 1, 1, "the key \"AMS\" in slot 5"},
        {{SLOT(5, SIGNATURE)}, 1, 1, "the key \"AMS\" in slot 5"},
        {{SLOT(4, TLS)}, 1, 1, "the key \"Device Signature Key\" in slot 4 serves device-signature alone"},
        {{SLOT(1, SIGNATURE)}, 1, 1, "cannot serve device-signature"},
        {{ENABLED(true, IPSEC(2))}, 1, 1, "devsecUsageEnabled.3.2: uses: ipsec-2 is switched on and has no key"},
        {{ENABLED(true, TLS)}, 1, 1, "devsecUsageEnabled.1.1: TLS is switched on and off by devsecTlsIpv4Enabled"},
        {{SLOT(1, TLS), ENABLED(true, TLS)}, 2, 2, "devsecUsageEnabled.1.1: TLS is switched on and off by"},
        {{SLOT(1, IPSEC(1)), SLOT(6, IPSEC(2)), SLOT(2, SMIME)},
         3,
         2,
         "devsecUsageSlot.3.2: uses: slot 6 serves ipsec-2"},
        {{SLOT(2, IPSEC(1)), SLOT(1, IEEE8021X), SLOT(1, SIP)}, 3, 2, "cannot serve both sip and ieee8021x"},
        {{SLOT(2, IPSEC(1)), SLOT(1, SIP), SLOT(1, IEEE8021X)}, 3, 2, "cannot serve both sip and ieee8021x"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        parts_refused(fixture, cases[i].parts, cases[i].count, SNMP_ERR_INCONSISTENTVALUE, cases[i].at,
                      cases[i].reason);
        assert_uses(fixture, "");
    }
}

/* What is there already counts, too. */
static void test_refused_on_top(void **state)
{
    static const struct part before[] = {SLOT(1, SIP), SLOT(2, SMIME), ENABLED(true, SMIME)};
    static const struct part same_key = SLOT(1, IPSEC(1));
    static const struct part taken = SLOT(2, SIP);
    static const struct part none = SLOT(0, SMIME);
    struct fixture *fixture = *state;

    parts_accepted(fixture, before, 3);
    parts_refused(fixture, &same_key, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "cannot serve both sip and ipsec-1");
    parts_refused(fixture, &taken, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "cannot serve both sip and smime");
    parts_refused(fixture, &none, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "smime is switched on and has no key");
    assert_uses(fixture, "sip=1 smime=2+ ");
}

/* Rows are fixed: no others, whatever is within the range of the indexes. */
static void test_no_other_rows(void **state)
{
    static const struct {
        struct part part;
        const char *reason;
    } cases[] = {
        {SLOT(1, 1, 2), "devsecUsageSlot.1.2: there is no such row, and none can be made"},
        {SLOT(1, 3, 11), "none can be made"},
        {SLOT(1, 8, 1), "no row can have 8 as its devsecUsage"},
        {SLOT(1, 3, 0), "no row can have 0 as its devsecUsageInstance"},
        {SLOT(1, 3), "expected an index of 2 sub-identifiers"},
        {ENABLED(true, 1, 2), "devsecUsageEnabled.1.2: there is no such row"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        parts_refused(*state, &cases[i].part, 1, SNMP_ERR_NOCREATION, 1, cases[i].reason);
}

/* TLS with its certificate, all in one SET or not at all [T2]; and none goes without the other. */
static void test_tls(void **state)
{
    static const struct part together[] = {INTEGER(devsecTlsIpv4Enabled, 1, 0), SLOT(1, TLS)};
    static const struct part none = SLOT(0, TLS);
    static const struct part off[] = {INTEGER(devsecTlsIpv4Enabled, 2, 0), SLOT(0, TLS)};
    struct fixture *fixture = *state;

    parts_refused(fixture, together, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "no certificate is installed and assigned");
    parts_accepted(fixture, together, 2);
    assert_uses(fixture, "tls=1 ");
    assert_int_equal(read_number(fixture, MIB_devsecUsageEnabled, TLS), 1);
    assert_int_equal(read_number(fixture, MIB_devsecUsageKeyUsed, TLS), 1);
    parts_refused(fixture, &none, 1, SNMP_ERR_INCONSISTENTVALUE, 1, "devsecUsageSlot.1.1: ");
    parts_accepted(fixture, off, 2);
    assert_uses(fixture, "");
}

/* A bad setting takes the assignment with it, and UndoSet takes it back. */
static void test_all_or_nothing(void **state)
{
    static const struct part bad[] = {SLOT(1, SMIME), OCTETS(devsecTlsVersions, "", 0)};
    static const struct part good[] = {SLOT(1, SMIME), UNSIGNED(devsecSmtpPort, 2525, 0)};
    struct fixture *fixture = *state;
    const uint32_t generation = parts_generation(fixture);

    parts_refused(fixture, bad, 2, SNMP_ERR_INCONSISTENTVALUE, 2, "devsecTlsVersions.0: ");
    assert_uses(fixture, "");
    assert_int_equal(parts_test(fixture, good, 2), SNMP_ERR_NOERROR);
    assert_int_equal(parts_commit(fixture), SNMP_ERR_NOERROR);
    assert_uses(fixture, "smime=1 ");
    assert_int_equal(parts_undo(fixture), SNMP_ERR_NOERROR);
    parts_cleanup(fixture);
    assert_uses(fixture, "");
    assert_int_equal(parts_generation(fixture), generation);
}

/* Somebody changes the same use between TestSet and CommitSet: the SET fails, and theirs stands whole. */
static void test_changed_meanwhile(void **state)
{
    static const struct part on = ENABLED(false, SMIME);
    static const struct part before[] = {SLOT(1, SMIME), ENABLED(true, SMIME)};
    struct fixture *fixture = *state;

    parts_accepted(fixture, before, 2);
    assert_int_equal(parts_test(fixture, &on, 1), SNMP_ERR_NOERROR);
    key_fixture_use(fixture, "smime", 2);
    assert_int_equal(parts_commit(fixture), SNMP_ERR_COMMITFAILED);
    parts_cleanup(fixture);
    assert_uses(fixture, "smime=2 ");
}

/* The rows are there from the beginning, in the order of their indexes. */
static void test_walk(void **state)
{
    const struct agent *agent = &((struct fixture *)*state)->agent;
    char name[PKI_USE_NAME_MAX];

    for (size_t i = 0; i < pki_use_count; i++) {
        netsnmp_variable_list var = {0};

        assert_true(dispatch_read(agent->dispatch, MIB_devsecUsageSlot, i, &var));
        assert_int_equal(var.name[var.name_length - 2], pki_uses[i].usage);
        assert_int_equal(var.name[var.name_length - 1], pki_uses[i].instance);
        assert_int_equal(*var.val.integer, 0);
        pki_use_name(&pki_uses[i], name);
        assert_true(name[0]);
        snmp_reset_var_buffers(&var);
    }
}

static int end(void **state)
{
    (void)state;
    key_fixture_end();
    return 0;
}

#define ON_KEYS(test) cmocka_unit_test_setup_teardown(test, open_keys, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_KEYS(test_assigned), ON_KEYS(test_one_column),     ON_KEYS(test_same_again),
        ON_KEYS(test_refused),  ON_KEYS(test_refused_on_top), ON_KEYS(test_no_other_rows),
        ON_KEYS(test_tls),      ON_KEYS(test_all_or_nothing), ON_KEYS(test_changed_meanwhile),
        ON_KEYS(test_walk),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
