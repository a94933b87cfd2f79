/* Pending connections of the accept queue: events, examination, and how each one leaves. */
#include "front/accept_queue_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <sys/epoll.h>

/* Each examination of a plain connection starts at its first byte, so a peer that sends a byte at a
 * time could cause far too many. */
#define PEEK_BUDGET 16         /* the longest head, this many times, is read for one connection; */
#define POSTPONED_INTERVAL 100 /* ms between examinations of those that are over this budget */

void accept_queue_charge(struct accept_queue *queue, struct pending *pending, size_t bytes)
{
    if (queue->limits.handshakes == NULL)
        return;
    queue->charged += bytes - pending->charged;
    handshakes_charge(queue->limits.handshakes, &pending->charged, bytes);
}

void accept_queue_remove(struct accept_queue *queue, struct pending *pending)
{
    if (pending->is_postponed)
        TAILQ_REMOVE(&queue->postponed, pending, link);
    if (pending->is_moved)
        TAILQ_REMOVE(&queue->moved, pending, link);
    pending->is_postponed = pending->is_moved = false;
    handshake_schedule_remove(&queue->schedule, pending);
    accept_queue_charge(queue, pending, 0);
    pending_connections_remove(&queue->pending, pending);
    atomic_store_explicit(&queue->stats->pending, queue->pending.count, memory_order_relaxed);
}

void accept_queue_drop(struct accept_queue *queue, struct pending *pending,
                       enum pending_drop reason)
{
    accept_queue_remove(queue, pending);
    if (reason == PENDING_DROP_TIMEOUT)
        pending_send_timeout(pending);
    pending_destroy(pending);
    atomic_fetch_add_explicit(&queue->stats->dropped[reason], 1, memory_order_relaxed);
}

static void write_peer(const struct pending *pending, char text[ADDRESS_TEXT_MAX])
{
    struct address peer;
    address_from_sockaddr(&peer, (const struct sockaddr *)&pending->peer);
    address_text(&peer, text);
}

/* The answer is plain HTTP too, so that the peer understands it. */
void accept_queue_refuse_plain_http(struct accept_queue *queue, struct pending *pending)
{
    char peer[ADDRESS_TEXT_MAX];
    write_peer(pending, peer);
    log_debug("front", "plain HTTP from %s on a TLS port: 400", peer);
    pending_send_tls_hint(pending);
    epoll_ctl(queue->epoll, EPOLL_CTL_DEL, pending->socket, NULL);
    lingering_close_add(&queue->lingering, pending->socket);
    pending->socket = -1;
    accept_queue_drop(queue, pending, PENDING_DROP_PLAIN_HTTP);
}

/* A connection whose address a proxy has named counts there, but only after all events have been
 * handled: counting may drop the oldest connection of that address, which may have an event. */
static void note_moved(struct accept_queue *queue, struct pending *pending)
{
    if (pending->is_trusted || pending->address != NULL || pending->is_moved)
        return;
    pending->is_moved = true;
    TAILQ_INSERT_TAIL(&queue->moved, pending, link);
}

/* Counts a connection that broke a rule of TLS. */
static void note_tls_fault(const struct accept_queue *queue, const struct pending *pending)
{
    char peer[ADDRESS_TEXT_MAX];
    enum tls_fault fault = pending_tls_fault(pending);
    if (fault == TLS_FAULT_NONE)
        return;
    if (queue->limits.handshakes != NULL)
        atomic_fetch_add_explicit(&queue->limits.handshakes->faults[fault], 1,
                                  memory_order_relaxed);
    write_peer(pending, peer);
    log_debug("front", "TLS connection from %s ended: %s", peer, tls_fault_text(fault));
}

static void settle_ended(struct accept_queue *queue, struct pending *pending)
{
    accept_queue_remove(queue, pending);
    note_tls_fault(queue, pending);
    pending_destroy(pending);
}

static void settle_ready(struct accept_queue *queue, struct pending *pending)
{
    accept_queue_remove(queue, pending);
    epoll_ctl(queue->epoll, EPOLL_CTL_DEL, pending->socket, NULL);
    TAILQ_INSERT_TAIL(&queue->ready, pending, link);
}

void accept_queue_settle(struct accept_queue *queue, struct pending *pending,
                         enum pending_state state)
{
    switch (state) {
    case PENDING_INCOMPLETE:
        note_moved(queue, pending);
        break;
    case PENDING_TURN_OVER:
        note_moved(queue, pending);
        handshake_schedule_add(&queue->schedule, pending);
        break;
    case PENDING_READY:
        settle_ready(queue, pending);
        break;
    case PENDING_ENDED:
        settle_ended(queue, pending);
        break;
    case PENDING_BAD_PROXY_HEADER:
        accept_queue_drop(queue, pending, PENDING_DROP_PROXY_HEADER);
        break;
    case PENDING_PLAIN_HTTP:
        accept_queue_refuse_plain_http(queue, pending);
        break;
    }
}

/* -- examining -- */

bool accept_queue_trusts(const struct accept_queue *queue, const struct pending *pending)
{
    struct address peer;
    address_from_sockaddr(&peer, (const struct sockaddr *)&pending->peer);
    return trust_holds(queue->trust, &peer);
}

/* Once: every connection of such a proxy fails. */
static void warn_of_old_header(struct accept_queue *queue, const struct pending *pending)
{
    char peer[ADDRESS_TEXT_MAX];
    if (queue->has_warned_of_old_headers)
        return;
    queue->has_warned_of_old_headers = true;
    write_peer(pending, peer);
    log_warn(
        "front",
        "the proxy %s sends PROXY headers of version 1, which are not understood: its requests "
        "are refused; let it send version 2",
        peer);
}

static enum pending_state examine_proxy_header(struct accept_queue *queue, struct pending *pending)
{
    bool was_announced = pending->is_announced;
    enum pending_state state = pending_examine_proxy_header(pending);
    if (pending->is_announced && !was_announced)
        pending->is_trusted = accept_queue_trusts(queue, pending);
    if (pending->has_old_header)
        warn_of_old_header(queue, pending);
    return state;
}

enum pending_state accept_queue_examine(struct accept_queue *queue, struct pending *pending)
{
    enum pending_state state = examine_proxy_header(queue, pending);
    return state == PENDING_READY ? pending_examine(pending, queue->scratch, queue->limits.max_head)
                                  : state;
}

void accept_queue_give_up(struct accept_queue *queue, struct pending *pending,
                          enum pending_drop reason)
{
    /* A handshake that has not begun would not be complete after this one, which costs much. */
    bool has_not_begun = queue->is_tls && pending->tls.ssl == NULL;
    enum pending_state state =
        has_not_begun ? PENDING_INCOMPLETE : accept_queue_examine(queue, pending);
    if (state == PENDING_INCOMPLETE || state == PENDING_TURN_OVER)
        accept_queue_drop(queue, pending, reason);
    else
        accept_queue_settle(queue, pending, state);
}

/* -- events -- */

/* The PROXY header is read at once, TLS is scheduled. */
static void on_tls_event(struct accept_queue *queue, struct pending *pending)
{
    enum pending_state state = examine_proxy_header(queue, pending);
    if (state != PENDING_READY) {
        accept_queue_settle(queue, pending, state);
        return;
    }
    note_moved(queue, pending);
    handshake_schedule_add(&queue->schedule, pending);
}

void accept_queue_on_event(struct accept_queue *queue, struct pending *pending, uint32_t events)
{
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        pending->has_ended = true;
    pending->has_event = pending->is_in_turn;
    if (pending->is_postponed || pending->is_in_turn)
        return;
    if (queue->is_tls) {
        on_tls_event(queue, pending);
        return;
    }
    if (pending->peeked / PEEK_BUDGET < queue->limits.max_head) {
        accept_queue_settle(queue, pending, accept_queue_examine(queue, pending));
        return;
    }
    pending->is_postponed = true;
    TAILQ_INSERT_TAIL(&queue->postponed, pending, link);
}

void accept_queue_examine_postponed(struct accept_queue *queue, int64_t now)
{
    struct pending *pending;
    if (now < queue->next_postponed)
        return;
    queue->next_postponed = now + POSTPONED_INTERVAL * NS_PER_MS;
    while ((pending = TAILQ_FIRST(&queue->postponed)) != NULL) {
        TAILQ_REMOVE(&queue->postponed, pending, link);
        pending->is_postponed = false;
        accept_queue_settle(queue, pending, accept_queue_examine(queue, pending));
    }
}

/* -- addresses -- */

bool accept_queue_limit_address(struct accept_queue *queue, const struct pending *incoming)
{
    size_t count;
    if (incoming->is_trusted)
        return false;
    struct pending *oldest = pending_connections_oldest_like(&queue->pending, incoming, &count);
    if (oldest == NULL || count < queue->limits.max_pending_per_address)
        return false;
    accept_queue_give_up(queue, oldest, PENDING_DROP_FULL);
    return true;
}

void accept_queue_count_moved(struct accept_queue *queue)
{
    struct pending *pending;
    while ((pending = TAILQ_FIRST(&queue->moved)) != NULL) {
        TAILQ_REMOVE(&queue->moved, pending, link);
        pending->is_moved = false;
        bool is_scheduled = pending->is_scheduled;
        /* The schedule finds a connection by its address. */
        handshake_schedule_remove(&queue->schedule, pending);
        (void)accept_queue_limit_address(queue, pending);
        if (pending_connections_count_at_address(&queue->pending, pending) != OK)
            accept_queue_drop(queue, pending, PENDING_DROP_FULL);
        else if (is_scheduled)
            handshake_schedule_add(&queue->schedule, pending);
    }
}
