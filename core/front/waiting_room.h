/*
 * The waiting room: accepted connections wait here until a worker can serve them without waiting
 * for the client, that is until the request head is complete, and on a TLS listener the handshake
 * before it; and before both the PROXY header that a trusted proxy may send.
 *
 * Stands in for poll and accept in the thread that accepts: what it accepts from the listeners goes
 * into the room, and what is ready there is what its accept returns. It knows sockets and OpenSSL,
 * and nothing of CivetWeb. All of a room's listeners are plain, or all have TLS: handshakes take
 * place on the accepting thread, so at most one core's worth a room; see turns.h for their order.
 */
#ifndef SLUICE_FRONT_WAITING_ROOM_H
#define SLUICE_FRONT_WAITING_ROOM_H

#include "base/descriptors.h"
#include "base/error.h"
#include "front/guest.h"
#include "front/handshakes.h"
#include "front/trusted_proxies.h"

#include <openssl/types.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* How many may wait in a room, and how many of them from one IPv4 address or IPv6 /64. */
#define WAITING_ROOM_GUESTS 4096
#define WAITING_ROOM_GUESTS_PER_ADDRESS (WAITING_ROOM_GUESTS / 4)

struct waiting_room;

struct waiting_limits {
    int64_t timeout;                 /* ns from accept on until the head must be complete */
    size_t max_head;                 /* bytes */
    size_t guests;                   /* at least 1: one more, and the oldest has to go */
    size_t guests_per_address;       /* at least 1: likewise, the oldest of the address */
    struct descriptors *descriptors; /* borrowed, likewise; NULL: all may be used */
    struct handshakes *handshakes;   /* borrowed, must outlive the room; NULL: without TLS */
};

enum waiting_drop {
    WAITING_TIMEOUT,     /* over the time: answered 408 */
    WAITING_FULL,        /* the oldest when there was no room, or no descriptor, for a newcomer */
    WAITING_PREFACE,     /* a trusted proxy's PROXY header was wrong */
    WAITING_PLAIN,       /* plain HTTP where TLS is spoken: answered 400 */
    WAITING_MEMORY,      /* handshakes held as much memory as they may */
    WAITING_DESCRIPTORS, /* descriptors were used up */
    WAITING_DROP_COUNT
};

/* Written by the room, read by any thread. */
struct waiting_stats {
    atomic_size_t waiting; /* now */
    atomic_ullong dropped[WAITING_DROP_COUNT];
};

/* Takes a reference to `tls` (NULL: plain); `trust` (NULL: nobody's PROXY header counts) and
 * `stats` are borrowed and must outlive the room. Any thread. Returns 0, ERR_NO_MEMORY or
 * ERR_SYSTEM. */
MUST_CHECK int waiting_room_create(const struct waiting_limits *limits, SSL_CTX *tls,
                                   struct trust *trust, struct waiting_stats *stats,
                                   struct waiting_room **out);

/* Connections that are accepted from now on get this context; a reference is taken. Only for a room
 * that was made with one. Any thread. */
void waiting_room_use_tls(struct waiting_room *room, SSL_CTX *tls);

/* Closes all that wait, are ready, or were accepted and never claimed. No other thread may still
 * use the room; the listeners may be closed already. NULL is fine. */
void waiting_room_destroy(struct waiting_room *room);

/* As poll(2) with listeners only: POLLIN where waiting_room_accept has a connection. They must
 * be the same each time, and become non-blocking. Takes in newcomers, looks after those that wait,
 * and returns after `milliseconds` or earlier: how many listeners have POLLIN. Accepting thread. */
int waiting_room_poll(struct waiting_room *room, struct pollfd *listeners, nfds_t count,
                      int milliseconds);

/* As accept(2), for a connection that is ready; -1 with EAGAIN if there is none. The address is the
 * one that a trusted proxy's PROXY header has named, if there was one. The socket is non-blocking,
 * close-on-exec and the caller's. Accepting thread. */
int waiting_room_accept(struct waiting_room *room, int listener, struct sockaddr *address,
                        socklen_t *len);

/* The TLS state of a socket from waiting_room_accept and what was read from it already; the caller
 * owns both. Once a socket, before it is closed; a socket that is never claimed stays the room's.
 * Any thread. Returns whether there was any. */
MUST_CHECK bool waiting_room_claim(struct waiting_room *room, int socket, struct guest_tls *out);

/* Takes the socket of a connection that has had its last answer, so that the peer gets to read it:
 * see farewell.h. Any thread. */
void waiting_room_see_off(struct waiting_room *room, int socket);

#endif
