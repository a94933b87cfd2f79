#include "delivery/topic_publishing.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"
#include "delivery/receiver_overflow.h"
#include "delivery/subscription_set.h"
#include "delivery/topic.h"
#include "delivery/topic_batch.h"

#include <string.h>

static bool is_batched(const struct topic *topic)
{
    const struct fanout *fanout = topic->key.fanout;
    return topic->batch != NULL || topic->count >= TOPIC_BATCH_SUBSCRIBERS ||
           atomic_load_explicit(&fanout->flush_delay, memory_order_relaxed) > 0;
}

/* -- to a topic with few subscribers -- */

/* To the subscribers of this loop, who share one frame. */
static void queue_for_members(struct delivery_loop *loop, const struct topic *topic,
                              struct shared_frame *frame, const struct receiver *except)
{
    uint64_t delivered = 0;
    for (uint32_t i = 0; i < topic->count; i++) {
        struct receiver *receiver = topic->members[i]->receiver;
        if (receiver == except || !receiver->is_open)
            continue;
        if (delivery_queue_shared(receiver, frame) == OK) {
            receiver->messages_out++;
            delivered++;
        } else {
            delivery_count_drop(loop, DROP_NO_MEMORY);
            receiver_missed(receiver, 1, frame_payload_length(frame->len));
        }
    }
    counter_add(&topic->key.fanout->audiences[loop->loop->index].messages_out, delivered);
}

static int deliver_to_few(struct delivery_loop *loop, const struct topic *topic, const void *frame,
                          size_t len, struct message_key conflation, const struct receiver *except)
{
    struct shared_frame shared;
    if (delivery_share_frame(loop, frame, len, &shared) != OK ||
        delivery_note_key(loop, shared, conflation) != OK)
        return ERR_NO_MEMORY;
    queue_for_members(loop, topic, &shared, except);
    return OK;
}

static int publish_to_few(struct delivery_loop *loop, const struct topic *topic, enum opcode opcode,
                          const void *data, size_t len, const struct receiver *except)
{
    const struct topic_key *key = &topic->key;
    struct shared_frame frame;
    if (delivery_share(loop, opcode, data, len, &frame) != OK ||
        delivery_note_key(loop, frame, fanout_read_key(key->fanout, key, data, len)) != OK)
        return ERR_NO_MEMORY;
    queue_for_members(loop, topic, &frame, except);
    return OK;
}

/* -- to a topic with a batch -- */

/* The subscription of the receiver that is not to get a message, which it has to catch up with;
 * NULL: it has none. */
static struct subscription *skipping(const struct topic *topic, const struct receiver *except)
{
    if (except == NULL || except->subscriptions == NULL)
        return NULL;
    return subscription_set_find(except->subscriptions, topic);
}

static void end_adding(struct delivery_loop *loop, const struct topic *topic, size_t before,
                       struct subscription *skips)
{
    topic_batch_note_added(loop, topic, topic->batch->batch.frames.len - before);
    if (skips != NULL)
        topic_batch_skip(skips);
}

/* If the receiver that is not to get it cannot be left out for lack of memory, it gets the message:
 * better than to miss what came before. */
static int deliver_to_batch(struct delivery_loop *loop, struct topic *topic, const void *frame,
                            size_t len, struct message_key conflation,
                            const struct receiver *except)
{
    struct topic_batch *lent = topic_batch_borrow(loop, topic);
    struct subscription *skips = skipping(topic, except);
    if (skips != NULL && topic_batch_catch_up(skips) != OK)
        skips = NULL;
    if (lent == NULL || delivery_publish_to_topic(loop, lent, topic->count) != OK)
        return ERR_NO_MEMORY;
    size_t before = lent->batch.frames.len;
    if (batch_add_frames(&lent->batch, frame, len, 1, conflation) != OK)
        return ERR_NO_MEMORY;
    end_adding(loop, topic, before, skips);
    return OK;
}

static int publish_to_batch(struct delivery_loop *loop, struct topic *topic, enum opcode opcode,
                            const void *data, size_t len, const struct receiver *except)
{
    const struct topic_key *key = &topic->key;
    struct topic_batch *lent = topic_batch_borrow(loop, topic);
    struct subscription *skips = skipping(topic, except);
    if (lent == NULL || (skips != NULL && topic_batch_catch_up(skips) != OK) ||
        delivery_publish_to_topic(loop, lent, topic->count) != OK)
        return ERR_NO_MEMORY;
    size_t before = lent->batch.frames.len;
    if (batch_add_message(&lent->batch, opcode, data, len,
                          fanout_read_key(key->fanout, key, data, len)) != OK)
        return ERR_NO_MEMORY;
    end_adding(loop, topic, before, skips);
    return OK;
}

/* -- to a topic -- */

static void members_missed(const struct topic *topic, uint64_t messages, uint64_t bytes)
{
    for (uint32_t i = 0; i < topic->count; i++)
        receiver_missed(topic->members[i]->receiver, messages, bytes);
}

bool topic_deliver(struct delivery_loop *loop, const struct topic_key *key, uint64_t hash,
                   const void *frame, size_t len, struct message_key conflation,
                   const struct receiver *except)
{
    struct topic *topic = topic_with_hash(loop, key, hash);
    if (topic == NULL)
        return false;
    int error = is_batched(topic) ? deliver_to_batch(loop, topic, frame, len, conflation, except)
                                  : deliver_to_few(loop, topic, frame, len, conflation, except);
    if (error != OK) {
        delivery_count_drop(loop, DROP_NO_MEMORY);
        members_missed(topic, 1, frame_payload_length(len));
    }
    return true;
}

void topic_missed(struct delivery_loop *loop, const struct fanout *fanout, enum topic_kind kind,
                  uint64_t hash, uint64_t messages, uint64_t bytes)
{
    for (const struct hash_link *link = hash_table_first(&loop->topics, hash); link != NULL;
         link = hash_table_next(link)) {
        const struct topic *topic = (const struct topic *)link;
        if (topic->key.fanout == fanout && topic->key.kind == kind)
            members_missed(topic, messages, bytes);
    }
}

/* To the subscribers of this loop alone. */
static int publish_here(struct delivery_loop *loop, struct topic *topic, enum opcode opcode,
                        const void *data, size_t len, const struct receiver *except)
{
    return is_batched(topic) ? publish_to_batch(loop, topic, opcode, data, len, except)
                             : publish_to_few(loop, topic, opcode, data, len, except);
}

static int publish_on_loop(struct delivery_loop *loop, const struct topic_key *key,
                           enum opcode opcode, const void *data, size_t len,
                           const struct receiver *except)
{
    struct forwarded forwarded;
    bool needs_hash = loop->topics.used > 0 || loop->delivery->loop_count > 1;
    uint64_t hash = needs_hash ? topic_hash(key) : 0;
    int error = forward_message(loop, key, hash, opcode, data, len, &forwarded);
    if (error != OK)
        return error;
    if (forwarded.len > 0) {
        topic_deliver(loop, key, hash, forwarded.frame, forwarded.len, forwarded.conflation,
                      except);
        return OK;
    }
    struct topic *topic = topic_with_hash(loop, key, hash);
    return topic != NULL ? publish_here(loop, topic, opcode, data, len, except) : OK;
}

int topic_publish_from(struct receiver *receiver, const char *name, enum opcode opcode,
                       const void *data, size_t len, const struct receiver *except)
{
    struct topic_key key =
        topic_key_of(receiver->audience->fanout, TOPIC_NAMED, name, strlen(name));
    return publish_on_loop(receiver->loop, &key, opcode, data, len, except);
}

int topic_publish(struct fanout *fanout, enum topic_kind kind, const char *name, size_t name_len,
                  enum opcode opcode, const void *data, size_t len)
{
    struct topic_key key = topic_key_of(fanout, kind, name, name_len);
    struct delivery_loop *here = delivery_current_loop(fanout->delivery);
    if (!topic_is_name(name, name_len))
        return ERR_INVALID;
    if (here == NULL)
        return forward_from_outside(&key, opcode, data, len);
    return publish_on_loop(here, &key, opcode, data, len, NULL);
}
