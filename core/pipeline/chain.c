#include "pipeline/chain.h"

#include "base/log.h"
#include "client/client.h"
#include "hub/endpoint.h"
#include "hub/shard.h"

#include <stdlib.h>
#include <string.h>

static struct sl_client *seen(struct client *client)
{
    return (struct sl_client *)client;
}

static void count_verdict(struct instance *instance, const struct client *client,
                          enum verdict_slot slot)
{
    counter_add(&instance->verdicts[client->shard->loop.index].slots[slot], 1);
}

/* -- building -- */

/* The blocks of a client's plugin state lie one behind the other, each aligned for any type. */
static void place_client_block(struct chain *chain, struct instance *instance)
{
    size_t alignment = _Alignof(max_align_t);
    size_t size = instance->plugin->table.client_size;
    instance->client_offset = chain->client_size;
    chain->client_size += (size + alignment - 1) / alignment * alignment;
}

static int add_stage(struct chain *chain, struct plugin_set *plugins, struct endpoint *endpoint,
                     unsigned loop_count, struct diagnostics *diagnostics)
{
    const struct stage_config *stage = &endpoint->config->pipeline[chain->count];
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;
    struct instance *instance;

    int error = plugin_load(plugins, stage->plugin, text, &plugin);
    if (error != OK) {
        diagnostics_add(diagnostics, stage->position, "%s", text);
        return error;
    }
    error = instance_create(plugin, stage, endpoint, (unsigned)chain->count + 1, loop_count,
                            diagnostics, &instance);
    if (error != OK)
        return error;
    place_client_block(chain, instance);
    chain->instances[chain->count] = instance;
    if (plugin->table.on_message != NULL)
        chain->on_message[chain->on_message_count++] = instance;
    return OK;
}

/* After a stage that cannot be used, the rest is checked all the same, so that one run shows all
 * errors; the chain is then thrown away. */
static int add_stages(struct chain *chain, struct plugin_set *plugins, struct endpoint *endpoint,
                      unsigned loop_count, struct diagnostics *diagnostics)
{
    int first_error = OK;
    for (size_t i = 0; i < endpoint->config->pipeline_length; i++) {
        chain->count = i;
        int error = add_stage(chain, plugins, endpoint, loop_count, diagnostics);
        if (error == ERR_NO_MEMORY)
            return error;
        if (error != OK)
            first_error = ERR_CONFIG;
    }
    chain->count = endpoint->config->pipeline_length;
    return first_error;
}

int chain_create(struct plugin_set *plugins, struct endpoint *endpoint, unsigned loop_count,
                 struct diagnostics *diagnostics, struct chain **out)
{
    size_t length = endpoint->config->pipeline_length;
    struct chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL)
        return ERR_NO_MEMORY;
    int error = ERR_NO_MEMORY;
    chain->instances = calloc(length + 1, sizeof(struct instance *));
    chain->on_message = calloc(length + 1, sizeof(struct instance *));
    if (chain->instances != NULL && chain->on_message != NULL)
        error = add_stages(chain, plugins, endpoint, loop_count, diagnostics);
    if (error != OK) {
        chain_destroy(chain);
        return error;
    }
    *out = chain;
    return OK;
}

void chain_destroy(struct chain *chain)
{
    if (chain == NULL)
        return;
    for (size_t i = chain->count; chain->instances != NULL && i-- > 0;)
        instance_destroy(chain->instances[i]);
    free(chain->instances);
    free(chain->on_message);
    free(chain);
}

/* -- running -- */

/* A hook failed, or gave a verdict that it may not give. Returns whether the chain goes on. */
static bool continue_after_error(struct instance *instance, const struct client *client,
                                 const char *hook, int verdict)
{
    count_verdict(instance, client, VERDICT_SLOT_ERROR);
    if (verdict != SL_ERROR)
        log_warn("pipeline", "%s: %s returned %d, which is not a verdict it may give here",
                 instance->name, hook, verdict);
    else
        log_debug("pipeline", "%s: %s failed", instance->name, hook);
    return instance->on_error == ON_ERROR_CONTINUE;
}

bool chain_connect(const struct chain *chain, struct client *client, struct connect *connect)
{
    for (size_t i = 0; i < chain->count; i++) {
        struct instance *instance = chain->instances[i];
        if (instance->plugin->table.on_connect == NULL)
            continue;
        int verdict =
            instance->plugin->table.on_connect(&instance->seen, seen(client), &connect->seen);
        if (verdict == SL_CONTINUE) {
            count_verdict(instance, client, VERDICT_SLOT_CONTINUE);
        } else if (verdict == SL_DENY) {
            count_verdict(instance, client, VERDICT_SLOT_DENY);
            return false;
        } else if (!continue_after_error(instance, client, "on_connect", verdict)) {
            connect_refuse(connect, 403, "The request could not be checked");
            return false;
        }
    }
    return true;
}

void chain_open(const struct chain *chain, struct client *client)
{
    for (size_t i = 0; i < chain->count; i++) {
        struct instance *instance = chain->instances[i];
        if (instance->plugin->table.on_open != NULL)
            instance->plugin->table.on_open(&instance->seen, seen(client));
    }
}

static enum verdict_slot message_verdict_slot(int verdict)
{
    switch (verdict) {
    case SL_CONTINUE:
        return VERDICT_SLOT_CONTINUE;
    case SL_DROP:
        return VERDICT_SLOT_DROP;
    case SL_HANDLED:
        return VERDICT_SLOT_HANDLED;
    case SL_CLOSE:
        return VERDICT_SLOT_CLOSE;
    default:
        return VERDICT_SLOT_ERROR;
    }
}

static enum sl_verdict ask_message_hooks(const struct chain *chain, struct client *client,
                                         struct message *message)
{
    for (size_t i = 0; i < chain->on_message_count && client->state == CLIENT_OPEN; i++) {
        struct instance *instance = chain->on_message[i];
        int verdict =
            instance->plugin->table.on_message(&instance->seen, seen(client), &message->seen);
        enum verdict_slot slot = message_verdict_slot(verdict);
        if (slot == VERDICT_SLOT_CONTINUE) {
            count_verdict(instance, client, slot);
        } else if (slot != VERDICT_SLOT_ERROR) {
            count_verdict(instance, client, slot);
            return (enum sl_verdict)verdict;
        } else if (!continue_after_error(instance, client, "on_message", verdict)) {
            return SL_ERROR;
        }
    }
    return SL_CONTINUE;
}

enum sl_verdict chain_message(const struct chain *chain, struct client *client,
                              struct message *message)
{
    client->shard->current_message = message;
    enum sl_verdict verdict = ask_message_hooks(chain, client, message);
    client->shard->current_message = NULL;
    return verdict;
}

void chain_close(const struct chain *chain, struct client *client)
{
    struct sl_close how = {.struct_size = sizeof how,
                           .code = client->close_code,
                           .by_peer = client->closed_by_peer,
                           .reason = {.data = "", .len = 0}};
    if (client->close_reason != NULL)
        how.reason =
            (struct sl_string){.data = client->close_reason, .len = strlen(client->close_reason)};
    for (size_t i = 0; i < chain->count; i++) {
        struct instance *instance = chain->instances[i];
        if (instance->plugin->table.on_close != NULL)
            instance->plugin->table.on_close(&instance->seen, seen(client), &how);
    }
}
