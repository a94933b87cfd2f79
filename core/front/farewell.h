/*
 * Connections that have had their last answer, while the peer may still be sending: closing a
 * socket with unread bytes resets the connection, and the reset may overtake the answer. So what
 * comes is thrown away until the peer ends too, for a limited time and number of bytes.
 *
 * farewell_add may be called by any thread, what looks at them by the accepting one.
 */
#ifndef SLUICE_FRONT_FAREWELL_H
#define SLUICE_FRONT_FAREWELL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAREWELL_MAX 1024                       /* connections; more are closed at once */
#define FAREWELL_TIME (INT64_C(2000) * 1000000) /* ns */
#define FAREWELL_BYTES ((size_t)16 << 20)
#define FAREWELL_LOOK 50 /* ms between looks at them */

struct leaving {
    int socket;
    int64_t deadline; /* monotonic, ns */
    size_t discarded; /* bytes */
};

struct farewell {
    pthread_mutex_t lock;
    struct leaving *leaving; /* owned; FAREWELL_MAX of them; the oldest first */
    size_t count;
    int64_t next_look; /* monotonic, ns */
};

void farewell_init(struct farewell *farewell);

/* Closes all. */
void farewell_deinit(struct farewell *farewell);

/* Throws away what has come; *discarded counts the bytes, up to FAREWELL_BYTES. Returns whether
 * more may come. Any thread. */
bool farewell_discard(int socket, size_t *discarded);

/* Shuts the write side and takes the socket. */
void farewell_add(struct farewell *farewell, int socket);

/* Throws away what has come, and closes those that have ended or are over a limit; at most once in
 * FAREWELL_LOOK. */
void farewell_look(struct farewell *farewell, int64_t now);

/* When to look next; INT64_MAX: there is nobody. */
int64_t farewell_next_look(struct farewell *farewell);

/* Closes the oldest one, for a descriptor that is needed. Returns whether there was one. */
bool farewell_cut_short(struct farewell *farewell);

#endif
