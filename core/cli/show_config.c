/*
 * sluice config: the configuration in force, every key of it, and where each value came from.
 */
#include "base/crash.h"
#include "cli/cli.h"
#include "cli/configuration.h"
#include "cli/cli_error.h"
#include "cli/config_json.h"
#include "config/effective.h"
#include "config/yaml_write.h"
#include "pipeline/option_check.h"
#include "pipeline/plugin.h"

/* The options of a stage, by the table of its plugin, which option_check has found. */
static int describe_options(const struct stage_config *stage, struct yaml_node **out, void *context)
{
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;
    int error = plugin_load(context, stage->plugin, text, &plugin);
    if (error != OK)
        return error;
    return effective_options(&plugin->options, stage->options, stage->position, out);
}

static bool print_tree(const struct cli_options *options, const struct config *config,
                       const struct yaml_node *tree)
{
    if (options->json)
        return cli_print_json(config_json_describe(config->file, tree, options->sources));
    yaml_write(stdout, tree, options->sources ? effective_source : NULL);
    return true;
}

/* Prints a configuration without errors. Returns the exit status. */
static int show(const struct cli_options *options, const struct config *config)
{
    struct plugin_set plugins;
    struct yaml_node *tree = NULL;
    plugin_set_init(&plugins, config->plugin_path, config->plugin_path_count, NULL);
    int error = effective_create(config, describe_options, &plugins, &tree);
    if (error != OK)
        cli_error(options, "failed", "%s", error_text(error));
    bool is_done = error == OK && print_tree(options, config, tree);
    yaml_node_destroy(tree);
    plugin_set_deinit(&plugins);
    return is_done ? 0 : EXIT_WRONG;
}

int cli_show_config(const struct cli_options *options)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct config *config = cli_read_config(options, &diagnostics);
    if (config != NULL) {
        crash_install(); /* Plugins are loaded. */
        option_check(config, NULL, &diagnostics);
    }
    bool is_wrong = config == NULL || diagnostics.count + diagnostics.lost > 0;
    if (is_wrong || !options->json)
        cli_print_findings(options, &diagnostics);
    diagnostics_deinit(&diagnostics);
    int status = is_wrong ? EXIT_WRONG : show(options, config);
    config_destroy(config);
    return status;
}
