/* SPDX-License-Identifier: Apache-2.0 */
/* The model; see model.h. */
#include "model.h"

#include "devsec_mib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the list ---- */

static bool cell_add(struct model *model, const netsnmp_variable_list *var)
{
    struct cell *cells = model->cells;
    struct cell *cell;

    if ((model->count & (model->count + 1)) == 0) /* one less than a power of two: full */
        cells = realloc(cells, sizeof(*cells) * 2 * (model->count + 1));
    if (!cells)
        return false;
    model->cells = cells;
    cell = &cells[model->count];
    memcpy(cell->name, var->name, var->name_length * sizeof(oid));
    cell->name_len = var->name_length;
    cell->type = var->type;
    cell->value_len = var->val_len;
    cell->settled = var->type != ASN_COUNTER && var->type != ASN_COUNTER64 && var->type != ASN_TIMETICKS;
    cell->value = malloc(var->val_len + 1);
    if (!cell->value)
        return false;
    memcpy(cell->value, var->val.string, var->val_len);
    model->count++;
    return true;
}

static bool cell_is(const struct cell *cell, const netsnmp_variable_list *var)
{
    return snmp_oid_compare(cell->name, cell->name_len, var->name, var->name_length) == 0 && cell->type == var->type &&
           (!cell->settled ||
            (cell->value_len == var->val_len && memcmp(cell->value, var->val.string, var->val_len) == 0));
}

/* One walk of everything. */
static bool walk_once(struct model *model, netsnmp_session *session)
{
    oid name[MAX_OID_LEN] = {0, 0};
    size_t length = 2;
    bool going = true;
    bool good = true;

    while (going && good) {
        netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETNEXT);
        netsnmp_pdu *answer;
        const netsnmp_variable_list *var;

        snmp_add_null_var(pdu, name, length);
        answer = client_ask(session, pdu);
        if (!answer)
            return false;
        var = answer->variables;
        going = answer->errstat == SNMP_ERR_NOERROR && var && var->type != SNMP_ENDOFMIBVIEW;
        if (answer->errstat != SNMP_ERR_NOERROR ||
            (going && snmp_oid_compare(var->name, var->name_length, name, length) <= 0)) {
            fputs("the walk by GETNEXT does not work: an error, or a name that is not behind the one before\n", stderr);
            good = false;
        } else if (going) {
            good = cell_add(model, var);
            length = var->name_length;
            memcpy(name, var->name, length * sizeof(oid));
        }
        snmp_free_pdu(answer);
    }
    return good;
}

static void find_ours(struct model *model)
{
    oid root[MAX_OID_LEN] = {0};

    for (size_t i = 0; i < mib_root_len; i++)
        root[i] = mib_root[i];
    model->ours = model_behind(model, root, mib_root_len);
    root[mib_root_len - 1]++;
    model->ours_end = model_behind(model, root, mib_root_len);
}

bool model_walk(struct model *model, netsnmp_session *session)
{
    struct model again = {NULL, 0, 0, 0, false};
    bool good = walk_once(model, session);

    sleep(1); /* so that what counts seconds has counted */
    good = good && walk_once(&again, session);
    if (good && (again.count != model->count || model->count == 0)) {
        fprintf(stderr, "two walks one after the other find %zu and %zu instances\n", model->count, again.count);
        good = false;
    }
    for (size_t i = 0; good && i < model->count; i++) {
        struct cell *cell = &model->cells[i];

        if (cell->value_len != again.cells[i].value_len ||
            memcmp(cell->value, again.cells[i].value, cell->value_len) != 0)
            cell->settled = false;
    }
    model_clear(&again);
    find_ours(model);
    return good;
}

void model_clear(struct model *model)
{
    for (size_t i = 0; i < model->count; i++)
        free(model->cells[i].value);
    free(model->cells);
    model->cells = NULL;
    model->count = 0;
}

size_t model_behind(const struct model *model, const oid *name, size_t length)
{
    size_t low = 0;
    size_t high = model->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct cell *cell = &model->cells[middle];

        if (snmp_oid_compare(cell->name, cell->name_len, name, length) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* ---- the rows in it ---- */

static void print_name(FILE *to, const oid *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        fprintf(to, ".%lu", (unsigned long)name[i]);
}

/* The next cell that is an instance of a column; others may have put longer names in between. */
static size_t skip_strangers(const struct model *model, size_t at, size_t end, size_t entry_len)
{
    while (at < end && model->cells[at].name_len != entry_len + 2)
        at++;
    return at;
}

static bool cell_is_row(const struct cell *cell, size_t entry_len, const struct rows *rows, enum rows_column column,
                        uint32_t row)
{
    char octets[ROWS_TEXT_MAX + 1];
    const size_t length = rows_octets(rows, row, column, octets);

    return cell->name[entry_len] == column && cell->name[entry_len + 1] == rows_index(rows, row) &&
           cell->type == ASN_OCTET_STR && cell->value_len == length && memcmp(cell->value, octets, length) == 0;
}

bool model_has_rows(const struct model *model, const struct rows *rows, bool some)
{
    oid entry[MAX_OID_LEN] = {0};
    const size_t entry_len = client_name(&mib_objects[MIB_devsecTlsSuiteEntry], entry);
    size_t at = model_behind(model, entry, entry_len);
    size_t end;

    entry[entry_len - 1]++;
    end = model_behind(model, entry, entry_len);
    at = skip_strangers(model, at, end, entry_len);
    for (uint32_t i = 0; i < 3 * rows->count; i++) {
        const enum rows_column column = (enum rows_column)(ROWS_COLUMN_NAME + i / rows->count);

        if (at < end && cell_is_row(&model->cells[at], entry_len, rows, column, i % rows->count)) {
            at = skip_strangers(model, at + 1, end, entry_len);
        } else if (!some) {
            fprintf(stderr, "column %d of row %u (index %u) is missing or has another value\n", (int)column,
                    i % rows->count, rows_index(rows, i % rows->count));
            return false;
        }
    }
    if (at == end)
        return true;
    fputs("an instance that is none of the rows: ", stderr);
    print_name(stderr, model->cells[at].name, model->cells[at].name_len);
    fputc('\n', stderr);
    return false;
}

void model_expect_restarts(struct model *model)
{
    oid entry[MAX_OID_LEN] = {0};
    const size_t entry_len = client_name(&mib_objects[MIB_devsecTlsSuiteEntry], entry);

    for (size_t i = model->ours; i < model->ours_end; i++) {
        struct cell *cell = &model->cells[i];

        if (snmp_oid_ncompare(cell->name, cell->name_len, entry, entry_len, entry_len) != 0)
            cell->settled = false;
    }
}

/* ---- the answer ---- */

static size_t repeaters_from(const struct question *question)
{
    const size_t n = question->non_repeaters > 0 ? (size_t)question->non_repeaters : 0;

    return n < question->count ? n : question->count;
}

size_t question_wants(const struct question *question)
{
    const size_t from = repeaters_from(question);

    return from + (question->max_repetitions > 0 ? (size_t)question->max_repetitions : 0) * (question->count - from);
}

/* What one varbind of the answer goes on from: a start, or the varbind a repetition before. */
struct step {
    const oid *name;
    size_t name_len;
    bool ended; /* that one said endOfMibView */
    /*
     * The name that snmpd 5.9.3 puts to endOfMibView where nothing at all is behind a start. It should be the start
     * (RFC 3416, 4.2.3), and is that of the varbind as many places before as there are non-repeaters
     * (_reorder_getbulk in snmp_agent.c), whoever serves the objects.
     */
    const oid *end_name;
    size_t end_name_len;
};

static struct step step_to(const struct question *question, netsnmp_variable_list *const *vars, size_t i)
{
    const size_t from = repeaters_from(question);
    const size_t columns = question->count - from;
    struct step step = {NULL, 0, false, NULL, 0};

    if (i < from + columns) {
        step.name = question->names[i];
        step.name_len = question->name_lens[i];
        step.end_name = question->names[i < from ? i : i - from];
        step.end_name_len = question->name_lens[i < from ? i : i - from];
    } else {
        step.name = vars[i - columns]->name;
        step.name_len = vars[i - columns]->name_length;
        step.ended = vars[i - columns]->type == SNMP_ENDOFMIBVIEW;
        step.end_name = step.name;
        step.end_name_len = step.name_len;
    }
    return step;
}

static bool is_next(const struct model *model, size_t next, const struct step *step, const netsnmp_variable_list *var)
{
    if (step->ended || next == model->count)
        return var->type == SNMP_ENDOFMIBVIEW &&
               (snmp_oid_compare(var->name, var->name_length, step->name, step->name_len) == 0 ||
                snmp_oid_compare(var->name, var->name_length, step->end_name, step->end_name_len) == 0);
    return cell_is(&model->cells[next], var);
}

static bool step_is_good(const struct model *model, const struct step *step, const netsnmp_variable_list *var)
{
    const size_t next = model_behind(model, step->name, step->name_len);

    return is_next(model, next, step, var) || (model->may_vanish && next >= model->ours && next < model->ours_end &&
                                               is_next(model, model->ours_end, step, var));
}

bool model_admits(const struct model *model, const struct question *question, const netsnmp_pdu *answer,
                  char verdict[VERDICT_MAX])
{
    netsnmp_variable_list **vars = NULL;
    const size_t wanted = question_wants(question);
    size_t count = 0;
    bool good = false;

    if (answer->errstat != SNMP_ERR_NOERROR) {
        snprintf(verdict, VERDICT_MAX, "error status %ld (%s)", answer->errstat, snmp_errstring((int)answer->errstat));
        return false;
    }
    for (const netsnmp_variable_list *var = answer->variables; var; var = var->next_variable)
        count++;
    if (count > wanted || (count == 0 && wanted > 0)) {
        snprintf(verdict, VERDICT_MAX, "%zu varbinds, %zu were asked for", count, wanted);
        return false;
    }
    vars = calloc(count + 1, sizeof(netsnmp_variable_list *));
    if (!vars)
        goto out;
    count = 0;
    for (netsnmp_variable_list *var = answer->variables; var; var = var->next_variable, count++) {
        struct step step;

        vars[count] = var;
        step = step_to(question, vars, count);
        if (!step_is_good(model, &step, var)) {
            snprintf(verdict, VERDICT_MAX, "varbind %zu is not what comes next", count + 1);
            goto out;
        }
    }
    good = true;
out:
    free(vars);
    return good;
}

/* ---- for people ---- */

static void print_cell(FILE *to, const oid *name, size_t name_len, u_char type, const u_char *value, size_t length)
{
    print_name(to, name, name_len);
    fprintf(to, " type 0x%02x", type);
    for (size_t i = 0; type != SNMP_ENDOFMIBVIEW && i < length && i < 40; i++)
        fprintf(to, "%s%02x", i ? "" : " ", value[i]);
    fputc('\n', to);
}

void model_explain(const struct model *model, const struct question *question, const netsnmp_pdu *answer)
{
    netsnmp_variable_list **vars = calloc(question_wants(question) + 1, sizeof(netsnmp_variable_list *));
    size_t count = 0;

    printf("request: non-repeaters %ld, max-repetitions %ld\n", question->non_repeaters, question->max_repetitions);
    for (size_t i = 0; i < question->count; i++) {
        fputs("  ", stdout);
        print_name(stdout, question->names[i], question->name_lens[i]);
        fputc('\n', stdout);
    }
    if (answer)
        printf("answer: error status %ld, index %ld\n", answer->errstat, answer->errindex);
    for (netsnmp_variable_list *var = answer ? answer->variables : NULL;
         vars && var && count < question_wants(question); var = var->next_variable, count++) {
        struct step step;
        size_t next;

        vars[count] = var;
        step = step_to(question, vars, count);
        next = model_behind(model, step.name, step.name_len);
        printf("  %s ", step_is_good(model, &step, var) ? "good    " : "got     ");
        print_cell(stdout, var->name, var->name_length, var->type, var->val.string, var->val_len);
        if (step_is_good(model, &step, var))
            continue;
        fputs("  expected ", stdout);
        if (step.ended || next == model->count)
            print_cell(stdout, step.name, step.name_len, SNMP_ENDOFMIBVIEW, NULL, 0);
        else
            print_cell(stdout, model->cells[next].name, model->cells[next].name_len, model->cells[next].type,
                       model->cells[next].value, model->cells[next].value_len);
    }
    free(vars);
}
