/*
 * What CivetWeb's public interface lacks: giving it connections from a waiting room, and taking a
 * connection's socket and TLS state away from it.
 *
 * Called on CivetWeb's threads; all but the first function inside a request callback, on the worker
 * that runs it.
 */
#ifndef SLUICE_FRONT_CIVETWEB_DETACH_H
#define SLUICE_FRONT_CIVETWEB_DETACH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include <openssl/types.h>

struct mg_connection;
struct waiting_room;

/* What is wrong with a request head that could not be read. */
enum mg_head_fault {
    MG_HEAD_MALFORMED,
    MG_HEAD_TOO_LARGE, /* longer than max_request_size */
    MG_HEAD_INCOMPLETE /* did not arrive in time */
};

struct mg_detached {
    int socket;           /* non-blocking */
    SSL *ssl;             /* handshake complete; NULL for plain */
    unsigned char *early; /* what was read past the request head; malloc; NULL if nothing was */
    size_t early_len;
};

/* Makes the calling thread, when CivetWeb starts it, take its connections from `room` (borrowed);
 * `accepts`: it is the one that accepts. CivetWeb accepts from nowhere else. When the thread ends,
 * it is called once more with NULL and false. */
void mg_use_waiting_room(struct waiting_room *room, bool accepts);

/* Takes the connection away: everything in `out` is the caller's from here on, and CivetWeb lets go
 * of the connection without touching the socket when the callback returns.
 * Returns 0, or -1 without memory: then nothing has changed. */
int mg_detach_connection(struct mg_connection *conn, struct mg_detached *out);

/* Takes a connection that has been answered for the last time and leaves it to the waiting room, so
 * that the peer can read the answer although it is still sending. CivetWeb lets go of it as above.
 */
void mg_see_off(struct mg_connection *conn);

/* The peer's socket address, or the one that a trusted proxy's PROXY header has named; borrowed
 * until the callback returns. */
const struct sockaddr *mg_peer_address(const struct mg_connection *conn);

/* Whether the parser understood the request head to its end, as everybody else does. It stops
 * silently at a line that begins with a blank and after MG_MAX_HEADERS fields, which would hide
 * what a proxy in front has added below; and it cuts blanks between a field's name and the colon,
 * which would make a field of one that a proxy has let pass as something else (RFC 9112,
 * section 5.1). */
bool mg_request_head_is_complete(const struct mg_connection *conn);

/* Why there is no request; CivetWeb itself says 400 for all of it. */
enum mg_head_fault mg_request_head_fault(const struct mg_connection *conn);

#endif
