#include "delivery/topic_batch.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"
#include "delivery/receiver_overflow.h"
#include "delivery/subscription_set.h"
#include "delivery/topic.h"

#include <stdlib.h>

/* What the batches that are not lent keep: their number, and bytes in all, about. */
#define SPARE_MAX 1024u
#define SPARE_BYTES (1024u * 1024)

/* -- lending -- */

static struct topic_batch *create_batch(struct topic_batches *batches)
{
    if (batches->count == batches->capacity) {
        uint32_t capacity = batches->capacity < 16 ? 16 : 2 * batches->capacity;
        struct topic_batch **grown =
            realloc(batches->list, capacity * sizeof(struct topic_batch *));
        if (grown == NULL)
            return NULL;
        batches->list = grown;
        batches->capacity = capacity;
    }
    struct topic_batch *created = malloc(sizeof *created);
    if (created == NULL)
        return NULL;
    batch_init(&created->batch);
    created->index = batches->count;
    batches->list[batches->count++] = created;
    return created;
}

struct topic_batch *topic_batch_borrow(struct delivery_loop *loop, struct topic *topic)
{
    struct topic_batches *batches = &loop->topic_batches;
    if (topic->batch != NULL)
        return topic->batch;
    struct topic_batch *lent =
        batches->lent < batches->count ? batches->list[batches->lent] : create_batch(batches);
    if (lent == NULL)
        return NULL;
    batches->lent++;
    lent->topic = topic;
    topic->batch = lent;
    return lent;
}

static struct audience *audience_of(const struct topic *topic, const struct delivery_loop *loop)
{
    return &topic->key.fanout->audiences[loop->loop->index];
}

void topic_batch_note_added(struct delivery_loop *loop, const struct topic *topic, size_t bytes)
{
    loop->topic_batches.bytes += bytes;
    if (loop->topic_batches.bytes > AUDIENCE_BATCH_FLUSH)
        loop->has_much_to_send = true;
    if (!audience_waits(audience_of(topic, loop), bytes))
        loop->topic_batches.is_dirty = true;
}

static void destroy_batch(struct topic_batch *batch)
{
    batch_deinit(&batch->batch);
    free(batch);
}

static void place_batch(struct topic_batches *batches, struct topic_batch *batch, uint32_t index)
{
    batches->list[index] = batch;
    batch->index = index;
}

void topic_batches_take_back(struct delivery_loop *loop)
{
    struct topic_batches *batches = &loop->topic_batches;
    size_t keep = batches->count > 0 ? SPARE_BYTES / batches->count : 0;
    uint32_t waiting = 0;
    if (!batches->is_dirty)
        return;
    batches->bytes = 0;
    for (uint32_t i = 0; i < batches->lent; i++) {
        struct topic_batch *batch = batches->list[i];
        if (batch->topic == NULL) {
            batch_clear(&batch->batch, keep);
            continue;
        }
        batches->bytes += batch->batch.frames.len;
        place_batch(batches, batches->list[waiting], i);
        place_batch(batches, batch, waiting++);
    }
    batches->lent = waiting;
    batches->runs = waiting > 0 ? batches->runs : 0;
    batches->is_dirty = false;
    while (batches->count > SPARE_MAX && batches->count > waiting)
        destroy_batch(batches->list[--batches->count]);
}

void topic_batches_deinit(struct topic_batches *batches)
{
    for (uint32_t i = 0; i < batches->count; i++)
        destroy_batch(batches->list[i]);
    free(batches->list);
}

void topic_batch_release(struct topic *topic)
{
    if (topic->batch != NULL)
        topic->batch->topic = NULL;
}

/* -- subscriptions -- */

void topic_batch_join(struct subscription *subscription)
{
    const struct topic_batch *lent = subscription->topic->batch;
    subscription->cursor = lent != NULL ? (uint32_t)lent->batch.frames.len : 0;
    subscription->skipped = lent != NULL ? lent->batch.messages : 0;
}

int topic_batch_catch_up(struct subscription *subscription)
{
    const struct topic_batch *lent = subscription->topic->batch;
    if (lent == NULL || !subscription->receiver->is_open)
        return OK;
    uint32_t published = (uint32_t)lent->batch.frames.len;
    if (subscription->cursor >= published)
        return OK;
    int error = outgoing_add(subscription->receiver, OUTGOING_TOPIC + lent->index,
                             subscription->cursor, published - subscription->cursor);
    if (error == OK)
        subscription->cursor = published;
    return error;
}

void topic_batch_skip(struct subscription *subscription)
{
    subscription->cursor = (uint32_t)subscription->topic->batch->batch.frames.len;
    subscription->skipped++;
}

static void count_delivered(const struct subscription *subscription, uint64_t messages)
{
    counter_add(&subscription->receiver->audience->messages_out, messages);
}

/* There is no memory to note what it is to get. Returns how many messages that are. */
static uint32_t miss_rest(const struct subscription *subscription)
{
    const struct batch *batch = &subscription->topic->batch->batch;
    struct receiver *receiver = subscription->receiver;
    uint64_t bytes;
    uint32_t messages = batch_count(batch, subscription->cursor, batch->frames.len, &bytes);
    delivery_count_drop(receiver->loop, DROP_NO_MEMORY);
    receiver_missed(receiver, messages, bytes);
    return messages;
}

/* Makes what was published so far, and its receiver has not had, what that is to get next. Returns
 * how much of the batch it gets in all. */
static uint32_t deliver_rest(const struct subscription *subscription)
{
    const struct topic_batch *lent = subscription->topic->batch;
    uint32_t published = (uint32_t)lent->batch.frames.len;
    uint32_t messages = lent->batch.messages - subscription->skipped;
    if (!subscription->receiver->is_open)
        return 0;
    if (subscription->cursor < published &&
        outgoing_add(subscription->receiver, OUTGOING_TOPIC + lent->index, subscription->cursor,
                     published - subscription->cursor) != OK)
        messages -= miss_rest(subscription);
    subscription->receiver->messages_out += messages;
    return messages;
}

void topic_batch_leave(struct subscription *subscription)
{
    const struct topic_batch *lent = subscription->topic->batch;
    if (lent == NULL)
        return;
    count_delivered(subscription, deliver_rest(subscription));
    subscription->cursor = (uint32_t)lent->batch.frames.len;
    subscription->skipped = lent->batch.messages;
}

static int catch_up_and_count(struct subscription *subscription)
{
    if (topic_batch_catch_up(subscription) != OK)
        return ERR_NO_MEMORY;
    topic_batch_leave(subscription);
    return OK;
}

int topic_batches_catch_up(struct receiver *receiver)
{
    if (receiver->subscriptions == NULL || receiver->loop->topic_batches.lent == 0)
        return OK;
    return subscription_set_for_each(receiver->subscriptions, catch_up_and_count);
}

/* -- the flush -- */

static void queue_for_members(const struct topic *topic)
{
    uint64_t delivered = 0;
    for (uint32_t i = 0; i < topic->count; i++) {
        struct subscription *subscription = topic->members[i];
        delivered += deliver_rest(subscription);
        if (subscription->cursor > 0) /* Most are only read: their memory stays clean. */
            subscription->cursor = subscription->skipped = 0;
    }
    if (delivered > 0)
        count_delivered(topic->members[0], delivered);
}

void topic_batches_queue(struct delivery_loop *loop)
{
    const struct topic_batches *batches = &loop->topic_batches;
    for (uint32_t i = 0; batches->is_dirty && i < batches->lent; i++) {
        struct topic *topic = batches->list[i]->topic;
        if (topic == NULL || audience_of(topic, loop)->is_waiting)
            continue;
        queue_for_members(topic);
        topic->batch = NULL;
        batches->list[i]->topic = NULL;
    }
}
