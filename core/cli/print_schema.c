/*
 * sluice schema: the JSON Schema of a configuration, with the options of all plugins that are
 * found.
 */
#include "base/crash.h"
#include "base/json_text.h"
#include "cli/cli.h"
#include "cli/configuration.h"
#include "cli/cli_error.h"
#include "cli/schema_keys.h"
#include "config/config_schema.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>

struct gathering {
    struct plugin_set *plugins;
    bool has_failed;
};

/* A plugin that is refused is said on standard error: on the other the schema is still wanted. */
static void load_plugin(const char *name, void *context)
{
    struct gathering *gathering = context;
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;
    if (plugin_load(gathering->plugins, name, text, &plugin) == OK)
        return;
    gathering->has_failed = true;
    fprintf(stderr, "sluice schema: %s\n", text);
}

static bool print_schema(const struct cli_options *options, const struct plugin_set *plugins)
{
    cJSON *schema = schema_describe(&config_schema, plugins);
    cJSON_AddStringToObject(schema, "$schema", "http://json-schema.org/draft-07/schema#");
    cJSON_AddStringToObject(schema, "title", "Configuration of Sluice " SLUICE_VERSION);
    if (options->json)
        return cli_print_json(schema);
    char *text = cJSON_Print(schema);
    bool is_printed = text != NULL;
    if (is_printed) {
        json_text_print(stdout, text);
        is_printed = putchar('\n') != EOF;
    }
    cJSON_free(text);
    cJSON_Delete(schema);
    if (!is_printed)
        cli_error(options, "no_memory", "%s", error_text(ERR_NO_MEMORY));
    return is_printed;
}

/* Returns the exit status. */
static int print_for(const struct cli_options *options, char *const *folders, size_t folder_count)
{
    struct plugin_set plugins;
    struct gathering gathering = {.plugins = &plugins};
    crash_install(); /* Plugins are loaded. */
    plugin_set_init(&plugins, folders, folder_count, NULL);
    plugins.is_trusted = options->plugins != NULL; /* by who names the folder */
    int count = plugin_names(&plugins, load_plugin, &gathering);
    if (count < 0)
        cli_error(options, "failed", "%s", error_text(count));
    else if (count == 0)
        cli_error(options, "not_found", "no plugins found in %s; name their folder with --plugins",
                  folder_count > 0 ? folders[0] : "plugins.path");
    bool is_good = count > 0 && print_schema(options, &plugins) && !gathering.has_failed;
    plugin_set_deinit(&plugins);
    return is_good ? 0 : EXIT_WRONG;
}

/* Of the configuration only the folders are wanted, so that it may have errors, which is when an
 * editor needs the schema. */
int cli_schema(const struct cli_options *options)
{
    char path[PATH_MAX];
    char *folder = (char *)(uintptr_t)options->plugins;
    struct diagnostics diagnostics;
    struct config *config = NULL;
    if (folder != NULL)
        return print_for(options, &folder, 1);
    diagnostics_init(&diagnostics);
    int error = config_load_broken(cli_config_file(options, path, sizeof path), options->overrides,
                                   options->override_count, &diagnostics, &config);
    if (config == NULL)
        cli_print_findings(options, &diagnostics);
    if (error == ERR_NO_MEMORY)
        cli_error(options, "no_memory", "%s", error_text(error));
    diagnostics_deinit(&diagnostics);
    bool is_usable = config != NULL && error != ERR_NO_MEMORY;
    int status =
        is_usable ? print_for(options, config->plugin_path, config->plugin_path_count) : EXIT_WRONG;
    config_destroy(config);
    return status;
}
