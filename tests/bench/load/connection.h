/*
 * One client connection of the load generator: socket, opening handshake, an endless stream of the
 * same message to write, and the count of what came back.
 *
 * One thread. A connection owns its socket and, until it is open, a buffer for the response head.
 */
#ifndef LOAD_CONNECTION_H
#define LOAD_CONNECTION_H

#include "frames.h"
#include "options.h"
#include "tls.h"

/* What a connection sends over and over: `len` bytes that hold whole messages, so that
 * one write carries many. */
struct pattern {
    uint8_t *bytes;
    size_t message_len; /* one framed message */
    size_t len;         /* all messages */
};

enum connection_state { CONNECTION_NONE, CONNECTION_CONNECTING, CONNECTION_OPEN };

struct connection {
    int socket;
    int epoll; /* watches the socket; borrowed */
    enum connection_state state;
    bool wants_write; /* epoll was asked to report when the socket takes more */
    bool request_sent;
    bool offers_compression;
    bool is_slow;         /* reads nothing once it is open */
    size_t topic;         /* which topic it asks for, if there are any */
    SSL *tls;             /* NULL: plain, or closed */
    SSL_SESSION *session; /* of the connection before this one, to be resumed; or NULL */
    char *head;           /* the response head so far; NULL once open */
    size_t head_len;
    struct frame_reader reader;
    const char *mark; /* what own messages start with; NULL: all messages count the same */
    const struct pattern *pattern; /* borrowed */
    size_t pattern_at;             /* the next byte to write */
    uint64_t owed;                 /* bytes still to write */
};

/* Makes a pattern of `copies` messages of `payload` bytes that begin with `mark` and differ.
 * `bytes` is NULL if there is no memory; free it. */
struct pattern pattern_create(const char *mark, size_t payload, size_t copies);

/* Starts to connect, from the `index`th source address, and watches the socket with `epoll`.
 * Returns 0, or -1 with errno. */
int connection_start(struct connection *connection, const struct options *options, int epoll,
                     size_t index);

/* Goes on with the handshake. Returns 1 when the connection is open (bytes that followed the
 * response are already in `count`), 0 when it needs to wait, -1 when it failed (`why` says how;
 * static storage). */
int connection_advance(struct connection *connection, const struct options *options,
                       struct frame_count *count, const char **why);

/* Asks for `messages` more messages to be written, and writes what the socket takes.
 * Returns 0, or -1 if the connection is broken. */
int connection_send(struct connection *connection, uint64_t messages);

/* Reads what there is and counts. Returns 0, or -1 if the connection has ended. */
int connection_receive(struct connection *connection, struct frame_count *count);

/* Writes these bytes, which the socket is expected to take as a whole. Returns 0, or -1 if it does
 * not. */
int connection_write(struct connection *connection, const uint8_t *data, size_t len);

/* Closes at once, without a TIME_WAIT that would hold the port. Keeps the TLS session. */
void connection_reset(struct connection *connection);

/* Frees what connection_reset keeps. */
void connection_deinit(struct connection *connection);

#endif
