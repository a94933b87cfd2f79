/*
 * Messages that come compressed (RFC 7692): each is inflated when all of it is there, by the loop's
 * one inflater, into the loop's one buffer. So a client costs nothing for it, and what is held of
 * an incomplete message is what has come over the wire.
 */
#include "base/utf8.h"
#include "client/client.h"
#include "client/endpoint.h"
#include "client/shard.h"
#include "ws/inflater.h"

/* What the loop keeps for the next message. */
#define INFLATED_KEEP (256u * 1024)

/* The loop's inflater, made when it is first needed. NULL: no memory. */
static struct inflater *need_inflater(struct shard *shard)
{
    if (shard->inflater == NULL && inflater_create(&shard->inflater) != OK)
        return NULL;
    return shard->inflater;
}

static int inflate_into(struct shard *shard, const uint8_t *data, size_t len, size_t max)
{
    struct inflater *inflater = need_inflater(shard);
    if (inflater == NULL)
        return ERR_NO_MEMORY;
    int error = inflater_message(inflater, data, len, max, &shard->inflated);
    counter_add(&shard->stats.inflated_messages, 1);
    counter_add(&shard->stats.inflated_bytes_in, len);
    counter_add(&shard->stats.inflated_bytes_out, shard->inflated.len);
    return error;
}

bool client_inflate(struct client *client, enum opcode type, const uint8_t **data, size_t *len)
{
    struct shard *shard = client_shard(client);
    size_t max = (size_t)client_setup(client)->limits.message_max;
    const struct buffer *inflated = &shard->inflated;
    int error = inflate_into(shard, *data, *len, max);
    if (error == ERR_NO_MEMORY)
        client_lose_for_memory(client);
    else if (error == ERR_LIMIT)
        client_fail(client, CLOSE_TOO_BIG, "message is too big");
    else if (error != OK)
        client_fail(client, CLOSE_BAD_DATA, "compressed message is corrupt");
    else if (type == OPCODE_TEXT && !utf8_is_valid(inflated->data, inflated->len))
        client_fail(client, CLOSE_BAD_DATA, "text is not UTF-8");
    else {
        *data = inflated->data;
        *len = inflated->len;
        return true;
    }
    return false;
}

void client_forget_inflated(struct client *client)
{
    struct buffer *inflated = &client_shard(client)->inflated;
    if (inflated->capacity > INFLATED_KEEP)
        buffer_release(inflated);
}
