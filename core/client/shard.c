#include "client/shard.h"

#include "base/clock.h"
#include "client/client.h"
#include "client/endpoint.h"
#include "hub/hub_internal.h"

#include <stdlib.h>
#include <string.h>

#define UNICAST_MAX (UINT32_MAX / 2)
#define UNICAST_FLUSH (256u * 1024)
#define OUTGOING_FLUSH (64u * 1024) /* runs */
#define OUTGOING_KEEP (2 * OUTGOING_FLUSH)
#define SLOT_NONE UINT32_MAX
#define SLOTS_MAX (1u << 24)
#define DRAIN_TICK (50 * NS_PER_MS)
#define DRAIN_AT_LEAST 64u /* clients closed each tick: a small server need not take its time */

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

/* -- counting -- */

void shard_count_close(struct shard *shard, uint16_t code)
{
    unsigned slot = code >= 4000 ? CLOSE_SLOT_4XXX : CLOSE_SLOT_3XXX;
    if (code >= 1000 && code < 1000 + CLOSE_SLOT_3XXX)
        slot = code - 1000u;
    else if (code == 4401)
        slot = CLOSE_SLOT_4401;
    else if (code == 4429)
        slot = CLOSE_SLOT_4429;
    counter_add(&shard->stats.closes[slot], 1);
}

/* -- what goes out in this iteration -- */

void shard_mark_dirty(struct shard *shard, struct audience *audience)
{
    if (audience->is_dirty)
        return;
    audience->is_dirty = true;
    audience->next_dirty = shard->delivery.dirty_audiences;
    shard->delivery.dirty_audiences = audience;
}

void shard_mark_client_dirty(struct shard *shard, struct client *client)
{
    if (client->receiver.is_dirty)
        return;
    client->receiver.is_dirty = true;
    client->receiver.next_dirty = shard->delivery.dirty_clients;
    shard->delivery.dirty_clients = client;
}

/* Makes a run of bytes the client's next one, lengthening its last run if they follow each other.
 */
static int add_outgoing(struct shard *shard, struct client *client, bool from_batch,
                        uint32_t offset, uint32_t len)
{
    if (client->receiver.outgoing_last != OUTGOING_NONE) {
        struct outgoing *last = &shard->delivery.outgoing[client->receiver.outgoing_last];
        if (last->from_batch == from_batch && last->offset + last->len == offset) {
            last->len += len;
            return OK;
        }
    }
    if (shard->delivery.outgoing_count == shard->delivery.outgoing_capacity) {
        uint32_t capacity =
            shard->delivery.outgoing_capacity < 64 ? 64 : shard->delivery.outgoing_capacity * 2;
        struct outgoing *grown = realloc(shard->delivery.outgoing, capacity * sizeof *grown);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        shard->delivery.outgoing = grown;
        shard->delivery.outgoing_capacity = capacity;
    }
    uint32_t index = shard->delivery.outgoing_count++;
    shard->delivery.outgoing[index] = (struct outgoing){
        .next = OUTGOING_NONE, .from_batch = from_batch, .offset = offset, .len = len};
    if (client->receiver.outgoing_last == OUTGOING_NONE)
        client->receiver.outgoing_first = index;
    else
        shard->delivery.outgoing[client->receiver.outgoing_last].next = index;
    client->receiver.outgoing_last = index;
    shard_mark_client_dirty(shard, client);
    return OK;
}

int shard_catch_up(struct shard *shard, struct client *client)
{
    uint32_t published = (uint32_t)client->receiver.audience->batch.len;
    if (client->state != CLIENT_OPEN || !client->receiver.is_joined ||
        client->receiver.cursor >= published)
        return OK;
    int error = add_outgoing(shard, client, true, client->receiver.cursor,
                             published - client->receiver.cursor);
    if (error == OK)
        client->receiver.cursor = published;
    return error;
}

/* Writes for every client that has something of its own, and empties the buffers that held it. */
static void flush_clients(struct shard *shard)
{
    while (shard->delivery.dirty_clients != NULL) {
        struct client *client = shard->delivery.dirty_clients;
        shard->delivery.dirty_clients = client->receiver.next_dirty;
        client->receiver.is_dirty = false;
        client_flush(client);
        budget_relieve(shard, BUDGET_QUEUE);
    }
    shard->delivery.unicast.len = 0;
    shard->delivery.outgoing_count = 0;
    if (shard->delivery.unicast.capacity > 2 * UNICAST_FLUSH)
        buffer_release(&shard->delivery.unicast);
    if (shard->delivery.outgoing_capacity > OUTGOING_KEEP) {
        free(shard->delivery.outgoing);
        shard->delivery.outgoing = NULL;
        shard->delivery.outgoing_capacity = 0;
    }
}

int shard_queue(struct shard *shard, struct client *client, const void *head, size_t head_len,
                const void *body, size_t body_len)
{
    uint8_t *to;
    size_t offset = shard->delivery.unicast.len;
    if (shard_catch_up(shard, client) != OK ||
        buffer_extend(&shard->delivery.unicast, head_len + body_len, &to) != OK)
        return ERR_NO_MEMORY;
    memcpy(to, head, head_len);
    if (body_len > 0)
        memcpy(to + head_len, body, body_len);
    if (add_outgoing(shard, client, false, (uint32_t)offset, (uint32_t)(head_len + body_len)) !=
        OK) {
        shard->delivery.unicast.len = offset;
        return ERR_NO_MEMORY;
    }
    if (shard->delivery.unicast.len > UNICAST_FLUSH)
        shard->delivery.has_much_to_send = true;
    return OK;
}

int shard_share(struct shard *shard, const void *bytes, size_t len, uint32_t *offset)
{
    size_t at = shard->delivery.unicast.len;
    if (buffer_append(&shard->delivery.unicast, bytes, len) != OK)
        return ERR_NO_MEMORY;
    *offset = (uint32_t)at;
    if (shard->delivery.unicast.len > UNICAST_FLUSH)
        shard->delivery.has_much_to_send = true;
    return OK;
}

int shard_queue_shared(struct shard *shard, struct client *client, uint32_t offset, uint32_t len)
{
    if (shard->delivery.outgoing_count > OUTGOING_FLUSH)
        shard->delivery.has_much_to_send = true;
    if (shard_catch_up(shard, client) != OK)
        return ERR_NO_MEMORY;
    return add_outgoing(shard, client, false, offset, len);
}

void shard_forward_audiences(struct shard *shard)
{
    for (struct audience *audience = shard->delivery.dirty_audiences; audience != NULL;
         audience = audience->next_dirty)
        audience_forward(audience);
}

static void flush_audiences(struct shard *shard)
{
    while (shard->delivery.dirty_audiences != NULL) {
        struct audience *audience = shard->delivery.dirty_audiences;
        shard->delivery.dirty_audiences = audience->next_dirty;
        audience->is_dirty = false;
        audience_flush(audience);
        budget_relieve(shard, BUDGET_QUEUE);
    }
}

/* Nothing of a plugin's is on the stack now, and no message is being looked at: only here, between
 * events, are sockets written to, and clients found to be gone by that. */
void shard_flush(struct shard *shard)
{
    shard->delivery.has_much_to_send = false;
    topic_forward(shard);
    flush_audiences(shard); /* First: runs of a client may lie in its audience's batch. */
    flush_clients(shard);
}

/* A budget is full, or another loop says so. */
static void relieve_budgets(struct shard *shard)
{
    shard->wants_relief = false;
    for (enum budget budget = 0; budget < BUDGET_COUNT; budget++)
        budget_relieve(shard, budget);
}

static void shard_on_event_end(struct loop *loop)
{
    struct shard *shard = shard_of(loop);
    if (shard->wants_relief) {
        shard_flush(shard); /* First: batches have to be empty. */
        relieve_budgets(shard);
    }
    if (shard->delivery.has_much_to_send)
        shard_flush(shard);
}

/* -- the end of an iteration -- */

/* The close hooks may publish and doom others: those wait for the next iteration. */
static void bury_doomed(struct shard *shard)
{
    struct client *client = shard->doomed;
    shard->doomed = NULL;
    while (client != NULL) {
        struct client *next = client->next_doomed;
        client_bury(client);
        client = next;
    }
}

/* The last step of every message's path: one write for each client that is to get something. */
static bool shard_on_iteration_end(struct loop *loop)
{
    struct shard *shard = shard_of(loop);
    shard_flush(shard);
    if (shard->wants_relief) {
        relieve_budgets(shard);
        shard_flush(shard); /* Or a client would be freed that has something to be sent. */
    }
    bury_doomed(shard);
    return shard->delivery.dirty_audiences != NULL || shard->delivery.dirty_clients != NULL ||
           shard->doomed != NULL;
}

/* -- draining -- */

static uint32_t count_open(const struct shard *shard)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < shard->slot_count; i++)
        if (shard->slots[i].client != NULL && shard->slots[i].client->state == CLIENT_OPEN)
            count++;
    return count;
}

static void close_some(struct shard *shard, uint32_t count)
{
    static const char reason[] = "server is shutting down";
    for (uint32_t i = 0; i < shard->slot_count && count > 0; i++) {
        struct client *client = shard->slots[i].client;
        if (client != NULL && client->state == CLIENT_OPEN) {
            client_close(client, CLOSE_SERVICE_RESTART, reason, sizeof reason - 1);
            count--;
        }
    }
}

static void on_drain_timer(struct loop *loop, struct timer *timer)
{
    struct shard *shard = shard_of(loop);
    int64_t left = shard->drain_until - loop->now;
    uint32_t ticks = left > DRAIN_TICK ? (uint32_t)(left / DRAIN_TICK) : 1;
    uint32_t open = count_open(shard);
    uint32_t share = (open + ticks - 1) / ticks;

    close_some(shard, share > DRAIN_AT_LEAST ? share : DRAIN_AT_LEAST);
    if (open > 0)
        timer_start(&loop->timers, timer, loop->now + DRAIN_TICK);
}

void shard_drain(struct shard *shard, int64_t until)
{
    shard->drain_until = until;
    on_drain_timer(&shard->loop, &shard->drain_timer);
}

/* -- life -- */

/* The last thing that the loop's thread does, so that the close hooks run where all others did. */
static void shard_on_stop(struct loop *loop)
{
    struct shard *shard = shard_of(loop);
    for (uint32_t i = 0; i < shard->slot_count; i++)
        if (shard->slots[i].client != NULL)
            client_abort(shard->slots[i].client);
    /* What the close hooks send has no receivers here any more; two rounds see the end of it. */
    for (int round = 0; round < 2; round++)
        shard_on_iteration_end(loop);
}

int shard_init(struct shard *shard, struct hub *hub, unsigned index)
{
    *shard = (struct shard){.hub = hub, .first_free_slot = SLOT_NONE};
    shard->drain_timer.fire = on_drain_timer;
    shard->relieve_mail.deliver = budget_deliver_request;
    deferral_table_init(&shard->pipeline.deferrals);
    topic_table_init(&shard->delivery.topics);
    buffer_init(&shard->delivery.unicast, UNICAST_MAX);
    if (loop_init(&shard->loop, index) != OK)
        return ERR_SYSTEM;
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
    deferral_table_deinit(&shard->pipeline.deferrals);
    topic_table_deinit(&shard->delivery.topics);
    free(shard->pipeline.spare_message);
    free(shard->slots);
    free(shard->delivery.outgoing);
    free(shard->input);
    buffer_release(&shard->delivery.unicast);
    loop_deinit(&shard->loop);
}
