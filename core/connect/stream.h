/*
 * A connection to a server, with or without TLS.
 *
 * Main thread. The socket does not block; opening it waits, until a time or a Ctrl-C at the longest
 * (looking up a name waits as long as the system's resolver does).
 */
#ifndef SLUICE_CONNECT_STREAM_H
#define SLUICE_CONNECT_STREAM_H

#include "connect/url.h"

#include <openssl/ssl.h>
#include <stdint.h>
#include <sys/types.h>

#define STREAM_AGAIN (-1)  /* nothing now: wait for what stream_events says */
#define STREAM_FAILED (-2) /* the connection is broken */

/* How the server's certificate is checked, and which one is shown to it. NULL: the default. */
struct stream_tls {
    const char *ca;          /* file of certificates to trust; NULL: the system's */
    const char *certificate; /* file, PEM, with its chain; NULL: none is shown */
    const char *key;         /* file, PEM; NULL: in that of the certificate */
    bool is_insecure;        /* the server's certificate is not checked */
};

struct stream {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
    const char *failure; /* what broke the connection, static storage; NULL: nothing has */
    short read_wants;    /* poll's events without which reading has nothing */
    short write_wants;   /* the same for writing */
};

/* Connects to the URL's host, one address after the other, among which the time is shared out, and
 * has TLS negotiated if it is wss. `deadline` is a time of clock_monotonic. Returns true, and the
 * caller then closes the stream; or false, with a sentence in `why`. */
bool stream_open(struct stream *stream, const struct url *url, const struct stream_tls *tls,
                 int64_t deadline, char *why, size_t size);

/* Reads. Returns how many bytes, 0 at the end, STREAM_AGAIN or STREAM_FAILED. */
ssize_t stream_read(struct stream *stream, void *data, size_t size);

/* Writes. Returns how many bytes were taken, STREAM_AGAIN or STREAM_FAILED. */
ssize_t stream_write(struct stream *stream, const void *data, size_t len);

/* Poll's events to wait for before reading, and if there is something to write also before that. */
short stream_events(const struct stream *stream, bool has_output);

/* Whether bytes have been received that poll does not know of. */
bool stream_has_input(const struct stream *stream);

/* Ends TLS, if it still can, and closes the socket. */
void stream_close(struct stream *stream);

#endif
