/*
 * One receiver whose socket takes nothing, under an overflow policy. One source of a program
 * includes it.
 */
#ifndef SLUICE_TESTS_DELIVERY_SLOW_PEER_H
#define SLUICE_TESTS_DELIVERY_SLOW_PEER_H

#include "delivery/loops.h"

#include "delivery/choosy_socket.h"
#include "delivery/choosy_ring.h"

#define GAP "{\"type\":\"gap\",\"dropped\":{dropped},\"bytes\":{bytes}}"

static inline uint64_t dropped_by(struct loops *loops, enum overflow_policy policy)
{
    return counter_read(&loops_audience(loops, 0)->dropped[policy]);
}

static struct peer slow;

static inline void open_slow(struct loops *loops, enum overflow_policy policy, size_t bytes)
{
    loops_open(loops, 1);
    peer_open(loops, &slow, 0);
    slow.limits.queue_bytes = bytes;
    slow.limits.overflow = policy;
    slow.limits.gap_text = GAP;
    socket_takes = 0;
}

static inline void close_slow(struct loops *loops)
{
    socket_takes = SIZE_MAX;
    peer_read_all(&slow);
    assert_int_equal(queued_memory(loops), 0);
    peer_close(&slow);
    loops_close(loops);
}

#endif
