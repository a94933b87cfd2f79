/*
 * A client whose verdict is awaited: nothing is read from it, so that the kernel's buffers, and
 * then its own, hold what it sends in the meantime. If it leaves meanwhile, its messages are
 * handled all the same: who waits must not lose what would have gone through without waiting.
 */
#include "client/client.h"

#include "client/shard.h"
#include "pipeline/pipeline.h"

#include <sys/epoll.h>

/* While it waits, an event is reported once, since a connection that is gone is reported without
 * being asked for, again and again. */
static void update_watch(struct client *client)
{
    uint32_t events = EPOLLIN;
    if (client->is_waiting)
        events = EPOLLONESHOT | (client->has_left ? 0u : (uint32_t)EPOLLRDHUP);
    receiver_watch(&client->receiver, events);
}

void client_wait(struct client *client)
{
    client->is_waiting = true;
    update_watch(client);
}

void client_stop_waiting(struct client *client)
{
    client->is_waiting = false;
    client_heard(client); /* It could not be heard. */
    if (client->state != CLIENT_GONE)
        update_watch(client);
}

static void on_departure_deadline(struct loop *loop, struct timer *timer)
{
    struct client *client = ((struct departure *)timer)->client;
    (void)loop;
    if (client->state == CLIENT_OPEN)
        shard_count_drop(client->shard, DROP_SENDER_GONE);
    client_lost(client);
}

void client_on_departure(struct client *client)
{
    struct loop *loop = &client->shard->loop;
    if (client->has_left && client->state == CLIENT_OPEN)
        return;
    if (client->state != CLIENT_OPEN || client_need_extras(client) == NULL) {
        client_lost(client);
        return;
    }
    struct departure *departure = &client->extras->departure;
    client->has_left = true;
    departure->client = client;
    departure->timer.fire = on_departure_deadline;
    timer_start(&loop->timers, &departure->timer, loop->now + CLIENT_CLOSE_TIMEOUT);
    update_watch(client);
}

/* -- what the pipeline calls -- */

static void on_wait(struct sl_client *seen)
{
    client_wait(client_of(seen));
}

static void on_resume(struct sl_client *seen, struct message *message, struct upgrade *upgrade,
                      int verdict)
{
    if (message != NULL)
        client_resume_message(client_of(seen), message, verdict);
    else
        client_resume_connect(client_of(seen), upgrade, verdict);
}

static void on_held(struct sl_client *seen)
{
    client_note_input(client_of(seen));
}

const struct pipeline_calls client_pipeline_calls = {
    .wait = on_wait,
    .resume = on_resume,
    .held = on_held,
};
