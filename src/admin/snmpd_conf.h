/* SPDX-License-Identifier: Apache-2.0 */
/* The administrators as snmpd's configuration: one file of users and their keys, one of who may do what. */
#ifndef DEVSEC_ADMIN_SNMPD_CONF_H
#define DEVSEC_ADMIN_SNMPD_CONF_H

#include "base/error.h"
#include "store/table.h"

#include <stddef.h>

/*
 * Users: one line for each administrator with keys, localized or master keys.
 *
 *   createUser -e 0xENGINE NAME SHA-256 -l 0xKEY AES -l 0xKEY
 *   createUser NAME SHA-256 -m 0xKEY AES -m 0xKEY
 *
 * Access: one line likewise.
 *
 *   rwuser NAME priv       network administrators
 *   rouser NAME priv       the others
 *
 * They are read by devsec_master.so ("devsecInclude" in snmpd.conf), which makes the users volatile. snmpd itself would
 * keep a copy of them in its own state, read that last, and so bring a replaced password back.
 *
 * Nor does snmpd itself give the access: the module puts the users into groups of its own, which read everything and
 * write the subtree of devsec and the system group, or nothing (master/access.h).
 */

/*
 * The users' file. `key_file` holds the device key; it is opened only if an administrator has keys. All or nothing:
 * keys that do not open fail the file as a whole, with the sentence of account_unseal. *text has *length octets and a
 * NUL behind; the caller gives it to secret_free.
 */
enum devsec_err snmpd_users_render(const struct table *administrators, const char *key_file, char **text,
                                   size_t *length, struct devsec_error *error);

/* The access file; the caller frees *text. */
enum devsec_err snmpd_access_render(const struct table *administrators, char **text, struct devsec_error *error);

/*
 * snmpd cannot try a configuration out, and passes over lines that it does not understand with a word in its log: these
 * read every line as snmpd would, and refuse what it would not take, or not for just these administrators.
 * DEVSEC_ERR_SYNTAX with the line's number; never with a key.
 */
enum devsec_err snmpd_users_check(const struct table *administrators, const char *text, struct devsec_error *error);
enum devsec_err snmpd_access_check(const struct table *administrators, const char *text, struct devsec_error *error);

#endif
