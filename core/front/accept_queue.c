#include "front/accept_queue_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS 64 /* taken from the kernel at a time */

/* -- polling -- */

static void drop_overdue(struct accept_queue *queue, int64_t now)
{
    struct pending *pending;
    while ((pending = pending_connections_oldest(&queue->pending)) != NULL &&
           pending->deadline <= now)
        accept_queue_give_up(queue, pending, PENDING_DROP_TIMEOUT);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How many milliseconds to wait for events until something else has to be done; at most `most`. */
static int idle_time(struct accept_queue *queue, int most)
{
    int64_t now = clock_monotonic();
    int64_t until = now + most * NS_PER_MS;
    const struct pending *oldest = pending_connections_oldest(&queue->pending);
    if (oldest != NULL)
        until = earlier(until, oldest->deadline);
    if (!TAILQ_EMPTY(&queue->postponed))
        until = earlier(until, queue->next_postponed);
    until = earlier(until, accept_queue_next_turn(queue, now));
    until = earlier(until, lingering_close_next_check(&queue->lingering));
    return until <= now ? 0 : (int)((until - now + NS_PER_MS - 1) / NS_PER_MS);
}

/* Takes turns back and accepts after the events are handled: both may free connections that still
 * have one. */
static void run_once(struct accept_queue *queue, struct pollfd *listeners, nfds_t count,
                     int milliseconds)
{
    struct epoll_event events[EVENTS];
    bool has_incoming = false;
    bool are_turns_over = false;
    int len = epoll_wait(queue->epoll, events, EVENTS, idle_time(queue, milliseconds));
    for (int i = 0; i < len; i++) {
        if (events[i].data.ptr == NULL)
            has_incoming = true;
        else if (events[i].data.ptr == &queue->turns)
            are_turns_over = true;
        else if (events[i].data.ptr != queue) /* accept_queue_hurry has only to end the wait */
            accept_queue_on_event(queue, events[i].data.ptr, events[i].events);
    }
    if (are_turns_over)
        accept_queue_take_back_turns(queue);
    int64_t now = clock_monotonic();
    for (nfds_t i = 0; has_incoming && i < count; i++)
        accept_queue_accept_incoming(queue, listeners[i].fd, now);
    accept_queue_examine_postponed(queue, now);
    accept_queue_count_moved(queue);
    accept_queue_advance_handshakes(queue);
    drop_overdue(queue, now);
    accept_queue_yield_descriptors(queue, now);
    lingering_close_check(&queue->lingering, now);
}

static bool watch_listeners(struct accept_queue *queue, const struct pollfd *listeners,
                            nfds_t count)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    for (nfds_t i = 0; i < count && !queue->watches_listeners; i++) {
        int flags = fcntl(listeners[i].fd, F_GETFL);
        if (flags < 0 || fcntl(listeners[i].fd, F_SETFL, flags | O_NONBLOCK) != 0)
            return false;
        if (epoll_ctl(queue->epoll, EPOLL_CTL_ADD, listeners[i].fd, &event) != 0 && errno != EEXIST)
            return false;
    }
    queue->watches_listeners = true;
    return true;
}

int accept_queue_poll(struct accept_queue *queue, struct pollfd *listeners, nfds_t count,
                      int milliseconds)
{
    if (!watch_listeners(queue, listeners, count))
        (void)poll(NULL, 0, milliseconds);
    else if (TAILQ_EMPTY(&queue->ready))
        run_once(queue, listeners, count, milliseconds);
    int ready = 0;
    const struct pending *first = TAILQ_FIRST(&queue->ready);
    for (nfds_t i = 0; i < count; i++) {
        bool is_its = first != NULL && first->listener == listeners[i].fd;
        listeners[i].revents = is_its ? POLLIN : 0;
        ready += is_its;
    }
    return ready;
}

void accept_queue_hurry(struct accept_queue *queue)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = queue};
    queue->hurry_fd = eventfd(1, EFD_CLOEXEC);
    if (queue->hurry_fd >= 0)
        (void)epoll_ctl(queue->epoll, EPOLL_CTL_ADD, queue->hurry_fd, &event);
}

/* -- connections that leave the queue -- */

int accept_queue_take(struct accept_queue *queue, int listener, struct sockaddr *address,
                      socklen_t *len)
{
    struct pending *pending = TAILQ_FIRST(&queue->ready);
    if (pending == NULL || pending->listener != listener) {
        errno = EAGAIN;
        return -1;
    }
    TAILQ_REMOVE(&queue->ready, pending, link);
    memcpy(address, &pending->peer, *len < pending->peer_len ? *len : pending->peer_len);
    *len = pending->peer_len;
    int socket = pending->socket;
    handoff_put(&queue->handoff, pending);
    return socket;
}

bool accept_queue_claim(struct accept_queue *queue, int socket, struct pending_tls *out)
{
    return handoff_claim(&queue->handoff, socket, out);
}

void accept_queue_linger(struct accept_queue *queue, int socket)
{
    lingering_close_add(&queue->lingering, socket);
}

/* -- life -- */

/* Costs a descriptor, so only where there are handshakes to be given to threads. */
static int watch_turns(struct accept_queue *queue)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &queue->turns};
    if (queue->limits.threads == NULL)
        return OK;
    if (handshake_turns_init(&queue->turns, queue->limits.max_head) != OK)
        return ERR_SYSTEM;
    return epoll_ctl(queue->epoll, EPOLL_CTL_ADD, queue->turns.event_fd, &event) == 0 ? OK
                                                                                      : ERR_SYSTEM;
}

int accept_queue_create(const struct accept_queue_limits *limits, SSL_CTX *tls, struct trust *trust,
                        struct accept_queue_stats *stats, struct accept_queue **out)
{
    struct accept_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return ERR_NO_MEMORY;
    queue->limits = *limits;
    queue->is_tls = tls != NULL;
    if (!queue->is_tls)
        queue->limits.threads = NULL;
    if (tls != NULL && SSL_CTX_up_ref(tls) == 1)
        queue->tls = tls;
    queue->trust = trust;
    queue->stats = stats;
    queue->turns.event_fd = -1;
    queue->hurry_fd = -1;
    int error = pending_connections_init(&queue->pending);
    handshake_schedule_init(&queue->schedule);
    TAILQ_INIT(&queue->postponed);
    TAILQ_INIT(&queue->moved);
    TAILQ_INIT(&queue->ready);
    lingering_close_init(&queue->lingering);
    handoff_init(&queue->handoff);
    pthread_mutex_init(&queue->lock, NULL);
    queue->scratch = malloc(limits->max_head);
    queue->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (queue->scratch == NULL)
        error = ERR_NO_MEMORY;
    else if (queue->epoll < 0 || watch_turns(queue) != OK)
        error = ERR_SYSTEM;
    if (error != OK) {
        accept_queue_destroy(queue);
        return error;
    }
    *out = queue;
    return OK;
}

void accept_queue_use_tls(struct accept_queue *queue, SSL_CTX *tls)
{
    SSL_CTX_up_ref(tls);
    pthread_mutex_lock(&queue->lock);
    SSL_CTX *before = queue->tls;
    queue->tls = tls;
    pthread_mutex_unlock(&queue->lock);
    SSL_CTX_free(before);
}

void accept_queue_destroy(struct accept_queue *queue)
{
    if (queue == NULL)
        return;
    struct pending *pending;
    accept_queue_end_turns(queue);
    while ((pending = pending_connections_oldest(&queue->pending)) != NULL) {
        accept_queue_remove(queue, pending);
        pending_destroy(pending);
    }
    pending_connections_deinit(&queue->pending);
    pending_queue_clear(&queue->ready);
    handoff_deinit(&queue->handoff);
    lingering_close_deinit(&queue->lingering);
    handshake_turns_deinit(&queue->turns);
    if (queue->hurry_fd >= 0)
        close(queue->hurry_fd);
    if (queue->epoll >= 0)
        close(queue->epoll);
    SSL_CTX_free(queue->tls);
    pthread_mutex_destroy(&queue->lock);
    free(queue->scratch);
    free(queue);
}
