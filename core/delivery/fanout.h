/*
 * A fan-out: all receivers of one endpoint, on all loops, and the topics that they are in.
 *
 * Any thread may publish.
 */
#ifndef SLUICE_DELIVERY_FANOUT_H
#define SLUICE_DELIVERY_FANOUT_H

#include "base/error.h"
#include "ws/frame.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct audience;
struct delivery;

struct fanout {
    struct delivery *delivery;
    struct audience *audiences;     /* owned; one for each loop, by its index */
    _Atomic uint32_t topics;        /* that have subscribers; see topic_totals */
    _Atomic uint32_t subscriptions; /* to those */
};

/* Returns 0 or ERR_NO_MEMORY. The loops of `delivery` are set up. */
MUST_CHECK int fanout_init(struct fanout *fanout, struct delivery *delivery);

/* Frees; no receiver may be left. */
void fanout_deinit(struct fanout *fanout);

/* Sends a message to every receiver. Any thread. Returns 0, ERR_LIMIT (loops take their mail too
 * slowly: limits.queue_bytes is reached; only from a thread that is no loop's) or ERR_NO_MEMORY. */
MUST_CHECK int fanout_publish(struct fanout *fanout, enum opcode opcode, const void *data,
                              size_t len);

#endif
