/*
 * Many connections and the one event loop that drives them.
 *
 * One thread. The swarm owns its connections and the epoll descriptor.
 */
#ifndef LOAD_SWARM_H
#define LOAD_SWARM_H

#include "connection.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>

struct swarm {
    const struct options *options; /* borrowed */
    int epoll;
    int timer; /* latency: when to send; its events come with a NULL connection */
    struct connection *connections;
    size_t count;
    size_t opened;            /* how many handshakes are complete */
    struct frame_count total; /* over all connections, since the swarm began */
    size_t lost;              /* connections that ended on their own */
};

/* Called for an event of one connection. */
typedef void (*swarm_event)(struct swarm *swarm, struct connection *connection, uint32_t events);

/* Prepares `count` connections without connecting them. Ends the program with a sentence if the
 * process may not have that many descriptors. */
void swarm_init(struct swarm *swarm, const struct options *options, size_t count);

/* Connects all of them, a bounded number at a time. Ends the program with a sentence if one is
 * refused or nothing moves for 30 seconds. */
void swarm_open(struct swarm *swarm);

/* Waits up to `seconds` for events and hands them out. Returns how many there were. */
size_t swarm_poll(struct swarm *swarm, double seconds, swarm_event on_event);

/* Adds what came for one connection to the total. */
void swarm_count(struct swarm *swarm, const struct frame_count *came);

/* Gives up a connection that has ended. */
void swarm_drop(struct swarm *swarm, struct connection *connection);

/* Closes everything. */
void swarm_deinit(struct swarm *swarm);

/* Seconds of the monotonic clock. */
double now_seconds(void);

/* Ends the program with status 1 and a sentence on standard error. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

#endif
