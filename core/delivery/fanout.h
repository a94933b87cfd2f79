/*
 * A fan-out: all receivers of one endpoint, on all loops, and the topics that they are in.
 *
 * Any thread may publish.
 */
#ifndef SLUICE_DELIVERY_FANOUT_H
#define SLUICE_DELIVERY_FANOUT_H

#include "base/error.h"
#include "delivery/conflation_key.h"
#include "delivery/interest.h"
#include "ws/frame.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct audience;
struct delivery;
struct topic_key;

struct fanout {
    struct delivery *delivery;
    struct audience *audiences;           /* owned; one for each loop, by its index */
    struct interested interested;         /* loops that have a receiver */
    _Atomic uint32_t topics;              /* that have subscribers; see topic_totals */
    _Atomic uint32_t subscriptions;       /* to those */
    _Atomic(struct conflation_key *) key; /* one of `keys`: what tells messages apart; NULL: none */
    struct conflation_key *keys;          /* owned; all that it has had: another thread may read */
    _Atomic int64_t flush_delay;          /* ns that what is published may wait for more; 0: none */
    _Atomic size_t flush_bytes;           /* of frames on a loop, with which it waits no longer */
};

/* Returns 0 or ERR_NO_MEMORY. The loops of `delivery` are set up. */
MUST_CHECK int fanout_init(struct fanout *fanout, struct delivery *delivery);

/* Frees; no receiver may be left. */
void fanout_deinit(struct fanout *fanout);

/* Prepares a key that messages may be told apart by ("topic" or a JSON Pointer). Main thread.
 * Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int fanout_add_key(struct fanout *fanout, const char *text);

/* From now on messages are told apart by that key, which was added, or by none (NULL). Main thread.
 */
void fanout_use_key(struct fanout *fanout, const char *text);

/* From now on what is published waits so long (ns) for more, unless there are so many bytes of it.
 * Main thread. */
void fanout_use_flush(struct fanout *fanout, int64_t delay, size_t bytes);

/* The key of a message for a topic (NULL: for none), if somebody asks for keys. Any thread. */
struct message_key fanout_read_key(const struct fanout *fanout, const struct topic_key *topic,
                                   const void *data, size_t len);

/* Sends a message to every receiver. Any thread. Returns 0, ERR_LIMIT (loops take their mail too
 * slowly: limits.queue_bytes is reached; only from a thread that is no loop's) or ERR_NO_MEMORY. */
MUST_CHECK int fanout_publish(struct fanout *fanout, enum opcode opcode, const void *data,
                              size_t len);

#endif
