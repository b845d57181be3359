/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. */
#include "commands.h"

#define TAKES(option)    (1u << CLI_OPTION_##option)
#define PASSWORD_OPTIONS (TAKES(AUTH) | TAKES(PRIV) | TAKES(ENGINE_ID) | TAKES(MASTER_KEYS) | TAKES(NEW_DEVICE_KEY))
#define SUBJECT_OPTIONS                                                                                                \
    (TAKES(ALT_NAMES) | TAKES(ORGANIZATION) | TAKES(UNIT) | TAKES(LOCALITY) | TAKES(STATE) | TAKES(COUNTRY))
#define NEW_KEY_OPTIONS (TAKES(SLOT) | TAKES(NAME) | TAKES(KEY) | TAKES(HASH) | SUBJECT_OPTIONS)

/* Help that two commands share. */
#define PASSWORD_HELP                                                                                                  \
    "Two passwords are asked for, for authentication and for encryption, twice each.\n"                                \
    "Where standard input is no terminal they are its two lines. Each has 8 octets or\n"                               \
    "more. Only keys made of them are kept, sealed. The keys fit snmpd's engine ID alone,\n"                           \
    "which snmpd is asked for; with --master-keys they fit every one, so that the same\n"                              \
    "password gives the same key on every device.\n"

#define KEY_HELP                                                                                                       \
    "Progress is shown on a terminal; interrupted, nothing has changed. SHA-384 and SHA-512\n"                         \
    "are for every key that can be chosen.\n"

const struct command commands[] = {
    {"get", "[PATH...]", "show settings",
     "A PATH is a setting (tls.versions), a group of them (tls) or the descriptor of a\n"
     "MIB object (devsecTlsVersions). Without PATH all settings are shown. One single\n"
     "setting is shown as its bare value.\n",
     TAKES_PATHS, 0, -1, 0, command_get},
    {"set", "PATH VALUE [PATH VALUE ...]", "change settings, all of them or none",
     "Everything given is one transaction: it is judged as a whole, in any order, and is\n"
     "on disk when the command returns, or nothing has changed. A set of labels is\n"
     "written with commas: tls12,tls13. VALUE - reads the value from standard input; a\n"
     "secret is accepted only that way.\n",
     TAKES_PAIRS, 2, -1, 0, command_set},
    {"store status", "", "show the state of the settings store", "", TAKES_NOTHING, 0, 0, 0, command_store_status},
    {"store generations", "", "list the kept generations, newest first", "", TAKES_NOTHING, 0, 0, 0,
     command_store_generations},
    {"store restore", "GENERATION", "make the settings of a kept generation current again",
     "The settings come back as a new generation, after the same checks as a set.\n", TAKES_GENERATION, 1, 1, 0,
     command_store_restore},
    {"admin list", "", "list the administrators", "Passwords and keys are never shown.\n", TAKES_NOTHING, 0, 0, 0,
     command_admin_list},
    {"admin add", "NAME", "make an administrator who can use SNMPv3",
     "NAME is the user name in SNMPv3. A networkAdministrator, the default, may change\n"
     "settings; the other roles may read them.\n\n" PASSWORD_HELP,
     TAKES_NAME, 1, 1, TAKES(ROLE) | PASSWORD_OPTIONS | TAKES(NO_PASSWORD), command_admin_add},
    {"admin set-password", "NAME", "give an administrator new passwords",
     PASSWORD_HELP "\nWhat is not given as an option stays as it is.\n", TAKES_NAME, 1, 1, PASSWORD_OPTIONS,
     command_admin_set_password},
    {"admin set-role", "NAME ROLE", "give an administrator another role",
     "ROLE is networkAdministrator, who may change settings by SNMP, or one who may read\n"
     "them: machineAdministrator, userAdministrator, fileAdministrator.\n",
     TAKES_NAME_AND_ROLE, 2, 2, 0, command_admin_set_role},
    {"admin remove", "NAME", "take an administrator's access away", "", TAKES_NAME, 1, 1, 0, command_admin_remove},
    {"cert list", "", "list the keys and certificates", "", TAKES_NOTHING, 0, 0, 0, command_cert_list},
    {"cert show", "KEY", "show everything about a key and its certificate",
     "KEY is a slot or a key's name. Private keys are never shown.\n", TAKES_KEY, 1, 1, 0, command_cert_show},
    {"cert create", "COMMON-NAME", "make a key with a self-signed certificate",
     "COMMON-NAME is the device's host name or address, which also becomes an alternative\n"
     "name of the certificate.\n\n" KEY_HELP "\nOn the slot of a reserved key, that key is replaced.\n",
     TAKES_WORD, 1, 1, NEW_KEY_OPTIONS | TAKES(NOT_BEFORE) | TAKES(NOT_AFTER) | TAKES(DAYS) | TAKES(USE),
     command_cert_create},
    {"cert request", "COMMON-NAME", "make a key and a certificate request for a CA",
     "The request is then shown by 'cert export --kind=request'. What the CA answers is for\n"
     "'cert install'.\n\n" KEY_HELP
     "\nThe challenge password is asked for; where standard input is no terminal it is its\none line.\n",
     TAKES_WORD, 1, 1, NEW_KEY_OPTIONS | TAKES(CHALLENGE), command_cert_request},
    {"cert install", "FILE", "install a certificate for a key of the device",
     "FILE is PEM, DER or PKCS#7, with the intermediate certificates in any order; - is\n"
     "standard input. The key that it belongs to is found.\n",
     TAKES_FILE, 1, 1, TAKES(SLOT) | TAKES(USE), command_cert_install},
    {"cert import", "FILE", "import a key and its certificate from PKCS#12",
     "The file's password is asked for; where standard input is no terminal it is its one\nline.\n", TAKES_FILE, 1, 1,
     TAKES(SLOT) | TAKES(NAME) | TAKES(USE), command_cert_import},
    {"cert export", "KEY", "write a certificate or a request as PEM",
     "The certificate with its intermediates, or what --kind says. Private keys never\nleave the device.\n", TAKES_KEY,
     1, 1, TAKES(KIND), command_cert_export},
    {"cert verify", "KEY", "check a certificate against the trusted ones",
     "Succeeds where the chain leads to a trusted certificate, and for a self-signed one.\n", TAKES_KEY, 1, 1, 0,
     command_cert_verify},
    {"cert assign", "USE KEY", "let a function of the device use a key",
     "USE is one of those that 'cert uses' lists. KEY none takes the key away. The\n"
     "function is not switched on by that: see tls.ipv4 and tls.ipv6.\n",
     TAKES_USE_AND_KEY, 2, 2, 0, command_cert_assign},
    {"cert delete", "KEY", "delete a key and its certificate for good",
     "Refused for reserved keys and for keys in use. The key does not come back with\n'store restore'.\n", TAKES_KEY, 1,
     1, 0, command_cert_delete},
    {"cert uses", "", "list what the device uses keys for", "", TAKES_NOTHING, 0, 0, 0, command_cert_uses},
    {"trust list", "", "list the trusted certificates of CAs", "", TAKES_NOTHING, 0, 0, 0, command_trust_list},
    {"trust show", "NUMBER", "show everything about a trusted certificate", "NUMBER is that of 'trust list'.\n",
     TAKES_WORD, 1, 1, 0, command_trust_show},
    {"trust add", "FILE", "trust the certificates of CAs", "FILE is PEM, DER or PKCS#7; - is standard input.\n",
     TAKES_FILE, 1, 1, 0, command_trust_add},
    {"trust remove", "NUMBER", "trust a certificate no longer", "NUMBER is that of 'trust list'.\n", TAKES_WORD, 1, 1,
     0, command_trust_remove},
    {"check", "[FILE]", "validate configuration, device profile and settings",
     "Reads without changing anything: the configuration, the device profile and the\n"
     "settings document of the store, or FILE in its place. Every finding names its\n"
     "file, and its line and column where it has one. Warnings do not make the exit\n"
     "status fail.\n",
     TAKES_FILE, 0, 1, 0, command_check},
    {"completion", "bash|zsh", "print a completion script for the shell", "", TAKES_SHELL, 1, 1, 0, command_completion},
    {"help", "[COMMAND]", "explain a command", "", TAKES_COMMAND, 0, 2, 0, command_help},
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);
