/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of the dispatcher: TestSet, CommitSet, UndoSet, CleanupSet (RFC 2741, 7.2.4). */
#include "dispatch_private.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INSTANCE_ROOM 64

/*
 * The phases and who does what. The master runs one SET at a time, and repeats a PDU whose answer is late under the
 * same transaction number, so that every phase must bear being asked again.
 *
 *   TestSet     everything that can be refused is refused here: a candidate of the whole PDU is built and judged.
 *   CommitSet   the candidate is written durably; the values are served from now on.
 *   UndoSet     another subagent failed its CommitSet: the previous document comes back, as durably.
 *   CleanupSet  no answer, no failure: keep the generation, start what follows, forget the transaction.
 */

/* RFC 3416, 4.2.5: which error status says what. */
static const struct {
    enum devsec_err err;
    int status;
} statuses[] = {
    {DEVSEC_ERR_WRONG_TYPE, SNMP_ERR_WRONGTYPE},
    {DEVSEC_ERR_WRONG_LENGTH, SNMP_ERR_WRONGLENGTH},
    {DEVSEC_ERR_WRONG_VALUE, SNMP_ERR_WRONGVALUE},
    {DEVSEC_ERR_INCONSISTENT, SNMP_ERR_INCONSISTENTVALUE},
    {DEVSEC_ERR_NOT_WRITABLE, SNMP_ERR_NOTWRITABLE},
    {DEVSEC_ERR_NO_CREATION, SNMP_ERR_NOCREATION},
    {DEVSEC_ERR_UNAVAILABLE, SNMP_ERR_RESOURCEUNAVAILABLE},
    {DEVSEC_ERR_MEMORY, SNMP_ERR_RESOURCEUNAVAILABLE},
    {DEVSEC_ERR_BUSY, SNMP_ERR_RESOURCEUNAVAILABLE},
};

static int status_of(enum devsec_err err)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].err == err)
            return statuses[i].status;
    }
    return SNMP_ERR_GENERR;
}

static void forget(struct set_state *set)
{
    transaction_free(set->txn);
    free(set->actions);
    memset(set, 0, sizeof(*set));
}

static bool same_set(const struct set_state *set, const netsnmp_pdu *request)
{
    return set->phase != SET_IDLE && set->sessid == request->sessid && set->transid == request->transid;
}

/* Writes the instance that a varbind names, ".1"; the beginning of one that is too long. */
static void write_instance(char to[INSTANCE_ROOM], const struct leaf *leaf, const netsnmp_variable_list *var)
{
    size_t used = 0;

    to[0] = '\0';
    for (size_t i = leaf->name_len; i < var->name_length && used < INSTANCE_ROOM; i++)
        used += (size_t)snprintf(to + used, INSTANCE_ROOM - used, ".%lu", (unsigned long)var->name[i]);
}

/* Says why, for devsecLastSetError and the log: "devsecTlsVersions.0: ...". `leaf` NULL: it is about no object. */
static void refuse(struct dispatch *dispatch, const struct leaf *leaf, const netsnmp_variable_list *var,
                   const struct devsec_error *error)
{
    char sentence[DEVSEC_ERROR_TEXT_MAX + 96 + INSTANCE_ROOM];
    char instance[INSTANCE_ROOM] = "";

    if (leaf && var)
        write_instance(instance, leaf, var);
    if (leaf)
        snprintf(sentence, sizeof(sentence), "%s%s: %s", leaf->object->name, instance, error->text);
    else
        snprintf(sentence, sizeof(sentence), "%s", error->text);
    agent_set_refused(dispatch->agent, sentence);
    log_info("agentx", "SET refused: %s", sentence);
}

/* ---- TestSet ---- */

/* What one TestSet collects: where each setting stands in the PDU, to answer at the right index. */
struct test {
    struct dispatch *dispatch;
    struct transaction *txn;
    struct set_action *actions;
    size_t n_actions;
    bool has_settings;
    long index;                /* of the varbind at hand, from 1 */
    long given[SETTING_COUNT]; /* the setting's index in the PDU, 0 if it has none */
    struct value values[SETTING_COUNT];
    const struct leaf *guilty; /* whose name goes before the reason; NULL before it is known */
};

static enum devsec_err find_writable(const struct dispatch *dispatch, const netsnmp_variable_list *var,
                                     const struct leaf **leaf, bool *exists, struct devsec_error *error)
{
    struct instance instance = {NULL, 0};
    enum lookup lookup = dispatch_find(dispatch, var->name, var->name_length, &instance);
    char name[SPRINT_MAX_LEN] = "";

    if (lookup == LOOKUP_NO_OBJECT) {
        snprint_objid(name, sizeof(name), var->name, var->name_length);
        return devsec_fail(error, DEVSEC_ERR_NOT_WRITABLE, "%.128s: there is no such object", name);
    }
    *leaf = instance.leaf;
    if (instance.leaf->object->access < MIB_ACCESS_READ_WRITE)
        return devsec_fail(error, DEVSEC_ERR_NOT_WRITABLE, "the object is read-only");
    *exists = lookup == LOOKUP_FOUND;
    return DEVSEC_OK;
}

/* The same object twice with different values cannot be judged without an order, and order does not count here. */
static enum devsec_err test_setting(struct test *test, int setting, struct value *value, struct devsec_error *error)
{
    const enum setting_id id = (enum setting_id)setting;

    if (test->given[id] && !value_equal(id, &test->values[id], value))
        return devsec_fail(error, DEVSEC_ERR_INCONSISTENT, "given twice in one request, with different values");
    if (!test->given[id]) {
        enum devsec_err err = transaction_set(test->txn, id, value, error);

        if (err)
            return err;
        test->given[id] = test->index;
        test->has_settings = true;
        test->values[id] = *value; /* takes the text */
        value_init(value);
    }
    return DEVSEC_OK;
}

static enum devsec_err test_action(struct test *test, const struct leaf *leaf, int64_t value,
                                   struct devsec_error *error)
{
    enum devsec_err err = leaf->binding->test(test->dispatch->agent, value, error);

    if (err)
        return err;
    for (size_t i = 0; i < test->n_actions; i++) {
        if (test->actions[i].leaf == leaf)
            return test->actions[i].value == value ? DEVSEC_OK
                                                   : devsec_fail(error, DEVSEC_ERR_INCONSISTENT,
                                                                 "given twice in one request, with different values");
    }
    test->actions[test->n_actions++] = (struct set_action){leaf, value};
    return DEVSEC_OK;
}

static enum devsec_err test_varbind(struct test *test, const netsnmp_variable_list *var, struct devsec_error *error)
{
    struct value value = {0, NULL};
    bool exists = false;
    enum devsec_err err = find_writable(test->dispatch, var, &test->guilty, &exists, error);

    /* A value that no instance could take is worse than an instance that is not there (RFC 3416, 4.2.5, (3) to (7)). */
    if (!err)
        err = syntax_from_varbind(test->guilty->object, var, &value, error);
    if (!err && !exists)
        err = devsec_fail(error, DEVSEC_ERR_NO_CREATION, "a scalar has the one instance 0, and no other can be made");
    if (!err)
        err = test->guilty->setting >= 0 ? test_setting(test, test->guilty->setting, &value, error)
                                         : test_action(test, test->guilty, value.number, error);
    value_clear(&value);
    return err;
}

/* The cross-checks; a fault is answered at the first varbind that has a part in it. */
static enum devsec_err test_together(struct test *test, struct devsec_error *error)
{
    struct store_fault fault = {.n_involved = 0};
    enum devsec_err err = transaction_check(test->txn, &fault);
    long first = 0;

    if (!err)
        return DEVSEC_OK;
    *error = fault.error;
    for (size_t i = 0; i < fault.n_involved; i++) {
        long at = test->given[fault.involved[i]];

        if (!at || (first && at >= first))
            continue;
        first = at;
        for (size_t l = 0; l < test->dispatch->n_leaves; l++) {
            if (test->dispatch->leaves[l].setting == (int)fault.involved[i])
                test->guilty = &test->dispatch->leaves[l];
        }
    }
    if (!first)
        test->guilty = NULL;
    test->index = first ? first : 1;
    return err;
}

static enum devsec_err test_all(struct test *test, const netsnmp_pdu *request, struct devsec_error *error)
{
    enum devsec_err err = transaction_begin(&test->txn, test->dispatch->agent->store, error);
    size_t varbinds = 0;

    for (const netsnmp_variable_list *var = request->variables; var; var = var->next_variable)
        varbinds++;
    test->index = 1;
    test->actions = calloc(varbinds + 1, sizeof(*test->actions));
    if (!err && !test->actions)
        err = devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory");
    for (const netsnmp_variable_list *var = request->variables; var && !err; var = var->next_variable) {
        test->guilty = NULL;
        err = test_varbind(test, var, error);
        if (!err)
            test->index++;
    }
    if (!err)
        err = test_together(test, error);
    return err;
}

/* `index` counts from 1; NULL behind the last. */
static const netsnmp_variable_list *varbind_at(const netsnmp_pdu *request, long index)
{
    const netsnmp_variable_list *var = request->variables;

    while (var && --index > 0)
        var = var->next_variable;
    return var;
}

int set_test(struct dispatch *dispatch, const netsnmp_pdu *request, long *index)
{
    struct set_state *set = &dispatch->set;
    struct test test = {.dispatch = dispatch};
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err;

    if (same_set(set, request) && set->phase != SET_TESTED) {
        log_warning("agentx", "TestSet repeated after its CommitSet; answered as before");
        return SNMP_ERR_NOERROR;
    }
    /* A predecessor that was never cleaned up is one whose master gave up on it; what it committed stands. */
    dispatch_abandon(dispatch);
    err = test_all(&test, request, &error);
    for (size_t i = 0; i < SETTING_COUNT; i++)
        value_clear(&test.values[i]);
    if (err) {
        refuse(dispatch, test.guilty, varbind_at(request, test.index), &error);
        transaction_free(test.txn);
        free(test.actions);
        *index = test.index;
        return status_of(err);
    }
    *set = (struct set_state){
        .phase = SET_TESTED,
        .sessid = request->sessid,
        .transid = request->transid,
        .txn = test.txn,
        .has_settings = test.has_settings,
        .actions = test.actions,
        .n_actions = test.n_actions,
    };
    return SNMP_ERR_NOERROR;
}

/* ---- CommitSet, UndoSet, CleanupSet ---- */

/* Only commitFailed and undoFailed may be answered from here on; the master wants an index that it can find. */
static int fail_late(struct dispatch *dispatch, const struct devsec_error *error, int status, long *index)
{
    refuse(dispatch, NULL, NULL, error);
    *index = 1;
    return status;
}

int set_commit(struct dispatch *dispatch, const netsnmp_pdu *request, long *index)
{
    struct set_state *set = &dispatch->set;
    struct devsec_error error = {DEVSEC_OK, ""};

    if (same_set(set, request) && set->phase == SET_COMMITTED)
        return SNMP_ERR_NOERROR; /* a repeated PDU */
    if (!same_set(set, request) || set->phase != SET_TESTED) {
        devsec_fail(&error, DEVSEC_ERR_INTERNAL, "the SET was not tested before its commit; send it again");
        return fail_late(dispatch, &error, SNMP_ERR_COMMITFAILED, index);
    }
    /* Actions alone need no disk: a device whose store has failed can still be restarted. */
    if (set->has_settings && transaction_commit(set->txn, &error)) {
        agent_follow(dispatch->agent); /* the store's status changed */
        return fail_late(dispatch, &error, SNMP_ERR_COMMITFAILED, index);
    }
    for (size_t i = 0; i < set->n_actions; i++)
        set->actions[i].leaf->binding->commit(dispatch->agent, set->actions[i].value);
    set->phase = SET_COMMITTED;
    return SNMP_ERR_NOERROR;
}

int set_undo(struct dispatch *dispatch, const netsnmp_pdu *request, long *index)
{
    struct set_state *set = &dispatch->set;
    struct devsec_error error = {DEVSEC_OK, ""};

    if (!same_set(set, request) || set->phase != SET_COMMITTED)
        return SNMP_ERR_NOERROR; /* nothing was done, or it is undone already */
    for (size_t i = set->n_actions; i > 0; i--)
        set->actions[i - 1].leaf->binding->undo(dispatch->agent, set->actions[i - 1].value);
    set->n_actions = 0; /* undone for good, also where the document cannot be */
    if (transaction_undo(set->txn, &error))
        return fail_late(dispatch, &error, SNMP_ERR_UNDOFAILED, index);
    set->phase = SET_UNDONE;
    return SNMP_ERR_NOERROR;
}

/* What may happen once a commit can no longer be undone. */
static void settle(struct dispatch *dispatch)
{
    struct set_state *set = &dispatch->set;

    if (set->phase == SET_COMMITTED) {
        transaction_finish(set->txn);
        for (size_t i = 0; i < set->n_actions; i++) {
            if (set->actions[i].leaf->binding->finish)
                set->actions[i].leaf->binding->finish(dispatch->agent, set->actions[i].value);
        }
    }
    forget(set);
    agent_follow(dispatch->agent);
}

void set_cleanup(struct dispatch *dispatch, const netsnmp_pdu *request)
{
    if (same_set(&dispatch->set, request))
        settle(dispatch);
}

bool dispatch_holds_commit(const struct dispatch *dispatch)
{
    return dispatch->set.phase == SET_COMMITTED;
}

void dispatch_abandon(struct dispatch *dispatch)
{
    if (dispatch->set.phase != SET_IDLE)
        settle(dispatch);
}
