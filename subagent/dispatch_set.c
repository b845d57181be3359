/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of the dispatcher: TestSet, CommitSet, UndoSet, CleanupSet (RFC 2741, 7.2.4). */
#include "dispatch_private.h"

#include "base/log.h"

#include <stdio.h>
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
    {DEVSEC_ERR_INCONSISTENT_NAME, SNMP_ERR_INCONSISTENTNAME},
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
    set_plan_clear(&set->plan);
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
    struct set_plan plan = {.txn = NULL};
    struct set_blame blame = {NULL, 1};
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err;

    if (same_set(set, request) && set->phase != SET_TESTED) {
        log_warning("agentx", "TestSet repeated after its CommitSet; answered as before");
        return SNMP_ERR_NOERROR;
    }
    /* A predecessor that was never cleaned up is one whose master gave up on it; what it committed stands. */
    dispatch_abandon(dispatch);
    err = set_plan_make(&plan, dispatch, request, &blame, &error);
    if (err) {
        refuse(dispatch, blame.leaf, varbind_at(request, blame.index), &error);
        set_plan_clear(&plan);
        *index = blame.index;
        return status_of(err);
    }
    *set = (struct set_state){
        .phase = SET_TESTED,
        .sessid = request->sessid,
        .transid = request->transid,
        .plan = plan,
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

/* Makes so what is not in the store. Cannot fail: TestSet has seen to it. */
static void do_rest(struct dispatch *dispatch, const struct set_plan *plan)
{
    for (size_t i = 0; i < plan->n_actions; i++)
        plan->actions[i].leaf->binding->commit(dispatch->agent, plan->actions[i].value);
    for (size_t i = 0; i < plan->rows.count; i++) {
        if (plan->rows.list[i]->table->commit_row)
            plan->rows.list[i]->table->commit_row(dispatch->agent, plan->rows.list[i]);
    }
}

/* Takes it back, the last first. Once and for good: nothing of it is left in the plan. */
static void undo_rest(struct dispatch *dispatch, struct set_plan *plan)
{
    for (size_t i = plan->rows.count; i > 0; i--) {
        if (plan->rows.list[i - 1]->table->undo_row)
            plan->rows.list[i - 1]->table->undo_row(dispatch->agent, plan->rows.list[i - 1]);
    }
    row_set_clear(&plan->rows);
    for (size_t i = plan->n_actions; i > 0; i--)
        plan->actions[i - 1].leaf->binding->undo(dispatch->agent, plan->actions[i - 1].value);
    plan->n_actions = 0;
}

static void finish_rest(struct dispatch *dispatch, const struct set_plan *plan)
{
    for (size_t i = 0; i < plan->n_actions; i++) {
        if (plan->actions[i].leaf->binding->finish)
            plan->actions[i].leaf->binding->finish(dispatch->agent, plan->actions[i].value);
    }
    for (size_t i = 0; i < plan->rows.count; i++) {
        if (plan->rows.list[i]->table->finish_row)
            plan->rows.list[i]->table->finish_row(dispatch->agent, plan->rows.list[i]);
    }
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
    /* What is not in the store needs no disk: a device whose store has failed can still be restarted. */
    if (set->plan.for_store && transaction_commit(set->plan.txn, &error)) {
        agent_follow(dispatch->agent); /* the store's status changed */
        return fail_late(dispatch, &error, SNMP_ERR_COMMITFAILED, index);
    }
    if (set->plan.for_store)
        agent_follow_document(dispatch->agent);
    do_rest(dispatch, &set->plan);
    set->phase = SET_COMMITTED;
    return SNMP_ERR_NOERROR;
}

int set_undo(struct dispatch *dispatch, const netsnmp_pdu *request, long *index)
{
    struct set_state *set = &dispatch->set;
    struct devsec_error error = {DEVSEC_OK, ""};
    enum devsec_err err;

    if (!same_set(set, request) || set->phase != SET_COMMITTED)
        return SNMP_ERR_NOERROR; /* nothing was done, or it is undone already */
    /* First what is not in the store: also where the document cannot be brought back. */
    undo_rest(dispatch, &set->plan);
    err = transaction_undo(set->plan.txn, &error);
    agent_follow_document(dispatch->agent);
    if (err)
        return fail_late(dispatch, &error, SNMP_ERR_UNDOFAILED, index);
    set->phase = SET_UNDONE;
    return SNMP_ERR_NOERROR;
}

/* What may happen once a commit can no longer be undone. */
static void settle(struct dispatch *dispatch)
{
    struct set_state *set = &dispatch->set;

    if (set->phase == SET_COMMITTED) {
        transaction_finish(set->plan.txn);
        finish_rest(dispatch, &set->plan);
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

bool dispatch_is_idle(const struct dispatch *dispatch)
{
    return dispatch->set.phase == SET_IDLE;
}

void dispatch_abandon(struct dispatch *dispatch)
{
    if (dispatch->set.phase != SET_IDLE)
        settle(dispatch);
}
