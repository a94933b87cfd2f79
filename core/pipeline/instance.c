#include "pipeline/instance.h"

#include "hub/endpoint.h"
#include "pipeline/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdict_names[VERDICT_SLOT_COUNT] = {
    [VERDICT_SLOT_ERROR] = "error", [VERDICT_SLOT_CONTINUE] = "continue",
    [VERDICT_SLOT_DROP] = "drop",   [VERDICT_SLOT_HANDLED] = "handled",
    [VERDICT_SLOT_CLOSE] = "close", [VERDICT_SLOT_DENY] = "deny",
};

const char *verdict_slot_name(enum verdict_slot slot)
{
    return verdict_names[slot];
}

uint64_t instance_verdicts(const struct instance *instance, enum verdict_slot slot)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < instance->loop_count; i++)
        total += counter_read(&instance->verdicts[i].slots[slot]);
    return total;
}

static void instance_free(struct instance *instance)
{
    option_set_destroy(instance->options);
    free(instance->seen.state);
    free(instance->verdicts);
    free(instance->name);
    free(instance->failure);
    free(instance);
}

void instance_destroy(struct instance *instance)
{
    if (instance == NULL)
        return;
    if (instance->plugin->table.destroy != NULL)
        instance->plugin->table.destroy(&instance->seen);
    instance_free(instance);
}

static int allocate_parts(struct instance *instance)
{
    const struct sl_plugin *table = &instance->plugin->table;
    size_t counters_size = instance->loop_count * sizeof *instance->verdicts;

    if (asprintf(&instance->name, "%s#%u", table->name, instance->position) < 0) {
        instance->name = NULL;
        return ERR_NO_MEMORY;
    }
    instance->verdicts = aligned_alloc(_Alignof(struct verdict_counters), counters_size);
    if (instance->verdicts == NULL)
        return ERR_NO_MEMORY;
    memset(instance->verdicts, 0, counters_size);
    if (table->instance_size > 0) {
        instance->seen.state = calloc(1, table->instance_size);
        if (instance->seen.state == NULL)
            return ERR_NO_MEMORY;
    }
    instance->seen.name = instance->name;
    return OK;
}

static int call_create(struct instance *instance, const struct stage_config *stage,
                       struct diagnostics *diagnostics)
{
    int (*create)(struct sl_instance *) = instance->plugin->table.create;
    if (create == NULL || create(&instance->seen) == 0)
        return OK;
    diagnostics_add(diagnostics, stage->position, "plugin '%s' could not be set up: %s",
                    stage->plugin,
                    instance->failure != NULL ? instance->failure : "it gave no reason");
    return ERR_PLUGIN;
}

int instance_create(const struct plugin *plugin, const struct stage_config *stage,
                    struct endpoint *endpoint, unsigned position, unsigned loop_count,
                    struct diagnostics *diagnostics, struct instance **out)
{
    struct instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL)
        return ERR_NO_MEMORY;
    instance->seen.struct_size = sizeof instance->seen;
    instance->seen.host = host_table();
    instance->seen.endpoint = endpoint->config->path;
    instance->plugin = plugin;
    instance->endpoint = endpoint;
    instance->on_error = stage->on_error;
    instance->position = position;
    instance->loop_count = loop_count;

    int error = allocate_parts(instance);
    if (error == OK)
        error = option_set_create(&plugin->options, plugin->table.name, stage->options,
                                  stage->position, diagnostics, &instance->options);
    if (error == OK)
        error = call_create(instance, stage, diagnostics);
    if (error != OK) {
        instance_free(instance);
        return error;
    }
    *out = instance;
    return OK;
}
