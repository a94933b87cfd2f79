#include "delivery/outgoing.h"

#include "delivery/audience.h"
#include "delivery/batch.h"
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

struct batch *outgoing_batch(const struct receiver *receiver, uint32_t source)
{
    if (source == OUTGOING_BATCH)
        return &receiver->audience->batch;
    if (source >= OUTGOING_TOPIC)
        return &receiver->loop->topic_batches.list[source - OUTGOING_TOPIC]->batch;
    return NULL;
}

/* The receiver's last run, if it has that source and sequence. */
static struct outgoing *last_run(const struct receiver *receiver, uint32_t source,
                                 uint32_t sequence)
{
    if (receiver->outgoing_last == OUTGOING_NONE)
        return NULL;
    struct outgoing *last = &receiver->loop->outgoing[receiver->outgoing_last];
    return last->source == source && last->sequence == sequence ? last : NULL;
}

int outgoing_add(struct receiver *receiver, uint32_t source, size_t offset, size_t len)
{
    /* Runs in batches know by their offsets what was published when. */
    uint32_t sequence = outgoing_is_in_batch(source) ? 0 : delivery_sequence(receiver->loop);
    struct outgoing *last = last_run(receiver, source, sequence);
    if (source >= OUTGOING_TOPIC)
        receiver->has_topic_runs = true;
    if (outgoing_is_in_batch(source))
        receiver->has_message = true;
    if (last != NULL && last->offset + last->len == offset) {
        last->len += (uint32_t)len;
        return OK;
    }
    return link_run(receiver, (struct outgoing){.source = source,
                                                .offset = (uint32_t)offset,
                                                .len = (uint32_t)len,
                                                .sequence = sequence});
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

void outgoing_clear(struct receiver *receiver)
{
    receiver->outgoing_first = receiver->outgoing_last = OUTGOING_NONE;
    receiver->has_topic_runs = false;
}

static uint32_t add_saturated(uint32_t number, uint64_t more)
{
    return more < UINT32_MAX - number ? number + (uint32_t)more : UINT32_MAX;
}

int outgoing_add_gap(struct receiver *receiver, uint64_t messages, uint64_t bytes)
{
    const struct outgoing none = {.source = OUTGOING_GAP,
                                  .sequence = delivery_sequence(receiver->loop)};
    if (outgoing_catch_up(receiver) != OK)
        return ERR_NO_MEMORY;
    if (last_run(receiver, OUTGOING_GAP, none.sequence) == NULL && link_run(receiver, none) != OK)
        return ERR_NO_MEMORY;
    struct outgoing *gap = &receiver->loop->outgoing[receiver->outgoing_last];
    gap->offset = add_saturated(gap->offset, messages);
    gap->len = add_saturated(gap->len, bytes);
    receiver->has_gap = true;
    return OK;
}

/* -- the order of publishing -- */

/* Cuts a run that lies in a batch behind what was published before `sequence`. */
static int cut_run(struct receiver *receiver, uint32_t index, uint32_t sequence)
{
    struct delivery_loop *loop = receiver->loop;
    struct outgoing first = loop->outgoing[index];
    const struct batch *batch = outgoing_batch(receiver, first.source);
    if (batch == NULL)
        return OK;
    uint32_t cut = (uint32_t)batch_offset_after(batch, sequence);
    if (cut >= first.offset + first.len)
        return OK;
    struct outgoing *second = append_run(loop);
    if (second == NULL)
        return ERR_NO_MEMORY;
    *second = first;
    second->offset = cut;
    second->len -= cut - first.offset;
    second->sequence = batch_sequence(batch, cut);
    first.len = cut - first.offset;
    first.next = (uint32_t)(second - loop->outgoing);
    loop->outgoing[index] = first;
    return OK;
}

struct run_list {
    uint32_t first;
    uint32_t last;
};

static void append_to_list(struct outgoing *runs, struct run_list *list, uint32_t index)
{
    if (list->first == OUTGOING_NONE)
        list->first = index;
    else
        runs[list->last].next = index;
    list->last = index;
}

/* Makes *a one list of two that are in order; of what has the same sequence, `a` has the first. */
static int merge_runs(struct receiver *receiver, uint32_t *a, uint32_t b)
{
    struct delivery_loop *loop = receiver->loop;
    struct run_list merged = {.first = OUTGOING_NONE};
    while (*a != OUTGOING_NONE && b != OUTGOING_NONE) {
        const struct outgoing *runs = loop->outgoing;
        bool is_b = is_later_sequence(runs[*a].sequence, runs[b].sequence);
        uint32_t *from = is_b ? &b : a;
        uint32_t taken = *from;
        if (cut_run(receiver, taken, runs[is_b ? *a : b].sequence) != OK)
            return ERR_NO_MEMORY;
        *from = loop->outgoing[taken].next;
        append_to_list(loop->outgoing, &merged, taken);
    }
    append_to_list(loop->outgoing, &merged, *a != OUTGOING_NONE ? *a : b);
    *a = merged.first;
    return OK;
}

/* Takes the first runs of a list that are in order off it: one in a topic's batch, or those up to
 * such a one, which were noted in the order of publishing. Sets their sequences. */
static uint32_t take_ordered(struct receiver *receiver, uint32_t *list)
{
    struct outgoing *runs = receiver->loop->outgoing;
    uint32_t first = *list, last = first;
    for (uint32_t i = first; i != OUTGOING_NONE; i = runs[i].next) {
        const struct batch *batch = outgoing_batch(receiver, runs[i].source);
        if (i != first &&
            (runs[first].source >= OUTGOING_TOPIC || runs[i].source >= OUTGOING_TOPIC))
            break;
        if (batch != NULL)
            runs[i].sequence = batch_sequence(batch, runs[i].offset);
        last = i;
    }
    *list = runs[last].next;
    runs[last].next = OUTGOING_NONE;
    return first;
}

/* Merge sort: `sorted[i]` holds 2^i of the ordered lists that there were, or none. */
static int sort_runs(struct receiver *receiver)
{
    uint32_t sorted[32];
    uint32_t list = receiver->outgoing_first;
    int error = OK;
    for (unsigned i = 0; i < 32; i++)
        sorted[i] = OUTGOING_NONE;
    while (list != OUTGOING_NONE && error == OK) {
        uint32_t ordered = take_ordered(receiver, &list);
        unsigned i = 0;
        for (; i < 31 && sorted[i] != OUTGOING_NONE && error == OK; i++) {
            error = merge_runs(receiver, &sorted[i], ordered);
            ordered = sorted[i];
            sorted[i] = OUTGOING_NONE;
        }
        sorted[i] = ordered;
    }
    for (unsigned i = 0; i < 32 && error == OK; i++) {
        if (sorted[i] == OUTGOING_NONE)
            continue;
        if (list != OUTGOING_NONE)
            error = merge_runs(receiver, &sorted[i], list);
        list = sorted[i];
    }
    receiver->outgoing_first = list;
    return error;
}

int outgoing_sort(struct receiver *receiver)
{
    const struct delivery_loop *loop = receiver->loop;
    if (outgoing_catch_up(receiver) != OK || sort_runs(receiver) != OK)
        return ERR_NO_MEMORY;
    for (uint32_t i = receiver->outgoing_first; i != OUTGOING_NONE; i = loop->outgoing[i].next)
        receiver->outgoing_last = i;
    return OK;
}
