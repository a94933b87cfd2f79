/*
 * What is published to topics, and to identities.
 *
 * Functions say which thread may call them; where nothing is said it is the receiver's loop.
 */
#ifndef SLUICE_DELIVERY_TOPIC_PUBLISHING_H
#define SLUICE_DELIVERY_TOPIC_PUBLISHING_H

#include "base/error.h"
#include "delivery/conflation_key.h"
#include "delivery/topic_counts.h"
#include "ws/frame.h"

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

struct delivery_loop;
struct fanout;
struct receiver;

/* Publishes to a topic (zero-terminated) of the receiver's endpoint, on all loops, but not to
 * `except` (may be NULL). Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int topic_publish_from(struct receiver *receiver, const char *name, enum opcode opcode,
                                  const void *data, size_t len, const struct receiver *except);

/* Publishes to a topic or an identity of an endpoint. Any thread. Returns 0, ERR_INVALID (not a
 * name), ERR_LIMIT (see forward_from_outside) or ERR_NO_MEMORY. */
MUST_CHECK int topic_publish(struct fanout *fanout, enum topic_kind kind, const char *name,
                             size_t name_len, enum opcode opcode, const void *data, size_t len);

/* Gives a frame that is in the log, with its topic's hash (topic_hash) and its conflation key, to
 * this loop's subscribers, but not to `except` (may be NULL). Returns whether it has any. */
bool topic_deliver(struct delivery_loop *loop, const struct topic_key *key, uint64_t hash,
                   const void *frame, size_t len, struct message_key conflation,
                   const struct receiver *except);

/* The subscribers of this loop miss messages of the topics of that kind and hash (topic_hash): each
 * meets its policy. */
void topic_missed(struct delivery_loop *loop, const struct fanout *fanout, enum topic_kind kind,
                  uint64_t hash, uint64_t messages, uint64_t bytes);

#endif
