#include "client/budget.h"

#include "client/client.h"
#include "hub/hub_internal.h"
#include "client/shard.h"

#define SMALLEST_SHIFT 6u /* up to 64 bytes is one class */
#define STEP_BITS 2u      /* four classes to each power of two */

unsigned budget_class(size_t bytes)
{
    if (bytes == 0)
        return 0;
    if (bytes < (size_t)1 << SMALLEST_SHIFT)
        return 1;
    unsigned shift = 63u - (unsigned)__builtin_clzll(bytes);
    unsigned step = (unsigned)(bytes >> (shift - STEP_BITS)) & ((1u << STEP_BITS) - 1);
    unsigned found = ((shift - SMALLEST_SHIFT) << STEP_BITS) + step + 2;
    return found < BUDGET_CLASSES ? found : BUDGET_CLASSES - 1;
}

void budget_note(struct client *client, enum budget budget, size_t bytes)
{
    counter *holders = client->shard->holders[budget];
    unsigned before = client->budget_class[budget];
    unsigned now = budget_class(bytes);
    if (now == before)
        return;
    if (before > 0)
        counter_add(&holders[before], (uint64_t)-1);
    if (now > 0)
        counter_add(&holders[now], 1);
    client->budget_class[budget] = (uint8_t)now;
}

static size_t held(struct hub *hub, enum budget budget)
{
    return atomic_load_explicit(budget == BUDGET_QUEUE ? &hub->queued_bytes : &hub->input_bytes,
                                memory_order_relaxed);
}

static size_t limit(struct hub *hub, enum budget budget)
{
    return atomic_load_explicit(budget == BUDGET_QUEUE ? &hub->limit_queue_bytes
                                                       : &hub->limit_input_bytes,
                                memory_order_relaxed);
}

bool budget_is_full(struct hub *hub, enum budget budget)
{
    return held(hub, budget) > limit(hub, budget);
}

static bool is_relieved(struct hub *hub, enum budget budget)
{
    return held(hub, budget) <= limit(hub, budget) - limit(hub, budget) / 8;
}

/* Past this a loop does not wait for the others. */
static bool is_far_over(struct hub *hub, enum budget budget)
{
    return held(hub, budget) > limit(hub, budget) + limit(hub, budget) / 4;
}

/* The class of a loop's largest holders; 0: there are none. */
static unsigned highest_class(struct shard *shard, enum budget budget)
{
    unsigned class = BUDGET_CLASSES - 1;
    while (class > 0 && counter_read(&shard->holders[budget][class]) == 0)
        class --;
    return class;
}

/* Asks the loops that have holders above `class`. Returns whether there are any. */
static bool ask_others(struct shard *shard, enum budget budget, unsigned class)
{
    struct hub *hub = shard->hub;
    bool found = false;
    for (unsigned i = 0; i < hub->shard_count; i++) {
        struct shard *other = &hub->shards[i];
        if (other == shard || highest_class(other, budget) <= class)
            continue;
        found = true;
        if (!atomic_exchange_explicit(&other->is_asked_to_relieve, true, memory_order_acq_rel))
            loop_post(&other->loop, &other->relieve_mail);
    }
    return found;
}

/* Ends clients of that class until enough is free. Returns whether there were any. */
static bool end_holders(struct shard *shard, enum budget budget, unsigned class)
{
    bool found = false;
    for (uint32_t i = 0; i < shard->slot_count && !is_relieved(shard->hub, budget); i++) {
        struct client *client = shard->slots[i].client;
        if (client == NULL || client->budget_class[budget] != class)
            continue;
        found = true;
        if (budget == BUDGET_QUEUE)
            client_give_up_queue(client);
        else
            client_give_up_input(client);
    }
    return found;
}

void budget_relieve(struct shard *shard, enum budget budget)
{
    if (!budget_is_full(shard->hub, budget))
        return;
    while (!is_relieved(shard->hub, budget)) {
        unsigned class = highest_class(shard, budget);
        if (ask_others(shard, budget, class) && !is_far_over(shard->hub, budget))
            return;
        if (class == 0 || !end_holders(shard, budget, class))
            return;
    }
}

void budget_deliver_request(struct loop *loop, struct mail *mail)
{
    struct shard *shard = (struct shard *)((char *)mail - offsetof(struct shard, relieve_mail));
    atomic_store_explicit(&shard->is_asked_to_relieve, false, memory_order_release);
    if (loop_current() == loop)
        shard->wants_relief = true; /* At the end of this event. */
}
