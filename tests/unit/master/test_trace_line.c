/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of master/trace_line: names that want to be more than a name, addresses of every transport, bounded lengths. */
#include "trace_line.h"

#include <net-snmp/library/snmpTCPDomain.h>
#include <net-snmp/library/snmpTCPIPv6Domain.h>
#include <net-snmp/library/snmpUDPIPv6Domain.h>
#include <net-snmp/library/snmpUnixDomain.h>

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/un.h>

#include <cmocka.h>

#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))
#define REPEAT_8(text)   text text text text text text text text
#define REPEAT_64(text)  REPEAT_8(REPEAT_8(text))
#define NAME             ".1.3.6.1.4294967295.0"
#define LONGEST_ARC      4294967295ul
#define LONGEST_ARC_TEXT ".4294967295"

static void names_are_escaped(void **state)
{
    static const struct {
        const char *name;
        size_t length;
        const char *shown;
    } cases[] = {
        {"admin", 5, "\"admin\""},
        {"", 0, "\"\""},
        {NULL, 0, "\"\""},
        {"a b", 3, "\"a b\""},
        {"a\"b", 3, "\"a\\x22b\""},
        {"a\\x0a", 5, "\"a\\x5cx0a\""},
        {"a\ndevsec_master: denied", 23, "\"a\\x0adevsec_master: denied\""},
        {"\r\t\033[2J\177", 7, "\"\\x0d\\x09\\x1b[2J\\x7f\""},
        {"M\xc3\xbcller", 7, "\"M\\xc3\\xbcller\""},
        {"a\0b", 3, "\"a\\x00b\""},
        {"%s%n", 4, "\"%s%n\""},
        {REPEAT_64("x"), 64, "\"" REPEAT_64("x") "\""},
        {REPEAT_64("x") "x", 65, "\"" REPEAT_64("x") "...\""},
        {REPEAT_64("\n") "x", 65, "\"" REPEAT_64("\\x0a") "...\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trace_line line = {.used = 0};

        trace_line_put_quoted(&line, cases[i].name, cases[i].length);
        assert_string_equal(line.text, cases[i].shown);
        assert_int_equal(line.used, strlen(cases[i].shown));
    }
}

static netsnmp_indexed_addr_pair ip_pair(const char *text, uint16_t port, uint32_t scope)
{
    netsnmp_indexed_addr_pair pair = {.if_index = 0};

    memset(&pair.local_addr, 0x5a, sizeof(pair.local_addr));
    if (strchr(text, ':')) {
        pair.remote_addr.sin6.sin6_family = AF_INET6;
        pair.remote_addr.sin6.sin6_port = htons(port);
        pair.remote_addr.sin6.sin6_scope_id = scope;
        assert_int_equal(inet_pton(AF_INET6, text, &pair.remote_addr.sin6.sin6_addr), 1);
    } else {
        pair.remote_addr.sin.sin_family = AF_INET;
        pair.remote_addr.sin.sin_port = htons(port);
        assert_int_equal(inet_pton(AF_INET, text, &pair.remote_addr.sin.sin_addr), 1);
    }
    return pair;
}

/* The sender of an authPriv request of "admin" with this address. */
static void assert_from(oid *domain, void *data, size_t length, const char *expected)
{
    char name[] = "admin";
    netsnmp_pdu pdu = {.version = SNMP_VERSION_3,
                       .securityLevel = SNMP_SEC_LEVEL_AUTHPRIV,
                       .securityName = name,
                       .securityNameLen = sizeof(name) - 1,
                       .tDomain = domain,
                       .transport_data = data,
                       .transport_data_length = (int)length};
    const char *start = "version=SNMPv3 user=\"admin\" level=authPriv from=";
    struct trace_line line = {.used = 0};

    trace_line_put_sender(&line, &pdu);
    assert_memory_equal(line.text, start, strlen(start));
    assert_string_equal(line.text + strlen(start), expected);
}

static void internet_addresses(void **state)
{
    static const struct {
        oid *domain;
        const char *address;
        uint16_t port;
        uint32_t scope;
        const char *shown;
    } cases[] = {
        {netsnmpUDPDomain, "127.0.0.1", 161, 0, "udp:127.0.0.1:161"},
        {netsnmpUDPDomain, "255.255.255.255", 65535, 0, "udp:255.255.255.255:65535"},
        {netsnmp_snmpTCPDomain, "192.0.2.1", 1, 0, "tcp:192.0.2.1:1"},
        {netsnmp_UDPIPv6Domain, "::1", 40000, 0, "udp6:[::1]:40000"},
        {netsnmp_UDPIPv6Domain, "fe80::1", 40000, 3, "udp6:[fe80::1%3]:40000"},
        {netsnmp_UDPIPv6Domain, "::ffff:192.0.2.1", 1, 0, "udp6:[::ffff:192.0.2.1]:1"},
        {netsnmp_TCPIPv6Domain, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535, UINT32_MAX,
         "tcp6:[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        netsnmp_indexed_addr_pair pair = ip_pair(cases[i].address, cases[i].port, cases[i].scope);
        const bool six = pair.remote_addr.sa.sa_family == AF_INET6;

        assert_from(cases[i].domain, &pair, sizeof(pair), cases[i].shown);
        assert_from(cases[i].domain, &pair, sizeof(netsnmp_addr_pair), cases[i].shown);
        /* As little as net-snmp ever keeps: one address. In memory of its own, so that no octet behind it is read. */
        void *alone = malloc(six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));

        assert_non_null(alone);
        memcpy(alone, &pair, six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        assert_from(cases[i].domain, alone, six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
                    cases[i].shown);
        free(alone);
    }
}

static void unix_sockets(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    assert_from(netsnmp_UnixDomain, &address, sizeof(address), "unix");
    snprintf(address.sun_path, sizeof(address.sun_path), "/run/snmp \"a\"");
    assert_from(netsnmp_UnixDomain, &address, sizeof(address), "unix:\"/run/snmp \\x22a\\x22\"");
    address.sun_path[0] = '\0'; /* an abstract name */
    assert_from(netsnmp_UnixDomain, &address, sizeof(address), "unix");
    memset(address.sun_path, 'x', sizeof(address.sun_path)); /* and no octet behind it is read */
    assert_from(netsnmp_UnixDomain, &address, sizeof(address), "unix:\"" REPEAT_64("x") "...\"");
}

static void other_transports_and_none(void **state)
{
    oid foreign[] = {1, 3, 6, 1, 4, 1, 32473, 9};
    char data[4] = "abc";

    (void)state;
    assert_from(foreign, data, sizeof(data), "other");
    assert_from(NULL, NULL, 0, "internal");
    assert_from(NULL, data, sizeof(data), "internal");
    assert_from(netsnmpUDPDomain, NULL, 0, "internal");
    assert_from(netsnmpUDPDomain, data, 0, "udp");
    assert_from(netsnmp_UnixDomain, data, 1, "unix");
}

static void communities_are_no_names(void **state)
{
    static const struct {
        long version;
        int level;
        const char *shown;
    } cases[] = {
        {SNMP_VERSION_1, SNMP_SEC_LEVEL_NOAUTH, "version=SNMPv1 user=- level=noAuthNoPriv from=internal"},
        {SNMP_VERSION_2c, SNMP_SEC_LEVEL_NOAUTH, "version=SNMPv2c user=- level=noAuthNoPriv from=internal"},
        {0xc1, 0, "version=other user=- level=other from=internal"},
        {SNMP_VERSION_3, SNMP_SEC_LEVEL_NOAUTH, "version=SNMPv3 user=\"hush\" level=noAuthNoPriv from=internal"},
        {SNMP_VERSION_3, SNMP_SEC_LEVEL_AUTHNOPRIV, "version=SNMPv3 user=\"hush\" level=authNoPriv from=internal"},
    };
    char name[] = "hush, as long as";
    u_char community[] = "hush";

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        netsnmp_pdu pdu = {.version = cases[i].version,
                           .securityLevel = cases[i].level,
                           .securityName = name,
                           .securityNameLen = 4,
                           .community = community,
                           .community_len = 4};
        struct trace_line line = {.used = 0};

        trace_line_put_sender(&line, &pdu);
        assert_string_equal(line.text, cases[i].shown);
    }
}

/* A list of variables of this name, each with a value. */
static netsnmp_variable_list *make_vars(const oid *name, size_t length, size_t count)
{
    netsnmp_variable_list *vars = NULL;

    for (size_t i = 0; i < count; i++)
        assert_non_null(snmp_varlist_add_variable(&vars, name, length, ASN_OCTET_STR, "hush", 4));
    return vars;
}

static void objects_are_named_without_their_values(void **state)
{
    static const oid name[] = {1, 3, 6, 1, LONGEST_ARC, 0};
    static const struct {
        size_t count;
        const char *shown;
    } cases[] = {
        {0, "objects=-"},
        {1, "objects=" NAME},
        {2, "objects=" NAME "," NAME},
        {8, "objects=" NAME "," NAME "," NAME "," NAME "," NAME "," NAME "," NAME "," NAME},
        {9, "objects=" NAME "," NAME "," NAME "," NAME "," NAME "," NAME "," NAME "," NAME " more=1"},
        {1000, "objects=" NAME "," NAME "," NAME "," NAME "," NAME "," NAME "," NAME "," NAME " more=992"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        netsnmp_variable_list *vars = make_vars(name, COUNT(name), cases[i].count);
        struct trace_line line = {.used = 0};

        trace_line_put_objects(&line, vars);
        assert_string_equal(line.text, cases[i].shown);
        snmp_free_varbind(vars);
    }
}

static void places_without_a_name_are_no_objects(void **state)
{
    static const oid name[] = {1, 3};
    netsnmp_variable_list *vars = make_vars(name, COUNT(name), 3);
    struct trace_line line = {.used = 0};

    (void)state;
    vars->next_variable->name_length = 0;
    trace_line_put_objects(&line, vars);
    assert_string_equal(line.text, "objects=.1.3,.1.3");
    snmp_free_varbind(vars);
}

/* Everything at its longest, and what stands behind it is still whole. */
static void the_longest_line_fits(void **state)
{
    netsnmp_indexed_addr_pair pair = ip_pair("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535, UINT32_MAX);
    struct trace_line line = {.used = 0};
    netsnmp_variable_list *vars;
    oid name[MAX_OID_LEN];
    char user[256];

    (void)state;
    memset(user, '\n', sizeof(user));
    for (size_t i = 0; i < MAX_OID_LEN; i++)
        name[i] = i < 2 ? 1 : LONGEST_ARC;
    vars = make_vars(name, MAX_OID_LEN, 5000);
    netsnmp_pdu pdu = {.version = SNMP_VERSION_3,
                       .securityLevel = SNMP_SEC_LEVEL_NOAUTH,
                       .securityName = user,
                       .securityNameLen = sizeof(user),
                       .tDomain = netsnmp_UDPIPv6Domain,
                       .transport_data = &pair,
                       .transport_data_length = sizeof(pair)};
    trace_line_put_sender(&line, &pdu);
    trace_line_put_objects(&line, vars);
    assert_non_null(strstr(line.text, "from=udp6:[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535"));
    assert_non_null(strstr(line.text, LONGEST_ARC_TEXT "...,.1.1" LONGEST_ARC_TEXT));
    assert_string_equal(line.text + line.used - strlen(" more=4992"), " more=4992");
    for (int i = 0; i < 100; i++)
        trace_line_put_quoted(&line, user, sizeof(user));
    assert_int_equal(line.used, TRACE_LINE_MAX - 1);
    assert_int_equal(strlen(line.text), line.used);
    snmp_free_varbind(vars);
}

static void words_for_operations_and_statuses(void **state)
{
    static const struct {
        int command;
        const char *word;
    } operations[] = {
        {SNMP_MSG_GET, "GET"}, {SNMP_MSG_GETNEXT, "GETNEXT"}, {SNMP_MSG_GETBULK, "GETBULK"},
        {SNMP_MSG_SET, "SET"}, {SNMP_MSG_INFORM, "other"},    {0, "other"},
    };
    static const struct {
        long status;
        const char *word;
    } statuses[] = {
        {0, "noError"},       {5, "genErr"},
        {6, "noAccess"},      {10, "wrongValue"},
        {14, "commitFailed"}, {16, "authorizationError"},
        {17, "notWritable"},  {18, "inconsistentName"},
        {19, "other"},        {-1, "other"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(operations); i++) {
        netsnmp_pdu pdu = {.command = operations[i].command};

        assert_string_equal(trace_line_operation(&pdu), operations[i].word);
    }
    for (size_t i = 0; i < COUNT(statuses); i++)
        assert_string_equal(trace_line_status(statuses[i].status), statuses[i].word);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_escaped),
        cmocka_unit_test(internet_addresses),
        cmocka_unit_test(unix_sockets),
        cmocka_unit_test(other_transports_and_none),
        cmocka_unit_test(communities_are_no_names),
        cmocka_unit_test(objects_are_named_without_their_values),
        cmocka_unit_test(places_without_a_name_are_no_objects),
        cmocka_unit_test(the_longest_line_fits),
        cmocka_unit_test(words_for_operations_and_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
