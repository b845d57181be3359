/* SPDX-License-Identifier: Apache-2.0 */
/* The binding group of devsecd_rows; it stands in front of devsecd's, so that its bindings are found first. */
#ifndef DEVSEC_TESTS_GROUP_ROWS_H
#define DEVSEC_TESTS_GROUP_ROWS_H

#include "binding.h"

extern const struct binding_group group_rows;

#endif
