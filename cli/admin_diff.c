/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing two tables of administrators, row by row. */
#include "admin_diff.h"

#include "admin/account.h"

#include <string.h>

size_t admin_diff_places(const struct table *before, const struct table *after)
{
    return before->count + after->count;
}

bool admin_diff_at(const struct table *before, const struct table *after, size_t place, struct admin_diff *diff)
{
    const bool is_new = place >= before->count;
    const struct value *row = is_new ? after->rows[place - before->count] : before->rows[place];
    const struct table *other = is_new ? before : after;
    const long at = table_find(TABLE_ADMINISTRATORS, other, &row[ADMINISTRATOR_NAME]);

    *diff = (struct admin_diff){
        .name = value_text(&row[ADMINISTRATOR_NAME]), .before = is_new ? NULL : row, .after = is_new ? row : NULL};
    if (at < 0)
        return true;
    if (is_new)
        return false; /* seen in the place of the row before */
    diff->after = after->rows[at];
    return !row_equal(TABLE_ADMINISTRATORS, diff->before, diff->after);
}

static struct account read_row(const struct value *row)
{
    struct account account = {.sealed = ""};

    if (row)
        (void)account_read(&account, row, NULL);
    return account;
}

bool admin_diff_keys(const struct admin_diff *diff)
{
    const struct account was = read_row(diff->before);
    const struct account is = read_row(diff->after);

    return strcmp(was.sealed, is.sealed) != 0;
}

bool admin_diff_role(const struct admin_diff *diff)
{
    return read_row(diff->before).role != read_row(diff->after).role;
}

void admin_diff_add_files(const struct admin_diff *diff, struct admin_files *files)
{
    const struct account was = read_row(diff->before);
    const struct account is = read_row(diff->after);

    if (account_has_keys(&is) && strcmp(was.sealed, is.sealed) != 0)
        files->users = true;
    if (account_has_keys(&was) != account_has_keys(&is) ||
        (account_has_keys(&is) && account_may_write(&was) != account_may_write(&is)))
        files->access = true;
}
