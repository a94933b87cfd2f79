/*
 * Loading plugins, making instances.
 */
#include "workbench/fake_internal.h"

#include "config/diagnostics.h"
#include "config/yaml.h"

#include <stdio.h>

static struct plugin_set plugins;

struct plugin *fake_plugin_load(const char *file)
{
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;
    plugin_set_init(&plugins, NULL, 0, NULL);
    plugins.in_place = true;   /* So that sanitizers and debuggers find its symbols. */
    plugins.is_trusted = true; /* Who has just built it runs it, whatever the umask was. */
    if (plugin_load_file(&plugins, file, text, &plugin) != OK)
        fake_fail("%s", text);
    return plugin;
}

void fake_plugin_unload(void)
{
    plugin_set_deinit(&plugins);
}

/* Why it was refused, unless the plugin has said so. */
static void note_diagnostics(const struct diagnostics *diagnostics, int error)
{
    if (fake.failure[0] == '\0')
        snprintf(fake.failure, sizeof fake.failure, "%s",
                 diagnostics->count > 0 ? diagnostics->items[0].text : error_text(error));
}

/* The chain of an endpoint's pipeline, from plugins of which each knows its name. */
static int build_chain(struct fake_instance *instance, const struct endpoint_config *endpoint,
                       struct config *owner, struct plugin_set *set,
                       struct diagnostics *diagnostics)
{
    struct change_list changes = {.count = 0};
    const struct chain_plan plan = {
        .pipeline = fake_pipeline(), .path = instance->path, .config = endpoint, .owner = owner};
    char text[PLUGIN_TEXT_MAX];
    snprintf(instance->path, sizeof instance->path, "%s", endpoint->path);
    for (size_t i = 0; i < endpoint->pipeline_length; i++) {
        struct plugin *plugin;
        if (plugin_load(set, endpoint->pipeline[i].plugin, text, &plugin) == OK)
            fake_shim_install(plugin);
    }
    fake.failure[0] = '\0';
    int error = chain_create(&plan, set, &changes, diagnostics, &instance->chain);
    if (error != OK)
        fake_destroy_instances();
    return error;
}

struct fake_instance *fake_pipeline_create(const struct endpoint_config *endpoint,
                                           struct config *owner, struct plugin_set *set,
                                           struct diagnostics *diagnostics)
{
    struct fake_instance *instance = fake_zalloc(sizeof *instance);
    if (build_chain(instance, endpoint, owner, set, diagnostics) == OK)
        return instance;
    free(instance);
    return NULL;
}

struct fake_instance *fake_instance_create(struct plugin *plugin, const struct yaml_node *options,
                                           const char *endpoint)
{
    static struct config nobody = {.owners = 1};
    struct plugin_set set = {.plugins = &plugin, .count = 1};
    struct fake_instance *instance = fake_zalloc(sizeof *instance);
    struct diagnostics diagnostics;
    instance->stage = (struct stage_config){.plugin = (char *)(uintptr_t)plugin->table.name,
                                            .timeout = FAKE_TIMEOUT,
                                            .position = {.file = "options"},
                                            .options = options};
    instance->config = (struct endpoint_config){.path = (char *)(uintptr_t)endpoint,
                                                .message_max_size = FAKE_MESSAGE_MAX,
                                                .pipeline = &instance->stage,
                                                .pipeline_length = 1};
    diagnostics_init(&diagnostics);
    int error = build_chain(instance, &instance->config, &nobody, &set, &diagnostics);
    if (error != OK) {
        note_diagnostics(&diagnostics, error);
        free(instance);
        instance = NULL;
    }
    diagnostics_deinit(&diagnostics);
    return instance;
}

struct fake_instance *fake_instance_parse(struct plugin *plugin, const char *options)
{
    struct yaml_source source = {.file = "options", .data = options, .len = strlen(options)};
    struct diagnostics diagnostics;
    struct yaml_node *node = NULL;
    struct fake_instance *instance = NULL;
    diagnostics_init(&diagnostics);
    if (yaml_parse(&source, &diagnostics, &node) == OK && diagnostics.count == 0)
        instance = fake_instance_create(plugin, node, "/ws");
    else
        fake_fail("'%s': %s", options, diagnostics.items[0].text);
    yaml_node_destroy(node);
    diagnostics_deinit(&diagnostics);
    return instance;
}

struct fake_instance *fake_instance_survive(struct plugin *plugin, const char *options,
                                            unsigned long *failures)
{
    struct fake_instance *instance = NULL;
    size_t before = fake_live_allocations();
    for (*failures = 0;; ++*failures) {
        fake_fail_allocation(*failures + 1);
        instance = fake_instance_parse(plugin, options);
        if (instance != NULL)
            break;
        if (strstr(fake.failure, "memory") == NULL)
            fake_fail("the %lu. allocation failed, but create said: %s", *failures + 1,
                      fake.failure);
        if (fake_live_allocations() != before)
            fake_fail("the %lu. allocation failed, and create released not all others",
                      *failures + 1);
    }
    fake_fail_allocation(0);
    return instance;
}

struct sl_instance *fake_instance_seen(struct fake_instance *instance)
{
    return &instance->chain->stages[0].instance->seen;
}

void fake_instance_destroy(struct fake_instance *instance)
{
    for (size_t i = 0; i < instance->chain->count; i++)
        fake_timers_forget(instance->chain->stages[i].instance);
    chain_destroy(instance->chain);
    fake_destroy_instances();
    free(instance);
}

bool fake_instance_reload(struct fake_instance *instance, const struct yaml_node *options)
{
    struct instance_change change;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    fake.failure[0] = '\0';
    instance->stage.options = options;
    int error = instance_change_prepare(instance->chain->stages[0].instance, &instance->stage,
                                        &diagnostics, &change);
    bool is_prepared = error == OK;
    if (is_prepared)
        error = instance_change_apply(&change, &diagnostics);
    if (is_prepared) /* What was read from those before must not be used any more. */
        options_version_unref(change.options);
    if (error != OK)
        note_diagnostics(&diagnostics, error);
    diagnostics_deinit(&diagnostics);
    return error == OK;
}
