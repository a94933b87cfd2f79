#include "pipeline/chain_move.h"

#include "pipeline/chain.h"
#include "pipeline/deferral.h"

#include <stdlib.h>

/* -- state blocks -- */

static size_t block_size(const struct instance *instance)
{
    return instance->plugin->table.client_size;
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

/* What an instance that goes has deferred is cancelled before its on_close, as when the client
 * itself goes. */
void chain_move_leave(struct chain_move *move)
{
    struct sl_close how = {.struct_size = sizeof how, .reason = {.data = "", .len = 0}};
    const struct chain *from = move->from;
    deferral_move_all(move->client, move->to);
    if (!move->keeps_all) {
        for (size_t i = 0; i < from->count; i++)
            if (!chain_has(move->to, from->stages[i].instance))
                stage_close(&from->stages[i], move->client, &how);
        install_blocks(move);
    }
    move->client->chain = move->to;
}

void chain_move_enter(const struct chain_move *move)
{
    const struct chain *to = move->to;
    if (move->keeps_all)
        return;
    move->client->is_carried_over = true;
    for (size_t i = 0; i < to->count; i++)
        if (!chain_has(move->from, to->stages[i].instance))
            stage_open(&to->stages[i], move->client);
    move->client->is_carried_over = false;
}
