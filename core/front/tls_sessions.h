/*
 * Session tickets of TLS: a session that a ticket resumes is checked as a new one is, and a ticket
 * ends with the client's certificate.
 *
 * Called by OpenSSL on the thread that has the connection.
 */
#ifndef SLUICE_FRONT_TLS_SESSIONS_H
#define SLUICE_FRONT_TLS_SESSIONS_H

#include "base/error.h"

#include <openssl/types.h>

/* Makes the context's connections do so. Returns 0 or ERR_TLS. */
MUST_CHECK int tls_sessions_prepare(SSL_CTX *context);

#endif
