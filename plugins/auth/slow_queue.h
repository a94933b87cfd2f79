/*
 * A queue of checks that take long (slow hashes, costly signatures): which one runs now, and which
 * waits.
 *
 * A few run at a time, the others wait. The networks that they come from take turns, and each
 * network may have a bounded number of checks. So somebody who guesses from one address holds up
 * neither the loops nor clients of other networks. Any thread; behind a lock of its own. An
 * instance has one queue, which outlives its policies. The caller owns each job that it adds, and
 * calls slow_queue_end when the job has run.
 */
#ifndef AUTH_SLOW_QUEUE_H
#define AUTH_SLOW_QUEUE_H

#include <sluice/plugin.h>

#include <pthread.h>

#define SLOW_RUNNING_MAX 4 /* at a time, of an instance */

/* One check; only its network is public. */
struct slow_job {
    uint64_t network;
    struct slow_network *holder; /* NULL if the job neither waits nor runs */
    struct slow_job *next;
    bool is_running;
};

struct slow_queue {
    const struct sl_host *host;
    pthread_mutex_t lock; /* of what follows */
    struct slow_network
        *turn; /* owned: a ring of the networks that have jobs; the next one in turn */
    size_t waiting;
    size_t running;
};

void slow_queue_init(struct slow_queue *queue, const struct sl_host *host);
void slow_queue_deinit(struct slow_queue *queue); /* It is empty. */

/* The network of an address: the whole IPv4 address, or the first 64 bits of an IPv6 address, which
 * one user may have. */
uint64_t slow_network_of(const uint8_t address[16]);

/* Adds a job that waits. False if the queue is full (`places` jobs), the network has too many, or
 * there is no memory. */
bool slow_queue_add(struct slow_queue *queue, struct slow_job *job, size_t places,
                    size_t places_per_network);

/* Takes the next job that may run, for the caller to run it; NULL if there is none. */
struct slow_job *slow_queue_take(struct slow_queue *queue);

/* Reports that a job from slow_queue_take has ended. */
void slow_queue_end(struct slow_queue *queue, struct slow_job *job);

/* Removes a job that waits. False if it does not wait. */
bool slow_queue_leave(struct slow_queue *queue, struct slow_job *job);

#endif
