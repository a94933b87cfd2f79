/* Incoming connections of the accept queue: accepted as far as there are descriptors, examined, and
 * kept as pending if they are not ready at once. */
#include "front/accept_queue_internal.h"

#include "base/clock.h"
#include "ws/http_status.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ACCEPTED_MAX 512 /* from a listener at a time */
#define PAUSE 50         /* ms after an accept that failed for lack of descriptors or memory */
#define PEEK_EASILY (32 * 1024) /* bytes that any socket buffer holds unread */
#define PEEK_MARGIN 4 /* times max_head is what a socket's buffer is made to hold at least */

/* Every change is told once: bytes that are only looked at would be told again and again. */
static int watch_pending(const struct accept_queue *queue, struct pending *pending)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = pending};
    if (queue->is_tls)
        event.events |= EPOLLOUT; /* a handshake may have to wait for it */
    return epoll_ctl(queue->epoll, EPOLL_CTL_ADD, pending->socket, &event) == 0 ? OK : ERR_SYSTEM;
}

/* A head that is not read has to fit into the socket's buffer, which the kernel enlarges when it is
 * told that the process waits for that many bytes. The kernel counts whole packets and closes the
 * window while a sixteenth is still free, so a buffer of just the head's size would never hold all
 * of it. */
static void enlarge_socket_buffer(const struct accept_queue *queue, int socket)
{
    if (queue->is_tls || queue->limits.max_head <= PEEK_EASILY)
        return;
    int most = (int)queue->limits.max_head * PEEK_MARGIN;
    int least = 1;
    (void)setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &most, sizeof most);
    (void)setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
}

static void give_up_oldest_pending(struct accept_queue *queue)
{
    struct pending *oldest = pending_connections_oldest(&queue->pending);
    if (oldest != NULL)
        accept_queue_give_up(queue, oldest, PENDING_DROP_FULL);
}

static void add_pending(struct accept_queue *queue, struct pending *pending)
{
    if (!accept_queue_limit_address(queue, pending) &&
        queue->pending.count >= queue->limits.max_pending)
        give_up_oldest_pending(queue);
    if (pending_connections_add(&queue->pending, pending) == OK &&
        watch_pending(queue, pending) == OK) {
        atomic_store_explicit(&queue->stats->pending, queue->pending.count, memory_order_relaxed);
        return;
    }
    accept_queue_remove(queue, pending);
    pending_destroy(pending);
}

/* A connection that is ready at once never becomes pending. */
static void settle_incoming(struct accept_queue *queue, struct pending *pending)
{
    switch (accept_queue_examine(queue, pending)) {
    case PENDING_READY:
        TAILQ_INSERT_TAIL(&queue->ready, pending, link);
        break;
    case PENDING_ENDED:
        pending_destroy(pending);
        break;
    case PENDING_BAD_PROXY_HEADER:
        accept_queue_drop(queue, pending, PENDING_DROP_PROXY_HEADER);
        break;
    case PENDING_PLAIN_HTTP:
        accept_queue_refuse_plain_http(queue, pending);
        break;
    default:
        add_pending(queue, pending);
    }
}

/* Takes the socket and the TLS context of `incoming`. */
static void receive_incoming(struct accept_queue *queue, const struct pending *incoming)
{
    struct pending *pending = malloc(sizeof *pending);
    if (pending == NULL) {
        SSL_CTX_free(incoming->context);
        close(incoming->socket);
        return;
    }
    *pending = *incoming;
    enlarge_socket_buffer(queue, pending->socket);
    pending->is_trusted = accept_queue_trusts(queue, pending);
    pending->proxy_header_stage = pending->is_trusted ? PROXY_HEADER_POSSIBLE : PROXY_HEADER_DONE;
    if (queue->is_tls)
        add_pending(queue, pending);
    else
        settle_incoming(queue, pending);
}

/* -- descriptors -- */

/* Gives up the connection that is nearest to its end. Returns whether there was one. */
static bool give_up_oldest(struct accept_queue *queue)
{
    struct pending *oldest = pending_connections_oldest(&queue->pending);
    if (lingering_close_evict_oldest(&queue->lingering))
        return true;
    if (oldest != NULL)
        accept_queue_drop(queue, oldest, PENDING_DROP_DESCRIPTORS);
    return oldest != NULL;
}

void accept_queue_yield_descriptors(struct accept_queue *queue, int64_t now)
{
    struct descriptors *descriptors = queue->limits.descriptors;
    while (descriptors != NULL && queue->pending.count > 0 &&
           descriptors_are_wanted(descriptors, now))
        (void)give_up_oldest(queue);
}

/* Without a free descriptor the connection stays in the backlog and keeps its listener ready: give
 * up the oldest connection, or pause instead of spinning. Returns whether to try again. */
static bool free_descriptor(struct accept_queue *queue)
{
    if (queue->limits.descriptors != NULL)
        descriptors_tell(queue->limits.descriptors);
    if (give_up_oldest(queue))
        return true;
    if (queue->limits.descriptors != NULL)
        descriptors_want(queue->limits.descriptors, clock_monotonic());
    (void)poll(NULL, 0, PAUSE);
    return false;
}

/* Whether the incoming connection may have its descriptor. Where the reserve begins, the oldest
 * connection has to go for it, and the incoming one gets the number that has become free, so that
 * numbers still say how many descriptors are in use. */
static bool claim_descriptor(struct accept_queue *queue, struct pending *incoming)
{
    struct descriptors *descriptors = queue->limits.descriptors;
    if (descriptors == NULL || (uint32_t)incoming->socket < descriptors->for_strangers)
        return true;
    descriptors_tell(descriptors);
    if (!give_up_oldest(queue))
        return false;
    int lower = fcntl(incoming->socket, F_DUPFD_CLOEXEC, 0);
    if (lower < 0)
        return false;
    close(incoming->socket);
    incoming->socket = lower;
    return true;
}

/* All descriptors are in use by connections that this queue cannot give up. */
static void refuse_incoming(struct accept_queue *queue, const struct pending *incoming)
{
    char answer[512];
    size_t discarded = 0;
    descriptors_want(queue->limits.descriptors, clock_monotonic());
    size_t len = http_refusal(503, "Retry-After: 5\r\n", "The server has no file descriptor left.",
                              answer, sizeof answer);
    if (!queue->is_tls)
        (void)send(incoming->socket, answer, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(incoming->socket, SHUT_WR);
    (void)lingering_close_discard(incoming->socket, &discarded);
    close(incoming->socket);
    atomic_fetch_add_explicit(&queue->stats->dropped[PENDING_DROP_DESCRIPTORS], 1,
                              memory_order_relaxed);
}

/* -- accepting -- */

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* The context for an incoming connection, with a reference of its own; NULL: plain. */
static SSL_CTX *current_tls_context(struct accept_queue *queue)
{
    if (!queue->is_tls)
        return NULL;
    pthread_mutex_lock(&queue->lock);
    SSL_CTX *tls = queue->tls;
    SSL_CTX_up_ref(tls);
    pthread_mutex_unlock(&queue->lock);
    return tls;
}

void accept_queue_accept_incoming(struct accept_queue *queue, int listener, int64_t now)
{
    for (int i = 0; i < ACCEPTED_MAX; i++) {
        struct pending incoming = {.listener = listener,
                                   .peer_len = sizeof incoming.peer,
                                   .deadline = now + queue->limits.timeout};
        incoming.socket = accept4(listener, (struct sockaddr *)&incoming.peer, &incoming.peer_len,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (incoming.socket >= 0 && !claim_descriptor(queue, &incoming)) {
            refuse_incoming(queue, &incoming);
        } else if (incoming.socket >= 0) {
            incoming.context = current_tls_context(queue);
            receive_incoming(queue, &incoming);
        } else if (!is_shortage(errno) || !free_descriptor(queue)) {
            return;
        }
    }
}
