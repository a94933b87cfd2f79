/*
 * A receiver: what the delivery knows of a client. A socket, perhaps TLS, what is still to be sent
 * through it, and how much it has had of what was published.
 *
 * Only the client's loop.
 */
#ifndef SLUICE_DELIVERY_RECEIVER_H
#define SLUICE_DELIVERY_RECEIVER_H

#include "delivery/outbox.h"
#include "loop/loop.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

struct audience;
struct client;

struct receiver {
    struct io_source source; /* first */
    int socket;
    bool is_dirty : 1;
    bool is_joined : 1;    /* a member of its audience */
    bool wants_write : 1;  /* the socket was full: EPOLLOUT is watched for */
    bool write_failed : 1; /* it takes nothing any more, what it would get is thrown away */
    struct audience *audience;
    SSL *tls; /* owned; NULL: plain */
    struct outbox outbox;
    uint32_t outgoing_first; /* this iteration's frames, see struct outgoing */
    uint32_t outgoing_last;
    uint32_t cursor;       /* how much of the audience's batch it has */
    uint32_t member_index; /* in the audience, if is_joined */
    struct client *next_dirty;
    uint32_t tls_retry; /* bytes that OpenSSL must be offered again, unchanged (SSL_write(3)) */
};

#endif
