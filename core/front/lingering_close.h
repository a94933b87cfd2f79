/*
 * Lingering close: connections that have had their last answer while the peer may still be sending.
 * Closing a socket with unread bytes resets the connection, and the reset may overtake the answer.
 * So what arrives is discarded until the peer ends too, for a limited time and number of bytes.
 *
 * Any thread may call lingering_close_add; the accepting thread calls the rest.
 */
#ifndef SLUICE_FRONT_LINGERING_CLOSE_H
#define SLUICE_FRONT_LINGERING_CLOSE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINGERING_CLOSE_MAX 1024                       /* sockets; more are closed at once */
#define LINGERING_CLOSE_TIME (INT64_C(2000) * 1000000) /* ns */
#define LINGERING_CLOSE_BYTES ((size_t)16 << 20)
#define LINGERING_CLOSE_INTERVAL 50 /* ms between checks */

struct lingering_socket {
    int socket;
    int64_t deadline; /* monotonic, ns */
    size_t discarded; /* bytes */
};

struct lingering_close {
    pthread_mutex_t lock;
    struct lingering_socket *sockets; /* owned; room for LINGERING_CLOSE_MAX; the oldest first */
    size_t count;
    int64_t next_check; /* monotonic, ns */
};

void lingering_close_init(struct lingering_close *lingering);

/* Closes all sockets. */
void lingering_close_deinit(struct lingering_close *lingering);

/* Discards what has arrived; adds the bytes to *discarded, up to LINGERING_CLOSE_BYTES. Returns
 * whether more may come. Any thread. */
bool lingering_close_discard(int socket, size_t *discarded);

/* Takes the socket and shuts its write side. */
void lingering_close_add(struct lingering_close *lingering, int socket);

/* Discards what has arrived, and closes sockets that have ended or are over a limit; does nothing
 * more often than each LINGERING_CLOSE_INTERVAL. */
void lingering_close_check(struct lingering_close *lingering, int64_t now);

/* When to check next; INT64_MAX: there is no socket. */
int64_t lingering_close_next_check(struct lingering_close *lingering);

/* Closes the oldest socket, to free its descriptor. Returns whether there was one. */
bool lingering_close_evict_oldest(struct lingering_close *lingering);

#endif
