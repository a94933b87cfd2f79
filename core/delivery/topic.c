#include "delivery/topic.h"

#include "base/utf8.h"
#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"
#include "delivery/interest.h"
#include "delivery/receiver_overflow.h"
#include "delivery/subscription_set.h"

#include <stdlib.h>
#include <string.h>

struct topic {
    struct hash_link link; /* first; in its loop's table of topics */
    struct topic_key key;
    struct subscription **members; /* owned; in no order */
    uint32_t count;
    uint32_t capacity;
    char name[TOPIC_NAME_MAX + 1];
};

bool topic_is_name(const char *name, size_t len)
{
    return len > 0 && len <= TOPIC_NAME_MAX && memchr(name, '\0', len) == NULL &&
           utf8_is_valid(name, len);
}

/* -- the table -- */

static bool is_topic_of(const struct topic *topic, const struct topic_key *key)
{
    return topic->key.fanout == key->fanout && topic->key.kind == key->kind &&
           topic->key.len == key->len && memcmp(topic->name, key->name, key->len) == 0;
}

static uint64_t hash_of(const struct delivery_loop *loop, const struct topic_key *key)
{
    return topic_key_hash(key, &loop->delivery->topic_counts.secret);
}

static struct topic *topic_with_hash(const struct delivery_loop *loop, const struct topic_key *key,
                                     uint64_t hash)
{
    struct hash_link *link = hash_table_first(&loop->topics, hash);
    while (link != NULL && !is_topic_of((struct topic *)link, key))
        link = hash_table_next(link);
    return (struct topic *)link;
}

/* Hashes nothing where no topic is. */
static struct topic *find_topic(const struct delivery_loop *loop, const struct topic_key *key)
{
    return loop->topics.used > 0 ? topic_with_hash(loop, key, hash_of(loop, key)) : NULL;
}

/* The topic of that name, made if it is not there. NULL: no memory. */
static struct topic *need_topic(struct delivery_loop *loop, const struct topic_key *key)
{
    uint64_t hash = hash_of(loop, key);
    struct topic *topic = topic_with_hash(loop, key, hash);
    if (topic != NULL)
        return topic;
    topic = calloc(1, sizeof *topic);
    if (topic == NULL || hash_table_reserve(&loop->topics) != OK) {
        free(topic);
        return NULL;
    }
    topic->key = *key;
    memcpy(topic->name, key->name, key->len);
    topic->key.name = topic->name;
    hash_table_add(&loop->topics, &topic->link, hash);
    interest_add(&loop->delivery->interests[loop->loop->index], hash);
    return topic;
}

static void drop_topic_if_empty(struct delivery_loop *loop, struct topic *topic)
{
    if (topic->count > 0)
        return;
    hash_table_remove(&loop->topics, &topic->link);
    interest_remove(&loop->delivery->interests[loop->loop->index], topic->link.hash);
    free(topic->members);
    free(topic);
}

/* -- membership -- */

static int reserve_member(struct topic *topic)
{
    if (topic->count < topic->capacity)
        return OK;
    uint32_t capacity = topic->capacity == 0 ? 4 : topic->capacity * 2;
    struct subscription **members =
        realloc(topic->members, capacity * sizeof(struct subscription *));
    if (members == NULL)
        return ERR_NO_MEMORY;
    topic->members = members;
    topic->capacity = capacity;
    return OK;
}

/* The receiver's set of subscriptions, made when it is first needed. NULL: no memory. */
static struct subscription_set *need_set(struct receiver *receiver)
{
    if (receiver->subscriptions == NULL)
        receiver->subscriptions = calloc(1, sizeof *receiver->subscriptions);
    return receiver->subscriptions;
}

static int add_member(struct receiver *receiver, struct topic *topic)
{
    struct topic_counts *counts = &receiver->loop->delivery->topic_counts;
    struct subscription *subscription = calloc(1, sizeof *subscription);
    if (subscription == NULL || reserve_member(topic) != OK ||
        topic_counts_add(counts, &topic->key) != OK) {
        free(subscription);
        return ERR_NO_MEMORY;
    }
    *subscription =
        (struct subscription){.topic = topic, .receiver = receiver, .index = topic->count};
    subscription_set_add(receiver->subscriptions, subscription);
    topic->members[topic->count++] = subscription;
    return OK;
}

static int join_topic(struct receiver *receiver, const struct topic_key *key)
{
    struct subscription_set *set = need_set(receiver);
    struct topic *topic = set != NULL ? need_topic(receiver->loop, key) : NULL;
    if (topic == NULL)
        return ERR_NO_MEMORY;
    if (subscription_set_find(set, topic) != NULL)
        return OK;
    bool is_named = key->kind == TOPIC_NAMED;
    int error = ERR_LIMIT;
    if (!is_named || set->named < receiver->limits->topics)
        error = add_member(receiver, topic);
    if (error == OK && is_named)
        set->named++;
    drop_topic_if_empty(receiver->loop, topic);
    return error;
}

/* Ends and frees a subscription that is in its receiver's set no more. */
static void end_subscription(struct subscription *subscription)
{
    struct receiver *receiver = subscription->receiver;
    struct topic *topic = subscription->topic;
    struct subscription *last = topic->members[--topic->count];
    topic->members[subscription->index] = last;
    last->index = subscription->index;
    if (topic->key.kind == TOPIC_NAMED)
        receiver->subscriptions->named--;
    topic_counts_remove(&receiver->loop->delivery->topic_counts, &topic->key);
    drop_topic_if_empty(receiver->loop, topic);
    free(subscription);
}

static struct topic_key key_of(struct fanout *fanout, enum topic_kind kind, const char *name,
                               size_t len)
{
    return (struct topic_key){.fanout = fanout, .kind = kind, .name = name, .len = len};
}

int topic_subscribe(struct receiver *receiver, const char *name, size_t len)
{
    struct topic_key key = key_of(receiver->audience->fanout, TOPIC_NAMED, name, len);
    if (!receiver->is_open || !topic_is_name(name, len))
        return ERR_INVALID;
    return join_topic(receiver, &key);
}

void topic_unsubscribe(struct receiver *receiver, const char *name, size_t len)
{
    struct topic_key key = key_of(receiver->audience->fanout, TOPIC_NAMED, name, len);
    struct subscription_set *set = receiver->subscriptions;
    if (set == NULL || !topic_is_name(name, len))
        return;
    const struct topic *topic = find_topic(receiver->loop, &key);
    struct subscription *subscription = topic != NULL ? subscription_set_find(set, topic) : NULL;
    if (subscription == NULL)
        return;
    subscription_set_remove(set, subscription);
    end_subscription(subscription);
}

int topic_join_identity(struct receiver *receiver, const char *identity)
{
    struct topic_key key =
        key_of(receiver->audience->fanout, TOPIC_IDENTITY, identity, strlen(identity));
    return join_topic(receiver, &key);
}

void topic_leave_all(struct receiver *receiver)
{
    if (receiver->subscriptions == NULL)
        return;
    struct subscription *subscription = subscription_set_take_all(receiver->subscriptions);
    while (subscription != NULL) {
        struct subscription *next = subscription->next;
        end_subscription(subscription);
        subscription = next;
    }
    free(receiver->subscriptions);
    receiver->subscriptions = NULL;
}

/* -- publishing -- */

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
            delivered++;
        } else {
            delivery_count_drop(loop, DROP_NO_MEMORY);
            receiver_missed(receiver, 1, frame_payload_length(frame->len));
        }
    }
    counter_add(&topic->key.fanout->audiences[loop->loop->index].messages_out, delivered);
}

static void members_missed(const struct topic *topic, uint64_t messages, uint64_t bytes)
{
    for (uint32_t i = 0; i < topic->count; i++)
        receiver_missed(topic->members[i]->receiver, messages, bytes);
}

void topic_deliver(struct delivery_loop *loop, const struct topic_key *key, const void *frame,
                   size_t len, struct message_key conflation)
{
    const struct topic *topic = find_topic(loop, key);
    struct shared_frame shared;
    if (topic == NULL)
        return;
    if (delivery_share_frame(loop, frame, len, &shared) == OK &&
        delivery_note_key(loop, shared, conflation) == OK) {
        queue_for_members(loop, topic, &shared, NULL);
        return;
    }
    delivery_count_drop(loop, DROP_NO_MEMORY);
    members_missed(topic, 1, frame_payload_length(len));
}

uint64_t topic_hash(const struct topic_key *key)
{
    return topic_key_hash(key, &key->fanout->delivery->topic_counts.secret);
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

/* On this loop, and for the others at the end of its iteration. */
static int publish_on_loop(struct delivery_loop *loop, const struct topic_key *key,
                           enum opcode opcode, const void *data, size_t len,
                           const struct receiver *except)
{
    const struct topic *topic = find_topic(loop, key);
    struct shared_frame frame;
    if (topic == NULL && loop->delivery->loop_count == 1)
        return OK;
    if (delivery_share(loop, opcode, data, len, &frame) != OK)
        return ERR_NO_MEMORY;
    struct message_key conflation = fanout_read_key(key->fanout, key, data, len);
    if (delivery_note_key(loop, frame, conflation) != OK)
        return ERR_NO_MEMORY;
    int error =
        forward_to_topic(loop, key, loop->unicast.data + frame.offset, frame.len, conflation);
    if (topic == NULL || error != OK)
        delivery_unshare(loop, frame); /* Nobody here is given it. */
    else
        queue_for_members(loop, topic, &frame, except);
    return error;
}

int topic_publish_from(struct receiver *receiver, const char *name, enum opcode opcode,
                       const void *data, size_t len, const struct receiver *except)
{
    struct topic_key key = key_of(receiver->audience->fanout, TOPIC_NAMED, name, strlen(name));
    return publish_on_loop(receiver->loop, &key, opcode, data, len, except);
}

int topic_publish(struct fanout *fanout, enum topic_kind kind, const char *name, size_t name_len,
                  enum opcode opcode, const void *data, size_t len)
{
    struct topic_key key = key_of(fanout, kind, name, name_len);
    struct delivery_loop *here = delivery_current_loop(fanout->delivery);
    if (!topic_is_name(name, name_len))
        return ERR_INVALID;
    if (here == NULL)
        return forward_from_outside(&key, opcode, data, len);
    return publish_on_loop(here, &key, opcode, data, len, NULL);
}

/* -- counting -- */

uint32_t topic_count(struct fanout *fanout, enum topic_kind kind, const char *name, size_t len)
{
    struct topic_key key = key_of(fanout, kind, name, len);
    return topic_counts_get(&fanout->delivery->topic_counts, &key);
}

void topic_totals(const struct fanout *fanout, uint32_t *topics, uint32_t *subscriptions)
{
    *topics = atomic_load_explicit(&fanout->topics, memory_order_relaxed);
    *subscriptions = atomic_load_explicit(&fanout->subscriptions, memory_order_relaxed);
}
