/*
 * Is the peer still there? A client that has been silent for the endpoint's interval is pinged; one
 * that then stays silent for the timeout is gone. Nothing is done for each message: the timer looks
 * at when the client was last heard.
 */
#include "client/client.h"
#include "hub/endpoint.h"
#include "hub/shard.h"

#include <stddef.h>

static void restart(struct client *client, int64_t deadline)
{
    timer_start(&client->shard->loop.timers, &client->timer, deadline);
}

void client_start_heartbeat(struct client *client)
{
    int64_t interval = client->setup->config->heartbeat_interval;
    client->last_heard = client->shard->loop.now;
    if (interval > 0)
        restart(client, client->last_heard + interval);
}

void client_heard(struct client *client)
{
    client->last_heard = client->shard->loop.now;
    client->ping_unanswered = false;
}

static void ping(struct client *client, int64_t timeout)
{
    client->ping_unanswered = true;
    counter_add(&client->shard->stats.pings, 1);
    if (client_send(client, OPCODE_PING, NULL, 0) != OK) {
        client_abort(client);
        return;
    }
    restart(client, client->shard->loop.now + timeout);
}

static void check_heartbeat(struct client *client)
{
    const struct endpoint_config *config = client->setup->config;
    int64_t due = client->last_heard + config->heartbeat_interval;

    if (client->is_waiting)
        restart(client, client->shard->loop.now + config->heartbeat_interval); /* It is not read. */
    else if (client->ping_unanswered)
        client_abort(client);
    else if (due > client->shard->loop.now)
        restart(client, due);
    else
        ping(client, config->heartbeat_timeout);
}

void client_on_timer(struct loop *loop, struct timer *timer)
{
    struct client *client = (struct client *)((char *)timer - offsetof(struct client, timer));
    (void)loop;
    if (client->state == CLIENT_OPEN)
        check_heartbeat(client);
    else
        client_abort(client);
}
