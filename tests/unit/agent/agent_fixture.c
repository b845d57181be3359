/* SPDX-License-Identifier: Apache-2.0 */
/* A whole agent in a private folder, without snmpd; see agent_fixture.h. */
#include "agent_fixture.h"

#include "base/file.h"
#include "devsec_mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *directory, const char *name, const char *text)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

int fixture_open(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct devsec_error error = {DEVSEC_OK, ""};
    char path[128];

    assert_non_null(fixture);
    snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/devsec-test-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    write_file(fixture->directory, "profile.yaml", "model: Test Device\nfirmware: \"1.2\"\n");
    write_file(fixture->directory, "devsecd.yaml",
               "store: store\nprofile: profile.yaml\napplied: applied\ndevice-key: device.key\nagentx-socket: "
               "agentx\nguard-socket: guard\n");
    snprintf(path, sizeof(path), "%s/store", fixture->directory);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/devsecd.yaml", fixture->directory);
    if (agent_open(&fixture->agent, path, &error))
        fail_msg("%s", error.text);
    agent_follow(&fixture->agent);
    fixture->transid = 1000;
    *state = fixture;
    return 0;
}

int fixture_leave(void **state)
{
    const struct fixture *fixture = *state;
    char command[128];

    snprintf(command, sizeof(command), "rm -r %s", fixture->directory);
    assert_int_equal(system(command), 0);
    return 0;
}

int fixture_close(void **state)
{
    struct fixture *fixture = *state;

    agent_close(&fixture->agent);
    fixture_leave(state);
    free(fixture);
    return 0;
}

netsnmp_variable_list *fixture_add_row(netsnmp_pdu *request, int object, const oid *index, size_t index_len,
                                       u_char type, const void *value, size_t length)
{
    oid name[MAX_OID_LEN];
    size_t name_len = dispatch_oid(mib_objects[object].oid, mib_objects[object].oid_len, name);
    netsnmp_variable_list *var;

    memcpy(name + name_len, index, index_len * sizeof(oid));
    var = snmp_pdu_add_variable(request, name, name_len + index_len, type, value, length);
    assert_non_null(var);
    return var;
}

netsnmp_variable_list *fixture_add(netsnmp_pdu *request, int object, oid instance, u_char type, const void *value,
                                   size_t length)
{
    return fixture_add_row(request, object, &instance, 1, type, value, length);
}

netsnmp_pdu *fixture_request(struct fixture *fixture, int command)
{
    netsnmp_pdu *request = snmp_pdu_create(command);

    assert_non_null(request);
    request->version = 0xC1;
    request->sessid = 7;
    request->transid = fixture->transid;
    return request;
}

netsnmp_pdu *fixture_answer(struct fixture *fixture, netsnmp_pdu *request)
{
    netsnmp_pdu *response = dispatch_answer(fixture->agent.dispatch, request);

    if (response) {
        assert_int_equal(response->command, AGENTX_RESPONSE);
        assert_int_equal(response->sessid, request->sessid);
        assert_int_equal(response->transid, request->transid);
        assert_int_equal(response->reqid, request->reqid);
    }
    snmp_free_pdu(request);
    return response;
}

int fixture_set(struct fixture *fixture, netsnmp_pdu *request, long *index)
{
    static const int phases[] = {AGENTX_TEST_SET, AGENTX_COMMIT_SET};
    int status = SNMP_ERR_NOERROR;

    for (size_t i = 0; i < 2 && status == SNMP_ERR_NOERROR; i++) {
        netsnmp_pdu *response = fixture_answer(fixture, i == 0 ? request : fixture_request(fixture, phases[i]));

        assert_non_null(response);
        assert_null(response->variables);
        status = (int)response->errstat;
        *index = response->errindex;
        snmp_free_pdu(response);
    }
    assert_null(fixture_answer(fixture, fixture_request(fixture, AGENTX_CLEANUP_SET)));
    fixture->transid++;
    return status;
}

char *fixture_document(const struct fixture *fixture)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    char path[128];
    char *data = NULL;
    size_t length = 0;

    snprintf(path, sizeof(path), "%s/store/settings.yaml", fixture->directory);
    if (file_read(AT_FDCWD, path, 1 << 20, &data, &length, &error))
        fail_msg("%s", error.text);
    return data;
}
