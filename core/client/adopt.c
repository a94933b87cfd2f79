/*
 * Reload: a client is brought from one set-up of its endpoint to another. Instances that both
 * pipelines have keep the client and its state block; the others see it leave, or come.
 */
#include "client/client.h"

#include "delivery/audience.h"
#include "client/endpoint.h"
#include "client/shard.h"
#include "pipeline/chain.h"
#include "pipeline/chain_recheck.h"
#include "pipeline/deferral.h"

#include <stdlib.h>
#include <string.h>

void *client_block(const struct client *client, unsigned slot, size_t offset)
{
    if (client->seen.has_moved_state)
        return client->extras->blocks[slot];
    return (char *)(uintptr_t)client->plugin_state + offset;
}

static size_t block_size(const struct instance *instance)
{
    return instance->plugin->table.client_size;
}

/* The blocks of the new chain: those that stay, and zeroed ones. NULL: no memory. */
static void **make_blocks(const struct client *client, const struct chain *from,
                          const struct chain *to)
{
    void **blocks = calloc(to->slot_count + 1, sizeof(void *));
    bool complete = blocks != NULL;
    for (size_t i = 0; complete && i < to->count; i++) {
        const struct instance *instance = to->stages[i].instance;
        if (block_size(instance) == 0)
            continue;
        blocks[instance->slot] = chain_has(from, instance)
                                     ? client_block(client, instance->slot, instance->client_offset)
                                     : calloc(1, block_size(instance));
        complete = blocks[instance->slot] != NULL;
    }
    if (complete)
        return blocks;
    for (size_t i = 0; blocks != NULL && i < to->count; i++)
        if (!chain_has(from, to->stages[i].instance))
            free(blocks[to->stages[i].instance->slot]);
    free(blocks);
    return NULL;
}

static bool is_inline(const struct client *client, const char *block)
{
    return block >= client->plugin_state && block < client->plugin_state + client->seen.inline_size;
}

/* Frees the blocks of instances that are not in the new chain. */
static void drop_blocks(const struct client *client, const struct chain *from,
                        const struct chain *to)
{
    for (size_t i = 0; client->seen.has_moved_state && i < from->count; i++) {
        const struct instance *instance = from->stages[i].instance;
        void *block = client->extras->blocks[instance->slot];
        if (!chain_has(to, instance) && !is_inline(client, block))
            free(block);
    }
}

/* Puts the new blocks into place, if there is anything to be kept. */
static void install_blocks(struct client *client, void **blocks, const struct chain *from,
                           const struct chain *to)
{
    if (blocks == NULL)
        return;
    drop_blocks(client, from, to);
    free(client->extras->blocks);
    client->extras->blocks = blocks;
    client->extras->block_count = to->slot_count;
    client->seen.has_moved_state = true;
}

static void say_goodbye(struct client *client, const struct chain *from, const struct chain *to)
{
    for (size_t i = 0; i < from->count; i++)
        if (!chain_has(to, from->stages[i].instance))
            stage_leave_client(&from->stages[i], client);
}

static void say_hello(struct client *client, const struct chain *from, const struct chain *to)
{
    client->seen.is_carried_over = true;
    for (size_t i = 0; i < to->count; i++)
        if (!chain_has(from, to->stages[i].instance))
            stage_open_client(&to->stages[i], client);
    client->seen.is_carried_over = false;
}

static bool is_same(const struct chain *from, const struct chain *to)
{
    if (from->count != to->count)
        return false;
    for (size_t i = 0; i < to->count; i++)
        if (!chain_has(from, to->stages[i].instance))
            return false;
    return true;
}

/* Without giving the one before back. */
static void take_setup(struct client *client, struct endpoint_setup *setup)
{
    client->setup = endpoint_setup_ref(setup);
    client->receiver.limits = &setup->receiver_limits;
}

/* All that can fail comes before the plugins hear of it. What an instance that goes has deferred is
 * cancelled before its on_close, as when the client itself goes. */
static void move(struct client *client, const struct chain *from, struct endpoint_setup *setup)
{
    const struct chain *to = setup->chain;
    bool has_state = client->seen.has_moved_state || to->client_size > 0;
    void **blocks = NULL;
    if (has_state && client_need_extras(client) != NULL)
        blocks = make_blocks(client, from, to);
    if (has_state && blocks == NULL) {
        shard_count_drop(client->shard, DROP_NO_MEMORY);
        client_abort(client);
        return;
    }
    deferral_move_all(client, to);
    say_goodbye(client, from, to);
    install_blocks(client, blocks, from, to);
    take_setup(client, setup);
    say_hello(client, from, to);
}

static void adopt(struct client *client, struct endpoint_setup *setup)
{
    struct endpoint_setup *before = client->setup;
    if (is_same(before->chain, setup->chain)) {
        deferral_move_all(client, setup->chain);
        take_setup(client, setup);
    } else {
        move(client, before->chain, setup);
    }
    if (client->setup != before)
        endpoint_setup_unref(before);
}

static void close_unwanted(struct client *client, uint16_t code, const char *reason)
{
    client_close(client, code, reason, strlen(reason)); /* Nothing, if a hook was quicker. */
}

/* Whether it would be let in now, where the endpoint asks for that; else it is closed. */
static void recheck(struct client *client)
{
    const struct endpoint_config *config = client->setup->config;
    if (config->on_reload != ON_RELOAD_RECHECK || client->state != CLIENT_OPEN)
        return;
    if (config->identity_required && client->seen.identity == NULL) {
        close_unwanted(client, CLOSE_UNAUTHORIZED, "This endpoint needs credentials now");
        return;
    }
    enum sl_verdict verdict = chain_recheck(client);
    if (verdict == SL_DENY)
        close_unwanted(client, CLOSE_UNAUTHORIZED, "Your credentials are not accepted any more");
    else if (verdict == SL_ERROR)
        close_unwanted(client, CLOSE_INTERNAL_ERROR, "Your credentials could not be checked again");
}

void client_catch_up_with_reload(struct client *client)
{
    struct endpoint_setup *setup = client_endpoint(client)->loop_setups[client->shard->loop.index];
    bool is_removed = setup == NULL;
    /* One that is ending keeps what it has, for its short rest. A message whose verdict is awaited
     * ends on the chain that it began with. */
    if (is_removed || client->setup == setup || client->state != CLIENT_OPEN || client->is_waiting)
        return;
    adopt(client, setup);
    client_adjust_heartbeat(client);
    recheck(client);
}
