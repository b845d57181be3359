/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl check: is what stands in the files valid? Reads only; nothing is put in order, whatever is found. */
#include "base/file.h"
#include "check_files.h"
#include "commands.h"
#include "findings.h"
#include "panel.h"
#include "store/yaml.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

struct warning_target {
    struct findings *findings;
    const char *file;
};

static void add_warning(void *context, const char *sentence)
{
    const struct warning_target *target = context;

    findings_add(target->findings, true, target->file, 0, 0, sentence);
}

static bool is_content(enum devsec_err code)
{
    return code == DEVSEC_ERR_SYNTAX || code == DEVSEC_ERR_NEWER_FORMAT;
}

/* What a file says wrongly is a finding; that it cannot be read at all is trouble. */
static enum cli_exit file_failed(const struct cli *cli, struct findings *findings, const char *file,
                                 const struct devsec_error *error)
{
    if (is_content(error->code)) {
        findings_add_error(findings, file, error);
        return CLI_OK;
    }
    cli_error(cli, "%s", error->text);
    return CLI_TROUBLE;
}

/* A store that was never opened has no document yet. FILE, once named, must be there. *document is the caller's to
 * free, NULL if it is not valid or not there. */
static enum cli_exit check_document(const struct cli *cli, struct findings *findings, const struct device *device,
                                    const char *file, bool may_miss, struct document **document)
{
    struct devsec_error error = {0};
    struct warning_target target = {.findings = findings, .file = file};
    char *text = NULL;
    size_t length = 0;
    enum cli_exit result = CLI_OK;

    if (file_read(AT_FDCWD, file, YAML_FILE_MAX, &text, &length, &error)) {
        if (error.code != DEVSEC_ERR_NOT_FOUND || !may_miss)
            return file_failed(cli, findings, file, &error);
        add_warning(&target, "does not exist yet; the defaults are in force until the first change");
        return CLI_OK;
    }
    if (findings_of_document(findings, file, text, length, &device->rules, document, &error))
        result = cli_fail(cli, &error);
    else if (*document)
        device_warnings(device, *document, add_warning, &target);
    free(text);
    return result;
}

/* Whether the store would be trusted: owner, mode and kind of what it consists of. */
static enum cli_exit check_trust(const struct cli *cli, struct findings *findings, const struct device *device,
                                 const struct config *config)
{
    const struct store_options options = {
        .directory = config->store,
        .generations = config->generations,
        .rules = &device->rules,
        .read_only = true,
    };
    struct devsec_error error = {0};
    struct store *store = NULL;

    if (panel_become_owner(config->store, &error))
        return cli_fail(cli, &error);
    if (store_open(&store, &options, &error) == DEVSEC_ERR_UNSAFE)
        findings_add(findings, false, config->store, 0, 0, error.text);
    store_close(store);
    return CLI_OK;
}

enum cli_exit command_check(const struct cli *cli, int argc, char **argv)
{
    struct config config = {0};
    struct device device = {0};
    struct devsec_error error = {0};
    struct findings findings = {0};
    struct document *document = NULL;
    char *file = NULL;
    enum cli_exit result = CLI_OK;

    if (config_load(&config, cli->config_path, &error)) {
        result = file_failed(cli, &findings, cli->config_path, &error);
        goto out;
    }
    if (device_open(&device, config.profile, &error)) {
        result = file_failed(cli, &findings, config.profile, &error);
        goto out;
    }
    if (argc == 0 && asprintf(&file, "%s/settings.yaml", config.store) < 0) {
        file = NULL;
        result = cli_no_memory(cli);
        goto out;
    }
    check_trusted(&findings, cli->config_path);
    check_trusted(&findings, config.profile);
    if (argc == 0)
        result = check_trust(cli, &findings, &device, &config);
    if (result == CLI_OK)
        result = check_document(cli, &findings, &device, file ? file : argv[0], argc == 0, &document);
    if (result == CLI_OK && argc == 0 && document) {
        check_device_key(&findings, config.device_key, document);
        check_keys(&findings, &config, document);
        check_applied(&findings, &device, config.applied);
    }
out:
    if (result == CLI_OK)
        result = findings_show(cli, &findings);
    free(file);
    findings_free(&findings);
    document_free(document);
    device_close(&device);
    config_clear(&config);
    return result;
}
