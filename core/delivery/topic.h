/*
 * Topics: named sets of an endpoint's clients, and what is published to them.
 *
 * Each loop has its own part of a topic: those subscribers that it owns. A topic is there while it
 * has subscribers. The clients of an identity are such a set too, under a name of another kind, so
 * that sending to an identity costs no search. Functions say which thread may call them; without a
 * word it is the client's loop.
 */
#ifndef SLUICE_DELIVERY_TOPIC_H
#define SLUICE_DELIVERY_TOPIC_H

#include "base/buffer.h"
#include "base/error.h"
#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct endpoint;
struct hub;
struct shard;

#define TOPIC_NAME_MAX 255 /* bytes */

enum topic_kind { TOPIC_NAMED, TOPIC_IDENTITY };

/* Whether it is 1 to 255 bytes of UTF-8 without a zero byte. Any thread. */
bool topic_is_name(const char *name, size_t len);

/* Subscribes a client that is open, to a topic of its endpoint; nothing happens if it is subscribed
 * already. Returns 0, ERR_INVALID (not a name, or the client is not open), ERR_LIMIT (it has
 * topics.per_client) or ERR_NO_MEMORY. */
MUST_CHECK int topic_subscribe(struct client *client, const char *name, size_t len);

/* Takes a client out of a topic; nothing happens if it is not in it. */
void topic_unsubscribe(struct client *client, const char *name, size_t len);

/* Enters an open client under its identity, if it has one. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int topic_join_identity(struct client *client);

/* Takes a client that ends out of all its topics. */
void topic_leave_all(struct client *client);

/* Publishes a message of a client's to a topic (zero-terminated) of its endpoint, on all loops; not
 * to `except` (may be NULL). Returns 0, ERR_LIMIT (limits.queue_bytes, see hub_forward) or
 * ERR_NO_MEMORY. */
MUST_CHECK int topic_publish_from(struct client *client, const char *name, enum opcode opcode,
                                  const void *data, size_t len, const struct client *except);

/* Publishes to a topic or an identity of an endpoint. Any thread. Returns 0, ERR_INVALID (not a
 * name), ERR_LIMIT or ERR_NO_MEMORY. */
MUST_CHECK int topic_publish(struct endpoint *endpoint, enum topic_kind kind, const char *name,
                             size_t name_len, enum opcode opcode, const void *data, size_t len);

/* How many clients it has, on all loops. Any thread. */
uint32_t topic_count(struct endpoint *endpoint, enum topic_kind kind, const char *name, size_t len);

/* How many topics (not identities) an endpoint has, and how many subscriptions to them. Takes the
 * same time for any number, and no lock. Any thread. */
void topic_totals(const struct endpoint *endpoint, uint32_t *topics, uint32_t *subscriptions);

/* Hands what was published here to the other loops: before anything else that goes there, so that
 * the order is kept, and at the end of the iteration. */
void topic_forward(struct shard *shard);

/* One loop's part of all topics. */
struct topic_table {
    struct topic **buckets; /* owned */
    size_t bucket_count;    /* a power of two, or 0 */
    size_t used;
    struct buffer outbound; /* published here in this iteration, for the other loops */
};

void topic_table_init(struct topic_table *table);

/* Frees; no subscription may be left. */
void topic_table_deinit(struct topic_table *table);

#endif
