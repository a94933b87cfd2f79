/*
 * What a TLS connection writes: records go to the socket at once, or, while a flush collects them,
 * into a sink, so that those of many connections go to the kernel together. What a socket then does
 * not take waits here, encrypted as it is, and everything that is written later comes behind it.
 *
 * Only the thread that has the connection. A part of struct tls_stream.
 */
#ifndef SLUICE_DELIVERY_TLS_OUTPUT_H
#define SLUICE_DELIVERY_TLS_OUTPUT_H

#include "base/error.h"
#include "delivery/shared_bytes.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where records are collected. */
struct tls_sink {
    uint8_t *bytes;
    size_t len;
    size_t capacity;
};

struct tls_output {
    struct tls_sink *sink;     /* borrowed; NULL: records go to the socket */
    struct shared_bytes *rest; /* owned; NULL: nothing waits */
    size_t rest_sent;          /* bytes of it */
};

/* Frees. */
void tls_output_deinit(struct tls_output *output);

/* Writes a part of a record, as send(2) does. EAGAIN: it has no room, or the rest has to go first.
 */
ssize_t tls_output_write(struct tls_output *output, int socket, const void *bytes, size_t len);

/* Keeps what the socket has not taken of what was collected; nothing else may wait. Returns 0 or
 * ERR_NO_MEMORY: the stream ends inside a record then. */
MUST_CHECK int tls_output_keep(struct tls_output *output, const void *bytes, size_t len,
                               struct memory_account *account);

/* Sends what waits, as far as the socket takes it. Returns 0, also if not all of it was taken, or
 * ERR_CLOSED. */
MUST_CHECK int tls_output_send_rest(struct tls_output *output, int socket);

/* How many bytes wait. */
static inline size_t tls_output_rest(const struct tls_output *output)
{
    return output->rest != NULL ? output->rest->len - output->rest_sent : 0;
}

#endif
