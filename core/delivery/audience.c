#include "delivery/audience.h"

#include "client/client.h"
#include "client/endpoint.h"
#include "hub/hub_internal.h"
#include "client/shard.h"
#include "delivery/topic.h"

#include <stdlib.h>
#include <string.h>

/* Offsets into a batch are 32 bits wide; a batch is far smaller than that unless messages are huge.
 */
#define BATCH_MAX (UINT32_MAX / 2)

/* An emptied batch keeps its memory up to this size. */
#define BATCH_KEEP (2u * AUDIENCE_BATCH_FLUSH)

void audience_init(struct audience *audience, struct shard *shard, struct endpoint *endpoint)
{
    *audience = (struct audience){.endpoint = endpoint, .shard = shard};
    buffer_init(&audience->batch, BATCH_MAX);
    buffer_init(&audience->outbound, BATCH_MAX);
}

void audience_deinit(struct audience *audience)
{
    free(audience->members);
    buffer_release(&audience->batch);
    buffer_release(&audience->outbound);
}

/* -- who -- */

static int make_room(struct audience *audience)
{
    if (audience->count < audience->capacity)
        return OK;
    uint32_t capacity = audience->capacity < 16 ? 16 : audience->capacity * 2;
    struct client **members = realloc(audience->members, capacity * sizeof(struct client *));
    if (members == NULL)
        return ERR_NO_MEMORY;
    audience->members = members;
    audience->capacity = capacity;
    return OK;
}

int audience_join(struct audience *audience, struct client *client)
{
    if (make_room(audience) != OK)
        return ERR_NO_MEMORY;
    client->receiver.is_joined = true;
    client->receiver.member_index = audience->count;
    client->receiver.cursor = (uint32_t)audience->batch.len;
    audience->batch_skips += audience->batch_messages;
    audience->members[audience->count++] = client;
    return OK;
}

void audience_leave(struct audience *audience, struct client *client)
{
    if (!client->receiver.is_joined)
        return;
    struct client *last = audience->members[--audience->count];
    audience->members[client->receiver.member_index] = last;
    last->receiver.member_index = client->receiver.member_index;
    client->receiver.is_joined = false;
}

/* -- what -- */

static int append_message(struct buffer *buffer, enum opcode opcode, const void *data, size_t len)
{
    uint8_t header[FRAME_HEADER_MAX];
    uint8_t *to;
    size_t header_len = frame_encode_header(header, opcode, len);
    int error = buffer_extend(buffer, header_len + len, &to);
    if (error != OK)
        return ERR_NO_MEMORY;
    memcpy(to, header, header_len);
    if (len > 0)
        memcpy(to + header_len, data, len);
    return OK;
}

/* Whether there are other loops that have to hear of what is published here. */
static bool has_other_loops(const struct audience *audience)
{
    return audience->shard->hub->shard_count > 1;
}

/* Encodes into the batch and, for the other loops, into the outbound frames; into both or none. */
static int append_to_batch(struct audience *audience, enum opcode opcode, const void *data,
                           size_t len)
{
    size_t before = audience->batch.len;
    int error = append_message(&audience->batch, opcode, data, len);
    if (error != OK)
        return error;
    audience->batch_messages++;
    if (!has_other_loops(audience))
        return OK;
    topic_forward(audience->shard); /* What was published before it goes before it. */
    error = buffer_append(&audience->outbound, audience->batch.data + before,
                          audience->batch.len - before);
    if (error != OK) {
        audience->batch.len = before;
        audience->batch_messages--;
        return ERR_NO_MEMORY;
    }
    audience->outbound_messages++;
    return OK;
}

static void note_published(struct audience *audience)
{
    shard_mark_dirty(audience->shard, audience);
    if (audience->batch.len > AUDIENCE_BATCH_FLUSH)
        audience->shard->delivery.has_much_to_send = true;
}

int audience_publish(struct audience *audience, enum opcode opcode, const void *data, size_t len,
                     struct client *except)
{
    bool skips =
        except != NULL && except->receiver.is_joined && except->receiver.audience == audience;
    if (skips && shard_catch_up(audience->shard, except) != OK)
        return ERR_NO_MEMORY;
    int error = append_to_batch(audience, opcode, data, len);
    if (error != OK)
        return error;
    if (skips) {
        except->receiver.cursor = (uint32_t)audience->batch.len;
        audience->batch_skips++;
    }
    note_published(audience);
    return OK;
}

int audience_add_frames(struct audience *audience, const void *frames, size_t len,
                        uint32_t messages)
{
    int error = buffer_append(&audience->batch, frames, len);
    if (error != OK)
        return ERR_NO_MEMORY;
    audience->batch_messages += messages;
    note_published(audience);
    return OK;
}

/* -- to them -- */

void audience_forward(struct audience *audience)
{
    if (audience->outbound.len == 0)
        return;
    int error = hub_forward(audience->endpoint, audience->shard, audience->outbound.data,
                            audience->outbound.len, audience->outbound_messages);
    if (error != OK)
        shard_count_drop(audience->shard, error == ERR_LIMIT ? DROP_QUEUE_TOTAL : DROP_NO_MEMORY);
    audience->outbound.len = 0;
    audience->outbound_messages = 0;
    if (audience->outbound.capacity > BATCH_KEEP)
        buffer_release(&audience->outbound);
}

static void empty_batch(struct audience *audience)
{
    backlog_end_batch(&audience->backlog);
    audience->batch.len = 0;
    audience->batch_messages = 0;
    audience->batch_skips = 0;
    if (audience->batch.capacity > BATCH_KEEP)
        buffer_release(&audience->batch);
}

void audience_flush(struct audience *audience)
{
    uint64_t delivered = 0;

    audience_forward(audience);
    for (uint32_t i = 0; i < audience->count; i++) {
        struct client *member = audience->members[i];
        if (member->state == CLIENT_OPEN)
            delivered += audience->batch_messages;
        client_flush(member);
        member->receiver.cursor = 0;
    }
    if (delivered > audience->batch_skips)
        counter_add(&audience->messages_out, delivered - audience->batch_skips);
    empty_batch(audience);
}
