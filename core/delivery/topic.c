#include "delivery/topic.h"

#include "base/utf8.h"
#include "client/client.h"
#include "delivery/audience.h"
#include "hub/hub_internal.h"
#include "delivery/topic_counts.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_AT_FIRST 16
/* Small messages to many subscribers are much work for the loop that gets them. */
#define OUTBOUND_FLUSH (32u * 1024)
#define OUTBOUND_MAX ((size_t)64 * 1024 * 1024) /* bytes */

struct topic {
    struct topic *next; /* in its bucket */
    uint64_t hash;
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

void topic_table_init(struct topic_table *table)
{
    *table = (struct topic_table){.used = 0};
    buffer_init(&table->outbound, OUTBOUND_MAX);
}

void topic_table_deinit(struct topic_table *table)
{
    free(table->buckets);
    buffer_release(&table->outbound);
}

static bool is_key(const struct topic *topic, const struct topic_key *key, uint64_t hash)
{
    return topic->hash == hash && topic->key.endpoint == key->endpoint &&
           topic->key.kind == key->kind && topic->key.len == key->len &&
           memcmp(topic->name, key->name, key->len) == 0;
}

static struct topic **find_link(const struct topic_table *table, const struct topic_key *key,
                                uint64_t hash)
{
    struct topic **link = &table->buckets[hash & (table->bucket_count - 1)];
    while (*link != NULL && !is_key(*link, key, hash))
        link = &(*link)->next;
    return link;
}

static uint64_t hash_of(const struct shard *shard, const struct topic_key *key)
{
    return topic_key_hash(key, shard->hub->topic_counts.seed);
}

static struct topic *find_topic(const struct shard *shard, const struct topic_key *key)
{
    const struct topic_table *table = &shard->delivery.topics;
    return table->bucket_count > 0 ? *find_link(table, key, hash_of(shard, key)) : NULL;
}

static int grow(struct topic_table *table)
{
    size_t bucket_count = table->bucket_count == 0 ? BUCKETS_AT_FIRST : table->bucket_count * 2;
    if (table->used < table->bucket_count)
        return OK;
    struct topic **buckets = calloc(bucket_count, sizeof(struct topic *));
    if (buckets == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < table->bucket_count; i++) {
        while (table->buckets[i] != NULL) {
            struct topic *topic = table->buckets[i];
            table->buckets[i] = topic->next;
            topic->next = buckets[topic->hash & (bucket_count - 1)];
            buckets[topic->hash & (bucket_count - 1)] = topic;
        }
    }
    free(table->buckets);
    table->buckets = buckets;
    table->bucket_count = bucket_count;
    return OK;
}

/* The topic of that name, made if it is not there. NULL: no memory. */
static struct topic *need_topic(struct shard *shard, const struct topic_key *key)
{
    struct topic_table *table = &shard->delivery.topics;
    uint64_t hash = hash_of(shard, key);
    if (grow(table) != OK)
        return NULL;
    struct topic **link = find_link(table, key, hash);
    if (*link != NULL)
        return *link;
    struct topic *topic = calloc(1, sizeof *topic);
    if (topic == NULL)
        return NULL;
    topic->hash = hash;
    topic->key = *key;
    memcpy(topic->name, key->name, key->len);
    topic->key.name = topic->name;
    *link = topic;
    table->used++;
    return topic;
}

static void drop_topic_if_empty(struct shard *shard, struct topic *topic)
{
    if (topic->count > 0)
        return;
    struct topic **link = find_link(&shard->delivery.topics, &topic->key, topic->hash);
    *link = topic->next;
    shard->delivery.topics.used--;
    free(topic->members);
    free(topic);
}

/* -- membership -- */

static int make_room(struct topic *topic)
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

static int add_member(struct client *client, struct topic *topic)
{
    struct hub *hub = client->shard->hub;
    struct subscription *subscription = calloc(1, sizeof *subscription);
    if (subscription == NULL || make_room(topic) != OK ||
        topic_counts_add(&hub->topic_counts, &topic->key) != OK) {
        free(subscription);
        return ERR_NO_MEMORY;
    }
    *subscription = (struct subscription){.topic = topic, .client = client, .index = topic->count};
    subscription_set_add(&client->extras->subscriptions, subscription);
    topic->members[topic->count++] = subscription;
    return OK;
}

static int join(struct client *client, const struct topic_key *key)
{
    if (client_need_extras(client) == NULL)
        return ERR_NO_MEMORY;
    struct topic *topic = need_topic(client->shard, key);
    if (topic == NULL)
        return ERR_NO_MEMORY;
    if (subscription_set_find(&client->extras->subscriptions, topic) != NULL)
        return OK;
    bool is_named = key->kind == TOPIC_NAMED;
    int error = ERR_LIMIT;
    if (!is_named || client->extras->subscription_count < client->setup->config->topics_per_client)
        error = add_member(client, topic);
    if (error == OK && is_named)
        client->extras->subscription_count++;
    drop_topic_if_empty(client->shard, topic);
    return error;
}

/* Ends and frees a subscription that is in its client's set no more. */
static void end_subscription(struct subscription *subscription)
{
    struct client *client = subscription->client;
    struct topic *topic = subscription->topic;
    struct subscription *last = topic->members[--topic->count];
    topic->members[subscription->index] = last;
    last->index = subscription->index;
    if (topic->key.kind == TOPIC_NAMED)
        client->extras->subscription_count--;
    topic_counts_remove(&client->shard->hub->topic_counts, &topic->key);
    drop_topic_if_empty(client->shard, topic);
    free(subscription);
}

static struct topic_key key_of(struct endpoint *endpoint, enum topic_kind kind, const char *name,
                               size_t len)
{
    return (struct topic_key){.endpoint = endpoint, .kind = kind, .name = name, .len = len};
}

int topic_subscribe(struct client *client, const char *name, size_t len)
{
    struct topic_key key = key_of(client->receiver.audience->endpoint, TOPIC_NAMED, name, len);
    if (client->state != CLIENT_OPEN || !topic_is_name(name, len))
        return ERR_INVALID;
    return join(client, &key);
}

void topic_unsubscribe(struct client *client, const char *name, size_t len)
{
    struct topic_key key = key_of(client->receiver.audience->endpoint, TOPIC_NAMED, name, len);
    if (client->extras == NULL || !topic_is_name(name, len))
        return;
    const struct topic *topic = find_topic(client->shard, &key);
    if (topic == NULL)
        return;
    struct subscription_set *set = &client->extras->subscriptions;
    struct subscription *subscription = subscription_set_find(set, topic);
    if (subscription == NULL)
        return;
    subscription_set_remove(set, subscription);
    end_subscription(subscription);
}

int topic_join_identity(struct client *client)
{
    if (client->seen.identity == NULL)
        return OK;
    struct topic_key key = key_of(client->receiver.audience->endpoint, TOPIC_IDENTITY,
                                  client->seen.identity, strlen(client->seen.identity));
    return join(client, &key);
}

void topic_leave_all(struct client *client)
{
    if (client->extras == NULL)
        return;
    struct subscription *subscription = subscription_set_take_all(&client->extras->subscriptions);
    while (subscription != NULL) {
        struct subscription *next = subscription->next;
        end_subscription(subscription);
        subscription = next;
    }
}

/* -- what, on one loop -- */

/* The frame is there once, whoever gets it. */
static void publish_here(struct shard *shard, const struct topic_key *key, const void *frame,
                         size_t len, const struct client *except)
{
    const struct topic *topic = find_topic(shard, key);
    uint32_t offset;
    if (topic == NULL)
        return;
    if (shard_share(shard, frame, len, &offset) != OK) {
        shard_count_drop(shard, DROP_NO_MEMORY);
        return;
    }
    uint64_t delivered = 0;
    for (uint32_t i = 0; i < topic->count; i++) {
        struct client *client = topic->members[i]->client;
        if (client == except || client->state != CLIENT_OPEN)
            continue;
        if (shard_queue_shared(shard, client, offset, (uint32_t)len) == OK)
            delivered++;
        else
            shard_count_drop(shard, DROP_NO_MEMORY);
    }
    counter_add(&key->endpoint->audiences[shard->loop.index].messages_out, delivered);
}

/* -- between loops -- */

/* What stands before each frame that is on its way. */
struct record {
    struct topic_key key; /* its name follows, then the frame */
    size_t frame_len;
};

static int append_record(struct buffer *buffer, const struct topic_key *key, const uint8_t *frame,
                         size_t frame_len)
{
    struct record record = {.key = *key, .frame_len = frame_len};
    uint8_t *to;
    if (buffer_extend(buffer, sizeof record + key->len + frame_len, &to) != OK)
        return ERR_NO_MEMORY;
    memcpy(to, &record, sizeof record);
    memcpy(to + sizeof record, key->name, key->len);
    memcpy(to + sizeof record + key->len, frame, frame_len);
    return OK;
}

struct topic_mail {
    struct mail mail; /* first */
    struct shared_bytes *records;
};

static void deliver_records(struct loop *loop, struct mail *mail)
{
    struct topic_mail *topic_mail = (struct topic_mail *)mail;
    const uint8_t *at = topic_mail->records->data;
    const uint8_t *end = at + topic_mail->records->len;
    while (at < end) {
        struct record record;
        memcpy(&record, at, sizeof record);
        at += sizeof record;
        record.key.name = (const char *)at;
        at += record.key.len;
        publish_here(shard_of(loop), &record.key, at, record.frame_len, NULL);
        if (shard_of(loop)->delivery.has_much_to_send)
            shard_flush(shard_of(loop));
        at += record.frame_len;
    }
    shared_bytes_unref(topic_mail->records);
    free(topic_mail);
}

/* To all loops but `from` (NULL: to all). */
static int post_records(struct hub *hub, const struct shard *from, const struct buffer *records)
{
    int error = OK;
    if (atomic_load_explicit(&hub->forwarded_bytes, memory_order_relaxed) > hub_queue_limit(hub))
        return ERR_LIMIT;
    struct shared_bytes *shared =
        shared_bytes_create(records->data, records->len, &hub->forwarded_bytes);
    if (shared == NULL)
        return ERR_NO_MEMORY;
    for (unsigned i = 0; i < hub->shard_count; i++) {
        if (&hub->shards[i] == from)
            continue;
        struct topic_mail *mail = malloc(sizeof *mail);
        if (mail == NULL) {
            error = ERR_NO_MEMORY;
            continue;
        }
        *mail = (struct topic_mail){.mail.deliver = deliver_records,
                                    .records = shared_bytes_ref(shared)};
        loop_post(&hub->shards[i].loop, &mail->mail);
    }
    shared_bytes_unref(shared);
    return error;
}

void topic_forward(struct shard *shard)
{
    struct buffer *outbound = &shard->delivery.topics.outbound;
    if (outbound->len == 0)
        return;
    int error = post_records(shard->hub, shard, outbound);
    if (error != OK)
        shard_count_drop(shard, error == ERR_LIMIT ? DROP_QUEUE_TOTAL : DROP_NO_MEMORY);
    outbound->len = 0;
    if (outbound->capacity > 2 * AUDIENCE_BATCH_FLUSH)
        buffer_release(outbound);
}

/* For the other loops at the end of this iteration; what was broadcast before goes before it. */
static int publish_elsewhere(struct shard *shard, const struct topic_key *key, const uint8_t *frame,
                             size_t len)
{
    if (shard->hub->shard_count == 1)
        return OK;
    shard_forward_audiences(shard);
    int error = append_record(&shard->delivery.topics.outbound, key, frame, len);
    if (shard->delivery.topics.outbound.len > OUTBOUND_FLUSH)
        topic_forward(shard);
    return error;
}

static int publish_from_outside(struct hub *hub, const struct topic_key *key, const uint8_t *frame,
                                size_t len)
{
    struct buffer record;
    buffer_init(&record, OUTBOUND_MAX);
    int error = append_record(&record, key, frame, len);
    if (error == OK)
        error = post_records(hub, NULL, &record);
    buffer_release(&record);
    return error;
}

static int publish(struct hub *hub, const struct topic_key *key, enum opcode opcode,
                   const void *data, size_t len, const struct client *except)
{
    struct shard *here = hub_current_shard(hub);
    uint8_t *frame = malloc(FRAME_HEADER_MAX + len);
    int error;
    if (frame == NULL)
        return ERR_NO_MEMORY;
    size_t header_len = frame_encode_header(frame, opcode, len);
    if (len > 0)
        memcpy(frame + header_len, data, len);
    if (here == NULL) {
        error = publish_from_outside(hub, key, frame, header_len + len);
    } else {
        publish_here(here, key, frame, header_len + len, except);
        error = publish_elsewhere(here, key, frame, header_len + len);
    }
    free(frame);
    return error;
}

int topic_publish_from(struct client *client, const char *name, enum opcode opcode,
                       const void *data, size_t len, const struct client *except)
{
    struct topic_key key =
        key_of(client->receiver.audience->endpoint, TOPIC_NAMED, name, strlen(name));
    return publish(client->shard->hub, &key, opcode, data, len, except);
}

int topic_publish(struct endpoint *endpoint, enum topic_kind kind, const char *name,
                  size_t name_len, enum opcode opcode, const void *data, size_t len)
{
    struct topic_key key = key_of(endpoint, kind, name, name_len);
    if (!topic_is_name(name, name_len))
        return ERR_INVALID;
    return publish(endpoint->hub, &key, opcode, data, len, NULL);
}

/* -- counting -- */

uint32_t topic_count(struct endpoint *endpoint, enum topic_kind kind, const char *name, size_t len)
{
    struct topic_key key = key_of(endpoint, kind, name, len);
    return topic_counts_get(&endpoint->hub->topic_counts, &key);
}

void topic_totals(const struct endpoint *endpoint, uint32_t *topics, uint32_t *subscriptions)
{
    *topics = atomic_load_explicit(&endpoint->topics, memory_order_relaxed);
    *subscriptions = atomic_load_explicit(&endpoint->subscriptions, memory_order_relaxed);
}
