/*
 * Building a chain: which instances it takes over from the chain before it, which are new, and
 * where each keeps its state of a client.
 */
#include "pipeline/chain.h"
#include "pipeline/pipeline.h"

#include <stdlib.h>
#include <string.h>

/* What a chain is built from. */
struct building {
    const struct chain_plan *plan;
    struct chain *chain;
    struct plugin_set *plugins;
    struct change_list *changes;
    struct diagnostics *diagnostics;
    struct service_key *missed; /* owned; of each stage the service that was not found */
};

static size_t block_size(const struct plugin *plugin)
{
    size_t alignment = _Alignof(max_align_t);
    return (plugin_block_size(plugin) + alignment - 1) / alignment * alignment;
}

/* -- places: an instance keeps its slot and offset for life, so new ones go where nobody is -- */

static bool slot_is_taken(const struct chain *chain, unsigned slot)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->stages[i].instance != NULL && chain->stages[i].instance->slot == slot)
            return true;
    return false;
}

static unsigned free_slot(const struct chain *chain)
{
    unsigned slot = 0;
    while (slot_is_taken(chain, slot))
        slot++;
    return slot;
}

/* The end of an instance's block that reaches into [offset, offset + size), or 0. */
static size_t blocked_until(const struct chain *chain, size_t offset, size_t size)
{
    for (size_t i = 0; i < chain->count; i++) {
        const struct instance *other = chain->stages[i].instance;
        if (other == NULL || block_size(other->plugin) == 0)
            continue;
        size_t end = other->client_offset + block_size(other->plugin);
        if (offset < end && other->client_offset < offset + size)
            return end;
    }
    return 0;
}

static size_t free_offset(const struct chain *chain, size_t size)
{
    size_t offset = 0;
    size_t end;
    while (size > 0 && (end = blocked_until(chain, offset, size)) != 0)
        offset = end;
    return offset;
}

static void measure_state(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        const struct instance *instance = chain->stages[i].instance;
        size_t end = instance->client_offset + block_size(instance->plugin);
        if (end > chain->client_size)
            chain->client_size = end;
        if (instance->slot >= chain->slot_count)
            chain->slot_count = instance->slot + 1;
    }
}

/* -- instances -- */

static const struct stage_config *stage_config(const struct building *building, size_t index)
{
    return &building->plan->config->pipeline[index];
}

/* The nth use of a plugin in the pipeline, from 1: what tells its instances apart. */
static unsigned use_of(const struct building *building, size_t index)
{
    unsigned use = 1;
    for (size_t i = 0; i < index; i++)
        if (strcmp(stage_config(building, i)->plugin, stage_config(building, index)->plugin) == 0)
            use++;
    return use;
}

static struct instance *previous_instance(const struct building *building,
                                          const struct plugin *plugin, unsigned use)
{
    const struct chain *previous = building->plan->previous;
    for (size_t i = 0; previous != NULL && i < previous->count; i++) {
        struct instance *instance = previous->stages[i].instance;
        if (instance->plugin == plugin && instance->use == use)
            return instance;
    }
    return NULL;
}

/* The instance whose name a new one gets. */
static struct instance *replaced_instance(const struct building *building, const char *name,
                                          unsigned use)
{
    const struct chain *previous = building->plan->previous;
    for (size_t i = 0; previous != NULL && i < previous->count; i++) {
        struct instance *instance = previous->stages[i].instance;
        if (instance->use == use && strcmp(instance->plugin->table.name, name) == 0)
            return instance;
    }
    return NULL;
}

static int change_list_add(struct building *building, struct instance *instance,
                           const struct stage_config *stage)
{
    struct change_list *changes = building->changes;
    struct instance_change *items = realloc(changes->items, (changes->count + 1) * sizeof *items);
    if (items == NULL)
        return ERR_NO_MEMORY;
    changes->items = items;
    int error = instance_change_prepare(instance, stage, building->diagnostics,
                                        &changes->items[changes->count]);
    if (error == OK)
        changes->items[changes->count++].chain = building->chain;
    return error;
}

/* Where the stage's instance finds services: in those before it, which are there by then. */
static struct service_scope scope_of(const struct building *building, size_t index)
{
    return (struct service_scope){.stages = building->chain->stages,
                                  .configs = building->plan->config->pipeline,
                                  .index = index,
                                  .missed = &building->missed[index]};
}

/* First round: what is there already keeps its place. */
static int take_over(struct building *building, size_t index)
{
    const struct stage_config *config = stage_config(building, index);
    struct stage *stage = &building->chain->stages[index];
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;

    int error = plugin_load(building->plugins, config->plugin, text, &plugin);
    if (error != OK) {
        diagnostics_add(building->diagnostics, config->position, "%s", text);
        return error;
    }
    struct instance *instance = previous_instance(building, plugin, use_of(building, index));
    if (instance == NULL)
        return OK;
    if (plugin->table.on_reload != NULL || instance_fits(instance, plugin, config))
        stage->instance = instance_ref(instance);
    return OK;
}

/* Second round, for an instance that has kept its place: it goes all the same if it would find
 * other services than it has found, else it is asked for its options. */
static int keep_or_drop(struct building *building, size_t index)
{
    struct stage *stage = &building->chain->stages[index];
    const struct service_scope scope = scope_of(building, index);
    if (!instance_services_hold(stage->instance, &scope)) {
        instance_unref(stage->instance);
        stage->instance = NULL;
        return OK;
    }
    if (stage->instance->plugin->table.on_reload == NULL)
        return OK;
    return change_list_add(building, stage->instance, stage_config(building, index));
}

/* The loop of an instance's timers: not all of them meet on one. */
static struct loop *home_for(const struct chain_plan *plan, unsigned slot)
{
    const struct pipeline *pipeline = plan->pipeline;
    return pipeline->loops[(plan->endpoint_index + slot) % pipeline->loop_count]->loop;
}

/* Makes an instance where none is. */
static int make_instance(struct building *building, size_t index)
{
    const struct chain_plan *plan = building->plan;
    const struct stage_config *config = stage_config(building, index);
    struct chain *chain = building->chain;
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;

    int error = plugin_load(building->plugins, config->plugin, text, &plugin);
    if (error != OK)
        return error; /* Reported in the first round. */
    unsigned slot = free_slot(chain);
    unsigned use = use_of(building, index);
    struct instance_place place = {.pipeline = plan->pipeline,
                                   .endpoint = plan->endpoint,
                                   .path = plan->path,
                                   .home = home_for(plan, slot),
                                   .owner = plan->owner,
                                   .use = use,
                                   .slot = slot,
                                   .replaces = replaced_instance(building, config->plugin, use),
                                   .scope = scope_of(building, index),
                                   .shared_limits = plan->config->storage,
                                   .client_offset = free_offset(chain, block_size(plugin))};
    return instance_create(plugin, config, &place, building->diagnostics,
                           &chain->stages[index].instance);
}

/* Second round, in the pipeline's order, since services are found in instances before. */
static int settle_stage(struct building *building, size_t index)
{
    const struct stage *stage = &building->chain->stages[index];
    int error = stage->instance != NULL ? keep_or_drop(building, index) : OK;
    if (error == OK && stage->instance == NULL)
        error = make_instance(building, index);
    return error;
}

/* Says of an instance that could not be made if a service it has missed is provided behind it. */
static void look_behind(const struct building *building, size_t index)
{
    const struct chain *chain = building->chain;
    const struct service_key *missed = &building->missed[index];
    if (chain->stages[index].instance != NULL || missed->name[0] == '\0')
        return;
    for (size_t i = index + 1; i < chain->count; i++) {
        const struct instance *instance = chain->stages[i].instance;
        if (instance == NULL || !instance_provides(instance, missed))
            continue;
        diagnostics_add(building->diagnostics, stage_config(building, index)->position,
                        "put plugin '%s' behind %s, which provides '%s' %u.%u",
                        stage_config(building, index)->plugin, instance->name, missed->name,
                        missed->major, missed->minor);
        return;
    }
}

/* After a stage that cannot be used, the rest is checked all the same, so that one run shows all
 * errors; the chain is then thrown away. */
static int for_each_stage(struct building *building, int (*step)(struct building *, size_t))
{
    int result = OK;
    for (size_t i = 0; i < building->chain->count; i++) {
        int error = step(building, i);
        if (error == ERR_NO_MEMORY)
            return error;
        if (error != OK)
            result = ERR_CONFIG;
    }
    return result;
}

static void set_policies(struct building *building)
{
    struct chain *chain = building->chain;
    uint8_t shadow_bit = 1;
    for (size_t i = 0; i < chain->count; i++) {
        const struct stage_config *config = stage_config(building, i);
        struct stage *stage = &chain->stages[i];
        stage->on_error = config->on_error;
        stage->timeout = config->timeout;
        stage->budget = config->budget > 0 ? (uint64_t)config->budget : UINT64_MAX;
        stage->is_shadow = config->mode == MODE_SHADOW;
        if (stage->is_shadow) {
            stage->shadow_bit = shadow_bit;
            shadow_bit = (uint8_t)(shadow_bit << 1);
        }
        stage->on_message = stage->instance->plugin->table.on_message;
        if (stage->on_message != NULL)
            chain->on_message[chain->on_message_count++] = stage;
        const struct sl_plugin *table = &stage->instance->plugin->table;
        chain->has_on_subscribe = chain->has_on_subscribe || table->on_subscribe != NULL;
        chain->has_on_publish = chain->has_on_publish || table->on_publish != NULL;
    }
}

static int name_credentials(struct building *building)
{
    struct chain *chain = building->chain;
    for (size_t i = 0; i < chain->count; i++) {
        int error =
            credential_names_add(&chain->credentials, &chain->stages[i].instance->plugin->options,
                                 stage_config(building, i)->options);
        if (error != OK)
            return error;
    }
    return OK;
}

static int build_stages(struct building *building)
{
    int loaded = for_each_stage(building, take_over);
    if (loaded == ERR_NO_MEMORY)
        return loaded;
    int made = for_each_stage(building, settle_stage);
    for (size_t i = 0; made != OK && made != ERR_NO_MEMORY && i < building->chain->count; i++)
        look_behind(building, i);
    if (loaded != OK || made != OK)
        return made == ERR_NO_MEMORY ? made : ERR_CONFIG;
    set_policies(building);
    measure_state(building->chain);
    return name_credentials(building);
}

int chain_create(const struct chain_plan *plan, struct plugin_set *plugins,
                 struct change_list *changes, struct diagnostics *diagnostics, struct chain **out)
{
    size_t length = plan->config->pipeline_length;
    struct chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL)
        return ERR_NO_MEMORY;
    chain->loops = plan->pipeline->loops;
    chain->message_max = plan->config->message_max_size;
    struct building building = {.plan = plan,
                                .chain = chain,
                                .plugins = plugins,
                                .changes = changes,
                                .diagnostics = diagnostics,
                                .missed = calloc(length + 1, sizeof *building.missed)};
    int error = ERR_NO_MEMORY;
    chain->stages = calloc(length + 1, sizeof *chain->stages);
    chain->on_message = calloc(length + 1, sizeof(struct stage *));
    if (chain->stages != NULL && chain->on_message != NULL && building.missed != NULL) {
        chain->count = length;
        error = build_stages(&building);
    }
    free(building.missed);
    if (error != OK) {
        chain_destroy(chain);
        return error;
    }
    *out = chain;
    return OK;
}

void chain_forget_creations(const struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->stages[i].instance != NULL)
            creation_forget(chain->stages[i].instance);
}

void chain_destroy(struct chain *chain)
{
    if (chain == NULL)
        return;
    chain_forget_creations(chain);
    for (size_t i = chain->count; i-- > 0;)
        instance_unref(chain->stages[i].instance);
    free(chain->stages);
    free(chain->on_message);
    credential_names_deinit(&chain->credentials);
    free(chain);
}

const struct stage *chain_stage_of(const struct chain *chain, const struct instance *instance)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->stages[i].instance == instance)
            return &chain->stages[i];
    return NULL;
}

bool chain_has(const struct chain *chain, const struct instance *instance)
{
    return chain_stage_of(chain, instance) != NULL;
}
