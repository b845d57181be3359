/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in the generated table. */
#include "mib_object.h"

#include <string.h>

/* What a number, or a count of octets, can be at all (RFC 2578, 7.1); for objects without ranges of their own. */
static const struct mib_range base_ranges[] = {
    [MIB_BASE_INTEGER] = {INT32_MIN, INT32_MAX},
    [MIB_BASE_UNSIGNED] = {0, UINT32_MAX},
    [MIB_BASE_COUNTER32] = {0, UINT32_MAX},
    [MIB_BASE_OCTETS] = {0, 65535},
    [MIB_BASE_OID] = {0, 128},
};

const char *mib_label_name(const struct mib_object *object, int64_t value)
{
    for (size_t i = 0; i < object->n_labels; i++) {
        if ((int64_t)object->labels[i].value == value) {
            return object->labels[i].name;
        }
    }
    return NULL;
}

bool mib_label_value(const struct mib_object *object, const char *name, uint32_t *value)
{
    for (size_t i = 0; i < object->n_labels; i++) {
        if (strcmp(object->labels[i].name, name) == 0) {
            *value = object->labels[i].value;
            return true;
        }
    }
    return false;
}

bool mib_in_range(const struct mib_object *object, int64_t number)
{
    const struct mib_range *ranges = object->n_ranges > 0 ? object->ranges : &base_ranges[object->base];
    size_t count = object->n_ranges > 0 ? object->n_ranges : 1;

    for (size_t i = 0; i < count; i++) {
        if (number >= ranges[i].low && number <= ranges[i].high) {
            return true;
        }
    }
    return false;
}

const struct mib_object *mib_object_find(const char *name)
{
    for (size_t i = 0; i < mib_object_count; i++) {
        if (strcmp(mib_objects[i].name, name) == 0) {
            return &mib_objects[i];
        }
    }
    return NULL;
}
