/* SPDX-License-Identifier: Apache-2.0 */
/* Reading PATH VALUE pairs, and keeping secrets out of the command line. */
#include "pairs.h"

#include "input.h"

#include <string.h>

bool pairs_schema_secret(enum setting_id id)
{
    return settings[id].secret;
}

/* Argument lists are open to every user of the machine (/proc), and shells write them into a history. */
static enum cli_exit read_pair(const struct cli *cli, enum setting_id id, bool secret, const char *word,
                               struct value *value)
{
    struct devsec_error error = {0};
    char *typed = NULL;

    if (strcmp(word, "-") == 0) {
        if (input_read(cli->in, settings[id].path, secret, &typed, &error))
            return cli_fail(cli, &error);
        word = typed;
    } else if (secret) {
        cli_error(cli,
                  "%s is a secret, which must not stand in a command line; give it on standard input: "
                  "devsecctl set %s - < FILE",
                  settings[id].path, settings[id].path);
        return CLI_REFUSED;
    }
    value_parse(id, word, value, &error);
    input_free(typed);
    return error.code ? cli_fail(cli, &error) : CLI_OK;
}

/* What the line itself gets wrong is said before any value is looked at. */
static enum cli_exit check_words(const struct cli *cli, int argc, char **argv)
{
    int from_input = 0;

    if (argc % 2 != 0)
        return cli_usage(cli, "set", "a value is missing behind '%s'", cli_quote(argv[argc - 1]).text);
    for (int i = 1; i < argc; i += 2)
        from_input += strcmp(argv[i], "-") == 0;
    if (from_input > 1)
        return cli_usage(cli, "set", "only one value can come from standard input");
    return CLI_OK;
}

enum cli_exit pairs_read(const struct cli *cli, int argc, char **argv, pairs_secret *secret, struct pairs *pairs)
{
    enum cli_exit result = check_words(cli, argc, argv);

    for (int i = 0; result != CLI_USAGE && i < argc; i += 2) {
        struct selection one = {.count = 0};
        enum cli_exit found = select_name(cli, argv[i], false, &one);

        if (found == CLI_OK && pairs->selection.has[one.ids[0]])
            found = cli_usage(cli, "set", "%s is given twice", settings[one.ids[0]].path);
        if (found == CLI_OK) {
            select_setting(&pairs->selection, one.ids[0]);
            found = read_pair(cli, one.ids[0], secret(one.ids[0]), argv[i + 1], &pairs->values[one.ids[0]]);
        }
        result = found > result ? found : result;
    }
    return result;
}

void pairs_clear(struct pairs *pairs)
{
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        value_clear(&pairs->values[id]);
    pairs->selection = (struct selection){.count = 0};
}
