/*
 * Functions that CivetWeb's public interface lacks: giving it connections from an accept queue,
 * with heads that have been checked, and taking a connection's socket and TLS state away from it.
 *
 * Called on CivetWeb's threads; all but the first function inside a request callback, on the worker
 * that runs it.
 */
#ifndef SLUICE_FRONT_CIVETWEB_DETACH_H
#define SLUICE_FRONT_CIVETWEB_DETACH_H

#include "front/request_head.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <openssl/types.h>

struct mg_connection;
struct accept_queue;

#define MG_PATH_MAX 2048 /* bytes of a decoded path, its terminating zero included */

struct mg_detached {
    int socket;           /* non-blocking */
    SSL *ssl;             /* handshake complete; NULL for plain */
    unsigned char *early; /* bytes read past the request head; malloc; NULL if there are none */
    size_t early_len;
};

/* Makes the calling thread, when CivetWeb starts it, take its connections from `queue` (borrowed);
 * `accepts`: it is the thread that accepts. CivetWeb accepts from nowhere else. When the thread
 * ends, it is called once more with NULL and false. */
void mg_use_accept_queue(struct accept_queue *queue, bool accepts);

/* Takes the connection away: everything in `out` is the caller's from here on, and CivetWeb lets go
 * of the connection without touching the socket when the callback returns.
 * Returns 0, or -1 without memory: then nothing has changed. */
int mg_detach_connection(struct mg_connection *conn, struct mg_detached *out);

/* Takes a connection that has had its last answer and gives it to the accept queue, which closes it
 * when the peer has read the answer: see lingering_close.h. CivetWeb lets go of it as above. */
void mg_linger(struct mg_connection *conn);

/* The peer's socket address, or the one that a trusted proxy's PROXY header has named; borrowed
 * until the callback returns. */
const struct sockaddr *mg_peer_address(const struct mg_connection *conn);

/* mg_read, which gives up at `until` (ns, monotonic), however the body trickles in: CivetWeb itself
 * waits anew for each byte, of the framing of chunks too. */
int mg_read_until(struct mg_connection *conn, void *buffer, size_t size, int64_t until);

/* Whose process has connected to a Unix socket. Returns whether the kernel says so. */
bool mg_peer_user(const struct mg_connection *conn, uid_t *user);

/* Call when a worker begins to serve another connection (CivetWeb's callback init_connection).
 * Claims the socket from the accept queue, if that has not happened with its TLS. Empties the
 * buffer of the connection before, and lets CivetWeb read this one's head in the form of
 * head_normalize or, if the head has a fault, one byte that CivetWeb refuses. */
void mg_begin_connection(struct mg_connection *conn);

/* The fault of the connection's request head; HEAD_FINE also if only CivetWeb finds one. */
enum head_fault mg_request_fault(void);

/* Whether CivetWeb has read the request from the bytes of this connection's own head, and from
 * nothing else. No other request may be served. */
bool mg_request_is_own(const struct mg_connection *conn);

/* Whether the request's target is "*". */
bool mg_request_is_asterisk(void);

/* The path that is asked for: percent-decoded once and otherwise as it was sent, without the query.
 * NULL if it is longer than any that can be served, or has a NUL in it. Borrowed until the callback
 * returns. */
const char *mg_request_path(const struct mg_connection *conn);

#endif
