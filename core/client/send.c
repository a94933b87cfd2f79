/*
 * What one client is sent.
 */
#include "client/client.h"
#include "client/shard.h"
#include "delivery/receiver_overflow.h"

/* Everything that was published before reaches the client's loop first. That may close the client.
 */
static bool may_send(const struct client *client)
{
    forward_pull(client->receiver.loop);
    return client->state == CLIENT_OPEN;
}

/* A message that there was no memory for is missing in the stream. */
static int note_outcome(struct client *client, enum opcode opcode, size_t len, int error)
{
    if (error == OK)
        return OK;
    shard_count_drop(client_shard(client), DROP_NO_MEMORY);
    if (opcode == OPCODE_TEXT || opcode == OPCODE_BINARY)
        receiver_missed(&client->receiver, 1, len);
    return error;
}

int client_send(struct client *client, enum opcode opcode, const void *data, size_t len)
{
    if (!may_send(client))
        return ERR_CLOSED;
    return note_outcome(client, opcode, len, receiver_send(&client->receiver, opcode, data, len));
}

int client_send_control(struct client *client, enum opcode opcode, const void *data, size_t len)
{
    if (!may_send(client))
        return ERR_CLOSED;
    return note_outcome(client, opcode, len,
                        receiver_send_control(&client->receiver, opcode, data, len));
}

static int send_as_ordered(struct client *client, const struct receiver_order *order,
                           const void *text, size_t len)
{
    return order->is_control ? client_send_control(client, order->opcode, text, len)
                             : client_send(client, order->opcode, text, len);
}

int client_carry_out(struct shard *shard, const struct receiver_order *order, const void *text,
                     size_t len)
{
    struct client *client = shard_find(shard, order->id);
    if (client == NULL)
        return OK;
    if (order->opcode == OPCODE_CLOSE)
        client_close(client, order->close_code, text, len);
    else if (send_as_ordered(client, order, text, len) == ERR_NO_MEMORY)
        return ERR_NO_MEMORY;
    return OK;
}
