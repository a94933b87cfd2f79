#include "delivery/topic.h"

#include "base/utf8.h"
#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"
#include "delivery/interest.h"
#include "delivery/subscription_set.h"
#include "delivery/topic_batch.h"

#include <stdlib.h>
#include <string.h>

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

uint64_t topic_hash(const struct topic_key *key)
{
    return topic_key_hash(key, &key->fanout->delivery->topic_counts.secret);
}

struct topic *topic_with_hash(const struct delivery_loop *loop, const struct topic_key *key,
                              uint64_t hash)
{
    struct hash_link *link = hash_table_first(&loop->topics, hash);
    while (link != NULL && !is_topic_of((struct topic *)link, key))
        link = hash_table_next(link);
    return (struct topic *)link;
}

/* Hashes nothing where no topic is. */
struct topic *topic_find(const struct delivery_loop *loop, const struct topic_key *key)
{
    return loop->topics.used > 0 ? topic_with_hash(loop, key, topic_hash(key)) : NULL;
}

/* The topic of that name, made if it is not there. NULL: no memory. */
static struct topic *need_topic(struct delivery_loop *loop, const struct topic_key *key)
{
    uint64_t hash = topic_hash(key);
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
    interest_add(loop->delivery->interest, &loop->topic_slots, loop->loop->index, hash);
    return topic;
}

static void drop_topic_if_empty(struct delivery_loop *loop, struct topic *topic)
{
    if (topic->count > 0)
        return;
    topic_batch_release(topic);
    hash_table_remove(&loop->topics, &topic->link);
    interest_remove(loop->delivery->interest, &loop->topic_slots, loop->loop->index,
                    topic->link.hash);
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
    topic_batch_join(subscription);
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
    forward_pull(receiver->loop); /* After the loop has entered itself: see interest.h. */
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
    topic_batch_leave(subscription);
    struct subscription *last = topic->members[--topic->count];
    topic->members[subscription->index] = last;
    last->index = subscription->index;
    if (topic->key.kind == TOPIC_NAMED)
        receiver->subscriptions->named--;
    topic_counts_remove(&receiver->loop->delivery->topic_counts, &topic->key);
    drop_topic_if_empty(receiver->loop, topic);
    free(subscription);
}

struct topic_key topic_key_of(struct fanout *fanout, enum topic_kind kind, const char *name,
                              size_t len)
{
    return (struct topic_key){.fanout = fanout, .kind = kind, .name = name, .len = len};
}

int topic_subscribe(struct receiver *receiver, const char *name, size_t len)
{
    struct topic_key key = topic_key_of(receiver->audience->fanout, TOPIC_NAMED, name, len);
    if (!receiver->is_open || !topic_is_name(name, len))
        return ERR_INVALID;
    return join_topic(receiver, &key);
}

void topic_unsubscribe(struct receiver *receiver, const char *name, size_t len)
{
    struct topic_key key = topic_key_of(receiver->audience->fanout, TOPIC_NAMED, name, len);
    struct subscription_set *set = receiver->subscriptions;
    if (set == NULL || !topic_is_name(name, len))
        return;
    forward_pull(receiver->loop);
    const struct topic *topic = topic_find(receiver->loop, &key);
    struct subscription *subscription = topic != NULL ? subscription_set_find(set, topic) : NULL;
    if (subscription == NULL)
        return;
    subscription_set_remove(set, subscription);
    end_subscription(subscription);
}

bool topic_has(const struct receiver *receiver, const char *name, size_t len)
{
    const struct subscription_set *set = receiver->subscriptions;
    struct topic_key key = topic_key_of(receiver->audience->fanout, TOPIC_NAMED, name, len);
    const struct topic *topic = set != NULL ? topic_find(receiver->loop, &key) : NULL;
    return topic != NULL && subscription_set_find(set, topic) != NULL;
}

const struct topic *topic_next(const struct receiver *receiver, uint64_t *cursor)
{
    const struct subscription_set *set = receiver->subscriptions;
    const struct subscription *next;
    do {
        next = set != NULL ? subscription_set_next(set, cursor) : NULL;
    } while (next != NULL && next->topic->key.kind != TOPIC_NAMED);
    return next != NULL ? next->topic : NULL;
}

int topic_join_identity(struct receiver *receiver, const char *identity)
{
    struct topic_key key =
        topic_key_of(receiver->audience->fanout, TOPIC_IDENTITY, identity, strlen(identity));
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

/* -- counting -- */

uint32_t topic_count(struct fanout *fanout, enum topic_kind kind, const char *name, size_t len)
{
    struct topic_key key = topic_key_of(fanout, kind, name, len);
    return topic_counts_get(&fanout->delivery->topic_counts, &key);
}

void topic_totals(const struct fanout *fanout, uint32_t *topics, uint32_t *subscriptions)
{
    *topics = atomic_load_explicit(&fanout->topics, memory_order_relaxed);
    *subscriptions = atomic_load_explicit(&fanout->subscriptions, memory_order_relaxed);
}
