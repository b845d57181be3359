/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of devsecJobTable by PDUs; see jobs_fixture.h. */
#include "jobs_fixture.h"

#include "syntax.h"
#include "workers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE_MS 60000 /* never waited for in full unless something is broken */
#define TURN_MS     10

static u_char type_of(const struct cell *cell)
{
    if (cell->text)
        return ASN_OCTET_STR;
    return mib_objects[cell->object].base == MIB_BASE_UNSIGNED ? ASN_UNSIGNED : ASN_INTEGER;
}

void jobs_add_cells(netsnmp_pdu *request, oid job, const struct cell *cells)
{
    for (; cells->object; cells++) {
        if (cells->text)
            fixture_add(request, cells->object, job, type_of(cells), cells->text, strlen(cells->text));
        else
            fixture_add(request, cells->object, job, type_of(cells), &cells->number, sizeof(cells->number));
    }
}

int jobs_set(struct fixture *fixture, oid job, const struct cell *cells, long *index)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_TEST_SET);
    long unused = 0;

    jobs_add_cells(request, job, cells);
    return fixture_set(fixture, request, index ? index : &unused);
}

void jobs_create(struct fixture *fixture, oid job, const struct cell *cells)
{
    long index = 0;

    if (jobs_set(fixture, job, cells, &index) != SNMP_ERR_NOERROR)
        fail_msg("job %lu: %s", job, fixture->agent.last_set_error);
}

int jobs_set_one(struct fixture *fixture, oid job, int object, long number)
{
    const struct cell cells[] = {{object, number, NULL}, {0, 0, NULL}};

    return jobs_set(fixture, job, cells, NULL);
}

static netsnmp_pdu *read_column(struct fixture *fixture, oid job, int object)
{
    netsnmp_pdu *request = fixture_request(fixture, AGENTX_GET);
    netsnmp_pdu *response;

    fixture_add(request, object, job, ASN_NULL, NULL, 0);
    response = fixture_answer(fixture, request);
    assert_non_null(response);
    assert_int_equal(response->errstat, SNMP_ERR_NOERROR);
    assert_non_null(response->variables);
    return response;
}

long jobs_number(struct fixture *fixture, oid job, int object)
{
    netsnmp_pdu *response = read_column(fixture, job, object);
    long number = 0;

    assert_true(response->variables->type == ASN_INTEGER || response->variables->type == ASN_UNSIGNED);
    number = *response->variables->val.integer;
    snmp_free_pdu(response);
    return number;
}

const char *jobs_text(struct fixture *fixture, oid job, int object, char to[JOBS_TEXT_MAX])
{
    netsnmp_pdu *response = read_column(fixture, job, object);

    assert_int_equal(response->variables->type, ASN_OCTET_STR);
    assert_true(response->variables->val_len < JOBS_TEXT_MAX);
    memcpy(to, response->variables->val.string, response->variables->val_len);
    to[response->variables->val_len] = '\0';
    snmp_free_pdu(response);
    return to;
}

bool jobs_has(struct fixture *fixture, oid job, int object)
{
    netsnmp_pdu *response = read_column(fixture, job, object);
    const bool has = response->variables->type != SNMP_NOSUCHINSTANCE;

    snmp_free_pdu(response);
    return has;
}

bool jobs_exists(struct fixture *fixture, oid job)
{
    return jobs_has(fixture, job, MIB_devsecJobRowStatus);
}

/* One turn of the main loop; true if a worker thread had something to say. */
static bool turn(struct fixture *fixture, int wait_ms)
{
    struct pollfd ready = {.fd = workers_fd(fixture->agent.workers), .events = POLLIN};

    if (poll(&ready, 1, wait_ms) != 1)
        return false;
    agent_collect(&fixture->agent);
    return true;
}

void jobs_wait(struct fixture *fixture, oid job, long status)
{
    char message[JOBS_TEXT_MAX];

    for (int waited = 0; waited < PATIENCE_MS; waited += TURN_MS) {
        if (jobs_number(fixture, job, MIB_devsecJobStatus) == status)
            return;
        turn(fixture, TURN_MS);
    }
    fail_msg("job %lu has status %ld, expected %ld: %s", job, jobs_number(fixture, job, MIB_devsecJobStatus), status,
             jobs_text(fixture, job, MIB_devsecJobMessage, message));
}

void jobs_expect_failure(struct fixture *fixture, oid job, enum pki_cause cause, const char *part)
{
    char text[JOBS_TEXT_MAX];

    jobs_wait(fixture, job, MIB_devsecJobStatus_failed);
    assert_int_equal(jobs_number(fixture, job, MIB_devsecJobCause), cause);
    if (!strstr(jobs_text(fixture, job, MIB_devsecJobMessage, text), part))
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

void jobs_settle(struct fixture *fixture)
{
    while (workers_busy(fixture->agent.workers))
        turn(fixture, TURN_MS);
}

void jobs_reopen(struct fixture *fixture)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    char path[128];

    assert_true(agent_close(&fixture->agent));
    snprintf(path, sizeof(path), "%s/devsecd.yaml", fixture->directory);
    if (agent_open(&fixture->agent, path, &error))
        fail_msg("%s", error.text);
    agent_follow(&fixture->agent);
}

const struct value *jobs_row(const struct fixture *fixture, int64_t job)
{
    const struct table *rows = &store_current(fixture->agent.store)->tables[TABLE_JOBS];
    const struct value key = {.number = job};
    const long at = table_find(TABLE_JOBS, rows, &key);

    return at < 0 ? NULL : rows->rows[at];
}

const struct table *jobs_keys(const struct fixture *fixture)
{
    return &store_current(fixture->agent.store)->tables[TABLE_KEYS];
}

size_t jobs_files(const struct fixture *fixture, const char *suffix)
{
    char path[128];
    size_t count = 0;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/store/material", fixture->directory);
    folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        const size_t length = strlen(entry->d_name);

        count += length > strlen(suffix) && strcmp(entry->d_name + length - strlen(suffix), suffix) == 0;
    }
    closedir(folder);
    return count;
}
