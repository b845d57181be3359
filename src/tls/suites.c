/* SPDX-License-Identifier: Apache-2.0 */
/* The table of cipher suites that a policy can choose from. */
#include "tls/tls_policy.h"

#include "devsec_mib.h"

/* Where the protocol defines a suite. AES came with RFC 3268 for TLS 1.0, and SSL 3.0 stacks took it over as it was. */
#define SSL30 (1u << MIB_devsecTlsVersions_ssl30)
#define TLS10 (1u << MIB_devsecTlsVersions_tls10)
#define TLS11 (1u << MIB_devsecTlsVersions_tls11)
#define TLS12 (1u << MIB_devsecTlsVersions_tls12)
#define TLS13 (1u << MIB_devsecTlsVersions_tls13)

/* From SSL 3.0 and from TLS 1.0 up to TLS 1.2. */
#define FROM30 (SSL30 | TLS10 | TLS11 | TLS12)
#define FROM10 (TLS10 | TLS11 | TLS12)

#define ANY   TLS_CERTIFICATE_NONE
#define RSA   TLS_CERTIFICATE_RSA
#define ECDSA TLS_CERTIFICATE_ECDSA

#define AES128 (1u << MIB_devsecTlsCiphers_aes128)
#define AES256 (1u << MIB_devsecTlsCiphers_aes256)
#define TDES   (1u << MIB_devsecTlsCiphers_tripleDes168)
#define RC4    (1u << MIB_devsecTlsCiphers_rc4)

/*
 * Forward secrecy before none, authenticated encryption before CBC, longer keys before shorter ones; 3DES and RC4 come
 * last whatever their key exchange. Suites with an MD5 MAC are left out: with them, "SHA-1 digest off" would make
 * things worse. Sources: RFC 8446 B.4; RFC 5289 (GCM and SHA-2 with ECDHE); RFC 8422 and RFC 4492 (ECDHE);
 * RFC 5288 and RFC 5246 A.5 (RSA key exchange).
 */
/* clang-format off */
const struct tls_suite tls_suites[] = {
    /* OpenSSL's name, IANA's name, versions, cipher, RSA key exchange, SHA-1 digest, certificate */
    {"TLS_AES_256_GCM_SHA384",        "TLS_AES_256_GCM_SHA384",                  TLS13,  AES256, false, false, ANY},
    {"TLS_AES_128_GCM_SHA256",        "TLS_AES_128_GCM_SHA256",                  TLS13,  AES128, false, false, ANY},

    {"ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", TLS12,  AES256, false, false, ECDSA},
    {"ECDHE-RSA-AES256-GCM-SHA384",   "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",   TLS12,  AES256, false, false, RSA},
    {"ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", TLS12,  AES128, false, false, ECDSA},
    {"ECDHE-RSA-AES128-GCM-SHA256",   "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",   TLS12,  AES128, false, false, RSA},

    {"ECDHE-ECDSA-AES256-SHA384",     "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", TLS12,  AES256, false, false, ECDSA},
    {"ECDHE-RSA-AES256-SHA384",       "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",   TLS12,  AES256, false, false, RSA},
    {"ECDHE-ECDSA-AES128-SHA256",     "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", TLS12,  AES128, false, false, ECDSA},
    {"ECDHE-RSA-AES128-SHA256",       "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",   TLS12,  AES128, false, false, RSA},
    {"ECDHE-ECDSA-AES256-SHA",        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",    FROM10, AES256, false, true,  ECDSA},
    {"ECDHE-RSA-AES256-SHA",          "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",      FROM10, AES256, false, true,  RSA},
    {"ECDHE-ECDSA-AES128-SHA",        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",    FROM10, AES128, false, true,  ECDSA},
    {"ECDHE-RSA-AES128-SHA",          "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",      FROM10, AES128, false, true,  RSA},

    {"AES256-GCM-SHA384",             "TLS_RSA_WITH_AES_256_GCM_SHA384",         TLS12,  AES256, true,  false, RSA},
    {"AES128-GCM-SHA256",             "TLS_RSA_WITH_AES_128_GCM_SHA256",         TLS12,  AES128, true,  false, RSA},
    {"AES256-SHA256",                 "TLS_RSA_WITH_AES_256_CBC_SHA256",         TLS12,  AES256, true,  false, RSA},
    {"AES128-SHA256",                 "TLS_RSA_WITH_AES_128_CBC_SHA256",         TLS12,  AES128, true,  false, RSA},
    {"AES256-SHA",                    "TLS_RSA_WITH_AES_256_CBC_SHA",            FROM30, AES256, true,  true,  RSA},
    {"AES128-SHA",                    "TLS_RSA_WITH_AES_128_CBC_SHA",            FROM30, AES128, true,  true,  RSA},

    {"ECDHE-ECDSA-DES-CBC3-SHA",      "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA",   FROM10, TDES,   false, true,  ECDSA},
    {"ECDHE-RSA-DES-CBC3-SHA",        "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",     FROM10, TDES,   false, true,  RSA},
    {"DES-CBC3-SHA",                  "TLS_RSA_WITH_3DES_EDE_CBC_SHA",           FROM30, TDES,   true,  true,  RSA},

    {"ECDHE-ECDSA-RC4-SHA",           "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",        FROM10, RC4,    false, true,  ECDSA},
    {"ECDHE-RSA-RC4-SHA",             "TLS_ECDHE_RSA_WITH_RC4_128_SHA",          FROM10, RC4,    false, true,  RSA},
    {"RC4-SHA",                       "TLS_RSA_WITH_RC4_128_SHA",                FROM30, RC4,    true,  true,  RSA},
};
/* clang-format on */

const size_t tls_suite_count = sizeof(tls_suites) / sizeof(tls_suites[0]);

_Static_assert(sizeof(tls_suites) / sizeof(tls_suites[0]) <= TLS_SUITE_MAX, "tls_stack has no room for every suite");
