/* SPDX-License-Identifier: Apache-2.0 */
/* Reading --role, --auth, --priv, --engine-id and --master-keys, and asking snmpd for its engine ID. */
#include "admin_options.h"

#include "base/text.h"
#include "devsec_mib.h"
#include "guard/guard_link.h"

#include <string.h>

/* Pairs of options of which only one makes sense. */
static const struct {
    enum cli_option one;
    enum cli_option other;
    const char *sentence;
} contradictions[] = {
    {CLI_OPTION_MASTER_KEYS, CLI_OPTION_ENGINE_ID,
     "--master-keys and --engine-id contradict each other: master keys fit every engine ID"},
    {CLI_OPTION_NO_PASSWORD, CLI_OPTION_AUTH, "--auth means nothing with --no-password"},
    {CLI_OPTION_NO_PASSWORD, CLI_OPTION_PRIV, "--priv means nothing with --no-password"},
    {CLI_OPTION_NO_PASSWORD, CLI_OPTION_ENGINE_ID, "--engine-id means nothing with --no-password"},
    {CLI_OPTION_NO_PASSWORD, CLI_OPTION_MASTER_KEYS, "--master-keys means nothing with --no-password"},
    {CLI_OPTION_NO_PASSWORD, CLI_OPTION_NEW_DEVICE_KEY, "--new-device-key means nothing with --no-password"},
};

enum cli_exit admin_check_options(const struct cli *cli)
{
    for (size_t i = 0; i < sizeof(contradictions) / sizeof(contradictions[0]); i++) {
        if (cli->options[contradictions[i].one] && cli->options[contradictions[i].other])
            return cli_usage(cli, "admin", "%s", contradictions[i].sentence);
    }
    return CLI_OK;
}

/* "unknown WHAT 'WORD'; did you mean 'NEAREST'?" or "...; there are LIST" */
static enum cli_exit refuse_word(const struct cli *cli, const char *what, const struct text_nearest *nearest,
                                 const struct text *list)
{
    if (nearest->name[0] != '\0')
        cli_error(cli, "unknown %s '%s'; did you mean '%s'?", what, cli_quote(nearest->word).text, nearest->name);
    else
        cli_error(cli, "unknown %s '%s'; there are %s", what, cli_quote(nearest->word).text,
                  list->data ? list->data : "");
    return CLI_REFUSED;
}

static void add_name(struct text *list, const char *name)
{
    text_printf(list, "%s%s", list->length ? ", " : "", name);
}

enum cli_exit admin_read_role(const struct cli *cli, const char *word, int64_t *role)
{
    const struct mib_object *object = &mib_objects[MIB_devsecAdminRole];
    struct text_nearest nearest = {.word = word};
    struct text list = {0};
    uint32_t value = MIB_devsecAdminRole_networkAdministrator;
    enum cli_exit result = CLI_OK;

    if (word && !mib_label_value(object, word, &value)) {
        for (size_t i = 0; i < object->n_labels; i++) {
            text_nearest_offer(&nearest, object->labels[i].name);
            add_name(&list, object->labels[i].name);
        }
        result = refuse_word(cli, "role", &nearest, &list);
    }
    text_free(&list);
    *role = value;
    return result;
}

/* No nearest name for protocols: a slip of the finger must not end at MD5 or DES. */
static enum cli_exit refuse_auth(const struct cli *cli, const char *word)
{
    const struct text_nearest nearest = {.word = word};
    struct text list = {0};
    enum cli_exit result;

    for (size_t i = 0; i < usm_auth_count; i++)
        add_name(&list, usm_auths[i].name);
    result = refuse_word(cli, "authentication protocol", &nearest, &list);
    text_free(&list);
    return result;
}

static enum cli_exit refuse_priv(const struct cli *cli, const char *word)
{
    const struct text_nearest nearest = {.word = word};
    struct text list = {0};
    enum cli_exit result;

    for (size_t i = 0; i < usm_priv_count; i++)
        add_name(&list, usm_privs[i].name);
    result = refuse_word(cli, "encryption protocol", &nearest, &list);
    text_free(&list);
    return result;
}

enum cli_exit admin_read_protocols(const struct cli *cli, struct account *account)
{
    const char *auth = cli->options[CLI_OPTION_AUTH];
    const char *priv = cli->options[CLI_OPTION_PRIV];
    struct devsec_error error = {DEVSEC_OK, ""};

    if (auth || !account->auth)
        account->auth = usm_auth_find(auth ? auth : USM_AUTH_DEFAULT);
    if (priv || !account->priv)
        account->priv = usm_priv_find(priv ? priv : USM_PRIV_DEFAULT);
    if (!account->auth)
        return refuse_auth(cli, auth);
    if (!account->priv)
        return refuse_priv(cli, priv);
    return usm_pair_check(account->auth, account->priv, &error) ? cli_fail(cli, &error) : CLI_OK;
}

void admin_warn_protocols(const struct cli *cli, const struct account *account)
{
    if (account->auth->weak)
        cli_warning(cli, "%s is broken as a hash function; SHA-256 is what everybody has today", account->auth->name);
    if (account->priv->weak)
        cli_warning(cli, "%s can be broken in a day; AES-128 is what everybody has today", account->priv->name);
}

bool admin_ask_guard(const char *guard_socket, struct usm_engine *engine, struct devsec_error *error)
{
    struct guard_link *link = NULL;
    const uint8_t *octets;
    size_t length = 0;

    if (guard_link_open(&link, guard_socket, 0, error))
        return false;
    octets = guard_link_engine_id(link, &length);
    if (length >= USM_ENGINE_MIN && length <= USM_ENGINE_MAX) {
        memcpy(engine->octets, octets, length);
        engine->length = length;
    } else {
        devsec_fail(error, DEVSEC_ERR_NOT_FOUND, "the guard at %s does not know it", guard_socket);
    }
    guard_link_close(link);
    return engine->length > 0;
}

/* Keys for another engine ID let nobody in here; a snmpd that is not there says nothing about that. */
static void warn_other_engine(const struct cli *cli, const char *guard_socket, const struct usm_engine *engine)
{
    struct devsec_error why = {DEVSEC_OK, ""};
    struct usm_engine running = {.length = 0};
    char hex[2 * USM_ENGINE_MAX + 1];

    if (!admin_ask_guard(guard_socket, &running, &why) ||
        (running.length == engine->length && memcmp(running.octets, engine->octets, engine->length) == 0))
        return;
    usm_hex(hex, running.octets, running.length);
    cli_warning(cli,
                "the keys are for another engine ID than that of the snmpd that runs here, %s: it lets nobody in "
                "by them",
                hex);
}

enum cli_exit admin_settle_engine(const struct cli *cli, const char *guard_socket, struct account *account)
{
    const char *given = cli->options[CLI_OPTION_ENGINE_ID];
    const bool has_master_keys = account_has_keys(account) && account->engine.length == 0;
    struct devsec_error error = {DEVSEC_OK, ""};
    struct usm_engine engine = {.length = 0};

    if (given) {
        if (usm_engine_parse(given, &account->engine, &error)) {
            cli_error(cli, "--engine-id '%s': %s", cli_quote(given).text, error.text);
            return CLI_REFUSED;
        }
        warn_other_engine(cli, guard_socket, &account->engine);
        return CLI_OK;
    }
    if (cli->options[CLI_OPTION_MASTER_KEYS] || has_master_keys) {
        account->engine = engine;
        return CLI_OK;
    }
    if (admin_ask_guard(guard_socket, &engine, &error))
        account->engine = engine;
    if (account->engine.length > 0)
        return CLI_OK;
    cli_error(cli,
              "snmpd's engine ID, which the keys depend on, cannot be found out (%s); start snmpd, or give its engine "
              "ID by --engine-id, or ask for --master-keys, with which the same password gives the same key on every "
              "device",
              error.text);
    return CLI_REFUSED;
}
