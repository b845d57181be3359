/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: any octets as YAML give a tree or a clear error, and a tree that is written is read as the same. */
#include "store/yaml.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Equal but for positions and for how a scalar that is no text was quoted. */
static bool same(const struct yaml_node *a, const struct yaml_node *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind != b->kind || (a->key != NULL) != (b->key != NULL) || (a->key && strcmp(a->key, b->key) != 0))
        return false;
    if (a->kind == YAML_SCALAR && strcmp(a->scalar, b->scalar) != 0)
        return false;
    a = a->children;
    b = b->children;
    for (; a && b; a = a->next, b = b->next) {
        if (!same(a, b))
            return false;
    }
    return a == b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct devsec_error error = {0};
    struct yaml_node *root = NULL;
    struct yaml_node *again = NULL;
    char *text = NULL;
    size_t length = 0;

    if (yaml_parse(&root, "f", (const char *)data, size, &error)) {
        if (root || strncmp(error.text, "f:", 2) != 0)
            abort();
        return 0;
    }
    if (yaml_print(root, &text, &length, &error) || length != strlen(text))
        abort();
    if (yaml_parse(&again, "f", text, length, &error) || !same(root, again))
        abort();
    free(text);
    yaml_free(again);
    yaml_free(root);
    return 0;
}
