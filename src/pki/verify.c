/* SPDX-License-Identifier: Apache-2.0 */
/* Building and judging chains; see verify.h for the contract. */
#include "pki/verify.h"

#include "base/text.h"
#include "pki/chain.h"
#include "pki/summary.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

/* One certificate that a chain can be made of. */
struct link {
    X509 *certificate;
    bool trusted;
    time_t from;
    time_t until;
    size_t below; /* the one that led here, NONE for the leaf and for what was not reached */
    bool reached;
};

/* All of them: the leaf, then the trusted ones, then the others, so that a trusted one is found first. */
struct web {
    struct link *links;
    size_t *queue; /* the reached ones, nearest first */
    size_t count;
    size_t reached;
    bool failed; /* memory was short, and what was found means nothing */
};

static void web_free(struct web *web)
{
    free(web->links);
    free(web->queue);
}

/* A certificate whose dates are no times is never valid. */
static void put_link(struct web *web, X509 *certificate, bool trusted)
{
    struct link *link = &web->links[web->count++];

    *link = (struct link){.certificate = certificate, .trusted = trusted};
    if (pki_certificate_dates(certificate, &link->from, &link->until, NULL)) {
        link->from = 1;
        link->until = 0;
    }
}

static bool web_new(struct web *web, X509 *leaf, STACK_OF(X509) *chain, STACK_OF(X509) *trusted)
{
    const int above = sk_X509_num(chain) > 0 ? sk_X509_num(chain) : 0;
    const int anchors = sk_X509_num(trusted) > 0 ? sk_X509_num(trusted) : 0;
    const size_t room = 1 + (size_t)above + (size_t)anchors;
    bool leaf_trusted = false;

    web->links = calloc(room, sizeof(web->links[0]));
    web->queue = calloc(room, sizeof(web->queue[0]));
    if (!web->links || !web->queue)
        return false;
    for (int i = 0; i < anchors && !leaf_trusted; i++)
        leaf_trusted = pki_is_same(leaf, sk_X509_value(trusted, i));
    put_link(web, leaf, leaf_trusted);
    for (int i = 0; i < anchors; i++)
        put_link(web, sk_X509_value(trusted, i), true);
    for (int i = 0; i < above; i++)
        put_link(web, sk_X509_value(chain, i), false);
    return true;
}

/* ---- Ways up ---- */

static enum pki_link link_of(struct web *web, size_t subject, size_t issuer)
{
    const enum pki_link link = pki_link_between(web->links[subject].certificate, web->links[issuer].certificate);

    web->failed = web->failed || link == PKI_LINK_UNKNOWN;
    return link;
}

static bool is_valid(const struct link *link, time_t now)
{
    return link->from <= now && now <= link->until;
}

/*
 * Goes up from the leaf in all directions at once until a trusted certificate is reached; returns that or NONE. With
 * `valid_only`, certificates are passed over that are not valid at `now`. Each is reached once, so circles end.
 */
static size_t search(struct web *web, bool valid_only, time_t now)
{
    for (size_t i = 0; i < web->count; i++) {
        web->links[i].reached = i == 0;
        web->links[i].below = NONE;
    }
    web->queue[0] = 0;
    web->reached = 1;
    if (web->links[0].trusted)
        return 0;
    for (size_t at = 0; at < web->reached; at++) {
        const size_t subject = web->queue[at];

        if (pki_is_self_signed(web->links[subject].certificate))
            continue;
        for (size_t i = 1; i < web->count; i++) {
            struct link *issuer = &web->links[i];

            if (issuer->reached || (valid_only && !is_valid(issuer, now)) ||
                link_of(web, subject, i) != PKI_LINK_SIGNED)
                continue;
            issuer->reached = true;
            issuer->below = subject;
            if (issuer->trusted)
                return i;
            web->queue[web->reached++] = i;
        }
    }
    return NONE;
}

/* Where the search ended: at a root, or else at the certificate that is the farthest from the leaf. */
static size_t top_of(const struct web *web)
{
    size_t top = 0;

    for (size_t i = 0; i < web->reached; i++) {
        top = web->queue[i];
        if (pki_is_self_signed(web->links[top].certificate))
            break;
    }
    return top;
}

/* ---- Judging a way ---- */

/* A way, and what OpenSSL thinks of it. */
struct judging {
    const struct web *web;
    size_t anchor;
    int error; /* X509_V_OK if there is none */
    X509 *culprit;
};

/* OpenSSL joins certificates by their names; here it goes the way that was found by the signatures. */
static int is_on_the_way(X509_STORE_CTX *context, X509 *subject, X509 *issuer)
{
    const struct judging *judging = X509_STORE_CTX_get_app_data(context);
    const struct link *links = judging->web->links;

    for (size_t i = judging->anchor; links[i].below != NONE; i = links[i].below) {
        if (pki_is_same(links[i].certificate, issuer) && pki_is_same(links[links[i].below].certificate, subject))
            return 1;
    }
    return 0;
}

/* Runs RFC 5280's verification over the way. False when memory is short. */
static bool run_openssl(struct judging *judging, X509_STORE *store, X509_STORE_CTX *context, STACK_OF(X509) *between)
{
    const struct link *links = judging->web->links;
    X509_VERIFY_PARAM *param = NULL;

    for (size_t i = links[judging->anchor].below; i != NONE && i != 0; i = links[i].below) {
        if (!sk_X509_push(between, links[i].certificate))
            return false;
    }
    X509_STORE_set_check_issued(store, is_on_the_way);
    if (!X509_STORE_add_cert(store, links[judging->anchor].certificate) ||
        !X509_STORE_CTX_init(context, store, links[0].certificate, between) ||
        !X509_STORE_CTX_set_app_data(context, judging))
        return false;
    param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_auth_level(param, 0);
    /* Dates are looked at here: to OpenSSL, a certificate has expired in its last second already. */
    if (!X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME))
        return false;
    if (X509_verify_cert(context) != 1) {
        judging->error = X509_STORE_CTX_get_error(context);
        judging->culprit = X509_STORE_CTX_get_current_cert(context);
        /* The signatures have been found to be right before. */
        return !pki_openssl_lacked_memory() && judging->error != X509_V_ERR_OUT_OF_MEM &&
               judging->error != X509_V_ERR_CERT_SIGNATURE_FAILURE && judging->error != X509_V_OK;
    }
    return true;
}

static enum devsec_err judge(struct judging *judging, struct pki_fault *fault)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    enum devsec_err err = DEVSEC_OK;

    if (!store || !context || !between || !run_openssl(judging, store, context, between))
        err = pki_fail_memory(fault);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    sk_X509_free(between);
    ERR_clear_error();
    return err;
}

/* ---- Verdicts ---- */

static void __attribute__((format(printf, 3, 4)))
say(struct pki_verification *out, enum pki_verdict verdict, const char *format, ...)
{
    va_list args;

    out->verdict = verdict;
    va_start(args, format);
    vsnprintf(out->text, sizeof(out->text), format, args);
    va_end(args);
}

static void subject_words(const struct web *web, size_t i, char to[PKI_NAME_WORDS_MAX])
{
    pki_name_words(X509_get_subject_name(web->links[i].certificate), to);
}

/* The span of a way, and on whom a date fails first. */
static size_t span_of(const struct web *web, size_t anchor, time_t now, struct pki_verification *out)
{
    size_t culprit = NONE;

    out->valid_from = web->links[anchor].from;
    out->valid_until = web->links[anchor].until;
    for (size_t i = anchor; i != NONE; i = web->links[i].below) {
        const struct link *link = &web->links[i];

        if (link->from > out->valid_from)
            out->valid_from = link->from;
        if (link->until < out->valid_until)
            out->valid_until = link->until;
        if (!is_valid(link, now))
            culprit = i; /* the one nearest to the leaf in the end */
    }
    return culprit;
}

static void say_expired(const struct web *web, size_t culprit, time_t now, struct pki_verification *out)
{
    const struct link *link = &web->links[culprit];
    char name[PKI_NAME_WORDS_MAX];
    char date[21];

    subject_words(web, culprit, name);
    if (link->from > link->until) {
        say(out, PKI_CHAIN_EXPIRED, "the certificate of '%s' is never valid: it ends before it begins", name);
    } else if (now > link->until) {
        text_date(date, sizeof(date), link->until);
        say(out, PKI_CHAIN_EXPIRED, "the certificate of '%s' expired on %s", name, date);
    } else {
        text_date(date, sizeof(date), link->from);
        say(out, PKI_CHAIN_EXPIRED, "the certificate of '%s' is not valid before %s", name, date);
    }
}

static enum devsec_err judge_way(struct pki_verification *out, const struct web *web, size_t anchor, time_t now,
                                 struct pki_fault *fault)
{
    struct judging judging = {.web = web, .anchor = anchor, .error = X509_V_OK};
    const size_t culprit = span_of(web, anchor, now, out);
    char name[PKI_NAME_WORDS_MAX];
    enum devsec_err err = judge(&judging, fault);

    if (err)
        return err;
    if (judging.error != X509_V_OK) {
        pki_name_words(X509_get_subject_name(judging.culprit ? judging.culprit : web->links[0].certificate), name);
        say(out, PKI_BAD_SIGNATURE, "'%s' makes the chain invalid: %s", name,
            X509_verify_cert_error_string(judging.error));
        out->valid_from = 0;
        out->valid_until = 0;
    } else if (culprit != NONE) {
        say_expired(web, culprit, now, out);
    } else {
        out->verdict = PKI_VERIFIED;
    }
    return DEVSEC_OK;
}

/* A certificate that could be the issuer's, and did not or must not sign. */
static bool say_false_issuer(struct pki_verification *out, struct web *web, size_t top)
{
    char below[PKI_NAME_WORDS_MAX];
    char name[PKI_NAME_WORDS_MAX];

    for (size_t i = 1; i < web->count; i++) {
        const enum pki_link link = link_of(web, top, i);

        if (link != PKI_LINK_FORGED && link != PKI_LINK_FORBIDDEN)
            continue;
        subject_words(web, top, below);
        subject_words(web, i, name);
        say(out, PKI_BAD_SIGNATURE,
            link == PKI_LINK_FORGED
                ? "the signature of '%s' was not made by the key of '%s', which is named as its issuer"
                : "'%s' is signed by '%s', whose keyUsage does not allow that",
            below, name);
        return true;
    }
    return false;
}

static void judge_without_way(struct pki_verification *out, struct web *web)
{
    const size_t top = top_of(web);
    const bool root = pki_is_self_signed(web->links[top].certificate);
    char issuer[PKI_NAME_WORDS_MAX];
    char name[PKI_NAME_WORDS_MAX];

    subject_words(web, top, name);
    pki_name_words(X509_get_issuer_name(web->links[top].certificate), issuer);
    if (root && top == 0) {
        say(out, PKI_SELF_SIGNED, "signed by its own key, and not among the trusted certificates");
        out->valid_from = web->links[0].from;
        out->valid_until = web->links[0].until;
    } else if (root)
        say(out, PKI_ISSUER_UNKNOWN, "the chain ends at '%s', which is not trusted: the device has to trust it first",
            name);
    else if (say_false_issuer(out, web, top))
        return;
    else if (top == 0)
        say(out, PKI_CHAIN_INCOMPLETE, "the certificate of '%s' is missing: install it with the certificate", issuer);
    else
        say(out, PKI_ISSUER_UNKNOWN,
            "'%s' is signed by '%s': the device has to trust that first; if it is no root, install it with the "
            "certificate",
            name, issuer);
}

/* ---- What a verdict means by now ---- */

static bool has_span(const struct pki_verification *verification)
{
    return verification->verdict == PKI_VERIFIED || verification->verdict == PKI_SELF_SIGNED ||
           verification->verdict == PKI_CHAIN_EXPIRED;
}

enum pki_verdict pki_verdict_at(const struct pki_verification *verification, time_t now)
{
    if (!has_span(verification))
        return verification->verdict;
    if (now < verification->valid_from || now > verification->valid_until)
        return PKI_CHAIN_EXPIRED;
    return verification->verdict == PKI_SELF_SIGNED ? PKI_SELF_SIGNED : PKI_VERIFIED;
}

static void span_text(const struct pki_verification *verification, time_t now, char *to, size_t room)
{
    const char *which = verification->verdict == PKI_SELF_SIGNED ? "the certificate, which is signed by its own key,"
                                                                 : "a certificate of the chain";
    const bool is_over = now > verification->valid_until;
    char date[21];

    if (verification->valid_from > verification->valid_until) {
        snprintf(to, room, "%s is never valid: it ends before it begins", which);
        return;
    }
    text_date(date, sizeof(date), is_over ? verification->valid_until : verification->valid_from);
    snprintf(to, room,
             is_over ? "%s expired at %s; have it renewed" : "%s is not valid before %s; check the device's clock",
             which, date);
}

void pki_verdict_text(const struct pki_verification *verification, time_t now, char *to, size_t room)
{
    const enum pki_verdict verdict = pki_verdict_at(verification, now);

    if (verdict == PKI_CHAIN_EXPIRED && verification->verdict != PKI_CHAIN_EXPIRED)
        span_text(verification, now, to, room);
    else
        snprintf(to, room, "%s", verdict == PKI_VERIFIED ? "" : verification->text);
}

enum devsec_err pki_verify(struct pki_verification *out, X509 *leaf, STACK_OF(X509) *chain, STACK_OF(X509) *trusted,
                           time_t now, struct pki_fault *fault)
{
    struct pki_verification made = {.verdict = PKI_NOT_CHECKED};
    struct web web = {0};
    size_t anchor = NONE;
    enum devsec_err err = DEVSEC_OK;

    ERR_clear_error();
    if (!web_new(&web, leaf, chain, trusted)) {
        err = pki_fail_memory(fault);
        goto out;
    }
    anchor = search(&web, true, now);
    if (anchor == NONE)
        anchor = search(&web, false, now);
    if (anchor != NONE)
        err = judge_way(&made, &web, anchor, now, fault);
    else
        judge_without_way(&made, &web);
    if (!err && web.failed)
        err = pki_fail_memory(fault);
    if (!err)
        *out = made;
out:
    web_free(&web);
    ERR_clear_error();
    return err;
}
