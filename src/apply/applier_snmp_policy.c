/* SPDX-License-Identifier: Apache-2.0 */
/* What snmpd admits outside our subtree, as the file that devsec_master.so reads (guard/policy_file.h). */
#include "apply/applier.h"

#include "guard/policy_file.h"

#include <stdlib.h>
#include <string.h>

static bool policy_serves(const struct device *device)
{
    (void)device;
    return true;
}

static struct policy_file policy_of(const struct document *document)
{
    return (struct policy_file){
        .generation = document->generation,
        .v3 = (uint32_t)document->values[SETTING_SNMP_V3_PERMIT].number,
        .v1v2c = (uint32_t)document->values[SETTING_SNMP_V1V2_PERMIT].number,
    };
}

static char *policy_render(const struct device *device, const struct document *document)
{
    const struct policy_file policy = policy_of(document);
    char *text = malloc(POLICY_FILE_MAX);

    (void)device;
    if (text && policy_file_render(&policy, text, POLICY_FILE_MAX) == 0)
        text[0] = '\0'; /* a value without a label: the check says so */
    return text;
}

static enum devsec_err policy_compare(const struct policy_file *is, const struct document *document,
                                      struct devsec_error *error)
{
    const struct policy_file wanted = policy_of(document);

    if (is->v3 != wanted.v3 || is->v1v2c != wanted.v1v2c || is->generation > wanted.generation)
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "the policy file does not say what the settings say");
    return DEVSEC_OK;
}

static enum devsec_err policy_check(const struct device *device, const struct document *document, const char *text,
                                    struct devsec_error *error)
{
    char why[POLICY_FILE_WHY_MAX];
    struct policy_file read;

    (void)device;
    if (!policy_file_parse(&read, text, strlen(text), why, sizeof(why)))
        return devsec_fail(error, DEVSEC_ERR_INTERNAL, "the policy file as rendered: %s", why);
    return policy_compare(&read, document, error);
}

/* A later generation that changes other settings only is not worth a write: its SET would wait for the disk again. */
static bool policy_same(const char *have, size_t length, const char *text)
{
    char why[POLICY_FILE_WHY_MAX];
    struct policy_file old;
    struct policy_file new;

    return policy_file_parse(&old, have, length, why, sizeof(why)) &&
           policy_file_parse(&new, text, strlen(text), why, sizeof(why)) &&
           old.v3 == new.v3 &&old.v1v2c == new.v1v2c &&old.generation <= new.generation;
}

/* What the module would not trust is not in force, however right it is. */
static enum devsec_err policy_confirm(const struct document *document, const char *path, struct devsec_error *error)
{
    char why[POLICY_FILE_WHY_MAX];
    struct policy_file read;

    if (!policy_file_read(&read, path, why, sizeof(why)))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "snmpd does not trust the policy: %s", why);
    return policy_compare(&read, document, error);
}

const struct applier applier_snmp_policy = {
    .name = "snmp-policy",
    .file = POLICY_FILE_NAME,
    .mode = 0644,
    .serves = policy_serves,
    .render = policy_render,
    .check = policy_check,
    .same = policy_same,
    .confirm = policy_confirm,
};
