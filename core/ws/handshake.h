/*
 * The opening handshake of RFC 6455, section 4.2: is this request an upgrade, and what answers it.
 *
 * Pure: no sockets. Thread-safe, no state.
 */
#ifndef SLUICE_WS_HANDSHAKE_H
#define SLUICE_WS_HANDSHAKE_H

#include "ws/request.h"

#define HANDSHAKE_ACCEPT_MAX 29 /* 28 base64 characters and the terminating zero */
/* A subprotocol to answer with, its terminating zero included: as long as the configuration takes.
 */
#define HANDSHAKE_SUBPROTOCOL_MAX 256

/* What the request deserves. */
struct handshake_verdict {
    int status;               /* 101: a good upgrade; else the HTTP status to refuse with */
    const char *reason;       /* one sentence for the body, static storage */
    const char *extra_header; /* "Name: value" to send along, static storage, or NULL */
};

/* Checks method, HTTP version, Host, Upgrade, Connection, key and version, in the order that gives
 * the most helpful answer: a plain GET is 426 with `Upgrade: websocket`, another version 426 with
 * `Sec-WebSocket-Version: 13`, another method 405 with `Allow: GET`, anything malformed 400
 * (a key must be 16 bytes in base64; two keys, versions or hosts are malformed). */
struct handshake_verdict handshake_check(const struct request *request);

/* Computes Sec-WebSocket-Accept (section 4.2.2, step 5.4) of the request's key. */
void handshake_accept(const struct request *request, char accept[HANDSHAKE_ACCEPT_MAX]);

/* Picks the first of the client's offers that is in `supported` (zero-terminated strings); returns
 * that entry of `supported`, or NULL. */
const char *handshake_select_subprotocol(const struct request *request,
                                         const char *const *supported, size_t supported_count);

/* Writes the 101 response, complete with its empty line, into `out` (`size` bytes). `subprotocol`
 * and `extensions` may be NULL. Returns its length, or 0 if it does not fit. */
size_t handshake_response(const struct request *request, const char *subprotocol,
                          const char *extensions, char *out, size_t size);

#endif
