/* TLS handshakes of the accept queue, one after the other: see handshake_schedule.h. */
#include "front/accept_queue_internal.h"

#include "base/clock.h"

#define HANDSHAKES_TIME (2 * NS_PER_MS) /* how long handshakes go on before other work is done */

/* Bytes that each listener may use whatever the others use: handshakes that fill the memory of all
 * on one of them do not close the others. */
#define BYTES_EACH (8 * PENDING_HANDSHAKE_BYTES)

static bool has_room_for_handshake(const struct accept_queue *queue)
{
    struct handshakes *handshakes = queue->limits.handshakes;
    return handshakes == NULL || queue->charged + PENDING_HANDSHAKE_BYTES <= BYTES_EACH ||
           handshakes_have_room(handshakes, PENDING_HANDSHAKE_BYTES);
}

/* Makes room for one more handshake: drops connections of the address that has most. Returns
 * whether there is room. */
static bool make_room_for_handshake(struct accept_queue *queue)
{
    while (!has_room_for_handshake(queue)) {
        struct pending *heaviest = pending_connections_heaviest(&queue->pending);
        if (heaviest == NULL)
            return false;
        accept_queue_drop(queue, heaviest, PENDING_DROP_MEMORY);
    }
    return true;
}

int64_t accept_queue_handshake_interval(const struct accept_queue *queue)
{
    return queue->limits.handshakes != NULL ? handshakes_interval(queue->limits.handshakes) : 0;
}

static void note_begun_handshake(struct accept_queue *queue, const struct pending *pending,
                                 int64_t now)
{
    struct handshakes *handshakes = queue->limits.handshakes;
    bool is_last = handshake_schedule_charge(&queue->schedule, pending, now,
                                             accept_queue_handshake_interval(queue));
    if (handshakes == NULL)
        return;
    atomic_fetch_add_explicit(&handshakes->begun, 1, memory_order_relaxed);
    if (is_last)
        atomic_fetch_add_explicit(&handshakes->delayed, 1, memory_order_relaxed);
}

static void advance_handshake(struct accept_queue *queue, struct pending *pending, int64_t now)
{
    bool is_new = pending->tls.ssl == NULL;
    if (is_new && !make_room_for_handshake(queue)) {
        accept_queue_drop(queue, pending, PENDING_DROP_MEMORY);
        return;
    }
    enum pending_state state = pending_examine(pending, queue->scratch, queue->limits.max_head);
    if (is_new && pending->tls.ssl != NULL)
        note_begun_handshake(queue, pending, now);
    accept_queue_charge(queue, pending, pending_tls_bytes(pending));
    accept_queue_settle(queue, pending, state);
}

void accept_queue_advance_handshakes(struct accept_queue *queue)
{
    struct pending *pending;
    int64_t now = clock_monotonic();
    int64_t until = now + HANDSHAKES_TIME;
    while (now < until &&
           (pending = handshake_schedule_take(&queue->schedule, now,
                                              accept_queue_handshake_interval(queue))) != NULL) {
        advance_handshake(queue, pending, now);
        now = clock_monotonic();
    }
}
