/*
 * Loading plugins, making instances.
 */
#include "workbench/fake_internal.h"

#include "config/diagnostics.h"
#include "config/yaml.h"
#include "pipeline/chain_move.h"

#include <limits.h>
#include <stdio.h>

static struct plugin_set plugins;
static struct plugin_set plugins_before;

/* Instances that stand before each one that is tested. */
static struct {
    struct plugin *plugin;
    const struct yaml_node *options;
} standing_before[FAKE_BEFORE_MAX];
static size_t before_count;

static struct fake_instance *instances; /* all that are there; with the lock */

static struct plugin *load_file(struct plugin_set *set, const char *file)
{
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;
    set->in_place = true;   /* So that sanitizers and debuggers find its symbols. */
    set->is_trusted = true; /* Who has just built it runs it, whatever the umask was. */
    if (plugin_load_file(set, file, text, &plugin) != OK)
        fake_fail("%s", text);
    return plugin;
}

struct plugin *fake_plugin_load(const char *file)
{
    plugin_set_init(&plugins, NULL, 0, NULL);
    return load_file(&plugins, file);
}

struct plugin *fake_plugin_load_before(const char *file, const char *name)
{
    char path[PATH_MAX];
    const char *slash = strrchr(file, '/');
    size_t len = strlen(name);
    bool has_ending = len > 3 && strcmp(name + len - 3, ".so") == 0;
    int folder_len = slash != NULL && name[0] != '/' ? (int)(slash + 1 - file) : 0;
    snprintf(path, sizeof path, "%.*s%s%s", folder_len, file, name, has_ending ? "" : ".so");
    return load_file(&plugins_before, path);
}

void fake_put_before(struct plugin *plugin, const struct yaml_node *options)
{
    if (before_count == FAKE_BEFORE_MAX)
        fake_fail("more than %d plugins stand before the one that is tested", FAKE_BEFORE_MAX);
    standing_before[before_count].plugin = plugin;
    standing_before[before_count++].options = options;
}

bool fake_is_before(void)
{
    const struct instance *running = fake_running.instance;
    for (size_t i = 0; running != NULL && i < before_count; i++)
        if (running->plugin == standing_before[i].plugin)
            return true;
    return false;
}

const char *fake_plugin_file(void)
{
    return plugins.count > 0 ? plugins.plugins[0]->path : "";
}

bool fake_plugin_is_kept(void)
{
    return plugins.count > 0 && plugins.plugins[0]->library.stay == ELF_STAY_FLAG;
}

void fake_plugin_unload(void)
{
    plugin_set_deinit(&plugins);
    plugin_set_deinit(&plugins_before);
    before_count = 0;
}

/* -- which chain an instance is part of -- */

static void note_chain(struct fake_instance *instance)
{
    fake_lock();
    instance->next = instances;
    instances = instance;
    fake_unlock();
}

static void forget_chain(struct fake_instance *instance)
{
    struct fake_instance **link = &instances;
    fake_lock();
    while (*link != instance)
        link = &(*link)->next;
    *link = instance->next;
    fake_unlock();
}

const struct chain *fake_chain_of(const struct instance *instance)
{
    const struct chain *chain = NULL;
    fake_lock();
    for (const struct fake_instance *each = instances; each != NULL; each = each->next)
        if (chain_has(each->chain, instance))
            chain = each->chain;
    fake_unlock();
    return chain;
}

/* -- which endpoint a client is at -- */

/* There is an endpoint for as long as its instances are made, are there, or go. */
const char *fake_endpoint(const struct sl_instance *self, const char *path)
{
    const char *found = NULL;
    if (path == NULL || strcmp(path, self->endpoint) == 0)
        return self->endpoint;
    fake_lock();
    for (const struct fake_instance *each = instances; each != NULL && found == NULL;
         each = each->next)
        if (strcmp(each->path, path) == 0)
            found = each->path;
    fake_unlock();
    return found;
}

bool fake_is_at(const struct fake_client *client, const char *endpoint)
{
    for (const struct fake_instance *each = instances; each != NULL; each = each->next)
        if (each->chain == client->seen.chain && strcmp(each->path, endpoint) == 0)
            return client->seen.is_open;
    return false;
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
    else
        note_chain(instance);
    return error;
}

struct fake_instance *fake_pipeline_create(const struct endpoint_config *endpoint,
                                           struct config *owner, struct plugin_set *set,
                                           struct diagnostics *diagnostics)
{
    struct fake_instance *instance = fake_zalloc(sizeof *instance);
    if (build_chain(instance, endpoint, owner, set, diagnostics) != OK) {
        free(instance);
        return NULL;
    }
    for (size_t i = 0; i < instance->chain->count; i++) {
        if (fake_await_create(instance->chain->stages[i].instance))
            continue;
        instance_report_failure(&endpoint->pipeline[i], fake.failure, diagnostics);
        fake_instance_destroy(instance);
        return NULL;
    }
    return instance;
}

static struct stage_config stage_of(const struct plugin *plugin, const struct yaml_node *options)
{
    return (struct stage_config){.plugin = (char *)(uintptr_t)plugin->table.name,
                                 .timeout = FAKE_TIMEOUT,
                                 .mode = fake.is_shadow ? MODE_SHADOW : MODE_ENFORCE,
                                 .position = {.file = "options"},
                                 .options = options};
}

struct fake_instance *fake_instance_create(struct plugin *plugin, const struct yaml_node *options,
                                           const char *endpoint)
{
    static struct config nobody = {.owners = 1};
    struct plugin *used[FAKE_BEFORE_MAX + 1];
    struct plugin_set set = {.plugins = used, .count = before_count + 1};
    struct fake_instance *instance = fake_zalloc(sizeof *instance);
    struct diagnostics diagnostics;
    for (size_t i = 0; i < before_count; i++) {
        used[i] = standing_before[i].plugin;
        instance->stages[i] = stage_of(standing_before[i].plugin, standing_before[i].options);
    }
    used[before_count] = plugin;
    instance->stages[before_count] = stage_of(plugin, options);
    instance->config = (struct endpoint_config){.path = (char *)(uintptr_t)endpoint,
                                                .message_max_size = FAKE_MESSAGE_MAX,
                                                .pipeline = instance->stages,
                                                .pipeline_length = before_count + 1};
    diagnostics_init(&diagnostics);
    int error = build_chain(instance, &instance->config, &nobody, &set, &diagnostics);
    if (error != OK) {
        note_diagnostics(&diagnostics, error);
        free(instance);
        instance = NULL;
    }
    diagnostics_deinit(&diagnostics);
    if (instance != NULL && !fake_await_create(instance->chain->stages[0].instance)) {
        fake_instance_destroy(instance);
        instance = NULL;
    }
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
    return &fake_tested(instance)->seen;
}

bool fake_has_topic_hooks(const struct fake_instance *instance)
{
    return instance->chain->has_on_subscribe || instance->chain->has_on_publish;
}

void fake_instance_destroy(struct fake_instance *instance)
{
    for (size_t i = 0; i < instance->chain->count; i++)
        fake_http_forget(instance->chain->stages[i].instance);
    fake_run_offloaded(); /* An instance is not destroyed before what it has begun comes back. */
    for (size_t i = instance->chain->count; i-- > 0;) {
        fake_free_states_of(instance->chain->stages[i].instance);
        fake_timers_forget(instance->chain->stages[i].instance);
        fake_watches_forget(instance->chain->stages[i].instance);
    }
    forget_chain(instance);
    chain_destroy(instance->chain);
    fake_destroy_instances();
    free(instance);
}

/* As a reload does: on_close with code 0 of what goes, on_open of what comes. */
static void carry_over(struct fake_client *client, const struct fake_instance *instance)
{
    struct chain_move move;
    const struct chain *before = client->seen.chain;
    if (chain_move_begin(&client->seen, instance->chain, &move) != OK)
        abort();
    chain_move_leave(&move);
    for (size_t i = before->count; i-- > 0;)
        fake_free_state(client, before->stages[i].instance);
    for (size_t i = 0; i < instance->chain->count; i++)
        fake_lend_client(instance->chain->stages[i].instance, &client->seen);
    chain_move_enter(&move);
}

void fake_instance_replace(struct fake_instance *old, struct fake_instance *instance)
{
    for (struct fake_client *client = fake.clients; client != NULL; client = client->next) {
        if (client->seen.chain != old->chain)
            continue;
        if (client->is_waiting)
            fake_fail("a client waits for a verdict of the instance that is replaced");
        if (client->seen.is_open)
            carry_over(client, instance);
        else
            client->seen.chain = instance->chain; /* Refused, or on its way. */
    }
    fake_run_offloaded();
    for (size_t i = 0; i < instance->chain->count; i++) {
        instance->chain->stages[i].instance->replaces = old->chain->stages[i].instance;
        instance_inherit(instance->chain->stages[i].instance);
    }
    fake_instance_destroy(old);
}

enum fake_reload fake_instance_reload(struct fake_instance *instance,
                                      const struct yaml_node *options)
{
    struct instance_change change;
    struct diagnostics diagnostics;
    struct stage_config *stage = &instance->stages[instance->chain->count - 1];
    const struct yaml_node *before = stage->options;
    diagnostics_init(&diagnostics);
    fake.failure[0] = '\0';
    stage->options = options;
    int error = instance_change_prepare(fake_tested(instance), stage, &diagnostics, &change);
    bool is_prepared = error == OK;
    if (is_prepared)
        error = instance_change_apply(&change, &diagnostics);
    if (is_prepared) /* What was read from those before must not be used any more. */
        options_version_unref(change.options);
    if (error != OK)
        note_diagnostics(&diagnostics, error);
    diagnostics_deinit(&diagnostics);
    if (error != OK || change.wants_new)
        stage->options = before;
    return error != OK        ? FAKE_RELOAD_REFUSED
           : change.wants_new ? FAKE_RELOAD_WANTS_NEW
                              : FAKE_RELOAD_TAKEN;
}
