#include "client/shard.h"

#include "client/budget.h"
#include "client/client.h"
#include "client/inflate.h"
#include "client/trace.h"

#include <stdlib.h>

#define SLOT_NONE UINT32_MAX
#define SLOTS_MAX (1u << 24)

/* -- ids -- */

static int add_slots(struct shard *shard)
{
    uint32_t count = shard->slot_count == 0 ? 64 : shard->slot_count * 2;
    if (count > SLOTS_MAX)
        return ERR_NO_MEMORY;
    struct shard_slot *slots = realloc(shard->slots, count * sizeof *slots);
    if (slots == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = count; i-- > shard->slot_count;) {
        slots[i] = (struct shard_slot){.next_free = shard->first_free_slot};
        shard->first_free_slot = i;
    }
    shard->slots = slots;
    shard->slot_count = count;
    return OK;
}

static uint32_t slot_index(uint64_t id)
{
    return (uint32_t)(id >> 8) & (SLOTS_MAX - 1);
}

int shard_add(struct shard *shard, struct client *client)
{
    if (shard->first_free_slot == SLOT_NONE && add_slots(shard) != OK)
        return ERR_NO_MEMORY;
    uint32_t index = shard->first_free_slot;
    struct shard_slot *slot = &shard->slots[index];
    shard->first_free_slot = slot->next_free;
    slot->client = client;
    slot->generation++;
    slot->since = (uint32_t)(shard->loop.now >> SHARD_AGE_SHIFT);
    client->seen.id = (uint64_t)slot->generation << 32 | (uint64_t)index << 8 | shard->loop.index;
    return OK;
}

void shard_remove(struct shard *shard, struct client *client)
{
    uint32_t index = slot_index(client->seen.id);
    shard->slots[index].client = NULL;
    shard->slots[index].next_free = shard->first_free_slot;
    shard->first_free_slot = index;
}

struct client *shard_find(struct shard *shard, uint64_t id)
{
    uint32_t index = slot_index(id);
    if (index >= shard->slot_count || shard->slots[index].generation != id >> 32)
        return NULL;
    struct client *client = shard->slots[index].client;
    return client != NULL && client->state != CLIENT_GONE ? client : NULL;
}

int64_t shard_age_of(const struct shard *shard, const struct client *client)
{
    uint32_t since = shard->slots[slot_index(client->seen.id)].since;
    uint32_t age = (uint32_t)(shard->loop.now >> SHARD_AGE_SHIFT) - since;
    return (int64_t)age << SHARD_AGE_SHIFT;
}

/* -- between events -- */

/* A budget is full, or another loop says so. */
static void relieve_budgets(struct shard *shard)
{
    shard->wants_relief = false;
    budget_relieve_queue(shard);
    budget_relieve_input(shard);
}

static void shard_on_event_end(struct loop *loop)
{
    struct shard *shard = shard_of(loop);
    if (shard->wants_relief) {
        delivery_flush(&shard->delivery); /* First: batches have to be empty. */
        relieve_budgets(shard);
    }
    if (shard->delivery.has_much_to_send)
        delivery_flush(&shard->delivery);
}

/* -- the end of an iteration -- */

/* The close hooks may publish and end others: those wait for the next iteration. */
static void free_closed(struct shard *shard)
{
    struct client *client = shard->closed;
    shard->closed = NULL;
    while (client != NULL) {
        struct client *next = client->next_closed;
        client_free(client);
        client = next;
        if (shard->delivery.has_much_to_send)
            delivery_flush(&shard->delivery);
    }
}

/* The last step of every message's path: one write for each client that is to get something. */
static bool shard_on_iteration_end(struct loop *loop)
{
    struct shard *shard = shard_of(loop);
    bool has_more = shard->sweeps != NULL && sweep_go_on(shard);
    delivery_flush(&shard->delivery);
    if (shard->wants_relief) {
        relieve_budgets(shard);
        delivery_flush(
            &shard->delivery); /* Or a client would be freed that has something to be sent. */
    }
    free_closed(shard);
    return has_more || delivery_is_dirty(&shard->delivery) || shard->closed != NULL;
}

/* -- life -- */

/* The last thing that the loop's thread does, so that the close hooks run where all others did. */
static void shard_on_stop(struct loop *loop)
{
    struct shard *shard = shard_of(loop);
    drain_end_all(shard);
    sweep_end_all(shard);
    trace_end_all(shard);
    for (uint32_t i = 0; i < shard->slot_count; i++)
        if (shard->slots[i].client != NULL)
            client_abort(shard->slots[i].client);
    /* What the close hooks send has no receivers here any more; two rounds see the end of it. */
    for (int round = 0; round < 2; round++)
        shard_on_iteration_end(loop);
}

int shard_init(struct shard *shard, struct shard_set *set, unsigned index)
{
    *shard = (struct shard){.set = set, .first_free_slot = SLOT_NONE};
    shard->relieve_mail.deliver = budget_deliver_request;
    if (loop_init(&shard->loop, index) != OK)
        return ERR_SYSTEM;
    pipeline_loop_init(&shard->pipeline, &shard->loop, &set->pipeline);
    delivery_loop_init(&shard->delivery, &set->delivery, &shard->loop, client_receiver_calls());
    shard->loop.owner = shard;
    shard->loop.on_event_end = shard_on_event_end;
    shard->loop.on_iteration_end = shard_on_iteration_end;
    shard->loop.on_stop = shard_on_stop;
    shard->input = malloc(FRAME_UNCONSUMED_MAX + SHARD_READ_SIZE);
    if (shard->input == NULL) {
        shard_deinit(shard);
        return ERR_NO_MEMORY;
    }
    return OK;
}

void shard_deinit(struct shard *shard)
{
    pipeline_loop_deinit(&shard->pipeline);
    delivery_loop_deinit(&shard->delivery);
    free(shard->slots);
    free(shard->input);
    inflation_destroy(shard->inflation);
    loop_deinit(&shard->loop);
}
