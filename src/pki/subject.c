/* SPDX-License-Identifier: Apache-2.0 */
/* Who a certificate is for: what may stand in a subject, and the subject as a certificate has it; see subject.h. */
#include "pki/subject.h"

#include "base/text.h"
#include "pki/alt_names.h"

#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

/*
 * The parts of the distinguished name, in the order in which it has them. The most characters are those of RFC 5280,
 * appendix A.1 (ub-...).
 */
static const struct {
    const char *name;
    size_t offset; /* of its text in struct pki_subject */
    size_t most;
    int nid;
    int type;
} parts[] = {
    {"country", offsetof(struct pki_subject, country), 2, NID_countryName, V_ASN1_PRINTABLESTRING},
    {"state", offsetof(struct pki_subject, state), 128, NID_stateOrProvinceName, V_ASN1_UTF8STRING},
    {"locality", offsetof(struct pki_subject, locality), 128, NID_localityName, V_ASN1_UTF8STRING},
    {"organization", offsetof(struct pki_subject, organization), 64, NID_organizationName, V_ASN1_UTF8STRING},
    {"organizational unit", offsetof(struct pki_subject, organizational_unit), 64, NID_organizationalUnitName,
     V_ASN1_UTF8STRING},
    {"common name", offsetof(struct pki_subject, common_name), 64, NID_commonName, V_ASN1_UTF8STRING},
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static char **text_at(struct pki_subject *subject, size_t offset)
{
    return (char **)(void *)((char *)subject + offset);
}

/* Never NULL. */
static const char *part_text(const struct pki_subject *subject, size_t i)
{
    const char *text = *(char *const *)(const void *)((const char *)subject + parts[i].offset);

    return text ? text : "";
}

void pki_subject_clear(struct pki_subject *subject)
{
    for (size_t i = 0; i < N_PARTS; i++)
        free(*text_at(subject, parts[i].offset));
    free(subject->alt_names);
    *subject = (struct pki_subject){0};
}

enum devsec_err pki_subject_copy(struct pki_subject *to, const struct pki_subject *from, struct pki_fault *fault)
{
    struct pki_subject copy = {.alt_names = from->alt_names ? strdup(from->alt_names) : NULL};
    bool failed = from->alt_names && !copy.alt_names;

    for (size_t i = 0; i < N_PARTS && !failed; i++) {
        char *text = strdup(part_text(from, i));

        *text_at(&copy, parts[i].offset) = text;
        failed = !text;
    }
    if (failed) {
        pki_subject_clear(&copy);
        return pki_fail_memory(fault);
    }
    *to = copy;
    return DEVSEC_OK;
}

/* ---- checking ---- */

static enum devsec_err refuse(size_t part, const char *why, struct pki_fault *fault)
{
    return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT, "%s: %s", parts[part].name, why);
}

static enum devsec_err check_text(size_t part, const char *text, struct pki_fault *fault)
{
    const size_t length = strlen(text);
    size_t characters = 0;

    for (size_t at = 0; at < length; characters++) {
        uint32_t code = 0;
        const size_t taken = text_decode(text + at, length - at, &code);

        if (!taken)
            return refuse(part, "it is not valid UTF-8", fault);
        if (!text_is_safe(code))
            return refuse(part, "it holds a control character", fault);
        at += taken;
    }
    if (characters > parts[part].most)
        return pki_fail(fault, PKI_INVALID_PARAMETER, DEVSEC_ERR_INCONSISTENT,
                        "%s: it has %zu characters, %zu is the most (RFC 5280, appendix A.1)", parts[part].name,
                        characters, parts[part].most);
    return DEVSEC_OK;
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static enum devsec_err check_country(const char *country, struct pki_fault *fault)
{
    if (!country[0] || (is_capital(country[0]) && is_capital(country[1]) && !country[2]))
        return DEVSEC_OK;
    return refuse(0, "expected two capital letters such as DE (ISO 3166-1)", fault);
}

enum devsec_err pki_subject_check(const struct pki_subject *subject, struct pki_fault *fault)
{
    GENERAL_NAMES *names = NULL;
    enum devsec_err err = check_country(part_text(subject, 0), fault);

    for (size_t i = 1; i < N_PARTS && !err; i++)
        err = check_text(i, part_text(subject, i), fault);
    if (!err && !part_text(subject, N_PARTS - 1)[0])
        err = refuse(N_PARTS - 1, "a certificate needs one: the device's host name, for instance", fault);
    if (!err)
        err = pki_subject_alt_names(&names, subject, fault);
    GENERAL_NAMES_free(names);
    return err;
}

/* ---- as a certificate has it ---- */

enum devsec_err pki_subject_name(X509_NAME **out, const struct pki_subject *subject, struct pki_fault *fault)
{
    X509_NAME *name = X509_NAME_new();

    if (!name)
        return pki_fail_memory(fault);
    ERR_clear_error();
    for (size_t i = 0; i < N_PARTS; i++) {
        const char *text = part_text(subject, i);

        if (!text[0] || X509_NAME_add_entry_by_NID(name, parts[i].nid, parts[i].type, (const unsigned char *)text,
                                                   (int)strlen(text), -1, 0))
            continue;
        X509_NAME_free(name);
        return pki_fail_openssl(fault, PKI_INVALID_PARAMETER, parts[i].name);
    }
    *out = name;
    return DEVSEC_OK;
}

enum devsec_err pki_subject_alt_names(GENERAL_NAMES **out, const struct pki_subject *subject, struct pki_fault *fault)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    enum devsec_err err;

    if (!names)
        return pki_fail_memory(fault);
    err = alt_names_add_list(names, subject->alt_names, fault);
    if (!err)
        err = alt_names_add_if_any(names, part_text(subject, N_PARTS - 1), fault);
    if (err || sk_GENERAL_NAME_num(names) == 0) {
        GENERAL_NAMES_free(names);
        names = NULL;
    }
    if (!err)
        *out = names;
    return err;
}
