/* SPDX-License-Identifier: Apache-2.0 */
/* TestSet: the varbinds of a SET judged together, and made into a plan for the phases that follow. */
#include "dispatch_private.h"

#include <stdlib.h>
#include <string.h>

/* What one TestSet collects: where each setting stands in the PDU, to answer at the right index. */
struct test {
    struct dispatch *dispatch;
    struct set_plan *plan;
    struct set_blame at;       /* the varbind at hand, and from a failure on the one to blame */
    long given[SETTING_COUNT]; /* the setting's index in the PDU, 0 if it has none */
    struct value values[SETTING_COUNT];
};

void set_plan_clear(struct set_plan *plan)
{
    row_set_clear(&plan->rows);
    transaction_free(plan->txn);
    free(plan->actions);
    memset(plan, 0, sizeof(*plan));
}

static enum devsec_err find_writable(struct test *test, const netsnmp_variable_list *var, struct instance *instance,
                                     bool *exists, struct devsec_error *error)
{
    enum lookup lookup = dispatch_find(test->dispatch, var->name, var->name_length, instance);
    char name[SPRINT_MAX_LEN] = "";

    if (lookup == LOOKUP_NO_OBJECT) {
        snprint_objid(name, sizeof(name), var->name, var->name_length);
        return devsec_fail(error, DEVSEC_ERR_NOT_WRITABLE, "%.128s: there is no such object", name);
    }
    test->at.leaf = instance->leaf;
    if (instance->leaf->object->access < MIB_ACCESS_READ_WRITE)
        return devsec_fail(error, DEVSEC_ERR_NOT_WRITABLE, "the object is read-only");
    *exists = lookup != LOOKUP_NO_INSTANCE;
    return DEVSEC_OK;
}

/* The same object twice with different values cannot be judged without an order, and order does not count here. */
static enum devsec_err test_setting(struct test *test, enum setting_id id, struct value *value,
                                    struct devsec_error *error)
{
    enum devsec_err err;

    if (test->given[id] && !value_equal(id, &test->values[id], value))
        return devsec_fail(error, DEVSEC_ERR_INCONSISTENT, "given twice in one request, with different values");
    if (test->given[id])
        return DEVSEC_OK;
    err = transaction_set(test->plan->txn, id, value, error);
    if (err)
        return err;
    test->given[id] = test->at.index;
    test->plan->for_store = true;
    test->values[id] = *value; /* takes the text */
    value_init(value);
    return DEVSEC_OK;
}

static enum devsec_err test_action(struct test *test, const struct leaf *leaf, int64_t value,
                                   struct devsec_error *error)
{
    struct set_plan *plan = test->plan;
    enum devsec_err err = leaf->binding->test(test->dispatch->agent, value, error);

    if (err)
        return err;
    for (size_t i = 0; i < plan->n_actions; i++) {
        if (plan->actions[i].leaf == leaf)
            return plan->actions[i].value == value ? DEVSEC_OK
                                                   : devsec_fail(error, DEVSEC_ERR_INCONSISTENT,
                                                                 "given twice in one request, with different values");
    }
    plan->actions[plan->n_actions++] = (struct set_action){leaf, value};
    return DEVSEC_OK;
}

/* A scalar: a setting or an action. */
static enum devsec_err test_scalar(struct test *test, const struct instance *instance, bool exists,
                                   const netsnmp_variable_list *var, struct devsec_error *error)
{
    const struct leaf *leaf = instance->leaf;
    struct value value = {0, NULL};
    enum devsec_err err = syntax_from_varbind(leaf->object, var, &value, error);

    if (!err && !exists)
        err = devsec_fail(error, DEVSEC_ERR_NO_CREATION, "a scalar has the one instance 0, and no other can be made");
    if (!err)
        err = leaf->setting >= 0 ? test_setting(test, (enum setting_id)leaf->setting, &value, error)
                                 : test_action(test, leaf, value.number, error);
    value_clear(&value);
    return err;
}

/* A column: its row is judged once all of its cells are there. */
static enum devsec_err test_cell(struct test *test, const struct instance *instance, bool exists,
                                 const netsnmp_variable_list *var, struct devsec_error *error)
{
    const struct leaf *leaf = instance->leaf;
    struct row_cell cell = {.object = leaf->id, .index = test->at.index};
    enum devsec_err err = syntax_is_octets(leaf->object)
                              ? syntax_octets_from_varbind(leaf->object, var, &cell.octets, &cell.n_octets, error)
                              : syntax_from_varbind(leaf->object, var, &cell.value, error);

    if (!err)
        err = row_set_add(&test->plan->rows, leaf, var, exists ? instance : NULL, &cell, error);
    row_cell_clear(&cell);
    return err;
}

/* A value that no instance could take is worse than an instance that is not there (RFC 3416, 4.2.5, (3) to (7)). */
static enum devsec_err test_varbind(struct test *test, const netsnmp_variable_list *var, struct devsec_error *error)
{
    struct instance instance = {NULL, 0};
    bool exists = false;
    enum devsec_err err = find_writable(test, var, &instance, &exists, error);

    if (err)
        return err;
    if (instance.leaf->table && instance.leaf->table->test_row)
        return test_cell(test, &instance, exists, var, error);
    return test_scalar(test, &instance, exists, var, error);
}

static const struct leaf *leaf_of(const struct dispatch *dispatch, int object)
{
    for (size_t i = 0; i < dispatch->n_leaves; i++) {
        if (dispatch->leaves[i].id == object)
            return &dispatch->leaves[i];
    }
    return NULL;
}

static enum devsec_err test_rows(struct test *test, struct devsec_error *error)
{
    struct set_plan *plan = test->plan;

    for (size_t i = 0; i < plan->rows.count; i++) {
        struct row_request *request = plan->rows.list[i];
        enum devsec_err err = request->table->test_row(test->dispatch->agent, plan->txn, request, error);

        if (err) {
            const struct row_cell *cell = &request->cells[request->guilty < request->n_cells ? request->guilty : 0];

            test->at = (struct set_blame){leaf_of(test->dispatch, cell->object), cell->index};
            return err;
        }
        plan->for_store = plan->for_store || request->table->store_table;
    }
    return DEVSEC_OK;
}

/* The earlier of two varbinds is to blame; `blame` begins with index 0, which is none. */
static void blame_earlier(struct set_blame *blame, const struct dispatch *dispatch, int object, long index)
{
    if (index && (!blame->index || index < blame->index))
        *blame = (struct set_blame){leaf_of(dispatch, object), index};
}

/* Whether a fault is about the row, or about any row of its table. */
static bool involves(const struct store_fault *fault, const struct row_request *request)
{
    const struct table_binding *table = request->table;
    char key[STORE_FAULT_KEY_MAX] = "";

    if (!table->store_table || !(fault->involved_tables & (1u << (table->store_table - 1))))
        return false;
    if (!fault->n_involved_rows || !table->store_key)
        return true;
    table->store_key(request, key);
    for (size_t i = 0; i < fault->n_involved_rows; i++) {
        if (strcmp(fault->involved_rows[i], key) == 0)
            return true;
    }
    return false;
}

/* The cross-checks; a fault is answered at the first varbind that has a part in it. */
static enum devsec_err test_together(struct test *test, struct devsec_error *error)
{
    const struct row_set *rows = &test->plan->rows;
    struct store_fault fault = {.n_involved = 0};
    struct set_blame first = {NULL, 0};
    enum devsec_err err = transaction_check(test->plan->txn, &fault);

    if (!err)
        return DEVSEC_OK;
    *error = fault.error;
    for (size_t i = 0; i < fault.n_involved; i++)
        blame_earlier(&first, test->dispatch, settings[fault.involved[i]].object, test->given[fault.involved[i]]);
    for (size_t i = 0; i < rows->count; i++) {
        const struct row_cell *cell = &rows->list[i]->cells[0];

        if (involves(&fault, rows->list[i]))
            blame_earlier(&first, test->dispatch, cell->object, cell->index);
    }
    test->at = first.index ? first : (struct set_blame){NULL, 1};
    return err;
}

static enum devsec_err test_all(struct test *test, const netsnmp_pdu *request, struct devsec_error *error)
{
    struct set_plan *plan = test->plan;
    enum devsec_err err = transaction_begin(&plan->txn, test->dispatch->agent->store, error);
    size_t varbinds = 0;

    for (const netsnmp_variable_list *var = request->variables; var; var = var->next_variable)
        varbinds++;
    plan->actions = calloc(varbinds + 1, sizeof(*plan->actions));
    if (!err && !plan->actions)
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    for (const netsnmp_variable_list *var = request->variables; var && !err; var = var->next_variable) {
        test->at.index++;
        test->at.leaf = NULL;
        err = test_varbind(test, var, error);
    }
    if (!err)
        err = test_rows(test, error);
    if (!err)
        err = test_together(test, error);
    return err;
}

enum devsec_err set_plan_make(struct set_plan *plan, struct dispatch *dispatch, const netsnmp_pdu *request,
                              struct set_blame *blame, struct devsec_error *error)
{
    struct test test = {.dispatch = dispatch, .plan = plan};
    enum devsec_err err = test_all(&test, request, error);

    for (size_t i = 0; i < SETTING_COUNT; i++)
        value_clear(&test.values[i]);
    if (err)
        *blame = (struct set_blame){test.at.leaf, test.at.index ? test.at.index : 1};
    return err;
}
