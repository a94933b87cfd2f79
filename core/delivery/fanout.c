#include "delivery/fanout.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"

#include <stdlib.h>
#include <string.h>

int fanout_init(struct fanout *fanout, struct delivery *delivery)
{
    *fanout = (struct fanout){.delivery = delivery};
    fanout->audiences =
        aligned_alloc(_Alignof(struct audience), delivery->loop_count * sizeof(struct audience));
    if (fanout->audiences == NULL)
        return ERR_NO_MEMORY;
    for (unsigned i = 0; i < delivery->loop_count; i++)
        audience_init(&fanout->audiences[i], fanout, delivery->loops[i]);
    return OK;
}

void fanout_deinit(struct fanout *fanout)
{
    for (unsigned i = 0; fanout->audiences != NULL && i < fanout->delivery->loop_count; i++)
        audience_deinit(&fanout->audiences[i]);
    free(fanout->audiences);
    while (fanout->keys != NULL) {
        struct conflation_key *key = fanout->keys;
        fanout->keys = key->next;
        conflation_key_destroy(key);
    }
}

static struct conflation_key *key_with_text(const struct fanout *fanout, const char *text)
{
    struct conflation_key *key = fanout->keys;
    while (key != NULL && strcmp(key->text, text) != 0)
        key = key->next;
    return key;
}

int fanout_add_key(struct fanout *fanout, const char *text)
{
    if (key_with_text(fanout, text) != NULL)
        return OK;
    struct conflation_key *key = conflation_key_create(text);
    if (key == NULL)
        return ERR_NO_MEMORY;
    key->next = fanout->keys;
    fanout->keys = key;
    return OK;
}

void fanout_use_key(struct fanout *fanout, const char *text)
{
    struct conflation_key *key = text != NULL ? key_with_text(fanout, text) : NULL;
    atomic_store_explicit(&fanout->key, key, memory_order_release);
}

void fanout_use_flush(struct fanout *fanout, int64_t delay, size_t bytes)
{
    atomic_store_explicit(&fanout->flush_bytes, bytes, memory_order_relaxed);
    atomic_store_explicit(&fanout->flush_delay, delay, memory_order_relaxed);
}

struct message_key fanout_read_key(const struct fanout *fanout, const struct topic_key *topic,
                                   const void *data, size_t len)
{
    const struct conflation_key *key = atomic_load_explicit(&fanout->key, memory_order_acquire);
    const struct siphash_key *secret = &fanout->delivery->topic_counts.secret;
    struct message_key read = {.hash = CONFLATION_NO_KEY, .is_read = key != NULL};
    if (key == NULL)
        return read;
    if (!key->is_topic)
        read.hash = conflation_key_of_json(key, secret, data, len);
    else if (topic != NULL && topic->kind == TOPIC_NAMED)
        read.hash = topic_key_hash(topic, secret);
    return read;
}

int fanout_publish(struct fanout *fanout, enum opcode opcode, const void *data, size_t len)
{
    const struct delivery_loop *here = delivery_current_loop(fanout->delivery);
    if (here != NULL)
        return audience_publish(&fanout->audiences[here->loop->index], opcode, data, len, NULL);
    const struct topic_key all = {.fanout = fanout, .kind = TOPIC_ALL, .name = ""};
    return forward_from_outside(&all, opcode, data, len);
}
