/*
 * What a client has sent and the server still holds: incomplete messages, input that waits behind a
 * deferral, and the copies that deferrals keep. All of it is charged to the client and counted in
 * all (limits.input_bytes), records included.
 */
#include "client/client.h"
#include "client/endpoint.h"
#include "client/inflate.h"
#include "client/shard.h"
#include "pipeline/deferral.h"

#include <stdlib.h>

static size_t held_now(const struct client *client)
{
    size_t bytes = 0;
    const struct held_input *held = client->held;
    if (held != NULL)
        bytes += memory_cost(sizeof *held) + memory_cost_if_any(held->message.capacity) +
                 memory_cost_if_any(held->paused.capacity) +
                 (held->inflation != NULL ? inflation_cost(held->inflation) : 0);
    return bytes + sl_client_deferred_bytes(&client->seen);
}

void client_note_input(struct client *client)
{
    struct shard *shard = client_shard(client);
    size_t before = client->input_held;
    size_t now = held_now(client);
    if (now == before)
        return;
    client->input_held = now;
    memory_account_add(&shard->set->input, now - before); /* Or less: modulo 2^64. */
    holders_note(&shard->input_holders, &client->input_class, now);
    if (now > before && memory_account_is_full(&shard->set->input))
        shard->wants_relief = true;
}

/* -- incomplete messages -- */

static void on_message_deadline(struct loop *loop, struct timer *timer);

struct held_input *client_need_held(struct client *client)
{
    if (client->held != NULL)
        return client->held;
    client->held = calloc(1, sizeof *client->held);
    if (client->held == NULL) {
        client_lose_for_memory(client);
        return NULL;
    }
    client->held->client = client;
    client->held->timer.fire = on_message_deadline;
    buffer_init(&client->held->message, 0);
    buffer_init(&client->held->paused, SIZE_MAX); /* Bounded by what one read gives. */
    client_note_input(client);
    return client->held;
}

static void free_if_empty(struct client *client)
{
    const struct held_input *held = client->held;
    bool is_complete = !held->has_begun && held->rest_len == 0 && held->message.capacity == 0 &&
                       held->inflation == NULL;
    if (!is_complete || held->paused.len > 0)
        return;
    free(client->held);
    client->held = NULL;
}

void client_forget_incomplete(struct client *client)
{
    if (client->held == NULL)
        return;
    client_end_message(client);
    client->held->rest_len = 0;
    buffer_release(&client->held->message);
    free_if_empty(client);
    client_note_input(client);
}

void client_begin_message(struct client *client)
{
    struct held_input *held = client->held;
    int64_t timeout = client_setup(client)->config->message_timeout;
    struct loop *loop = &client_shard(client)->loop;
    if (held->has_begun || client->state != CLIENT_OPEN)
        return;
    held->has_begun = true;
    if (timeout > 0)
        timer_start(&loop->timers, &held->timer, loop->now + timeout);
}

void client_end_message(struct client *client)
{
    struct held_input *held = client->held;
    if (held == NULL)
        return;
    held->message.len = 0;
    held->has_begun = false;
    timer_stop(&held->timer);
}

/* What the kernel holds is read before the client is given up: the server may be what was slow. */
static bool is_still_incomplete(struct client *client)
{
    const struct held_input *held;
    if (client->state == CLIENT_OPEN && !client->is_waiting)
        client_on_readable(client);
    held = client->held;
    /* A message that has begun just now has a deadline of its own, or none since a reload. */
    return client->state == CLIENT_OPEN && held != NULL && held->has_begun &&
           !timer_is_running(&held->timer) && client_setup(client)->config->message_timeout > 0;
}

static void on_message_deadline(struct loop *loop, struct timer *timer)
{
    struct client *client = ((struct held_input *)timer)->client;
    int64_t timeout = client_setup(client)->config->message_timeout;
    if (client->is_waiting && timeout > 0) { /* It is not read, so its time begins again. */
        timer_start(&loop->timers, timer, loop->now + timeout);
        return;
    }
    if (!is_still_incomplete(client))
        return;
    shard_count_drop(client_shard(client), DROP_MESSAGE_TIMEOUT);
    client_fail(client, CLOSE_POLICY, "the message was not complete in time");
    client_drop_input(client);
}

/* -- input that waits -- */

void client_keep_paused(struct client *client, const unsigned char *data, size_t len)
{
    struct held_input *held = client_need_held(client);
    if (held == NULL)
        return;
    int error = buffer_append(&held->paused, data, len);
    client_note_input(client);
    if (error != OK)
        client_lose_for_memory(client);
}

void client_forget_paused(struct client *client)
{
    if (client->held == NULL)
        return;
    buffer_release(&client->held->paused);
    client->held->paused_used = 0;
    free_if_empty(client);
    client_note_input(client);
}

/* -- giving up -- */

void client_drop_input(struct client *client)
{
    client_forget_inflation(client);
    client_forget_paused(client);
    client_forget_incomplete(client);
    deferral_cancel_all(&client->seen, SL_CANCEL_CLIENT_GONE);
    if (client->is_waiting)
        client_stop_waiting(client);
}

void client_give_up_input(struct client *client)
{
    static const char reason[] = "the server's buffers are full";
    shard_count_drop(client_shard(client), DROP_INPUT_TOTAL);
    if (client->state != CLIENT_OPEN)
        client_abort(client);
    else
        client_fail(client, CLOSE_TRY_AGAIN_LATER, reason);
    client_drop_input(client);
}
