/*
 * What one client is sent.
 */
#include "client/client.h"
#include "client/shard.h"

int client_send(struct client *client, enum opcode opcode, const void *data, size_t len)
{
    if (client->state != CLIENT_OPEN)
        return ERR_CLOSED;
    int error = receiver_send(&client->receiver, opcode, data, len);
    if (error != OK)
        shard_count_drop(client_shard(client), DROP_NO_MEMORY);
    return error;
}
