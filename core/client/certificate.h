/*
 * A client's certificate, and until when it is valid.
 *
 * Only certificates that have been verified against the listener's client_ca are looked at.
 */
#ifndef SLUICE_CLIENT_CERTIFICATE_H
#define SLUICE_CLIENT_CERTIFICATE_H

#include <openssl/x509.h>

#include <stdint.h>

#define CERTIFICATE_WITHOUT_END INT64_MAX

/* The certificate of a connection's peer, with a reference for the caller: it stays when the
 * connection has ended. NULL: plain (`tls` is NULL), there is none, or it has not been verified. */
X509 *certificate_of_peer(const SSL *tls);

/* When one certificate ends: wall clock, ns. */
int64_t certificate_not_after(const X509 *certificate);

/* When the first certificate of a chain ends: wall clock, ns. */
int64_t certificate_chain_end(const STACK_OF(X509) * chain);

/* When the verified certificates of a connection's peer end: wall clock, ns, or
 * CERTIFICATE_WITHOUT_END if it has shown none. */
int64_t certificate_end(const SSL *tls);

/* A resumed session has no chain; says when that of its certificate ends. */
void certificate_note_end(SSL *tls, int64_t end);

#endif
