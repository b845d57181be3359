/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS policy: what the stack has, what a policy comes to on it, and which policies must be refused. */
#ifndef DEVSEC_TLS_POLICY_H
#define DEVSEC_TLS_POLICY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Masks: bit n (1u << n) is bit position n of devsecTlsVersions and devsecTlsCiphers. */

/* The key of the certificate that is installed and assigned to the use tls(1); it decides which suites can be used. */
enum tls_certificate { TLS_CERTIFICATE_NONE, TLS_CERTIFICATE_RSA, TLS_CERTIFICATE_ECDSA };

/* The settings as the store has them. */
struct tls_policy {
    int permit_mode; /* value of devsecTlsPermitMode */
    bool ipv4;
    bool ipv6;
    uint32_t versions;
    uint32_t ciphers;
    bool rsa_key_exchange;
    bool sha1_digest;
    enum tls_certificate certificate; /* TLS_CERTIFICATE_NONE rules no suite out: it says what a policy would come to */
};

/* The cipher suites that a policy can choose from, in order of preference (strongest first). */
struct tls_suite {
    const char *name;      /* OpenSSL's */
    const char *iana_name; /* the IANA registry's */
    uint32_t versions;     /* where the protocol defines it (SSL 3.0 to TLS 1.2 for the old ones) */
    uint32_t cipher;       /* one bit of devsecTlsCiphers */
    bool rsa_key_exchange; /* no forward secrecy: the premaster travels under the certificate's RSA key */
    bool sha1_digest;      /* its MAC is SHA-1 */
    /* The certificate that a server must have for it (RFC 5246, 7.4.2; RFC 8422, 2); NONE: any (RFC 8446, 4.2.3) */
    enum tls_certificate authentication;
};

#define TLS_SUITE_MAX 64
extern const struct tls_suite tls_suites[];
extern const size_t tls_suite_count;

/* What a TLS stack has: asked of the linked OpenSSL, or stated by the device profile. */
struct tls_stack {
    uint32_t versions;
    uint32_t ciphers;
    uint32_t suite_versions[TLS_SUITE_MAX]; /* for tls_suites[i], the versions it can be negotiated with */
};

/*
 * Asks the linked library, per version and suite, what it would take at security level 0 (so that the answer is what
 * the build has, not what a configuration file leaves on). No certificate is needed. DEVSEC_ERR_INTERNAL if OpenSSL
 * fails; its reason is in the text.
 */
enum devsec_err tls_stack_from_library(struct tls_stack *stack, struct devsec_error *error);

/* A stack that has these versions and ciphers and every suite of the table made of them. */
void tls_stack_from_masks(struct tls_stack *stack, uint32_t versions, uint32_t ciphers);

/* What a client is really offered: the policy on a stack. */
struct tls_effective {
    uint32_t versions; /* those with at least one suite left */
    size_t n_suites;
    size_t suites[TLS_SUITE_MAX];           /* indexes into tls_suites, in order of preference */
    uint32_t suite_versions[TLS_SUITE_MAX]; /* for suites[i] */
};

void tls_effective_get(struct tls_effective *effective, const struct tls_policy *policy, const struct tls_stack *stack);

/* "TLS_AES_256_GCM_SHA384:ECDHE-...": as many names as fit `room` (NUL included), then ":+N" for N left out. */
void tls_effective_names(const struct tls_effective *effective, char *text, size_t room);

/*
 * The policy as OpenSSL configuration: the cipher string for TLS 1.2 and below (SSL_CTX_set_cipher_list, "@SECLEVEL=0"
 * added where the versions or suites need it; "" when none is offered) and the TLS 1.3 suites
 * (SSL_CTX_set_ciphersuites; "" when none). Both buffers hold TLS_STRING_MAX.
 */
#define TLS_STRING_MAX 2048
void tls_effective_openssl(const struct tls_effective *effective, char *cipher_list, char *ciphersuites);

/* The settings that a refused policy's rule is about, as a set of these bits. */
enum tls_involved {
    TLS_INVOLVES_MODE = 1 << 0,
    TLS_INVOLVES_IPV4 = 1 << 1,
    TLS_INVOLVES_IPV6 = 1 << 2,
    TLS_INVOLVES_VERSIONS = 1 << 3,
    TLS_INVOLVES_CIPHERS = 1 << 4,
    TLS_INVOLVES_RSA = 1 << 5,
    TLS_INVOLVES_SHA1 = 1 << 6,
    TLS_INVOLVES_CERTIFICATE = 1 << 7, /* no setting: the key that is assigned to tls(1) */
};

/*
 * Every rule of T2 to T6: no version, no cipher, a cipher that no enabled version can carry, enabling without a
 * certificate, and a lock-out (TLS enabled while nothing would be offered, be it on account of the certificate's key).
 * DEVSEC_ERR_INCONSISTENT with a sentence that says what to change; `*involved` is then a set of tls_involved.
 */
enum devsec_err tls_policy_check(const struct tls_policy *policy, const struct tls_stack *stack, unsigned *involved,
                                 struct devsec_error *error);

/*
 * What is allowed and yet should be looked at: weak versions and ciphers, TLS 1.2 off (LDAP servers, T9), ciphertext
 * only with so little left that common clients may be locked out (T6), enabled things the stack has not. Calls `say`
 * once for each, with a sentence. Returns how many.
 */
size_t tls_policy_warnings(const struct tls_policy *policy, const struct tls_stack *stack,
                           void (*say)(void *context, const char *sentence), void *context);

/* SMTP [T8]: how mail is encrypted, a value of devsecSmtpTransport. */
int smtp_transport(bool secure, int64_t port);

/* The port that turning SMTP over SSL on moves to [T8]. */
#define SMTP_PORT_IMPLICIT_TLS 465
#define SMTP_PORT_STARTTLS     587

#endif
