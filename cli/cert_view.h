/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates as the panel's commands show them: the words, trees and colours that all of them share. */
#ifndef DEVSEC_CLI_CERT_VIEW_H
#define DEVSEC_CLI_CERT_VIEW_H

#include "cert_change.h"
#include "tree.h"

#include <time.h>

/* What is shown, and from when on a certificate ends soon. Borrowed from a struct cert_panel. */
struct cert_view {
    const struct inventory *inventory;
    const struct document *document;
    time_t now;
    unsigned warning_days;
};

/* The inventory has to follow the store's current document. */
struct cert_view cert_view_of(const struct cert_panel *cert);

/* The label of a value of a MIB object (MIB_...), "?" for none. */
const char *cert_label(int object, int64_t value);

/* The trees that YAML, JSON and the text of one key or trusted certificate are made of. */
void cert_view_slot(struct tree *tree, struct yaml_node *node, const struct cert_view *view,
                    const struct pki_slot *slot);
void cert_view_trusted(struct tree *tree, struct yaml_node *node, const struct cert_view *view,
                       const struct pki_trusted *trusted);

/* The colour of a value in such a tree: of "status", "validity", "verify", "trouble"; CLI_PLAIN for the others. */
enum cli_paint cert_view_paint(const char *key, const char *value);

/* "tls, ipsec-2" */
#define CERT_USES_ROOM 96
void cert_view_uses(char to[CERT_USES_ROOM], const struct document *document, unsigned slot);

enum pki_validity cert_view_validity(const struct cert_view *view, const struct pki_summary *summary);

/* Started days until a certificate's end, as devsecHealthText counts them; 0 or less once it is past. */
int64_t cert_view_days_left(const struct cert_view *view, const struct pki_summary *summary);

/* "2027-01-31", the day of a date. */
#define CERT_DAY_ROOM 32
void cert_view_day(char to[CERT_DAY_ROOM], time_t when);

/* The day of a certificate's end for a list, which says without colours, too, what is wrong with it: "2027-01-31",
 * "expired 2026-01-31", "from 2030-01-01"; "" for no certificate. */
#define CERT_ENDS_ROOM (CERT_DAY_ROOM + 16)
void cert_view_ends(char to[CERT_ENDS_ROOM], const struct cert_view *view, const struct pki_summary *summary);

/* The common name of a subject (pki_name_text) as it was meant, without escapes but for what cannot be shown; the whole
 * subject if it has none. Cut where it does not fit. */
void cert_view_common_name(char *to, size_t room, const char *subject);

#endif
