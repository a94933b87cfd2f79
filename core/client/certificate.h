/*
 * What a client's certificate says.
 *
 * Only certificates that have been verified against the listener's client_ca are looked at.
 */
#ifndef SLUICE_CLIENT_CERTIFICATE_H
#define SLUICE_CLIENT_CERTIFICATE_H

#include <openssl/types.h>
#include <sluice/plugin.h>

#include <stddef.h>

/* The certificate of a connection's peer, with a reference for the caller: it stays when the
 * connection has ended. NULL: plain (`tls` is NULL), there is none, or it has not been verified. */
X509 *certificate_of_peer(const SSL *tls);

/* A field of a certificate, as struct sl_host documents it: a zero-terminated copy that the caller
 * frees, or NULL if there is none, or it holds a zero byte. */
char *certificate_read(X509 *certificate, enum sl_certificate_field field, size_t index,
                       size_t *len);

#endif
