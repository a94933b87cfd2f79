/*
 * Is the peer still there? A client that has been silent for the endpoint's interval is pinged; one
 * that then stays silent for the timeout is gone. Nothing is done for each message: the timer looks
 * at when the client was last heard.
 *
 * The timeout runs from when the ping arrives, not from when it is queued: much may be under way in
 * front of it, and a peer that takes it slowly is there. So while the ping has not been
 * acknowledged, other bytes that are acknowledged are a sign of life too. The kernel is asked for
 * that, once a ping and once a timeout, and only about clients that are silent.
 */
#include "client/client.h"
#include "delivery/transport.h"
#include "client/endpoint.h"
#include "client/shard.h"

#include <stddef.h>

/* A record of TLS adds less to each 16 KiB, and so does one to a small piece. */
#define TLS_SHARE 512u
#define TLS_RECORD 64u

static void restart(struct client *client, int64_t deadline)
{
    timer_start(&client_shard(client)->loop.timers, &client->timer, deadline);
}

void client_start_heartbeat(struct client *client)
{
    int64_t interval = client_setup(client)->config->heartbeat_interval;
    client->last_heard = client_shard(client)->loop.now;
    if (interval > 0)
        restart(client, client->last_heard + interval);
}

/* Some time within the interval: not all clients of an endpoint are to be pinged at once. */
static int64_t spread_deadline(const struct client *client, int64_t interval)
{
    const unsigned parts = 64;
    unsigned part = (unsigned)(client->seen.id >> 8) % parts + 1;
    return client_shard(client)->loop.now + interval / parts * part;
}

void client_adjust_heartbeat(struct client *client)
{
    int64_t interval = client_setup(client)->config->heartbeat_interval;
    if (client->state != CLIENT_OPEN || client->has_left)
        return; /* The timer is for its end. */
    if (interval == 0) {
        client->ping_unanswered = false;
        timer_stop(&client->timer);
    } else if (!timer_is_running(&client->timer) ||
               (!client->ping_unanswered &&
                client->timer.deadline > client_shard(client)->loop.now + interval)) {
        restart(client, spread_deadline(client, interval));
    }
}

void client_heard(struct client *client)
{
    client->last_heard = client_shard(client)->loop.now;
    client->ping_unanswered = false;
}

/* Notes where the ping that was just queued lies in the stream. */
static void note_ping(struct client *client, size_t ping_len)
{
    struct transport_delivery delivery;
    size_t ahead = receiver_queued(&client->receiver);

    client->ping_arrived = true;
    if (!transport_ask_delivery(&client->receiver, &delivery))
        return;
    client->ping_arrived = ahead + delivery.outstanding <= ping_len;
    if (client->receiver.tls != NULL)
        ahead += ahead / TLS_SHARE + TLS_RECORD;
    ahead += delivery.outstanding;
    client->acknowledged = delivery.acknowledged;
    client->ping_end = delivery.acknowledged + (uint32_t)(ahead < INT32_MAX ? ahead : INT32_MAX);
}

static void ping(struct client *client, int64_t timeout)
{
    const size_t ping_len = 2;
    client->ping_unanswered = true;
    counter_add(&client_shard(client)->stats.pings, 1);
    if (client_send(client, OPCODE_PING, NULL, 0) != OK) {
        client_abort(client);
        return;
    }
    note_ping(client, ping_len);
    restart(client, client_shard(client)->loop.now + timeout);
}

/* Whether a timeout without an answer says nothing yet: the ping has arrived during it, or is still
 * under way, and the peer takes what is in front of it. */
static bool has_more_time(struct client *client)
{
    struct transport_delivery delivery;
    if (client->ping_arrived || !transport_ask_delivery(&client->receiver, &delivery))
        return false;
    bool has_moved = delivery.acknowledged != client->acknowledged;
    client->acknowledged = delivery.acknowledged;
    client->ping_arrived = (int32_t)(delivery.acknowledged - client->ping_end) >= 0 ||
                           delivery.outstanding + receiver_queued(&client->receiver) == 0;
    return has_moved;
}

static void check_answer(struct client *client, int64_t timeout)
{
    int64_t now = client_shard(client)->loop.now;
    if (transport_has_input(&client->receiver))
        restart(client, now); /* The loop is late. That is read first. */
    else if (has_more_time(client))
        restart(client, now + timeout);
    else
        client_abort(client);
}

static void check_heartbeat(struct client *client)
{
    const struct endpoint_config *config = client_setup(client)->config;
    int64_t due = client->last_heard + config->heartbeat_interval;

    if (client->is_waiting)
        restart(client,
                client_shard(client)->loop.now + config->heartbeat_interval); /* It is not read. */
    else if (client->ping_unanswered)
        check_answer(client, config->heartbeat_timeout);
    else if (due > client_shard(client)->loop.now)
        restart(client, due);
    else
        ping(client, config->heartbeat_timeout);
}

/* The peer has left, and the messages that it has sent have had their time. */
static void end_departure(struct client *client)
{
    if (client->state == CLIENT_OPEN)
        shard_count_drop(client_shard(client), DROP_SENDER_GONE);
    client_lost(client);
}

void client_on_timer(struct loop *loop, struct timer *timer)
{
    struct client *client = (struct client *)((char *)timer - offsetof(struct client, timer));
    (void)loop;
    if (client->has_left)
        end_departure(client);
    else if (client->state == CLIENT_OPEN)
        check_heartbeat(client);
    else
        client_abort(client);
}
