/* SPDX-License-Identifier: Apache-2.0 */
/* Alternative names as administrators write them, turned into those of a certificate; private to src/pki. */
#ifndef DEVSEC_PKI_ALT_NAMES_H
#define DEVSEC_PKI_ALT_NAMES_H

#include "pki/fault.h"

#include <openssl/x509v3.h>
#include <stddef.h>

/* How many names a list may have. */
#define ALT_NAMES_MAX 32

/*
 * Adds each name of a list (pki/subject.h says how it is written) to `names`, unless it is there already. No list, NULL
 * or "", adds nothing. PKI_INVALID_PARAMETER with the name and its place in the list; then some of them may have been
 * added.
 */
enum devsec_err alt_names_add_list(GENERAL_NAMES *names, const char *list, struct pki_fault *fault);

/* Adds a text that is a host name or an address, unless it is there already; any other text is none, and no failure. */
enum devsec_err alt_names_add_if_any(GENERAL_NAMES *names, const char *text, struct pki_fault *fault);

#endif
