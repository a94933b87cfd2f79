/*
 * TLS for connections: the clients' context, and sending and receiving that look like send and
 * recv.
 *
 * One thread. The handshake is part of the first send. Certificates are not checked: the
 * benchmark's servers make their own.
 */
#ifndef LOAD_TLS_H
#define LOAD_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The context of all clients; NULL if there is no memory. Free it with SSL_CTX_free. */
SSL_CTX *tls_context_create(void);

/* Begins TLS on a socket, resuming `session` if that is not NULL (borrowed). NULL if there is no
 * memory. */
SSL *tls_begin(SSL_CTX *context, int socket, SSL_SESSION *session);

/* As send and recv of a socket that does not block: -1 with EAGAIN if the call has to be repeated
 * when the socket is ready. */
ssize_t tls_send(SSL *tls, const void *data, size_t len);
ssize_t tls_receive(SSL *tls, void *data, size_t len);

/* Ends TLS without a word to the server. Returns its session if it can be resumed (owned by the
 * caller), else NULL; `tls` may be NULL. */
SSL_SESSION *tls_end(SSL *tls);

#endif
