/*
 * Bytes to and from a receiver's socket, plain or TLS, without blocking.
 *
 * Only the receiver's loop.
 */
#ifndef SLUICE_DELIVERY_TRANSPORT_H
#define SLUICE_DELIVERY_TRANSPORT_H

#include "delivery/receiver.h"
#include "delivery/tls_output.h"

#include <sys/types.h>
#include <sys/uio.h>

#define TRANSPORT_PIECES_MAX 64

/* Reads up to `size` bytes. Returns how many; 0: nothing there now; ERR_CLOSED: the peer is gone,
 * or has broken a rule of TLS (tls_stream_fault). */
ssize_t transport_read(struct receiver *receiver, void *data, size_t size);

/* How many decrypted bytes are waiting that the kernel knows nothing of. */
size_t transport_pending(const struct receiver *receiver);

/* Whether the kernel holds bytes of the peer's that have not been read. A system call. */
bool transport_has_input(const struct receiver *receiver);

/* What the kernel knows of the bytes that were written. */
struct transport_delivery {
    uint32_t acknowledged; /* how many the peer has acknowledged, modulo 2^32 */
    size_t outstanding;    /* how many it has not, sent or not */
};

/* Asks for it: two system calls. Returns false if the kernel does not say. */
bool transport_ask_delivery(const struct receiver *receiver, struct transport_delivery *delivery);

/* How many bytes the connection has received, and how many of those sent the peer has acknowledged,
 * in all. A system call. Returns false if the kernel does not say. */
bool transport_ask_traffic(const struct receiver *receiver, uint64_t *in, uint64_t *out);

/* Writes as much as the socket takes now. Returns how many bytes; ERR_CLOSED: the peer is gone. */
ssize_t transport_write(struct receiver *receiver, const struct iovec *pieces, size_t count);

/* The same, without TLS, with bytes that are encrypted already; they are not counted. */
ssize_t transport_send(struct receiver *receiver, const struct iovec *pieces, size_t count);

/* Encrypts pieces into the sink, all of them or none. Returns false if that is impossible: the
 * stream cannot go on. */
bool transport_encrypt(struct receiver *receiver, const struct iovec *pieces, size_t count,
                       struct tls_sink *sink);

/* Keeps what the socket has not taken of what was encrypted. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int transport_keep_rest(struct receiver *receiver, const void *bytes, size_t len);

/* Sends that, as far as the socket takes it. Returns 0 or ERR_CLOSED. */
MUST_CHECK int transport_send_rest(struct receiver *receiver);

/* Says that nothing more will be sent (TLS close_notify, then FIN). */
void transport_shutdown(struct receiver *receiver);

/* Closes the socket, which is -1 then, and frees the TLS state. */
void transport_close(struct receiver *receiver);

#endif
