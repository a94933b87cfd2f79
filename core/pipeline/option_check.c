#include "pipeline/option_check.h"

#include "config/options.h"

static void check_stage(struct plugin_set *plugins, const struct stage_config *stage,
                        struct diagnostics *diagnostics)
{
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;
    struct option_set *options = NULL;
    if (stage->plugin == NULL)
        return;
    if (plugin_load(plugins, stage->plugin, text, &plugin) != OK)
        diagnostics_add(diagnostics, stage->position, "%s", text);
    else if (option_set_create(&plugin->options, plugin->table.name, stage->options,
                               stage->position, diagnostics, &options) == OK)
        option_set_destroy(options);
}

void option_check(const struct config *config, const struct plugin_set *previous,
                  struct diagnostics *diagnostics)
{
    struct plugin_set plugins;
    plugin_set_init(&plugins, config->plugin_path, config->plugin_path_count, previous);
    for (size_t i = 0; i < config->endpoint_count; i++)
        for (size_t j = 0; j < config->endpoints[i].pipeline_length; j++)
            check_stage(&plugins, &config->endpoints[i].pipeline[j], diagnostics);
    plugin_set_deinit(&plugins);
}
