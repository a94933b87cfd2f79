/*
 * A guest: one accepted connection that waits until its request head is complete, with its TLS
 * handshake before that where the listener has TLS.
 *
 * On the accepting thread. Nothing here ever blocks. A plain guest's bytes stay in the socket; a
 * TLS guest's have to be read to be seen, and are kept for whoever takes the connection. A proxy's
 * header is read, exactly: whoever takes the connection sees none of it.
 */
#ifndef SLUICE_FRONT_GUEST_H
#define SLUICE_FRONT_GUEST_H

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

struct origin;

/* What a TLS connection has when its head is complete. */
struct guest_tls {
    SSL *ssl;            /* handshake complete; NULL before the first byte came */
    unsigned char *head; /* decrypted so far; malloc; NULL if nothing is */
    size_t head_len;     /* bytes */
};

/* Whether a PROXY header is still to be read. */
enum guest_preface {
    PREFACE_NONE,
    PREFACE_POSSIBLE, /* from a trusted proxy: one may come first */
    PREFACE_BEGUN     /* its signature was there */
};

struct guest {
    int socket;                   /* non-blocking */
    int listener;                 /* where it came from; borrowed */
    struct sockaddr_storage peer; /* or whom a trusted proxy has named in its stead */
    socklen_t peer_len;
    int64_t deadline; /* monotonic, ns */
    struct head_progress progress;
    size_t peeked;       /* bytes looked at in all */
    bool ended;          /* the peer sends no more */
    bool shaken;         /* the TLS handshake is complete */
    bool put_off;        /* looked at from time to time only */
    bool is_trusted;     /* the peer is a trusted proxy, which has many clients: see guests_add */
    bool is_announced;   /* the peer is whom a proxy has named */
    bool has_old_header; /* of version 1: the request will not be understood */
    bool moved;          /* to be counted at the address that a proxy has named */
    bool has_work;       /* it waits for a turn, see turns.h */
    bool has_begun_work; /* among those whose handshake has begun */
    bool waits;          /* it is among the waiting */
    enum guest_preface preface;
    struct proxy_header header;
    SSL_CTX *context; /* one reference; NULL: plain */
    struct guest_tls tls;
    size_t head_capacity;  /* bytes that tls.head has room for */
    size_t charged;        /* bytes that are counted for it, see handshakes.h */
    struct origin *origin; /* its address among those; NULL: it is not counted there */
    TAILQ_ENTRY(guest) by_age;
    TAILQ_ENTRY(guest) by_origin;
    TAILQ_ENTRY(guest) work;
    TAILQ_ENTRY(guest) queue; /* put off, moved, ready or prepared */
};

TAILQ_HEAD(guest_queue, guest);

enum guest_state {
    GUEST_WAITS,
    GUEST_HELD,  /* more may have come: it has had its turn of TLS */
    GUEST_READY, /* the head is complete, malformed, or as long as it may be: a worker can answer */
    GUEST_GONE,  /* ended or failed before that */
    GUEST_REFUSED, /* a trusted proxy's header is wrong */
    GUEST_PLAIN    /* it does not speak TLS, but looks like HTTP */
};

/* Looks whether a PROXY header comes first, and takes it. GUEST_READY: there is none, or not any
 * more. */
MUST_CHECK enum guest_state guest_examine_preface(struct guest *guest);

/* Looks at what has arrived; of TLS, as much as belongs to one turn. `scratch` is working memory of
 * `max_head` bytes, the longest head. */
MUST_CHECK enum guest_state guest_examine(struct guest *guest, unsigned char *scratch,
                                          size_t max_head);

/* Bytes that OpenSSL holds for a connection whose handshake is not complete. */
#define GUEST_HANDSHAKE_BYTES ((size_t)64 * 1024)

/* Why its TLS connection was ended, if it broke a rule. */
enum tls_fault guest_tls_fault(const struct guest *guest);

/* How much memory its TLS takes, in bytes: what OpenSSL needs is known by measurement. */
size_t guest_tls_bytes(const struct guest *guest);

/* Answers 408 as far as the socket takes it at once. */
void guest_send_timeout(struct guest *guest);

/* Answers 400 without TLS, likewise. */
void guest_send_tls_hint(struct guest *guest);

/* Says goodbye, closes the socket and frees everything. */
void guest_destroy(struct guest *guest);

/* The same with all of a queue, which is empty then. */
void guest_queue_clear(struct guest_queue *queue);

#endif
