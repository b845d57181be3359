/* SPDX-License-Identifier: Apache-2.0 */
/* Putting the certificates of an upload into the order of a chain; see bundle.h for the contract. */
#include "base/text.h"
#include "pki/bundle.h"
#include "pki/chain.h"
#include "pki/key.h"
#include "pki/summary.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define MAX         PKI_BUNDLE_CERTIFICATES_MAX
#define NAMED_MAX   3 /* how many certificates a sentence names */
#define KEY_UNKNOWN "unknown kind of key"

/* The certificates and how they hang together. */
struct mesh {
    size_t count;
    size_t leaf;
    X509 *certificates[MAX];
    time_t ends[MAX];
    bool of_key[MAX];              /* a certificate of the key itself, the leaf or one that it goes before */
    bool root[MAX];                /* self-signed: nothing is looked for above it */
    enum pki_link links[MAX][MAX]; /* [subject][issuer] */
    bool above[MAX];               /* on some way up from the leaf, the leaf included */
    size_t height[MAX];            /* how long the way is that goes on from here */
};

/* ---- The leaf ---- */

static void key_words(EVP_PKEY *key, char to[PKI_KEY_WORDS_MAX])
{
    struct pki_key_info info = {0};

    if (key && pki_key_describe(&info, key, NULL) == DEVSEC_OK)
        pki_key_words(&info, to);
    else
        memcpy(to, KEY_UNKNOWN, sizeof(KEY_UNKNOWN));
    ERR_clear_error();
}

static enum devsec_err fail_mismatch(const struct mesh *mesh, const EVP_PKEY *key, struct pki_fault *fault)
{
    char wanted[PKI_KEY_WORDS_MAX] = KEY_UNKNOWN;
    struct pki_key_info info = {0};
    struct text found = {0};
    enum devsec_err err;

    if (pki_key_describe(&info, key, NULL) == DEVSEC_OK)
        pki_key_words(&info, wanted);
    for (size_t i = 0; i < mesh->count && i < NAMED_MAX; i++) {
        char name[PKI_NAME_WORDS_MAX];
        char kind[PKI_KEY_WORDS_MAX];

        pki_name_words(X509_get_subject_name(mesh->certificates[i]), name);
        key_words(X509_get0_pubkey(mesh->certificates[i]), kind);
        text_printf(&found, "%s'%s' (%s)", i ? ", " : "", name, kind);
    }
    if (mesh->count > NAMED_MAX)
        text_printf(&found, " and %zu more", mesh->count - NAMED_MAX);
    if (found.failed)
        err = pki_fail_memory(fault);
    else
        err = pki_fail(fault, PKI_KEY_MISMATCH, DEVSEC_ERR_INCONSISTENT,
                       "none of the certificates is for this key (%s); there are: %s", wanted,
                       found.data ? found.data : "none");
    text_free(&found);
    return err;
}

static enum devsec_err find_leaf(struct mesh *mesh, const EVP_PKEY *key, struct pki_fault *fault)
{
    bool found = false;

    for (size_t i = 0; i < mesh->count; i++) {
        EVP_PKEY *public = X509_get0_pubkey(mesh->certificates[i]);

        mesh->of_key[i] = public && EVP_PKEY_eq(public, key) == 1;
        if (!mesh->of_key[i])
            continue;
        if (!found || mesh->ends[i] > mesh->ends[mesh->leaf])
            mesh->leaf = i;
        found = true;
    }
    ERR_clear_error();
    return found ? DEVSEC_OK : fail_mismatch(mesh, key, fault);
}

/* ---- The ways up ---- */

static bool leads(const struct mesh *mesh, size_t subject, size_t issuer)
{
    return mesh->links[subject][issuer] == PKI_LINK_SIGNED;
}

static enum devsec_err find_links(struct mesh *mesh, struct pki_fault *fault)
{
    for (size_t i = 0; i < mesh->count; i++)
        mesh->root[i] = pki_is_self_signed(mesh->certificates[i]);
    for (size_t subject = 0; subject < mesh->count; subject++) {
        for (size_t issuer = 0; issuer < mesh->count; issuer++) {
            enum pki_link *link = &mesh->links[subject][issuer];

            *link = PKI_LINK_NONE;
            if (subject != issuer && !mesh->root[subject] && !mesh->of_key[issuer])
                *link = pki_link_between(mesh->certificates[subject], mesh->certificates[issuer]);
            if (*link == PKI_LINK_UNKNOWN)
                return pki_fail_memory(fault);
        }
    }
    return DEVSEC_OK;
}

/*
 * As many rounds as there are certificates settle both, where no certificates sign each other in a circle. Where they
 * do, the heights in it mean nothing, and that a certificate is used once ends the chain.
 */
static void measure(struct mesh *mesh)
{
    mesh->above[mesh->leaf] = true;
    for (size_t round = 0; round < mesh->count; round++) {
        for (size_t subject = 0; subject < mesh->count; subject++) {
            for (size_t issuer = 0; issuer < mesh->count; issuer++) {
                if (!leads(mesh, subject, issuer))
                    continue;
                mesh->above[issuer] = mesh->above[issuer] || mesh->above[subject];
                if (mesh->height[subject] <= mesh->height[issuer] && mesh->height[subject] < mesh->count)
                    mesh->height[subject] = mesh->height[issuer] + 1;
            }
        }
    }
}

static enum devsec_err check_all_belong(const struct mesh *mesh, struct pki_fault *fault)
{
    char leaf[PKI_NAME_WORDS_MAX];
    char name[PKI_NAME_WORDS_MAX];
    char below[PKI_NAME_WORDS_MAX];

    for (size_t i = 0; i < mesh->count; i++) {
        if (mesh->above[i] || mesh->of_key[i])
            continue;
        pki_name_words(X509_get_subject_name(mesh->certificates[i]), name);
        for (size_t subject = 0; subject < mesh->count; subject++) {
            if (!mesh->above[subject] || mesh->links[subject][i] == PKI_LINK_NONE)
                continue;
            pki_name_words(X509_get_subject_name(mesh->certificates[subject]), below);
            return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                            mesh->links[subject][i] == PKI_LINK_FORGED
                                ? "'%s' has the name of the CA that signed '%s', and its key did not sign that: the "
                                  "certificate of another CA of that name is needed"
                                : "'%s' may not sign certificates (keyUsage), and has the name of the CA that signed "
                                  "'%s'",
                            name, below);
        }
        pki_name_words(X509_get_subject_name(mesh->certificates[mesh->leaf]), leaf);
        return pki_fail(fault, PKI_UPLOAD_MALFORMED, DEVSEC_ERR_SYNTAX,
                        "the certificate of '%s' does not belong to the chain of '%s'; leave it out", name, leaf);
    }
    return DEVSEC_OK;
}

/* ---- The chain ---- */

/* Whether `i` is the better next certificate than `j`. */
static bool is_better(const struct mesh *mesh, size_t i, size_t j)
{
    if (mesh->height[i] != mesh->height[j])
        return mesh->height[i] > mesh->height[j];
    if (mesh->root[i] != mesh->root[j])
        return mesh->root[j];
    return mesh->ends[i] > mesh->ends[j];
}

static enum devsec_err climb(STACK_OF(X509) *chain, const struct mesh *mesh, struct pki_fault *fault)
{
    bool used[MAX] = {false};
    size_t at = mesh->leaf;

    for (;;) {
        size_t next = mesh->count;

        used[at] = true;
        for (size_t i = 0; i < mesh->count; i++) {
            if (leads(mesh, at, i) && !used[i] && (next == mesh->count || is_better(mesh, i, next)))
                next = i;
        }
        if (next == mesh->count || mesh->root[next])
            return DEVSEC_OK;
        if (!sk_X509_push(chain, mesh->certificates[next]))
            return pki_fail_memory(fault);
        X509_up_ref(mesh->certificates[next]);
        at = next;
    }
}

enum devsec_err pki_bundle_arrange(X509 **leaf, STACK_OF(X509) **chain, STACK_OF(X509) *bundle, const EVP_PKEY *key,
                                   struct pki_fault *fault)
{
    struct mesh mesh = {0};
    STACK_OF(X509) *above = NULL;
    enum devsec_err err = DEVSEC_OK;

    if (sk_X509_num(bundle) > MAX)
        return pki_fail(fault, PKI_UPLOAD_TOO_LARGE, DEVSEC_ERR_WRONG_LENGTH,
                        "more than %d certificates; expected those of one chain", MAX);
    for (int i = 0; i < sk_X509_num(bundle) && !err; i++) {
        time_t begin = 0;

        mesh.certificates[i] = sk_X509_value(bundle, i);
        err = pki_certificate_dates(mesh.certificates[i], &begin, &mesh.ends[i], fault);
        mesh.count++;
    }
    if (!err)
        err = find_leaf(&mesh, key, fault);
    if (!err)
        err = find_links(&mesh, fault);
    if (err)
        return err;
    measure(&mesh);
    err = check_all_belong(&mesh, fault);
    if (err)
        return err;
    above = sk_X509_new_null();
    if (!above)
        return pki_fail_memory(fault);
    err = climb(above, &mesh, fault);
    if (err) {
        sk_X509_pop_free(above, X509_free);
        return err;
    }
    X509_up_ref(mesh.certificates[mesh.leaf]);
    *leaf = mesh.certificates[mesh.leaf];
    *chain = above;
    return DEVSEC_OK;
}
