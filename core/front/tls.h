/*
 * TLS contexts for the listeners: certificate, key, client CA, and what is allowed to be
 * negotiated.
 *
 * Main thread. The context is shared by all connections made from it; each holds a reference.
 */
#ifndef SLUICE_FRONT_TLS_H
#define SLUICE_FRONT_TLS_H

#include "base/error.h"
#include "config/config.h"
#include "config/diagnostics.h"

#include <openssl/types.h>

/* Loads the files and makes a server context. *out is owned by the caller: SSL_CTX_free.
 * Returns 0, ERR_CONFIG (a file is missing, unreadable, not PEM, or the key does not match;
 * `diagnostics` says which), or ERR_TLS. */
MUST_CHECK int tls_context_create(const struct tls_config *config, struct diagnostics *diagnostics,
                                  SSL_CTX **out);

/* Logs that a listener shows the certificate of this file from now on. */
void tls_log_certificate(X509 *certificate, const char *file, const char *listener);

#endif
