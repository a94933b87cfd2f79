#include "pipeline/instance.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/watched.h"
#include "config/yaml.h"
#include "loop/loop.h"
#include "pipeline/chain_events.h"
#include "pipeline/descriptor_watch.h"
#include "pipeline/hook.h"
#include "pipeline/instance_change.h"
#include "pipeline/instance_timer.h"
#include "pipeline/pipeline.h"
#include "pipeline/plugin_request.h"
#include "pipeline/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_INTERVAL NS_PER_S /* between two lines about what happens with each message */

/* -- statistics -- */

void instance_totals(const struct instance *instance, struct instance_totals *out)
{
    *out = (struct instance_totals){.over_budget = 0};
    for (unsigned i = 0; i < instance->pipeline->loop_count; i++) {
        struct instance_stats *stats = &instance->stats[i];
        for (int slot = 0; slot < VERDICT_SLOT_COUNT; slot++)
            out->verdicts[slot] += counter_read(&stats->verdicts[slot]);
        out->over_budget += counter_read(&stats->over_budget);
        out->timeouts += counter_read(&stats->timeouts);
        out->shadow_clients += counter_read(&stats->shadow_clients);
        histogram_merge(&out->latency, &stats->latency);
    }
}

bool instance_may_log(struct instance *instance, enum instance_log kind, int64_t now)
{
    int64_t until = atomic_load_explicit(&instance->logged_until[kind], memory_order_relaxed);
    return now >= until && atomic_compare_exchange_strong_explicit(
                               &instance->logged_until[kind], &until, now + LOG_INTERVAL,
                               memory_order_relaxed, memory_order_relaxed);
}

/* -- readiness -- */

void instance_set_unready(struct instance *instance, const char *reason)
{
    const char *text = reason != NULL ? reason : "";
    pthread_mutex_lock(&instance->unready_lock);
    int change = (text[0] != '\0') - (instance->unready[0] != '\0');
    snprintf(instance->unready, sizeof instance->unready, "%s", text);
    pthread_mutex_unlock(&instance->unready_lock);
    atomic_fetch_add_explicit(&instance->pipeline->unready_count, change, memory_order_relaxed);
}

bool instance_is_unready(struct instance *instance, char reason[INSTANCE_UNREADY_SIZE])
{
    pthread_mutex_lock(&instance->unready_lock);
    memcpy(reason, instance->unready, INSTANCE_UNREADY_SIZE);
    pthread_mutex_unlock(&instance->unready_lock);
    return reason[0] != '\0';
}

/* -- life -- */

static void instance_free(struct instance *instance)
{
    watched_forget();
    plugin_request_end(instance);
    instance_options_deinit(&instance->options);
    instance_set_unready(instance, NULL);
    pthread_mutex_destroy(&instance->unready_lock);
    plugin_metrics_deinit(&instance->metrics);
    storage_give_back(&instance->pipeline->storage, instance->own_table);
    storage_give_back(&instance->pipeline->storage, instance->endpoint_table);
    config_destroy(instance->owner);
    plugin_unref(instance->plugin);
    instance_services_free(instance->services);
    event_names_free(instance->event_names);
    free(instance->seen.state);
    free(instance->stats);
    free(instance->name);
    free(instance->failure);
    free(instance->creation.failure);
    free(instance);
}

static struct instance *instance_of_end_mail(struct mail *mail)
{
    return (struct instance *)((char *)mail - offsetof(struct instance, end_mail));
}

void instance_inherit(struct instance *instance)
{
    struct instance *before = instance->replaces;
    instance->replaces = NULL;
    instance->is_in_force = true;
    if (before != NULL && instance->plugin->table.on_handover != NULL)
        before->successor = instance_ref(instance);
}

static void hand_over(const struct instance *instance)
{
    struct instance *to = instance->successor;
    const struct sl_handover from = {.struct_size = sizeof from,
                                     .state_size = instance->plugin->table.instance_size,
                                     .state = instance->seen.state,
                                     .version = instance->plugin->table.version};
    if (to == NULL)
        return;
    hook_begin(to, NULL, 0, "on_handover");
    to->plugin->table.on_handover(&to->seen, &from);
    hook_end();
}

/* On the main thread, when nobody refers to the instance any more. The successor lives as long as
 * it is owed something, also if it has been replaced itself. */
static void instance_destroy(struct loop *loop, struct mail *mail)
{
    struct instance *instance = instance_of_end_mail(mail);
    struct instance *successor = instance->successor;
    (void)loop;
    creation_forget(instance);
    hand_over(instance);
    hook_begin(instance, NULL, 0, "destroy");
    if (instance->is_created && instance->plugin->table.destroy != NULL)
        instance->plugin->table.destroy(&instance->seen);
    hook_end();
    instance_free(instance);
    instance_unref(successor);
}

/* On the loop of its timers. */
static void end_at_home(struct loop *loop, struct mail *mail)
{
    struct instance *instance = instance_of_end_mail(mail);
    (void)loop;
    instance_timers_end(instance);
    descriptor_watches_end(instance);
    instance->end_mail.deliver = instance_destroy;
    plugin_request_end_tied(instance);
}

struct instance *instance_ref(struct instance *instance)
{
    atomic_fetch_add_explicit(&instance->references, 1, memory_order_relaxed);
    return instance;
}

void instance_unref(struct instance *instance)
{
    if (instance == NULL ||
        atomic_fetch_sub_explicit(&instance->references, 1, memory_order_acq_rel) > 1)
        return;
    instance->end_mail.deliver = end_at_home;
    loop_post(instance->home, &instance->end_mail);
}

bool instance_try_ref(struct instance *instance)
{
    uint32_t references = atomic_load_explicit(&instance->references, memory_order_relaxed);
    while (references > 0)
        if (atomic_compare_exchange_weak_explicit(&instance->references, &references,
                                                  references + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    return false;
}

/* Options that are files: what they say may change though the configuration does not. */
static bool reads_files(const struct plugin *plugin)
{
    for (size_t i = 0; i < plugin->options.count; i++) {
        enum sl_option_type type = option_table_row(&plugin->options, i)->type;
        if (type == SL_OPTION_PATH || type == SL_OPTION_SECRET)
            return true;
    }
    return false;
}

static struct instance *instance_allocate(struct plugin *plugin, const struct instance_place *place)
{
    struct instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL)
        return NULL;
    atomic_init(&instance->references, 1);
    atomic_init(&instance->ties, 1);
    instance->seen.struct_size = sizeof instance->seen;
    instance->seen.host = place->pipeline->host;
    instance->seen.endpoint = place->path;
    instance->plugin = plugin_ref(plugin);
    instance->pipeline = place->pipeline;
    instance->endpoint = place->endpoint;
    instance->home = place->home;
    instance->use = place->use;
    instance->slot = place->slot;
    instance->client_offset = place->client_offset;
    instance->replaces = place->replaces;
    instance->scope = place->scope;
    instance->reads_files = reads_files(plugin);
    plugin_metrics_init(&instance->metrics);
    instance_options_init(&instance->options);
    pthread_mutex_init(&instance->unready_lock, NULL);
    return instance;
}

static int allocate_parts(struct instance *instance)
{
    const struct sl_plugin *table = &instance->plugin->table;
    size_t stats_size = instance->pipeline->loop_count * sizeof *instance->stats;

    if (asprintf(&instance->name, "%s#%u", table->name, instance->use) < 0) {
        instance->name = NULL;
        return ERR_NO_MEMORY;
    }
    instance->stats = aligned_alloc(_Alignof(struct instance_stats), stats_size);
    if (instance->stats == NULL)
        return ERR_NO_MEMORY;
    memset(instance->stats, 0, stats_size);
    if (table->instance_size > 0) {
        instance->seen.state = calloc(1, table->instance_size);
        if (instance->seen.state == NULL)
            return ERR_NO_MEMORY;
    }
    instance->seen.name = instance->name;
    instance->crash = (struct crash_subject){.plugin = table->name,
                                             .version = table->version,
                                             .file = instance->plugin->path,
                                             .instance = instance->name,
                                             .endpoint = instance->seen.endpoint};
    return OK;
}

static int take_tables(struct instance *instance, const struct stage_config *stage,
                       const struct instance_place *place)
{
    struct storage *storage = &instance->pipeline->storage;
    int error =
        storage_take(storage, place->path, instance->name, &stage->storage, &instance->own_table);
    return error != OK ? error
                       : storage_take(storage, place->path, NULL, &place->shared_limits,
                                      &instance->endpoint_table);
}

int instance_set_up(struct instance *instance, int (*hook)(struct sl_instance *), const char *name)
{
    free(instance->failure);
    instance->failure = NULL;
    hook_begin(instance, NULL, 0, name);
    int result = hook == NULL ? 0 : hook(&instance->seen);
    hook_end();
    return result;
}

const char *instance_failure(const struct instance *instance)
{
    return instance->failure != NULL ? instance->failure : "it gave no reason";
}

void instance_report_failure(const struct stage_config *stage, const char *reason,
                             struct diagnostics *diagnostics)
{
    diagnostics_add(diagnostics, stage->position, "plugin '%s' could not be set up: %s",
                    stage->plugin, reason);
}

static int call_create(struct instance *instance, const struct stage_config *stage,
                       struct diagnostics *diagnostics)
{
    creation_begin(instance);
    int result = instance_set_up(instance, instance->plugin->table.create, "create");
    enum creation_state state = creation_end(instance, result);
    instance->is_created = result == 0;
    if (result == 0 && state != CREATION_FAILED)
        return OK;
    instance_report_failure(
        stage, result != 0 ? instance_failure(instance) : creation_failure(instance), diagnostics);
    return ERR_PLUGIN;
}

int instance_read_options(const struct instance *instance, const struct stage_config *stage,
                          struct diagnostics *diagnostics, struct options_version **out)
{
    struct option_set *set;
    int error = option_set_create(&instance->plugin->options, instance->plugin->table.name,
                                  stage->options, stage->position, diagnostics, &set);
    return error != OK ? error : options_version_create(set, out);
}

int instance_create(struct plugin *plugin, const struct stage_config *stage,
                    const struct instance_place *place, struct diagnostics *diagnostics,
                    struct instance **out)
{
    struct options_version *options = NULL;
    struct instance *instance = instance_allocate(plugin, place);
    if (instance == NULL)
        return ERR_NO_MEMORY;
    instance_settle(instance, stage, place->owner);
    instance_set_mode(instance, stage->mode == MODE_SHADOW);
    int error = allocate_parts(instance);
    if (error == OK)
        error = take_tables(instance, stage, place);
    if (error == OK)
        error = instance_read_options(instance, stage, diagnostics, &options);
    instance_options_exchange(&instance->options, options); /* There were none before. */
    if (error == OK)
        error = call_create(instance, stage, diagnostics);
    instance->scope = (struct service_scope){.index = 0}; /* It ends with create. */
    if (error != OK) {
        instance_unref(instance); /* What create has started may still know of it. */
        return error;
    }
    *out = instance;
    return OK;
}

void instance_announce(struct instance *instance)
{
    char message[512];
    const struct plugin *plugin = instance->plugin;
    const struct event_values values = {
        .message = message,
        .texts = {[EVENT_FIELD_INSTANCE] = instance->name,
                  [EVENT_FIELD_ENDPOINT] = instance->seen.endpoint,
                  [EVENT_FIELD_PLUGIN] = plugin->table.name,
                  [EVENT_FIELD_VERSION] = plugin->table.version,
                  [EVENT_FIELD_FILE] = plugin->path,
                  [EVENT_FIELD_HASH] =
                      plugin->library.hash[0] != '\0' ? plugin->library.hash : NULL}};
    if (instance->is_announced)
        return;
    instance->is_announced = true;
    snprintf(message, sizeof message, "%s of %s is %s %s", instance->name, instance->seen.endpoint,
             plugin->table.name, plugin->table.version);
    event_log(EVENT_PLUGIN_LOADED, "pipeline", &values);
}

/* -- reload -- */

void instance_settle(struct instance *instance, const struct stage_config *stage,
                     struct config *owner)
{
    struct config *before = instance->owner;
    instance->owner = config_ref(owner);
    instance->config = stage->options;
    atomic_store_explicit(&instance->timeout, stage->timeout, memory_order_relaxed);
    config_destroy(before);
}

void instance_set_mode(struct instance *instance, bool is_shadow)
{
    atomic_store_explicit(&instance->is_shadow, is_shadow, memory_order_relaxed);
}

static bool is_in_shadow(const struct instance *instance)
{
    const struct instance_change *change = instance_change_under_way(instance);
    if (change != NULL)
        return change->stage->mode == MODE_SHADOW;
    if (hook_instance() == instance && hook_stage() != NULL)
        return hook_stage()->is_shadow;
    return atomic_load_explicit(&instance->is_shadow, memory_order_relaxed);
}

enum sl_mode instance_mode(const struct instance *instance)
{
    enum sl_mode mode = instance->pipeline->mode;
    return mode == SL_MODE_SERVE && is_in_shadow(instance) ? SL_MODE_SHADOW : mode;
}

bool instance_fits(const struct instance *instance, const struct plugin *plugin,
                   const struct stage_config *stage)
{
    return instance->plugin == plugin && !instance->reads_files &&
           yaml_node_equals(instance->config, stage->options);
}
