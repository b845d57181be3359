/* SPDX-License-Identifier: Apache-2.0 */
/* What is another between two tables of administrators, and what snmpd learns of it from which file. */
#ifndef DEVSEC_CLI_ADMIN_DIFF_H
#define DEVSEC_CLI_ADMIN_DIFF_H

#include "store/table.h"

#include <stdbool.h>
#include <stddef.h>

/* One administrator who is not the same before and after. Rows are borrowed; one of them may be NULL. */
struct admin_diff {
    const char *name;
    const struct value *before;
    const struct value *after;
};

/* How many places there are to look at by admin_diff_at. */
size_t admin_diff_places(const struct table *before, const struct table *after);

/* The difference at a place, removals and changes first; false if there is none at it. */
bool admin_diff_at(const struct table *before, const struct table *after, size_t place, struct admin_diff *diff);

/* Whether the difference is in the keys, or in the role. */
bool admin_diff_keys(const struct admin_diff *diff);
bool admin_diff_role(const struct admin_diff *diff);

/* Which of snmpd's files have to be in place before it can take a change over; neither: it has nothing to take over. */
struct admin_files {
    bool users;
    bool access;
};

/* Adds those of one difference: keys are in the file of users, what they may do in that of access. */
void admin_diff_add_files(const struct admin_diff *diff, struct admin_files *files);

#define ADMIN_RELOAD "snmpd takes it over when it reads its configuration again: systemctl reload snmpd\n"

#endif
