/*
 * TLS handshakes of the accept queue: connections have their turns in the order of
 * handshake_schedule.h, on the handshake threads, or here if there are none.
 */
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

/* ns between two handshakes of an address at its rate; 0: no limit. */
static int64_t handshake_interval(const struct accept_queue *queue)
{
    return queue->limits.handshakes != NULL ? handshakes_interval(queue->limits.handshakes) : 0;
}

static void note_begun_handshake(struct accept_queue *queue, const struct pending *pending,
                                 int64_t now)
{
    struct handshakes *handshakes = queue->limits.handshakes;
    bool is_last =
        handshake_schedule_charge(&queue->schedule, pending, now, handshake_interval(queue));
    if (handshakes == NULL)
        return;
    atomic_fetch_add_explicit(&handshakes->begun, 1, memory_order_relaxed);
    if (is_last)
        atomic_fetch_add_explicit(&handshakes->delayed, 1, memory_order_relaxed);
}

/* Pays for a handshake before a thread begins it: several begin at a time. Returns whether the
 * connection may have its turn; if not, it has been settled. */
static bool may_have_turn(struct accept_queue *queue, struct pending *pending, int64_t now)
{
    if (pending->may_begin_tls)
        return true;
    enum pending_state state = pending_look_for_tls(pending);
    if (state != PENDING_READY) {
        accept_queue_settle(queue, pending, state);
        return false;
    }
    if (!make_room_for_handshake(queue)) {
        accept_queue_drop(queue, pending, PENDING_DROP_MEMORY);
        return false;
    }
    note_begun_handshake(queue, pending, now);
    accept_queue_charge(queue, pending, PENDING_HANDSHAKE_BYTES);
    return true;
}

static void settle_turn(struct accept_queue *queue, struct pending *pending,
                        enum pending_state state)
{
    accept_queue_charge(queue, pending, pending_tls_bytes(pending));
    accept_queue_settle(queue, pending, state);
}

static void begin_turn(struct accept_queue *queue, struct pending *pending)
{
    struct handshake_threads *threads = queue->limits.threads;
    pending->is_in_turn =
        threads != NULL && handshake_threads_give(threads, &queue->turns, pending);
    if (!pending->is_in_turn)
        settle_turn(queue, pending,
                    pending_examine(pending, queue->scratch, queue->limits.max_head));
}

static bool has_room_for_turn(const struct accept_queue *queue)
{
    const struct handshake_threads *threads = queue->limits.threads;
    return threads == NULL || handshake_threads_have_room(threads, &queue->turns);
}

void accept_queue_advance_handshakes(struct accept_queue *queue)
{
    struct pending *pending;
    int64_t now = clock_monotonic();
    int64_t until = now + HANDSHAKES_TIME;
    while (now < until && has_room_for_turn(queue) &&
           (pending = handshake_schedule_take(&queue->schedule, now, handshake_interval(queue))) !=
               NULL) {
        if (may_have_turn(queue, pending, now))
            begin_turn(queue, pending);
        now = clock_monotonic();
    }
}

int64_t accept_queue_next_turn(struct accept_queue *queue, int64_t now)
{
    return has_room_for_turn(queue)
               ? handshake_schedule_next(&queue->schedule, now, handshake_interval(queue))
               : INT64_MAX;
}

void accept_queue_take_back_turns(struct accept_queue *queue)
{
    struct pending *pending;
    while ((pending = handshake_threads_take_back(queue->limits.threads, &queue->turns)) != NULL) {
        enum pending_state state = pending->turn_state;
        if (state == PENDING_INCOMPLETE && pending->has_event)
            state = PENDING_TURN_OVER; /* It may have come after the thread has looked. */
        pending->is_in_turn = pending->has_event = false;
        settle_turn(queue, pending, state);
    }
}

void accept_queue_end_turns(struct accept_queue *queue)
{
    struct pending *pending;
    if (queue->limits.threads == NULL)
        return;
    handshake_threads_wait(queue->limits.threads, &queue->turns);
    while ((pending = handshake_threads_take_back(queue->limits.threads, &queue->turns)) != NULL)
        pending->is_in_turn = false;
}
