#include "pipeline/deferral.h"

#include "base/clock.h"
#include "client/client.h"
#include "hub/hub_internal.h"
#include "pipeline/chain.h"
#include "pipeline/chain_deferred.h"
#include "pipeline/completion.h"
#include "pipeline/upgrade.h"
#include "pipeline/message.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CHUNK 64u /* slots */
#define SLOT_NONE UINT32_MAX
#define SLOTS_MAX (1u << 24)
#define DELAY_MAX (3600 * NS_PER_S)
#define SHADOW_RECORDS                                                                             \
    ((size_t)8192) /* bytes: so many deferrals need that beside their messages                     \
                    */

/* -- slots -- */

/* Chunk k holds the slots from (2^k - 1) * FIRST_CHUNK on. */
static struct deferral_slot *slot_at(struct deferral_table *table, uint32_t index)
{
    uint32_t scaled = index / FIRST_CHUNK + 1;
    unsigned chunk = 31u - (unsigned)__builtin_clz(scaled);
    struct deferral_slot *slots =
        chunk < DEFERRAL_CHUNKS ? atomic_load_explicit(&table->chunks[chunk], memory_order_acquire)
                                : NULL;
    return slots != NULL ? &slots[index - ((1u << chunk) - 1) * FIRST_CHUNK] : NULL;
}

void deferral_table_init(struct deferral_table *table)
{
    *table = (struct deferral_table){.first_free = SLOT_NONE};
}

void deferral_table_deinit(struct deferral_table *table)
{
    for (unsigned i = 0; i < DEFERRAL_CHUNKS; i++)
        free(atomic_load_explicit(&table->chunks[i], memory_order_relaxed));
}

static int add_chunk(struct deferral_table *table)
{
    unsigned chunk = 31u - (unsigned)__builtin_clz(table->slot_count / FIRST_CHUNK + 1);
    uint32_t count = FIRST_CHUNK << chunk;
    if (table->slot_count + count > SLOTS_MAX)
        return ERR_NO_MEMORY;
    struct deferral_slot *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = count; i-- > 0;) {
        slots[i].next_free = table->first_free;
        table->first_free = table->slot_count + i;
    }
    atomic_store_explicit(&table->chunks[chunk], slots, memory_order_release);
    table->slot_count += count;
    return OK;
}

static uint32_t ticket_slot(uint64_t ticket)
{
    return (uint32_t)(ticket >> 8) & (SLOTS_MAX - 1);
}

static uint64_t open_state(uint64_t ticket)
{
    return ticket >> 32 << 1 | 1;
}

/* Ends what the ticket names, for the one caller who gets true. Any thread. */
static bool claim(struct deferral_table *table, uint64_t ticket)
{
    struct deferral_slot *slot = slot_at(table, ticket_slot(ticket));
    uint64_t state = open_state(ticket);
    return slot != NULL &&
           atomic_compare_exchange_strong_explicit(&slot->state, &state, state & ~UINT64_C(1),
                                                   memory_order_acq_rel, memory_order_relaxed);
}

static int take_slot(struct shard *shard, struct deferral *deferral)
{
    struct deferral_table *table = &shard->pipeline.deferrals;
    if (table->first_free == SLOT_NONE && add_chunk(table) != OK)
        return ERR_NO_MEMORY;
    uint32_t index = table->first_free;
    struct deferral_slot *slot = slot_at(table, index);
    uint32_t generation =
        (uint32_t)(atomic_load_explicit(&slot->state, memory_order_relaxed) >> 1) + 1;
    if (generation == 0)
        generation = 1; /* So that no ticket is 0. */
    table->first_free = slot->next_free;
    slot->deferral = deferral;
    deferral->ticket = (uint64_t)generation << 32 | (uint64_t)index << 8 | shard->loop.index;
    atomic_store_explicit(&slot->state, open_state(deferral->ticket), memory_order_release);
    counter_add(&table->begun, 1);
    return OK;
}

static void give_slot(struct shard *shard, uint64_t ticket)
{
    struct deferral_table *table = &shard->pipeline.deferrals;
    struct deferral_slot *slot = slot_at(table, ticket_slot(ticket));
    slot->deferral = NULL;
    slot->next_free = table->first_free;
    table->first_free = ticket_slot(ticket);
    counter_add(&table->ended, 1);
}

/* The deferral of a completion that has claimed its ticket, or NULL if it has ended otherwise:
 * its client was buried in the meantime. */
static struct deferral *find(struct shard *shard, uint64_t ticket)
{
    struct deferral_slot *slot = slot_at(&shard->pipeline.deferrals, ticket_slot(ticket));
    struct deferral *deferral = slot != NULL ? slot->deferral : NULL;
    return deferral != NULL && deferral->ticket == ticket ? deferral : NULL;
}

struct sl_ticket deferral_ticket(const struct deferral *deferral)
{
    return (struct sl_ticket){.value = deferral->ticket, .owner = deferral->client->shard->hub};
}

/* -- beginning -- */

static void on_deadline(struct loop *loop, struct timer *timer);

static int64_t time_to_wait(const struct stage *stage, const struct sl_deferral *how)
{
    int64_t longest = how->is_delay ? DELAY_MAX : stage->timeout;
    return how->timeout > 0 && how->timeout < longest ? how->timeout : longest;
}

/* Charges the client with what the deferral holds now; 0: nothing any more. */
static void charge(struct deferral *deferral, size_t bytes)
{
    struct client *client = deferral->client;
    client->extras->deferred_bytes += bytes - deferral->charged;
    deferral->charged = bytes;
    client_note_input(client);
}

static void link_to_client(struct deferral *deferral)
{
    struct client_extras *extras = deferral->client->extras;
    deferral->next = extras->deferrals;
    extras->deferrals = deferral;
    extras->deferral_count++;
}

static void unlink_from_client(struct deferral *deferral)
{
    struct client_extras *extras = deferral->client->extras;
    struct deferral **link = &extras->deferrals;
    while (*link != deferral)
        link = &(*link)->next;
    *link = deferral->next;
    extras->deferral_count--;
    charge(deferral, 0);
}

/* What only watches may not make the server hold much: of one client no more than one message of
 * the largest size, and nothing more when all hold too much. */
static bool may_hold(const struct client *client, const struct stage *stage,
                     const struct message *message)
{
    if (!stage->is_shadow || message == NULL)
        return true;
    return !memory_account_is_full(&client->shard->set->input) &&
           client->extras->deferred_bytes + message->seen.len <=
               client->setup->limits.message_max + SHADOW_RECORDS;
}

int deferral_begin(struct client *client, const struct stage *stage, const struct sl_deferral *how,
                   struct deferral **out)
{
    static const struct sl_deferral plain = {.struct_size = sizeof plain};
    struct shard *shard = client->shard;
    if (how == NULL)
        how = &plain;
    if (client_need_extras(client) == NULL)
        return ERR_NO_MEMORY;
    if (client->extras->deferral_count >= DEFERRALS_PER_CLIENT ||
        !may_hold(client, stage, shard->pipeline.running.message))
        return ERR_LIMIT;
    struct deferral *deferral = calloc(1, sizeof *deferral);
    if (deferral == NULL)
        return ERR_NO_MEMORY;
    deferral->client = client;
    deferral->stage = stage;
    deferral->is_delay = how->is_delay;
    deferral->context = how->context;
    deferral->on_cancel = how->on_cancel;
    if (take_slot(shard, deferral) != OK) {
        free(deferral);
        return ERR_NO_MEMORY;
    }
    link_to_client(deferral);
    deferral->timer.fire = on_deadline;
    timer_start(&shard->loop.timers, &deferral->timer, shard->loop.now + time_to_wait(stage, how));
    *out = deferral;
    return OK;
}

void deferral_hold_message(struct deferral *deferral, struct message *message)
{
    size_t bytes = memory_cost(sizeof *deferral) + memory_cost(sizeof *message);
    if (message->replacement != NULL)
        bytes += memory_cost(message->seen.len + 1);
    if (message->topic != NULL)
        bytes += memory_cost(strlen(message->topic) + 1);
    deferral->message = message;
    charge(deferral, bytes);
}

void deferral_hold_upgrade(struct deferral *deferral, struct upgrade *upgrade)
{
    const struct handoff *handoff = upgrade->handoff;
    upgrade->references++;
    deferral->upgrade = upgrade;
    charge(deferral, memory_cost(sizeof *deferral) + memory_cost(sizeof *upgrade) +
                         memory_cost(sizeof *handoff) + malloc_usable_size(handoff->request) +
                         memory_cost_if_any(handoff->early_len));
}

/* -- ending, on the client's loop -- */

/* Nobody finds it by time or ticket any more. */
static void retire(struct deferral *deferral)
{
    timer_stop(&deferral->timer);
    give_slot(deferral->client->shard, deferral->ticket);
}

/* Takes it out of everything; what it held is the caller's. */
static void end(struct deferral *deferral)
{
    unlink_from_client(deferral);
    retire(deferral);
}

static void release(struct deferral *deferral)
{
    if (deferral->message != NULL)
        message_release(deferral->client->shard, deferral->message);
    upgrade_unref(deferral->upgrade);
    free(deferral);
}

static bool claim_here(const struct deferral *deferral)
{
    return claim(&deferral->client->shard->pipeline.deferrals, deferral->ticket);
}

void deferral_drop(struct deferral *deferral)
{
    bool is_ours = claim_here(deferral);
    (void)is_ours; /* If a completion was quicker, its mail will find nothing. */
    end(deferral);
    deferral->message = NULL; /* Still the chain's. */
    deferral->upgrade = NULL;
    release(deferral);
}

static void tell_cancelled(const struct deferral *deferral, enum sl_cancel_reason reason)
{
    struct instance *instance = deferral->stage->instance;
    if (deferral->on_cancel == NULL)
        return;
    crash_about(deferral->client->seen.id);
    crash_enter_stage(&instance->crash, "on_cancel", deferral->stage);
    deferral->on_cancel(&instance->seen, deferral_ticket(deferral), deferral->context, reason);
    crash_leave();
}

void deferral_move_all(struct client *client, const struct chain *to)
{
    struct deferral *next = client->extras != NULL ? client->extras->deferrals : NULL;
    while (next != NULL) {
        struct deferral *deferral = next;
        const struct stage *stage = chain_stage_of(to, deferral->stage->instance);
        next = deferral->next;
        if (stage != NULL) {
            deferral->stage = stage;
            continue;
        }
        if (claim_here(deferral)) /* Else the mail of its completion will find nothing. */
            tell_cancelled(deferral, SL_CANCEL_CLIENT_GONE);
        end(deferral);
        release(deferral);
    }
}

void deferral_cancel_all(struct client *client, enum sl_cancel_reason reason)
{
    struct deferral *next = client->extras != NULL ? client->extras->deferrals : NULL;
    while (next != NULL) {
        struct deferral *deferral = next;
        next = deferral->next;
        client->extras->deferrals = next;
        client->extras->deferral_count--;
        charge(deferral, 0);
        if (claim_here(deferral))
            tell_cancelled(deferral, reason);
        retire(deferral);
        release(deferral);
    }
}

/* What a completion brings along is laid over the request or the message. Returns the verdict, or
 * SL_ERROR if it does not fit. */
static int apply(const struct deferral *deferral, const struct completion *completion)
{
    if (deferral->message != NULL)
        return chain_apply_to_message(deferral->message, completion);
    return chain_apply_to_upgrade(deferral->client, deferral->upgrade, completion);
}

/* The chain goes on with what was decided. `completion` is NULL after a deadline. */
static void finish(struct deferral *deferral, const struct completion *completion, int verdict)
{
    struct client *client = deferral->client;
    chain_count_deferred(deferral->stage, client, verdict);
    end(deferral);
    if (!deferral->is_attached) {
        release(deferral);
        return;
    }
    if (completion != NULL)
        verdict = apply(deferral, completion);
    struct message *message = deferral->message;
    struct upgrade *upgrade = deferral->upgrade;
    deferral->message = NULL;
    deferral->upgrade = NULL;
    release(deferral);
    if (message != NULL)
        client_resume_message(client, message, verdict);
    else
        client_resume_connect(client, upgrade, verdict);
}

static void on_deadline(struct loop *loop, struct timer *timer)
{
    struct deferral *deferral = (struct deferral *)timer;
    (void)loop;
    if (!claim_here(deferral))
        return; /* Its completion is on its way. */
    if (deferral->is_delay) {
        finish(deferral, NULL, SL_CONTINUE);
        return;
    }
    chain_count_timeout(deferral->stage, deferral->client);
    tell_cancelled(deferral, SL_CANCEL_TIMEOUT);
    finish(deferral, NULL, SL_ERROR);
}

/* -- completing, from any thread -- */

static void deliver(struct loop *loop, struct mail *mail)
{
    struct completion *completion = (struct completion *)mail;
    struct deferral *deferral = find(shard_of(loop), completion->ticket.value);
    if (deferral != NULL)
        finish(deferral, completion, completion->verdict);
    free(completion);
}

static bool is_final(enum sl_verdict verdict)
{
    return verdict >= SL_ERROR && verdict <= SL_DENY;
}

int deferral_complete(struct sl_ticket ticket, enum sl_verdict verdict,
                      const struct sl_completion *details)
{
    struct hub *hub = ticket.owner;
    struct completion *completion;
    unsigned index = client_id_loop(ticket.value);
    if (!is_final(verdict))
        return -1;
    if (ticket.value == 0 || hub == NULL || index >= hub->set.count)
        return SL_GONE;
    if (completion_create(ticket, verdict, details, &completion) != OK)
        return -1;
    if (!claim(&hub->set.shards[index].pipeline.deferrals, ticket.value)) {
        free(completion);
        return SL_GONE;
    }
    completion->mail.deliver = deliver;
    loop_post(&hub->set.shards[index].loop, &completion->mail);
    return 0;
}
