/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of devsecctl check beside the settings: who may write to files, the device key, the applied files. */
#ifndef DEVSEC_CLI_CHECK_FILES_H
#define DEVSEC_CLI_CHECK_FILES_H

#include "device/config.h"
#include "device/device.h"
#include "findings.h"

/* An error if others than its owner may have written the file (guard/trusted_file.h); symbolic links are followed. */
void check_trusted(struct findings *findings, const char *file);

/* The device key: usable, and the one that every administrator's keys in the document open with. */
void check_device_key(struct findings *findings, const char *key_file, const struct document *document);

/* Every key and certificate of the document: its files are there and whole, and the device key opens it. (check_keys.c)
 */
void check_keys(struct findings *findings, const struct config *config, const struct document *document);

/* The folder of applied files, and those of this device in it: there, readable, and nobody else's to write. */
void check_applied(struct findings *findings, const struct device *device, const char *folder);

#endif
