/*
 * A pending connection: an accepted connection whose request head is not complete yet, nor the TLS
 * handshake before it where the listener has TLS.
 *
 * On the accepting thread; nothing here ever blocks. The bytes of a plain connection stay in the
 * socket. Those of a TLS connection have to be read to be seen, and are kept for the worker that
 * takes the connection. A PROXY header is read, and no byte more: the worker sees nothing of it.
 */
#ifndef SLUICE_FRONT_PENDING_H
#define SLUICE_FRONT_PENDING_H

#include "base/error.h"
#include "delivery/tls_stream.h"
#include "front/proxy_header.h"
#include "front/request_head.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct handshake_turns;
struct pending_address;

/* The TLS state of a connection, complete when its head is. */
struct pending_tls {
    SSL *ssl;            /* handshake complete; NULL before the first byte came */
    unsigned char *head; /* decrypted so far; malloc; NULL if nothing is */
    size_t head_len;     /* bytes */
};

/* Whether a PROXY header is still to be read. */
enum proxy_header_stage {
    PROXY_HEADER_DONE,     /* no: it was read, or none may come */
    PROXY_HEADER_POSSIBLE, /* from a trusted proxy: one may come first */
    PROXY_HEADER_BEGUN     /* its signature was there */
};

enum pending_state {
    PENDING_INCOMPLETE, /* everything that has come was read */
    PENDING_TURN_OVER,  /* more may have come: a handshake's turn is over */
    PENDING_READY, /* the head is complete, malformed, or as long as it may be: a worker can answer
                    */
    PENDING_ENDED, /* the connection ended or failed before that */
    PENDING_BAD_PROXY_HEADER, /* from a trusted proxy */
    PENDING_PLAIN_HTTP        /* the peer does not speak TLS, but what it sends looks like HTTP */
};

struct pending {
    int socket;                   /* non-blocking */
    int listener;                 /* where it was accepted; borrowed */
    struct sockaddr_storage peer; /* or the address that a trusted proxy has named instead */
    socklen_t peer_len;
    int64_t deadline; /* monotonic, ns */
    struct head_progress progress;
    size_t peeked;       /* bytes looked at in all */
    bool has_ended;      /* the peer sends no more */
    bool has_handshake;  /* the TLS handshake is complete */
    bool is_trusted;     /* peer is a trusted proxy: see pending_connections_add */
    bool is_announced;   /* peer is what a proxy has named */
    bool has_old_header; /* a PROXY header of version 1, which the request's parser refuses */
    bool is_pending;     /* in struct pending_connections */
    bool is_postponed;   /* examined from time to time only */
    bool is_moved;       /* to be counted at the address that a proxy has named */
    bool is_scheduled;   /* in struct handshake_schedule */
    bool is_scheduled_as_begun; /* there, among those whose handshake has begun */
    bool may_begin_tls;         /* its first byte has come, and looks like TLS */
    bool is_in_turn;            /* a handshake thread has it */
    bool has_event;             /* one came while it was in turn */
    enum proxy_header_stage proxy_header_stage;
    enum pending_state turn_state; /* what came of its turn in a handshake thread */
    struct proxy_header header;
    SSL_CTX *context; /* one reference; NULL: plain */
    struct pending_tls tls;
    size_t head_capacity;            /* bytes that tls.head has room for */
    struct handshake_turns *turns;   /* while it is in turn */
    size_t charged;                  /* bytes that are counted for it, see handshakes.h */
    struct pending_address *address; /* where it is counted; NULL: nowhere */
    TAILQ_ENTRY(pending) by_age;
    TAILQ_ENTRY(pending) by_address;
    TAILQ_ENTRY(pending) by_schedule;
    TAILQ_ENTRY(pending) link; /* postponed, moved, in turn, ready or handed off */
};

TAILQ_HEAD(pending_queue, pending);

/* Looks whether a PROXY header comes first, and reads it. PENDING_READY: there is none, or it has
 * been read. */
MUST_CHECK enum pending_state pending_examine_proxy_header(struct pending *pending);

/* Looks whether a TLS handshake can begin. PENDING_READY: its first byte is there, or it has begun.
 */
MUST_CHECK enum pending_state pending_look_for_tls(struct pending *pending);

/* Examines what has arrived; of TLS, as much as belongs to one turn. `max_head` is how long a head
 * may be; `scratch`, of as many bytes, is working memory for a plain connection. */
MUST_CHECK enum pending_state pending_examine(struct pending *pending, unsigned char *scratch,
                                              size_t max_head);

/* Bytes that OpenSSL holds for a connection whose handshake is not complete. */
#define PENDING_HANDSHAKE_BYTES ((size_t)64 * 1024)

/* Why the TLS connection was ended, if the peer broke a rule. */
enum tls_fault pending_tls_fault(const struct pending *pending);

/* How much memory the connection's TLS takes, in bytes; what OpenSSL needs is measured. */
size_t pending_tls_bytes(const struct pending *pending);

/* Answers 408, as far as the socket takes it at once. */
void pending_send_timeout(struct pending *pending);

/* Answers 400 without TLS, as far as the socket takes it at once. */
void pending_send_tls_hint(struct pending *pending);

/* Ends TLS, closes the socket (unless it is -1) and frees everything. */
void pending_destroy(struct pending *pending);

/* Destroys all connections of a queue, which is empty then. */
void pending_queue_clear(struct pending_queue *queue);

#endif
