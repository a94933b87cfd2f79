/*
 * Session tickets of TLS: a resumed session is verified as a new one is, and a ticket ends with the
 * client's certificate.
 *
 * Called by OpenSSL on the thread that has the connection.
 */
#ifndef SLUICE_FRONT_TLS_SESSIONS_H
#define SLUICE_FRONT_TLS_SESSIONS_H

#include "base/error.h"

#include <openssl/types.h>

/* Sets this up for all connections of the context. Returns 0 or ERR_TLS. */
MUST_CHECK int tls_sessions_prepare(SSL_CTX *context);

#endif
