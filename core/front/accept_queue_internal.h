/*
 * What the files of the accept queue share: the queue itself (accept_queue.c), what becomes of a
 * pending connection (accept_queue_pending.c), accepting (accept_queue_incoming.c) and TLS
 * handshakes (accept_queue_tls.c).
 *
 * On the accepting thread.
 */
#ifndef SLUICE_FRONT_ACCEPT_QUEUE_INTERNAL_H
#define SLUICE_FRONT_ACCEPT_QUEUE_INTERNAL_H

#include "front/accept_queue.h"
#include "front/handoff.h"
#include "front/handshake_schedule.h"
#include "front/handshake_threads.h"
#include "front/lingering_close.h"
#include "front/pending_connections.h"

#include <pthread.h>

struct accept_queue {
    struct accept_queue_limits limits;
    bool is_tls;
    bool has_warned_of_old_headers;
    struct trust *trust; /* borrowed; NULL: nobody is trusted */
    struct accept_queue_stats *stats;
    int epoll; /* the listeners (with NULL), `turns`, `hurry_fd` (with the queue), and the pending
                  connections */
    int hurry_fd;           /* of accept_queue_hurry; -1: not yet */
    bool watches_listeners; /* the listeners are in it */
    struct pending_connections pending;
    struct pending_queue postponed;     /* of the pending ones: examined from time to time only */
    int64_t next_postponed;             /* when to examine these, monotonic, ns */
    struct pending_queue moved;         /* of the pending ones: a proxy has named another address */
    struct handshake_schedule schedule; /* of the pending ones, with TLS */
    struct handshake_turns turns;       /* of the pending ones: handshake threads have them */
    size_t charged;                     /* bytes that their TLS holds, see handshakes.h */
    struct pending_queue ready;         /* no longer pending */
    unsigned char *scratch;             /* max_head bytes */
    struct lingering_close lingering;
    struct handoff handoff; /* taken, and not yet claimed */
    pthread_mutex_t lock;   /* of what follows */
    SSL_CTX *tls;           /* one reference; for connections that are accepted now */
};

/* -- accept_queue_pending.c -- */

/* Removes a connection from the pending ones, and from all lists of these. */
void accept_queue_remove(struct accept_queue *queue, struct pending *pending);

/* Closes and frees a pending connection, and counts that. */
void accept_queue_drop(struct accept_queue *queue, struct pending *pending,
                       enum pending_drop reason);

/* Drops a pending connection, unless its head has arrived and only the event has not been handled
 * yet. */
void accept_queue_give_up(struct accept_queue *queue, struct pending *pending,
                          enum pending_drop reason);

/* Sets how many bytes the connection's handshake is charged for. */
void accept_queue_charge(struct accept_queue *queue, struct pending *pending, size_t bytes);

/* Examines what has arrived on a connection. */
enum pending_state accept_queue_examine(struct accept_queue *queue, struct pending *pending);

/* Does with an examined connection what its state demands. */
void accept_queue_settle(struct accept_queue *queue, struct pending *pending,
                         enum pending_state state);

/* Answers plain HTTP on a TLS listener with 400, and drops the connection. */
void accept_queue_refuse_plain_http(struct accept_queue *queue, struct pending *pending);

/* Whether the connection's peer is a trusted proxy. */
bool accept_queue_trusts(const struct accept_queue *queue, const struct pending *pending);

/* Makes room for one more connection of an address. Returns whether another one had to go. */
bool accept_queue_limit_address(struct accept_queue *queue, const struct pending *incoming);

/* Handles an epoll event of a pending connection. */
void accept_queue_on_event(struct accept_queue *queue, struct pending *pending, uint32_t events);

/* Examines postponed connections, if it is time to. */
void accept_queue_examine_postponed(struct accept_queue *queue, int64_t now);

/* Counts connections at the addresses that proxies have named for them. */
void accept_queue_count_moved(struct accept_queue *queue);

/* -- accept_queue_incoming.c -- */

/* Accepts connections from a listener. */
void accept_queue_accept_incoming(struct accept_queue *queue, int listener, int64_t now);

/* Gives up the oldest connections for other listeners that have no descriptor left. */
void accept_queue_yield_descriptors(struct accept_queue *queue, int64_t now);

/* -- accept_queue_tls.c -- */

/* Lets handshakes go on, for a limited time: connections have to be accepted too, or the kernel's
 * backlog overflows. */
void accept_queue_advance_handshakes(struct accept_queue *queue);

/* Takes back the connections whose turns are over. */
void accept_queue_take_back_turns(struct accept_queue *queue);

/* Waits for the turns under way, whatever comes of them: the queue ends. */
void accept_queue_end_turns(struct accept_queue *queue);

/* When the next connection may have its turn, monotonic, ns; INT64_MAX: when another one's is over,
 * or not before something arrives. */
int64_t accept_queue_next_turn(struct accept_queue *queue, int64_t now);

#endif
