/*
 * A client whose verdict is awaited: nothing is read from it, so that the kernel's buffers, and
 * then its own, hold what it sends in the meantime.
 */
#include "client/client.h"

#include "hub/shard.h"

#include <sys/epoll.h>

void client_update_watch(struct client *client)
{
    uint32_t events = client->is_waiting ? EPOLLRDHUP : EPOLLIN;
    if (client->wants_write)
        events |= EPOLLOUT;
    loop_rewatch(&client->shard->loop, client->socket, &client->source, events);
}

void client_wait(struct client *client)
{
    client->is_waiting = true;
    client_update_watch(client);
}

void client_stop_waiting(struct client *client)
{
    client->is_waiting = false;
    client_heard(client); /* It could not be heard. */
    if (client->state != CLIENT_GONE)
        client_update_watch(client);
}
