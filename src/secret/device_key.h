/* SPDX-License-Identifier: Apache-2.0 */
/* What a device key is inside: for sealing alone. */
#ifndef DEVSEC_SECRET_DEVICE_KEY_H
#define DEVSEC_SECRET_DEVICE_KEY_H

#include <stdbool.h>
#include <stddef.h>

#define DEVICE_KEY_SIZE 32 /* AES-256 */

struct device_key {
    unsigned char octets[DEVICE_KEY_SIZE];
};

/* Fills a buffer from the kernel's random numbers, of 256 octets at most; false with errno set. */
bool secret_random(void *to, size_t length);

#endif
