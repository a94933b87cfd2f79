#include "delivery/outgoing.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"

#include <stdlib.h>

/* A new, empty run; NULL: no memory. */
static struct outgoing *append_run(struct delivery_loop *loop)
{
    if (loop->outgoing_count == loop->outgoing_capacity) {
        uint32_t capacity = loop->outgoing_capacity < 64 ? 64 : loop->outgoing_capacity * 2;
        struct outgoing *grown = realloc(loop->outgoing, capacity * sizeof *grown);
        if (grown == NULL)
            return NULL;
        loop->outgoing = grown;
        loop->outgoing_capacity = capacity;
    }
    return &loop->outgoing[loop->outgoing_count++];
}

/* Puts a run behind the receiver's others. */
static int link_run(struct receiver *receiver, struct outgoing content)
{
    struct delivery_loop *loop = receiver->loop;
    struct outgoing *run = append_run(loop);
    if (run == NULL)
        return ERR_NO_MEMORY;
    uint32_t index = (uint32_t)(run - loop->outgoing);
    *run = content;
    run->next = OUTGOING_NONE;
    if (receiver->outgoing_last == OUTGOING_NONE)
        receiver->outgoing_first = index;
    else
        loop->outgoing[receiver->outgoing_last].next = index;
    receiver->outgoing_last = index;
    delivery_mark_receiver(loop, receiver);
    return OK;
}

int outgoing_add(struct receiver *receiver, uint32_t source, size_t offset, size_t len)
{
    struct delivery_loop *loop = receiver->loop;
    if (receiver->outgoing_last != OUTGOING_NONE) {
        struct outgoing *last = &loop->outgoing[receiver->outgoing_last];
        if (last->source == source && last->offset + last->len == offset) {
            last->len += (uint32_t)len;
            return OK;
        }
    }
    return link_run(
        receiver,
        (struct outgoing){.source = source, .offset = (uint32_t)offset, .len = (uint32_t)len});
}

int outgoing_catch_up(struct receiver *receiver)
{
    uint32_t published = (uint32_t)receiver->audience->batch.frames.len;
    if (!receiver->is_open || !receiver->is_joined || receiver->cursor >= published)
        return OK;
    int error =
        outgoing_add(receiver, OUTGOING_BATCH, receiver->cursor, published - receiver->cursor);
    if (error == OK)
        receiver->cursor = published;
    return error;
}

static uint32_t add_saturated(uint32_t number, uint64_t more)
{
    return more < UINT32_MAX - number ? number + (uint32_t)more : UINT32_MAX;
}

int outgoing_add_gap(struct receiver *receiver, uint64_t messages, uint64_t bytes)
{
    const struct outgoing none = {.source = OUTGOING_GAP};
    struct delivery_loop *loop = receiver->loop;
    if (outgoing_catch_up(receiver) != OK)
        return ERR_NO_MEMORY;
    uint32_t last = receiver->outgoing_last;
    if ((last == OUTGOING_NONE || loop->outgoing[last].source != OUTGOING_GAP) &&
        link_run(receiver, none) != OK)
        return ERR_NO_MEMORY;
    struct outgoing *gap = &loop->outgoing[receiver->outgoing_last];
    gap->offset = add_saturated(gap->offset, messages);
    gap->len = add_saturated(gap->len, bytes);
    receiver->has_gap = true;
    return OK;
}
