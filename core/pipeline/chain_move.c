#include "pipeline/chain_move.h"

#include "pipeline/chain.h"
#include "pipeline/chain_open.h"
#include "pipeline/deferral.h"
#include "pipeline/plugin_request.h"

#include <stdlib.h>

/* -- state blocks -- */

static size_t block_size(const struct instance *instance)
{
    return plugin_block_size(instance->plugin);
}

/* Frees the blocks that were made for the new chain alone. */
static void abandon_blocks(void **blocks, const struct chain *from, const struct chain *to)
{
    for (size_t i = 0; blocks != NULL && i < to->count; i++)
        if (!chain_has(from, to->stages[i].instance))
            free(blocks[to->stages[i].instance->slot]);
    free(blocks);
}

/* The blocks of the new chain: those that stay, and zeroed ones. NULL: no memory. */
static void **make_blocks(const struct sl_client *client, const struct chain *from,
                          const struct chain *to)
{
    void **blocks = calloc(to->slot_count + 1, sizeof(void *));
    bool is_complete = blocks != NULL;
    for (size_t i = 0; is_complete && i < to->count; i++) {
        const struct instance *instance = to->stages[i].instance;
        if (block_size(instance) == 0)
            continue;
        blocks[instance->slot] =
            chain_has(from, instance)
                ? sl_client_block(client, instance->slot, instance->client_offset)
                : calloc(1, block_size(instance));
        is_complete = blocks[instance->slot] != NULL;
    }
    if (is_complete)
        return blocks;
    abandon_blocks(blocks, from, to);
    return NULL;
}

/* Frees the blocks of instances that are not in the new chain. */
static void drop_blocks(const struct sl_client *client, const struct chain *from,
                        const struct chain *to)
{
    for (size_t i = 0; client->has_moved_state && i < from->count; i++) {
        const struct instance *instance = from->stages[i].instance;
        void *block = client->more->blocks[instance->slot];
        if (!chain_has(to, instance) && !sl_client_block_is_inline(client, block))
            free(block);
    }
}

static void install_blocks(const struct chain_move *move)
{
    struct sl_client *client = move->client;
    if (move->blocks == NULL)
        return;
    drop_blocks(client, move->from, move->to);
    free(client->more->blocks);
    client->more->blocks = move->blocks;
    client->more->block_count = move->to->slot_count;
    client->has_moved_state = true;
}

/* -- the three steps -- */

static bool have_same_instances(const struct chain *from, const struct chain *to)
{
    if (from->count != to->count)
        return false;
    for (size_t i = 0; i < to->count; i++)
        if (!chain_has(from, to->stages[i].instance))
            return false;
    return true;
}

int chain_move_begin(struct sl_client *client, const struct chain *to, struct chain_move *move)
{
    *move = (struct chain_move){.client = client,
                                .from = client->chain,
                                .to = to,
                                .keeps_all = have_same_instances(client->chain, to)};
    if (move->keeps_all || (!client->has_moved_state && to->client_size == 0))
        return OK;
    if (sl_client_need_extras(client) == NULL)
        return ERR_NO_MEMORY;
    move->blocks = make_blocks(client, client->chain, to);
    return move->blocks != NULL ? OK : ERR_NO_MEMORY;
}

/* Who was refused by a stage that only watches, and watches on, is not counted again. */
static void move_shadow_bits(struct sl_client *client, const struct chain *to)
{
    uint8_t bits = 0;
    for (size_t i = 0; client->refused_in_shadow != 0 && i < to->count; i++) {
        const struct stage *before = chain_stage_of(client->chain, to->stages[i].instance);
        if (before != NULL && (client->refused_in_shadow & before->shadow_bit) != 0)
            bits |= to->stages[i].shadow_bit;
    }
    client->refused_in_shadow = bits;
}

/* A hook may ask for what an earlier instance keeps of the client, by a service: so all have had
 * their on_close before the first of them lets the client go, the last stage first. */
static void leave_stages(const struct chain_move *move)
{
    const struct chain *from = move->from;
    const struct sl_close how = {.struct_size = sizeof how, .reason = {.data = "", .len = 0}};
    for (size_t i = 0; i < from->count; i++)
        if (!chain_has(move->to, from->stages[i].instance))
            stage_close(&from->stages[i], move->client, &how);
    for (size_t i = 0; i < from->count; i++) {
        struct instance *instance = from->stages[i].instance;
        if (!chain_has(move->to, instance))
            plugin_request_cancel(instance->pipeline, instance, move->client->id);
    }
    for (size_t i = from->count; i-- > 0;)
        if (!chain_has(move->to, from->stages[i].instance))
            stage_free_client(&from->stages[i], move->client);
}

/* What an instance that goes has deferred is cancelled before its on_close, as when the client
 * itself goes. While they go the client is in their hands only: those that have had their on_close
 * must not hear of it again, so it neither subscribes nor is whom a message comes from. */
void chain_move_leave(struct chain_move *move)
{
    deferral_move_all(move->client, move->to);
    if (!move->keeps_all) {
        move->client->is_leaving = true;
        leave_stages(move);
        move->client->is_leaving = false;
        install_blocks(move);
    }
    move_shadow_bits(move->client, move->to);
    move->client->chain = move->to;
}

enum chain_result chain_move_enter(const struct chain_move *move)
{
    return move->keeps_all ? CHAIN_PASSED : chain_open_from(move->client, move->from);
}
