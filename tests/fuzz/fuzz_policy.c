/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: any octets as the policy's file give a policy that is rendered alike again, or a clear error. */
#include "guard/policy_file.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[POLICY_FILE_WHY_MAX] = "";
    char text[POLICY_FILE_MAX];
    struct policy_file policy = {5, 6, 7};
    struct policy_file again = {0};
    size_t length;

    if (!policy_file_parse(&policy, (const char *)data, size, why, sizeof(why))) {
        /* Refused with a sentence of one line that says where, and nothing is half read. */
        if (strncmp(why, "line ", 5) != 0 || strlen(why) >= sizeof(why) - 1 || strchr(why, '\n'))
            abort();
        if (policy.generation != 5 || policy.v3 != 6 || policy.v1v2c != 7)
            abort();
        return 0;
    }
    length = policy_file_render(&policy, text, sizeof(text));
    if (length == 0 || !policy_file_parse(&again, text, length, why, sizeof(why)) ||
        memcmp(&policy, &again, sizeof(policy)) != 0)
        abort();
    /* What was accepted is whole: one octet less is refused. */
    if (policy_file_parse(&again, (const char *)data, size - 1, why, sizeof(why)))
        abort();
    return 0;
}
