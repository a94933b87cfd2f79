#include "client/budget.h"

#include "client/client.h"
#include "client/shard.h"

#include <stddef.h>

/* What differs between the two budgets. */
struct budget {
    struct memory_account *(*account)(struct shard_set *set);
    struct holders *(*holders)(struct shard *shard);
    unsigned (*class)(const struct client *client);
    void (*give_up)(struct client *client);
};

static struct memory_account *queue_account(struct shard_set *set)
{
    return &set->delivery.queued;
}

static struct holders *queue_holders(struct shard *shard)
{
    return &shard->delivery.holders;
}

static unsigned queue_class(const struct client *client)
{
    return client->receiver.queue_class;
}

static const struct budget queue_budget = {queue_account, queue_holders, queue_class,
                                           client_give_up_queue};

static struct memory_account *input_account(struct shard_set *set)
{
    return &set->input;
}

static struct holders *input_holders(struct shard *shard)
{
    return &shard->input_holders;
}

static unsigned input_class(const struct client *client)
{
    return client->input_class;
}

static const struct budget input_budget = {input_account, input_holders, input_class,
                                           client_give_up_input};

/* How much more has to be free. */
static size_t missing_bytes(const struct memory_account *account)
{
    size_t limit = memory_account_limit(account);
    size_t wanted = limit - limit / 8;
    size_t bytes = memory_account_bytes(account);
    return bytes > wanted ? bytes - wanted : 0;
}

/* Past this a loop does not wait for the others. */
static bool is_far_over(const struct memory_account *account)
{
    size_t limit = memory_account_limit(account);
    return memory_account_bytes(account) > limit + limit / 4;
}

/* Asks the loops that have holders above `class`. Returns the highest class of other loops. */
static unsigned ask_other_loops(struct shard *shard, const struct budget *budget, unsigned class)
{
    struct shard_set *set = shard->set;
    unsigned highest = 0;
    for (unsigned i = 0; i < set->count; i++) {
        struct shard *other = &set->shards[i];
        unsigned of_other = other != shard ? holders_highest(budget->holders(other)) : 0;
        highest = of_other > highest ? of_other : highest;
        if (of_other <= class)
            continue;
        if (!atomic_exchange_explicit(&other->is_asked_to_relieve, true, memory_order_acq_rel))
            loop_post(&other->loop, &other->relieve_mail);
    }
    return highest;
}

/* Ends clients of these classes until enough is free. All of several classes have to go (see
 * holders_needed): they are ended together, since each class would take a look at all clients, and
 * clients can fill many. Returns whether there were any. */
static bool end_holders(struct shard *shard, const struct budget *budget, unsigned lowest,
                        unsigned highest)
{
    const struct memory_account *account = budget->account(shard->set);
    bool found = false;
    for (uint32_t i = 0; i < shard->slot_count && missing_bytes(account) > 0; i++) {
        struct client *client = shard->slots[i].client;
        if (client == NULL || budget->class(client) < lowest || budget->class(client) > highest)
            continue;
        found = true;
        budget->give_up(client);
    }
    return found;
}

static void relieve(struct shard *shard, const struct budget *budget)
{
    const struct memory_account *account = budget->account(shard->set);
    if (!memory_account_is_full(account))
        return;
    size_t missing;
    while ((missing = missing_bytes(account)) > 0) {
        const struct holders *holders = budget->holders(shard);
        unsigned class = holders_highest(holders);
        unsigned of_others = ask_other_loops(shard, budget, class);
        if (class == 0 || (of_others > class && !is_far_over(account)))
            return;
        unsigned lowest = holders_needed(holders, missing);
        if (lowest < of_others) /* Those of others are the largest before that. */
            lowest = of_others < class ? of_others : class;
        if (!end_holders(shard, budget, lowest, class))
            return;
    }
}

void budget_relieve_queue(struct shard *shard)
{
    relieve(shard, &queue_budget);
}

void budget_relieve_input(struct shard *shard)
{
    relieve(shard, &input_budget);
}

void budget_deliver_request(struct loop *loop, struct mail *mail)
{
    struct shard *shard = (struct shard *)((char *)mail - offsetof(struct shard, relieve_mail));
    atomic_store_explicit(&shard->is_asked_to_relieve, false, memory_order_release);
    if (loop_current() == loop)
        shard->wants_relief = true; /* At the end of this event. */
}
