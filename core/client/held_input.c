/*
 * What a client has sent and the server still holds: incomplete messages, input that waits behind a
 * deferral, and the copies that deferrals keep. All of it is charged to the client and counted in
 * all (limits.input_bytes), records included.
 */
#include "client/client.h"
#include "delivery/transport.h"
#include "client/endpoint.h"
#include "client/shard.h"
#include "pipeline/deferral.h"

#include <stdlib.h>
#include <string.h>

static size_t held_now(const struct client *client)
{
    size_t bytes = 0;
    if (client->partial != NULL)
        bytes += memory_cost(sizeof *client->partial) +
                 memory_cost_if_any(client->partial->message.capacity);
    if (client->extras != NULL)
        bytes += memory_cost_if_any(client->extras->paused.capacity);
    return bytes + sl_client_deferred_bytes(&client->seen);
}

void client_note_input(struct client *client)
{
    struct shard *shard = client->shard;
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

struct partial *client_need_partial(struct client *client)
{
    if (client->partial != NULL)
        return client->partial;
    client->partial = calloc(1, sizeof *client->partial);
    if (client->partial == NULL) {
        shard_count_drop(client->shard, DROP_NO_MEMORY);
        client_abort(client);
        return NULL;
    }
    client->partial->client = client;
    client->partial->timer.fire = on_message_deadline;
    buffer_init(&client->partial->message, 0);
    client_note_input(client);
    return client->partial;
}

void client_release_partial(struct client *client)
{
    if (client->partial == NULL)
        return;
    timer_stop(&client->partial->timer);
    buffer_release(&client->partial->message);
    free(client->partial);
    client->partial = NULL;
    client_note_input(client);
}

void client_begin_message(struct client *client)
{
    struct partial *partial = client->partial;
    int64_t timeout = client->setup->config->message_timeout;
    struct loop *loop = &client->shard->loop;
    if (partial->has_begun || client->state != CLIENT_OPEN)
        return;
    partial->has_begun = true;
    if (timeout > 0)
        timer_start(&loop->timers, &partial->timer, loop->now + timeout);
}

void client_end_message(struct client *client)
{
    struct partial *partial = client->partial;
    if (partial == NULL)
        return;
    partial->message.len = 0;
    partial->has_begun = false;
    timer_stop(&partial->timer);
}

/* What the kernel holds is read before the client is given up: the server may be what was slow. */
static bool is_still_incomplete(struct client *client)
{
    const struct partial *partial;
    if (client->state == CLIENT_OPEN && !client->is_waiting)
        client_on_readable(client);
    partial = client->partial;
    /* A message that has begun just now has a deadline of its own, or none since a reload. */
    return client->state == CLIENT_OPEN && partial != NULL && partial->has_begun &&
           !timer_is_running(&partial->timer) && client->setup->config->message_timeout > 0;
}

static void on_message_deadline(struct loop *loop, struct timer *timer)
{
    struct client *client = ((struct partial *)timer)->client;
    (void)loop;
    if (!is_still_incomplete(client))
        return;
    shard_count_drop(client->shard, DROP_MESSAGE_TIMEOUT);
    client_fail(client, CLOSE_POLICY, "the message was not complete in time");
    client_drop_input(client);
}

/* -- input behind a deferral -- */

int client_keep_paused(struct client *client, const unsigned char *data, size_t len)
{
    if (client_need_extras(client) == NULL)
        return ERR_NO_MEMORY;
    int error = buffer_append(&client->extras->paused, data, len);
    client_note_input(client);
    return error;
}

void client_forget_paused(struct client *client)
{
    if (client->extras == NULL)
        return;
    buffer_release(&client->extras->paused);
    client->extras->paused_used = 0;
    client_note_input(client);
}

/* -- giving up -- */

void client_drop_input(struct client *client)
{
    client_release_partial(client);
    client_forget_paused(client);
    deferral_cancel_all(&client->seen, SL_CANCEL_CLIENT_GONE);
    if (client->is_waiting)
        client_stop_waiting(client);
}

void client_give_up_input(struct client *client)
{
    static const char reason[] = "the server's buffers are full";
    shard_count_drop(client->shard, DROP_INPUT_TOTAL);
    if (client->state != CLIENT_OPEN)
        client_abort(client);
    else
        client_fail(client, CLOSE_TRY_AGAIN_LATER, reason);
    client_drop_input(client);
}
