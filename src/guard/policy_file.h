/* SPDX-License-Identifier: Apache-2.0 */
/* The policy for the whole agent as a file: how devsec_master.so, inside snmpd, learns what the settings say. */
#ifndef DEVSEC_GUARD_POLICY_FILE_H
#define DEVSEC_GUARD_POLICY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * devsecd and devsecctl write it (src/apply/), the module reads it. It is there while neither of them runs, and only
 * root or the owner of its folder can have written it. Its text, of which nothing may be missing and nothing added:
 *
 *     # comments, as many as there are, here only
 *     devsec-snmp-policy 1         the format and its version
 *     generation 17                of the settings that brought this policy
 *     v3 encryptionOnly            devsecSnmpV3Permit, by its label
 *     v1v2c disabled               devsecSnmpV1V2Permit, by its label
 *     end                          so that a file that was cut short is not taken for a whole one
 */
#define POLICY_FILE_NAME    "snmp-policy" /* in the folder of applied files */
#define POLICY_FILE_DEFAULT "/var/lib/devsec/applied/" POLICY_FILE_NAME
#define POLICY_FILE_MAX     1024 /* octets */
#define POLICY_FILE_WHY_MAX 512  /* enough for a path of ordinary length and a sentence */

struct policy_file {
    uint32_t generation;
    uint32_t v3;    /* a value of devsecSnmpV3Permit */
    uint32_t v1v2c; /* a value of devsecSnmpV1V2Permit */
};

/*
 * Everything below reports failures as a sentence in `why` (`room` octets), not as a struct devsec_error: that one is
 * not there inside snmpd.
 */

/* Writes the file's text into `text` and returns its length; 0 if a value has no label or `room` is too small. */
size_t policy_file_render(const struct policy_file *policy, char *text, size_t room);

/* Reads a text, which need not end in NUL. False with "line N: ..." in `why`; `*policy` is then untouched. */
bool policy_file_parse(struct policy_file *policy, const char *text, size_t length, char *why, size_t room);

/* Reads the file if it can be trusted (trusted_file_read); otherwise `*policy` is untouched. */
bool policy_file_read(struct policy_file *policy, const char *path, char *why, size_t room);

#endif
