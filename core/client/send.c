/*
 * What one client is sent.
 */
#include "client/client.h"
#include "client/shard.h"
#include "delivery/receiver_overflow.h"

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
    if (client->state != CLIENT_OPEN)
        return ERR_CLOSED;
    return note_outcome(client, opcode, len, receiver_send(&client->receiver, opcode, data, len));
}

int client_send_control(struct client *client, enum opcode opcode, const void *data, size_t len)
{
    if (client->state != CLIENT_OPEN)
        return ERR_CLOSED;
    return note_outcome(client, opcode, len,
                        receiver_send_control(&client->receiver, opcode, data, len));
}
