/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's memory: cleansed whenever it is freed. */
#ifndef DEVSEC_SECRET_OPENSSL_MEMORY_H
#define DEVSEC_SECRET_OPENSSL_MEMORY_H

#include <stdbool.h>

/*
 * Has OpenSSL cleanse every block that it frees or outgrows. Its decoders leave copies of a private key in freed memory
 * otherwise (the DER that each of them tries, ASN.1 structures), where no caller could reach them. For the whole
 * process: to be called once, at the beginning of main, before OpenSSL has allocated anything; false if it has.
 */
bool openssl_memory_cleanse(void);

#endif
