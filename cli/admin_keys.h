/* SPDX-License-Identifier: Apache-2.0 */
/* The device key, and who has secrets that are sealed with it. */
#ifndef DEVSEC_CLI_ADMIN_KEYS_H
#define DEVSEC_CLI_ADMIN_KEYS_H

#include "cli.h"
#include "store/document.h"

/* Room for the names that admin_keys_names lists. */
#define ADMIN_NAMES_ROOM 320

/*
 * Names the administrators with keys: "alice, bob and 3 more". `except` is left out; NULL: nobody. Returns how many
 * there are; `to` has ADMIN_NAMES_ROOM octets and is "" for none.
 */
size_t admin_keys_names(const struct table *administrators, const char *except, char *to);

/*
 * Before new keys of administrator `name` are sealed: a device key that is there has to be usable. One that is missing
 * while others have keys, or the device has private keys, is not replaced silently, since none of these would ever open
 * again: CLI_TROUBLE unless --new-device-key was given. Says what is wrong itself.
 */
enum cli_exit admin_keys_check(const struct cli *cli, const char *key_file, const struct document *document,
                               const char *name);

#endif
