/*
 * Checks that take long (slow hashes, costly signatures): which of them runs now, and which waits.
 *
 * A few run at a time, the others wait; the networks that they come from take turns, and each has a
 * bounded number of places, so that who guesses from one address holds up neither the loops nor
 * others who have a secret. Any thread; behind a lock of its own. An instance has one queue, which
 * outlives its policies. Whoever adds a job owns it, and calls slow_queue_end when it has run.
 */
#ifndef AUTH_SLOW_QUEUE_H
#define AUTH_SLOW_QUEUE_H

#include <sluice/plugin.h>

#include <pthread.h>

#define SLOW_RUNNING_MAX 4 /* at a time, of an instance */

/* A check; private but for the network it comes from. */
struct slow_job {
    uint64_t network;
    struct slow_network *holder; /* NULL: neither waits nor runs */
    struct slow_job *next;
    bool is_running;
};

struct slow_queue {
    const struct sl_host *host;
    pthread_mutex_t lock;      /* of what follows */
    struct slow_network *turn; /* owned: a ring of those that hold places; whose turn it is */
    size_t waiting;
    size_t running;
};

void slow_queue_init(struct slow_queue *queue, const struct sl_host *host);
void slow_queue_deinit(struct slow_queue *queue); /* It is empty. */

/* The network of an address: all of IPv4, the first 64 bits of IPv6, which one user may have. */
uint64_t slow_network_of(const uint8_t address[16]);

/* Adds a job that waits. False: all `places` are taken, those of its network are, or there is no
 * memory. */
bool slow_queue_add(struct slow_queue *queue, struct slow_job *job, size_t places,
                    size_t places_per_network);

/* The next job that may run, which the caller does; NULL: none may. */
struct slow_job *slow_queue_take(struct slow_queue *queue);

/* A job that slow_queue_take has given has ended. */
void slow_queue_end(struct slow_queue *queue, struct slow_job *job);

/* Gives the place of a job that waits back. False: it does not wait. */
bool slow_queue_leave(struct slow_queue *queue, struct slow_job *job);

#endif
