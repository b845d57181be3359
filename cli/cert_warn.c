/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings about keys and certificates; see cert_warn.h. */
#include "cert_warn.h"

#include "cert_view.h"
#include "devsec_mib.h"

#include <string.h>

#define WHAT_ROOM 64

static bool follow(struct cert_panel *cert)
{
    struct devsec_error error = {DEVSEC_OK, ""};
    bool changed = false;

    fflush(cert->cli->out); /* what was done comes before what is to be said about it */
    if (inventory_follow(cert->pki.inventory, store_current(cert->panel.store), &changed, &error) == DEVSEC_OK)
        return true;
    cli_warning(cert->cli, "what was changed could not be looked at again: %s", error.text);
    return false;
}

static void warn_dates(const struct cli *cli, const struct cert_view *view, const struct pki_summary *summary,
                       const char *what)
{
    const enum pki_validity validity = cert_view_validity(view, summary);
    const long long days = (long long)cert_view_days_left(view, summary);
    char day[CERT_DAY_ROOM];

    cert_view_day(day, validity == PKI_NOT_YET_VALID ? summary->not_before : summary->not_after);
    if (validity == PKI_EXPIRED)
        cli_warning(cli, "%s expired on %s", what, day);
    else if (validity == PKI_NOT_YET_VALID)
        cli_warning(cli, "%s is not valid before %s", what, day);
    else if (validity == PKI_EXPIRING)
        cli_warning(cli, "%s expires in %lld day%s, on %s", what, days, days == 1 ? "" : "s", day);
}

/* "SHA-1" for "sha1WithRSAEncryption" and "ecdsa-with-SHA1"; else the algorithm as OpenSSL calls it. */
static const char *hash_name(const char *algorithm)
{
    static const struct {
        const char *part;
        const char *name;
    } hashes[] = {{"sha1", "SHA-1"}, {"md5", "MD5"}, {"md4", "MD4"}, {"md2", "MD2"}};

    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (strcasestr(algorithm, hashes[i].part))
            return hashes[i].name;
    }
    return algorithm;
}

static void warn_weakness(const struct cli *cli, const struct pki_summary *summary, uint32_t weakness, const char *what)
{
    const struct mib_object *object = &mib_objects[MIB_devsecCertWeakness];
    char key[PKI_KEY_WORDS_MAX];

    for (size_t i = 0; i < object->n_labels; i++) {
        const uint32_t bit = weakness & (1u << object->labels[i].value);

        if (bit == PKI_WEAK_SHORT_KEY) {
            pki_key_words(&summary->key, key);
            cli_warning(cli, "the key of %s can be broken: %s is short; expected RSA 2048 or longer, or P-256", what,
                        key);
        } else if (bit == PKI_WEAK_HASH) {
            cli_warning(cli, "%s is signed with %s, which can be forged; expected SHA-256 or longer", what,
                        hash_name(summary->signature_algorithm));
        } else if (bit) {
            cli_warning(cli, "the key of %s is weak: %s", what, object->labels[i].name);
        }
    }
}

static void warn_names(const struct cli *cli, const struct pki_summary *summary, const char *what)
{
    char name[DEVSEC_ERROR_TEXT_MAX];

    if (summary->alt_names[0] != '\0')
        return;
    cert_view_common_name(name, sizeof(name), summary->subject);
    cli_warning(cli,
                "'%s' is no host name or address, so that %s has no alternative name, and clients that check names "
                "refuse it; --alt-names gives it some",
                name, what);
}

void cert_warn_slot(struct cert_panel *cert, unsigned slot, bool is_made)
{
    const struct pki_slot *found = slot && follow(cert) ? inventory_find(cert->pki.inventory, slot) : NULL;
    struct cert_view view;
    char what[WHAT_ROOM];

    if (!found || found->trouble || !found->summary.subject)
        return; /* damage is said by others */
    view = cert_view_of(cert);
    snprintf(what, sizeof(what), "the %s in slot %u", found->summary.not_after ? "certificate" : "request", slot);
    warn_dates(cert->cli, &view, &found->summary, what);
    warn_weakness(cert->cli, &found->summary, found->summary.weakness, what);
    if (is_made)
        warn_names(cert->cli, &found->summary, what);
}

void cert_warn_trusted(struct cert_panel *cert)
{
    const struct inventory *inventory = cert->pki.inventory;
    struct cert_view view;

    if (!cert->panel.before || !follow(cert))
        return;
    view = cert_view_of(cert);
    for (size_t i = 0; i < inventory_trusted_count(inventory); i++) {
        const struct pki_trusted *trusted = inventory_trusted(inventory, i);
        char what[WHAT_ROOM];

        if (table_find(TABLE_TRUSTED, &cert->panel.before->tables[TABLE_TRUSTED], &trusted->row[TRUSTED_INDEX]) >= 0 ||
            trusted->trouble)
            continue;
        snprintf(what, sizeof(what), "trusted certificate %u", trusted->index);
        warn_dates(cert->cli, &view, &trusted->summary, what);
        warn_weakness(cert->cli, &trusted->summary, trusted->summary.weakness & ~(uint32_t)PKI_WEAK_HASH, what);
    }
}
