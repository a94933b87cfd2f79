#include "delivery/audience.h"

#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"
#include "delivery/receiver_overflow.h"

#include <stdlib.h>

/* Offsets into a batch are 32 bits wide; a batch is far smaller than that unless messages are huge.
 */
#define BATCH_MAX (UINT32_MAX / 2)

/* An emptied batch keeps its memory up to this size. */
#define BATCH_KEEP (2u * AUDIENCE_BATCH_FLUSH)

void audience_init(struct audience *audience, struct fanout *fanout, struct delivery_loop *loop)
{
    *audience = (struct audience){.fanout = fanout, .loop = loop};
    buffer_init(&audience->batch, BATCH_MAX);
    for (unsigned i = 0; i < DEFLATE_WINDOW_COUNT - 1; i++)
        rendition_init(&audience->renditions[i]);
    missed_init(&audience->missed);
}

void audience_deinit(struct audience *audience)
{
    free(audience->members);
    buffer_release(&audience->batch);
    for (unsigned i = 0; i < DEFLATE_WINDOW_COUNT - 1; i++)
        rendition_deinit(&audience->renditions[i]);
    frame_notes_release(&audience->notes);
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
    receiver->cursor = (uint32_t)audience->batch.len;
    audience->batch_skips += audience->batch_messages;
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

static int note_key(struct audience *audience, size_t offset, struct message_key key)
{
    return key.is_read ? frame_notes_add(&audience->notes, offset, key) : OK;
}

/* Encodes into the batch and, for the other loops, into what is forwarded; into both or none. */
static int append_to_batch(struct audience *audience, enum opcode opcode, const void *data,
                           size_t len)
{
    struct buffer *batch = &audience->batch;
    size_t before = batch->len;
    struct message_key key = fanout_read_key(audience->fanout, NULL, data, len);
    if (frame_append(batch, opcode, data, len) != OK)
        return ERR_NO_MEMORY;
    if (note_key(audience, before, key) != OK ||
        forward_broadcast(audience, batch->data + before, batch->len - before, key) != OK) {
        frame_notes_truncate(&audience->notes, before);
        batch->len = before;
        return ERR_NO_MEMORY;
    }
    audience->batch_messages++;
    return OK;
}

static void note_published(struct audience *audience)
{
    delivery_mark_audience(audience->loop, audience);
    if (audience->batch.len > AUDIENCE_BATCH_FLUSH)
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
        except->cursor = (uint32_t)audience->batch.len;
        audience->batch_skips++;
    }
    note_published(audience);
    return OK;
}

int audience_add_frames(struct audience *audience, const void *frames, size_t len,
                        uint32_t messages, struct message_key key)
{
    size_t before = audience->batch.len;
    if (buffer_append(&audience->batch, frames, len) != OK)
        return ERR_NO_MEMORY;
    if (note_key(audience, before, key) != OK) {
        audience->batch.len = before;
        return ERR_NO_MEMORY;
    }
    audience->batch_messages += messages;
    note_published(audience);
    return OK;
}

void audience_missed(struct audience *audience, uint64_t messages, uint64_t bytes)
{
    for (uint32_t i = 0; i < audience->count; i++)
        receiver_missed(audience->members[i], messages, bytes);
}

/* -- the flush -- */

static void empty_batch(struct audience *audience)
{
    backlog_end_batch(&audience->backlog);
    for (unsigned i = 0; i < DEFLATE_WINDOW_COUNT - 1; i++)
        rendition_end_batch(&audience->renditions[i], BATCH_KEEP);
    audience->batch.len = 0;
    audience->batch_messages = 0;
    audience->batch_skips = 0;
    frame_notes_clear(&audience->notes);
    if (audience->batch.capacity > BATCH_KEEP)
        buffer_release(&audience->batch);
}

void audience_flush(struct audience *audience)
{
    uint64_t delivered = 0;
    for (uint32_t i = 0; i < audience->count; i++) {
        struct receiver *member = audience->members[i];
        if (member->is_open)
            delivered += audience->batch_messages;
        receiver_flush(member);
        member->cursor = 0;
    }
    if (delivered > audience->batch_skips)
        counter_add(&audience->messages_out, delivered - audience->batch_skips);
    empty_batch(audience);
}
