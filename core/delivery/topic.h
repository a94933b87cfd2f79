/*
 * Topics: named sets of an endpoint's receivers.
 *
 * Each loop has its own part of a topic: those subscribers that it owns. A topic is there while it
 * has subscribers. The clients of an identity are such a set too, under a name of another kind, so
 * that sending to an identity costs no search. Functions say which thread may call them; where
 * nothing is said it is the receiver's loop.
 */
#ifndef SLUICE_DELIVERY_TOPIC_H
#define SLUICE_DELIVERY_TOPIC_H

#include "base/error.h"
#include "base/hash_table.h"
#include "delivery/topic_counts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct delivery_loop;
struct fanout;
struct receiver;
struct subscription;
struct topic_batch;

#define TOPIC_NAME_MAX 255 /* bytes */

struct topic {
    struct hash_link link; /* first; in its loop's table of topics */
    struct topic_key key;
    struct subscription **members; /* owned; in no order */
    uint32_t count;
    uint32_t capacity;
    struct topic_batch *batch; /* what was published to it in this iteration; NULL: nothing, or each
                                  subscriber has it for itself */
    char name[TOPIC_NAME_MAX + 1];
};

/* Whether it is 1 to 255 bytes of UTF-8 without a zero byte. Any thread. */
bool topic_is_name(const char *name, size_t len);

/* Subscribes an open receiver to a topic of its endpoint; nothing happens if it is subscribed
 * already. Returns 0, ERR_INVALID (not a name, or the receiver is not open), ERR_LIMIT (it has
 * limits->topics) or ERR_NO_MEMORY. */
MUST_CHECK int topic_subscribe(struct receiver *receiver, const char *name, size_t len);

/* Takes a receiver out of a topic; nothing happens if it is not in it. */
void topic_unsubscribe(struct receiver *receiver, const char *name, size_t len);

/* Whether a receiver is in a topic of that name. */
bool topic_has(const struct receiver *receiver, const char *name, size_t len);

/* The receiver's topics, one a call, as subscription_set_next. Identities are left out. NULL: there
 * are no more. */
const struct topic *topic_next(const struct receiver *receiver, uint64_t *cursor);

/* Enters a receiver under an identity (zero-terminated). Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int topic_join_identity(struct receiver *receiver, const char *identity);

/* Takes a receiver out of all its topics. */
void topic_leave_all(struct receiver *receiver);

/* How many clients it has, on all loops. Any thread. */
uint32_t topic_count(struct fanout *fanout, enum topic_kind kind, const char *name, size_t len);

/* How many topics (not identities) an endpoint has, and how many subscriptions to them. Takes the
 * same time for any number, and no lock. Any thread. */
void topic_totals(const struct fanout *fanout, uint32_t *topics, uint32_t *subscriptions);

/* A hash for tables of topics. Any thread. */
uint64_t topic_hash(const struct topic_key *key);

/* -- for topic_publishing.c -- */

/* The part of a topic that this loop has, or NULL. */
struct topic *topic_find(const struct delivery_loop *loop, const struct topic_key *key);

/* The same by its hash (topic_hash), which may be 0 while the loop has no topics. */
struct topic *topic_with_hash(const struct delivery_loop *loop, const struct topic_key *key,
                              uint64_t hash);

/* What names a topic. Any thread. */
struct topic_key topic_key_of(struct fanout *fanout, enum topic_kind kind, const char *name,
                              size_t len);

#endif
