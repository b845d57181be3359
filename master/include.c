/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Administrators from files that devsecd writes; see include.h.
 *
 * snmpd reads its configuration as root, and a line there can load a library or name a program to run. Included by
 * snmpd itself, a file that an unprivileged process may write would make that process root; so the module reads it,
 * hands on nothing but createUser, and gives rwuser and rouser a meaning of its own (access.h).
 *
 * The files are trusted as the policy is (trusted_file.h), and a user to whom snmpd's own configuration gives access is
 * left alone.
 *
 * The users made here are volatile (RFC 2579, StorageType): snmpd would otherwise keep them in its persistent file,
 * which it reads last, and neither a new key nor a removal would ever count.
 */
#include "include.h"

#include "access.h"
#include "master.h"

#include "guard/trusted_file.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define INCLUDE_SIZE_MAX 65536 /* octets of one file */
#define INCLUDE_WHY_MAX  512
#define INCLUDE_WORD_MAX 128 /* octets of a word that is looked at, with the closing NUL; engine IDs have 66 */
#define INCLUDE_NAME_MAX 32  /* octets of a user's name: usmUserName, RFC 3414 */

static const char include_left_out[] =
    "left out; expected createUser, or rwuser or rouser with a name, the level priv and nothing behind it";

/* What may stand at the head of a line. `take` returns NULL, or why the line is left out; it may change the line. */
struct include_token {
    const char *name;
    const char *(*take)(char *rest);
};

static bool include_is_name(const char *word)
{
    const size_t length = strlen(word);

    return length > 0 && length <= INCLUDE_NAME_MAX && word[0] != '-';
}

/* The user that a createUser line makes: what stands behind its options -M and -e ENGINEID. */
static bool include_user_name(char *rest, char *name)
{
    char *at = copy_nword(rest, name, INCLUDE_WORD_MAX);

    if (at && strcmp(name, "-M") == 0)
        at = copy_nword(at, name, INCLUDE_WORD_MAX);
    if (at && strcmp(name, "-e") == 0) {
        at = copy_nword(at, name, INCLUDE_WORD_MAX);
        if (at)
            at = copy_nword(at, name, INCLUDE_WORD_MAX);
    }
    return at && include_is_name(name);
}

/* snmpd's own handler of a token, NULL if this snmpd has none. */
static const struct config_line *include_find_handler(const char *name)
{
    const struct config_line *line = read_config_get_handlers("snmpd");

    while (line && strcasecmp(line->config_token, name) != 0)
        line = line->next;
    return line;
}

static void include_keep_volatile(const char *name)
{
    for (struct usmUser *user = usm_get_userList(); user; user = user->next) {
        if (user->name && strcmp(user->name, name) == 0)
            user->userStorageType = ST_VOLATILE;
    }
}

static const char *include_take_user(char *rest)
{
    static const char token[] = "createUser";
    const struct config_line *handler = include_find_handler(token);
    char name[INCLUDE_WORD_MAX] = "";

    if (!handler || !include_user_name(rest, name))
        return include_left_out;
    if (access_is_foreign(name))
        return access_foreign;
    handler->parse_line(token, rest);
    include_keep_volatile(name);
    return NULL;
}

/* NAME priv. snmpd itself would let the user in without encryption where the level is missing. */
static const char *include_take_access(char *rest, enum access_group group)
{
    char name[INCLUDE_WORD_MAX] = "";
    char level[INCLUDE_WORD_MAX] = "";
    char *at = copy_nword(rest, name, sizeof(name));

    if (!at || !include_is_name(name))
        return include_left_out;
    at = copy_nword(at, level, sizeof(level));
    if (at || strcmp(level, "priv") != 0)
        return include_left_out;
    return access_admit(name, group);
}

static const char *include_take_writer(char *rest)
{
    return include_take_access(rest, ACCESS_WRITERS);
}

static const char *include_take_reader(char *rest)
{
    return include_take_access(rest, ACCESS_READERS);
}

static const struct include_token tokens[] = {
    {"createUser", include_take_user},
    {"rwuser", include_take_writer},
    {"rouser", include_take_reader},
};

static const struct include_token *include_find_token(const char *name)
{
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        if (strcasecmp(tokens[i].name, name) == 0) /* as snmpd compares them */
            return &tokens[i];
    }
    return NULL;
}

/* Takes one line, which is changed; returns NULL, or why it is left out. */
static const char *include_take_line(char *line)
{
    char word[INCLUDE_WORD_MAX] = "";
    const struct include_token *token;
    char *rest = skip_white(line); /* NULL for a blank line and a comment */

    if (!rest)
        return NULL;
    rest = copy_nword(rest, word, sizeof(word));
    token = include_find_token(word);
    return rest && token ? token->take(rest) : include_left_out;
}

static void include_take_text(const char *path, char *text)
{
    unsigned number = 1;

    for (char *line = text; line; number++) {
        char *end = strchr(line, '\n');
        const char *why;

        if (end)
            *end++ = '\0';
        why = include_take_line(line);
        if (why)
            snmp_log(LOG_ERR, MASTER_LOG_PREFIX "%s:%u: %s\n", path, number, why);
        line = end;
    }
}

/* False: it is there and was not taken. */
static bool include_read_file(const char *path)
{
    char *text = malloc(INCLUDE_SIZE_MAX + 1);
    char why[INCLUDE_WHY_MAX] = "out of memory";
    struct stat status = {0};
    size_t length = 0;
    bool good = true;

    if (lstat(path, &status) != 0 && errno == ENOENT) {
        snmp_log(LOG_INFO, MASTER_LOG_PREFIX "%s is not there yet: nobody comes from it\n", path);
    } else if (text && trusted_file_read(path, text, INCLUDE_SIZE_MAX, &length, why, sizeof(why))) {
        include_take_text(path, text);
    } else {
        good = false;
        snmp_log(LOG_ERR,
                 MASTER_LOG_PREFIX "%s: %s; nothing is taken from it, and users that it made before keep their keys\n",
                 path, why);
    }
    if (text)
        explicit_bzero(text, INCLUDE_SIZE_MAX + 1); /* keys */
    free(text);
    return good;
}

/* SNMP_CALLBACK_POST_READ_CONFIG, at the start and after SIGHUP. A module that was taken out has no paths any more. */
static int include_on_configured(int major, int minor, void *server_arg, void *client_arg)
{
    const struct include *include = &master_state()->include;
    uint32_t unread = 0;

    (void)major;
    (void)minor;
    (void)server_arg;
    (void)client_arg;
    for (size_t i = 0; i < include->count; i++)
        unread += include_read_file(include->paths[i]) ? 0 : 1;
    atomic_store(&master_state()->guard.page->unread, unread);
    return SNMPERR_SUCCESS;
}

/* devsecInclude PATH */
static void include_parse(const char *token, char *line)
{
    struct include *include = &master_state()->include;
    char path[PATH_MAX];

    (void)token;
    copy_nword(line, path, sizeof(path));
    if (path[0] != '/' || include->count == INCLUDE_FILES_MAX) {
        config_perror("devsecInclude wants the absolute path of a file, and up to four such lines are taken");
        return;
    }
    memcpy(include->paths[include->count++], path, sizeof(path));
}

static void include_forget(void)
{
    master_state()->include.count = 0;
}

void include_configure(void)
{
    snmpd_register_config_handler("devsecInclude", include_parse, include_forget, "PATH");
    /* First in line: snmpd's own callback warns of a configuration that lets nobody in. */
    if (netsnmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG, include_on_configured, NULL,
                                  NETSNMP_CALLBACK_HIGHEST_PRIORITY) != SNMPERR_SUCCESS)
        snmp_log(LOG_ERR, MASTER_LOG_PREFIX "snmpd refuses the callback for devsecInclude: nobody comes from there\n");
}
