/*
 * Topics: named sets of an endpoint's receivers, and what is published to them.
 *
 * Each loop has its own part of a topic: those subscribers that it owns. A topic is there while it
 * has subscribers. The clients of an identity are such a set too, under a name of another kind, so
 * that sending to an identity costs no search. Functions say which thread may call them; where
 * nothing is said it is the receiver's loop.
 */
#ifndef SLUICE_DELIVERY_TOPIC_H
#define SLUICE_DELIVERY_TOPIC_H

#include "base/error.h"
#include "delivery/conflation_key.h"
#include "delivery/topic_counts.h"
#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct delivery_loop;
struct fanout;
struct receiver;

#define TOPIC_NAME_MAX 255 /* bytes */

/* Whether it is 1 to 255 bytes of UTF-8 without a zero byte. Any thread. */
bool topic_is_name(const char *name, size_t len);

/* Subscribes an open receiver to a topic of its endpoint; nothing happens if it is subscribed
 * already. Returns 0, ERR_INVALID (not a name, or the receiver is not open), ERR_LIMIT (it has
 * limits->topics) or ERR_NO_MEMORY. */
MUST_CHECK int topic_subscribe(struct receiver *receiver, const char *name, size_t len);

/* Takes a receiver out of a topic; nothing happens if it is not in it. */
void topic_unsubscribe(struct receiver *receiver, const char *name, size_t len);

/* Enters a receiver under an identity (zero-terminated). Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int topic_join_identity(struct receiver *receiver, const char *identity);

/* Takes a receiver out of all its topics. */
void topic_leave_all(struct receiver *receiver);

/* Publishes to a topic (zero-terminated) of the receiver's endpoint, on all loops, but not to
 * `except` (may be NULL). Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int topic_publish_from(struct receiver *receiver, const char *name, enum opcode opcode,
                                  const void *data, size_t len, const struct receiver *except);

/* Publishes to a topic or an identity of an endpoint. Any thread. Returns 0, ERR_INVALID (not a
 * name), ERR_LIMIT (see forward_from_outside) or ERR_NO_MEMORY. */
MUST_CHECK int topic_publish(struct fanout *fanout, enum topic_kind kind, const char *name,
                             size_t name_len, enum opcode opcode, const void *data, size_t len);

/* Gives a frame that was published elsewhere, with the conflation key that was read there, to this
 * loop's subscribers. */
void topic_deliver(struct delivery_loop *loop, const struct topic_key *key, const void *frame,
                   size_t len, struct message_key conflation);

/* The subscribers of this loop miss messages of the topics of that kind and hash (topic_hash): each
 * meets its policy. */
void topic_missed(struct delivery_loop *loop, const struct fanout *fanout, enum topic_kind kind,
                  uint64_t hash, uint64_t messages, uint64_t bytes);

/* What topic_missed knows a topic by. Any thread. */
uint64_t topic_hash(const struct topic_key *key);

/* How many clients it has, on all loops. Any thread. */
uint32_t topic_count(struct fanout *fanout, enum topic_kind kind, const char *name, size_t len);

/* How many topics (not identities) an endpoint has, and how many subscriptions to them. Takes the
 * same time for any number, and no lock. Any thread. */
void topic_totals(const struct fanout *fanout, uint32_t *topics, uint32_t *subscriptions);

#endif
