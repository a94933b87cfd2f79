#include "delivery/audience.h"

#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"
#include "delivery/receiver_overflow.h"

#include <stdlib.h>

/* An emptied batch keeps its memory up to this size. */
#define BATCH_KEEP (2u * AUDIENCE_BATCH_FLUSH)

void audience_init(struct audience *audience, struct fanout *fanout, struct delivery_loop *loop)
{
    *audience = (struct audience){.fanout = fanout, .loop = loop};
    batch_init(&audience->batch);
    missed_init(&audience->missed);
}

void audience_deinit(struct audience *audience)
{
    free(audience->members);
    batch_deinit(&audience->batch);
    missed_deinit(&audience->missed);
}

/* -- members -- */

static int reserve_member(struct audience *audience)
{
    if (audience->count < audience->capacity)
        return OK;
    uint32_t capacity = audience->capacity < 16 ? 16 : audience->capacity * 2;
    struct receiver **members = realloc(audience->members, capacity * sizeof(struct receiver *));
    if (members == NULL)
        return ERR_NO_MEMORY;
    audience->members = members;
    audience->capacity = capacity;
    return OK;
}

/* Before anybody can know that a receiver has joined. */
static void note_present(struct audience *audience)
{
    atomic_store_explicit(&audience->present, audience->count, memory_order_seq_cst);
}

int audience_join(struct audience *audience, struct receiver *receiver)
{
    if (reserve_member(audience) != OK)
        return ERR_NO_MEMORY;
    receiver->is_joined = true;
    receiver->member_index = audience->count;
    receiver->cursor = (uint32_t)audience->batch.frames.len;
    audience->batch_skips += audience->batch.messages;
    audience->members[audience->count++] = receiver;
    note_present(audience);
    return OK;
}

void audience_leave(struct audience *audience, struct receiver *receiver)
{
    if (!receiver->is_joined)
        return;
    struct receiver *last = audience->members[--audience->count];
    audience->members[receiver->member_index] = last;
    last->member_index = receiver->member_index;
    receiver->is_joined = false;
    note_present(audience);
}

/* -- the batch -- */

/* Encodes into the batch and, for the other loops, into what is forwarded; into both or none. */
static int append_to_batch(struct audience *audience, enum opcode opcode, const void *data,
                           size_t len)
{
    struct batch *batch = &audience->batch;
    size_t before = batch->frames.len;
    struct message_key key = fanout_read_key(audience->fanout, NULL, data, len);
    if (batch_add_message(batch, opcode, data, len, key) != OK)
        return ERR_NO_MEMORY;
    if (forward_broadcast(audience, batch->frames.data + before, batch->frames.len - before, key) ==
        OK)
        return OK;
    batch_take_back(batch, before);
    return ERR_NO_MEMORY;
}

static void note_published(struct audience *audience)
{
    delivery_mark_audience(audience->loop, audience);
    if (audience->batch.frames.len > AUDIENCE_BATCH_FLUSH)
        audience->loop->has_much_to_send = true;
}

int audience_publish(struct audience *audience, enum opcode opcode, const void *data, size_t len,
                     struct receiver *except)
{
    bool skips = except != NULL && except->is_joined && except->audience == audience;
    if (skips && outgoing_catch_up(except) != OK)
        return ERR_NO_MEMORY;
    int error = append_to_batch(audience, opcode, data, len);
    if (error != OK)
        return error;
    if (skips) {
        except->cursor = (uint32_t)audience->batch.frames.len;
        audience->batch_skips++;
    }
    note_published(audience);
    return OK;
}

int audience_add_frames(struct audience *audience, const void *frames, size_t len,
                        uint32_t messages, struct message_key key)
{
    if (batch_add_frames(&audience->batch, frames, len, messages, key) != OK)
        return ERR_NO_MEMORY;
    note_published(audience);
    return OK;
}

void audience_missed(struct audience *audience, uint64_t messages, uint64_t bytes)
{
    for (uint32_t i = 0; i < audience->count; i++)
        receiver_missed(audience->members[i], messages, bytes);
}

/* -- the flush -- */

void audience_flush(struct audience *audience)
{
    uint64_t delivered = 0;
    for (uint32_t i = 0; i < audience->count; i++) {
        struct receiver *member = audience->members[i];
        if (member->is_open)
            delivered += audience->batch.messages;
        receiver_flush(member);
        member->cursor = 0;
    }
    if (delivered > audience->batch_skips)
        counter_add(&audience->messages_out, delivered - audience->batch_skips);
    batch_clear(&audience->batch, BATCH_KEEP);
    audience->batch_skips = 0;
}
