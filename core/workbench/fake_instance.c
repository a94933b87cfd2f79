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

static bool read_options(const struct plugin *plugin, const struct yaml_node *node,
                         struct option_set **out)
{
    struct diagnostics diagnostics;
    struct position nowhere = {.file = "options"};
    diagnostics_init(&diagnostics);
    int error =
        option_set_create(&plugin->options, plugin->table.name, node, nowhere, &diagnostics, out);
    if (error != OK)
        snprintf(fake.failure, sizeof fake.failure, "%s",
                 diagnostics.count > 0 ? diagnostics.items[0].text : error_text(error));
    diagnostics_deinit(&diagnostics);
    return error == OK;
}

static int call_create(struct fake_instance *instance)
{
    if (instance->plugin->table.create == NULL)
        return 0;
    fake_enter("create", 10 * fake_hook_limit);
    int result = instance->plugin->table.create(&instance->seen);
    fake_leave();
    fake_check_canaries(instance, NULL, "create");
    if (result > 0)
        fake_fail("create returned %d: it returns 0, or SL_ERROR (-1) after host->fail", result);
    if (result != 0 && fake.failure[0] == '\0' && !fake_allocations_fail())
        fake_fail("create failed without saying why: call host->fail (or sl_fail) with a sentence "
                  "for the operator");
    return result;
}

struct fake_instance *fake_instance_create(struct plugin *plugin, const struct yaml_node *options,
                                           const char *endpoint, unsigned use)
{
    struct fake_instance *instance = fake_zalloc(sizeof *instance);
    fake.failure[0] = '\0';
    instance->plugin = plugin;
    snprintf(instance->name, sizeof instance->name, "%s#%u", plugin->table.name, use);
    snprintf(instance->endpoint, sizeof instance->endpoint, "%s", endpoint);
    instance->seen = (struct sl_instance){.struct_size = sizeof instance->seen,
                                          .host = fake_host(),
                                          .name = instance->name,
                                          .endpoint = instance->endpoint};
    if (plugin->table.instance_size > 0)
        instance->seen.state = fake_state_create(plugin->table.instance_size);
    if (read_options(plugin, options, &instance->options) && call_create(instance) == 0) {
        instance->is_created = true;
        return instance;
    }
    fake_instance_destroy(instance);
    return NULL;
}

struct fake_instance *fake_instance_parse(struct plugin *plugin, const char *options)
{
    struct yaml_source source = {.file = "options", .data = options, .len = strlen(options)};
    struct diagnostics diagnostics;
    struct yaml_node *node = NULL;
    struct fake_instance *instance = NULL;
    diagnostics_init(&diagnostics);
    if (yaml_parse(&source, &diagnostics, &node) == OK && diagnostics.count == 0)
        instance = fake_instance_create(plugin, node, "/ws", 1);
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
    return &instance->seen;
}

void fake_instance_destroy(struct fake_instance *instance)
{
    if (instance->is_created && instance->plugin->table.destroy != NULL) {
        fake_enter("destroy", 10 * fake_hook_limit);
        instance->plugin->table.destroy(&instance->seen);
        fake_leave();
    }
    fake_timers_forget(instance);
    option_set_destroy(instance->options);
    free(instance->seen.state);
    free(instance);
}

bool fake_instance_reload(struct fake_instance *instance, const struct yaml_node *options)
{
    struct option_set *fresh = NULL;
    struct option_set *before = instance->options;
    fake.failure[0] = '\0';
    if (!read_options(instance->plugin, options, &fresh))
        return false;
    instance->options = fresh;
    fake_enter("on_reload", 10 * fake_hook_limit);
    int result = instance->plugin->table.on_reload(&instance->seen);
    fake_leave();
    fake_check_canaries(instance, NULL, "on_reload");
    if (result != 0) {
        instance->options = before;
        option_set_destroy(fresh);
        return false;
    }
    option_set_destroy(before); /* What was read from it must not be used any more. */
    return true;
}
