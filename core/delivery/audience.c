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

int audience_join(struct audience *audience, struct receiver *receiver)
{
    if (reserve_member(audience) != OK)
        return ERR_NO_MEMORY;
    if (audience->count == 0)
        interested_add(&audience->fanout->interested, audience->loop->loop->index);
    forward_pull(audience->loop); /* After that: see interest.h. */
    receiver->is_joined = true;
    receiver->member_index = audience->count;
    receiver->cursor = (uint32_t)audience->batch.frames.len;
    audience->batch_skips += audience->batch.messages;
    audience->members[audience->count++] = receiver;
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
    if (audience->count == 0)
        interested_remove(&audience->fanout->interested, audience->loop->loop->index);
}

/* -- what a member has been sent -- */

/* A receiver's `messages_out` has less by what was published before it opened, and a broadcast
 * changes nothing in it: nothing is counted for each receiver. */
static uint32_t messages_published(const struct audience *audience)
{
    return audience->flushed + audience->batch.messages;
}

void audience_set_open(struct receiver *receiver, bool is_open)
{
    if (is_open == receiver->is_open)
        return;
    receiver->is_open = is_open;
    if (is_open)
        receiver->messages_out -= messages_published(receiver->audience);
    else
        receiver->messages_out += messages_published(receiver->audience);
}

uint32_t audience_messages_to(const struct receiver *receiver)
{
    uint32_t published = receiver->is_open ? messages_published(receiver->audience) : 0;
    return receiver->messages_out + published;
}

/* -- the batch -- */

bool audience_waits(struct audience *audience, size_t bytes)
{
    const struct fanout *fanout = audience->fanout;
    struct delivery_loop *loop = audience->loop;
    int64_t delay = atomic_load_explicit(&fanout->flush_delay, memory_order_relaxed);
    if (delay == 0 && !audience->is_waiting)
        return false;
    if (!audience->is_waiting)
        delivery_add_waiting(loop, audience, loop->loop->now + delay);
    audience->waiting_bytes += bytes;
    if (delay == 0 ||
        audience->waiting_bytes >= atomic_load_explicit(&fanout->flush_bytes, memory_order_relaxed))
        audience->due = loop->loop->wake_at = loop->loop->now;
    return true;
}

static void note_published(struct audience *audience, size_t bytes)
{
    if (!audience_waits(audience, bytes))
        delivery_mark_audience(audience->loop, audience);
    if (audience->batch.frames.len > AUDIENCE_BATCH_FLUSH)
        audience->loop->has_much_to_send = true;
}

/* A receiver is not to get what comes next, but all that was published before. */
static int begin_skip(const struct audience *audience, struct receiver *except)
{
    bool skips = except != NULL && except->is_joined && except->audience == audience;
    return skips ? outgoing_catch_up(except) : OK;
}

static void end_skip(struct audience *audience, struct receiver *except)
{
    if (except == NULL || !except->is_joined || except->audience != audience)
        return;
    except->cursor = (uint32_t)audience->batch.frames.len;
    except->messages_out -= except->is_open;
    audience->batch_skips++;
}

/* A message that other loops get too, in its place. If the one who is not to get it cannot be left
 * out for lack of memory, it gets the message: better than to miss what came before. */
static void add_forwarded(struct audience *audience, const struct forwarded *forwarded,
                          struct receiver *except)
{
    bool skips = begin_skip(audience, except) == OK;
    if (audience_add_frames(audience, forwarded->frame, forwarded->len, 1, forwarded->conflation) !=
        OK) {
        delivery_count_drop(audience->loop, DROP_NO_MEMORY);
        audience_missed(audience, 1, frame_payload_length(forwarded->len));
    } else if (skips) {
        end_skip(audience, except);
    }
}

int audience_publish(struct audience *audience, enum opcode opcode, const void *data, size_t len,
                     struct receiver *except)
{
    const struct topic_key all = {.fanout = audience->fanout, .kind = TOPIC_ALL, .name = ""};
    struct forwarded forwarded;
    int error = begin_skip(audience, except);
    if (error == OK)
        error = forward_message(audience->loop, &all, 0, opcode, data, len, &forwarded);
    if (error != OK)
        return error;
    if (forwarded.len > 0) {
        add_forwarded(audience, &forwarded, except);
        return OK;
    }
    const struct message_key key = fanout_read_key(audience->fanout, NULL, data, len);
    if (begin_skip(audience, except) != OK ||
        delivery_publish_to(audience->loop, &audience->batch) != OK ||
        batch_add_message(&audience->batch, opcode, data, len, key) != OK)
        return ERR_NO_MEMORY;
    end_skip(audience, except);
    note_published(audience, len);
    return OK;
}

int audience_add_frames(struct audience *audience, const void *frames, size_t len,
                        uint32_t messages, struct message_key key)
{
    if (delivery_publish_to(audience->loop, &audience->batch) != OK ||
        batch_add_frames(&audience->batch, frames, len, messages, key) != OK)
        return ERR_NO_MEMORY;
    note_published(audience, len);
    return OK;
}

void audience_missed(struct audience *audience, uint64_t messages, uint64_t bytes)
{
    for (uint32_t i = 0; i < audience->count; i++)
        receiver_missed(audience->members[i], messages, bytes);
}

/* -- the flush -- */

static uint32_t count_open(struct receiver *const *members, uint32_t count)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < count; i++)
        open += members[i]->is_open;
    return open;
}

/* Members that are written to one after the other, or in one submission. */
static void flush_members(struct audience *audience, struct receiver *const *members,
                          uint32_t count)
{
    submission_flush(audience->loop, members, count);
    for (uint32_t i = 0; i < count; i++)
        members[i]->cursor = 0;
}

void audience_flush(struct audience *audience)
{
    uint64_t delivered = 0;
    for (uint32_t first = 0, count; first < audience->count; first += count) {
        struct receiver *const *members = audience->members + first;
        uint32_t left = audience->count - first;
        count = left < SUBMISSION_MOST ? left : SUBMISSION_MOST;
        delivered += (uint64_t)count_open(members, count) * audience->batch.messages;
        flush_members(audience, members, count);
    }
    if (delivered > audience->batch_skips)
        counter_add(&audience->messages_out, delivered - audience->batch_skips);
    audience->flushed += audience->batch.messages;
    batch_clear(&audience->batch, BATCH_KEEP);
    audience->batch_skips = 0;
}
