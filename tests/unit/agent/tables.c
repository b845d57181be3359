/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for the tests of the dispatcher; see tables.h. */
#include "tables.h"

#include "store/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tables tables;

int tables_open(void **state)
{
    memset(&tables, 0, sizeof(tables));
    return fixture_open(state);
}

int tables_close(void **state)
{
    const int status = fixture_close(state);

    assert_int_equal(tables.held, 0);
    return status;
}

void tables_assert_names(const struct fixture *fixture, const char *expected)
{
    const struct table *table = &store_current(fixture->agent.store)->tables[TABLE_ADMINISTRATORS];
    char found[256] = "";

    for (size_t i = 0; i < table->count; i++)
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s ",
                 value_text(&table->rows[i][ADMINISTRATOR_NAME]));
    assert_string_equal(found, expected);
}

static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
    const size_t used = strlen(tables.log);
    va_list args;

    if (tables.silent)
        return;
    va_start(args, format);
    vsnprintf(tables.log + used, sizeof(tables.log) - used, format, args);
    va_end(args);
}

static void note_call(const char *what, const struct row_request *request)
{
    note("%s ", what);
    for (size_t i = 0; i < request->index_len; i++)
        note("%s%lu", i ? "." : "", (unsigned long)request->index[i]);
    if (request->exists)
        note("@%zu", request->row);
}

/* "KeyName=a", "Data=3 octets": without what the names of a table's objects have in common. */
static void note_cell(const struct row_cell *cell)
{
    const struct mib_object *object = &mib_objects[cell->object];
    const char *name = object->name + strlen(object->entry == MIB_devsecJobEntry ? "devsecJob" : "devsecUpload");

    if (cell->octets)
        note(" %s=%zu octets", name, cell->n_octets);
    else if (object->meaning == MIB_MEANING_TEXT)
        note(" %s=%s", name, value_text(&cell->value));
    else
        note(" %s=%lld", name, (long long)cell->value.number);
}

/* ---- reading ---- */

static const oid job_rows[] = {10, 20, 30};
static const oid upload_rows[][2] = {{1, 1}, {1, 2}, {7, 64}};

static size_t count_three(const struct agent *agent)
{
    (void)agent;
    return 3;
}

static size_t index_job(const struct agent *agent, size_t row, oid *index)
{
    (void)agent;
    index[0] = job_rows[row];
    return 1;
}

static size_t index_upload(const struct agent *agent, size_t row, oid *index)
{
    (void)agent;
    index[0] = upload_rows[row][0];
    index[1] = upload_rows[row][1];
    return 2;
}

static bool get_row(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    static const char *const places[] = {"0", "1", "2"};

    (void)agent;
    return syntax_put_text(places[row], var);
}

static bool lacks_name(const struct agent *agent, size_t row)
{
    (void)agent;
    return tables.lacks_name[row];
}

/* ---- SET ---- */

static enum devsec_err put_administrator(struct transaction *txn, const char *name, struct devsec_error *error)
{
    struct value *row = row_new(TABLE_ADMINISTRATORS);
    enum devsec_err err = row ? value_set_text(&row[ADMINISTRATOR_NAME], name, error)
                              : devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");

    if (!err) {
        row[ADMINISTRATOR_ROLE].number = MIB_devsecAdminRole_networkAdministrator;
        err = transaction_put_row(txn, TABLE_ADMINISTRATORS, row, error);
    }
    row_free(TABLE_ADMINISTRATORS, row);
    return err;
}

static enum devsec_err test_row(struct agent *agent, struct transaction *txn, struct row_request *request,
                                struct devsec_error *error)
{
    const struct row_cell *name = row_request_cell(request, MIB_devsecJobKeyName);

    (void)agent;
    note_call("test", request);
    for (size_t i = 0; i < request->n_cells; i++)
        note_cell(&request->cells[i]);
    note("; ");
    request->data = malloc(1);
    if (!request->data)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    tables.held++;
    for (size_t i = 0; i < request->n_cells; i++) {
        if (tables.refusal.err && request->index[0] == tables.refusal.index[0] &&
            (request->index_len == 1 || request->index[1] == tables.refusal.index[1]) &&
            request->cells[i].object == tables.refusal.object) {
            request->guilty = i;
            return devsec_fail(error, tables.refusal.err, "refused by the table");
        }
    }
    return name ? put_administrator(txn, value_text(&name->value), error) : DEVSEC_OK;
}

static void commit_row(struct agent *agent, struct row_request *request)
{
    (void)agent;
    note_call("commit", request);
    note("; ");
}

static void undo_row(struct agent *agent, struct row_request *request)
{
    (void)agent;
    note_call("undo", request);
    note("; ");
}

static void finish_row(struct agent *agent, struct row_request *request)
{
    (void)agent;
    note_call("finish", request);
    note("; ");
}

static void free_row(struct row_request *request)
{
    note_call("free", request);
    note("; ");
    if (request->data)
        tables.held--;
    free(request->data);
}

static void write_key(const struct row_request *request, char *to)
{
    const struct row_cell *name = row_request_cell(request, MIB_devsecJobKeyName);

    snprintf(to, STORE_FAULT_KEY_MAX, "%s", name ? value_text(&name->value) : "");
}

struct table_binding tables_bindings[2];
static struct binding columns[64];

/* Every column of both tables, so that none is left to devsecd's own groups. */
static void __attribute__((constructor)) set_up(void)
{
    static const struct table_binding both = {.count = count_three,
                                              .test_row = test_row,
                                              .commit_row = commit_row,
                                              .undo_row = undo_row,
                                              .finish_row = finish_row,
                                              .free_row = free_row};
    size_t count = 0;

    for (size_t i = 0; i < mib_object_count && count < 64; i++) {
        if (mib_objects[i].entry == MIB_devsecJobEntry || mib_objects[i].entry == MIB_devsecUploadEntry)
            columns[count++] = (struct binding){
                .object = (int)i, .get = get_row, .lacks = i == MIB_devsecJobKeyName ? lacks_name : NULL};
    }
    while (count < 64)
        columns[count++].object = -1;
    tables_bindings[0] = both;
    tables_bindings[0].entry = MIB_devsecJobEntry;
    tables_bindings[0].index = index_job;
    tables_bindings[0].store_table = TABLE_ADMINISTRATORS + 1;
    tables_bindings[0].store_key = write_key;
    tables_bindings[1] = both;
    tables_bindings[1].entry = MIB_devsecUploadEntry;
    tables_bindings[1].index = index_upload;
}

const struct binding_group group_test = {
    .bindings = columns,
    .n_bindings = sizeof(columns) / sizeof(columns[0]),
    .tables = tables_bindings,
    .n_tables = 2,
};
