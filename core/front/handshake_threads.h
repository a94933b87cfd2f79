/*
 * Threads that do the work of TLS handshakes for all accept queues, one turn of one connection at a
 * time, so that handshakes use all cores. Which connection has its turn next, and what becomes of
 * it afterwards, is the accepting thread's business: see accept_queue_tls.c.
 *
 * The threads yield to the event loops where a core is busy. They are started by the first turn, so
 * that a server without TLS has none. An accepting thread gives turns and takes them back; created
 * before the queues and destroyed after them.
 */
#ifndef SLUICE_FRONT_HANDSHAKE_THREADS_H
#define SLUICE_FRONT_HANDSHAKE_THREADS_H

#include "base/error.h"
#include "front/pending.h"

#include <stdbool.h>
#include <stddef.h>

#define HANDSHAKE_THREADS_MAX 64

struct handshake_threads;

/* The turns of one accept queue. */
struct handshake_turns {
    int event_fd;              /* readable when a turn is over */
    size_t max_head;           /* bytes, see pending_examine */
    size_t count;              /* accepting thread: given, and not taken back */
    size_t running;            /* with the threads' lock: given, and not over */
    struct pending_queue over; /* with the threads' lock */
};

/* How many threads make sense: one for each CPU that this process may use. */
unsigned handshake_threads_auto(void);

/* Room for `count` threads, at most HANDSHAKE_THREADS_MAX. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int handshake_threads_create(unsigned count, struct handshake_threads **out);

/* Stops the threads. No turn is under way. NULL is fine. */
void handshake_threads_destroy(struct handshake_threads *threads);

/* Returns 0 or ERR_SYSTEM. Needs deinit in any case. */
MUST_CHECK int handshake_turns_init(struct handshake_turns *turns, size_t max_head);
void handshake_turns_deinit(struct handshake_turns *turns);

/* Whether a queue may give one more turn: enough are under way to keep all threads busy, and no
 * more, so that the order of turns is the schedule's. */
bool handshake_threads_have_room(const struct handshake_threads *threads,
                                 const struct handshake_turns *turns);

/* Has a thread examine a TLS connection. Until it is taken back nobody else may touch what
 * pending_examine uses. Returns false if there is no thread: nothing has happened. */
MUST_CHECK bool handshake_threads_give(struct handshake_threads *threads,
                                       struct handshake_turns *turns, struct pending *pending);

/* The next connection whose turn is over, with the result in turn_state; NULL: none yet. */
struct pending *handshake_threads_take_back(struct handshake_threads *threads,
                                            struct handshake_turns *turns);

/* Waits until all turns of a queue are over; they still have to be taken back. */
void handshake_threads_wait(struct handshake_threads *threads, struct handshake_turns *turns);

#endif
