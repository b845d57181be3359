/* SPDX-License-Identifier: Apache-2.0 */
/* Short names for the bits of devsecTlsVersions and devsecTlsCiphers, for tables of cases. */
#ifndef DEVSEC_TESTS_TLS_MASKS_H
#define DEVSEC_TESTS_TLS_MASKS_H

#include "devsec_mib.h"

#define SSL30 (1u << MIB_devsecTlsVersions_ssl30)
#define TLS10 (1u << MIB_devsecTlsVersions_tls10)
#define TLS11 (1u << MIB_devsecTlsVersions_tls11)
#define TLS12 (1u << MIB_devsecTlsVersions_tls12)
#define TLS13 (1u << MIB_devsecTlsVersions_tls13)
#define ALL_V (SSL30 | TLS10 | TLS11 | TLS12 | TLS13)

#define AES128 (1u << MIB_devsecTlsCiphers_aes128)
#define AES256 (1u << MIB_devsecTlsCiphers_aes256)
#define TDES   (1u << MIB_devsecTlsCiphers_tripleDes168)
#define RC4    (1u << MIB_devsecTlsCiphers_rc4)
#define AES    (AES128 | AES256)
#define ALL_C  (AES | TDES | RC4)

#endif
