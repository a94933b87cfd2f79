/*
 * The accept queue: accepted connections wait here until a CivetWeb worker can serve them without
 * waiting for the peer. A connection is ready when its request head is complete; before that, on a
 * TLS listener, its handshake, and before both the PROXY header that a trusted proxy may send.
 *
 * The accept queue replaces poll and accept in CivetWeb's accepting thread: what it accepts from
 * the listeners is pending at first, and accept_queue_take returns what is ready. It knows sockets
 * and OpenSSL, and nothing of CivetWeb. All listeners of a queue are plain, or all have TLS.
 * The accepting thread decides whose handshake goes on (handshake_schedule.h); the work is done by
 * the threads that all queues share (handshake_threads.h).
 */
#ifndef SLUICE_FRONT_ACCEPT_QUEUE_H
#define SLUICE_FRONT_ACCEPT_QUEUE_H

#include "base/descriptors.h"
#include "base/error.h"
#include "front/handshakes.h"
#include "front/pending.h"
#include "front/trusted_proxies.h"

#include <openssl/types.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* How many connections may be pending, and how many of them from one IPv4 address or IPv6 /64. */
#define ACCEPT_QUEUE_MAX 4096
#define ACCEPT_QUEUE_MAX_PER_ADDRESS (ACCEPT_QUEUE_MAX / 4)

struct accept_queue;

struct accept_queue_limits {
    int64_t timeout;                 /* ns from accept on until the head must be complete */
    size_t max_head;                 /* bytes */
    size_t max_pending;              /* at least 1; one more, and the oldest has to go */
    size_t max_pending_per_address;  /* at least 1; one more, and the address's oldest has to go */
    struct descriptors *descriptors; /* borrowed, must outlive the queue; NULL: use any number */
    struct handshakes *handshakes;   /* borrowed, must outlive the queue; NULL: without TLS */
    struct handshake_threads *threads; /* likewise; NULL: the accepting thread does handshakes */
};

/* Why a pending connection was dropped. */
enum pending_drop {
    PENDING_DROP_TIMEOUT,      /* over the time: answered 408 */
    PENDING_DROP_FULL,         /* it was the oldest, and one more came */
    PENDING_DROP_PROXY_HEADER, /* a trusted proxy's PROXY header was wrong */
    PENDING_DROP_PLAIN_HTTP,   /* plain HTTP on a TLS listener: answered 400 */
    PENDING_DROP_MEMORY,       /* handshakes held as much memory as they may */
    PENDING_DROP_DESCRIPTORS,  /* descriptors were used up */
    PENDING_DROP_COUNT
};

/* Written by the queue, read by any thread. */
struct accept_queue_stats {
    atomic_size_t pending; /* now */
    atomic_ullong dropped[PENDING_DROP_COUNT];
};

/* Takes a reference to `tls` (NULL: plain). `trust` (NULL: nobody's PROXY header counts) and
 * `stats` are borrowed and must outlive the queue. Any thread. Returns 0, ERR_NO_MEMORY or
 * ERR_SYSTEM. */
MUST_CHECK int accept_queue_create(const struct accept_queue_limits *limits, SSL_CTX *tls,
                                   struct trust *trust, struct accept_queue_stats *stats,
                                   struct accept_queue **out);

/* Connections that are accepted from now on get this context; the queue takes a reference. Only for
 * a queue that was made with one. Any thread. */
void accept_queue_use_tls(struct accept_queue *queue, SSL_CTX *tls);

/* Closes all connections that are pending, ready, or taken and never claimed. No other thread may
 * still use the queue; the listeners may be closed already. NULL is fine. */
void accept_queue_destroy(struct accept_queue *queue);

/* As poll(2) with listeners only: sets POLLIN where accept_queue_take has a connection. The
 * listeners must be the same each time, and become non-blocking. Accepts, looks after pending
 * connections, and returns after `milliseconds` or earlier: how many listeners have POLLIN.
 * Accepting thread. */
int accept_queue_poll(struct accept_queue *queue, struct pollfd *listeners, nfds_t count,
                      int milliseconds);

/* From now on accept_queue_poll returns at once, also one that waits, so that CivetWeb's accepting
 * thread need not come to the end of its time to see that it is to stop. If there is no descriptor
 * for that, it waits. Once; any thread. */
void accept_queue_hurry(struct accept_queue *queue);

/* As accept(2), for a connection that is ready; -1 with EAGAIN if there is none. The address is the
 * one that a trusted proxy's PROXY header has named, if there was one. The socket is non-blocking
 * and close-on-exec, and stays the queue's until it is claimed. Accepting thread. */
int accept_queue_take(struct accept_queue *queue, int listener, struct sockaddr *address,
                      socklen_t *len);

/* Gives the caller a socket from accept_queue_take, with its TLS state and what was read from it
 * (nothing, if it is plain). To be called once for each such socket, before the socket is closed.
 * Any thread. Returns whether the socket was the queue's. */
MUST_CHECK bool accept_queue_claim(struct accept_queue *queue, int socket, struct pending_tls *out);

/* Takes the socket of a connection that has had its last answer, and closes it when the peer has
 * read that: see lingering_close.h. Any thread. */
void accept_queue_linger(struct accept_queue *queue, int socket);

#endif
