/* SPDX-License-Identifier: Apache-2.0 */
/* What a job may not ask for, whatever keys there are: judged at the SET that starts it. */
#include "job_row.h"

#include "jobs_private.h"

#include <stddef.h>
#include <string.h>

/* What each operation asks of its parameters. Indexed by devsecJobOperation. */
static const struct operation {
    bool offered;
    bool needs_slot; /* 0 is none that it could choose */
    bool makes_key;
    bool has_dates;
    bool takes_use; /* there is a certificate when it is done */
} operations[] = {
    [PKI_CREATE_SELF_SIGNED] = {.offered = true, .makes_key = true, .has_dates = true, .takes_use = true},
    [PKI_CREATE_REQUEST] = {.offered = true, .makes_key = true},
    [PKI_INSTALL_CERTIFICATE] = {.offered = true, .takes_use = true},
    [PKI_VERIFY] = {.offered = true, .needs_slot = true},
    [PKI_DELETE_KEY] = {.offered = true, .needs_slot = true},
    [PKI_SCEP_ENROLL] = {.offered = false},
    [PKI_INSTALL_TRUSTED] = {.offered = true},
    [PKI_REMOVE_TRUSTED] = {.offered = true, .needs_slot = true},
};

static enum devsec_err blame(struct row_request *request, int object, const struct pki_fault *fault,
                             struct devsec_error *error)
{
    return row_request_fail(request, object, error, DEVSEC_ERR_INCONSISTENT, "%s", fault->error.text);
}

enum devsec_err job_row_check_operation(struct row_request *request, const struct value *row,
                                        struct devsec_error *error)
{
    if (operations[row[JOB_OPERATION].number].offered)
        return DEVSEC_OK;
    return row_request_fail(request, MIB_devsecJobOperation, error, DEVSEC_ERR_INCONSISTENT,
                            "this device has no such operation");
}

/* The parts of a subject, and which object says each. */
static const struct part {
    int object;
    size_t offset; /* in struct pki_subject */
} parts[] = {
    {MIB_devsecJobCountry, offsetof(struct pki_subject, country)},
    {MIB_devsecJobState, offsetof(struct pki_subject, state)},
    {MIB_devsecJobLocality, offsetof(struct pki_subject, locality)},
    {MIB_devsecJobOrganization, offsetof(struct pki_subject, organization)},
    {MIB_devsecJobOrganizationalUnit, offsetof(struct pki_subject, organizational_unit)},
    {MIB_devsecJobCommonName, offsetof(struct pki_subject, common_name)},
    {MIB_devsecJobSubjectAltNames, offsetof(struct pki_subject, alt_names)},
};

static char **part_of(struct pki_subject *subject, const struct part *part)
{
    return (char **)(void *)((char *)subject + part->offset);
}

/* The part to blame is the one that is refused also with nothing else beside it. */
static int guilty_part(struct pki_subject subject)
{
    char any_name[] = "name";

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct pki_subject alone = {.common_name = any_name};

        *part_of(&alone, &parts[i]) = *part_of(&subject, &parts[i]);
        if (pki_subject_check(&alone, NULL))
            return parts[i].object;
    }
    return MIB_devsecJobCommonName;
}

static enum devsec_err check_key(struct row_request *request, const struct pki_parameters *asked,
                                 struct devsec_error *error)
{
    struct pki_fault fault = {.cause = PKI_NONE};

    if (pki_key_spec_check(&asked->key, asked->hash, &fault))
        return blame(request, asked->key.type == PKI_KEY_RSA ? MIB_devsecJobKeyBits : MIB_devsecJobHash, &fault, error);
    if (pki_subject_check(&asked->subject, &fault))
        return blame(request, guilty_part(asked->subject), &fault, error);
    return DEVSEC_OK;
}

static enum devsec_err check_dates(struct row_request *request, const struct pki_parameters *asked,
                                   struct devsec_error *error)
{
    struct pki_fault fault = {.cause = PKI_NONE};
    const bool has_end = row_request_cell(request, MIB_devsecJobNotAfter) != NULL;

    if (!pki_dates_check(&asked->dates, asked->now, &fault))
        return DEVSEC_OK;
    return blame(request, has_end ? MIB_devsecJobNotAfter : MIB_devsecJobNotBefore, &fault, error);
}

static enum devsec_err check_use(struct row_request *request, const struct pki_use *use,
                                 const struct operation *operation, struct devsec_error *error)
{
    if (use->usage == PKI_USE_NONE)
        return DEVSEC_OK;
    if (!operation->takes_use)
        return row_request_fail(request, MIB_devsecJobUsage, error, DEVSEC_ERR_INCONSISTENT,
                                "a use is only given to a key that has a certificate when the job is done: "
                                "createSelfSigned(1) and installCertificate(3); expected none(8)");
    for (size_t i = 0; i < pki_use_count; i++) {
        if (pki_uses[i].usage == use->usage && pki_uses[i].instance == use->instance)
            return DEVSEC_OK;
    }
    return row_request_fail(request, MIB_devsecJobUsageInstance, error, DEVSEC_ERR_INCONSISTENT,
                            "devsecUsageTable has no instance %u of that use", use->instance);
}

enum devsec_err job_row_check(struct row_request *request, const struct value *row, time_t now,
                              struct devsec_error *error)
{
    const struct pki_parameters asked = job_parameters(row, now);
    const struct operation *operation = &operations[asked.operation];
    enum devsec_err err;

    if (row[JOB_OPERATION].number == 0)
        return row_request_fail(request, MIB_devsecJobRowStatus, error, DEVSEC_ERR_INCONSISTENT,
                                "the row is notReady(3): set devsecJobOperation, too");
    err = job_row_check_operation(request, row, error);
    if (!err && operation->needs_slot && asked.slot == 0)
        err = row_request_fail(request, MIB_devsecJobSlot, error, DEVSEC_ERR_INCONSISTENT,
                               "this operation needs to know which one: set devsecJobSlot to another number than 0");
    if (!err && operation->makes_key)
        err = check_key(request, &asked, error);
    if (!err && operation->has_dates)
        err = check_dates(request, &asked, error);
    return err ? err : check_use(request, &asked.use, operation, error);
}
