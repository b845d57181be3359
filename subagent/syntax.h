/* SPDX-License-Identifier: Apache-2.0 */
/* Between a varbind and a value: wire types, widths, BITS, DateAndTime. */
#ifndef DEVSEC_SUBAGENT_SYNTAX_H
#define DEVSEC_SUBAGENT_SYNTAX_H

#include "base/error.h"
#include "store/schema.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <time.h>

/*
 * Takes a varbind's value apart by its object's syntax: wire type, width, BITS octets, UTF-8 without NUL, ranges and
 * labels. A DateAndTime becomes seconds since 1970, UTC: 8 octets, which name no offset, are taken as UTC; zero length
 * and all zeros are 0, no date; tenths of a second are dropped; a date has to lie after the beginning of 1970 and
 * before the end of 9999. DEVSEC_ERR_WRONG_TYPE, _WRONG_LENGTH, _WRONG_VALUE as RFC 3416, 4.2.5, (3) to (6) order them.
 * `value` is overwritten on success (the caller clears it) and untouched on failure. Texts start with what was
 * expected.
 */
enum devsec_err syntax_from_varbind(const struct mib_object *object, const netsnmp_variable_list *var,
                                    struct value *value, struct devsec_error *error);

/* Whether the object is an OCTET STRING that is no text, no date and no BITS, which struct value has no place for. */
bool syntax_is_octets(const struct mib_object *object);

/*
 * The same for such an object: its octets into a new buffer, which the caller frees; there is one for zero length, too.
 * Untouched on failure.
 */
enum devsec_err syntax_octets_from_varbind(const struct mib_object *object, const netsnmp_variable_list *var,
                                           unsigned char **octets, size_t *length, struct devsec_error *error);

/* The reverse; false when out of memory. TruthValue from 0 or 1, BITS from a mask, dates from seconds, text from
 * value->text. */
bool syntax_to_varbind(const struct mib_object *object, const struct value *value, netsnmp_variable_list *var);

/* The same for the common cases without a struct value. `text` may be NULL for "". */
bool syntax_put_number(const struct mib_object *object, int64_t number, netsnmp_variable_list *var);
bool syntax_put_text(const char *text, netsnmp_variable_list *var);

/* As syntax_put_text, for a text of any length: cut to an SnmpAdminString's 255 octets (RFC 3411), between characters.
 */
bool syntax_put_sentence(const char *text, netsnmp_variable_list *var);

/* Octets as they are: fingerprints, segments. `octets` may be NULL for none. */
bool syntax_put_octets(const void *octets, size_t length, netsnmp_variable_list *var);

/* DateAndTime (RFC 2579) with 11 octets, +0:0; eleven zeros' worth of "no date" is 0000-00-00 for `when` 0. */
bool syntax_put_date(time_t when, netsnmp_variable_list *var);

#endif
