/* SPDX-License-Identifier: Apache-2.0 */
/* The reading half of the dispatcher: Get, GetNext, GetBulk (RFC 2741, 7.2.3). */
#include "dispatch_private.h"
#include "guard/agentx.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

/* A GetBulk answer stops growing past this many octets of names and values, or after this many milliseconds: the master
 * asks again for what is missing, and others get their turn in between. */
#define PAGE_OCTETS_MAX 60000
#define PAGE_MS_MAX     20

/* What an answer may have of them at all: the rest is the header and the fields of a Response (RFC 2741, 6.2.16). */
#define ANSWER_OCTETS_MAX (AGENTX_PDU_MAX - 28)

/* An answer that grows at its end. */
struct page {
    const struct dispatch *dispatch;
    netsnmp_variable_list **end;
    size_t octets;
    struct timespec until;
};

/* One search range (RFC 2741, 5.2) and how far it has got. */
struct range {
    const netsnmp_variable_list *asked;
    struct instance at;
    bool going;                        /* `at` is what was found last */
    const netsnmp_variable_list *last; /* in the answer; NULL before the first */
};

static void page_open(struct page *page, const struct dispatch *dispatch, netsnmp_pdu *response)
{
    *page = (struct page){.dispatch = dispatch, .end = &response->variables};
    clock_gettime(CLOCK_MONOTONIC, &page->until);
    page->until.tv_nsec += PAGE_MS_MAX * 1000000L;
    page->until.tv_sec += page->until.tv_nsec / 1000000000L;
    page->until.tv_nsec %= 1000000000L;
}

static bool page_has_room(const struct page *page)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return page->octets < PAGE_OCTETS_MAX &&
           (now.tv_sec < page->until.tv_sec || (now.tv_sec == page->until.tv_sec && now.tv_nsec < page->until.tv_nsec));
}

/* What names and values take at the most: a header and padding each. */
static void page_count(struct page *page, const netsnmp_variable_list *var)
{
    page->octets += var->name_length * 4 + var->val_len + 24;
}

static netsnmp_variable_list *page_add(struct page *page, const oid *name, size_t length, u_char type)
{
    netsnmp_variable_list *var = snmp_varlist_add_variable(page->end, name, length, type, NULL, 0);

    if (var)
        page->end = &var->next_variable;
    return var;
}

/* tooBig, which names no varbind (RFC 3416, 4.2.1), if the answer has become too large to be sent. */
static int page_status(const struct page *page, long *index)
{
    if (page->octets <= ANSWER_OCTETS_MAX)
        return SNMP_ERR_NOERROR;
    *index = 0;
    return SNMP_ERR_TOOBIG;
}

/* "No end": the null OID (RFC 2741, 5.4), which net-snmp hands over as 0.0. */
static bool is_open_end(const oid *end, size_t length)
{
    return length == 0 || (length == 2 && end[0] == 0 && end[1] == 0);
}

/* Finds the range's next instance, whose name goes to `found`; false at its end. */
static bool range_next(struct range *range, const struct dispatch *dispatch, oid *found, size_t *length)
{
    const netsnmp_variable_list *asked = range->asked;
    const oid *end = asked->val.objid;
    const size_t end_len = asked->val_len / sizeof(oid);

    if (range->last && !range->going)
        return false;
    range->going = range->last ? dispatch_step(dispatch, &range->at)
                               : dispatch_seek(dispatch, asked->name, asked->name_length,
                                               asked->type == ASN_PRIV_INCL_RANGE, &range->at);
    if (!range->going)
        return false;
    *length = dispatch_instance_name(dispatch, &range->at, found);
    range->going = is_open_end(end, end_len) || snmp_oid_compare(found, *length, end, end_len) < 0;
    return range->going;
}

/*
 * One step of GetNext or GetBulk: appends the next instance of the range, or endOfMibView under the name that the step
 * started from (RFC 2741, 7.2.3.2). False: there is no value although there should be one, or no memory.
 */
static bool range_append(struct range *range, struct page *page)
{
    const netsnmp_variable_list *from = range->last ? range->last : range->asked;
    netsnmp_variable_list *var;
    oid found[MAX_OID_LEN];
    size_t length;

    if (range_next(range, page->dispatch, found, &length)) {
        var = page_add(page, found, length, ASN_NULL);
        if (!var || !dispatch_value(page->dispatch, &range->at, var))
            return false;
    } else {
        var = page_add(page, from->name, from->name_length, SNMP_ENDOFMIBVIEW);
        if (!var)
            return false;
    }
    range->last = var;
    page_count(page, var);
    return true;
}

int get_answer(const struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index)
{
    static const u_char exceptions[] = {
        [LOOKUP_NO_OBJECT] = SNMP_NOSUCHOBJECT,
        [LOOKUP_NO_INSTANCE] = SNMP_NOSUCHINSTANCE,
        [LOOKUP_LACKING] = SNMP_NOSUCHINSTANCE,
    };
    struct page page;

    page_open(&page, dispatch, response);
    *index = 0;
    for (const netsnmp_variable_list *asked = request->variables; asked; asked = asked->next_variable) {
        struct instance instance;
        const enum lookup lookup = dispatch_find(dispatch, asked->name, asked->name_length, &instance);
        netsnmp_variable_list *var = page_add(&page, asked->name, asked->name_length, exceptions[lookup]);

        ++*index;
        if (!var || (lookup == LOOKUP_FOUND && !dispatch_value(dispatch, &instance, var)))
            return SNMP_ERR_GENERR;
        page_count(&page, var);
    }
    return page_status(&page, index);
}

/* One step for each of up to `count` ranges; returns the first that is left over, NULL at the end or after an error. */
static const netsnmp_variable_list *step_each(struct page *page, const netsnmp_variable_list *asked, long count,
                                              int *status, long *index)
{
    *status = SNMP_ERR_NOERROR;
    *index = 0;
    for (; asked && *index < count; asked = asked->next_variable) {
        struct range range = {.asked = asked};

        ++*index;
        if (!range_append(&range, page)) {
            *status = SNMP_ERR_GENERR;
            return NULL;
        }
    }
    return asked;
}

int get_answer_next(const struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index)
{
    struct page page;
    int status;

    page_open(&page, dispatch, response);
    (void)step_each(&page, request->variables, LONG_MAX, &status, index);
    return status ? status : page_status(&page, index);
}

/* The repeaters of GetBulk: row by row, each going on where its last one ended, until the repetitions are used up,
 * every one is at its end, or the page is large enough (RFC 2741, 7.2.3.3). A row that is too much is taken back. */
static int repeat(struct page *page, struct range *ranges, size_t count, long repetitions)
{
    bool going = true;

    for (long n = 0; n < repetitions && going && (n == 0 || page_has_room(page)); n++) {
        const struct page before = *page;

        going = false;
        for (size_t i = 0; i < count; i++) {
            if (!range_append(&ranges[i], page))
                return SNMP_ERR_GENERR;
            going = going || ranges[i].going;
        }
        if (n > 0 && page->octets > ANSWER_OCTETS_MAX) {
            *page = before;
            snmp_free_varbind(*page->end);
            *page->end = NULL;
            going = false;
        }
    }
    return SNMP_ERR_NOERROR;
}

int get_answer_bulk(const struct dispatch *dispatch, const netsnmp_pdu *request, netsnmp_pdu *response, long *index)
{
    const netsnmp_variable_list *asked;
    struct range *ranges;
    struct page page;
    size_t count = 0;
    int status;

    page_open(&page, dispatch, response);
    asked = step_each(&page, request->variables, request->non_repeaters, &status, index);
    if (!asked)
        return status ? status : page_status(&page, index);
    ++*index; /* whatever goes wrong from here on is put down to the first repeater */
    for (const netsnmp_variable_list *var = asked; var; var = var->next_variable)
        count++;
    ranges = calloc(count, sizeof(*ranges));
    if (!ranges)
        return SNMP_ERR_GENERR;
    for (size_t i = 0; i < count; i++, asked = asked->next_variable)
        ranges[i].asked = asked;
    status = repeat(&page, ranges, count, request->max_repetitions);
    free(ranges);
    return status ? status : page_status(&page, index);
}
