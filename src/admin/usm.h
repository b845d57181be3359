/* SPDX-License-Identifier: Apache-2.0 */
/* SNMP's User-based Security Model (RFC 3414, RFC 7860, RFC 3826): its protocols, and keys from passwords. */
#ifndef DEVSEC_ADMIN_USM_H
#define DEVSEC_ADMIN_USM_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define USM_KEY_MAX      64 /* octets of the longest digest */
#define USM_PASSWORD_MIN 8  /* RFC 3414, 11.2 */
#define USM_PASSWORD_MAX 255
#define USM_ENGINE_MIN   5 /* RFC 3411, SnmpEngineID */
#define USM_ENGINE_MAX   32

/*
 * An authentication protocol.
 *   name    as people, the settings document and snmpd.conf write it
 *   digest  OpenSSL's name of the hash function
 *   length  octets of its digest, and so of its keys
 *   weak    offered on request only, with a warning
 */
struct usm_auth {
    const char *name;
    const char *digest;
    size_t length;
    bool weak;
};

/* A privacy protocol, likewise; `word` is what snmpd.conf calls it. */
struct usm_priv {
    const char *name;
    const char *word;
    size_t length;
    bool weak;
};

extern const struct usm_auth usm_auths[];
extern const size_t usm_auth_count;
extern const struct usm_priv usm_privs[];
extern const size_t usm_priv_count;

#define USM_AUTH_DEFAULT "SHA-256"
#define USM_PRIV_DEFAULT "AES-128"

/* The protocol of that name, in whatever case, or as net-snmp's tools spell it (SHA, AES256); NULL if there is none. */
const struct usm_auth *usm_auth_find(const char *name);
const struct usm_priv *usm_priv_find(const char *name);

/*
 * DEVSEC_ERR_INCONSISTENT for a pair whose privacy key is longer than what the hash function yields: how such a key is
 * made longer was never standardised, and implementations do it differently, so that both ends know the right password
 * and still do not understand each other.
 */
enum devsec_err usm_pair_check(const struct usm_auth *auth, const struct usm_priv *priv, struct devsec_error *error);

/*
 * Password to master key, Ku: auth->length octets into `key` (RFC 3414, A.2; RFC 7860, 9.3 for SHA-2). Privacy keys are
 * made with the user's authentication protocol, too. A password of no octets is DEVSEC_ERR_WRONG_LENGTH.
 */
enum devsec_err usm_master_key(const struct usm_auth *auth, const char *password, size_t length,
                               unsigned char key[USM_KEY_MAX], struct devsec_error *error);

/* Master key to localized key, Kul = H(Ku, engine, Ku) (RFC 3414, 2.6); `localized` may be `master`. */
enum devsec_err usm_localize_key(const struct usm_auth *auth, const unsigned char master[USM_KEY_MAX],
                                 const unsigned char *engine, size_t engine_length,
                                 unsigned char localized[USM_KEY_MAX], struct devsec_error *error);

struct usm_engine {
    unsigned char octets[USM_ENGINE_MAX];
    size_t length;
};

/*
 * Reads an engine ID: 5 to 32 octets in hexadecimal, "0x" before them or not, neither all zeros nor all ones (RFC 3411,
 * SnmpEngineID). DEVSEC_ERR_WRONG_VALUE.
 */
enum devsec_err usm_engine_parse(const char *text, struct usm_engine *engine, struct devsec_error *error);

/* Lower-case hexadecimal of `length` octets and a NUL; `to` has room for 2 * length + 1. */
void usm_hex(char *to, const unsigned char *octets, size_t length);

/* The reverse: exactly `length` octets from 2 * length digits; false if there is anything else among them. */
bool usm_unhex(const char *text, unsigned char *octets, size_t length);

#endif
